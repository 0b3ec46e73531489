/* SPDX-License-Identifier: MIT */
/*
 * Walking what repeats in a decoded packet, and turning its strings into C strings in place.
 */
#include <check.h>
#include <string.h>

#include "support/bytes.h"
#include "support/golden.h"
#include "unit/suites.h"

static struct bytes decoded(const char *hex, uint8_t level, enum side from, struct packet *pk)
{
	struct fault fault;
	struct bytes b = bytes_hex(hex);
	int          rc = packet_decode(pk, level, from, b.p, b.n, &fault);
	ck_assert_msg(rc == 0, "%s", fault.text);
	return b;
}

START_TEST(properties_are_walked_in_the_order_of_the_packet)
{
	static const struct {
		enum property property;
		uint32_t      number;
		const char   *text, *value;
	} expected[] = {
		{PROPERTY_USER, 0, "n", "v"},           {PROPERTY_SUBSCRIPTION_ID, 268435455, "", ""},
		{PROPERTY_MESSAGE_EXPIRY, 0x01020304, "", ""}, {PROPERTY_PAYLOAD_FORMAT, 1, "", ""},
		{PROPERTY_TOPIC_ALIAS, 0xABCD, "", ""}, {PROPERTY_CORRELATION_DATA, 0, "cd", ""},
		{PROPERTY_SUBSCRIPTION_ID, 1, "", ""},  {PROPERTY_USER, 0, "", ""},
	};
	struct packet        pk;
	struct property_item item;
	size_t               at = 0, n = 0;
	struct bytes b = decoded("30 26 0001't' 22 26 0001'n' 0001'v' 0B FFFFFF7F 02 01020304 01 01 23 ABCD 09 0002'cd'"
	                         "0B 01 26 0000 0000", LEVEL_5, FROM_SERVER, &pk);
	for (; property_next(pk.props.raw, &at, &item); n++) {
		ck_assert_uint_eq(item.property, expected[n].property);
		ck_assert_uint_eq(item.number, expected[n].number);
		ck_assert_uint_eq(item.text.n, strlen(expected[n].text));
		ck_assert_uint_eq(item.value.n, strlen(expected[n].value));
		ck_assert(item.text.n == 0 || memcmp(item.text.p, expected[n].text, item.text.n) == 0);
		ck_assert(item.value.n == 0 || memcmp(item.value.p, expected[n].value, item.value.n) == 0);
	}
	ck_assert_uint_eq(n, 8);
	ck_assert(!property_next(pk.props.raw, &at, &item));
	ck_assert_uint_eq(pk.props.subscription_id, 268435455);
	ck_assert_uint_eq(pk.props.subscription_id_count, 2);
	ck_assert_uint_eq(pk.props.user_count, 2);
	bytes_free(&b);
}
END_TEST

START_TEST(an_empty_section_has_nothing_to_walk)
{
	struct property_item item;
	size_t               at = 0;
	ck_assert(!property_next(span_of("", 0), &at, &item));
	ck_assert(!property_next(span_of(NULL, 0), &at, &item));
}
END_TEST

START_TEST(user_properties_become_c_strings_in_place_and_in_order)
{
	struct packet                 pk;
	struct mqttwill_user_property u[3];
	struct bytes b = decoded("E0 22 00 20 26 0003'key' 0005'value' 1F 0004'gone' 26 0000 0000 26 0001'k' 0001'2'",
	                         LEVEL_5, FROM_CLIENT, &pk);
	ck_assert_uint_eq(pk.props.user_count, 3);
	props_take_users(&pk.props, u);
	ck_assert_str_eq(u[0].name, "key");
	ck_assert_str_eq(u[0].value, "value");
	ck_assert_uint_eq(u[0].name_len, 3);
	ck_assert_uint_eq(u[0].value_len, 5);
	ck_assert_str_eq(u[1].name, "");
	ck_assert_str_eq(u[1].value, "");
	ck_assert_uint_eq(u[1].value_len, 0);
	ck_assert_str_eq(u[2].name, "k");
	ck_assert_str_eq(u[2].value, "2");
	ck_assert_mem_eq(pk.props.reason_string.p, "gone", 4);
	bytes_free(&b);
}
END_TEST

/* The block is exactly the packet, so a NUL behind the last string would be noticed. */
START_TEST(every_string_of_a_packet_can_be_terminated_in_place)
{
	struct packet pk;
	struct bytes  b = decoded("30 15 0003'a/b' 0E 03 0004'json' 08 0004'resp' 'x'", LEVEL_5, FROM_SERVER, &pk);
	ck_assert_str_eq(span_terminate(&pk.props.content_type), "json");
	ck_assert_str_eq(span_terminate(&pk.props.response_topic), "resp");
	ck_assert_str_eq(span_terminate(&pk.topic), "a/b");
	ck_assert_ptr_eq(pk.topic.p, b.p + 3);
	ck_assert_uint_eq(pk.topic.n, 3);
	ck_assert_mem_eq(pk.payload.p, "x", 1);
	bytes_free(&b);
	b = decoded("E0 09 00 07 1F 0004'last'", LEVEL_5, FROM_SERVER, &pk);
	ck_assert_str_eq(span_terminate(&pk.props.reason_string), "last");
	bytes_free(&b);
	b = decoded("E0 05 00 03 1F 0000", LEVEL_5, FROM_SERVER, &pk);
	ck_assert_str_eq(span_terminate(&pk.props.reason_string), "");
	bytes_free(&b);
}
END_TEST

START_TEST(filters_are_walked_with_their_options)
{
	struct packet pk;
	struct filter f;
	size_t        at = 0;
	struct bytes  b = decoded("82 0E 0001 0005'a/+/c' 01 0001'#' 02", LEVEL_311, FROM_CLIENT, &pk);
	ck_assert_uint_eq(pk.count, 2);
	ck_assert(filter_next(&pk, &at, &f));
	ck_assert(f.filter.n == 5 && memcmp(f.filter.p, "a/+/c", 5) == 0 && f.options == 1);
	ck_assert(filter_next(&pk, &at, &f));
	ck_assert(f.filter.n == 1 && f.filter.p[0] == '#' && f.options == 2);
	ck_assert(!filter_next(&pk, &at, &f));
	bytes_free(&b);
}
END_TEST

START_TEST(filters_to_leave_have_no_options)
{
	struct packet pk;
	struct filter f = {.options = 9};
	size_t        at = 0;
	struct bytes  b = decoded("A2 0A 0001 00 0001'a' 0002'bc'", LEVEL_5, FROM_CLIENT, &pk);
	ck_assert_uint_eq(pk.count, 2);
	ck_assert(filter_next(&pk, &at, &f) && f.filter.n == 1 && f.options == 0);
	ck_assert(filter_next(&pk, &at, &f) && f.filter.n == 2 && f.options == 0);
	ck_assert(!filter_next(&pk, &at, &f));
	bytes_free(&b);
}
END_TEST

Suite *walk_suite(void)
{
	Suite *s = suite_create("walk");
	TCase *tc = tcase_create("walk");
	tcase_add_test(tc, properties_are_walked_in_the_order_of_the_packet);
	tcase_add_test(tc, an_empty_section_has_nothing_to_walk);
	tcase_add_test(tc, user_properties_become_c_strings_in_place_and_in_order);
	tcase_add_test(tc, every_string_of_a_packet_can_be_terminated_in_place);
	tcase_add_test(tc, filters_are_walked_with_their_options);
	tcase_add_test(tc, filters_to_leave_have_no_options);
	suite_add_tcase(s, tc);
	return s;
}
