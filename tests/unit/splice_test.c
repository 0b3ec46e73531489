/* SPDX-License-Identifier: MIT */
/*
 * A Topic Alias put into PUBLISH packets of every kind: all else stays what it was.
 */
#include <check.h>
#include <stdlib.h>

#include "support/bytes.h"
#include "support/packet_random.h"
#include "unit/suites.h"
#include "wire/splice.h"

static struct bytes encode(const struct packet *pk)
{
	struct bytes b = {.n = packet_size(pk, LEVEL_5)};
	b.p = malloc(b.n);
	ck_assert_uint_eq(packet_encode(pk, LEVEL_5, b.p), b.n);
	return b;
}

static struct bytes spliced(const struct bytes *publish, uint16_t alias, bool bare)
{
	struct bytes b = {.n = splice_size(publish->p, publish->n, bare)};
	ck_assert_uint_ne(b.n, 0);
	b.p = malloc(b.n);
	splice_write(publish->p, publish->n, alias, bare, b.p);
	return b;
}

/* The property section, without the alias at its beginning. */
static struct span others(const struct packet *pk)
{
	return span_of(pk->props.raw.p + ALIAS_SIZE, pk->props.raw.n - ALIAS_SIZE);
}

static void check(const struct packet *was, const struct bytes *bytes, uint16_t alias, bool bare)
{
	struct packet now;
	struct fault  fault;
	ck_assert_msg(packet_decode(&now, LEVEL_5, FROM_CLIENT, bytes->p, bytes->n, &fault) == 0, "%s", fault.text);
	ck_assert_uint_eq(now.props.topic_alias, alias);
	ck_assert_uint_eq(now.topic.n, bare ? 0 : was->topic.n);
	ck_assert(bare || !memcmp(now.topic.p, was->topic.p, was->topic.n));
	ck_assert(now.qos == was->qos && now.retain == was->retain && now.dup == was->dup && now.id == was->id);
	ck_assert_uint_eq(now.payload.n, was->payload.n);
	ck_assert(now.payload.n == 0 || !memcmp(now.payload.p, was->payload.p, was->payload.n));
	ck_assert_uint_eq(others(&now).n, was->props.raw.n);
	ck_assert(was->props.raw.n == 0 || !memcmp(others(&now).p, was->props.raw.p, was->props.raw.n));
}

START_TEST(an_alias_is_spliced_into_any_publish)
{
	struct dice dice;
	dice_init(&dice, 0);
	for (int round = 0; round < 2000; round++) {
		struct arena  arena;
		struct packet made, was;
		struct fault  fault;
		arena_init(&arena);
		packet_random(&dice, &arena, PACKET_PUBLISH, LEVEL_5, FROM_CLIENT, &made);
		made.props.has &= ~HAS(TOPIC_ALIAS);
		made.topic = made.topic.n ? made.topic : span_text("t", 0);
		struct bytes plain = encode(&made);
		ck_assert_int_eq(packet_decode(&was, LEVEL_5, FROM_CLIENT, plain.p, plain.n, &fault), 0);
		ck_assert_uint_eq(splice_topic(plain.p).n, made.topic.n);
		for (int bare = 0; bare < 2; bare++) {
			uint16_t     alias = (uint16_t)(1 + dice_roll(&dice, 65535));
			struct bytes b = spliced(&plain, alias, bare);
			check(&was, &b, alias, bare);
			bytes_free(&b);
		}
		bytes_free(&plain);
		arena_fini(&arena);
	}
}
END_TEST

/* Where the lengths of packet and properties need one byte more. */
START_TEST(lengths_may_grow_by_a_byte)
{
	char text[17000];
	memset(text, 'x', sizeof text);
	for (size_t n = 100; n < sizeof text; n = n == 140 ? 16350 : n == 16400 ? sizeof text : n + 1) {
		for (int in_props = 0; in_props < 2; in_props++) {
			struct packet pk = {.type = PACKET_PUBLISH, .topic = span_text("lamp", 0)}, was;
			struct fault  fault;
			pk.props.has = in_props ? HAS(CONTENT_TYPE) : 0;
			pk.props.content_type = span_of(text, n);
			pk.payload = in_props ? span_of("", 0) : span_of(text, n);
			struct bytes plain = encode(&pk);
			ck_assert_int_eq(packet_decode(&was, LEVEL_5, FROM_CLIENT, plain.p, plain.n, &fault), 0);
			struct bytes b = spliced(&plain, 7, n % 2);
			check(&was, &b, 7, n % 2);
			bytes_free(&b);
			bytes_free(&plain);
		}
	}
}
END_TEST

START_TEST(the_longest_packet_has_no_room_for_an_alias)
{
	size_t   size = (size_t)REMAINING_MAX + HEADER_MAX;
	uint8_t *publish = calloc(1, size);
	ck_assert_ptr_nonnull(publish);
	memcpy(publish, "\x30\xFF\xFF\xFF\x7F\0\4lamp\0", 12);
	ck_assert_uint_eq(splice_size(publish, size, false), 0);
	ck_assert_uint_eq(splice_size(publish, size, true), size - 1);
	free(publish);
}
END_TEST

/* The encoder's own short cut for it. */
START_TEST(a_publish_with_an_alias_alone_is_encoded_as_any_other)
{
	for (uint8_t qos = 0; qos < 3; qos++) {
		struct packet pk = {.type = PACKET_PUBLISH, .qos = qos, .id = 5, .payload = span_text("m", 0)};
		pk.props.has = HAS(TOPIC_ALIAS);
		pk.props.topic_alias = 0x1234;
		struct bytes b = encode(&pk);
		ck_assert(bytes_are(b.p, b.n, qos == 0 ? "30 07 0000 03 231234 'm'" : qos == 1 ? "32 09 0000 0005 03 231234 'm'"
		                                                                               : "34 09 0000 0005 03 231234 'm'"));
		bytes_free(&b);
	}
}
END_TEST

Suite *splice_suite(void)
{
	Suite *suite = suite_create("splice");
	TCase *tc = tcase_create("splice");
	tcase_add_test(tc, an_alias_is_spliced_into_any_publish);
	tcase_add_test(tc, lengths_may_grow_by_a_byte);
	tcase_add_test(tc, the_longest_packet_has_no_room_for_an_alias);
	tcase_add_test(tc, a_publish_with_an_alias_alone_is_encoded_as_any_other);
	suite_add_tcase(suite, tc);
	return suite;
}
