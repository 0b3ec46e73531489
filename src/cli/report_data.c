/* SPDX-License-Identifier: MIT */
/*
 * The report for programs: JSON [RFC 8259], JUnit's XML, and the Test Anything Protocol.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/print.h"
#include "cli/report.h"

/* ---- JSON ---- */

static void json_due(FILE *out, const struct report *r, const struct probe_result *result)
{
	int64_t earliest, latest;
	fputs(",\"due\":[", out);
	for (size_t i = 0; report_window(r, result, i, &earliest, &latest); i++) {
		const struct probe_sight *s = &result->scenario->sights[i];
		print_json_text(out, i ? ",{" : "{", "payload", s->payload);
		print_json_text(out, ",", "who", report_who(s->who));
		fprintf(out, ",\"earliest_ms\":%" PRId64 ",\"latest_ms\":%" PRId64 ",\"qos\":%u,\"retain\":%s}",
		        earliest, latest, s->qos, s->retain ? "true" : "false");
	}
	fputc(']', out);
}

static void json_seen(FILE *out, const struct probe_result *result)
{
	fputs(",\"seen\":[", out);
	for (size_t i = 0; i < result->seen_count; i++) {
		const struct probe_seen *s = &result->seen[i];
		print_json_text(out, i ? ",{" : "{", "payload", s->payload);
		print_json_text(out, ",", "who", report_who(s->who));
		fprintf(out, ",\"at_ms\":%" PRId64 ",\"qos\":%u,\"retain\":%s,\"dup\":%s}",
		        (int64_t)(s->at_ms - result->mark_ms), s->qos, s->retain ? "true" : "false",
		        s->dup ? "true" : "false");
	}
	fputc(']', out);
}

static void json_result(FILE *out, const struct report *r, const struct probe_result *result)
{
	const struct probe_scenario *s = result->scenario;
	char                         words[REPORT_RECORDED];
	print_json_text(out, "{", "id", s->id);
	print_json_text(out, ",", "bugs", s->bugs ? s->bugs : "");
	print_json_text(out, ",", "title", s->title);
	print_json_text(out, ",", "version", report_version(s->level));
	print_json_text(out, ",", "verdict", probe_verdict_name(result->verdict));
	if (r->profile)
		print_json_text(out, ",", "recorded", probe_profile_words(r->profile, s, words, sizeof words));
	fprintf(out, ",\"news\":%s", report_is_news(r, result) ? "true" : "false");
	print_json_text(out, ",", "text", result->text);
	print_json_text(out, ",", "rules", s->rules);
	print_json_text(out, ",", "advice", s->advice);
	json_due(out, r, result);
	json_seen(out, result);
	fputc('}', out);
}

void report_json(FILE *out, const struct report *r)
{
	print_json_text(out, "{", "url", r->url);
	if (r->profile)
		print_json_text(out, ",", "profile", r->profile->name);
	fprintf(out, ",\"began_unix_ms\":%" PRId64 ",\"took_ms\":%" PRIu32 ",\"tolerance_ms\":%" PRIu32 ",\"counts\":{",
	        r->began_ms, r->took_ms, r->run->settings.tolerance_ms);
	for (unsigned v = 0; v < PROBE_VERDICTS; v++)
		fprintf(out, "%s\"%s\":%u", v ? "," : "", probe_verdict_name((uint8_t)v), r->counts[v]);
	fprintf(out, "},\"news\":%u,\"scenarios\":[\n", r->news);
	for (size_t i = 0; i < r->run->count; i++) {
		json_result(out, r, &r->run->results[i]);
		fputs(i + 1 < r->run->count ? ",\n" : "\n", out);
	}
	fputs("]}\n", out);
}

/* ---- XML ---- */

/* What is recorded of this broker is no failure of today. */
static const char *junit_element(const struct report *report, const struct probe_result *r)
{
	static const char *const elements[PROBE_VERDICTS] = {
		[PROBE_FAIL] = "failure",
		[PROBE_INCONCLUSIVE] = "error",
		[PROBE_UNSUPPORTED] = "skipped",
	};
	if (report->profile && r->verdict != PROBE_UNSUPPORTED)
		return report_is_news(report, r) ? "failure" : NULL;
	return elements[r->verdict];
}

static void junit_outcome(FILE *out, const struct report *report, const struct probe_result *r)
{
	const char *element = junit_element(report, r);
	char        recorded[REPORT_RECORDED];
	fprintf(out, element ? "<%s message=\"" : "<system-out>", element);
	fprintf(out, "%s: ", probe_verdict_name(r->verdict));
	print_xml(out, r->text);
	print_xml(out, report_recorded(report, r, recorded));
	fputs(element ? "\"/>" : "</system-out>", out);
}

static void junit_case(FILE *out, const struct report *report, const struct probe_result *r)
{
	fputs("<testcase classname=\"mqttwill.probe\" name=\"", out);
	print_xml(out, r->scenario->id);
	fputc(' ', out);
	print_xml(out, r->scenario->title);
	fprintf(out, "\" time=\"%.3f\">", (double)r->end_ms / 1000);
	junit_outcome(out, report, r);
	fputs("</testcase>\n", out);
}

void report_junit(FILE *out, const struct report *r)
{
	fprintf(out,
	        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"mqttwill probe\" tests=\"%zu\" "
	        "failures=\"%u\" "
	        "errors=\"%u\" skipped=\"%u\" time=\"%.3f\">\n",
	        r->run->count, r->news, r->profile ? 0 : r->counts[PROBE_INCONCLUSIVE], r->counts[PROBE_UNSUPPORTED],
	        (double)r->took_ms / 1000);
	for (size_t i = 0; i < r->run->count; i++)
		junit_case(out, r, &r->run->results[i]);
	fputs("</testsuite>\n", out);
}

/* ---- TAP, version 13 ---- */

/* '#' begins a directive, so that none may stand in what is said before it. */
static void tap_text(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc(*text == '#' ? '+' : *text == '\n' ? ' ' : *text, out);
}

/* A failure that is recorded of this broker is what TAP calls to be done. */
static void tap_line(FILE *out, const struct report *report, size_t number, const struct probe_result *r)
{
	bool news = report_is_news(report, r),
	     bad = news || r->verdict == PROBE_FAIL || r->verdict == PROBE_INCONCLUSIVE;
	char recorded[REPORT_RECORDED];
	fprintf(out, "%s %zu - %s ", bad ? "not ok" : "ok", number, r->scenario->id);
	tap_text(out, r->scenario->title);
	if (r->verdict == PROBE_UNSUPPORTED)
		fputs(" # SKIP ", out);
	else if (bad && !news && report->profile)
		fprintf(out, " # TODO as recorded of %s\n# FAIL: ", report->profile->name);
	else
		fprintf(out, "\n# %s: ", probe_verdict_name(r->verdict));
	tap_text(out, r->text);
	fprintf(out, "%s\n", report_recorded(report, r, recorded));
}

void report_tap(FILE *out, const struct report *r)
{
	fprintf(out, "TAP version 13\n1..%zu\n", r->run->count);
	for (size_t i = 0; i < r->run->count; i++)
		tap_line(out, r, i + 1, &r->run->results[i]);
}
