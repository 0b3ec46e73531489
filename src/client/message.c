/* SPDX-License-Identifier: MIT */
/*
 * A received PUBLISH as the application sees it: strings become C strings in place, nothing is copied.
 */
#include <stdlib.h>

#include "client/internal.h"

enum { FEW = 16 }; /* user properties that need no allocation */

static void fill_properties(struct mqttwill_message *m, struct props *p)
{
	m->message_expiry_s = p->has & HAS(MESSAGE_EXPIRY) ? p->message_expiry : 0;
	m->payload_format = p->has & HAS(PAYLOAD_FORMAT) ? p->payload_format : 0;
	m->subscription_id = p->has & HAS(SUBSCRIPTION_ID) ? p->subscription_id : 0;
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

static void deliver(struct client *c, struct packet *pk, struct mqttwill_user_property *users)
{
	struct mqttwill_message m = {
		.topic_len = pk->topic.n,
		.payload = pk->payload.p,
		.payload_len = pk->payload.n,
		.qos = pk->qos,
		.retain = pk->retain,
		.dup = pk->dup,
	};
	if (pk->props.user_count) {
		props_take_users(&pk->props, users);
		m.user_properties = users;
		m.user_property_count = pk->props.user_count;
	}
	fill_properties(&m, &pk->props);
	m.topic = span_terminate(&pk->topic);
	if (!c->hooks->message(c->owner, &m))
		client_emit(c, &(struct mqttwill_event){.type = MQTTWILL_MESSAGE, .message = &m});
}

int connection_message(struct client *c, struct session_event *ev)
{
	struct mqttwill_user_property few[FEW], *users = few;
	size_t                        count = ev->packet.props.user_count;
	if (count > FEW)
		users = calloc(count, sizeof *users);
	if (!users)
		return client_fail(c, MQTTWILL_ENOMEM, "message: no memory for %zu user properties", count);
	deliver(c, &ev->packet, users);
	if (users != few)
		free(users);
	if (c->doomed || !c->session)
		return 0;
	int rc = session_accept(c->session, ev);
	return rc < 0 ? client_fail(c, rc, "message: no memory to acknowledge it") : 0;
}
