/* SPDX-License-Identifier: MIT */
/*
 * The receive loop and the table of packets. Sending closes nothing: a link whose output overflows is marked and its
 * timer set to "now", because the sender may be in the middle of a walk over all sessions.
 */
#include "broker/link.h"

#include <stdlib.h>

#include "broker/auth.h"
#include "broker/bugs.h"
#include "broker/delivery.h"
#include "broker/session.h"
#include "broker/will.h"

enum {
	PIECE = 64 * 1024, /* input is taken in pieces of this size, so that one packet and one piece are the ceiling */
	CONNECT_HEAD = 16  /* bytes in which a CONNECT has told its level */
};

static void cut(struct broker_link *l)
{
	l->cut = true;
	timer_arm(&l->broker->timers, &l->timer, 0);
}

static bool send_packet(struct broker_link *l, const struct packet *pk)
{
	size_t size = l->cut ? 0 : packet_size(pk, l->level);
	if (size == 0 || size > l->packet_max)
		return false; /* [MQTT-3.1.2-24] */
	if (misbehave_keeps(l, pk, size))
		return true;
	uint8_t *out = buf_reserve(&l->out, size);
	if (!out) {
		cut(l);
		return false;
	}
	packet_encode(pk, l->level, out);
	buf_commit(&l->out, size);
	return true;
}

/* A topic that has an alias is left out; one that has none gets the next. What is not sent sets no alias. */
static bool send_with_alias(struct broker_link *l, const struct packet *pk)
{
	struct packet  short_pk = *pk;
	struct aliases *a = &l->aliases_out;
	uint16_t       known = aliases_find(a, pk->topic);
	if (known)
		short_pk.topic = span_of("", 0);
	short_pk.props.has |= HAS(TOPIC_ALIAS);
	short_pk.props.topic_alias = known ? known : aliases_next(a);
	if (!send_packet(l, &short_pk))
		return false;
	if (!known && !aliases_set(a, short_pk.props.topic_alias, pk->topic))
		cut(l); /* without memory the client would know more than the broker */
	return true;
}

bool link_send(struct broker_link *l, const struct packet *pk)
{
	bool alias = pk->type == PACKET_PUBLISH && l->aliases_out.maximum && pk->topic.n > 3;
	return alias ? send_with_alias(l, pk) : send_packet(l, pk);
}

void link_answer(struct broker_link *l, enum packet_type type, uint16_t id, uint8_t reason)
{
	link_send(l, &(struct packet){.type = (uint8_t)type, .id = id, .reason = reason});
}

void link_close(struct broker_link *l, uint8_t reason, const char *text, uint64_t now_ms)
{
	if (l->state == LINK_CLOSING)
		return;
	l->state = LINK_CLOSING;
	timer_arm(&l->broker->timers, &l->timer, now_ms + l->broker->options.linger_ms);
	if (!l->session)
		return;
	struct broker_event event = {
		.type = BROKER_DISCONNECTED,
		.client_id = l->session->client_id,
		.reason = reason,
		.text = text,
	};
	broker_say(l->broker, event, now_ms);
	bugs_at_end(l, reason, now_ms);
	session_detach(l->session, now_ms);
}

void link_end(struct broker_link *l, uint8_t reason, const char *text, uint64_t now_ms)
{
	struct packet pk = {.type = PACKET_DISCONNECT, .reason = reason};
	bool          says = l->state == LINK_UP && l->level == LEVEL_5;
	says = says && reason_legal(PACKET_DISCONNECT, FROM_SERVER, reason);
	broker_explain(l->broker, &pk, text);
	if (says && !link_send(l, &pk)) {
		pk.props.has &= ~HAS(REASON_STRING); /* [MQTT-3.14.2-3]: too long for the client */
		link_send(l, &pk);
	}
	link_close(l, reason, text, now_ms);
}

void link_touch(struct broker_link *l, uint64_t now_ms)
{
	if (l->cut || l->state != LINK_UP)
		return;
	if (l->keep_alive_s && !bug(l->broker, BROKER_B14)) /* [MQTT-3.1.2-22]: one and a half times */
		timer_arm(&l->broker->timers, &l->timer, now_ms + (uint64_t)l->keep_alive_s * 1500);
	else
		timer_stop(&l->broker->timers, &l->timer);
}

static void on_timeout(struct timer *t, uint64_t now_ms)
{
	struct broker_link *l = list_entry(t, struct broker_link, timer);
	if (l->cut || l->state == LINK_CLOSING)
		l->flushed = true;
	if (l->cut)
		link_close(l, REASON_QUOTA, "the client does not read", now_ms);
	else if (l->state == LINK_UP)
		link_end(l, REASON_KEEP_ALIVE_TIMEOUT, "nothing came for one and a half times the keep-alive", now_ms);
	else
		link_close(l, 0, "no CONNECT came", now_ms);
}

