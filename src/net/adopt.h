/* SPDX-License-Identifier: MIT */
/*
 * The bottom of the stack over a socket that the application has connected.
 */
#ifndef NET_ADOPT_H
#define NET_ADOPT_H

#include "net/pipe.h"

struct mqttwill_network;

/*
 * The network's dial_fn is asked at the first open(). Host and port, and the network, must outlive the pipe. NULL where there
 * is no memory.
 */
struct pipe *adopt_new(const char *host, const char *port, const struct mqttwill_network *network, uint32_t silent_ms,
                       struct pipe_error *error);

#endif
