/* SPDX-License-Identifier: MIT */
/*
 * The bottom of the stack: resolves a host and connects to its addresses one after the other.
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include "net/pipe.h"

struct tcp_config {
	const char *host, *port; /* must outlive the pipe */
	uint32_t    timeout_ms;  /* shared by name and addresses */
	uint32_t    silent_ms;   /* TCP_USER_TIMEOUT: how long sent bytes may stay unacknowledged; 0: the system's */
};

/* NULL where there is no memory. Nothing is done before the first open(). */
struct pipe *tcp_new(const struct tcp_config *config, struct pipe_error *error);

/* The peer's address as text, "127.0.0.1:1883"; "" before one is tried. */
const char *tcp_peer(const struct pipe *tcp);

#endif
