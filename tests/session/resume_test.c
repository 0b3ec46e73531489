/* SPDX-License-Identifier: MIT */
/*
 * A session resumed on a new connection: what was in flight is sent again in its order, as DUP or as PUBREL, and
 * nothing that was first sent on this connection.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdlib.h>

/* A new connection with the old session. */
static void again(struct script *s)
{
	script_drop(s);
	script_open(s);
	script_connect(s, 60, false);
	script_greet(s, s->config.level == LEVEL_31 ? "20 02 00 00" : "20 [01 00 ~]");
}

static void resend_all(struct script *s)
{
	ck_assert_int_eq(session_resend(&s->session, s->flight.sent.prev), 0);
}

START_TEST(an_empty_flight_sends_nothing_again)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	again(&s);
	resend_all(&s);
	script_close(&s);
}
END_TEST

START_TEST(what_was_not_answered_is_sent_again_as_a_duplicate) /* [MQTT-4.4.0-1], [MQTT-3.3.1-1] */
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *one = script_send(&s, PACKET_PUBLISH, 1);
	struct outgoing *two = script_send(&s, PACKET_PUBLISH, 2);
	again(&s); /* not even written on the first connection */
	script_out(&s, "%s", "");
	resend_all(&s);
	script_out(&s, "3A [0001 't' 0001 ~ 'm'] 3C [0001 't' 0002 ~ 'm']");
	script_in(&s, "50 02 0002 40 02 0001");
	script_done(&s, one, 0);
	script_out(&s, "62 02 0002");
	script_in(&s, "70 02 0002");
	script_done(&s, two, 0);
	script_close(&s);
}
END_TEST

START_TEST(what_was_released_is_sent_again_as_pubrel)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *o = script_send(&s, PACKET_PUBLISH, 2);
	script_flush(&s);
	script_in(&s, "50 02 0001");
	script_quiet(&s);
	for (int i = 0; i < 3; i++) {
		again(&s);
		resend_all(&s);
		script_out(&s, "62 02 0001");
	}
	script_in(&s, "70 02 0001");
	script_done(&s, o, 0);
	script_close(&s);
}
END_TEST

START_TEST(the_original_order_is_kept_whatever_was_answered) /* [MQTT-4.6.0-1] */
{
	struct outgoing *o[6];
	struct script    s;
	script_up(&s, script_level(_i), _i);
	for (int i = 0; i < 6; i++)
		o[i] = script_send(&s, PACKET_PUBLISH, (uint8_t)(1 + i % 2));
	script_flush(&s);
	script_in(&s, "50 02 0006 50 02 0002 40 02 0003"); /* 6 and 2 are released, 3 is done */
	script_done(&s, o[2], 0);
	script_flush(&s);
	for (int i = 0; i < 2; i++) {
		again(&s);
		resend_all(&s);
		script_out(&s, "3A [0001 't' 0001 ~ 'm'] 62 02 0002 "
		               "3C [0001 't' 0004 ~ 'm'] 3A [0001 't' 0005 ~ 'm'] 62 02 0006");
	}
	script_close(&s);
}
END_TEST

START_TEST(what_was_sent_on_this_connection_is_not_sent_again)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_send(&s, PACKET_PUBLISH, 1);
	script_flush(&s);
	again(&s);
	const struct list *last = s.flight.sent.prev;
	script_send(&s, PACKET_PUBLISH, 1); /* the birth */
	script_out(&s, "32 [0001 't' 0002 ~ 'm']");
	ck_assert_int_eq(session_resend(&s.session, last), 0);
	script_out(&s, "3A [0001 't' 0001 ~ 'm']");
	script_close(&s);
}
END_TEST

/* [MQTT-3.3.4-7]: the limit of the new connection holds, and its acknowledgements let the rest follow, in order. */
START_TEST(what_is_sent_again_keeps_to_the_new_receive_maximum)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	for (int i = 0; i < 3; i++)
		script_send(&s, PACKET_PUBLISH, 1);
	script_flush(&s);
	script_drop(&s);
	script_open(&s);
	script_connect(&s, 60, false);
	script_greet(&s, "20 [01 00 03 21 0002]");
	resend_all(&s);
	script_out(&s, "3A [0001 't' 0001 ~ 'm'] 3A [0001 't' 0002 ~ 'm']");
	ck_assert(!session_has_room(&s.session, 0, false));
	script_in(&s, "40 02 0001");
	free(script_event(&s, SESSION_DONE, 0)->outgoing);
	script_out(&s, "3A [0001 't' 0003 ~ 'm']");
	ck_assert(session_has_room(&s.session, 0, false));
	script_close(&s);
}
END_TEST

