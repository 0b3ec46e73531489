/* SPDX-License-Identifier: MIT */
/*
 * Frames: split and joined at will, in part and in pieces, illegal ones, control frames, and the end of it all.
 */
#include <stdlib.h>
#include <string.h>

#include "net/suites.h"
#include "net/websocket_line.h"
#include "support/alloc.h"
#include "support/dice.h"

enum { MUCH = 200000, FRAME_MOST = 16 * 1024 - 8 };

static struct websocket_line line; /* too large for a stack */
static uint8_t               sent[MUCH], got[MUCH];

static void setup(void)
{
	struct dice dice;
	dice_init(&dice, 7);
	dice_bytes(&dice, sent, sizeof sent);
	line.tape.calls = 0;
	line_open_websocket(&line);
}

static void teardown(void)
{
	line_end_websocket(&line);
}

static ssize_t writes(const void *bytes, size_t n)
{
	return line.top->ops->write(line.top, bytes, n);
}

/* ---- Outgoing ---- */

static const size_t sizes[] = {1, 2, 125, 126, 127, 1000, 4095, 4096, 4097, FRAME_MOST};

START_TEST(what_is_written_at_once_is_one_masked_binary_frame) /* [MQTT-6.0.0-1] */
{
	uint8_t *payload;
	size_t   n;
	ck_assert_int_eq(writes(sent, sizes[_i]), (ssize_t)sizes[_i]);
	ck_assert_int_eq(line_next(&line, &payload, &n), 0x82);
	ck_assert_uint_eq(n, sizes[_i]);
	ck_assert_mem_eq(payload, sent, n);
	ck_assert_uint_eq(line.tape.out_at, line.tape.out_len);
	ck_assert(!line.top->owes);
}
END_TEST

START_TEST(what_is_too_large_for_one_frame_is_as_few_as_can_be)
{
	uint8_t *payload;
	size_t   n, at = 0, frames = 0;
	ck_assert_int_eq(writes(sent, MUCH), MUCH);
	for (; line_next(&line, &payload, &n) == 0x82; at += n, frames++)
		ck_assert_mem_eq(payload, sent + at, n);
	ck_assert_uint_eq(at, MUCH);
	ck_assert_uint_eq(frames, MUCH / FRAME_MOST + 1);
}
END_TEST

START_TEST(masks_are_not_used_twice)
{
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(writes("x", 1), 1);
	ck_assert_uint_eq(line.tape.out_len, 700);
	for (int i = 0; i < 100; i++)
		for (int k = 0; k < i; k++)
			ck_assert(memcmp(line.tape.out + 7 * i + 2, line.tape.out + 7 * k + 2, 4) != 0);
}
END_TEST

/* A pipe that takes a few bytes, and TLS, which wants to see again what it did not take: the caller offers what is left. */
START_TEST(frames_leave_in_any_pieces_and_what_is_told_has_left)
{
	struct dice dice;
	size_t      told = 0, n, at = 0;
	uint8_t    *payload;
	dice_init(&dice, (uint64_t)_i + 1);
	line.tape.stutters = _i % 2;
	while (told < MUCH) {
		size_t offer = dice_chance(&dice, 50) ? MUCH - told : 1 + dice_roll(&dice, 40000);
		line.tape.room = dice_roll(&dice, 30000);
		ssize_t rc = writes(sent + told, offer < MUCH - told ? offer : MUCH - told);
		ck_assert_int_ge(rc, -1);
		ck_assert(rc >= 0 || line.top->wants & PIPE_WRITE);
		told += rc > 0 ? (size_t)rc : 0;
		ck_assert(line.tape.out_len >= told);
	}
	ck_assert(!line.top->owes);
	for (; line_next(&line, &payload, &n) == 0x82; at += n)
		ck_assert_mem_eq(payload, sent + at, n);
	ck_assert_uint_eq(at, MUCH);
}
END_TEST

START_TEST(nothing_is_told_of_a_head_that_has_left_alone)
{
	line.tape.room = 3;
	ck_assert_int_eq(writes(sent, 10), -1);
	ck_assert(line.top->owes);
	line.tape.room = 5;
	ck_assert_int_eq(writes(sent, 10), 2);
	line.tape.room = SIZE_MAX;
	ck_assert_int_eq(writes(sent + 2, 8), 8);
	ck_assert(!line.top->owes);
}
END_TEST

