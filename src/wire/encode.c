/* SPDX-License-Identifier: MIT */
/*
 * Structs to bytes. Each packet has one body function, run twice: once to count, with no place to write, and once to
 * write; so the length that is announced cannot differ from what follows.
 */
#include "wire/packet.h"
#include "wire/vbi.h"

/* Counts bytes where p is NULL, writes them otherwise. */
struct writer {
	uint8_t *p;
	size_t   n;
	bool     too_long; /* a field passed 65,535 bytes */
};

static void put(struct writer *w, const void *bytes, size_t n)
{
	if (w->p && n)
		memcpy(w->p + w->n, bytes, n);
	w->n = n <= SIZE_MAX - w->n ? w->n + n : SIZE_MAX; /* an absurd length must not come round as a small one */
}

static void put_number(struct writer *w, uint32_t value, unsigned width)
{
	uint8_t big[4] = {0};
	put_u32(big, value);
	put(w, big + 4 - width, width);
}

static void put_vbi(struct writer *w, uint32_t value)
{
	uint8_t bytes[VBI_MAX];
	put(w, bytes, (size_t)(vbi_put(bytes, value) - bytes));
}

static void put_field(struct writer *w, struct span s)
{
	w->too_long |= s.n > FIELD_MAX;
	put_number(w, (uint32_t)s.n & 0xFFFF, 2);
	put(w, s.p, s.n);
}

static void put_property(struct writer *w, const struct property_row *row, const void *member)
{
	uint16_t half;
	uint32_t number = 0;
	put_number(w, row->id, 1);
	switch (row->type) {
	case TYPE_BYTE:
	case TYPE_FLAG:
		put_number(w, *(const uint8_t *)member, 1);
		break;
	case TYPE_U16:
	case TYPE_U16_NONZERO:
		memcpy(&half, member, sizeof half);
		put_number(w, half, 2);
		break;
	case TYPE_U32:
	case TYPE_U32_NONZERO:
		memcpy(&number, member, sizeof number);
		put_number(w, number, 4);
		break;
	case TYPE_VBI_NONZERO:
		memcpy(&number, member, sizeof number);
		put_vbi(w, number);
		break;
	default:
		put_field(w, *(const struct span *)member);
		break;
	}
}

static void put_repeated(struct writer *w, const struct props *props)
{
	const struct property_row *id = &property_table[PROPERTY_SUBSCRIPTION_ID];
	for (size_t i = 0; props->subscription_ids && i < props->subscription_id_count; i++)
		put_property(w, id, &props->subscription_ids[i]);
	for (size_t i = 0; props->user && i < props->user_count; i++) {
		const struct mqttwill_user_property *u = &props->user[i];
		put_number(w, property_table[PROPERTY_USER].id, 1);
		put_field(w, span_text(u->name, u->name_len));
		put_field(w, span_text(u->value, u->value_len));
	}
}

static void put_property_list(struct writer *w, const struct props *props)
{
	for (uint32_t i = 0, has = props->has & ~HAS(USER); has; i++, has >>= 1)
		if (has & 1)
			put_property(w, &property_table[i], (const char *)props + property_table[i].member);
	put_repeated(w, props);
}

/* None but those of these bits, which stand for no repeated ones. */
static bool none_but(const struct props *props, uint32_t bits)
{
	return (props->has & ~(HAS(USER) | bits)) == 0 && (!props->user || props->user_count == 0) && !props->subscription_ids;
}

static bool no_properties(const struct props *props)
{
	return none_but(props, 0);
}

static void put_properties(struct writer *w, const struct props *props)
{
	if (no_properties(props)) {
		put_number(w, 0, 1); /* [MQTT-2.2.2-1] */
		return;
	}
	struct writer length = {0};
	put_property_list(&length, props);
	put_vbi(w, (uint32_t)length.n);
	put_property_list(w, props);
}

