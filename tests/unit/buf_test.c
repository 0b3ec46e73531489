/* SPDX-License-Identifier: MIT */
/*
 * The byte queue: its ceiling, its growth, and what it keeps when a call fails.
 */
#include <check.h>
#include <string.h>

#include "base/buf.h"
#include "support/alloc.h"
#include "support/dice.h"
#include "unit/suites.h"

START_TEST(an_empty_buffer_owns_no_memory)
{
	struct buf b;
	buf_init(&b, 100);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(buf_len(&b), 0);
	ck_assert(buf_append(&b, NULL, 0));
	ck_assert_ptr_null(b.data);
	buf_fini(&b);
}
END_TEST

START_TEST(the_ceiling_is_reached_and_never_passed)
{
	struct buf b;
	uint8_t    bytes[1001] = {0};
	buf_init(&b, 1000);
	ck_assert(!buf_append(&b, bytes, 1001));
	ck_assert(buf_append(&b, bytes, 999));
	ck_assert(!buf_append(&b, bytes, 2));
	ck_assert_uint_eq(buf_len(&b), 999);
	ck_assert(buf_append(&b, bytes, 1));
	ck_assert(!buf_append(&b, bytes, 1));
	ck_assert_uint_eq(buf_len(&b), 1000);
	buf_fini(&b);
}
END_TEST

START_TEST(the_ceiling_holds_for_sizes_that_would_overflow)
{
	struct buf b;
	buf_init(&b, 1000);
	ck_assert(buf_append(&b, "abc", 3));
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX));
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX - 2));
	ck_assert_uint_eq(buf_len(&b), 3);
	buf_fini(&b);
}
END_TEST

START_TEST(the_ceiling_counts_what_is_queued_and_not_what_was_taken)
{
	struct buf b;
	uint8_t    bytes[300] = {7};
	buf_init(&b, 300);
	for (int i = 0; i < 100; i++) {
		ck_assert(buf_append(&b, bytes, 300));
		ck_assert(!buf_append(&b, bytes, 1));
		buf_take(&b, 300);
	}
	buf_fini(&b);
}
END_TEST

START_TEST(the_front_is_closed_up_before_memory_grows)
{
	struct buf b;
	uint8_t    bytes[256];
	memset(bytes, 'x', sizeof bytes);
	buf_init(&b, 1000);
	ck_assert(buf_append(&b, bytes, 250));
	size_t cap = b.cap;
	buf_take(&b, 240);
	ck_assert(buf_append(&b, "0123456789", 10));
	ck_assert_uint_eq(b.cap, cap);
	ck_assert_uint_eq(buf_len(&b), 20);
	ck_assert_mem_eq(buf_front(&b), "xxxxxxxxxx0123456789", 20);
	buf_fini(&b);
}
END_TEST

START_TEST(an_emptied_buffer_begins_again_at_its_front)
{
	struct buf b;
	buf_init(&b, 1000);
	ck_assert(buf_append(&b, "abc", 3));
	buf_take(&b, 3);
	ck_assert_ptr_eq(buf_reserve(&b, 10), b.data);
	buf_fini(&b);
}
END_TEST

START_TEST(bytes_are_not_moved_while_there_is_room_behind_them)
{
	struct buf b;
	buf_init(&b, 1000);
	ck_assert(buf_append(&b, "abcdef", 6));
	buf_take(&b, 2);
	const uint8_t *front = buf_front(&b);
	ck_assert(buf_append(&b, "g", 1));
	ck_assert_ptr_eq(buf_front(&b), front);
	ck_assert_mem_eq(buf_front(&b), "cdefg", 5);
	buf_fini(&b);
}
END_TEST

START_TEST(reserved_bytes_count_only_when_committed)
{
	struct buf b;
	buf_init(&b, 100);
	uint8_t *p = buf_reserve(&b, 10);
	ck_assert_ptr_nonnull(p);
	memcpy(p, "0123456789", 10);
	ck_assert_uint_eq(buf_len(&b), 0);
	buf_commit(&b, 4);
	ck_assert_uint_eq(buf_len(&b), 4);
	ck_assert_mem_eq(buf_front(&b), "0123", 4);
	buf_fini(&b);
}
END_TEST

