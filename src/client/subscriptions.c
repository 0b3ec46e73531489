/* SPDX-License-Identifier: MIT */
/*
 * A plain list: it is walked for each message only where there are handlers, and a device has few.
 */
#include "client/subscriptions.h"

#include <stdlib.h>

#include "client/internal.h"
#include "wire/topic.h"

enum { SUBSCRIPTION_ID_MAX = 268435455 };

static const int64_t asking = INT64_MIN; /* the token is not known yet */

/* ---- The list ---- */

static struct subscription *next_of(const struct client *c, const struct subscription *s)
{
	struct list *l = s ? s->link.next : c->subscriptions.next;
	return l == &c->subscriptions ? NULL : subscription_of(l);
}

static struct subscription *find(const struct client *c, struct span filter, int64_t token)
{
	for (struct subscription *s = NULL; (s = next_of(c, s));)
		if (s->token == token && span_equal(subscription_filter(s), filter))
			return s;
	return NULL;
}

static void forget(struct client *c, struct subscription *s)
{
	c->handlers -= s->handler != NULL;
	c->reply_topics -= s->own;
	c->requests_due |= s->own; /* somebody may wait on it */
	list_remove(&s->link);
	free(s);
}

static void forget_filter(struct client *c, struct span filter, int64_t token)
{
	for (struct subscription *s; (s = find(c, filter, token));)
		forget(c, s);
}

static void forget_token(struct client *c, int64_t token)
{
	for (struct subscription *s = next_of(c, NULL), *next; s; s = next) {
		next = next_of(c, s);
		if (s->token == token)
			forget(c, s);
	}
}

bool subscription_matches(const struct subscription *s, struct span topic)
{
	return topic_match(topic_filter_plain(subscription_filter(s)), topic);
}

bool client_subscribed(const struct client *c, struct span topic)
{
	for (struct subscription *s = NULL; (s = next_of(c, s));)
		if (!s->own && subscription_matches(s, topic))
			return true;
	return false;
}

void subscriptions_fini(struct client *c)
{
	for (struct list *l; (l = list_first(&c->subscriptions));)
		forget(c, subscription_of(l));
}

/* ---- Subscription Identifiers ---- */

uint32_t subscription_id_in_force(const struct client *c, const struct subscription *s)
{
	return c->level == LEVEL_5 && !c->no_subscription_ids ? s->id : 0;
}

static bool id_in_use(const struct client *c, uint32_t id)
{
	for (struct subscription *s = NULL; (s = next_of(c, s));)
		if (s->id == id)
			return true;
	return false;
}

static uint32_t choose_id(struct client *c, const struct mqttwill_subscription *list, size_t count)
{
	for (struct subscription *s = NULL; count == 1 && (s = next_of(c, s));)
		if (s->chosen && span_equal(subscription_filter(s), span_text(list->filter, list->filter_len)))
			return s->id; /* so that what is on its way for the old handler comes to the new one */
	do
		c->last_subscription_id = c->last_subscription_id % SUBSCRIPTION_ID_MAX + 1;
	while (id_in_use(c, c->last_subscription_id));
	return c->last_subscription_id;
}

/* The one identifier of a call: the given one; where there is a handler one of ours; or none. */
static uint32_t call_id(struct client *c, const struct mqttwill_subscription *list, size_t count, bool *chosen)
{
	bool     wanted = false;
	uint32_t given = 0;
	for (size_t i = 0; i < count; i++) {
		wanted |= list[i].handler != NULL;
		given = list[i].subscription_id ? list[i].subscription_id : given;
	}
	*chosen = given == 0 && wanted && c->level == LEVEL_5 && !c->no_subscription_ids;
	if (*chosen)
		return choose_id(c, list, count);
	return client_offers(c) == LEVEL_5 ? given : 0;
}

/* ---- What the broker said that it cannot do ---- */

static bool has_wildcard(struct span filter)
{
	filter = topic_filter_plain(filter);
	return memchr(filter.p, '+', filter.n) || memchr(filter.p, '#', filter.n);
}

static int check_limits(struct client *c, struct span filter)
{
	int shown = filter.n < 100 ? (int)filter.n : 100;
	if (c->no_shared && topic_filter_plain(filter).n < filter.n) /* [MQTT 5, 3.2.2.3.13] */
		return client_fail(c, MQTTWILL_EUNSUPPORTED, "subscribe: the broker has no shared subscriptions, such as %.*s "
		                                             "(Shared Subscription Available, MQTT 5, 3.2.2.3.13)", shown, filter.p);
	if (c->no_wildcards && has_wildcard(filter)) /* [MQTT 5, 3.2.2.3.11] */
		return client_fail(c, MQTTWILL_EUNSUPPORTED, "subscribe: the broker takes no wildcards, as in %.*s "
		                                             "(Wildcard Subscription Available, MQTT 5, 3.2.2.3.11)", shown, filter.p);
	return 0;
}

static int refuse_id(struct client *c)
{
	return client_fail(c, MQTTWILL_EUNSUPPORTED, "subscribe: subscription_id is set, and the broker has no Subscription "
	                                             "Identifiers (MQTT 5, 3.2.2.3.12)");
}

