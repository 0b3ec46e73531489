/* SPDX-License-Identifier: MIT */
/*
 * One copy of everything in one arena. The property section is copied whole and read again from the copy, so that the
 * user properties keep their order [MQTT-3.3.2-18].
 */
#include "broker/message.h"

#include <stdlib.h>

/*
 * What a server sends on [MQTT-3.3.2-4], [MQTT-3.3.2-15], [MQTT-3.3.2-16], [MQTT-3.3.2-20]. Of a will that leaves out 0x18, of
 * a PUBLISH the Topic Alias.
 */
#define KEPT                                                                                                           \
	(HAS(PAYLOAD_FORMAT) | HAS(MESSAGE_EXPIRY) | HAS(CONTENT_TYPE) | HAS(RESPONSE_TOPIC) | HAS(CORRELATION_DATA))

static struct span copy(struct arena *a, struct span s)
{
	return span_of(arena_copy(a, s.p, s.n), s.n);
}

/* An empty string is the text "", because a length of 0 means "up to the NUL" to the encoder. */
static const char *text(struct span s)
{
	return s.n ? (const char *)s.p : "";
}

static void copy_users(struct message *m, const struct props *from)
{
	struct span                    raw = copy(&m->arena, from->raw);
	struct mqttwill_user_property *users = arena_alloc(&m->arena, from->user_count * sizeof *users);
	struct property_item           item;
	if (m->arena.failed)
		return;
	m->props.user = users;
	/* in their order [MQTT-3.1.3-10], [MQTT-3.3.2-17], [MQTT-3.3.2-18] */
	for (size_t at = 0; property_next(raw, &at, &item);)
		if (item.property == PROPERTY_USER)
			users[m->props.user_count++] = (struct mqttwill_user_property){
				.name = text(item.text),
				.name_len = item.text.n,
				.value = text(item.value),
				.value_len = item.value.n,
			};
}

static void copy_props(struct message *m, const struct props *from)
{
	m->props.has = from->has & KEPT;
	m->props.payload_format = from->payload_format;
	m->props.message_expiry = from->message_expiry;
	if (from->has & HAS(CONTENT_TYPE))
		m->props.content_type = copy(&m->arena, from->content_type);
	if (from->has & HAS(RESPONSE_TOPIC))
		m->props.response_topic = copy(&m->arena, from->response_topic);
	if (from->has & HAS(CORRELATION_DATA))
		m->props.correlation_data = copy(&m->arena, from->correlation_data);
	if (from->user_count)
		copy_users(m, from);
}

static struct message *make(struct span topic, struct span payload, struct span publisher, const struct props *props)
{
	struct message *m = calloc(1, sizeof *m);
	if (!m)
		return NULL;
	m->holders = 1;
	m->topic = copy(&m->arena, topic);
	m->payload = copy(&m->arena, payload);
	m->publisher = copy(&m->arena, publisher);
	copy_props(m, props);
	if (!m->arena.failed)
		return m;
	message_release(m);
	return NULL;
}

struct message *message_from_publish(const struct packet *pk, struct span publisher)
{
	struct message *m = make(pk->topic, pk->payload, publisher, &pk->props);
	if (!m)
		return NULL;
	m->qos = pk->qos;
	m->retain = pk->retain;
	return m;
}

struct message *message_from_will(const struct connect *connect, struct span publisher)
{
	struct message *m = make(connect->will_topic, connect->will_payload, publisher, &connect->will);
	if (!m)
		return NULL;
	m->qos = connect->will_qos;
	m->retain = connect->will_retain; /* [MQTT-3.1.2-14], [MQTT-3.1.2-15] */
	return m;
}

struct message *message_hold(struct message *m)
{
	m->holders++;
	return m;
}

void message_release(struct message *m)
{
	if (!m || --m->holders)
		return;
	arena_fini(&m->arena);
	free(m);
}

void message_stamp(struct message *m, uint64_t now_ms)
{
	m->published_ms = now_ms; /* U-3.1.3.2.4-b */
}

bool message_expired(const struct message *m, uint64_t now_ms)
{
	uint64_t waited_ms = now_ms - m->published_ms; /* [MQTT-3.3.2-5] */
	return m->props.has & HAS(MESSAGE_EXPIRY) && waited_ms && waited_ms >= (uint64_t)m->props.message_expiry * 1000;
}

uint32_t message_expiry_left(const struct message *m, uint64_t now_ms)
{
	uint64_t waited_s = (now_ms - m->published_ms) / 1000; /* [MQTT-3.3.2-6] */
	return waited_s < m->props.message_expiry ? (uint32_t)(m->props.message_expiry - waited_s) : 0;
}
