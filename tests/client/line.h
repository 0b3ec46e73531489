/* SPDX-License-Identifier: MIT */
/*
 * A network connection in memory. What the client writes is kept whole, so that a test can look at it; who reads it on the
 * other side, the broker stub or the test itself, is the stage's affair. Nothing here allocates.
 */
#ifndef CLIENT_LINE_H
#define CLIENT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"

enum { LINES = 32, LINE_BYTES = 1 << 18 };

/* How the client's bytes are cut. */
enum line_mode { LINE_WHOLE, LINE_BYTEWISE, LINE_CHUNKS, LINE_MODES };

enum line_open { LINE_OPENS, LINE_REFUSES, LINE_HANGS };

struct line {
	uint8_t            *up;              /* from the client: LINE_BYTES, of which */
	uint8_t            *down;            /* to the client */
	size_t              up_len, up_read; /* so many were written, and read on the other side */
	size_t              down_len, down_read;
	size_t              budget;      /* so many bytes the kernel still takes from the client */
	char                server[64];  /* host:port that it goes to */
	uint8_t             open;        /* enum line_open */
	bool                opened;      /* the client knows that it is open */
	bool                finished;    /* the client has shown the end of its bytes */
	bool                closed;      /* the client has closed it */
	bool                reset;       /* ... by a reset */
	bool                peer_closed; /* the other side has closed it */
	bool                broken;      /* reads and writes fail */
	bool                mute;        /* half open: the other side hears nothing and says nothing */
	struct broker_link *link;        /* the broker's end */
};

/* A fresh line; fails the test when there are too many. */
struct line *line_new(void);

/* All of them are gone. */
void line_reset_all(void);

/* The nth line since the test began, from 0; NULL: there is none. */
struct line *line_at(size_t n);
size_t       line_count(void);

/* The client's calls: bytes done, 0 for the end (read), -1 for "not now", -2 for a broken line. */
long line_write(struct line *l, const uint8_t *bytes, size_t n);
long line_read(struct line *l, uint8_t *bytes, size_t size);

bool line_readable(const struct line *l);
bool line_writable(const struct line *l);

/* For the client; fails the test where there is no space. */
void line_say(struct line *l, const void *bytes, size_t n);

#endif