static bool may_leave_out(const struct client *c, int64_t token)
{
	for (struct subscription *s = NULL; (s = next_of(c, s));)
		if (s->token == token && !s->chosen)
			return c->config.flags & MQTTWILL_ADAPT;
	return true;
}

bool subscriptions_chose_id(const struct client *c, const struct outgoing *o)
{
	bool chosen = false;
	for (struct subscription *s = NULL; o->token && (s = next_of(c, s));)
		chosen |= s->token == o->token && s->chosen;
	return chosen;
}

int subscriptions_admit(struct client *c, struct outgoing *o)
{
	struct packet pk;
	struct fault  fault;
	struct filter f;
	size_t        at = 0;
	int           rc = 0;
	bool          limited = c->no_wildcards || c->no_shared || c->no_subscription_ids;
	if (!limited || o->presence || packet_decode(&pk, o->level, FROM_CLIENT, o->bytes, o->size, &fault) < 0)
		return 0;
	while (rc == 0 && filter_next(&pk, &at, &f))
		rc = check_limits(c, f.filter);
	bool has_id = pk.props.has & HAS(SUBSCRIPTION_ID);
	if (rc < 0 || !has_id || !c->no_subscription_ids)
		return rc;
	if (!may_leave_out(c, o->token))
		return refuse_id(c);
	c->held_bytes -= o->size;
	outgoing_strip(o);
	c->held_bytes += o->size;
	return 0;
}

/* ---- Asking ---- */

static struct subscription *make(struct client *c, const struct mqttwill_subscription *from)
{
	struct span          filter = span_text(from->filter, from->filter_len);
	struct subscription *s = find(c, filter, asking); /* twice in one call: the later one counts [MQTT-3.8.4-3] */
	if (s)
		return s;
	s = calloc(1, sizeof *s + filter.n);
	if (!s)
		return NULL;
	s->n = filter.n;
	s->token = asking;
	put_bytes(s->filter, filter.p, filter.n);
	list_push(&c->subscriptions, &s->link);
	return s;
}

static uint8_t options_of(const struct mqttwill_subscription *s)
{
	int flags = (s->no_local ? OPTION_NO_LOCAL : 0) | (s->retain_as_published ? OPTION_RETAIN_AS_PUBLISHED : 0);
	return (uint8_t)(s->qos | flags | s->retain_handling << 4);
}

/* Remembers what is about to be asked for, and fills the packet's filters. */
static int note(struct client *c, const struct mqttwill_subscription *from, struct filter *f, uint32_t id, bool chosen)
{
	int                  rc = c->state == CLIENT_UP ? check_limits(c, span_text(from->filter, from->filter_len)) : 0;
	struct subscription *s = rc < 0 ? NULL : make(c, from);
	if (!s)
		return rc < 0 ? rc : client_fail(c, MQTTWILL_ENOMEM, "subscribe: no memory to remember it");
	c->handlers -= s->handler != NULL;
	c->handlers += from->handler != NULL;
	s->handler = from->handler;
	s->user = from->user;
	s->id = id;
	s->chosen = chosen;
	s->options = options_of(from);
	*f = (struct filter){subscription_filter(s), s->options};
	return 0;
}

/* What was asked for has its token now; or it came to nothing. */
static void stamp(struct client *c, int64_t token)
{
	for (struct subscription *s = NULL; token > 0 && (s = next_of(c, s));)
		if (s->token == asking)
			s->token = token;
	forget_token(c, asking);
}

static int64_t ask(struct client *c, const struct mqttwill_subscription *list, size_t count, struct filter *f)
{
	bool          chosen;
	struct packet pk = {.type = PACKET_SUBSCRIBE, .filters = f, .count = count};
	uint32_t      id = call_id(c, list, count, &chosen);
	int64_t       rc = 0;
	bool lacking = id && c->state == CLIENT_UP && c->no_subscription_ids;
	if (lacking && !(c->config.flags & MQTTWILL_ADAPT))
		rc = refuse_id(c);
	id = lacking ? 0 : id;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = note(c, &list[i], &f[i], id, chosen);
	pk.props.has = id ? HAS(SUBSCRIPTION_ID) : 0;
	pk.props.subscription_id = id;
	if (rc == 0)
		rc = client_send(c, &pk, false);
	stamp(c, rc);
	return rc;
}

int64_t client_subscribe(struct client *c, const struct mqttwill_subscription *list, size_t count)
{
	struct filter *f = calloc(count, sizeof *f);
	int64_t token = f ? ask(c, list, count, f) : client_fail(c, MQTTWILL_ENOMEM, "subscribe: no memory for the filters");
	free(f);
	return token;
}

/* ---- Answers ---- */

static void granted(struct client *c, struct span filter, int64_t token)
{
	struct subscription *s = token ? find(c, filter, token) : NULL;
	if (!s)
		return;
	for (struct subscription *old = next_of(c, NULL), *next; old; old = next) {
		next = next_of(c, old);
		if (old->token == 0 && old->own == s->own && span_equal(subscription_filter(old), filter))
			forget(c, old); /* replaced [MQTT-3.8.4-3] */
	}
	s->token = 0;
}

