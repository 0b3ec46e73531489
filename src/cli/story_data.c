/* SPDX-License-Identifier: MIT */
/*
 * The story as text for people, and as JSON.
 */
#include "cli/story.h"

#include <inttypes.h>
#include <string.h>

#include "cli/print.h"

/* ---- Text ---- */

static void print_number(FILE *out, const char *name, uint32_t value, bool on)
{
	char words[TIME_WORDS];
	duration_words(words, value * 1000ull);
	fprintf(out, ", %s %s", name, !on ? "off" : value == UINT32_MAX ? "never" : words);
}

static void print_message(FILE *out, const struct story *s, const char *name, const char *payload, const char *when)
{
	const struct mqttwill_will *w = &s->device->will;
	fprintf(out, "%-9s%s at QoS %d, %s, to ", name, payload, w->qos, w->retain ? "retained" : "not retained");
	print_text(out, w->topic);
	fprintf(out, ": %s\n", when);
}

static void print_head(FILE *out, const struct story *s)
{
	const struct mqttwill_terms *t = &s->terms;
	bool                         v5 = t->version == MQTTWILL_V5;
	char will[TIME_WORDS], wait[TIME_WORDS], ping[TIME_WORDS], answer[TIME_WORDS], all[TIME_WORDS];
	duration_words(wait, s->wait_ms);
	duration_words(ping, s->ping_ms);
	duration_words(answer, s->answer_ms);
	duration_words(all, s->ping_ms + s->answer_ms);
	print_text(out, s->device->options.client_id);
	fprintf(out, ": MQTT %s", version_words(t->version));
	print_number(out, "keep-alive", t->keepalive_s, t->keepalive_s > 0);
	if (v5)
		print_number(out, "session expiry", t->session_expiry_s, true);
	snprintf(will, sizeof will, s->wait_ms ? "%.60s after a loss" : "as soon as a loss is noticed", wait);
	fprintf(out, "; CONNECT has %zu bytes\n", s->report.connect_size);
	print_message(out, s, "will", s->offline, will);
	print_message(out, s, "birth", s->online, "after every CONNACK");
	fprintf(out,
	        "%-9s%s without a byte to or from the broker, PINGREQ; after %s more without an answer the link counts "
	        "as\n"
	        "%-9sdead: %s at the latest\n",
	        "pings", ping, answer, "", all);
}

static void print_ending(FILE *out, const struct story *s, const struct ending *e)
{
	char when[TIME_WORDS], late[STORY_TEXT];
	fprintf(out, "\n%s: %s\n", e->name, e->how);
	for (size_t i = 0; i < e->count; i++) {
		timing_words(when, &e->moments[i].when);
		fprintf(out, "    %-22s %s\n", when, e->moments[i].what);
	}
	if (e->will.earliest_ms == UINT64_MAX && e->change.earliest_ms == UINT64_MAX)
		fprintf(out, "    %-22s the broker publishes %s\n", "never", s->offline);
	late_words(late, s, e);
	fprintf(out, "    %-22s who subscribes reads %s%s\n", "then", late,
	        !strcmp(e->name, "silent") && e->late == STATUS_ONLINE ? ", though nobody is there" : "");
}

static void print_findings(FILE *out, const struct mqttwill_report *r)
{
	char text[512], words[512];
	fprintf(out, "\n%zu %s\n", r->count, r->count == 1 ? "warning" : "warnings");
	for (size_t i = 0; i < r->count; i++) {
		mqttwill_finding_text(&r->finding[i], text, sizeof text);
		option_words(words, sizeof words, text);
		fprintf(out, "    %s\n", words);
	}
}

static void print_notes(FILE *out, const struct story *s)
{
	const struct mqttwill_options *opt = &s->device->options;
	fputc('\n', out);
	if (s->may_fall)
		fputs("A broker that speaks no MQTT 5 is spoken to in 3.1.1 or 3.1: add --version 3.1.1 to see that.\n",
		      out);
	if (opt->rejoin == MQTTWILL_REJOIN_CLEAN)
		fputs("With --rejoin clean every connection has Clean Start 1: a return is told by clean-start.\n",
		      out);
	else if (s->terms.version != MQTTWILL_V5 && opt->rejoin == MQTTWILL_REJOIN_SAFE)
		fputs("In MQTT 3.1 and 3.1.1 every session is a clean one: a return is told by clean-start.\n", out);
	fputs("CONNACK may set another keep-alive or session expiry, which then counts. This is what MQTT promises;\n"
	      "mqttwill probe finds out whether a broker keeps it.\n",
	      out);
}

void story_text(FILE *out, const struct story *s)
{
	print_head(out, s);
	for (size_t i = 0; i < STORY_ENDINGS; i++)
		print_ending(out, s, &s->endings[i]);
	print_findings(out, &s->report);
	print_notes(out, s);
}

/* ---- JSON ---- */

static void json_time(FILE *out, const char *name, uint64_t ms)
{
	fprintf(out, ",\"%s\":", name);
	if (ms == UINT64_MAX)
		fputs("null", out);
	else
		fprintf(out, "%" PRIu64, ms);
}

static void json_ending(FILE *out, const struct story *s, const struct ending *e)
{
	char late[STORY_TEXT];
	late_words(late, s, e);
	print_json_text(out, "{", "ending", e->name);
	print_json_text(out, ",", "how", e->how);
	json_time(out, "will_earliest_ms", e->will.earliest_ms);
	json_time(out, "will_latest_ms", e->will.latest_ms);
	fputs(",\"moments\":[", out);
	for (size_t i = 0; i < e->count; i++) {
		print_json_text(out, i ? ",{" : "{", "what", e->moments[i].what);
		json_time(out, "earliest_ms", e->moments[i].when.earliest_ms);
		json_time(out, "latest_ms", e->moments[i].when.latest_ms);
		fputc('}', out);
	}
	print_json_text(out, "],", "late_subscriber_reads", late);
	fputc('}', out);
}

static void json_findings(FILE *out, const struct mqttwill_report *r)
{
	fputs("],\"warnings\":[", out);
	for (size_t i = 0; i < r->count; i++) {
		print_json_text(out, i ? ",{" : "{", "field", r->finding[i].field);
		print_json_text(out, ",", "rule", r->finding[i].rule);
		print_json_text(out, ",", "problem", r->finding[i].problem);
		print_json_text(out, ",", "advice", r->finding[i].advice);
		fputc('}', out);
	}
	fputc(']', out);
}

void story_json(FILE *out, const struct story *s)
{
	print_json_text(out, "{", "client_id", s->device->options.client_id);
	print_json_text(out, ",", "topic", s->device->will.topic);
	print_json_text(out, ",", "version", version_words(s->terms.version));
	fprintf(out,
	        ",\"connect_size\":%zu,\"keepalive_s\":%" PRIu32 ",\"session_expiry_s\":%" PRIu32
	        ",\"delay_s\":%" PRIu32,
	        s->report.connect_size, s->terms.keepalive_s, s->terms.session_expiry_s, s->terms.delay_s);
	json_time(out, "ping_after_ms", s->ping_ms);
	json_time(out, "dead_after_ms", s->ping_ms + s->answer_ms);
	fputs(",\"endings\":[", out);
	for (size_t i = 0; i < STORY_ENDINGS; i++) {
		fputs(i ? "," : "", out);
		json_ending(out, s, &s->endings[i]);
	}
	json_findings(out, &s->report);
	fputs("}\n", out);
}
