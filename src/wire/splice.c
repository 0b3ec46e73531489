/* SPDX-License-Identifier: MIT */
/*
 * Only the fixed header, the topic and the length of the properties change; all else is copied as it stands.
 */
#include "wire/splice.h"

#include "wire/vbi.h"

struct parts {
	struct span topic, id, rest; /* rest: the properties behind their length, and the payload */
	uint32_t    props; /* their length */
	uint32_t    remaining; /* of the packet with the alias */
};

struct span splice_topic(const uint8_t *publish)
{
	const uint8_t *p = publish + 1;
	vbi_get(&p);
	return span_of(p + 2, get_u16(p));
}

static struct parts take_apart(const uint8_t *publish, size_t size, bool bare)
{
	struct parts   x = {.topic = splice_topic(publish)};
	const uint8_t *p = x.topic.p + x.topic.n;
	x.id = span_of(p, publish[0] & 0x06 ? 2 : 0);
	p += x.id.n;
	x.props = vbi_get(&p);
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
	out = vbi_put(out, x.remaining);
	out = put_bytes(put_u16(out, (uint32_t)x.topic.n), x.topic.p, x.topic.n);
	out = vbi_put(put_bytes(out, x.id.p, x.id.n), x.props + ALIAS_SIZE);
	*out++ = property_table[PROPERTY_TOPIC_ALIAS].id;
	put_bytes(put_u16(out, alias), x.rest.p, x.rest.n);
}
