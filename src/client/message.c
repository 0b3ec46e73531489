/* SPDX-License-Identifier: MIT */
/*
 * A received PUBLISH as the application sees it: strings become C strings in place, nothing is copied.
 */
#include <stdlib.h>

#include "client/internal.h"

static void fill_properties(struct mqttwill_message *m, struct props *p)
{
	m->message_expiry_s = p->has & HAS(MESSAGE_EXPIRY) ? p->message_expiry : 0;
	m->payload_format = p->has & HAS(PAYLOAD_FORMAT) ? p->payload_format : 0;
	m->subscription_ids = p->has & HAS(SUBSCRIPTION_ID) ? &p->subscription_id : NULL;
	m->subscription_id_count = p->has & HAS(SUBSCRIPTION_ID) ? 1 : 0;
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

bool users_take(struct user_list *list, struct props *p)
{
	list->p = list->few;
	list->count = p->has & HAS(USER) ? p->user_count : 0;
	if (list->count > FEW_USERS)
		list->p = calloc(list->count, sizeof *list->p);
	if (list->p && list->count)
		props_take_users(p, list->p);
	return list->p;
}

void users_free(struct user_list *list)
{
	if (list->p != list->few)
		free(list->p);
}

static void deliver(struct client *c, struct packet *pk, const struct user_list *users)
{
	struct mqttwill_message m = {
		.topic_len = pk->topic.n,
		.payload = pk->payload.p,
		.payload_len = pk->payload.n,
		.user_properties = users->count ? users->p : NULL,
		.user_property_count = users->count,
		.qos = pk->qos,
		.retain = pk->retain,
		.dup = pk->dup,
	};
	fill_properties(&m, &pk->props);
	m.topic = span_terminate(&pk->topic);
	if (!c->hooks->message(c->owner, &m))
		client_emit(c, &(struct mqttwill_event){.type = MQTTWILL_MESSAGE, .message = &m});
}

int connection_message(struct client *c, struct session_event *ev)
{
	struct user_list users;
	if (!users_take(&users, &ev->packet.props))
		return client_fail(c, MQTTWILL_ENOMEM, "message: no memory for %zu user properties", users.count);
	deliver(c, &ev->packet, &users);
	users_free(&users);
	if (c->doomed || !c->session)
		return 0;
	/* [MQTT-4.5.0-2]: whatever the application made of it */
	int rc = session_accept(c->session, ev);
	return rc < 0 ? client_fail(c, rc, "message: no memory to acknowledge it") : 0;
}
