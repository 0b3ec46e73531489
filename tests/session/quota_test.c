/* SPDX-License-Identifier: MIT */
/*
 * How much may be on its way: the broker's Receive Maximum with the slot kept for presence, our soft limit of output,
 * and messages that the broker has said it does not take.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdlib.h>

static void up_with(struct script *s, bool reserve, const char *connack, int i)
{
	script_init(s, LEVEL_5, i);
	s->config.reserve = reserve;
	script_open(s);
	script_connect(s, 60, true);
	script_greet(s, connack);
}

static void check_room(const struct script *s, bool application, bool presence)
{
	for (uint8_t qos = 1; qos <= 2; qos++) {
		ck_assert_int_eq(session_has_room(&s->session, qos, false), application);
		ck_assert_int_eq(session_has_room(&s->session, qos, true), presence);
	}
	ck_assert(session_has_room(&s->session, 0, false));
	ck_assert(session_has_room(&s->session, 0, true));
}

START_TEST(a_slot_is_taken_by_publish_and_given_back_by_the_last_answer) /* [MQTT-4.9.0-2] */
{
	struct script s;
	up_with(&s, false, "20 [0000 03 210002]", _i);
	struct outgoing *one = script_send(&s, PACKET_PUBLISH, 1);
	check_room(&s, true, true);
	struct outgoing *two = script_send(&s, PACKET_PUBLISH, 2);
	check_room(&s, false, false);
	script_flush(&s);
	script_in(&s, "50 02 0002");
	script_quiet(&s);
	script_flush(&s);
	check_room(&s, false, false);
	script_in(&s, "70 02 0002");
	script_done(&s, two, 0);
	check_room(&s, true, true);
	struct outgoing *three = script_send(&s, PACKET_PUBLISH, 2);
	check_room(&s, false, false);
	script_flush(&s);
	script_in(&s, "50 03 0003 97 40 02 0001");
	script_done(&s, three, MQTTWILL_EDENIED);
	check_room(&s, true, true);
	script_done(&s, one, 0);
	script_close(&s);
}
END_TEST

START_TEST(one_slot_is_kept_for_presence)
{
	struct script s;
	up_with(&s, true, "20 [0000 03 210003]", _i);
	script_send(&s, PACKET_PUBLISH, 1);
	check_room(&s, true, true);
	script_send(&s, PACKET_PUBLISH, 2);
	check_room(&s, false, true);
	struct outgoing *birth = script_send(&s, PACKET_PUBLISH, 1);
	check_room(&s, false, false);
	script_flush(&s);
	script_in(&s, "40 02 0003");
	script_done(&s, birth, 0);
	check_room(&s, false, true);
	script_close(&s);
}
END_TEST

