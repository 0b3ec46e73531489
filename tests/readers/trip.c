/* SPDX-License-Identifier: MIT */
/*
 * trip make      writes random legal packets of every type, version and side: INDEX LEVEL HEX, a line each
 * trip compare   reads what another codec made of them: INDEX HEX [TAB WORDS...], and judges; the packets are made again
 * WORDS are the errors that the other codec met on the way. MQTTWILL_SEED=n gives other packets.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "readers/limits.h"
#include "support/packet_random.h"
#include "support/packets.h"

enum { ROUNDS = 150, WAYS = 3 * 2, KINDS = PACKET_TYPES * WAYS, SHOWN = 3 };

struct kind {
	uint8_t   type, level;
	enum side from;
};

struct tally {
	unsigned made, wrong, users, met[LIMITS];
};

/* False where there is no such packet. */
static bool kind_of(unsigned i, struct kind *k)
{
	*k = (struct kind){(uint8_t)(i / WAYS), (uint8_t)(LEVEL_31 + i % WAYS / 2), i % 2 ? FROM_SERVER : FROM_CLIENT};
	return k->type && packet_random_possible(k->type, k->level, k->from);
}

/* User properties of one name, which are rare in random packets. */
static void repeat_name(struct dice *d, struct arena *a, struct props *props)
{
	if (!props->user || props->user_count < 2 || !dice_chance(d, 50))
		return;
	struct mqttwill_user_property *u = arena_alloc(a, props->user_count * sizeof *u);
	memcpy(u, props->user, props->user_count * sizeof *u);
	u[props->user_count - 1].name = u[0].name;
	u[props->user_count - 1].name_len = u[0].name_len;
	props->user = u;
}

static void make(const struct kind *k, unsigned index, struct arena *a, struct packet *pk)
{
	struct dice d;
	dice_init(&d, 0);
	d.state += (index + 1) * UINT64_C(0x9E3779B97F4A7C15);
	packet_random(&d, a, k->type, k->level, k->from, pk);
	repeat_name(&d, a, &pk->props);
	repeat_name(&d, a, &pk->connect.will);
}

static uint8_t *encode(const struct packet *pk, uint8_t level, struct arena *a, size_t *n)
{
	*n = packet_size(pk, level);
	uint8_t *bytes = *n ? arena_alloc(a, *n) : NULL;
	if (!bytes)
		abort();
	packet_encode(pk, level, bytes);
	return bytes;
}

static void print(const struct kind *k, unsigned index)
{
	struct packet pk;
	struct arena  a;
	size_t        n;
	arena_init(&a);
	make(k, index, &a, &pk);
	const uint8_t *bytes = encode(&pk, k->level, &a, &n);
	printf("%u %d ", index, k->level);
	for (size_t i = 0; i < n; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
	arena_fini(&a);
}

/* ---- Judging ---- */

/* *end is what follows the digits. */
static size_t from_hex(char *hex, uint8_t *out, char **end)
{
	size_t n = 0;
	for (; isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]); hex += 2) {
		char byte[3] = {hex[0], hex[1], 0};
		out[n++] = (uint8_t)strtoul(byte, NULL, 16);
	}
	*end = hex;
	return n;
}

/* What was read, with its user properties by name: encoded and decoded again. */
static const char *differs_but_for_order(struct packet *made, struct packet *read, const struct kind *k, struct arena *a)
{
	struct fault fault;
	size_t       n;
	user_limit.change(made, a);
	if (!packet_again(read, a))
		abort();
	users_sort(read, a);
	const uint8_t *bytes = encode(read, k->level, a, &n);
	if (packet_decode(read, k->level, k->from, bytes, n, &fault) != 0)
		return fault.text;
	return packet_differs(made, read, k->level);
}

