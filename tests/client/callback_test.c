/* SPDX-License-Identifier: MIT */
/*
 * What an application may do inside its event function: all that does not wait, free included. And a client may be freed at
 * any moment outside it.
 */
#include "client/scenes.h"
#include "client/suites.h"

/* ---- A life in which every kind of event occurs, in 3.1.1 ---- */

#define OVERSIZE                                                                                                       \
	"30 80 02 0001 't' '01234567890123456789012345678901234567890123456789012345678901234567890123456789"          \
	"01234567890123456789012345678901234567890123456789012345678901234567890123456789"                             \
	"01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890'"

static const struct mqttwill_presence watched = {.topic = "lamp/status", .self_watch = true};

static void act_refuse(struct device *d)
{
	stage.next_open = LINE_REFUSES;
	mqttwill_start(d->c);
	stage_settle();
	stage.next_open = LINE_OPENS;
}

static void act_connect(struct device *d)
{
	(void)d;
	stage_pass(1000);
	peer_says(CONNACK3);
}

static void act_birth(struct device *d)
{
	(void)d;
	peer_says(PUBACK("0001"));
}

static void act_refuse_watch(struct device *d)
{
	(void)d;
	peer_says("90 03 0004 80");
}

static void act_acknowledge(struct device *d)
{
	peer_says(PUBACK("0002"));
	if (d->c)
		peer_says(PUBACK("0003"));
}

static void act_message(struct device *d)
{
	(void)d;
	peer_says("32 06 0001 't' 0001 'a' 34 06 0001 't' 0002 'b'");
}

static void act_oversize(struct device *d)
{
	(void)d;
	peer_says(OVERSIZE);
}

static void act_lose(struct device *d)
{
	device_publish(d, "t", "c", 1);
	stage_settle();
	if (d->c)
		peer_resets();
}

static void act_return(struct device *d)
{
	(void)d;
	stage_pass(2000);
	peer_says(CONNACK3);
}

static void act_close(struct device *d)
{
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	stage_pass(6000);
}

static void (*const acts[])(struct device *d) = {
	act_refuse,  act_connect,  act_birth, act_refuse_watch, act_acknowledge,
	act_message, act_oversize, act_lose,  act_return,       act_close,
};

enum { ACTS = sizeof acts / sizeof acts[0] };

static struct device *be_born(void)
{
	struct mqttwill_options o = lamp_options();
	o.version = MQTTWILL_V311;
	o.presence = &watched;
	o.maximum_packet_size = 128;
	o.queue_messages = 2;
	struct device *d = device_new(&o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 1);
	ck_assert_int_eq(mqttwill_publish(d->c, &(struct mqttwill_message){.topic = "t", .qos = 1}), MQTTWILL_EFULL);
	return d;
}

START_TEST(that_life_has_every_kind_of_event)
{
	stage_begin(_i);
	struct device *d = be_born();
	for (int i = 0; i < ACTS && d->c; i++)
		acts[i](d);
	expect_events(d, "RETRY:ECONNECT UP ONLINE WILL:EWATCH DONE(1) ROOM DONE(2) MESSAGE(t=a) MESSAGE(t=b) OVERSIZE "
	                 "DOWN:ELOST UP DONE(5):ECANCELED CLOSED(cut due 0 lost 1):ETIMEOUT");
	stage_end();
}
END_TEST

static uint32_t fatal; /* the type of event in which the application frees its client */

static void free_it(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == fatal)
		mqttwill_free(d->c);
}

START_TEST(free_inside_each_kind_of_event_is_deferred_until_it_returns)
{
	for (fatal = MQTTWILL_RETRY; fatal <= MQTTWILL_CLOSED; fatal++) {
		stage_begin(_i);
		struct device *d = be_born();
		d->on_event = free_it;
		for (int i = 0; i < ACTS && d->c; i++)
			acts[i](d);
		ck_assert_ptr_null(d->c);
		ck_assert_uint_eq(d->last.type == fatal || fatal == MQTTWILL_DONE, 1);
		stage_end();
	}
}
END_TEST

START_TEST(free_without_close_is_fine_in_every_state)
{
	for (int last = 0; last <= ACTS; last++) {
		stage_begin(_i);
		struct device *d = be_born();
		for (int i = 0; i < last; i++)
			acts[i](d);
		device_free(d);
		stage_end();
	}
}
END_TEST

/* ---- Calls inside ---- */

static int forbidden[6];

static void try_to_wait(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type != MQTTWILL_ONLINE)
		return;
	forbidden[0] = mqttwill_connect(d->c, 10);
	forbidden[1] = mqttwill_wait(d->c, 1, 10);
	forbidden[2] = mqttwill_wait_room(d->c, 10);
	forbidden[3] = mqttwill_run(d->c, 10);
	forbidden[4] = mqttwill_disconnect(d->c, 10);
	forbidden[5] = mqttwill_step(d->c);
}

START_TEST(calls_that_wait_are_refused_inside)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	d->on_event = try_to_wait;
	peer_says(CONNACK5);
	peer_says(PUBACK("0001"));
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(forbidden[i], MQTTWILL_ESTATE);
	expect_events(d, "UP ONLINE");
	stage_end();
}
END_TEST

