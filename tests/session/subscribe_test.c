/* SPDX-License-Identifier: MIT */
/*
 * SUBSCRIBE and UNSUBSCRIBE: their bytes, the codes that answer them, and how many there must be.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdio.h>

static struct outgoing *ask(struct script *s, uint8_t type, size_t count)
{
	static const struct filter filters[] = {
		{{(const uint8_t *)"a/+", 3}, 0x02},
		{{(const uint8_t *)"b/#", 3}, 0x01},
		{{(const uint8_t *)"c", 1}, 0x00},
	};
	struct packet    pk = {.type = type, .filters = filters, .count = count};
	struct outgoing *o;
	ck_assert_int_eq(outgoing_new(&o, &pk, s->config.level), 0);
	ck_assert_int_eq(session_send(&s->session, o), 0);
	return o;
}

static void check_codes(const struct script *s, const char *hex)
{
	ck_assert(bytes_are(s->event.packet.list.p, s->event.packet.list.n, hex));
	ck_assert_uint_eq(s->event.packet.count, s->event.packet.list.n);
}

START_TEST(subscribe_and_its_codes)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *o = ask(&s, PACKET_SUBSCRIBE, 3);
	script_out(&s, "82 [0001 ~ 0003 'a/+' 02 0003 'b/#' 01 0001 'c' 00]");
	script_in(&s, "90 [0001 ~ 02 01 00]");
	script_done(&s, o, 0);
	check_codes(&s, "02 01 00");
	script_close(&s);
}
END_TEST

START_TEST(one_refused_filter_is_an_error_beside_all_the_codes)
{
	struct script s;
	uint8_t       level = script_level(CUTS + _i);
	const char   *bad = level == LEVEL_5 ? "87" : "80";
	char          codes[16];
	snprintf(codes, sizeof codes, "02 %s 00", bad);
	script_up(&s, level, _i);
	struct outgoing *o = ask(&s, PACKET_SUBSCRIBE, 3);
	script_flush(&s);
	script_in(&s, "90 [0001 ~ %s]", codes);
	script_done(&s, o, MQTTWILL_EDENIED);
	check_codes(&s, codes);
	ck_assert_uint_eq(s.event.packet.reason, level == LEVEL_5 ? 0x87 : 0x80);
	script_close(&s);
}
END_TEST

START_TEST(before_3_1_1_no_code_says_refused)
{
	struct script s;
	script_up(&s, LEVEL_31, _i);
	ask(&s, PACKET_SUBSCRIBE, 1);
	script_flush(&s);
	script_in(&s, "90 03 0001 80");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

START_TEST(the_codes_are_as_many_as_the_filters) /* [MQTT-3.8.4-6] */
{
	static const char *const wrong[] = {"90 [0001 ~ 00]", "90 [0001 ~ 00 00 00]", "90 [0001 ~]"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct script s;
		script_up(&s, script_level(_i), _i);
		ask(&s, PACKET_SUBSCRIBE, 2);
		script_flush(&s);
		script_in(&s, "%s", wrong[i]);
		script_fails(&s, REASON_PROTOCOL_ERROR);
		script_close(&s);
	}
}
END_TEST

START_TEST(unsubscribe_and_its_answer)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *o = ask(&s, PACKET_UNSUBSCRIBE, 2);
	script_out(&s, "A2 [0001 ~ 0003 'a/+' 0003 'b/#']");
	script_in(&s, "%s", s.config.level == LEVEL_5 ? "B0 05 0001 00 00 11" : "B0 02 0001");
	script_done(&s, o, 0);
	if (s.config.level == LEVEL_5)
		check_codes(&s, "00 11");
	script_close(&s);
}
END_TEST

START_TEST(a_refused_unsubscribe_is_an_error)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	struct outgoing *o = ask(&s, PACKET_UNSUBSCRIBE, 2);
	script_flush(&s);
	script_in(&s, "B0 05 0001 00 00 87");
	script_done(&s, o, MQTTWILL_EDENIED);
	script_close(&s);
}
END_TEST

START_TEST(the_codes_of_unsuback_are_as_many_as_the_filters)
{
	static const char *const wrong[] = {"B0 03 0001 00", "B0 04 0001 00 00", "B0 06 0001 00 00 00 00"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct script s;
		script_up(&s, LEVEL_5, _i);
		ask(&s, PACKET_UNSUBSCRIBE, 2);
		script_flush(&s);
		script_in(&s, "%s", wrong[i]);
		script_fails(&s, REASON_PROTOCOL_ERROR);
		script_close(&s);
	}
}
END_TEST

START_TEST(requests_may_be_answered_in_any_order)
{
	struct outgoing *o[3];
	struct script    s;
	script_up(&s, script_level(_i), _i);
	for (size_t i = 0; i < 3; i++)
		o[i] = ask(&s, PACKET_SUBSCRIBE, i + 1);
	script_flush(&s);
	script_in(&s, "90 [0003 ~ 00 00 00] 90 [0001 ~ 01] 30 [0001 't' ~ 'm'] 90 [0002 ~ 02 02]");
	script_done(&s, o[2], 0);
	script_done(&s, o[0], 0);
	script_message(&s, 0, "m");
	script_done(&s, o[1], 0);
	script_close(&s);
}
END_TEST

START_TEST(properties_of_the_answer_are_there_to_read)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	struct outgoing *o = ask(&s, PACKET_SUBSCRIBE, 1);
	script_flush(&s);
	script_in(&s, "90 [0001 05 1F0002'no' 97]");
	script_done(&s, o, MQTTWILL_EDENIED);
	ck_assert(s.event.packet.props.has & HAS(REASON_STRING));
	ck_assert(bytes_are(s.event.packet.props.reason_string.p, s.event.packet.props.reason_string.n, "'no'"));
	script_close(&s);
}
END_TEST

Suite *subscribe_suite(void)
{
	Suite *suite = suite_create("subscribe");
	TCase *tc = tcase_create("subscribe");
	tcase_add_loop_test(tc, subscribe_and_its_codes, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, one_refused_filter_is_an_error_beside_all_the_codes, 0, 2 * CUTS);
	tcase_add_loop_test(tc, before_3_1_1_no_code_says_refused, 0, CUTS);
	tcase_add_loop_test(tc, the_codes_are_as_many_as_the_filters, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, unsubscribe_and_its_answer, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_refused_unsubscribe_is_an_error, 0, CUTS);
	tcase_add_loop_test(tc, the_codes_of_unsuback_are_as_many_as_the_filters, 0, CUTS);
	tcase_add_loop_test(tc, requests_may_be_answered_in_any_order, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, properties_of_the_answer_are_there_to_read, 0, CUTS);
	suite_add_tcase(suite, tc);
	return suite;
}
