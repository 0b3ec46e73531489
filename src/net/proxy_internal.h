/* SPDX-License-Identifier: MIT */
/*
 * What the two protocols of proxies share: bytes to be written, a filter that calls them when it is their turn, sentences.
 */
#ifndef NET_PROXY_INTERNAL_H
#define NET_PROXY_INTERNAL_H

#include "net/http_head.h"
#include "net/proxy.h"

enum { PROXY_OUT_MAX = 16 * 1024 };

struct proxy {
	struct pipe       pipe;
	const struct url *by, *to;
	int (*next)(struct proxy *p); /* goes on when all of `out` is written: 0, PIPE_WAIT, or an error */
	struct buf        out;
	struct http_head  head;       /* HTTP: the answer, and later what came behind it */
	uint64_t          end;        /* of the time for it; 0: it has not begun */
	uint32_t          timeout_ms;
	uint8_t           in[5], got; /* SOCKS: the part of the answer that is being read */
	uint16_t          skip;       /* SOCKS: bytes of it that are of no interest */
	bool              open;
};

/* Puts the first bytes into `out` and sets `next`. 0, or an error. */
int proxy_start_http(struct proxy *p);
int proxy_start_socks(struct proxy *p);

/* MQTTWILL_EPROXY, in a sentence that begins with the proxy's name. */
int proxy_fail(struct proxy *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reading the answer failed with rc: "its answer ..." goes on with the problem; where that is NULL the pipe's own error is told. */
int proxy_broke(struct proxy *p, int rc, const char *problem);

/* Appends to `out`: 0, or MQTTWILL_ENOMEM with its sentence. */
int proxy_put(struct proxy *p, const void *bytes, size_t n);
int proxy_no_memory(struct proxy *p);

/* host:port that is asked for, IPv6 in brackets. */
enum { PROXY_TARGET_SIZE = 264 };
void proxy_target(const struct proxy *p, char *buf, size_t size);

#endif
