/* SPDX-License-Identifier: MIT */
/*
 * Options of the socket: where it is bound, and the words for what cannot be.
 */
#include <arpa/inet.h>
#include <mqttwill.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/course.h"
#include "net/line.h"
#include "net/net.h"
#include "net/suites.h"

static int number_of(int fd, int level, int option)
{
	int       value = -1;
	socklen_t len = sizeof value;
	getsockopt(fd, level, option, &value, &len);
	return value;
}

/* A pipe to that host, at a listener's port. */
static int open_bound(struct line *l, const char *host, const struct mqttwill_network *network)
{
	const struct tcp_config config = {.host = host, .port = l->port, .network = network, .timeout_ms = 1000, .silent_ms = 40000};
	l->pipe = tcp_new(&config, &l->error);
	return line_open(l);
}

START_TEST(the_local_address_is_the_one_asked_for)
{
	const struct mqttwill_network n = {.bind_address = "127.0.0.7"};
	struct line                   l;
	struct sockaddr_in            own;
	socklen_t                     len = sizeof own;
	ck_assert(line_listen(&l, AF_INET, 4));
	ck_assert_int_eq(open_bound(&l, _i ? "localhost" : "127.0.0.1", &n), 0);
	getsockname(l.pipe->fd, (struct sockaddr *)&own, &len);
	ck_assert_uint_eq(own.sin_addr.s_addr, inet_addr("127.0.0.7"));
	ck_assert_int_eq(number_of(l.pipe->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT), 1);
	line_close(&l);
}
END_TEST

