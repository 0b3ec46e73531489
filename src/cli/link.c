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
#include <string.h>
#include <time.h>

enum {
	TYPE_DISCONNECT = 14,
	TURN_MS = 3600 * 1000,
	SECOND_SIGNAL_MS = 500, /* timeout(1) sends one to the process and one to its group */
	BIRTH_MS = 5000,
	SHORT_LIFE_MS = 30000,
	SHORT_LIVES = 3,
	CONNECT_MS = 15000, /* the library's default */
	LATE_MS = 50,
	LEAVE_MS = 5000,
	LEAVE_STOPPED_MS = 1000,
	LEAVE_LATE_MS = 200,
};

static volatile sig_atomic_t stopped;
static mqttwill *volatile to_wake;
static int64_t stopped_ms; /* only the handler uses it */

/* ---- Signals ------------------------------------------------------------------------------------------------------- */

static void on_signal(int number)
{
	int64_t now = steady_ms();
	if (!stopped)
		stopped_ms = now;
	stopped = 1;
	if (now - stopped_ms >= SECOND_SIGNAL_MS) {
		signal(number, SIG_DFL);
		raise(number); /* blocked until the handler has returned */
	}
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
	if (!l->ended && !l->closing && ms)
		snprintf(text, size, "; retry in %" PRIu32 ".%" PRIu32 " s", ms / 1000, ms % 1000 / 100);
	return text;
}

/* With several servers the text ends in which is next, which is idle talk where none will be. */
static const char NEXT[] = "; next is ";

static int without_next(const char *text)
{
	const char *next = strstr(text, NEXT);
	return next ? (int)(next - text) : (int)strlen(text);
}

/* What is wrong, and when it goes on: in the library's words where they say so, otherwise in ours. */
static const char *loss_text(const struct link *l, const struct mqttwill_event *e, char *text, size_t size)
{
	char again[48] = "";
	bool tells = !l->ended && !l->closing && strstr(e->text, NEXT);
	if (!tells)
		retry_text(l, e->retry_in_ms, again, sizeof again);
	snprintf(text, size, "%.*s%s", tells ? (int)strlen(e->text) : without_next(e->text), e->text, again);
	return text;
}

static void on_retry(struct link *l, const struct mqttwill_event *event)
{
	char                        text[640], own[512];
	struct mqttwill_event       in_options = *event;
	const struct mqttwill_event *e = event;
	if (event->error > MQTTWILL_EREFUSED) { /* a broker's own words stay as they are */
		option_words(own, sizeof own, event->text);
		in_options.text = own;
		e = &in_options;
	}
	/* in another way, or to another server, which is still the same attempt */
	bool goes_on = !e->permanent && (e->error == MQTTWILL_EMOVED || e->retry_in_ms == 0);
	snprintf(l->last, sizeof l->last, "%.*s", without_next(e->text), e->text);
	if (!l->was_up && !goes_on && (l->one_attempt || e->permanent))
		link_end(l, exit_code(e->error));
	if (!l->quiet || !goes_on)
		say("no connection: %s", loss_text(l, e, text, sizeof text));
}

/* What is not checked, each time, for logs that are read from somewhere in the middle. */
static void tell_insecure(uint32_t bits)
{
	static const struct {
		uint32_t    bit;
		const char *words;
	} ways[] = {
		{MQTTWILL_INSECURE_ANY_CERTIFICATE, "any certificate is accepted (--insecure)"},
		{MQTTWILL_INSECURE_ANY_HOST, "a certificate for any host is accepted (--insecure-host)"},
		{MQTTWILL_INSECURE_KEYLOG, "the secrets are written to a file (--keylog)"},
	};
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (bits & ways[i].bit)
			say("INSECURE: %s", ways[i].words);
}

/* " to mqtts://localhost:8883 (127.0.0.1:8883, TLSv1.3 TLS_AES_256_GCM_SHA384, TLS resumed)" */
static const char *way_text(const struct mqttwill_reached *r, char *text, size_t size)
{
	int n = 0;
	text[0] = 0;
	if (!r || !r->server)
		return text;
	const char *address = r->address ? r->address : "";
	if (r->tls_version)
		n = snprintf(text, size, " to %s (%s%s%s%s %s%s)", r->server, r->by_proxy ? "by proxy " : "", address,
		             *address ? ", " : "", r->tls_version, r->cipher ? r->cipher : "", r->resumed ? ", TLS resumed" : "");
	else if (*address)
		n = snprintf(text, size, " to %s (%s%s)", r->server, r->by_proxy ? "by proxy " : "", address);
	else
		n = snprintf(text, size, " to %s", r->server);
	return n < 0 ? "" : text;
}

