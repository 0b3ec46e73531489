/* SPDX-License-Identifier: MIT */
/*
 * A plain list: what expired is found when somebody asks.
 */
#include "broker/retain.h"

#include <stdlib.h>

#include "wire/topic.h"

struct retained {
	struct list     node;
	struct message *message;
};

static void forget(struct broker *b, struct retained *r)
{
	list_remove(&r->node);
	message_release(r->message);
	free(r);
	b->retained_count--;
}

static struct retained *find(struct broker *b, struct span topic)
{
	for (struct list *n = b->retained.next; n != &b->retained; n = n->next) {
		struct retained *r = list_entry(n, struct retained, node);
		if (span_equal(r->message->topic, topic))
			return r;
	}
	return NULL;
}

void retain_store(struct broker *b, struct message *m)
{
	struct retained *old = find(b, m->topic);
	if (old)
		forget(b, old); /* [MQTT-3.3.1-5], [MQTT-3.3.1-6] */
	if (m->payload.n == 0 || b->retained_count >= BROKER_RETAINED_MAX)
		return; /* [MQTT-3.3.1-7] */
	struct retained *r = calloc(1, sizeof *r);
	if (!r)
		return;
	r->message = message_hold(m); /* the broker's, not a session's U-4.1-c */
	list_push(&b->retained, &r->node);
	b->retained_count++;
}

struct message *retain_next(struct broker *b, struct span filter, struct list **at, uint64_t now_ms)
{
	struct list *n = *at ? (*at)->next : b->retained.next;
	while (n != &b->retained) {
		struct retained *r = list_entry(n, struct retained, node);
		*at = n;
		n = n->next;
		if (message_expired(r->message, now_ms)) {
			*at = r->node.prev;
			forget(b, r);
		} else if (topic_match(filter, r->message->topic)) {
			return r->message;
		}
	}
	return NULL;
}

void retain_clear(struct broker *b)
{
	for (struct list *n; (n = list_first(&b->retained));)
		forget(b, list_entry(n, struct retained, node));
}