static void ended(struct client *c, struct span filter, int64_t token)
{
	forget_filter(c, filter, token);
	forget_filter(c, filter, 0);
}

void subscriptions_learn(struct client *c, const struct outgoing *o, const struct session_event *ev)
{
	struct packet pk;
	struct fault  fault;
	struct filter f;
	size_t        at = 0;
	if (o->type == PACKET_PUBLISH || o->presence ||
	    packet_decode(&pk, o->level, FROM_CLIENT, o->bytes, o->size, &fault) < 0)
		return;
	for (size_t i = 0; filter_next(&pk, &at, &f); i++) { /* the codes have the same order [MQTT-3.9.3-1], [MQTT-3.11.3-1] */
		bool good = i >= ev->packet.count || ev->packet.list.p[i] < REASON_FAILURE; /* UNSUBACK of 3.x has no codes */
		if (good && o->type == PACKET_SUBSCRIBE)
			granted(c, f.filter, o->token);
		else if (good || o->type == PACKET_SUBSCRIBE)
			ended(c, f.filter, o->token);
	}
}

void subscriptions_abandon(struct client *c, const struct outgoing *o)
{
	struct packet pk;
	struct fault  fault;
	struct filter f;
	size_t        at = 0;
	if (o->type != PACKET_SUBSCRIBE)
		return;
	if (o->token)
		forget_token(c, o->token);
	else if (packet_decode(&pk, o->level, FROM_CLIENT, o->bytes, o->size, &fault) == 0)
		while (filter_next(&pk, &at, &f)) /* a renewal */
			forget_filter(c, f.filter, 0);
}

int subscriptions_renew(struct client *c)
{
	queue_drop_renewals(c); /* of an earlier connection, without an answer */
	for (struct list *l = c->subscriptions.prev; l != &c->subscriptions; l = l->prev) {
		struct subscription *s = subscription_of(l);
		struct filter        f = {subscription_filter(s), s->options};
		struct packet        pk = {.type = PACKET_SUBSCRIBE, .filters = &f, .count = 1};
		struct outgoing     *o;
		if (s->token || s->leaving)
			continue; /* it is asked for anyway, or not wanted any more */
		pk.props.subscription_id = s->id;
		pk.props.has = s->id && (!s->chosen || subscription_id_in_force(c, s)) ? HAS(SUBSCRIPTION_ID) : 0;
		int rc = flight_new(&c->flight, &o, &pk, fit_renewal_level(c, &pk));
		if (rc < 0)
			return rc;
		queue_push_front(c, o);
	}
	return 0;
}

/* ---- For replies ---- */

bool subscriptions_own(const struct client *c, struct span topic)
{
	for (struct subscription *s = NULL; (s = next_of(c, s));)
		if (s->own && span_equal(subscription_filter(s), topic))
			return true;
	return false;
}

/* Replies come with the QoS that they are sent with; what is retained is no reply. */
static int64_t ask_own(struct client *c, struct subscription *s)
{
	struct filter f = {subscription_filter(s), (uint8_t)(c->session->maximum_qos | 2 << 4)};
	struct packet pk = {.type = PACKET_SUBSCRIBE, .filters = &f, .count = 1};
	s->options = f.options;
	s->own = true;
	c->reply_topics++;
	int64_t token = queue_add(c, &pk);
	s->token = token > 0 ? -token : asking;
	if (token < 0)
		forget(c, s);
	return token;
}

int64_t subscriptions_want_own(struct client *c, struct span topic)
{
	struct subscription *pending = NULL;
	for (struct subscription *s = NULL; (s = next_of(c, s));) {
		if (s->leaving || !span_equal(subscription_filter(s), topic))
			continue;
		if (s->token == 0)
			return 0;
		pending = s->own ? s : pending;
	}
	if (pending)
		return -pending->token;
	const struct mqttwill_subscription wanted = {.filter = (const char *)topic.p, .filter_len = topic.n};
	struct subscription *s = make(c, &wanted);
	return s ? ask_own(c, s) : MQTTWILL_ENOMEM;
}

static bool is_shared_with(const struct client *c, const struct subscription *own)
{
	for (struct subscription *s = NULL; (s = next_of(c, s));)
		if (!s->own && span_equal(subscription_filter(s), subscription_filter(own)))
			return true;
	return false;
}

void subscriptions_drop_own(struct client *c, struct span topic)
{
	struct subscription *s = NULL;
	while ((s = next_of(c, s)) && (!s->own || s->leaving || !span_equal(subscription_filter(s), topic)))
		;
	if (!s || c->closing)
		return;
	struct filter f = {subscription_filter(s), 0};
	struct packet pk = {.type = PACKET_UNSUBSCRIBE, .filters = &f, .count = 1};
	bool          shared = is_shared_with(c, s);
	s->leaving = true; /* until the broker has answered, what comes is late */
	if (shared || queue_add(c, &pk) < 0)
		forget(c, s);
}
