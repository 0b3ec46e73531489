/* SPDX-License-Identifier: MIT */
/*
 * The end of a connection, from either side: the bytes of each goodbye of ours, and what each of the broker's means.
 */
#include "session/script.h"
#include "session/suites.h"

static const struct {
	uint8_t     reason;
	bool        expires;
	uint32_t    session_expiry;
	const char *in_5;
} goodbyes[] = {
	{0x00, false, 0, "E0 00"},
	{0x04, false, 0, "E0 01 04"},
	{0x00, true, 0, "E0 07 00 05 1100000000"},
	{0x04, true, 0, "E0 07 04 05 1100000000"},
	{0x00, true, 3600, "E0 07 00 05 1100000E10"},
	{0x04, true, UINT32_MAX, "E0 07 04 05 11FFFFFFFF"},
	{0x80, false, 0, "E0 01 80"},
};

START_TEST(each_goodbye_has_its_bytes)
{
	for (size_t i = 0; i < sizeof goodbyes / sizeof goodbyes[0]; i++) {
		struct script s;
		script_up(&s, script_level(_i), _i);
		if (s.config.level == LEVEL_5 || goodbyes[i].reason == 0) {
			const uint32_t *expiry = goodbyes[i].expires ? &goodbyes[i].session_expiry : NULL;
			ck_assert_int_eq(session_disconnect(&s.session, goodbyes[i].reason, expiry), 0);
			script_out(&s, "%s", s.config.level == LEVEL_5 ? goodbyes[i].in_5 : "E0 00");
			ck_assert(session_deadline(&s.session) == UINT64_MAX);
		}
		script_close(&s);
	}
}
END_TEST

START_TEST(disconnect_leaves_behind_what_was_committed)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_send(&s, PACKET_PUBLISH, 1);
	ck_assert_int_eq(session_disconnect(&s.session, 0, NULL), 0);
	script_out(&s, "32 [0001 't' 0001 ~ 'm'] E000");
	script_close(&s);
}
END_TEST

START_TEST(there_is_only_one_disconnect)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	ck_assert_int_eq(session_disconnect(&s.session, 0, NULL), 0);
	ck_assert_int_eq(session_disconnect(&s.session, 0, NULL), MQTTWILL_ESTATE);
	script_out(&s, "E000");
	script_close(&s);
}
END_TEST

START_TEST(after_our_disconnect_nothing_is_heard)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *o = script_send(&s, PACKET_PUBLISH, 1);
	ck_assert_int_eq(session_disconnect(&s.session, 0, NULL), 0);
	script_flush(&s);
	script_in(&s, "40 02 0001 34 [0001 't' 0007 ~ 'm'] FFFFFFFFFFFF");
	script_quiet(&s);
	script_out(&s, "%s", "");
	ck_assert_ptr_eq(idtable_get(&s.flight.out, 1), o);
	ck_assert_int_eq(session_tick(&s.session, s.now_ms + 3600000), 0);
	script_close(&s);
}
END_TEST

static const struct {
	uint8_t     reason;
	int         error;
	const char *bytes;
} farewells[] = {
	{0x00, MQTTWILL_EKICKED, "E0 00"},
	{0x00, MQTTWILL_EKICKED, "E0 01 00"},
	{0x80, MQTTWILL_EKICKED, "E0 01 80"},
	{0x81, MQTTWILL_EKICKED, "E0 01 81"},
	{0x82, MQTTWILL_EKICKED, "E0 02 82 00"},
	{0x83, MQTTWILL_EKICKED, "E0 01 83"},
	{0x87, MQTTWILL_EKICKED, "E0 09 87 07 1F0004'deny'"},
	{0x89, MQTTWILL_EKICKED, "E0 01 89"},
	{0x8B, MQTTWILL_EKICKED, "E0 01 8B"},
	{0x8D, MQTTWILL_EKICKED, "E0 01 8D"},
	{0x8E, MQTTWILL_ETAKENOVER, "E0 01 8E"},
	{0x8F, MQTTWILL_EKICKED, "E0 01 8F"},
	{0x93, MQTTWILL_EKICKED, "E0 01 93"},
	{0x95, MQTTWILL_EKICKED, "E0 01 95"},
	{0x98, MQTTWILL_EKICKED, "E0 09 98 07 26 0001'a' 0001'b'"},
	{0x9C, MQTTWILL_EMOVED, "E0 06 9C 04 1C0001'b'"},
	{0x9D, MQTTWILL_EMOVED, "E0 01 9D"},
	{0xA0, MQTTWILL_EKICKED, "E0 01 A0"},
};

