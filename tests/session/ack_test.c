/* SPDX-License-Identifier: MIT */
/*
 * Messages that wait for the application: nothing is acknowledged before it says so, nothing out of order, nothing twice.
 */
#include "session/script.h"
#include "session/suites.h"
#include "support/alloc.h"

static void manual_up(struct script *s, uint8_t level, int i)
{
	script_init(s, level, i);
	s->config.manual_ack = true;
	script_open(s);
	script_connect(s, 60, true);
	script_greet(s, "20 [0000 ~]");
}

/* The next message; it is held. */
static int64_t held(struct script *s, const char *payload)
{
	struct session_event *ev = script_event(s, SESSION_MESSAGE, 0);
	ck_assert_mem_eq(ev->packet.payload.p, payload, ev->packet.payload.n);
	int64_t handle = session_hold(&s->session, ev);
	ck_assert_int_gt(handle, ev->packet.qos ? 0 : -1);
	return handle;
}

#define settles(s, handle, reason) ck_assert_int_eq(session_settle(&(s)->session, (handle), (reason)), 0)

START_TEST(nothing_is_acknowledged_before_the_application_says_so)
{
	struct script s;
	manual_up(&s, script_level(_i), _i);
	script_in(&s, "30 [0001 't' ~ 'a'] 32 [0001 't' 0007 ~ 'b'] 34 [0001 't' 0008 ~ 'c']");
	ck_assert_int_eq(held(&s, "a"), 0);
	int64_t b = held(&s, "b"), c = held(&s, "c");
	script_quiet(&s);
	script_out(&s, "%s", "");
	settles(&s, b, 0);
	script_out(&s, "40 02 0007");
	settles(&s, c, 0);
	script_out(&s, "50 02 0008");
	script_in(&s, "62 02 0008");
	script_quiet(&s);
	script_out(&s, "70 02 0008");
	script_close(&s);
}
END_TEST

/* [MQTT-4.6.0-2], [MQTT-4.6.0-3]; the two kinds do not wait for each other */
START_TEST(what_is_acknowledged_out_of_order_waits_for_its_turn)
{
	struct script s;
	manual_up(&s, script_level(_i), _i);
	script_in(&s, "32 [0001 't' 0009 ~ 'a'] 34 [0001 't' 0003 ~ 'b'] 32 [0001 't' 0001 ~ 'c'] 34 [0001 't' 0002 ~ 'd']");
	int64_t a = held(&s, "a"), b = held(&s, "b"), c = held(&s, "c"), d = held(&s, "d");
	settles(&s, c, 0);
	settles(&s, d, 0);
	script_out(&s, "%s", "");
	settles(&s, b, 0);
	script_out(&s, "50 02 0003 50 02 0002");
	settles(&s, a, 0);
	script_out(&s, "40 02 0009 40 02 0001");
	script_close(&s);
}
END_TEST

START_TEST(every_order_of_acknowledging_gives_the_order_of_the_messages)
{
	enum { N = 4, ORDERS = 24 };
	for (int order = 0; order < ORDERS; order++) {
		struct script s;
		int64_t       handles[N];
		int           left[N] = {0, 1, 2, 3}, digits = order;
		manual_up(&s, script_level(_i), _i);
		for (int i = 0; i < N; i++) {
			script_in(&s, "32 [0001 't' %04X ~ 'm']", 0x20u - (unsigned)i);
			handles[i] = held(&s, "m");
		}
		for (int n = N; n > 0; n--) {
			int k = digits % n;
			digits /= n;
			settles(&s, handles[left[k]], 0);
			for (; k + 1 < n; k++)
				left[k] = left[k + 1];
		}
		script_out(&s, "40 02 0020 40 02 001F 40 02 001E 40 02 001D");
		script_close(&s);
	}
}
END_TEST

START_TEST(a_message_that_is_not_taken_is_told_why)
{
	struct script s;
	manual_up(&s, LEVEL_5, _i);
	script_in(&s, "32 [0001 't' 0007 ~ 'a'] 34 [0001 't' 0008 ~ 'b']");
	int64_t a = held(&s, "a"), b = held(&s, "b");
	settles(&s, a, REASON_QUOTA);
	script_out(&s, "40 03 0007 97");
	settles(&s, b, REASON_NOT_AUTHORIZED);
	script_out(&s, "50 03 0008 87");
	ck_assert_uint_eq(s.flight.in.count, 0); /* there will be no PUBREL */
	script_in(&s, "34 [0001 't' 0008 ~ 'new']"); /* [MQTT-4.3.3-9] */
	settles(&s, held(&s, "new"), 0);
	script_out(&s, "50 02 0008");
	script_close(&s);
}
END_TEST

