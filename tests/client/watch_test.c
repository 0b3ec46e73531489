/* SPDX-License-Identifier: MIT */
/*
 * W4: a device that watches its own status states the truth again where it turned to something else, at growing pauses.
 */
#include <stdio.h>

#include "client/scenes.h"
#include "client/suites.h"

#define WATCH5(id) "82 11 " id " 00 000B 'lamp/status' 01 "
#define SUBACK5(id) "90 04 " id " 00 01 "
#define SEEN5(text) "30 15 000B 'lamp/status' 00 '" text "' "

static const struct mqttwill_presence watched = {.topic = "lamp/status", .self_watch = true};

static struct mqttwill_options watching_lamp(void)
{
	struct mqttwill_options o = lamp_options();
	o.presence = &watched;
	return o;
}

static struct device *watch(const struct mqttwill_options *o)
{
	struct device *d = device_start(o);
	forget(d);
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0001"));
	peer_says(PUBACK("0001"));
	expect_bytes(WATCH5("0002"));
	peer_says(SUBACK5("0002"));
	expect_events(d, "UP ONLINE");
	return d;
}

START_TEST(a_status_that_turned_to_something_else_is_stated_again)
{
	struct mqttwill_options o = watching_lamp();
	stage_begin(_i);
	struct device *d = watch(&o);
	stage_pass(2000);
	peer_says(SEEN5("offline"));
	expect_bytes(ONLINE5("0003"));
	expect_events(d, "WILL");
	peer_says(PUBACK("0003"));
	expect_events(d, "");
	stage_end();
}
END_TEST

START_TEST(soon_after_a_statement_the_next_one_waits)
{
	struct mqttwill_options o = watching_lamp();
	stage_begin(_i);
	watch(&o);
	peer_says(SEEN5("offline"));
	stage_pass(999);
	expect_bytes("");
	stage_pass(1);
	expect_bytes(ONLINE5("0003"));
	stage_end();
}
END_TEST

START_TEST(what_says_online_is_the_truth_and_is_left_alone)
{
	struct mqttwill_options o = watching_lamp();
	stage_begin(_i);
	struct device *d = watch(&o);
	peer_says("30 14 000B 'lamp/status' 00 'online'");
	stage_pass(5000);
	expect_bytes("");
	peer_says(SEEN5("offline"));
	stage_end();
	(void)d;
}
END_TEST

START_TEST(an_echo_of_the_truth_calls_a_planned_statement_off)
{
	struct mqttwill_options o = watching_lamp();
	stage_begin(_i);
	struct device *d = watch(&o);
	peer_says(SEEN5("offline"));
	peer_says("30 14 000B 'lamp/status' 00 'online'");
	stage_pass(5000);
	expect_bytes("");
	expect_events(d, "");
	stage_end();
}
END_TEST

