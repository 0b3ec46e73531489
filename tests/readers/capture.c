/* SPDX-License-Identifier: MIT */
/*
 * capture FILE.pcap FILE.expected: writes a capture of everything that the codec can say, and what a dissector must read
 * in it. Each version is one TCP connection, begun by a CONNECT: the golden packets, every reason code, a will of the
 * largest size, and random packets of every type. Ends with 1 where a property was left out.
 */
#include <stdlib.h>

#include "readers/expect.h"
#include "readers/pcap.h"
#include "support/golden.h"
#include "support/packet_random.h"

enum { RANDOM_EACH = 40 };

static const char aliased[] = "lamp/light"; /* what every alias stands for */

struct capture {
	struct pcap pcap;
	FILE       *expected;
	struct dice dice;
	uint8_t     level;
	uint32_t    seen[PACKET_TYPES]; /* HAS bits of the properties written so far, by place */
};

static const char *version_name(uint8_t level)
{
	return level == LEVEL_31 ? "3.1" : level == LEVEL_311 ? "3.1.1" : "5";
}

static void note_properties(struct capture *c, uint8_t place, const struct props *props)
{
	c->seen[place] |= props->has | (props->user && props->user_count ? HAS(USER) : 0);
}

static void add(struct capture *c, const struct packet *pk, enum side from, const char *what)
{
	size_t   n = packet_size(pk, c->level);
	uint8_t *bytes = malloc(n);
	if (!bytes || n == 0)
		abort();
	packet_encode(pk, c->level, bytes);
	pcap_send(&c->pcap, from, bytes, n);
	free(bytes);
	fprintf(c->expected, "# MQTT %s %s from the %s: %s\n", version_name(c->level), packet_name(pk->type),
	        from == FROM_CLIENT ? "client" : "server", what);
	expect_packet(c->expected, pk, c->level, aliased);
	note_properties(c, pk->type, &pk->props);
	if (pk->type == PACKET_CONNECT)
		note_properties(c, PACKET_WILL, &pk->connect.will);
}

/* An alias stands for a topic that an earlier packet has named. */
static void add_alias_first(struct capture *c, const struct packet *pk, enum side from, const char *what)
{
	const struct packet names = {
		.type = PACKET_PUBLISH,
		.topic = span_text(aliased, 0),
		.props = {.has = HAS(TOPIC_ALIAS), .topic_alias = pk->props.topic_alias},
	};
	if (pk->type == PACKET_PUBLISH && pk->topic.n == 0)
		add(c, &names, from, "names an alias");
	add(c, pk, from, what);
}

static void add_golden(struct capture *c)
{
	for (size_t i = 0; i < golden_count(); i++) {
		const struct golden *g = golden_at(i);
		for (enum side from = FROM_CLIENT; from <= FROM_SERVER; from++)
			if (g->levels & 1u << c->level && g->sides & from)
				add_alias_first(c, &g->packet, from, g->name);
	}
}

/* Every reason code that a type may carry; SUBACK and UNSUBACK carry them in a list. */
static void add_codes(struct capture *c, uint8_t type, enum side from)
{
	bool          list = type == PACKET_SUBACK || type == PACKET_UNSUBACK;
	struct packet pk = {.type = type, .id = 1};
	if (type == PACKET_AUTH)
		pk.props = (struct props){.has = HAS(AUTH_METHOD), .auth_method = span_text("m", 0)};
	for (unsigned code = 0; code < 256; code++) {
		uint8_t byte = (uint8_t)code;
		if (!reason_legal((enum packet_type)type, from, byte))
			continue;
		pk.id++;
		pk.reason = list ? 0 : byte;
		pk.list = span_of(&byte, list);
		add(c, &pk, from, reason_name((enum packet_type)type, byte));
	}
}

static void add_random(struct capture *c, uint8_t type, enum side from)
{
	char what[32];
	for (int i = 0; i < RANDOM_EACH; i++) {
		struct packet pk;
		struct arena  a;
		arena_init(&a);
		packet_random(&c->dice, &a, type, c->level, from, &pk);
		snprintf(what, sizeof what, "random %d", i + 1);
		add_alias_first(c, &pk, from, what);
		arena_fini(&a);
	}
}

/* The dissector learns the version here. */
static void add_first(struct capture *c)
{
	static uint8_t      payload[FIELD_MAX];
	const struct packet first = {
		.type = PACKET_CONNECT,
		.connect = {.clean_start = true, .keep_alive = 60, .client_id = span_text("lamp", 0), .has_will = true,
		            .will_qos = 1, .will_retain = true, .will_topic = span_text("lamp/status", 0),
		            .will_payload = span_of(payload, sizeof payload), .user_name = span_text("me", 0),
		            .password = span_text("secret", 0)},
	};
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)(i * 7);
	add(c, &first, FROM_CLIENT, "a will of 65,535 bytes");
}

static void add_version(struct capture *c, uint8_t level)
{
	c->level = level;
	pcap_connect(&c->pcap, (uint16_t)(50000 + level));
	add_first(c);
	add_golden(c);
	for (uint8_t type = PACKET_CONNECT; type < PACKET_TYPES; type++) {
		for (enum side from = FROM_CLIENT; from <= FROM_SERVER; from++) {
			if (!packet_random_possible(type, level, from))
				continue;
			if (level == LEVEL_5)
				add_codes(c, type, from);
			add_random(c, type, from);
		}
	}
	pcap_close(&c->pcap);
}

/* Is there a property that a packet may carry and none has carried? */
static bool complete(const struct capture *c)
{
	bool all = true;
	for (unsigned p = 0; p < PROPERTY_COUNT; p++)
		for (unsigned place = PACKET_WILL; place < PACKET_TYPES; place++)
			if (property_table[p].packets & 1u << place && !(c->seen[place] & 1u << p)) {
				printf("never written: %s in %s\n", property_table[p].name,
				       place ? packet_name((uint8_t)place) : "a will");
				all = false;
			}
	return all;
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "wb");
	if (!file) {
		perror(path);
		exit(2);
	}
	return file;
}

int main(int argc, char **argv)
{
	struct capture c = {0};
	if (argc != 3) {
		fprintf(stderr, "usage: %s FILE.pcap FILE.expected\n", argv[0]);
		return 2;
	}
	pcap_init(&c.pcap, create(argv[1]));
	c.expected = create(argv[2]);
	dice_init(&c.dice, 0);
	for (uint8_t level = LEVEL_31; level <= LEVEL_5; level++)
		add_version(&c, level);
	if (fclose(c.pcap.out) != 0 || fclose(c.expected) != 0) {
		perror(argv[0]);
		return 2;
	}
	return complete(&c) ? 0 : 1;
}
