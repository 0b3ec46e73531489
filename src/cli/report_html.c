/* SPDX-License-Identifier: MIT */
/*
 * The report as one page that needs nothing but itself: a sum on top, and for each scenario a picture of when the will was
 * due and when it was seen. It reads on a phone, in light and in dark.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/print.h"
#include "cli/report.h"

enum { WIDTH = 320, LEFT = 12, RIGHT = 306, TOP = 10, LANE = 18, MOST_LANES = PROBE_SIGHTS, LABELS = 18 };

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>mqttwill probe</title><style>\n"
	":root{color-scheme:light "
	"dark;--bg:#fff;--fg:#1c1c1c;--soft:#5c5c5c;--line:#ddd;--due:#9cc7f0;--pass:#1a7f37;--fail:#c62828;"
	"--policy:#8f5400;--inconclusive:#6a4fb3;--unsupported:#666}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#151719;--fg:#e8e8e8;--soft:#a0a0a0;--line:#3a3d40;--due:#2b5278;"
	"--pass:#4cc268;"
	"--fail:#ff6b60;--policy:#f0a840;--inconclusive:#b39cf0;--unsupported:#999}}\n"
	"body{background:var(--bg);color:var(--fg);font:16px/1.45 system-ui,sans-serif;margin:0 "
	"auto;max-width:60rem;padding:1rem}\n"
	"h1{font-size:1.4rem;margin:0 0 .5rem}h2{font-size:1rem;margin:0}p{margin:.25rem 0;overflow-wrap:anywhere}\n"
	".sum{display:flex;flex-wrap:wrap;gap:.5rem;margin:1rem 0}.sum b{border:1px solid "
	"var(--line);border-radius:.5rem;"
	"padding:.35rem .7rem}\n"
	"article{border-top:1px solid var(--line);padding:.8rem "
	"0}small{color:var(--soft)}svg{width:100%;max-width:34rem;height:auto;display:block;margin:.3rem 0}\n"
	".PASS{color:var(--pass)}.FAIL{color:var(--fail)}.POLICY{color:var(--policy)}.INCONCLUSIVE{color:var(--"
	"inconclusive)}"
	".UNSUPPORTED{color:var(--unsupported)}\n"
	"svg text{font:11px "
	"system-ui,sans-serif;fill:var(--soft)}.axis{stroke:var(--line)}.mark{stroke:var(--fg);stroke-dasharray:3 3}"
	".due{fill:var(--due)}svg .name{fill:var(--fg)}.seen{fill:var(--fg)}.bad{fill:var(--fail)}\n"
	"</style></head><body>\n";

/* The times of a picture, after the mark, and where they lie in it. */
struct scale {
	int64_t from_ms, to_ms;
};

static double x_of(const struct scale *s, int64_t at_ms)
{
	return LEFT + (double)(RIGHT - LEFT) * (double)(at_ms - s->from_ms) / (double)(s->to_ms - s->from_ms);
}

static int64_t seen_at(const struct probe_result *r, size_t i)
{
	return (int64_t)r->seen[i].at_ms - (int64_t)r->mark_ms;
}

static struct scale scale_of(const struct report *report, const struct probe_result *r)
{
	struct scale s = {-500, 1500};
	int64_t      earliest, latest;
	if ((int64_t)(r->end_ms - r->mark_ms) > s.to_ms && r->end_ms > r->mark_ms)
		s.to_ms = (int64_t)(r->end_ms - r->mark_ms);
	for (size_t i = 0; report_window(report, r, i, &earliest, &latest); i++) {
		s.from_ms = earliest < s.from_ms ? earliest : s.from_ms;
		s.to_ms = latest > s.to_ms ? latest : s.to_ms;
	}
	for (size_t i = 0; i < r->seen_count; i++) {
		s.from_ms = seen_at(r, i) < s.from_ms ? seen_at(r, i) : s.from_ms;
		s.to_ms = seen_at(r, i) > s.to_ms ? seen_at(r, i) : s.to_ms;
	}
	s.to_ms += s.to_ms / 20;
	return s;
}

static void text_at(FILE *out, double x, int y, const char *anchor, const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">", x, y, anchor);
	print_xml(out, *text ? text : "(empty)");
	fputs("</text>", out);
}

/* Behind a dot at the beginning of the bar. */
static void name_at(FILE *out, double x, int y, const char *name)
{
	bool right = x > WIDTH * 3 / 4.0;
	fprintf(out, "<text class=\"name\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">", right ? RIGHT - 4 : x + 8, y,
	        right ? "end" : "start");
	print_xml(out, *name ? name : "(empty)");
	fputs("</text>", out);
}

static void draw_axis(FILE *out, const struct scale *s, int bottom)
{
	int64_t span = s->to_ms - s->from_ms, step = span > 40000   ? 20000
	                                             : span > 12000 ? 5000
	                                             : span > 5000  ? 2000
	                                                            : 1000;
	char    label[24];
	fprintf(out, "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", LEFT, bottom, RIGHT, bottom);
	for (int64_t t = 0; t <= s->to_ms; t += step) {
		snprintf(label, sizeof label, "%" PRId64 " s", t / 1000);
		text_at(out, x_of(s, t), bottom + 13, "middle", label);
	}
	fprintf(out, "<line class=\"mark\" x1=\"%.1f\" y1=\"2\" x2=\"%.1f\" y2=\"%d\"/>", x_of(s, 0), x_of(s, 0),
	        bottom);
}

