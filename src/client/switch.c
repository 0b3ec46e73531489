/* SPDX-License-Identifier: MIT */
/*
 * The will is replaced while the client is connected. Where the broker keeps session and will for a while, a second
 * connection takes the session over, and there is no moment without a will; otherwise the client leaves with DISCONNECT 0x00
 * and comes back. The second connection is served by the same functions as the first: for as long as they run it stands in
 * the first one's place.
 */
#include "base/error.h"
#include "client/internal.h"

enum { SETTLE_MS = 5000, LEAVE_MS = 2000 };

/* ---- Two connections ---- */

static void exchange(struct client *c)
{
	struct second first = {c->link, c->session, c->attempt_end, c->will_delay_s, c->state, c->finished, c->ended};
	struct second *s = &c->update.second;
	c->link = s->link;
	c->session = s->session;
	c->attempt_end = s->attempt_end;
	c->will_delay_s = s->will_delay_s;
	c->state = s->state;
	c->finished = s->finished;
	c->ended = s->ended;
	*s = first;
}

static bool is_taking_over(const struct client *c)
{
	return c->update.second.link;
}

static void drop_second(struct client *c)
{
	if (!is_taking_over(c))
		return;
	exchange(c);
	driver_close(c, false);
	exchange(c);
	c->update.second = (struct second){0};
}

/* The second one becomes the client's connection; the first one, which stands in its place now, is over. */
static void promote(struct client *c)
{
	connection_retire(c);
	exchange(c);
	c->update.second = (struct second){0};
	c->update.silent_loss = true;
	c->lost_error = 0;
}

void switch_fini(struct client *c)
{
	drop_second(c);
	c->update.step = UPDATE_NONE;
}

void switch_forget(struct client *c)
{
	if (!is_taking_over(c))
		return;
	exchange(c);
	driver_forget(c);
	exchange(c);
}

void switch_watch(struct client *c)
{
	if (!is_taking_over(c))
		return;
	exchange(c);
	driver_watch(c);
	exchange(c);
}

uint64_t switch_deadline(struct client *c)
{
	if (c->update.step == UPDATE_SETTLING)
		return c->update.settle_end;
	if (!is_taking_over(c))
		return UINT64_MAX;
	exchange(c);
	uint64_t due = driver_deadline(c);
	exchange(c);
	return due;
}

bool switch_is_on(const struct client *c)
{
	return c->update.step > UPDATE_ASKED && c->update.step < UPDATE_NEXT;
}

bool switch_holds(const struct client *c)
{
	uint8_t step = c->update.step;
	return step == UPDATE_ASKING || step == UPDATE_GREETING || step == UPDATE_SETTLING;
}

/* ---- How it ends ---- */

static void settle(struct client *c, bool dropped)
{
	c->update.step = UPDATE_NONE;
	c->hooks->will_settled(c->owner, dropped);
}

/* Was it the will that the broker, or the check, had something against? The credentials were good a moment ago. */
static bool is_about_will(const struct client *c, int error)
{
	return error == MQTTWILL_EWILL || error == MQTTWILL_EWILLREFUSED || error == MQTTWILL_ETOOBIG ||
	       (error == MQTTWILL_EAUTH && c->reason_code == REASON_NOT_AUTHORIZED);
}

/* A refused CONNECT takes nothing over, and what fails before it does not either. */
static void tell_failed(struct client *c, int error, const char *why)
{
	bool dropped = is_about_will(c, error);
	settle(c, dropped);
	client_emit_will(c, error, "will: the former one stays in force, %s: %.200s",
	                 dropped ? "and the new one is dropped" : "until the next CONNECT brings the new one", why);
	connection_forget_reason(c);
}

/* PINGREQ behind all that was sent: it is answered where the broker has read that far, and still serves this connection. */
static int ask_first(struct client *c)
{
	c->confirmed = false;
	int rc = session_ping(c->session);
	return rc < 0 ? client_fail(c, rc, "ping: no memory") : 0;
}

static void give_up(struct client *c, int error)
{
	bool                unanswered = c->update.step == UPDATE_GREETING && c->reason_code == 0;
	struct client_error why = *client_why(c);
	drop_second(c);
	if (c->again) { /* the next one is another CONNECT than that which was refused */
		c->again = false;
		c->update.step = UPDATE_ASKED;
		connection_forget_reason(c);
		return;
	}
	c->update.crossed = unanswered;
	c->doubtful |= unanswered; /* it may have begun a session anew */
	if (unanswered && ask_first(c) == 0) {
		c->update.step = UPDATE_DOUBTING;
		c->update.doubt = error;
	} else {
		tell_failed(c, error, why.text);
	}
}

