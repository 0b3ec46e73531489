/* SPDX-License-Identifier: MIT */
/*
 * What we publish: the bytes at each QoS, each acknowledgement that may come, and those that may not.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdlib.h>

START_TEST(a_message_at_qos_0_is_written_and_stays_the_caller_s)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *o = script_send(&s, PACKET_PUBLISH, 0);
	ck_assert(o->end == s.session.committed);
	ck_assert_uint_eq(o->state, OUTGOING_QUEUED);
	ck_assert(list_empty(&s.flight.sent));
	script_out(&s, "30 [0001 't' ~ 'm']");
	ck_assert(o->end == s.session.sent);
	free(o);
	script_close(&s);
}
END_TEST

START_TEST(publish_writes_what_send_writes)
{
	struct packet pk = {.type = PACKET_PUBLISH, .retain = true, .topic = span_text("t", 0)};
	struct script s;
	script_up(&s, script_level(_i), _i);
	pk.payload = span_text("m", 0);
	ck_assert_int_eq(session_publish(&s.session, &pk), 0);
	script_out(&s, "31 [0001 't' ~ 'm']");
	script_close(&s);
}
END_TEST

START_TEST(qos_1_is_done_with_puback)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *o = script_send(&s, PACKET_PUBLISH, 1);
	script_out(&s, "32 [0001 't' 0001 ~ 'm']");
	script_in(&s, "40 02 0001");
	script_done(&s, o, 0);
	ck_assert_uint_eq(s.event.packet.reason, 0);
	script_close(&s);
}
END_TEST

START_TEST(qos_2_is_done_with_pubcomp)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *o = script_send(&s, PACKET_PUBLISH, 2);
	script_out(&s, "34 [0001 't' 0001 ~ 'm']");
	script_in(&s, "50 02 0001");
	script_quiet(&s);
	script_out(&s, "62 02 0001");
	ck_assert_uint_eq(o->state, OUTGOING_RELEASED);
	script_in(&s, "70 02 0001");
	script_done(&s, o, 0);
	script_close(&s);
}
END_TEST

static const struct {
	uint8_t     qos, reason;
	int         error;
	const char *ack;
} answers[] = {
	{1, 0x00, 0, "40 03 0001 00"},
	{1, 0x00, 0, "40 04 0001 00 00"},
	{1, 0x10, 0, "40 03 0001 10"},
	{1, 0x80, MQTTWILL_EDENIED, "40 03 0001 80"},
	{1, 0x87, MQTTWILL_EDENIED, "40 0B 0001 87 07 1F0004'deny'"},
	{1, 0x97, MQTTWILL_EDENIED, "40 0B 0001 97 07 26 0001'a' 0001'b'"},
	{2, 0x80, MQTTWILL_EDENIED, "50 03 0001 80"},
	{2, 0x90, MQTTWILL_EDENIED, "50 03 0001 90"},
	{2, 0x91, MQTTWILL_EDENIED, "50 04 0001 91 00"},
	{2, 0x99, MQTTWILL_EDENIED, "50 0B 0001 99 07 1F0004'deny'"},
};
enum { ANSWERS = sizeof answers / sizeof answers[0] };

START_TEST(an_acknowledgement_says_whether_the_broker_took_it) /* [MQTT-4.4.0-2]: no PUBREL after a failure */
{
	for (size_t i = 0; i < ANSWERS; i++) {
		struct script s;
		script_up(&s, LEVEL_5, _i);
		struct outgoing *o = script_send(&s, PACKET_PUBLISH, answers[i].qos);
		script_flush(&s);
		script_in(&s, "%s", answers[i].ack);
		script_done(&s, o, answers[i].error);
		ck_assert_uint_eq(s.event.packet.reason, answers[i].reason);
		ck_assert_uint_eq(s.flight.open, 0);
		script_close(&s);
	}
}
END_TEST

START_TEST(a_reason_in_pubrec_that_is_no_failure_goes_on_to_pubrel)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	struct outgoing *o = script_send(&s, PACKET_PUBLISH, 2);
	script_flush(&s);
	script_in(&s, "50 03 0001 10");
	script_quiet(&s);
	script_out(&s, "62 02 0001");
	ck_assert_uint_eq(o->reason, 0x10); /* told with its end */
	script_in(&s, "70 03 0001 92"); /* it has forgotten, but it had it at PUBREC */
	script_done(&s, o, 0);
	script_close(&s);
}
END_TEST

START_TEST(a_repeated_pubrec_is_answered_again)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *o = script_send(&s, PACKET_PUBLISH, 2);
	script_flush(&s);
	script_in(&s, "50 02 0001 50 02 0001");
	script_quiet(&s);
	script_out(&s, "62 02 0001 62 02 0001");
	script_in(&s, "70 02 0001 70 02 0001");
	script_done(&s, o, 0);
	script_quiet(&s);
	script_close(&s);
}
END_TEST

START_TEST(pubrec_for_an_id_that_is_not_in_use_is_answered)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "50 02 0009");
	script_quiet(&s);
	script_out(&s, "%s", s.config.level == LEVEL_5 ? "62 03 0009 92" : "62 02 0009");
	script_close(&s);
}
END_TEST

START_TEST(a_pubrec_that_refuses_an_id_not_in_use_ends_there)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	script_in(&s, "50 03 0009 87");
	script_quiet(&s);
	script_close(&s);
}
END_TEST