START_TEST(a_break_of_the_pipe_below_is_told)
{
	ssize_t rc;
	line.tape.deaf = true;
	ck_assert_int_eq(writes("x", 1), MQTTWILL_ELOST);
	ck_assert_str_eq(line.error.text, "write to memory: Broken pipe");
	line.tape.reset = true;
	line_reads(&line, got, sizeof got, &rc);
	ck_assert_int_eq(rc, MQTTWILL_ELOST);
	ck_assert_str_eq(line.error.text, "read from memory: Connection reset by peer");
}
END_TEST

/* ---- Incoming ---- */

/* Frames, fragments of messages, pings between them, empty ones. */
static size_t says_at_random(struct dice *dice, size_t most)
{
	size_t at = 0;
	bool   within = false;
	while (at < most) {
		static const uint32_t scales[] = {3, 200, 3000, 70000};
		size_t                n = dice_roll(dice, scales[dice_roll(dice, 4)]);
		bool                  fin = dice_chance(dice, 60);
		n = n < most - at ? n : most - at;
		line_frame(&line, (uint8_t)((fin ? 0x80 : 0) | (within ? 0 : 2)), sent + at, n);
		within = !fin;
		at += n;
		if (dice_chance(dice, 20))
			line_frame(&line, dice_chance(dice, 50) ? 0x89 : 0x8A, "ping", dice_roll(dice, 5));
	}
	return at;
}

START_TEST(a_stream_comes_out_of_frames_of_any_size_in_any_pieces) /* [MQTT-6.0.0-2] */
{
	struct dice dice;
	ssize_t     rc;
	size_t      n = 0;
	dice_init(&dice, (uint64_t)_i + 1);
	line.tape.stutters = _i % 3 == 0;
	size_t all = says_at_random(&dice, _i % 4 ? MUCH / 2 : 3000), whole = line.tape.in_len;
	for (line.tape.in_len = 0; line.tape.in_len < whole;) {
		size_t more = _i % 4 ? 1 + dice_roll(&dice, 20000) : 1;
		line.tape.in_len = line.tape.in_len + more < whole ? line.tape.in_len + more : whole;
		line.tape.grain = 1 + dice_roll(&dice, 5000);
		n += line_reads(&line, got + n, 1 + dice_roll(&dice, 40000), &rc);
	}
	n += line_reads(&line, got + n, sizeof got - n, &rc);
	ck_assert_int_eq(rc, -1);
	ck_assert_uint_eq(n, all);
	ck_assert_mem_eq(got, sent, n);
	ck_assert_uint_eq(line.top->ops->pending(line.top), 0);
}
END_TEST

START_TEST(a_frame_may_be_cut_at_every_byte)
{
	ssize_t rc;
	for (size_t cut = 0; cut <= 310; cut++) {
		line.tape.in_len = line.tape.in_at = 0;
		line_frame(&line, 0x02, sent, 3);
		line_frame(&line, 0x89, "", 0);
		line_frame(&line, 0x80, sent + 3, 297);
		size_t whole = line.tape.in_len;
		line.tape.in_len = cut < whole ? cut : whole;
		size_t n = line_reads(&line, got, sizeof got, &rc);
		line.tape.in_len = whole;
		n += line_reads(&line, got + n, sizeof got - n, &rc);
		ck_assert_uint_eq(n, 300);
		ck_assert_mem_eq(got, sent, 300);
	}
}
END_TEST

START_TEST(a_read_that_was_full_may_have_left_something)
{
	line_frame(&line, 0x82, sent, 100);
	ck_assert_int_eq(line.top->ops->read(line.top, got, 50), 48);
	ck_assert_uint_gt(line.top->ops->pending(line.top), 0);
	ck_assert_int_eq(line.top->ops->read(line.top, got, 500), 52);
	ck_assert_uint_eq(line.top->ops->pending(line.top), 0);
}
END_TEST

