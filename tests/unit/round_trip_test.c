/* SPDX-License-Identifier: MIT */
/*
 * Thousands of random legal packets of every type, level and side: written and read, cut short, and with bits flipped.
 * A failure prints the seed; MQTTWILL_SEED=n plays it again.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/golden.h"
#include "support/packet_random.h"
#include "support/packets.h"
#include "unit/suites.h"

/* One loop of a loop test per packet type, level and side. */
enum { WAYS = 3 * 2, LOOPS = PACKET_TYPES * WAYS };

struct trip {
	struct dice   dice;
	struct arena  arena;
	uint8_t       type, level;
	enum side     from;
	struct packet made;
	struct bytes  bytes; /* a block of just its size */
};

/* False where there is no such packet. */
static bool trip_init(struct trip *t, int loop, int round)
{
	dice_init(&t->dice, 0);
	t->dice.state += ((uint64_t)loop << 32 | (unsigned)round) * UINT64_C(0x9E3779B97F4A7C15);
	t->type = (uint8_t)(loop / WAYS);
	t->level = (uint8_t)(LEVEL_31 + loop % WAYS / 2);
	t->from = loop % 2 ? FROM_CLIENT : FROM_SERVER;
	return t->type && packet_random_possible(t->type, t->level, t->from);
}

static void give_up(const struct trip *t, const char *what)
{
	ck_abort_msg("%s of level %d from side %d, seed %llu: %s: %s", packet_name(t->type), t->level, (int)t->from,
	             (unsigned long long)t->dice.seed, what, bytes_show(t->bytes.p, t->bytes.n));
}

static void trip_make(struct trip *t)
{
	arena_init(&t->arena);
	packet_random(&t->dice, &t->arena, t->type, t->level, t->from, &t->made);
	t->bytes.n = packet_size(&t->made, t->level);
	t->bytes.p = malloc(t->bytes.n);
	if (t->bytes.n == 0 || packet_encode(&t->made, t->level, t->bytes.p) != t->bytes.n)
		give_up(t, "size");
}

static void trip_free(struct trip *t)
{
	bytes_free(&t->bytes);
	arena_fini(&t->arena);
}

/* Decodes; what is accepted must survive being encoded again. NULL, or what was wrong. */
static const char *decode_again(const struct trip *t, struct bytes in, bool *accepted)
{
	struct packet first, second;
	struct fault  fault;
	struct arena  a;
	*accepted = packet_decode(&first, t->level, t->from, in.p, in.n, &fault) == 0;
	if (!*accepted)
		return fault.reason && fault.rule && fault.text ? NULL : "a fault without a reason";
	if (fault.reason)
		return "a fault in a good packet";
	uint8_t level = first.type == PACKET_CONNECT ? first.connect.level : t->level;
	arena_init(&a);
	if (!packet_again(&first, &a))
		abort();
	struct bytes out = {NULL, packet_size(&first, level)};
	out.p = malloc(out.n);
	packet_encode(&first, level, out.p);
	const char *difference = "decoded, encoded and refused";
	if (packet_decode(&second, level, t->from, out.p, out.n, &fault) == 0)
		difference = packet_differs(&first, &second, level);
	bytes_free(&out);
	arena_fini(&a);
	return difference;
}

START_TEST(a_packet_is_read_as_it_was_made)
{
	struct trip t;
	for (int round = 0; round < 300 && trip_init(&t, _i, round); round++) {
		struct packet read;
		struct fault  fault;
		trip_make(&t);
		if (packet_decode(&read, t.level, t.from, t.bytes.p, t.bytes.n, &fault) != 0)
			give_up(&t, fault.text);
		const char *difference = packet_differs(&t.made, &read, t.level);
		if (difference)
			give_up(&t, difference);
		trip_free(&t);
	}
}
END_TEST

START_TEST(bytes_are_written_as_they_were_read)
{
	struct trip t;
	for (int round = 0; round < 300 && trip_init(&t, _i, round); round++) {
		struct packet read;
		struct fault  fault;
		trip_make(&t);
		packet_decode(&read, t.level, t.from, t.bytes.p, t.bytes.n, &fault);
		if (!packet_again(&read, &t.arena))
			give_up(&t, "memory");
		uint8_t *out = malloc(t.bytes.n);
		if (packet_size(&read, t.level) != t.bytes.n)
			give_up(&t, "another size");
		packet_encode(&read, t.level, out);
		if (memcmp(out, t.bytes.p, t.bytes.n) != 0)
			give_up(&t, "other bytes");
		free(out);
		trip_free(&t);
	}
}
END_TEST

