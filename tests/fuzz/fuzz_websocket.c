/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket server that says anything. The first byte says whether the input is its answer to the handshake, or what it says behind
 * a good one, and in which pieces the second of two clients gets it. Checked: pieces change nothing of what is read, of the verdict
 * and of its sentence; a failure is explained; what is answered is frames, masked, and no more than came.
 */
#include <mqttwill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/sha1.h"
#include "net/url.h"
#include "net/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT = 1 << 20, ANSWER = 300 };

struct server {
	struct pipe    pipe;
	char           answer[ANSWER];
	size_t         answer_len, answered;
	const uint8_t *in;
	size_t         n, at, grain;
	uint8_t       *out;
	size_t         out_len;
	bool           good; /* it answers the handshake well */
};

struct life {
	struct pipe_error error;
	struct server     server;
	struct pipe      *top;
	uint8_t          *got;
	size_t            got_len;
	ssize_t           end; /* what the last read, or open, returned */
};

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static struct server *server_of(struct pipe *p)
{
	return (struct server *)(void *)p;
}

static int server_open(struct pipe *p, uint64_t now_ms)
{
	(void)p;
	(void)now_ms;
	return 0;
}

/* What a good server answers to the request that was written. */
static void answer(struct server *s)
{
	char    keyed[64], accept[BASE64_SIZE(SHA1_SIZE)];
	uint8_t digest[SHA1_SIZE];
	char   *key = strstr((char *)s->out, "Sec-WebSocket-Key: ");
	expect(key != NULL, "a request without a key");
	snprintf(keyed, sizeof keyed, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
	sha1(digest, keyed, strlen(keyed));
	base64_encode(accept, digest, sizeof digest);
	s->answer_len = (size_t)snprintf(s->answer, sizeof s->answer,
	                                 "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
	                                 "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
	                                 accept);
	s->out_len = 0; /* from here on it is frames */
}

/* At most so many bytes, and in pieces. */
static size_t give(void *buf, size_t size, const void *from, size_t n, size_t *at, size_t grain)
{
	size_t some = n - *at;
	some = some < grain ? some : grain;
	some = some < size ? some : size;
	if (some)
		memcpy(buf, (const uint8_t *)from + *at, some);
	*at += some;
	return some;
}

/* At the end of the input it has closed. */
static ssize_t server_read(struct pipe *p, void *buf, size_t size)
{
	struct server *s = server_of(p);
	if (s->good && !s->answer_len)
		answer(s);
	size_t n = give(buf, size, s->answer, s->answer_len, &s->answered, s->grain);
	return (ssize_t)(n ? n : give(buf, size, s->in, s->n, &s->at, s->grain));
}

static ssize_t server_write(struct pipe *p, const void *bytes, size_t n)
{
	struct server *s = server_of(p);
	expect(s->out_len + n <= OUT, "more is said than can be");
	memcpy(s->out + s->out_len, bytes, n);
	s->out_len += n;
	return (ssize_t)n;
}

static void server_finish(struct pipe *p)
{
	(void)p;
}

static void server_close(struct pipe *p, bool reset)
{
	(void)p;
	(void)reset;
}

static const struct pipe_ops server_ops = {server_open, server_read, server_write, server_finish, server_close, NULL, NULL};

/* What is answered to frames: pongs and at most one Close, whole and masked. */
static void check_output(const struct life *l)
{
	const uint8_t *p = l->server.out;
	size_t         n = l->server.out_len;
	while (n) {
		expect(n >= 6 && p[1] & 0x80 && (p[1] & 0x7F) <= 125, "half a frame, or one without a mask");
		size_t size = 6u + (p[1] & 0x7F);
		expect(p[0] == 0x8A || p[0] == 0x88, "something else than a pong or Close");
		expect(size <= n && (p[0] == 0x8A || size == n), "something behind Close, or half of it");
		p += size;
		n -= size;
	}
}

static void read_on(struct life *l, size_t size)
{
	for (;;) {
		l->end = l->top->ops->read(l->top, l->got + l->got_len, 1 + size);
		if (l->end == -1 && l->top->ops->pending(l->top))
			continue;
		if (l->end <= 0)
			break;
		l->got_len += (size_t)l->end;
	}
	expect(l->end == 0 || (l->end < -1 && l->error.code == l->end && *l->error.text), "a failure is not explained");
	expect(l->got_len <= l->server.n, "more is read than came");
	check_output(l);
}

static void live(struct life *l, const struct websocket_config *config, const uint8_t *data, size_t size, bool good, size_t grain)
{
	*l = (struct life){.server = {.in = data, .n = size, .grain = grain, .good = good}};
	l->server.pipe = (struct pipe){.ops = &server_ops, .error = &l->error, .deadline = UINT64_MAX, .fd = -1};
	l->server.out = calloc(1, OUT + 1);
	l->got = malloc(size + 70000);
	l->top = websocket_new(&l->server.pipe, config);
	l->end = l->top->ops->open(l->top, 0);
	expect(l->end == 0 || (l->end < 0 && l->error.code == l->end && *l->error.text), "a refusal is not explained");
	if (l->end == 0)
		read_on(l, grain % 5000);
}

static void end(struct life *l)
{
	pipe_close(l->top, false);
	free(l->server.out);
	free(l->got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char                          path[] = "/mqtt", host[] = "broker";
	static const struct url              url = {.path = path, .host = host, .port = "80", .scheme = URL_WS};
	static const struct websocket_config config = {.url = &url, .protocol = "mqtt", .timeout_ms = 1000};
	static struct life                   lives[2];
	struct pipe_error                    none;
	uint8_t                              how = size ? *data : 0;
	size_t                               grain = how >> 1 ? (size_t)(how >> 1) * (how >> 1) : 1;
	if (size == 0 || websocket_available(&none) < 0)
		return 0;
	live(&lives[0], &config, data + 1, size - 1, how & 1, 4000);
	live(&lives[1], &config, data + 1, size - 1, how & 1, grain);
	expect(lives[0].end == lives[1].end, "pieces change how it ends");
	expect(lives[0].error.code == lives[1].error.code && !strcmp(lives[0].error.text, lives[1].error.text), "another sentence");
	expect(lives[0].got_len == lives[1].got_len && !memcmp(lives[0].got, lives[1].got, lives[0].got_len), "other bytes are read");
	expect(lives[0].server.out_len == lives[1].server.out_len, "another answer");
	end(&lives[0]);
	end(&lives[1]);
	return 0;
}
