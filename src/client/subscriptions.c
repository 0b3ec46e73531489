/* SPDX-License-Identifier: MIT */
/*
 * The subscriptions that the broker has granted, so that they can be made again when it has lost the session.
 */
#include <stdlib.h>

#include "client/internal.h"
#include "wire/topic.h"

struct subscription {
	struct list link;
	size_t      n;
	uint8_t     options;
	uint8_t     filter[];
};

static struct subscription *subscription_of(struct list *l)
{
	return list_entry(l, struct subscription, link);
}

static struct subscription *find(const struct client *c, struct span filter)
{
	for (struct list *l = c->subscriptions.next; l != &c->subscriptions; l = l->next) {
		struct subscription *s = subscription_of(l);
		if (s->n == filter.n && memcmp(s->filter, filter.p, s->n) == 0)
			return s;
	}
	return NULL;
}

static void forget(struct client *c, struct span filter)
{
	struct subscription *s = find(c, filter);
	if (!s)
		return;
	list_remove(&s->link);
	free(s);
}

static int remember(struct client *c, const struct filter *f)
{
	struct subscription *s = find(c, f->filter);
	if (!s) {
		s = malloc(sizeof *s + f->filter.n);
		if (!s)
			return MQTTWILL_ENOMEM;
		s->n = f->filter.n;
		put_bytes(s->filter, f->filter.p, f->filter.n);
		list_push(&c->subscriptions, &s->link);
	}
	s->options = f->options;
	return 0;
}

int subscriptions_learn(struct client *c, const struct outgoing *o, const struct session_event *ev)
{
	struct packet pk;
	struct fault  fault;
	struct filter f;
	size_t        at = 0, i = 0;
	int           rc = 0;
	if (o->type == PACKET_PUBLISH || o->presence ||
	    packet_decode(&pk, c->level, FROM_CLIENT, o->bytes, o->size, &fault) < 0)
		return 0;
	for (; filter_next(&pk, &at, &f) && rc == 0; i++) {
		/* the codes are in the order of the filters [MQTT-3.9.3-1], [MQTT-3.11.3-1] */
		bool granted = i >= ev->packet.count || ev->packet.list.p[i] < REASON_FAILURE; /* UNSUBACK of 3.x has no codes */
		if (granted && o->type == PACKET_SUBSCRIBE)
			rc = remember(c, &f);
		else if (granted || o->type == PACKET_SUBSCRIBE)
			forget(c, f.filter);
	}
	return rc;
}

int subscriptions_renew(struct client *c)
{
	queue_drop_renewals(c); /* of an earlier connection, without an answer */
	for (struct list *l = c->subscriptions.prev; l != &c->subscriptions; l = l->prev) {
		struct subscription *s = subscription_of(l);
		struct filter        f = {span_of(s->filter, s->n), s->options};
		struct packet        pk = {.type = PACKET_SUBSCRIBE, .filters = &f, .count = 1};
		struct outgoing     *o;
		int                  rc = outgoing_new(&o, &pk, c->level);
		if (rc < 0)
			return rc;
		queue_push_front(c, o);
	}
	return 0;
}

bool client_subscribed(const struct client *c, struct span topic)
{
	for (struct list *l = c->subscriptions.next; l != &c->subscriptions; l = l->next) {
		const struct subscription *s = subscription_of(l);
		if (topic_match(span_of(s->filter, s->n), topic))
			return true;
	}
	return false;
}

void subscriptions_fini(struct client *c)
{
	for (struct list *l; (l = list_first(&c->subscriptions));) {
		list_remove(l);
		free(subscription_of(l));
	}
}
