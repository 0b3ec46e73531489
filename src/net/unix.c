/* SPDX-License-Identifier: MIT */
/*
 * Connecting is over at once, except where the listener's queue is full: nothing tells when there is room again, so it is tried
 * again after growing pauses until the deadline.
 */
#include "net/unix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <mqttwill.h>

#include "net/stream.h"

enum { FIRST_PAUSE_MS = 5, MOST_PAUSE_MS = 200 };

struct unix_socket {
	struct stream stream;
	uint32_t      timeout_ms, pause_ms;
	uint64_t      end; /* 0: not begun */
};

static struct unix_socket *unix_of(struct pipe *p)
{
	return (struct unix_socket *)(void *)p;
}

static int failed(struct unix_socket *u, const char *what, int error)
{
	return pipe_fail(u->stream.pipe.error, MQTTWILL_ECONNECT, "%s %s: %s", what, u->stream.peer, strerror(error));
}

static int begin(struct unix_socket *u, uint64_t now_ms)
{
	u->end = now_ms + u->timeout_ms;
	u->pause_ms = FIRST_PAUSE_MS;
	u->stream.pipe.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return u->stream.pipe.fd < 0 ? failed(u, "socket for", errno) : 0;
}

static int wait_for_room(struct unix_socket *u, uint64_t now_ms)
{
	struct pipe *p = &u->stream.pipe;
	if (now_ms >= u->end)
		return pipe_fail(p->error, MQTTWILL_ETIMEOUT, "connect to %s: too many wait to be accepted, and none was in time", u->stream.peer);
	p->deadline = now_ms + u->pause_ms < u->end ? now_ms + u->pause_ms : u->end;
	u->pause_ms = 2 * u->pause_ms < MOST_PAUSE_MS ? 2 * u->pause_ms : MOST_PAUSE_MS;
	return PIPE_WAIT;
}

static int unix_open(struct pipe *p, uint64_t now_ms)
{
	struct unix_socket *u = unix_of(p);
	struct sockaddr_un  a = {.sun_family = AF_UNIX};
	if (u->stream.open)
		return 0;
	int rc = p->fd < 0 ? begin(u, now_ms) : 0;
	if (rc < 0)
		return rc;
	memcpy(a.sun_path, u->stream.peer, strlen(u->stream.peer));
	if (connect(p->fd, (struct sockaddr *)&a, sizeof a) == 0) {
		stream_opened(&u->stream, p->fd);
		return 0;
	}
	return errno == EAGAIN || errno == EINTR ? wait_for_room(u, now_ms) : failed(u, "connect to", errno);
}

static void unix_close(struct pipe *p, bool reset)
{
	stream_end(stream_of(p), reset);
	free(unix_of(p));
}

static const struct pipe_ops unix_ops = {
	.open = unix_open,
	.read = stream_read,
	.write = stream_write,
	.finish = stream_finish,
	.close = unix_close,
	.describe = stream_describe,
};

struct pipe *unix_new(const char *path, uint32_t timeout_ms, struct pipe_error *error)
{
	struct unix_socket *u = calloc(1, sizeof *u);
	if (!u)
		return NULL;
	stream_init(&u->stream, &unix_ops, error, MQTTWILL_PHASE_CONNECT);
	u->stream.peer = path;
	u->timeout_ms = timeout_ms;
	return &u->stream.pipe;
}
