/* SPDX-License-Identifier: MIT */
/*
 * How a race ends: with its deadlines, with words for each failure, within bounds, and at any moment without a trace.
 */
#include <errno.h>
#include <mqttwill.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/course.h"
#include "net/race.h"
#include "net/suites.h"
#include "support/alloc.h"

/* ---- Deadlines and words ---- */

START_TEST(names_have_their_own_deadline)
{
	const struct mqttwill_network n = {.resolve_timeout_ms = 700};
	course_begin(&n);
	ck_assert_int_eq(course_at(0), PIPE_WAIT);
	ck_assert_int_eq(course_next(), 700);
	ck_assert_int_eq(course_at(699), PIPE_WAIT);
	course_lost(700, MQTTWILL_ETIMEOUT, "resolve broker: no answer in time");
	ck_assert_int_eq(course.pipe->phase, MQTTWILL_PHASE_RESOLVE);
	course_end();
}
END_TEST

START_TEST(addresses_have_their_own_deadline_together)
{
	const struct mqttwill_network n = {.address_timeout_ms = 600, .resolve_timeout_ms = 5000};
	course_begin(&n);
	course_at(0);
	course_answer_both(SIX(1) " " SIX(2), FOUR(1) " " FOUR(2));
	course_at(100);
	course_at(350);
	course_at(600);
	ck_assert_int_eq(course_next(), 700);
	ck_assert_int_eq(course_at(699), PIPE_WAIT);
	course_lost(700, MQTTWILL_ETIMEOUT,
	        "connect to [" SIX(1) "]:1883: no answer in time; to " FOUR(1) ":1883: no answer in time; and 2 more addresses: not tried");
	ck_assert_int_eq(course.pipe->phase, MQTTWILL_PHASE_CONNECT);
	ck_assert_int_eq(course.pipe->fd, -1);
	course_end();
}
END_TEST

START_TEST(both_together_have_the_attempts_deadline)
{
	course_begin(NULL);
	course_at(0);
	course_answer(AF_INET, FOUR(1));
	course_at(9000);
	course_at(9050);
	course_tried(FOUR(1) "@9050 ");
	course_lost(COURSE_TIMEOUT_MS, MQTTWILL_ETIMEOUT,
	        "connect to " FOUR(1) ":1883: no answer in time; resolve broker for IPv6: no answer in time");
	course_end();
}
END_TEST

START_TEST(a_lookup_that_is_late_does_not_stop_the_race)
{
	const struct mqttwill_network n = {.resolve_timeout_ms = 500};
	course_begin(&n);
	course_way(FOUR(1), 1000, 0);
	course_at(0);
	course_answer(AF_INET, FOUR(1));
	course_at(0);
	course_at(50);
	ck_assert_int_eq(course_next(), 500);
	ck_assert_int_eq(course_at(500), PIPE_WAIT);
	ck_assert_int_eq(course_next(), COURSE_TIMEOUT_MS);
	course_won(1050, FOUR(1));
	course_end();
}
END_TEST

START_TEST(where_all_refuse_each_reason_is_told)
{
	course_begin(NULL);
	course_way(SIX(1), 0, ENETUNREACH);
	course_way(FOUR(1), 10, ECONNREFUSED);
	course_at(0);
	course_answer_both(SIX(1), FOUR(1));
	ck_assert_int_eq(course_at(0), PIPE_WAIT);
	course_lost(10, MQTTWILL_ECONNECT,
	        "connect to [" SIX(1) "]:1883: Network is unreachable; to " FOUR(1) ":1883: Connection refused");
	course_end();
}
END_TEST

START_TEST(of_many_the_first_two_are_told_in_full_and_the_reasons_of_the_others)
{
	course_begin(NULL);
	course_way(FOUR(1), 0, ECONNREFUSED);
	course_way(FOUR(2), 0, ECONNREFUSED);
	course_way(FOUR(3), 0, EHOSTUNREACH);
	course_way(FOUR(4), 0, ECONNREFUSED);
	course_at(0);
	course_answer_both("", FOUR(1) " " FOUR(2) " " FOUR(3) " " FOUR(4));
	course_lost(0, MQTTWILL_ECONNECT,
	        "connect to " FOUR(1) ":1883: Connection refused; to " FOUR(2) ":1883: Connection refused; and 2 more addresses: No route to host");
	course_end();
}
END_TEST

