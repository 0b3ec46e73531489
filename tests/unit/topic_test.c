/* SPDX-License-Identifier: MIT */
/*
 * Topic names, topic filters and how they match [MQTT 5, 4.7 and 4.8.2]. The examples of the specification are rows.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/dice.h"
#include "support/slow.h"
#include "unit/suites.h"
#include "wire/packet.h"
#include "wire/topic.h"

static const struct {
	const char *hex;
	const char *rule; /* NULL: it is good */
	size_t      offset;
} names[] = {
	{"'sport/tennis/player1'", NULL, 0},
	{"'/'", NULL, 0},
	{"'/finance'", NULL, 0},
	{"'$SYS/broker'", NULL, 0},
	{"'Accounts payable'", NULL, 0},
	{"'a//b/'", NULL, 0},
	{"EFBBBF 'a'", NULL, 0},
	{"", "MQTT-4.7.3-1", 0},
	{"'sport/+'", "MQTT-4.7.0-1", 6},
	{"'#'", "MQTT-4.7.0-1", 0},
	{"'abcdefghijk#'", "MQTT-4.7.0-1", 11},
	{"'abc' 00 'd'", "MQTT-1.5.4-2", 3},
	{"'abcdefghijkl' 00 'd'", "MQTT-1.5.4-2", 12},
	{"'ab' EDA080", "MQTT-1.5.4-1", 2},
	{"'ab' C3", "MQTT-1.5.4-1", 2},
	{"'a+' FF", "MQTT-1.5.4-1", 2},
};
enum { NAMES = sizeof names / sizeof names[0] };

START_TEST(each_name_is_good_or_breaks_a_rule_at_an_offset)
{
	struct topic_fault fault;
	struct bytes       b = bytes_hex(names[_i].hex);
	bool               good = topic_name_check(span_of(b.p, b.n), &fault);
	ck_assert_msg(good == !names[_i].rule, "%s", names[_i].hex);
	if (good) {
		ck_assert_ptr_null(fault.rule);
	} else {
		ck_assert_str_eq(fault.rule, names[_i].rule);
		ck_assert_uint_eq(fault.offset, names[_i].offset);
		ck_assert(strlen(fault.problem) > 3 && strlen(fault.advice) > 3);
	}
	bytes_free(&b);
}
END_TEST

START_TEST(a_name_a_filter_and_a_text_hold_65535_bytes)
{
	struct topic_fault fault;
	char              *text = malloc(FIELD_MAX + 1);
	memset(text, 'a', FIELD_MAX + 1);
	ck_assert(topic_name_check(span_of(text, FIELD_MAX), &fault));
	ck_assert(topic_filter_check(span_of(text, FIELD_MAX), true, &fault));
	ck_assert(text_check(span_of(text, FIELD_MAX), &fault));
	ck_assert(!topic_name_check(span_of(text, FIELD_MAX + 1), &fault));
	ck_assert_str_eq(fault.rule, "MQTT-4.7.3-3");
	ck_assert_uint_eq(fault.offset, FIELD_MAX);
	ck_assert(!topic_filter_check(span_of(text, FIELD_MAX + 1), true, &fault));
	ck_assert_uint_eq(fault.offset, FIELD_MAX);
	ck_assert(!text_check(span_of(text, FIELD_MAX + 1), &fault));
	ck_assert_str_eq(fault.rule, "MQTT-1.5.4");
	free(text);
}
END_TEST

/* Long names are scanned by words. The neighbours of + and # in ASCII are no wildcards. */
START_TEST(a_wildcard_is_found_at_every_offset_of_a_long_name)
{
	struct topic_fault fault;
	size_t             offset = (size_t)_i;
	for (size_t start = 0; start < 8; start++) {
		struct bytes b = bytes_copy("*,\"$*,\"$*,\"$*,\"$*,\"$*,\"$*,\"$*,\"$*,\"$*,\"$*,\"$*,\"$", start + 41);
		ck_assert(topic_name_check(span_of(b.p + start, 41), &fault));
		for (unsigned wild = 0; wild < 2; wild++) {
			b.p[start + offset] = wild ? '+' : '#';
			ck_assert(!topic_name_check(span_of(b.p + start, 41), &fault));
			ck_assert_uint_eq(fault.offset, offset);
		}
		bytes_free(&b);
	}
}
END_TEST

START_TEST(a_text_may_be_empty_and_have_wildcards)
{
	struct topic_fault fault;
	ck_assert(text_check(span_of("", 0), &fault));
	ck_assert(text_check(span_of(NULL, 0), &fault));
	ck_assert(text_check(span_of("a/+/#", 5), &fault));
	ck_assert_ptr_null(fault.rule);
	ck_assert(!text_check(span_of("ab\0c", 4), &fault));
	ck_assert_str_eq(fault.rule, "MQTT-1.5.4-2");
	ck_assert_uint_eq(fault.offset, 2);
}
END_TEST

