/* SPDX-License-Identifier: MIT */
/*
 * Which handlers a message is for. All are found before the first is called, since a handler may do anything.
 */
#include <stdlib.h>

#include "client/subscriptions.h"

enum { FEW_HANDLERS = 8 };

struct taker {
	struct span          filter; /* alive until the first handler is called */
	mqttwill_message_fn *handler; /* NULL: the subscription has none */
	void                *user;
};

struct takers {
	struct taker *p;
	size_t        count, size;
	struct taker  few[FEW_HANDLERS];
};

static bool grow(struct takers *t)
{
	struct taker *p = malloc(2 * t->size * sizeof *p);
	if (!p)
		return false;
	for (size_t i = 0; i < t->count; i++)
		p[i] = t->p[i];
	if (t->p != t->few)
		free(t->p);
	t->p = p;
	t->size *= 2;
	return true;
}

/* A later subscription to the same filter takes the place of the one before it [MQTT-3.8.4-3]. */
static bool add(struct takers *t, const struct subscription *s)
{
	struct span filter = subscription_filter(s);
	size_t      i = 0;
	while (i < t->count && !span_equal(t->p[i].filter, filter))
		i++;
	if (i == t->size && !grow(t))
		return false;
	t->count += i == t->count;
	t->p[i] = (struct taker){filter, s->handler, s->user};
	return true;
}

enum way { BY_ID, WITHOUT_ID, BY_TOPIC };

static bool is_for(const struct client *c, const struct subscription *s, const struct mqttwill_message *m, enum way way)
{
	uint32_t id = way == BY_TOPIC ? 0 : subscription_id_in_force(c, s);
	bool     named = way != BY_ID && id == 0;
	for (size_t i = 0; way == BY_ID && id && !named && i < m->subscription_id_count; i++)
		named = m->subscription_ids[i] == id;
	/* several filters may share one identifier, so the topic counts, too */
	return named && !s->own && subscription_matches(s, span_of(m->topic, m->topic_len));
}

static bool collect(const struct client *c, struct takers *t, const struct mqttwill_message *m, enum way way)
{
	bool fits = true;
	for (struct list *l = c->subscriptions.next; fits && l != &c->subscriptions; l = l->next)
		if (is_for(c, subscription_of(l), m, way))
			fits = add(t, subscription_of(l));
	return fits;
}

/* A message without identifiers is for subscriptions without one; some brokers forget them, so then the topic alone counts. */
static bool find_all(const struct client *c, struct takers *t, const struct mqttwill_message *m)
{
	if (m->subscription_id_count)
		return collect(c, t, m, BY_ID);
	return collect(c, t, m, WITHOUT_ID) && (t->count || collect(c, t, m, BY_TOPIC));
}

static bool was_called(const struct takers *t, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (t->p[j].handler == t->p[i].handler && t->p[j].user == t->p[i].user)
			return true;
	return false;
}

static int call_all(struct client *c, const struct takers *t, const struct mqttwill_message *m)
{
	int taken = 0;
	for (size_t i = 0; i < t->count && !c->doomed; i++) {
		if (!t->p[i].handler || was_called(t, i))
			continue;
		taken = 1;
		t->p[i].handler(c->owner, m, t->p[i].user);
	}
	return taken;
}

int route_message(struct client *c, const struct mqttwill_message *m)
{
	struct takers t;
	if (c->handlers == 0)
		return 0;
	t.p = t.few;
	t.count = 0;
	t.size = FEW_HANDLERS;
	int rc = find_all(c, &t, m) ? call_all(c, &t, m) : MQTTWILL_ENOMEM;
	if (t.p != t.few)
		free(t.p);
	return rc;
}
