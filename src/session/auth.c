/* SPDX-License-Identifier: MIT */
/*
 * AUTH in both directions, and what CONNACK says of it [MQTT 5, 4.12]. Which method it is CONNECT has said; what the data
 * mean is not known here.
 */
#include "session/internal.h"

static bool has_method(const struct session *s)
{
	return s->auth_method.p != NULL;
}

static bool same_method(const struct session *s, const struct props *p)
{
	return p->has & HAS(AUTH_METHOD) && p->auth_method.n == s->auth_method.n &&
	       !memcmp(p->auth_method.p, s->auth_method.p, s->auth_method.n);
}

static const struct fault unasked = {REASON_PROTOCOL_ERROR, "MQTT-4.12.0-6",
                                     "an Authentication Method, and CONNECT had none"};
static const struct fault other = {REASON_PROTOCOL_ERROR, "MQTT-4.12.0-5", "not the Authentication Method of CONNECT"};
static const struct fault early_end = {REASON_PROTOCOL_ERROR, "MQTT 5, 4.12", "AUTH: before CONNACK it can only continue"};
static const struct fault idle = {REASON_PROTOCOL_ERROR, "MQTT 5, 4.12.1", "AUTH: no re-authentication has begun"};

const struct fault *session_auth_fault(const struct session *s, const struct packet *pk)
{
	bool named = pk->props.has & HAS(AUTH_METHOD);
	if (!has_method(s))
		return named ? &unasked : NULL; /* [MQTT-4.12.0-6], U-3.15-a */
	return same_method(s, &pk->props) ? NULL : &other; /* [MQTT-4.12.0-5] */
}

/* What the AUTH of the broker's breaks; wire has found the method and a reason code that a broker may send. */
static const struct fault *auth_fault(const struct session *s, const struct packet *pk)
{
	const struct fault *fault = session_auth_fault(s, pk);
	if (fault)
		return fault;
	if (s->state == SESSION_CONNECTING)
		return pk->reason == REASON_CONTINUE_AUTH ? NULL : &early_end; /* [MQTT-4.12.0-2] */
	return s->reauthenticating ? NULL : &idle;
}

void session_on_auth(struct session *s, struct session_event *ev)
{
	const struct fault *fault = auth_fault(s, &ev->packet);
	if (fault) {
		session_fail(s, ev, fault);
		return;
	}
	if (ev->packet.reason == REASON_SUCCESS)
		s->reauthenticating = false;
	ev->type = SESSION_AUTH;
}

/* Our AUTH fits: an answer while there is something to answer, a beginning [MQTT-4.12.1-1] where nothing runs. */
static bool may_send(const struct session *s, uint8_t reason)
{
	if (!has_method(s)) /* [MQTT-4.12.0-7] */
		return false;
	if (reason == REASON_REAUTHENTICATE)
		return s->state == SESSION_UP && !s->reauthenticating; /* no other code than these two [MQTT-3.15.2-1] */
	return reason == REASON_CONTINUE_AUTH && (s->state == SESSION_CONNECTING || s->reauthenticating); /* [MQTT-4.12.0-3] */
}

int session_auth(struct session *s, uint8_t reason, const struct span *data)
{
	struct packet pk = {.type = PACKET_AUTH, .reason = reason};
	if (!may_send(s, reason))
		return MQTTWILL_ESTATE;
	/* never with a Reason String or User Properties [MQTT-3.15.2-2], [MQTT-3.15.2-3] */
	pk.props.has = HAS(AUTH_METHOD) | (data ? HAS(AUTH_DATA) : 0);
	pk.props.auth_method = s->auth_method; /* [MQTT-4.12.0-5], [MQTT-4.12.1-1] */
	if (data)
		pk.props.auth_data = *data;
	if (packet_size(&pk, s->config.level) > s->maximum_out)
		return MQTTWILL_ETOOBIG; /* [MQTT-3.2.2-15] */
	int rc = session_write(s, &pk);
	if (rc == 0 && reason == REASON_REAUTHENTICATE)
		s->reauthenticating = true;
	return rc;
}
