/* SPDX-License-Identifier: MIT */
/*
 * The filter: the handshake, then frames. A frame that the pipe below took in part stays here as it was masked, and what is told to be
 * written of the caller's bytes is what has left of it; so nothing of the caller's is ever held that he does not know of.
 */
#include <stdio.h>
#include <stdlib.h>

#include <mqttwill.h>

#include "base/utf8.h"
#include "net/url.h"
#include "net/websocket_internal.h"

enum { READ_TURNS = 16, LEFT_MAX = FRAME_HEAD + FRAME_PAYLOAD + 2 * (FRAME_HEAD + CONTROL_PAYLOAD) };

struct websocket {
	struct pipe             pipe;
	struct websocket_config config;
	struct handshake       *handshake; /* open, too, as long as it holds what came behind the answer */
	struct incoming         in;
	struct buf              left;  /* frames that have not left: the rest of a data frame, a pong, Close */
	size_t                  head, payload; /* of that data frame */
	size_t                  fixed; /* bytes of it that the pipe below has been shown: TLS wants to see them again */
	struct pipe_error      *last;  /* what a read has to tell once what came before is taken: code, or ELOST at the end */
	uint64_t                end;   /* of the time for the handshake; 0: the pipe below is not open */
	bool                    open;
	bool                    more;    /* a read gave up before it had seen all there is */
	bool                    closing; /* Close was sent: no more data */
	bool                    ended;   /* Close came, or something illegal: nothing more is read */
};

static struct websocket *websocket_of(struct pipe *p)
{
	return (struct websocket *)(void *)p;
}

/* ---- Writing ---- */

/* Bytes have left: how many of them are the caller's. */
static size_t account(struct websocket *w, size_t n)
{
	size_t head = n < w->head ? n : w->head;
	size_t payload = n - head < w->payload ? n - head : w->payload;
	w->head -= head;
	w->payload -= payload;
	return payload;
}

static ssize_t write_below(struct websocket *w, const void *bytes, size_t n)
{
	struct pipe *below = w->pipe.below;
	below->wants = 0;
	ssize_t written = below->ops->write(below, bytes, n);
	w->pipe.wants |= below->wants;
	return written;
}

/* 0: nothing is left; -1: something is; or an error. Adds to *told how many of the caller's bytes have left. */
static ssize_t write_left(struct websocket *w, size_t *told)
{
	while (buf_len(&w->left)) {
		if (!w->fixed)
			w->fixed = buf_len(&w->left);
		ssize_t n = write_below(w, buf_front(&w->left), w->fixed);
		if (n <= 0)
			return n < -1 ? n : -1;
		buf_take(&w->left, (size_t)n);
		w->fixed -= (size_t)n;
		*told += account(w, (size_t)n);
	}
	buf_relax(&w->left);
	return 0;
}

/* The same for a new frame. */
static ssize_t write_frame(struct websocket *w, const void *bytes, size_t n, size_t *told)
{
	uint8_t frame[FRAME_HEAD + FRAME_PAYLOAD];
	size_t  size = frames_encode(&w->in, frame, FRAME_BINARY, bytes, n);
	if (!size)
		return pipe_fail(w->pipe.error, MQTTWILL_ENOMEM, "websocket: no memory or no random numbers for a frame");
	ssize_t written = write_below(w, frame, size);
	if (written < -1)
		return written;
	size_t gone = written > 0 ? (size_t)written : 0;
	w->head = size - n;
	w->payload = n;
	*told += account(w, gone);
	if (gone == size)
		return 0;
	if (!buf_append(&w->left, frame + gone, size - gone)) {
		w->closing = true; /* nothing can follow half a frame */
		return pipe_fail(w->pipe.error, MQTTWILL_ENOMEM, "websocket: no memory for the rest of a frame");
	}
	w->fixed = size - gone;
	return -1;
}

static ssize_t websocket_write(struct pipe *p, const void *bytes, size_t n)
{
	struct websocket *w = websocket_of(p);
	const uint8_t    *from = bytes;
	size_t            told = 0;
	ssize_t           rc = write_left(w, &told);
	if (rc == 0 && w->closing)
		return pipe_fail(p->error, MQTTWILL_ELOST, "websocket: the connection is being closed");
	while (rc == 0 && told < n)
		rc = write_frame(w, from + told, n - told < FRAME_PAYLOAD ? n - told : FRAME_PAYLOAD, &told);
	p->owes = buf_len(&w->left) > 0;
	return rc == 0 || (rc == -1 && told) ? (ssize_t)told : rc;
}

/* ---- Control frames ---- */

/*
 * Behind what is left, in place of one that nobody has been shown yet: of several pings only the last need be answered
 * [RFC 6455, 5.5.3], so that no flood of them can fill the memory.
 */