START_TEST(memory_is_given_back_only_when_the_queue_is_empty)
{
	struct buf b;
	buf_init(&b, 100);
	ck_assert(buf_append(&b, "abc", 3));
	buf_take(&b, 2);
	buf_relax(&b);
	ck_assert_mem_eq(buf_front(&b), "c", 1);
	buf_take(&b, 1);
	ck_assert_ptr_nonnull(b.data);
	buf_relax(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.max, 100);
	ck_assert(buf_append(&b, "d", 1));
	buf_fini(&b);
}
END_TEST

START_TEST(a_buffer_stays_as_it_was_when_memory_runs_out)
{
	struct buf b;
	uint8_t    bytes[600] = {0};
	buf_init(&b, 10000);
	alloc_fail(1);
	ck_assert(!buf_append(&b, "abc", 3));
	ck_assert(alloc_stop());
	ck_assert_uint_eq(buf_len(&b), 0);
	ck_assert(buf_append(&b, "abcdef", 6));
	buf_take(&b, 2);
	alloc_fail(1);
	ck_assert(!buf_append(&b, bytes, sizeof bytes));
	ck_assert(alloc_stop());
	ck_assert_uint_eq(buf_len(&b), 4);
	ck_assert_mem_eq(buf_front(&b), "cdef", 4);
	buf_fini(&b);
}
END_TEST

START_TEST(many_small_appends_cost_few_allocations)
{
	struct buf b;
	bool       ok = true;
	buf_init(&b, 1 << 20);
	alloc_fail(0);
	for (int i = 0; i < 1 << 20; i++)
		ok &= buf_append(&b, "x", 1);
	alloc_stop();
	ck_assert(ok);
	ck_assert_int_lt(alloc_count(), 30);
	buf_fini(&b);
}
END_TEST

/* A queue of known content, checked byte by byte against a counter. */
START_TEST(bytes_come_out_in_the_order_they_went_in)
{
	struct dice d;
	struct buf  b;
	uint8_t     in = 0, out = 0, chunk[400];
	dice_init(&d, 0);
	buf_init(&b, 1500);
	for (int round = 0; round < 5000; round++) {
		size_t n = dice_roll(&d, sizeof chunk);
		for (size_t i = 0; i < n; i++)
			chunk[i] = (uint8_t)(in + i);
		if (buf_append(&b, chunk, n))
			in = (uint8_t)(in + n);
		else
			ck_assert_uint_gt(buf_len(&b) + n, 1500);
		size_t take = dice_roll(&d, (uint32_t)buf_len(&b) + 1);
		for (size_t i = 0; i < take; i++)
			if (buf_front(&b)[i] != (uint8_t)(out + i))
				ck_abort_msg("a byte out of order in round %d", round);
		out = (uint8_t)(out + take);
		buf_take(&b, take);
	}
	buf_fini(&b);
}
END_TEST

Suite *buf_suite(void)
{
	Suite *s = suite_create("buf");
	TCase *tc = tcase_create("buf");
	tcase_add_test(tc, an_empty_buffer_owns_no_memory);
	tcase_add_test(tc, the_ceiling_is_reached_and_never_passed);
	tcase_add_test(tc, the_ceiling_holds_for_sizes_that_would_overflow);
	tcase_add_test(tc, the_ceiling_counts_what_is_queued_and_not_what_was_taken);
	tcase_add_test(tc, the_front_is_closed_up_before_memory_grows);
	tcase_add_test(tc, an_emptied_buffer_begins_again_at_its_front);
	tcase_add_test(tc, bytes_are_not_moved_while_there_is_room_behind_them);
	tcase_add_test(tc, reserved_bytes_count_only_when_committed);
	tcase_add_test(tc, memory_is_given_back_only_when_the_queue_is_empty);
	tcase_add_test(tc, a_buffer_stays_as_it_was_when_memory_runs_out);
	tcase_add_test(tc, many_small_appends_cost_few_allocations);
	tcase_add_test(tc, bytes_come_out_in_the_order_they_went_in);
	suite_add_tcase(s, tc);
	return s;
}
