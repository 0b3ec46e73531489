/* SPDX-License-Identifier: MIT */
/*
 * Only the members that a packet type uses count; what repeats is walked in the decoded packet.
 */
#include "support/packets.h"

static bool same(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Absent is not the same as empty. */
static bool same_field(struct span a, struct span b)
{
	return (a.p == NULL) == (b.p == NULL) && same(a, b);
}

static bool same_member(const struct property_row *row, const void *a, const void *b)
{
	switch (row->type) {
	case TYPE_BYTE:
	case TYPE_FLAG:
		return memcmp(a, b, 1) == 0;
	case TYPE_U16:
	case TYPE_U16_NONZERO:
		return memcmp(a, b, 2) == 0;
	case TYPE_TEXT:
	case TYPE_TOPIC:
	case TYPE_BINARY:
		return same(*(const struct span *)a, *(const struct span *)b);
	default:
		return memcmp(a, b, 4) == 0;
	}
}

static const char *users_differ(const struct props *made, const struct props *read)
{
	struct property_item item;
	size_t               i = 0, given = made->user ? made->user_count : 0;
	for (size_t at = 0; property_next(read->raw, &at, &item);) {
		if (item.property != PROPERTY_USER)
			continue;
		if (i == given)
			return "more user properties";
		const struct mqttwill_user_property *u = &made->user[i++];
		if (!same(item.text, span_text(u->name, u->name_len)) ||
		    !same(item.value, span_text(u->value, u->value_len)))
			return "a user property";
	}
	return i == given && i == read->user_count ? NULL : "the number of user properties";
}

static const char *ids_differ(const struct props *made, const struct props *read)
{
	struct property_item item;
	size_t               i = 0, more = made->subscription_ids ? made->subscription_id_count : 0;
	for (size_t at = 0; property_next(read->raw, &at, &item);) {
		if (item.property != PROPERTY_SUBSCRIPTION_ID)
			continue;
		if (i > more || item.number != (i ? made->subscription_ids[i - 1] : made->subscription_id))
			return "a subscription identifier";
		i++;
	}
	bool complete = i == read->subscription_id_count && i == (made->has & HAS(SUBSCRIPTION_ID) ? more + 1 : more);
	return complete ? NULL : "the number of subscription identifiers";
}

static const char *props_differ(const struct props *made, const struct props *read)
{
	if ((made->has & ~HAS(USER)) != (read->has & ~HAS(USER)))
		return "which properties there are";
	for (size_t i = 0; i < PROPERTY_COUNT; i++) {
		const struct property_row *row = &property_table[i];
		if (i != PROPERTY_USER && made->has & 1u << i &&
		    !same_member(row, (const char *)made + row->member, (const char *)read + row->member))
			return row->name;
	}
	const char *difference = ids_differ(made, read);
	return difference ? difference : users_differ(made, read);
}

static const char *connects_differ(const struct packet *made, const struct packet *read, uint8_t level)
{
	const struct connect *a = &made->connect, *b = &read->connect;
	if (b->level != level || a->clean_start != b->clean_start || a->keep_alive != b->keep_alive)
		return "level, clean start or keep-alive";
	if (!same(a->client_id, b->client_id))
		return "client id";
	if (!same_field(a->user_name, b->user_name) || !same_field(a->password, b->password))
		return "user name or password";
	if (a->has_will != b->has_will)
		return "whether there is a will";
	if (!a->has_will)
		return NULL;
	if (a->will_qos != b->will_qos || a->will_retain != b->will_retain)
		return "the will's QoS or retain";
	if (!same(a->will_topic, b->will_topic) || !same(a->will_payload, b->will_payload))
		return "the will's topic or payload";
	return level == LEVEL_5 ? props_differ(&a->will, &b->will) : NULL;
}

static const char *publishes_differ(const struct packet *made, const struct packet *read)
{
	if (made->qos != read->qos || made->dup != read->dup || made->retain != read->retain)
		return "QoS, DUP or RETAIN";
	if (made->qos && made->id != read->id)
		return "packet identifier";
	return same(made->topic, read->topic) && same(made->payload, read->payload) ? NULL : "topic or payload";
}

static const char *filters_differ(const struct packet *made, const struct packet *read)
{
	struct filter f;
	size_t        i = 0;
	for (size_t at = 0; filter_next(read, &at, &f); i++)
		if (i == made->count || !same(f.filter, made->filters[i].filter) ||
		    f.options != made->filters[i].options)
			return "a filter";
	if (made->id != read->id)
		return "packet identifier";
	return i == made->count && i == read->count ? NULL : "the number of filters";
}

static const char *others_differ(const struct packet *made, const struct packet *read, uint8_t level)
{
	bool has_id = made->type != PACKET_CONNACK && made->type != PACKET_DISCONNECT && made->type != PACKET_AUTH;
	bool codes = made->type == PACKET_SUBACK || (made->type == PACKET_UNSUBACK && level == LEVEL_5);
	bool has_reason = !codes && (level == LEVEL_5 || made->type == PACKET_CONNACK);
	if (has_id && made->id != read->id)
		return "packet identifier";
	if (has_reason && made->reason != read->reason)
		return "reason code";
	if (made->type == PACKET_CONNACK && made->session_present != read->session_present)
		return "session present";
	if (codes && (!same(made->list, read->list) || read->count != read->list.n))
		return "codes";
	return NULL;
}

const char *packet_differs(const struct packet *made, const struct packet *read, uint8_t level)
{
	const char *difference = NULL;
	if (made->type != read->type)
		return "type";
	if (made->type == PACKET_PINGREQ || made->type == PACKET_PINGRESP)
		return NULL;
	if (made->type == PACKET_CONNECT)
		difference = connects_differ(made, read, level);
	else if (made->type == PACKET_PUBLISH)
		difference = publishes_differ(made, read);
	else if (made->type == PACKET_SUBSCRIBE || made->type == PACKET_UNSUBSCRIBE)
		difference = filters_differ(made, read);
	else
		difference = others_differ(made, read, level);
	if (!difference)
		difference = level == LEVEL_5 ? props_differ(&made->props, &read->props) : NULL;
	return !difference && level != LEVEL_5 && read->props.has ? "properties before MQTT 5" : difference;
}

/* A text that keeps its length when it is empty, too. */
static const char *text_of(struct span s)
{
	return s.n ? (const char *)s.p : "";
}

static bool props_again(struct props *props, struct arena *a)
{
	struct property_item           item;
	struct mqttwill_user_property *users = arena_alloc(a, props->user_count * sizeof *users);
	uint32_t                      *ids = arena_alloc(a, props->subscription_id_count * sizeof *ids);
	size_t                         user = 0, id = 0;
	if (a->failed)
		return false;
	for (size_t at = 0; property_next(props->raw, &at, &item);) {
		if (item.property == PROPERTY_USER)
			users[user++] = (struct mqttwill_user_property){text_of(item.text), text_of(item.value),
			                                                item.text.n, item.value.n};
		else if (item.property == PROPERTY_SUBSCRIPTION_ID && id++)
			ids[id - 2] = item.number;
	}
	props->user = user ? users : NULL;
	props->subscription_ids = id > 1 ? ids : NULL;
	props->subscription_id_count = id ? id - 1 : 0;
	return true;
}

bool packet_again(struct packet *pk, struct arena *a)
{
	if (pk->type == PACKET_SUBSCRIBE || pk->type == PACKET_UNSUBSCRIBE) {
		struct filter *filters = arena_alloc(a, pk->count * sizeof *filters);
		if (!filters)
			return false;
		pk->filters = filters;
		for (size_t at = 0; filter_next(pk, &at, filters); filters++)
			;
	}
	if (pk->type == PACKET_CONNECT && !props_again(&pk->connect.will, a))
		return false;
	return props_again(&pk->props, a);
}