static void send_control(struct websocket *w, enum frame_type type, const uint8_t *payload, size_t n)
{
	uint8_t frame[FRAME_HEAD + CONTROL_PAYLOAD];
	size_t  told = 0, size = frames_encode(&w->in, frame, type, payload, n);
	if (buf_len(&w->left) > w->fixed)
		w->left.tail = w->left.head + w->fixed;
	if (size && buf_append(&w->left, frame, size) && !w->fixed)
		write_left(w, &told); /* no data frame is left, so that nothing is told; an error shows when it is read from next */
	w->pipe.owes = buf_len(&w->left) > 0;
}

static void send_close(struct websocket *w, unsigned code)
{
	const uint8_t           payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
	const struct pipe_error why = *w->pipe.error;
	if (!w->closing)
		send_control(w, FRAME_CLOSE, payload, code == CLOSE_NO_CODE ? 0 : 2);
	w->closing = true;
	*w->pipe.error = why; /* and not that it could not be sent */
}

/* [RFC 6455, 7.4.1] */
static const char *name_of(unsigned code)
{
	static const struct {
		unsigned    code;
		const char *name;
	} names[] = {
		{1000, " (normal closure)"},    {1001, " (going away)"},      {1002, " (protocol error)"}, {1003, " (unsupported data)"},
		{1007, " (invalid payload)"},   {1008, " (policy violation)"}, {1009, " (message too big)"}, {1010, " (an extension is missing)"},
		{1011, " (internal error)"},    {1012, " (service restart)"}, {1013, " (try again later)"}, {1014, " (bad gateway)"},
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].code == code)
			return names[i].name;
	return "";
}

/* [RFC 6455, 7.4.2] */
static bool is_code(unsigned code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) || (code >= 3000 && code <= 4999);
}

/* A Close frame's reason, fit to be shown. False: it is no UTF-8. */
static bool reason_of(const uint8_t *payload, size_t n, char reason[CONTROL_PAYLOAD + 1])
{
	size_t len = n > 2 ? n - 2 : 0;
	for (size_t i = 0; i < len; i++)
		reason[i] = payload[2 + i] < ' ' || payload[2 + i] == 0x7F ? '?' : (char)payload[2 + i];
	reason[len] = 0;
	return utf8_good((const uint8_t *)reason, len) == len;
}

/* The end of the stream, whose text says how it came about. */
static void closed(struct websocket *w, const uint8_t *payload, size_t n)
{
	char     reason[CONTROL_PAYLOAD + 1];
	unsigned code = n >= 2 ? (unsigned)payload[0] << 8 | payload[1] : CLOSE_NO_CODE;
	bool     good = reason_of(payload, n, reason) && n != 1 && (n == 0 || is_code(code));
	if (!good)
		pipe_fail(w->pipe.error, MQTTWILL_EPROTOCOL, "websocket: the broker closed the connection with a malformed Close frame");
	else if (n == 0)
		pipe_fail(w->pipe.error, MQTTWILL_ELOST, "websocket: the broker closed the connection, without a code");
	else
		pipe_fail(w->pipe.error, MQTTWILL_ELOST, "websocket: the broker closed the connection with code %u%s%s%s", code, name_of(code),
		          *reason ? ": " : "", reason);
	send_close(w, good ? code : CLOSE_PROTOCOL);
	w->ended = true;
}

static bool on_control(void *user, enum frame_type type, const uint8_t *payload, size_t n)
{
	struct websocket *w = user;
	if (type == FRAME_CLOSE)
		closed(w, payload, n);
	else if (type == FRAME_PING && !w->closing)
		send_control(w, FRAME_PONG, payload, n);
	return type != FRAME_CLOSE;
}

/* ---- Reading ---- */

/* What came behind the answer to the handshake comes first. */
static ssize_t read_below(struct websocket *w, void *buf, size_t size)
{
	struct pipe *below = w->pipe.below;
	if (w->handshake) {
		size_t n = http_head_take(&w->handshake->answer, buf, size);
		if (http_head_rest(&w->handshake->answer) == 0) {
			handshake_free(w->handshake);
			w->handshake = NULL;
		}
		return n ? (ssize_t)n : -1;
	}
	below->wants = 0;
	ssize_t n = below->ops->read(below, buf, size);
	w->pipe.wants |= below->wants;
	return n;
}

static void broken(struct websocket *w, int code, const char *problem)
{
	if (code < 0) {
		pipe_fail(w->pipe.error, code, "websocket: %s", problem);
	} else {
		pipe_fail(w->pipe.error, MQTTWILL_EPROTOCOL, "websocket: the broker broke the protocol: %s", problem);
		send_close(w, (unsigned)code);
	}
	w->ended = true;
}