static size_t draw_windows(FILE *out, const struct report *report, const struct probe_result *r, const struct scale *s)
{
	int64_t earliest, latest;
	size_t  i = 0;
	for (; i < MOST_LANES && report_window(report, r, i, &earliest, &latest); i++) {
		double x = x_of(s, earliest);
		int    y = TOP + (int)i * LANE;
		fprintf(out, "<rect class=\"due\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"12\" rx=\"2\"/>", x, y,
		        x_of(s, latest) - x);
		name_at(out, x, y + 10, r->scenario->sights[i].payload);
	}
	return i;
}

/* Beside the window of its payload; what nobody waited for stands in the first lane, in the colour of failure. */
static void draw_seen(FILE *out, const struct probe_result *r, const struct scale *s, size_t lanes)
{
	for (size_t i = 0; i < r->seen_count; i++) {
		size_t lane = 0;
		while (lane < lanes && (strcmp(r->scenario->sights[lane].payload, r->seen[i].payload) != 0 ||
		                        r->scenario->sights[lane].who != r->seen[i].who))
			lane++;
		bool due = lane < lanes;
		int  y = TOP + 6 + (due ? (int)lane * LANE : 0);
		fprintf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%d\" r=\"5\"><title>", due ? "seen" : "bad",
		        x_of(s, seen_at(r, i)), y);
		print_xml(out, r->seen[i].payload);
		fprintf(out, " after %.2f s, %s</title></circle>", (double)seen_at(r, i) / 1000,
		        report_who(r->seen[i].who));
	}
}

static void picture(FILE *out, const struct report *report, const struct probe_result *r)
{
	struct scale s = scale_of(report, r);
	size_t       lanes = 0;
	int64_t      from, to;
	while (lanes < MOST_LANES && report_window(report, r, lanes, &from, &to))
		lanes++;
	int bottom = TOP + LANE * (lanes ? (int)lanes : 1);
	fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, bottom + LABELS);
	print_xml(out, r->text);
	fputs("\">", out);
	draw_axis(out, &s, bottom);
	draw_windows(out, report, r, &s);
	draw_seen(out, r, &s, lanes);
	if (lanes == 0)
		text_at(out, x_of(&s, 0) + 6, TOP + 10, "start", "nothing is due");
	fputs("</svg>\n", out);
}

static void paragraph(FILE *out, const char *label, const char *text)
{
	fprintf(out, "<p><small>%s</small> ", label);
	print_xml(out, text);
	fputs("</p>\n", out);
}

static void article(FILE *out, const struct report *report, const struct probe_result *r)
{
	const struct probe_scenario *s = r->scenario;
	const char                  *verdict = probe_verdict_name(r->verdict);
	char                         words[REPORT_RECORDED];
	fprintf(out, "<article id=\"%s\"><h2><span class=\"%s\">%s</span> %s <small>%s%s MQTT %s</small></h2>\n<p>",
	        s->id, verdict, verdict, s->id, s->bugs ? s->bugs : "", s->bugs ? "," : "", report_version(s->level));
	print_xml(out, s->title);
	fputs("</p>\n", out);
	if (r->verdict != PROBE_UNSUPPORTED)
		picture(out, report, r);
	paragraph(out, "seen:", r->text);
	if (report->profile && report_is_news(report, r))
		paragraph(out, "recorded:", probe_profile_words(report->profile, s, words, sizeof words));
	paragraph(out, "rules:", s->rules);
	if (r->verdict == PROBE_FAIL || r->verdict == PROBE_POLICY)
		paragraph(out, "do:", s->advice);
	fputs("</article>\n", out);
}

static void summary(FILE *out, const struct report *r)
{
	fputs("<h1>Does this broker keep its promises about wills?</h1><p>", out);
	print_xml(out, r->url);
	fprintf(out, ", %zu scenarios in %.1f s; a will may be %.1f s late.</p>\n<div class=\"sum\">", r->run->count,
	        (double)r->took_ms / 1000, (double)r->run->settings.tolerance_ms / 1000);
	for (unsigned v = 0; v < PROBE_VERDICTS; v++) {
		const char *name = probe_verdict_name((uint8_t)v);
		fprintf(out, "<b class=\"%s\">%u %s</b>", name, r->counts[v], name);
	}
	fputs("</div>\n", out);
	if (r->profile)
		fprintf(out, "<p>%u not as recorded of %s.</p>\n", r->news, r->profile->name);
	fputs("<p><small>The dashed line is the end of the connection, the bar is when the will is due, the "
	      "dot is when it was seen.</small></p>\n",
	      out);
}

void report_html(FILE *out, const struct report *r)
{
	static const uint8_t order[PROBE_VERDICTS] = {PROBE_FAIL, PROBE_POLICY, PROBE_INCONCLUSIVE, PROBE_PASS,
	                                              PROBE_UNSUPPORTED};
	fputs(head, out);
	summary(out, r);
	for (size_t v = 0; v < PROBE_VERDICTS; v++)
		for (size_t i = 0; i < r->run->count; i++)
			if (r->run->results[i].verdict == order[v])
				article(out, r, &r->run->results[i]);
	fputs("</body></html>\n", out);
}
