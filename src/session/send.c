/* SPDX-License-Identifier: MIT */
/*
 * The outgoing half of a session: everything that puts bytes into the output.
 */
#include "session/session.h"

#include "session/internal.h"
#include "wire/splice.h"

/* Between CONNECT and CONNACK nothing else leaves, with or without an Authentication Method [MQTT-3.1.2-30]. */
static bool may_write(const struct session *s, uint8_t type)
{
	if (s->state == SESSION_NEW || type == PACKET_CONNECT)
		return s->state == SESSION_NEW && type == PACKET_CONNECT; /* it is the first [MQTT-3.1.0-1], and comes once */
	bool waits = s->state == SESSION_CONNECTING && type != PACKET_AUTH && type != PACKET_DISCONNECT;
	return !waits && s->state != SESSION_OVER; /* [MQTT-3.14.4-1] */
}

static int write_sized(struct session *s, const struct packet *pk, size_t size)
{
	if (!may_write(s, pk->type))
		return MQTTWILL_ESTATE;
	if (size == 0)
		return MQTTWILL_EMESSAGE;
	if (size > s->maximum_out)
		return MQTTWILL_ETOOBIG; /* [MQTT-3.2.2-15] */
	uint8_t *p = buf_reserve(&s->out, size);
	if (!p)
		return MQTTWILL_ENOMEM;
	packet_encode(pk, s->config.level, p);
	buf_commit(&s->out, size);
	s->committed += size;
	return 0;
}

int session_write(struct session *s, const struct packet *pk)
{
	return write_sized(s, pk, packet_size(pk, s->config.level));
}

static int write_bytes(struct session *s, const uint8_t *bytes, size_t n)
{
	if (!may_write(s, bytes[0] >> 4))
		return MQTTWILL_ESTATE;
	if (n > s->maximum_out)
		return MQTTWILL_ETOOBIG; /* [MQTT-3.2.2-15] */
	if (!buf_append(&s->out, bytes, n))
		return MQTTWILL_ENOMEM;
	s->committed += n;
	return 0;
}

/* With an alias, if all that is sent fits into what the broker takes and MQTT can say. 0, MQTTWILL_ENOMEM, or 1: it does not. */
static int write_aliased(struct session *s, const uint8_t *bytes, size_t n, uint16_t alias, bool bare)
{
	size_t size = splice_size(bytes, n, bare);
	if (size == 0 || size > s->maximum_out)
		return 1;
	uint8_t *p = buf_reserve(&s->out, size);
	if (!p)
		return MQTTWILL_ENOMEM;
	splice_write(bytes, n, alias, bare, p);
	buf_commit(&s->out, size);
	s->committed += size;
	return 0;
}

/* The alias for a topic, and whether the peer knows it already (*bare); 0: none. */
static uint16_t choose_alias(struct session *s, struct span topic, bool *bare)
{
	if (topic.n < ALIAS_TOPIC_MIN)
		return 0;
	uint16_t alias = alias_out_find(&s->aliases_out, topic); /* from 1 [MQTT-3.3.2-8] */
	*bare = alias;
	return alias ? alias : alias_out_give(&s->aliases_out, topic);
}

/* Presence says two messages on a connection: an alias would cost more memory than it saves bytes. */
static bool may_have_alias(const struct session *s, const struct outgoing *o)
{
	return s->aliases_out.maximum && s->state != SESSION_OVER && o->type == PACKET_PUBLISH && !o->presence;
}

/* A PUBLISH of the application with an alias where that makes it shorter in the long run. */
static int write_outgoing(struct session *s, const struct outgoing *o)
{
	bool     bare;
	uint16_t alias = may_have_alias(s, o) ? choose_alias(s, outgoing_topic(o), &bare) : 0;
	if (!alias)
		return write_bytes(s, o->bytes, o->size);
	int rc = write_aliased(s, o->bytes, o->size, alias, bare);
	if (rc && !bare)
		alias_out_withdraw(&s->aliases_out, alias);
	return rc > 0 ? write_bytes(s, o->bytes, o->size) : rc;
}

static int write_plainly(struct session *s, const struct packet *pk)
{
	size_t size = packet_size(pk, s->config.level);
	int    rc = session_takes(s, size, pk->qos, pk->retain);
	return rc < 0 ? rc : write_sized(s, pk, size);
}

