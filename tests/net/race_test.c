/* SPDX-License-Identifier: MIT */
/*
 * Happy Eyeballs [RFC 8305]: which address is tried when, which wins, what is told when none does. Time stands still.
 */
#include <errno.h>
#include <mqttwill.h>

#include "net/course.h"
#include "net/suites.h"

/* ---- Order and time ---- */

START_TEST(families_take_turns_a_quarter_of_a_second_apart_and_ipv6_is_first)
{
	course_begin(NULL);
	ck_assert_int_eq(course_at(0), PIPE_WAIT);
	ck_assert_int_eq(course.pipe->phase, MQTTWILL_PHASE_RESOLVE);
	course_answer_both(SIX(1) " " SIX(2) " " SIX(3), FOUR(1) " " FOUR(2));
	course_until(5000);
	course_tried("[" SIX(1) "]@0 " FOUR(1) "@250 [" SIX(2) "]@500 " FOUR(2) "@750 [" SIX(3) "]@1000 ");
	ck_assert_int_eq(course.pipe->phase, MQTTWILL_PHASE_CONNECT);
	ck_assert_int_eq(course_next(), COURSE_TIMEOUT_MS);
	course_end();
}
END_TEST

START_TEST(the_pause_is_an_option_and_nothing_begins_before_it_is_over)
{
	const struct mqttwill_network n = {.next_address_ms = 40};
	course_begin(&n);
	course_at(0);
	course_answer_both(SIX(1), FOUR(1));
	course_at(0);
	ck_assert_int_eq(course_next(), 40);
	ck_assert_int_eq(course_at(39), PIPE_WAIT);
	course_tried("[" SIX(1) "]@0 ");
	ck_assert_int_eq(course_at(40), PIPE_WAIT);
	course_tried("[" SIX(1) "]@0 " FOUR(1) "@40 ");
	course_end();
}
END_TEST

static const struct {
	uint32_t    family;
	int         asked, first, second; /* families that are looked up */
	const char *log;
} families[] = {
	{MQTTWILL_FAMILY_ANY, 2, AF_INET6, AF_INET, "[" SIX(1) "]@0 " FOUR(1) "@250 "},
	{MQTTWILL_PREFER_IPV6, 2, AF_INET6, AF_INET, "[" SIX(1) "]@0 " FOUR(1) "@250 "},
	{MQTTWILL_PREFER_IPV4, 2, AF_INET, AF_INET6, FOUR(1) "@0 [" SIX(1) "]@250 "},
	{MQTTWILL_ONLY_IPV4, 1, AF_INET, 0, FOUR(1) "@0 "},
	{MQTTWILL_ONLY_IPV6, 1, AF_INET6, 0, "[" SIX(1) "]@0 "},
};

START_TEST(the_family_is_an_option)
{
	const struct mqttwill_network n = {.family = families[_i].family};
	course_begin(&n);
	course_at(0);
	ck_assert_int_eq(course.asked, families[_i].asked);
	course_answer(families[_i].first, families[_i].first == AF_INET ? FOUR(1) : SIX(1));
	if (families[_i].second)
		course_answer(families[_i].second, families[_i].second == AF_INET ? FOUR(1) : SIX(1));
	course_until(5000);
	course_tried(families[_i].log);
	course_end();
}
END_TEST

START_TEST(an_address_in_numbers_is_one_question)
{
	course_host = FOUR(7);
	course_begin(NULL);
	course_at(0);
	ck_assert_int_eq(course.asked, 1);
	course_answer(AF_UNSPEC, FOUR(7));
	course_at(0);
	course_tried(FOUR(7) "@0 ");
	course_end();
}
END_TEST

START_TEST(the_next_begins_at_once_when_one_fails)
{
	course_begin(NULL);
	course_way(SIX(1), 0, ENETUNREACH);
	course_way(FOUR(1), 100, ECONNREFUSED);
	course_at(0);
	course_answer_both(SIX(1) " " SIX(2), FOUR(1) " " FOUR(2));
	ck_assert_int_eq(course_at(0), PIPE_WAIT);
	course_tried("[" SIX(1) "]@0 " FOUR(1) "@0 ");
	ck_assert_int_eq(course_next(), 250);
	ck_assert_int_eq(course_at(100), PIPE_WAIT);
	course_tried("[" SIX(1) "]@0 " FOUR(1) "@0 [" SIX(2) "]@100 ");
	ck_assert_int_eq(course_next(), 350);
	course_end();
}
END_TEST

