/* SPDX-License-Identifier: MIT */
/*
 * Real sockets under a time that stands still.
 */
#include "net/line.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool line_listen(struct line *l, int family, int backlog)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in  four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr    *a = family == AF_INET6 ? (void *)&six : (void *)&four;
	socklen_t           len = family == AF_INET6 ? sizeof six : sizeof four;
	*l = (struct line){.listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), .peer = -1, .now_ms = 1000};
	if (l->listener < 0 || bind(l->listener, a, len) < 0 || listen(l->listener, backlog) < 0)
		return false;
	getsockname(l->listener, a, &len);
	snprintf(l->port, sizeof l->port, "%d", ntohs(family == AF_INET6 ? six.sin6_port : four.sin_port));
	return true;
}

void line_pipe(struct line *l, const char *host, uint32_t timeout_ms)
{
	l->pipe = tcp_new(&(struct tcp_config){.host = host, .port = l->port, .timeout_ms = timeout_ms, .silent_ms = 5000}, &l->error);
	ck_assert_ptr_nonnull(l->pipe);
}

int line_open(struct line *l)
{
	int rc;
	while ((rc = l->pipe->ops->open(l->pipe, l->now_ms)) == PIPE_WAIT)
		line_wait(l, (short)((l->pipe->wants & PIPE_READ ? POLLIN : 0) | (l->pipe->wants & PIPE_WRITE ? POLLOUT : 0)));
	return rc;
}

void line_accept(struct line *l)
{
	l->peer = accept4(l->listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(l->peer, 0);
}

void line_connect(struct line *l)
{
	ck_assert(line_listen(l, AF_INET, 4));
	line_pipe(l, "127.0.0.1", 1000);
	ck_assert_int_eq(line_open(l), 0);
	line_accept(l);
}

void line_wait(struct line *l, short events)
{
	struct pollfd p = {.fd = l->pipe->fd, .events = events};
	ck_assert_int_eq(poll(&p, 1, LINE_PATIENCE_MS), 1);
}

void line_close(struct line *l)
{
	pipe_close(l->pipe, false);
	if (l->peer >= 0)
		close(l->peer);
	if (l->listener >= 0)
		close(l->listener);
}

const char *line_address(const struct line *l)
{
	struct pipe_facts facts;
	pipe_describe(l->pipe, &facts);
	return facts.address;
}
