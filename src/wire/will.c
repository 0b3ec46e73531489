/* SPDX-License-Identifier: MIT */
/*
 * A will as presence and the wire have it.
 */
#include "wire/will.h"

#include "base/bytes.h"

struct span payload_of(const void *payload, size_t len, const char *text)
{
	return text ? span_text(text, 0) : span_of(payload, payload ? len : 0);
}

struct span presence_online(const struct mqttwill_presence *p)
{
	return p->online ? span_text(p->online, p->online_len) : span_of("online", 6);
}

struct span presence_offline(const struct mqttwill_presence *p)
{
	if (p->empty_offline)
		return span_of("", 0);
	return p->offline ? span_text(p->offline, p->offline_len) : span_of("offline", 7);
}

uint8_t presence_qos(const struct mqttwill_presence *p)
{
	return p->qos == MQTTWILL_QOS0 ? 0 : p->qos == 0 ? 1 : p->qos;
}

void will_from_presence(const struct mqttwill_presence *presence, struct mqttwill_will *will)
{
	struct span offline = presence_offline(presence);
	*will = (struct mqttwill_will){
		.topic = presence->topic,
		.payload = offline.n ? offline.p : NULL,
		.payload_len = offline.n,
		.qos = presence_qos(presence),
		.delay_s = presence->delay_s,
		.retain = !presence->no_retain,
	};
}

static void put_will_properties(const struct mqttwill_will *will, struct props *props)
{
	props->payload_format = will->payload_format;
	props->message_expiry = will->message_expiry_s;
	props->will_delay = will->delay_s;
	props->content_type = span_text(will->content_type, will->content_type_len);
	props->response_topic = span_text(will->response_topic, will->response_topic_len);
	props->correlation_data = span_of(will->correlation_data, will->correlation_data_len);
	props->user = will->user_properties;
	props->user_count = will->user_property_count;
	bool delay = will->delay_s || will->has & MQTTWILL_HAS_DELAY;
	props->has = (will->has & MQTTWILL_HAS_PAYLOAD_FORMAT ? HAS(PAYLOAD_FORMAT) : 0) |
	             (will->has & MQTTWILL_HAS_MESSAGE_EXPIRY ? HAS(MESSAGE_EXPIRY) : 0) | (delay ? HAS(WILL_DELAY) : 0) |
	             (will->content_type ? HAS(CONTENT_TYPE) : 0) | (will->response_topic ? HAS(RESPONSE_TOPIC) : 0) |
	             (will->correlation_data ? HAS(CORRELATION_DATA) : 0);
}

void will_into_connect(const struct mqttwill_will *will, uint8_t level, struct packet *connect)
{
	struct connect *c = &connect->connect;
	c->has_will = true;
	c->will_qos = will->qos;
	c->will_retain = will->retain;
	c->will_topic = span_text(will->topic, will->topic_len);
	c->will_payload = payload_of(will->payload, will->payload_len, will->text);
	c->will = (struct props){0};
	if (level == LEVEL_5)
		put_will_properties(will, &c->will);
}
