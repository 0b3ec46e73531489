/* SPDX-License-Identifier: MIT */
/*
 * The way out. What was accepted is delivered first, then the goodbye is said and acknowledged, then DISCONNECT 0x00
 * leaves [W3]. Where the deadline comes first, the client leaves so that the broker speaks for it.
 */
#include <stdlib.h>

#include "client/internal.h"
#include "client/request.h"

enum { DEFAULT_TIMEOUT_MS = 5000 };

static int check_closing(struct client *c, const struct mqttwill_closing *how)
{
	if (how->goodbye > MQTTWILL_GOODBYE_ABORT)
		return client_fail(c, MQTTWILL_EINVAL, "close: there is no such goodbye");
	if (how->has & ~(uint32_t)MQTTWILL_HAS_SESSION_EXPIRY)
		return client_fail(c, MQTTWILL_EINVAL, "close: has may be MQTTWILL_HAS_SESSION_EXPIRY only");
	if (!(how->has & MQTTWILL_HAS_SESSION_EXPIRY))
		return 0;
	if (c->level != LEVEL_5)
		return client_fail(c, MQTTWILL_EUNSUPPORTED, "close: session_expiry_s needs MQTT 5");
	/* U-3.14.2.2.2-a */
	if (how->session_expiry_s && c->config.session_expiry_s == 0)
		return client_fail(c, MQTTWILL_EINVAL, "close: session_expiry_s was 0 at CONNECT and must stay 0 (MQTT 5, 3.14.2.2.2)");
	return 0;
}

int client_close(struct client *c, const struct mqttwill_closing *how)
{
	static const struct mqttwill_closing plain;
	int rc = check_closing(c, how ? how : &plain);
	if (rc < 0)
		return rc;
	if (c->state == CLIENT_IDLE || c->closing)
		return client_fail(c, MQTTWILL_ESTATE, "close: the client is %s", c->closing ? "closing already" : "not started");
	c->how = how ? *how : plain;
	if (c->how.timeout_ms == 0)
		c->how.timeout_ms = DEFAULT_TIMEOUT_MS;
	c->closing = CLOSING_ASKED;
	c->close_error = 0;
	c->close_reason = 0;
	clock_wake(c);
	return 0;
}

void client_hurry(struct client *c, uint32_t timeout_ms)
{
	uint64_t now = clock_ms(), end = now + timeout_ms;
	bool     asked = c->closing == CLOSING_ASKED; /* its time has not begun to run */
	if (!c->closing || (asked ? timeout_ms >= c->how.timeout_ms : end >= c->close_end))
		return;
	c->how.timeout_ms = timeout_ms;
	c->close_end = end;
	if (c->close_half > now + timeout_ms / 2)
		c->close_half = now + timeout_ms / 2;
	if (c->closing == CLOSING_LEAVING && c->attempt_end > end)
		c->attempt_end = end;
	clock_wake(c);
}

/* ---- Ways to leave ---- */

static void begin_leaving(struct client *c, uint8_t left)
{
	c->left = left;
	c->closing = CLOSING_LEAVING;
	c->state = CLIENT_FINISHING;
	c->attempt_end = c->close_end;
}

static void leave_now(struct client *c, uint8_t left, bool reset)
{
	c->left = left;
	connection_reset(c, 0, reset);
	leave_done(c);
}

static void cut(struct client *c, bool reset)
{
	leave_now(c, MQTTWILL_LEFT_CUT, reset);
}

static const uint32_t *new_expiry(const struct client *c)
{
	return c->how.has & MQTTWILL_HAS_SESSION_EXPIRY ? &c->how.session_expiry_s : NULL;
}

static void leave_clean(struct client *c)
{
	if (session_disconnect(c->session, REASON_SUCCESS, new_expiry(c)) < 0)
		cut(c, false);
	else
		begin_leaving(c, MQTTWILL_LEFT_CLEAN);
}

/* So that the broker speaks: 0x04 where it can still be written whole, otherwise no DISCONNECT at all. */
static void leave_to_will(struct client *c)
{
	bool stuck = driver_flush(c) < 0 || buf_len(&c->session->out) > 0;
	if (c->level != LEVEL_5 || stuck || session_disconnect(c->session, REASON_WITH_WILL, new_expiry(c)) < 0 ||
	    driver_flush(c) < 0 || buf_len(&c->session->out) > 0)
		cut(c, false);
	else
		begin_leaving(c, MQTTWILL_LEFT_WITH_WILL);
}