/* What is told when nothing is left to read: once the payload before it has been taken. */
static ssize_t tell_end(struct websocket *w)
{
	if (w->last)
		*w->pipe.error = *w->last;
	free(w->last);
	w->last = NULL;
	int code = w->pipe.error->code;
	return code == MQTTWILL_ELOST || code == 0 ? 0 : code;
}

static void keep_end(struct websocket *w)
{
	w->last = malloc(sizeof *w->last);
	if (w->last)
		*w->last = *w->pipe.error;
	w->pipe.error->code = 0;
}

/* Payload that was read; 0: none, or the end. */
static size_t decode(struct websocket *w, uint8_t *bytes, size_t n)
{
	const char *problem = "";
	size_t      payload;
	int         rc = frames_decode(&w->in, bytes, n, &payload, on_control, w, &problem);
	if (rc)
		broken(w, rc, problem);
	if (w->ended && payload)
		keep_end(w);
	if (w->ended)
		frames_drop(&w->in);
	return payload;
}

static ssize_t websocket_read(struct pipe *p, void *buf, size_t size)
{
	struct websocket *w = websocket_of(p);
	w->more = false;
	if (w->ended)
		return tell_end(w);
	p->error->code = 0;
	for (int turn = 0; turn < READ_TURNS; turn++) {
		ssize_t n = read_below(w, buf, size);
		if (n <= 0)
			return n;
		size_t payload = decode(w, buf, (size_t)n);
		w->more = (size_t)n == size; /* or nobody knows whether the pipe below has more */
		if (payload)
			return (ssize_t)payload;
		if (w->ended)
			return tell_end(w);
	}
	w->more = true;
	return -1;
}

static size_t websocket_pending(struct pipe *p)
{
	struct websocket *w = websocket_of(p);
	size_t            own = w->handshake ? http_head_rest(&w->handshake->answer) : 0;
	size_t            below = p->below->ops->pending ? p->below->ops->pending(p->below) : 0;
	return own + below + w->more + (w->last != NULL);
}

/* ---- Opening and closing ---- */

static int open_below(struct websocket *w, uint64_t now_ms)
{
	struct pipe *p = &w->pipe;
	int          rc = p->below->ops->open(p->below, now_ms);
	pipe_follow(p);
	if (rc)
		return rc;
	w->handshake = handshake_new(&w->config, p->error);
	w->end = now_ms + w->config.timeout_ms;
	return w->handshake ? 0 : p->error->code;
}

static void opened(struct websocket *w)
{
	w->open = true;
	w->pipe.deadline = UINT64_MAX;
	if (http_head_rest(&w->handshake->answer))
		return;
	handshake_free(w->handshake);
	w->handshake = NULL;
}

static int websocket_open(struct pipe *p, uint64_t now_ms)
{
	struct websocket *w = websocket_of(p);
	int               rc = w->end ? 0 : open_below(w, now_ms);
	if (rc || w->open)
		return rc;
	p->below->wants = 0;
	rc = handshake_go_on(w->handshake, &w->config, p->below, p->error);
	pipe_follow(p);
	p->phase = MQTTWILL_PHASE_WEBSOCKET;
	p->deadline = w->end;
	if (rc == 0)
		opened(w);
	if (rc != PIPE_WAIT || now_ms < w->end)
		return rc;
	return pipe_fail(p->error, MQTTWILL_ETIMEOUT, "websocket: %.80s did not answer the handshake in time", w->config.url->host);
}

static void websocket_finish(struct pipe *p)
{
	struct websocket *w = websocket_of(p);
	if (w->open)
		send_close(w, CLOSE_NORMAL);
	buf_fini(&w->left); /* nothing can be written any more */
	p->owes = false;
	p->below->ops->finish(p->below);
}

static void websocket_close(struct pipe *p, bool reset)
{
	struct websocket *w = websocket_of(p);
	handshake_free(w->handshake);
	frames_drop(&w->in);
	buf_fini(&w->left);
	free(w->last);
	pipe_close(p->below, reset);
	free(w);
}

static const struct pipe_ops websocket_ops = {
	websocket_open, websocket_read, websocket_write, websocket_finish, websocket_close, websocket_pending, NULL,
};

struct pipe *websocket_new(struct pipe *below, const struct websocket_config *config)
{
	struct websocket *w = calloc(1, sizeof *w);
	if (!w) {
		pipe_fail(below->error, MQTTWILL_ENOMEM, "websocket: no memory for a connection");
		return NULL;
	}
	w->config = *config;
	buf_init(&w->left, LEFT_MAX);
	w->pipe = (struct pipe){.ops = &websocket_ops, .below = below, .error = below->error, .deadline = UINT64_MAX, .fd = -1};
	return &w->pipe;
}