static void expect_prefix_refused(struct trip *t, size_t n)
{
	struct bytes part = bytes_copy(t->bytes.p, n);
	struct frame f;
	bool         accepted;
	int          rc = frame_read(&f, t->level, part.p, part.n);
	if (rc < 0 || (rc == 1 && f.size <= n))
		give_up(t, "the frame of a prefix");
	const char *wrong = decode_again(t, part, &accepted);
	if (wrong || accepted)
		give_up(t, wrong ? wrong : "a prefix is accepted");
	bytes_free(&part);
}

START_TEST(every_strict_prefix_needs_more)
{
	struct trip t;
	for (int round = 0; round < 20 && trip_init(&t, _i, round); round++) {
		trip_make(&t);
		for (size_t n = 0; n < t.bytes.n; n += n < 600 ? 1 : 97)
			expect_prefix_refused(&t, n);
		trip_free(&t);
	}
}
END_TEST

/* The body cut short, and the Remaining Length with it: it may be good, but nothing is read behind it. */
START_TEST(a_shortened_body_is_not_read_past_its_end)
{
	struct trip t;
	for (int round = 0; round < 20 && trip_init(&t, _i, round); round++) {
		trip_make(&t);
		struct frame f;
		if (frame_read(&f, t.level, t.bytes.p, t.bytes.n) != 1)
			give_up(&t, "the frame");
		for (size_t n = 0; n < t.bytes.n - f.header && n < 128; n++) {
			struct bytes part = bytes_copy(t.bytes.p, n + 2);
			bool         accepted;
			part.p[1] = (uint8_t)n;
			memcpy(part.p + 2, t.bytes.p + f.header, n);
			const char *wrong = decode_again(&t, part, &accepted);
			if (wrong)
				give_up(&t, wrong);
			bytes_free(&part);
		}
		trip_free(&t);
	}
}
END_TEST

START_TEST(no_flipped_bit_does_harm)
{
	struct trip t;
	for (int round = 0; round < 15 && trip_init(&t, _i, round); round++) {
		trip_make(&t);
		for (size_t bit = 0; bit < t.bytes.n * 8 && bit < 300 * 8; bit++) {
			bool accepted;
			t.bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			const char *wrong = decode_again(&t, t.bytes, &accepted);
			if (wrong)
				give_up(&t, wrong);
			t.bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		trip_free(&t);
	}
}
END_TEST

START_TEST(no_byte_of_a_golden_packet_does_harm)
{
	const struct golden *g = golden_at((size_t)_i);
	for (unsigned way = 0; way < WAYS; way++) {
		struct trip t = {.type = g->packet.type, .level = (uint8_t)(LEVEL_31 + way / 2)};
		t.from = way % 2 ? FROM_CLIENT : FROM_SERVER;
		t.bytes = bytes_hex(g->hex);
		for (size_t at = 0; at < t.bytes.n; at++) {
			uint8_t was = t.bytes.p[at];
			for (unsigned value = 0; value < 0x100; value++) {
				bool accepted;
				t.bytes.p[at] = (uint8_t)value;
				const char *wrong = decode_again(&t, t.bytes, &accepted);
				if (wrong)
					give_up(&t, wrong);
			}
			t.bytes.p[at] = was;
		}
		bytes_free(&t.bytes);
	}
}
END_TEST

Suite *round_trip_suite(void)
{
	Suite *s = suite_create("round_trip");
	TCase *tc = tcase_create("round_trip");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_packet_is_read_as_it_was_made, 0, LOOPS);
	tcase_add_loop_test(tc, bytes_are_written_as_they_were_read, 0, LOOPS);
	tcase_add_loop_test(tc, every_strict_prefix_needs_more, 0, LOOPS);
	tcase_add_loop_test(tc, a_shortened_body_is_not_read_past_its_end, 0, LOOPS);
	tcase_add_loop_test(tc, no_flipped_bit_does_harm, 0, LOOPS);
	tcase_add_loop_test(tc, no_byte_of_a_golden_packet_does_harm, 0, (int)golden_count());
	suite_add_tcase(s, tc);
	return s;
}
