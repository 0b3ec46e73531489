/* SPDX-License-Identifier: MIT */
/*
 * The will check: each thing that can be wrong with a will alone, found in its field, at its offset, by its rule. What
 * depends on the broker, the session or presence is in will_context_test.c.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/golden.h"
#include "unit/suites.h"
#include "wire/will.h"

#define GOOD .topic = "a/status", .text = "offline"
#define ANY UINT32_MAX

static const struct mqttwill_user_property bad_name[] = {{.name = "ok", .value = "v"}, {.name = "a\xFF", .value = "v"}};
static const struct mqttwill_user_property bad_value[] = {{.name = "n", .value = "v\0w", .value_len = 3}};

/* One fault each, and exactly one finding. */
static const struct {
	const char          *what;
	unsigned             levels;
	const char          *field, *rule;
	size_t               offset;
	uint32_t             index;
	struct mqttwill_will will;
} refusals[] = {
	{"no topic", IN_3X | IN_5, "topic", "MQTT-4.7.3-1", 0, ANY, {.text = "x"}},
	{"an empty topic", IN_3X | IN_5, "topic", "MQTT-4.7.3-1", 0, ANY, {.topic = "", .text = "x"}},
	{"+ in the topic", IN_3X | IN_5, "topic", "MQTT-4.7.0-1", 2, ANY, {.topic = "a/+/b", .text = "x"}},
	{"# in the topic", IN_3X | IN_5, "topic", "MQTT-4.7.0-1", 9, ANY, {.topic = "a/status/#", .text = "x"}},
	{"U+0000 in the topic", IN_3X | IN_5, "topic",
	 "MQTT-1.5.4-2", 1, ANY, {.topic = "a\0b", .topic_len = 3, .text = "x"}},
	{"U+0000 at the end of the topic", IN_5, "topic",
	 "MQTT-1.5.4-2", 2, ANY, {.topic = "ab", .topic_len = 3, .text = "x"}},
	{"bad UTF-8 in the topic", IN_5, "topic", "MQTT-3.1.3-11", 2, ANY, {.topic = "a/\xC0\xAF", .text = "x"}},
	{"bad UTF-8 in the topic before MQTT 5", IN_3X, "topic",
	 "MQTT-3.1.3-10", 8, ANY, {.topic = "a/status\xED\xA0\x80"}},
	{"text and payload", IN_3X | IN_5, "payload", "mqttwill.h", 0, ANY, {GOOD, .payload = "x", .payload_len = 1}},
	{"a length without a payload", IN_3X | IN_5, "payload", "mqttwill.h", 0, ANY, {.topic = "t", .payload_len = 1}},
	{"QoS 3 before MQTT 5", IN_3X, "qos", "MQTT-3.1.2-14", 0, ANY, {GOOD, .qos = 3}},
	{"QoS 3", IN_5, "qos", "MQTT-3.1.2-12", 0, ANY, {GOOD, .qos = 3}},
	{"QoS 255", IN_5, "qos", "MQTT-3.1.2-12", 0, ANY, {GOOD, .qos = 255}},

	{"a delay", IN_3X, "delay_s", "MQTT 5, 3.1.3.2", 0, ANY, {GOOD, .delay_s = 1}},
	{"a delay of 0", IN_3X, "delay_s", "MQTT 5, 3.1.3.2", 0, ANY, {GOOD, .has = MQTTWILL_HAS_DELAY}},
	{"message expiry", IN_3X, "message_expiry_s",
	 "MQTT 5, 3.1.3.2", 0, ANY, {GOOD, .has = MQTTWILL_HAS_MESSAGE_EXPIRY}},
	{"payload format", IN_3X, "payload_format",
	 "MQTT 5, 3.1.3.2", 0, ANY, {GOOD, .has = MQTTWILL_HAS_PAYLOAD_FORMAT}},
	{"content type", IN_3X, "content_type", "MQTT 5, 3.1.3.2", 0, ANY, {GOOD, .content_type = ""}},
	{"response topic", IN_3X, "response_topic", "MQTT 5, 3.1.3.2", 0, ANY, {GOOD, .response_topic = "r"}},
	{"correlation data", IN_3X, "correlation_data", "MQTT 5, 3.1.3.2", 0, ANY, {GOOD, .correlation_data = ""}},
	{"user properties", IN_3X, "user_properties", "MQTT 5, 3.1.3.2", 0, ANY,
	 {GOOD, .user_properties = bad_name, .user_property_count = 1}},

	{"bad UTF-8 in the content type", IN_5, "content_type",
	 "MQTT-1.5.4-1", 4, ANY, {GOOD, .content_type = "text\x80"}},
	/* [MQTT-3.3.2-19] */
	{"U+0000 in the content type", IN_5, "content_type", "MQTT-1.5.4-2", 0, ANY,
	 {GOOD, .content_type = "\0", .content_type_len = 1}},
	{"an empty response topic", IN_5, "response_topic", "MQTT-4.7.3-1", 0, ANY, {GOOD, .response_topic = ""}},
	{"+ in the response topic", IN_5, "response_topic", "MQTT-4.7.0-1", 2, ANY, {GOOD, .response_topic = "r/+"}},
	/* [MQTT-3.3.2-14] */
	{"# in the response topic", IN_5, "response_topic", "MQTT-4.7.0-1", 0, ANY, {GOOD, .response_topic = "#"}},
	/* [MQTT-3.3.2-13] */
	{"bad UTF-8 in the response topic", IN_5, "response_topic",
	 "MQTT-1.5.4-1", 1, ANY, {GOOD, .response_topic = "r\xFF"}},
	{"U+0000 in the response topic", IN_5, "response_topic", "MQTT-1.5.4-2", 1, ANY,
	 {GOOD, .response_topic = "r\0s", .response_topic_len = 3}},
	{"a length without a content type", IN_5, "content_type", "mqttwill.h", 0, ANY, {GOOD, .content_type_len = 4}},
	{"a length without a response topic", IN_5, "response_topic", "mqttwill.h", 0, ANY, {GOOD, .response_topic_len = 4}},
	{"a length without correlation data", IN_5, "correlation_data",
	 "mqttwill.h", 0, ANY, {GOOD, .correlation_data_len = 1}},
	/* [MQTT-1.5.7-1] */
	{"bad UTF-8 in a user property's name", IN_5, "user_properties.name", "MQTT-1.5.4-1", 1, 1,
	 {GOOD, .user_properties = bad_name, .user_property_count = 2}},
	{"U+0000 in a user property's value", IN_5, "user_properties.value", "MQTT-1.5.4-2", 1, 0,
	 {GOOD, .user_properties = bad_value, .user_property_count = 1}},
	{"a count without user properties", IN_5, "user_properties",
	 "mqttwill.h", 0, ANY, {GOOD, .user_property_count = 1}},

	{"payload format 2", IN_5, "payload_format", "MQTT 5, 3.1.3.2.3", 0, ANY,
	 {GOOD, .has = MQTTWILL_HAS_PAYLOAD_FORMAT, .payload_format = 2}},
	/* U-3.1.3.2.3-c */
	{"a text that is no text", IN_5, "payload", "MQTT 5, 3.1.3.2.3", 3, ANY,
	 {.topic = "t", .text = "abc\xC3", .has = MQTTWILL_HAS_PAYLOAD_FORMAT, .payload_format = 1}},
	{"a surrogate in a text", IN_5, "payload", "MQTT 5, 3.1.3.2.3", 9, ANY,
	 {.topic = "t", .payload = "abcdefgh\0\xED\xA0\x80", .payload_len = 12, .has = MQTTWILL_HAS_PAYLOAD_FORMAT,
	  .payload_format = 1}},
	{"payload format without its bit", IN_5, "payload_format", "mqttwill.h", 0, ANY, {GOOD, .payload_format = 1}},
	{"message expiry without its bit", IN_5, "message_expiry_s",
	 "mqttwill.h", 0, ANY, {GOOD, .message_expiry_s = 60}},
	{"a property that is DISCONNECT's", IN_3X | IN_5, "has", "MQTT 5, 3.1.3.2", 0, ANY,
	 {GOOD, .has = MQTTWILL_HAS_SESSION_EXPIRY}},
	{"an unknown property", IN_3X | IN_5, "has", "MQTT 5, 3.1.3.2", 0, ANY, {GOOD, .has = 1u << 31}},
};
enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

