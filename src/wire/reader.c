/* SPDX-License-Identifier: MIT */
/*
 * Fields and property sections. What a value may be is in the property table; this file only obeys it.
 */
#include "wire/reader.h"

#include "base/utf8.h"
#include "wire/topic.h"

/* The first fault that is found is told: U-4.13.2-a. */
void reader_fail(struct reader *r, uint8_t reason, const char *rule, const char *text)
{
	if (reader_ok(r))
		*r->fault = (struct fault){.reason = reason, .rule = rule, .text = text};
	r->p = r->end;
}

static bool need(struct reader *r, size_t n)
{
	if (reader_left(r) >= n)
		return true;
	reader_fail(r, REASON_MALFORMED, "MQTT 5, 1.5", "a field runs past the end of the packet");
	return false;
}

uint32_t read_number(struct reader *r, unsigned width)
{
	uint32_t value = 0;
	if (!need(r, width))
		return 0;
	for (unsigned i = 0; i < width; i++)
		value = value << 8 | *r->p++;
	return value;
}

static uint32_t read_vbi(struct reader *r)
{
	uint32_t value = 0;
	for (unsigned shift = 0; shift < 28; shift += 7) {
		uint8_t b = (uint8_t)read_number(r, 1);
		value |= (uint32_t)(b & 0x7F) << shift;
		if (b & 0x80)
			continue;
		if (b == 0 && shift && reader_ok(r))
			reader_fail(r, REASON_MALFORMED, "MQTT-1.5.5-1", "a variable byte integer is longer than it needs to be");
		return value;
	}
	reader_fail(r, REASON_MALFORMED, "MQTT 5, 1.5.5", "a variable byte integer has more than four bytes");
	return 0;
}

struct span read_binary(struct reader *r)
{
	size_t n = read_number(r, 2);
	if (!reader_ok(r) || !need(r, n))
		return span_of(r->end, 0);
	struct span s = span_of(r->p, n);
	r->p += n;
	return s;
}

struct span read_text(struct reader *r)
{
	struct span s = read_binary(r);
	/* 3.1 names Java's modified UTF-8, so nothing is refused there; nothing is left out anywhere [MQTT-1.5.4-3] */
	if (r->level != LEVEL_31 && utf8_good(s.p, s.n) != s.n) /* U+0000 is not good, either [MQTT-1.5.4-2] */
		reader_fail(r, REASON_MALFORMED, "MQTT-1.5.4-1", "a string is not well-formed UTF-8, or has U+0000");
	return s;
}

struct span read_topic(struct reader *r)
{
	struct span s = read_text(r);
	if (memchr(s.p, '+', s.n) || memchr(s.p, '#', s.n))
		reader_fail(r, REASON_BAD_TOPIC, "MQTT-3.3.2-2", "a topic name has a wildcard");
	return s;
}

/* Who may not send a property that the packet as such may carry. */
static bool wrong_side(enum property property, enum packet_type place, enum side from)
{
	if (place == PACKET_DISCONNECT && property == PROPERTY_SESSION_EXPIRY)
		return from == FROM_SERVER; /* [MQTT-3.14.2-2] */
	if (place == PACKET_DISCONNECT && property == PROPERTY_SERVER_REFERENCE)
		return from == FROM_CLIENT;
	if (place == PACKET_PUBLISH && property == PROPERTY_SUBSCRIPTION_ID)
		return from == FROM_CLIENT; /* [MQTT-3.3.4-6] */
	return false;
}

static void check_number(struct reader *r, const struct property_row *row, uint32_t value)
{
	if (row->type == TYPE_FLAG && value > 1) /* U-3.2.2.3.4-a */
		reader_fail(r, REASON_PROTOCOL_ERROR, "MQTT 5, 2.2.2.2", "a property of 0 or 1 has another value");
	/* U-3.1.2.11.3-a, U-3.1.2.11.4-a, U-3.3.2.3.8-a */
	bool nonzero = row->type == TYPE_U16_NONZERO || row->type == TYPE_U32_NONZERO || row->type == TYPE_VBI_NONZERO;
	if (nonzero && value == 0)
		reader_fail(r, REASON_PROTOCOL_ERROR, "MQTT 5, 2.2.2.2", "a property that may not be 0 is 0");
}

