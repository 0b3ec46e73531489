/* SPDX-License-Identifier: MIT */
/*
 * What waits: its ceilings, its order, what the broker does not take, and that nothing waits for a wake-up that never comes.
 */
#include <stdlib.h>

#include "client/scenes.h"
#include "client/suites.h"

enum { KILO = 1000 };

/* A topic and a payload of KILO bytes. */
static struct mqttwill_message kilo(uint8_t qos)
{
	static char bytes[KILO];
	return (struct mqttwill_message){.topic = "t", .payload = bytes, .payload_len = sizeof bytes, .qos = qos};
}

static int64_t publish(struct device *d, uint8_t qos)
{
	return mqttwill_publish(d->c, &(struct mqttwill_message){.topic = "t", .text = "a", .qos = qos});
}

START_TEST(a_full_queue_refuses_and_tells_once_when_it_is_half_empty)
{
	struct mqttwill_options o = bare_options();
	o.queue_messages = 4;
	stage_begin(_i);
	struct device *d = device_new(&o);
	for (int i = 0; i < 4; i++)
		device_publish(d, "t", "a", 1);
	ck_assert_int_eq(publish(d, 1), MQTTWILL_EFULL);
	ck_assert_int_eq(publish(d, 0), MQTTWILL_EFULL);
	mqttwill_start(d->c);
	stage_settle();
	peer_says(CONNACK5);
	peer_says(PUBACK("0001"));
	expect_events(d, "UP DONE(1)");
	peer_says(PUBACK("0002"));
	expect_events(d, "DONE(2) ROOM");
	peer_says(PUBACK("0003") PUBACK("0004"));
	expect_events(d, "DONE(3) DONE(4)");
	stage_end();
}
END_TEST

START_TEST(a_queue_full_of_bytes_refuses_too)
{
	const struct mqttwill_message m = kilo(1);
	struct mqttwill_options       o = bare_options();
	o.queue_bytes = 2100; /* two of them, with their headers */
	stage_begin(_i);
	struct device *d = device_new(&o);
	device_token(d, mqttwill_publish(d->c, &m), true);
	device_token(d, mqttwill_publish(d->c, &m), true);
	ck_assert_int_eq(mqttwill_publish(d->c, &m), MQTTWILL_EFULL);
	static const char             large[2200];
	const struct mqttwill_message never = {.topic = "t", .payload = large, .payload_len = sizeof large, .qos = 1};
	ck_assert_int_eq(mqttwill_publish(d->c, &never), MQTTWILL_ETOOBIG);
	stage_end();
}
END_TEST

START_TEST(room_is_told_when_the_refused_message_fits)
{
	struct mqttwill_message m = kilo(1);
	struct mqttwill_options o = bare_options();
	o.queue_bytes = 2500;
	stage_begin(_i);
	struct device *d = device_new(&o);
	device_token(d, mqttwill_publish(d->c, &m), true);
	static const char large[2000];
	m.payload = large;
	m.payload_len = sizeof large;
	ck_assert_int_eq(mqttwill_publish(d->c, &m), MQTTWILL_EFULL);
	mqttwill_start(d->c);
	stage_settle();
	peer_says(CONNACK5);
	expect_events(d, "UP");
	peer_says(PUBACK("0001"));
	expect_events(d, "DONE(1) ROOM");
	stage_end();
}
END_TEST

START_TEST(what_was_published_before_the_connection_leaves_at_once)
{
	const struct mqttwill_message m = kilo(0);
	struct mqttwill_options       o = bare_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	for (int i = 0; i < 150; i++)
		device_token(d, mqttwill_publish(d->c, &m), false);
	mqttwill_start(d->c);
	stage_settle();
	peer_says(CONNACK5);
	ck_assert_uint_gt(stage_line()->up_len, 150 * KILO);
	ck_assert_uint_eq(d->c->client.held_messages, 0);
	stage_end();
}
END_TEST

START_TEST(a_line_that_opens_again_is_used_to_the_end)
{
	const struct mqttwill_message m = kilo(0);
	struct mqttwill_options       o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	stage_line()->budget = 0;
	for (int i = 0; i < 200; i++)
		device_token(d, mqttwill_publish(d->c, &m), false);
	stage_settle();
	ck_assert_uint_le(buf_len(&d->c->client.session->out), SESSION_OUTPUT_SOFT + 2 * KILO);
	for (int i = 0; i < 4; i++) {
		stage_line()->budget = 40 * KILO;
		stage_settle();
	}
	stage_line()->budget = SIZE_MAX;
	stage_settle();
	ck_assert_uint_gt(stage_line()->up_len, 200 * KILO);
	stage_end();
}
END_TEST

/* CONNACK's limit, a message beyond it, and what publish says once it is known. */
static const struct {
	const char             *connack;
	struct mqttwill_message message;
	int                     error;
	const char             *done;
} limits[] = {
	{"20 08 00 00 05 27 00000020",
         {.topic = "t", .text = "0123456789012345678901234567890123456789", .qos = 1},
         MQTTWILL_ETOOBIG,
         "UP DONE(1):ETOOBIG"},
	{"20 05 00 00 02 24 00", {.topic = "t", .text = "a", .qos = 1}, MQTTWILL_EMESSAGE, "UP DONE(1):EMESSAGE"},
	{"20 05 00 00 02 24 01", {.topic = "t", .text = "a", .qos = 2}, MQTTWILL_EMESSAGE, "UP DONE(1):EMESSAGE"},
	{"20 05 00 00 02 25 00",
         {.topic = "t", .text = "a", .qos = 1, .retain = true},
         MQTTWILL_EMESSAGE,
         "UP DONE(1):EMESSAGE"},
};

