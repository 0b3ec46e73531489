/* SPDX-License-Identifier: MIT */
/*
 * Encode and decode against bytes that were written down by hand, in every level and direction.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/golden.h"
#include "support/packets.h"
#include "unit/suites.h"

START_TEST(encode_writes_the_golden_bytes)
{
	const struct golden *g = golden_at((size_t)_i);
	for (uint8_t level = LEVEL_31; level <= LEVEL_5; level++) {
		if (!(g->levels & 1u << level))
			continue;
		struct bytes expected = bytes_hex(g->hex);
		size_t       size = packet_size(&g->packet, level);
		uint8_t     *out = malloc(size);
		ck_assert_uint_eq(packet_encode(&g->packet, level, out), size);
		if (size != expected.n || memcmp(out, expected.p, size) != 0)
			ck_abort_msg("%s, level %d: %s", g->name, level, bytes_show(out, size));
		free(out);
		bytes_free(&expected);
	}
}
END_TEST

START_TEST(decode_reads_the_golden_bytes)
{
	const struct golden *g = golden_at((size_t)_i);
	for (unsigned way = 0; way < 6; way++) {
		uint8_t       level = (uint8_t)(LEVEL_31 + way / 2);
		enum side     from = way % 2 ? FROM_CLIENT : FROM_SERVER;
		struct packet pk;
		struct fault  fault;
		if (!(g->levels & 1u << level))
			continue;
		struct bytes b = bytes_hex(g->hex);
		int          rc = packet_decode(&pk, level, from, b.p, b.n, &fault);
		if (!(g->sides & from)) {
			ck_assert_msg(rc == -1, "%s, level %d, is accepted from side %d", g->name, level, (int)from);
		} else {
			ck_assert_msg(rc == 0 && fault.reason == 0, "%s, level %d: %s", g->name, level, fault.text);
			const char *difference = packet_differs(&g->packet, &pk, level);
			ck_assert_msg(!difference, "%s, level %d: %s", g->name, level, difference);
		}
		bytes_free(&b);
	}
}
END_TEST

START_TEST(frame_read_sees_the_golden_packet_whole)
{
	const struct golden *g = golden_at((size_t)_i);
	struct bytes         b = bytes_hex(g->hex);
	struct frame         f;
	ck_assert_int_eq(frame_read(&f, LEVEL_5, b.p, b.n), 1);
	ck_assert_uint_eq(f.size, b.n);
	ck_assert_uint_eq(f.type, g->packet.type);
	bytes_free(&b);
}
END_TEST

/* Borders of the Remaining Length (table 2-3): the bytes that say it, and how many. */
static const struct {
	uint32_t    length;
	const char *hex;
} lengths[] = {
	{0, "00"},           {1, "01"},           {127, "7F"},          {128, "8001"},         {16383, "FF7F"},
	{16384, "808001"},   {2097151, "FFFF7F"}, {2097152, "80808001"}, {268435455, "FFFFFF7F"},
};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

START_TEST(each_border_of_the_remaining_length_is_read)
{
	struct bytes b = bytes_hex(lengths[_i].hex);
	struct frame f;
	uint8_t      in[6] = {0x3B};
	memcpy(in + 1, b.p, b.n);
	for (uint8_t level = LEVEL_31; level <= LEVEL_5; level++) {
		ck_assert_int_eq(frame_read(&f, level, in, b.n + 1), 1);
		ck_assert_uint_eq(f.type, PACKET_PUBLISH);
		ck_assert_uint_eq(f.flags, 0xB);
		ck_assert_uint_eq(f.header, b.n + 1);
		ck_assert_uint_eq(f.size, lengths[_i].length + b.n + 1);
		for (size_t n = 0; n <= b.n; n++) {
			struct bytes part = bytes_copy(in, n);
			ck_assert_int_eq(frame_read(&f, level, part.p, n), 0);
			bytes_free(&part);
		}
	}
	bytes_free(&b);
}
END_TEST