START_TEST(puback_and_pubcomp_for_an_id_that_is_not_in_use_are_let_pass)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "40 02 0009 70 02 0009");
	script_quiet(&s);
	script_close(&s);
}
END_TEST

START_TEST(after_disconnect_nothing_is_sent) /* [MQTT-3.14.4-1] */
{
	struct packet pk = {.type = PACKET_PUBLISH, .topic = span_text("t", 0)};
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "32 [0001 't' 0007 ~ 'm']");
	script_event(&s, SESSION_MESSAGE, 0);
	struct outgoing *in_flight = script_send(&s, PACKET_PUBLISH, 1);
	script_flush(&s);
	ck_assert_int_eq(session_disconnect(&s.session, 0, NULL), 0);
	script_out(&s, "E000");
	for (uint8_t qos = 0; qos <= 2; qos++) {
		struct outgoing *o = script_make(&s, PACKET_PUBLISH, qos);
		ck_assert_int_eq(session_send(&s.session, o), MQTTWILL_ESTATE);
		free(o);
		ck_assert(!session_has_room(&s.session, qos, true));
	}
	ck_assert_int_eq(session_publish(&s.session, &pk), MQTTWILL_ESTATE);
	ck_assert_int_eq(session_ping(&s.session), MQTTWILL_ESTATE);
	ck_assert_int_eq(session_resend(&s.session, &in_flight->link), MQTTWILL_ESTATE);
	ck_assert_int_eq(session_accept(&s.session, &s.event), 0);
	ck_assert_uint_eq(s.flight.open, 1);
	script_close(&s);
}
END_TEST

/* ---- Many at once ---- */

enum { MANY = 60 };

struct exchange {
	struct outgoing *o;
	uint16_t         id;
	uint8_t          qos, steps; /* how many answers it has had */
};

static void begin(struct script *s, struct exchange *x)
{
	x->qos = (uint8_t)(1 + dice_roll(&s->dice, 2));
	x->o = script_send(s, PACKET_PUBLISH, x->qos);
	x->id = x->o->id;
	script_out(s, "%s [0001 't' %04X ~ 'm']", x->qos == 1 ? "32" : "34", x->id);
}

static bool answer(struct script *s, struct exchange *x)
{
	bool last = x->steps + 1 == x->qos;
	script_in(s, "%s 02 %04X", x->qos == 1 ? "40" : last ? "70" : "50", x->id);
	x->steps++;
	if (last) {
		script_done(s, x->o, 0);
	} else {
		script_quiet(s);
		script_out(s, "62 02 %04X", x->id);
	}
	return last;
}

START_TEST(acknowledgements_may_come_in_any_order)
{
	struct exchange open[MANY];
	struct script   s;
	size_t          n = 0, left = 3 * MANY;
	script_up(&s, script_level(_i), _i);
	while (n || left) {
		bool more = left && n < MANY && (n == 0 || dice_chance(&s.dice, 60));
		if (more) {
			open[n] = (struct exchange){0};
			begin(&s, &open[n++]);
			left--;
			continue;
		}
		size_t i = dice_roll(&s.dice, (uint32_t)n);
		if (answer(&s, &open[i]))
			open[i] = open[--n];
	}
	ck_assert(list_empty(&s.flight.sent));
	ck_assert_uint_eq(s.flight.open, 0);
	ck_assert_uint_eq(s.flight.out.count, 0);
	script_close(&s);
}
END_TEST

START_TEST(answers_in_one_piece_are_told_one_by_one)
{
	struct outgoing *o[4];
	struct script    s;
	script_up(&s, script_level(_i), _i);
	for (int i = 0; i < 4; i++)
		o[i] = script_send(&s, PACKET_PUBLISH, 1);
	script_flush(&s);
	script_in(&s, "40 02 0004 40 02 0002 40 02 0001 40 02 0003");
	script_done(&s, o[3], 0);
	ck_assert_uint_eq(s.flight.open, 3);
	script_done(&s, o[1], 0);
	script_done(&s, o[0], 0);
	script_done(&s, o[2], 0);
	script_close(&s);
}
END_TEST

Suite *outbound_suite(void)
{
	Suite *suite = suite_create("outbound");
	TCase *tc = tcase_create("outbound");
	tcase_add_loop_test(tc, a_message_at_qos_0_is_written_and_stays_the_caller_s, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, publish_writes_what_send_writes, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, qos_1_is_done_with_puback, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, qos_2_is_done_with_pubcomp, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, an_acknowledgement_says_whether_the_broker_took_it, 0, CUTS);
	tcase_add_loop_test(tc, a_reason_in_pubrec_that_is_no_failure_goes_on_to_pubrel, 0, CUTS);
	tcase_add_loop_test(tc, a_repeated_pubrec_is_answered_again, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, pubrec_for_an_id_that_is_not_in_use_is_answered, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_pubrec_that_refuses_an_id_not_in_use_ends_there, 0, CUTS);
	tcase_add_loop_test(tc, puback_and_pubcomp_for_an_id_that_is_not_in_use_are_let_pass, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, after_disconnect_nothing_is_sent, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, acknowledgements_may_come_in_any_order, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, answers_in_one_piece_are_told_one_by_one, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
