/* SPDX-License-Identifier: MIT */
/*
 * A connected stream socket as the bottom of a stack: what TCP, Unix sockets and adopted ones have in common.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <sys/types.h>

#include "net/pipe.h"

struct stream {
	struct pipe pipe;
	const char *peer;  /* for people; never NULL; "" where it has no name */
	pid_t       owner; /* the process: a forked child may close its copy, but not the connection */
	bool        open;
};

static inline struct stream *stream_of(struct pipe *p)
{
	return (struct stream *)(void *)p;
}

void stream_init(struct stream *s, const struct pipe_ops *ops, struct pipe_error *error, uint8_t phase);

/* From now on it can be read and written. */
void stream_opened(struct stream *s, int fd);

/* Is this the process that made it, not a forked child? */
bool stream_is_ours(const struct stream *s);

/* Operations of a pipe. */
ssize_t stream_read(struct pipe *p, void *buf, size_t size);
ssize_t stream_write(struct pipe *p, const void *bytes, size_t n);
void    stream_finish(struct pipe *p);
void    stream_describe(const struct pipe *p, struct pipe_facts *facts);

/* Closes the descriptor, if it is open, and the connection with it. */
void stream_end(struct stream *s, bool reset);

/*
 * The same for a socket that may not be connected yet. `ours`: the connection is ended even where a forked child has a copy of it,
 * as close(2) alone would not.
 */
void stream_close(int fd, bool ours, bool reset);

#endif
