/* SPDX-License-Identifier: MIT */
/*
 * All three packets have one shape: a head (topic, identifier), from MQTT 5 on properties, and the rest. Only the properties
 * come or go, and the identifier of a message whose QoS is lowered to 0.
 */
#include "wire/recode.h"

#include "wire/topic.h"
#include "wire/vbi.h"

/* A packet's parts. */
struct parts {
	size_t head, properties, rest; /* where each begins */
	size_t id; /* bytes of the identifier, at the head's end */
};

static size_t skip_properties(const uint8_t *p)
{
	const uint8_t *section = p;
	uint32_t       length = vbi_get(&section);
	return (size_t)(section - p) + length;
}

static struct parts take_apart(const uint8_t *bytes, size_t size, uint8_t level)
{
	struct parts at = {0};
	struct frame f;
	frame_read(&f, LEVEL_311, bytes, size); /* which bears every length */
	bool publish = f.type == PACKET_PUBLISH;
	at.head = f.header;
	at.id = publish && !(f.flags & 6) ? 0 : 2;
	at.properties = at.head + (publish ? 2u + get_u16(bytes + at.head) : 0u) + at.id;
	at.rest = at.properties + (level == LEVEL_5 ? skip_properties(bytes + at.properties) : 0);
	return at;
}

/* Only the QoS is left of the options. */
static void plain_options(uint8_t *filters, size_t n)
{
	for (size_t at = 0; at < n; at++) {
		at += 2u + get_u16(filters + at);
		filters[at] &= OPTION_QOS;
	}
}

static uint8_t first_byte(uint8_t first, uint8_t qos, bool no_retain)
{
	uint8_t kept = (uint8_t)(first & ~(qos ? 0x06 : 0x0E)); /* no DUP at QoS 0 [MQTT-3.3.1-2] */
	return (uint8_t)((kept | qos << 1) & ~(no_retain ? 1 : 0));
}

size_t packet_recode(uint8_t *bytes, size_t size, const struct recode *how)
{
	struct parts at = take_apart(bytes, size, how->from);
	bool         publish = bytes[0] >> 4 == PACKET_PUBLISH;
	bool         keeps = how->from == LEVEL_5 && how->to == LEVEL_5 && !how->no_properties;
	uint8_t      qos = bytes[0] >> 1 & 3;
	qos = qos < how->qos ? qos : how->qos;
	size_t id = publish && qos == 0 ? 0 : at.id;
	size_t head = at.properties - at.head - at.id + id;
	size_t rest = keeps ? at.properties : at.rest, rest_size = size - rest;
	size_t empty = how->to == LEVEL_5 && !keeps;
	size_t remaining = head + empty + rest_size, start = 1 + vbi_size(remaining);
	if (bytes[0] >> 4 == PACKET_SUBSCRIBE && how->to != LEVEL_5)
		plain_options(bytes + rest, rest_size);
	if (start + head + empty > rest) { /* it grows: from the end on */
		memmove(bytes + start + head + empty, bytes + rest, rest_size);
		memmove(bytes + start, bytes + at.head, head);
	} else {
		memmove(bytes + start, bytes + at.head, head);
		memmove(bytes + start + head + empty, bytes + rest, rest_size);
	}
	if (empty)
		bytes[start + head] = 0; /* [MQTT-2.2.2-1] */
	if (publish)
		bytes[0] = first_byte(bytes[0], qos, how->no_retain);
	vbi_put(bytes + 1, (uint32_t)remaining);
	return start + remaining;
}

/* ---- What is lost ---- */

static void add(char text[RECODE_TEXT], const char *name)
{
	size_t n = strlen(text), more = strlen(name);
	if (strstr(text, name) || n + more + 3 > RECODE_TEXT)
		return;
	if (n) {
		memcpy(text + n, ", ", 2);
		n += 2;
	}
	memcpy(text + n, name, more + 1);
}

static bool filter_losses(const struct filter *f, char text[RECODE_TEXT])
{
	static const struct {
		uint8_t     bits;
		const char *name;
	} options[] = {
		{OPTION_NO_LOCAL, "No Local"},
		{OPTION_RETAIN_AS_PUBLISHED, "Retain As Published"},
		{OPTION_RETAIN_HANDLING, "Retain Handling"},
	};
	bool shared = topic_filter_plain(f->filter).n < f->filter.n;
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (f->options & options[i].bits)
			add(text, options[i].name);
	if (shared)
		add(text, "a shared subscription");
	return shared;
}

bool recode_losses(const struct packet *pk, char text[RECODE_TEXT])
{
	struct filter f;
	bool          forbidden = false;
	text[0] = 0;
	for (uint32_t i = 0; i < PROPERTY_COUNT; i++)
		if (pk->props.has & 1u << i & ~HAS(TOPIC_ALIAS)) /* an alias is no loss: the topic stands beside it */
			add(text, property_table[i].name);
	if (pk->type == PACKET_PUBLISH)
		return false;
	for (size_t at = 0; filter_next(pk, &at, &f);)
		forbidden |= filter_losses(&f, text);
	return forbidden;
}
