/* SPDX-License-Identifier: MIT */
/*
 * A plain list for each session: the stub is for tests, and clarity comes first.
 */
#include "broker/subscription.h"

#include <stdlib.h>

#include "wire/topic.h"

struct subscription *subscription_find(const struct session *s, struct span filter)
{
	for (const struct list *n = s->subscriptions.next; n != &s->subscriptions; n = n->next) {
		struct subscription *sub = list_entry(n, struct subscription, node);
		if (span_equal(sub->filter, filter))
			return sub;
	}
	return NULL;
}

static struct subscription *add(struct session *s, struct span filter)
{
	bool                 room = s->subscription_count < BROKER_SUBSCRIPTIONS_MAX;
	struct subscription *sub = room ? calloc(1, sizeof *sub + filter.n) : NULL;
	if (!sub)
		return NULL;
	put_bytes((uint8_t *)(sub + 1), filter.p, filter.n);
	sub->filter = span_of(sub + 1, filter.n);
	list_push(&s->subscriptions, &sub->node);
	s->subscription_count++;
	return sub;
}

struct subscription *subscription_set(struct session *s, struct span filter, uint8_t options, uint32_t id,
                                      bool *existed)
{
	struct subscription *sub = subscription_find(s, filter);
	*existed = sub != NULL;
	if (!sub)
		sub = add(s, filter);
	if (!sub)
		return NULL;
	sub->options = options; /* [MQTT-3.8.4-3] */
	sub->id = id;
	return sub;
}

static void drop(struct session *s, struct subscription *sub)
{
	list_remove(&sub->node);
	s->subscription_count--;
	free(sub);
}

/* What was begun is the session's and goes on [MQTT-3.10.4-3]. */
bool subscription_remove(struct session *s, struct span filter)
{
	struct subscription *sub = subscription_find(s, filter);
	if (sub)
		drop(s, sub); /* [MQTT-3.10.4-1], [MQTT-3.10.4-2] */
	return sub != NULL;
}

void subscription_clear(struct session *s)
{
	for (struct list *n; (n = list_first(&s->subscriptions));)
		drop(s, list_entry(n, struct subscription, node));
}

bool subscription_is_local(const struct session *s, const struct subscription *sub, const struct message *m)
{
	/* [MQTT-3.8.3-3] */
	return sub->options & OPTION_NO_LOCAL && span_equal(s->client_id, m->publisher);
}

bool subscription_match(const struct session *s, const struct message *m, struct match *match)
{
	bool any = false;
	match->qos = 0;
	match->retain_as_published = false;
	match->id_count = 0;
	for (const struct list *n = s->subscriptions.next; n != &s->subscriptions; n = n->next) {
		const struct subscription *sub = list_entry(n, struct subscription, node);
		if (sub->shared || !topic_match(sub->filter, m->topic) || subscription_is_local(s, sub, m)) /* [MQTT-3.3.2-3] */
			continue;
		any = true;
		if (match->qos < (sub->options & OPTION_QOS)) /* [MQTT-3.3.4-2] */
			match->qos = sub->options & OPTION_QOS;
		match->retain_as_published |= sub->options & OPTION_RETAIN_AS_PUBLISHED;
		if (sub->id)
			match->ids[match->id_count++] = sub->id;
	}
	return any;
}