static void expect_refusal(int row, uint8_t level)
{
	struct mqttwill_report report;
	struct will_context    context = {.level = level, .session_expiry = UINT32_MAX};
	const char            *what = refusals[row].what;
	memset(&report, 0xAA, sizeof report);
	ck_assert_msg(will_check(&refusals[row].will, &context, &report) == MQTTWILL_EWILL, "%s, %d: accepted", what,
	              level);
	ck_assert_msg(report.count == 1, "%s, %d: %zu findings, %s %s", what, level, report.count,
	              report.finding[0].field, report.finding[report.count - 1].field);
	const struct mqttwill_finding *f = &report.finding[0];
	ck_assert_uint_eq(f->severity, MQTTWILL_REFUSED);
	ck_assert_msg(!strcmp(f->field, refusals[row].field), "%s, %d: %s", what, level, f->field);
	ck_assert_msg(!strcmp(f->rule, refusals[row].rule), "%s, %d: %s", what, level, f->rule);
	ck_assert_msg(f->offset == refusals[row].offset, "%s, %d: offset %zu", what, level, f->offset);
	ck_assert_msg(f->index == refusals[row].index, "%s, %d: index %u", what, level, f->index);
	ck_assert(strlen(f->problem) > 3 && strlen(f->advice) > 3);
	ck_assert_uint_eq(report.connect_size, 0);
}

