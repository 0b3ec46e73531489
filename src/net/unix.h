/* SPDX-License-Identifier: MIT */
/*
 * The bottom of the stack over a Unix socket.
 */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include "net/pipe.h"

/* The path must outlive the pipe, and fit a sockaddr_un. NULL where there is no memory. */
struct pipe *unix_new(const char *path, uint32_t timeout_ms, struct pipe_error *error);

#endif
