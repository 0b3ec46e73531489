/* SPDX-License-Identifier: MIT */
/*
 * A packet made fit for another version, or a lower QoS, is byte for byte what encoding it so would have given.
 */
#include "wire/recode.h"

#include <check.h>
#include <stdlib.h>

#include "support/bytes.h"
#include "support/packet_random.h"
#include "unit/suites.h"
#include "wire/topic.h"

enum { ROUNDS = 1000 };

static const uint8_t types[] = {PACKET_PUBLISH, PACKET_SUBSCRIBE, PACKET_UNSUBSCRIBE};

/* A block of just the size that recoding may take, so that sanitizers see one byte more. */
static struct bytes encode(const struct packet *pk, uint8_t level, size_t spare)
{
	struct bytes b = {NULL, packet_size(pk, level)};
	b.p = malloc(b.n + spare);
	ck_assert_uint_eq(packet_encode(pk, level, b.p), b.n);
	return b;
}

/* Without what repeats or belongs to MQTT 5; the filters' options are cut in place. */
static void make_plain(struct packet *pk, struct filter *filters)
{
	pk->props = (struct props){0};
	for (size_t i = 0; pk->type != PACKET_PUBLISH && i < pk->count; i++) {
		filters[i] = pk->filters[i];
		filters[i].options &= OPTION_QOS;
	}
	pk->filters = filters;
}

static void expect_same(const struct bytes *is, const struct bytes *wanted)
{
	ck_assert_msg(is->n == wanted->n && memcmp(is->p, wanted->p, is->n) == 0, "not as encoded: %s", bytes_show(is->p, is->n));
}

static void compare(const struct packet *before, uint8_t from, const struct packet *after, const struct recode *how)
{
	struct bytes is = encode(before, from, RECODE_GROWTH), wanted = encode(after, how->to, 0);
	is.n = packet_recode(is.p, is.n, how);
	expect_same(&is, &wanted);
	bytes_free(&is);
	bytes_free(&wanted);
}

static bool is_stored_form(const struct packet *pk)
{
	return pk->type != PACKET_PUBLISH || pk->topic.n > 0; /* not an alias alone */
}

static void each_random(int type, uint8_t level, void (*look)(const struct packet *pk))
{
	struct dice d;
	dice_init(&d, 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct arena  a;
		struct packet pk;
		arena_init(&a);
		packet_random(&d, &a, types[type], level, FROM_CLIENT, &pk);
		if (is_stored_form(&pk))
			look(&pk);
		arena_fini(&a);
	}
}

static void from_5(const struct packet *pk)
{
	struct filter *filters = calloc(pk->count + 1, sizeof *filters);
	struct packet  plain = *pk;
	make_plain(&plain, filters);
	for (uint8_t to = LEVEL_31; to < LEVEL_5; to++)
		compare(pk, LEVEL_5, &plain, &(struct recode){LEVEL_5, to, 2, false});
	free(filters);
}

START_TEST(from_5_to_an_older_version_only_the_properties_and_options_go)
{
	each_random(_i, LEVEL_5, from_5);
}
END_TEST

static void stripped(const struct packet *pk)
{
	struct packet bare = *pk;
	bare.props = (struct props){0};
	compare(pk, LEVEL_5, &bare, &(struct recode){.from = LEVEL_5, .to = LEVEL_5, .qos = 2, .no_properties = true});
}

START_TEST(without_its_properties_a_packet_of_5_keeps_its_options)
{
	each_random(_i, LEVEL_5, stripped);
}
END_TEST

static void from_311(const struct packet *pk)
{
	compare(pk, LEVEL_311, pk, &(struct recode){LEVEL_311, LEVEL_5, 2, false});
	compare(pk, LEVEL_311, pk, &(struct recode){LEVEL_311, LEVEL_31, 2, false});
}

START_TEST(from_an_older_version_to_5_an_empty_section_comes)
{
	each_random(_i, LEVEL_311, from_311);
}
END_TEST

static void lowered(const struct packet *pk)
{
	struct packet low = *pk;
	for (uint8_t qos = 0; qos < 3; qos++) {
		low.qos = qos < pk->qos ? qos : pk->qos;
		low.dup = pk->dup && low.qos;
		low.retain = false;
		compare(pk, LEVEL_5, &low, &(struct recode){LEVEL_5, LEVEL_5, qos, true});
		low.retain = pk->retain;
		compare(pk, LEVEL_5, &low, &(struct recode){LEVEL_5, LEVEL_5, qos, false});
	}
}

