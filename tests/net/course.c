/* SPDX-License-Identifier: MIT */
/*
 * An attempt that is to answer later is a socket on which nothing has been done yet; poll() says so until its time has come.
 */
#include "net/course.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <mqttwill.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/addresses.h"
#include "net/resolve.h"
#include "net/tcp.h"

enum { JOBS = 2, WAYS = 64, UNDER_WAY = 64 };

struct resolve_job {
	int              family, fd, error;
	bool             done;
	struct addrinfo *list;
};

struct course course;
const char   *course_host, *course_srv;

static struct resolve_job *jobs[JOBS];

static struct {
	char address[64];
	int  after_ms, error;
} ways[WAYS];

static struct {
	int      fd, error;
	uint64_t at;
} under_way[UNDER_WAY];

static int  ways_count, listener = -1;
static bool active;

/* What libcheck's own assertions allocate would be counted by a test in which allocations fail. */
static void must(bool ok)
{
	if (!ok)
		abort();
}

/* ---- Names ---- */

int                __real_resolve_start(struct resolve_job **out, const struct resolve_query *query);
int                __real_resolve_fd(const struct resolve_job *job);
bool               __real_resolve_done(struct resolve_job *job, int *error, struct addrinfo **list);
int                __real_resolve_explain(const struct resolve_job *job, const struct resolve_job *other, struct pipe_error *error);
void               __real_resolve_drop(struct resolve_job *job);
int                __wrap_resolve_start(struct resolve_job **out, const struct resolve_query *query);
int                __wrap_resolve_fd(const struct resolve_job *job);
bool               __wrap_resolve_done(struct resolve_job *job, int *error, struct addrinfo **list);
int                __wrap_resolve_explain(const struct resolve_job *job, const struct resolve_job *other, struct pipe_error *error);
void               __wrap_resolve_drop(struct resolve_job *job);

int __wrap_resolve_start(struct resolve_job **out, const struct resolve_query *query)
{
	if (!active)
		return __real_resolve_start(out, query);
	*out = calloc(1, sizeof **out);
	if (!*out)
		return MQTTWILL_ENOMEM;
	must(course.asked < JOBS);
	jobs[course.asked++] = *out;
	**out = (struct resolve_job){.family = query->family, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	return 0;
}

int __wrap_resolve_fd(const struct resolve_job *job)
{
	return active ? job->fd : __real_resolve_fd(job);
}

bool __wrap_resolve_done(struct resolve_job *job, int *error, struct addrinfo **list)
{
	if (!active)
		return __real_resolve_done(job, error, list);
	*error = job->error;
	*list = job->list;
	return job->done;
}

int __wrap_resolve_explain(const struct resolve_job *job, const struct resolve_job *other, struct pipe_error *error)
{
	if (!active)
		return __real_resolve_explain(job, other, error);
	return pipe_fail(error, job->error, "resolve broker: %s", other ? "nothing for both" : "nothing for one");
}

void __wrap_resolve_drop(struct resolve_job *job)
{
	if (!active)
		__real_resolve_drop(job);
	if (!active || !job)
		return;
	for (int i = 0; i < JOBS; i++)
		if (jobs[i] == job)
			jobs[i] = NULL;
	close(job->fd);
	free(job->list);
	free(job);
}

static struct resolve_job *job_of(int family)
{
	for (int i = 0; i < JOBS; i++)
		if (jobs[i] && jobs[i]->family == family)
			return jobs[i];
	must(false); /* nobody asks for it */
	return NULL;
}

void course_answer(int family, const char *text)
{
	struct resolve_job *job = job_of(family);
	struct addresses    found = {.count = 0};
	char                copy[1024];
	snprintf(copy, sizeof copy, "%s", text ? text : "");
	for (char *one = strtok(copy, " "); one; one = strtok(NULL, " ")) {
		union address a;
		must(address_parse(&a, one));
		addresses_add(&found, &a, 1883);
	}
	job->list = found.count ? addresses_list(&found) : NULL;
	job->error = found.count ? 0 : text ? MQTTWILL_ERESOLVE : MQTTWILL_ENOMEM;
	job->done = true;
	must(eventfd_write(job->fd, 1) == 0);
}

/* ---- The network ---- */

int __real_socket(int family, int type, int protocol);
int __real_connect(int fd, const struct sockaddr *to, socklen_t len);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_socket(int family, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

/* Of IPv4, that a machine without IPv6 can play, too. */
int __wrap_socket(int family, int type, int protocol)
{
	return __real_socket(active && family == AF_INET6 ? AF_INET : family, type, protocol);
}

/* To the listener, or to its address with a port at which nobody listens. */
static int connect_really(int fd, bool refused)
{
	struct sockaddr_in a;
	socklen_t          len = sizeof a;
	must(getsockname(listener, (struct sockaddr *)&a, &len) == 0);
	a.sin_port = refused ? htons(1) : a.sin_port;
	return __real_connect(fd, (struct sockaddr *)&a, len);
}

static void note(const struct sockaddr *to, socklen_t len, char *text, size_t size)
{
	union address a;
	size_t        used = strlen(course.log);
	must(address_from(&a, to, len));
	address_text(&a, text, size);
	*strrchr(text, ':') = 0;
	snprintf(course.log + used, sizeof course.log - used, "%s@%d ", text, (int)(course.now_ms - COURSE_START_MS));
}

static int later(int fd, int after_ms, int error)
{
	for (int i = 0; i < UNDER_WAY; i++)
		if (under_way[i].fd < 0) {
			under_way[i].fd = fd;
			under_way[i].error = error;
			under_way[i].at = after_ms == NEVER ? UINT64_MAX : course.now_ms + (uint64_t)after_ms;
			errno = EINPROGRESS;
			return -1;
		}
	must(false); /* too many at once */
	return -1;
}

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len)
{
	char text[ADDRESS_TEXT];
	if (!active || to->sa_family == AF_UNSPEC)
		return __real_connect(fd, to, len);
	note(to, len, text, sizeof text);
	for (int i = 0; i < UNDER_WAY; i++)
		if (under_way[i].fd == fd) /* the number is another socket's now */
			under_way[i].fd = -1;
	if (course.copy >= 0)
		close(course.copy);
	course.copy = course.keep_copy ? dup(fd) : -1;
	for (int i = 0; i < ways_count; i++) {
		if (strcmp(ways[i].address, text) != 0)
			continue;
		if (ways[i].after_ms)
			return later(fd, ways[i].after_ms, ways[i].error);
		errno = ways[i].error;
		return ways[i].error ? -1 : connect_really(fd, false);
	}
	return later(fd, NEVER, 0);
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	for (int i = 0; active && i < UNDER_WAY; i++) {
		if (n != 1 || under_way[i].fd != fds[0].fd)
			continue;
		if (course.now_ms < under_way[i].at)
			return 0;
		under_way[i].fd = -1;
		connect_really(fds[0].fd, under_way[i].error);
	}
	return __real_poll(fds, n, timeout);
}

void course_way(const char *address, int after_ms, int error)
{
	ck_assert_int_lt(ways_count, WAYS);
	snprintf(ways[ways_count].address, sizeof ways[0].address, strchr(address, ':') ? "[%s]" : "%s", address);
	ways[ways_count].after_ms = after_ms;
	ways[ways_count++].error = error;
}

/* ---- The course ---- */

static void listen_here(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	listener = __real_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(listener, 64), 0);
}