static const struct {
	const char *filter;
	const char *rule, *shared_rule; /* NULL: good without, and with, shared subscriptions */
	size_t      offset, shared_offset;
} filters[] = {
	{"sport/tennis/player1/#", NULL, NULL, 0, 0},
	{"sport/#", NULL, NULL, 0, 0},
	{"#", NULL, NULL, 0, 0},
	{"+", NULL, NULL, 0, 0},
	{"+/tennis/#", NULL, NULL, 0, 0},
	{"sport/+/player1", NULL, NULL, 0, 0},
	{"+/+", NULL, NULL, 0, 0},
	{"/+", NULL, NULL, 0, 0},
	{"/", NULL, NULL, 0, 0},
	{"/#", NULL, NULL, 0, 0},
	{"$SYS/#", NULL, NULL, 0, 0},
	{"+//#", NULL, NULL, 0, 0},
	{"", "MQTT-4.7.3-1", "MQTT-4.7.3-1", 0, 0},
	{"sport/tennis#", "MQTT-4.7.1-1", "MQTT-4.7.1-1", 12, 12},
	{"sport/tennis/#/ranking", "MQTT-4.7.1-1", "MQTT-4.7.1-1", 13, 13},
	{"#/", "MQTT-4.7.1-1", "MQTT-4.7.1-1", 0, 0},
	{"a/##", "MQTT-4.7.1-1", "MQTT-4.7.1-1", 2, 2},
	{"sport+", "MQTT-4.7.1-2", "MQTT-4.7.1-2", 5, 5},
	{"+sport", "MQTT-4.7.1-2", "MQTT-4.7.1-2", 0, 0},
	{"a/++/b", "MQTT-4.7.1-2", "MQTT-4.7.1-2", 2, 2},
	{"a/+#", "MQTT-4.7.1-2", "MQTT-4.7.1-2", 2, 2},
	{"$share/consumer1/sport/tennis/+", NULL, NULL, 0, 0},
	{"$share/g/#", NULL, NULL, 0, 0},
	{"$share/g//", NULL, NULL, 0, 0},
	{"$share", NULL, NULL, 0, 0},
	{"$sharex/+", NULL, NULL, 0, 0},
	{"$share/", NULL, "MQTT-4.8.2-1", 0, 7},
	{"$share//a", NULL, "MQTT-4.8.2-1", 0, 7},
	{"$share/g", NULL, "MQTT-4.8.2-1", 0, 7},
	{"$share/g/", NULL, "MQTT-4.8.2-1", 0, 7},
	{"$share/+/a", NULL, "MQTT-4.8.2-2", 0, 7},
	{"$share/g+/a", "MQTT-4.7.1-2", "MQTT-4.8.2-2", 8, 8},
	{"$share/g#/a", "MQTT-4.7.1-1", "MQTT-4.8.2-2", 8, 8},
	{"$share/g/a#", "MQTT-4.7.1-1", "MQTT-4.7.1-1", 10, 10},
	{"$share/g/a/b+/c", "MQTT-4.7.1-2", "MQTT-4.7.1-2", 12, 12},
};
enum { FILTERS = sizeof filters / sizeof filters[0] };

START_TEST(each_filter_is_good_or_breaks_a_rule_at_an_offset)
{
	for (int shared = 0; shared <= 1; shared++) {
		struct topic_fault fault;
		const char        *rule = shared ? filters[_i].shared_rule : filters[_i].rule;
		struct bytes       b = bytes_copy(filters[_i].filter, strlen(filters[_i].filter));
		bool               good = topic_filter_check(span_of(b.p, b.n), shared, &fault);
		ck_assert_msg(good == !rule, "%s, shared %d: %s", filters[_i].filter, shared, fault.rule);
		if (rule) {
			ck_assert_str_eq(fault.rule, rule);
			ck_assert_uint_eq(fault.offset, shared ? filters[_i].shared_offset : filters[_i].offset);
		}
		bytes_free(&b);
	}
}
END_TEST

START_TEST(bad_utf8_in_a_filter_is_found)
{
	struct topic_fault fault;
	ck_assert(!topic_filter_check(span_of("a/\xC3/#", 5), true, &fault));
	ck_assert_str_eq(fault.rule, "MQTT-1.5.4-1");
	ck_assert_uint_eq(fault.offset, 2);
	ck_assert(!topic_filter_check(span_of("$share/\0/a", 10), true, &fault));
	ck_assert_str_eq(fault.rule, "MQTT-1.5.4-2");
	ck_assert_uint_eq(fault.offset, 7);
}
END_TEST