static void on_up(struct link *l, const struct mqttwill_event *e)
{
	const struct mqttwill_connack *c = e->connack;
	char                           way[512];
	l->up = l->was_up = true;
	l->ready |= !l->awaits;
	l->up_ms = steady_ms();
	l->birth_due_ms = l->has_birth ? l->up_ms + BIRTH_MS : INT64_MAX;
	if (l->quiet)
		return;
	say("connected%s%s%s, keep-alive %u s, session expiry %" PRIu32 " s%s", way_text(e->reached, way, sizeof way),
	    *c->client_id ? " as " : "", c->client_id, c->keepalive_s, c->session_expiry_s,
	    c->session_present ? ", session resumed" : "");
	tell_insecure(e->reached ? e->reached->insecure : 0);
}

static void on_online(struct link *l, const struct mqttwill_event *e)
{
	l->online = l->was_online = true;
	l->birth_due_ms = INT64_MAX;
	say("online: %s", e->text);
}

/* Some brokers close the older of two connections with one id, and do not say why. */
static void count_short_life(struct link *l, int error)
{
	bool is_short = steady_ms() - l->up_ms < SHORT_LIFE_MS && (error == MQTTWILL_ELOST || error == MQTTWILL_EKICKED);
	l->short_lives = is_short ? l->short_lives + 1 : 0;
	if (l->has_birth && l->short_lives == SHORT_LIVES)
		say("lost soon, %d times in a row: perhaps another client uses the same --id", SHORT_LIVES);
}

static bool is_brokers(int error)
{
	return error <= MQTTWILL_EREFUSED && error != MQTTWILL_EPROTOCOL;
}

/* A broker that says why it leaves is quoted; the text alone would do for a connection that just broke. */
static void on_down(struct link *l, const struct mqttwill_event *e)
{
	char again[48], text[640];
	l->up = l->online = false;
	l->birth_due_ms = INT64_MAX;
	snprintf(l->last, sizeof l->last, "%.*s", without_next(e->text), e->text);
	if (l->one_connection && !l->closing)
		link_end(l, exit_code(e->error));
	retry_text(l, e->retry_in_ms, again, sizeof again);
	if (is_brokers(e->error))
		say("disconnected by the broker: %s (0x%02X)%s%s%s%s",
		    mqttwill_reason_name(TYPE_DISCONNECT, e->reason_code), e->reason_code,
		    e->reason_string ? ", \"" : "", e->reason_string ? e->reason_string : "",
		    e->reason_string ? "\"" : "", again);
	else
		say("lost: %s", loss_text(l, e, text, sizeof text));
	count_short_life(l, e->error);
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
	say("%s%s", strncmp(e->text, "will: ", 6) ? "will: " : "", e->text);
	if (e->error == MQTTWILL_EBIRTH && !l->was_online)
		link_end(l, exit_code(e->error));
}

/* "; the will is due in 5 s", or nothing where the broker has none. */
static const char *due_text(uint32_t due_s, char *text, size_t size)
{
	text[0] = 0;
	if (due_s == 0)
		snprintf(text, size, "; the will is due now");
	else if (due_s != UINT32_MAX)
		snprintf(text, size, "; the will is due in %" PRIu32 " s", due_s);
	return text;
}

/* How it left, and what that means for those who read the status. */
static void tell_closed(const struct mqttwill_event *e)
{
	static const char *const ways[] = {
		[MQTTWILL_LEFT_CLEAN] = "with DISCONNECT 0x00",
		[MQTTWILL_LEFT_WITH_WILL] = "with DISCONNECT 0x04",
		[MQTTWILL_LEFT_CUT] = "by closing the connection without DISCONNECT",
	};
	char        text[64];
	const char *due = due_text(e->will_due_s, text, sizeof text);
	const char *words = strstr(e->text, "the broker says ");
	if (e->left == MQTTWILL_LEFT_CUT && is_brokers(e->error))
		say("disconnected by the broker: %s%s", words ? words + strlen("the broker says ") : e->text, due);
	else if (e->left == MQTTWILL_LEFT_CUT && e->error <= MQTTWILL_ERESOLVE)
		say("the connection was lost before it had left in order: %s%s", e->text, due);
	else if (e->left == MQTTWILL_LEFT_ALREADY)
		say("left without a connection, so no goodbye was said%s", due);
	else
		say("left %s%s%s%s", e->left < sizeof ways / sizeof ways[0] ? ways[e->left] : "", due, e->error ? ": " : "",
		    e->error ? e->text : "");
}

/* What has failed already was told. */
static void on_closed(struct link *l, const struct mqttwill_event *e)
{
	bool told = l->quiet && l->ended && l->code != EXIT_OK;
	l->closed = true;
	if (!l->quiet || (e->error && !told))
		tell_closed(e);
	if (e->undelivered && !told)
		say("without an answer: %" PRIu32 " request%s", e->undelivered, e->undelivered == 1 ? "" : "s");
	if (e->error)
		link_end(l, exit_code(e->error));
	else if (e->left == MQTTWILL_LEFT_ALREADY && l->goodbye == MQTTWILL_GOODBYE_OFFLINE)
		link_end(l, EXIT_NETWORK);
	else if (e->left != MQTTWILL_LEFT_CLEAN && l->goodbye == MQTTWILL_GOODBYE_OFFLINE)
		link_end(l, EXIT_TIMEOUT);
}

