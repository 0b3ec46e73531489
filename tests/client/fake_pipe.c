/* SPDX-License-Identifier: MIT */
/*
 * Under the real driver: a pipe over a line in memory, with a descriptor that is made up. The linker's --wrap leads two calls of
 * the driver's here (FAKE_LINK in Makefile.am): the one that makes its pipe, and epoll_ctl(), for a client that forgets to watch
 * is a client that is not stepped.
 */
#include <errno.h>
#include <mqttwill.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "client/fake.h"
#include "client/line.h"
#include "net/tcp.h"

enum { NO_FD = 1 << 20 }; /* the kernel gives none above */

struct fake_pipe {
	struct pipe       pipe;
	struct line      *line;
	struct fake_pipe *next;
	uint32_t          timeout_ms;
	int               epoll; /* that watches it; -1: none does */
	uint32_t          events;
};

static struct fake_pipe *pipes;
static int               last_fd = NO_FD;

/* ---- epoll ---- */

int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *ev);

int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *ev)
{
	struct fake_pipe *f = pipes;
	while (f && f->pipe.fd != fd)
		f = f->next;
	bool watched = f && f->epoll == epoll;
	if (!f || watched == (op == EPOLL_CTL_ADD)) {
		errno = !f ? EBADF : watched ? EEXIST : ENOENT;
		return -1;
	}
	f->epoll = op == EPOLL_CTL_DEL ? -1 : epoll;
	f->events = op == EPOLL_CTL_DEL ? 0 : ev->events;
	return 0;
}

static bool is_ready(const struct fake_pipe *f)
{
	const struct line *l = f->line;
	if (!l->opened)
		return f->events & EPOLLOUT && l->open != LINE_HANGS;
	return l->broken || (f->events & EPOLLIN && line_readable(l)) || (f->events & EPOLLOUT && line_writable(l));
}

bool fake_ready(const struct client *c)
{
	for (const struct fake_pipe *f = pipes; f; f = f->next)
		if (f->epoll == c->epoll && is_ready(f))
			return true;
	return false;
}

/* ---- The pipe ---- */

static struct fake_pipe *fake_of(struct pipe *p)
{
	return (struct fake_pipe *)(void *)p;
}

static int line_opens(struct pipe *p, uint64_t now_ms)
{
	struct fake_pipe *f = fake_of(p);
	struct line      *l = f->line;
	if (l->open == LINE_REFUSES)
		return pipe_fail(p->error, MQTTWILL_ECONNECT, "tcp: connection refused");
	if (p->deadline == UINT64_MAX)
		p->deadline = now_ms + f->timeout_ms;
	p->wants = PIPE_WRITE;
	if (l->open == LINE_HANGS && now_ms >= p->deadline)
		return pipe_fail(p->error, MQTTWILL_ETIMEOUT, "tcp: no answer in time");
	if (l->open == LINE_HANGS)
		return PIPE_WAIT;
	p->deadline = UINT64_MAX;
	p->wants = PIPE_READ;
	l->opened = true;
	return 0;
}

/* What a call of the line's is to the driver; it waits for this where it is not now. */
static ssize_t told(struct pipe *p, long n, uint8_t wants)
{
	if (n < -1)
		return pipe_fail(p->error, MQTTWILL_ELOST, "tcp: connection reset by peer");
	if (n == -1)
		p->wants |= wants;
	return n;
}

static ssize_t line_reads(struct pipe *p, void *buf, size_t size)
{
	return told(p, line_read(fake_of(p)->line, buf, size), PIPE_READ);
}

static ssize_t line_writes(struct pipe *p, const void *bytes, size_t n)
{
	return told(p, line_write(fake_of(p)->line, bytes, n), PIPE_WRITE);
}

static void line_finishes(struct pipe *p)
{
	fake_of(p)->line->finished = true;
}

static void line_closes(struct pipe *p, bool reset)
{
	struct fake_pipe  *f = fake_of(p);
	struct fake_pipe **at = &pipes;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	f->line->closed = true;
	f->line->reset = reset;
	free(f);
}

static const struct pipe_ops line_ops = {line_opens, line_reads, line_writes, line_finishes, line_closes, NULL};

struct pipe *__wrap_tcp_new(const struct tcp_config *config, struct pipe_error *error);

struct pipe *__wrap_tcp_new(const struct tcp_config *config, struct pipe_error *error)
{
	struct fake_pipe *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->pipe = (struct pipe){.ops = &line_ops, .error = error, .fd = ++last_fd, .deadline = UINT64_MAX,
	                       .phase = MQTTWILL_PHASE_CONNECT};
	f->timeout_ms = config->timeout_ms;
	f->epoll = -1;
	f->line = line_new();
	f->line->open = fake_open(config->host);
	snprintf(f->line->server, sizeof f->line->server, "%s:%s", config->host, config->port);
	f->next = pipes;
	pipes = f;
	return &f->pipe;
}
