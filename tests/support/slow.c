/* SPDX-License-Identifier: MIT */
/*
 * One character at a time, one topic level at a time.
 */
#include "support/slow.h"

#include <string.h>

/* Bytes of the character at p, computed bit by bit; 0 where it is none. */
static size_t character(const uint8_t *p, size_t n, bool nul_allowed)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
	if (len == 0 || len > n)
		return 0;
	uint32_t c = len == 1 ? p[0] : p[0] & (0x7Fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 0x3F);
	}
	bool good = c >= least[len] && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF) && (c || nul_allowed);
	return good ? len : 0;
}

size_t slow_utf8_good(const uint8_t *p, size_t n, bool nul_allowed)
{
	size_t at = 0, len;
	while (at < n && (len = character(p + at, n - at, nul_allowed)) > 0)
		at += len;
	return at;
}

static bool match(const char *f, const char *t, bool first)
{
	size_t fn = strcspn(f, "/"), tn = strcspn(t, "/");
	if (*f == '#')
		return !(first && *t == '$');
	if (*f == '+' ? first && *t == '$' : fn != tn || strncmp(f, t, fn) != 0)
		return false;
	if (f[fn] == 0 || t[tn] == 0)
		return f[fn] == t[tn] || (t[tn] == 0 && strcmp(f + fn, "/#") == 0);
	return match(f + fn + 1, t + tn + 1, false);
}

bool slow_topic_match(const char *filter, const char *topic)
{
	return match(filter, topic, true);
}