static void on_note(struct link *l, const struct mqttwill_event *e)
{
	(void)l;
	say("note: %s", e->text);
}

static void (*const on[])(struct link *l, const struct mqttwill_event *e) = {
	[MQTTWILL_RETRY] = on_retry,     [MQTTWILL_UP] = on_up,
	[MQTTWILL_ONLINE] = on_online,   [MQTTWILL_DOWN] = on_down,
	[MQTTWILL_MESSAGE] = on_message, [MQTTWILL_DONE] = on_done,
	[MQTTWILL_ROOM] = on_room,       [MQTTWILL_OVERSIZE] = on_oversize,
	[MQTTWILL_WILL] = on_will,       [MQTTWILL_CLOSED] = on_closed,
	[MQTTWILL_NOTE] = on_note,
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
	char text[512], own[512];
	for (size_t i = 0; report && i < report->count; i++) {
		mqttwill_finding_text(&report->finding[i], text, sizeof text);
		option_words(own, sizeof own, text);
		say("warning: %s", own);
	}
}

/* The only attempt has no more time than there is: it knows best in which phase that ran out. */
static uint32_t attempt_ms(const struct link *l, const struct mqttwill_options *opt)
{
	uint32_t own = opt->connect_timeout_ms, all = l->timeout_ms;
	return l->one_attempt && all && all < (own ? own : CONNECT_MS) ? all : own;
}

enum exit_code link_new(struct link *l, const struct mqttwill_options *opt)
{
	struct mqttwill_options own = *opt;
	own.event_fn = on_event;
	own.user = l;
	own.connect_timeout_ms = attempt_ms(l, opt);
	char text[512];
	int  rc = mqttwill_new(&l->client, &own);
	option_words(text, sizeof text, mqttwill_errmsg(NULL, rc));
	if (rc < 0)
		return refuse(exit_code(rc), "%s", text);
	tell_warnings(mqttwill_warnings(l->client));
	return EXIT_OK;
}

enum exit_code link_start(struct link *l)
{
	int rc = mqttwill_start(l->client);
	if (rc < 0)
		return refuse(exit_code(rc), "%s", mqttwill_errmsg(l->client, rc));
	l->birth_due_ms = INT64_MAX;
	l->give_up_ms = l->timeout_ms ? steady_ms() + l->timeout_ms + LATE_MS : INT64_MAX; /* the attempt first */
	catch_signals(l->client);
	return EXIT_OK;
}

static int wait_ms(int64_t until_ms)
{
	int64_t left = until_ms - steady_ms();
	return left < 0 ? 0 : left > TURN_MS ? TURN_MS : (int)left;
}

static bool waits_for_ready(const struct link *l)
{
	return !l->ready && !l->ended && !l->closing;
}

static void check_give_up(struct link *l)
{
	if (!waits_for_ready(l) || steady_ms() < l->give_up_ms)
		return;
	say("%s in %" PRIu32 ".%" PRIu32 " s%s%s", l->up ? l->awaits : "no connection", l->timeout_ms / 1000,
	    l->timeout_ms % 1000 / 100, !l->up && *l->last ? "; last: " : "", l->up ? "" : l->last);
	link_end(l, EXIT_TIMEOUT);
}

static void check_birth(struct link *l)
{
	if (steady_ms() < l->birth_due_ms || l->closing)
		return;
	l->birth_due_ms = INT64_MAX;
	say("not online yet: the birth message is not acknowledged");
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool link_wait(struct link *l, int64_t until_ms, int input)
{
	struct pollfd fds[] = {
		{.fd = mqttwill_fd(l->client), .events = POLLIN},
		{.fd = input, .events = POLLIN}, /* poll leaves out what is negative */
	};
	int64_t until = waits_for_ready(l) ? earlier(until_ms, l->give_up_ms) : until_ms;
	if (!l->closing)
		until = earlier(until, l->birth_due_ms);
	if (poll(fds, 2, wait_ms(until)) < 0)
		fds[1].revents = 0; /* a signal: look whether to stop */
	mqttwill_step(l->client);
	check_give_up(l);
	check_birth(l);
	return fds[1].revents != 0;
}

uint32_t link_leaving_ms(const struct link *l)
{
	int64_t left = l->give_up_ms - steady_ms();
	if (l->ended && l->code == EXIT_TIMEOUT)
		return LEAVE_LATE_MS;
	if (stopped)
		return LEAVE_STOPPED_MS;
	return left < LEAVE_LATE_MS ? LEAVE_LATE_MS : left > LEAVE_MS ? LEAVE_MS : (uint32_t)left;
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
