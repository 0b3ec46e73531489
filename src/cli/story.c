/* SPDX-License-Identifier: MIT */
/*
 * The nine endings, one function each; the times are mqttwill_timing()'s.
 */
#define _POSIX_C_SOURCE 200809L

#include "cli/story.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cli/print.h"
#include "wire/keepalive.h"

enum { QUOTED_MAX = 24 };

static const struct mqttwill_timing now = {0, 0}, at_no_time = {UINT64_MAX, UINT64_MAX};

/* ---- Words ---- */

/* Seconds up to two minutes; beyond, all units that are not 0. */
void duration_words(char out[TIME_WORDS], uint64_t ms)
{
	static const struct {
		uint64_t    ms;
		const char *name;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}};
	size_t n = 0;
	for (size_t i = ms >= 120000 ? 0 : 3; i < 3; i++) {
		if (ms >= units[i].ms)
			n += (size_t)snprintf(out + n, TIME_WORDS - n, "%s%" PRIu64 " %s", n ? " " : "",
			                      ms / units[i].ms, units[i].name);
		ms %= units[i].ms;
	}
	if (n && ms == 0)
		return;
	n += (size_t)snprintf(out + n, TIME_WORDS - n, "%s%" PRIu64, n ? " " : "", ms / 1000);
	if (ms % 1000)
		n += (size_t)snprintf(out + n, TIME_WORDS - n, ".%03u", (unsigned)(ms % 1000));
	while (ms % 1000 && out[n - 1] == '0')
		n--;
	snprintf(out + n, TIME_WORDS - n, " s");
}

void timing_words(char out[TIME_WORDS], const struct mqttwill_timing *when)
{
	char from[TIME_WORDS], to[TIME_WORDS];
	duration_words(from, when->earliest_ms);
	duration_words(to, when->latest_ms);
	if (when->earliest_ms == UINT64_MAX)
		snprintf(out, TIME_WORDS, "never");
	else if (when->latest_ms == 0)
		snprintf(out, TIME_WORDS, "at once");
	else if (when->earliest_ms == when->latest_ms)
		snprintf(out, TIME_WORDS, "after %.40s", from);
	else if (when->earliest_ms == 0)
		snprintf(out, TIME_WORDS, "within %.40s", to);
	else
		snprintf(out, TIME_WORDS, "after %.40s to %.40s", from, to);
}

const char *version_words(uint32_t version)
{
	return version == MQTTWILL_V31 ? "3.1" : version == MQTTWILL_V311 ? "3.1.1" : "5";
}

/* In quotes, short, and printable; a character that is cut goes. */
static void quote(char out[STORY_PAYLOAD], const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t         shown = n > QUOTED_MAX ? QUOTED_MAX : n;
	while (shown < n && shown && (p[shown] & 0xC0) == 0x80)
		shown--;
	FILE *f = fmemopen(out, STORY_PAYLOAD, "w");
	if (f) {
		fputc('"', f);
		print_bytes(f, p, shown);
		fputs(shown < n ? "...\"" : "\"", f);
		fclose(f);
	}
	out[STORY_PAYLOAD - 1] = 0;
	if (n == 0)
		snprintf(out, STORY_PAYLOAD, "an empty payload");
}

void late_words(char out[STORY_TEXT], const struct story *s, const struct ending *e)
{
	const struct mqttwill_will *w = &s->device->will;
	bool                        of_will = e->will.earliest_ms != UINT64_MAX;
	char                        expiry[TIME_WORDS];
	duration_words(expiry, w->message_expiry_s * 1000ull);
	if (e->late == STATUS_NOTHING)
		snprintf(out, STORY_TEXT, "nothing: the status is not retained");
	else if (e->late == STATUS_ONLINE)
		snprintf(out, STORY_TEXT, "%s", s->online);
	else if (w->payload_len == 0)
		snprintf(out, STORY_TEXT, "nothing: an empty payload clears the status");
	else if (of_will && w->has & MQTTWILL_HAS_MESSAGE_EXPIRY)
		snprintf(out, STORY_TEXT, "%s for %s, then nothing", s->offline, expiry);
	else
		snprintf(out, STORY_TEXT, "%s", s->offline);
}

