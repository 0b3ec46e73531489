/* SPDX-License-Identifier: MIT */
/*
 * Names and addresses: numbers need no thread, nothing blocks, and what goes wrong is told in a sentence.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/desk.h"
#include "net/suites.h"

static void fails(const struct resolve_query *query, int code, const char *sentence)
{
	struct resolve_job *job = ask(query);
	struct pipe_error   why;
	int                 error;
	finish(job, &error);
	ck_assert_int_eq(resolve_explain(job, NULL, &why), code);
	ck_assert_int_eq(error, code);
	ck_assert_int_eq(why.code, code);
	ck_assert_str_eq(why.text, sentence);
	resolve_drop(job);
}

/* ---- Numbers ---- */

static const struct number {
	const char *host;
	int         family;
} numbers[] = {{"127.0.0.1", AF_INET}, {"192.0.2.255", AF_INET}, {"::1", AF_INET6}, {"2001:db8::1", AF_INET6}, {"fe80::1%lo", AF_INET6}};

START_TEST(an_address_in_numbers_is_there_at_once_and_starts_no_thread)
{
	struct resolve_job *job;
	struct addrinfo    *list;
	int                 error, before = threads();
	ck_assert_int_eq(resolve_start(&job, &(struct resolve_query){.host = numbers[_i].host, .port = "1883", .srv_service = "_mqtt._tcp"}), 0);
	ck_assert_int_eq(threads(), before);
	ck_assert(resolve_done(job, &error, &list));
	ck_assert_ptr_eq(finish(job, &error), list); /* its descriptor says so, too */
	ck_assert_int_eq(error, 0);
	ck_assert_int_eq(list->ai_family, numbers[_i].family);
	ck_assert_ptr_null(list->ai_next);
	const struct sockaddr_in *a = (const void *)list->ai_addr; /* the port is at the same place in both families */
	ck_assert_int_eq(ntohs(a->sin_port), 1883);
	ck_assert_str_eq(texts(list), numbers[_i].host);
	resolve_drop(job);
}
END_TEST

START_TEST(a_number_of_the_other_family_is_an_error)
{
	fails(&(struct resolve_query){.host = "192.0.2.1", .port = "1", .family = AF_INET6}, MQTTWILL_ERESOLVE,
	      "resolve 192.0.2.1: it is not an IPv6 address");
	fails(&(struct resolve_query){.host = "::1", .port = "1", .family = AF_INET}, MQTTWILL_ERESOLVE, "resolve ::1: it is not an IPv4 address");
}
END_TEST

START_TEST(an_interface_that_is_not_there_is_an_error_and_no_name)
{
	int before = threads();
	fails(&(struct resolve_query){.host = "fe80::1%nowhere0", .port = "1"}, MQTTWILL_ERESOLVE,
	      "resolve fe80::1%nowhere0: it is no address, or this machine has no such interface");
	ck_assert_int_eq(threads(), before);
}
END_TEST

/* ---- Names ---- */

START_TEST(a_name_is_resolved_behind_a_descriptor)
{
	int                 error;
	struct resolve_job *job = ask(&(struct resolve_query){.host = "localhost", .port = "1883"});
	ck_assert_int_ne(fcntl(resolve_fd(job), F_GETFD) & FD_CLOEXEC, 0);
	struct addrinfo *list = finish(job, &error);
	ck_assert_int_eq(error, 0);
	const struct sockaddr_in *a = (const void *)list->ai_addr;
	ck_assert_int_eq(ntohs(a->sin_port), 1883);
	ck_assert_int_eq(list->ai_socktype, SOCK_STREAM);
	resolve_drop(job);
}
END_TEST

START_TEST(each_family_may_be_asked_for_alone)
{
	int                 error;
	struct resolve_job *job = ask(&(struct resolve_query){.host = "localhost", .port = "1", .family = AF_INET});
	for (struct addrinfo *a = finish(job, &error); a; a = a->ai_next)
		ck_assert_int_eq(a->ai_family, AF_INET);
	ck_assert_int_eq(error, 0);
	resolve_drop(job);
}
END_TEST

