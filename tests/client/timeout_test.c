/* SPDX-License-Identifier: MIT */
/*
 * Every wait is bounded: the attempt in each of its phases, a broker that falls silent, one that takes nothing.
 */
#include "client/scenes.h"
#include "client/suites.h"

START_TEST(an_address_that_does_not_answer_ends_the_attempt)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	stage.next_open = LINE_HANGS;
	struct device *d = device_start(&o);
	stage_pass(14999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "RETRY:ETIMEOUT");
	expect_closed();
	stage_end();
}
END_TEST

/* Whatever came of CONNACK by then. */
START_TEST(a_connack_that_does_not_come_whole_ends_the_attempt)
{
	static const char *const parts[] = {"", "20", "20 03", "20 03 00 00"};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct mqttwill_options o = lamp_options();
		stage_begin(_i);
		o.connect_timeout_ms = 3000;
		struct device *d = device_start(&o);
		stage_pass(2000);
		peer_says(parts[i]);
		stage_pass(999);
		expect_events(d, "");
		stage_pass(1);
		expect_events(d, "RETRY:ETIMEOUT");
		expect_closed();
		stage_end();
	}
}
END_TEST

START_TEST(a_line_that_takes_no_connect_ends_the_attempt)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	stage.next_open = LINE_HANGS;
	struct device *d = device_start(&o);
	stage_line()->budget = 5;
	stage_line()->open = LINE_OPENS;
	expect_bytes("10 33 0004 'M'");
	stage_pass(15000);
	expect_events(d, "RETRY:ETIMEOUT");
	stage_end();
}
END_TEST

START_TEST(a_broker_that_hangs_up_instead_of_answering_is_told)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_closes();
	expect_events(d, "RETRY:ELOST");
	expect_text(d, "without an answer");
	stage_end();
}
END_TEST

START_TEST(a_broker_that_keeps_the_line_after_disconnect_is_left)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes(GOODBYE);
	stage_pass(999);
	expect_events(d, "");
	stage_pass(1);
	expect_closed();
	expect_events(d, "CLOSED(clean)");
	stage_end();
}
END_TEST

/* ---- Silence ---- */

START_TEST(an_idle_connection_is_asked_and_a_silent_one_given_up)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	stage_pass(54999);
	expect_bytes("");
	stage_pass(1);
	expect_bytes(PINGREQ);
	peer_says(PINGRESP);
	stage_pass(55000);
	expect_bytes(PINGREQ);
	stage_pass(9999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "DOWN:ESILENT");
	expect_closed();
	stage_end();
}
END_TEST

START_TEST(any_byte_extends_the_wait_for_pingresp)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	stage_pass(55000);
	expect_bytes(PINGREQ);
	stage_pass(9000);
	peer_says("30 04 0001 'q' 00");
	expect_events(d, "MESSAGE(q=)");
	stage_pass(9999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "DOWN:ESILENT");
	stage_end();
}
END_TEST

/* A device that only sends, at QoS 0, must find out as well. */
START_TEST(a_sender_finds_a_dead_broker)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	stage_line()->mute = true;
	for (int i = 0; i < 80 && !device_count(d, "DOWN"); i++) {
		device_publish(d, "t", "a", 0);
		stage_pass(1000);
	}
	expect_events(d, "DOWN:ESILENT");
	stage_end();
}
END_TEST

START_TEST(keep_alive_off_is_sent_as_zero_and_still_detects)
{
	struct mqttwill_options o = bare_options();
	o.keepalive_s = MQTTWILL_KEEPALIVE_OFF;
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes("10 1C 0004 'MQTT' 05 00 0000 0B " LIMITS "0004 'lamp'");
	peer_says(CONNACK5);
	stage_pass(65000);
	expect_bytes(PINGREQ);
	expect_events(d, "UP DOWN:ESILENT");
	stage_end();
}
END_TEST

START_TEST(the_brokers_keep_alive_replaces_ours)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says("20 06 00 00 03 13 0008");
	ck_assert_uint_eq(d->connack.keepalive_s, 8);
	stage_pass(6000);
	expect_bytes(PINGREQ);
	stage_pass(4000);
	expect_events(d, "UP DOWN:ESILENT");
	stage_end();
}
END_TEST

/* ---- A broker that takes nothing ---- */

START_TEST(a_line_that_takes_nothing_is_given_up)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	stage_line()->budget = 0;
	device_publish(d, "t", "a", 0);
	stage_pass(55000 + 55000 + 10000);
	expect_events(d, "DOWN:ESILENT");
	stage_end();
}
END_TEST

START_TEST(a_line_that_takes_a_part_and_then_nothing_is_given_up)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	peer_says("32 06 0001 'q' 0001 00");
	forget(d);
	stage_line()->budget = 2;
	peer_says("32 06 0001 'q' 0002 00"); /* its PUBACK leaves in the same step, half of it */
	expect_bytes("40 02");
	expect_events(d, "MESSAGE(q=)");
	stage_pass(55000 + 10000);
	expect_events(d, "DOWN:ESILENT");
	stage_end();
}
END_TEST

/* The cable is pulled: the broker's will comes in time, and the client finds out and comes back. */
START_TEST(a_pulled_cable_is_found_by_both_sides)
{
	struct mqttwill_options o = lamp_options();
	o.keepalive_s = 10;
	stage_begin(_i);
	stage_broker(NULL);
	struct device *d = device_start(&o);
	expect_events(d, "UP ONLINE");
	stage_line()->mute = true;
	stage.next_open = LINE_REFUSES;
	stage_pass(15000);
	ck_assert(broker_saw("will published lamp/status = offline"));
	ck_assert_uint_eq(device_count(d, "DOWN:ESILENT"), 1);
	stage.next_open = LINE_OPENS;
	stage_pass(60000);
	ck_assert_uint_eq(device_count(d, "ONLINE"), 1);
	ck_assert_uint_eq(broker_saw_times("will published"), 1);
	stage_end();
}
END_TEST

Suite *timeout_suite(void)
{
	Suite *s = suite_create("timeout");
	TCase *t = tcase_create("attempt"), *silence = tcase_create("silence");
	SCENE(t, an_address_that_does_not_answer_ends_the_attempt);
	SCENE(t, a_connack_that_does_not_come_whole_ends_the_attempt);
	SCENE(t, a_line_that_takes_no_connect_ends_the_attempt);
	SCENE(t, a_broker_that_hangs_up_instead_of_answering_is_told);
	SCENE(t, a_broker_that_keeps_the_line_after_disconnect_is_left);
	SCENE(silence, an_idle_connection_is_asked_and_a_silent_one_given_up);
	SCENE(silence, any_byte_extends_the_wait_for_pingresp);
	SCENE(silence, a_sender_finds_a_dead_broker);
	SCENE(silence, keep_alive_off_is_sent_as_zero_and_still_detects);
	SCENE(silence, the_brokers_keep_alive_replaces_ours);
	SCENE(silence, a_line_that_takes_nothing_is_given_up);
	SCENE(silence, a_line_that_takes_a_part_and_then_nothing_is_given_up);
	SCENE(silence, a_pulled_cable_is_found_by_both_sides);
	suite_add_tcase(s, t);
	suite_add_tcase(s, silence);
	return s;
}
