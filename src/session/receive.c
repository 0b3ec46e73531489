/* SPDX-License-Identifier: MIT */
/*
 * The incoming half of a session: a table from packet type to a small on_<packet>() and the state in which it is legal.
 */
#include "session/internal.h"

enum { ANY_NUMBER = UINT16_MAX + 1 }; /* there are fewer packet identifiers */

static void tell(struct session_event *ev, enum session_event_type type, int error)
{
	ev->type = (uint8_t)type;
	ev->error = error;
}

/* [MQTT311-4.8.0-1] */
void session_fail(struct session *s, struct session_event *ev, const struct fault *fault)
{
	bool may_say = s->config.level == LEVEL_5 && s->state == SESSION_UP &&
	               reason_legal(PACKET_DISCONNECT, FROM_CLIENT, fault->reason);
	if (may_say)
		session_disconnect(s, fault->reason, NULL); /* U-4.13.1-b, U-4.13.1-d */
	s->state = SESSION_OVER;
	ev->fault = *fault;
	tell(ev, SESSION_FAILED, MQTTWILL_EPROTOCOL);
}

static void fail(struct session *s, struct session_event *ev, const char *rule, const char *text)
{
	session_fail(s, ev, &(struct fault){REASON_PROTOCOL_ERROR, rule, text});
}

/* An answer of ours that found no memory: the connection cannot go on [MQTT311-4.8.0-2]. */
static void must(struct session *s, struct session_event *ev, int rc)
{
	if (rc == 0)
		return;
	s->state = SESSION_OVER;
	tell(ev, SESSION_FAILED, rc);
}

/* ---- CONNACK ---- */

/* What a refusal means for whoever must act. */
static const struct {
	uint8_t reason;
	int     error;
} refusals[] = {
	/* [MQTT-3.1.2-2], [MQTT-4.12.0-1] */
	{REASON_BAD_VERSION, MQTTWILL_EVERSION},      {REASON_BAD_CREDENTIALS, MQTTWILL_EAUTH},
	{REASON_NOT_AUTHORIZED, MQTTWILL_EAUTH},      {REASON_BANNED, MQTTWILL_EAUTH},
	{REASON_BAD_AUTH_METHOD, MQTTWILL_EAUTH},     {REASON_UNAVAILABLE, MQTTWILL_EBUSY},
	{REASON_BUSY, MQTTWILL_EBUSY},                {REASON_QUOTA, MQTTWILL_EBUSY},
	{REASON_CONNECTION_RATE, MQTTWILL_EBUSY},     {REASON_NO_RETAIN, MQTTWILL_EWILLREFUSED},
	{REASON_NO_QOS, MQTTWILL_EWILLREFUSED},       {REASON_BAD_PAYLOAD_FORMAT, MQTTWILL_EWILLREFUSED},
	{REASON_BAD_TOPIC, MQTTWILL_EWILLREFUSED},    {REASON_USE_ANOTHER_SERVER, MQTTWILL_EMOVED},
	{REASON_SERVER_MOVED, MQTTWILL_EMOVED},
};

static int refusal_error(uint8_t reason)
{
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		if (refusals[i].reason == reason)
			return refusals[i].error;
	return MQTTWILL_EREFUSED;
}

static void take_limits(struct session *s, const struct props *p)
{
	if (p->has & HAS(RECEIVE_MAXIMUM) && p->receive_maximum < s->quota) /* [MQTT-4.9.0-1] */
		s->quota = p->receive_maximum;
	if (p->has & HAS(MAXIMUM_PACKET_SIZE) && p->maximum_packet_size < s->maximum_out)
		s->maximum_out = p->maximum_packet_size;
	if (p->has & HAS(MAXIMUM_QOS))
		s->maximum_qos = p->maximum_qos;
	if (p->has & HAS(RETAIN_AVAILABLE))
		s->retain_available = p->retain_available;
	if (p->has & HAS(SERVER_KEEP_ALIVE))
		s->keep_alive_ms = p->server_keep_alive * 1000u; /* [MQTT-3.1.2-21], [MQTT-3.2.2-21] */
	uint16_t aliases = p->has & HAS(TOPIC_ALIAS_MAXIMUM) ? p->topic_alias_maximum : 0, ours = s->config.topic_alias_maximum;
	alias_out_init(&s->aliases_out, aliases < ours ? aliases : ours); /* [MQTT-3.3.2-9], [MQTT-3.2.2-17], [MQTT-3.2.2-18] */
}

