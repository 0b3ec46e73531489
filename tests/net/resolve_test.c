/* SPDX-License-Identifier: MIT */
/*
 * Names and addresses: numbers need no thread, nothing blocks, and a job may be dropped at any time.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/resolve.h"
#include "net/suites.h"

enum { PATIENCE_MS = 20000 };

static int threads(void)
{
	int  n = 0;
	DIR *d = opendir("/proc/self/task");
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static struct addrinfo *finish(struct resolve_job *job, int *error)
{
	struct addrinfo *list;
	struct pollfd    p = {.fd = resolve_fd(job), .events = POLLIN};
	while (!resolve_done(job, error, &list))
		ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
	return list;
}

static const struct number {
	const char *host;
	int         family;
} numbers[] = {{"127.0.0.1", AF_INET}, {"192.0.2.255", AF_INET}, {"::1", AF_INET6}, {"2001:db8::1", AF_INET6}};

START_TEST(an_address_in_numbers_is_there_at_once_and_starts_no_thread)
{
	struct resolve_job *job;
	struct addrinfo    *list;
	int                 error, before = threads();
	ck_assert_int_eq(resolve_start(&job, &(struct resolve_query){.host = numbers[_i].host, .port = "1883"}), 0);
	ck_assert_int_eq(threads(), before);
	ck_assert(resolve_done(job, &error, &list));
	ck_assert_int_eq(error, 0);
	ck_assert_int_eq(list->ai_family, numbers[_i].family);
	ck_assert_ptr_null(list->ai_next);
	const struct sockaddr_in *a = (const void *)list->ai_addr; /* the port is at the same place in both families */
	ck_assert_int_eq(ntohs(a->sin_port), 1883);
	resolve_drop(job);
}
END_TEST

START_TEST(a_name_is_resolved_behind_a_descriptor)
{
	struct resolve_job *job;
	int                 error;
	ck_assert_int_eq(resolve_start(&job, &(struct resolve_query){.host = "localhost", .port = "1883"}), 0);
	ck_assert_int_ne(fcntl(resolve_fd(job), F_GETFD) & FD_CLOEXEC, 0);
	struct addrinfo *list = finish(job, &error);
	ck_assert_int_eq(error, 0);
	ck_assert_ptr_nonnull(list);
	resolve_drop(job);
}
END_TEST

START_TEST(a_name_that_does_not_exist_is_an_error)
{
	struct resolve_job *job;
	int                 error;
	ck_assert_int_eq(resolve_start(&job, &(struct resolve_query){.host = "nowhere.invalid", .port = "1883"}), 0);
	ck_assert_ptr_null(finish(job, &error));
	ck_assert_int_ne(error, 0);
	resolve_drop(job);
}
END_TEST

/* More than there are workers; dropped while they wait, while they run, and when they are done. */
START_TEST(jobs_may_be_dropped_at_any_time)
{
	struct resolve_job *jobs[40];
	int                 error, descriptors = dup(0), before = threads();
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(resolve_start(&jobs[i], &(struct resolve_query){.host = i % 2 ? "nowhere.invalid" : "localhost", .port = "1"}), 0);
	for (int i = 0; i < 40; i += 3) {
		resolve_drop(jobs[i]);
		jobs[i] = NULL;
	}
	for (int i = 0; i < 40; i++)
		if (jobs[i])
			finish(jobs[i], &error);
	for (int i = 0; i < 40; i++)
		resolve_drop(jobs[i]); /* NULL, too */
	struct pollfd nothing = {.fd = -1};
	for (int i = 0; i < PATIENCE_MS && threads() > before; i++)
		poll(&nothing, 1, 1);
	ck_assert_int_le(threads(), before); /* workers end when there is no work */
	int after = dup(0);
	ck_assert_int_eq(after, descriptors + 1);
	close(after);
	close(descriptors);
}
END_TEST

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
	_exit(write(result, &error, sizeof error) < 0);
}

START_TEST(a_forked_child_resolves_with_workers_of_its_own)
{
	struct resolve_job *job;
	int                 error, answer = -1, result[2];
	ck_assert_int_eq(pipe(result), 0);
	ck_assert_int_eq(resolve_start(&job, &(struct resolve_query){.host = "nowhere.invalid", .port = "1"}), 0);
	pid_t pid = fork();
	if (pid == 0)
		resolve_in_child(result[1]);
	finish(job, &error);
	resolve_drop(job);
	ck_assert_int_eq(read(result[0], &answer, sizeof answer), sizeof answer);
	ck_assert_int_eq(answer, 0);
	waitpid(pid, NULL, 0);
	close(result[0]);
	close(result[1]);
}
END_TEST
#endif

Suite *resolve_suite(void)
{
	Suite *s = suite_create("resolve");
	TCase *t = tcase_create("resolve");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, an_address_in_numbers_is_there_at_once_and_starts_no_thread, 0, sizeof numbers / sizeof numbers[0]);
	tcase_add_test(t, a_name_is_resolved_behind_a_descriptor);
	tcase_add_test(t, a_name_that_does_not_exist_is_an_error);
	tcase_add_test(t, jobs_may_be_dropped_at_any_time);
#ifndef __SANITIZE_THREAD__
	tcase_add_test(t, a_forked_child_resolves_with_workers_of_its_own);
#endif
	suite_add_tcase(s, t);
	return s;
}
