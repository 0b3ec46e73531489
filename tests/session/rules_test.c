/* SPDX-License-Identifier: MIT */
/*
 * Rules of the specification that no other suite is about, each in a short scene of its own.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdlib.h>

START_TEST(before_connect_nothing_leaves) /* [MQTT-3.1.0-1] */
{
	struct packet pk = {.type = PACKET_PUBLISH, .topic = span_text("t", 0)};
	struct script s;
	script_init(&s, script_level(_i), _i);
	script_open(&s);
	ck_assert_int_eq(session_ping(&s.session), MQTTWILL_ESTATE);
	ck_assert_int_eq(session_publish(&s.session, &pk), MQTTWILL_ESTATE);
	for (uint8_t qos = 0; qos <= 2; qos++) {
		struct outgoing *o = script_make(&s, PACKET_PUBLISH, qos);
		ck_assert_int_eq(session_send(&s.session, o), MQTTWILL_ESTATE);
		free(o);
	}
	ck_assert_uint_eq(s.flight.out.count, 0);
	ck_assert_int_eq(session_disconnect(&s.session, 0, NULL), MQTTWILL_ESTATE);
	script_close(&s);
}
END_TEST

START_TEST(connect_is_sent_once) /* [MQTT-3.1.0-2] */
{
	struct packet pk = {.type = PACKET_CONNECT, .connect.client_id = span_text("c", 0)};
	struct script s;
	script_init(&s, script_level(_i), _i);
	script_open(&s);
	script_connect(&s, 60, true);
	script_flush(&s);
	ck_assert_int_eq(session_connect(&s.session, &pk), MQTTWILL_ESTATE);
	script_out(&s, "%s", "");
	script_greet(&s, "20 [0000 ~]");
	ck_assert_int_eq(session_connect(&s.session, &pk), MQTTWILL_ESTATE);
	ck_assert(session_is_up(&s.session));
	ck_assert_uint_eq(s.session.keep_alive_ms, 60000);
	script_close(&s);
}
END_TEST

START_TEST(a_connack_above_our_limit_ends_the_attempt) /* [MQTT-3.2.2-19], [MQTT-3.2.2-20] */
{
	static const char *const head[] = {"20 D501 0000 D101 1F 00CE", "20 D801 0000 D401 26 0001 'a' 00CE"};
	for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
		struct script s;
		char          text[0xCE];
		memset(text, 'x', sizeof text);
		script_init(&s, LEVEL_5, _i);
		script_open(&s);
		script_connect(&s, 60, true);
		script_flush(&s);
		script_in(&s, "%s", head[i]);
		script_in_bytes(&s, text, sizeof text);
		script_fails(&s, REASON_TOO_LARGE);
		script_close(&s);
	}
}
END_TEST

START_TEST(a_byte_order_mark_stays_where_it_is) /* [MQTT-1.5.4-3] */
{
	struct script s;
	script_up(&s, script_level(CUTS + _i), _i);
	script_in(&s, "30 [0004 EFBBBF 't' ~ 'm']");
	struct session_event *ev = script_event(&s, SESSION_MESSAGE, 0);
	ck_assert(bytes_are(ev->packet.topic.p, ev->packet.topic.n, "EFBBBF 't'"));
	script_close(&s);
}
END_TEST

START_TEST(what_is_in_flight_waits_for_its_answer) /* [MQTT-4.1.0-1] */
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *one = script_send(&s, PACKET_PUBLISH, 1), *two = script_send(&s, PACKET_PUBLISH, 2);
	script_flush(&s);
	for (int i = 0; i < 50; i++) {
		script_due(&s, PING_AFTER_MS, 0);
		script_out(&s, "C000");
		script_in(&s, "D000 30 [0001 't' ~ 'm'] 40 02 0009 70 02 0009");
		script_event(&s, SESSION_PONG, 0);
		script_message(&s, 0, "m");
		script_quiet(&s);
	}
	ck_assert_uint_eq(s.flight.open, 2);
	script_in(&s, "50 02 0002 40 02 0001 70 02 0002");
	script_done(&s, one, 0);
	script_done(&s, two, 0);
	script_out(&s, "62 02 0002");
	script_close(&s);
}
END_TEST

START_TEST(an_expired_message_is_released_all_the_same) /* [MQTT-4.3.3-13] */
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	script_in(&s, "34 [0001 't' 0007 05 0200000001 'm']");
	script_message(&s, 2, "m");
	script_out(&s, "50 02 0007");
	script_pass(&s, 50000);
	script_in(&s, "3C [0001 't' 0007 05 0200000000 'm'] 62 02 0007");
	script_quiet(&s);
	script_out(&s, "50 02 0007 70 02 0007");
	script_close(&s);
}
END_TEST

START_TEST(pubrels_leave_in_the_order_of_the_pubrecs) /* [MQTT-4.6.0-4] */
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	for (int i = 0; i < 4; i++)
		script_send(&s, PACKET_PUBLISH, 2);
	script_flush(&s);
	script_in(&s, "50 02 0003 50 02 0001 50 02 0004 50 02 0002");
	script_quiet(&s);
	script_out(&s, "62 02 0003 62 02 0001 62 02 0004 62 02 0002");
	script_close(&s);
}
END_TEST

