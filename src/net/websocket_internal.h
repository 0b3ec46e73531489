/* SPDX-License-Identifier: MIT */
/*
 * What the files of the WebSocket filter share.
 */
#ifndef NET_WEBSOCKET_INTERNAL_H
#define NET_WEBSOCKET_INTERNAL_H

#include "base/buf.h"
#include "net/http_head.h"
#include "net/websocket.h"

/* ---- websocket_handshake.c: one request and its answer, while it lasts ---- */

struct handshake {
	struct buf       request;
	struct http_head answer; /* then what came behind it */
	char             accept[29]; /* what the answer must say of our key */
};

/* NULL: no memory, or no random numbers; the error says so. */
struct handshake *handshake_new(const struct websocket_config *config, struct pipe_error *error);
void              handshake_free(struct handshake *h);

/* Writes and reads: 0 once the stream is a WebSocket's, PIPE_WAIT, or an error with its sentence. */
int handshake_go_on(struct handshake *h, const struct websocket_config *config, struct pipe *below, struct pipe_error *error);

/* ---- websocket_frames.c: frames, by libwslay ---- */

enum {
	FRAME_PAYLOAD = 16 * 1024 - 8, /* with its head it fits into one record of TLS */
	FRAME_HEAD = 14,
	CONTROL_PAYLOAD = 125,
	CLOSE_NORMAL = 1000,
	CLOSE_PROTOCOL = 1002,
	CLOSE_DATA = 1003,
	CLOSE_NO_CODE = 1005
};

enum frame_type { FRAME_BINARY = 2, FRAME_CLOSE = 8, FRAME_PING = 9, FRAME_PONG = 10 };

struct frames; /* what is needed to read and write frames; borrowed, and given back when no frame is half read */

/* What is known of the incoming stream beyond that. */
struct incoming {
	struct frames *frames; /* NULL: the last byte was the last of a frame */
	uint64_t       left;   /* bytes of the frame's payload that have not come */
	bool           going_on; /* the last data frame was not its message's last */
};

/* A control frame that is whole: true: go on; false: what is behind it is of no interest, and frames_drop() is next. */
typedef bool frames_control_fn(void *user, enum frame_type type, const uint8_t *payload, size_t n);

/*
 * Turns n bytes of frames into the payload of binary ones, where they lie; *payload is its length, whatever is returned. Control
 * frames go to the function. 0; MQTTWILL_ENOMEM; or the code to close with, and *problem says what is wrong.
 */
int frames_decode(struct incoming *in, uint8_t *bytes, size_t n, size_t *payload, frames_control_fn *control, void *user,
                  const char **problem);

/* Writes one frame, masked; `to` has room for FRAME_HEAD more bytes than n. 0: no memory or no random numbers. */
size_t frames_encode(struct incoming *in, uint8_t *to, enum frame_type type, const void *bytes, size_t n);

/* No more frames are read or written. */
void frames_drop(struct incoming *in);

#endif
