/* SPDX-License-Identifier: MIT */
/*
 * The calls that wait: each is the same loop of poll and step, with another question to be answered.
 */
#include <errno.h>
#include <poll.h>

#include "api/handle.h"
#include "client/clock.h"

/* Answers to the question; any other value ends the loop and is its result. */
enum answer { NOT_YET = 1, WOKEN = 2 };

typedef int question_fn(mqttwill *c, int64_t token);

static int wait_fd(mqttwill *c, uint64_t left_ms)
{
	struct pollfd p = {.fd = c->client.epoll, .events = POLLIN};
	int           n = poll(&p, 1, left_ms < INT32_MAX ? (int)left_ms : INT32_MAX);
	return n < 0 && errno != EINTR ? client_fail(&c->client, MQTTWILL_ESYSTEM, "poll failed") : 0;
}

/*
 * Serves until there is an answer, the time is over (MQTTWILL_ETIMEOUT) or somebody wakes it (WOKEN). MQTTWILL_ECANCELED from
 * a step means that a callback has freed the client: nothing may touch it then.
 */
static int serve(mqttwill *c, uint32_t time_ms, question_fn *question, int64_t token)
{
	uint64_t end = clock_ms() + time_ms;
	for (;;) {
		int rc = mqttwill_step(c);
		if (rc < 0)
			return rc;
		rc = question(c, token);
		if (rc != NOT_YET)
			return rc;
		if (atomic_exchange(&c->woken, false))
			return WOKEN;
		uint64_t now = clock_ms();
		if (now >= end)
			return MQTTWILL_ETIMEOUT;
		rc = wait_fd(c, end - now);
		if (rc < 0)
			return rc;
	}
}

/* Puts a sentence to a wait that ended without an answer; other errors have theirs. */
static int explain(mqttwill *c, int rc, const char *what)
{
	if (rc == WOKEN)
		return client_fail(&c->client, MQTTWILL_ECANCELED, "%s: woken before it was done", what);
	if (rc != MQTTWILL_ETIMEOUT)
		return rc;
	struct client_error last = *client_why(&c->client);
	const char         *awaits = client_awaits(&c->client);
	if (last.code < 0 && c->client.state != CLIENT_UP)
		return client_fail(&c->client, rc, "%s: the deadline passed; last: %.200s", what, last.text);
	return client_fail(&c->client, rc, "%s: the deadline passed%s%s", what, awaits ? "; " : "", awaits ? awaits : "");
}

static int connected(mqttwill *c, int64_t token)
{
	(void)token;
	if (c->connect_error)
		return c->connect_error;
	return c->client.state == CLIENT_UP && (!c->has_presence || c->presence.online) ? 0 : NOT_YET;
}

int mqttwill_connect(mqttwill *c, uint32_t timeout_ms)
{
	int rc = handle_check_sync(c);
	if (rc < 0)
		return rc;
	if (c->client.state == CLIENT_IDLE)
		rc = client_start(&c->client);
	if (rc < 0)
		return rc;
	if (c->connect_error && c->client.state == CLIENT_WAITING)
		return c->connect_error; /* nothing was tried since; its sentence stands */
	c->connect_error = 0;
	if (c->client.error)
		c->client.error->code = 0;
	rc = serve(c, timeout_ms, connected, 0);
	return explain(c, rc, "connect");
}

static int settled(mqttwill *c, int64_t token)
{
	int error;
	bool pending = client_pending(&c->client, token, &error);
	if (pending && c->client.state == CLIENT_IDLE)
		return client_fail(&c->client, MQTTWILL_ESTATE, "wait: the client is not started");
	if (!pending && error == MQTTWILL_EINVAL)
		return client_fail(&c->client, error, "wait: its outcome is no longer known");
	return pending ? NOT_YET : error;
}

int mqttwill_wait(mqttwill *c, int64_t token, uint32_t timeout_ms)
{
	int rc = handle_check_sync(c);
	if (rc < 0)
		return rc;
	if (token <= 0 || token > c->client.last_token)
		return client_fail(&c->client, MQTTWILL_EINVAL, "wait: there is no such token");
	return explain(c, serve(c, timeout_ms, settled, token), "wait");
}

static int roomy(mqttwill *c, int64_t token)
{
	(void)token;
	return c->client.room_wanted ? NOT_YET : 0; /* cleared with the ROOM event */
}

int mqttwill_wait_room(mqttwill *c, uint32_t timeout_ms)
{
	int rc = handle_check_sync(c);
	return rc < 0 ? rc : explain(c, serve(c, timeout_ms, roomy, 0), "wait_room");
}

static int never(mqttwill *c, int64_t token)
{
	(void)c;
	(void)token;
	return NOT_YET;
}

int mqttwill_run(mqttwill *c, uint32_t time_ms)
{
	int rc = handle_check_sync(c);
	if (rc < 0)
		return rc;
	rc = serve(c, time_ms, never, 0);
	return rc == MQTTWILL_ETIMEOUT || rc == WOKEN ? 0 : rc;
}

static int closed(mqttwill *c, int64_t token)
{
	(void)token;
	return c->client.state == CLIENT_IDLE ? c->client.close_error : NOT_YET;
}

/* Closing keeps its own deadline; this one is for what cannot happen. */
enum { SLACK_MS = 2000 };

int mqttwill_disconnect(mqttwill *c, uint32_t timeout_ms)
{
	const struct mqttwill_closing how = {.timeout_ms = timeout_ms ? timeout_ms : 1};
	int                           rc = handle_check_sync(c);
	if (rc == 0 && c->client.closing)
		client_hurry(&c->client, how.timeout_ms);
	else if (rc == 0)
		rc = client_close(&c->client, &how);
	if (rc < 0)
		return rc;
	uint32_t wait = timeout_ms < UINT32_MAX - SLACK_MS ? timeout_ms + SLACK_MS : timeout_ms;
	do {
		rc = serve(c, wait, closed, 0);
	} while (rc == WOKEN); /* a second signal does not make the status true */
	return explain(c, rc, "disconnect");
}