/* ---- Steps ---- */

/* How the close went wrong; the first reason counts, with all that is known of it. No sentence: the last error's. */
static void fail_close(struct client *c, int error, const char *why)
{
	if (c->close_error)
		return;
	if (why)
		client_fail(c, error, "close: %s", why);
	c->close_error = error;
	client_keep_error(c, &c->close_why);
	c->close_reason = c->reason_code;
	words_free(c->close_words);
	c->close_words = c->words;
	c->words = NULL;
}

static void on_asked(struct client *c)
{
	uint32_t timeout = c->how.timeout_ms;
	c->close_end = c->now_ms + timeout;
	c->close_half = c->now_ms + (c->how.goodbye == MQTTWILL_GOODBYE_ABORT ? 0 : timeout / 2);
	c->closing = CLOSING_SWITCH;
}

static void on_switch(struct client *c)
{
	if (!switch_let_go(c))
		return;
	if (c->state == CLIENT_WAITING || c->state == CLIENT_OPENING) {
		leave_now(c, MQTTWILL_LEFT_ALREADY, false);
	} else if (c->state == CLIENT_GREETING || c->how.goodbye == MQTTWILL_GOODBYE_ABORT) {
		cut(c, c->how.goodbye == MQTTWILL_GOODBYE_ABORT);
	} else if (c->state == CLIENT_FINISHING) { /* DISCONNECT 0x00 of a foreign session is on its way */
		if (c->config.presence && c->how.goodbye == MQTTWILL_GOODBYE_OFFLINE)
			fail_close(c, MQTTWILL_ELOST, "there was no connection to say goodbye on");
		begin_leaving(c, MQTTWILL_LEFT_CLEAN);
	} else {
		c->closing = CLOSING_DRAIN;
	}
}

static void say_goodbye(struct client *c)
{
	int rc = c->how.goodbye == MQTTWILL_GOODBYE_OFFLINE ? c->hooks->draining(c->owner) : 0;
	if (c->how.goodbye == MQTTWILL_GOODBYE_WITH_WILL) {
		leave_to_will(c);
	} else if (rc < 0) {
		fail_close(c, rc, "the goodbye could not be sent");
		leave_to_will(c);
	} else if (rc == 0) {
		leave_clean(c);
	} else {
		c->closing = CLOSING_GOODBYE;
	}
}

/* Some time before the end, so that DISCONNECT 0x04 can still leave in time. */
static uint64_t last_moment(const struct client *c)
{
	uint32_t margin = c->how.timeout_ms / 10;
	return c->close_end - (margin < 200 ? margin : 200);
}

/* QoS 0 has no acknowledgement, but a broker that forbids a message may answer it with DISCONNECT: that is worth hearing. */
static bool ask_first(struct client *c)
{
	bool message = c->how.goodbye == MQTTWILL_GOODBYE_OFFLINE && c->config.presence; /* its acknowledgement will do */
	return c->unconfirmed && !message && session_ping(c->session) == 0;
}

static void on_drain(struct client *c)
{
	if (c->held_messages && c->now_ms < c->close_half)
		return;
	c->confirmed = false;
	if (ask_first(c))
		c->closing = CLOSING_CONFIRM;
	else
		say_goodbye(c);
}

static void on_confirm(struct client *c)
{
	if (c->confirmed || c->now_ms >= last_moment(c))
		say_goodbye(c);
}

static void on_goodbye(struct client *c)
{
	if (c->goodbye_done && c->goodbye_error == 0) {
		leave_clean(c);
	} else if (c->goodbye_done) {
		leave_to_will(c);
	} else if (c->now_ms >= last_moment(c)) {
		fail_close(c, MQTTWILL_ETIMEOUT, "the goodbye was not acknowledged in time");
		leave_to_will(c);
	}
}

