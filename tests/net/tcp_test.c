/* SPDX-License-Identifier: MIT */
/*
 * The bottom filter over real sockets: connecting, refusing, timing out, breaking, and who sees what of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqttwill.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/line.h"
#include "net/suites.h"

static int number_of(int fd, int level, int option)
{
	int       value = -1;
	socklen_t len = sizeof value;
	getsockopt(fd, level, option, &value, &len);
	return value;
}

static void failed(const struct line *l, int rc, int code, const char *text)
{
	ck_assert_int_eq(rc, code);
	ck_assert_int_eq(l->error.code, code);
	ck_assert_msg(strstr(l->error.text, text), "%s", l->error.text);
}

/* ---- Opening ---- */

START_TEST(a_pipe_connects_and_bytes_go_both_ways)
{
	struct line l;
	char        buf[16];
	line_connect(&l);
	ck_assert_int_eq(l.pipe->ops->read(l.pipe, buf, sizeof buf), -1);
	ck_assert(l.pipe->wants & PIPE_READ);
	ck_assert_int_eq(l.pipe->ops->write(l.pipe, "ping", 4), 4);
	ck_assert_int_eq(read(l.peer, buf, sizeof buf), 4);
	ck_assert_int_eq(write(l.peer, "pong", 4), 4);
	line_wait(&l, POLLIN);
	ck_assert_int_eq(l.pipe->ops->read(l.pipe, buf, sizeof buf), 4);
	ck_assert_mem_eq(buf, "pong", 4);
	ck_assert_uint_eq(l.pipe->deadline, UINT64_MAX);
	char peer[32] = "127.0.0.1:";
	ck_assert_str_eq(line_address(&l), strcat(peer, l.port));
	line_close(&l);
}
END_TEST

