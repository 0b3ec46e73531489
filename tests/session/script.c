/* SPDX-License-Identifier: MIT */
/*
 * Every chunk is a heap block of its own size, and is freed before the next, so that AddressSanitizer sees a session
 * that reads too far or too late.
 */
#include "session/script.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

static const char *const cut_names[CUTS] = {"whole", "byte by byte", "at random"};

uint8_t script_level(int i)
{
	return (uint8_t)(LEVEL_31 + i / CUTS);
}

void script_init(struct script *s, uint8_t level, int i)
{
	*s = (struct script){.cut = i % CUTS, .now_ms = 1000000};
	s->config = (struct session_config){
		.level = level,
		.receive_maximum = RECEIVE_MAXIMUM,
		.maximum_packet_size = PACKET_MAXIMUM,
	};
	dice_init(&s->dice, 0);
	flight_init(&s->flight);
	buf_init(&s->input, SIZE_MAX / 2);
}

void script_open(struct script *s)
{
	session_init(&s->session, &s->config, &s->flight, s->now_ms);
}

static void wrong(const struct script *s, const char *what, const char *expected, const char *got)
{
	ck_abort_msg("%s: expected %s, got %s (level %d, input %s, seed %llu)", what, expected, got, s->config.level,
	             cut_names[s->cut], (unsigned long long)s->dice.seed);
}

static void wrong_number(const struct script *s, const char *what, long long expected, long long got)
{
	char want[24], is[24];
	snprintf(want, sizeof want, "%lld", expected);
	snprintf(is, sizeof is, "%lld", got);
	wrong(s, what, want, is);
}

/* ---- The notation ---- */

static char *put_length(char *to, size_t n)
{
	do {
		to += sprintf(to, "%02X", (unsigned)(n & 0x7F) | (n > 0x7F ? 0x80 : 0));
		n >>= 7;
	} while (n);
	return to;
}

static char *put_section(char *to, const char *from, size_t n, uint8_t level)
{
	for (; n; from++, n--) {
		if (*from != '~')
			*to++ = *from;
		else if (level == LEVEL_5)
			to = strcpy(to, "00") + 2;
	}
	*to = 0;
	return to;
}

/* What is between [ and ], which are not nested, with its length before it. */
static char *put_enclosed(char *to, const char *from, size_t n, uint8_t level)
{
	char inner[TEXT_MAX];
	put_section(inner, from, n, level);
	struct bytes b = bytes_hex(inner);
	to = strcpy(put_length(to, b.n), inner);
	bytes_free(&b);
	return to + strlen(inner);
}

static struct bytes bytes_of(const char *text, uint8_t level)
{
	char  hex[2 * TEXT_MAX], *to = hex;
	for (const char *open; (open = strchr(text, '['));) {
		const char *end = strchr(open, ']');
		to = put_section(to, text, (size_t)(open - text), level);
		to = put_enclosed(to, open + 1, (size_t)(end - open - 1), level);
		text = end + 1;
	}
	put_section(to, text, strlen(text), level);
	return bytes_hex(hex);
}

/* ---- Input ---- */

void script_in_bytes(struct script *s, const void *p, size_t n)
{
	ck_assert(buf_append(&s->input, p, n));
}