static const struct {
	const char *bytes;
	size_t      n;
	unsigned    close;
	const char *text;
} illegal[] = {
	{"\x81\x02hi", 4, 1003, "a text frame; MQTT travels in binary ones"}, /* [MQTT-6.0.0-1] */
	{"\x01\x00", 2, 1003, "a text frame; MQTT travels in binary ones"},
	{"\x82\x81\1\2\3\4x", 7, 1002, "a frame is masked, as only a client's are"},
	{"\xC2\x01x", 3, 1002, "a frame has reserved bits set"},
	{"\x92\x01x", 3, 1002, "a frame has reserved bits set"},
	{"\x83\x01x", 3, 1002, "a frame has an unknown opcode"},
	{"\x87\x01x", 3, 1002, "a frame has an unknown opcode"},
	{"\x8B\x01x", 3, 1002, "a frame has an unknown opcode"},
	{"\x8F\x01x", 3, 1002, "a frame has an unknown opcode"},
	{"\x80\x01x", 3, 1002, "a frame continues a message that has not begun"},
	{"\x02\x00\x82\x01x", 5, 1002, "a message begins within another"},
	{"\x09\x00", 2, 1002, "a frame's head is malformed"},
	{"\x08\x00", 2, 1002, "a frame's head is malformed"},
	{"\x89\x7E\x00\x7E", 4, 1002, "a frame's head is malformed"},
	{"\x88\x7F\0\0\0\0\0\0\0\1", 10, 1002, "a frame's head is malformed"},
	{"\x82\x7E\x00\x7Dx", 5, 1002, "a frame's head is malformed"},
	{"\x82\x7F\0\0\0\0\0\0\xFF\xFFx", 11, 1002, "a frame's head is malformed"},
	{"\x82\x7F\x80\0\0\0\0\0\0\0x", 11, 1002, "a frame's head is malformed"},
};

START_TEST(each_illegal_frame_is_told_and_closed_with_its_code)
{
	char    text[200] = "websocket: the broker broke the protocol: ";
	ssize_t rc;
	line_frame(&line, 0x82, "abc", 3);
	line_says(&line, illegal[_i].bytes, illegal[_i].n);
	line_frame(&line, 0x82, "never", 5);
	ck_assert_uint_eq(line_reads(&line, got, sizeof got, &rc), 3); /* what was legal comes first */
	ck_assert_int_eq(rc, MQTTWILL_EPROTOCOL);
	ck_assert_str_eq(line.error.text, strcat(text, illegal[_i].text));
	line_expects_close(&line, illegal[_i].close);
	ck_assert_int_eq(writes("x", 1), MQTTWILL_ELOST);
	ck_assert_uint_eq(line.tape.out_at, line.tape.out_len);
}
END_TEST

/* ---- Ping ---- */

START_TEST(a_ping_is_answered_with_its_own_bytes)
{
	uint8_t *payload;
	ssize_t  rc;
	size_t   n;
	line_frame(&line, 0x89, sent, (size_t)_i);
	line.top->wants = 0;
	ck_assert_uint_eq(line_reads(&line, got, sizeof got, &rc), 0);
	ck_assert_int_eq(rc, -1);
	ck_assert_uint_eq(line.top->wants, PIPE_READ);
	ck_assert_int_eq(line_next(&line, &payload, &n), 0x8A);
	ck_assert_uint_eq(n, (size_t)_i);
	ck_assert_mem_eq(payload, sent, n);
	line_frame(&line, 0x8A, "unasked", 7);
	ck_assert_uint_eq(line_reads(&line, got, sizeof got, &rc), 0);
	ck_assert_uint_eq(line.tape.out_at, line.tape.out_len);
}
END_TEST

START_TEST(of_pings_that_cannot_be_answered_the_last_one_is_and_none_grows_the_memory)
{
	uint8_t *payload;
	ssize_t  rc;
	size_t   n, frames = 0;
	line.tape.room = 3;
	ck_assert_int_eq(writes(sent, 1000), -1);
	alloc_watch();
	for (unsigned i = 0; i < 10000; i++) {
		uint8_t number[2] = {(uint8_t)(i >> 8), (uint8_t)i};
		line_frame(&line, 0x89, number, 2);
	}
	ck_assert_uint_eq(line_reads(&line, got, sizeof got, &rc), 0);
	ck_assert_int_le(alloc_most(), 4096);
	ck_assert(line.top->owes);
	line.tape.room = SIZE_MAX;
	ck_assert_int_eq(writes(sent, 1000), 1000);
	ck_assert(!line.top->owes);
	ck_assert_int_eq(line_next(&line, &payload, &n), 0x82);
	ck_assert_mem_eq(payload, sent, 1000);
	for (; line_next(&line, &payload, &n) == 0x8A; frames++)
		ck_assert(payload[0] == 9999 >> 8 && payload[1] == (9999 & 255));
	ck_assert_uint_eq(frames, 1);
}
END_TEST