static uint32_t read_property_number(struct reader *r, const struct property_row *row, void *member)
{
	uint32_t value = 0;
	uint16_t half;
	switch (row->type) {
	case TYPE_BYTE:
	case TYPE_FLAG:
		value = read_number(r, 1);
		*(uint8_t *)member = (uint8_t)value;
		break;
	case TYPE_U16:
	case TYPE_U16_NONZERO:
		value = read_number(r, 2);
		half = (uint16_t)value;
		memcpy(member, &half, sizeof half);
		break;
	default:
		value = row->type == TYPE_VBI_NONZERO ? read_vbi(r) : read_number(r, 4);
		memcpy(member, &value, sizeof value);
		break;
	}
	return value;
}

/* The Response Topic, which is a topic name [MQTT-3.3.2-14]. */
static struct span read_full_topic(struct reader *r)
{
	struct span s = read_topic(r);
	if (s.n == 0)
		reader_fail(r, REASON_BAD_TOPIC, "MQTT-4.7.3-1", "a topic name is empty");
	return s;
}

static void read_value(struct reader *r, const struct property_row *row, void *member)
{
	if (row->type == TYPE_TEXT)
		*(struct span *)member = read_text(r);
	else if (row->type == TYPE_TOPIC)
		*(struct span *)member = read_full_topic(r);
	else if (row->type == TYPE_BINARY)
		*(struct span *)member = read_binary(r);
	else
		check_number(r, row, read_property_number(r, row, member));
}

/* The two that may repeat are counted; of the subscription identifiers the first is kept. */
static void read_repeated(struct reader *r, enum property property, struct props *props)
{
	uint32_t id;
	if (property == PROPERTY_USER) {
		read_text(r); /* [MQTT-1.5.7-1] */
		read_text(r);
		props->user_count++;
		return;
	}
	check_number(r, &property_table[property], id = read_vbi(r));
	if (props->subscription_id_count++ == 0) /* [MQTT-3.3.4-3] */
		props->subscription_id = id;
}

static void read_property(struct reader *r, enum packet_type place, enum side from, struct props *props)
{
	enum property property = property_by_id(read_vbi(r));
	if (!reader_ok(r))
		return;
	if (property == PROPERTY_COUNT || !(property_table[property].packets & 1u << place)) { /* U-2.2.2.2-a */
		reader_fail(r, REASON_MALFORMED, "MQTT 5, 2.2.2.2", "a property is not allowed in this packet");
		return;
	}
	bool repeats = property == PROPERTY_USER || (property == PROPERTY_SUBSCRIPTION_ID && place == PACKET_PUBLISH);
	/* twice: U-3.1.2.11-a, U-3.1.3.2.2-a, U-3.1.3.2.3-a, U-3.1.3.2.4-a, U-3.1.3.2.5-a, U-3.1.3.2.6-a, U-3.1.3.2.7-a,
	 * U-3.14.2.2.2-c */
	if (wrong_side(property, place, from) || (props->has & 1u << property && !repeats)) {
		reader_fail(r, REASON_PROTOCOL_ERROR, "MQTT 5, 2.2.2.2", "a property stands twice, or is the other side's");
		return;
	}
	props->has |= 1u << property;
	if (property == PROPERTY_USER || property == PROPERTY_SUBSCRIPTION_ID)
		read_repeated(r, property, props);
	else
		read_value(r, &property_table[property], (char *)props + property_table[property].member);
}

void read_properties(struct reader *r, enum packet_type place, enum side from, struct props *props)
{
	size_t length = read_vbi(r);
	if (!reader_ok(r))
		return;
	if (length > reader_left(r)) {
		reader_fail(r, REASON_MALFORMED, "MQTT 5, 2.2.2.1", "the Property Length runs past the packet");
		return;
	}
	const uint8_t *end = r->end;
	props->raw = span_of(r->p, length);
	r->end = r->p + length;
	while (r->p < r->end)
		read_property(r, place, from, props);
	if (reader_ok(r))
		r->end = end;
	if (reader_ok(r) && props->has & HAS(AUTH_DATA) && !(props->has & HAS(AUTH_METHOD)))
		reader_fail(r, REASON_PROTOCOL_ERROR, "MQTT 5, 3.1.2.11.10", "Authentication Data without a Method");
}
