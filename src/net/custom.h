/* SPDX-License-Identifier: MIT */
/*
 * The bottom of the stack over the caller's own stream: struct mqttwill_transport as a filter. What it returns is not
 * trusted. Without a descriptor nothing tells when it can go on: whoever owns the pipe tries again when he is woken.
 */
#ifndef NET_CUSTOM_H
#define NET_CUSTOM_H

#include "net/pipe.h"

struct mqttwill_network;

/* network->transport is set; all must outlive the pipe. NULL where there is no memory. */
struct pipe *custom_new(const struct mqttwill_network *network, const char *host, const char *port, uint32_t timeout_ms,
                        struct pipe_error *error);

#endif
