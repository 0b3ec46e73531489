/* SPDX-License-Identifier: MIT */
/*
 * Many devices, a few at a time: each comes with its will and is lost at once. A broker that races with itself loses a will
 * here, or says it twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/internal.h"

enum { AT_ONCE = 30 };

struct load {
	unsigned           total, begun;
	unsigned           lost;    /* connections that were: so many wills are due */
	unsigned           refused; /* those that never came to be */
	uint8_t           *due;     /* 1: the will of this device is */
	uint8_t           *seen;    /* how often it was seen, up to 255 */
	struct probe_actor churners[AT_ONCE];
};

struct load *load_new(struct play *p)
{
	struct load *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->total = p->settings->load;
	l->due = calloc(l->total + 1, 1);
	l->seen = calloc(l->total + 1, 1);
	for (size_t i = 0; i < AT_ONCE; i++) {
		l->churners[i] = (struct probe_actor){.play = p, .who = PROBE_CHURNER};
		buf_init(&l->churners[i].in, 0);
	}
	if (l->due && l->seen)
		return l;
	load_free(l);
	return NULL;
}

void load_free(struct load *l)
{
	for (size_t i = 0; l && i < AT_ONCE; i++) {
		play_leave(&l->churners[i]);
		buf_fini(&l->churners[i].in);
	}
	if (l) {
		free(l->due);
		free(l->seen);
	}
	free(l);
}

/* Every other connection ends with a FIN. True: something has happened. */
static bool churn(struct load *l, struct probe_actor *a)
{
	if (a->open && a->answered && a->code == 0) {
		l->due[a->number] = 1;
		l->lost++;
		play_hang_up(a, a->number % 2);
		return true;
	}
	if (a->closed || a->code) {
		l->refused++;
		play_hang_up(a, true);
		a->closed = false;
		a->code = 0;
		return true;
	}
	if (a->open || a->opening || l->begun == l->total)
		return false;
	a->number = l->begun++;
	play_dial(a, a->play->scenario->level);
	return true;
}

bool load_go_on(struct load *l)
{
	for (size_t i = 0; i < AT_ONCE; i++)
		while (churn(l, &l->churners[i]))
			;
	return l->lost + l->refused == l->total;
}

void load_saw(struct load *l, unsigned number)
{
	if (number < l->total && l->seen[number] < UINT8_MAX)
		l->seen[number]++;
}

static unsigned count(const struct load *l, bool (*which)(unsigned due, unsigned seen))
{
	unsigned n = 0;
	for (unsigned i = 0; i < l->total; i++)
		n += which(l->due[i], l->seen[i]);
	return n;
}

static bool is_missing(unsigned due, unsigned seen)
{
	return seen < due;
}

static bool is_too_many(unsigned due, unsigned seen)
{
	return seen > due;
}

uint8_t load_judge(const struct load *l, char *text, size_t size)
{
	unsigned missing = count(l, is_missing), doubled = count(l, is_too_many);
	snprintf(text, size,
	         "of %u devices that came and were lost, %u at a time: the wills of %u did not come, those of %u came "
	         "more than once",
	         l->lost, (unsigned)AT_ONCE, missing, doubled);
	if (missing || doubled)
		return PROBE_FAIL;
	if (l->refused == 0)
		return PROBE_PASS;
	snprintf(text, size,
	         "the broker did not take %u of %u connections, %u at a time; of the others every will came once",
	         l->refused, l->total, (unsigned)AT_ONCE);
	return PROBE_INCONCLUSIVE;
}
