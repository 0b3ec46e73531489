/* SPDX-License-Identifier: MIT */
/*
 * CONNECT and its answer: what is sent, what is refused, what may not come before CONNACK or twice, and which of the
 * broker's limits are taken from it.
 */
#include "session/script.h"
#include "session/suites.h"

static const char *const hellos[] = {
	"10 [0006 'MQIsdp' 03 02 003C 0001 'c']",
	"10 [0004 'MQTT' 04 02 003C 0001 'c']",
	"10 [0004 'MQTT' 05 02 003C ~ 0001 'c']",
};

static void open_at(struct script *s, uint8_t level, int i, bool clean_start)
{
	script_init(s, level, i);
	script_open(s);
	script_connect(s, 60, clean_start);
}

START_TEST(connect_is_all_that_leaves_before_connack)
{
	struct script s;
	open_at(&s, script_level(_i), _i, true);
	script_out(&s, "%s", hellos[_i / CUTS]);
	ck_assert(!session_is_up(&s.session));
	ck_assert(!session_has_room(&s.session, 0, true));
	ck_assert(session_deadline(&s.session) == UINT64_MAX);
	ck_assert_int_eq(session_tick(&s.session, s.now_ms + 3600000), 0);
	script_in(&s, "20 [0000 ~]");
	script_event(&s, SESSION_CONNACK, 0);
	ck_assert(session_is_up(&s.session));
	ck_assert(session_has_room(&s.session, 2, false));
	script_close(&s);
}
END_TEST

START_TEST(a_connect_that_is_too_long_leaves_the_session_as_it_was)
{
	static char   payload[FIELD_MAX + 1];
	struct packet pk = {.type = PACKET_CONNECT};
	struct script s;
	script_init(&s, script_level(_i), _i);
	script_open(&s);
	pk.connect.has_will = true;
	pk.connect.will_topic = span_text("w", 0);
	pk.connect.will_payload = span_of(payload, sizeof payload);
	ck_assert_int_eq(session_connect(&s.session, &pk), MQTTWILL_EMESSAGE);
	script_out(&s, "%s", "");
	ck_assert_uint_eq(s.session.state, SESSION_NEW);
	script_connect(&s, 60, true);
	script_out(&s, "%s", hellos[_i / CUTS]);
	script_close(&s);
}
END_TEST

static const struct {
	uint8_t     levels; /* 3 or 5 */
	int         error;
	uint8_t     reason; /* as MQTT 5 says it */
	const char *connack;
} refusals[] = {
	{5, MQTTWILL_EREFUSED, 0x80, "20 03 00 80 00"},     {5, MQTTWILL_EREFUSED, 0x81, "20 03 00 81 00"},
	{5, MQTTWILL_EREFUSED, 0x82, "20 03 00 82 00"},     {5, MQTTWILL_EREFUSED, 0x83, "20 03 00 83 00"},
	{5, MQTTWILL_EVERSION, 0x84, "20 03 00 84 00"},     {5, MQTTWILL_EREFUSED, 0x85, "20 03 00 85 00"},
	{5, MQTTWILL_EAUTH, 0x86, "20 03 00 86 00"},        {5, MQTTWILL_EAUTH, 0x87, "20 03 00 87 00"},
	{5, MQTTWILL_EBUSY, 0x88, "20 03 00 88 00"},        {5, MQTTWILL_EBUSY, 0x89, "20 03 00 89 00"},
	{5, MQTTWILL_EAUTH, 0x8A, "20 03 00 8A 00"},        {5, MQTTWILL_EAUTH, 0x8C, "20 03 00 8C 00"},
	{5, MQTTWILL_EWILLREFUSED, 0x90, "20 03 00 90 00"}, {5, MQTTWILL_EREFUSED, 0x95, "20 03 00 95 00"},
	{5, MQTTWILL_EBUSY, 0x97, "20 03 00 97 00"},        {5, MQTTWILL_EWILLREFUSED, 0x99, "20 03 00 99 00"},
	{5, MQTTWILL_EWILLREFUSED, 0x9A, "20 03 00 9A 00"}, {5, MQTTWILL_EWILLREFUSED, 0x9B, "20 03 00 9B 00"},
	{5, MQTTWILL_EMOVED, 0x9C, "20 03 00 9C 00"},       {5, MQTTWILL_EMOVED, 0x9D, "20 07 00 9D 04 1C0001'b'"},
	{5, MQTTWILL_EBUSY, 0x9F, "20 08 00 9F 05 1F0002'no'"},
	{3, MQTTWILL_EVERSION, 0x84, "20 02 00 01"},        {3, MQTTWILL_EREFUSED, 0x85, "20 02 00 02"},
	{3, MQTTWILL_EBUSY, 0x88, "20 02 00 03"},           {3, MQTTWILL_EAUTH, 0x86, "20 02 00 04"},
	{3, MQTTWILL_EAUTH, 0x87, "20 02 00 05"},
};
enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

