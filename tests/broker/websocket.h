/* SPDX-License-Identifier: MIT */
/*
 * The server's end of a WebSocket [RFC 6455], sans-I/O: bytes of the connection on one side, of MQTT on the other. It shares nothing
 * with the client's, whose mistakes must not hide in a twin.
 */
#ifndef BROKER_WEBSOCKET_H
#define BROKER_WEBSOCKET_H

#include <stdbool.h>

#include "base/buf.h"

struct websocket {
	struct buf in;      /* what is not whole yet: the request, a frame */
	struct buf payload; /* MQTT, to be taken */
	struct buf out;     /* for the connection, to be sent */
	bool       open;    /* the handshake is over */
	bool       within;  /* a message has begun and not ended */
	bool       closed;  /* Close came */
	bool       broken;  /* out says what is wrong; nothing more is read */
};

void websocket_init(struct websocket *w);
void websocket_fini(struct websocket *w);

/* Bytes from the connection; what they hold of MQTT is then in `payload`. */
void websocket_receive(struct websocket *w, const uint8_t *bytes, size_t n);

/* Bytes of MQTT for the client. False: there is no memory. */
bool websocket_send(struct websocket *w, const uint8_t *bytes, size_t n);

/* The broker ends it: Close is the last that it says. */
void websocket_leave(struct websocket *w);

#endif