START_TEST(what_the_system_says_is_told_in_a_sentence)
{
	const struct system_answer *e = &system_answers[_i];
	fails(&(struct resolve_query){.host = e->host, .port = "1883"}, e->code, e->sentence);
}
END_TEST

/* The sentence that two jobs for the two families make. */
static void fail_together(const char *host, const char *sentence)
{
	struct resolve_job *six = ask(&(struct resolve_query){.host = host, .port = "1", .family = AF_INET6});
	struct resolve_job *four = ask(&(struct resolve_query){.host = host, .port = "1", .family = AF_INET});
	struct pipe_error   why;
	int                 error;
	finish(six, &error);
	finish(four, &error);
	ck_assert_int_eq(resolve_explain(four, six, &why), MQTTWILL_ERESOLVE);
	ck_assert_str_eq(why.text, sentence);
	resolve_explain(six, four, &why);
	ck_assert_str_eq(why.text, sentence);
	resolve_drop(six);
	resolve_drop(four);
}

START_TEST(of_two_families_the_reason_that_says_more_is_told)
{
	fail_together("none.made-up", "resolve none.made-up: the name does not exist");
	fail_together("data.made-up", "resolve data.made-up: the name has no address");
	fail_together("silent.made-up", "resolve silent.made-up: no answer from the name servers (temporary)");
	fails(&(struct resolve_query){.host = "data.made-up", .port = "1", .family = AF_INET6}, MQTTWILL_ERESOLVE,
	      "resolve data.made-up: the name has no IPv6 address");
}
END_TEST

START_TEST(a_family_that_this_machine_lacks_is_not_asked_for)
{
	only_ipv4 = true;
	fails(&(struct resolve_query){.host = "six.made-up", .port = "1", .family = AF_INET6}, MQTTWILL_ERESOLVE,
	      "resolve six.made-up: this machine has no IPv6 address");
	fails(&(struct resolve_query){.host = "six.made-up", .port = "1"}, MQTTWILL_ERESOLVE, "resolve six.made-up: the name has no IPv4 address");
	fail_together("six.made-up", "resolve six.made-up: the name has no IPv4 address, and this machine has no IPv6 address");
	fail_together("silent.made-up", "resolve silent.made-up: the name does not exist"); /* nobody waits for the name server */
	only_ipv4 = false;
}
END_TEST

/* ---- The application's own lookup ---- */

