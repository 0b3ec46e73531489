/* SPDX-License-Identifier: MIT */
/*
 * How tokens ended that ended badly: as many as can wait at once, so that whoever publishes first and waits then hears of
 * each. What is not known here any more, or never was, ended well.
 */
#include <stdlib.h>

#include "client/internal.h"

static void grow_failures(struct client *c)
{
	enum { FIRST = 16 };
	uint32_t most = ends_most(c);
	uint32_t size = c->failed_size == 0 ? FIRST : 2 * c->failed_size;
	if (size > most)
		size = most;
	if (size == c->failed_size)
		return;
	struct failure *p = realloc(c->failed, size * sizeof *p);
	if (!p)
		return; /* then the oldest goes */
	c->failed = p;
	c->failed_size = size;
}

static void forget_failure(struct client *c, int64_t token)
{
	if (token > c->forgotten)
		c->forgotten = token;
}

void outcome_remember(struct client *c, int64_t token, int error)
{
	if (error == 0 || token == 0)
		return;
	if (c->failed_count == c->failed_size)
		grow_failures(c);
	if (c->failed_size == 0) {
		forget_failure(c, token);
		return;
	}
	bool     full = c->failed_count == c->failed_size;
	uint32_t at = full ? c->failed_at : c->failed_count++;
	if (full) {
		forget_failure(c, c->failed[at].token);
		c->failed_at = (at + 1) % c->failed_size;
	}
	c->failed[at] = (struct failure){token, error};
}

int outcome_find(const struct client *c, int64_t token)
{
	for (uint32_t i = 0; i < c->failed_count; i++)
		if (c->failed[i].token == token)
			return c->failed[i].error;
	return token <= c->forgotten ? MQTTWILL_EINVAL : 0;
}

void outcome_fini(struct client *c)
{
	free(c->failed);
	c->failed = NULL;
	c->failed_count = c->failed_size = c->failed_at = 0;
}
