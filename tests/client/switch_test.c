/* SPDX-License-Identifier: MIT */
/*
 * A new will while connected, by a take-over: the test plays the broker on both connections.
 */
#include "client/switch.h"

/* ---- Take-over ---- */

START_TEST(a_second_connection_takes_the_session_over_with_the_new_will)
{
	struct device *d = greeting(_i);
	ck_assert(!line_at(0)->closed);
	peer_says_on(0, TAKEN_OVER);
	peer_says_on(1, CONNACK5_PRESENT);
	expect_bytes_on(1, ONLINE5("0002"));
	ck_assert(line_at(0)->closed);
	expect_events(d, "WILL UP(resumed)");
	peer_says_on(1, PUBACK("0002"));
	expect_events(d, "ONLINE");
	expect_bytes_on(0, "");
	stage_end();
}
END_TEST

START_TEST(a_broker_that_keeps_the_first_one_open_loses_it_to_us)
{
	struct device *d = greeting(_i);
	peer_says_on(1, CONNACK5_PRESENT);
	expect_events(d, "WILL UP(resumed)");
	ck_assert(line_at(0)->closed);
	ck_assert(!line_at(1)->closed);
	expect_bytes_on(0, "");
	stage_end();
}
END_TEST

START_TEST(the_first_one_serves_until_the_second_connect_leaves)
{
	struct device *d = online(_i);
	stage.next_open = LINE_HANGS;
	update(d, &new_will, 0, MQTTWILL_PENDING);
	device_publish(d, "t", "a", 0);
	expect_bytes_on(0, TELL5_QOS0("a"));
	peer_says_on(0, TELL5("0007", "x"));
	expect_bytes_on(0, PUBACK("0007"));
	line_at(1)->open = LINE_OPENS;
	expect_bytes_on(0, PINGREQ);
	device_publish(d, "t", "b", 0);
	device_publish(d, "t", "c", 1);
	peer_says_on(0, PINGRESP TELL5_QOS2("0008", "y"));
	expect_bytes_on(0, PUBREC("0008"));
	expect_bytes_on(1, CONNECT_NEW);
	peer_says_on(1, CONNACK5_PRESENT);
	expect_bytes_on(1, ONLINE5("0002") TELL5_QOS0("b") TELL5("0003", "c"));
	expect_events(d, "MESSAGE(t=x) MESSAGE(t=y) WILL UP(resumed)");
	stage_end();
}
END_TEST

START_TEST(what_the_broker_said_last_on_the_first_one_is_heard_before_it_is_closed)
{
	struct device *d = online(_i);
	int64_t        t = device_publish(d, "t", "a", 1);
	expect_bytes_on(0, TELL5("0002", "a"));
	update(d, &new_will, 0, MQTTWILL_PENDING);
	peer_says_on(0, PINGRESP);
	expect_bytes_on(1, CONNECT_NEW);
	struct bytes last = bytes_hex(TELL5_QOS0("x") TELL5_QOS2("0009", "y") PUBACK("0002") TAKEN_OVER);
	line_say(line_at(0), last.p, last.n);
	bytes_free(&last);
	peer_says_on(1, CONNACK5_PRESENT);
	(void)t;
	expect_bytes_on(1, ONLINE5("0003"));
	peer_says_on(1, "3C 07 0001 't' 0009 00 'y'");
	expect_bytes_on(1, PUBREC("0009"));
	expect_events(d, "MESSAGE(t=x) MESSAGE(t=y) DONE(2) WILL UP(resumed)");
	stage_end();
}
END_TEST

