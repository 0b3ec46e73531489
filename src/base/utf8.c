/* SPDX-License-Identifier: MIT */
/*
 * ASCII is scanned eight bytes at a time; only what is not ASCII is decoded.
 */
#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS (ONES << 7)

/* True where none of the eight bytes is 0 or above 0x7F. */
static bool plain_word(const uint8_t *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof w);
	return ((w | (w - ONES)) & HIGHS) == 0;
}

static bool tail_byte(uint8_t b)
{
	return (b & 0xC0) == 0x80;
}

/* Lead bytes and the range of the byte behind them (RFC 3629, section 4); all else is ill-formed. */
static const struct {
	uint8_t lead_from, lead_to, next_from, next_to, length;
} forms[] = {
	{0xC2, 0xDF, 0x80, 0xBF, 2},
	{0xE0, 0xE0, 0xA0, 0xBF, 3},
	{0xE1, 0xEC, 0x80, 0xBF, 3},
	{0xED, 0xED, 0x80, 0x9F, 3}, /* no surrogates */
	{0xEE, 0xEF, 0x80, 0xBF, 3},
	{0xF0, 0xF0, 0x90, 0xBF, 4},
	{0xF1, 0xF3, 0x80, 0xBF, 4},
	{0xF4, 0xF4, 0x80, 0x8F, 4}, /* nothing above U+10FFFF */
};

/* Bytes of the character at p, 0 where it is ill-formed. */
static size_t character(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (p[0] < forms[i].lead_from || p[0] > forms[i].lead_to)
			continue;
		size_t len = forms[i].length;
		if (n < len || p[1] < forms[i].next_from || p[1] > forms[i].next_to)
			return 0;
		for (size_t k = 2; k < len; k++)
			if (!tail_byte(p[k]))
				return 0;
		return len;
	}
	return 0;
}

static size_t scan(const uint8_t *p, size_t n, bool nul_allowed)
{
	size_t i = 0;
	while (i < n) {
		if (n - i >= 8 && plain_word(p + i)) {
			i += 8;
			continue;
		}
		size_t len = p[i] < 0x80 ? (p[i] != 0 || nul_allowed) : character(p + i, n - i);
		if (len == 0)
			break;
		i += len;
	}
	return i;
}

size_t utf8_good(const uint8_t *p, size_t n)
{
	return scan(p, n, false);
}

size_t utf8_good_text(const uint8_t *p, size_t n)
{
	return scan(p, n, true);
}