static uint8_t connect_flags(const struct connect *c)
{
	/* [MQTT-3.1.2-16], [MQTT-3.1.2-18]; without a will its QoS and Retain are 0 [MQTT-3.1.2-11], [MQTT-3.1.2-13] */
	return (uint8_t)(c->clean_start << 1 | (c->user_name.p != NULL) << 7 | (c->password.p != NULL) << 6 |
	                 (c->has_will ? 1 << 2 | c->will_qos << 3 | c->will_retain << 5 : 0));
}

static void put_connect(struct writer *w, const struct packet *pk, uint8_t level)
{
	const struct connect *c = &pk->connect;
	put_field(w, level == LEVEL_31 ? span_of("MQIsdp", 6) : span_of("MQTT", 4)); /* [MQTT-3.1.2-1] */
	put_number(w, level, 1);
	put_number(w, connect_flags(c), 1);
	put_number(w, c->keep_alive, 2);
	if (level == LEVEL_5)
		put_properties(w, &pk->props);
	put_field(w, c->client_id); /* [MQTT-3.1.3-3]; [MQTT-3.1.3-1] gives the order from here */
	if (c->has_will && level == LEVEL_5)
		put_properties(w, &c->will); /* [MQTT-3.1.2-9] */
	if (c->has_will) {
		put_field(w, c->will_topic);
		put_field(w, c->will_payload);
	}
	if (c->user_name.p) /* [MQTT-3.1.2-17] */
		put_field(w, c->user_name);
	if (c->password.p) /* [MQTT-3.1.2-19] */
		put_field(w, c->password);
}

static void put_connack(struct writer *w, const struct packet *pk, uint8_t level)
{
	put_number(w, pk->session_present, 1);
	put_number(w, pk->reason, 1);
	if (level == LEVEL_5)
		put_properties(w, &pk->props);
}

static void put_publish(struct writer *w, const struct packet *pk, uint8_t level)
{
	put_field(w, pk->topic); /* [MQTT-3.3.2-1] */
	if (pk->qos)             /* [MQTT-2.2.1-2] */
		put_number(w, pk->id, 2);
	if (level == LEVEL_5)
		put_properties(w, &pk->props);
	put(w, pk->payload.p, pk->payload.n);
}

/* Reason code and properties in their shortest lawful form [3.4.2.1, 3.14.2.1]. */
static void put_reason(struct writer *w, const struct packet *pk, uint8_t level)
{
	if (level != LEVEL_5 || (pk->reason == 0 && no_properties(&pk->props)))
		return;
	put_number(w, pk->reason, 1);
	if (!no_properties(&pk->props))
		put_properties(w, &pk->props);
}

static void put_ack(struct writer *w, const struct packet *pk, uint8_t level)
{
	put_number(w, pk->id, 2);
	put_reason(w, pk, level);
}

static void put_subscribe(struct writer *w, const struct packet *pk, uint8_t level)
{
	put_number(w, pk->id, 2);
	if (level == LEVEL_5)
		put_properties(w, &pk->props);
	for (size_t i = 0; i < pk->count; i++) {
		put_field(w, pk->filters[i].filter);
		if (pk->type == PACKET_SUBSCRIBE)
			put_number(w, pk->filters[i].options, 1);
	}
}

static void put_codes(struct writer *w, const struct packet *pk, uint8_t level)
{
	put_number(w, pk->id, 2);
	if (level == LEVEL_5)
		put_properties(w, &pk->props);
	if (level == LEVEL_5 || pk->type == PACKET_SUBACK)
		put(w, pk->list.p, pk->list.n);
}

static void put_auth(struct writer *w, const struct packet *pk, uint8_t level)
{
	(void)level;
	if (pk->reason == 0 && no_properties(&pk->props))
		return;
	put_number(w, pk->reason, 1);
	put_properties(w, &pk->props);
}

static void put_nothing(struct writer *w, const struct packet *pk, uint8_t level)
{
	(void)w;
	(void)pk;
	(void)level;
}

typedef void body_fn(struct writer *w, const struct packet *pk, uint8_t level);