START_TEST(the_broker_s_disconnect_is_told_with_its_reason)
{
	for (size_t i = 0; i < sizeof farewells / sizeof farewells[0]; i++) {
		struct script s;
		script_up(&s, LEVEL_5, _i);
		script_in(&s, "%s 30 [0001 't' 00 'm'] 32 [0001 't' 0001 00]", farewells[i].bytes);
		struct session_event *ev = script_event(&s, SESSION_BROKER_LEFT, farewells[i].error);
		ck_assert_uint_eq(ev->packet.reason, farewells[i].reason);
		ck_assert(!session_is_up(&s.session));
		ck_assert(session_deadline(&s.session) == UINT64_MAX);
		ck_assert_int_eq(session_disconnect(&s.session, 0, NULL), MQTTWILL_ESTATE);
		script_close(&s); /* nothing more is told, and nothing is said */
	}
}
END_TEST

START_TEST(what_the_broker_sent_before_it_left_is_heard)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	struct outgoing *o = script_send(&s, PACKET_PUBLISH, 1);
	script_flush(&s);
	script_in(&s, "40 02 0001 30 [0001 't' 00 'm'] E0 01 8B");
	script_done(&s, o, 0);
	script_message(&s, 0, "m");
	script_event(&s, SESSION_BROKER_LEFT, MQTTWILL_EKICKED);
	script_close(&s);
}
END_TEST

START_TEST(a_disconnect_that_a_broker_may_not_send_breaks_the_protocol)
{
	static const char *const wrong[] = {"E0 01 04", "E0 01 84", "E0 01 92", "E0 07 00 05 1100000000"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct script s;
		script_up(&s, LEVEL_5, _i);
		script_in(&s, "%s", wrong[i]);
		script_fails(&s, REASON_PROTOCOL_ERROR);
		script_close(&s);
	}
}
END_TEST

START_TEST(before_mqtt_5_a_broker_has_no_disconnect)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "E0 00");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

/* DISCONNECT of 3.x means 0x00 and nothing else: with a reason it would cancel the will, or be malformed. */
START_TEST(before_mqtt_5_disconnect_has_no_reason)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	ck_assert_int_eq(session_disconnect(&s.session, REASON_WITH_WILL, NULL), MQTTWILL_EUNSUPPORTED);
	ck_assert(session_is_up(&s.session));
	script_out(&s, "%s", "");
	ck_assert_int_eq(session_disconnect(&s.session, REASON_SUCCESS, NULL), 0);
	script_out(&s, "E0 00");
	script_drop(&s);
	flight_fini(&s.flight);
}
END_TEST

Suite *disconnect_suite(void)
{
	Suite *suite = suite_create("disconnect");
	TCase *tc = tcase_create("disconnect");
	tcase_add_loop_test(tc, each_goodbye_has_its_bytes, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, disconnect_leaves_behind_what_was_committed, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, there_is_only_one_disconnect, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, after_our_disconnect_nothing_is_heard, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, the_broker_s_disconnect_is_told_with_its_reason, 0, CUTS);
	tcase_add_loop_test(tc, what_the_broker_sent_before_it_left_is_heard, 0, CUTS);
	tcase_add_loop_test(tc, a_disconnect_that_a_broker_may_not_send_breaks_the_protocol, 0, CUTS);
	tcase_add_loop_test(tc, before_mqtt_5_a_broker_has_no_disconnect, 0, ONLY_3X);
	tcase_add_loop_test(tc, before_mqtt_5_disconnect_has_no_reason, 0, ONLY_3X);
	suite_add_tcase(suite, tc);
	return suite;
}
