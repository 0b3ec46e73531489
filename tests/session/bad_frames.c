/* SPDX-License-Identifier: MIT */
/*
 * What is wrong as a frame. The bases are the golden packets, so that whoever adds a form adds its ways to be broken.
 */
#include <string.h>

#include "session/bad_bytes.h"
#include "support/bytes.h"
#include "support/golden.h"

struct maker {
	uint8_t       level;
	bad_bytes_fn *tell;
	void         *user;
	size_t        count;
	/* the base */
	struct bytes  whole;
	struct frame  frame;
	struct packet packet;
};

static void tell(struct maker *m, const char *what, unsigned fits, const uint8_t *p, size_t n)
{
	m->count++;
	m->tell(m->user, &(struct bad_bytes){what, m->level, fits, p, n});
}

/* The base with another body, under a Remaining Length that is right for it. */
static void tell_body(struct maker *m, const char *what, unsigned fits, const uint8_t *body, size_t n)
{
	uint8_t packet[1024], *p = packet;
	*p++ = m->whole.p[0];
	if (n > 127)
		*p++ = (uint8_t)(n | 0x80);
	*p++ = (uint8_t)(n > 127 ? n >> 7 : n);
	memcpy(p, body, n);
	tell(m, what, fits, packet, (size_t)(p - packet) + n);
}

static const uint8_t *body(const struct maker *m)
{
	return m->whole.p + m->frame.header;
}

static size_t body_size(const struct maker *m)
{
	return m->whole.n - m->frame.header;
}

static bool is_ack(uint8_t type)
{
	return type >= PACKET_PUBACK && type <= PACKET_PUBCOMP;
}

/* 3.1 leaves the flags unused, or gives them a meaning without a rule. */
static void wrong_flags(struct maker *m)
{
	uint8_t own = m->whole.p[0];
	for (unsigned flags = 0; flags < 16; flags++) {
		bool wrong = m->level != LEVEL_31 && flags != (own & 0x0Fu);
		if (m->frame.type == PACKET_PUBLISH)
			wrong = (flags & 0x06) == 0x06 || (flags & 0x0E) == 0x08;
		m->whole.p[0] = (uint8_t)((own & 0xF0) | flags);
		if (wrong)
			tell(m, "wrong flags", FIT_MALFORMED, m->whole.p, m->whole.n);
	}
	m->whole.p[0] = own;
}

/* May a packet of this type end after n bytes of this body? */
static bool may_end(const struct maker *m, size_t n)
{
	if (m->frame.type == PACKET_PUBLISH)
		return body(m) + n >= m->packet.payload.p;
	if (m->level != LEVEL_5)
		return false;
	if (is_ack(m->frame.type))
		return n == 2 || n == 3;
	if (m->frame.type == PACKET_CONNACK) /* in the form of 3.x: a refusal of the version */
		return n == 2 && body(m)[1] == 0;
	return m->frame.type == PACKET_DISCONNECT && n <= 1;
}

static unsigned cut_fits(const struct maker *m, size_t n)
{
	bool codes = m->packet.list.p && body(m) + n >= m->packet.list.p;
	bool bare_auth = m->frame.type == PACKET_AUTH && n == 0;
	return codes || bare_auth ? FIT_PROTOCOL : FIT_MALFORMED;
}

static void cut_short(struct maker *m)
{
	for (size_t n = 0; n < body_size(m); n++)
		if (!may_end(m, n))
			tell_body(m, "cut short", cut_fits(m, n), body(m), n);
}

/* Forms that leave out what they may leave out take more bytes for just that. */
static bool is_short_form(const struct maker *m)
{
	size_t least = is_ack(m->frame.type) ? 4 : m->frame.type == PACKET_DISCONNECT ? 2 : 0;
	return m->level == LEVEL_5 && body_size(m) < least;
}

static void more_behind(struct maker *m)
{
	uint8_t longer[1024];
	if (m->frame.type == PACKET_PUBLISH || is_short_form(m))
		return;
	memcpy(longer, body(m), body_size(m));
	unsigned fits = m->packet.list.p ? FIT_PROTOCOL : FIT_MALFORMED;
	memset(longer + body_size(m), 0, 3);
	tell_body(m, "a zero behind it", fits, longer, body_size(m) + 1);
	memset(longer + body_size(m), 0xFF, 3);
	tell_body(m, "three bytes behind it", fits, longer, body_size(m) + 3);
}

static void id_0(struct maker *m)
{
	uint8_t type = m->frame.type;
	size_t  at = m->frame.header;
	if (type == PACKET_PUBLISH && m->packet.qos)
		at += 2u + get_u16(body(m));
	else if (!is_ack(type) && type != PACKET_SUBACK && type != PACKET_UNSUBACK)
		return;
	uint16_t id = get_u16(m->whole.p + at);
	put_u16(m->whole.p + at, 0);
	tell(m, "packet identifier 0", FIT_PROTOCOL, m->whole.p, m->whole.n);
	put_u16(m->whole.p + at, id);
}

static void wrong_lengths(struct maker *m)
{
	uint8_t first = m->whole.p[0], last = m->whole.p[m->frame.header - 1u];
	uint8_t five[] = {first, 0x80, 0x80, 0x80, 0x80, 0x01}, most[] = {first, 0xFF, 0xFF, 0xFF, 0xFF};
	tell(m, "a length of five bytes", FIT_MALFORMED, five, sizeof five);
	tell(m, "a length that goes on", FIT_MALFORMED, most, sizeof most);
	if (m->level != LEVEL_5 || m->frame.header > 2) /* 3.x does not forbid it */
		return;
	uint8_t padded[] = {first, (uint8_t)(last | 0x80), 0x00}, more[] = {first, (uint8_t)(last | 0x80), 0x80, 0x00};
	tell(m, "a length longer than needed", FIT_MALFORMED, padded, sizeof padded);
	tell(m, "a length much longer than needed", FIT_MALFORMED, more, sizeof more);
}

static void break_one(struct maker *m, const struct golden *g)
{
	struct fault fault;
	m->whole = bytes_hex(g->hex);
	frame_read(&m->frame, m->level, m->whole.p, m->whole.n);
	packet_decode(&m->packet, m->level, FROM_SERVER, m->whole.p, m->whole.n, &fault);
	wrong_flags(m);
	cut_short(m);
	more_behind(m);
	id_0(m);
	wrong_lengths(m);
	bytes_free(&m->whole);
}

size_t bad_frames(uint8_t level, bad_bytes_fn *tell_fn, void *user)
{
	struct maker m = {.level = level, .tell = tell_fn, .user = user};
	for (size_t i = 0; i < golden_count(); i++) {
		const struct golden *g = golden_at(i);
		struct bytes         b = bytes_hex(g->hex);
		if (g->levels & 1u << level && g->sides & FROM_SERVER && b.n < 512)
			break_one(&m, g);
		bytes_free(&b);
	}
	return m.count;
}
