/* SPDX-License-Identifier: MIT */
/*
 * The story as a picture: a lane for each ending, coloured by what a late subscriber reads, a mark where the broker
 * publishes the will. Where the times differ much the axis is logarithmic: seconds and days have room beside each other.
 */
#include "cli/story.h"

#include <inttypes.h>
#include <string.h>

#include "cli/print.h"

enum { WIDTH = 1040, LEFT = 24, RIGHT = 690, NOTE = 706, TOP = 116, LANE = 62, BAR = 16, TICK_GAP = 64, LOG_FROM = 40 };

struct axis {
	uint64_t max_ms, unit_ms; /* the end, and the shortest time above 0 */
	bool     log;
};

/* ---- The axis ---- */

static void stretch(struct axis *a, uint64_t ms)
{
	if (ms == UINT64_MAX || ms == 0)
		return;
	a->max_ms = ms > a->max_ms ? ms : a->max_ms;
	a->unit_ms = ms < a->unit_ms ? ms : a->unit_ms;
}

static uint64_t expiry_ms(const struct story *s)
{
	const struct mqttwill_will *w = &s->device->will;
	return w->has & MQTTWILL_HAS_MESSAGE_EXPIRY ? w->message_expiry_s * 1000ull : UINT64_MAX;
}

/* When a retained will vanishes; UINT64_MAX: never. */
static uint64_t vanishes(const struct story *s, const struct ending *e)
{
	bool ever = e->late == STATUS_OFFLINE && e->will.latest_ms != UINT64_MAX && expiry_ms(s) != UINT64_MAX;
	return ever ? e->will.latest_ms + expiry_ms(s) : UINT64_MAX;
}

static struct axis axis_of(const struct story *s)
{
	struct axis a = {0, UINT64_MAX, false};
	for (size_t i = 0; i < STORY_ENDINGS; i++) {
		const struct ending *e = &s->endings[i];
		for (size_t k = 0; k < e->count; k++) {
			stretch(&a, e->moments[k].when.earliest_ms);
			stretch(&a, e->moments[k].when.latest_ms);
		}
		stretch(&a, vanishes(s, e));
	}
	a.log = a.max_ms / a.unit_ms >= LOG_FROM;
	a.max_ms += a.max_ms / (a.log ? 4 : 10);
	return a;
}

/* A thousand times the binary logarithm, straight between the powers. */
static uint64_t log2_milli(uint64_t n)
{
	unsigned k = 0;
	while (n >> k > 1)
		k++;
	return k * 1000ull + ((n - (1ull << k)) * 1000 >> k);
}

static int x_of(const struct axis *a, uint64_t ms)
{
	uint64_t at = ms > a->max_ms ? a->max_ms : ms, end = a->max_ms;
	if (a->log) {
		at = log2_milli(at + a->unit_ms) - log2_milli(a->unit_ms);
		end = log2_milli(end + a->unit_ms) - log2_milli(a->unit_ms);
	}
	return LEFT + (int)(at * (RIGHT - LEFT) / end);
}

static const uint32_t nice_s[] = {1,       2,       5,        10,       20,        30,         60,
                                  120,     300,     600,      1200,     1800,      3600,       7200,
                                  10800,   21600,   43200,    86400,    172800,    432000,     864000,
                                  2592000, 8640000, 31536000, 94608000, 315360000, 1576800000, UINT32_MAX};
enum { NICE = sizeof nice_s / sizeof nice_s[0] };

/* ---- Drawing ---- */

static void put(FILE *out, const char *kind, int x, int y, const char *text)
{
	fprintf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", kind, x, y);
	print_xml(out, text);
	fputs("</text>\n", out);
}

static void draw_tick(FILE *out, const struct axis *a, uint64_t ms, int *last)
{
	char words[TIME_WORDS];
	int  x = x_of(a, ms), bottom = TOP + LANE * STORY_ENDINGS - 8;
	if (ms > a->max_ms || x - *last < TICK_GAP)
		return;
	*last = x;
	duration_words(words, ms);
	fprintf(out, "<line class=\"tick\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n", x, x, TOP - 14, bottom);
	put(out, "axis", x, TOP - 20, ms ? words : "the end");
}

static void draw_axis(FILE *out, const struct axis *a)
{
	int      last = -WIDTH;
	uint64_t step = UINT64_MAX;
	draw_tick(out, a, 0, &last);
	for (size_t i = 0; i < NICE; i++) {
		uint64_t ms = nice_s[i] * 1000ull;
		if (a->log)
			draw_tick(out, a, ms, &last);
		else if (step == UINT64_MAX && a->max_ms / ms <= 8)
			step = ms;
	}
	for (uint64_t ms = step; !a->log && ms <= a->max_ms; ms += step)
		draw_tick(out, a, ms, &last);
}

static void draw_bar(FILE *out, const struct axis *a, const char *kind, uint64_t from, uint64_t to, int y)
{
	int x = x_of(a, from), width = x_of(a, to) - x;
	if (width > 0)
		fprintf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", kind, x, y, width,
		        BAR);
}

