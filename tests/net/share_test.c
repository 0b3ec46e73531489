/* SPDX-License-Identifier: MIT */
/*
 * What is asked twice at once is looked up once, a job may be dropped at any time, and names that hang keep no others waiting.
 */
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/desk.h"
#include "net/suites.h"
#include "net/threads.h"
#include "support/alloc.h"

/* ---- The same question at the same time ---- */

START_TEST(what_many_ask_at_the_same_time_is_looked_up_once)
{
	struct desk         d;
	struct resolve_job *jobs[50];
	desk_open(&d, true, "192.0.2.1");
	for (int i = 0; i < 50; i++)
		jobs[i] = ask_desk(&d, "a.example");
	desk_await(&d, 1);
	struct resolve_job *late = ask_desk(&d, "a.example"); /* while it is under way */
	desk_let_go(&d, 1);
	for (int i = 0; i < 50; i++)
		is_answered(jobs[i], "192.0.2.1");
	is_answered(late, "192.0.2.1");
	ck_assert_int_eq(d.calls, 1);
}
END_TEST

START_TEST(what_is_asked_again_later_is_looked_up_again)
{
	struct desk d;
	desk_open(&d, false, "192.0.2.1");
	struct resolve_job *first = ask_desk(&d, "a.example");
	int                 error;
	finish(first, &error);
	d.texts[0] = "192.0.2.2";
	is_answered(ask_desk(&d, "a.example"), "192.0.2.2");
	is_answered(first, "192.0.2.1"); /* it keeps its own */
	ck_assert_int_eq(d.calls, 2);
}
END_TEST

START_TEST(another_question_is_another_lookup)
{
	struct desk          d, other;
	struct resolve_query query[6];
	struct resolve_job  *jobs[6];
	desk_open(&d, true, "192.0.2.1");
	desk_open(&other, true, "192.0.2.1");
	for (int i = 0; i < 6; i++)
		query[i] = at_desk(&d, "a.example");
	query[1].host = "b.example";
	query[2].port = "8883";
	query[3].family = AF_INET;
	query[4].user = &other;
	query[5].host = "A.example";
	for (int i = 0; i < 6; i++)
		jobs[i] = ask(&query[i]);
	desk_await(&d, 5);
	desk_await(&other, 1);
	desk_let_go(&d, 5);
	desk_let_go(&other, 1);
	for (int i = 0; i < 6; i++)
		is_answered(jobs[i], "192.0.2.1");
	ck_assert_int_eq(d.calls, 5);
}
END_TEST

START_TEST(one_that_is_dropped_does_not_take_the_answer_from_the_others)
{
	struct desk         d;
	struct resolve_job *jobs[3];
	desk_open(&d, true, "192.0.2.1");
	for (int i = 0; i < 3; i++)
		jobs[i] = ask_desk(&d, "a.example");
	desk_await(&d, 1);
	resolve_drop(jobs[_i]);
	desk_let_go(&d, 1);
	for (int i = 0; i < 3; i++)
		if (i != _i)
			is_answered(jobs[i], "192.0.2.1");
	ck_assert_int_eq(d.calls, 1);
	desk_close(&d);
}
END_TEST

START_TEST(a_lookup_that_was_given_up_is_not_joined_but_three_are_enough)
{
	struct desk d;
	int         before = threads();
	desk_open(&d, true, "192.0.2.1");
	for (int i = 0; i < 3; i++) {
		struct resolve_job *job = ask_desk(&d, "a.example");
		desk_await(&d, 1); /* a lookup of its own has begun */
		resolve_drop(job);
	}
	struct resolve_job *fourth = ask_desk(&d, "a.example"), *fifth = ask_desk(&d, "a.example");
	struct resolve_job *good = ask_desk(&d, "good.example");
	is_answered(good, "192.0.2.1");
	ck_assert_int_eq(d.calls, 4);
	desk_let_go(&d, 3);
	is_answered(fourth, "192.0.2.1");
	is_answered(fifth, "192.0.2.1");
	ck_assert_int_eq(d.calls, 4);
	await_threads(before);
	desk_close(&d);
}
END_TEST

