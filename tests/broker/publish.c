/* SPDX-License-Identifier: MIT */
/*
 * Each session gets one copy of a message, however many of its subscriptions match; shared ones are for themselves.
 */
#include "broker/publish.h"

#include "broker/delivery.h"
#include "broker/retain.h"
#include "broker/share.h"
#include "broker/subscription.h"

static void give(struct session *s, struct message *m, uint64_t now_ms)
{
	struct match match;
	if (s->deaf || !subscription_match(s, m, &match))
		return;
	struct delivery_order order = {
		.qos = m->qos < match.qos ? m->qos : match.qos, /* [MQTT-3.8.4-8] */
		.retain = m->retain && match.retain_as_published, /* [MQTT-3.3.1-12], [MQTT-3.3.1-13] */
		.ids = match.ids,
		.id_count = match.id_count,
	};
	delivery_add(s, m, &order, now_ms);
}

void publish_message(struct broker *b, struct message *m, uint64_t now_ms)
{
	message_stamp(m, now_ms);
	if (m->retain && !m->unstored) /* [MQTT-3.3.1-8] */
		retain_store(b, m);
	if (acl_check(&b->acl, ACL_SUBSCRIBE, m->topic) != ACL_ALLOW)
		return;
	/* whether they are connected or not [MQTT-4.5.0-1] */
	for (struct list *n = b->sessions.next; n != &b->sessions; n = n->next)
		give(list_entry(n, struct session, node), m, now_ms);
	share_give(b, m, now_ms);
}