START_TEST(a_pong_that_was_not_taken_whole_is_owed)
{
	uint8_t *payload;
	ssize_t  rc;
	size_t   n;
	line.tape.room = 4;
	for (int i = 0; i < 3; i++) {
		line_frame(&line, 0x89, "0123456789", 10);
		line_reads(&line, got, sizeof got, &rc);
		ck_assert_int_eq(writes("", 0), -1);
	}
	ck_assert(line.top->owes && line.top->wants & PIPE_WRITE);
	line.tape.room = SIZE_MAX;
	ck_assert_int_eq(writes("", 0), 0);
	ck_assert(!line.top->owes);
	for (int i = 0; i < 2; i++) /* the one that was begun, and the last */
		ck_assert_int_eq(line_next(&line, &payload, &n), 0x8A);
	ck_assert_uint_eq(line.tape.out_at, line.tape.out_len);
	ck_assert_int_eq(writes("x", 1), 1);
	ck_assert_int_eq(line_next(&line, &payload, &n), 0x82);
}
END_TEST

START_TEST(a_flood_of_pings_lets_others_have_their_turn)
{
	unsigned turns = 0;
	line.tape.grain = 10;
	for (int i = 0; i < 1000; i++)
		line_frame(&line, 0x89, "", 0);
	for (; line.tape.in_at < line.tape.in_len; turns++) {
		ck_assert_int_eq(line.top->ops->read(line.top, got, sizeof got), -1);
		ck_assert(line.tape.in_at == line.tape.in_len || line.top->ops->pending(line.top));
	}
	ck_assert_uint_gt(turns, 10);
}
END_TEST

/* ---- The end ---- */

static const struct {
	const char *payload;
	size_t      n;
	int         rc;
	unsigned    answer;
	const char *text;
} closes[] = {
	{"", 0, 0, 1005, "websocket: the broker closed the connection, without a code"},
	{"\x03\xE8", 2, 0, 1000, "websocket: the broker closed the connection with code 1000 (normal closure)"},
	{"\x03\xE9" "bye", 5, 0, 1001, "websocket: the broker closed the connection with code 1001 (going away): bye"},
	{"\x03\xF0not you\n\x1B[0m", 14, 0, 1008, "websocket: the broker closed the connection with code 1008 (policy violation): not you??[0m"},
	{"\x0F\xA0gr\xC3\xB6\xC3\x9F", 8, 0, 4000, "websocket: the broker closed the connection with code 4000: gr\xC3\xB6\xC3\x9F"},
	{"\x03", 1, MQTTWILL_EPROTOCOL, 1002, "websocket: the broker closed the connection with a malformed Close frame"},
	{"\x03\xED", 2, MQTTWILL_EPROTOCOL, 1002, "websocket: the broker closed the connection with a malformed Close frame"},
	{"\x00\x00", 2, MQTTWILL_EPROTOCOL, 1002, "websocket: the broker closed the connection with a malformed Close frame"},
	{"\x03\xE8\xFF", 3, MQTTWILL_EPROTOCOL, 1002, "websocket: the broker closed the connection with a malformed Close frame"},
};

START_TEST(a_close_of_the_broker_is_told_in_its_words_and_answered)
{
	ssize_t rc;
	line_frame(&line, 0x82, "abc", 3);
	line_frame(&line, 0x88, closes[_i].payload, closes[_i].n);
	line_frame(&line, 0x82, "never", 5);
	ck_assert_uint_eq(line_reads(&line, got, sizeof got, &rc), 3);
	ck_assert_int_eq(rc, closes[_i].rc);
	ck_assert_int_eq(line.error.code, closes[_i].rc ? MQTTWILL_EPROTOCOL : MQTTWILL_ELOST);
	ck_assert_str_eq(line.error.text, closes[_i].text);
	line_expects_close(&line, closes[_i].answer);
	ck_assert_int_eq(writes("x", 1), MQTTWILL_ELOST);
}
END_TEST

