/* SPDX-License-Identifier: MIT */
/*
 * After a loss: what is kept, what is told, and when the next attempt begins. The back-off doubles, has jitter, and is
 * reset by a connection that lasted, never by CONNACK alone.
 */
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

/* Half of the wait is certain, half is chance, so that a thousand devices do not come back at once. */
static uint32_t jitter(struct client *c, uint32_t wait_ms)
{
	return wait_ms / 2 + clock_random(c, wait_ms / 2 + 1);
}

static uint32_t backoff(struct client *c, int error, bool was_up, bool permanent)
{
	const struct client_config *g = &c->config;
	if (was_up && c->now_ms - c->up_at >= g->stable_ms)
		c->failures = 0;
	uint32_t shift = c->failures < 20 ? c->failures : 20;
	uint64_t wait = (uint64_t)g->backoff_min_ms << shift;
	c->failures++;
	if (error == MQTTWILL_ETAKENOVER && wait < g->takeover_backoff_ms)
		return jitter(c, g->takeover_backoff_ms); /* or two devices with one client id duel for ever */
	if (wait > g->backoff_max_ms || permanent)
		wait = g->backoff_max_ms;
	return jitter(c, (uint32_t)wait);
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

static void tell_lost(struct client *c, int error, bool was_up, bool permanent)
{
	struct mqttwill_event ev = {
		.type = was_up ? MQTTWILL_DOWN : MQTTWILL_RETRY,
		.error = error,
		.reason_code = c->reason_code,
		.retry_in_ms = (uint32_t)(c->retry_at - c->now_ms),
		.permanent = permanent,
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
static void go_on(struct client *c, const struct client_error *why, bool was_up)
{
	c->error = *why;
	tell_lost(c, why->code, was_up, false);
}

static void plan_next(struct client *c, const struct client_error *why, int seen, bool was_up, bool mended)
{
	bool permanent = is_permanent(seen) && !mended;
	c->retry_at = c->now_ms + backoff(c, seen, was_up, permanent);
	c->error = *why;
	if (seen != why->code)
		client_fail(c, seen, "%s: %.200s", error_text(seen), why->text);
	tell_lost(c, seen, was_up, permanent);
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

void connection_lost(struct client *c, int error)
{
	bool was_up = c->state == CLIENT_UP || (c->state == CLIENT_FINISHING && !c->restart);
	bool believed = was_up || c->update.silent_loss; /* UP was told last */
	bool closing = c->closing; /* a callback below may close, which then begins anew */
	bool left = switch_left(c, error);
	bool at_once = left || foreign_ended(c, error);
	bool dropped = switch_lost(c, &error);
	c->error.code = error;
	bool other = version_fall(c, error, &c->error) || c->again; /* by the same server */
	enum redirection way = closing || left || other ? REDIRECT_NO : redirect_lost(c, error, was_up, words_server(c->words));
	struct client_error why = c->error;
	if (closing)
		leave_lost(c, error);
	other |= way == REDIRECT_AT_ONCE;
	c->again = false;
	remember_session(c, was_up);
	int seen = connection_reset(c, left ? 0 : error, false);
	queue_connection_lost(c);
	c->update.silent_loss = at_once && believed;
	c->state = CLIENT_WAITING;
	c->retry_at = c->now_ms;
	if (closing)
		leave_done(c);
	else if (other)
		go_on(c, &why, believed);
	else if (!at_once)
		plan_next(c, &why, seen, believed, dropped || way == REDIRECT_LATER);
	if (dropped)
		switch_tell_dropped(c, &why);
	connection_forget_reason(c);
}
