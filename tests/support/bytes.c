/* SPDX-License-Identifier: MIT */
/*
 * A mistake in a test's hex literal ends the test at once.
 */
#include "support/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 400 };

struct bytes bytes_copy(const void *p, size_t n)
{
	struct bytes b = {malloc(n), n};
	if (!b.p && n)
		abort();
	if (n)
		memcpy(b.p, p, n);
	return b;
}

static unsigned digit(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char       *at = c ? strchr(digits, c) : NULL;
	if (!at) {
		fprintf(stderr, "not a hex digit: '%c'\n", c);
		abort();
	}
	return (unsigned)(at - digits);
}

/* Writes the bytes where out is not NULL, and counts them. */
static size_t parse(const char *hex, uint8_t *out)
{
	size_t n = 0;
	bool   text = false;
	for (const char *c = hex; *c; c++) {
		if (*c == '\'')
			text = !text;
		else if (text && out)
			out[n++] = (uint8_t)*c;
		else if (text)
			n++;
		else if (*c != ' ') {
			unsigned byte = digit(c[0]) << 4 | digit(c[1]);
			if (out)
				out[n] = (uint8_t)byte;
			n++;
			c++;
		}
	}
	return n;
}

struct bytes bytes_hex(const char *hex)
{
	size_t       n = parse(hex, NULL);
	struct bytes b = {malloc(n), n};
	if (!b.p && n)
		abort();
	parse(hex, b.p);
	return b;
}

void bytes_free(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){0};
}

bool bytes_are(const void *p, size_t n, const char *hex)
{
	struct bytes b = bytes_hex(hex);
	bool         same = b.n == n && (n == 0 || memcmp(b.p, p, n) == 0);
	bytes_free(&b);
	return same;
}

const char *bytes_show(const void *p, size_t n)
{
	static char    text[SHOWN * 3 + 4];
	const uint8_t *b = p;
	size_t         at = 0;
	text[0] = 0;
	for (size_t i = 0; i < n && i < SHOWN; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%02X ", b[i]);
	if (n > SHOWN)
		snprintf(text + at, sizeof text - at, "...");
	return text;
}
