/* SPDX-License-Identifier: MIT */
/*
 * What becomes of messages where the queue is full: each accepted token has its one end, told by a step and never by publish;
 * requests stay, what is in flight stays, and a failing call changes nothing.
 */
#include <stdio.h>

#include "client/scenes.h"
#include "client/suites.h"

static struct mqttwill_options with_policy(uint32_t policy, uint32_t messages)
{
	struct mqttwill_options o = bare_options();
	o.queue_policy = policy;
	o.queue_messages = messages;
	return o;
}

static int64_t refused(struct device *d, const char *topic, uint8_t qos)
{
	return mqttwill_publish(d->c, &(struct mqttwill_message){.topic = topic, .text = "x", .qos = qos});
}

static void forget_log(struct device *d)
{
	d->log_len = 0;
	d->log[0] = 0;
}

static void go_up(struct device *d)
{
	mqttwill_start(d->c);
	stage_settle();
	forget(d);
	peer_says(CONNACK5);
}

START_TEST(the_oldest_message_goes_and_its_end_is_told_by_the_step)
{
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_DROP_OLDEST, 2);
	stage_begin(_i);
	struct device *d = device_new(&o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 1);
	device_publish(d, "t", "c", 1);
	ck_assert_uint_eq(d->log_len, 0);
	expect_events(d, "DONE(1):EDROPPED");
	expect_text(d, "the queue was full, and it had waited longest");
	go_up(d);
	expect_bytes(TELL5("0001", "b") TELL5("0002", "c"));
	stage_end();
}
END_TEST

START_TEST(a_request_never_goes_for_a_message)
{
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_DROP_OLDEST, 2);
	stage_begin(_i);
	struct device *d = device_new(&o);
	device_subscribe(d, "t", 1);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 1);
	expect_events(d, "DONE(2):EDROPPED");
	device_subscribe(d, "u", 1);
	expect_events(d, "DONE(3):EDROPPED");
	ck_assert_int_eq(refused(d, "t", 1), MQTTWILL_EFULL);
	go_up(d);
	expect_bytes("82 07 0001 00 0001 't' 01 82 07 0002 00 0001 'u' 01");
	stage_end();
}
END_TEST

START_TEST(what_is_in_flight_never_goes)
{
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_DROP_OLDEST, 2);
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 1);
	ck_assert_int_eq(refused(d, "t", 1), MQTTWILL_EFULL);
	expect_events(d, "");
	peer_says(PUBACK("0001"));
	expect_events(d, "DONE(1) ROOM");
	stage_end();
}
END_TEST

START_TEST(as_many_of_the_oldest_go_as_the_new_one_needs_bytes_and_none_where_that_is_not_enough)
{
	static const char       large[300], small[100];
	struct mqttwill_message m = {.topic = "t", .payload = small, .payload_len = sizeof small, .qos = 1};
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_DROP_OLDEST, 0);
	o.queue_bytes = 450;
	stage_begin(_i);
	struct device *d = device_new(&o);
	device_subscribe(d, "t", 1);
	for (int i = 0; i < 4; i++)
		device_token(d, mqttwill_publish(d->c, &m), true);
	m.payload = large;
	m.payload_len = sizeof large;
	device_token(d, mqttwill_publish(d->c, &m), true);
	expect_events(d, "DONE(2):EDROPPED DONE(3):EDROPPED DONE(4):EDROPPED");
	while (d->c->client.held_bytes - d->c->client.waiting_bytes < 150)
		device_subscribe(d, "a/longer/filter", 1);
	stage_settle();
	device_token(d, mqttwill_publish(d->c, &(struct mqttwill_message){.topic = "t", .text = "a", .qos = 1}), true);
	forget_log(d);
	ck_assert_int_eq(mqttwill_publish(d->c, &m), MQTTWILL_EFULL);
	ck_assert_uint_eq(d->c->client.waiting_messages, 1);
	expect_events(d, "");
	stage_end();
}
END_TEST

START_TEST(the_newest_goes_and_has_a_token_and_an_end)
{
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_DROP_NEWEST, 1);
	stage_begin(_i);
	struct device *d = device_new(&o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 2);
	device_publish(d, "t", "c", 0);
	ck_assert_uint_eq(d->log_len, 0);
	expect_events(d, "DONE(2):EDROPPED DONE(3):EDROPPED");
	expect_text(d, "the queue was full when it came");
	ck_assert_int_eq(mqttwill_subscribe(d->c, &(struct mqttwill_subscription){.filter = "t"}, 1), MQTTWILL_EFULL);
	go_up(d);
	expect_bytes(TELL5("0001", "a"));
	stage_end();
}
END_TEST

START_TEST(only_the_last_message_of_each_topic_waits)
{
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_KEEP_LAST, 3);
	stage_begin(_i);
	struct device *d = device_new(&o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "u", "b", 1);
	device_publish(d, "t", "c", 2);
	expect_events(d, "DONE(1):EDROPPED");
	expect_text(d, "a newer message to its topic took its place");
	device_publish(d, "v", "d", 0);
	ck_assert_int_eq(refused(d, "w", 1), MQTTWILL_EFULL);
	device_publish(d, "t", "e", 1); /* one for one: there is room */
	expect_events(d, "DONE(3):EDROPPED");
	go_up(d);
	expect_bytes("32 07 0001 'u' 0001 00 'b' 30 05 0001 'v' 00 'd' 32 07 0001 't' 0002 00 'e'");
	stage_end();
}
END_TEST

