/* SPDX-License-Identifier: MIT */
/*
 * What the application hears, in sentences.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "client/internal.h"

static int set_error(struct client *c, int code, const char *format, va_list args)
{
	c->error.code = code;
	vsnprintf(c->error.text, sizeof c->error.text, format, args);
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
		**kept = c->error;
}

void client_take_error(struct client *c, int error, struct client_error **kept)
{
	if (*kept)
		c->error = **kept;
	else
		client_fail(c, error, "%s", error_text(error));
	free(*kept);
	*kept = NULL;
}

static const char *const plain[] = {
	[MQTTWILL_UP] = "connected",
	[MQTTWILL_ONLINE] = "the birth message is acknowledged",
	[MQTTWILL_MESSAGE] = "a message came",
	[MQTTWILL_DONE] = "acknowledged",
	[MQTTWILL_ROOM] = "the queue has room again",
	[MQTTWILL_OVERSIZE] = "a message above maximum_packet_size was skipped and acknowledged",
	[MQTTWILL_CLOSED] = "closed",
	[MQTTWILL_NOTE] = "the broker says something",
	[MQTTWILL_REPLY] = "the answer came",
};

void client_emit(struct client *c, struct mqttwill_event *event)
{
	if (c->doomed)
		return;
	if (!event->text)
		event->text = event->error ? c->error.text : event->type <= MQTTWILL_REPLY ? plain[event->type] : NULL;
	if (!event->text)
		event->text = "";
	struct client_error   own; /* the event's text lives with it, whatever the callback fails at */
	struct mqttwill_event told = *event;
	if (told.text == c->error.text) {
		own = c->error;
		told.text = own.text;
	}
	c->hooks->event(c->owner, &told);
}

void client_emit_will(struct client *c, int error, const char *format, ...)
{
	struct mqttwill_event ev = {.type = MQTTWILL_WILL, .error = error, .text = c->error.text};
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
