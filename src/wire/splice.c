/* SPDX-License-Identifier: MIT */
/*
 * Only the fixed header, the topic and the length of the properties change; all else is copied as it stands.
 */
#include "wire/splice.h"

struct parts {
	struct span topic, id, rest; /* rest: the properties behind their length, and the payload */
	uint32_t    props; /* their length */
	uint32_t    remaining; /* of the packet with the alias */
};

static const uint8_t *skip_header(const uint8_t *p)
{
	for (p++; *p & 0x80; p++)
		;
	return p + 1;
}

static uint32_t read_vbi(const uint8_t **p)
{
	uint32_t value = 0;
	for (unsigned shift = 0;; shift += 7) {
		value |= (uint32_t)(**p & 0x7F) << shift;
		if (!(*(*p)++ & 0x80))
			return value;
	}
}

static uint8_t *put_vbi(uint8_t *p, uint32_t value)
{
	for (; value > 0x7F; value >>= 7)
		*p++ = (uint8_t)(value | 0x80);
	*p++ = (uint8_t)value;
	return p;
}

static uint32_t vbi_size(uint32_t value)
{
	return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
}

struct span splice_topic(const uint8_t *publish)
{
	const uint8_t *p = skip_header(publish);
	return span_of(p + 2, get_u16(p));
}

static struct parts take_apart(const uint8_t *publish, size_t size, bool bare)
{
	struct parts   x = {.topic = splice_topic(publish)};
	const uint8_t *p = x.topic.p + x.topic.n;
	x.id = span_of(p, publish[0] & 0x06 ? 2 : 0);
	p += x.id.n;
	x.props = read_vbi(&p);
	x.rest = span_of(p, (size_t)(publish + size - p));
	if (bare)
		x.topic.n = 0;
	x.remaining = (uint32_t)(2 + x.topic.n + x.id.n + vbi_size(x.props + ALIAS_SIZE) + ALIAS_SIZE + x.rest.n);
	return x;
}

size_t splice_size(const uint8_t *publish, size_t size, bool bare)
{
	struct parts x = take_apart(publish, size, bare);
	return x.remaining > REMAINING_MAX ? 0 : 1 + vbi_size(x.remaining) + x.remaining;
}

void splice_write(const uint8_t *publish, size_t size, uint16_t alias, bool bare, uint8_t *out)
{
	struct parts x = take_apart(publish, size, bare);
	*out++ = publish[0];
	out = put_vbi(out, x.remaining);
	out = put_bytes(put_u16(out, (uint32_t)x.topic.n), x.topic.p, x.topic.n);
	out = put_vbi(put_bytes(out, x.id.p, x.id.n), x.props + ALIAS_SIZE);
	*out++ = property_table[PROPERTY_TOPIC_ALIAS].id;
	put_bytes(put_u16(out, alias), x.rest.p, x.rest.n);
}
