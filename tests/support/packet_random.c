/* SPDX-License-Identifier: MIT */
/*
 * Lengths are mostly small, and now and then at a border. Which properties and reason codes are legal is asked of the
 * tables of src/wire; other tests hold those to the specification.
 */
#include "support/packet_random.h"

static const uint8_t *random_bytes(struct dice *d, struct arena *a, size_t n)
{
	uint8_t *p = arena_alloc(a, n + 1);
	dice_bytes(d, p, n);
	return p;
}

static size_t random_length(struct dice *d)
{
	static const size_t borders[] = {0, 1, 127, 128, 255, 256, 300};
	if (dice_chance(d, 1))
		return 16300 + dice_roll(d, 200);
	return dice_chance(d, 10) ? borders[dice_roll(d, 7)] : dice_roll(d, 12);
}

static struct span random_binary(struct dice *d, struct arena *a)
{
	size_t n = random_length(d);
	return span_of(random_bytes(d, a, n), n);
}

/* Characters of one to four bytes, wildcards only where they are allowed. */
static struct span random_letters(struct dice *d, struct arena *a, size_t least, bool wildcards)
{
	static const char *const letters[] = {
		"a", "7", "/", "$", " ", "\x01", "\xC3\xA4", "\xE2\x82\xAC", "\xEF\xBB\xBF", "\xF0\x9F\x98\x80", "+", "#",
	};
	size_t                   want = least + random_length(d), n = 0;
	char                    *p = arena_alloc(a, want + 5);
	while (n < want) {
		const char *letter = letters[dice_roll(d, wildcards ? 12 : 10)];
		memcpy(p + n, letter, strlen(letter));
		n += strlen(letter);
	}
	return span_of(p, n);
}

static struct span random_text(struct dice *d, struct arena *a)
{
	return random_letters(d, a, 0, true);
}

static struct span random_topic(struct dice *d, struct arena *a)
{
	return random_letters(d, a, 1, false);
}

static uint32_t random_number(struct dice *d, uint32_t least, uint32_t most)
{
	uint32_t n = dice_chance(d, 30) ? most : dice_chance(d, 30) ? least : (uint32_t)dice_bits(d) & most;
	return n < least ? least : n;
}

static void put_member(void *member, const void *value, size_t n)
{
	memcpy(member, value, n);
}

static void random_property(struct dice *d, struct arena *a, const struct property_row *row, void *member)
{
	bool nonzero = row->type == TYPE_U16_NONZERO || row->type == TYPE_U32_NONZERO || row->type == TYPE_VBI_NONZERO;
	uint32_t    most = row->type == TYPE_VBI_NONZERO ? REMAINING_MAX : UINT32_MAX;
	uint32_t    number = random_number(d, nonzero, most);
	uint16_t    half = (uint16_t)random_number(d, nonzero, UINT16_MAX);
	uint8_t     byte = (uint8_t)dice_roll(d, row->type == TYPE_FLAG ? 2 : 256);
	struct span text = row->type == TYPE_TOPIC ? random_topic(d, a) : row->type == TYPE_TEXT ? random_text(d, a)
	                                                                                         : random_binary(d, a);
	if (row->type == TYPE_BYTE || row->type == TYPE_FLAG)
		put_member(member, &byte, sizeof byte);
	else if (row->type == TYPE_U16 || row->type == TYPE_U16_NONZERO)
		put_member(member, &half, sizeof half);
	else if (row->type == TYPE_TEXT || row->type == TYPE_TOPIC || row->type == TYPE_BINARY)
		put_member(member, &text, sizeof text);
	else
		put_member(member, &number, sizeof number);
}

/* A length of 0 would mean a C string, so an empty text is one. */
static void random_users(struct dice *d, struct arena *a, struct props *props)
{
	size_t                         n = dice_chance(d, 50) ? 0 : 1 + dice_roll(d, 3);
	struct mqttwill_user_property *u = arena_alloc(a, n * sizeof *u);
	for (size_t i = 0; i < n; i++) {
		struct span name = random_text(d, a), value = random_text(d, a);
		u[i] = (struct mqttwill_user_property){(const char *)name.p, (const char *)value.p, name.n, value.n};
	}
	props->user = n ? u : NULL;
	props->user_count = n;
}

