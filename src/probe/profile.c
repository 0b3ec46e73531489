/* SPDX-License-Identifier: MIT */
/*
 * Records: ID and VERDICT, or VERDICT OR VERDICT where a timer of the broker scatters. tests/system/probe.sh plays them
 * against the broker itself, so that a record that is not true does not stay.
 */
#include "probe/profile.h"

#include <stdio.h>
#include <string.h>

struct probe_record {
	const char *id;
	unsigned    verdicts; /* bits */
};

#define PASSES (1u << PROBE_PASS)
#define FAILS (1u << PROBE_FAIL)
#define POLICY (1u << PROBE_POLICY)

/*
 * Its wills are checked once a second, in the order of their delays and not of their deadlines (WD-16); a session that ends
 * with its connection does not end the delay (WD-04); a take-over forgets the will (W3-13, WT); so do most reason codes of
 * DISCONNECT (W5-09, W5-10) and a second CONNECT (W3-05, W5-05b).
 */
static const struct probe_record mosquitto_2_0_11[] = {
	{"W3-05", FAILS},           {"W3-13", FAILS},           {"W5-05b", FAILS},          {"W5-09a", FAILS},
	{"W5-09b", FAILS},          {"W5-10a", FAILS},          {"W5-10b", FAILS},          {"W5-14", FAILS},
	{"WD-04a", FAILS},          {"WD-04b", FAILS},          {"WD-14", FAILS},           {"WD-16", FAILS},
	{"WD-17a", PASSES | FAILS}, {"WD-17b", PASSES | FAILS}, {"WD-17c", PASSES | FAILS}, {"WR-02", POLICY},
	{"WR-10", PASSES | FAILS},  {"WT-03", FAILS},           {"WT-04", FAILS},           {"WT-05", FAILS},
	{"WT-08", FAILS},           {"B24", PASSES | FAILS},    {"WC-02", PASSES | FAILS},  {"WC-04", POLICY},
	{"WA-11", POLICY},          {"WA-12", POLICY},          {"WA-19", FAILS},
};

static const struct probe_profile profiles[] = {
	{"mosquitto-2.0.11", "Eclipse Mosquitto 2.0.11, as Debian 12 has it", mosquitto_2_0_11,
         sizeof mosquitto_2_0_11 / sizeof mosquitto_2_0_11[0]},
};

const struct probe_profile *probe_profile(size_t i)
{
	return i < sizeof profiles / sizeof profiles[0] ? &profiles[i] : NULL;
}

const struct probe_profile *probe_profile_find(const char *name)
{
	size_t i = 0;
	while (probe_profile(i) && strcmp(probe_profile(i)->name, name) != 0)
		i++;
	return probe_profile(i);
}

static unsigned recorded(const struct probe_profile *p, const struct probe_scenario *s)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->records[i].id, s->id) == 0)
			return p->records[i].verdicts;
	return PASSES;
}

bool probe_profile_knows(const struct probe_profile *p, const struct probe_scenario *s, uint8_t verdict)
{
	return verdict == PROBE_UNSUPPORTED || recorded(p, s) & 1u << verdict;
}

const char *probe_profile_words(const struct probe_profile *p, const struct probe_scenario *s, char *words, size_t size)
{
	size_t n = 0;
	*words = 0;
	for (uint8_t v = 0; v < PROBE_VERDICTS && n < size; v++)
		if (recorded(p, s) & 1u << v)
			n += (size_t)snprintf(words + n, size - n, "%s%s", n ? " or " : "", probe_verdict_name(v));
	return words;
}
