/* SPDX-License-Identifier: MIT */
/*
 * The asynchronous core under poll(2): the same few lines that any program with a loop of its own needs.
 */
#define _POSIX_C_SOURCE 200809L

#include "cli/link.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

enum { TYPE_DISCONNECT = 14, TURN_MS = 3600 * 1000 };

static volatile sig_atomic_t stopped;
static mqttwill *volatile to_wake;

/* ---- Signals ------------------------------------------------------------------------------------------------------- */

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (to_wake)
		mqttwill_wake(to_wake);
}

static void catch_signals(mqttwill *client)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGINT);
	sigaddset(&action.sa_mask, SIGTERM);
	to_wake = client;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool link_stopped(void)
{
	return stopped;
}

/* ---- Events -------------------------------------------------------------------------------------------------------- */

void link_end(struct link *l, enum exit_code code)
{
	if (!l->ended)
		l->code = code;
	l->ended = true;
}

/* "; retry in 1.2 s", or nothing where there will be none. */
static const char *retry_text(const struct link *l, uint32_t ms, char *text, size_t size)
{
	text[0] = 0;
	if (!l->ended && !l->closing)
		snprintf(text, size, "; retry in %" PRIu32 ".%" PRIu32 " s", ms / 1000, ms % 1000 / 100);
	return text;
}

static void on_retry(struct link *l, const struct mqttwill_event *e)
{
	char again[48];
	if (!l->was_up && (l->one_attempt || e->permanent))
		link_end(l, exit_code(e->error));
	say("no connection: %s%s", e->text, retry_text(l, e->retry_in_ms, again, sizeof again));
}

static void on_up(struct link *l, const struct mqttwill_event *e)
{
	const struct mqttwill_connack *c = e->connack;
	l->up = l->was_up = true;
	if (!l->quiet)
		say("connected%s%s, keep-alive %u s, session expiry %" PRIu32 " s%s", *c->client_id ? " as " : "",
		    c->client_id, c->keepalive_s, c->session_expiry_s, c->session_present ? ", session resumed" : "");
}

static void on_online(struct link *l, const struct mqttwill_event *e)
{
	l->online = l->was_online = true;
	say("online: %s", e->text);
}

/* A broker that says why it leaves is quoted; the text alone would do for a connection that just broke. */
static void on_down(struct link *l, const struct mqttwill_event *e)
{
	char again[48];
	l->up = l->online = false;
	if (l->one_connection && !l->closing)
		link_end(l, exit_code(e->error));
	retry_text(l, e->retry_in_ms, again, sizeof again);
	if (e->error <= MQTTWILL_EREFUSED && e->error != MQTTWILL_EPROTOCOL)
		say("disconnected by the broker: %s (0x%02X)%s%s%s%s",
		    mqttwill_reason_name(TYPE_DISCONNECT, e->reason_code), e->reason_code,
		    e->reason_string ? ", \"" : "", e->reason_string ? e->reason_string : "",
		    e->reason_string ? "\"" : "", again);
	else
		say("lost: %s%s", e->text, again);
}

static void on_message(struct link *l, const struct mqttwill_event *e)
{
	if (l->on_message)
		l->on_message(l, e->message);
}

static void on_done(struct link *l, const struct mqttwill_event *e)
{
	if (l->on_done)
		l->on_done(l, e);
}

static void on_room(struct link *l, const struct mqttwill_event *e)
{
	(void)e;
	l->full = false;
}

static void on_oversize(struct link *l, const struct mqttwill_event *e)
{
	(void)l;
	say("skipped: %s", e->text);
}

/* A device that may not publish its status is of no use; later on the permission may come back. */
static void on_will(struct link *l, const struct mqttwill_event *e)
{
	say("will: %s", e->text);
	if (e->error == MQTTWILL_EBIRTH && !l->was_online)
		link_end(l, exit_code(e->error));
}

/* How it left, and what that means for those who read the status. */
static void on_closed(struct link *l, const struct mqttwill_event *e)
{
	static const char *const ways[] = {
		[MQTTWILL_LEFT_CLEAN] = "with DISCONNECT 0x00",
		[MQTTWILL_LEFT_WITH_WILL] = "with DISCONNECT 0x04",
		[MQTTWILL_LEFT_CUT] = "by closing the connection without DISCONNECT",
		[MQTTWILL_LEFT_ALREADY] = "without a connection",
	};
	char due[64] = "";
	l->closed = true;
	if (e->will_due_s == 0)
		snprintf(due, sizeof due, "; the will is due now");
	else if (e->will_due_s != UINT32_MAX)
		snprintf(due, sizeof due, "; the will is due in %" PRIu32 " s", e->will_due_s);
	if (!l->quiet || e->error)
		say("left %s%s%s%s", e->left < sizeof ways / sizeof ways[0] ? ways[e->left] : "", due,
		    e->error ? ": " : "", e->error ? e->text : "");
	if (e->undelivered)
		say("without an answer: %" PRIu32 " requests", e->undelivered);
	if (e->error)
		link_end(l, exit_code(e->error));
	else if (e->left == MQTTWILL_LEFT_ALREADY && l->goodbye == MQTTWILL_GOODBYE_OFFLINE)
		link_end(l, EXIT_NETWORK);
	else if (e->left != MQTTWILL_LEFT_CLEAN && l->goodbye == MQTTWILL_GOODBYE_OFFLINE)
		link_end(l, EXIT_TIMEOUT);
}