/* The alias stands in a copy; what is not written leaves none behind. */
static int write_with_alias(struct session *s, const struct packet *pk)
{
	struct packet aliased;
	bool          bare;
	uint16_t      alias = s->state == SESSION_OVER ? 0 : choose_alias(s, pk->topic, &bare);
	if (!alias)
		return write_plainly(s, pk);
	memcpy(&aliased, pk, offsetof(struct packet, connect)); /* the CONNECT part is large, and counts for CONNECT alone */
	aliased.props = pk->props;
	aliased.props.has |= HAS(TOPIC_ALIAS);
	aliased.props.topic_alias = alias;
	if (bare)
		aliased.topic = span_of("", 0);
	int rc = write_plainly(s, &aliased);
	if (rc < 0 && !bare)
		alias_out_withdraw(&s->aliases_out, alias);
	return rc == MQTTWILL_ETOOBIG || rc == MQTTWILL_EMESSAGE ? write_plainly(s, pk) : rc;
}

int session_connect(struct session *s, const struct packet *connect)
{
	int rc = session_write(s, connect); /* once [MQTT-3.1.0-2] */
	if (rc < 0)
		return rc;
	s->clean_start = connect->connect.clean_start;
	s->keep_alive_ms = connect->connect.keep_alive * 1000u;
	s->auth_method = connect->props.has & HAS(AUTH_METHOD) ? connect->props.auth_method : span_of(NULL, 0);
	s->state = SESSION_CONNECTING;
	return 0;
}

int session_ack(struct session *s, uint8_t type, uint16_t id, uint8_t reason)
{
	/* every acknowledgement without reason and properties is these four bytes, in each version */
	uint8_t bytes[4] = {(uint8_t)(type << 4 | (type == PACKET_PUBREL ? 2 : 0)), 2}; /* [MQTT-3.6.1-1] */
	put_u16(bytes + 2, id); /* [MQTT-2.2.1-5] */
	if (reason == 0 || s->config.level != LEVEL_5)
		return write_bytes(s, bytes, sizeof bytes);
	/*
	 * Never with a Reason String or User Properties: [MQTT-3.4.2-2], [MQTT-3.4.2-3], [MQTT-3.5.2-2], [MQTT-3.5.2-3],
	 * [MQTT-3.6.2-2], [MQTT-3.6.2-3], [MQTT-3.7.2-2], [MQTT-3.7.2-3]
	 */
	return session_write(s, &(struct packet){.type = type, .id = id, .reason = reason});
}

static uint32_t open_here(const struct session *s)
{
	return s->flight->open - s->waiting_open;
}

bool session_has_room(const struct session *s, uint8_t qos, bool presence)
{
	if (s->state != SESSION_UP || (!presence && (s->waiting || buf_len(&s->out) >= SESSION_OUTPUT_SOFT)))
		return false;
	if (qos == 0)
		return true; /* [MQTT-4.9.0-3], [MQTT-3.3.4-8] */
	bool     spare = s->config.reserve && !presence && s->quota > 1;
	uint32_t quota = s->quota - (spare ? 1u : 0u);
	/* [MQTT-3.3.4-7], [MQTT-4.9.0-2] */
	return open_here(s) < quota && s->flight->out.count < UINT16_MAX - (presence ? 0u : 1u);
}

int session_takes(const struct session *s, size_t size, uint8_t qos, bool retain)
{
	if (size > s->maximum_out)
		return MQTTWILL_ETOOBIG; /* [MQTT-3.2.2-15] */
	if (qos > s->maximum_qos || (retain && !s->retain_available))
		return MQTTWILL_EMESSAGE; /* [MQTT-3.2.2-11], [MQTT-3.2.2-14] */
	return 0;
}

int session_still_takes(const struct session *s, const struct outgoing *o)
{
	bool publish = o->type == PACKET_PUBLISH;
	if (o->state == OUTGOING_RELEASED) /* PUBREL has no limits */
		return 0;
	return session_takes(s, o->size, publish ? o->qos : 0, publish && o->bytes[0] & 1);
}