START_TEST(what_the_broker_does_not_take_is_refused_and_never_sent)
{
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct mqttwill_options o = bare_options();
		stage_begin(_i);
		struct device *d = device_new(&o);
		device_token(d, mqttwill_publish(d->c, &limits[i].message), true);
		mqttwill_start(d->c);
		stage_settle();
		forget(d);
		peer_says(limits[i].connack);
		expect_bytes("");
		expect_events(d, limits[i].done);
		ck_assert_int_eq(mqttwill_publish(d->c, &limits[i].message), limits[i].error);
		device_publish(d, "t", "b", 0);
		expect_bytes(TELL5_QOS0("b"));
		stage_end();
	}
}
END_TEST

START_TEST(receive_maximum_is_kept)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says("20 06 00 00 03 21 0002");
	for (int i = 0; i < 3; i++)
		device_publish(d, "t", "a", 1);
	device_publish(d, "t", "c", 0);
	expect_bytes(TELL5("0001", "a") TELL5("0002", "a"));
	peer_says(PUBACK("0001"));
	expect_bytes(TELL5("0003", "a") TELL5_QOS0("c"));
	stage_end();
}
END_TEST

/* ---- Closing ---- */

START_TEST(a_close_delivers_first_and_then_goes_at_once)
{
	struct mqttwill_message m = {.topic = "t", .text = "a", .want_done = true};
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_token(d, mqttwill_publish(d->c, &m), true);
	device_publish(d, "t", "b", 1);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes(TELL5_QOS0("a") TELL5("0002", "b"));
	peer_says(PUBACK("0002"));
	expect_bytes(OFFLINE5("0003"));
	peer_says(PUBACK("0003"));
	expect_bytes(GOODBYE);
	stage_end();
}
END_TEST

START_TEST(a_message_at_qos_0_does_not_hold_the_goodbye_up)
{
	struct mqttwill_message m = {.topic = "t", .text = "a", .want_done = true};
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_token(d, mqttwill_publish(d->c, &m), true);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes(TELL5_QOS0("a") OFFLINE5("0002"));
	stage_end();
}
END_TEST

START_TEST(a_backlog_at_qos_0_does_not_hold_the_goodbye_up)
{
	const struct mqttwill_message m = kilo(0);
	struct mqttwill_options       o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	stage_line()->budget = 0;
	for (int i = 0; i < 100; i++)
		device_token(d, mqttwill_publish(d->c, &m), false);
	ck_assert_int_eq(mqttwill_close(d->c, NULL), 0);
	stage_settle();
	stage_line()->budget = SIZE_MAX;
	stage_settle();
	ck_assert_uint_gt(stage_line()->up_len, 100 * KILO);
	peer_says(PINGRESP); /* the broker has read that far, and does not object */
	ck_assert(stage_line()->finished);
	stage_end();
}
END_TEST

START_TEST(what_is_not_delivered_at_the_end_is_cancelled_and_counted)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 2);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	ck_assert_int_eq(publish(d, 1), MQTTWILL_ESTATE);
	forget(d);
	stage_pass(2500);
	expect_bytes(OFFLINE5("0004"));
	peer_says(PUBACK("0004"));
	peer_closes();
	expect_events(d, "DONE(2):ECANCELED DONE(3):ECANCELED CLOSED(clean lost 2)");
	stage_end();
}
END_TEST

START_TEST(nothing_is_told_behind_closed)
{
	struct mqttwill_options o = lamp_options();
	o.queue_messages = 2;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 1);
	ck_assert_int_eq(publish(d, 1), MQTTWILL_EFULL);
	device_close(d, MQTTWILL_GOODBYE_WITH_WILL);
	stage_pass(2500);
	peer_closes();
	expect_events(d, "DONE(2):ECANCELED DONE(3):ECANCELED CLOSED(with-will due 0 lost 2)");
	stage_end();
}
END_TEST

Suite *queue_suite(void)
{
	Suite *s = suite_create("queue");
	TCase *t = tcase_create("waiting"), *closing = tcase_create("closing");
	SCENE(t, a_full_queue_refuses_and_tells_once_when_it_is_half_empty);
	SCENE(t, a_queue_full_of_bytes_refuses_too);
	SCENE(t, room_is_told_when_the_refused_message_fits);
	SCENE(t, what_was_published_before_the_connection_leaves_at_once);
	SCENE(t, a_line_that_opens_again_is_used_to_the_end);
	SCENE(t, what_the_broker_does_not_take_is_refused_and_never_sent);
	SCENE(t, receive_maximum_is_kept);
	SCENE(closing, a_close_delivers_first_and_then_goes_at_once);
	SCENE(closing, a_message_at_qos_0_does_not_hold_the_goodbye_up);
	SCENE(closing, a_backlog_at_qos_0_does_not_hold_the_goodbye_up);
	SCENE(closing, what_is_not_delivered_at_the_end_is_cancelled_and_counted);
	SCENE(closing, nothing_is_told_behind_closed);
	suite_add_tcase(s, t);
	suite_add_tcase(s, closing);
	return s;
}
