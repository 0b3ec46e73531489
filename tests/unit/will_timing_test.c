/* SPDX-License-Identifier: MIT */
/*
 * When the broker speaks: each row of the truth table that a client can foresee.
 */
#include <check.h>
#include <mqttwill.h>

#include "unit/suites.h"

#define NEVER UINT64_MAX
#define CRASH MQTTWILL_ENDING_CRASH
#define CUT MQTTWILL_ENDING_CUT
#define WITH_WILL MQTTWILL_ENDING_WITH_WILL
#define CLEAN MQTTWILL_ENDING_CLEAN
#define RESUMED MQTTWILL_ENDING_RESUMED
#define REPLACED MQTTWILL_ENDING_REPLACED

static const struct {
	const char           *id; /* of the truth table */
	struct mqttwill_terms terms; /* version, keep-alive, session expiry, delay */
	uint32_t              ending;
	uint64_t              earliest_ms, latest_ms;
} rows[] = {
	{"W3-01", {MQTTWILL_V311, 60, 0, 0}, CRASH, 0, 0},
	{"W3-01", {MQTTWILL_V31, 60, 0, 0}, CRASH, 0, 0},
	{"W3-03", {MQTTWILL_V311, 10, 0, 0}, CUT, 5000, 15000},
	{"W3-04", {MQTTWILL_V311, 0, 0, 0}, CUT, NEVER, NEVER},
	{"W3-08", {MQTTWILL_V311, 60, 0, 0}, CLEAN, NEVER, NEVER},
	{"W3-13", {MQTTWILL_V311, 60, 0, 0}, RESUMED, 0, 0},
	{"W3-12", {MQTTWILL_V31, 60, 0, 0}, REPLACED, 0, 0},
	{"3.x knows no delay", {MQTTWILL_V311, 60, 60, 5}, CRASH, 0, 0},
	{"W5-01", {MQTTWILL_V5, 60, 0, 0}, CRASH, 0, 0},
	{"W5-03", {MQTTWILL_V5, 10, 0, 0}, CUT, 5000, 15000},
	{"W5-03, delayed", {MQTTWILL_V5, 10, 60, 5}, CUT, 10000, 20000},
	{"W5-04", {MQTTWILL_V5, 0, 60, 5}, CUT, NEVER, NEVER},
	{"W5-07", {MQTTWILL_V5, 60, 60, 5}, CLEAN, NEVER, NEVER},
	{"W5-08", {MQTTWILL_V5, 60, 60, 5}, WITH_WILL, 5000, 5000},
	{"WD-02", {MQTTWILL_V5, 60, 0, 0}, CRASH, 0, 0},
	{"WD-03", {MQTTWILL_V5, 60, UINT32_MAX, 0}, CRASH, 0, 0},
	{"WD-04", {MQTTWILL_V5, 60, 0, 5}, CRASH, 0, 0},
	{"WD-05", {MQTTWILL_V5, 60, 60, 5}, CRASH, 5000, 5000},
	{"WD-06", {MQTTWILL_V5, 60, 10, 10}, CRASH, 10000, 10000},
	{"WD-07", {MQTTWILL_V5, 60, 5, 30}, CRASH, 5000, 5000},
	{"WD-08", {MQTTWILL_V5, 60, UINT32_MAX, 5}, CRASH, 5000, 5000},
	{"WD-09", {MQTTWILL_V5, 60, 7, UINT32_MAX}, CRASH, 7000, 7000},
	{"WD-10", {MQTTWILL_V5, 60, UINT32_MAX, UINT32_MAX}, CRASH, 4294967295000, 4294967295000},
	{"the longest of all", {MQTTWILL_V5, 65535, UINT32_MAX, UINT32_MAX}, CUT, 4295000062500, 4295065597500},
	{"AUTO is 5", {MQTTWILL_AUTO, 60, 60, 5}, CRASH, 5000, 5000},
	{"WT-01", {MQTTWILL_V5, 60, 0, 0}, RESUMED, 0, 0},
	{"WT-03", {MQTTWILL_V5, 60, 0, 5}, RESUMED, 0, 0},
	{"WT-05", {MQTTWILL_V5, 60, 60, 0}, RESUMED, 0, 0},
	{"WT-07", {MQTTWILL_V5, 60, 60, 5}, RESUMED, NEVER, NEVER},
	{"WT-02", {MQTTWILL_V5, 60, 0, 0}, REPLACED, 0, 0},
	{"WT-08", {MQTTWILL_V5, 60, 60, 5}, REPLACED, 0, 0},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

START_TEST(the_moment_is_that_of_the_truth_table)
{
	struct mqttwill_timing t = {1, 1};
	ck_assert_int_eq(mqttwill_timing(&rows[_i].terms, rows[_i].ending, &t), 0);
	ck_assert_msg(t.earliest_ms == rows[_i].earliest_ms && t.latest_ms == rows[_i].latest_ms, "%s: %llu to %llu", rows[_i].id,
	              (unsigned long long)t.earliest_ms, (unsigned long long)t.latest_ms);
}
END_TEST

START_TEST(what_is_no_ending_or_no_version_is_told)
{
	const struct mqttwill_terms good = {MQTTWILL_V5, 60, 0, 0}, bad = {7, 60, 0, 0};
	struct mqttwill_timing      t = {1, 2};
	ck_assert_int_eq(mqttwill_timing(&good, 6, &t), MQTTWILL_EINVAL);
	ck_assert_int_eq(mqttwill_timing(&bad, CRASH, &t), MQTTWILL_EINVAL);
	ck_assert_int_eq(mqttwill_timing(NULL, CRASH, &t), MQTTWILL_EINVAL);
	ck_assert_int_eq(mqttwill_timing(&good, CRASH, NULL), MQTTWILL_EINVAL);
	ck_assert_uint_eq(t.earliest_ms, 1);
	ck_assert_uint_eq(t.latest_ms, 2);
}
END_TEST

Suite *will_timing_suite(void)
{
	Suite *s = suite_create("will_timing");
	TCase *tc = tcase_create("will_timing");
	tcase_add_loop_test(tc, the_moment_is_that_of_the_truth_table, 0, ROWS);
	tcase_add_test(tc, what_is_no_ending_or_no_version_is_told);
	suite_add_tcase(s, tc);
	return s;
}
