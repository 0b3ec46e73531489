/* SPDX-License-Identifier: MIT */
/*
 * A frame is taken when all of it is there. Everything that a client may do wrong is refused, so that ours is caught at it.
 */
#include "broker/websocket.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/sha1.h"

enum {
	REQUEST_MAX = 16 * 1024,
	FRAME_MAX = 1 << 20, /* of one that comes; those that go are smaller */
	PART = 10 * 1000,
	BINARY = 2,
	CLOSE = 8,
	PING = 9,
	PONG = 10,
	FIN = 0x80
};

void websocket_init(struct websocket *w)
{
	*w = (struct websocket){0};
	buf_init(&w->in, FRAME_MAX + 64 * 1024);
	buf_init(&w->payload, FRAME_MAX + 64 * 1024);
	buf_init(&w->out, 40 << 20);
}

void websocket_fini(struct websocket *w)
{
	buf_fini(&w->in);
	buf_fini(&w->payload);
	buf_fini(&w->out);
}

/* ---- Frames out ---- */

static bool put_frame(struct websocket *w, uint8_t first, const uint8_t *bytes, size_t n)
{
	uint8_t head[4] = {first, (uint8_t)(n < 126 ? n : 126)};
	if (n >= 126)
		put_u16(head + 2, (uint32_t)n);
	return buf_append(&w->out, head, n < 126 ? 2 : 4) && buf_append(&w->out, bytes, n);
}

/* What is long is a message of several frames, so that clients must put them together. */
bool websocket_send(struct websocket *w, const uint8_t *bytes, size_t n)
{
	bool good = true;
	for (size_t at = 0, part; good && at < n; at += part) {
		part = n - at < PART ? n - at : PART;
		good = put_frame(w, (uint8_t)((at ? 0 : BINARY) | (at + part == n ? FIN : 0)), bytes + at, part);
	}
	return good;
}

static void close_with(struct websocket *w, unsigned code)
{
	const uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
	if (w->open && !w->broken)
		put_frame(w, FIN | CLOSE, payload, sizeof payload);
	w->broken = true;
}

void websocket_leave(struct websocket *w)
{
	close_with(w, 1000);
}

/* ---- Frames in ---- */

static unsigned wrong_head(const struct websocket *w, const uint8_t *p)
{
	unsigned type = p[0] & 15u;
	bool     control = type >= CLOSE;
	if (p[0] & 0x70 || !(p[1] & 0x80) || type > PONG || (type > BINARY && type < CLOSE))
		return 1002;
	if (control && (!(p[0] & FIN) || (p[1] & 0x7F) > 125))
		return 1002;
	if (!control && (type == 0) != w->within)
		return 1002;
	return type == 1 ? 1003 : 0;
}

static void take(struct websocket *w, uint8_t first, const uint8_t *payload, size_t n)
{
	switch (first & 15) {
	case PING:
		put_frame(w, FIN | PONG, payload, n);
		return;
	case PONG:
		return;
	case CLOSE:
		put_frame(w, FIN | CLOSE, payload, n < 2 ? 0 : 2);
		w->closed = w->broken = true;
		return;
	default:
		w->within = !(first & FIN);
		if (!buf_append(&w->payload, payload, n))
			close_with(w, 1009);
	}
}

/* False: there is no whole frame. */
static bool take_frame(struct websocket *w)
{
	uint8_t *p = buf_front(&w->in);
	size_t   have = buf_len(&w->in), head = 2;
	if (w->broken || have < head)
		return false;
	unsigned wrong = wrong_head(w, p);
	uint64_t n = p[1] & 0x7F;
	size_t   more = n == 126 ? 2 : n == 127 ? 8 : 0;
	if (!wrong && have < head + more + 4)
		return false;
	for (n = more ? 0 : n; !wrong && head < 2 + more; head++)
		n = n << 8 | p[head];
	if (!wrong && more && n < (more == 2 ? 126 : 65536))
		wrong = 1002;
	if (!wrong && n > FRAME_MAX)
		wrong = 1009;
	if (wrong)
		close_with(w, wrong);
	if (wrong || have < head + 4 + n)
		return false;
	for (size_t i = 0; i < n; i++)
		p[head + 4 + i] ^= p[head + i % 4];
	take(w, p[0], p + head + 4, (size_t)n);
	buf_take(&w->in, head + 4 + (size_t)n);
	return true;
}

