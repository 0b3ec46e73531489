/* SPDX-License-Identifier: MIT */
/*
 * What is wrong in a property section. The table is the specification's [MQTT 5, table 2-4], as far as a server may send.
 */
#include <stdio.h>
#include <string.h>

#include "session/bad_bytes.h"
#include "support/bytes.h"
#include "unit/place.h"

enum kind { FLAG, NUMBER, NONZERO, ALIAS, IDENTIFIER, TEXT, TOPIC, BINARY, PAIR };

#define P(packet) (1u << PACKET_##packet)
#define ACKS (P(PUBACK) | P(PUBREC) | P(PUBREL) | P(PUBCOMP))

static const struct row {
	uint8_t     id;
	enum kind   kind;
	const char *value; /* a good one */
	unsigned    packets;
	unsigned    others; /* packets in which only the client may send it */
} rows[] = {
	{0x01, FLAG, "01", P(PUBLISH), 0},
	{0x02, NUMBER, "00000000", P(PUBLISH), 0},
	{0x03, TEXT, "000161", P(PUBLISH), 0},
	{0x08, TOPIC, "000161", P(PUBLISH), 0},
	{0x09, BINARY, "0002FF00", P(PUBLISH), 0},
	{0x0B, IDENTIFIER, "01", P(PUBLISH), 0},
	{0x11, NUMBER, "0000003C", P(CONNACK), P(DISCONNECT)},
	{0x12, TEXT, "000163", P(CONNACK), 0},
	{0x13, NUMBER, "0000", P(CONNACK), 0},
	{0x15, TEXT, "00016D", P(CONNACK) | P(AUTH), 0},
	{0x16, BINARY, "000100", P(CONNACK) | P(AUTH), 0},
	{0x1A, TEXT, "000172", P(CONNACK), 0},
	{0x1C, TEXT, "000173", P(CONNACK) | P(DISCONNECT), 0},
	{0x1F, TEXT, "000172", P(CONNACK) | ACKS | P(SUBACK) | P(UNSUBACK) | P(DISCONNECT) | P(AUTH), 0},
	{0x21, NONZERO, "0001", P(CONNACK), 0},
	{0x22, NUMBER, "0000", P(CONNACK), 0},
	{0x23, ALIAS, "0001", P(PUBLISH), 0},
	{0x24, FLAG, "01", P(CONNACK), 0},
	{0x25, FLAG, "00", P(CONNACK), 0},
	{0x26, PAIR, "00016E000176",
	 P(CONNACK) | P(PUBLISH) | ACKS | P(SUBACK) | P(UNSUBACK) | P(DISCONNECT) | P(AUTH), 0},
	{0x27, NONZERO, "00000001", P(CONNACK), 0},
	{0x28, FLAG, "00", P(CONNACK), 0},
	{0x29, FLAG, "00", P(CONNACK), 0},
	{0x2A, FLAG, "00", P(CONNACK), 0},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

struct maker {
	bad_bytes_fn    *tell;
	void            *user;
	size_t           count;
	enum packet_type place;
};

static void tell_bytes(struct maker *m, const char *what, unsigned fits, struct bytes b)
{
	m->count++;
	m->tell(m->user, &(struct bad_bytes){what, LEVEL_5, fits, b.p, b.n});
	bytes_free(&b);
}

static void section(struct maker *m, const char *what, unsigned fits, const char *hex)
{
	struct bytes s = bytes_hex(hex);
	tell_bytes(m, what, fits, place_packet(m->place, s.p, s.n, 0));
	bytes_free(&s);
}

static void value(struct maker *m, const struct row *r, const char *what, unsigned fits, const char *hex)
{
	char text[128];
	snprintf(text, sizeof text, "%02X %s", r->id, hex);
	section(m, what, fits, text);
}

static const struct row *row_of(unsigned id)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

/* ---- Where it may stand, and how often ---- */

static void strangers(struct maker *m)
{
	for (unsigned id = 0; id < 256; id++) {
		const struct row *r = row_of(id);
		char              text[64];
		if (r && r->packets & 1u << m->place)
			continue;
		bool other = r && r->others & 1u << m->place;
		snprintf(text, sizeof text, id < 0x80 ? "%02X %s" : "%02X01 %s", id, r ? r->value : "00");
		section(m, other ? "the other side's property" : "a property that is not allowed here",
		        other ? FIT_PROTOCOL : FIT_MALFORMED, text);
	}
}

static void twice(struct maker *m, const struct row *r)
{
	char text[64];
	snprintf(text, sizeof text, "%02X%s %02X%s", r->id, r->value, r->id, r->value);
	if (r->kind != PAIR && r->kind != IDENTIFIER)
		section(m, "a property twice", FIT_PROTOCOL, text);
	snprintf(text, sizeof text, "%02X00 %s", r->id | 0x80, r->value);
	section(m, "an identifier longer than needed", FIT_MALFORMED, text);
}

static void cut_short(struct maker *m, const struct row *r)
{
	size_t n = strlen(r->value);
	for (size_t i = 0; i < n; i += 2) {
		char part[32] = "";
		memcpy(part, r->value, i);
		value(m, r, "a property cut short", FIT_MALFORMED, part);
	}
}

/* ---- What it may say ---- */

static void bad_number(struct maker *m, const struct row *r)
{
	static const char *const flags[] = {"02", "03", "7F", "80", "FF"};
	char zeros[16] = "";
	memset(zeros, '0', strlen(r->value));
	for (size_t i = 0; r->kind == FLAG && i < sizeof flags / sizeof flags[0]; i++)
		value(m, r, "neither 0 nor 1", FIT_PROTOCOL, flags[i]);
	if (r->kind == NONZERO || r->kind == IDENTIFIER)
		value(m, r, "0 where it may not be", FIT_PROTOCOL, zeros);
	if (r->kind == ALIAS)
		value(m, r, "alias 0", FIT_BAD_ALIAS | FIT_PROTOCOL, zeros);
	if (r->kind != IDENTIFIER)
		return;
	value(m, r, "a number longer than needed", FIT_MALFORMED, "8100");
	value(m, r, "a number of five bytes", FIT_MALFORMED, "8080808001");
}

static void bad_text(struct maker *m, const struct row *r)
{
	for (size_t i = 0; bad_utf8[i]; i++) {
		char   text[64];
		size_t n = strlen(bad_utf8[i]) / 2;
		snprintf(text, sizeof text, "%04zX%s%s", n, bad_utf8[i], r->kind == PAIR ? "000161" : "");
		value(m, r, "a string that is not UTF-8", FIT_MALFORMED, text);
		snprintf(text, sizeof text, "000161%04zX%s", n, bad_utf8[i]);
		if (r->kind == PAIR)
			value(m, r, "a value that is not UTF-8", FIT_MALFORMED, text);
	}
	value(m, r, "a string past the end", FIT_MALFORMED, "FFFF61");
}

static void bad_topic(struct maker *m, const struct row *r)
{
	value(m, r, "a wildcard in a Response Topic", FIT_BAD_TOPIC | FIT_PROTOCOL, "000123");
	value(m, r, "a wildcard in a Response Topic", FIT_BAD_TOPIC | FIT_PROTOCOL, "0003612F2B");
	value(m, r, "an empty Response Topic", FIT_BAD_TOPIC | FIT_PROTOCOL, "0000");
}

static void bad_values(struct maker *m, const struct row *r)
{
	bad_number(m, r);
	if (r->kind == TEXT || r->kind == TOPIC || r->kind == PAIR)
		bad_text(m, r);
	if (r->kind == TOPIC)
		bad_topic(m, r);
	if (r->kind == BINARY)
		value(m, r, "data past the end", FIT_MALFORMED, "FFFF00");
}

/* ---- The section as such ---- */

/* A Property Length of these bytes in place of the right one, which is a single 0. */
static void length(struct maker *m, const char *what, const char *hex)
{
	struct bytes bad = bytes_hex(hex), s = place_packet(m->place, NULL, 0, 0);
	size_t       codes = m->place == PACKET_SUBACK || m->place == PACKET_UNSUBACK ? 1 : 0, at = s.n - 1 - codes;
	struct bytes b = {NULL, s.n - 1 + bad.n};
	uint8_t      packet[32];
	memcpy(packet, s.p, at);
	memcpy(packet + at, bad.p, bad.n);
	memcpy(packet + at + bad.n, s.p + at + 1, codes);
	packet[1] = (uint8_t)(b.n - 2);
	b = bytes_copy(packet, b.n);
	tell_bytes(m, what, FIT_MALFORMED, b);
	bytes_free(&bad);
	bytes_free(&s);
}

static void lengths(struct maker *m)
{
	length(m, "a Property Length past the packet", "7F");
	length(m, "a Property Length far past the packet", "FFFFFF7F");
	length(m, "a Property Length longer than needed", "8000");
	length(m, "a Property Length of five bytes", "8080808001");
	length(m, "a Property Length that goes on", "80");
}

static void one_place(struct maker *m)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (!(rows[i].packets & 1u << m->place))
			continue;
		twice(m, &rows[i]);
		cut_short(m, &rows[i]);
		bad_values(m, &rows[i]);
	}
	strangers(m);
	lengths(m);
	if (m->place == PACKET_CONNACK || m->place == PACKET_AUTH)
		section(m, "Authentication Data without a Method", FIT_PROTOCOL, "16 0001 00");
	if (m->place == PACKET_AUTH)
		section(m, "AUTH without a Method", FIT_PROTOCOL, "");
}

size_t bad_properties(bad_bytes_fn *tell, void *user)
{
	struct maker m = {.tell = tell, .user = user};
	for (int place = PACKET_CONNACK; place < PACKET_TYPES; place++) {
		m.place = (enum packet_type)place;
		if (place_sides(m.place) & FROM_SERVER)
			one_place(&m);
	}
	return m.count;
}