int session_send(struct session *s, struct outgoing *o)
{
	int rc = session_still_takes(s, o);
	if (rc < 0)
		return rc;
	if (o->id_at == 0) { /* once, and forgotten [MQTT-4.3.1-1] */
		rc = write_outgoing(s, o);
		o->end = s->committed;
		return rc;
	}
	rc = flight_enter(s->flight, o);
	if (rc < 0)
		return rc;
	rc = write_outgoing(s, o);
	if (rc < 0)
		flight_leave(s->flight, o);
	else
		store_sent(s->flight->store, o);
	return rc;
}

int session_publish(struct session *s, const struct packet *pk)
{
	return s->aliases_out.maximum ? write_with_alias(s, pk) : write_plainly(s, pk);
}

void session_resent(struct session *s, struct outgoing *o)
{
	s->waiting -= o->waiting;
	s->waiting_open -= o->waiting && o->type == PACKET_PUBLISH;
	o->waiting = false;
}

/*
 * What was sent once must be sent again [MQTT-4.4.0-1], however late it is. 0 would do for an interval that has run out, but
 * there are brokers that take 0 for "never".
 */
enum { LEAST_EXPIRY_S = 1 };

/* Whatever makes a session send again also tells it the time. */
static uint64_t latest_ms(const struct session *s)
{
	return s->last_in_ms > s->last_out_ms ? s->last_in_ms : s->last_out_ms;
}

/* [MQTT311-4.4.0-1] */
static int resend(struct session *s, struct outgoing *o)
{
	int rc;
	if (o->state == OUTGOING_RELEASED) { /* [MQTT-4.3.3-6] */
		rc = session_ack(s, PACKET_PUBREL, o->id, 0);
	} else {
		/* its identifier stands in it [MQTT-4.4.0-1] */
		o->bytes[0] |= o->type == PACKET_PUBLISH ? 0x08 : 0; /* [MQTT-3.3.1-1] */
		outgoing_spend(o, latest_ms(s), LEAST_EXPIRY_S); /* less, and never nothing [MQTT-4.3.3-7] */
		rc = write_outgoing(s, o);
	}
	if (rc == 0)
		session_resent(s, o);
	return rc;
}

int session_resend_more(struct session *s)
{
	int rc = 0;
	/* [MQTT-4.6.0-1] */
	for (struct list *l = s->flight->sent.next; rc == 0 && s->waiting && l != &s->flight->sent; l = l->next) {
		struct outgoing *o = list_entry(l, struct outgoing, link);
		if (!o->waiting)
			continue;
		/* [MQTT-3.3.4-7] */
		if (s->state != SESSION_UP || open_here(s) >= s->quota || buf_len(&s->out) >= SESSION_OUTPUT_SOFT)
			break;
		rc = resend(s, o);
	}
	return rc;
}

void session_mark_resend(struct session *s, const struct list *last)
{
	bool again = last != &s->flight->sent;
	s->waiting = s->waiting_open = 0;
	for (struct list *l = s->flight->sent.next; l != &s->flight->sent; l = l->next) {
		struct outgoing *o = list_entry(l, struct outgoing, link);
		o->waiting = again;
		s->waiting += again;
		s->waiting_open += again && o->type == PACKET_PUBLISH;
		again &= l != last; /* [MQTT-4.4.0-1] */
	}
}

int session_resend(struct session *s, const struct list *last)
{
	if (s->state != SESSION_UP)
		return MQTTWILL_ESTATE;
	session_mark_resend(s, last);
	return session_resend_more(s);
}

int session_ping(struct session *s)
{
	static const uint8_t pingreq[] = {PACKET_PINGREQ << 4, 0};
	int rc = write_bytes(s, pingreq, sizeof pingreq);
	if (rc < 0)
		return rc;
	s->ping_end = s->committed; /* what runs already for an earlier one goes on */
	if (s->pings < UINT8_MAX)
		s->pings++;
	return 0;
}

int session_disconnect(struct session *s, uint8_t reason, const uint32_t *session_expiry)
{
	/* never with a Reason String or User Properties [MQTT-3.14.2-3], [MQTT-3.14.2-4] */
	struct packet pk = {.type = PACKET_DISCONNECT, .reason = reason};
	if (reason && s->config.level != LEVEL_5)
		return MQTTWILL_EUNSUPPORTED;
	if (session_expiry && s->config.level == LEVEL_5) {
		pk.props.has = HAS(SESSION_EXPIRY);
		pk.props.session_expiry = *session_expiry;
	}
	int rc = session_write(s, &pk);
	s->state = SESSION_OVER;
	return rc;
}
