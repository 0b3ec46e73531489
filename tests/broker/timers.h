/* SPDX-License-Identifier: MIT */
/*
 * Deadlines, in the order of their time. Of two at the same time the one armed first comes first. Deadlines are 64 bits
 * of ms: 0xFFFFFFFF seconds is a number like any other.
 */
#ifndef BROKER_TIMERS_H
#define BROKER_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer;
typedef void timer_fn(struct timer *t, uint64_t now_ms);

struct timer {
	timer_fn *fire;
	uint64_t  due_ms;
	uint64_t  order; /* when it was armed, counted */
	size_t    place; /* in the heap, from 1; 0: not armed */
};

struct timers {
	struct timer **heap;
	size_t         count, cap;
	size_t         users; /* timers that exist, armed or not: there is room for all */
	uint64_t       armed;
};

/* Room for n more timers, so that arming them cannot fail. False where there is no memory. */
bool timers_join(struct timers *ts, size_t n);
void timers_leave(struct timers *ts, size_t n);
void timers_fini(struct timers *ts);

/* Arms a timer, or moves it if it is armed. */
void timer_arm(struct timers *ts, struct timer *t, uint64_t due_ms);
void timer_stop(struct timers *ts, struct timer *t);

/* The earliest deadline, or UINT64_MAX. */
uint64_t timers_next(const struct timers *ts);

/* Stops and returns the earliest timer if it is due, otherwise NULL. */
struct timer *timers_take(struct timers *ts, uint64_t now_ms);

#endif
