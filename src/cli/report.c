/* SPDX-License-Identifier: MIT */
/*
 * The report for people: what differs first needs no looking for, and the sum stands at the end.
 */
#include "cli/report.h"

#include <string.h>

void report_init(struct report *r, const struct probe_run *run, const struct probe_profile *profile)
{
	*r = (struct report){.run = run, .profile = profile};
	for (size_t i = 0; i < run->count; i++) {
		r->counts[run->results[i].verdict]++;
		r->news += report_is_news(r, &run->results[i]);
	}
}

bool report_is_news(const struct report *r, const struct probe_result *result)
{
	if (!r->profile)
		return result->verdict == PROBE_FAIL;
	return !probe_profile_knows(r->profile, result->scenario, result->verdict);
}

const char *report_recorded(const struct report *r, const struct probe_result *result, char words[REPORT_RECORDED])
{
	char names[REPORT_RECORDED - 16];
	*words = 0;
	if (r->profile && report_is_news(r, result))
		snprintf(words, REPORT_RECORDED, " (recorded: %s)",
		         probe_profile_words(r->profile, result->scenario, names, sizeof names));
	return words;
}

const char *report_version(uint8_t level)
{
	static const char *const names[] = {[3] = "3.1", [4] = "3.1.1", [5] = "5.0"};
	return level >= 3 && level <= 5 ? names[level] : "?";
}

const char *report_who(uint8_t who)
{
	static const char *const names[PROBE_ACTORS] = {
		[WATCHER] = "the watcher",        [DEVICE] = "the device",    [TAKER] = "the second connection",
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
	*earliest_ms = sight->before || sight->maybe ? -(int64_t)result->mark_ms : (int64_t)result->due_ms[i];
	*latest_ms = (int64_t)(result->due_ms[i] + r->run->settings.tolerance_ms + sight->slack_ms);
	if (sight->maybe && result->end_ms > result->mark_ms)
		*latest_ms = (int64_t)(result->end_ms - result->mark_ms);
	return true;
}

/* What is as it should be, or as it is known to be, is one line. */
static void print_result(FILE *out, const struct report *report, const struct probe_result *r)
{
	const struct probe_scenario *s = r->scenario;
	char                         recorded[REPORT_RECORDED];
	fprintf(out, "%-12s %-7s %s\n", probe_verdict_name(r->verdict), s->id, s->title);
	if (report->profile ? !report_is_news(report, r) : r->verdict == PROBE_PASS)
		return;
	fprintf(out, "             %s%s\n", r->text, report_recorded(report, r, recorded));
	if (r->verdict == PROBE_FAIL || r->verdict == PROBE_POLICY)
		fprintf(out, "             rules: %s%s%s\n             do: %s\n", s->rules,
		        s->bugs ? "; known as " : "", s->bugs ? s->bugs : "", s->advice);
}

void report_text(FILE *out, const struct report *r)
{
	for (size_t i = 0; i < r->run->count; i++)
		print_result(out, r, &r->run->results[i]);
	for (unsigned v = 0; v < PROBE_VERDICTS; v++)
		fprintf(out, "%s%u %s", v ? ", " : "", r->counts[v], probe_verdict_name((uint8_t)v));
	fprintf(out, " in %.1f s\n", (double)r->took_ms / 1000);
	if (r->profile)
		fprintf(out, "%u not as recorded of %s\n", r->news, r->profile->name);
}
