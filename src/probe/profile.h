/* SPDX-License-Identifier: MIT */
/*
 * What is known of brokers: the verdicts that a version of one gets, measured more than once and on a busy machine. Who has
 * such a broker wants to hear of what is new, not of what everybody knows.
 */
#ifndef PROBE_PROFILE_H
#define PROBE_PROFILE_H

#include "probe/play.h"

struct probe_profile {
	const char                *name; /* "mosquitto-2.0.11" */
	const char                *title;
	const struct probe_record *records; /* what is not among them passes */
	size_t                     count;
};

/* The i-th of all; NULL behind the last. */
const struct probe_profile *probe_profile(size_t i);

/* By its name; NULL: there is none. */
const struct probe_profile *probe_profile_find(const char *name);

/*
 * Is the verdict what is recorded? UNSUPPORTED always is: what can be asked depends on the broker's configuration and on the
 * caller's leave.
 */
bool probe_profile_knows(const struct probe_profile *p, const struct probe_scenario *s, uint8_t verdict);

/* "FAIL or PASS" */
const char *probe_profile_words(const struct probe_profile *p, const struct probe_scenario *s, char *words,
                                size_t size);

#endif
