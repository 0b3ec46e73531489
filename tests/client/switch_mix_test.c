/* SPDX-License-Identifier: MIT */
/*
 * Take-overs that meet what else a connection has: enhanced authentication, acknowledgements by hand, limits to adapt to, a
 * rival, the self-watch.
 */
#include "client/switch.h"

#include "client/method.h"

/* As far as the second CONNECT, whose bytes are of no interest. */
static void go_on(struct device *d)
{
	(void)d;
	peer_says_on(0, PINGRESP);
	ck_assert_uint_gt(line_at(1)->up_len, 0);
	line_at(1)->up_read = line_at(1)->up_len;
	line_at(0)->up_read = line_at(0)->up_len;
}

/* ---- Enhanced authentication ---- */

static struct device *authenticated(int mode)
{
	struct mqttwill_options o = method_options();
	o.presence = &delayed;
	o.session_expiry_s = 60;
	stage_begin(mode);
	return method_online(&o);
}

START_TEST(the_second_connection_authenticates_for_itself)
{
	struct device *d = authenticated(_i);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	go_on(d);
	expect_steps("FIRST");
	peer_says_on(1, ASKS);
	expect_bytes_on(1, ANSWER);
	device_publish(d, "t", "a", 0);
	expect_bytes_on(0, "");
	peer_says_on(1, "20 0B 01 00 08 " METHOD "16 0001 '!' ");
	expect_steps("CONTINUE(?) SUCCESS(!)");
	expect_events(d, "WILL UP(resumed)");
	stage_end();
}
END_TEST

START_TEST(an_update_waits_for_a_re_authentication_and_the_other_way_round)
{
	struct device *d = authenticated(_i);
	int64_t        token = method_again(d);
	expect_bytes_on(0, AGAIN);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	ck_assert_uint_eq(line_count(), 1);
	peer_says_on(0, ENDS_WELL);
	ck_assert_uint_eq(line_count(), 2);
	ck_assert_int_eq((int)mqttwill_reauthenticate(d->c), MQTTWILL_ESTATE);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_ESTATE), "the will is being replaced"));
	go_on(d);
	ck_assert_int_eq((int)token, 2);
	expect_events(d, "DONE(2)");
	stage_end();
}
END_TEST

START_TEST(a_broker_that_cannot_prove_itself_to_the_second_connection_has_taken_over_for_nothing)
{
	struct device *d = authenticated(_i);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	go_on(d);
	play.fail_in = MQTTWILL_AUTH_SUCCESS;
	peer_says_on(1, "20 0B 01 00 08 " METHOD "16 0001 '!' ");
	ck_assert(line_at(1)->closed);
	ck_assert(!line_at(0)->closed);
	peer_says_on(0, TAKEN_OVER);
	expect_events(d, "DOWN:ELOST");
	stage_end();
}
END_TEST

/* ---- Acknowledgements by hand ---- */

static int64_t held[2];

static void keep_ack(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (ev->type != MQTTWILL_MESSAGE)
		return;
	held[0] = held[1];
	held[1] = ev->message->ack;
}

START_TEST(a_message_that_awaits_its_acknowledgement_comes_again_on_the_second_connection)
{
	struct mqttwill_options o = lasting();
	o.flags = MQTTWILL_MANUAL_ACK;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	d->on_event = keep_ack;
	peer_says_on(0, TELL5("0007", "x") TELL5("0008", "y"));
	update(d, &new_will, 0, MQTTWILL_PENDING);
	ck_assert_int_eq(mqttwill_ack(d->c, held[0], 0), 0); /* while the second one only opens, the first one's are good */
	expect_bytes_on(0, PINGREQ PUBACK("0007"));
	go_on(d);
	peer_says_on(1, CONNACK5_PRESENT);
	expect_bytes_on(1, ONLINE5("0002"));
	ck_assert_int_eq(mqttwill_ack(d->c, held[1], 0), MQTTWILL_ESTATE);
	peer_says_on(1, TELL5_DUP("0008", "y"));
	ck_assert_int_eq(mqttwill_ack(d->c, held[1], 0), 0);
	expect_bytes_on(1, PUBACK("0008"));
	expect_events(d, "MESSAGE(t=x) MESSAGE(t=y) WILL UP(resumed) MESSAGE(t=y)");
	stage_end();
}
END_TEST

/* ---- Limits ---- */