START_TEST(what_was_in_flight_is_sent_again_on_the_second_one)
{
	struct device *d = online(_i);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 2);
	device_publish(d, "t", "c", 2);
	expect_bytes_on(0, TELL5("0002", "a") TELL5_QOS2("0003", "b") TELL5_QOS2("0004", "c"));
	peer_says_on(0, PUBREC("0004"));
	expect_bytes_on(0, PUBREL("0004"));
	update(d, &new_will, 0, MQTTWILL_PENDING);
	peer_says_on(0, PINGRESP);
	expect_bytes_on(1, CONNECT_NEW);
	peer_says_on(0, TAKEN_OVER);
	peer_says_on(1, CONNACK5_PRESENT);
	expect_bytes_on(1, ONLINE5("0005") TELL5_DUP("0002", "a") TELL5_QOS2_DUP("0003", "b") PUBREL("0004"));
	peer_says_on(1, PUBACK("0005") PUBACK("0002") PUBREC("0003") PUBCOMP("0004"));
	expect_bytes_on(1, PUBREL("0003"));
	peer_says_on(1, PUBCOMP("0003"));
	expect_events(d, "WILL UP(resumed) ONLINE DONE(2) DONE(4) DONE(3)");
	stage_end();
}
END_TEST

START_TEST(a_session_that_is_gone_by_then_is_made_anew)
{
	struct device *d = online(_i);
	device_subscribe(d, "t", 1);
	peer_says_on(0, "90 04 0002 00 01");
	device_publish(d, "t", "a", 1);
	forget(d);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	peer_says_on(0, PINGRESP);
	expect_bytes_on(1, CONNECT_NEW);
	peer_says_on(1, CONNACK5);
	expect_bytes_on(1, ONLINE5("0004") "82 07 0005 00 0001 't' 01 " TELL5("0006", "a"));
	expect_events(d, "WILL UP");
	stage_end();
}
END_TEST

START_TEST(an_old_birth_that_is_sent_again_is_followed_by_a_new_one)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes(CONNECT_OLD);
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0001"));
	update(d, &new_will, 0, MQTTWILL_PENDING);
	peer_says_on(0, PINGRESP);
	expect_bytes_on(1, CONNECT_NEW);
	peer_says_on(1, CONNACK5_PRESENT);
	expect_bytes_on(1, ONLINE5("0002") ONLINE5_DUP("0001"));
	peer_says_on(1, PUBACK("0001"));
	expect_bytes_on(1, ONLINE5("0003"));
	expect_events(d, "UP WILL UP(resumed)");
	stage_end();
}
END_TEST

/* ---- A take-over that fails ---- */

static const struct {
	const char *connack, *event, *text;
	bool        dropped;
} refusals[] = {
	{"20 03 00 87 00", "WILL:EAUTH", "the new one is dropped: connack: Not authorized", true},
	{"20 03 00 90 00", "WILL:EWILLREFUSED", "the new one is dropped", true},
	{"20 03 00 95 00", "WILL:EWILLREFUSED", "the new one is dropped", true},
	{"20 03 00 89 00", "WILL:EBUSY", "until the next CONNECT brings the new one: connack: Server busy", false},
	{"20 03 00 9C 00", "WILL:EMOVED", "until the next CONNECT brings the new one", false},
};

START_TEST(a_refused_connect_takes_nothing_over)
{
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		struct device *d = greeting(_i);
		peer_says_on(1, refusals[i].connack);
		expect_events(d, refusals[i].event);
		expect_text(d, "the former one stays in force");
		expect_text(d, refusals[i].text);
		ck_assert(line_at(1)->closed);
		device_publish(d, "t", "a", 0);
		expect_bytes_on(0, TELL5_QOS0("a"));
		line_at(0)->broken = true;
		stage_settle();
		ck_assert_uint_eq(d->last.reason_code, 0); /* the refusal is told already */
		lamp_comes_back();
		line_at(2)->up_read = 0;
		expect_bytes_on(2, refusals[i].dropped ? CONNECT_OLD : CONNECT_NEW);
		stage_end();
	}
}
END_TEST