/* ---- The endings ---- */

__attribute__((format(printf, 3, 4))) static void then(struct ending *e, struct mqttwill_timing when,
                                                       const char *format, ...)
{
	struct moment *m = &e->moments[e->count++];
	va_list        arguments;
	m->when = when;
	va_start(arguments, format);
	vsnprintf(m->what, sizeof m->what, format, arguments);
	va_end(arguments);
}

/* Whether it is retained, the goodbye and the birth are like the will. */
static enum status left(const struct story *s, enum status status)
{
	return s->device->will.retain ? status : STATUS_NOTHING;
}

/* The broker speaks at the time that mqttwill_timing() has for this way to end. */
static void broker_speaks(struct story *s, struct ending *e, uint32_t how)
{
	mqttwill_timing(&s->terms, how, &e->will);
	e->change = e->will;
	if (e->will.earliest_ms != UINT64_MAX)
		then(e, e->will, "the broker publishes %s", s->offline);
	e->late = left(s, e->will.earliest_ms == UINT64_MAX ? STATUS_ONLINE : STATUS_OFFLINE);
}

static void crash(struct story *s, struct ending *e)
{
	then(e, now, "the connection is closed, and the broker sees it");
	broker_speaks(s, e, MQTTWILL_ENDING_CRASH);
}

static void cut(struct story *s, struct ending *e)
{
	uint64_t keep_alive = s->terms.keepalive_s;
	then(e, (struct mqttwill_timing){0, s->ping_ms + s->answer_ms},
	     "the client, where it still runs, misses an answer and tries to connect anew");
	if (keep_alive)
		then(e, (struct mqttwill_timing){keep_alive * 500, keep_alive * 1500},
		     "the broker has heard nothing for one and a half keep-alives, and closes");
	else
		then(e, at_no_time, "the broker notices: without a keep-alive it need not");
	broker_speaks(s, e, MQTTWILL_ENDING_CUT);
}

static void with_will(struct story *s, struct ending *e)
{
	bool v5 = s->terms.version == MQTTWILL_V5;
	then(e, now,
	     v5 ? "DISCONNECT 0x04: the broker is asked for the will"
	        : "a close without DISCONNECT, since 3.x has no other way");
	broker_speaks(s, e, MQTTWILL_ENDING_WITH_WILL);
}

static void silent(struct story *s, struct ending *e)
{
	then(e, now, "DISCONNECT%s: the broker drops the will", s->terms.version == MQTTWILL_V5 ? " 0x00" : "");
	broker_speaks(s, e, MQTTWILL_ENDING_CLEAN);
}

static void abort_it(struct story *s, struct ending *e)
{
	then(e, now, "a TCP reset, which the broker sees");
	broker_speaks(s, e, MQTTWILL_ENDING_CRASH);
}

/* The goodbye is the device's own word; where nobody acknowledges it in time, the broker's is asked for. */
static void goodbye(struct story *s, struct ending *e)
{
	char limit[TIME_WORDS];
	duration_words(limit, s->goodbye_ms);
	then(e, now, "the client publishes %s%s", s->offline,
	     s->device->will.qos ? ", and waits for the acknowledgement" : "");
	then(e, now, "DISCONNECT%s: the broker drops the will", s->terms.version == MQTTWILL_V5 ? " 0x00" : "");
	then(e, (struct mqttwill_timing){s->goodbye_ms + s->wait_ms, s->goodbye_ms + s->wait_ms},
	     "where the broker did not take that within %.40s, it publishes %s", limit, s->offline);
	e->will = at_no_time;
	e->change = now;
	e->late = left(s, STATUS_OFFLINE);
}