static const struct {
	const char *filter, *topic;
	bool        match;
} matches[] = {
	/* 4.7.1.2 */
	{"sport/tennis/player1/#", "sport/tennis/player1", true},
	{"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
	{"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
	{"sport/tennis/player1/#", "sport/tennis/player2", false},
	{"sport/tennis/player1/#", "sport/tennis/player10", false},
	{"sport/tennis/player1/#", "sport/tennis", false},
	{"sport/#", "sport", true},
	{"sport/#", "sport/", true},
	{"sport/#", "sports", false},
	{"#", "a", true},
	{"#", "/", true},
	{"#", "a/b/c", true},
	{"/#", "/", true},
	{"/#", "/a", true},
	{"/#", "a", false},
	/* 4.7.1.3 */
	{"sport/tennis/+", "sport/tennis/player1", true},
	{"sport/tennis/+", "sport/tennis/player2", true},
	{"sport/tennis/+", "sport/tennis/player1/ranking", false},
	{"sport/+", "sport", false},
	{"sport/+", "sport/", true},
	{"+/+", "/finance", true},
	{"/+", "/finance", true},
	{"+", "/finance", false},
	{"+", "finance", true},
	{"+/tennis/#", "sport/tennis", true},
	{"+/tennis/#", "sport/tennis/x/y", true},
	{"sport/+/player1", "sport/tennis/player1", true},
	{"sport/+/player1", "sport//player1", true},
	{"sport/+/player1", "sport/a/b/player1", false},
	{"+/+/+", "a/b", false},
	{"+/b/+", "a/b/c", true},
	{"+/#", "a", true},
	{"+/#", "/", true},
	{"a/+/#", "a", false},
	{"a/+/#", "a/", true},
	/* 4.7.2 */
	{"#", "$SYS/x", false},
	{"+", "$SYS", false},
	{"+/monitor/Clients", "$SYS/monitor/Clients", false},
	{"+/#", "$SYS", false},
	{"$SYS/#", "$SYS/x", true},
	{"$SYS/#", "$SYS", true},
	{"$SYS/monitor/+", "$SYS/monitor/Clients", true},
	{"/+", "/$SYS", true},
	{"a/+", "a/$b", true},
	/* 4.7.3 */
	{"ACCOUNTS", "Accounts", false},
	{"Accounts payable", "Accounts payable", true},
	{"/finance", "finance", false},
	{"finance", "/finance", false},
	{"a/b", "a/b/", false},
	{"a/b/", "a/b", false},
	{"a", "a", true},
	{"a", "ab", false},
	{"ab", "a", false},
	{"\xC3\xA4/+", "\xC3\xA4/\xF0\x9F\x98\x80", true},
};
enum { MATCHES = sizeof matches / sizeof matches[0] };

START_TEST(each_filter_matches_just_the_names_it_should)
{
	struct bytes f = bytes_copy(matches[_i].filter, strlen(matches[_i].filter));
	struct bytes t = bytes_copy(matches[_i].topic, strlen(matches[_i].topic));
	ck_assert_msg(topic_match(span_of(f.p, f.n), span_of(t.p, t.n)) == matches[_i].match, "%s and %s",
	              matches[_i].filter, matches[_i].topic);
	bytes_free(&f);
	bytes_free(&t);
}
END_TEST

static void draw(struct dice *d, const char *alphabet, char *out, uint32_t max)
{
	uint32_t n = 1 + dice_roll(d, max);
	for (uint32_t i = 0; i < n; i++)
		out[i] = alphabet[dice_roll(d, (uint32_t)strlen(alphabet))];
	out[n] = 0;
}

START_TEST(a_slow_matcher_agrees_on_random_pairs)
{
	struct dice        d;
	struct topic_fault fault;
	unsigned           matched = 0;
	dice_init(&d, 0);
	for (int round = 0; round < 300000; round++) {
		char f[10], t[10];
		draw(&d, "aab//+#$", f, 8);
		draw(&d, "aab//$", t, 8);
		if (!topic_filter_check(span_text(f, 0), false, &fault))
			continue;
		bool match = topic_match(span_text(f, 0), span_text(t, 0));
		matched += match;
		if (match != slow_topic_match(f, t))
			ck_abort_msg("seed %llu: %s and %s: %d", (unsigned long long)d.seed, f, t, match);
	}
	ck_assert_uint_gt(matched, 1000);
}
END_TEST

Suite *topic_suite(void)
{
	Suite *s = suite_create("topic");
	TCase *tc = tcase_create("topic");
	tcase_add_loop_test(tc, each_name_is_good_or_breaks_a_rule_at_an_offset, 0, NAMES);
	tcase_add_test(tc, a_name_a_filter_and_a_text_hold_65535_bytes);
	tcase_add_loop_test(tc, a_wildcard_is_found_at_every_offset_of_a_long_name, 0, 41);
	tcase_add_test(tc, a_text_may_be_empty_and_have_wildcards);
	tcase_add_loop_test(tc, each_filter_is_good_or_breaks_a_rule_at_an_offset, 0, FILTERS);
	tcase_add_test(tc, bad_utf8_in_a_filter_is_found);
	tcase_add_loop_test(tc, each_filter_matches_just_the_names_it_should, 0, MATCHES);
	tcase_add_test(tc, a_slow_matcher_agrees_on_random_pairs);
	suite_add_tcase(s, tc);
	return s;
}
