/* SPDX-License-Identifier: MIT */
/*
 * What the application hears, in sentences.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "client/internal.h"

static _Thread_local struct client_error spare; /* what cannot be kept is told all the same, in the same call */

static struct client_error *why_as_it_is(const struct client *c)
{
	return c->error ? c->error : &spare;
}

struct client_error *client_why(struct client *c)
{
	if (!c->error)
		c->error = calloc(1, sizeof *c->error);
	return why_as_it_is(c);
}

static int set_error(struct client *c, int code, const char *format, va_list args)
{
	struct client_error *e = client_why(c);
	e->code = code;
	vsnprintf(e->text, sizeof e->text, format, args);
	return code;
}

int client_fail(struct client *c, int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	set_error(c, code, format, args);
	va_end(args);
	return code;
}

void client_keep_error(struct client *c, struct client_error **kept)
{
	if (!*kept)
		*kept = malloc(sizeof **kept);
	if (*kept)
		**kept = *client_why(c);
}

void client_take_error(struct client *c, int error, struct client_error **kept)
{
	if (*kept)
		*client_why(c) = **kept;
	else
		client_fail(c, error, "%s", error_text(error));
	free(*kept);
	*kept = NULL;
}

static const char *const plain[] = {
	[MQTTWILL_ONLINE] = "the birth message is acknowledged",
	[MQTTWILL_MESSAGE] = "a message came",
	[MQTTWILL_DONE] = "acknowledged",
	[MQTTWILL_ROOM] = "the queue has room again",
	[MQTTWILL_OVERSIZE] = "a message above maximum_packet_size was skipped and acknowledged",
	[MQTTWILL_CLOSED] = "closed",
	[MQTTWILL_NOTE] = "the broker says something",
	[MQTTWILL_REPLY] = "the answer came",
};

/* What the application has asked for by an insecure_ option is said each time. */
static void add_insecure(uint32_t insecure, char *text, size_t size)
{
	static const struct {
		uint32_t    bit;
		const char *words;
	} rows[] = {
		{MQTTWILL_INSECURE_ANY_CERTIFICATE, "any certificate is accepted"},
		{MQTTWILL_INSECURE_ANY_HOST, "any host name is accepted"},
		{MQTTWILL_INSECURE_KEYLOG, "the secrets are written to a file"},
	};
	size_t n = 0;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (insecure & rows[i].bit)
			n += (size_t)snprintf(text + n, size - n, "%s%s", n ? ", " : " (insecure: ", rows[i].words);
	snprintf(text + n, size - n, n ? ")" : "");
}

void client_reached_text(const struct mqttwill_reached *r, char text[REACHED_TEXT])
{
	char insecure[160];
	add_insecure(r->insecure, insecure, sizeof insecure);
	snprintf(text, REACHED_TEXT, "connected to %s%s%s%s%s%s", r->server, r->by_proxy ? " by the proxy " : *r->address ? " at " : "",
	         r->address, r->tls_version ? " with " : "", r->tls_version ? r->tls_version : "", insecure);
}

void client_emit(struct client *c, struct mqttwill_event *event)
{
	if (c->doomed)
		return;
	if (!event->text)
		event->text = event->error ? client_why(c)->text : event->type <= MQTTWILL_REPLY ? plain[event->type] : NULL;
	if (!event->text)
		event->text = "";
	struct client_error   own; /* the event's text lives with it, whatever the callback fails at */
	struct mqttwill_event told = *event;
	if (told.text == why_as_it_is(c)->text) {
		own = *why_as_it_is(c);
		told.text = own.text;
	}
	c->hooks->event(c->owner, &told);
}

void client_emit_will(struct client *c, int error, const char *format, ...)
{
	struct mqttwill_event ev = {.type = MQTTWILL_WILL, .error = error, .text = client_why(c)->text};
	if (error) {
		ev.reason_code = c->reason_code;
		words_tell(c->words, &ev);
	}
	va_list               args;
	va_start(args, format);
	set_error(c, error, format, args);
	va_end(args);
	client_emit(c, &ev);
}
