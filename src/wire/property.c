/* SPDX-License-Identifier: MIT */
/*
 * The property table, and walking a decoded section.
 */
#include "wire/property.h"

#include "wire/vbi.h"

#define P(packet) (1u << PACKET_##packet)
#define ACKS (P(PUBACK) | P(PUBREC) | P(PUBREL) | P(PUBCOMP))

const struct property_row property_table[PROPERTY_COUNT] = {
#define ROW(name, id, title, type, packets, member) {id, TYPE_##type, packets, offsetof(struct props, member), title},
	PROPERTY_MAP(ROW)
#undef ROW
};

enum property property_by_id(uint32_t id)
{
	size_t i = 0;
	while (i < PROPERTY_COUNT && property_table[i].id != id)
		i++;
	return (enum property)i;
}

static uint32_t read_vbi(const uint8_t *p, size_t *at)
{
	const uint8_t *from = p + *at;
	uint32_t       value = vbi_get(&from);
	*at = (size_t)(from - p);
	return value;
}

static struct span read_string(const uint8_t *p, size_t *at)
{
	struct span s = span_of(p + *at + 2, get_u16(p + *at));
	*at += 2 + s.n;
	return s;
}

static uint32_t read_number(const uint8_t *p, size_t *at, size_t width)
{
	uint32_t value = 0;
	for (size_t i = 0; i < width; i++)
		value = value << 8 | p[(*at)++];
	return value;
}

/* Bytes of a number of each type; 0 where the type is no fixed-width number. */
static const uint8_t widths[] = {
	[TYPE_BYTE] = 1, [TYPE_FLAG] = 1, [TYPE_U16] = 2, [TYPE_U16_NONZERO] = 2, [TYPE_U32] = 4, [TYPE_U32_NONZERO] = 4,
	[TYPE_PAIR] = 0,
};

bool property_next(struct span raw, size_t *at, struct property_item *item)
{
	if (*at >= raw.n)
		return false;
	*item = (struct property_item){.property = property_by_id(raw.p[(*at)++])};
	uint8_t type = property_table[item->property].type;
	if (widths[type])
		item->number = read_number(raw.p, at, widths[type]);
	else if (type == TYPE_VBI_NONZERO)
		item->number = read_vbi(raw.p, at);
	else
		item->text = read_string(raw.p, at);
	if (type == TYPE_PAIR)
		item->value = read_string(raw.p, at);
	return true;
}

const char *span_terminate(struct span *s)
{
	/* The bytes are the caller's own and writable, as the contract says; only the view of them is const. */
	uint8_t *start = (uint8_t *)(uintptr_t)s->p - 1;
	memmove(start, s->p, s->n);
	start[s->n] = 0;
	s->p = start;
	return (const char *)start;
}

void props_take_users(struct props *props, struct mqttwill_user_property *out)
{
	struct property_item item;
	for (size_t at = 0; property_next(props->raw, &at, &item);) {
		if (item.property != PROPERTY_USER)
			continue;
		out->name_len = item.text.n;
		out->value_len = item.value.n;
		out->name = span_terminate(&item.text);
		out->value = span_terminate(&item.value);
		out++;
	}
}
