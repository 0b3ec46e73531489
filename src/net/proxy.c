/* SPDX-License-Identifier: MIT */
/*
 * The filter: it waits for the connection to the proxy, lets the protocol speak, and is out of the way from then on.
 */
#include "net/proxy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mqttwill.h>

#include "net/proxy_internal.h"

static struct proxy *proxy_of(struct pipe *p)
{
	return (struct proxy *)(void *)p;
}

/* ---- Sentences ---- */

static int fail(struct proxy *p, int code, const char *format, va_list args)
{
	char text[sizeof p->pipe.error->text];
	vsnprintf(text, sizeof text, format, args);
	return pipe_fail(p->pipe.error, code, p->by->literal_v6 ? "proxy [%.64s]:%s: %s" : "proxy %.64s:%s: %s", p->by->host, p->by->port,
	                 text);
}

static int fail_as(struct proxy *p, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail_as(struct proxy *p, int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fail(p, code, format, args);
	va_end(args);
	return code;
}

int proxy_fail(struct proxy *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fail(p, MQTTWILL_EPROXY, format, args);
	va_end(args);
	return MQTTWILL_EPROXY;
}

int proxy_no_memory(struct proxy *p)
{
	return fail_as(p, MQTTWILL_ENOMEM, "there is no memory to speak with it");
}

/* What broke below is told under the proxy's name. */
static int broke_below(struct proxy *p, int code)
{
	char text[sizeof p->pipe.error->text];
	memcpy(text, p->pipe.error->text, sizeof text);
	return fail_as(p, code, "%s", text);
}

int proxy_broke(struct proxy *p, int rc, const char *problem)
{
	if (rc == MQTTWILL_ENOMEM)
		return proxy_no_memory(p);
	return problem ? proxy_fail(p, "its answer %s", problem) : broke_below(p, MQTTWILL_EPROXY);
}

int proxy_put(struct proxy *p, const void *bytes, size_t n)
{
	return buf_append(&p->out, bytes, n) ? 0 : proxy_no_memory(p);
}

void proxy_target(const struct proxy *p, char *buf, size_t size)
{
	snprintf(buf, size, p->to->literal_v6 ? "[%s]:%s" : "%s:%s", p->to->host, p->to->port);
}

/* ---- Opening ---- */

static int flush(struct proxy *p)
{
	while (buf_len(&p->out) > 0) {
		ssize_t n = p->pipe.below->ops->write(p->pipe.below, buf_front(&p->out), buf_len(&p->out));
		if (n == -1 || n == 0)
			return PIPE_WAIT;
		if (n < 0)
			return broke_below(p, MQTTWILL_EPROXY);
		buf_take(&p->out, (size_t)n);
	}
	buf_relax(&p->out);
	return 0;
}

/* What could not be sent goes out first: so a protocol may be in the middle of asking, and wait for the answer already. */
static int negotiate(struct proxy *p)
{
	for (;;) {
		int rc = flush(p);
		if (rc == 0)
			rc = p->next(p);
		if (rc || buf_len(&p->out) == 0)
			return rc;
	}
}

static int start(struct proxy *p, uint64_t now_ms)
{
	p->end = now_ms + p->timeout_ms;
	if (p->to->literal_v6 && strchr(p->to->host, '%'))
		return proxy_fail(p, "the zone in %.64s means nothing to it", p->to->host);
	return p->by->scheme == URL_SOCKS_PROXY ? proxy_start_socks(p) : proxy_start_http(p);
}

static int proxy_open(struct pipe *pipe, uint64_t now_ms)
{
	struct proxy *p = proxy_of(pipe);
	if (p->open)
		return 0;
	int rc = p->end ? 0 : pipe->below->ops->open(pipe->below, now_ms);
	pipe_follow(pipe);
	if (rc)
		return rc < 0 ? broke_below(p, rc) : rc;
	pipe->phase = MQTTWILL_PHASE_PROXY;
	pipe->below->wants = 0;
	if (!p->end)
		rc = start(p, now_ms);
	if (rc == 0)
		rc = negotiate(p);
	pipe->wants = pipe->below->wants;
	pipe->deadline = p->end;
	if (rc == PIPE_WAIT && now_ms >= p->end)
		return fail_as(p, MQTTWILL_ETIMEOUT, "it did not answer in time");
	if (rc)
		return rc;
	p->open = true;
	pipe->wants = PIPE_READ;
	pipe->deadline = UINT64_MAX;
	return 0;
}

/* ---- Open ---- */

static ssize_t proxy_read(struct pipe *pipe, void *buf, size_t size)
{
	struct proxy *p = proxy_of(pipe);
	if (http_head_rest(&p->head))
		return (ssize_t)http_head_take(&p->head, buf, size);
	pipe->below->wants = 0;
	ssize_t n = pipe->below->ops->read(pipe->below, buf, size);
	pipe->wants |= pipe->below->wants;
	return n;
}

static ssize_t proxy_write(struct pipe *pipe, const void *bytes, size_t n)
{
	pipe->below->wants = 0;
	ssize_t written = pipe->below->ops->write(pipe->below, bytes, n);
	pipe->wants |= pipe->below->wants;
	return written;
}

static void proxy_finish(struct pipe *pipe)
{
	pipe->below->ops->finish(pipe->below);
}

static void proxy_close(struct pipe *pipe, bool reset)
{
	struct proxy *p = proxy_of(pipe);
	buf_fini(&p->out);
	http_head_fini(&p->head);
	pipe_close(pipe->below, reset);
	free(p);
}

static size_t proxy_pending(struct pipe *pipe)
{
	const struct pipe_ops *below = pipe->below->ops;
	return http_head_rest(&proxy_of(pipe)->head) + (below->pending ? below->pending(pipe->below) : 0);
}

static void proxy_describe(const struct pipe *pipe, struct pipe_facts *facts)
{
	(void)pipe;
	facts->by_proxy = true;
}

static const struct pipe_ops ops = {proxy_open, proxy_read, proxy_write, proxy_finish, proxy_close, proxy_pending, proxy_describe};

struct pipe *proxy_new(struct pipe *below, const struct url *by, const struct url *to, uint32_t timeout_ms)
{
	struct proxy *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->pipe = (struct pipe){
		.ops = &ops, .below = below, .error = below->error, .deadline = UINT64_MAX, .fd = -1, .phase = MQTTWILL_PHASE_RESOLVE};
	p->by = by;
	p->to = to;
	p->timeout_ms = timeout_ms;
	buf_init(&p->out, PROXY_OUT_MAX);
	http_head_init(&p->head);
	return &p->pipe;
}
