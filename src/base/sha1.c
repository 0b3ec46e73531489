/* SPDX-License-Identifier: MIT */
/*
 * One block after the other; the last one or two hold what is left, a bit, and the length.
 */
#include "base/sha1.h"

#include <string.h>

#include "base/bytes.h"

enum { BLOCK = 64, LENGTH = 8 };

static uint32_t turn(uint32_t v, int bits)
{
	return v << bits | v >> (32 - bits);
}

static uint32_t mix(int round, const uint32_t s[5])
{
	static const uint32_t constants[4] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
	const uint32_t        parity = s[1] ^ s[2] ^ s[3];
	const uint32_t        functions[4] = {(s[1] & s[2]) | (~s[1] & s[3]), parity, (s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3]),
	                                      parity};
	return functions[round / 20] + constants[round / 20];
}

static void take(uint32_t state[5], const uint8_t block[BLOCK])
{
	uint32_t w[80], s[5];
	memcpy(s, state, sizeof s);
	for (int i = 0; i < 80; i++) {
		w[i] = i < 16 ? get_u32(block + 4 * i) : turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
		uint32_t first = turn(s[0], 5) + mix(i, s) + s[4] + w[i];
		memmove(s + 1, s, 4 * sizeof *s);
		s[2] = turn(s[2], 30);
		s[0] = first;
	}
	for (int i = 0; i < 5; i++)
		state[i] += s[i];
}

void sha1(uint8_t digest[SHA1_SIZE], const void *bytes, size_t n)
{
	uint32_t       state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
	uint8_t        last[2 * BLOCK] = {0};
	const uint8_t *p = bytes;
	size_t         left = n;
	for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
		take(state, p);
	size_t size = left + 1 + LENGTH <= BLOCK ? BLOCK : 2 * BLOCK;
	put_bytes(last, p, left);
	last[left] = 0x80;
	put_u32(put_u32(last + size - LENGTH, (uint32_t)((uint64_t)n >> 29)), (uint32_t)(n << 3));
	for (size_t at = 0; at < size; at += BLOCK)
		take(state, last + at);
	for (int i = 0; i < 5; i++)
		put_u32(digest + 4 * i, state[i]);
}
