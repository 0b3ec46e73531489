/* SPDX-License-Identifier: MIT */
/*
 * Checks that say where and why; matching by one walk over both strings.
 */
#include "wire/topic.h"

#include "base/utf8.h"
#include "wire/packet.h"

static bool bad(struct topic_fault *fault, size_t offset, const char *rule, const char *problem, const char *advice)
{
	*fault = (struct topic_fault){offset, rule, problem, advice};
	return false;
}

bool text_check(struct span text, struct topic_fault *fault)
{
	*fault = (struct topic_fault){0};
	if (text.n > FIELD_MAX) /* [MQTT-4.7.3-3] */
		return bad(fault, FIELD_MAX, "MQTT-1.5.4", "is longer than 65,535 bytes", "shorten it");
	size_t good = utf8_good(text.p, text.n);
	if (good == text.n)
		return true;
	if (text.p[good] == 0) /* [MQTT-4.7.3-2] */
		return bad(fault, good, "MQTT-1.5.4-2", "has the character U+0000", "leave it out");
	return bad(fault, good, "MQTT-1.5.4-1", "is not well-formed UTF-8", "encode it as UTF-8 without surrogates");
}

#define ONES UINT64_C(0x0101010101010101)

/* Non-zero where one of the eight bytes is zero. */
static uint64_t zero_byte(uint64_t w)
{
	return (w - ONES) & ~w & ONES << 7;
}

/* Eight bytes at a time while none of them is a wildcard. */
static size_t find_wildcard(struct span s)
{
	size_t   i = 0;
	uint64_t w;
	for (; s.n - i >= sizeof w; i += sizeof w) {
		memcpy(&w, s.p + i, sizeof w);
		if (zero_byte(w ^ ONES * '+') || zero_byte(w ^ ONES * '#'))
			break;
	}
	while (i < s.n && s.p[i] != '+' && s.p[i] != '#')
		i++;
	return i;
}

bool topic_name_check(struct span topic, struct topic_fault *fault)
{
	if (topic.n == 0)
		return bad(fault, 0, "MQTT-4.7.3-1", "is empty", "name a topic of at least one character");
	if (topic.n > FIELD_MAX)
		return bad(fault, FIELD_MAX, "MQTT-4.7.3-3", "is longer than 65,535 bytes", "shorten it");
	if (!text_check(topic, fault))
		return false;
	size_t wild = find_wildcard(topic);
	if (wild < topic.n)
		return bad(fault, wild, "MQTT-4.7.0-1", "has a wildcard, + or #", "name one topic; wildcards are for filters");
	return true;
}

/* From `from` on: each wildcard alone in its level, # only at the end [MQTT-4.7.1-1, MQTT-4.7.1-2]. */
static bool wildcards_placed(struct span f, size_t from, struct topic_fault *fault)
{
	for (size_t i = from; i < f.n; i++) {
		bool starts = i == from || f.p[i - 1] == '/';
		bool ends = i + 1 == f.n || f.p[i + 1] == '/';
		if (f.p[i] == '#' && (!starts || i + 1 != f.n))
			return bad(fault, i, "MQTT-4.7.1-1", "has # that is not its last level", "end the filter with /#");
		if (f.p[i] == '+' && !(starts && ends))
			return bad(fault, i, "MQTT-4.7.1-2", "has + that does not fill a level", "put + between slashes");
	}
	return true;
}

static bool share_check(struct span f, struct topic_fault *fault)
{
	const size_t   prefix = 7;
	const uint8_t *slash = memchr(f.p + prefix, '/', f.n - prefix);
	if (!slash || slash == f.p + prefix || slash + 1 == f.p + f.n)
		return bad(fault, prefix, "MQTT-4.8.2-1", "is a shared subscription without name or filter",
		           "write $share/NAME/FILTER");
	size_t name = (size_t)(slash - f.p) - prefix;
	size_t wild = find_wildcard(span_of(f.p + prefix, name));
	if (wild < name)
		return bad(fault, prefix + wild, "MQTT-4.8.2-2", "has a wildcard in its share name", "choose a plain name");
	return wildcards_placed(f, (size_t)(slash - f.p) + 1, fault);
}

bool topic_filter_check(struct span filter, bool shared, struct topic_fault *fault)
{
	if (filter.n == 0)
		return bad(fault, 0, "MQTT-4.7.3-1", "is empty", "give a filter of at least one character");
	if (!text_check(filter, fault))
		return false;
	if (shared && filter.n >= 7 && !memcmp(filter.p, "$share/", 7))
		return share_check(filter, fault);
	return wildcards_placed(filter, 0, fault);
}

struct span topic_filter_plain(struct span filter)
{
	const size_t prefix = 7;
	if (filter.n <= prefix || memcmp(filter.p, "$share/", prefix) != 0)
		return filter;
	const uint8_t *slash = memchr(filter.p + prefix, '/', filter.n - prefix);
	return slash ? span_of(slash + 1, (size_t)(filter.p + filter.n - slash) - 1) : filter;
}

bool topic_match(struct span filter, struct span topic)
{
	const uint8_t *f = filter.p, *fend = f + filter.n;
	const uint8_t *t = topic.p, *tend = t + topic.n;
	if (f < fend && t < tend && *t == '$' && (*f == '+' || *f == '#'))
		return false; /* [MQTT-4.7.2-1] */
	while (f < fend) {
		if (*f == '#')
			return true;
		if (*f == '+') {
			while (t < tend && *t != '/')
				t++;
			f++;
		} else if (t < tend && *f == *t) { /* [MQTT-4.7.3-4] */
			f++;
			t++;
		} else {
			/* "a/#" matches "a" too: # stands for the parent level as well (4.7.1.2) */
			return t == tend && fend - f == 2 && f[0] == '/' && f[1] == '#';
		}
	}
	return t == tend;
}