/* ---- Names that hang ---- */

/* Asks for names of which none is answered. */
static void hang(struct desk *d, struct resolve_job **jobs, int n)
{
	char host[32];
	desk_open(d, true, "192.0.2.1");
	for (int i = 0; i < n; i++) {
		snprintf(host, sizeof host, "hangs-%d.example", i);
		jobs[i] = ask_desk(d, host);
	}
}

START_TEST(names_that_hang_do_not_keep_another_one_waiting)
{
	static const int    numbers_of_them[] = {THREADS_EAGER - 1, THREADS_EAGER, THREADS_EAGER + 1, THREADS_MOST - 1};
	int                 n = numbers_of_them[_i], before = threads();
	struct desk         d;
	struct resolve_job *jobs[THREADS_MOST];
	hang(&d, jobs, n);
	is_answered(ask_desk(&d, "good.example"), "192.0.2.1");
	is_answered(ask_desk(&d, "good.example"), "192.0.2.1");
	for (int i = 0; i < n; i++)
		ck_assert(!is_done(jobs[i]));
	desk_let_go(&d, n);
	for (int i = 0; i < n; i++)
		is_answered(jobs[i], "192.0.2.1");
	await_threads(before);
	desk_close(&d);
}
END_TEST

START_TEST(names_that_were_given_up_do_not_count)
{
	int                 before = threads();
	struct desk         d;
	struct resolve_job *jobs[THREADS_EAGER + 1];
	hang(&d, jobs, THREADS_EAGER);
	desk_await(&d, THREADS_EAGER);
	frozen_ms = threads_now(); /* so that nobody loses patience */
	struct resolve_job *next = ask_desk(&d, "good.example");
	for (int i = 0; i < THREADS_EAGER; i++)
		resolve_drop(jobs[i]);
	is_answered(next, "192.0.2.1"); /* which waited for a thread */
	is_answered(ask_desk(&d, "good.example"), "192.0.2.1");
	frozen_ms = 0;
	desk_let_go(&d, THREADS_EAGER);
	await_threads(before);
	desk_close(&d);
}
END_TEST

START_TEST(there_are_never_more_threads_than_the_ceiling)
{
	int                 before = threads();
	struct desk         d;
	struct resolve_job *jobs[THREADS_MOST + 10];
	hang(&d, jobs, THREADS_MOST + 10);
	desk_await(&d, THREADS_MOST);
	ck_assert_int_eq(threads(), before + THREADS_MOST);
	ck_assert_int_eq(d.calls, THREADS_MOST);
	for (int i = 0; i < THREADS_MOST; i++)
		resolve_drop(jobs[i]); /* which frees no thread yet */
	resolve_drop(jobs[THREADS_MOST]); /* never begun */
	ck_assert_int_eq(threads(), before + THREADS_MOST);
	desk_let_go(&d, 1);
	desk_await(&d, 1); /* the thread that is back takes the next */
	ck_assert_int_eq(threads(), before + THREADS_MOST);
	desk_let_go(&d, THREADS_MOST + 8);
	for (int i = THREADS_MOST + 1; i < THREADS_MOST + 10; i++)
		is_answered(jobs[i], "192.0.2.1");
	ck_assert_int_eq(d.calls, THREADS_MOST + 9);
	await_threads(before);
	desk_close(&d);
}
END_TEST

/* More than there are eager threads; dropped while they wait, while they run, and when they are done. */
START_TEST(jobs_may_be_dropped_at_any_time)
{
	struct resolve_job *jobs[40];
	int                 error, descriptors = dup(0), before = threads();
	for (int i = 0; i < 40; i++)
		jobs[i] = ask(&(struct resolve_query){.host = i % 2 ? "none.made-up" : "localhost", .port = i % 3 ? "1" : "2"});
	for (int i = 0; i < 40; i += 3) {
		resolve_drop(jobs[i]);
		jobs[i] = NULL;
	}
	for (int i = 0; i < 40; i++)
		if (jobs[i])
			finish(jobs[i], &error);
	for (int i = 0; i < 40; i++)
		resolve_drop(jobs[i]); /* NULL, too */
	await_threads(before); /* they end when there is no work */
	int after = dup(0);
	ck_assert_int_eq(after, descriptors + 1);
	close(after);
	close(descriptors);
}
END_TEST