/* Changes `made` for each limit of which the words tell. NULL, or words that no limit of this packet explains. */
static const char *obey_limits(char *words, struct packet *made, const struct kind *k, struct arena *a, struct tally *t)
{
	for (char *said = strtok(words, "\t\n"); said; said = strtok(NULL, "\t\n")) {
		const struct limit *limit = limit_find(said, made, k->level);
		if (!limit)
			return said;
		limit->change(made, a);
		t->met[limit - limits]++;
	}
	return NULL;
}

static const char *judge(char *line, struct packet *made, const struct kind *k, struct arena *a, struct tally *t)
{
	struct packet read;
	struct fault  fault;
	char         *words;
	uint8_t      *bytes = arena_alloc(a, strlen(line) + 1);
	size_t        n = from_hex(line, bytes, &words);
	const char   *unknown = obey_limits(words, made, k, a, t);
	if (unknown)
		return unknown;
	if (packet_decode(&read, k->level, k->from, bytes, n, &fault) != 0)
		return fault.text;
	const char *difference = packet_differs(made, &read, k->level);
	if (!difference || !user_limit.applies(made, k->level))
		return difference;
	t->users++;
	return differs_but_for_order(made, &read, k, a);
}

/* One line of the other codec, or NULL, for the packet of this index. */
static void compare(char *line, const struct kind *k, unsigned index, struct tally *t)
{
	struct packet made;
	struct arena  a;
	char         *at = line;
	const char   *wrong = "there is no line about it";
	arena_init(&a);
	make(k, index, &a, &made);
	if (line && strtoul(line, &at, 10) == index && *at == ' ')
		wrong = judge(at + 1, &made, k, &a, t);
	t->made++;
	if (wrong && ++t->wrong <= SHOWN)
		printf("packet %u: %s\n  came back as %.400s\n", index, wrong, line ? line : "nothing\n");
	arena_fini(&a);
}

static bool verdict(const struct kind *k, const struct tally *t)
{
	static const char *const versions[] = {[LEVEL_31] = "3.1", [LEVEL_311] = "3.1.1", [LEVEL_5] = "5"};
	printf("%s - mqtt-packet reads MQTT %s %s from the %s, and we what it writes then", t->wrong ? "not ok" : "ok",
	       versions[k->level], packet_name(k->type), k->from == FROM_CLIENT ? "client" : "server");
	if (t->wrong)
		printf(": %u of %u are otherwise\n", t->wrong, t->made);
	else
		printf(" (%u)\n", t->made);
	return t->wrong == 0;
}

static void tell_limits(const struct tally *all)
{
	for (size_t i = 0; i < LIMITS; i++)
		printf("limit: mqtt-packet, %u packets: %s\n", all->met[i], limits[i].reason);
	printf("limit: mqtt-packet, %u packets: %s\n", all->users, user_limit.reason);
}

static int compare_all(void)
{
	struct kind  k;
	struct tally all = {0};
	char        *line = NULL;
	size_t       size = 0;
	bool         good = true;
	for (unsigned i = 0; i < KINDS; i++) {
		struct tally t = {0};
		if (!kind_of(i, &k))
			continue;
		for (unsigned round = 0; round < ROUNDS; round++) {
			ssize_t n = getline(&line, &size, stdin);
			compare(n > 0 ? line : NULL, &k, i * ROUNDS + round, &t);
		}
		good &= verdict(&k, &t);
		for (size_t l = 0; l < LIMITS; l++)
			all.met[l] += t.met[l];
		all.users += t.users;
	}
	free(line);
	tell_limits(&all);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct kind k;
	if (argc == 2 && !strcmp(argv[1], "compare"))
		return compare_all();
	if (argc != 2 || strcmp(argv[1], "make") != 0) {
		fprintf(stderr, "usage: %s make|compare\n", argv[0]);
		return 2;
	}
	for (unsigned i = 0; i < KINDS; i++)
		for (unsigned round = 0; round < ROUNDS && kind_of(i, &k); round++)
			print(&k, i * ROUNDS + round);
	return ferror(stdout) ? 2 : 0;
}