/* Had the broker let the second one in, the first one would have ended before its PINGRESP. */
static int on_doubting(struct client *c, bool ready)
{
	(void)ready;
	if (c->confirmed)
		tell_failed(c, c->update.doubt, "connack: the second connection ended, or had no answer in time");
	return 0;
}

static void tell_armed(struct client *c, uint64_t unarmed_ms)
{
	const char *what = c->will_delay_s == UINT32_MAX ? "there is no will any more" : "the new will is in force";
	if (unarmed_ms)
		client_emit_will(c, 0, "will: %s; for %llu ms there was none", what, (unsigned long long)unarmed_ms);
	else
		client_emit_will(c, 0, "will: %s", what);
}

void switch_armed(struct client *c)
{
	struct update was = c->update;
	c->update.crossed = false;
	if (was.step == UPDATE_NONE || was.step == UPDATE_ASKED)
		return;
	settle(c, false);
	tell_armed(c, was.step == UPDATE_UNARMED ? c->now_ms - was.unarmed_at + (c->now_ms == was.unarmed_at) : 0);
}

/* ---- The second connection ---- */

static int open_second(struct client *c)
{
	exchange(c);
	int rc = driver_open(c);
	exchange(c);
	c->update.step = UPDATE_OPENING;
	return rc;
}

bool switch_may_greet(struct client *c)
{
	struct update *u = &c->update;
	if (u->step == UPDATE_OPENING)
		u->step = UPDATE_ASKING;
	else if (u->step == UPDATE_ASKING && c->confirmed)
		u->step = UPDATE_GREETING;
	return u->step != UPDATE_ASKING;
}

static int serve_in_place(struct client *c, bool ready)
{
	int rc = driver_run(c, ready);
	if (rc == 0 && c->link && !c->doomed && c->state == CLIENT_GREETING)
		rc = driver_flush(c);
	return rc;
}

/* The will was refused as it is, and goes with less. */
static int offer_again(struct client *c)
{
	drop_second(c);
	connection_forget_reason(c);
	return open_second(c);
}

/* An error: of the connection that has taken the first one's place. */
static int serve_second(struct client *c, bool ready)
{
	uint8_t before = c->update.step;
	exchange(c);
	int rc = serve_in_place(c, ready);
	if (!is_taking_over(c))
		return rc; /* it stays */
	exchange(c);
	if (rc == 0 && before == UPDATE_OPENING && c->update.step == UPDATE_ASKING)
		rc = ask_first(c);
	if (rc == MQTTWILL_ETIMEOUT && c->update.step == UPDATE_ASKING)
		client_fail(c, rc, "ping: the broker did not answer PINGREQ on the first connection in time");
	if (rc < 0 && c->again) {
		c->again = false;
		rc = offer_again(c);
	}
	if (rc < 0)
		give_up(c, rc);
	return 0;
}

void switch_accepted(struct client *c)
{
	if (!is_taking_over(c))
		return;
	exchange(c);
	driver_drain(c); /* what the broker said on the first one before it turned to the second */
	promote(c);
}

bool switch_outlives(struct client *c)
{
	if (c->update.step != UPDATE_GREETING || !is_taking_over(c))
		return false;
	promote(c); /* most likely this is the take-over, and CONNACK is on its way */
	c->update.step = UPDATE_NEXT;
	return true;
}

/* ---- Without a second connection ---- */

static bool session_stays(const struct client *c)
{
	if (c->level == LEVEL_5)
		return c->session_expiry_s > 0 && c->config.rejoin != MQTTWILL_REJOIN_CLEAN;
	return c->config.rejoin == MQTTWILL_REJOIN_ALWAYS;
}

static bool is_settled(const struct client *c)
{
	bool heard = !c->session || c->session->inbound.ids.count == 0; /* with MQTTWILL_MANUAL_ACK: acknowledged */
	return list_empty(&c->flight.sent) && c->flight.in.count == 0 && heard;
}

/* A session that ends must not have anything halfway, as far as that can be had. */
static int settle_first(struct client *c)
{
	c->update.settle_end = c->now_ms + SETTLE_MS;
	c->update.step = UPDATE_SETTLING;
	return 0;
}

static int leave_unarmed(struct client *c)
{
	c->update.step = UPDATE_UNARMED;
	c->update.unarmed_at = c->now_ms;
	c->will_delay_s = UINT32_MAX; /* [MQTT-3.14.4-3] */
	c->state = CLIENT_FINISHING;
	c->attempt_end = c->now_ms + LEAVE_MS;
	int rc = session_disconnect(c->session, REASON_SUCCESS, NULL);
	return rc < 0 ? client_fail(c, rc, "will: no memory for DISCONNECT") : 0;
}

static int on_settling(struct client *c, bool ready)
{
	(void)ready;
	bool due = session_stays(c) || is_settled(c) || c->now_ms >= c->update.settle_end;
	return due ? leave_unarmed(c) : 0;
}