START_TEST(a_connection_that_died_halfway_leaves_no_mark_on_the_next)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	for (int i = 0; i < 2; i++)
		script_send(&s, PACKET_PUBLISH, 1);
	script_flush(&s);
	script_drop(&s);
	script_open(&s);
	script_connect(&s, 60, false);
	script_greet(&s, "20 [01 00 03 21 0001]");
	resend_all(&s);
	script_out(&s, "3A [0001 't' 0001 ~ 'm']"); /* the other one waits when the connection goes */
	again(&s);
	script_in(&s, "40 02 0002");
	free(script_event(&s, SESSION_DONE, 0)->outgoing);
	ck_assert_uint_eq(s.session.waiting, 0);
	ck_assert_uint_eq(s.session.waiting_open, 0);
	ck_assert(session_has_room(&s.session, 1, false));
	script_close(&s);
}
END_TEST

START_TEST(with_nothing_to_send_again_the_birth_stays_alone)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	again(&s);
	const struct list *last = s.flight.sent.prev;
	script_send(&s, PACKET_PUBLISH, 2);
	script_flush(&s);
	ck_assert_int_eq(session_resend(&s.session, last), 0);
	script_out(&s, "%s", "");
	script_close(&s);
}
END_TEST

START_TEST(the_identifiers_of_the_old_connection_are_still_in_use)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_send(&s, PACKET_PUBLISH, 1);
	again(&s);
	s.flight.last_id = 0;
	ck_assert_uint_eq(script_send(&s, PACKET_PUBLISH, 1)->id, 2);
	ck_assert_uint_eq(s.flight.open, 2);
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(a_message_taken_back_and_sent_anew_is_no_duplicate) /* [MQTT-4.3.2-2] */
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *o = script_send(&s, PACKET_PUBLISH, 1);
	again(&s);
	resend_all(&s);
	script_flush(&s);
	flight_leave(&s.flight, o);
	ck_assert_uint_eq(s.flight.open, 0);
	ck_assert_int_eq(session_send(&s.session, o), 0);
	script_out(&s, "32 [0001 't' 0002 ~ 'm']");
	script_close(&s);
}
END_TEST

START_TEST(only_a_publish_has_a_dup_flag)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_send(&s, PACKET_SUBSCRIBE, 0);
	script_send(&s, PACKET_UNSUBSCRIBE, 0);
	again(&s);
	resend_all(&s);
	script_out(&s, "82 [0001 ~ 0001 'f' 01] A2 [0002 ~ 0001 'f']");
	script_close(&s);
}
END_TEST

START_TEST(qos_2_received_before_is_not_delivered_again)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "34 [0001 't' 0007 ~ 'm']");
	script_message(&s, 2, "m"); /* PUBREC is lost with the connection */
	again(&s);
	script_in(&s, "3C [0001 't' 0007 ~ 'm']");
	script_quiet(&s);
	script_out(&s, "50 02 0007");
	again(&s);
	script_in(&s, "62 02 0007");
	script_quiet(&s);
	script_out(&s, "70 02 0007");
	script_close(&s);
}
END_TEST

START_TEST(half_a_packet_of_the_old_connection_is_forgotten)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "30 20 0001 't'");
	script_quiet(&s);
	again(&s);
	script_in(&s, "30 [0001 't' ~ 'm']");
	script_message(&s, 0, "m");
	script_close(&s);
}
END_TEST

Suite *resume_suite(void)
{
	Suite *suite = suite_create("resume");
	TCase *tc = tcase_create("resume");
	tcase_add_loop_test(tc, an_empty_flight_sends_nothing_again, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, what_was_not_answered_is_sent_again_as_a_duplicate, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, what_was_released_is_sent_again_as_pubrel, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, the_original_order_is_kept_whatever_was_answered, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, what_was_sent_on_this_connection_is_not_sent_again, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, what_is_sent_again_keeps_to_the_new_receive_maximum, 0, CUTS);
	tcase_add_loop_test(tc, a_connection_that_died_halfway_leaves_no_mark_on_the_next, 0, CUTS);
	tcase_add_loop_test(tc, with_nothing_to_send_again_the_birth_stays_alone, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, the_identifiers_of_the_old_connection_are_still_in_use, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_message_taken_back_and_sent_anew_is_no_duplicate, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, only_a_publish_has_a_dup_flag, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, qos_2_received_before_is_not_delivered_again, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, half_a_packet_of_the_old_connection_is_forgotten, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
