/* SPDX-License-Identifier: MIT */
/*
 * A will made to fit a version or a broker: what is left out, in which order, and what it is called.
 */
#include "wire/will.h"

uint32_t will_properties(const struct mqttwill_will *w)
{
	return (w->user_property_count ? WILL_USERS : 0u) | (w->correlation_data ? WILL_CORRELATION_DATA : 0u) |
	       (w->response_topic ? WILL_RESPONSE_TOPIC : 0u) | (w->content_type ? WILL_CONTENT_TYPE : 0u) |
	       (w->has & MQTTWILL_HAS_PAYLOAD_FORMAT || w->payload_format ? WILL_PAYLOAD_FORMAT : 0u) |
	       (w->has & MQTTWILL_HAS_MESSAGE_EXPIRY || w->message_expiry_s ? WILL_MESSAGE_EXPIRY : 0u) |
	       (w->has & MQTTWILL_HAS_DELAY || w->delay_s ? WILL_DELAY : 0u);
}

static void drop_users(struct mqttwill_will *w)
{
	w->user_properties = NULL;
	w->user_property_count = 0;
}

static void drop_correlation_data(struct mqttwill_will *w)
{
	w->correlation_data = NULL;
	w->correlation_data_len = 0;
}

static void drop_response_topic(struct mqttwill_will *w)
{
	w->response_topic = NULL;
	w->response_topic_len = 0;
}

static void drop_content_type(struct mqttwill_will *w)
{
	w->content_type = NULL;
	w->content_type_len = 0;
}

static void drop_payload_format(struct mqttwill_will *w)
{
	w->payload_format = 0;
	w->has &= ~(uint32_t)MQTTWILL_HAS_PAYLOAD_FORMAT;
}

static void drop_message_expiry(struct mqttwill_will *w)
{
	w->message_expiry_s = 0;
	w->has &= ~(uint32_t)MQTTWILL_HAS_MESSAGE_EXPIRY;
}

static void drop_delay(struct mqttwill_will *w)
{
	w->delay_s = 0;
	w->has &= ~(uint32_t)MQTTWILL_HAS_DELAY;
}

/* In the order of enum will_change, which is the order of leaving. */
static const struct {
	uint32_t    change;
	const char *name;
	void (*drop)(struct mqttwill_will *w);
} members[] = {
	{WILL_RETAIN, "retain", NULL},
	{WILL_QOS, "qos", NULL},
	{WILL_USERS, "user_properties", drop_users},
	{WILL_CORRELATION_DATA, "correlation_data", drop_correlation_data},
	{WILL_RESPONSE_TOPIC, "response_topic", drop_response_topic},
	{WILL_CONTENT_TYPE, "content_type", drop_content_type},
	{WILL_PAYLOAD_FORMAT, "payload_format", drop_payload_format},
	{WILL_MESSAGE_EXPIRY, "message_expiry_s", drop_message_expiry},
	{WILL_DELAY, "delay_s", drop_delay},
};

enum { MEMBERS = sizeof members / sizeof members[0] };

static bool too_large(const struct mqttwill_will *w, const struct will_context *context)
{
	struct packet connect = *context->connect;
	will_into_connect(w, context->level, &connect);
	size_t size = packet_size(&connect, context->level);
	return size > context->limits->maximum_packet_size;
}

static uint32_t suit_level(struct mqttwill_will *w)
{
	uint32_t changes = will_properties(w);
	for (size_t i = 0; i < MEMBERS; i++)
		if (changes & members[i].change)
			members[i].drop(w);
	return changes;
}

static uint32_t suit_size(struct mqttwill_will *w, const struct will_context *context)
{
	uint32_t has = will_properties(w) & WILL_DROPPABLE, changes = 0;
	for (size_t i = 0; i < MEMBERS && too_large(w, context); i++) {
		if (!(has & members[i].change))
			continue;
		members[i].drop(w);
		changes |= members[i].change;
	}
	return changes;
}

static uint32_t suit_limits(struct mqttwill_will *w, const struct mqttwill_limits *limits)
{
	uint32_t changes = 0;
	if (limits->no_retain && w->retain) { /* [MQTT-3.2.2-13] */
		w->retain = false;
		changes |= WILL_RETAIN;
	}
	if (limits->maximum_qos_known && w->qos <= 2 && w->qos > limits->maximum_qos) { /* [MQTT-3.2.2-12] */
		w->qos = limits->maximum_qos;
		changes |= WILL_QOS;
	}
	return changes;
}

uint32_t will_adapt(struct mqttwill_will *will, const struct will_context *context)
{
	uint32_t changes = context->level == LEVEL_5 ? 0 : suit_level(will);
	changes |= suit_limits(will, context->limits);
	if (context->limits->maximum_packet_size) /* [MQTT-3.2.2-15] */
		changes |= suit_size(will, context);
	return changes;
}

void will_changes(uint32_t changes, char text[WILL_CHANGES_TEXT])
{
	size_t n = 0;
	for (size_t i = 0; i < MEMBERS; i++) {
		if (!(changes & members[i].change))
			continue;
		if (n) {
			memcpy(text + n, ", ", 2);
			n += 2;
		}
		size_t len = strlen(members[i].name);
		memcpy(text + n, members[i].name, len);
		n += len;
	}
	text[n] = 0;
}
