/* SPDX-License-Identifier: MIT */
/*
 * Threads for what blocks. A few tasks run at once. One that blocks for long does not keep the others waiting for ever: a task
 * that has waited for a quarter of a second gets a thread of its own, as long as there are not too many of them. Threads
 * end when there is nothing to do. All signals are blocked in them. A forked child begins with none, and without the tasks.
 */
#ifndef NET_THREADS_H
#define NET_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

enum {
	THREADS_EAGER = 8,      /* tasks that run at once and are wanted */
	THREADS_MOST = 64,      /* threads, whatever they do */
	THREADS_PATIENCE_MS = 250 /* after which one more is started */
};

struct task {
	void (*run)(struct task *t);    /* in a thread, without the lock */
	void (*finish)(struct task *t); /* after it, with the lock held; it may free the task */
	struct list link;               /* the rest is the pool's */
	uint64_t    since_ms;
	bool        running;
	bool        wanted;
	bool        resting;
	bool        counts; /* as one of the eager ones */
	bool        lost;   /* in a forked child: it will never be run or finished */
};

/* One lock for all tasks, and for whatever their owners share. It must be held in all calls below. */
void threads_lock(void);
void threads_unlock(void);

/* run() will be called. False: there is no thread, nor will there be. */
bool threads_add(struct task *t);

/* True: the task was not begun yet, and never will be. */
bool threads_withdraw(struct task *t);

/* Whether anybody waits for a task that runs; if nobody does it does not count. */
void threads_want(struct task *t, bool wanted);

/* A task that runs rests until threads_notify(), or until that time of threads_now(); it does not count meanwhile. */
void threads_rest(struct task *t, uint64_t until_ms);
void threads_notify(void);

uint64_t threads_now(void);

#endif