START_TEST(the_interface_is_the_one_asked_for)
{
	const struct mqttwill_network n = {.bind_interface = "lo"};
	struct line                   l;
	char                          name[16] = "";
	socklen_t                     len = sizeof name;
	ck_assert(line_listen(&l, AF_INET, 4));
	ck_assert_int_eq(open_bound(&l, "127.0.0.1", &n), 0);
	ck_assert_int_eq(getsockopt(l.pipe->fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0);
	ck_assert_str_eq(name, "lo");
	line_close(&l);
}
END_TEST

static const struct {
	const char             *host;
	struct mqttwill_network network;
	int                     code;
	const char             *text; /* behind "connect to 127.0.0.1:PORT", or whole */
} unbound[] = {
	{"127.0.0.1", {.bind_address = "192.0.2.77"}, MQTTWILL_ECONNECT, ": option network.bind_address: 192.0.2.77: Cannot assign requested address"},
	{"127.0.0.1", {.bind_interface = "nosuch0"}, MQTTWILL_ECONNECT, ": option network.bind_interface: there is no interface nosuch0"},
	{"127.0.0.1", {.bind_address = "::1"}, MQTTWILL_ERESOLVE, "it is not an IPv6 address; option network.bind_address allows IPv6 only"},
	{"::1", {.family = MQTTWILL_ONLY_IPV4}, MQTTWILL_ERESOLVE, "it is not an IPv4 address; option network.family allows IPv4 only"},
};

START_TEST(what_cannot_be_bound_names_its_option)
{
	struct line l;
	ck_assert(line_listen(&l, AF_INET, 4));
	int before = course_descriptors();
	ck_assert_int_eq(open_bound(&l, unbound[_i].host, &unbound[_i].network), unbound[_i].code);
	ck_assert_msg(strstr(l.error.text, unbound[_i].text), "%s", l.error.text);
	ck_assert(strncmp(l.error.text, unbound[_i].code == MQTTWILL_ECONNECT ? "connect to " : "resolve ", 8) == 0);
	ck_assert_int_eq(course_descriptors(), before);
	line_close(&l);
}
END_TEST

START_TEST(where_it_left_from_is_told_when_nobody_answers)
{
	const struct mqttwill_network n = {.bind_address = "127.0.0.7"};
	struct line                   l;
	ck_assert(line_listen(&l, AF_INET, 4));
	close(l.listener);
	l.listener = -1;
	ck_assert_int_eq(open_bound(&l, "127.0.0.1", &n), MQTTWILL_ECONNECT);
	ck_assert_msg(strstr(l.error.text, " from 127.0.0.7: Connection refused"), "%s", l.error.text);
	line_close(&l);
}
END_TEST

static const struct {
	struct mqttwill_network network;
	const char             *text;
} wrong[] = {
	{{.bind_address = "localhost"}, "option network.bind_address: \"localhost\" is not an IPv4 or IPv6 address"},
	{{.bind_address = "127.1"}, "option network.bind_address: \"127.1\" is not an IPv4 or IPv6 address"},
	{{.bind_address = ""}, "option network.bind_address: \"\" is not an IPv4 or IPv6 address"},
	{{.bind_address = "fe80::1%nosuch0"}, "option network.bind_address: \"fe80::1%nosuch0\" has a zone that is no interface here"},
	{{.bind_address = "::1", .family = MQTTWILL_ONLY_IPV4},
	 "option network.bind_address: ::1 is IPv6, and network.family allows IPv4 only"},
	{{.bind_address = "127.0.0.1", .family = MQTTWILL_ONLY_IPV6},
	 "option network.bind_address: 127.0.0.1 is IPv4, and network.family allows IPv6 only"},
	{{.bind_interface = ""}, "option network.bind_interface: a name has 1 to 15 bytes, this one has 0"},
	{{.bind_interface = "interface0123456"}, "option network.bind_interface: a name has 1 to 15 bytes, this one has 16"},
};

START_TEST(what_is_wrong_in_any_case_is_told_when_the_client_is_made)
{
	const struct net_settings settings = {.url = "mqtt://localhost", .network = &wrong[_i].network, .timeout_ms = 1000};
	struct pipe_error         error = {0};
	struct net               *n;
	ck_assert_int_eq(net_new(&n, &settings, &error), MQTTWILL_EOPTION);
	ck_assert_ptr_null(n);
	ck_assert_str_eq(error.text, wrong[_i].text);
}
END_TEST

/* So that pings, which come sooner, leave nothing to do for the probes, and both are over in the time there is. */
START_TEST(probes_fill_the_end_of_the_time_that_the_other_side_may_be_silent)
{
	static const struct mqttwill_network none;
	struct line                          l;
	ck_assert(line_listen(&l, AF_INET, 4));
	ck_assert_int_eq(open_bound(&l, "127.0.0.1", &none), 0);
	int fd = l.pipe->fd;
	ck_assert_int_eq(number_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 40000);
	ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 35);
	ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 1);
	ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
	line_close(&l);
}
END_TEST

START_TEST(fast_open_is_asked_of_the_system_where_the_option_says_so)
{
	const struct mqttwill_network n = {.flags = _i ? MQTTWILL_NET_FAST_OPEN : 0};
	struct line                   l;
	int                           probe = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	bool can = setsockopt(probe, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on) == 0;
	close(probe);
	ck_assert(line_listen(&l, AF_INET, 4));
	ck_assert_int_eq(open_bound(&l, "127.0.0.1", &n), 0);
	ck_assert_int_eq(number_of(l.pipe->fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT), can && _i);
	line_close(&l);
}
END_TEST

Suite *bind_suite(void)
{
	Suite *s = suite_create("bind");
	TCase *t = tcase_create("bind");
	tcase_add_loop_test(t, the_local_address_is_the_one_asked_for, 0, 2);
	tcase_add_test(t, the_interface_is_the_one_asked_for);
	tcase_add_loop_test(t, what_cannot_be_bound_names_its_option, 0, sizeof unbound / sizeof unbound[0]);
	tcase_add_test(t, where_it_left_from_is_told_when_nobody_answers);
	tcase_add_loop_test(t, what_is_wrong_in_any_case_is_told_when_the_client_is_made, 0, sizeof wrong / sizeof wrong[0]);
	tcase_add_test(t, probes_fill_the_end_of_the_time_that_the_other_side_may_be_silent);
	tcase_add_loop_test(t, fast_open_is_asked_of_the_system_where_the_option_says_so, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