void course_begin(const struct mqttwill_network *network)
{
	if (listener < 0)
		listen_here();
	course.failed = (struct failed){0};
	course_again(network, COURSE_START_MS);
}

void course_again(const struct mqttwill_network *network, uint64_t now_ms)
{
	const struct tcp_config config = {
		.host = course_host ? course_host : "broker",
		.port = "1883",
		.network = network,
		.failed = &course.failed,
		.srv_service = course_srv,
		.timeout_ms = COURSE_TIMEOUT_MS,
		.silent_ms = 5000,
	};
	for (int i = 0; i < UNDER_WAY; i++)
		under_way[i].fd = -1;
	course.now_ms = now_ms;
	course.asked = 0;
	course.copy = -1;
	course.log[0] = 0;
	course.pipe = tcp_new(&config, &course.error);
	active = true;
}

int course_at(uint64_t ms)
{
	course.now_ms = COURSE_START_MS + ms;
	return course.pipe->ops->open(course.pipe, course.now_ms);
}

long course_next(void)
{
	return course.pipe->deadline == UINT64_MAX ? -1 : (long)(course.pipe->deadline - COURSE_START_MS);
}

int course_descriptors(void)
{
	int  n = 0;
	DIR *d = opendir("/proc/self/fd");
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n - 1; /* without the directory's own */
}

const char *course_winner(void)
{
	struct pipe_facts facts;
	pipe_describe(course.pipe, &facts);
	return facts.address;
}

void course_until(uint64_t ms)
{
	int rc = course_at(0);
	for (long at; rc == PIPE_WAIT && (at = course_next()) >= 0 && (uint64_t)at <= ms;)
		rc = course_at((uint64_t)at);
	ck_assert_int_eq(rc, PIPE_WAIT);
}

void course_answer_both(const char *six, const char *four)
{
	course_answer(AF_INET6, six);
	course_answer(AF_INET, four);
}

void course_tried(const char *log)
{
	ck_assert_str_eq(course.log, log);
}

void course_won(uint64_t ms, const char *address)
{
	char winner[ADDRESS_TEXT];
	snprintf(winner, sizeof winner, strchr(address, ':') ? "[%s]:1883" : "%s:1883", address);
	if (ms)
		ck_assert_int_eq(course_at(ms - 1), PIPE_WAIT);
	ck_assert_int_eq(course_at(ms), 0);
	ck_assert_str_eq(course_winner(), winner);
	ck_assert_int_eq(course_next(), -1);
}

void course_lost(uint64_t ms, int code, const char *text)
{
	ck_assert_int_eq(course_at(ms), code);
	ck_assert_int_eq(course.error.code, code);
	ck_assert_str_eq(course.error.text, text);
}

int course_accept(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

void course_close(bool reset)
{
	pipe_close(course.pipe, reset);
	course.pipe = NULL;
}

void course_end(void)
{
	course_close(false);
	failed_fini(&course.failed);
	if (course.copy >= 0)
		close(course.copy);
	close(listener);
	listener = -1;
	ways_count = 0;
	course_host = course_srv = NULL;
	course.keep_copy = false;
	active = false;
}
