/* SPDX-License-Identifier: MIT */
/*
 * Input that no broker may send, of every kind that decode refuses and some more: exactly one failure is told, MQTT 5
 * has its DISCONNECT with the reason, and nothing is processed after it.
 */
#include "session/script.h"
#include "session/suites.h"
#include "unit/refused.h"

/* Packets in which a fault may stand only before CONNACK are out of place here, for another reason. */
static bool fits(const struct refused *r, uint8_t level)
{
	return r->from == FROM_SERVER && r->levels & 1u << level && r->hex[0] != '2';
}

START_TEST(what_decode_refuses_ends_the_connection_with_its_reason)
{
	uint8_t level = script_level(_i);
	size_t  rows = 0;
	for (size_t i = 0; i < refused_count; i++) {
		struct script s;
		struct frame  f;
		if (!fits(&refused[i], level))
			continue;
		struct bytes b = bytes_hex(refused[i].hex);
		int          known = frame_read(&f, level, b.p, b.n);
		if (known < 0 || (known == 1 && f.size == b.n)) { /* a whole packet, not one cut off or too long */
			script_up(&s, level, _i);
			script_in(&s, "30 [0001 't' ~ 'good']");
			script_in_bytes(&s, b.p, b.n);
			script_message(&s, 0, "good");
			script_fails(&s, refused[i].reason);
			script_close(&s);
			rows++;
		}
		bytes_free(&b);
	}
	ck_assert_uint_gt(rows, 15);
}
END_TEST

START_TEST(a_connack_that_decode_refuses_ends_the_attempt_in_silence)
{
	uint8_t level = script_level(_i);
	for (size_t i = 0; i < refused_count; i++) {
		struct script s;
		if (refused[i].from != FROM_SERVER || !(refused[i].levels & 1u << level) || refused[i].hex[0] != '2')
			continue;
		script_init(&s, level, _i);
		script_open(&s);
		script_connect(&s, 60, true);
		script_flush(&s);
		script_in(&s, "%s", refused[i].hex);
		script_fails(&s, refused[i].reason);
		script_close(&s);
	}
}
END_TEST

static const struct {
	const char *what;
	unsigned    levels;
	uint8_t     reason;
	const char *hex;
} rows[] = {
	{"a length of five bytes", IN_3X | IN_5, 0x81, "30 FFFFFFFF01"},
	{"a length that never ends", IN_3X | IN_5, 0x81, "D0 80808080"},
	{"a length longer than needed", IN_5, 0x81, "D0 8000"},
	{"type 0", IN_3X | IN_5, 0x81, "00 00"},
	{"type 15 before MQTT 5", IN_3X, 0x82, "F0 00"},
	{"AUTH without a method", IN_5, 0x82, "F0 00"},
	{"AUTH that nobody asked for", IN_5, 0x82, "F0 06 18 04 15 0001'm'"},
	{"CONNECT", IN_3X | IN_5, 0x82, "10 0D 0004'MQTT' 04 02 0000 0001'c'"},
	{"SUBSCRIBE", IN_311 | IN_5, 0x82, "82 [0001 ~ 0001'a' 00]"},
	{"UNSUBSCRIBE", IN_311 | IN_5, 0x82, "A2 [0001 ~ 0001'a']"},
	{"PINGREQ", IN_3X | IN_5, 0x82, "C0 00"},
	{"PINGRESP with a body", IN_3X | IN_5, 0x81, "D0 01 00"},
	{"PINGRESP with flags", IN_311 | IN_5, 0x81, "D1 00"},
	{"PUBACK of one byte", IN_3X | IN_5, 0x81, "40 01 00"},
	{"PUBACK without an identifier", IN_3X | IN_5, 0x81, "40 00"},
	{"PUBACK 0", IN_3X | IN_5, 0x82, "40 02 0000"},
	{"PUBACK with a reason of PUBREL", IN_5, 0x82, "40 03 0001 92"},
	{"PUBACK with more", IN_3X, 0x81, "40 03 0001 00"},
	{"PUBREL without its flag", IN_311 | IN_5, 0x81, "60 02 0001"},
	{"PUBLISH at QoS 3", IN_3X | IN_5, 0x81, "36 [0001 't' 0001 ~ 'm']"},
	{"PUBLISH with DUP at QoS 0", IN_3X | IN_5, 0x81, "38 [0001 't' ~ 'm']"},
	{"PUBLISH with identifier 0", IN_3X | IN_5, 0x82, "32 [0001 't' 0000 ~ 'm']"},
	{"PUBLISH without a topic", IN_5, 0x82, "30 [0000 ~ 'm']"},
	{"a topic with a wildcard", IN_3X | IN_5, 0x90, "30 [0003 'a/#' ~ 'm']"},
	{"a topic with U+0000", IN_311 | IN_5, 0x81, "30 [0003 'a' 00 'b' ~ 'm']"},
	{"a topic with a surrogate", IN_311 | IN_5, 0x81, "30 [0003 EDA080 ~ 'm']"},
	{"a topic past the end", IN_3X | IN_5, 0x81, "30 03 0005 't'"},
	{"PUBLISH of nothing", IN_3X | IN_5, 0x81, "30 00"},
	{"properties past the end", IN_5, 0x81, "30 [0001 't' 05 0101]"},
	{"a property cut off", IN_5, 0x81, "30 [0001 't' 01 01]"},
	{"a property nobody knows", IN_5, 0x81, "30 [0001 't' 02 7F00]"},
	{"a property of another packet", IN_5, 0x81, "30 [0001 't' 03 130001]"},
	{"a property twice", IN_5, 0x82, "30 [0001 't' 04 0101 0101]"},
	{"Payload Format Indicator 2", IN_5, 0x82, "30 [0001 't' 02 0102]"},
	{"Subscription Identifier 0", IN_5, 0x82, "30 [0001 't' 02 0B00]"},
	{"a user property with bad UTF-8", IN_5, 0x81, "30 [0001 't' 07 26 0001 FF 0001'b']"},
	{"a Response Topic with a wildcard", IN_5, 0x90, "30 [0001 't' 04 080001'#']"},
};