START_TEST(a_second_connection_that_does_not_come_about_changes_nothing)
{
	static const struct {
		uint8_t     open;
		const char *event;
	} rows[] = {{LINE_REFUSES, "WILL:ECONNECT"}, {LINE_HANGS, "WILL:ETIMEOUT"}};
	for (size_t i = 0; i < 2; i++) {
		struct device *d = online(_i);
		stage.next_open = rows[i].open;
		update(d, &new_will, 0, MQTTWILL_PENDING);
		stage_pass(20000);
		expect_events(d, rows[i].event);
		ck_assert(line_at(1)->closed);
		ck_assert(!line_at(0)->closed);
		device_publish(d, "t", "a", 0);
		expect_bytes_on(0, TELL5_QOS0("a"));
		stage_end();
	}
}
END_TEST

START_TEST(without_an_answer_the_first_one_goes_on)
{
	struct device *d = greeting(_i);
	device_publish(d, "t", "a", 0);
	stage_pass(16000);
	expect_bytes_on(0, PINGREQ TELL5_QOS0("a"));
	expect_events(d, "");
	peer_says_on(0, PINGRESP);
	expect_events(d, "WILL:ETIMEOUT");
	peer_says_on(0, TAKEN_OVER); /* late: it was our own doing, so no rival is waited for */
	ck_assert_uint_le(d->last.retry_in_ms, 1000);
	expect_events(d, "DOWN:ELOST");
	stage_end();
}
END_TEST

START_TEST(a_connect_without_an_answer_that_took_over_all_the_same_is_a_loss)
{
	struct device *d = greeting(_i);
	line_at(1)->broken = true;
	expect_bytes_on(0, PINGREQ);
	peer_says_on(0, TAKEN_OVER);
	ck_assert_uint_le(d->last.retry_in_ms, 1000);
	expect_events(d, "DOWN:ELOST");
	lamp_comes_back();
	peer_says(CONNACK5_PRESENT);
	expect_events(d, "WILL UP(resumed)");
	stage_end();
}
END_TEST

START_TEST(subscriptions_are_made_again_where_a_lost_connack_may_have_begun_a_session)
{
	struct device *d = online(_i);
	device_subscribe(d, "t", 1);
	peer_says_on(0, "90 04 0002 00 01");
	update(d, &new_will, 0, MQTTWILL_PENDING);
	peer_says_on(0, PINGRESP);
	line_at(1)->broken = true;
	stage_settle();
	peer_says_on(0, TAKEN_OVER);
	lamp_comes_back();
	peer_says(CONNACK5_PRESENT);
	expect_bytes(ONLINE5("0003") "82 07 0004 00 0001 't' 01 ");
	stage_end();
}
END_TEST

START_TEST(after_a_connect_that_was_given_up_a_rival_is_known_again)
{
	struct device *d = greeting(_i);
	line_at(1)->broken = true;
	expect_bytes_on(0, PINGREQ);
	peer_says_on(0, PINGRESP);
	expect_events(d, "WILL:ELOST");
	update(d, &new_will, 0, MQTTWILL_PENDING);
	peer_says_on(0, PINGRESP);
	peer_says_on(2, CONNACK5_PRESENT);
	peer_says_on(2, TAKEN_OVER);
	expect_events(d, "WILL UP(resumed) DOWN:ETAKENOVER");
	stage_end();
}
END_TEST

START_TEST(a_broker_that_does_not_answer_the_ping_hears_no_second_connect)
{
	struct device *d = online(_i);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	stage_pass(9000);
	expect_bytes_on(1, "");
	stage_pass(2000);
	expect_bytes_on(1, "");
	ck_assert(line_at(0)->closed && line_at(1)->closed);
	expect_events(d, "DOWN:ESILENT");
	stage_end();
}
END_TEST

