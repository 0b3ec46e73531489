/* SPDX-License-Identifier: MIT */
/*
 * What an open WebSocket owns, when it gives back what it needed, and what happens without memory.
 */
#include <stdlib.h>
#include <string.h>

#include "net/suites.h"
#include "net/websocket_line.h"
#include "support/alloc.h"

static struct websocket_line line; /* too large for a stack */
static uint8_t               sent[50000], got[50000];

static void setup(void)
{
	line.tape.calls = 0;
	line_open_websocket(&line);
}

static void teardown(void)
{
	line_end_websocket(&line);
}

static ssize_t writes(const void *bytes, size_t n)
{
	return line.top->ops->write(line.top, bytes, n);
}

START_TEST(between_frames_it_owns_nothing_and_on_the_way_it_allocates_nothing)
{
	ssize_t rc;
	line_frame(&line, 0x82, sent, 100);
	line_reads(&line, got, sizeof got, &rc);
	line.tape.in_len = line.tape.in_at = 0;
	for (int i = 0; i < 10; i++)
		line_frame(&line, 0x82, sent, 5000);
	alloc_watch();
	alloc_fail(0);
	size_t  n = line_reads(&line, got, sizeof got, &rc);
	ssize_t told = writes(sent, 50000);
	long    count = alloc_count(), most = alloc_most();
	alloc_stop();
	ck_assert_uint_eq(n, 50000);
	ck_assert_int_eq(told, 50000);
	ck_assert_int_eq(count, 0);
	ck_assert_int_eq(most, 0);
}
END_TEST

START_TEST(what_had_to_wait_is_given_back)
{
	struct alloc_bytes bytes = {0};
	writes("x", 1); /* what frames are made with is the process's */
	line.tape.room = 100;
	alloc_account(&bytes);
	ssize_t told = line.top->ops->write(line.top, sent, 5000);
	line.tape.room = 1 << 20;
	told += line.top->ops->write(line.top, sent + told, 5000 - (size_t)told);
	alloc_account(NULL);
	ck_assert_int_eq(told, 5000);
	ck_assert_int_ge(bytes.most, 4900);
	ck_assert_int_eq(bytes.now, 0);
}
END_TEST

START_TEST(an_open_one_is_small)
{
	struct alloc_bytes bytes = {0};
	alloc_account(&bytes);
	line_end_websocket(&line);
	alloc_account(NULL);
	long freed = -bytes.now; /* and the URL, which is the test's */
	setup();
	ck_assert_int_le(freed, 512);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	ssize_t rc;
	for (long nth = 1; nth < 100; nth++) {
		line_end_websocket(&line);
		line_open_websocket(&line);
		line_frame(&line, 0x89, "ping", 4);
		line_frame(&line, 0x82, "abc", 3);
		line_frame(&line, 0x88, "", 0);
		line.tape.room = 100;
		alloc_fail(nth);
		ssize_t wrote = line.top->ops->write(line.top, sent, 5000);
		line.tape.room = 1 << 20;
		bool    half = wrote == MQTTWILL_ENOMEM && line.tape.out_len; /* nothing can follow it */
		ssize_t again = half ? line.top->ops->write(line.top, "x", 1) : MQTTWILL_ELOST;
		line_reads(&line, got, sizeof got, &rc);
		bool failed = alloc_stop();
		ck_assert(wrote == 92 || wrote == MQTTWILL_ENOMEM);
		ck_assert(failed || (wrote == 92 && rc == 0));
		ck_assert_int_eq(again, MQTTWILL_ELOST);
		if (!failed)
			return;
	}
	ck_abort_msg("it never succeeds");
}
END_TEST

Suite *websocket_memory_suite(void)
{
	Suite *s = suite_create("websocket_memory");
	TCase *t = tcase_create("memory");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, between_frames_it_owns_nothing_and_on_the_way_it_allocates_nothing);
	tcase_add_test(t, what_had_to_wait_is_given_back);
	tcase_add_test(t, an_open_one_is_small);
	tcase_add_test(t, every_allocation_may_fail);
	suite_add_tcase(s, t);
	return s;
}
