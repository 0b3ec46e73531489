/* SPDX-License-Identifier: MIT */
/*
 * A race course: a host whose names and addresses answer when the test says so, in the pipe's own time. The linker leads the
 * pipe's lookups, and its socket(), connect() and poll(), through here; what answers is a real listener on loopback.
 */
#ifndef NET_COURSE_H
#define NET_COURSE_H

#include <check.h>

#include "net/failed.h"
#include "net/pipe.h"

struct mqttwill_network;

/* Addresses for documentation. */
#define SIX(n) "2001:db8::" #n
#define FOUR(n) "192.0.2." #n

enum { COURSE_START_MS = 1000, COURSE_TIMEOUT_MS = 10000, NEVER = -1 };

struct course {
	struct pipe_error error;
	struct pipe      *pipe;
	struct failed     failed; /* as a client keeps it from attempt to attempt */
	uint64_t          now_ms;
	int               asked;  /* lookups begun */
	int               copy;   /* of the descriptor of the attempt that began last, as a forked child has it; -1: none */
	bool              keep_copy;
	char              log[4096]; /* "[2001:db8::1]@0 192.0.2.1@250 ": which address was tried when, counted from the start */
};

extern struct course course;

/* Makes the pipe to the host "broker" and begins at COURSE_START_MS. `network` may be NULL. */
void course_begin(const struct mqttwill_network *network);

/* The same for a later attempt at that time: what is remembered of addresses stays, and so do their ways. */
void course_again(const struct mqttwill_network *network, uint64_t now_ms);

/* Another host, or port, or with SRV records. */
extern const char *course_host, *course_srv;

/* What becomes of an attempt to connect to that address after so many ms; NEVER: nothing. 0 for `error`: it is connected. */
void course_way(const char *address, int after_ms, int error);

/* Answers the lookup for that family, AF_UNSPEC: for both, "2001:db8::1 2001:db8::2"; "" for none, NULL: it fails for a while. */
void course_answer(int family, const char *addresses);

/* What open() says at so many ms from the start. */
int course_at(uint64_t ms);

/* When it wants to be called again, counted from the start; -1: never. */
long course_next(void);

/* Descriptors that are open. */
int course_descriptors(void);

/* The address that won, once it is open. */
const char *course_winner(void);

/* Calls open() at 0 and whenever it wants to be called, up to `ms`; nothing comes of it. */
void course_until(uint64_t ms);

/* Both families at once. */
void course_answer_both(const char *six, const char *four);

/* The log is that, or the test fails. */
void course_tried(const char *log);

/* It is open at `ms`, not before, and that address has won. */
void course_won(uint64_t ms, const char *address);

/* It fails at `ms` with that code and that sentence. */
void course_lost(uint64_t ms, int code, const char *text);

/* The winner's other side. */
int course_accept(void);

void course_close(bool reset);
void course_end(void);

#endif
