/* SPDX-License-Identifier: MIT */
/*
 * Verdicts, and a client that counts what it is told.
 */
#include "api/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int failed;

bool check(bool holds, const char *sentence, const char *seen, ...)
{
	va_list args;
	printf(holds ? "ok - %s" : "not ok - %s: ", sentence);
	if (!holds) {
		failed++;
		va_start(args, seen);
		vprintf(seen, args);
		va_end(args);
	}
	putchar('\n');
	fflush(stdout);
	return holds;
}

bool check_rc(const mqttwill *c, int64_t rc, int64_t wanted, const char *sentence)
{
	return check(rc == wanted, sentence, "%s (%lld), not %s: %s", mqttwill_errname((int)rc), (long long)rc,
	             mqttwill_errname((int)wanted), rc < 0 ? mqttwill_errmsg(c, (int)rc) : "");
}

void skip(const char *sentence, const char *reason)
{
	printf("skip - %s: %s\n", sentence, reason);
	fflush(stdout);
}

int report(void)
{
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void need(const mqttwill *c, int64_t rc, const char *what)
{
	if (rc >= 0)
		return;
	check(false, what, "%s", mqttwill_errmsg(c, (int)rc));
	exit(EXIT_FAILURE);
}

uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

const char *event_name(uint32_t type)
{
	static const char *const names[] = {
		[MQTTWILL_RETRY] = "RETRY", [MQTTWILL_UP] = "UP",     [MQTTWILL_ONLINE] = "ONLINE",     [MQTTWILL_DOWN] = "DOWN",
		[MQTTWILL_DONE] = "DONE",   [MQTTWILL_ROOM] = "ROOM", [MQTTWILL_OVERSIZE] = "OVERSIZE", [MQTTWILL_WILL] = "WILL",
		[MQTTWILL_CLOSED] = "CLOSED", [MQTTWILL_MESSAGE] = "MESSAGE",
	};
	return type < sizeof names / sizeof names[0] && names[type] ? names[type] : "?";
}

void see(mqttwill *c, const struct mqttwill_event *event, void *user)
{
	struct seen *s = user;
	(void)c;
	s->count[event->type & 15]++;
	s->last_error[event->type & 15] = event->error;
	if (event->type == MQTTWILL_DONE)
		s->last_token = event->token;
	if (event->type == MQTTWILL_CLOSED) {
		s->last_left = event->left;
		s->last_will_due_s = event->will_due_s;
	}
	if (event->type == MQTTWILL_RETRY || event->type == MQTTWILL_DOWN)
		s->last_retry_ms = event->retry_in_ms;
}

mqttwill *new_client(const char *url, const char *name, const struct mqttwill_presence *presence, struct seen *seen)
{
	char      id[64];
	mqttwill *c;
	snprintf(id, sizeof id, "%s-%d", name, (int)getpid());
	const struct mqttwill_options opt = {
		.url = url,
		.client_id = id,
		.presence = presence,
		.event_fn = seen ? see : NULL,
		.user = seen,
	};
	need(NULL, mqttwill_new(&c, &opt), "a client is made");
	return c;
}

bool serve_until(mqttwill *c, const unsigned *what, unsigned wanted, uint32_t time_ms)
{
	uint64_t end = now_ms() + time_ms;
	while (*what < wanted && now_ms() < end)
		if (mqttwill_run(c, 20) < 0)
			return false;
	return *what >= wanted;
}
