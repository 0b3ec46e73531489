/* SPDX-License-Identifier: MIT */
/*
 * What is wrong in a field of a packet that is right as a frame: topics, codes, flags of CONNACK, and who may send it. The
 * legal codes stand here once more, from the tables of the specifications and not from ours.
 */
#include <stdio.h>
#include <string.h>

#include "session/bad_bytes.h"
#include "support/bytes.h"
#include "support/golden.h"

const char *const bad_utf8[] = {
	"00",           "6100",     "C080",       "C1BF",     "E09FBF", "F08FBFBF", /* U+0000, and overlong forms */
	"EDA080",       "EDBFBF",   "EDA0BDEDB880",                                 /* surrogates */
	"F4908080",     "F5808080", "F888808080", "FE",       "FF",                 /* above U+10FFFF */
	"80",           "61BF",     "C2",         "61E282",   "F09F98",             /* stray and cut short */
	"C328",         "E28228",   "F0908028",   NULL,                             /* broken inside */
};

struct maker {
	uint8_t       level;
	bad_bytes_fn *tell;
	void         *user;
	size_t        count;
};

static void tell(struct maker *m, const char *what, unsigned fits, const char *hex)
{
	struct bytes b = bytes_hex(hex);
	b.p[1] = (uint8_t)(b.n - 2); /* whatever stood there */
	m->count++;
	m->tell(m->user, &(struct bad_bytes){what, m->level, fits, b.p, b.n});
	bytes_free(&b);
}

/* ---- Topics ---- */

static const char *section(const struct maker *m)
{
	return m->level == LEVEL_5 ? "00" : "";
}

static void topic(struct maker *m, const char *what, unsigned fits, const char *topic_hex)
{
	char hex[128];
	snprintf(hex, sizeof hex, "30 00 %04zX %s %s 'm'", strlen(topic_hex) / 2, topic_hex, section(m));
	tell(m, what, fits, hex);
	snprintf(hex, sizeof hex, "34 00 %04zX %s 0001 %s 'm'", strlen(topic_hex) / 2, topic_hex, section(m));
	tell(m, what, fits, hex);
}

static void topics(struct maker *m)
{
	static const char *const wild[] = {"23", "2B", "612F23", "2B2F61", "6123", "612B62", "2F2B"};
	for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++)
		topic(m, "a wildcard in the topic", FIT_BAD_TOPIC, wild[i]);
	for (size_t i = 0; bad_utf8[i] && m->level != LEVEL_31; i++) /* 3.1 knows Java's UTF-8 */
		topic(m, "a topic that is not UTF-8", FIT_MALFORMED, bad_utf8[i]);
	topic(m, "an empty topic", FIT_PROTOCOL, "");
	tell(m, "a topic past the end", FIT_MALFORMED, "30 00 0005 't'");
	tell(m, "a topic far past the end", FIT_MALFORMED, "30 00 FFFF 't'");
}

/* ---- Codes ---- */

#define ACK_CODES "00 10 80 83 87 90 91 97 99"
#define SAME_IN_311 "90 00 0001 %02X"

/* Each code of such a packet that is not in the list; `form` has a %02X where the code stands. */
static void codes(struct maker *m, unsigned levels, const char *form, const char *legal)
{
	for (unsigned code = 0; code < 256 && levels & 1u << m->level; code++) {
		char name[4], hex[64];
		snprintf(name, sizeof name, "%02X", code);
		snprintf(hex, sizeof hex, form, code);
		if (!strstr(legal, name))
			tell(m, "a code that it cannot carry", FIT_PROTOCOL, hex);
	}
}

static void all_codes(struct maker *m)
{
	codes(m, IN_3X, "20 00 00 %02X", "00 01 02 03 04 05");
	codes(m, IN_31, SAME_IN_311, "00 01 02");
	codes(m, IN_311, SAME_IN_311, "00 01 02 80");
	codes(m, IN_5, "20 00 00 %02X 00",
	      "00 80 81 82 83 84 85 86 87 88 89 8A 8C 90 95 97 99 9A 9B 9C 9D 9F");
	codes(m, IN_5, "40 00 0001 %02X", ACK_CODES);
	codes(m, IN_5, "40 00 0001 %02X 00", ACK_CODES);
	codes(m, IN_5, "50 00 0001 %02X", ACK_CODES);
	codes(m, IN_5, "62 00 0001 %02X", "00 92");
	codes(m, IN_5, "70 00 0001 %02X", "00 92");
	codes(m, IN_5, "90 00 0001 00 %02X", "00 01 02 80 83 87 8F 91 97 9E A1 A2");
	codes(m, IN_5, "90 00 0001 00 00 %02X", "00 01 02 80 83 87 8F 91 97 9E A1 A2");
	codes(m, IN_5, "B0 00 0001 00 %02X", "00 11 80 83 87 8F 91");
	codes(m, IN_5, "E0 00 %02X",
	      "00 80 81 82 83 87 89 8B 8C 8D 8E 8F 90 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 A2");
	codes(m, IN_5, "F0 00 %02X 04 15 0001'm'", "00 18");
}

/* ---- CONNACK ---- */

static void acknowledge_flags(struct maker *m)
{
	char hex[64];
	if (m->level == LEVEL_31) /* there the byte is unused */
		return;
	for (unsigned flags = 2; flags < 256; flags++) {
		snprintf(hex, sizeof hex, "20 00 %02X 00 %s", flags, section(m));
		tell(m, "reserved Acknowledge Flags", FIT_MALFORMED, hex);
	}
	for (unsigned code = 1; code < 6 && m->level == LEVEL_311; code++) {
		snprintf(hex, sizeof hex, "20 00 01 %02X", code);
		tell(m, "Session Present beside a refusal", FIT_PROTOCOL, hex);
	}
	if (m->level == LEVEL_5)
		tell(m, "Session Present beside a refusal", FIT_PROTOCOL, "20 00 01 87 00");
}

/* ---- The other side ---- */

static void other_side(struct maker *m)
{
	for (size_t i = 0; i < golden_count(); i++) {
		const struct golden *g = golden_at(i);
		struct bytes         b = bytes_hex(g->hex);
		bool                 never = g->packet.type != PACKET_DISCONNECT && g->packet.type != PACKET_AUTH;
		if (g->levels & 1u << m->level && g->sides == FROM_CLIENT && (never || m->level != LEVEL_5)) {
			m->tell(m->user, &(struct bad_bytes){g->name, m->level, FIT_PROTOCOL, b.p, b.n});
			m->count++;
		}
		bytes_free(&b);
	}
	for (unsigned flags = 0; flags < 16; flags++) {
		char hex[16];
		snprintf(hex, sizeof hex, "0%X 00", flags);
		tell(m, "packet type 0", FIT_MALFORMED, hex);
	}
	if (m->level != LEVEL_5) {
		tell(m, "packet type 15", FIT_PROTOCOL, "F0 00");
		tell(m, "DISCONNECT", FIT_PROTOCOL, "E0 00");
	}
}

size_t bad_fields(uint8_t level, bad_bytes_fn *tell_fn, void *user)
{
	struct maker m = {.level = level, .tell = tell_fn, .user = user};
	topics(&m);
	all_codes(&m);
	acknowledge_flags(&m);
	other_side(&m);
	return m.count;
}