static void on_pingreq(struct broker_link *l, const struct packet *pk, uint64_t now_ms)
{
	(void)pk;
	(void)now_ms;
	link_answer(l, PACKET_PINGRESP, 0, 0); /* [MQTT-3.12.4-1] */
}

/*
 * The interval may change U-3.14.2.2.2-b, but not from 0; a DISCONNECT that tries is no valid one, and the will stays
 * U-3.14.2.2.2-a.
 */
static void on_disconnect(struct broker_link *l, const struct packet *pk, uint64_t now_ms)
{
	struct session *s = l->session;
	bool            changes = s && pk->props.has & HAS(SESSION_EXPIRY);
	if (changes && bug(l->broker, BROKER_B13))
		changes = s->expiry_s == 0;
	else if (changes && s->expiry_s == 0 && pk->props.session_expiry != 0) {
		link_end(l, REASON_PROTOCOL_ERROR, "a session expiry interval of 0 cannot be raised by DISCONNECT", now_ms);
		return;
	}
	if (changes)
		s->expiry_s = pk->props.session_expiry;
	bool clean = pk->reason == REASON_SUCCESS || bug(l->broker, BROKER_B10);
	if (s && clean && !bug(l->broker, BROKER_B12)) /* [MQTT-3.14.4-3]; in 3.x there is no other */
		will_delete(s, now_ms);
	link_close(l, pk->reason, "DISCONNECT", now_ms);
}

typedef void on_packet(struct broker_link *l, const struct packet *pk, uint64_t now_ms);

static const struct {
	on_packet      *on;
	enum link_state when;
	bool            early; /* before CONNACK, too, where it waits for AUTH [MQTT-3.1.2-30] */
} handlers[PACKET_TYPES] = {
	[PACKET_CONNECT] = {on_connect, LINK_NEW, false},
	[PACKET_PUBLISH] = {on_publish, LINK_UP, false},
	[PACKET_PUBACK] = {on_acknowledgement, LINK_UP, false},
	[PACKET_PUBREC] = {on_acknowledgement, LINK_UP, false},
	[PACKET_PUBREL] = {on_pubrel, LINK_UP, false},
	[PACKET_PUBCOMP] = {on_acknowledgement, LINK_UP, false},
	[PACKET_SUBSCRIBE] = {on_subscribe, LINK_UP, false},
	[PACKET_UNSUBSCRIBE] = {on_unsubscribe, LINK_UP, false},
	[PACKET_PINGREQ] = {on_pingreq, LINK_UP, false},
	[PACKET_DISCONNECT] = {on_disconnect, LINK_UP, true},
	[PACKET_AUTH] = {on_auth, LINK_UP, true},
};

static void fail(struct broker_link *l, struct span bytes, const struct fault *fault, uint64_t now_ms)
{
	if (l->state == LINK_NEW)
		connect_failed(l, bytes, fault, now_ms);
	else
		link_end(l, fault->reason, fault->text, now_ms); /* [MQTT-4.13.1-1], U-4.13.1-b */
}

static void handle(struct broker_link *l, struct span bytes, uint64_t now_ms)
{
	struct packet pk;
	struct fault  fault;
	if (packet_decode(&pk, l->level, FROM_CLIENT, bytes.p, bytes.n, &fault) < 0) {
		bugs_at_fault(l, bytes.p[0] >> 4, now_ms);
		fail(l, bytes, &fault, now_ms); /* U-4.13.1-c */
		return;
	}
	bool early = handlers[pk.type].early && l->state == LINK_AUTH;
	if (!handlers[pk.type].on || (handlers[pk.type].when != l->state && !early)) {
		/* [MQTT-3.1.0-1], [MQTT-3.1.0-2]: CONNECT comes first, and once */
		fault = (struct fault){REASON_PROTOCOL_ERROR, "MQTT-3.1.0-2", "a packet out of place"};
		bugs_at_fault(l, pk.type, now_ms);
		fail(l, bytes, &fault, now_ms);
		return;
	}
	link_touch(l, now_ms);
	l->packet = bytes;
	handlers[pk.type].on(l, &pk, now_ms);
}

/* What can be said of a packet before all of it is here. True: nothing is wrong so far. */
static bool check_head(struct broker_link *l, struct span bytes, const struct frame *f, uint64_t now_ms)
{
	static const struct fault large = {REASON_TOO_LARGE, "MQTT-3.2.2-15", "the packet is larger than announced"};
	static const struct fault first = {REASON_PROTOCOL_ERROR, "MQTT-3.1.0-1", "the first packet is not CONNECT"};
	const struct fault       *fault = NULL;
	if (l->state == LINK_NEW && f->type != PACKET_CONNECT)
		fault = &first;
	else if (f->size > broker_packet_max(l->broker) && /* U-3.2.2.3.6-a */
	         (l->state == LINK_UP || bytes.n >= CONNECT_HEAD))
		fault = &large;
	if (fault)
		fail(l, bytes, fault, now_ms);
	return !fault;
}

