/* SPDX-License-Identifier: MIT */
/*
 * A will and what is around it: the session, the broker's limits, the birth message, the CONNECT that carries it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/golden.h"
#include "unit/suites.h"
#include "wire/will.h"

#define GOOD .topic = "a/status", .text = "offline"

static const struct mqttwill_presence presence = {.topic = "a/status"};

static const struct mqttwill_limits no_qos = {.maximum_qos_known = true};
static const struct mqttwill_limits qos1 = {.maximum_qos_known = true, .maximum_qos = 1};
static const struct mqttwill_limits unknown_qos = {.maximum_qos = 0};
static const struct mqttwill_limits no_retain = {.no_retain = true};

static const struct {
	const char          *what;
	unsigned             levels;
	uint32_t             severity;    /* 0: nothing is found */
	const char          *field, *rule;
	struct will_context  context; /* but for the level */
	struct mqttwill_will will;
} rows[] = {
	{"a delay above the session expiry", IN_5, MQTTWILL_WARNED, "delay_s", "MQTT-3.1.2-8", {.session_expiry = 9},
	 {GOOD, .delay_s = 10}},
	{"a delay of the session expiry", IN_5, 0, NULL, NULL, {.session_expiry = 10}, {GOOD, .delay_s = 10}},
	{"a delay without a session", IN_5, MQTTWILL_WARNED, "delay_s", "MQTT-3.1.2-8", {0}, {GOOD, .delay_s = 1}},
	{"a delay of 0 without a session", IN_5, 0, NULL, NULL, {0}, {GOOD, .has = MQTTWILL_HAS_DELAY}},
	{"the longest delay, and a session that never expires", IN_5, 0, NULL, NULL, {.session_expiry = UINT32_MAX},
	 {GOOD, .delay_s = UINT32_MAX}},
	{"retained without payload", IN_3X | IN_5, MQTTWILL_WARNED, "payload",
	 "MQTT-3.3.1-6", {0}, {.topic = "t", .retain = true}},
	{"not retained, without payload", IN_3X | IN_5, 0, NULL, NULL, {0}, {.topic = "t"}},
	{"a retained status that expires", IN_5, MQTTWILL_WARNED, "message_expiry_s", "MQTT-3.3.2-5", {0},
	 {GOOD, .retain = true, .has = MQTTWILL_HAS_MESSAGE_EXPIRY, .message_expiry_s = 60}},
	{"a will that expires and is not retained", IN_5, 0, NULL, NULL, {0},
	 {GOOD, .has = MQTTWILL_HAS_MESSAGE_EXPIRY, .message_expiry_s = 60}},

	{"a delay, where the version may turn out to be an older one", IN_5, MQTTWILL_WARNED, "delay_s", "MQTT 5, 3.1.3.2",
	 {.session_expiry = 9, .may_fall = true}, {GOOD, .delay_s = 9}},
	{"a content type, where the version may turn out to be an older one", IN_5, MQTTWILL_WARNED, "content_type",
	 "MQTT 5, 3.1.3.2", {.may_fall = true}, {GOOD, .content_type = "x"}},
	{"no property, where the version may turn out to be an older one", IN_5, 0, NULL, NULL, {.may_fall = true}, {GOOD}},

	{"the topic of the birth", IN_3X | IN_5, 0, NULL, NULL, {.presence = &presence}, {GOOD, .retain = true}},
	{"another topic than the birth's", IN_3X | IN_5, MQTTWILL_WARNED, "topic",
	 "MQTT 5, 3.1.2.5", {.presence = &presence},
	 {.topic = "a/statuS", .text = "x", .retain = true}},
	{"a longer topic than the birth's", IN_3X | IN_5, MQTTWILL_WARNED, "topic",
	 "MQTT 5, 3.1.2.5", {.presence = &presence},
	 {.topic = "a/status/x", .text = "x", .retain = true}},
	{"another retain than the birth's", IN_3X | IN_5, MQTTWILL_WARNED, "retain",
	 "MQTT-3.1.2-15", {.presence = &presence},
	 {GOOD}},

	{"QoS 1 where the broker has 0", IN_5, MQTTWILL_REFUSED, "qos",
	 "MQTT-3.2.2-12", {.limits = &no_qos}, {GOOD, .qos = 1}},
	{"QoS 2 where the broker has 1", IN_5, MQTTWILL_REFUSED, "qos",
	 "MQTT-3.2.2-12", {.limits = &qos1}, {GOOD, .qos = 2}},
	{"QoS 1 where the broker has 1", IN_5, 0, NULL, NULL, {.limits = &qos1}, {GOOD, .qos = 1}},
	{"QoS 2 where nothing is known", IN_5, 0, NULL, NULL, {.limits = &unknown_qos}, {GOOD, .qos = 2}},
	{"retain where the broker has none", IN_5, MQTTWILL_REFUSED, "retain", "MQTT-3.2.2-13", {.limits = &no_retain},
	 {GOOD, .retain = true}},
	{"no retain where the broker has none", IN_5, 0, NULL, NULL, {.limits = &no_retain}, {GOOD}},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

START_TEST(each_context_has_its_word_on_the_will)
{
	for (uint8_t level = LEVEL_31; level <= LEVEL_5; level++) {
		struct mqttwill_report report;
		struct will_context    context = rows[_i].context;
		context.level = level;
		if (!(rows[_i].levels & 1u << level))
			continue;
		int rc = will_check(&rows[_i].will, &context, &report);
		ck_assert_msg((rc == 0) == (rows[_i].severity != MQTTWILL_REFUSED), "%s, %d", rows[_i].what, level);
		ck_assert_msg(report.count == (rows[_i].severity ? 1 : 0), "%s, %d: %zu findings", rows[_i].what, level,
		              report.count);
		ck_assert_uint_gt(report.connect_size, 0);
		if (!rows[_i].severity)
			continue;
		ck_assert_uint_eq(report.finding[0].severity, rows[_i].severity);
		ck_assert_str_eq(report.finding[0].field, rows[_i].field);
		ck_assert_str_eq(report.finding[0].rule, rows[_i].rule);
		ck_assert(strlen(report.finding[0].problem) > 3 && strlen(report.finding[0].advice) > 3);
	}
}
END_TEST

START_TEST(refusals_stand_before_warnings)
{
	struct mqttwill_report report;
	struct will_context    context = {.level = LEVEL_5, .limits = &no_retain, .presence = &presence};
	struct mqttwill_will   will = {.topic = "x", .retain = true, .delay_s = 1};
	ck_assert_int_eq(will_check(&will, &context, &report), MQTTWILL_EWILL);
	ck_assert_uint_eq(report.count, 4);
	ck_assert_uint_eq(report.finding[0].severity, MQTTWILL_REFUSED);
	for (size_t i = 1; i < report.count; i++)
		ck_assert_uint_eq(report.finding[i].severity, MQTTWILL_WARNED);
}
END_TEST

static const struct mqttwill_user_property users[] = {{.name = "a", .value = "b"}, {.name = "a", .value = "c"}};

static struct packet connect_around(uint8_t level)
{
	struct packet connect = {.type = PACKET_CONNECT};
	connect.connect.client_id = span_text("lamp", 0);
	connect.connect.user_name = span_text("me", 0);
	connect.connect.password = span_text("", 0);
	if (level == LEVEL_5) {
		connect.props.has = HAS(SESSION_EXPIRY) | HAS(RECEIVE_MAXIMUM);
		connect.props.receive_maximum = 100;
		connect.props.session_expiry = 60;
	}
	return connect;
}

/* Payloads at each border of the lengths that stand before them. */
START_TEST(connect_size_is_the_size_of_the_encoded_connect)
{
	static const size_t    payloads[] = {0, 1, 127, 128, 16383, 16384, 65535};
	static uint8_t         bytes[65535];
	struct mqttwill_report report;
	for (uint8_t level = LEVEL_31; level <= LEVEL_5; level++) {
		struct packet        connect = connect_around(level), whole = connect;
		struct will_context  context = {.level = level, .session_expiry = 60, .connect = &connect};
		struct mqttwill_will will = {.topic = "t", .payload = bytes, .payload_len = payloads[_i]};
		if (level == LEVEL_5) {
			will.user_properties = users;
			will.user_property_count = 2;
			will.delay_s = 5;
		}
		ck_assert_int_eq(will_check(&will, &context, &report), 0);
		will_into_connect(&will, level, &whole);
		uint8_t *out = malloc(report.connect_size);
		ck_assert_uint_eq(packet_encode(&whole, level, out), report.connect_size);
		free(out);
	}
}
END_TEST

START_TEST(connect_size_without_a_connect_is_that_of_the_plainest)
{
	struct mqttwill_report report;
	struct will_context    context = {.level = LEVEL_311};
	struct mqttwill_will   will = {.topic = "t", .text = "x"};
	ck_assert_int_eq(will_check(&will, &context, &report), 0);
	ck_assert_uint_eq(report.connect_size, 2 + 10 + 2 + 3 + 3);
}
END_TEST

/* [MQTT-3.2.2-15]: the whole CONNECT counts, and a packet of just the limit is allowed. */
START_TEST(a_connect_may_be_as_large_as_the_broker_takes)
{
	struct mqttwill_report report;
	struct packet          connect = connect_around(LEVEL_5);
	struct mqttwill_limits limits = {0};
	struct will_context    context = {.level = LEVEL_5, .connect = &connect, .limits = &limits};
	struct mqttwill_will   will = {GOOD};
	ck_assert_int_eq(will_check(&will, &context, &report), 0);
	limits.maximum_packet_size = (uint32_t)report.connect_size;
	ck_assert_int_eq(will_check(&will, &context, &report), 0);
	limits.maximum_packet_size--;
	ck_assert_int_eq(will_check(&will, &context, &report), MQTTWILL_EWILL);
	ck_assert_str_eq(report.finding[0].rule, "MQTT-3.2.2-15");
	ck_assert_uint_gt(report.connect_size, limits.maximum_packet_size);
}
END_TEST

/* 2.1.4: 2,048 user properties of 131,070 bytes. All of them are legal, and together too much. */
START_TEST(a_will_that_no_connect_can_hold_is_refused)
{
	char                          *text = malloc(65535);
	struct mqttwill_report         report;
	struct will_context            context = {.level = LEVEL_5};
	struct mqttwill_user_property *u = calloc(2048, sizeof *u);
	struct mqttwill_will           will = {GOOD, .user_properties = u, .user_property_count = 2047};
	memset(text, 'x', 65535);
	for (size_t i = 0; i < 2048; i++)
		u[i] = (struct mqttwill_user_property){text, text, 65535, 65535};
	ck_assert_int_eq(will_check(&will, &context, &report), 0);
	ck_assert_uint_gt(report.connect_size, 268000000);
	will.user_property_count = 2048;
	ck_assert_int_eq(will_check(&will, &context, &report), MQTTWILL_EWILL);
	ck_assert_uint_eq(report.connect_size, 0);
	ck_assert_str_eq(report.finding[0].field, "user_properties");
	ck_assert_str_eq(report.finding[0].rule, "MQTT 5, 2.1.4");
	free(u);
	free(text);
}
END_TEST

START_TEST(a_will_becomes_the_bytes_of_a_connect)
{
	struct mqttwill_will will = {
		.topic = "w/t!",
		.topic_len = 3,
		.payload = "off",
		.payload_len = 3,
		.content_type = "text/plain",
		.response_topic = "reply",
		.correlation_data = "\xFF\0\1",
		.correlation_data_len = 3,
		.user_properties = users,
		.user_property_count = 2,
		.has = MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT,
		.delay_s = 5,
		.message_expiry_s = 60,
		.payload_format = 1,
		.qos = 2,
	};
	struct packet connect = {.type = PACKET_CONNECT, .props = {.has = HAS(SESSION_EXPIRY), .session_expiry = 10}};
	uint8_t       out[100];
	connect.connect.client_id = span_text("lamp", 0);
	connect.connect.keep_alive = 10;
	will_into_connect(&will, LEVEL_5, &connect);
	const struct golden *g = NULL;
	for (size_t i = 0; i < golden_5_count; i++)
		if (!strcmp(golden_5[i].name, "CONNECT with all seven will properties"))
			g = &golden_5[i];
	size_t n = packet_encode(&connect, LEVEL_5, out);
	ck_assert_ptr_nonnull(g);
	ck_assert_msg(bytes_are(out, n, g->hex), "%s", bytes_show(out, n));
}
END_TEST

START_TEST(qos_and_retain_reach_the_connect_flags)
{
	for (uint8_t i = 0; i < 6; i++) {
		struct mqttwill_will will = {.topic = "t", .qos = i / 2, .retain = i % 2};
		struct packet        connect = {.type = PACKET_CONNECT};
		uint8_t              out[64];
		connect.connect.client_id = span_text("", 0);
		will_into_connect(&will, LEVEL_311, &connect);
		packet_encode(&connect, LEVEL_311, out);
		ck_assert_uint_eq(out[9], 4 | i / 2 << 3 | i % 2 << 5);
	}
}
END_TEST

START_TEST(a_will_put_into_a_connect_twice_leaves_nothing_of_the_first)
{
	struct mqttwill_will first = {GOOD, .qos = 2, .retain = true, .content_type = "x", .delay_s = 9};
	struct mqttwill_will second = {.topic = "t"};
	struct packet        connect = {.type = PACKET_CONNECT};
	uint8_t              out[64];
	connect.connect.client_id = span_text("", 0);
	will_into_connect(&first, LEVEL_5, &connect);
	will_into_connect(&second, LEVEL_5, &connect);
	size_t n = packet_encode(&connect, LEVEL_5, out);
	ck_assert_msg(bytes_are(out, n, "10 13 0004'MQTT' 05 04 0000 00 0000 00 0001't' 0000"), "%s",
	              bytes_show(out, n));
}
END_TEST

START_TEST(presence_has_its_defaults)
{
	struct mqttwill_will will;
	will_from_presence(&presence, &will);
	ck_assert_str_eq(will.topic, "a/status");
	ck_assert_uint_eq(will.payload_len, 7);
	ck_assert_mem_eq(will.payload, "offline", 7);
	ck_assert(will.qos == 1 && will.retain && will.delay_s == 0 && will.has == 0);
	ck_assert_uint_eq(presence_online(&presence).n, 6);
	ck_assert_mem_eq(presence_online(&presence).p, "online", 6);
}
END_TEST

START_TEST(presence_says_otherwise)
{
	static const struct mqttwill_presence p = {
		.topic = "t",
		.online = "1",
		.offline = "\0\1",
		.offline_len = 2,
		.qos = MQTTWILL_QOS0,
		.no_retain = true,
		.delay_s = 7,
	};
	static const struct mqttwill_presence empty = {.topic = "t", .empty_offline = true, .offline = "x", .qos = 2};
	struct mqttwill_will will;
	will_from_presence(&p, &will);
	ck_assert(will.qos == 0 && !will.retain && will.delay_s == 7 && will.payload_len == 2);
	ck_assert_uint_eq(presence_online(&p).n, 1);
	will_from_presence(&empty, &will);
	ck_assert(will.payload_len == 0 && will.payload == NULL && will.qos == 2);
}
END_TEST

/* A delay is not dropped in silence where the version has none. */
START_TEST(presence_with_a_delay_is_refused_before_mqtt_5)
{
	static const struct mqttwill_presence p = {.topic = "t", .delay_s = 7};
	struct mqttwill_will                  will;
	struct mqttwill_report                report;
	struct will_context                   context = {.level = LEVEL_311, .presence = &p};
	will_from_presence(&p, &will);
	ck_assert_int_eq(will_check(&will, &context, &report), MQTTWILL_EWILL);
	ck_assert_str_eq(report.finding[0].field, "delay_s");
}
END_TEST

Suite *will_context_suite(void)
{
	Suite *s = suite_create("will_context");
	TCase *tc = tcase_create("will_context");
	tcase_add_loop_test(tc, each_context_has_its_word_on_the_will, 0, ROWS);
	tcase_add_test(tc, refusals_stand_before_warnings);
	tcase_add_loop_test(tc, connect_size_is_the_size_of_the_encoded_connect, 0, 7);
	tcase_add_test(tc, connect_size_without_a_connect_is_that_of_the_plainest);
	tcase_add_test(tc, a_connect_may_be_as_large_as_the_broker_takes);
	tcase_add_test(tc, a_will_that_no_connect_can_hold_is_refused);
	tcase_add_test(tc, a_will_becomes_the_bytes_of_a_connect);
	tcase_add_test(tc, qos_and_retain_reach_the_connect_flags);
	tcase_add_test(tc, a_will_put_into_a_connect_twice_leaves_nothing_of_the_first);
	tcase_add_test(tc, presence_has_its_defaults);
	tcase_add_test(tc, presence_says_otherwise);
	tcase_add_test(tc, presence_with_a_delay_is_refused_before_mqtt_5);
	suite_add_tcase(s, tc);
	return s;
}
