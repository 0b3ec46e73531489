/* SPDX-License-Identifier: MIT */
/*
 * Bytes in, bytes out, and an end that the other side sees.
 */
#include "net/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mqttwill.h>

void stream_init(struct stream *s, const struct pipe_ops *ops, struct pipe_error *error, uint8_t phase)
{
	s->pipe = (struct pipe){.ops = ops, .error = error, .fd = -1, .deadline = UINT64_MAX, .phase = phase};
	s->peer = "";
	s->owner = getpid();
}

void stream_opened(struct stream *s, int fd)
{
	s->open = true;
	s->pipe.fd = fd;
	s->pipe.wants = PIPE_READ;
	s->pipe.deadline = UINT64_MAX;
}

bool stream_is_ours(const struct stream *s)
{
	return s->owner == getpid();
}

/* EINPROGRESS: with TCP Fast Open the first write is what connects. */
static bool try_later(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == EINPROGRESS;
}

static ssize_t lost(struct pipe *p, const char *what)
{
	const char *peer = stream_of(p)->peer;
	return pipe_fail(p->error, MQTTWILL_ELOST, "%s %s: %s", what, *peer ? peer : "the other side", strerror(errno));
}

ssize_t stream_read(struct pipe *p, void *buf, size_t size)
{
	ssize_t n = recv(p->fd, buf, size, 0);
	if (n >= 0)
		return n;
	if (!try_later())
		return lost(p, "read from");
	p->wants |= PIPE_READ;
	return -1;
}

ssize_t stream_write(struct pipe *p, const void *bytes, size_t n)
{
	ssize_t written = send(p->fd, bytes, n, MSG_NOSIGNAL);
	if (written >= 0)
		return written;
	if (!try_later())
		return lost(p, "write to");
	p->wants |= PIPE_WRITE;
	return -1;
}

void stream_finish(struct pipe *p)
{
	shutdown(p->fd, SHUT_WR);
}

void stream_describe(const struct pipe *p, struct pipe_facts *facts)
{
	facts->address = ((const struct stream *)(const void *)p)->peer;
}

void stream_close(int fd, bool ours, bool reset)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	if (fd < 0)
		return;
	if (ours && (!reset || connect(fd, &nobody, sizeof nobody) < 0))
		shutdown(fd, SHUT_RDWR);
	close(fd);
}

void stream_end(struct stream *s, bool reset)
{
	stream_close(s->pipe.fd, stream_is_ours(s), reset);
	s->pipe.fd = -1;
}
