/* SPDX-License-Identifier: MIT */
/*
 * The report for people: what differs first needs no looking for, and the sum stands at the end.
 */
#include "cli/report.h"

#include <string.h>

void report_init(struct report *r, const struct probe_run *run)
{
	*r = (struct report){.run = run};
	for (size_t i = 0; i < run->count; i++)
		r->counts[run->results[i].verdict]++;
}

static void print_result(FILE *out, const struct probe_result *r)
{
	const struct probe_scenario *s = r->scenario;
	fprintf(out, "%-12s %-7s %s\n", probe_verdict_name(r->verdict), s->id, s->title);
	if (r->verdict == PROBE_PASS)
		return;
	fprintf(out, "             %s\n", r->text);
	if (r->verdict == PROBE_FAIL || r->verdict == PROBE_POLICY)
		fprintf(out, "             rules: %s%s%s\n             do: %s\n", s->rules, s->bugs ? "; known as " : "",
		        s->bugs ? s->bugs : "", s->advice);
}

void report_text(FILE *out, const struct report *r)
{
	for (size_t i = 0; i < r->run->count; i++)
		print_result(out, &r->run->results[i]);
	for (unsigned v = 0; v < PROBE_VERDICTS; v++)
		fprintf(out, "%s%u %s", v ? ", " : "", r->counts[v], probe_verdict_name((uint8_t)v));
	fprintf(out, " in %.1f s\n", (double)r->took_ms / 1000);
}
