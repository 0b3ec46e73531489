/* SPDX-License-Identifier: MIT */
/*
 * The bottom of the stack over TCP: resolves a host and races its addresses (RFC 8305).
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include "net/pipe.h"

struct mqttwill_network;
struct failed;

struct tcp_config {
	const char *host, *port;    /* must outlive the pipe, as must what follows */
	const struct mqttwill_network *network; /* NULL: all default; family, binding, time-outs, flags, resolve_fn */
	struct failed *failed;      /* addresses that failed in earlier attempts; NULL: nothing is remembered */
	const char *srv_service;    /* "_mqtt._tcp": ask for SRV records first; NULL: do not */
	uint32_t    timeout_ms;     /* for names and addresses together; the network's own time-outs can only shorten that */
	uint32_t    silent_ms;      /* how long sent bytes may stay unacknowledged, and the other side gone; 0: the system's */
};

/* NULL where there is no memory. Nothing is done before the first open(). */
struct pipe *tcp_new(const struct tcp_config *config, struct pipe_error *error);

/* Can a socket be bound as the network says? 0, or MQTTWILL_EOPTION with the option and the reason. */
int tcp_check(const struct mqttwill_network *network, struct pipe_error *error);

#endif
