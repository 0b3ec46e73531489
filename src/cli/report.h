/* SPDX-License-Identifier: MIT */
/*
 * What a probe found, for people and for machines. Every format tells every scenario: its verdict, its rules, what was due
 * and what was seen, and what a device agent should do where the broker differs.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdio.h>

#include "probe/world.h"

struct report {
	const struct probe_run *run;
	const char             *url;      /* as given, without the password */
	const char             *profile;  /* NULL: none */
	int64_t                 began_ms; /* since 1970 */
	uint32_t                took_ms;
	unsigned                counts[PROBE_VERDICTS];
};

void report_init(struct report *r, const struct probe_run *run);

void report_text(FILE *out, const struct report *r);
void report_json(FILE *out, const struct report *r);
void report_junit(FILE *out, const struct report *r);
void report_tap(FILE *out, const struct report *r);
void report_html(FILE *out, const struct report *r);

/* "after 3.00 s", "nothing": when what is due is due. */
void report_window(char *out, size_t size, const struct probe_result *result, uint32_t tolerance_ms);

#endif