START_TEST(a_lower_qos_takes_the_identifier_and_leaves_the_properties)
{
	each_random(0, LEVEL_5, lowered);
}
END_TEST

/* Around each size at which the Remaining Length takes a byte more. */
START_TEST(the_remaining_length_grows_and_shrinks_where_it_must)
{
	static const size_t edges[] = {0x7F, 0x3FFF, 0x1FFFFF};
	static uint8_t      payload[0x1FFFFF + 8];
	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
		for (size_t n = edges[i] - 12; n < edges[i] + 4; n++) {
			struct packet pk = {.type = PACKET_PUBLISH, .qos = 1, .id = 7, .topic = span_text("t", 0), .payload = span_of(payload, n)};
			from_311(&pk);
			from_5(&pk);
			lowered(&pk);
		}
	}
}
END_TEST

static const struct {
	const char *hex, *losses;
	bool        forbidden;
} losses[] = {
	{"32 06 0001't' 0001 00", "", false},
	{"32 0F 0001't' 0001 09 02 00000009 03 0001'c'", "Message Expiry Interval, Content Type", false},
	{"32 0D 0001't' 0001 07 26 0001'n' 0001'v'", "User Property", false},
	{"32 0B 0001't' 0001 05 23 0001 01 01", "Payload Format Indicator", false}, /* no alias */
	{"82 07 0001 00 0001'f' 02", "", false},
	{"82 09 0001 02 0B 05 0001'f' 02", "Subscription Identifier", false},
	{"82 07 0001 00 0001'f' 2E", "No Local, Retain As Published, Retain Handling", false},
	{"82 0B 0001 00 0001'f' 04 0001'g' 04", "No Local", false},
	{"82 10 0001 00 000A'$share/g/f' 01", "a shared subscription", true},
	{"A2 0F 0001 00 000A'$share/g/f'", "a shared subscription", true},
};

START_TEST(what_an_older_version_lacks_is_named)
{
	for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
		char          text[RECODE_TEXT];
		struct bytes  b = bytes_hex(losses[i].hex);
		struct packet pk;
		struct fault  fault;
		ck_assert_msg(packet_decode(&pk, LEVEL_5, FROM_CLIENT, b.p, b.n, &fault) == 0, "row %zu: %s", i, fault.text);
		ck_assert(recode_losses(&pk, text) == losses[i].forbidden);
		ck_assert_str_eq(text, losses[i].losses);
		bytes_free(&b);
	}
}
END_TEST

START_TEST(there_is_room_for_every_name)
{
	char          text[RECODE_TEXT];
	struct packet message = {.type = PACKET_PUBLISH}, request = {.type = PACKET_SUBSCRIBE};
	for (uint32_t i = 0; i < PROPERTY_COUNT; i++)
		message.props.has |= property_table[i].packets & 1u << PACKET_PUBLISH ? 1u << i : 0;
	recode_losses(&message, text);
	ck_assert_ptr_nonnull(strstr(text, "User Property"));
	request.props.has = HAS(SUBSCRIPTION_ID) | HAS(USER);
	request.list = span_of("\x00\x0A$share/g/f\x2D", 13); /* as if it had No Local, too */
	recode_losses(&request, text);
	ck_assert_ptr_nonnull(strstr(text, "a shared subscription"));
}
END_TEST

Suite *recode_suite(void)
{
	Suite *s = suite_create("recode");
	TCase *t = tcase_create("recode");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, from_5_to_an_older_version_only_the_properties_and_options_go, 0, 3);
	tcase_add_loop_test(t, without_its_properties_a_packet_of_5_keeps_its_options, 0, 3);
	tcase_add_loop_test(t, from_an_older_version_to_5_an_empty_section_comes, 0, 3);
	tcase_add_test(t, a_lower_qos_takes_the_identifier_and_leaves_the_properties);
	tcase_add_test(t, the_remaining_length_grows_and_shrinks_where_it_must);
	tcase_add_test(t, what_an_older_version_lacks_is_named);
	tcase_add_test(t, there_is_room_for_every_name);
	suite_add_tcase(s, t);
	return s;
}
