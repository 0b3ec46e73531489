/* SPDX-License-Identifier: MIT */
/*
 * Addresses that failed are remembered from attempt to attempt, for a while.
 */
#include <errno.h>
#include <mqttwill.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "net/course.h"
#include "net/suites.h"
#include "support/alloc.h"

/* ---- What is remembered ---- */

static const union address *four(const char *text)
{
	static union address a;
	ck_assert(address_parse(&a, text));
	a.four.sin_port = htons(1883);
	return &a;
}

static void attempt(uint64_t now_ms)
{
	course_close(false);
	course_again(NULL, COURSE_START_MS + now_ms);
	course_at(now_ms);
	course_answer_both(SIX(1), FOUR(1) " " FOUR(2));
	course_at(now_ms);
}

START_TEST(an_address_that_failed_goes_behind_the_others_for_a_while)
{
	course_begin(NULL);
	course_way(SIX(1), 0, ECONNREFUSED);
	course_way(FOUR(1), 0, ECONNREFUSED);
	attempt(0);
	course_tried("[" SIX(1) "]@0 " FOUR(1) "@0 " FOUR(2) "@0 ");
	attempt(1000);
	course_tried(FOUR(2) "@1000 ");
	ck_assert_int_eq(course_at(1250), PIPE_WAIT);
	course_tried(FOUR(2) "@1000 [" SIX(1) "]@1250 " FOUR(1) "@1250 "); /* never left out, and the one that failed first is first */
	attempt(1250 + 2 * FAILED_FIRST_MS); /* the second time it is twice as long */
	course_tried("[" SIX(1) "]@61250 " FOUR(1) "@61250 " FOUR(2) "@61250 ");
	course_end();
}
END_TEST

/* Somebody takes the connection and says something. */
static void answered(void)
{
	char byte;
	int  peer = course_accept();
	ck_assert_int_eq(write(peer, "x", 1), 1);
	struct pollfd p = {.fd = course.pipe->fd, .events = POLLIN};
	ck_assert_int_eq(poll(&p, 1, 20000), 1);
	ck_assert_int_eq(course.pipe->ops->read(course.pipe, &byte, 1), 1);
	close(peer);
}

START_TEST(one_that_is_overtaken_goes_behind)
{
	course_begin(NULL);
	course_way(FOUR(1), 5, 0);
	attempt(0);
	course_at(250);
	course_won(255, FOUR(1));
	answered();
	attempt(1000);
	course_tried(FOUR(1) "@1000 ");
	course_end();
}
END_TEST

START_TEST(one_that_answers_is_in_order_again)
{
	course_begin(NULL);
	course_way(FOUR(1), 5, 0);
	failed_note(&course.failed, four(FOUR(1)), COURSE_START_MS);
	failed_note(&course.failed, four(FOUR(2)), COURSE_START_MS);
	attempt(0);
	course_at(250);
	course_won(255, FOUR(1));
	ck_assert_uint_ne(failed_until(&course.failed, four(FOUR(1)), COURSE_START_MS), 0);
	answered();
	ck_assert_uint_eq(failed_until(&course.failed, four(FOUR(1)), COURSE_START_MS), 0);
	ck_assert_uint_ne(failed_until(&course.failed, four(FOUR(2)), COURSE_START_MS), 0);
	course_end();
}
END_TEST

START_TEST(one_where_nobody_says_a_word_goes_behind)
{
	course_begin(NULL);
	course_way(SIX(1), 5, 0);
	attempt(0);
	course_won(5, SIX(1));
	attempt(1000);
	course_tried(FOUR(1) "@1000 ");
	course_end();
}
END_TEST

START_TEST(the_hold_doubles_up_to_ten_minutes_and_begins_anew_after_a_good_while)
{
	struct failed        f = {0};
	const union address *a = four(FOUR(1));
	uint64_t             now = 5000, hold = FAILED_FIRST_MS;
	for (int i = 0; i < 8; i++) {
		failed_note(&f, a, now);
		ck_assert_uint_eq(failed_until(&f, a, now), now + hold);
		ck_assert_uint_eq(failed_until(&f, a, now + hold), 0);
		now += hold;
		hold = 2 * hold < FAILED_MOST_MS ? 2 * hold : FAILED_MOST_MS;
	}
	now += FAILED_MOST_MS;
	failed_note(&f, a, now);
	ck_assert_uint_eq(failed_until(&f, a, now), now + FAILED_FIRST_MS);
	failed_fini(&f);
}
END_TEST

START_TEST(the_table_is_small_and_lets_go_of_what_is_over_first)
{
	struct failed f = {0};
	union address a = *four(FOUR(1));
	for (unsigned i = 0; i < FAILED_MOST + 1; i++) {
		a.four.sin_port = htons((uint16_t)(1000 + i));
		failed_note(&f, &a, i == 7 ? 100 : 1000 + i);
	}
	ck_assert_uint_ne(failed_until(&f, &a, 1000), 0);
	a.four.sin_port = htons(1007);
	ck_assert_uint_eq(failed_until(&f, &a, 1000), 0);
	a.four.sin_port = htons(1000);
	ck_assert_uint_ne(failed_until(&f, &a, 1000), 0);
	failed_fini(&f);
}
END_TEST

START_TEST(without_memory_nothing_is_remembered)
{
	struct failed        f = {0};
	const union address *a = four(FOUR(1));
	alloc_fail_from(1);
	failed_note(&f, a, 1000);
	alloc_stop();
	ck_assert_uint_eq(failed_until(&f, a, 1000), 0);
	failed_note(&f, a, 1000);
	ck_assert_uint_ne(failed_until(&f, a, 1000), 0);
	failed_forget(&f, a);
	ck_assert_ptr_null(f.at);
}
END_TEST

START_TEST(a_socket_that_cannot_be_had_is_not_held_against_the_address)
{
	const struct mqttwill_network n = {.bind_interface = "nosuch0"};
	course_begin(&n);
	course_at(0);
	course_answer(AF_INET6, "");
	course_answer(AF_INET, FOUR(1));
	course_lost(0, MQTTWILL_ECONNECT, "connect to " FOUR(1) ":1883: option network.bind_interface: there is no interface nosuch0");
	ck_assert_uint_eq(failed_until(&course.failed, four(FOUR(1)), COURSE_START_MS), 0);
	course_end();
}
END_TEST

Suite *failed_suite(void)
{
	Suite *s = suite_create("failed");
	TCase *t = tcase_create("failed");
	tcase_add_test(t, an_address_that_failed_goes_behind_the_others_for_a_while);
	tcase_add_test(t, one_that_is_overtaken_goes_behind);
	tcase_add_test(t, one_that_answers_is_in_order_again);
	tcase_add_test(t, one_where_nobody_says_a_word_goes_behind);
	tcase_add_test(t, the_hold_doubles_up_to_ten_minutes_and_begins_anew_after_a_good_while);
	tcase_add_test(t, the_table_is_small_and_lets_go_of_what_is_over_first);
	tcase_add_test(t, without_memory_nothing_is_remembered);
	tcase_add_test(t, a_socket_that_cannot_be_had_is_not_held_against_the_address);
	suite_add_tcase(s, t);
	return s;
}