START_TEST(a_name_without_an_address_is_not_resolved)
{
	course_begin(NULL);
	course_at(0);
	course_answer(AF_INET6, "");
	ck_assert_int_eq(course_at(5), PIPE_WAIT);
	course_answer(AF_INET, "");
	course_lost(10, MQTTWILL_ERESOLVE, "resolve broker: nothing for both");
	course_end();
}
END_TEST

START_TEST(a_name_without_an_address_of_the_only_family_says_so)
{
	const struct mqttwill_network n = {.bind_address = _i ? "::1" : NULL, .family = _i ? 0 : MQTTWILL_ONLY_IPV6};
	course_begin(&n);
	course_at(0);
	ck_assert_int_eq(course.asked, 1);
	course_answer(AF_INET6, "");
	course_lost(0, MQTTWILL_ERESOLVE,
	        _i ? "resolve broker: nothing for one; option network.bind_address allows IPv6 only"
	           : "resolve broker: nothing for one; option network.family allows IPv6 only");
	course_end();
}
END_TEST

/* ---- Bounds ---- */

START_TEST(no_more_than_sixteen_are_under_way_and_the_oldest_makes_room)
{
	const struct mqttwill_network n = {.next_address_ms = 10};
	char                          text[1024] = "";
	course_begin(&n);
	course_at(0);
	int before = course_descriptors();
	for (int i = 1; i <= 20; i++)
		sprintf(text + strlen(text), "192.0.2.%d ", i);
	course_answer_both("", text);
	course_until(1000);
	ck_assert_int_eq(course_descriptors(), before + RACE_AT_ONCE);
	ck_assert(strstr(course.log, FOUR(20) "@190 "));
	course_way(FOUR(4), 0, 0); /* it is not under way any more */
	ck_assert_int_eq(course_at(1500), PIPE_WAIT);
	course_end();
}
END_TEST

START_TEST(it_may_be_closed_at_any_moment_and_no_descriptor_stays)
{
	course_begin(NULL);
	int before = course_descriptors();
	course_way(FOUR(1), 30, 0);
	for (int stage = 0; stage < 6; stage++) {
		if (stage > 0)
			course_at(0);
		if (stage > 1)
			course_answer(AF_INET, FOUR(1));
		if (stage > 2)
			course_at(60);
		if (stage > 3)
			course_at(120);
		if (stage > 4)
			ck_assert_int_eq(course_at(150), 0);
		course_close(_i);
		ck_assert_int_eq(course_descriptors(), before);
		course_again(NULL, COURSE_START_MS);
	}
	course_end();
}
END_TEST

/* ---- Forks ---- */

/* How many descriptors an epoll descriptor watches. */
static int watched(int epoll)
{
	char  path[64], line[256];
	int   n = 0;
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		n += strncmp(line, "tfd:", 4) == 0;
	fclose(f);
	return n;
}