static void random_ids(struct dice *d, struct arena *a, struct props *props)
{
	size_t    n = dice_roll(d, 4);
	uint32_t *ids = arena_alloc(a, n * sizeof *ids);
	for (size_t i = 0; i < n; i++)
		ids[i] = random_number(d, 1, REMAINING_MAX);
	props->subscription_ids = n ? ids : NULL;
	props->subscription_id_count = n;
}

static bool others(enum property p, uint8_t place, enum side from)
{
	return (place == PACKET_DISCONNECT && p == PROPERTY_SESSION_EXPIRY && from == FROM_SERVER) ||
	       (place == PACKET_DISCONNECT && p == PROPERTY_SERVER_REFERENCE && from == FROM_CLIENT) ||
	       (place == PACKET_PUBLISH && p == PROPERTY_SUBSCRIPTION_ID && from == FROM_CLIENT);
}

static void random_properties(struct dice *d, struct arena *a, uint8_t place, enum side from, struct props *props)
{
	unsigned percent = dice_chance(d, 30) ? 0 : dice_chance(d, 10) ? 100 : 30;
	for (unsigned p = 0; p < PROPERTY_USER; p++) {
		const struct property_row *row = &property_table[p];
		bool must = place == PACKET_AUTH && p == PROPERTY_AUTH_METHOD;
		if (!(row->packets & 1u << place) || others((enum property)p, place, from))
			continue;
		if (p == PROPERTY_AUTH_DATA && !(props->has & HAS(AUTH_METHOD)))
			continue;
		if (!must && !dice_chance(d, percent))
			continue;
		props->has |= 1u << p;
		random_property(d, a, row, (char *)props + row->member);
	}
	if (place == PACKET_PUBLISH && props->has & HAS(SUBSCRIPTION_ID))
		random_ids(d, a, props);
	if (percent)
		random_users(d, a, props);
	if (props->has & HAS(TOPIC_ALIAS) && props->topic_alias == 0)
		props->topic_alias = 1;
}

static void random_connect(struct dice *d, struct arena *a, uint8_t level, struct connect *c)
{
	c->clean_start = dice_chance(d, 50);
	c->keep_alive = (uint16_t)dice_bits(d);
	c->client_id = random_text(d, a);
	c->has_will = dice_chance(d, 70);
	if (c->has_will) {
		c->will_qos = (uint8_t)dice_roll(d, 3);
		c->will_retain = dice_chance(d, 50);
		c->will_topic = random_topic(d, a);
		c->will_payload = random_binary(d, a);
		if (level == LEVEL_5)
			random_properties(d, a, PACKET_WILL, FROM_CLIENT, &c->will);
	}
	if (dice_chance(d, 50))
		c->user_name = random_text(d, a);
	if (dice_chance(d, 50) && (c->user_name.p || level == LEVEL_5))
		c->password = random_binary(d, a);
}

static void random_publish(struct dice *d, struct arena *a, struct packet *pk)
{
	pk->qos = (uint8_t)dice_roll(d, 3);
	pk->dup = pk->qos && dice_chance(d, 50);
	pk->retain = dice_chance(d, 50);
	bool alias = pk->props.has & HAS(TOPIC_ALIAS);
	pk->topic = alias && dice_chance(d, 50) ? span_of("", 0) : random_topic(d, a);
	pk->payload = random_binary(d, a);
}