/* Somebody contradicts at once, again and again. */
START_TEST(the_pauses_grow_while_somebody_contradicts)
{
	static const uint32_t   pauses[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	struct mqttwill_options o = watching_lamp();
	o.keepalive_s = 10000;
	stage_begin(_i);
	struct device *d = watch(&o);
	uint64_t       before = stage.now_ms;
	for (unsigned i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
		char puback[32];
		peer_says(SEEN5("offline"));
		stage_pass(pauses[i] - 1);
		expect_bytes("");
		stage_pass(1);
		snprintf(puback, sizeof puback, "40 02 %04X", i + 3);
		ck_assert_uint_gt(stage_line()->up_len, stage_line()->up_read);
		stage_line()->up_read = stage_line()->up_len;
		ck_assert_uint_eq(stage.now_ms - before, pauses[i]);
		before = stage.now_ms;
		peer_says(puback);
	}
	forget(d);
	stage_pass(301000); /* calm */
	peer_says(SEEN5("offline"));
	stage_pass(0);
	ck_assert_uint_gt(stage_line()->up_len, stage_line()->up_read);
	stage_end();
}
END_TEST

START_TEST(a_refused_watch_is_told_once_and_not_tried_again)
{
	struct mqttwill_options o = watching_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	peer_says(PUBACK("0001"));
	forget(d);
	peer_says("90 04 0002 00 87");
	expect_events(d, "WILL:EWATCH");
	peer_says(SEEN5("offline"));
	stage_pass(5000);
	expect_bytes("");
	peer_resets();
	forget(d);
	lamp_comes_back();
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0003"));
	peer_says(PUBACK("0003"));
	expect_bytes("");
	expect_events(d, "UP ONLINE");
	stage_end();
}
END_TEST

START_TEST(a_connection_lost_before_suback_turns_the_watch_off)
{
	struct mqttwill_options o = watching_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	peer_says(PUBACK("0001"));
	forget(d);
	peer_resets();
	expect_events(d, "WILL:EWATCH DOWN:ELOST");
	expect_text(d, "reset by peer");
	lamp_comes_back();
	peer_says(CONNACK5);
	peer_says(PUBACK("0003"));
	expect_bytes(ONLINE5("0003"));
	expect_events(d, "UP ONLINE");
	stage_end();
}
END_TEST

START_TEST(a_watch_that_was_granted_is_asked_for_on_each_connection)
{
	struct mqttwill_options o = watching_lamp();
	stage_begin(_i);
	struct device *d = watch(&o);
	peer_resets();
	lamp_comes_back();
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0003"));
	peer_says(PUBACK("0003"));
	expect_bytes(WATCH5("0004"));
	expect_events(d, "DOWN:ELOST UP ONLINE");
	stage_end();
}
END_TEST

START_TEST(the_status_reaches_the_application_only_if_it_subscribed)
{
	struct mqttwill_options o = watching_lamp();
	stage_begin(_i);
	struct device *d = watch(&o);
	peer_says(SEEN5("offline"));
	expect_events(d, "");
	device_subscribe(d, "lamp/+", 0);
	forget(d);
	peer_says("90 04 0003 00 00");
	expect_events(d, "DONE(3)");
	peer_says(SEEN5("offline"));
	expect_events(d, "MESSAGE(lamp/status=offline)");
	stage_end();
}
END_TEST

START_TEST(nothing_is_stated_again_once_the_goodbye_is_said)
{
	struct mqttwill_options o = watching_lamp();
	stage_begin(_i);
	struct device *d = watch(&o);
	peer_says(SEEN5("offline"));
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes(OFFLINE5("0003"));
	peer_says(SEEN5("offline"));
	stage_pass(3000);
	expect_bytes("");
	peer_says(PUBACK("0003"));
	expect_bytes(GOODBYE);
	peer_closes();
	expect_events(d, "CLOSED(clean)");
	stage_end();
}
END_TEST

/* Two devices that state different things on one topic, for an hour. */
START_TEST(two_devices_on_one_topic_do_not_duel)
{
	const struct mqttwill_presence other = {.topic = "lamp/status", .online = "here", .self_watch = true};
	struct mqttwill_options        o = watching_lamp(), p = lamp_options();
	p.client_id = "other";
	p.presence = &other;
	stage_begin(_i);
	stage_broker(NULL);
	device_start(&o);
	device_start(&p);
	broker_log_clear();
	stage_pass(600000);
	ck_assert_uint_lt(broker_saw_times("published lamp/status"), 40);
	ck_assert_uint_gt(broker_saw_times("published lamp/status"), 4);
	stage_end();
}
END_TEST

Suite *watch_suite(void)
{
	Suite *s = suite_create("watch");
	TCase *t = tcase_create("W4");
	SCENE(t, a_status_that_turned_to_something_else_is_stated_again);
	SCENE(t, soon_after_a_statement_the_next_one_waits);
	SCENE(t, what_says_online_is_the_truth_and_is_left_alone);
	SCENE(t, an_echo_of_the_truth_calls_a_planned_statement_off);
	SCENE(t, the_pauses_grow_while_somebody_contradicts);
	SCENE(t, a_refused_watch_is_told_once_and_not_tried_again);
	SCENE(t, a_connection_lost_before_suback_turns_the_watch_off);
	SCENE(t, a_watch_that_was_granted_is_asked_for_on_each_connection);
	SCENE(t, the_status_reaches_the_application_only_if_it_subscribed);
	SCENE(t, nothing_is_stated_again_once_the_goodbye_is_said);
	SCENE(t, two_devices_on_one_topic_do_not_duel);
	suite_add_tcase(s, t);
	return s;
}