/* ---- The handshake ---- */

/* The value of a header of a request that ends with NUL, cut at its line; "" where there is none. */
static void header(const char *request, const char *name, char *value, size_t size)
{
	size_t n = strlen(name);
	*value = 0;
	for (const char *line = strchr(request, '\n'); line; line = strchr(line, '\n')) {
		line++;
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line += n + 1 + strspn(line + n + 1, " \t");
		snprintf(value, size, "%.*s", (int)strcspn(line, "\r\n"), line);
		return;
	}
}

static bool says(const char *request, const char *name, const char *word)
{
	char   value[200];
	size_t n = strlen(word);
	header(request, name, value, sizeof value);
	for (char *at = value; *at; at += strcspn(at, ", "), at += strspn(at, ", "))
		if (strcspn(at, ", ") == n && strncasecmp(at, word, n) == 0)
			return true;
	return false;
}

static void refuse(struct websocket *w, const char *status)
{
	char answer[200];
	int  n = snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n", status);
	buf_append(&w->out, answer, (size_t)n);
	w->broken = true;
}

static void accept_key(struct websocket *w, const char *key)
{
	char    keyed[80], accept[BASE64_SIZE(SHA1_SIZE)], answer[300];
	uint8_t digest[SHA1_SIZE];
	int     n = snprintf(keyed, sizeof keyed, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
	sha1(digest, keyed, (size_t)n);
	base64_encode(accept, digest, sizeof digest);
	n = snprintf(answer, sizeof answer,
	             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
	             "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
	             accept);
	w->open = buf_append(&w->out, answer, (size_t)n);
}

static void answer(struct websocket *w, const char *request)
{
	char key[40], host[300];
	header(request, "Sec-WebSocket-Key", key, sizeof key);
	header(request, "Host", host, sizeof host);
	if (strncmp(request, "GET /", 5) != 0 || !strstr(request, " HTTP/1.1\r\n") || !*host)
		refuse(w, "400 Bad Request");
	else if (!says(request, "Upgrade", "websocket") || !says(request, "Connection", "upgrade"))
		refuse(w, "426 Upgrade Required");
	else if (!says(request, "Sec-WebSocket-Version", "13"))
		refuse(w, "426 Upgrade Required");
	else if (strlen(key) != 24 || !says(request, "Sec-WebSocket-Protocol", "mqtt"))
		refuse(w, "400 Bad Request");
	else
		accept_key(w, key);
}

/* False: the request is not whole. */
static bool take_request(struct websocket *w)
{
	char   request[REQUEST_MAX + 1];
	size_t n = buf_len(&w->in) < REQUEST_MAX ? buf_len(&w->in) : REQUEST_MAX;
	memcpy(request, buf_front(&w->in), n);
	request[n] = 0;
	char *end = strstr(request, "\r\n\r\n");
	if (!end && n == REQUEST_MAX)
		refuse(w, "431 Request Header Fields Too Large");
	if (!end)
		return false;
	end[2] = 0;
	answer(w, request);
	buf_take(&w->in, (size_t)(end + 4 - request));
	return w->open;
}

void websocket_receive(struct websocket *w, const uint8_t *bytes, size_t n)
{
	if (w->broken)
		return;
	if (!buf_append(&w->in, bytes, n)) {
		close_with(w, 1009);
		return;
	}
	if (w->open || take_request(w))
		while (take_frame(w))
			;
	buf_relax(&w->in);
}