START_TEST(a_message_that_waits_does_not_come_twice)
{
	struct script s;
	manual_up(&s, script_level(_i), _i);
	script_in(&s, "34 [0001 't' 0007 ~ 'a'] 3C [0001 't' 0007 ~ 'a'] 32 [0001 't' 0008 ~ 'b'] 3A [0001 't' 0008 ~ 'b']");
	int64_t a = held(&s, "a"), b = held(&s, "b");
	script_quiet(&s);
	script_out(&s, "%s", "");
	settles(&s, a, 0);
	settles(&s, b, 0);
	script_out(&s, "50 02 0007 40 02 0008");
	script_in(&s, "3C [0001 't' 0007 ~ 'a'] 32 [0001 't' 0008 ~ 'new']"); /* known; and a new message [MQTT-4.3.2-5] */
	settles(&s, held(&s, "new"), 0);
	script_out(&s, "50 02 0007 40 02 0008");
	script_close(&s);
}
END_TEST

START_TEST(what_is_known_already_is_answered_in_its_turn)
{
	struct script s;
	manual_up(&s, script_level(_i), _i);
	script_in(&s, "34 [0001 't' 0001 ~ 'a']");
	settles(&s, held(&s, "a"), 0);
	script_out(&s, "50 02 0001");
	script_in(&s, "34 [0001 't' 0002 ~ 'b'] 3C [0001 't' 0001 ~ 'a']");
	int64_t b = held(&s, "b");
	script_quiet(&s);
	script_out(&s, "%s", "");
	settles(&s, b, 0);
	script_out(&s, "50 02 0002 50 02 0001");
	script_close(&s);
}
END_TEST

START_TEST(a_handle_counts_once_and_on_its_own_connection)
{
	struct script s;
	manual_up(&s, LEVEL_5, _i);
	script_in(&s, "32 [0001 't' 0001 ~ 'a'] 32 [0001 't' 0002 ~ 'b']");
	int64_t a = held(&s, "a"), b = held(&s, "b");
	settles(&s, b, 0);
	ck_assert_int_eq(session_settle(&s.session, b, 0), MQTTWILL_EINVAL);
	settles(&s, a, 0);
	script_out(&s, "40 02 0001 40 02 0002");
	const int64_t wrong[] = {a, b, b + 1, b + 2, 0, 1, -1, INT64_MAX, INT64_MIN};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ck_assert_int_lt(session_settle(&s.session, wrong[i], 0), 0);
	script_in(&s, "32 [0001 't' 0003 ~ 'c']");
	int64_t c = held(&s, "c");
	script_quiet(&s);
	script_drop(&s);
	script_open(&s);
	script_connect(&s, 60, false);
	script_greet(&s, "20 [0100 ~]");
	ck_assert_int_eq(session_settle(&s.session, c, 0), MQTTWILL_ESTATE);
	script_in(&s, "3A [0001 't' 0003 ~ 'c']");
	int64_t again = held(&s, "c");
	ck_assert_int_gt(again, c);
	ck_assert_int_eq(session_settle(&s.session, c, 0), MQTTWILL_ESTATE);
	script_out(&s, "%s", "");
	settles(&s, again, 0);
	script_out(&s, "40 02 0003");
	script_close(&s);
}
END_TEST

START_TEST(our_receive_maximum_bounds_what_waits) /* [MQTT-3.3.4-9] */
{
	struct script s;
	manual_up(&s, LEVEL_5, _i);
	for (unsigned id = 1; id <= RECEIVE_MAXIMUM; id++) {
		script_in(&s, "%s [0001 't' %04X ~ 'm']", id % 2 ? "32" : "34", id);
		held(&s, "m");
	}
	script_in(&s, "30 [0001 't' ~ 'm']");
	held(&s, "m");
	script_in(&s, "32 [0001 't' 0100 ~ 'm']");
	script_fails(&s, REASON_RECEIVE_MAXIMUM);
	script_close(&s);
}
END_TEST

