/* SPDX-License-Identifier: MIT */
/*
 * The linker puts these functions in front of the system's.
 */
#include "net/desk.h"

#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "support/alloc.h"

/* ---- Jobs ---- */

int threads(void)
{
	int  n = 0;
	DIR *d = opendir("/proc/self/task");
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

void await_threads(int most)
{
	struct pollfd nothing = {.fd = -1};
	for (int i = 0; i < PATIENCE_MS && threads() > most; i++)
		poll(&nothing, 1, 1);
	ck_assert_int_le(threads(), most);
}

struct resolve_job *ask(const struct resolve_query *query)
{
	struct resolve_job *job;
	ck_assert_int_eq(resolve_start(&job, query), 0);
	return job;
}

struct addrinfo *finish(struct resolve_job *job, int *error)
{
	struct addrinfo *list;
	struct pollfd    p = {.fd = resolve_fd(job), .events = POLLIN};
	ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
	ck_assert(resolve_done(job, error, &list));
	ck_assert_int_eq(!list, *error != 0);
	return list;
}

bool is_done(struct resolve_job *job)
{
	struct addrinfo *list;
	int              error;
	return resolve_done(job, &error, &list);
}

/* "ADDRESS ADDRESS..." of a list. */
const char *texts(const struct addrinfo *list)
{
	static char all[2000], one[64];
	for (*all = 0; list; list = list->ai_next) {
		getnameinfo(list->ai_addr, list->ai_addrlen, one, sizeof one, NULL, 0, NI_NUMERICHOST);
		strcat(strcat(all, *all ? " " : ""), one);
	}
	return all;
}

void is_answered(struct resolve_job *job, const char *text)
{
	int              error;
	struct addrinfo *list = finish(job, &error);
	ck_assert_int_eq(error, 0);
	ck_assert_str_eq(texts(list), text);
	resolve_drop(job);
}

/* ---- The application's own lookup ---- */

static int answer(void *user, const char *host, struct mqttwill_address *addresses, int most)
{
	struct desk *d = user;
	int          n = 0;
	d->calls++;
	pthread_sigmask(SIG_SETMASK, NULL, &d->blocked);
	sem_post(&d->begun);
	while (d->waits && strncmp(host, "good", 4) != 0 && sem_wait(&d->go) != 0)
		;
	for (; d->texts[n] && n < most; n++)
		memcpy(addresses[n].text, d->texts[n], strnlen(d->texts[n], sizeof addresses[n].text));
	if (d->starved)
		alloc_fail(1);
	n = d->result ? d->result : n;
	sem_post(&d->gone);
	return n;
}

void desk_open(struct desk *d, bool waits, const char *text)
{
	*d = (struct desk){.waits = waits, .texts = {text}};
	sem_init(&d->begun, 0, 0);
	sem_init(&d->go, 0, 0);
	sem_init(&d->gone, 0, 0);
}

static void take(sem_t *s, int n)
{
	while (n--)
		while (sem_wait(s) != 0)
			;
}

void desk_await(struct desk *d, int calls)
{
	take(&d->begun, calls);
}

void desk_close(struct desk *d)
{
	take(&d->gone, d->calls);
}

void desk_let_go(struct desk *d, int n)
{
	while (n--)
		sem_post(&d->go);
}

struct resolve_query at_desk(struct desk *d, const char *host)
{
	return (struct resolve_query){.host = host, .port = "1883", .fn = answer, .user = d};
}

struct resolve_job *ask_desk(struct desk *d, const char *host)
{
	struct resolve_query query = at_desk(d, host);
	return ask(&query);
}

/* ---- The system ---- */

const struct system_answer system_answers[] = {
	{"none.made-up", EAI_NONAME, 0, MQTTWILL_ERESOLVE, "resolve none.made-up: the name does not exist"},
	{"again.made-up", EAI_AGAIN, 0, MQTTWILL_ERESOLVE, "resolve again.made-up: no answer from the name servers (temporary)"},
	{"fail.made-up", EAI_FAIL, 0, MQTTWILL_ERESOLVE, "resolve fail.made-up: the name servers refuse to answer"},
	{"data.made-up", EAI_NODATA, 0, MQTTWILL_ERESOLVE, "resolve data.made-up: the name has no address"},
	{"family.made-up", EAI_ADDRFAMILY, 0, MQTTWILL_ERESOLVE, "resolve family.made-up: the name has no address"},
	{"files.made-up", EAI_SYSTEM, EMFILE, MQTTWILL_ERESOLVE, "resolve files.made-up: Too many open files"},
	{"memory.made-up", EAI_MEMORY, 0, MQTTWILL_ENOMEM, "resolve memory.made-up: no memory"},
	{"service.made-up", EAI_SERVICE, 0, MQTTWILL_ERESOLVE, "resolve service.made-up: Servname not supported for ai_socktype"},
	{"six.made-up", 0, 0, 0, NULL},
	{"silent.made-up", EAI_AGAIN, 0, MQTTWILL_ERESOLVE, NULL},
};
const int system_answer_count = sizeof system_answers / sizeof system_answers[0];

_Atomic bool     only_ipv4;
_Atomic uint64_t frozen_ms;

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list);
int __wrap_getifaddrs(struct ifaddrs **list);
int __real_getifaddrs(struct ifaddrs **list);
void __wrap_freeifaddrs(struct ifaddrs *list);
void __real_freeifaddrs(struct ifaddrs *list);
int  __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int  __real_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	for (size_t i = 0; !(hints->ai_flags & AI_NUMERICHOST) && i < sizeof system_answers / sizeof system_answers[0]; i++) {
		const struct system_answer *e = &system_answers[i];
		if (strcmp(host, e->host) != 0)
			continue;
		if (!strcmp(host, "six.made-up"))
			return hints->ai_family == AF_INET ? EAI_NODATA : __real_getaddrinfo("2001:db8::6", service, hints, list);
		if (!strcmp(host, "silent.made-up"))
			return hints->ai_family == AF_INET6 ? EAI_AGAIN : EAI_NONAME;
		errno = e->system_error;
		return e->error;
	}
	return __real_getaddrinfo(host, service, hints, list);
}

static struct sockaddr own_address = {.sa_family = AF_INET};
static struct ifaddrs  own = {.ifa_name = (char *)"lo", .ifa_addr = &own_address};

int __wrap_getifaddrs(struct ifaddrs **list)
{
	if (!only_ipv4)
		return __real_getifaddrs(list);
	*list = &own;
	return 0;
}

void __wrap_freeifaddrs(struct ifaddrs *list)
{
	if (list != &own)
		__real_freeifaddrs(list);
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	uint64_t ms = frozen_ms;
	if (clock != CLOCK_MONOTONIC || !ms)
		return __real_clock_gettime(clock, now);
	*now = (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
	return 0;
}
