/* SPDX-License-Identifier: MIT */
/*
 * Three bytes are four characters; what is missing at the end is "=".
 */
#include "base/base64.h"

#include <stdint.h>

size_t base64_encode(char *to, const void *bytes, size_t n)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t    *p = bytes;
	char             *at = to;
	for (size_t i = 0; i < n; i += 3) {
		uint32_t group = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0u);
		*at++ = alphabet[group >> 18];
		*at++ = alphabet[group >> 12 & 63];
		*at++ = i + 1 < n ? alphabet[group >> 6 & 63] : '=';
		*at++ = i + 2 < n ? alphabet[group & 63] : '=';
	}
	*at = 0;
	return (size_t)(at - to);
}