static void answer(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_UP)
		device_subscribe(d, "q", 0);
	else if (ev->type == MQTTWILL_MESSAGE)
		device_publish(d, "t", "a", 1);
	else if (ev->type == MQTTWILL_DONE && ev->token == 3)
		ck_assert_int_eq(mqttwill_close(d->c, NULL), 0);
}

START_TEST(publish_subscribe_and_close_work_inside)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	d->on_event = answer;
	forget(d);
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0001") "82 07 0002 00 0001 'q' 00");
	peer_says(PUBACK("0001") "90 04 0002 00 00"
	                         "30 04 0001 'q' 00");
	expect_bytes(TELL5("0003", "a"));
	peer_says(PUBACK("0003"));
	expect_bytes(OFFLINE5("0004"));
	peer_says(PUBACK("0004"));
	peer_closes();
	expect_events(d, "UP ONLINE DONE(2) MESSAGE(q=) DONE(3) CLOSED(clean)");
	stage_end();
}
END_TEST

static void publish_with_done(struct device *d)
{
	const struct mqttwill_message m = {.topic = "t", .text = "a", .want_done = true};
	device_token(d, mqttwill_publish(d->c, &m), true);
}

static void publish_again(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_DONE && d->token_count < 20)
		publish_with_done(d);
}

START_TEST(what_is_published_in_the_last_event_of_a_step_leaves_too)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	d->on_event = publish_again;
	publish_with_done(d);
	stage_settle();
	ck_assert_uint_eq(d->token_count, 20);
	ck_assert_uint_eq(stage_line()->up_len - stage_line()->up_read, 20 * 7);
	ck_assert_uint_eq(device_count(d, "DONE"), 20);
	stage_end();
}
END_TEST

static void close_on_done(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_DONE || ev->type == MQTTWILL_WILL)
		mqttwill_close(d->c, NULL);
}

/* The loss itself tells a DONE, or that the watch is off: whoever closes there had no clean goodbye. */
START_TEST(a_close_inside_what_a_loss_tells_does_not_claim_a_goodbye)
{
	struct mqttwill_options o = lamp_options();
	o.presence = &watched;
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	peer_says(PUBACK("0001"));
	forget(d);
	d->on_event = close_on_done;
	peer_resets(); /* SUBSCRIBE is unanswered */
	expect_events(d, "WILL:EWATCH DOWN:ELOST CLOSED(already due 0):ELOST");
	stage_end();
}
END_TEST

/* ---- A second life ---- */

static void start_again(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_CLOSED) {
		ck_assert_int_eq(mqttwill_start(d->c), 0);
		d->was_closed = false;
	}
}

START_TEST(start_inside_closed_begins_anew)
{
	for (uint32_t goodbye = 0; goodbye <= MQTTWILL_GOODBYE_ABORT; goodbye++) {
		const struct mqttwill_presence bold = {.topic = "lamp/status",
		                                       .qos = MQTTWILL_QOS0,
		                                       .self_watch = true};
		struct mqttwill_options        o = lamp_options();
		o.presence = &bold;
		stage_begin(_i);
		struct device *d = device_start(&o);
		peer_says(CONNACK5 PINGRESP "90 04 0001 00 00");
		d->on_event = start_again;
		device_close(d, goodbye);
		stage_pass(4900); /* no answer */
		if (line_count() == 1)
			peer_closes();
		ck_assert_uint_eq(line_count(), 2);
		forget(d);
		peer_says(CONNACK5);
		peer_says(PINGRESP);
		expect_bytes("31 14 000B 'lamp/status' 00 'online'" PINGREQ "82 11 0001 00 000B 'lamp/status' 00");
		expect_events(d, "UP ONLINE");
		stage_end();
	}
}
END_TEST

START_TEST(calls_that_do_not_fit_the_state_say_so)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	ck_assert_int_eq(mqttwill_close(d->c, NULL), MQTTWILL_ESTATE);
	ck_assert_int_eq(mqttwill_step(d->c), 0);
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	ck_assert_int_eq(mqttwill_start(d->c), MQTTWILL_ESTATE);
	stage_settle();
	ck_assert_int_eq(mqttwill_start(d->c), MQTTWILL_ESTATE);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_events(d, "CLOSED(cut due 0):ELOST"); /* CONNECT was out, and nobody knows whether it was taken */
	ck_assert_int_eq(mqttwill_close(d->c, NULL), MQTTWILL_ESTATE);
	stage_end();
}
END_TEST

Suite *callback_suite(void)
{
	Suite *s = suite_create("callback");
	TCase *t = tcase_create("callbacks");
	SCENE(t, that_life_has_every_kind_of_event);
	SCENE(t, free_inside_each_kind_of_event_is_deferred_until_it_returns);
	SCENE(t, free_without_close_is_fine_in_every_state);
	SCENE(t, calls_that_wait_are_refused_inside);
	SCENE(t, publish_subscribe_and_close_work_inside);
	SCENE(t, what_is_published_in_the_last_event_of_a_step_leaves_too);
	SCENE(t, a_close_inside_what_a_loss_tells_does_not_claim_a_goodbye);
	SCENE(t, start_inside_closed_begins_anew);
	SCENE(t, calls_that_do_not_fit_the_state_say_so);
	suite_add_tcase(s, t);
	return s;
}