START_TEST(a_message_that_was_sent_does_not_expire) /* [MQTT-4.3.3-7] */
{
	struct packet    pk = {.type = PACKET_PUBLISH, .qos = 2, .topic = span_text("t", 0)};
	struct outgoing *o;
	struct script    s;
	script_up(&s, LEVEL_5, _i);
	pk.props.has = HAS(MESSAGE_EXPIRY);
	pk.props.message_expiry = 2;
	ck_assert_int_eq(outgoing_new(&o, &pk, LEVEL_5), 0);
	ck_assert_int_eq(session_send(&s.session, o), 0);
	script_out(&s, "34 [0001 't' 0001 05 0200000002]");
	script_drop(&s);
	s.now_ms += 10000;
	script_open(&s);
	script_connect(&s, 60, false);
	script_greet(&s, "20 [01 00 ~]");
	ck_assert_int_eq(session_resend(&s.session, s.flight.sent.prev), 0);
	script_out(&s, "3C [0001 't' 0001 05 0200000001]");
	script_in(&s, "50 02 0001 70 02 0001");
	script_done(&s, o, 0);
	script_out(&s, "62 02 0001");
	script_close(&s);
}
END_TEST

START_TEST(words_that_connect_did_not_want_end_the_connection) /* [MQTT-3.1.2-29] */
{
	static const struct {
		const char *packet;
		uint8_t     event; /* where they are not forbidden; SESSION_FAILED: they are */
	} rows[] = {
		{"40 [0001 00 04 1F 0001'r']", SESSION_FAILED},      {"50 [0002 00 07 26 0001'a' 0001'b']", SESSION_FAILED},
		{"62 [0009 00 04 1F 0001'r']", SESSION_FAILED},      {"70 [0009 00 07 26 0001'a' 0001'b']", SESSION_FAILED},
		{"90 [0003 04 1F 0001'r' 01]", SESSION_FAILED},      {"B0 [0004 07 26 0001'a' 0001'b' 00]", SESSION_FAILED},
		{"30 [0001 't' 07 26 0001'a' 0001'b' 'm']", SESSION_MESSAGE}, {"E0 [8B 04 1F 0001'r']", SESSION_BROKER_LEFT},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct script s;
		script_init(&s, LEVEL_5, _i);
		s.config.no_problem_info = true;
		script_open(&s);
		script_connect(&s, 60, true);
		script_greet(&s, "20 [0000 04 1F 0001'r']");
		script_send(&s, PACKET_PUBLISH, 1);
		script_send(&s, PACKET_PUBLISH, 2);
		script_send(&s, PACKET_SUBSCRIBE, 0);
		script_send(&s, PACKET_UNSUBSCRIBE, 0);
		script_flush(&s);
		script_in(&s, "%s", rows[i].packet);
		if (rows[i].event == SESSION_FAILED)
			script_fails(&s, REASON_PROTOCOL_ERROR);
		else
			script_event(&s, rows[i].event, rows[i].event == SESSION_MESSAGE ? 0 : MQTTWILL_EKICKED);
		script_flush(&s);
		script_close(&s);
	}
}
END_TEST

START_TEST(no_packet_is_too_small_for_the_limit) /* [MQTT-3.2.2-15] */
{
	struct script s;
	script_init(&s, LEVEL_5, _i);
	script_open(&s);
	script_connect(&s, 60, true);
	script_greet(&s, "20 [0000 05 2700000004]");
	const uint32_t expiry = 5;
	script_in(&s, "32 [0001 't' 0007 ~ 'm'] 62 02 0009"); /* PUBACK has four bytes, PUBCOMP with 0x92 five */
	script_message(&s, 1, "m");
	script_out(&s, "40 02 0007");
	script_event(&s, SESSION_FAILED, MQTTWILL_ETOOBIG);
	script_close(&s);

	script_init(&s, LEVEL_5, _i);
	script_open(&s);
	script_connect(&s, 60, true);
	script_greet(&s, "20 [0000 05 2700000003]");
	ck_assert_int_eq(session_ping(&s.session), 0);
	script_out(&s, "C000");
	script_in(&s, "32 [0001 't' 0007 ~ 'm']");
	script_event(&s, SESSION_MESSAGE, 0);
	ck_assert_int_eq(session_accept(&s.session, &s.event), MQTTWILL_ETOOBIG);
	ck_assert_int_eq(session_disconnect(&s.session, 0, &expiry), MQTTWILL_ETOOBIG);
	script_close(&s);
}
END_TEST

Suite *rules_suite(void)
{
	Suite *suite = suite_create("rules");
	TCase *tc = tcase_create("rules");
	tcase_add_loop_test(tc, before_connect_nothing_leaves, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, connect_is_sent_once, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_connack_above_our_limit_ends_the_attempt, 0, CUTS);
	tcase_add_loop_test(tc, a_byte_order_mark_stays_where_it_is, 0, 2 * CUTS);
	tcase_add_loop_test(tc, what_is_in_flight_waits_for_its_answer, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, an_expired_message_is_released_all_the_same, 0, CUTS);
	tcase_add_loop_test(tc, a_message_that_was_sent_does_not_expire, 0, CUTS);
	tcase_add_loop_test(tc, words_that_connect_did_not_want_end_the_connection, 0, CUTS);
	tcase_add_loop_test(tc, no_packet_is_too_small_for_the_limit, 0, CUTS);
	tcase_add_loop_test(tc, pubrels_leave_in_the_order_of_the_pubrecs, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