void script_in(struct script *s, const char *format, ...)
{
	char    text[TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	struct bytes b = bytes_of(text, s->config.level);
	script_in_bytes(s, b.p, b.n);
	bytes_free(&b);
}

static size_t chunk_size(struct script *s)
{
	size_t n = buf_len(&s->input);
	if (s->cut == 0)
		return n;
	return s->cut == 1 ? 1 : 1 + dice_roll(&s->dice, n < 12 ? (uint32_t)n : 12);
}

static bool next_chunk(struct script *s)
{
	if (s->at < s->chunk.n)
		return true;
	bytes_free(&s->chunk);
	s->at = 0;
	if (buf_len(&s->input) == 0)
		return false;
	s->chunk = bytes_copy(buf_front(&s->input), chunk_size(s));
	buf_take(&s->input, s->chunk.n);
	return true;
}

/* While it is up, a session always wants to be woken some time. */
static void check_deadline(const struct script *s)
{
	if (session_is_up(&s->session) && session_deadline(&s->session) == UINT64_MAX)
		wrong(s, "deadline", "one", "none");
}

/* Feeds up to the next event; its type. */
static uint8_t pump(struct script *s)
{
	s->event.type = SESSION_NOTHING;
	s->event.error = 0;
	while (s->event.type == SESSION_NOTHING && next_chunk(s)) {
		size_t left = s->chunk.n - s->at;
		size_t used = session_feed(&s->session, s->chunk.p + s->at, left, s->now_ms, &s->event);
		if (used > left || (used == 0 && s->event.type == SESSION_NOTHING))
			wrong_number(s, "bytes taken", (long long)left, (long long)used);
		s->at += used;
		s->most_in = s->most_in > s->session.in.cap ? s->most_in : s->session.in.cap;
		check_deadline(s);
	}
	return s->event.type;
}

static const char *event_name(uint8_t type)
{
	static const char *const names[] = {"nothing",  "CONNACK",     "MESSAGE", "DONE", "PONG", "NOTE",
	                                    "OVERSIZE", "BROKER_LEFT", "FAILED"};
	return names[type];
}

static const char *got_name(const struct script *s, uint8_t type)
{
	bool explained = type == SESSION_FAILED && s->event.error == MQTTWILL_EPROTOCOL;
	return explained ? s->event.fault.text : event_name(type);
}

struct session_event *script_event(struct script *s, uint8_t type, int error)
{
	uint8_t got = pump(s);
	if (got != type)
		wrong(s, "event", event_name(type), got_name(s, got));
	if (s->event.error != error)
		wrong_number(s, event_name(type), error, s->event.error);
	return &s->event;
}

void script_quiet(struct script *s)
{
	script_event(s, SESSION_NOTHING, 0);
}

void script_message(struct script *s, uint8_t qos, const char *payload)
{
	struct session_event *ev = script_event(s, SESSION_MESSAGE, 0);
	ck_assert_uint_eq(ev->packet.qos, qos);
	ck_assert_mem_eq(ev->packet.topic.p, "t", ev->packet.topic.n);
	ck_assert_uint_eq(ev->packet.payload.n, strlen(payload));
	ck_assert_mem_eq(ev->packet.payload.p, payload, ev->packet.payload.n);
	ck_assert_int_eq(session_accept(&s->session, ev), 0);
}

void script_done(struct script *s, struct outgoing *o, int error)
{
	struct session_event *ev = script_event(s, SESSION_DONE, error);
	ck_assert_ptr_eq(ev->outgoing, o);
	ck_assert_uint_eq(o->state, OUTGOING_QUEUED);
	ck_assert_ptr_ne(idtable_get(&s->flight.out, o->id), o);
	free(o);
}

uint8_t script_fails_somehow(struct script *s, const char *what)
{
	bool                  says = s->config.level == LEVEL_5 && session_is_up(&s->session);
	struct session_event *ev = script_event(s, SESSION_FAILED, MQTTWILL_EPROTOCOL);
	uint8_t               reason = ev->fault.reason;
	ck_assert_msg(ev->fault.rule && ev->fault.text, "%s: the failure is not explained", what);
	if (says)
		script_out(s, "E0 01 %02X", reason);
	script_in(s, "D000 30 [0001 't' ~ 'late'] 32 [0001 't' 0001 ~] D000");
	script_quiet(s);
	script_out(s, "%s", "");
	ck_assert(!session_is_up(&s->session));
	ck_assert(session_deadline(&s->session) == UINT64_MAX);
	return reason;
}

void script_fails(struct script *s, uint8_t reason)
{
	uint8_t got = script_fails_somehow(s, "a failure");
	if (got != reason)
		wrong_number(s, s->event.fault.text ? s->event.fault.text : "reason", reason, got);
}

/* ---- Output ---- */

void script_flush(struct script *s)
{
	const uint8_t *out;
	size_t         n = session_output(&s->session, &out);
	if (n)
		session_sent(&s->session, n, s->now_ms);
}

void script_out(struct script *s, const char *format, ...)
{
	char           text[TEXT_MAX];
	const uint8_t *out;
	size_t         n = session_output(&s->session, &out);
	va_list        args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	struct bytes b = bytes_of(text, s->config.level);
	if (n != b.n || (n && memcmp(out, b.p, n) != 0))
		wrong(s, "output", n && *text ? text : *text ? text : "none", n ? bytes_show(out, n) : "none");
	bytes_free(&b);
	script_flush(s);
}

/* ---- Time ---- */

void script_pass(struct script *s, uint64_t ms)
{
	uint64_t       until = s->now_ms + ms;
	const uint8_t *out;
	size_t         before = session_output(&s->session, &out);
	check_deadline(s);
	uint64_t deadline = session_deadline(&s->session);
	if (deadline <= until)
		wrong_number(s, "the deadline comes after", (long long)ms, (long long)(deadline - s->now_ms));
	s->now_ms = until;
	ck_assert_int_eq(session_tick(&s->session, s->now_ms), 0);
	ck_assert_uint_eq(session_output(&s->session, &out), before);
}

void script_due(struct script *s, uint64_t in_ms, int rc)
{
	uint64_t deadline = session_deadline(&s->session);
	if (deadline != s->now_ms + in_ms)
		wrong_number(s, "deadline", (long long)in_ms, (long long)(deadline - s->now_ms));
	if (in_ms > 1)
		script_pass(s, in_ms - 1);
	s->now_ms = deadline;
	ck_assert_int_eq(session_tick(&s->session, s->now_ms), rc);
}

/* ---- A connection ---- */

void script_connect(struct script *s, uint16_t keep_alive, bool clean_start)
{
	struct packet pk = {.type = PACKET_CONNECT};
	pk.connect.clean_start = clean_start;
	pk.connect.keep_alive = keep_alive;
	pk.connect.client_id = span_text("c", 0);
	ck_assert_int_eq(session_connect(&s->session, &pk), 0);
}

void script_greet(struct script *s, const char *connack)
{
	script_flush(s);
	script_in(s, "%s", connack);
	script_event(s, SESSION_CONNACK, 0);
	ck_assert(session_is_up(&s->session));
	script_quiet(s);
}

void script_up(struct script *s, uint8_t level, int i)
{
	script_init(s, level, i);
	script_open(s);
	script_connect(s, 60, true);
	script_greet(s, "20 [0000 ~]");
}

void script_drop(struct script *s)
{
	session_fini(&s->session);
	ck_assert_uint_eq(s->session.state, SESSION_OVER);
	buf_fini(&s->input);
	bytes_free(&s->chunk);
	s->at = 0;
}

void script_close(struct script *s)
{
	script_quiet(s);
	script_out(s, "%s", "");
	session_feed(&s->session, NULL, 0, s->now_ms, &s->event);
	ck_assert_ptr_null(s->session.in.data);
	script_drop(s);
	flight_fini(&s->flight);
}

struct outgoing *script_make(struct script *s, uint8_t type, uint8_t qos)
{
	const struct filter filter = {span_text("f", 0), type == PACKET_SUBSCRIBE ? 1 : 0};
	struct packet       pk = {.type = type, .qos = qos};
	struct outgoing    *o;
	if (type == PACKET_PUBLISH) {
		pk.topic = span_text("t", 0);
		pk.payload = span_text("m", 0);
	} else {
		pk.filters = &filter;
		pk.count = 1;
	}
	ck_assert_int_eq(outgoing_new(&o, &pk, s->config.level), 0);
	return o;
}

struct outgoing *script_send(struct script *s, uint8_t type, uint8_t qos)
{
	struct outgoing *o = script_make(s, type, qos);
	ck_assert_int_eq(session_send(&s->session, o), 0);
	return o;
}
