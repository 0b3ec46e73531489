/* SPDX-License-Identifier: MIT */
/*
 * Events as lines of text. Bytes from the network are not trusted to be printable.
 */
#include "broker/broker.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const names[BROKER_EVENTS] = {
#define EVENT_NAME(name, text) text,
	BROKER_EVENT_MAP(EVENT_NAME)
#undef EVENT_NAME
};

struct line {
	char  *buf;
	size_t size, n;
};

static void add(struct line *line, const char *format, ...)
{
	va_list args;
	bool    room = line->n < line->size;
	va_start(args, format);
	int n = vsnprintf(room ? line->buf + line->n : NULL, room ? line->size - line->n : 0, format, args);
	va_end(args);
	line->n += n > 0 ? (size_t)n : 0;
}

static void add_span(struct line *line, const char *before, struct span s)
{
	enum { SHOWN = 60 };
	if (!s.p)
		return;
	add(line, "%s", before);
	for (size_t i = 0; i < s.n && i < SHOWN; i++)
		add(line, "%c", s.p[i] >= 0x80 || isprint(s.p[i]) ? s.p[i] : '?');
	if (s.n > SHOWN)
		add(line, "... (%zu bytes)", s.n);
}

static void add_time(struct line *line, uint64_t ms, uint64_t origin_ms)
{
	uint64_t t = ms - origin_ms;
	add(line, "%llu.%03u", (unsigned long long)(t / 1000), (unsigned)(t % 1000));
}

size_t broker_event_line(const struct broker_event *event, uint64_t origin_ms, char *buf, size_t size)
{
	struct line line = {buf, size, 0};
	add_time(&line, event->at_ms, origin_ms);
	add_span(&line, " ", event->client_id);
	add(&line, ": %s", names[event->type]);
	if (event->type == BROKER_WILL_DUE) {
		add(&line, " at ");
		add_time(&line, event->due_ms, origin_ms);
	}
	if (event->type == BROKER_CONNECTED && event->session_present)
		add(&line, ", session present");
	add_span(&line, " ", event->topic);
	add_span(&line, " = ", event->payload);
	if (event->payload.p)
		add(&line, " (QoS %u%s)", event->qos, event->retain ? ", retained" : "");
	if (event->reason)
		add(&line, " 0x%02X", event->reason);
	if (event->text)
		add(&line, ": %s", event->text);
	return line.n;
}
