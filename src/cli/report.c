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

const char *report_version(uint8_t level)
{
	static const char *const names[] = {[3] = "3.1", [4] = "3.1.1", [5] = "5.0"};
	return level >= 3 && level <= 5 ? names[level] : "?";
}

const char *report_who(uint8_t who)
{
	static const char *const names[PROBE_ACTORS] = {
		[WATCHER] = "the watcher", [DEVICE] = "the device", [TAKER] = "the second connection",
		[THIRD] = "the third connection", [OTHER] = "another client", [LATE] = "a late subscriber",
	};
	return who < PROBE_ACTORS ? names[who] : "?";
}

bool report_window(const struct report *r, const struct probe_result *result, size_t i, int64_t *earliest_ms,
                   int64_t *latest_ms)
{
	const struct probe_sight *sight = i < PROBE_SIGHTS ? &result->scenario->sights[i] : NULL;
	if (!sight || !sight->payload)
		return false;
	*earliest_ms = (int64_t)result->due_ms[i];
	*latest_ms = *earliest_ms + (int64_t)r->run->settings.tolerance_ms + sight->slack_ms;
	return true;
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
