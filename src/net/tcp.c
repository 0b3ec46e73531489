/* SPDX-License-Identifier: MIT */
/*
 * Three steps: name, address, connection. Each address gets an equal share of the time that is left.
 */
#include "net/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mqttwill.h>

#include "net/resolve.h"

struct tcp {
	struct pipe         pipe;
	struct tcp_config   config;
	struct resolve_job *job;
	struct addrinfo    *next; /* the address to try after this one */
	uint64_t            end;  /* of all the time there is */
	pid_t               owner; /* the process: a forked child may close its copy, but not the connection */
	bool                open;
	char                peer[INET6_ADDRSTRLEN + 9]; /* [ADDRESS]:PORT */
};

static struct tcp *tcp_of(struct pipe *p)
{
	return (struct tcp *)(void *)p;
}

static void wait_for(struct tcp *t, int fd, uint8_t wants, uint64_t deadline)
{
	t->pipe.fd = fd;
	t->pipe.wants = wants;
	t->pipe.deadline = deadline;
}

static void set_number(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof value); /* a tuning that a system lacks is no error */
}

static void tune(const struct tcp *t, int fd)
{
	set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (t->config.silent_ms)
		set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)t->config.silent_ms);
}

static void name_peer(struct tcp *t, const struct addrinfo *a)
{
	char host[64], port[8];
	if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	snprintf(t->peer, sizeof t->peer, a->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static void drop_socket(struct tcp *t)
{
	if (t->pipe.fd >= 0)
		close(t->pipe.fd);
	t->pipe.fd = -1;
}

static uint64_t share(const struct tcp *t, const struct addrinfo *a, uint64_t now_ms)
{
	uint64_t left = t->end > now_ms ? t->end - now_ms : 0;
	uint64_t count = 0;
	for (; a; a = a->ai_next)
		count++;
	return now_ms + left / (count ? count : 1);
}

static int begin(struct tcp *t, const struct addrinfo *a, uint64_t now_ms)
{
	name_peer(t, a);
	t->pipe.phase = MQTTWILL_PHASE_CONNECT;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol); /* [MQTT-4.2.0-1] */
	if (fd < 0)
		return pipe_fail(t->pipe.error, MQTTWILL_ECONNECT, "socket: %s", strerror(errno));
	wait_for(t, fd, PIPE_WRITE, share(t, a, now_ms));
	tune(t, fd);
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return 0;
	if (errno == EINPROGRESS || errno == EINTR)
		return PIPE_WAIT;
	return pipe_fail(t->pipe.error, MQTTWILL_ECONNECT, "connect to %s: %s", t->peer, strerror(errno));
}

/* Tries addresses until one does not fail at once. */
static int next_address(struct tcp *t, uint64_t now_ms)
{
	int rc = t->pipe.error->code;
	while (t->next) {
		drop_socket(t);
		const struct addrinfo *a = t->next;
		t->next = a->ai_next;
		rc = begin(t, a, now_ms);
		if (rc >= 0)
			return rc;
	}
	drop_socket(t);
	return rc;
}

static int check_connect(struct tcp *t, uint64_t now_ms)
{
	int       error = 0;
	socklen_t len = sizeof error;
	struct sockaddr_storage peer;
	socklen_t               peer_len = sizeof peer;
	getsockopt(t->pipe.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error == 0 && getpeername(t->pipe.fd, (struct sockaddr *)&peer, &peer_len) == 0)
		return 0;
	if (error == 0 && now_ms < t->pipe.deadline)
		return PIPE_WAIT;
	pipe_fail(t->pipe.error, error ? MQTTWILL_ECONNECT : MQTTWILL_ETIMEOUT, "connect to %s: %s", t->peer,
	          error ? strerror(error) : "no answer in time");
	return next_address(t, now_ms);
}

static int start_lookup(struct tcp *t, uint64_t now_ms)
{
	struct resolve_query query = {.host = t->config.host, .port = t->config.port, .family = AF_UNSPEC};
	t->end = now_ms + t->config.timeout_ms;
	int rc = resolve_start(&t->job, &query);
	if (rc < 0)
		return pipe_fail(t->pipe.error, rc, "resolve %s: no thread or memory for it", t->config.host);
	wait_for(t, resolve_fd(t->job), PIPE_READ, t->end);
	return 0;
}

static int check_lookup(struct tcp *t, uint64_t now_ms)
{
	int error;
	if (resolve_done(t->job, &error, &t->next)) {
		t->pipe.fd = -1;
		if (error)
			return resolve_explain(t->job, NULL, t->pipe.error);
		return next_address(t, now_ms);
	}
	if (now_ms < t->end)
		return PIPE_WAIT;
	t->pipe.fd = -1;
	return pipe_fail(t->pipe.error, MQTTWILL_ETIMEOUT, "resolve %s: no answer in time", t->config.host);
}

static int tcp_open(struct pipe *p, uint64_t now_ms)
{
	struct tcp *t = tcp_of(p);
	if (t->open)
		return 0;
	int rc = t->job ? 0 : start_lookup(t, now_ms);
	if (rc == 0)
		rc = p->fd == resolve_fd(t->job) ? check_lookup(t, now_ms) : check_connect(t, now_ms);
	if (rc)
		return rc;
	t->open = true;
	resolve_drop(t->job); /* and with it the addresses that were not needed */
	t->job = NULL;
	t->next = NULL;
	p->wants = PIPE_READ;
	p->deadline = UINT64_MAX;
	return 0;
}

static bool try_later(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static ssize_t tcp_read(struct pipe *p, void *buf, size_t size)
{
	ssize_t n = recv(p->fd, buf, size, 0);
	if (n >= 0)
		return n;
	if (!try_later())
		return pipe_fail(p->error, MQTTWILL_ELOST, "read from %s: %s", tcp_of(p)->peer, strerror(errno));
	p->wants |= PIPE_READ;
	return -1;
}

static ssize_t tcp_write(struct pipe *p, const void *bytes, size_t n)
{
	ssize_t written = send(p->fd, bytes, n, MSG_NOSIGNAL);
	if (written >= 0)
		return written;
	if (!try_later())
		return pipe_fail(p->error, MQTTWILL_ELOST, "write to %s: %s", tcp_of(p)->peer, strerror(errno));
	p->wants |= PIPE_WRITE;
	return -1;
}

static void tcp_finish(struct pipe *p)
{
	shutdown(p->fd, SHUT_WR);
}

/* close(2) alone says nothing to the other side while a forked child holds a copy of the socket. */
static void end_connection(int fd, bool reset)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	if (!reset || connect(fd, &nobody, sizeof nobody) < 0)
		shutdown(fd, SHUT_RDWR);
}

static void tcp_close(struct pipe *p, bool reset)
{
	struct tcp *t = tcp_of(p);
	bool        lookup = t->job && p->fd == resolve_fd(t->job);
	if (p->fd >= 0 && t->open && t->owner == getpid())
		end_connection(p->fd, reset);
	if (!lookup)
		drop_socket(t);
	resolve_drop(t->job);
	free(t);
}

static void tcp_describe(const struct pipe *p, struct pipe_facts *facts)
{
	facts->address = ((const struct tcp *)(const void *)p)->peer;
}

static const struct pipe_ops tcp_ops = {tcp_open, tcp_read, tcp_write, tcp_finish, tcp_close, NULL, tcp_describe};

struct pipe *tcp_new(const struct tcp_config *config, struct pipe_error *error)
{
	struct tcp *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->config = *config;
	t->owner = getpid();
	t->pipe = (struct pipe){.ops = &tcp_ops, .error = error, .fd = -1, .deadline = UINT64_MAX, .phase = MQTTWILL_PHASE_RESOLVE};
	return &t->pipe;
}