START_TEST(a_socket_is_close_on_exec_and_does_not_block_and_has_its_limits)
{
	struct line l;
	line_connect(&l);
	ck_assert_int_ne(fcntl(l.pipe->fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(l.pipe->fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(number_of(l.pipe->fd, IPPROTO_TCP, TCP_NODELAY), 1);
	ck_assert_int_eq(number_of(l.pipe->fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 5000);
	line_close(&l);
}
END_TEST

START_TEST(ipv6_is_spoken)
{
	struct line l;
	if (line_listen(&l, AF_INET6, 4)) {
		char peer[32] = "[::1]:";
		line_pipe(&l, "::1", 1000);
		ck_assert_int_eq(line_open(&l), 0);
		ck_assert_str_eq(line_address(&l), strcat(peer, l.port));
	}
	line_close(&l);
}
END_TEST

START_TEST(a_name_leads_to_the_address_that_answers) /* localhost may be ::1 first, where nobody listens */
{
	struct line l;
	ck_assert(line_listen(&l, AF_INET, 4));
	line_pipe(&l, "localhost", 1000);
	ck_assert_int_eq(line_open(&l), 0);
	ck_assert_int_eq(strncmp(line_address(&l), "127.0.0.1:", 10), 0);
	line_close(&l);
}
END_TEST

START_TEST(a_port_where_nobody_listens_refuses)
{
	struct line l;
	ck_assert(line_listen(&l, AF_INET, 4));
	close(l.listener);
	l.listener = -1;
	line_pipe(&l, "127.0.0.1", 1000);
	failed(&l, line_open(&l), MQTTWILL_ECONNECT, "connect to 127.0.0.1:");
	ck_assert(strstr(l.error.text, "Connection refused"));
	line_close(&l);
}
END_TEST

START_TEST(an_unknown_host_is_not_resolved)
{
	struct line l;
	ck_assert(line_listen(&l, AF_INET, 4));
	line_pipe(&l, "nowhere.invalid", 1000);
	failed(&l, line_open(&l), MQTTWILL_ERESOLVE, "resolve nowhere.invalid: ");
	line_close(&l);
}
END_TEST

/* A listener whose queue is full lets SYN go unanswered. */
static void fill(const struct line *l, int *fds, int n)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	a.sin_port = htons((uint16_t)atoi(l->port));
	for (int i = 0; i < n; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		ck_assert(connect(fds[i], (struct sockaddr *)&a, sizeof a) == 0 || errno == EINPROGRESS);
	}
}

START_TEST(an_address_that_does_not_answer_times_out)
{
	struct line l;
	int         fds[4];
	ck_assert(line_listen(&l, AF_INET, 0));
	fill(&l, fds, 4);
	line_pipe(&l, "127.0.0.1", 700);
	ck_assert_int_eq(l.pipe->ops->open(l.pipe, 1000), PIPE_WAIT);
	ck_assert_uint_eq(l.pipe->deadline, 1700);
	ck_assert_int_eq(l.pipe->ops->open(l.pipe, 1699), PIPE_WAIT);
	failed(&l, l.pipe->ops->open(l.pipe, 1700), MQTTWILL_ETIMEOUT, "no answer in time");
	ck_assert_int_eq(l.pipe->fd, -1);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	line_close(&l);
}
END_TEST

START_TEST(a_pipe_may_be_closed_at_any_moment_of_opening)
{
	struct line l;
	int         fds[4], before = dup(0);
	close(before);
	ck_assert(line_listen(&l, AF_INET, 0));
	line_pipe(&l, "nowhere.invalid", 700);
	pipe_close(l.pipe, _i);
	line_pipe(&l, "nowhere.invalid", 700);
	l.pipe->ops->open(l.pipe, 1000);
	pipe_close(l.pipe, _i); /* while the name is looked up, most likely */
	fill(&l, fds, 4);
	line_pipe(&l, "127.0.0.1", 700);
	ck_assert_int_eq(l.pipe->ops->open(l.pipe, 1000), PIPE_WAIT);
	pipe_close(l.pipe, _i); /* while it connects */
	l.pipe = NULL;
	pipe_close(NULL, _i);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	line_close(&l);
}
END_TEST

START_TEST(a_lookup_has_its_deadline)
{
	struct line l;
	ck_assert(line_listen(&l, AF_INET, 4));
	line_pipe(&l, "nowhere.invalid", 700);
	int rc = l.pipe->ops->open(l.pipe, 1000);
	if (rc == PIPE_WAIT)
		ck_assert_uint_eq(l.pipe->deadline, 1700);
	while (rc == PIPE_WAIT) /* it may be over before its time */
		rc = l.pipe->ops->open(l.pipe, 1700);
	ck_assert(rc == MQTTWILL_ETIMEOUT || rc == MQTTWILL_ERESOLVE);
	ck_assert_int_eq(rc, l.error.code);
	line_close(&l);
}
END_TEST

/* ---- Breaking ---- */

static void reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

START_TEST(a_reset_is_a_lost_connection)
{
	struct line l;
	char        buf[16];
	line_connect(&l);
	reset(l.peer);
	l.peer = -1;
	line_wait(&l, POLLIN);
	ck_assert_int_eq(l.pipe->ops->read(l.pipe, buf, sizeof buf), MQTTWILL_ELOST);
	failed(&l, l.error.code, MQTTWILL_ELOST, "read from 127.0.0.1:");
	line_close(&l);
}
END_TEST

START_TEST(the_end_of_the_stream_is_no_error)
{
	struct line l;
	char        buf[16];
	line_connect(&l);
	ck_assert_int_eq(write(l.peer, "bye", 3), 3);
	close(l.peer);
	l.peer = -1;
	line_wait(&l, POLLIN);
	ck_assert_int_eq(l.pipe->ops->read(l.pipe, buf, sizeof buf), 3);
	line_wait(&l, POLLIN);
	ck_assert_int_eq(l.pipe->ops->read(l.pipe, buf, sizeof buf), 0);
	line_close(&l);
}
END_TEST

static volatile sig_atomic_t piped;

static void on_pipe(int number)
{
	(void)number;
	piped = 1;
}

START_TEST(writing_to_a_broken_connection_raises_no_signal)
{
	struct line l;
	ssize_t     n;
	signal(SIGPIPE, on_pipe);
	line_connect(&l);
	reset(l.peer);
	l.peer = -1;
	line_wait(&l, POLLIN);
	do {
		n = l.pipe->ops->write(l.pipe, "x", 1);
	} while (n >= 0);
	ck_assert_int_eq(n, MQTTWILL_ELOST);
	ck_assert_int_eq(l.pipe->ops->write(l.pipe, "x", 1), MQTTWILL_ELOST);
	ck_assert(!piped);
	line_close(&l);
}
END_TEST

START_TEST(a_full_pipe_says_that_it_waits_for_room)
{
	static char bytes[65536];
	struct line l;
	ssize_t     n;
	size_t      written = 0;
	line_connect(&l);
	l.pipe->wants = 0;
	while ((n = l.pipe->ops->write(l.pipe, bytes, sizeof bytes)) > 0)
		written += (size_t)n;
	ck_assert_int_eq(n, -1);
	ck_assert(l.pipe->wants & PIPE_WRITE);
	while (written && (n = read(l.peer, bytes, sizeof bytes)) > 0)
		written -= (size_t)n;
	line_wait(&l, POLLOUT);
	ck_assert_int_eq(l.pipe->ops->write(l.pipe, "x", 1), 1);
	line_close(&l);
}
END_TEST

START_TEST(finish_shows_the_end_and_still_reads)
{
	struct line l;
	char        buf[16];
	line_connect(&l);
	l.pipe->ops->finish(l.pipe);
	ck_assert_int_eq(read(l.peer, buf, sizeof buf), 0);
	ck_assert_int_eq(write(l.peer, "late", 4), 4);
	line_wait(&l, POLLIN);
	ck_assert_int_eq(l.pipe->ops->read(l.pipe, buf, sizeof buf), 4);
	line_close(&l);
}
END_TEST

/* Whether in good order or not, and though another descriptor refers to the socket, as in a forked child. */
START_TEST(close_is_seen_by_the_other_side)
{
	struct line l;
	char        buf[16];
	line_connect(&l);
	int copy = _i & 2 ? dup(l.pipe->fd) : -1;
	pipe_close(l.pipe, _i & 1);
	l.pipe = NULL;
	struct pollfd p = {.fd = l.peer, .events = POLLIN};
	ck_assert_int_eq(poll(&p, 1, LINE_PATIENCE_MS), 1);
	ssize_t n = read(l.peer, buf, sizeof buf);
	if (_i & 1)
		ck_assert(n < 0 && errno == ECONNRESET);
	else
		ck_assert_int_eq(n, 0);
	if (copy >= 0)
		close(copy);
	line_close(&l);
}
END_TEST

static void add_opening(TCase *t)
{
	tcase_add_test(t, a_pipe_connects_and_bytes_go_both_ways);
	tcase_add_test(t, a_socket_is_close_on_exec_and_does_not_block_and_has_its_limits);
	tcase_add_test(t, ipv6_is_spoken);
	tcase_add_test(t, a_name_leads_to_the_address_that_answers);
	tcase_add_test(t, a_port_where_nobody_listens_refuses);
	tcase_add_test(t, an_unknown_host_is_not_resolved);
	tcase_add_test(t, an_address_that_does_not_answer_times_out);
	tcase_add_loop_test(t, a_pipe_may_be_closed_at_any_moment_of_opening, 0, 2);
	tcase_add_test(t, a_lookup_has_its_deadline);
}

Suite *tcp_suite(void)
{
	Suite *s = suite_create("tcp");
	TCase *t = tcase_create("tcp");
	tcase_set_timeout(t, 60);
	add_opening(t);
	tcase_add_test(t, a_reset_is_a_lost_connection);
	tcase_add_test(t, the_end_of_the_stream_is_no_error);
	tcase_add_test(t, writing_to_a_broken_connection_raises_no_signal);
	tcase_add_test(t, a_full_pipe_says_that_it_waits_for_room);
	tcase_add_test(t, finish_shows_the_end_and_still_reads);
	tcase_add_loop_test(t, close_is_seen_by_the_other_side, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
