/* SPDX-License-Identifier: MIT */
/*
 * A capture file (pcap, raw IPv4) of conversations that never took place: TCP connections between one client and port
 * 1883 of one server, without loss, every segment acknowledged.
 */
#ifndef READERS_PCAP_H
#define READERS_PCAP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "wire/packet_type.h"

struct pcap {
	FILE    *out;
	uint16_t port;       /* the client's */
	uint32_t client_seq; /* what each side sends next */
	uint32_t server_seq;
	uint32_t time_us;
};

/* Writes the file's header. */
void pcap_init(struct pcap *p, FILE *out);

/* The three segments that open a connection from the client's port. */
void pcap_connect(struct pcap *p, uint16_t port);

/* Bytes from one side, in as many segments as they need. */
void pcap_send(struct pcap *p, enum side from, const uint8_t *bytes, size_t n);

/* Both sides are done. */
void pcap_close(struct pcap *p);

#endif
