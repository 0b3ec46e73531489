/* SPDX-License-Identifier: MIT */
/*
 * A listener on loopback and a pipe that connects to it. Deadlines are in the pipe's own time, which a test may move.
 */
#ifndef NET_LINE_H
#define NET_LINE_H

#include <check.h>

#include "net/pipe.h"
#include "net/tcp.h"

enum { LINE_PATIENCE_MS = 20000 };

struct line {
	struct pipe_error error;
	struct pipe      *pipe;
	int               listener, peer; /* -1: none */
	char              port[8];
	uint64_t          now_ms;
};

/* A listener of that family; false where the system has none. */
bool line_listen(struct line *l, int family, int backlog);

/* A pipe to the host at the listener's port; nothing is done yet. */
void line_pipe(struct line *l, const char *host, uint32_t timeout_ms);

/* Goes on with opening until it is open or has failed; the time stands still. */
int line_open(struct line *l);

/* Takes the connection that the pipe has made. */
void line_accept(struct line *l);

/* All of the above: connected over IPv4. */
void line_connect(struct line *l);

/* Waits until the pipe can be read or written. */
void line_wait(struct line *l, short events);

/* The peer's address, as the pipe tells it. */
const char *line_address(const struct line *l);

void line_close(struct line *l);

#endif