START_TEST(a_forked_child_that_closes_it_leaves_the_parents_race_alone)
{
	course_begin(NULL);
	course_at(0);
	course_answer(AF_INET, FOUR(1));
	course_until(60);
	ck_assert_int_eq(watched(course.pipe->fd), 2); /* a lookup and a socket */
	pid_t pid = fork();
	if (pid == 0) {
		course_close(true);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(watched(course.pipe->fd), 2);
	struct pollfd p = {.fd = course.pipe->fd, .events = POLLIN};
	course_answer(AF_INET6, SIX(1));
	ck_assert_int_eq(poll(&p, 1, 20000), 1);
	course_end();
}
END_TEST

/* Otherwise the child's copy of a loser's socket would go on connecting, and the broker have a guest who says nothing. */
START_TEST(a_loser_ends_though_a_forked_child_has_a_copy_of_it)
{
	struct tcp_info info = {0};
	socklen_t       len = sizeof info;
	course.keep_copy = true;
	course_begin(NULL);
	course_way(SIX(1), 300, 0);
	course_way(FOUR(1), 50, 0);
	course_at(0);
	course_answer_both(SIX(1), FOUR(1));
	course_at(0);
	course_at(250);
	ck_assert_int_eq(course_at(300), 0); /* both are there by now */
	ck_assert_str_eq(course_winner(), "[" SIX(1) "]:1883");
	ck_assert_int_eq(getsockopt(course.copy, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	ck_assert_int_eq(info.tcpi_state, TCP_CLOSE);
	course_end();
}
END_TEST

/* A forked child has copies of all. */
START_TEST(what_a_race_watches_leaves_its_descriptor_before_it_is_closed)
{
	course.keep_copy = true;
	course_begin(NULL);
	course_way(SIX(1), 20, ECONNREFUSED);
	course_way(FOUR(1), 30, 0);
	course_at(0);
	course_answer(AF_INET6, SIX(1));
	int epoll = dup(course.pipe->fd);
	ck_assert_int_eq(course_at(0), PIPE_WAIT);
	ck_assert_int_eq(watched(epoll), 2); /* a lookup and a socket */
	ck_assert_int_eq(course_at(20), PIPE_WAIT);
	ck_assert_int_eq(watched(epoll), 1);
	course_answer(AF_INET, FOUR(1));
	ck_assert_int_eq(course_at(20), PIPE_WAIT);
	ck_assert_int_eq(watched(epoll), 1);
	ck_assert_int_eq(course_at(50), 0);
	ck_assert_int_eq(watched(epoll), 0);
	close(epoll);
	course_end();
}
END_TEST

/* ---- Memory ---- */

/* With the nth allocation of the pipe's failing; true if there was one. */
static bool whole_race(long nth, int *rc)
{
	alloc_fail(nth);
	course_again(NULL, COURSE_START_MS);
	*rc = course.pipe ? course_at(0) : MQTTWILL_ENOMEM;
	nth -= alloc_count();
	bool refused = alloc_stop();
	if (refused || *rc != PIPE_WAIT)
		return refused;
	course_answer_both(SIX(1) " " SIX(2), FOUR(1) " " FOUR(2));
	alloc_fail(nth);
	*rc = course_at(0);
	return alloc_stop();
}

START_TEST(every_allocation_may_fail)
{
	bool refused = true;
	int  rc = PIPE_WAIT;
	course_begin(NULL);
	course_way(SIX(1), 0, ECONNREFUSED);
	course_way(FOUR(1), 0, 0);
	for (long n = 1; refused; n++) {
		course_close(false);
		failed_fini(&course.failed);
		refused = whole_race(n, &rc);
		ck_assert(rc == 0 || (refused && rc == MQTTWILL_ENOMEM)); /* without memory nothing is remembered, and that is all */
	}
	ck_assert_int_eq(rc, 0);
	course_end();
}
END_TEST

Suite *race_end_suite(void)
{
	Suite *s = suite_create("race_end");
	TCase *t = tcase_create("race_end");
	tcase_add_test(t, names_have_their_own_deadline);
	tcase_add_test(t, addresses_have_their_own_deadline_together);
	tcase_add_test(t, both_together_have_the_attempts_deadline);
	tcase_add_test(t, a_lookup_that_is_late_does_not_stop_the_race);
	tcase_add_test(t, where_all_refuse_each_reason_is_told);
	tcase_add_test(t, of_many_the_first_two_are_told_in_full_and_the_reasons_of_the_others);
	tcase_add_test(t, a_name_without_an_address_is_not_resolved);
	tcase_add_loop_test(t, a_name_without_an_address_of_the_only_family_says_so, 0, 2);
	tcase_add_test(t, no_more_than_sixteen_are_under_way_and_the_oldest_makes_room);
	tcase_add_loop_test(t, it_may_be_closed_at_any_moment_and_no_descriptor_stays, 0, 2);
	tcase_add_test(t, a_forked_child_that_closes_it_leaves_the_parents_race_alone);
	tcase_add_test(t, a_loser_ends_though_a_forked_child_has_a_copy_of_it);
	tcase_add_test(t, what_a_race_watches_leaves_its_descriptor_before_it_is_closed);
	tcase_add_test(t, every_allocation_may_fail);
	suite_add_tcase(s, t);
	return s;
}