START_TEST(one_that_fails_beside_others_makes_room_at_once)
{
	course_begin(NULL);
	course_way(FOUR(1), 50, ECONNREFUSED);
	course_at(0);
	course_answer_both(SIX(1) " " SIX(2), FOUR(1));
	course_until(250);
	ck_assert_int_eq(course_at(300), PIPE_WAIT);
	course_tried("[" SIX(1) "]@0 " FOUR(1) "@250 [" SIX(2) "]@300 ");
	course_end();
}
END_TEST

START_TEST(the_first_that_connects_wins_and_the_others_are_closed)
{
	course_begin(NULL);
	int before = course_descriptors();
	course_way(FOUR(1), 30, 0);
	course_at(0);
	course_answer_both(SIX(1) " " SIX(2), FOUR(1) " " FOUR(2));
	course_until(250);
	ck_assert_int_eq(course_at(279), PIPE_WAIT);
	course_won(280, FOUR(1));
	course_tried("[" SIX(1) "]@0 " FOUR(1) "@250 ");
	ck_assert_int_eq(course_descriptors(), before + 1);
	ck_assert(course.pipe->wants & PIPE_READ);
	ck_assert_int_eq(course_at(9999), 0); /* open is open */
	course_end();
}
END_TEST

START_TEST(one_that_began_earlier_and_answers_late_wins_over_one_that_does_not)
{
	course_begin(NULL);
	course_way(SIX(1), 300, 0);
	course_at(0);
	course_answer_both(SIX(1), FOUR(1));
	course_until(250);
	course_won(300, SIX(1));
	course_end();
}
END_TEST

START_TEST(of_two_that_are_there_at_once_the_earlier_one_wins)
{
	const struct mqttwill_network n = {.family = _i ? MQTTWILL_PREFER_IPV4 : MQTTWILL_FAMILY_ANY};
	course_begin(&n);
	course_way(SIX(1), _i ? 50 : 300, 0);
	course_way(FOUR(1), _i ? 300 : 50, 0);
	course_at(0);
	course_answer_both(SIX(1), FOUR(1));
	course_until(250);
	course_won(300, _i ? FOUR(1) : SIX(1));
	course_end();
}
END_TEST

/* ---- Names that come late ---- */

START_TEST(the_first_family_is_waited_for_a_little)
{
	course_begin(NULL);
	course_at(0);
	course_answer(AF_INET, FOUR(1));
	ck_assert_int_eq(course_at(20), PIPE_WAIT);
	ck_assert_int_eq(course_next(), 70);
	ck_assert_int_eq(course.pipe->phase, MQTTWILL_PHASE_RESOLVE);
	ck_assert_int_eq(course_at(69), PIPE_WAIT);
	course_tried("");
	ck_assert_int_eq(course_at(70), PIPE_WAIT);
	course_tried(FOUR(1) "@70 ");
	ck_assert_int_eq(course_next(), COURSE_TIMEOUT_MS);
	course_answer(AF_INET6, SIX(1)); /* and runs, when it is there at last */
	ck_assert_int_eq(course_at(90), PIPE_WAIT);
	ck_assert_int_eq(course_next(), 320);
	ck_assert_int_eq(course_at(320), PIPE_WAIT);
	course_tried(FOUR(1) "@70 [" SIX(1) "]@320 ");
	course_end();
}
END_TEST

START_TEST(the_first_family_goes_first_if_it_is_there_in_that_time)
{
	course_begin(NULL);
	course_at(0);
	course_answer(AF_INET, FOUR(1));
	course_at(20);
	course_answer(AF_INET6, SIX(1));
	course_at(69);
	course_tried("[" SIX(1) "]@69 ");
	course_end();
}
END_TEST

