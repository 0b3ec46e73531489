/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket filter above a pipe in memory, and the server at its other end, played by the test: it shares no code for frames with
 * the filter.
 */
#ifndef NET_WEBSOCKET_LINE_H
#define NET_WEBSOCKET_LINE_H

#include <check.h>
#include <mqttwill.h>

#include "net/url.h"
#include "net/websocket.h"

enum { TAPE = 512 * 1024 };

/* The pipe below: what the server has said, and what it has been told. */
struct tape {
	struct pipe pipe;
	uint8_t     in[TAPE], out[TAPE];
	size_t      in_len, in_at, out_len, out_at;
	size_t      grain; /* bytes that a call gives or takes at most */
	size_t      room;  /* bytes that may still be written */
	bool        stutters; /* every other call must wait */
	bool        ended, reset, deaf; /* the server closed; the connection broke; it breaks when it is written to */
	bool        opens_late, finished, closed;
	unsigned    calls;
};

struct websocket_line {
	struct pipe_error       error;
	struct tape             tape;
	struct url              url;
	struct websocket_config config;
	struct pipe            *top; /* NULL: closed */
	uint64_t                now_ms;
};

/* A filter to that URL; nothing is done yet. */
void line_begin_websocket(struct websocket_line *l, const char *url);
void line_end_websocket(struct websocket_line *l);

/* Opens until nothing goes on: 0, PIPE_WAIT or an error. */
int line_try(struct websocket_line *l);

/* The server says n bytes. */
void line_says(struct websocket_line *l, const void *bytes, size_t n);

/* It answers the request; each %s stands for the right Sec-WebSocket-Accept. The length of what was said. */
size_t line_answers(struct websocket_line *l, const char *text);

/* A good answer. */
extern const char line_upgrade[];

/* Opened, with a good answer; what was said so far is forgotten. */
void line_open_websocket(struct websocket_line *l);

/* The server's frame: FIN is 0x80 of `first`. */
void line_frame(struct websocket_line *l, uint8_t first, const void *payload, size_t n);

/* The next frame of the client's: its first byte, or -1 where no whole one is there. The payload is unmasked where it lies. */
int line_next(struct websocket_line *l, uint8_t **payload, size_t *n);

/* Reads until it must wait, at most `size` bytes: how many; *rc is what the last call returned. */
size_t line_reads(struct websocket_line *l, void *buf, size_t size, ssize_t *rc);

/* The next frame is Close with this code; 1005: without one. */
void line_expects_close(struct websocket_line *l, unsigned code);

#endif
