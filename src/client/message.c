/* SPDX-License-Identifier: MIT */
/*
 * A received PUBLISH as the application sees it: strings become C strings in place, nothing is copied.
 */
#include <stdlib.h>

#include "client/internal.h"
#include "client/request.h"
#include "client/subscriptions.h"

static void fill_properties(struct mqttwill_message *m, struct props *p)
{
	m->message_expiry_s = p->has & HAS(MESSAGE_EXPIRY) ? p->message_expiry : 0;
	m->payload_format = p->has & HAS(PAYLOAD_FORMAT) ? p->payload_format : 0;
	m->has = (p->has & HAS(MESSAGE_EXPIRY) ? MQTTWILL_HAS_MESSAGE_EXPIRY : 0u) |
	         (p->has & HAS(PAYLOAD_FORMAT) ? MQTTWILL_HAS_PAYLOAD_FORMAT : 0u);
	if (p->has & HAS(CONTENT_TYPE)) {
		m->content_type_len = p->content_type.n;
		m->content_type = span_terminate(&p->content_type);
	}
	if (p->has & HAS(RESPONSE_TOPIC)) {
		m->response_topic_len = p->response_topic.n;
		m->response_topic = span_terminate(&p->response_topic);
	}
	if (p->has & HAS(CORRELATION_DATA)) {
		m->correlation_data = p->correlation_data.p;
		m->correlation_data_len = p->correlation_data.n;
	}
}

enum { FEW_IDS = 16 };

struct id_list {
	uint32_t *p;
	size_t    count;
	uint32_t  few[FEW_IDS];
};

/* The Subscription Identifiers [MQTT-3.3.4-4]; before user properties are taken. False: no memory. */
static bool ids_take(struct id_list *list, const struct props *p)
{
	struct property_item item;
	size_t               n = 0;
	list->p = list->few;
	list->count = p->has & HAS(SUBSCRIPTION_ID) ? p->subscription_id_count : 0;
	if (list->count > FEW_IDS)
		list->p = calloc(list->count, sizeof *list->p);
	for (size_t at = 0; list->p && list->count && property_next(p->raw, &at, &item);)
		if (item.property == PROPERTY_SUBSCRIPTION_ID)
			list->p[n++] = item.number;
	return list->p;
}

static void ids_free(struct id_list *list)
{
	if (list->p != list->few)
		free(list->p);
}

/* To whom it belongs: presence or a request (1, it is the library's own), a handler, or whoever hears events. */
static int hand_over(struct client *c, const struct mqttwill_message *m)
{
	if (c->hooks->message(c->owner, m) || requests_take(c, m))
		return 1;
	int rc = route_message(c, m);
	if (rc < 0)
		return client_fail(c, rc, "message: no memory for its many handlers");
	if (rc == 0)
		client_emit(c, &(struct mqttwill_event){.type = MQTTWILL_MESSAGE, .message = m});
	return 0;
}

static int deliver(struct client *c, struct session_event *ev, int64_t ack, const struct user_list *users,
                   const struct id_list *ids)
{
	struct packet          *pk = &ev->packet;
	struct mqttwill_message m = {
		.topic_len = pk->topic.n,
		.payload = pk->payload.p,
		.payload_len = pk->payload.n,
		.user_properties = users->count ? users->p : NULL,
		.user_property_count = users->count,
		.qos = pk->qos,
		.retain = pk->retain,
		.dup = pk->dup,
		.subscription_ids = ids->count ? ids->p : NULL,
		.subscription_id_count = ids->count,
		.ack = ack,
	};
	fill_properties(&m, &pk->props);
	m.topic = ev->text_topic ? (const char *)pk->topic.p : span_terminate(&pk->topic);
	return hand_over(c, &m);
}

static int take_and_deliver(struct client *c, struct session_event *ev, int64_t ack, const struct id_list *ids)
{
	struct user_list users;
	if (!users_take(&users, &ev->packet.props))
		return client_fail(c, MQTTWILL_ENOMEM, "message: no memory for %zu user properties", users.count);
	int rc = deliver(c, ev, ack, &users, ids);
	users_free(&users);
	return rc;
}

/* At once, or, where the application acknowledges, only what is not its own. */
static int acknowledge(struct client *c, const struct session_event *ev, int64_t ack, bool own)
{
	if (ack && !own)
		return 0;
	/* whatever the application made of it [MQTT-4.5.0-2] */
	int rc = ack ? session_settle(c->session, ack, REASON_SUCCESS) : session_accept(c->session, ev);
	return rc < 0 ? client_fail(c, rc, "message: no memory to acknowledge it") : 0;
}

int connection_message(struct client *c, struct session_event *ev)
{
	struct id_list ids;
	int64_t        ack = c->config.flags & MQTTWILL_MANUAL_ACK ? session_hold(c->session, ev) : 0;
	if (ack < 0)
		return client_fail(c, (int)ack, "message: no memory to remember that it is not acknowledged");
	if (!ids_take(&ids, &ev->packet.props))
		return client_fail(c, MQTTWILL_ENOMEM, "message: no memory for %zu subscription identifiers", ids.count);
	int rc = take_and_deliver(c, ev, ack, &ids);
	ids_free(&ids);
	if (rc < 0 || c->doomed || !c->session)
		return rc < 0 ? rc : 0;
	return acknowledge(c, ev, ack, rc == 1);
}
