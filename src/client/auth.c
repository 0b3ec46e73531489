/* SPDX-License-Identifier: MIT */
/*
 * Enhanced authentication [MQTT 5, 4.12]: the steps are the owner's, through the hook `auth`; when each is due, and what a
 * failure does to the connection, is decided here.
 */
#include "client/internal.h"

static const char *method(const struct client *c)
{
	return c->config.auth_method;
}

/* One step of the owner's; its reply is in *step until the next one. */
static int take_step(struct client *c, struct mqttwill_auth *step, uint32_t phase, const struct span *data)
{
	const char *why = NULL;
	*step = (struct mqttwill_auth){.phase = phase, .again = c->auth_token != 0, .method = method(c)};
	if (data) {
		step->data = data->p;
		step->data_len = data->n;
	}
	int rc = c->hooks->auth(c->owner, step, &why);
	if (rc < 0)
		return client_fail(c, rc, "auth: %.64s: %s", method(c), why ? why : "the function that makes it failed");
	if (phase != MQTTWILL_AUTH_SUCCESS && (step->reply_len > FIELD_MAX || (step->reply_len && !step->reply)))
		return client_fail(c, MQTTWILL_EAUTH, "auth: %.64s: the reply is NULL with a length, or longer than 65,535 bytes "
		                                      "(MQTT 5, 1.5.6)", method(c));
	return 0;
}

/* A failure on our side: the broker is told, and does not take it for a goodbye [MQTT-4.12.1-2]. */
static int give_up(struct client *c, int rc)
{
	if (c->session)
		session_disconnect(c->session, REASON_UNSPECIFIED, NULL);
	return rc;
}

/* ---- CONNECT and CONNACK ---- */

int auth_begin(struct client *c, struct props *p)
{
	struct mqttwill_auth step;
	if (!method(c))
		return 0;
	int rc = take_step(c, &step, MQTTWILL_AUTH_FIRST, NULL);
	if (rc < 0)
		return rc;
	p->has |= HAS(AUTH_METHOD) | (step.reply ? HAS(AUTH_DATA) : 0);
	p->auth_method = span_text(method(c), 0);
	p->auth_data = span_of(step.reply, step.reply_len);
	return 0;
}

static const struct span *data_of(const struct props *p)
{
	return p->has & HAS(AUTH_DATA) ? &p->auth_data : NULL;
}

int auth_connacked(struct client *c, const struct props *p)
{
	struct mqttwill_auth step;
	if (!method(c))
		return 0;
	int rc = take_step(c, &step, MQTTWILL_AUTH_SUCCESS, data_of(p));
	return rc < 0 ? give_up(c, rc) : 0;
}

/* ---- AUTH ---- */

static int reply(struct client *c, uint8_t reason, const struct mqttwill_auth *step)
{
	struct span data = span_of(step->reply, step->reply_len);
	int         rc = session_auth(c->session, reason, step->reply ? &data : NULL);
	return rc < 0 ? client_fail(c, rc, "auth: AUTH could not be built, or is larger than the broker takes") : 0;
}

/* The token's end. The sentence of an error is the last one's. */
static void settle(struct client *c, int error, struct mqttwill_event *ev)
{
	ev->type = MQTTWILL_DONE;
	ev->token = c->auth_token;
	ev->error = error;
	ev->reason_code = c->reason_code;
	c->auth_token = 0;
	outcome_remember(c, ev->token, error);
	client_emit(c, ev);
}

static int goes_on(struct client *c, const struct props *p)
{
	struct mqttwill_auth step;
	int rc = take_step(c, &step, MQTTWILL_AUTH_CONTINUE, data_of(p));
	if (rc == 0)
		rc = reply(c, REASON_CONTINUE_AUTH, &step);
	return rc < 0 ? give_up(c, rc) : 0;
}

int connection_auth(struct client *c, struct session_event *ev)
{
	struct mqttwill_auth step;
	struct props        *p = &ev->packet.props;
	if (ev->packet.reason == REASON_CONTINUE_AUTH && (p->has & HAS(REASON_STRING) || p->user_count))
		words_note(c, &ev->packet, c->auth_token);
	if (ev->packet.reason == REASON_CONTINUE_AUTH)
		return c->doomed || !c->session ? 0 : goes_on(c, p);
	int rc = take_step(c, &step, MQTTWILL_AUTH_SUCCESS, data_of(p));
	if (rc < 0)
		return give_up(c, rc);
	struct mqttwill_event told = {0};
	struct user_list      users;
	words_take(&users, p, &told);
	settle(c, 0, &told);
	users_free(&users);
	return 0;
}

/* ---- Once more ---- */

static int check_again(struct client *c)
{
	if (!method(c))
		return client_fail(c, MQTTWILL_ESTATE, "reauthenticate: the options have no auth_method (MQTT-4.12.0-7)");
	if (c->state != CLIENT_UP || !c->session || !session_is_up(c->session) || c->closing)
		return client_fail(c, MQTTWILL_ESTATE, "reauthenticate: the client is not connected, or is closing");
	if (switch_is_on(c))
		return client_fail(c, MQTTWILL_ESTATE, "reauthenticate: the will is being replaced, and a new CONNECT authenticates anyway");
	if (c->auth_token)
		return client_fail(c, MQTTWILL_ESTATE, "reauthenticate: one is running already");
	return 0;
}

int64_t client_reauthenticate(struct client *c)
{
	struct mqttwill_auth step;
	int                  rc = check_again(c);
	if (rc < 0)
		return rc;
	int64_t token = c->last_token + 1;
	c->auth_token = token; /* before the step, which it marks as one that is done again */
	rc = take_step(c, &step, MQTTWILL_AUTH_FIRST, NULL);
	if (rc == 0)
		rc = reply(c, REASON_REAUTHENTICATE, &step);
	if (rc < 0) {
		c->auth_token = 0;
		return rc;
	}
	c->last_token = token;
	c->auth_end = clock_ms() + c->config.connect_timeout_ms;
	clock_wake(c); /* there are bytes, and a deadline */
	return token;
}

uint64_t auth_deadline(const struct client *c)
{
	return c->auth_token && c->state == CLIENT_UP ? c->auth_end : UINT64_MAX;
}

int auth_tick(struct client *c)
{
	if (c->now_ms < auth_deadline(c))
		return 0;
	return give_up(c, client_fail(c, MQTTWILL_ETIMEOUT, "auth: the broker did not end the re-authentication in time"));
}

static void explain_loss(struct client *c, int rc)
{
	struct client_error why = *client_why(c);
	client_fail(c, rc, "auth: the connection was lost during re-authentication: %.200s", why.text);
}

void auth_lost(struct client *c, int error)
{
	if (!c->auth_token)
		return;
	bool told = error == MQTTWILL_EAUTH || error == MQTTWILL_ETIMEOUT; /* and that was it */
	int  rc = told ? error : error == 0 || c->closing ? MQTTWILL_ECANCELED : MQTTWILL_ELOST;
	if (rc == MQTTWILL_ECANCELED)
		client_fail(c, rc, "auth: the client was closed before the re-authentication was over");
	else if (!told)
		explain_loss(c, rc);
	struct mqttwill_event ev = {0};
	words_tell(c->words, &ev);
	settle(c, rc, &ev);
}