static body_fn *const bodies[PACKET_TYPES] = {
	[PACKET_CONNECT] = put_connect,     [PACKET_CONNACK] = put_connack,         [PACKET_PUBLISH] = put_publish,
	[PACKET_PUBACK] = put_ack,          [PACKET_PUBREC] = put_ack,              [PACKET_PUBREL] = put_ack,
	[PACKET_PUBCOMP] = put_ack,         [PACKET_SUBSCRIBE] = put_subscribe,     [PACKET_SUBACK] = put_codes,
	[PACKET_UNSUBSCRIBE] = put_subscribe, [PACKET_UNSUBACK] = put_codes,        [PACKET_PINGREQ] = put_nothing,
	[PACKET_PINGRESP] = put_nothing,    [PACKET_DISCONNECT] = put_reason,       [PACKET_AUTH] = put_auth,
};

static uint8_t first_byte(const struct packet *pk)
{
	uint8_t flags = 0;
	if (pk->type == PACKET_PUBLISH)
		flags = (uint8_t)(pk->dup << 3 | pk->qos << 1 | pk->retain);
	else if (pk->type == PACKET_PUBREL || pk->type == PACKET_SUBSCRIBE || pk->type == PACKET_UNSUBSCRIBE)
		flags = 2; /* [MQTT-3.6.1-1], [MQTT-3.8.1-1], [MQTT-3.10.1-1] */
	return (uint8_t)(pk->type << 4 | flags); /* [MQTT-2.1.3-1]; of the others 0 [MQTT-3.14.1-1], [MQTT-3.15.1-1] */
}

/* The packet that is sent most, a PUBLISH without properties but a Topic Alias, needs no counting pass. */
static bool plain_publish(const struct packet *pk)
{
	return pk->type == PACKET_PUBLISH && none_but(&pk->props, HAS(TOPIC_ALIAS)) && pk->topic.n <= FIELD_MAX &&
	       pk->payload.n <= REMAINING_MAX - FIELD_MAX - 11;
}

/* Topic, identifier, and the property section, which may be empty [MQTT-2.2.2-1]. */
static size_t plain_head(const struct packet *pk, uint8_t level)
{
	size_t props = level == LEVEL_5 ? (pk->props.has & HAS(TOPIC_ALIAS) ? 1 + ALIAS_SIZE : 1) : 0;
	return 2 + pk->topic.n + (pk->qos ? 2 : 0) + props;
}

static uint8_t *put_header(uint8_t *p, uint8_t first, size_t remaining)
{
	*p++ = first;
	return vbi_put(p, (uint32_t)remaining);
}

static size_t encode_plain(const struct packet *pk, uint8_t level, uint8_t *out)
{
	uint8_t *p = put_header(out, first_byte(pk), plain_head(pk, level) + pk->payload.n);
	p = put_bytes(put_u16(p, (uint32_t)pk->topic.n), pk->topic.p, pk->topic.n);
	if (pk->qos) /* [MQTT-2.2.1-2] */
		p = put_u16(p, pk->id);
	if (level == LEVEL_5 && pk->props.has & HAS(TOPIC_ALIAS)) {
		*p++ = ALIAS_SIZE;
		*p++ = property_table[PROPERTY_TOPIC_ALIAS].id;
		p = put_u16(p, pk->props.topic_alias);
	} else if (level == LEVEL_5) {
		*p++ = 0; /* [MQTT-2.2.2-1] */
	}
	return (size_t)(put_bytes(p, pk->payload.p, pk->payload.n) - out);
}

size_t packet_size(const struct packet *pk, uint8_t level)
{
	struct writer count = {0};
	if (plain_publish(pk)) {
		size_t remaining = plain_head(pk, level) + pk->payload.n;
		return 1 + vbi_size(remaining) + remaining;
	}
	bodies[pk->type](&count, pk, level);
	if (count.too_long || count.n > REMAINING_MAX)
		return 0;
	return 1 + vbi_size(count.n) + count.n;
}

size_t packet_encode(const struct packet *pk, uint8_t level, uint8_t *out)
{
	struct writer count = {0};
	if (plain_publish(pk))
		return encode_plain(pk, level, out);
	bodies[pk->type](&count, pk, level);
	struct writer w = {.p = put_header(out, first_byte(pk), count.n)};
	bodies[pk->type](&w, pk, level);
	return (size_t)(w.p - out) + w.n;
}