static void on_connack(struct session *s, struct session_event *ev)
{
	struct packet *pk = &ev->packet;
	if (s->config.level != LEVEL_5)
		pk->reason = reason_from_return_code(pk->reason);
	tell(ev, SESSION_CONNACK, pk->reason ? refusal_error(pk->reason) : 0); /* also amid AUTH [MQTT-4.12.0-4] */
	if (ev->error) {
		s->state = SESSION_OVER; /* [MQTT-3.2.2-7], [MQTT-4.13.2-1] */
		return;
	}
	if (pk->session_present && s->clean_start) {
		fail(s, ev, "MQTT-3.2.2-2", "CONNACK: Session Present after a clean start");
		return;
	}
	const struct fault *fault = session_auth_fault(s, pk);
	if (fault) {
		session_fail(s, ev, fault);
		return;
	}
	take_limits(s, &pk->props);
	s->allowed_in = pk->session_present ? ANY_NUMBER : s->config.receive_maximum; /* a backlog: may_open() */
	inbound_init(&s->inbound, s->flight->held); /* another connection may have counted on until now */
	s->state = SESSION_UP;
}

/* ---- Messages to us ---- */

static const struct fault bad_alias = {REASON_BAD_TOPIC_ALIAS, "MQTT-3.1.2-26", "PUBLISH: a Topic Alias we did not allow"};
static const struct fault no_topic = {REASON_PROTOCOL_ERROR, "MQTT 5, 3.3.2.3.4", "PUBLISH: a Topic Alias that has no topic"};
static const struct fault too_many = {REASON_RECEIVE_MAXIMUM, "MQTT-3.3.4-9", "PUBLISH: above our Receive Maximum"};

/* The topic that is meant. Done for every PUBLISH, since one that is only acknowledged again sets its alias, too. */
static bool resolve(struct session *s, struct session_event *ev)
{
	struct packet *pk = &ev->packet;
	uint16_t       alias = pk->props.topic_alias;
	if (!(pk->props.has & HAS(TOPIC_ALIAS)))
		return true;
	/* [MQTT-3.3.2-8], [MQTT-3.1.2-26], [MQTT-3.1.2-27], [MQTT-3.3.2-11]; U-3.3.2.3.4-a */
	if (alias == 0 || alias > s->aliases_in.maximum) {
		session_fail(s, ev, &bad_alias);
		return false;
	}
	if (pk->topic.n) { /* [MQTT-3.3.2-10] */
		if (!alias_in_set(&s->aliases_in, alias, pk->topic))
			must(s, ev, MQTTWILL_ENOMEM);
		return ev->type == SESSION_NOTHING;
	}
	pk->topic = alias_in_get(&s->aliases_in, alias);
	ev->text_topic = true;
	if (!pk->topic.p)
		session_fail(s, ev, &no_topic);
	return pk->topic.p;
}

/*
 * May one more be open? A broker must not pass our Receive Maximum, but Mosquitto 2.0 gives itself all of it anew for each
 * acknowledgement it gets, and after a restart sends what a resumed session has in flight without counting. So it holds
 * strictly in a new session until we have settled something, and in each once the broker is known to have read all our
 * acknowledgements and to have nothing open. ARCHITECTURE.md tells more.
 */
static bool may_open(const struct session *s)
{
	bool told = s->config.level == LEVEL_5; /* before, the broker knows no limit, and identifiers set one */
	return !told || s->open_in < s->allowed_in;
}

void session_settled(struct session *s)
{
	if (s->open_in)
		s->open_in--;
	if (s->allowed_in < ANY_NUMBER)
		s->allowed_in += s->config.receive_maximum - 1u;
	s->settled_end = s->committed;
}

/* The broker has read every acknowledgement of ours: it may have taken the last one for a whole Receive Maximum, and no more. */
static void all_read(struct session *s)
{
	uint32_t most = s->open_in + s->config.receive_maximum;
	bool     backlog = s->allowed_in >= ANY_NUMBER && s->open_in;
	if (!backlog && s->allowed_in > most)
		s->allowed_in = most;
}

void *session_here(const struct session *s)
{
	return (void *)s->connection;
}

/* [MQTT311-4.3.3-2] */
static void on_publish(struct session *s, struct session_event *ev)
{
	struct packet *pk = &ev->packet;
	if (!resolve(s, ev))
		return;
	if (pk->qos && idtable_get(&s->inbound.ids, pk->id))
		return; /* it waits for the application, whose answer will do for both [MQTT-4.3.2-5] */
	void *known = pk->qos == 2 ? idtable_get(&s->flight->in, pk->id) : NULL;
	bool  opens = pk->qos && known != session_here(s); /* what an earlier connection left is open anew [MQTT 5, 4.9] */
	if (opens && !may_open(s)) { /* [MQTT-3.3.4-9]; U-3.3.4-a */
		session_fail(s, ev, &too_many);
		return;
	}
	s->open_in += opens;
	if (!known) {
		tell(ev, SESSION_MESSAGE, 0); /* at QoS 1 a new one, whatever its DUP says [MQTT-4.3.2-5] */
		return;
	}
	idtable_change(&s->flight->in, pk->id, session_here(s));
	must(s, ev, session_accept(s, ev)); /* [MQTT-4.3.3-10] */
}

