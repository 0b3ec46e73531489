/* SPDX-License-Identifier: MIT */
/*
 * Checksums are 0: readers do not look at them unless they are told to.
 */
#include "readers/pcap.h"

#include <stdbool.h>

#include "base/bytes.h"

enum { IP_HEADER = 20, TCP_HEADER = 20, SEGMENT = 1400, PORT = 1883, FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

static uint8_t *put_ip(uint8_t *p, enum side from, size_t total)
{
	uint32_t client = 0xC0000201, server = 0xC0000202; /* 192.0.2.1 and .2, for documentation [RFC 5737] */
	p = put_u16(p, 0x4500);
	p = put_u16(p, (uint32_t)total);
	p = put_u32(p, 0x00004000); /* do not fragment */
	p = put_u32(p, 0x40060000); /* TTL 64, TCP */
	p = put_u32(p, from == FROM_CLIENT ? client : server);
	return put_u32(p, from == FROM_CLIENT ? server : client);
}

static void put_segment(struct pcap *p, enum side from, uint32_t flags, const uint8_t *bytes, size_t n)
{
	uint8_t  frame[16 + IP_HEADER + TCP_HEADER + SEGMENT];
	size_t   total = IP_HEADER + TCP_HEADER + n;
	bool     client = from == FROM_CLIENT;
	uint8_t *at = put_u32(put_u32(frame, p->time_us / 1000000), p->time_us % 1000000);
	at = put_u32(put_u32(at, (uint32_t)total), (uint32_t)total);
	at = put_ip(at, from, total);
	at = put_u16(at, client ? p->port : PORT);
	at = put_u16(at, client ? PORT : p->port);
	at = put_u32(at, client ? p->client_seq : p->server_seq);
	at = put_u32(at, !(flags & ACK) ? 0 : client ? p->server_seq : p->client_seq);
	at = put_u16(at, 0x5000 | flags);
	at = put_u32(put_u16(at, 0xFFFF), 0);
	at = put_bytes(at, bytes, n);
	fwrite(frame, 1, (size_t)(at - frame), p->out);
	*(client ? &p->client_seq : &p->server_seq) += (uint32_t)n + (flags & (SYN | FIN) ? 1 : 0);
	p->time_us += 10;
}

void pcap_init(struct pcap *p, FILE *out)
{
	uint8_t header[24], *at = header;
	*p = (struct pcap){.out = out};
	at = put_u32(put_u32(at, 0xA1B2C3D4), 0x00020004);
	at = put_u32(put_u32(at, 0), 0);
	at = put_u32(put_u32(at, 0x40000), 101); /* LINKTYPE_RAW */
	fwrite(header, 1, (size_t)(at - header), out);
}

void pcap_connect(struct pcap *p, uint16_t port)
{
	p->port = port;
	p->client_seq = p->server_seq = 1000;
	put_segment(p, FROM_CLIENT, SYN, NULL, 0);
	put_segment(p, FROM_SERVER, SYN | ACK, NULL, 0);
	put_segment(p, FROM_CLIENT, ACK, NULL, 0);
}

void pcap_send(struct pcap *p, enum side from, const uint8_t *bytes, size_t n)
{
	enum side other = from == FROM_CLIENT ? FROM_SERVER : FROM_CLIENT;
	while (n) {
		size_t part = n < SEGMENT ? n : SEGMENT;
		put_segment(p, from, PSH | ACK, bytes, part);
		put_segment(p, other, ACK, NULL, 0);
		bytes += part;
		n -= part;
	}
}

void pcap_close(struct pcap *p)
{
	put_segment(p, FROM_CLIENT, FIN | ACK, NULL, 0);
	put_segment(p, FROM_SERVER, FIN | ACK, NULL, 0);
	put_segment(p, FROM_CLIENT, ACK, NULL, 0);
}
