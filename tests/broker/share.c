/* SPDX-License-Identifier: MIT */
/*
 * There is no list of groups: a group is dealt with where its first member is met.
 */
#include "broker/share.h"

#include "broker/delivery.h"
#include "broker/subscription.h"
#include "wire/topic.h"

struct member {
	struct session      *session;
	struct subscription *subscription; /* NULL: nobody */
};

static bool is_better(const struct member *a, const struct member *than)
{
	if (!than->subscription || !a->session->link != !than->session->link)
		return !than->subscription || a->session->link;
	return a->subscription->turn < than->subscription->turn;
}

static struct member choose(const struct broker *b, struct span filter)
{
	struct member best = {0};
	for (const struct list *n = b->sessions.next; n != &b->sessions; n = n->next) {
		struct session *s = list_entry(n, struct session, node);
		struct member   m = {s, subscription_find(s, filter)};
		if (m.subscription && is_better(&m, &best))
			best = m;
	}
	return best;
}

static bool is_first(const struct broker *b, const struct session *s, struct span filter)
{
	for (const struct list *n = b->sessions.next; n != &s->node; n = n->next)
		if (subscription_find(list_entry(n, struct session, node), filter))
			return false;
	return true;
}

static void give(struct broker *b, const struct member *to, struct message *m, uint64_t now_ms)
{
	struct subscription  *sub = to->subscription;
	uint8_t               granted = sub->options & OPTION_QOS;
	struct delivery_order order = {
		.qos = m->qos < granted ? m->qos : granted, /* [MQTT-4.8.2-3] */
		.retain = m->retain && sub->options & OPTION_RETAIN_AS_PUBLISHED,
		.ids = &sub->id,
		.id_count = sub->id != 0,
	};
	sub->turn = ++b->turns;
	delivery_add(to->session, m, &order, now_ms); /* [MQTT-4.8.2-4], [MQTT-4.8.2-5], [MQTT-4.8.2-6] */
}

static void give_groups_of(struct session *s, struct message *m, uint64_t now_ms)
{
	for (struct list *n = s->subscriptions.next; n != &s->subscriptions; n = n->next) {
		struct subscription *sub = list_entry(n, struct subscription, node);
		if (!sub->shared || !topic_match(topic_filter_plain(sub->filter), m->topic) ||
		    !is_first(s->broker, s, sub->filter))
			continue;
		struct member to = choose(s->broker, sub->filter);
		give(s->broker, &to, m, now_ms);
	}
}

void share_give(struct broker *b, struct message *m, uint64_t now_ms)
{
	for (struct list *n = b->sessions.next; n != &b->sessions; n = n->next)
		give_groups_of(list_entry(n, struct session, node), m, now_ms);
}