/* [MQTT311-4.3.3-2] */
static void on_pubrel(struct session *s, struct session_event *ev)
{
	void *known = idtable_take(&s->flight->in, ev->packet.id); /* [MQTT-4.3.3-12] */
	s->open_in += known && known != session_here(s); /* it was not counted here, and is about to be settled */
	if (known)
		store_received(s->flight->store, ev->packet.id, false);
	/* [MQTT-4.3.3-11], however old the message is [MQTT-4.3.3-13] */
	must(s, ev, session_ack(s, PACKET_PUBCOMP, ev->packet.id, known ? 0 : REASON_ID_NOT_FOUND));
	if (known)
		session_settled(s);
}

/* ---- Answers to what we sent ---- */

static void done(struct session *s, struct session_event *ev, struct outgoing *o)
{
	session_resent(s, o); /* or answered before it was sent again: no matter */
	/* here and nowhere else [MQTT-4.1.0-1], also after a refusal [MQTT-4.4.0-2] */
	flight_leave(s->flight, o);
	session_resend_more(s); /* without memory it goes on when bytes have left */
	ev->outgoing = o;
	tell(ev, SESSION_DONE, ev->packet.reason >= REASON_FAILURE ? MQTTWILL_EDENIED : 0);
}

/* What is in flight under this id, if it is a message of that QoS in that state. An id that is not in use is let pass. */
static struct outgoing *in_flight(struct session *s, struct session_event *ev, uint8_t qos, uint8_t state)
{
	struct outgoing *o = idtable_get(&s->flight->out, ev->packet.id);
	if (!o || (o->type == PACKET_PUBLISH && o->qos == qos && o->state == state))
		return o;
	fail(s, ev, "MQTT-2.2.1-5", "an acknowledgement that does not fit what was sent");
	return NULL;
}

/* [MQTT311-4.3.2-1] */
static void on_puback(struct session *s, struct session_event *ev)
{
	struct outgoing *o = in_flight(s, ev, 1, OUTGOING_SENT); /* [MQTT-4.3.2-3] */
	if (o)
		done(s, ev, o);
}

/* [MQTT311-4.3.3-1] */
static void on_pubrec(struct session *s, struct session_event *ev)
{
	struct outgoing *o = idtable_get(&s->flight->out, ev->packet.id);
	if (!o && ev->packet.reason < REASON_FAILURE) /* after a failure there is nothing to release */
		must(s, ev, session_ack(s, PACKET_PUBREL, ev->packet.id, REASON_ID_NOT_FOUND));
	if (!o)
		return;
	o = in_flight(s, ev, 2, o->state);
	if (!o)
		return;
	if (ev->packet.reason >= REASON_FAILURE) { /* [MQTT-4.4.0-2] */
		done(s, ev, o);
		return;
	}
	o->state = OUTGOING_RELEASED; /* [MQTT-4.3.3-3] */
	o->reason = ev->packet.reason;
	store_released(s->flight->store, o);
	must(s, ev, session_ack(s, PACKET_PUBREL, o->id, 0)); /* [MQTT-4.3.3-4], at once [MQTT-4.6.0-4] */
}

/* [MQTT311-4.3.3-1] */
static void on_pubcomp(struct session *s, struct session_event *ev)
{
	struct outgoing *o = in_flight(s, ev, 2, OUTGOING_RELEASED); /* [MQTT-4.3.3-5] */
	if (!o)
		return;
	done(s, ev, o);
	ev->error = 0; /* the receiver had it at PUBREC; 0x92 says only that it has forgotten */
}

/* A refusal is one of the codes [MQTT311-3.8.3-2]. */
static void on_codes(struct session *s, struct session_event *ev)
{
	struct outgoing *o = idtable_get(&s->flight->out, ev->packet.id);
	bool             codes = s->config.level == LEVEL_5 || ev->packet.type == PACKET_SUBACK;
	/* each answer's type is its question's plus one [MQTT-3.8.4-2], [MQTT-3.10.4-5] */
	if (!o || o->type != ev->packet.type - 1) {
		fail(s, ev, "MQTT-2.2.1-6", "SUBACK or UNSUBACK: nothing was asked under this packet identifier");
		return;
	}
	if (codes && ev->packet.count != o->count) { /* [MQTT-3.8.4-5], [MQTT-3.10.4-6] */
		fail(s, ev, "MQTT-3.8.4-6", "SUBACK or UNSUBACK: not one code for each topic filter");
		return;
	}
	for (size_t i = 0; i < ev->packet.count; i++)
		if (ev->packet.list.p[i] >= REASON_FAILURE) /* [MQTT-3.8.4-7] */
			ev->packet.reason = ev->packet.list.p[i];
	done(s, ev, o);
}