static void draw_status(FILE *out, const struct story *s, const struct axis *a, const struct ending *e, int y)
{
	static const char *const kinds[] = {"on", "off", "none"};
	bool                     empty = e->late == STATUS_OFFLINE && s->device->will.payload_len == 0;
	if (e->late != STATUS_OFFLINE) {
		draw_bar(out, a, kinds[e->late], 0, a->max_ms, y);
		return;
	}
	draw_bar(out, a, "on", 0, e->change.earliest_ms, y);
	draw_bar(out, a, "either", e->change.earliest_ms, e->change.latest_ms, y);
	draw_bar(out, a, empty ? "none" : "off", e->change.latest_ms, vanishes(s, e), y);
	if (vanishes(s, e) != UINT64_MAX)
		draw_bar(out, a, "none", vanishes(s, e), a->max_ms, y);
}

static void draw_lane(FILE *out, const struct story *s, const struct axis *a, size_t i)
{
	const struct ending *e = &s->endings[i];
	int                  y = TOP + LANE * (int)i;
	char                 when[TIME_WORDS], late[STORY_TEXT], line[STORY_TEXT + TIME_WORDS];
	timing_words(when, &e->will);
	late_words(late, s, e);
	fprintf(out, "<g class=\"lane\" id=\"%s\">\n", e->name);
	snprintf(line, sizeof line, "%s: %s", e->name, e->how);
	put(out, "name", LEFT, y + 8, line);
	draw_status(out, s, a, e, y + 16);
	if (e->will.earliest_ms != UINT64_MAX) {
		draw_bar(out, a, "window", e->will.earliest_ms, e->will.latest_ms, y + 16);
		fprintf(out, "<circle class=\"will\" cx=\"%d\" cy=\"%d\" r=\"6\"/>\n", x_of(a, e->will.latest_ms),
		        y + 16 + BAR / 2);
	}
	snprintf(line, sizeof line, "will: %.90s", when);
	put(out, "note", NOTE, y + 18, line);
	snprintf(line, sizeof line, "then read: %.200s", late);
	put(out, "note", NOTE, y + 34, line);
	fputs("</g>\n", out);
}

/* Without variables, which not all that show SVG know. */
static const char style[] =
	"<style>\n"
	"text{font:13px system-ui,sans-serif;fill:#1b1f24}.title{font-size:17px;font-weight:600}.name{font-size:12px}\n"
	".note,.axis,.sub{font-size:12px;fill:#57606a}.axis{text-anchor:middle}.tick{stroke:#d0d7de}.paper{fill:#fff}\n"
	".on{fill:#2da44e}.off{fill:#cf222e}.either{fill:#d4a72c}.none{fill:#afb8c1}\n"
	".window{fill:none;stroke:#1b1f24}.will{fill:#fff;stroke:#1b1f24;stroke-width:2}\n"
	"@media (prefers-color-scheme: dark){text{fill:#e6edf3}.note,.axis,.sub{fill:#9da7b1}.tick{stroke:#30363d}\n"
	".paper,.will{fill:#0d1117}.on{fill:#3fb950}.off{fill:#f85149}.either{fill:#d29922}.none{fill:#484f58}\n"
	".window,.will{stroke:#e6edf3}}\n"
	"</style>\n";

static void draw_legend(FILE *out, int y)
{
	static const struct {
		const char *kind, *text;
	} keys[] = {{"on", "the birth's payload is read"},
	            {"either", "either"},
	            {"off", "the will's payload is read"},
	            {"none", "nothing is"}};
	static const int widths[] = {200, 70, 190, 110};
	int              x = LEFT;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		fprintf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"12\" height=\"12\"/>\n", keys[i].kind, x,
		        y - 10);
		put(out, "sub", x + 18, y, keys[i].text);
		x += widths[i];
	}
	fprintf(out, "<circle class=\"will\" cx=\"%d\" cy=\"%d\" r=\"6\"/>\n", x + 6, y - 4);
	put(out, "sub", x + 18, y, "the broker publishes the will, at the latest");
}

void story_svg(FILE *out, const struct story *s)
{
	struct axis a = axis_of(s);
	char        words[TIME_WORDS], line[2 * STORY_TEXT];
	int         height = TOP + LANE * STORY_ENDINGS + 40;
	fprintf(out,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
	        "role=\"img\">\n",
	        WIDTH, height, WIDTH, height);
	fprintf(out, "<title>What the broker says, however the device ends</title>\n%s", style);
	fprintf(out, "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", WIDTH, height);
	put(out, "title", LEFT, 30, s->device->will.topic);
	duration_words(words, s->wait_ms);
	snprintf(line, sizeof line,
	         "MQTT %s, keep-alive %" PRIu32
	         " s; the will is due %s after the end of the connection; the axis is %s",
	         version_words(s->terms.version), s->terms.keepalive_s, words, a.log ? "logarithmic" : "linear");
	put(out, "sub", LEFT, 52, line);
	draw_axis(out, &a);
	for (size_t i = 0; i < STORY_ENDINGS; i++)
		draw_lane(out, s, &a, i);
	draw_legend(out, TOP + LANE * STORY_ENDINGS + 16);
	fputs("</svg>\n", out);
}