START_TEST(malformed_input_is_answered_by_its_reason)
{
	uint8_t level = script_level(_i);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct script s;
		if (!(rows[i].levels & 1u << level))
			continue;
		script_up(&s, level, _i);
		script_send(&s, PACKET_PUBLISH, 1);
		script_flush(&s);
		script_in(&s, "30 [0001 't' ~ 'good'] %s 40 02 0001 30 [0001 't' ~ 'late']", rows[i].hex);
		script_message(&s, 0, "good");
		script_fails(&s, rows[i].reason);
		ck_assert_msg(s.flight.open == 1, "%s", rows[i].what);
		script_close(&s);
	}
}
END_TEST

/* The rest need not come: an HTTP server's answer, say, looks like a PUBACK of 84 bytes. */
START_TEST(a_packet_that_begins_wrong_is_not_waited_for)
{
	static const struct {
		unsigned    levels;
		bool        up;
		uint8_t     reason;
		const char *hex;
	} begins[] = {
		{IN_311 | IN_5, false, 0x81, "48 54"},  {IN_3X | IN_5, false, 0x82, "30 7F"}, {IN_3X | IN_5, false, 0x82, "D0 01"},
		{IN_3X | IN_5, true, 0x82, "10 0D"},    {IN_3X | IN_5, true, 0x82, "20 7F"},  {IN_311 | IN_5, true, 0x81, "60 7F"},
		{IN_3X | IN_5, true, 0x81, "00 FF7F"},    {IN_3X, true, 0x82, "F0 FF03"},
	};
	uint8_t level = script_level(_i);
	for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
		struct script s;
		if (!(begins[i].levels & 1u << level))
			continue;
		script_init(&s, level, _i);
		script_open(&s);
		script_connect(&s, 60, true);
		script_flush(&s);
		if (begins[i].up)
			script_greet(&s, "20 [0000 ~]");
		script_in(&s, "%s", begins[i].hex);
		script_fails(&s, begins[i].reason);
		script_close(&s);
	}
}
END_TEST

START_TEST(a_failure_after_our_disconnect_is_not_told)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	ck_assert_int_eq(session_disconnect(&s.session, 0, NULL), 0);
	script_flush(&s);
	script_in(&s, "00 00 30 FFFFFFFFFF");
	script_close(&s);
}
END_TEST

START_TEST(the_disconnect_of_a_failure_stands_behind_what_was_committed)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	script_send(&s, PACKET_PUBLISH, 1);
	script_in(&s, "00 00");
	script_event(&s, SESSION_FAILED, MQTTWILL_EPROTOCOL);
	script_out(&s, "32 [0001 't' 0001 00 'm'] E0 01 81");
	script_close(&s);
}
END_TEST

Suite *malformed_suite(void)
{
	Suite *suite = suite_create("malformed");
	TCase *tc = tcase_create("malformed");
	tcase_add_loop_test(tc, what_decode_refuses_ends_the_connection_with_its_reason, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_connack_that_decode_refuses_ends_the_attempt_in_silence, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, malformed_input_is_answered_by_its_reason, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_packet_that_begins_wrong_is_not_waited_for, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_failure_after_our_disconnect_is_not_told, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, the_disconnect_of_a_failure_stands_behind_what_was_committed, 0, CUTS);
	suite_add_tcase(suite, tc);
	return suite;
}