/* False where more bytes are needed, or no more are wanted. */
static bool take_packet(struct broker_link *l, uint64_t now_ms)
{
	static const struct fault length = {REASON_MALFORMED, "MQTT 5, 2.1.4", "the Remaining Length is malformed"};
	struct frame              f;
	struct span               bytes = span_of(buf_front(&l->in), buf_len(&l->in));
	int                       rc = frame_read(&f, l->level, bytes.p, bytes.n);
	if (rc < 0) {
		bugs_at_fault(l, 0, now_ms);
		fail(l, bytes, &length, now_ms);
	}
	if (rc <= 0 || !check_head(l, bytes, &f, now_ms) || bytes.n < f.size)
		return false;
	handle(l, span_of(bytes.p, f.size), now_ms);
	buf_take(&l->in, f.size);
	return true;
}

static void break_off(struct broker_link *l, uint64_t now_ms)
{
	link_close(l, 0, "misbehaviour", now_ms);
	misbehave_fini(l);
	buf_take(&l->out, buf_len(&l->out));
}

void broker_receive(struct broker_link *l, const uint8_t *bytes, size_t len, uint64_t now_ms)
{
	broker_tick(l->broker, now_ms);
	len = misbehave_hears(l, len);
	while (len && l->state != LINK_CLOSING && !l->cut) { /* [MQTT-3.1.4-6] */
		size_t n = len < PIECE ? len : PIECE;
		if (!buf_append(&l->in, bytes, n)) {
			link_end(l, REASON_UNSPECIFIED, "no memory", now_ms);
			break;
		}
		bytes += n;
		len -= n;
		while (l->state != LINK_CLOSING && buf_len(&l->in) && take_packet(l, now_ms))
			;
	}
	if (l->mischief.closes)
		break_off(l, now_ms);
	if (l->state == LINK_CLOSING)
		buf_fini(&l->in);
	buf_relax(&l->in);
}

struct broker_link *broker_accept(struct broker *b, uint64_t now_ms)
{
	broker_tick(b, now_ms);
	struct broker_link *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	if (!timers_join(&b->timers, 1 + MISCHIEF_TIMERS)) {
		free(l);
		return NULL;
	}
	l->broker = b;
	l->level = LEVEL_311; /* until CONNECT tells */
	l->packet_max = UINT32_MAX;
	l->timer.fire = on_timeout;
	buf_init(&l->in, (size_t)broker_packet_max(b) + PIECE);
	buf_init(&l->out, BROKER_OUTPUT_MAX);
	misbehave_begin(l);
	list_push(&b->links, &l->node);
	timer_arm(&b->timers, &l->timer, now_ms + b->options.connect_timeout_ms); /* U-3.1.4-d */
	return l;
}

size_t broker_output(const struct broker_link *l, const uint8_t **bytes)
{
	size_t n = misbehave_shows(l, buf_len(&l->out));
	*bytes = n ? buf_front(&l->out) : NULL;
	return n;
}

void broker_sent(struct broker_link *l, size_t n, uint64_t now_ms)
{
	broker_tick(l->broker, now_ms);
	l->mischief.given += n;
	buf_take(&l->out, n);
	buf_relax(&l->out);
	if (l->session)
		delivery_pump(l->session, now_ms);
}

bool broker_wants_close(const struct broker_link *l)
{
	bool idle = buf_len(&l->out) == 0 && !misbehave_holds(l);
	return l->state == LINK_CLOSING && !misbehave_is_silent(l) && (l->flushed || idle);
}

void broker_said_close(struct broker_link *l)
{
	l->said_close = true;
}

void broker_closed(struct broker_link *l, uint64_t now_ms)
{
	broker_tick(l->broker, now_ms);
	link_close(l, 0, "the network connection has gone", now_ms);
	link_free(l);
}

void link_free(struct broker_link *l)
{
	if (l->session)
		l->session->link = NULL;
	timer_stop(&l->broker->timers, &l->timer);
	misbehave_fini(l);
	timers_leave(&l->broker->timers, 1 + MISCHIEF_TIMERS);
	list_remove(&l->node);
	free(l->auth);
	buf_fini(&l->in);
	buf_fini(&l->out);
	aliases_fini(&l->aliases_in);
	aliases_fini(&l->aliases_out);
	free(l);
}
