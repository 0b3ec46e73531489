/* SPDX-License-Identifier: MIT */
/*
 * A will made to fit: what goes, in which order, and that what stays is as it was.
 */
#include <check.h>
#include <string.h>

#include "unit/suites.h"
#include "wire/will.h"

static const struct mqttwill_user_property users[] = {{.name = "name", .value = "value"}};

static const struct mqttwill_will full = {
	.topic = "a/status", .text = "offline", .content_type = "text/plain", .response_topic = "r", .correlation_data = "id",
	.correlation_data_len = 2, .user_properties = users, .user_property_count = 1, .delay_s = 5, .qos = 2, .retain = true,
	.has = MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT | MQTTWILL_HAS_DELAY, .message_expiry_s = 9,
	.payload_format = 1,
};

enum { ALL_PROPERTIES = WILL_DROPPABLE | WILL_DELAY };

static const struct packet connect = {.type = PACKET_CONNECT};

static uint32_t adapt(struct mqttwill_will *w, uint8_t level, const struct mqttwill_limits *limits)
{
	struct will_context context = {.level = level, .connect = &connect, .limits = limits};
	return will_adapt(w, &context);
}

static size_t size_of(const struct mqttwill_will *w)
{
	struct packet pk = connect;
	will_into_connect(w, LEVEL_5, &pk);
	return packet_size(&pk, LEVEL_5);
}

START_TEST(without_limits_nothing_goes_in_5)
{
	const struct mqttwill_limits none = {0};
	struct mqttwill_will         w = full;
	ck_assert_uint_eq(adapt(&w, LEVEL_5, &none), 0);
	ck_assert_mem_eq(&w, &full, sizeof w);
}
END_TEST

START_TEST(before_5_every_property_goes_and_the_rest_stays)
{
	const struct mqttwill_limits none = {0};
	for (uint8_t level = LEVEL_31; level < LEVEL_5; level++) {
		struct mqttwill_will   w = full;
		struct will_context    context = {.level = level};
		struct mqttwill_report report;
		ck_assert_uint_eq(adapt(&w, level, &none), ALL_PROPERTIES);
		ck_assert_uint_eq(will_properties(&w), 0);
		ck_assert_uint_eq(w.has, 0);
		ck_assert_str_eq(w.topic, full.topic);
		ck_assert_str_eq(w.text, full.text);
		ck_assert(w.retain && w.qos == 2);
		ck_assert_int_eq(will_check(&w, &context, &report), 0);
	}
}
END_TEST

START_TEST(retain_and_qos_follow_the_limits)
{
	const struct mqttwill_limits qos_1 = {.maximum_qos_known = true, .maximum_qos = 1}, no_retain = {.no_retain = true};
	struct mqttwill_will         w = full;
	ck_assert_uint_eq(adapt(&w, LEVEL_5, &qos_1), WILL_QOS);
	ck_assert(w.qos == 1 && w.retain);
	ck_assert_uint_eq(adapt(&w, LEVEL_5, &qos_1), 0);
	ck_assert_uint_eq(adapt(&w, LEVEL_5, &no_retain), WILL_RETAIN);
	ck_assert(w.qos == 1 && !w.retain);
	ck_assert_uint_eq(will_properties(&w), ALL_PROPERTIES);
}
END_TEST

START_TEST(a_qos_that_is_none_is_left_to_the_check)
{
	const struct mqttwill_limits qos_1 = {.maximum_qos_known = true, .maximum_qos = 1};
	struct mqttwill_will         w = full;
	w.qos = 3;
	ck_assert_uint_eq(adapt(&w, LEVEL_5, &qos_1), 0);
	ck_assert_uint_eq(w.qos, 3);
}
END_TEST

static const uint32_t order[] = {
	WILL_USERS, WILL_CORRELATION_DATA, WILL_RESPONSE_TOPIC, WILL_CONTENT_TYPE, WILL_PAYLOAD_FORMAT, WILL_MESSAGE_EXPIRY,
};

/* For every size: no property more than it takes, in the stated order; topic, payload and delay never. */
START_TEST(a_size_costs_properties_in_their_order_and_no_more_than_it_takes)
{
	size_t whole = size_of(&full);
	for (uint32_t most = 1; most <= whole + 1; most++) {
		const struct mqttwill_limits limits = {.maximum_packet_size = most};
		struct mqttwill_will         w = full, less = full;
		uint32_t                     expected = 0, changes = adapt(&w, LEVEL_5, &limits);
		for (size_t i = 0; i < 6 && size_of(&less) > most; i++) {
			const struct mqttwill_limits next = {.maximum_packet_size = (uint32_t)size_of(&less) - 1};
			expected |= adapt(&less, LEVEL_5, &next);
			ck_assert_uint_eq(expected & ~((order[i] << 1) - WILL_USERS), 0);
			ck_assert_uint_eq(expected & order[i], order[i]);
		}
		ck_assert_uint_eq(changes, expected);
		ck_assert_uint_eq(will_properties(&w), ALL_PROPERTIES & ~changes);
		ck_assert(w.delay_s == 5 && !strcmp(w.text, full.text) && !strcmp(w.topic, full.topic));
		ck_assert(size_of(&w) <= most || changes == WILL_DROPPABLE);
	}
}
END_TEST

START_TEST(every_change_has_its_name)
{
	char text[WILL_CHANGES_TEXT];
	will_changes(ALL_PROPERTIES | WILL_QOS | WILL_RETAIN, text);
	ck_assert_str_eq(text, "retain, qos, user_properties, correlation_data, response_topic, content_type, payload_format, "
	                       "message_expiry_s, delay_s");
	will_changes(WILL_DELAY, text);
	ck_assert_str_eq(text, "delay_s");
	will_changes(0, text);
	ck_assert_str_eq(text, "");
}
END_TEST

Suite *will_adapt_suite(void)
{
	Suite *s = suite_create("will_adapt");
	TCase *t = tcase_create("adapt");
	tcase_add_test(t, without_limits_nothing_goes_in_5);
	tcase_add_test(t, before_5_every_property_goes_and_the_rest_stays);
	tcase_add_test(t, retain_and_qos_follow_the_limits);
	tcase_add_test(t, a_qos_that_is_none_is_left_to_the_check);
	tcase_add_test(t, a_size_costs_properties_in_their_order_and_no_more_than_it_takes);
	tcase_add_test(t, every_change_has_its_name);
	suite_add_tcase(s, t);
	return s;
}