START_TEST(nothing_is_waited_for_when_the_first_family_has_no_address)
{
	course_begin(NULL);
	course_at(0);
	course_answer(AF_INET6, "");
	ck_assert_int_eq(course_at(10), PIPE_WAIT);
	course_answer(AF_INET, FOUR(1));
	course_at(20);
	course_tried(FOUR(1) "@20 ");
	course_end();
}
END_TEST

START_TEST(the_second_family_is_not_waited_for)
{
	course_begin(NULL);
	course_way(SIX(1), 5, 0);
	course_at(0);
	course_answer(AF_INET6, SIX(1));
	course_at(10);
	course_tried("[" SIX(1) "]@10 ");
	course_won(15, SIX(1));
	course_end();
}
END_TEST

START_TEST(when_all_have_failed_names_that_are_still_to_come_are_waited_for)
{
	course_begin(NULL);
	course_way(SIX(1), 0, ECONNREFUSED);
	course_at(0);
	course_answer(AF_INET6, SIX(1));
	ck_assert_int_eq(course_at(10), PIPE_WAIT);
	ck_assert_int_eq(course_next(), COURSE_TIMEOUT_MS);
	course_answer(AF_INET, FOUR(1));
	course_at(400);
	course_tried("[" SIX(1) "]@10 " FOUR(1) "@400 ");
	course_end();
}
END_TEST

/* ---- Answers that have an order of their own ---- */

START_TEST(an_application_that_looks_up_names_is_asked_once)
{
	const struct mqttwill_network n = {.resolve_fn = (mqttwill_resolve_fn *)1, .family = _i ? MQTTWILL_PREFER_IPV6 : MQTTWILL_FAMILY_ANY};
	course_begin(&n);
	course_at(0);
	ck_assert_int_eq(course.asked, 1);
	course_answer(AF_UNSPEC, FOUR(1) " " FOUR(2) " " SIX(1));
	course_until(5000);
	course_tried(_i ? "[" SIX(1) "]@0 " FOUR(1) "@250 " FOUR(2) "@500 " : FOUR(1) "@0 [" SIX(1) "]@250 " FOUR(2) "@500 ");
	course_end();
}
END_TEST

START_TEST(the_order_of_srv_records_is_kept)
{
	course_srv = "_mqtt._tcp";
	course_begin(NULL);
	course_at(0);
	ck_assert_int_eq(course.asked, 1);
	course_answer(AF_UNSPEC, FOUR(1) " " FOUR(2) " " SIX(1));
	course_until(5000);
	course_tried(FOUR(1) "@0 " FOUR(2) "@250 [" SIX(1) "]@500 ");
	course_end();
}
END_TEST

Suite *race_suite(void)
{
	Suite *s = suite_create("race");
	TCase *t = tcase_create("race");
	tcase_add_test(t, families_take_turns_a_quarter_of_a_second_apart_and_ipv6_is_first);
	tcase_add_test(t, the_pause_is_an_option_and_nothing_begins_before_it_is_over);
	tcase_add_loop_test(t, the_family_is_an_option, 0, sizeof families / sizeof families[0]);
	tcase_add_test(t, an_address_in_numbers_is_one_question);
	tcase_add_test(t, the_next_begins_at_once_when_one_fails);
	tcase_add_test(t, one_that_fails_beside_others_makes_room_at_once);
	tcase_add_test(t, the_first_that_connects_wins_and_the_others_are_closed);
	tcase_add_test(t, one_that_began_earlier_and_answers_late_wins_over_one_that_does_not);
	tcase_add_loop_test(t, of_two_that_are_there_at_once_the_earlier_one_wins, 0, 2);
	tcase_add_test(t, the_first_family_is_waited_for_a_little);
	tcase_add_test(t, the_first_family_goes_first_if_it_is_there_in_that_time);
	tcase_add_test(t, nothing_is_waited_for_when_the_first_family_has_no_address);
	tcase_add_test(t, the_second_family_is_not_waited_for);
	tcase_add_test(t, when_all_have_failed_names_that_are_still_to_come_are_waited_for);
	tcase_add_loop_test(t, an_application_that_looks_up_names_is_asked_once, 0, 2);
	tcase_add_test(t, the_order_of_srv_records_is_kept);
	suite_add_tcase(s, t);
	return s;
}
