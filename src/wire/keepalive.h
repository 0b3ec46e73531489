/* SPDX-License-Identifier: MIT */
/*
 * When to ping, and how long to wait for the answer, as mqttwill_options(3) says of keepalive_s and ping_timeout_ms.
 */
#ifndef WIRE_KEEPALIVE_H
#define WIRE_KEEPALIVE_H

#include <stdint.h>

enum { KEEPALIVE_DETECT_MS = 60 * 1000 }; /* where keep-alive is off the pings stay */

/* Idle time before a ping: somewhat less than the keep-alive, so that no delay of ours breaks it. */
static inline uint64_t keepalive_idle_ms(uint64_t keep_alive_ms)
{
	uint64_t most = keep_alive_ms ? keep_alive_ms : KEEPALIVE_DETECT_MS;
	return most - (most / 4 < 5000 ? most / 4 : 5000);
}

/* For any byte after the ping, where the caller has not said otherwise (0). */
static inline uint64_t keepalive_answer_ms(uint64_t keep_alive_ms, uint32_t ping_timeout_ms)
{
	uint64_t half = keep_alive_ms / 2;
	if (ping_timeout_ms)
		return ping_timeout_ms;
	return half && half < 10000 ? half : 10000;
}

#endif
