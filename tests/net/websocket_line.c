/* SPDX-License-Identifier: MIT */
/*
 * Both ends of a WebSocket in memory.
 */
#include "net/websocket_line.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/sha1.h"

const char line_upgrade[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
                            "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

/* ---- The pipe below ---- */

static struct tape *tape_of(struct pipe *p)
{
	return (struct tape *)(void *)p;
}

static bool must_wait(struct tape *t)
{
	return t->stutters && ++t->calls % 2;
}

static int tape_open(struct pipe *p, uint64_t now_ms)
{
	struct tape *t = tape_of(p);
	(void)now_ms;
	p->fd = 77;
	p->wants = PIPE_WRITE;
	p->phase = MQTTWILL_PHASE_CONNECT;
	return t->opens_late ? PIPE_WAIT : 0;
}

static ssize_t tape_read(struct pipe *p, void *buf, size_t size)
{
	struct tape *t = tape_of(p);
	size_t       n = t->in_len - t->in_at;
	n = n < size ? n : size;
	n = n < t->grain ? n : t->grain;
	if (n && !must_wait(t)) {
		memcpy(buf, t->in + t->in_at, n);
		t->in_at += n;
		return (ssize_t)n;
	}
	if (!n && t->ended)
		return 0;
	if (!n && t->reset)
		return pipe_fail(p->error, MQTTWILL_ELOST, "read from memory: Connection reset by peer");
	p->wants |= PIPE_READ;
	return -1;
}

static ssize_t tape_write(struct pipe *p, const void *bytes, size_t n)
{
	struct tape *t = tape_of(p);
	if (t->deaf)
		return pipe_fail(p->error, MQTTWILL_ELOST, "write to memory: Broken pipe");
	n = n < t->grain ? n : t->grain;
	n = n < t->room ? n : t->room;
	assert(t->out_len + n < TAPE); /* libcheck would allocate */
	if (n && !must_wait(t)) {
		memcpy(t->out + t->out_len, bytes, n);
		t->out_len += n;
		t->room -= n;
		return (ssize_t)n;
	}
	p->wants |= PIPE_WRITE;
	return -1;
}

static void tape_finish(struct pipe *p)
{
	tape_of(p)->finished = true;
}

static void tape_close(struct pipe *p, bool reset)
{
	(void)reset;
	tape_of(p)->closed = true;
}

static const struct pipe_ops tape_ops = {tape_open, tape_read, tape_write, tape_finish, tape_close, NULL, NULL};

/* ---- Beginning ---- */

void line_begin_websocket(struct websocket_line *l, const char *url)
{
	size_t      offset;
	const char *problem;
	l->error = (struct pipe_error){0};
	l->tape.pipe = (struct pipe){.ops = &tape_ops, .error = &l->error, .deadline = UINT64_MAX, .fd = -1};
	l->tape.in_len = l->tape.in_at = l->tape.out_len = l->tape.out_at = 0;
	l->tape.grain = l->tape.room = SIZE_MAX;
	l->tape.stutters = l->tape.ended = l->tape.reset = l->tape.deaf = false;
	l->tape.opens_late = l->tape.finished = l->tape.closed = false;
	l->now_ms = 1000;
	ck_assert_int_eq(url_parse(&l->url, url, &offset, &problem), 0);
	l->config = (struct websocket_config){.url = &l->url, .protocol = "mqtt", .timeout_ms = 5000};
	l->top = websocket_new(&l->tape.pipe, &l->config);
}

void line_end_websocket(struct websocket_line *l)
{
	pipe_close(l->top, false);
	ck_assert(!l->top || l->tape.closed);
	l->top = NULL;
	url_fini(&l->url);
}

int line_try(struct websocket_line *l)
{
	int    rc;
	size_t before;
	do {
		before = l->tape.in_at + l->tape.out_len + (l->tape.calls % 2);
		rc = l->top->ops->open(l->top, l->now_ms);
	} while (rc == PIPE_WAIT && l->tape.in_at + l->tape.out_len + (l->tape.calls % 2) != before);
	return rc;
}

void line_says(struct websocket_line *l, const void *bytes, size_t n)
{
	ck_assert_uint_le(l->tape.in_len + n, TAPE);
	memcpy(l->tape.in + l->tape.in_len, bytes, n);
	l->tape.in_len += n;
}

size_t line_answers(struct websocket_line *l, const char *text)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char              key[25] = "", keyed[64], accept[BASE64_SIZE(SHA1_SIZE)] = "", answer[2048];
	uint8_t           digest[SHA1_SIZE];
	l->tape.out[l->tape.out_len] = 0;
	const char *line = strstr((char *)l->tape.out, "Sec-WebSocket-Key: ");
	if (line && sscanf(line, "Sec-WebSocket-Key: %24[A-Za-z0-9+/=]\r", key) == 1) {
		snprintf(keyed, sizeof keyed, "%s%s", key, guid);
		sha1(digest, keyed, strlen(keyed));
		base64_encode(accept, digest, sizeof digest);
	}
	const char *at = strstr(text, "%s");
	int         n = at ? snprintf(answer, sizeof answer, "%.*s%s%s", (int)(at - text), text, accept, at + 2)
	                   : snprintf(answer, sizeof answer, "%s", text);
	line_says(l, answer, (size_t)n);
	return (size_t)n;
}

