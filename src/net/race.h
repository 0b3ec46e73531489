/* SPDX-License-Identifier: MIT */
/*
 * Addresses raced against each other [RFC 8305, 5]: one attempt after the other, each a little later than the last or as soon as
 * that has failed; the first that connects wins. Families take turns. One descriptor stands for all that is under way.
 */
#ifndef NET_RACE_H
#define NET_RACE_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/types.h>

#include "net/address.h"
#include "net/failed.h"
#include "net/pipe.h"

struct mqttwill_network;

enum { RACE_NO_ANSWER = -1 };

struct runner {
	union address address;
	int            fd;
	int            error; /* errno, RACE_NO_ANSWER */
	int            turn;  /* which it was to begin, from 1 */
	uint8_t        state; /* race.c's */
	uint8_t        step;  /* enum tune_step: what it failed at */
};

enum { RACE_AT_ONCE = 16, RACE_MOST = 1024 }; /* the oldest makes room; more addresses than that are not tried */

struct race_rules {
	int  first_family; /* which goes first; AF_UNSPEC: that of the first address */
	bool in_order;     /* families do not take turns */
};

struct race {
	struct race_rules rules;
	const struct mqttwill_network *network;
	struct failed *failed; /* NULL: none remembers */
	struct runner *runners;
	int      count, under_way, begun, over;
	int      last_family;  /* of the last that began; AF_UNSPEC: none has */
	int      won;          /* which; -1: none yet */
	int      epoll;        /* watches all that is waited for; -1: could not be had */
	pid_t    owner;        /* the process: a forked child leaves epoll and connections alone */
	bool     stopped;
	uint64_t next_at;      /* when the next may begin beside those under way */
};

/* `network` and `failed` must outlive it. 0, or -1 where there is no descriptor: errno. */
int race_init(struct race *r, const struct mqttwill_network *network, struct failed *failed, struct race_rules rules);

/* More addresses. 0, or MQTTWILL_ENOMEM. */
int race_add(struct race *r, const union address *a);

/* Also to be waited for, and no longer: a lookup's descriptor, before it is closed. */
void race_watch(struct race *r, int fd);
void race_unwatch(struct race *r, int fd);

/* Goes on as far as possible; with `may_begin`, begins attempts that are due. True when one has won. */
bool race_turn(struct race *r, bool may_begin, uint64_t now_ms);

/* Nothing is under way, and nothing is left to begin. */
bool race_is_over(const struct race *r);

/* When the next attempt is due; UINT64_MAX: there is none. */
uint64_t race_deadline(const struct race *r);

/* Time is up: all that is under way has failed. */
void race_stop(struct race *r, uint64_t now_ms);

/* The winner's socket, which is the caller's from now on, and its address. */
int race_take(struct race *r, union address *winner);

/* Why all have failed, in one sentence: sets the error, returns its code. */
int race_fail(const struct race *r, struct pipe_error *error);

/* Closes whatever is open. */
void race_fini(struct race *r);

#endif
