/* SPDX-License-Identifier: MIT */
/*
 * WebSocket [RFC 6455] as a filter: the upgrade of an HTTP/1.1 connection, then a stream of bytes in binary frames. What is written
 * at once is one frame, or as few as there can be; what is read may lie across frames in any way.
 */
#ifndef NET_WEBSOCKET_H
#define NET_WEBSOCKET_H

#include "net/pipe.h"

struct mqttwill_header;
struct url;

struct websocket_config {
	const struct url *url; /* it must outlive the pipe, as must all that follows */
	const char       *protocol; /* what is offered, and must be selected */
	const struct mqttwill_header *headers; /* more lines of the request */
	size_t            header_count;
	uint32_t          timeout_ms; /* from the open pipe below to the end of the handshake */
};

/*
 * 0, or MQTTWILL_EOPTION with the header and the rule: a name is a token and none of the handshake's own, a value is one line, and
 * there are not too many.
 */
int websocket_check(const struct mqttwill_header *headers, size_t count, struct pipe_error *error);

/* 0, or MQTTWILL_EUNSUPPORTED with a sentence: this build has no WebSocket. */
int websocket_available(struct pipe_error *error);

/* A filter above `below`, which it owns from now on. NULL, with the error: `below` is the caller's then. */
struct pipe *websocket_new(struct pipe *below, const struct websocket_config *config);

#endif
