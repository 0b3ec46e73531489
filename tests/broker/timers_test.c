/* SPDX-License-Identifier: MIT */
/*
 * The heap of deadlines against the obvious way to find the earliest one.
 */
#include <check.h>
#include <string.h>

#include "broker/suites.h"
#include "broker/timers.h"

enum { TIMERS = 200, TURNS = 20000 };

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static struct timer *earliest(struct timer *all)
{
	struct timer *best = NULL;
	for (int i = 0; i < TIMERS; i++) {
		struct timer *t = &all[i];
		if (t->place && (!best || t->due_ms < best->due_ms || (t->due_ms == best->due_ms && t->order < best->order)))
			best = t;
	}
	return best;
}

START_TEST(the_earliest_timer_comes_first)
{
	static struct timer all[TIMERS];
	struct timers       ts = {0};
	uint32_t            seed = (uint32_t)_i;
	memset(all, 0, sizeof all);
	ck_assert(timers_join(&ts, TIMERS));
	for (int turn = 0; turn < TURNS; turn++) {
		struct timer *t = &all[next_random(&seed) % TIMERS], *first;
		if (next_random(&seed) % 4)
			timer_arm(&ts, t, (uint64_t)(next_random(&seed) % 1000) << 30);
		else
			timer_stop(&ts, t);
		first = earliest(all);
		ck_assert_uint_eq(timers_next(&ts), first ? first->due_ms : UINT64_MAX);
		if (next_random(&seed) % 4 == 0)
			ck_assert_ptr_eq(timers_take(&ts, UINT64_MAX), first);
	}
	timers_fini(&ts);
}
END_TEST

START_TEST(nothing_is_taken_before_its_time)
{
	struct timer  t = {0};
	struct timers ts = {0};
	ck_assert(timers_join(&ts, 1));
	ck_assert_ptr_null(timers_take(&ts, UINT64_MAX));
	timer_arm(&ts, &t, 4294967295000);
	ck_assert_ptr_null(timers_take(&ts, 4294967294999));
	ck_assert_ptr_eq(timers_take(&ts, 4294967295000), &t);
	ck_assert_ptr_null(timers_take(&ts, UINT64_MAX));
	timers_fini(&ts);
}
END_TEST

Suite *timers_suite(void)
{
	Suite *suite = suite_create("timers");
	TCase *tc = tcase_create("timers");
	tcase_add_loop_test(tc, the_earliest_timer_comes_first, 0, 4);
	tcase_add_test(tc, nothing_is_taken_before_its_time);
	suite_add_tcase(suite, tc);
	return suite;
}
