/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets: connecting, waiting for room in the listener's queue, refusing.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqttwill.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/course.h"
#include "net/suites.h"
#include "net/unix.h"

static struct {
	struct pipe_error error;
	struct pipe      *pipe;
	int               listener;
	char              directory[32], path[64];
} here;

static void begin(int backlog)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	strcpy(here.directory, "/tmp/mqttwill-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(here.directory));
	snprintf(here.path, sizeof here.path, "%s/broker", here.directory);
	strcpy(a.sun_path, here.path);
	here.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(here.listener, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(here.listener, backlog), 0);
	here.pipe = unix_new(here.path, 1000, &here.error);
	ck_assert_ptr_nonnull(here.pipe);
}

static void end(void)
{
	pipe_close(here.pipe, false);
	close(here.listener);
	unlink(here.path);
	rmdir(here.directory);
}

static int open_at(uint64_t now_ms)
{
	return here.pipe->ops->open(here.pipe, now_ms);
}

START_TEST(a_unix_socket_connects_at_once_and_bytes_go_both_ways)
{
	char               buf[16];
	struct pipe_facts  facts;
	begin(4);
	ck_assert_int_eq(here.pipe->phase, MQTTWILL_PHASE_CONNECT);
	ck_assert_int_eq(open_at(1000), 0);
	ck_assert_int_eq(open_at(1000), 0);
	ck_assert_int_ne(fcntl(here.pipe->fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(here.pipe->fd, F_GETFL) & O_NONBLOCK, 0);
	int peer = accept4(here.listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_eq(here.pipe->ops->read(here.pipe, buf, sizeof buf), -1);
	ck_assert_int_eq(here.pipe->ops->write(here.pipe, "ping", 4), 4);
	ck_assert_int_eq(read(peer, buf, sizeof buf), 4);
	ck_assert_int_eq(write(peer, "pong", 4), 4);
	ck_assert_int_eq(here.pipe->ops->read(here.pipe, buf, sizeof buf), 4);
	pipe_describe(here.pipe, &facts);
	ck_assert_str_eq(facts.address, here.path);
	here.pipe->ops->finish(here.pipe);
	ck_assert_int_eq(read(peer, buf, sizeof buf), 0);
	close(peer);
	ck_assert_int_eq(here.pipe->ops->write(here.pipe, "x", 1), MQTTWILL_ELOST);
	ck_assert(strstr(here.error.text, here.path));
	end();
}
END_TEST

START_TEST(while_the_queue_is_full_it_tries_again_and_blocks_nobody)
{
	int                fds[8], n = 0;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	begin(0);
	strcpy(a.sun_path, here.path);
	do
		fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	while (connect(fds[n++], (struct sockaddr *)&a, sizeof a) == 0);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(open_at(1000), PIPE_WAIT);
	ck_assert_uint_eq(here.pipe->deadline, 1005);
	ck_assert_int_eq(here.pipe->wants, 0);
	ck_assert_int_eq(open_at(1005), PIPE_WAIT);
	ck_assert_uint_eq(here.pipe->deadline, 1015);
	uint64_t now = 1015;
	for (; _i && now < 2000; now = here.pipe->deadline) {
		ck_assert_int_eq(open_at(now), PIPE_WAIT);
		ck_assert_uint_le(here.pipe->deadline, now + 200);
	}
	if (_i) {
		ck_assert_uint_eq(now, 2000);
		ck_assert_int_eq(open_at(now), MQTTWILL_ETIMEOUT);
		ck_assert_msg(strstr(here.error.text, here.path), "%s", here.error.text);
	} else {
		close(accept4(here.listener, NULL, NULL, SOCK_CLOEXEC));
		ck_assert_int_eq(open_at(now), 0);
	}
	while (n)
		close(fds[--n]);
	end();
}
END_TEST

START_TEST(a_path_where_nobody_listens_is_told_with_the_reason)
{
	char text[200];
	begin(4);
	if (_i)
		close(here.listener);
	else
		unlink(here.path);
	int before = course_descriptors();
	ck_assert_int_eq(open_at(1000), MQTTWILL_ECONNECT);
	snprintf(text, sizeof text, "connect to %s: %s", here.path, _i ? "Connection refused" : "No such file or directory");
	ck_assert_str_eq(here.error.text, text);
	pipe_close(here.pipe, true);
	ck_assert_int_eq(course_descriptors(), before);
	here.pipe = NULL;
	end();
}
END_TEST

Suite *unix_suite(void)
{
	Suite *s = suite_create("unix");
	TCase *t = tcase_create("unix");
	tcase_add_test(t, a_unix_socket_connects_at_once_and_bytes_go_both_ways);
	tcase_add_loop_test(t, while_the_queue_is_full_it_tries_again_and_blocks_nobody, 0, 2);
	tcase_add_loop_test(t, a_path_where_nobody_listens_is_told_with_the_reason, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