START_TEST(the_applications_addresses_are_taken_in_its_order)
{
	struct desk d;
	int         error, before = threads();
	desk_open(&d, false, "192.0.2.9");
	d.texts[1] = "2001:db8::1";
	d.texts[2] = "fe80::1%lo";
	d.texts[3] = "192.0.2.9"; /* once is enough */
	struct resolve_job *job = ask_desk(&d, "broker.example");
	struct addrinfo    *list = finish(job, &error);
	ck_assert_str_eq(texts(list), "192.0.2.9 2001:db8::1 fe80::1%lo");
	for (; list; list = list->ai_next)
		ck_assert_int_eq(ntohs(((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_port), 1883);
	resolve_drop(job);
	await_threads(before);
}
END_TEST

START_TEST(of_the_applications_addresses_those_of_the_family_are_taken)
{
	struct desk d;
	int         error;
	desk_open(&d, false, "192.0.2.9");
	d.texts[1] = "2001:db8::1";
	struct resolve_query query = at_desk(&d, "broker.example");
	query.family = AF_INET6;
	struct resolve_job *job = ask(&query);
	ck_assert_str_eq(texts(finish(job, &error)), "2001:db8::1");
	resolve_drop(job);
	d.texts[1] = NULL;
	fails(&query, MQTTWILL_ERESOLVE, "resolve broker.example: resolve_fn gave no IPv6 address");
}
END_TEST

START_TEST(what_is_wrong_with_the_applications_lookup_is_told)
{
	struct desk          d;
	char                 endless[65];
	struct resolve_query query = at_desk(&d, "a.example");
	desk_open(&d, false, NULL);
	fails(&query, MQTTWILL_ERESOLVE, "resolve a.example: resolve_fn gave no address");
	d.result = MQTTWILL_ETIMEOUT;
	fails(&query, MQTTWILL_ERESOLVE, "resolve a.example: resolve_fn failed: the deadline passed");
	d.result = 65;
	fails(&query, MQTTWILL_ERESOLVE, "resolve a.example: resolve_fn says it gave 65 addresses; 64 was the most");
	d.result = 0;
	d.texts[0] = "b.example";
	fails(&query, MQTTWILL_ERESOLVE, "resolve a.example: resolve_fn gave \"b.example\", which is no address");
	memset(endless, '1', 64);
	endless[64] = 0;
	d.texts[0] = endless;
	endless[63] = '.';
	fails(&query, MQTTWILL_ERESOLVE,
	      "resolve a.example: resolve_fn gave \"111111111111111111111111111111111111111111111111111111111111111\", which is no address");
	d.texts[0] = "192.0.2.1";
	d.starved = true;
	fails(&query, MQTTWILL_ENOMEM, "resolve a.example: no memory");
}
END_TEST

START_TEST(a_list_has_its_ceiling)
{
	static char all[70][16];
	struct desk d;
	int         error, n = 0;
	desk_open(&d, false, NULL);
	for (int i = 0; i < 70; i++) {
		snprintf(all[i], sizeof all[i], "192.0.2.%d", i);
		d.texts[i] = i < 69 ? all[i] : NULL;
	}
	struct resolve_job *job = ask_desk(&d, "many.example");
	for (struct addrinfo *a = finish(job, &error); a; a = a->ai_next)
		n++;
	ck_assert_int_eq(n, RESOLVE_MOST);
	resolve_drop(job);
}
END_TEST

START_TEST(the_applications_signals_are_not_the_threads)
{
	struct desk d;
	desk_open(&d, false, "192.0.2.1");
	is_answered(ask_desk(&d, "a.example"), "192.0.2.1");
	const int ours[] = {SIGINT, SIGTERM, SIGUSR1, SIGALRM, SIGPIPE, SIGCHLD};
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		ck_assert_int_eq(sigismember(&d.blocked, ours[i]), 1);
}
END_TEST

static void add_names(TCase *t)
{
	tcase_add_loop_test(t, an_address_in_numbers_is_there_at_once_and_starts_no_thread, 0, sizeof numbers / sizeof numbers[0]);
	tcase_add_test(t, a_number_of_the_other_family_is_an_error);
	tcase_add_test(t, an_interface_that_is_not_there_is_an_error_and_no_name);
	tcase_add_test(t, a_name_is_resolved_behind_a_descriptor);
	tcase_add_test(t, each_family_may_be_asked_for_alone);
	tcase_add_loop_test(t, what_the_system_says_is_told_in_a_sentence, 0, system_answer_count - 2);
	tcase_add_test(t, of_two_families_the_reason_that_says_more_is_told);
	tcase_add_test(t, a_family_that_this_machine_lacks_is_not_asked_for);
	tcase_add_test(t, the_applications_addresses_are_taken_in_its_order);
	tcase_add_test(t, of_the_applications_addresses_those_of_the_family_are_taken);
	tcase_add_test(t, what_is_wrong_with_the_applications_lookup_is_told);
	tcase_add_test(t, a_list_has_its_ceiling);
	tcase_add_test(t, the_applications_signals_are_not_the_threads);
}

Suite *resolve_suite(void)
{
	Suite *s = suite_create("resolve");
	TCase *t = tcase_create("resolve");
	tcase_set_timeout(t, 60);
	add_names(t);
	suite_add_tcase(s, t);
	return s;
}