START_TEST(a_refusal_is_the_error_of_whoever_must_act)
{
	for (size_t i = 0; i < REFUSALS; i++) {
		uint8_t       level = script_level(_i);
		struct script s;
		if ((level == LEVEL_5) != (refusals[i].levels == 5))
			continue;
		open_at(&s, level, _i, true);
		script_flush(&s);
		script_in(&s, "%s D000", refusals[i].connack);
		struct session_event *ev = script_event(&s, SESSION_CONNACK, refusals[i].error);
		ck_assert_uint_eq(ev->packet.reason, refusals[i].reason);
		ck_assert_uint_eq(s.session.state, SESSION_OVER);
		script_close(&s);
	}
}
END_TEST

START_TEST(a_return_code_that_is_reserved_breaks_the_protocol)
{
	struct script s;
	open_at(&s, script_level(_i), _i, true);
	script_flush(&s);
	script_in(&s, "20 [00 06 ~]");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

START_TEST(session_present_beside_a_refusal_breaks_the_protocol) /* [MQTT-3.2.2-6] */
{
	struct script s;
	uint8_t       level = script_level(CUTS + _i);
	open_at(&s, level, _i, false);
	script_flush(&s);
	script_in(&s, "20 [01 %s ~]", level == LEVEL_5 ? "87" : "05");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

START_TEST(session_present_after_a_clean_start_breaks_the_protocol) /* [MQTT-3.2.2-2] */
{
	struct script s;
	open_at(&s, script_level(CUTS + _i), _i, true);
	script_flush(&s);
	script_in(&s, "20 [01 00 ~]");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

START_TEST(session_present_is_told_where_the_session_was_asked_for)
{
	struct script s;
	uint8_t       level = script_level(_i);
	for (int present = 0; present < 2; present++) {
		open_at(&s, level, _i, false);
		script_flush(&s);
		script_in(&s, "20 [0%d 00 ~]", present);
		struct session_event *ev = script_event(&s, SESSION_CONNACK, 0);
		bool told = present && level != LEVEL_31; /* 3.1 leaves the byte unused */
		ck_assert_int_eq(ev->packet.session_present, told);
		script_close(&s);
	}
}
END_TEST

static const char *const too_early[] = {
	"30 [0001 't' ~ 'm']",
	"32 [0001 't' 0001 ~ 'm']",
	"40 02 0001",
	"50 02 0001",
	"62 02 0001",
	"70 02 0001",
	"90 [0001 ~ 00]",
	"D0 00",
};

START_TEST(nothing_may_come_before_connack) /* [MQTT-3.2.0-1] */
{
	for (size_t i = 0; i < sizeof too_early / sizeof too_early[0]; i++) {
		struct script s;
		open_at(&s, script_level(_i), _i, true);
		script_flush(&s);
		script_in(&s, "%s 20 [0000 ~]", too_early[i]);
		script_fails(&s, REASON_PROTOCOL_ERROR);
		script_close(&s);
	}
}
END_TEST

START_TEST(a_disconnect_may_not_come_before_connack) /* [MQTT-3.14.0-1] */
{
	struct script s;
	open_at(&s, LEVEL_5, _i, true);
	script_flush(&s);
	script_in(&s, "E0 01 8B");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

START_TEST(an_oversize_message_before_connack_is_not_acknowledged)
{
	struct script s;
	open_at(&s, script_level(_i), _i, true);
	script_flush(&s);
	script_in(&s, "32 80 20 0001 't' 0001 'mmmmmmmmmmmmmmmm'");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

START_TEST(a_second_connack_breaks_the_protocol) /* [MQTT-3.2.0-2] */
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "20 [0000 ~]");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

START_TEST(what_follows_connack_in_the_same_bytes_is_not_lost)
{
	struct script s;
	open_at(&s, script_level(_i), _i, true);
	script_flush(&s);
	script_in(&s, "20 [0000 ~] 30 [0001 't' ~ 'one'] 30 [0001 't' ~ 'two']");
	script_event(&s, SESSION_CONNACK, 0);
	script_message(&s, 0, "one");
	script_message(&s, 0, "two");
	script_close(&s);
}
END_TEST

START_TEST(the_server_keep_alive_replaces_ours) /* [MQTT-3.1.2-21] */
{
	struct script s;
	open_at(&s, LEVEL_5, _i, true);
	script_greet(&s, "20 [00 00 03 13000A]");
	ck_assert_uint_eq(s.session.keep_alive_ms, 10000);
	script_due(&s, 7500, 0);
	script_out(&s, "C000");
	script_due(&s, 5000, MQTTWILL_ESILENT);
	script_close(&s);

	open_at(&s, LEVEL_5, _i, true);
	script_greet(&s, "20 [00 00 03 130000]");
	ck_assert_uint_eq(s.session.keep_alive_ms, 0);
	script_due(&s, PING_AFTER_MS, 0);
	script_out(&s, "C000");
	script_close(&s);
}
END_TEST

START_TEST(the_limits_of_the_broker_are_taken_from_connack)
{
	struct script s;
	open_at(&s, LEVEL_5, _i, true);
	script_greet(&s, "20 [00 00 0C 210003 2401 2500 2700000064]");
	ck_assert_uint_eq(s.session.quota, 3);
	ck_assert_uint_eq(s.session.maximum_qos, 1);
	ck_assert(!s.session.retain_available);
	ck_assert_int_eq(session_takes(&s.session, 100, 1, false), 0);
	ck_assert_int_eq(session_takes(&s.session, 101, 1, false), MQTTWILL_ETOOBIG);
	ck_assert_int_eq(session_takes(&s.session, 100, 2, false), MQTTWILL_EMESSAGE);
	ck_assert_int_eq(session_takes(&s.session, 100, 1, true), MQTTWILL_EMESSAGE);
	script_close(&s);
}
END_TEST

START_TEST(without_limits_in_connack_everything_is_allowed)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	ck_assert_uint_eq(s.session.quota, 65535);
	ck_assert_int_eq(session_takes(&s.session, REMAINING_MAX + HEADER_MAX, 2, true), 0);
	ck_assert_uint_eq(s.session.keep_alive_ms, 60000);
	script_close(&s);
}
END_TEST

START_TEST(a_refusal_s_limits_are_still_to_be_read) /* they tell what would have been wrong with the will */
{
	struct script s;
	open_at(&s, LEVEL_5, _i, true);
	script_flush(&s);
	script_in(&s, "20 [00 9A 02 2500]");
	struct session_event *ev = script_event(&s, SESSION_CONNACK, MQTTWILL_EWILLREFUSED);
	ck_assert(ev->packet.props.has & HAS(RETAIN_AVAILABLE));
	ck_assert_uint_eq(ev->packet.props.retain_available, 0);
	script_close(&s);
}
END_TEST

Suite *connect_suite(void)
{
	Suite *suite = suite_create("connect");
	TCase *tc = tcase_create("connect");
	tcase_add_loop_test(tc, connect_is_all_that_leaves_before_connack, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_connect_that_is_too_long_leaves_the_session_as_it_was, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_refusal_is_the_error_of_whoever_must_act, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_return_code_that_is_reserved_breaks_the_protocol, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, session_present_beside_a_refusal_breaks_the_protocol, 0, 2 * CUTS);
	tcase_add_loop_test(tc, session_present_after_a_clean_start_breaks_the_protocol, 0, 2 * CUTS);
	tcase_add_loop_test(tc, session_present_is_told_where_the_session_was_asked_for, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, nothing_may_come_before_connack, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_disconnect_may_not_come_before_connack, 0, CUTS);
	tcase_add_loop_test(tc, an_oversize_message_before_connack_is_not_acknowledged, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_second_connack_breaks_the_protocol, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, what_follows_connack_in_the_same_bytes_is_not_lost, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, the_server_keep_alive_replaces_ours, 0, CUTS);
	tcase_add_loop_test(tc, the_limits_of_the_broker_are_taken_from_connack, 0, CUTS);
	tcase_add_loop_test(tc, without_limits_in_connack_everything_is_allowed, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_refusal_s_limits_are_still_to_be_read, 0, CUTS);
	suite_add_tcase(suite, tc);
	return suite;
}