START_TEST(a_limit_that_only_the_refusal_tells_is_adapted_to_on_another_second_connection)
{
	struct mqttwill_options o = lasting();
	o.flags = MQTTWILL_ADAPT;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	go_on(d);
	peer_says_on(1, "20 03 00 9A 00");
	ck_assert(line_at(1)->closed);
	ck_assert(!line_at(0)->closed);
	ck_assert_uint_eq(line_count(), 3);
	peer_says_on(0, PINGRESP);
	ck_assert_uint_eq(line_at(2)->up[9] & 0x20, 0); /* the will is not retained any more */
	peer_says_on(2, CONNACK5_PRESENT);
	ck_assert_uint_eq(device_count(d, "UP(resumed)"), 1);
	ck_assert_uint_eq(device_count(d, "DOWN"), 0);
	stage_end();
}
END_TEST

static char reason_string[40];

static void keep_words(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (ev->type == MQTTWILL_WILL)
		snprintf(reason_string, sizeof reason_string, "%s 0x%02x", ev->reason_string, ev->reason_code);
}

START_TEST(a_refusal_of_the_second_connection_has_the_brokers_words)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	d->on_event = keep_words;
	update(d, &new_will, 0, MQTTWILL_PENDING);
	go_on(d);
	peer_says_on(1, "20 08 00 89 05 1F 0002 'no'");
	expect_events(d, "WILL:EBUSY");
	ck_assert_str_eq(reason_string, "no 0x89");
	stage_end();
}
END_TEST

/* ---- Others ---- */

START_TEST(a_rival_is_a_rival_while_the_second_connection_only_opens)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	stage.next_open = LINE_HANGS;
	update(d, &new_will, 0, MQTTWILL_PENDING);
	peer_says_on(0, TAKEN_OVER);
	ck_assert_uint_ge(d->last.retry_in_ms, 30000);
	expect_events(d, "DOWN:ETAKENOVER");
	ck_assert(line_at(1)->closed);
	stage_end();
}
END_TEST

START_TEST(a_watch_without_an_answer_is_asked_for_again_after_the_take_over)
{
	static const struct mqttwill_presence watched = {.topic = "lamp/status", .delay_s = 5, .self_watch = true};
	struct mqttwill_options o = lasting();
	o.presence = &watched;
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	peer_says(PUBACK("0001"));
	forget(d);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	go_on(d);
	peer_says_on(1, CONNACK5_PRESENT);
	expect_bytes_on(1, ONLINE5("0003"));
	peer_says_on(1, PUBACK("0003"));
	expect_bytes_on(1, "82 11 0004 00 000B 'lamp/status' 01");
	expect_events(d, "WILL UP(resumed) ONLINE");
	stage_end();
}
END_TEST

START_TEST(a_broker_that_does_not_answer_the_ping_in_time_keeps_the_first_connection)
{
	struct mqttwill_options o = lasting();
	o.ping_timeout_ms = 60000;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	stage_pass(16000);
	expect_events(d, "WILL:ETIMEOUT");
	expect_text(d, "ping: the broker did not answer PINGREQ on the first connection in time");
	expect_bytes_on(1, "");
	device_publish(d, "t", "a", 0);
	expect_bytes_on(0, PINGREQ TELL5_QOS0("a"));
	stage_end();
}
END_TEST

static void add_tests(TCase *t)
{
	SCENE(t, the_second_connection_authenticates_for_itself);
	SCENE(t, an_update_waits_for_a_re_authentication_and_the_other_way_round);
	SCENE(t, a_broker_that_cannot_prove_itself_to_the_second_connection_has_taken_over_for_nothing);
	SCENE(t, a_message_that_awaits_its_acknowledgement_comes_again_on_the_second_connection);
	SCENE(t, a_limit_that_only_the_refusal_tells_is_adapted_to_on_another_second_connection);
	SCENE(t, a_refusal_of_the_second_connection_has_the_brokers_words);
	SCENE(t, a_rival_is_a_rival_while_the_second_connection_only_opens);
	SCENE(t, a_watch_without_an_answer_is_asked_for_again_after_the_take_over);
	SCENE(t, a_broker_that_does_not_answer_the_ping_in_time_keeps_the_first_connection);
}

Suite *mix_suite(void)
{
	Suite *s = suite_create("take-overs and the rest");
	TCase *t = tcase_create("take-overs and the rest");
	add_tests(t);
	suite_add_tcase(s, t);
	return s;
}