START_TEST(an_end_behind_what_was_read_is_pending)
{
	line_frame(&line, 0x82, "abc", 3);
	line_frame(&line, 0x88, "\x03\xE8", 2);
	ck_assert_int_eq(line.top->ops->read(line.top, got, sizeof got), 3);
	ck_assert_uint_gt(line.top->ops->pending(line.top), 0);
	ck_assert_int_eq(line.top->ops->read(line.top, got, sizeof got), 0);
	ck_assert_uint_eq(line.top->ops->pending(line.top), 0);
}
END_TEST

START_TEST(an_end_of_the_stream_without_close_is_one)
{
	ssize_t rc;
	line_frame(&line, 0x82, "abc", 3);
	line.tape.ended = true;
	ck_assert_uint_eq(line_reads(&line, got, sizeof got, &rc), 3);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(line.error.code, 0);
}
END_TEST

START_TEST(who_leaves_says_close_and_reads_on_to_the_end)
{
	ssize_t rc;
	ck_assert_int_eq(writes("\xE0\0", 2), 2);
	line.tape.out_at = line.tape.out_len;
	line.top->ops->finish(line.top);
	ck_assert(line.tape.finished);
	line_expects_close(&line, 1000);
	line_frame(&line, 0x82, "late", 4);
	line_frame(&line, 0x89, "", 0);
	line_frame(&line, 0x88, "\x03\xE8", 2);
	ck_assert_uint_eq(line_reads(&line, got, sizeof got, &rc), 4);
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(line.tape.out_at, line.tape.out_len);
	ck_assert_int_eq(writes("x", 1), MQTTWILL_ELOST);
}
END_TEST

START_TEST(half_a_frame_is_followed_by_no_close)
{
	line.tape.room = 3;
	ck_assert_int_eq(writes(sent, 10), -1);
	line.top->ops->finish(line.top);
	ck_assert(line.tape.finished && !line.top->owes);
	ck_assert_uint_eq(line.tape.out_len, 3);
}
END_TEST

#define LOOP(test, rows) tcase_add_loop_test(t, test, 0, sizeof rows / sizeof rows[0])

static TCase *streams(void)
{
	TCase *t = tcase_create("streams");
	tcase_add_checked_fixture(t, setup, teardown);
	LOOP(what_is_written_at_once_is_one_masked_binary_frame, sizes);
	tcase_add_test(t, what_is_too_large_for_one_frame_is_as_few_as_can_be);
	tcase_add_test(t, masks_are_not_used_twice);
	tcase_add_loop_test(t, frames_leave_in_any_pieces_and_what_is_told_has_left, 0, 20);
	tcase_add_test(t, nothing_is_told_of_a_head_that_has_left_alone);
	tcase_add_test(t, a_break_of_the_pipe_below_is_told);
	tcase_add_loop_test(t, a_stream_comes_out_of_frames_of_any_size_in_any_pieces, 0, 40);
	tcase_add_test(t, a_frame_may_be_cut_at_every_byte);
	tcase_add_test(t, a_read_that_was_full_may_have_left_something);
	return t;
}

static TCase *rules(void)
{
	TCase *t = tcase_create("rules");
	tcase_add_checked_fixture(t, setup, teardown);
	LOOP(each_illegal_frame_is_told_and_closed_with_its_code, illegal);
	tcase_add_loop_test(t, a_ping_is_answered_with_its_own_bytes, 0, 126);
	tcase_add_test(t, of_pings_that_cannot_be_answered_the_last_one_is_and_none_grows_the_memory);
	tcase_add_test(t, a_pong_that_was_not_taken_whole_is_owed);
	tcase_add_test(t, a_flood_of_pings_lets_others_have_their_turn);
	LOOP(a_close_of_the_broker_is_told_in_its_words_and_answered, closes);
	tcase_add_test(t, an_end_behind_what_was_read_is_pending);
	tcase_add_test(t, an_end_of_the_stream_without_close_is_one);
	tcase_add_test(t, who_leaves_says_close_and_reads_on_to_the_end);
	tcase_add_test(t, half_a_frame_is_followed_by_no_close);
	return t;
}

Suite *websocket_suite(void)
{
	Suite *s = suite_create("websocket");
	suite_add_tcase(s, streams());
	suite_add_tcase(s, rules());
	return s;
}