/* ---- Memory ---- */

START_TEST(a_job_that_has_no_memory_leaves_nothing_behind)
{
	static const char *const hosts[] = {"192.0.2.1", "good.example"};
	struct desk              d;
	struct resolve_job      *job;
	int                      before = dup(0), failed = 0, rc;
	desk_open(&d, false, "192.0.2.1");
	struct resolve_query query = at_desk(&d, hosts[_i]);
	for (long n = 1; alloc_fail(n), rc = resolve_start(&job, &query), alloc_stop(); n++) {
		failed += rc == MQTTWILL_ENOMEM && !job;
		if (rc == 0)
			resolve_drop(job); /* it was one that the system could do without */
	}
	ck_assert_int_ge(failed, 2);
	is_answered(job, "192.0.2.1");
	int after = dup(0);
	ck_assert_int_eq(after, before + 1);
	close(before);
	close(after);
}
END_TEST

/* ---- Forks ---- */

#ifndef __SANITIZE_THREAD__ /* which lets no forked child start threads */
/* The child's exit code is left alone: what the parent's workers held is lost to it, which valgrind tells. */
static void resolve_in_child(int result)
{
	struct resolve_job *job;
	struct addrinfo    *list;
	int                 error = -1, rc = resolve_start(&job, &(struct resolve_query){.host = "localhost", .port = "1"});
	struct pollfd       p = {.fd = rc ? -1 : resolve_fd(job), .events = POLLIN};
	while (rc == 0 && !resolve_done(job, &error, &list) && poll(&p, 1, PATIENCE_MS) == 1)
		;
	resolve_drop(rc ? NULL : job);
	_exit(write(result, &error, sizeof error) < 0);
}

/* Of the parent's jobs one runs, one waits for a thread, one is shared; the child drops its copies of them first. */
START_TEST(a_forked_child_resolves_with_threads_of_its_own)
{
	struct resolve_job *jobs[THREADS_MOST + 2];
	struct desk         d;
	int                 status, answer = -1, result[2];
	ck_assert_int_eq(pipe(result), 0);
	hang(&d, jobs, THREADS_MOST + 1);
	jobs[THREADS_MOST + 1] = ask_desk(&d, "hangs-0.example");
	desk_await(&d, THREADS_MOST);
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < THREADS_MOST + 2; i++)
			resolve_drop(jobs[i]);
		resolve_in_child(result[1]);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(read(result[0], &answer, sizeof answer), sizeof answer);
	ck_assert_int_eq(answer, 0);
	desk_let_go(&d, THREADS_MOST + 1);
	for (int i = 0; i < THREADS_MOST + 2; i++)
		is_answered(jobs[i], "192.0.2.1");
	close(result[0]);
	close(result[1]);
}
END_TEST
#endif

Suite *share_suite(void)
{
	Suite *s = suite_create("share");
	TCase *t = tcase_create("share");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_many_ask_at_the_same_time_is_looked_up_once);
	tcase_add_test(t, what_is_asked_again_later_is_looked_up_again);
	tcase_add_test(t, another_question_is_another_lookup);
	tcase_add_loop_test(t, one_that_is_dropped_does_not_take_the_answer_from_the_others, 0, 3);
	tcase_add_test(t, a_lookup_that_was_given_up_is_not_joined_but_three_are_enough);
	tcase_add_loop_test(t, names_that_hang_do_not_keep_another_one_waiting, 0, 4);
	tcase_add_test(t, names_that_were_given_up_do_not_count);
	tcase_add_test(t, there_are_never_more_threads_than_the_ceiling);
	tcase_add_test(t, jobs_may_be_dropped_at_any_time);
	tcase_add_loop_test(t, a_job_that_has_no_memory_leaves_nothing_behind, 0, 2);
#ifndef __SANITIZE_THREAD__
	tcase_add_test(t, a_forked_child_resolves_with_threads_of_its_own);
#endif
	suite_add_tcase(s, t);
	return s;
}