START_TEST(a_first_one_lost_early_ends_the_take_over_and_the_next_connect_has_the_new_will)
{
	struct device *d = online(_i);
	stage.next_open = LINE_HANGS;
	update(d, &new_will, 0, MQTTWILL_PENDING);
	line_at(0)->broken = true;
	expect_events(d, "DOWN:ELOST");
	ck_assert(line_at(1)->closed);
	stage.next_open = LINE_OPENS;
	lamp_comes_back();
	line_at(2)->up_read = 0;
	expect_bytes_on(2, CONNECT_NEW);
	peer_says_on(2, CONNACK5_PRESENT);
	expect_events(d, "WILL UP(resumed)");
	stage_end();
}
END_TEST

START_TEST(a_first_one_lost_while_connect_is_out_is_no_loss_if_connack_comes)
{
	struct device *d = greeting(_i);
	line_at(0)->broken = true;
	expect_events(d, "");
	ck_assert(line_at(0)->closed);
	peer_says_on(1, CONNACK5_PRESENT);
	expect_events(d, "WILL UP(resumed)");
	stage_end();
}
END_TEST

START_TEST(both_lost_is_one_loss)
{
	struct device *d = greeting(_i);
	peer_says_on(0, TAKEN_OVER);
	line_at(1)->broken = true;
	expect_events(d, "DOWN:ELOST");
	lamp_comes_back();
	line_at(2)->up_read = 0;
	expect_bytes_on(2, CONNECT_NEW);
	line_at(2)->broken = true;
	expect_events(d, "RETRY:ELOST");
	lamp_comes_back();
	peer_says_on(3, CONNACK5_PRESENT);
	expect_events(d, "WILL UP(resumed)");
	stage_end();
}
END_TEST

START_TEST(a_refusal_after_the_first_one_is_gone_brings_the_former_will_back)
{
	struct device *d = greeting(_i);
	peer_says_on(0, TAKEN_OVER);
	peer_says_on(1, "20 03 00 90 00");
	expect_events(d, "DOWN:EWILLREFUSED WILL:EWILLREFUSED");
	lamp_comes_back();
	line_at(2)->up_read = 0;
	expect_bytes_on(2, CONNECT_OLD);
	stage_end();
}
END_TEST

static void add_tests(TCase *t)
{
	SCENE(t, a_second_connection_takes_the_session_over_with_the_new_will);
	SCENE(t, a_broker_that_keeps_the_first_one_open_loses_it_to_us);
	SCENE(t, the_first_one_serves_until_the_second_connect_leaves);
	SCENE(t, what_the_broker_said_last_on_the_first_one_is_heard_before_it_is_closed);
	SCENE(t, what_was_in_flight_is_sent_again_on_the_second_one);
	SCENE(t, a_session_that_is_gone_by_then_is_made_anew);
	SCENE(t, an_old_birth_that_is_sent_again_is_followed_by_a_new_one);
	SCENE(t, a_refused_connect_takes_nothing_over);
	SCENE(t, a_second_connection_that_does_not_come_about_changes_nothing);
	SCENE(t, without_an_answer_the_first_one_goes_on);
	SCENE(t, a_connect_without_an_answer_that_took_over_all_the_same_is_a_loss);
	SCENE(t, subscriptions_are_made_again_where_a_lost_connack_may_have_begun_a_session);
	SCENE(t, after_a_connect_that_was_given_up_a_rival_is_known_again);
	SCENE(t, a_broker_that_does_not_answer_the_ping_hears_no_second_connect);
	SCENE(t, a_first_one_lost_early_ends_the_take_over_and_the_next_connect_has_the_new_will);
	SCENE(t, a_first_one_lost_while_connect_is_out_is_no_loss_if_connack_comes);
	SCENE(t, both_lost_is_one_loss);
	SCENE(t, a_refusal_after_the_first_one_is_gone_brings_the_former_will_back);
}

Suite *switch_suite(void)
{
	Suite *s = suite_create("a new will while connected");
	TCase *t = tcase_create("a new will while connected");
	add_tests(t);
	suite_add_tcase(s, t);
	return s;
}
