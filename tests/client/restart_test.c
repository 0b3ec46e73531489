/* SPDX-License-Identifier: MIT */
/*
 * Promise 7: a process that starts without stored state ends the session that an earlier one left behind, and with it the
 * will that was pending since the crash, before it begins its own.
 */
#include "client/scenes.h"
#include "client/suites.h"

#define END_SESSION "E0 07 00 05 11 00000000 "

static const struct mqttwill_presence late_status = {.topic = "lamp/status", .delay_s = 5};

static struct mqttwill_options lasting_lamp(void)
{
	struct mqttwill_options o = lamp_options();
	o.session_expiry_s = 60;
	return o;
}

START_TEST(a_session_from_before_the_restart_is_ended_and_begun_anew)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes(CONNECT5_60S);
	peer_says(CONNACK5_PRESENT);
	expect_bytes(END_SESSION);
	ck_assert(stage_line()->finished && !stage_line()->closed);
	peer_closes();
	ck_assert_uint_eq(line_count(), 2);
	expect_bytes(CONNECT5_60S_CLEAN);
	expect_events(d, "");
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0001"));
	peer_says(PUBACK("0001"));
	expect_events(d, "UP ONLINE");
	stage_end();
}
END_TEST

START_TEST(a_broker_that_does_not_close_is_not_waited_for_long)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	device_start(&o);
	peer_says(CONNACK5_PRESENT);
	stage_pass(1000);
	ck_assert(line_at(0)->closed);
	expect_bytes(CONNECT5_60S_CLEAN);
	stage_end();
}
END_TEST

/* Clean Start 1 while the old session may be alive would have the broker publish the will that is pending there. */
START_TEST(a_link_that_dies_in_the_middle_of_that_is_an_attempt_that_failed)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5_PRESENT);
	peer_resets();
	expect_events(d, "RETRY:ELOST");
	ck_assert_uint_gt(d->last.retry_in_ms, 0);
	stage_pass(1000);
	expect_bytes(CONNECT5_60S);
	stage_end();
}
END_TEST

START_TEST(after_an_abort_in_the_middle_of_that_a_loss_is_a_loss)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5_PRESENT);
	device_close(d, MQTTWILL_GOODBYE_ABORT);
	expect_events(d, "CLOSED(cut due 0)");
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	stage_settle();
	expect_bytes(CONNECT5_60S);
	lamp_welcome(d, CONNACK5, "0001");
	peer_resets();
	expect_events(d, "DOWN:ELOST");
	stage_end();
}
END_TEST

START_TEST(packets_of_the_foreign_session_are_neither_delivered_nor_answered)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says(CONNACK5_PRESENT "32 07 0001 't' 0009 00 'a'" PUBREL("0007") "34 07 0001 't' 000A 00 'b'");
	peer_says("32 07 0001 't' 000B 00 'a'");
	expect_bytes(END_SESSION);
	peer_closes();
	forget(d);
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0001"));
	expect_events(d, "UP");
	stage_end();
}
END_TEST

START_TEST(session_present_after_a_clean_start_is_a_fault)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5_PRESENT);
	peer_closes();
	forget(d);
	peer_says(CONNACK5_PRESENT);
	expect_events(d, "RETRY:EPROTOCOL");
	lamp_comes_back();
	stage_line()->up_read = 0;
	expect_bytes(CONNECT5_60S_CLEAN);
	stage_end();
}
END_TEST

START_TEST(what_this_process_began_is_resumed_after_a_loss)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	peer_resets();
	stage_pass(1000);
	expect_bytes(CONNECT5_60S);
	peer_says(CONNACK5_PRESENT);
	expect_bytes(ONLINE5("0002"));
	expect_events(d, "DOWN:ELOST UP(resumed)");
	stage_end();
}
END_TEST

/* The process dies at 0 s, and another begins after 2 s, within the will delay. */
START_TEST(with_a_broker_no_stray_offline_appears)
{
	struct mqttwill_options o = lasting_lamp();
	o.presence = &late_status;
	stage_begin(_i);
	stage_broker(NULL);
	struct device *first = device_start(&o);
	device_subscribe(first, "t", 1);
	expect_events(first, "UP ONLINE DONE(2)");
	device_free(first);
	stage_pass(2000);
	ck_assert(broker_saw("will due"));
	struct device *second = device_start(&o);
	expect_events(second, "UP ONLINE");
	ck_assert(broker_saw("lamp: connected, session present"));
	ck_assert(broker_saw("lamp: session ended"));
	stage_pass(30000);
	ck_assert(!broker_saw("will published"));
	ck_assert_uint_eq(broker_saw_times("published lamp/status = online"), 2);
	device_close(second, MQTTWILL_GOODBYE_OFFLINE);
	expect_events(second, "CLOSED(clean)");
	stage_pass(100000);
	ck_assert(!broker_saw("will published"));
	stage_end();
}
END_TEST