START_TEST(each_fault_of_a_will_is_refused_in_its_field_by_its_rule)
{
	for (uint8_t level = LEVEL_31; level <= LEVEL_5; level++)
		if (refusals[_i].levels & 1u << level)
			expect_refusal(_i, level);
}
END_TEST

static const struct mqttwill_user_property odd_users[] = {{.name = "", .value = ""}, {.name = "", .value = ""}};

static const struct {
	const char          *what;
	unsigned             levels;
	struct mqttwill_will will;
} legal[] = {
	{"the plain will", IN_3X | IN_5, {GOOD}},
	{"QoS 2, retained", IN_3X | IN_5, {GOOD, .qos = 2, .retain = true}},
	{"no payload at all", IN_3X | IN_5, {.topic = "t"}},
	{"a payload of any bytes", IN_3X | IN_5, {.topic = "t", .payload = "\xFF\x00\xC0", .payload_len = 3}},
	{"a topic of one slash", IN_3X | IN_5, {.topic = "/", .text = "x"}},
	{"a topic with a byte order mark", IN_3X | IN_5, {.topic = "\xEF\xBB\xBF", .text = "x"}},
	{"a topic cut by its length", IN_3X | IN_5, {.topic = "a/#", .topic_len = 1, .text = "x"}},
	{"all zero and present",
	 IN_5,
	 {.topic = "t",
	  .text = "",
	  .content_type = "",
	  .correlation_data = "",
	  .user_properties = odd_users,
	  .user_property_count = 2,
	  .has = MQTTWILL_HAS_DELAY | MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT}},
	{"a delay that implies its bit", IN_5, {GOOD, .delay_s = UINT32_MAX}},
	{"a text with U+0000",
	 IN_5,
	 {.topic = "t", .payload = "a\0b", .payload_len = 3, .has = MQTTWILL_HAS_PAYLOAD_FORMAT, .payload_format = 1}},
	{"a text with no bytes", IN_5, {.topic = "t", .has = MQTTWILL_HAS_PAYLOAD_FORMAT, .payload_format = 1}},
	{"bytes marked as bytes",
	 IN_5,
	 {.topic = "t", .payload = "\xFF", .payload_len = 1, .has = MQTTWILL_HAS_PAYLOAD_FORMAT}},
};
enum { LEGAL = sizeof legal / sizeof legal[0] };

START_TEST(each_legal_will_passes_without_a_word)
{
	for (uint8_t level = LEVEL_31; level <= LEVEL_5; level++) {
		struct mqttwill_report report;
		struct will_context    context = {.level = level, .session_expiry = UINT32_MAX};
		if (!(legal[_i].levels & 1u << level))
			continue;
		ck_assert_msg(will_check(&legal[_i].will, &context, &report) == 0, "%s, %d: %s %s", legal[_i].what,
		              level, report.finding[0].field, report.finding[0].problem);
		ck_assert_uint_eq(report.count, 0);
		ck_assert_uint_gt(report.connect_size, 0);
	}
}
END_TEST

/* A string of n letters with a NUL behind it. */
static char *letters(size_t n)
{
	char *s = malloc(n + 1);
	memset(s, 'a', n);
	s[n] = 0;
	return s;
}

static void expect_length(struct mqttwill_will will, const char *field, bool good)
{
	for (uint8_t level = LEVEL_311; level <= LEVEL_5; level++) {
		struct mqttwill_report report;
		struct will_context    context = {.level = level, .session_expiry = UINT32_MAX};
		bool v5 = will.content_type || will.response_topic || will.correlation_data || will.user_properties;
		if (v5 && level != LEVEL_5)
			continue;
		int rc = will_check(&will, &context, &report);
		ck_assert_msg((rc == 0) == good, "%s, level %d", field, level);
		if (!good)
			ck_assert_str_eq(report.finding[0].field, field);
		if (!good && strcmp(field, "correlation_data") != 0)
			ck_assert_uint_eq(report.finding[0].offset, 65535);
	}
}

