/* SPDX-License-Identifier: MIT */
/*
 * A connected socket that the application gives: what is taken, what is not and why, and that none stays open.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqttwill.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/adopt.h"
#include "net/course.h"
#include "net/line.h"
#include "net/suites.h"

static struct pipe_error error;
static int               given, calls;

static int give(void *user, const char *host, const char *port)
{
	ck_assert_ptr_eq(user, &given);
	ck_assert_str_eq(host, "broker");
	ck_assert_str_eq(port, "1883");
	calls++;
	return given;
}

static const struct mqttwill_network network = {.dial_fn = give, .user = &given};

static struct pipe *dial(int fd)
{
	given = fd;
	calls = 0;
	struct pipe *p = adopt_new("broker", "1883", &network, 8000, &error);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(p->phase, MQTTWILL_PHASE_CONNECT);
	return p;
}

static const char *address_of(const struct pipe *p)
{
	struct pipe_facts facts;
	pipe_describe(p, &facts);
	return facts.address;
}

static int number_of(int fd, int level, int option)
{
	int       value = -1;
	socklen_t len = sizeof value;
	getsockopt(fd, level, option, &value, &len);
	return value;
}

START_TEST(a_tcp_socket_is_taken_and_gets_its_options)
{
	struct line        l;
	struct sockaddr_in a;
	socklen_t          len = sizeof a;
	char               peer[32] = "127.0.0.1:", buf[8];
	ck_assert(line_listen(&l, AF_INET, 4));
	l.pipe = NULL;
	getsockname(l.listener, (struct sockaddr *)&a, &len);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, len), 0);
	struct pipe *p = dial(fd);
	ck_assert_int_eq(p->ops->open(p, 1), 0);
	ck_assert_int_eq(p->ops->open(p, 2), 0);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(p->fd, fd);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 8000);
	ck_assert_str_eq(address_of(p), strcat(peer, l.port));
	line_accept(&l);
	ck_assert_int_eq(p->ops->write(p, "hello", 5), 5);
	ck_assert_int_eq(read(l.peer, buf, sizeof buf), 5);
	pipe_close(p, false);
	ck_assert_int_eq(read(l.peer, buf, sizeof buf), 0);
	line_close(&l);
}
END_TEST

START_TEST(a_socket_pair_is_taken_and_has_no_address)
{
	int  pair[2];
	char buf[8];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	struct pipe *p = dial(pair[0]);
	ck_assert_int_eq(p->ops->open(p, 1), 0);
	ck_assert_str_eq(address_of(p), "");
	ck_assert_int_eq(write(pair[1], "hello", 5), 5);
	ck_assert_int_eq(p->ops->read(p, buf, sizeof buf), 5);
	close(pair[1]);
	ck_assert_int_eq(p->ops->read(p, buf, sizeof buf), 0);
	ck_assert_int_eq(p->ops->write(p, "x", 1), MQTTWILL_ELOST);
	ck_assert_str_eq(error.text, "write to the other side: Broken pipe");
	pipe_close(p, false);
}
END_TEST

static int a_datagram_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static int an_unconnected_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int a_file(void)
{
	return open("/dev/null", O_RDWR);
}

static int a_closed_descriptor(void)
{
	int fd = dup(0);
	close(fd);
	return fd;
}

static int minus_one(void)
{
	return -1;
}

static int a_timeout(void)
{
	return MQTTWILL_ETIMEOUT;
}

static int a_nonsense(void)
{
	return MQTTWILL_EAUTH;
}

static const struct {
	int (*make)(void);
	int         code;
	const char *text;
} refused[] = {
	{a_datagram_socket, MQTTWILL_ECONNECT, "connect to broker:1883: dial_fn: what it gave is not a stream socket"},
	{an_unconnected_socket, MQTTWILL_ECONNECT, "connect to broker:1883: dial_fn: the socket that it gave is not connected"},
	{a_file, MQTTWILL_ECONNECT, "connect to broker:1883: dial_fn: what it gave is not a socket"},
	{a_closed_descriptor, MQTTWILL_ECONNECT, "connect to broker:1883: dial_fn: what it gave is not an open descriptor"},
	{minus_one, MQTTWILL_ECONNECT, "connect to broker:1883: dial_fn: it gave -1"},
	{a_timeout, MQTTWILL_ETIMEOUT, "connect to broker:1883: dial_fn: it gave MQTTWILL_ETIMEOUT (-11): the deadline passed"},
	{a_nonsense, MQTTWILL_ECONNECT, "connect to broker:1883: dial_fn: it gave MQTTWILL_EAUTH (-41): the broker refused the credentials"},
};

START_TEST(what_cannot_be_used_is_closed_and_the_reason_told)
{
	int          before = course_descriptors();
	struct pipe *p = dial(refused[_i].make());
	ck_assert_int_eq(p->ops->open(p, 1), refused[_i].code);
	ck_assert_int_eq(error.code, refused[_i].code);
	ck_assert_str_eq(error.text, refused[_i].text);
	ck_assert_int_eq(p->fd, -1);
	ck_assert_int_eq(course_descriptors(), before);
	pipe_close(p, true);
}
END_TEST

START_TEST(it_is_not_asked_before_it_is_due)
{
	struct pipe *p = dial(-1);
	pipe_close(p, false);
	ck_assert_int_eq(calls, 0);
}
END_TEST

Suite *adopt_suite(void)
{
	Suite *s = suite_create("adopt");
	TCase *t = tcase_create("adopt");
	tcase_add_test(t, a_tcp_socket_is_taken_and_gets_its_options);
	tcase_add_test(t, a_socket_pair_is_taken_and_has_no_address);
	tcase_add_loop_test(t, what_cannot_be_used_is_closed_and_the_reason_told, 0, sizeof refused / sizeof refused[0]);
	tcase_add_test(t, it_is_not_asked_before_it_is_due);
	suite_add_tcase(s, t);
	return s;
}
