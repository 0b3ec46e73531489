/* SPDX-License-Identifier: MIT */
/*
 * An answer can be read when all that is asked before it was written.
 */
#include "net/proxy_peer.h"

#include <mqttwill.h>
#include <string.h>

/* ---- The pipe below ---- */

/* ck_assert() allocates, and the allocator may be one that fails. */
static void must(bool ok)
{
	if (!ok)
		ck_abort_msg("the filter does what no filter may");
}

static struct peer *peer_of(struct pipe *p)
{
	return (struct peer *)(void *)p;
}

static bool stutters(struct peer *p)
{
	return p->grain < 1000 && ++p->calls % 2;
}

static int peer_open(struct pipe *pipe, uint64_t now_ms)
{
	(void)now_ms;
	struct peer *p = peer_of(pipe);
	p->opened = p->open_rc == 0;
	return p->open_rc < 0 ? pipe_fail(pipe->error, p->open_rc, "connect to 192.0.2.1:3128: Connection refused") : p->open_rc;
}

static const struct turn *now_at(struct peer *p)
{
	const struct turn *t = &p->script->turns[p->turn];
	if (p->asked == t->asks.n && p->answered == t->answers.n && t[1].asks.n) {
		p->turn++;
		p->asked = p->answered = 0;
		t++;
	}
	return t;
}

static ssize_t peer_read(struct pipe *pipe, void *buf, size_t size)
{
	struct peer       *p = peer_of(pipe);
	const struct turn *t = now_at(p);
	size_t             left = p->asked == t->asks.n ? t->answers.n - p->answered : 0;
	must(p->opened && size > 0);
	if (p->total >= p->most)
		return p->resets ? pipe_fail(pipe->error, MQTTWILL_ELOST, "read from 192.0.2.1:3128: Connection reset by peer") : 0;
	if (left == 0 || stutters(p)) {
		pipe->wants |= PIPE_READ;
		return -1;
	}
	size_t n = left < size ? left : size;
	n = n < p->grain ? n : p->grain;
	n = n < p->most - p->total ? n : p->most - p->total;
	memcpy(buf, t->answers.p + p->answered, n);
	p->answered += n;
	p->total += n;
	return (ssize_t)n;
}

static ssize_t peer_write(struct pipe *pipe, const void *bytes, size_t n)
{
	struct peer       *p = peer_of(pipe);
	const struct turn *t = now_at(p);
	must(p->opened && n > 0);
	if (p->most == 0 && p->resets)
		return pipe_fail(pipe->error, MQTTWILL_ELOST, "write to 192.0.2.1:3128: Broken pipe");
	if (p->deaf || stutters(p)) {
		pipe->wants |= PIPE_WRITE;
		return -1;
	}
	n = n < p->grain ? n : p->grain;
	if (p->asked == t->asks.n) {
		strncat(p->late, bytes, n);
		return (ssize_t)n;
	}
	n = n < t->asks.n - p->asked ? n : t->asks.n - p->asked;
	must(memcmp(bytes, t->asks.p + p->asked, n) == 0);
	p->asked += n;
	return (ssize_t)n;
}

static void peer_finish(struct pipe *pipe)
{
	strcat(peer_of(pipe)->late, "|");
}

static void peer_close(struct pipe *pipe, bool reset)
{
	(void)reset;
	peer_of(pipe)->closed = true;
}

static size_t peer_pending(struct pipe *pipe)
{
	(void)pipe;
	return 7;
}

static void peer_describe(const struct pipe *pipe, struct pipe_facts *facts)
{
	(void)pipe;
	facts->address = "192.0.2.1:3128";
}

static const struct pipe_ops peer_ops = {peer_open,  peer_read,    peer_write,   peer_finish,
                                         peer_close, peer_pending, peer_describe};

/* ---- The scene ---- */

void scene_begin(struct scene *s, const struct script *script, size_t grain)
{
	size_t      offset;
	const char *problem;
	*s = (struct scene){.peer = {.script = script, .grain = grain, .most = SIZE_MAX}};
	s->peer.pipe = (struct pipe){.ops = &peer_ops, .error = &s->error, .fd = 77, .deadline = UINT64_MAX};
	s->peer.pipe.phase = MQTTWILL_PHASE_CONNECT;
	ck_assert_int_eq(url_parse_proxy(&s->by, script->proxy, &offset, &problem), 0);
	ck_assert_int_eq(url_parse(&s->to, script->server, &offset, &problem), 0);
	s->pipe = proxy_new(&s->peer.pipe, &s->by, &s->to, TIMEOUT_MS);
}

int scene_open_all(struct scene *s)
{
	int rc = PIPE_WAIT;
	for (int i = 0; rc == PIPE_WAIT && i < 2000; i++) {
		rc = s->pipe->ops->open(s->pipe, BEGIN_MS);
		if (rc == PIPE_WAIT)
			must(s->pipe->wants == PIPE_READ || s->pipe->wants == PIPE_WRITE);
	}
	return rc;
}

void scene_end(struct scene *s)
{
	pipe_close(s->pipe, false);
	ck_assert(!s->pipe || s->peer.closed);
	url_fini(&s->by);
	url_fini(&s->to);
}