static void back_online(struct story *s, struct ending *e, struct mqttwill_timing when)
{
	then(e, when, "the client publishes %s", s->online);
	e->late = left(s, STATUS_ONLINE);
}

static void returned(struct story *s, struct ending *e)
{
	struct mqttwill_timing before = {0, s->wait_ms};
	then(e, now, "the connection is closed, and the broker sees it");
	if (s->wait_ms > 0) {
		e->will = e->change = at_no_time;
		then(e, before, "the client is back, and the broker drops the will that was pending");
	} else {
		broker_speaks(s, e, MQTTWILL_ENDING_CRASH);
		then(e, before, "the client is back: no return is in time where there is no delay");
	}
	back_online(s, e, before);
}

static void taken_over(struct story *s, struct ending *e)
{
	then(e, now, "the broker ends the old connection%s",
	     s->wait_ms ? "; the session goes on, and the will is dropped" : "");
	broker_speaks(s, e, MQTTWILL_ENDING_RESUMED);
	back_online(s, e, now);
}

static void replaced(struct story *s, struct ending *e)
{
	then(e, now, "the broker ends the old connection, where it is still there, and the session");
	broker_speaks(s, e, MQTTWILL_ENDING_REPLACED);
	back_online(s, e, now);
}

static const struct {
	const char *name, *how;
	void (*tell)(struct story *s, struct ending *e);
} endings[STORY_ENDINGS] = {
	{"crash", "the process dies, and its kernel closes the connection", crash},
	{"cut", "power or network is gone, and nobody closes the connection", cut},
	{"goodbye", "the device stops, and says so", goodbye},
	{"with-will", "the device stops, and lets the broker say so", with_will},
	{"silent", "the device stops, and says nothing", silent},
	{"abort", "the device resets the connection", abort_it},
	{"return", "the connection is lost, and the client id is back before the will is due, with Clean Start 0",
         returned},
	{"take-over", "the client id connects again while the old connection stands, with Clean Start 0", taken_over},
	{"clean-start", "the client id connects again before the will is published, with Clean Start 1", replaced},
};

/* ---- The whole ---- */

static void fill_terms(struct story *s)
{
	const struct mqttwill_options *opt = &s->device->options;
	s->may_fall = opt->version == MQTTWILL_AUTO;
	s->terms = (struct mqttwill_terms){
		.version = s->may_fall ? (uint32_t)MQTTWILL_V5 : opt->version,
		.keepalive_s = opt->keepalive_s == MQTTWILL_KEEPALIVE_OFF ? 0
	                       : opt->keepalive_s                         ? opt->keepalive_s
	                                                                  : 60,
		.session_expiry_s = opt->session_expiry_s,
		.delay_s = s->device->will.delay_s,
	};
}

static void fill_words(struct story *s)
{
	const struct mqttwill_presence *p = &s->device->presence;
	const struct mqttwill_will     *w = &s->device->will;
	const char                     *online = p->online ? p->online : "online";
	quote(s->online, online, p->online_len ? p->online_len : strlen(online));
	quote(s->offline, w->payload, w->payload_len);
}

void story_tell(struct story *s, const struct device *device, const struct mqttwill_report *report)
{
	struct mqttwill_timing after;
	*s = (struct story){.device = device, .report = *report};
	s->goodbye_ms = device->own.goodbye_timeout.set ? device->own.goodbye_timeout.value : 5000;
	fill_terms(s);
	s->ping_ms = keepalive_idle_ms(s->terms.keepalive_s * 1000ull);
	s->answer_ms = keepalive_answer_ms(s->terms.keepalive_s * 1000ull, 0);
	fill_words(s);
	mqttwill_timing(&s->terms, MQTTWILL_ENDING_CRASH, &after);
	s->wait_ms = after.latest_ms;
	for (size_t i = 0; i < STORY_ENDINGS; i++) {
		s->endings[i] = (struct ending){.name = endings[i].name, .how = endings[i].how};
		endings[i].tell(s, &s->endings[i]);
	}
}
