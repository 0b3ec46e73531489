/* SPDX-License-Identifier: MIT */
/*
 * After a loss: what is kept, what is told, and when the next attempt begins. servers.c has the back-off and says where to.
 */
#include <stdio.h>

#include "base/error.h"
#include "client/internal.h"

/* Errors that the next attempt will meet again unless somebody acts. */
static bool is_permanent(int error)
{
	static const int permanent[] = {
		MQTTWILL_EWILL, MQTTWILL_ETOOBIG, MQTTWILL_EAUTH,       MQTTWILL_EVERSION, MQTTWILL_EWILLREFUSED,
		MQTTWILL_EBIRTH, MQTTWILL_ECERT, MQTTWILL_EMOVED,  MQTTWILL_EUNSUPPORTED, MQTTWILL_EREFUSED,
	};
	for (size_t i = 0; i < sizeof permanent / sizeof permanent[0]; i++)
		if (permanent[i] == error)
			return true;
	return false;
}

/* A session that outlives the connection may be resumed until it expires. */
static void remember_session(struct client *c, bool was_up)
{
	if (!was_up)
		return;
	c->lost_at = c->now_ms;
	c->pending_delay_s = c->will_delay_s;
	durable_touch(c);
	c->resumable = c->level == LEVEL_5 ? c->session_expiry_s > 0 : c->config.rejoin == MQTTWILL_REJOIN_ALWAYS;
}

/* What there is to tell of a loss. */
struct loss {
	struct client_error why;
	char                server[SERVER_TEXT]; /* that was lost */
	uint8_t             phase;
	bool                was_up;   /* it had its CONNACK */
	bool                believed; /* UP was told last */
};

static void tell_lost(struct client *c, int error, const struct loss *l, bool permanent)
{
	struct mqttwill_event ev = {
		.type = l->believed ? MQTTWILL_DOWN : MQTTWILL_RETRY,
		.error = error,
		.reason_code = c->reason_code,
		.retry_in_ms = (uint32_t)(c->retry_at - c->now_ms),
		.permanent = permanent,
		.phase = l->phase,
	};
	words_tell(c->words, &ev);
	client_emit(c, &ev);
}

/*
 * A broker that answers the end of our bytes with the end of its own has ended the foreign session. One that has had the time
 * and does not close is taken to have, too: otherwise the client would never come to a session of its own.
 */
static bool foreign_ended(const struct client *c, int error)
{
	return c->restart && c->finished && (c->ended || error == MQTTWILL_ETIMEOUT);
}

int connection_reset(struct client *c, int error, bool reset)
{
	if (c->restart && !foreign_ended(c, error))
		c->clean_next = false; /* Clean Start 1 would have the broker publish the will that is still pending */
	c->doubtful |= c->state == CLIENT_GREETING;
	c->restart = c->hold = c->unconfirmed = false;
	queue_unsent(c);
	driver_close(c, reset);
	auth_lost(c, error);
	return c->hooks->lost(c->owner, error);
}

/* The next attempt is another one than that which failed: it need not wait. */
static void go_on(struct client *c, const struct loss *l)
{
	*client_why(c) = l->why;
	tell_lost(c, l->why.code, l, false);
}

/* Where there are several servers, the sentence names the one that failed, and the next. */
static void name_servers(struct client *c, const struct loss *l, bool permanent)
{
	struct client_error said = *client_why(c);
	uint64_t            wait = c->retry_at - c->now_ms;
	char                next[SERVER_TEXT], when[40] = "at once";
	if (c->servers.count < 2)
		return;
	if (wait && wait < 1000)
		snprintf(when, sizeof when, "in %llu ms", (unsigned long long)wait);
	else if (wait)
		snprintf(when, sizeof when, "in %llu.%llu s", (unsigned long long)wait / 1000, (unsigned long long)wait % 1000 / 100);
	client_fail(c, said.code, "%.240s (%s)%s; next is %s, %s", said.text, l->server,
	            permanent ? "; no server is left that would mend itself" : "", server_name(c, next), when);
}

static void plan_next(struct client *c, const struct loss *l, int seen, bool mended, bool stays)
{
	bool hopeless = is_permanent(seen) && !mended;
	bool permanent = servers_lost(c, seen, l->believed, hopeless, stays);
	*client_why(c) = l->why;
	if (seen != l->why.code)
		client_fail(c, seen, "%s: %.200s", error_text(seen), l->why.text);
	name_servers(c, l, permanent);
	tell_lost(c, seen, l, permanent);
}

void connection_forget_reason(struct client *c)
{
	c->reason_code = 0;
	words_free(c->words);
	c->words = NULL;
}

void connection_retire(struct client *c)
{
	remember_session(c, true);
	connection_reset(c, 0, false);
	queue_connection_lost(c);
	connection_forget_reason(c);
}

/* What ended is still there. */
static void look(struct client *c, struct loss *l)
{
	l->was_up = c->state == CLIENT_UP || (c->state == CLIENT_FINISHING && !c->restart);
	l->believed = l->was_up || c->update.silent_loss;
	l->phase = l->was_up ? MQTTWILL_PHASE_UP : driver_phase(c);
	server_name(c, l->server);
}

void connection_lost(struct client *c, int error)
{
	struct loss l;
	look(c, &l);
	bool closing = c->closing; /* a callback below may close, which then begins anew */
	bool left = switch_left(c, error);
	bool at_once = left || foreign_ended(c, error);
	bool dropped = switch_lost(c, &error);
	client_why(c)->code = error;
	bool other = version_fall(c, error, client_why(c)) || c->again; /* by the same server */
	bool settled = closing || left || other;
	enum redirection way = settled ? REDIRECT_NO : redirect_lost(c, error, l.was_up, words_server(c->words));
	l.why = *client_why(c);
	if (closing)
		leave_lost(c, error);
	other |= way == REDIRECT_AT_ONCE;
	c->again = false;
	remember_session(c, l.was_up);
	int seen = connection_reset(c, left ? 0 : error, false);
	queue_connection_lost(c);
	c->update.silent_loss = at_once && l.believed;
	c->state = CLIENT_WAITING;
	c->retry_at = c->now_ms;
	if (closing)
		leave_done(c);
	else if (other)
		go_on(c, &l);
	else if (!at_once)
		plan_next(c, &l, seen, dropped || way == REDIRECT_LATER, way != REDIRECT_NO);
	if (dropped)
		switch_tell_dropped(c, &l.why);
	connection_forget_reason(c);
}