static void random_filters(struct dice *d, struct arena *a, struct packet *pk, uint8_t level)
{
	static const char *const shapes[] = {"#",     "+",      "a/+/b",      "a/b/#",       "/",
	                                     "+/+/#", "$SYS/#", "\xC3\xA4/+", "$share/g/+/#"};
	size_t                   n = 1 + dice_roll(d, 4);
	struct filter           *filters = arena_alloc(a, n * sizeof *filters);
	for (size_t i = 0; i < n; i++) {
		uint32_t shape = dice_roll(d, 10);
		unsigned handling = dice_roll(d, 3), bits = dice_roll(d, 4);
		unsigned options = dice_roll(d, 3);
		if (shape == 8)
			bits &= 2; /* no No Local */
		if (level == LEVEL_5)
			options |= handling << 4 | bits << 2;
		filters[i].filter = shape == 9 ? random_topic(d, a) : span_text(shapes[shape], 0);
		filters[i].options = pk->type == PACKET_SUBSCRIBE ? (uint8_t)options : 0;
	}
	pk->filters = filters;
	pk->count = n;
}

static uint8_t random_code(struct dice *d, const struct packet *pk, uint8_t level, enum side from)
{
	static const uint8_t old[] = {0, 1, 2, 0x80};
	uint8_t              code;
	if (level != LEVEL_5 && pk->type == PACKET_CONNACK)
		return (uint8_t)dice_roll(d, 6);
	if (level != LEVEL_5)
		return old[dice_roll(d, level == LEVEL_31 ? 3 : 4)];
	do {
		code = dice_chance(d, 30) ? 0 : (uint8_t)dice_roll(d, 0xA3);
	} while (!reason_legal(pk->type, from, code));
	return code;
}

static void random_codes(struct dice *d, struct arena *a, struct packet *pk, uint8_t level, enum side from)
{
	size_t   n = 1 + dice_roll(d, 5);
	uint8_t *codes = arena_alloc(a, n);
	for (size_t i = 0; i < n; i++)
		codes[i] = random_code(d, pk, level, from);
	if (level == LEVEL_5 || pk->type == PACKET_SUBACK)
		pk->list = span_of(codes, n);
}

bool packet_random_possible(uint8_t type, uint8_t level, enum side from)
{
	static const uint8_t clients[] = {PACKET_CONNECT, PACKET_SUBSCRIBE, PACKET_UNSUBSCRIBE, PACKET_PINGREQ};
	static const uint8_t servers[] = {PACKET_CONNACK, PACKET_SUBACK, PACKET_UNSUBACK, PACKET_PINGRESP};
	if (memchr(clients, type, sizeof clients))
		return from == FROM_CLIENT;
	if (memchr(servers, type, sizeof servers))
		return from == FROM_SERVER;
	if (type == PACKET_DISCONNECT)
		return from == FROM_CLIENT || level == LEVEL_5;
	return type != PACKET_AUTH || level == LEVEL_5;
}

static bool has_reason(uint8_t type, uint8_t level)
{
	if (level != LEVEL_5)
		return type == PACKET_CONNACK;
	return type == PACKET_CONNACK || (type >= PACKET_PUBACK && type <= PACKET_PUBCOMP) || type >= PACKET_DISCONNECT;
}

void packet_random(struct dice *d, struct arena *a, uint8_t type, uint8_t level, enum side from, struct packet *pk)
{
	*pk = (struct packet){.type = type, .id = (uint16_t)random_number(d, 1, UINT16_MAX)};
	if (level == LEVEL_5 && type != PACKET_PINGREQ && type != PACKET_PINGRESP)
		random_properties(d, a, type, from, &pk->props);
	if (type == PACKET_CONNECT)
		random_connect(d, a, level, &pk->connect);
	if (type == PACKET_PUBLISH)
		random_publish(d, a, pk);
	if (type == PACKET_SUBSCRIBE || type == PACKET_UNSUBSCRIBE)
		random_filters(d, a, pk, level);
	if (type == PACKET_SUBACK || type == PACKET_UNSUBACK)
		random_codes(d, a, pk, level, from);
	if (has_reason(type, level))
		pk->reason = random_code(d, pk, level, from);
	if (type == PACKET_CONNACK && pk->reason == 0 && level != LEVEL_31)
		pk->session_present = dice_chance(d, 50);
}
