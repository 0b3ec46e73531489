/* SPDX-License-Identifier: MIT */
/*
 * decode, for each level and side. The first byte of the input chooses them (level 3 + byte % 3, side byte / 3 % 2);
 * the rest is a stream of packets. Checked: nothing is read or written outside a packet; a refusal has reason, rule and
 * text; what is accepted can be encoded, and decodes to the same again; its strings can be terminated in place.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/bytes.h"
#include "support/packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void encode_and_compare(struct packet *pk, uint8_t level, enum side from)
{
	struct packet again;
	struct fault  fault;
	struct arena  a;
	arena_init(&a);
	expect(packet_again(pk, &a), "no memory");
	struct bytes out = {NULL, packet_size(pk, level)};
	out.p = malloc(out.n);
	expect(out.n && packet_encode(pk, level, out.p) == out.n, "an accepted packet cannot be encoded");
	expect(packet_decode(&again, level, from, out.p, out.n, &fault) == 0, "decoded, encoded and refused");
	const char *difference = packet_differs(pk, &again, level);
	expect(!difference, difference);
	bytes_free(&out);
	arena_fini(&a);
}

static void terminate(struct span *s)
{
	size_t n = s->n;
	expect(strnlen(span_terminate(s), n + 1) <= n, "a string without an end");
}

static void terminate_all(struct packet *pk)
{
	struct mqttwill_user_property *u = calloc(pk->props.user_count + 1, sizeof *u);
	props_take_users(&pk->props, u);
	for (size_t i = 0; i < pk->props.user_count; i++)
		expect(u[i].name[u[i].name_len] == 0 && u[i].value[u[i].value_len] == 0,
		       "a user property without an end");
	free(u);
	if (pk->type == PACKET_PUBLISH)
		terminate(&pk->topic);
	if (pk->props.has & HAS(REASON_STRING))
		terminate(&pk->props.reason_string);
	if (pk->props.has & HAS(RESPONSE_TOPIC))
		terminate(&pk->props.response_topic);
}

/* One packet, in a block of just its size. */
static void one(const uint8_t *in, size_t n, uint8_t level, enum side from)
{
	struct bytes  b = bytes_copy(in, n);
	struct packet pk;
	struct fault  fault;
	int           rc = packet_decode(&pk, level, from, b.p, b.n, &fault);
	expect((rc == 0) == (fault.reason == 0), "result and fault disagree");
	expect(rc == 0 || (fault.rule && fault.text), "a fault is not explained");
	if (rc == 0) {
		struct packet copy = pk;
		encode_and_compare(&copy, pk.type == PACKET_CONNECT ? pk.connect.level : level, from);
		terminate_all(&pk);
	}
	bytes_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame f;
	if (size == 0)
		return 0;
	uint8_t   level = (uint8_t)(LEVEL_31 + data[0] % 3);
	enum side from = data[0] / 3 % 2 ? FROM_SERVER : FROM_CLIENT;
	for (size_t at = 1; at < size; at += f.size) {
		int rc = frame_read(&f, level, data + at, size - at);
		if (rc != 1 || f.size > size - at) {
			one(data + at, size - at, level, from);
			break;
		}
		one(data + at, f.size, level, from);
	}
	return 0;
}
