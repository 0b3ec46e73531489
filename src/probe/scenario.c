/* SPDX-License-Identifier: MIT */
/*
 * All tables of scenarios as one list.
 */
#include "probe/scenario.h"

#include <string.h>
#include <strings.h>

#include "probe/rows.h"

static const struct probe_table *const tables[] = {
	&probe_rows_3,        &probe_rows_5,       &probe_rows_delay,   &probe_rows_return,
	&probe_rows_takeover, &probe_rows_content, &probe_rows_refused,
	&probe_rows_broker,
};

const struct probe_scenario *probe_scenario(size_t i)
{
	for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
		if (i < tables[t]->count)
			return &tables[t]->rows[i];
		i -= tables[t]->count;
	}
	return NULL;
}

static bool names(const char *list, const char *name, size_t n)
{
	for (const char *at = list; at && *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strcspn(at, " ") == n && strncasecmp(at, name, n) == 0)
			return true;
	return false;
}

/* "W5-09" means all that begin so and go on with a letter. */
static bool is_row(const char *id, const char *name, size_t n)
{
	return strncasecmp(id, name, n) == 0 && (id[n] == 0 || (id[n] >= 'a' && id[n] <= 'z'));
}

bool probe_scenario_is(const struct probe_scenario *s, const char *name)
{
	size_t n = strlen(name);
	return n && (is_row(s->id, name, n) || names(s->bugs, name, n));
}
