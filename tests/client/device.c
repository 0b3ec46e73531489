/* SPDX-License-Identifier: MIT */
/*
 * The application on the stage: its events become words, its tokens are counted, and what it and its peer say is
 * compared. The words: TYPE, with (token) or (topic=payload), and :ERROR behind it where there is one.
 */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/stage.h"
#include "support/bytes.h"

/* ---- Events ---- */

static void note(struct device *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct device *d, const char *format, ...)
{
	va_list args;
	size_t  room = sizeof d->log - d->log_len;
	va_start(args, format);
	int n = vsnprintf(d->log + d->log_len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		ck_abort_msg("the log of events is full");
	d->log_len += (size_t)n;
}

static void note_token(struct device *d, const struct mqttwill_event *ev)
{
	for (size_t i = 0; i < d->token_count; i++)
		if (d->tokens[i] == ev->token)
			d->done[i]++;
	note(d, "(%lld)", (long long)ev->token);
}

static void note_closed(struct device *d, const struct mqttwill_event *ev)
{
	static const char *const left[] = {"clean", "with-will", "cut", "already"};
	d->was_closed = true;
	note(d, "(%s", left[ev->left]);
	if (ev->will_due_s != UINT32_MAX)
		note(d, " due %u", (unsigned)ev->will_due_s);
	if (ev->undelivered)
		note(d, " lost %u", (unsigned)ev->undelivered);
	note(d, ")");
}

static void note_up(struct device *d, const struct mqttwill_event *ev)
{
	d->connack = *ev->connack;
	if (ev->connack->session_present)
		note(d, "(resumed)");
}

static void note_event(struct device *d, const struct mqttwill_event *ev)
{
	static const char *const names[] = {
		"?", "RETRY", "UP", "ONLINE", "DOWN", "MESSAGE", "DONE", "ROOM", "OVERSIZE", "WILL", "CLOSED", "NOTE", "REPLY",
	};
	note(d, "%s%s", d->log_len ? " " : "", names[ev->type]);
	if (ev->type == MQTTWILL_UP)
		note_up(d, ev);
	if (ev->type == MQTTWILL_DONE || ev->type == MQTTWILL_REPLY)
		note_token(d, ev);
	if (ev->type == MQTTWILL_CLOSED)
		note_closed(d, ev);
	if (ev->message)
		note(d, "(%s=%.*s)", ev->message->topic, (int)ev->message->payload_len,
		     (const char *)ev->message->payload);
	if (ev->error)
		note(d, ":%s", mqttwill_errname(ev->error) + strlen("MQTTWILL_"));
}

static void on_event(mqttwill *c, const struct mqttwill_event *ev, void *user)
{
	struct device *d = user;
	if (d->was_closed && ev->type == MQTTWILL_CLOSED)
		ck_abort_msg("CLOSED came twice");
	if (c != d->c || !ev->text)
		ck_abort_msg("an event without its client, or without a text");
	note_event(d, ev);
	if (ev->error)
		snprintf(d->text, sizeof d->text, "%s", ev->text);
	if (ev->type != MQTTWILL_DONE)
		d->last = *ev;
	if (d->on_event)
		d->on_event(d, ev);
}

void expect_words(int line, struct device *d, const char *words)
{
	stage_settle();
	ck_assert_msg(strcmp(d->log, words) == 0, "line %d: the events are \"%s\", not \"%s\" (%s)", line, d->log,
	              words, d->text);
	d->log_len = 0;
	d->log[0] = 0;
}

void expect_text(struct device *d, const char *part)
{
	ck_assert_msg(strstr(d->text, part), "\"%s\" does not say \"%s\"", d->text, part);
}

unsigned device_count(struct device *d, const char *word)
{
	unsigned n = 0;
	for (const char *at = d->log; (at = strstr(at, word)); at++)
		n++;
	return n;
}

/* ---- Calls ---- */

struct device *device_new(const struct mqttwill_options *opt)
{
	struct mqttwill_options o = *opt;
	struct device          *d = stage.devices;
	while (d->taken)
		ck_assert(++d < stage.devices + DEVICES);
	d->taken = true;
	o.url = o.url ? o.url : "mqtt://broker.test";
	o.event_fn = on_event;
	o.user = d;
	stage_enter();
	int rc = mqttwill_new(&d->c, &o);
	stage_leave();
	ck_assert_msg((rc == 0) == (d->c != NULL), "new says %d", rc);
	ck_assert_msg(rc == 0 || stage.fail_at, "new: %s", mqttwill_errmsg(NULL, rc));
	return d;
}

struct device *device_start(const struct mqttwill_options *opt)
{
	struct device *d = device_new(opt);
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	stage_settle();
	return d;
}

void device_free(struct device *d)
{
	mqttwill_free(d->c);
	d->c = NULL;
	d->woken = false;
}

int64_t device_token(struct device *d, int64_t token, bool wanted)
{
	ck_assert_msg(token > 0, "no token: %s", mqttwill_errmsg(d->c, (int)token));
	ck_assert_uint_lt(d->token_count, TOKENS);
	for (size_t i = 0; i < d->token_count; i++)
		ck_assert_msg(d->tokens[i] != token, "token %lld is used twice", (long long)token);
	d->tokens[d->token_count] = token;
	d->wanted[d->token_count++] = wanted;
	return token;
}

int64_t device_publish(struct device *d, const char *topic, const char *text, uint8_t qos)
{
	const struct mqttwill_message m = {.topic = topic, .text = text, .qos = qos};
	return device_token(d, mqttwill_publish(d->c, &m), qos > 0);
}

int64_t device_subscribe(struct device *d, const char *filter, uint8_t qos)
{
	const struct mqttwill_subscription s = {.filter = filter, .qos = qos};
	return device_token(d, mqttwill_subscribe(d->c, &s, 1), true);
}

void device_close(struct device *d, uint32_t goodbye)
{
	const struct mqttwill_closing how = {.goodbye = goodbye};
	int                           rc = mqttwill_close(d->c, &how);
	ck_assert_msg(rc == 0, "close: %s", mqttwill_errmsg(d->c, rc));
	stage_settle();
}

/* ---- The peer ---- */

struct line *stage_line(void)
{
	ck_assert_msg(line_count() > 0, "the client has not connected");
	return line_at(line_count() - 1);
}

static struct line *nth_line(size_t n)
{
	struct line *l = line_at(n);
	ck_assert_msg(l, "the client has not connected %zu times", n + 1);
	return l;
}

void expect_hex(int line, const char *hex)
{
	stage_settle();
	stage_line();
	expect_hex_on(line, line_count() - 1, hex);
}

void expect_hex_on(int line, size_t nth, const char *hex)
{
	stage_settle();
	struct line   *l = nth_line(nth);
	const uint8_t *bytes = l->up + l->up_read;
	size_t         n = l->up_len - l->up_read;
	struct bytes   want = bytes_hex(hex);
	char           shown[1300];
	snprintf(shown, sizeof shown, "%s", bytes_show(want.p, want.n));
	ck_assert_msg(bytes_are(bytes, n, hex), "line %d: the client sent\n  %s, not\n  %s", line, bytes_show(bytes, n),
	              shown);
	bytes_free(&want);
	l->up_read = l->up_len;
}

void peer_says(const char *hex)
{
	stage_line();
	peer_says_on(line_count() - 1, hex);
}

void peer_says_on(size_t n, const char *hex)
{
	struct bytes b = bytes_hex(hex);
	line_say(nth_line(n), b.p, b.n);
	bytes_free(&b);
	stage_settle();
}

void peer_closes(void)
{
	stage_line()->peer_closed = true;
	stage_settle();
}

void peer_resets(void)
{
	stage_line()->broken = true;
	stage_settle();
}

void line_cut(struct line *l)
{
	l->broken = l->peer_closed = true;
	if (l->link)
		broker_closed(l->link, stage.now_ms);
	l->link = NULL;
}

void cut_line(void)
{
	line_cut(stage_line());
	stage_settle();
}
