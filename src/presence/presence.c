/* SPDX-License-Identifier: MIT */
/*
 * Presence messages are never queued: each is made when it is due, and sent before all that waits.
 */
#include "presence/presence.h"

#include "wire/will.h"

enum { FIRST_PAUSE_MS = 1000, LONGEST_PAUSE_MS = 60000, CALM_MS = 300000 };

void presence_init(struct presence *p, const struct mqttwill_presence *spec, struct client *client)
{
	*p = (struct presence){
		.spec = spec,
		.client = client,
		.pause_ms = FIRST_PAUSE_MS,
		.watch = spec->self_watch ? WATCH_WANTED : WATCH_OFF,
	};
}

static int64_t state(struct presence *p, struct span payload)
{
	struct packet pk = {
		.type = PACKET_PUBLISH,
		.topic = span_text(p->spec->topic, 0),
		.payload = payload,
		.qos = presence_qos(p->spec),
		.retain = !p->spec->no_retain,
	};
	client_adapt(p->client, &pk);
	int64_t token = client_send_presence(p->client, &pk);
	if (token > 0 && pk.qos == 0) {
		int rc = client_confirm(p->client);
		p->confirming = rc == 0;
		token = rc < 0 ? rc : token;
	}
	return token;
}

static void tell(struct presence *p, int error, const char *problem)
{
	client_emit_will(p->client, error, "presence: %s (%s)", problem, p->spec->topic);
}

/* ---- The birth ---- */

static void say_online(struct presence *p)
{
	int64_t token = state(p, presence_online(p->spec));
	p->birth = token > 0 ? token : 0;
	p->stated_at = p->client->now_ms;
	p->owed = token == MQTTWILL_EFULL || token == MQTTWILL_ENOMEM; /* it is tried again; nothing goes before it */
	client_hold(p->client, p->owed || p->stale > 0); /* [W2] old statements, and the truth, go before the application's */
	p->unsendable = token < 0 && !p->owed;
}

void presence_connacked(struct presence *p, size_t stale)
{
	p->online = p->parting = false;
	p->stale = stale;
	if (stale < 2)
		say_online(p);
	else
		client_hold(p->client, true); /* enough of them: one more follows behind the last, and so they cannot pile up */
}

static void begin_watch(struct presence *p)
{
	/* our own birth comes back and is known as such; No Local would also hide a stale will of this very client id */
	struct filter f = {span_text(p->spec->topic, 0), presence_qos(p->spec)};
	struct packet pk = {.type = PACKET_SUBSCRIBE, .filters = &f, .count = 1};
	if (p->watch != WATCH_WANTED || p->parting)
		return;
	int64_t token = client_send_presence(p->client, &pk);
	p->asked |= token > 0;
	p->watch = token > 0 ? WATCH_PENDING : WATCH_WANTED;
}

static void came_online(struct presence *p)
{
	begin_watch(p);
	if (p->online)
		return;
	p->online = true;
	client_emit(p->client, &(struct mqttwill_event){.type = MQTTWILL_ONLINE});
}

static void tell_refused(struct presence *p)
{
	uint8_t reason = p->client->reason_code;
	client_emit_will(p->client, MQTTWILL_EBIRTH, "presence: the broker refused the birth message (%s): %s (0x%02x)", p->spec->topic,
	                 reason_name(PACKET_PUBACK, reason), reason);
}

static void birth_done(struct presence *p, int error)
{
	p->birth = 0;
	if (error)
		tell_refused(p);
	else
		came_online(p);
}

/* An old statement has run its course; behind the last one the truth is stated once more [W2]. */
static void stale_done(struct presence *p)
{
	if (p->stale && --p->stale == 0 && !p->goodbye) /* nothing is stated behind the goodbye */
		say_online(p);
}

static void watch_off(struct presence *p, const char *why)
{
	p->watch = WATCH_OFF;
	tell(p, MQTTWILL_EWATCH, why);
}

static void confirmed(struct presence *p)
{
	if (!p->confirming)
		return;
	p->confirming = false;
	if (p->goodbye)
		client_said_goodbye(p->client, 0);
	else if (p->birth)
		birth_done(p, 0);
}

