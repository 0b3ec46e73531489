/* SPDX-License-Identifier: MIT */
/*
 * A plain array, made when the first alias is set, and searched from its beginning: a test has few topics.
 */
#include "broker/alias.h"

#include <stdlib.h>

#include "broker/core.h"

void aliases_init(struct aliases *a, uint16_t maximum)
{
	*a = (struct aliases){.maximum = maximum};
}

void aliases_fini(struct aliases *a)
{
	for (size_t i = 0; a->topics && i < a->maximum; i++)
		free((void *)a->topics[i].p);
	free(a->topics);
	*a = (struct aliases){0};
}

bool aliases_set(struct aliases *a, uint16_t alias, struct span topic)
{
	uint8_t *copy = malloc(topic.n + 1);
	if (copy && !a->topics)
		a->topics = calloc(a->maximum, sizeof *a->topics);
	if (!copy || !a->topics) {
		free(copy);
		return false;
	}
	put_bytes(copy, topic.p, topic.n);
	free((void *)a->topics[alias - 1].p);
	a->topics[alias - 1] = span_of(copy, topic.n);
	a->last = alias;
	return true;
}

struct span aliases_get(const struct aliases *a, uint16_t alias)
{
	return a->topics ? a->topics[alias - 1] : span_of(NULL, 0);
}

uint16_t aliases_find(const struct aliases *a, struct span topic)
{
	for (uint16_t i = 0; a->topics && i < a->maximum; i++)
		if (a->topics[i].p && span_equal(a->topics[i], topic))
			return (uint16_t)(i + 1);
	return 0;
}

uint16_t aliases_next(const struct aliases *a)
{
	return (uint16_t)(a->last % a->maximum + 1);
}