void line_open_websocket(struct websocket_line *l)
{
	line_begin_websocket(l, "ws://broker:9001");
	ck_assert_int_eq(line_try(l), PIPE_WAIT);
	line_answers(l, line_upgrade);
	ck_assert_msg(line_try(l) == 0, "%s", l->error.text);
	l->tape.in_len = l->tape.in_at = l->tape.out_len = l->tape.out_at = 0;
}

/* ---- Frames, as the other side makes and reads them ---- */

void line_frame(struct websocket_line *l, uint8_t first, const void *payload, size_t n)
{
	uint8_t head[10] = {first};
	size_t  size = n < 126 ? 2 : n < 65536 ? 4 : 10;
	head[1] = (uint8_t)(size == 2 ? n : size == 4 ? 126 : 127);
	for (size_t i = size - 1, left = n; size > 2 && i >= 2; i--, left >>= 8)
		head[i] = (uint8_t)left;
	line_says(l, head, size);
	line_says(l, payload, n);
}

int line_next(struct websocket_line *l, uint8_t **payload, size_t *n)
{
	uint8_t *p = l->tape.out + l->tape.out_at;
	size_t   have = l->tape.out_len - l->tape.out_at, head = 2;
	if (have < 2)
		return -1;
	ck_assert_msg(p[1] & 0x80, "a client's frame is not masked");
	*n = p[1] & 0x7F;
	for (size_t more = *n == 126 ? 2 : *n == 127 ? 8 : 0; more; more = 0) {
		if (have < head + more)
			return -1;
		for (*n = 0; head < 2 + more; head++)
			*n = *n << 8 | p[head];
	}
	if (have < head + 4 + *n)
		return -1;
	*payload = p + head + 4;
	for (size_t i = 0; i < *n; i++)
		(*payload)[i] ^= p[head + i % 4];
	l->tape.out_at += head + 4 + *n;
	return p[0];
}

size_t line_reads(struct websocket_line *l, void *buf, size_t size, ssize_t *rc)
{
	size_t n = 0, at = l->tape.in_at;
	for (int idle = 0; n < size && (idle < 3 || l->top->ops->pending(l->top)); idle++) {
		*rc = l->top->ops->read(l->top, (uint8_t *)buf + n, size - n);
		n += *rc > 0 ? (size_t)*rc : 0;
		if (*rc == 0 || *rc < -1)
			break;
		idle = *rc > 0 || l->tape.in_at > at ? 0 : idle;
		at = l->tape.in_at;
	}
	return n;
}

void line_expects_close(struct websocket_line *l, unsigned code)
{
	uint8_t *payload;
	size_t   n;
	ck_assert_int_eq(line_next(l, &payload, &n), 0x88);
	ck_assert_uint_eq(n, code == 1005 ? 0 : 2);
	if (n)
		ck_assert_uint_eq((unsigned)payload[0] << 8 | payload[1], code);
}