/* The borders of the Remaining Length in a PUBLISH at QoS 0 of 3.1.1. Nothing is copied to count. */
START_TEST(each_border_of_the_remaining_length_is_counted)
{
	struct packet pk = {.type = PACKET_PUBLISH, .topic = span_text("a", 0)};
	size_t        width = strlen(lengths[_i].hex) / 2;
	if (lengths[_i].length < 3)
		return;
	pk.payload = span_of("", lengths[_i].length - 3);
	ck_assert_uint_eq(packet_size(&pk, LEVEL_311), 1 + width + lengths[_i].length);
}
END_TEST

START_TEST(each_border_of_the_remaining_length_is_written)
{
	struct packet pk = {.type = PACKET_PUBLISH, .topic = span_text("a", 0)}, read;
	struct fault  fault;
	if (lengths[_i].length < 3 || lengths[_i].length > 2097152)
		return;
	struct bytes payload = {calloc(1, lengths[_i].length), lengths[_i].length - 3};
	pk.payload = span_of(payload.p, payload.n);
	size_t   size = packet_size(&pk, LEVEL_311);
	uint8_t *out = malloc(size);
	ck_assert_uint_eq(packet_encode(&pk, LEVEL_311, out), size);
	ck_assert(bytes_are(out + 1, strlen(lengths[_i].hex) / 2, lengths[_i].hex));
	ck_assert_int_eq(packet_decode(&read, LEVEL_311, FROM_SERVER, out, size, &fault), 0);
	ck_assert_ptr_null(packet_differs(&pk, &read, LEVEL_311));
	free(out);
	bytes_free(&payload);
}
END_TEST

/* U-2.1.4-a for all; [MQTT-1.5.5-1] for 5 alone: 3.x does not forbid a length that is longer than it needs to be. */
START_TEST(a_malformed_remaining_length_is_refused)
{
	static const struct {
		const char *hex;
		int         before5, in5;
	} rows[] = {
		{"30 80808080", -1, -1}, {"30 FFFFFFFF", -1, -1}, {"30 8080808001", -1, -1}, {"30 80", 0, 0},
		{"30 8000", 1, -1},      {"30 FF00", 1, -1},      {"30 808000", 1, -1},      {"30 80808000", 1, -1},
		{"30 00", 1, 1},         {"00 00", 1, 1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct bytes b = bytes_hex(rows[i].hex);
		struct frame f;
		ck_assert_int_eq(frame_read(&f, LEVEL_31, b.p, b.n), rows[i].before5);
		ck_assert_int_eq(frame_read(&f, LEVEL_311, b.p, b.n), rows[i].before5);
		ck_assert_int_eq(frame_read(&f, LEVEL_5, b.p, b.n), rows[i].in5);
		bytes_free(&b);
	}
}
END_TEST

START_TEST(a_longer_length_than_needed_is_read_before_mqtt_5)
{
	struct bytes  b = bytes_hex("D0 8000");
	struct packet pk;
	struct fault  fault;
	ck_assert_int_eq(packet_decode(&pk, LEVEL_311, FROM_SERVER, b.p, b.n, &fault), 0);
	ck_assert_uint_eq(pk.type, PACKET_PINGRESP);
	ck_assert_int_eq(packet_decode(&pk, LEVEL_5, FROM_SERVER, b.p, b.n, &fault), -1);
	ck_assert_uint_eq(fault.reason, REASON_MALFORMED);
	bytes_free(&b);
}
END_TEST

Suite *codec_suite(void)
{
	Suite *s = suite_create("codec");
	TCase *tc = tcase_create("codec");
	tcase_add_loop_test(tc, encode_writes_the_golden_bytes, 0, (int)golden_count());
	tcase_add_loop_test(tc, decode_reads_the_golden_bytes, 0, (int)golden_count());
	tcase_add_loop_test(tc, frame_read_sees_the_golden_packet_whole, 0, (int)golden_count());
	tcase_add_loop_test(tc, each_border_of_the_remaining_length_is_read, 0, LENGTHS);
	tcase_add_loop_test(tc, each_border_of_the_remaining_length_is_counted, 0, LENGTHS);
	tcase_add_loop_test(tc, each_border_of_the_remaining_length_is_written, 0, LENGTHS);
	tcase_add_test(tc, a_malformed_remaining_length_is_refused);
	tcase_add_test(tc, a_longer_length_than_needed_is_read_before_mqtt_5);
	suite_add_tcase(s, tc);
	return s;
}
