/* SPDX-License-Identifier: MIT */
/*
 * A byte pipe that knows no MQTT: filters stacked on each other (tcp at the bottom, then proxy, tls, websocket), each a small
 * state machine that never blocks. While it opens, each phase has its own deadline. Whoever owns the top filter owns them all.
 */
#ifndef NET_PIPE_H
#define NET_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	PIPE_WAIT = 1, /* not yet: wait for what `wants` says, or the deadline, and call again */
	PIPE_READ = 1, /* bits of `wants` */
	PIPE_WRITE = 2
};

/* Why a pipe broke: an MQTTWILL_E... and a sentence. */
struct pipe_error {
	int  code;
	char text[280];
};

struct pipe;

/* What is known of an open stack; texts live as long as it. Zeroed before the first filter fills in its part. */
struct pipe_facts {
	const char *address; /* of the peer at the bottom; never NULL */
	const char *tls_version, *cipher, *alpn; /* NULL: none */
	bool        resumed, by_proxy;
};

struct pipe_ops {
	/* Goes on with opening: 0 when it is open, PIPE_WAIT, or an error. */
	int (*open)(struct pipe *p, uint64_t now_ms);
	/*
	 * Bytes read; -1 where none are there yet; an error below -1. 0 at the end of the stream: where the error's code is
	 * MQTTWILL_ELOST then, its text says what the other side said to it.
	 */
	ssize_t (*read)(struct pipe *p, void *buf, size_t size);
	/* Bytes written; -1 where none can be yet, and the same bytes come again, or more; an error below -1. n may be 0: see `owes`. */
	ssize_t (*write)(struct pipe *p, const void *bytes, size_t n);
	/* Nothing more will be written: the other side shall see the end of the stream. */
	void (*finish)(struct pipe *p);
	/* Closes and frees this filter and those below. `reset`: the other side shall see a broken connection. */
	void (*close)(struct pipe *p, bool reset);
	/* Bytes that can be read though the descriptor may be quiet, here or below; NULL: never any. */
	size_t (*pending)(struct pipe *p);
	/* Adds what this filter knows; pipe_describe() asks every filter. NULL: nothing. */
	void (*describe)(const struct pipe *p, struct pipe_facts *facts);
};

struct pipe {
	const struct pipe_ops *ops;
	struct pipe           *below;
	struct pipe_error     *error;    /* shared by the whole stack, owned by the caller */
	uint64_t               deadline; /* while opening: when to call open() again at the latest; UINT64_MAX: none */
	int                    fd;       /* to be watched; it may change until the pipe is open; -1: none now */
	uint8_t                phase;    /* while opening: enum mqttwill_phase */
	uint8_t                wants;    /* PIPE_READ, PIPE_WRITE: what the last call that had to wait is waiting for */
	bool                   owes;     /* open: it has bytes of its own to write; write() them when the descriptor can be written */
};

/* Sets the error from a format; returns its code. */
int pipe_fail(struct pipe_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

static inline void pipe_close(struct pipe *p, bool reset)
{
	if (p)
		p->ops->close(p, reset);
}

/* Takes over what the pipe below waits for, and its phase: for a filter whose turn has not come, or which only passes on. */
static inline void pipe_follow(struct pipe *p)
{
	p->fd = p->below->fd;
	p->wants = p->below->wants;
	p->deadline = p->below->deadline;
	p->phase = p->below->phase;
}

/* The facts of the whole stack. */
void pipe_describe(const struct pipe *top, struct pipe_facts *facts);

#endif