START_TEST(a_single_slot_is_shared)
{
	struct script s;
	up_with(&s, true, "20 [0000 03 210001]", _i);
	check_room(&s, true, true);
	script_send(&s, PACKET_PUBLISH, 1);
	check_room(&s, false, false);
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(the_smaller_of_our_own_limit_and_the_broker_s_holds)
{
	static const struct {
		uint16_t    ours;
		const char *connack;
		uint16_t    quota;
	} rows[] = {
		{0, "20 [0000 ~]", 65535},          {2, "20 [0000 ~]", 2},
		{2, "20 [0000 03 210003]", 2},      {3, "20 [0000 03 210002]", 2},
		{0, "20 [0000 03 210002]", 2},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct script s;
		script_init(&s, LEVEL_5, _i);
		s.config.send_maximum = rows[i].ours;
		script_open(&s);
		script_connect(&s, 60, true);
		script_greet(&s, rows[i].connack);
		ck_assert_uint_eq(s.session.quota, rows[i].quota);
		for (int k = 0; k < 2; k++)
			script_send(&s, PACKET_PUBLISH, 1);
		check_room(&s, rows[i].quota > 2, rows[i].quota > 2);
		script_flush(&s);
		script_close(&s);
	}
}
END_TEST

START_TEST(requests_and_qos_0_take_no_slot) /* [MQTT-4.9.0-3] */
{
	struct script s;
	up_with(&s, false, "20 [0000 03 210001]", _i);
	script_send(&s, PACKET_SUBSCRIBE, 0);
	script_send(&s, PACKET_UNSUBSCRIBE, 0);
	free(script_send(&s, PACKET_PUBLISH, 0));
	check_room(&s, true, true);
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(with_the_quota_used_up_all_else_is_answered) /* [MQTT-4.9.0-3] */
{
	struct script s;
	up_with(&s, false, "20 [0000 03 210001]", _i);
	script_send(&s, PACKET_PUBLISH, 2);
	script_flush(&s);
	script_in(&s, "32 [0001 't' 0009 ~ 'm'] 34 [0001 't' 0008 ~ 'm'] 62 02 0008");
	script_message(&s, 1, "m");
	script_message(&s, 2, "m");
	script_quiet(&s);
	script_out(&s, "40 02 0009 50 02 0008 70 02 0008");
	script_close(&s);
}
END_TEST

START_TEST(above_the_soft_limit_of_output_the_application_waits)
{
	static char    payload[1000];
	struct packet  pk = {.type = PACKET_PUBLISH, .topic = span_text("t", 0)};
	const uint8_t *out;
	struct script  s;
	pk.payload = span_of(payload, sizeof payload);
	script_up(&s, script_level(_i), _i);
	while (session_has_room(&s.session, 0, false))
		ck_assert_int_eq(session_publish(&s.session, &pk), 0);
	size_t n = session_output(&s.session, &out);
	ck_assert_uint_ge(n, SESSION_OUTPUT_SOFT);
	ck_assert_uint_lt(n, SESSION_OUTPUT_SOFT + 1100);
	for (uint8_t qos = 0; qos <= 2; qos++) {
		ck_assert(!session_has_room(&s.session, qos, false));
		ck_assert(session_has_room(&s.session, qos, true));
	}
	session_sent(&s.session, n - SESSION_OUTPUT_SOFT + 1, s.now_ms);
	ck_assert(session_has_room(&s.session, 0, false));
	ck_assert(session_has_room(&s.session, 2, false));
	script_flush(&s);
	script_close(&s);
}
END_TEST

static void refused(struct script *s, struct outgoing *o, int error)
{
	ck_assert_int_eq(session_send(&s->session, o), error);
	ck_assert_uint_eq(o->state, OUTGOING_QUEUED);
	ck_assert_uint_eq(s->flight.open, 0);
	ck_assert_uint_eq(s->flight.out.count, 0);
	ck_assert(list_empty(&s->flight.sent));
	script_out(s, "%s", "");
	free(o);
}

START_TEST(what_is_larger_than_the_broker_takes_is_not_sent) /* [MQTT-3.2.2-15] */
{
	struct packet pk = {.type = PACKET_PUBLISH, .topic = span_text("t", 0), .payload = span_text("mm", 0)};
	struct script s;
	up_with(&s, false, "20 [0000 05 2700000009]", _i); /* "m" at QoS 1 is 9 bytes */
	free(script_send(&s, PACKET_PUBLISH, 0));
	script_flush(&s);
	struct outgoing *o;
	pk.qos = 1;
	ck_assert_int_eq(outgoing_new(&o, &pk, LEVEL_5), 0);
	refused(&s, o, MQTTWILL_ETOOBIG);
	pk.qos = 0;
	pk.payload = span_text("mmmm", 0);
	ck_assert_int_eq(session_publish(&s.session, &pk), MQTTWILL_ETOOBIG);
	ck_assert_int_eq(outgoing_new(&o, &pk, LEVEL_5), 0);
	refused(&s, o, MQTTWILL_ETOOBIG);
	const struct filter filter = {span_text("long", 0), 0};
	pk = (struct packet){.type = PACKET_UNSUBSCRIBE, .filters = &filter, .count = 1};
	ck_assert_int_eq(outgoing_new(&o, &pk, LEVEL_5), 0);
	refused(&s, o, MQTTWILL_ETOOBIG);
	script_send(&s, PACKET_PUBLISH, 1);
	script_out(&s, "32 07 0001 't' 0001 00 'm'");
	script_close(&s);
}
END_TEST

START_TEST(a_qos_or_retain_that_the_broker_does_not_know_is_not_sent) /* [MQTT-3.2.2-11], [MQTT-3.2.2-14] */
{
	struct packet    pk = {.type = PACKET_PUBLISH, .retain = true, .topic = span_text("t", 0)};
	struct outgoing *o;
	struct script    s;
	up_with(&s, false, "20 [0000 04 2400 2500]", _i);
	refused(&s, script_make(&s, PACKET_PUBLISH, 1), MQTTWILL_EMESSAGE);
	refused(&s, script_make(&s, PACKET_PUBLISH, 2), MQTTWILL_EMESSAGE);
	ck_assert_int_eq(session_publish(&s.session, &pk), MQTTWILL_EMESSAGE);
	ck_assert_int_eq(outgoing_new(&o, &pk, LEVEL_5), 0);
	refused(&s, o, MQTTWILL_EMESSAGE);
	script_send(&s, PACKET_SUBSCRIBE, 0); /* its first byte says 2, which is no QoS */
	script_out(&s, "82 [0001 ~ 0001 'f' 01]");
	script_close(&s);
}
END_TEST

START_TEST(a_message_longer_than_mqtt_can_say_is_not_made)
{
	struct packet    pk = {.type = PACKET_PUBLISH, .qos = 1, .topic = span_text("t", 0)};
	struct outgoing *o = (struct outgoing *)&pk;
	struct script    s;
	script_up(&s, script_level(_i), _i);
	pk.payload = span_of("", REMAINING_MAX);
	ck_assert_int_eq(outgoing_new(&o, &pk, s.config.level), MQTTWILL_EMESSAGE);
	ck_assert_ptr_null(o);
	pk.qos = 0;
	ck_assert_int_eq(session_publish(&s.session, &pk), MQTTWILL_EMESSAGE);
	script_close(&s);
}
END_TEST

Suite *quota_suite(void)
{
	Suite *suite = suite_create("quota");
	TCase *tc = tcase_create("quota");
	tcase_add_loop_test(tc, a_slot_is_taken_by_publish_and_given_back_by_the_last_answer, 0, CUTS);
	tcase_add_loop_test(tc, one_slot_is_kept_for_presence, 0, CUTS);
	tcase_add_loop_test(tc, a_single_slot_is_shared, 0, CUTS);
	tcase_add_loop_test(tc, the_smaller_of_our_own_limit_and_the_broker_s_holds, 0, CUTS);
	tcase_add_loop_test(tc, requests_and_qos_0_take_no_slot, 0, CUTS);
	tcase_add_loop_test(tc, with_the_quota_used_up_all_else_is_answered, 0, CUTS);
	tcase_add_loop_test(tc, above_the_soft_limit_of_output_the_application_waits, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, what_is_larger_than_the_broker_takes_is_not_sent, 0, CUTS);
	tcase_add_loop_test(tc, a_qos_or_retain_that_the_broker_does_not_know_is_not_sent, 0, CUTS);
	tcase_add_loop_test(tc, a_message_longer_than_mqtt_can_say_is_not_made, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