START_TEST(with_a_broker_a_restart_that_comes_too_late_finds_the_truth_told)
{
	struct mqttwill_options o = lasting_lamp();
	o.presence = &late_status;
	stage_begin(_i);
	stage_broker(NULL);
	device_free(device_start(&o));
	stage_pass(6000);
	ck_assert_uint_eq(broker_saw_times("will published lamp/status = offline"), 1);
	struct device *second = device_start(&o);
	expect_events(second, "UP ONLINE");
	stage_pass(30000);
	ck_assert_uint_eq(broker_saw_times("will published"), 1);
	stage_end();
}
END_TEST

START_TEST(closing_in_the_middle_of_that_says_that_no_goodbye_was_said)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says(CONNACK5_PRESENT);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes(END_SESSION);
	peer_closes();
	expect_events(d, "CLOSED(clean):ELOST");
	stage_end();
}
END_TEST

/* ---- By version and option ---- */

static const struct {
	uint32_t    version, rejoin;
	const char *connect, *connack, *answer;
} rejoins[] = {
	{MQTTWILL_V5, MQTTWILL_REJOIN_SAFE, CONNECT5, CONNACK5, ONLINE5("0001")},
	{MQTTWILL_V5, MQTTWILL_REJOIN_CLEAN, CONNECT5_CLEAN, CONNACK5, ONLINE5("0001")},
	{MQTTWILL_V5, MQTTWILL_REJOIN_ALWAYS, CONNECT5, CONNACK5_PRESENT, ONLINE5("0001")},
	{MQTTWILL_V311, MQTTWILL_REJOIN_SAFE, CONNECT311, CONNACK3, ONLINE3("0001")},
	{MQTTWILL_V311, MQTTWILL_REJOIN_CLEAN, CONNECT311, CONNACK3, ONLINE3("0001")},
	{MQTTWILL_V311, MQTTWILL_REJOIN_ALWAYS, "10 26 0004 'MQTT' 04 2C 003C 0004 'lamp' " LAMP_WILL, CONNACK3_PRESENT,
         ONLINE3("0001")},
	{MQTTWILL_V31, MQTTWILL_REJOIN_SAFE, CONNECT31, CONNACK3, ONLINE3("0001")},
	{MQTTWILL_V31, MQTTWILL_REJOIN_ALWAYS, "10 28 0006 'MQIsdp' 03 2C 003C 0004 'lamp' " LAMP_WILL, CONNACK3,
         ONLINE3("0001")},
};

START_TEST(each_way_to_rejoin_has_its_connect)
{
	for (size_t i = 0; i < sizeof rejoins / sizeof rejoins[0]; i++) {
		struct mqttwill_options o = lamp_options();
		o.version = rejoins[i].version;
		o.rejoin = rejoins[i].rejoin;
		stage_begin(_i);
		stage.chance = CHANCE_LOWEST; /* identifiers begin at 1 */
		device_start(&o);
		expect_bytes(rejoins[i].connect);
		peer_says(rejoins[i].connack);
		expect_bytes(rejoins[i].answer);
		stage_end();
	}
}
END_TEST

/* What an earlier process left halfway there at QoS 2 would have the broker take our message for a duplicate. */
START_TEST(in_a_session_that_was_inherited_identifiers_begin_anywhere)
{
	static const char *const connacks[] = {CONNACK5, CONNACK5_PRESENT}, *const births[] = {ONLINE5("0001"), ONLINE5("FFFF")};
	for (size_t i = 0; i < 2; i++) {
		struct mqttwill_options o = lamp_options();
		o.rejoin = MQTTWILL_REJOIN_ALWAYS;
		stage_begin(_i);
		stage.chance = CHANCE_HIGHEST;
		device_start(&o);
		expect_bytes(CONNECT5);
		peer_says(connacks[i]);
		expect_bytes(births[i]);
		stage_end();
	}
}
END_TEST

Suite *restart_suite(void)
{
	Suite *s = suite_create("restart");
	TCase *t = tcase_create("promise 7");
	SCENE(t, a_session_from_before_the_restart_is_ended_and_begun_anew);
	SCENE(t, a_broker_that_does_not_close_is_not_waited_for_long);
	SCENE(t, a_link_that_dies_in_the_middle_of_that_is_an_attempt_that_failed);
	SCENE(t, after_an_abort_in_the_middle_of_that_a_loss_is_a_loss);
	SCENE(t, packets_of_the_foreign_session_are_neither_delivered_nor_answered);
	SCENE(t, session_present_after_a_clean_start_is_a_fault);
	SCENE(t, what_this_process_began_is_resumed_after_a_loss);
	SCENE(t, with_a_broker_no_stray_offline_appears);
	SCENE(t, with_a_broker_a_restart_that_comes_too_late_finds_the_truth_told);
	SCENE(t, closing_in_the_middle_of_that_says_that_no_goodbye_was_said);
	SCENE(t, each_way_to_rejoin_has_its_connect);
	SCENE(t, in_a_session_that_was_inherited_identifiers_begin_anywhere);
	suite_add_tcase(s, t);
	return s;
}