START_TEST(every_field_holds_65535_bytes_and_not_one_more)
{
	for (size_t n = 65535; n <= 65536; n++) {
		char                         *s = letters(n);
		bool                          good = n == 65535;
		struct mqttwill_user_property name = {.name = s, .value = ""},
					      value = {.name = "", .value = s, .value_len = n};
		expect_length((struct mqttwill_will){.topic = s, .text = "x"}, "topic", good);
		expect_length((struct mqttwill_will){.topic = s, .topic_len = n, .text = "x"}, "topic", good);
		expect_length((struct mqttwill_will){.topic = "t", .text = s}, "payload", good);
		expect_length((struct mqttwill_will){.topic = "t", .payload = s, .payload_len = n}, "payload", good);
		expect_length((struct mqttwill_will){GOOD, .content_type = s}, "content_type", good);
		expect_length((struct mqttwill_will){GOOD, .response_topic = s}, "response_topic", good);
		expect_length((struct mqttwill_will){GOOD, .correlation_data = s, .correlation_data_len = n},
		              "correlation_data", good);
		expect_length((struct mqttwill_will){GOOD, .user_properties = &name, .user_property_count = 1},
		              "user_properties.name", good);
		expect_length((struct mqttwill_will){GOOD, .user_properties = &value, .user_property_count = 1},
		              "user_properties.value", good);
		free(s);
	}
}
END_TEST

/* A length of -1, as some interfaces take it for a C string, is refused before anything is read. */
START_TEST(an_absurd_payload_length_is_refused_unread)
{
	struct mqttwill_report report;
	struct will_context    context = {.level = LEVEL_5};
	struct mqttwill_will   will = {.topic = "t", .payload = "x", .payload_len = SIZE_MAX};
	will.has = MQTTWILL_HAS_PAYLOAD_FORMAT;
	will.payload_format = 1;
	ck_assert_int_eq(will_check(&will, &context, &report), MQTTWILL_EWILL);
	ck_assert_uint_eq(report.count, 1);
	ck_assert_str_eq(report.finding[0].field, "payload");
	ck_assert_str_eq(report.finding[0].rule, "MQTT 5, 3.1.3.4");
}
END_TEST

START_TEST(all_faults_are_found_at_once)
{
	struct mqttwill_report report;
	struct will_context    context = {.level = LEVEL_5};
	struct mqttwill_will   will = {.topic = "a/#",
	                               .text = "x",
	                               .qos = 3,
	                               .content_type = "\xFF",
	                               .response_topic = "+"};
	ck_assert_int_eq(will_check(&will, &context, &report), MQTTWILL_EWILL);
	ck_assert_uint_eq(report.count, 4);
	ck_assert_str_eq(report.finding[0].field, "topic");
	ck_assert_str_eq(report.finding[1].field, "qos");
	ck_assert_str_eq(report.finding[2].field, "content_type");
	ck_assert_str_eq(report.finding[3].field, "response_topic");
}
END_TEST

START_TEST(a_report_has_room_for_sixteen_findings)
{
	struct mqttwill_user_property u[20];
	struct mqttwill_report        report;
	struct will_context           context = {.level = LEVEL_5};
	struct mqttwill_will          will = {GOOD, .user_properties = u, .user_property_count = 20};
	for (size_t i = 0; i < 20; i++)
		u[i] = (struct mqttwill_user_property){.name = "\xFF", .value = "v"};
	ck_assert_int_eq(will_check(&will, &context, &report), MQTTWILL_EWILL);
	ck_assert_uint_eq(report.count, MQTTWILL_MAX_FINDINGS);
	ck_assert_uint_eq(report.finding[15].index, 15);
}
END_TEST

Suite *will_check_suite(void)
{
	Suite *s = suite_create("will_check");
	TCase *tc = tcase_create("will_check");
	tcase_add_loop_test(tc, each_fault_of_a_will_is_refused_in_its_field_by_its_rule, 0, REFUSALS);
	tcase_add_loop_test(tc, each_legal_will_passes_without_a_word, 0, LEGAL);
	tcase_add_test(tc, every_field_holds_65535_bytes_and_not_one_more);
	tcase_add_test(tc, an_absurd_payload_length_is_refused_unread);
	tcase_add_test(tc, all_faults_are_found_at_once);
	tcase_add_test(tc, a_report_has_room_for_sixteen_findings);
	suite_add_tcase(s, tc);
	return s;
}