void leave_step(struct client *c)
{
	static void (*const steps[])(struct client *c) = {
		[CLOSING_ASKED] = on_asked,
		[CLOSING_SWITCH] = on_switch,
		[CLOSING_DRAIN] = on_drain,
		[CLOSING_CONFIRM] = on_confirm,
		[CLOSING_GOODBYE] = on_goodbye,
	};
	for (uint8_t before = CLOSING_NO; c->closing != before && c->closing != CLOSING_LEAVING && !c->doomed;) {
		before = c->closing; /* a step may be over at once, and the next one due */
		if (before == CLOSING_NO)
			return;
		steps[before](c);
	}
}

uint64_t leave_deadline(const struct client *c)
{
	switch (c->closing) {
	case CLOSING_ASKED:
		return 0;
	case CLOSING_DRAIN: /* the last message may have left behind this turn's look */
		return c->held_messages ? c->close_half : 0;
	case CLOSING_SWITCH:
		return c->close_half;
	case CLOSING_CONFIRM:
	case CLOSING_GOODBYE:
		return last_moment(c);
	default:
		return UINT64_MAX; /* the driver's own deadline holds */
	}
}

void client_said_goodbye(struct client *c, int error)
{
	durable_touch(c);
	c->goodbye_done = true;
	c->goodbye_error = error;
	if (error)
		fail_close(c, error, "the broker refused the goodbye");
}

/* ---- The end ---- */

static uint32_t last_due(const struct client *c)
{
	/* only DISCONNECT 0x04 tells the broker of a new expiry */
	bool     told = c->left == MQTTWILL_LEFT_WITH_WILL && c->how.has & MQTTWILL_HAS_SESSION_EXPIRY;
	uint32_t expiry = told ? c->how.session_expiry_s : c->session_expiry_s;
	uint32_t delay = c->left == MQTTWILL_LEFT_ALREADY ? c->pending_delay_s : c->will_delay_s;
	uint32_t due = delay < expiry ? delay : expiry; /* [MQTT-3.1.2-8], U-3.1.2.5-d */
	if (c->left == MQTTWILL_LEFT_CLEAN || delay == UINT32_MAX)
		return UINT32_MAX;
	if (c->left != MQTTWILL_LEFT_ALREADY)
		return c->level == LEVEL_5 ? due : 0;
	uint64_t gone_s = (c->now_ms - c->lost_at) / 1000;
	return gone_s < due ? due - (uint32_t)gone_s : 0;
}

/* A will that was left behind with another server counts, too. */
static uint32_t will_due(const struct client *c)
{
	uint32_t due = last_due(c);
	uint64_t abroad = c->servers.abroad_due;
	uint64_t left_s = abroad > c->now_ms ? (abroad - c->now_ms + 999) / 1000 : UINT32_MAX;
	return left_s < due ? (uint32_t)left_s : due;
}

/* Which way it went, where the connection ended before the client closed it. */
void leave_lost(struct client *c, int error)
{
	bool whole = c->session && buf_len(&c->session->out) == 0;
	if (c->closing == CLOSING_LEAVING && whole)
		return;
	bool greeted = c->state >= CLIENT_GREETING; /* before CONNECT there was nothing to cut */
	if (greeted && c->how.goodbye != MQTTWILL_GOODBYE_ABORT)
		fail_close(c, error, NULL);
	c->left = greeted ? MQTTWILL_LEFT_CUT : MQTTWILL_LEFT_ALREADY;
}

void leave_done(struct client *c)
{
	requests_cancel(c);
	queue_cancel(c);
	bool unsaid = c->left == MQTTWILL_LEFT_CUT || (c->left == MQTTWILL_LEFT_ALREADY && c->up_at);
	if (unsaid && c->config.presence && c->how.goodbye == MQTTWILL_GOODBYE_OFFLINE)
		fail_close(c, MQTTWILL_ELOST, "there was no connection to say goodbye on");
	if (c->close_error)
		client_take_error(c, c->close_error, &c->close_why); /* not what the DONE events said */
	struct mqttwill_event ev = {
		.type = MQTTWILL_CLOSED,
		.error = c->close_error,
		.reason_code = c->close_error ? c->close_reason : 0,
		.left = c->left,
		.will_due_s = will_due(c),
		.undelivered = c->undelivered,
	};
	if (c->close_error)
		words_tell(c->close_words, &ev);
	c->state = CLIENT_IDLE;
	c->closing = CLOSING_NO;
	c->goodbye_done = c->resumable = c->room_wanted = c->room_of_ends = false;
	client_emit(c, &ev);
}