bool switch_left(const struct client *c, int error)
{
	bool left = c->update.step == UPDATE_UNARMED && c->state == CLIENT_FINISHING && c->finished;
	return left && (c->ended || error == MQTTWILL_ETIMEOUT);
}

/* ---- The steps ---- */

/* Why a take-over would have the old will published, or would find no session; NULL: it would not. */
static const char *unfit(const struct client *c)
{
	if (c->level != LEVEL_5)
		return "before MQTT 5 a take-over has the old will published (MQTT 3.1.1, 3.1.2.5)";
	if (c->config.rejoin == MQTTWILL_REJOIN_CLEAN)
		return "rejoin is MQTTWILL_REJOIN_CLEAN, and a clean start has the old will published (MQTT 5, 3.1.2.5)";
	if (c->session_expiry_s == 0)
		return "the session expiry interval in force is 0, so a take-over has the old will published (MQTT 5, 3.1.4)";
	if (c->will_delay_s == 0)
		return "the will in force has no delay, so a take-over has it published (MQTT 5, 3.1.4)";
	return NULL;
}

static int may_begin(struct client *c, bool may_unarm)
{
	const char *why = may_unarm ? NULL : unfit(c);
	if (!why)
		return 0;
	return client_fail(c, MQTTWILL_ESTATE, "update_will: %s; MQTTWILL_ALLOW_UNARMED allows a moment without a will", why);
}

static int begin(struct client *c, bool ready)
{
	(void)ready;
	if (c->state != CLIENT_UP || c->lost_error || c->auth_token)
		return 0; /* there is one exchange of enhanced authentication at a time */
	int rc = may_begin(c, c->update.may_unarm); /* CONNACK may have come since the call */
	if (rc == 0)
		rc = unfit(c) ? settle_first(c) : open_second(c);
	if (rc < 0)
		give_up(c, rc);
	return 0;
}

int switch_step(struct client *c, bool ready)
{
	static int (*const steps[])(struct client *c, bool ready) = {
		[UPDATE_ASKED] = begin,          [UPDATE_OPENING] = serve_second,  [UPDATE_ASKING] = serve_second,
		[UPDATE_GREETING] = serve_second, [UPDATE_DOUBTING] = on_doubting, [UPDATE_SETTLING] = on_settling,
		[UPDATE_NEXT] = NULL,
	};
	int rc = 0;
	for (uint8_t before = UPDATE_NONE; rc == 0 && !c->doomed && c->update.step != before;) {
		before = c->update.step;
		if (steps[before])
			rc = steps[before](c, ready);
	}
	return rc;
}

bool switch_lost(struct client *c, int *error)
{
	struct update *u = &c->update;
	bool           attempt = c->state == CLIENT_OPENING || c->state == CLIENT_GREETING;
	bool           dropped = attempt && u->step >= UPDATE_UNARMED && !c->again && is_about_will(c, *error);
	if (*error == MQTTWILL_ETAKENOVER && u->crossed) /* by ourselves: no reason to wait for a rival */
		*error = client_fail(c, MQTTWILL_ELOST, "the broker took the session over for a second connection that was given up");
	drop_second(c);
	if (u->step == UPDATE_UNARMED && (attempt || switch_left(c, *error)))
		; /* still to be armed */
	else if (u->step != UPDATE_NONE)
		u->step = UPDATE_NEXT;
	if (dropped)
		settle(c, true);
	return dropped;
}

void switch_tell_dropped(struct client *c, const struct client_error *why)
{
	client_emit_will(c, why->code, "will: the new one is dropped, the next CONNECT has the former one: %.200s", why->text);
}

bool switch_let_go(struct client *c)
{
	if (c->update.step == UPDATE_GREETING && is_taking_over(c) && c->now_ms < c->close_half)
		return false;
	drop_second(c);
	c->update.step = UPDATE_NONE;
	return true;
}

/* ---- The call ---- */

int client_may_update(struct client *c, bool may_unarm)
{
	if (c->closing)
		return client_fail(c, MQTTWILL_ESTATE, "update_will: the client is closing");
	if (c->update.step != UPDATE_NONE && c->state >= CLIENT_GREETING)
		return client_fail(c, MQTTWILL_ESTATE, "update_will: another one is under way; its WILL event will tell how it ends");
	return c->state == CLIENT_UP ? may_begin(c, may_unarm) : 0;
}

int client_update(struct client *c, bool may_unarm)
{
	if (c->state < CLIENT_GREETING)
		return 0;
	c->update.step = UPDATE_ASKED;
	c->update.may_unarm = may_unarm;
	clock_wake(c);
	return MQTTWILL_PENDING;
}
