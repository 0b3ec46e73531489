/* SPDX-License-Identifier: MIT */
/*
 * Names are written whole, never compressed.
 */
#include "support/dns.h"

#include <ctype.h>
#include <string.h>

enum { HEADER = 12, TTL_S = 0 };

static void put(struct dns_message *m, const void *bytes, size_t n)
{
	if (m->size + n > sizeof m->bytes)
		return;
	memcpy(m->bytes + m->size, bytes, n);
	m->size += n;
}

static void put16(struct dns_message *m, unsigned value)
{
	put(m, (const uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

static void put_name(struct dns_message *m, const char *name)
{
	while (*name && *name != '.') {
		uint8_t n = (uint8_t)strcspn(name, ".");
		put(m, &n, 1);
		put(m, name, n);
		name += n + (name[n] == '.');
	}
	put(m, "", 1);
}

void dns_begin(struct dns_message *m, uint16_t id, unsigned rcode, const char *name, uint16_t type)
{
	const unsigned header[] = {id, 0x8580u | rcode, 1, 0, 0, 0};
	m->size = 0;
	for (int i = 0; i < 6; i++)
		put16(m, header[i]);
	put_name(m, name);
	put16(m, type);
	put16(m, 1);
}

static size_t begin_record(struct dns_message *m, const char *name, uint16_t type)
{
	m->bytes[7]++;
	put_name(m, name);
	put16(m, type);
	put16(m, 1);
	put16(m, 0);
	put16(m, TTL_S);
	put16(m, 0);
	return m->size;
}

static void end_record(struct dns_message *m, size_t at)
{
	m->bytes[at - 2] = (uint8_t)((m->size - at) >> 8);
	m->bytes[at - 1] = (uint8_t)(m->size - at);
}

void dns_record(struct dns_message *m, const char *name, uint16_t type, const void *data, size_t size)
{
	size_t at = begin_record(m, name, type);
	put(m, data, size);
	end_record(m, at);
}

void dns_srv(struct dns_message *m, const char *name, unsigned priority, unsigned weight, unsigned port, const char *target)
{
	size_t at = begin_record(m, name, DNS_SRV);
	put16(m, priority);
	put16(m, weight);
	put16(m, port);
	put_name(m, target);
	end_record(m, at);
}

void dns_cname(struct dns_message *m, const char *name, const char *target)
{
	size_t at = begin_record(m, name, DNS_CNAME);
	put_name(m, target);
	end_record(m, at);
}

uint16_t dns_question(const uint8_t *query, size_t size, char name[256])
{
	size_t at = HEADER, n = 0;
	while (at < size && query[at]) {
		size_t label = query[at++];
		if (label > 63 || at + label >= size || n + label + 1 >= 255)
			return 0;
		while (label--)
			name[n++] = (char)tolower(query[at++]);
		name[n++] = '.';
	}
	name[n ? n - 1 : 0] = 0;
	return at + 3 <= size ? (uint16_t)((unsigned)query[at + 1] << 8 | query[at + 2]) : 0;
}
