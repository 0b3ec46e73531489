/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 by RFC 3629, with U+0000 forbidden or allowed. A table of forms, every offset in a long run of ASCII (which is
 * scanned by words), and a slow reference decoder over random bytes.
 */
#include <check.h>
#include <string.h>

#include "base/utf8.h"
#include "support/bytes.h"
#include "support/dice.h"
#include "support/slow.h"
#include "unit/suites.h"

static const struct {
	const char *what;
	const char *hex;
	size_t      good; /* bytes before the first bad one */
} forms[] = {
	{"nothing", "", 0},
	{"ASCII", "'lamp-7/status'", 13},
	{"U+0001 and U+007F", "01 7F", 2},
	{"U+0080, the first of two bytes", "C280", 2},
	{"U+07FF, the last of two bytes", "DFBF", 2},
	{"U+0800, the first of three bytes", "E0A080", 3},
	{"U+D7FF, the last before the surrogates", "ED9FBF", 3},
	{"U+E000, the first after the surrogates", "EE8080", 3},
	{"U+FFFF, a non-character", "EFBFBF", 3},
	{"U+FDD0, a non-character", "EFB790", 3},
	{"U+10000, the first of four bytes", "F0908080", 4},
	{"U+10FFFF, the last of all", "F48FBFBF", 4},
	{"U+1FFFE, a non-character", "F09FBFBE", 4},
	{"MQTT-1.5.4-3: a byte order mark is a character", "EFBBBF 'a'", 4},
	{"A and U+2A6D4, the specification's example", "41 F0AA9B94", 5},
	{"MQTT-1.5.4-2: U+0000", "'ab' 00 'c'", 2},
	{"MQTT-1.5.4-2: U+0000 in two bytes", "'a' C080", 1},
	{"an overlong slash", "'a' C1AF", 1},
	{"overlong in two bytes", "C1BF", 0},
	{"overlong in three bytes", "E09FBF", 0},
	{"overlong in four bytes", "F08FBFBF", 0},
	{"MQTT-1.5.4-1: U+D800, the first surrogate", "'ab' EDA080", 2},
	{"MQTT-1.5.4-1: U+DFFF, the last surrogate", "EDBFBF", 0},
	{"a surrogate pair", "EDA0BD EDB880", 0},
	{"U+110000", "F4908080", 0},
	{"F5", "F5808080", 0},
	{"five bytes", "F888808080", 0},
	{"FE and FF", "FE FF", 0},
	{"a stray continuation byte", "'a' 80", 1},
	{"two bytes cut short", "'ab' C2", 2},
	{"three bytes cut short by one", "'ab' E282", 2},
	{"three bytes cut short by two", "'ab' E2", 2},
	{"four bytes cut short", "'ab' F09F98", 2},
	{"two bytes broken by ASCII", "C3 28", 0},
	{"three bytes broken in the third", "E282 28", 0},
	{"four bytes broken in the third", "F09028BC", 0},
	{"four bytes broken in the fourth", "F0908028", 0},
	{"good characters before a bad one", "C3A4 E282AC F09F9880 FF", 9},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

START_TEST(each_form_is_good_up_to_its_first_bad_byte)
{
	struct bytes b = bytes_hex(forms[_i].hex);
	size_t       good = utf8_good(b.p, b.n);
	ck_assert_msg(good == forms[_i].good, "%s: %zu good bytes instead of %zu", forms[_i].what, good,
	              forms[_i].good);
	bytes_free(&b);
}
END_TEST

START_TEST(text_differs_only_in_that_it_may_have_a_nul)
{
	struct bytes b = bytes_hex(forms[_i].hex);
	bool         nul = memchr(b.p, 0, b.n) != NULL;
	ck_assert_msg(utf8_good_text(b.p, b.n) == (nul ? b.n : forms[_i].good), "%s", forms[_i].what);
	bytes_free(&b);
}
END_TEST

/* Offset _i of a bad byte within 41 bytes of ASCII, from every alignment. */
START_TEST(a_bad_byte_is_found_at_every_offset_of_long_ascii)
{
	static const uint8_t bad[] = {0x00, 0x80, 0xC3, 0xE0, 0xED, 0xF8, 0xFF};
	size_t               offset = (size_t)_i;
	for (size_t i = 0; i < sizeof bad; i++) {
		for (size_t start = 0; start < 8; start++) {
			struct bytes b = bytes_copy("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", start + 41);
			b.p[start + offset] = bad[i];
			ck_assert_uint_eq(utf8_good(b.p + start, 41), offset);
			ck_assert_uint_eq(utf8_good_text(b.p + start, 41), bad[i] ? offset : 41);
			bytes_free(&b);
		}
	}
}
END_TEST

START_TEST(a_good_character_is_passed_at_every_offset_of_long_ascii)
{
	struct bytes b = bytes_copy("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", 45);
	memcpy(b.p + _i, "\xF0\x9F\x98\x80", 4);
	ck_assert_uint_eq(utf8_good(b.p, b.n), b.n);
	b.p[b.n - 1] = 0xFF;
	if ((size_t)_i + 4 < b.n)
		ck_assert_uint_eq(utf8_good(b.p, b.n), b.n - 1);
	bytes_free(&b);
}
END_TEST

/* Random bytes are hardly ever good for long; so they are drawn from bytes that meet each other at the borders. */
static void draw(struct dice *d, uint8_t *p, size_t n)
{
	static const uint8_t borders[] = {0x00, 0x01, 'a',  0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2,
	                                  0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
	unsigned             kind = dice_roll(d, 3);
	dice_bytes(d, p, n);
	for (size_t i = 0; kind && i < n; i++)
		p[i] = kind == 1 ? borders[dice_roll(d, sizeof borders)] : dice_chance(d, 95) ? 'a' : p[i];
}

START_TEST(a_slow_decoder_agrees_on_random_bytes)
{
	struct dice d;
	dice_init(&d, 0);
	for (int round = 0; round < 200000; round++) {
		uint8_t p[40];
		size_t  n = dice_roll(&d, sizeof p + 1);
		draw(&d, p, n);
		if (utf8_good(p, n) != slow_utf8_good(p, n, false) ||
		    utf8_good_text(p, n) != slow_utf8_good(p, n, true))
			ck_abort_msg("seed %llu: %s", (unsigned long long)d.seed, bytes_show(p, n));
	}
}
END_TEST

START_TEST(a_slow_decoder_agrees_on_every_pair_of_bytes)
{
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		const uint8_t p[4] = {(uint8_t)(pair >> 8), (uint8_t)pair, 0x80, 0xBF};
		for (size_t n = 1; n <= 4; n++)
			if (utf8_good(p, n) != slow_utf8_good(p, n, false))
				ck_abort_msg("%s", bytes_show(p, n));
	}
}
END_TEST

Suite *utf8_suite(void)
{
	Suite *s = suite_create("utf8");
	TCase *tc = tcase_create("utf8");
	tcase_add_loop_test(tc, each_form_is_good_up_to_its_first_bad_byte, 0, FORMS);
	tcase_add_loop_test(tc, text_differs_only_in_that_it_may_have_a_nul, 0, FORMS);
	tcase_add_loop_test(tc, a_bad_byte_is_found_at_every_offset_of_long_ascii, 0, 41);
	tcase_add_loop_test(tc, a_good_character_is_passed_at_every_offset_of_long_ascii, 0, 42);
	tcase_add_test(tc, a_slow_decoder_agrees_on_random_bytes);
	tcase_add_test(tc, a_slow_decoder_agrees_on_every_pair_of_bytes);
	suite_add_tcase(s, tc);
	return s;
}