void presence_done(struct presence *p, const struct outgoing *o, int error)
{
	if (!o) {
		confirmed(p);
	} else if (o->token == p->goodbye) {
		client_said_goodbye(p->client, error);
	} else if (o->token == p->birth) {
		birth_done(p, error);
	} else if (o->type == PACKET_SUBSCRIBE) {
		p->watch = WATCH_ON;
		if (error)
			watch_off(p, "the broker does not let the status topic be watched");
	} else {
		stale_done(p);
	}
}

/* DISCONNECT reasons that are about a message; while the birth is open, about that one. */
static bool about_birth(const struct presence *p, int error)
{
	static const uint8_t reasons[] = {REASON_NOT_AUTHORIZED, REASON_BAD_TOPIC, REASON_TOO_LARGE,
	                                  REASON_BAD_PAYLOAD_FORMAT, REASON_NO_RETAIN, REASON_NO_QOS};
	bool open = p->birth && !p->online && error == MQTTWILL_EKICKED;
	return open && memchr(reasons, p->client->reason_code, sizeof reasons);
}

int presence_lost(struct presence *p, int error)
{
	bool pending = p->watch == WATCH_PENDING;
	int  seen = about_birth(p, error) ? MQTTWILL_EBIRTH : error;
	p->birth = p->goodbye = 0;
	p->online = p->confirming = p->owed = p->unsendable = p->parting = false;
	p->restate_at = 0;
	p->stale = 0;
	if (p->spec->self_watch && p->watch != WATCH_OFF)
		p->watch = WATCH_WANTED;
	if (pending && error && !p->client->closing) /* [W4] some brokers answer a refused subscription by closing */
		watch_off(p, "the connection was lost before the broker answered the watch on the status topic");
	return seen;
}

/* ---- The goodbye ---- */

int presence_draining(struct presence *p)
{
	int64_t token = state(p, presence_offline(p->spec));
	p->restate_at = 0;
	p->owed = false;
	p->goodbye = token > 0 ? token : 0;
	p->parting = true;
	if (token == MQTTWILL_EFULL || token == MQTTWILL_ENOMEM)
		return 1; /* it is tried again until the deadline */
	return token > 0 ? 1 : (int)token;
}

/* ---- The watch ---- */

static bool same(struct span a, const void *bytes, size_t n)
{
	return a.n == n && (n == 0 || memcmp(a.p, bytes, n) == 0);
}

/* The pause grows while statements follow each other, so that two devices on one topic do not duel. */
static void plan_restatement(struct presence *p)
{
	uint64_t now = p->client->now_ms;
	if (p->restate_at)
		return;
	if (now - p->stated_at > CALM_MS)
		p->pause_ms = FIRST_PAUSE_MS;
	p->restate_at = p->stated_at + p->pause_ms > now ? p->stated_at + p->pause_ms : now;
	p->pause_ms = p->pause_ms * 2 < LONGEST_PAUSE_MS ? p->pause_ms * 2 : LONGEST_PAUSE_MS;
}

bool presence_message(struct presence *p, const struct mqttwill_message *m)
{
	struct span topic = span_of(m->topic, m->topic_len);
	if (!p->asked || !same(span_text(p->spec->topic, 0), m->topic, m->topic_len))
		return false;
	if (same(presence_online(p->spec), m->payload, m->payload_len))
		p->restate_at = 0;
	else if (p->online && !p->parting && p->watch >= WATCH_PENDING)
		plan_restatement(p);
	return !client_subscribed(p->client, topic);
}

void presence_tick(struct presence *p, uint64_t now_ms)
{
	if (p->unsendable) {
		p->unsendable = false;
		tell(p, MQTTWILL_EBIRTH, "the broker said in CONNACK that it takes no message of the birth's QoS, retain flag or size");
	}
	if (p->parting && !p->goodbye)
		presence_draining(p);
	else if (p->owed)
		say_online(p);
	if (p->online)
		begin_watch(p); /* it may have found no memory */
	if (!p->restate_at || now_ms < p->restate_at || p->parting || p->birth || p->owed)
		return;
	p->restate_at = 0;
	say_online(p);
	if (p->birth)
		tell(p, 0, "the status had turned to something else and was stated again");
}

uint64_t presence_deadline(const struct presence *p)
{
	if (p->owed)
		return p->stated_at + FIRST_PAUSE_MS;
	return p->restate_at && !p->birth && !p->parting ? p->restate_at : UINT64_MAX;
}
