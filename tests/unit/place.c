/* SPDX-License-Identifier: MIT */
/*
 * Built from bytes and not by the encoder, so that nothing illegal is corrected on the way.
 */
#include "unit/place.h"

#include <stdlib.h>

static const struct {
	unsigned    sides;
	const char *before, *behind; /* the section */
	const char *name;
} places[PACKET_TYPES] = {
	[PACKET_WILL] = {FROM_CLIENT, "0004'MQTT' 05 06 003C 00 0000", "0001't' 0000", "Will Properties"},
	[PACKET_CONNECT] = {FROM_CLIENT, "0004'MQTT' 05 02 003C", "0000", "CONNECT"},
	[PACKET_CONNACK] = {FROM_SERVER, "00 00", "", "CONNACK"},
	[PACKET_PUBLISH] = {FROM_CLIENT | FROM_SERVER, "0001't'", "", "PUBLISH"},
	[PACKET_PUBACK] = {FROM_CLIENT | FROM_SERVER, "0001 00", "", "PUBACK"},
	[PACKET_PUBREC] = {FROM_CLIENT | FROM_SERVER, "0001 00", "", "PUBREC"},
	[PACKET_PUBREL] = {FROM_CLIENT | FROM_SERVER, "0001 00", "", "PUBREL"},
	[PACKET_PUBCOMP] = {FROM_CLIENT | FROM_SERVER, "0001 00", "", "PUBCOMP"},
	[PACKET_SUBSCRIBE] = {FROM_CLIENT, "0001", "0001't' 00", "SUBSCRIBE"},
	[PACKET_SUBACK] = {FROM_SERVER, "0001", "00", "SUBACK"},
	[PACKET_UNSUBSCRIBE] = {FROM_CLIENT, "0001", "0001't'", "UNSUBSCRIBE"},
	[PACKET_UNSUBACK] = {FROM_SERVER, "0001", "00", "UNSUBACK"},
	[PACKET_PINGREQ] = {0, "", "", "PINGREQ"},
	[PACKET_PINGRESP] = {0, "", "", "PINGRESP"},
	[PACKET_DISCONNECT] = {FROM_CLIENT | FROM_SERVER, "00", "", "DISCONNECT"},
	[PACKET_AUTH] = {FROM_CLIENT | FROM_SERVER, "18", "", "AUTH"},
};

unsigned place_sides(enum packet_type place)
{
	return places[place].sides;
}

const char *place_name(enum packet_type place)
{
	return places[place].name;
}

static uint8_t *put_vbi(uint8_t *p, size_t n)
{
	for (; n > 0x7F; n >>= 7)
		*p++ = (uint8_t)(0x80 | (n & 0x7F));
	*p++ = (uint8_t)n;
	return p;
}

static uint8_t first_byte(enum packet_type place)
{
	unsigned type = place == PACKET_WILL ? PACKET_CONNECT : place;
	bool     two = type == PACKET_PUBREL || type == PACKET_SUBSCRIBE || type == PACKET_UNSUBSCRIBE;
	return (uint8_t)(type << 4 | (two ? 2 : 0));
}

struct bytes place_packet(enum packet_type place, const uint8_t *section, size_t n, int excess)
{
	struct bytes before = bytes_hex(places[place].before), behind = bytes_hex(places[place].behind);
	uint8_t      length[4], header[5] = {first_byte(place)};
	size_t       length_n = (size_t)(put_vbi(length, n + (size_t)excess) - length);
	size_t       body = before.n + length_n + n + behind.n;
	size_t       header_n = (size_t)(put_vbi(header + 1, body) - header);
	struct bytes all = {malloc(header_n + body), header_n + body};
	if (!all.p)
		abort();
	uint8_t *p = put_bytes(all.p, header, header_n);
	p = put_bytes(p, before.p, before.n);
	p = put_bytes(p, length, length_n);
	p = put_bytes(p, section, n);
	put_bytes(p, behind.p, behind.n);
	bytes_free(&before);
	bytes_free(&behind);
	return all;
}

uint8_t place_fault(enum packet_type place, enum side from, const char *section_hex)
{
	struct bytes  section = bytes_hex(section_hex);
	struct bytes  b = place_packet(place, section.p, section.n, 0);
	struct packet pk;
	struct fault  fault;
	int           rc = packet_decode(&pk, LEVEL_5, from, b.p, b.n, &fault);
	bytes_free(&section);
	bytes_free(&b);
	if ((rc == 0) != (fault.reason == 0) || (rc && (!fault.rule || !fault.text)))
		abort(); /* a fault is always explained */
	return fault.reason;
}