/* ---- The rest ---- */

static void on_pingresp(struct session *s, struct session_event *ev)
{
	if (s->pings == 0)
		return;
	s->pings--;
	if (s->pings == 0 || s->sent < s->ping_end)
		s->ping_out_ms = UINT64_MAX; /* what is left is still to be written */
	if (s->pings)
		return;
	if (s->settled_end < s->ping_end)
		all_read(s);
	tell(ev, SESSION_PONG, 0);
}

static int farewell_error(const struct session *s, uint8_t reason)
{
	if (reason == REASON_TAKEN_OVER) /* [MQTT-3.1.4-3] */
		return MQTTWILL_ETAKENOVER;
	if (s->reauthenticating && (reason == REASON_NOT_AUTHORIZED || reason == REASON_BAD_AUTH_METHOD))
		return MQTTWILL_EAUTH; /* [MQTT-4.12.1-2] */
	return reason == REASON_USE_ANOTHER_SERVER || reason == REASON_SERVER_MOVED ? MQTTWILL_EMOVED : MQTTWILL_EKICKED;
}

static void on_disconnect(struct session *s, struct session_event *ev)
{
	s->state = SESSION_OVER; /* [MQTT-4.13.2-1], U-3.14.4-a */
	tell(ev, SESSION_BROKER_LEFT, farewell_error(s, ev->packet.reason));
}

static const struct {
	void (*on)(struct session *s, struct session_event *ev);
	uint8_t state; /* the only one in which the packet may come ... */
	bool    early; /* ... but that it may come before CONNACK, too [MQTT-3.2.0-1] */
} table[PACKET_TYPES] = {
	[PACKET_CONNACK] = {on_connack, SESSION_CONNECTING, false}, /* [MQTT-3.2.0-1], [MQTT-3.2.0-2] */
	[PACKET_PUBLISH] = {on_publish, SESSION_UP, false},
	[PACKET_PUBACK] = {on_puback, SESSION_UP, false},
	[PACKET_PUBREC] = {on_pubrec, SESSION_UP, false},
	[PACKET_PUBREL] = {on_pubrel, SESSION_UP, false},
	[PACKET_PUBCOMP] = {on_pubcomp, SESSION_UP, false},
	[PACKET_SUBACK] = {on_codes, SESSION_UP, false},
	[PACKET_UNSUBACK] = {on_codes, SESSION_UP, false},
	[PACKET_PINGRESP] = {on_pingresp, SESSION_UP, false},
	[PACKET_DISCONNECT] = {on_disconnect, SESSION_UP, false}, /* [MQTT-3.14.0-1] */
	[PACKET_AUTH] = {session_on_auth, SESSION_UP, true},
};

static bool has_words(const struct packet *pk)
{
	return pk->props.has & HAS(REASON_STRING) || pk->props.user_count;
}

/* What an acknowledgement that ends nothing of ours says: its words, or that the broker has forgotten what we have taken. */
static void note(struct session *s, struct session_event *ev)
{
	const struct packet *pk = &ev->packet;
	bool acknowledges = pk->type >= PACKET_PUBACK && pk->type <= PACKET_PUBCOMP && ev->type == SESSION_NOTHING;
	bool says = has_words(pk) || (pk->type == PACKET_PUBREL && pk->reason);
	if (!acknowledges || !says || s->state != SESSION_UP)
		return;
	if (pk->type == PACKET_PUBREC)
		ev->outgoing = idtable_get(&s->flight->out, pk->id);
	tell(ev, SESSION_NOTE, 0);
}

/* [MQTT-3.1.2-29]: what CONNECT asked the broker to leave out. */
static bool unwanted_words(const struct session *s, const struct packet *pk)
{
	bool may = pk->type == PACKET_PUBLISH || pk->type == PACKET_CONNACK || pk->type == PACKET_DISCONNECT;
	return s->config.no_problem_info && !may && has_words(pk);
}

const struct fault *session_unexpected(const struct session *s, uint8_t type)
{
	static const struct fault unexpected = {REASON_PROTOCOL_ERROR, "MQTT-3.2.0-1",
	                                        "a packet that may not come at this point of the connection"};
	bool early = table[type].early && s->state == SESSION_CONNECTING;
	return !table[type].on || (table[type].state != s->state && !early) ? &unexpected : NULL;
}

void session_receive(struct session *s, struct session_event *ev)
{
	if (unwanted_words(s, &ev->packet))
		fail(s, ev, "MQTT-3.1.2-29", "a Reason String or User Property where CONNECT wanted none");
	else
		table[ev->packet.type].on(s, ev);
	note(s, ev);
}