START_TEST(before_mqtt_5_identifiers_bound_what_waits)
{
	enum { MANY = 300 };
	struct script s;
	int64_t       handles[MANY];
	manual_up(&s, script_level(_i), _i);
	for (unsigned i = 0; i < MANY; i++) {
		script_in(&s, "32 [0001 't' %04X ~ 'm']", i + 1);
		handles[i] = held(&s, "m");
	}
	for (unsigned i = MANY; i-- > 1;)
		settles(&s, handles[i], 0);
	script_out(&s, "%s", "");
	settles(&s, handles[0], 0);
	const uint8_t *out;
	ck_assert_uint_eq(session_output(&s.session, &out), 4 * MANY);
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_uint_eq(get_u16(out + 4 * i + 2), i + 1);
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(an_oversize_message_is_acknowledged_behind_those_that_wait)
{
	struct script s;
	manual_up(&s, script_level(_i), _i);
	script_in(&s, "32 [0001 't' 0001 ~ 'a'] 32 F801 0001 't' 0002");
	int64_t a = held(&s, "a");
	for (int i = 0; i < 243; i++)
		script_in(&s, "00");
	script_event(&s, SESSION_OVERSIZE, 0);
	script_out(&s, "%s", "");
	settles(&s, a, 0);
	script_out(&s, "40 02 0001 40 02 0002");
	script_close(&s);
}
END_TEST

START_TEST(in_steady_state_nothing_is_allocated)
{
	struct script s;
	manual_up(&s, LEVEL_5, _i);
	for (unsigned n = 0; n < 50; n++) {
		script_in(&s, "32 [0001 't' %04X ~ 'm'] 34 [0001 't' %04X ~ 'm'] 62 02 %04X", 2 * n + 1, 2 * n + 2, 2 * n + 2);
		for (int i = 0; i < 2; i++) {
			struct session_event *ev = script_event(&s, SESSION_MESSAGE, 0);
			if (n > 10)
				alloc_fail(1);
			int  rc = session_settle(&s.session, session_hold(&s.session, ev), 0);
			bool refused = alloc_stop();
			ck_assert(rc == 0 && !refused);
		}
		script_quiet(&s);
		script_flush(&s);
	}
	script_close(&s);
}
END_TEST

START_TEST(without_memory_an_acknowledgement_can_be_given_again)
{
	struct script s;
	manual_up(&s, LEVEL_5, _i);
	script_in(&s, "34 [0001 't' 0001 ~ 'a'] 34 [0001 't' 0002 ~ 'b']");
	struct session_event *ev = script_event(&s, SESSION_MESSAGE, 0);
	alloc_fail(1);
	int rc = (int)session_hold(&s.session, ev);
	alloc_stop();
	ck_assert_int_eq(rc, MQTTWILL_ENOMEM);
	int64_t a = session_hold(&s.session, ev), b = held(&s, "b");
	settles(&s, b, 0);
	buf_relax(&s.session.out);
	alloc_fail(1);
	rc = session_settle(&s.session, a, 0);
	alloc_stop();
	ck_assert_int_eq(rc, MQTTWILL_ENOMEM);
	script_out(&s, "%s", "");
	settles(&s, a, 0);
	script_out(&s, "50 02 0001 50 02 0002");
	script_close(&s);
}
END_TEST

Suite *ack_suite(void)
{
	Suite *suite = suite_create("ack");
	TCase *tc = tcase_create("ack");
	tcase_add_loop_test(tc, nothing_is_acknowledged_before_the_application_says_so, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, what_is_acknowledged_out_of_order_waits_for_its_turn, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, every_order_of_acknowledging_gives_the_order_of_the_messages, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_message_that_is_not_taken_is_told_why, 0, CUTS);
	tcase_add_loop_test(tc, a_message_that_waits_does_not_come_twice, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, what_is_known_already_is_answered_in_its_turn, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_handle_counts_once_and_on_its_own_connection, 0, CUTS);
	tcase_add_loop_test(tc, our_receive_maximum_bounds_what_waits, 0, CUTS);
	tcase_add_loop_test(tc, before_mqtt_5_identifiers_bound_what_waits, 0, ONLY_3X);
	tcase_add_loop_test(tc, an_oversize_message_is_acknowledged_behind_those_that_wait, 0, ONLY_3X);
	tcase_add_loop_test(tc, in_steady_state_nothing_is_allocated, 0, CUTS);
	tcase_add_loop_test(tc, without_memory_an_acknowledgement_can_be_given_again, 0, CUTS);
	suite_add_tcase(suite, tc);
	return suite;
}
