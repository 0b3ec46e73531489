/* SPDX-License-Identifier: MIT */
/*
 * A binary heap of pointers. heap[0] is not used: the children of place p are 2p and 2p + 1.
 */
#include "broker/timers.h"

#include <stdlib.h>

bool timers_join(struct timers *ts, size_t n)
{
	size_t need = ts->users + n + 1;
	if (need > ts->cap) {
		size_t         cap = need + need / 2;
		struct timer **heap = realloc(ts->heap, cap * sizeof *heap);
		if (!heap)
			return false;
		ts->heap = heap;
		ts->cap = cap;
	}
	ts->users += n;
	return true;
}

void timers_leave(struct timers *ts, size_t n)
{
	ts->users -= n;
}

void timers_fini(struct timers *ts)
{
	free(ts->heap);
	*ts = (struct timers){0};
}

static bool earlier(const struct timer *a, const struct timer *b)
{
	return a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->order < b->order);
}

static void put(struct timers *ts, struct timer *t, size_t place)
{
	ts->heap[place] = t;
	t->place = place;
}

static void rise(struct timers *ts, struct timer *t)
{
	size_t place = t->place;
	for (; place > 1 && earlier(t, ts->heap[place / 2]); place /= 2)
		put(ts, ts->heap[place / 2], place);
	put(ts, t, place);
}

static void sink(struct timers *ts, struct timer *t)
{
	size_t place = t->place;
	for (size_t child; (child = 2 * place) <= ts->count; place = child) {
		if (child < ts->count && earlier(ts->heap[child + 1], ts->heap[child]))
			child++;
		if (!earlier(ts->heap[child], t))
			break;
		put(ts, ts->heap[child], place);
	}
	put(ts, t, place);
}

void timer_stop(struct timers *ts, struct timer *t)
{
	if (!t->place)
		return;
	struct timer *last = ts->heap[ts->count--];
	if (last != t) {
		put(ts, last, t->place);
		rise(ts, last);
		sink(ts, last);
	}
	t->place = 0;
}

void timer_arm(struct timers *ts, struct timer *t, uint64_t due_ms)
{
	timer_stop(ts, t);
	t->due_ms = due_ms;
	t->order = ts->armed++;
	t->place = ++ts->count;
	rise(ts, t);
}

uint64_t timers_next(const struct timers *ts)
{
	return ts->count ? ts->heap[1]->due_ms : UINT64_MAX;
}

struct timer *timers_take(struct timers *ts, uint64_t now_ms)
{
	if (timers_next(ts) > now_ms || ts->count == 0)
		return NULL;
	struct timer *t = ts->heap[1];
	timer_stop(ts, t);
	return t;
}