START_TEST(what_comes_back_from_a_lost_session_gives_way_to_what_is_newer)
{
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_KEEP_LAST, 10);
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "u", "b", 1);
	device_publish(d, "t", "c", 1); /* nothing waits, so nothing is overtaken */
	peer_resets();
	device_publish(d, "t", "d", 1);
	d->log_len = 0;
	lamp_comes_back();
	peer_says(CONNACK5);
	expect_bytes("32 07 0001 'u' 0004 00 'b'" TELL5("0005", "d"));
	ck_assert_uint_eq(device_count(d, "DONE(1):EDROPPED"), 1);
	ck_assert_uint_eq(device_count(d, "DONE(3):EDROPPED"), 1);
	stage_end();
}
END_TEST

START_TEST(many_topics_keep_their_last_message)
{
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_KEEP_LAST, 0);
	stage_begin(_i);
	struct device *d = device_new(&o);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 200; i++) {
			char topic[16];
			snprintf(topic, sizeof topic, "room/%d", i);
			device_publish(d, topic, round == 2 ? "z" : "a", 0);
		}
		ck_assert_uint_eq(d->c->client.waiting_messages, 200);
		ck_assert_uint_eq(d->c->client.latest.count, 200);
		stage_settle();
		ck_assert_uint_eq(device_count(d, "EDROPPED"), round ? 200 : 0);
		forget_log(d);
	}
	go_up(d);
	ck_assert_uint_eq(d->c->client.latest.count, 0);
	stage_end();
}
END_TEST

/* Whoever publishes in answer to a drop is dropped again: the step must come to an end, and so must the test. */
static void publish_again(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_DONE && d->token_count < 200)
		device_publish(d, "t", "x", 1);
}

START_TEST(a_callback_that_publishes_into_a_full_queue_does_not_hold_the_step)
{
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_DROP_NEWEST + (unsigned)_i % 2, 1);
	stage_begin(_i);
	struct device *d = device_new(&o);
	d->on_event = publish_again;
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 1);
	ck_assert_int_eq(mqttwill_step(d->c), 0);
	ck_assert_uint_eq(d->token_count, 3);
	ck_assert_uint_eq(d->c->client.armed, 0); /* at once again */
	stage_settle();
	ck_assert_uint_eq(d->token_count, 200);
	stage_end();
}
END_TEST

static void free_it(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_DONE)
		mqttwill_free(d->c);
}

START_TEST(a_callback_may_free_the_client_among_many_ends)
{
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_DROP_OLDEST, 1);
	stage_begin(_i);
	struct device *d = device_new(&o);
	d->on_event = free_it;
	for (int i = 0; i < 2; i++)
		device_publish(d, "t", "a", 1);
	stage_settle();
	ck_assert_ptr_null(d->c);
	stage_end();
}
END_TEST

START_TEST(ends_that_nobody_fetches_are_bounded_too)
{
	struct mqttwill_options o = with_policy(MQTTWILL_QUEUE_DROP_OLDEST, 4);
	stage_begin(_i);
	struct device *d = device_new(&o);
	for (int i = 0; i < 4 + 64; i++)
		device_publish(d, "t", "a", 1);
	ck_assert_int_eq(refused(d, "t", 1), MQTTWILL_EFULL);
	stage_settle();
	ck_assert_uint_eq(device_count(d, "EDROPPED"), 64);
	ck_assert_uint_eq(device_count(d, "DONE(64):EDROPPED ROOM"), 1);
	forget_log(d);
	device_publish(d, "t", "a", 1);
	expect_events(d, "DONE(65):EDROPPED");
	stage_end();
}
END_TEST

Suite *policy_suite(void)
{
	Suite *s = suite_create("policy");
	TCase *t = tcase_create("policy");
	SCENE(t, the_oldest_message_goes_and_its_end_is_told_by_the_step);
	SCENE(t, a_request_never_goes_for_a_message);
	SCENE(t, what_is_in_flight_never_goes);
	SCENE(t, as_many_of_the_oldest_go_as_the_new_one_needs_bytes_and_none_where_that_is_not_enough);
	SCENE(t, the_newest_goes_and_has_a_token_and_an_end);
	SCENE(t, only_the_last_message_of_each_topic_waits);
	SCENE(t, what_comes_back_from_a_lost_session_gives_way_to_what_is_newer);
	SCENE(t, many_topics_keep_their_last_message);
	SCENE(t, a_callback_that_publishes_into_a_full_queue_does_not_hold_the_step);
	SCENE(t, a_callback_may_free_the_client_among_many_ends);
	SCENE(t, ends_that_nobody_fetches_are_bounded_too);
	suite_add_tcase(s, t);
	return s;
}