static void (*const on[])(struct link *l, const struct mqttwill_event *e) = {
	[MQTTWILL_RETRY] = on_retry,     [MQTTWILL_UP] = on_up,
	[MQTTWILL_ONLINE] = on_online,   [MQTTWILL_DOWN] = on_down,
	[MQTTWILL_MESSAGE] = on_message, [MQTTWILL_DONE] = on_done,
	[MQTTWILL_ROOM] = on_room,       [MQTTWILL_OVERSIZE] = on_oversize,
	[MQTTWILL_WILL] = on_will,       [MQTTWILL_CLOSED] = on_closed,
};

static void on_event(mqttwill *client, const struct mqttwill_event *event, void *user)
{
	(void)client;
	if (event->type < sizeof on / sizeof on[0] && on[event->type])
		on[event->type](user, event);
}

/* ---- Life ---------------------------------------------------------------------------------------------------------- */

static void tell_warnings(const struct mqttwill_report *report)
{
	char text[512];
	for (size_t i = 0; report && i < report->count; i++) {
		mqttwill_finding_text(&report->finding[i], text, sizeof text);
		say("warning: %s", text);
	}
}

enum exit_code link_new(struct link *l, const struct mqttwill_options *opt)
{
	struct mqttwill_options own = *opt;
	own.event_fn = on_event;
	own.user = l;
	int rc = mqttwill_new(&l->client, &own);
	if (rc < 0)
		return refuse(exit_code(rc), "%s", mqttwill_errmsg(NULL, rc));
	tell_warnings(mqttwill_warnings(l->client));
	return EXIT_OK;
}

enum exit_code link_start(struct link *l)
{
	int rc = mqttwill_start(l->client);
	if (rc < 0)
		return refuse(exit_code(rc), "%s", mqttwill_errmsg(l->client, rc));
	l->give_up_ms = l->timeout_ms ? steady_ms() + l->timeout_ms : INT64_MAX;
	catch_signals(l->client);
	return EXIT_OK;
}

static int wait_ms(int64_t until_ms)
{
	int64_t left = until_ms - steady_ms();
	return left < 0 ? 0 : left > TURN_MS ? TURN_MS : (int)left;
}

static void check_give_up(struct link *l)
{
	if (l->was_up || l->ended || l->closing || steady_ms() < l->give_up_ms)
		return;
	say("no connection in %" PRIu32 ".%" PRIu32 " s", l->timeout_ms / 1000, l->timeout_ms % 1000 / 100);
	link_end(l, EXIT_TIMEOUT);
}

bool link_wait(struct link *l, int64_t until_ms, int input)
{
	struct pollfd fds[] = {
		{.fd = mqttwill_fd(l->client), .events = POLLIN},
		{.fd = input, .events = POLLIN}, /* poll leaves out what is negative */
	};
	bool    waits_for_up = !l->was_up && !l->closing;
	int64_t until = waits_for_up && l->give_up_ms < until_ms ? l->give_up_ms : until_ms;
	if (poll(fds, 2, wait_ms(until)) < 0)
		fds[1].revents = 0; /* a signal: look whether to stop */
	mqttwill_step(l->client);
	check_give_up(l);
	return fds[1].revents != 0;
}

static void close_and_wait(struct link *l, const struct mqttwill_closing *how)
{
	l->goodbye = how->goodbye;
	l->closing = true;
	int rc = mqttwill_close(l->client, how);
	if (rc < 0)
		link_end(l, refuse(exit_code(rc), "%s", mqttwill_errmsg(l->client, rc)));
	while (rc >= 0 && !l->closed)
		link_wait(l, INT64_MAX, -1);
}

enum exit_code link_leave(struct link *l, const struct mqttwill_closing *how)
{
	if (l->up || !l->ended)
		close_and_wait(l, how);
	to_wake = NULL;
	mqttwill_free(l->client);
	l->client = NULL;
	return l->code;
}
