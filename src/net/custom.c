/* SPDX-License-Identifier: MIT */
/*
 * Each call of the transport's is checked: more bytes than were asked for, none where there must be some, a number that is
 * neither bytes nor an error end the connection with a sentence.
 */
#include "net/custom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mqttwill.h>

#include "base/error.h"

enum { WHY = 200 };

struct custom {
	struct pipe                      pipe;
	const struct mqttwill_transport *ops;
	void                            *user;
	void                            *stream;
	const char                      *host, *port;
	uint32_t                         timeout_ms;
	pid_t                            owner; /* in a forked child the stream is the parent's: nothing is called there */
	bool                             begun, open;
	bool                             drained; /* the last read had nothing more */
	char                             why[WHY];
};

static struct custom *custom_of(struct pipe *p)
{
	return (struct custom *)(void *)p;
}

static bool is_error(int64_t rc)
{
	return rc < MQTTWILL_EINVAL && rc >= INT32_MIN && strcmp(error_name((int)rc), "unknown") != 0;
}

/* "read from H:P: ", and why. A -1 is none of our errors: it is what read(2) says. */
static int broken(struct custom *t, const char *what, int64_t rc)
{
	char from[160];
	snprintf(from, sizeof from, "%s %.100s%s%.8s", what, t->host, *t->port ? ":" : "", t->port);
	t->why[WHY - 1] = 0;
	if (!is_error(rc))
		return pipe_fail(t->pipe.error, t->open ? MQTTWILL_ELOST : MQTTWILL_ECONNECT,
		                 "%s: the transport returned %lld, which it may not", from, (long long)rc);
	return pipe_fail(t->pipe.error, (int)rc, "%s: %.120s", from, *t->why ? t->why : error_text((int)rc));
}

/* True where it is one of the two; what is then waited for is noted. */
static bool must_wait(struct custom *t, int64_t rc)
{
	if (rc != MQTTWILL_WANT_READ && rc != MQTTWILL_WANT_WRITE)
		return false;
	t->pipe.wants |= rc == MQTTWILL_WANT_READ ? PIPE_READ : PIPE_WRITE;
	return true;
}

static void look_for_descriptor(struct custom *t)
{
	t->pipe.fd = t->ops->fd ? t->ops->fd(t->stream) : -1;
	if (t->pipe.fd < 0)
		t->pipe.fd = -1;
}

static int begin(struct custom *t, uint64_t now_ms)
{
	t->pipe.deadline = now_ms + t->timeout_ms;
	int rc = t->ops->open(t->user, t->host, t->port, &t->stream, t->why);
	if (rc != 0)
		return broken(t, "open", rc);
	t->begun = true;
	return 0;
}

static int go_on(struct custom *t, uint64_t now_ms)
{
	t->pipe.wants = 0;
	t->why[0] = 0;
	int  rc = t->ops->connect ? t->ops->connect(t->stream, t->why) : 0;
	bool waits = must_wait(t, rc);
	if (rc != 0 && !waits)
		return broken(t, "connect to", rc);
	look_for_descriptor(t);
	if (!waits)
		return 0;
	if (now_ms < t->pipe.deadline)
		return PIPE_WAIT;
	return pipe_fail(t->pipe.error, MQTTWILL_ETIMEOUT, "connect to %.100s: the transport was not there in time", t->host);
}

static int custom_open(struct pipe *p, uint64_t now_ms)
{
	struct custom *t = custom_of(p);
	int            rc = t->begun ? 0 : begin(t, now_ms);
	if (rc == 0 && !t->open)
		rc = go_on(t, now_ms);
	if (rc)
		return rc;
	t->open = true;
	p->wants = PIPE_READ;
	p->deadline = UINT64_MAX;
	return 0;
}

static ssize_t custom_read(struct pipe *p, void *buf, size_t size)
{
	struct custom *t = custom_of(p);
	t->why[0] = 0;
	int64_t n = t->ops->read(t->stream, buf, size, t->why);
	t->drained = must_wait(t, n);
	if (t->drained)
		return -1;
	if (n >= 0 && (uint64_t)n <= size)
		return (ssize_t)n;
	return broken(t, "read from", n);
}

static ssize_t custom_write(struct pipe *p, const void *bytes, size_t n)
{
	struct custom *t = custom_of(p);
	if (n == 0)
		return 0;
	t->why[0] = 0;
	int64_t written = t->ops->write(t->stream, bytes, n, t->why);
	if (must_wait(t, written))
		return -1;
	if (written > 0 && (uint64_t)written <= n)
		return (ssize_t)written;
	return broken(t, "write to", written);
}

static void custom_finish(struct pipe *p)
{
	struct custom *t = custom_of(p);
	if (t->ops->finish && t->owner == getpid())
		t->ops->finish(t->stream);
}

static void custom_close(struct pipe *p, bool reset)
{
	struct custom *t = custom_of(p);
	if (t->begun && t->owner == getpid())
		t->ops->close(t->stream, reset);
	free(t);
}

/* What its descriptor, if it has one, does not show; a read tells. */
static size_t custom_pending(struct pipe *p)
{
	const struct custom *t = custom_of(p);
	return t->open && !t->drained;
}

static const struct pipe_ops custom_ops = {custom_open, custom_read, custom_write, custom_finish, custom_close, custom_pending, NULL};

struct pipe *custom_new(const struct mqttwill_network *network, const char *host, const char *port, uint32_t timeout_ms,
                        struct pipe_error *error)
{
	struct custom *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->pipe = (struct pipe){.ops = &custom_ops, .error = error, .fd = -1, .deadline = UINT64_MAX, .phase = MQTTWILL_PHASE_CONNECT};
	t->ops = network->transport;
	t->user = network->user;
	t->host = host;
	t->port = port;
	t->timeout_ms = timeout_ms;
	t->owner = getpid();
	return &t->pipe;
}
