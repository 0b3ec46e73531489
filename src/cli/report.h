/* SPDX-License-Identifier: MIT */
/*
 * What a probe found, for people and for machines. Every format tells every scenario: its verdict, its rules, what was due
 * and what was seen, and what a device agent should do where the broker differs.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdio.h>

#include "probe/profile.h"
#include "probe/world.h"

struct report {
	const struct probe_run     *run;
	const char                 *url;      /* without user and password */
	const struct probe_profile *profile;  /* NULL: none */
	int64_t                     began_ms; /* since 1970 */
	uint32_t                    took_ms;
	unsigned                    counts[PROBE_VERDICTS];
	unsigned                    news; /* results that are */
};

void report_init(struct report *r, const struct probe_run *run, const struct probe_profile *profile);

/* Is the result what nobody expects: a failure; or, where there is a profile, anything that is not recorded in it? */
bool report_is_news(const struct report *r, const struct probe_result *result);

/* " (recorded: FAIL)" where the result is news for a profile; "" */
enum { REPORT_RECORDED = 64 };
const char *report_recorded(const struct report *r, const struct probe_result *result, char words[REPORT_RECORDED]);

void report_text(FILE *out, const struct report *r);
void report_json(FILE *out, const struct report *r);
void report_junit(FILE *out, const struct report *r);
void report_tap(FILE *out, const struct report *r);
void report_html(FILE *out, const struct report *r);

/* "5.0", "3.1.1", "3.1" */
const char *report_version(uint8_t level);

/* "the watcher", ... */
const char *report_who(uint8_t who);

/* When the i-th sight of a scenario may come, after the mark; false: there is none. */
bool report_window(const struct report *r, const struct probe_result *result, size_t i, int64_t *earliest_ms,
                   int64_t *latest_ms);

#endif
