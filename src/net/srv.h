/* SPDX-License-Identifier: MIT */
/*
 * SRV records [RFC 2782]: what a name server says of a service, and the order in which its targets are to be tried.
 */
#ifndef NET_SRV_H
#define NET_SRV_H

#include <stddef.h>
#include <stdint.h>

enum {
	SRV_RECORDS = 64, /* of one answer; what follows is left out */
	SRV_NO_SERVICE = -1, /* the only target is ".": the service is decidedly not there */
	SRV_MALFORMED = -2
};

struct srv_target {
	uint16_t priority, weight, port;
	char     host[256];
};

/*
 * The SRV records of a DNS message, in its order: how many (0: none that can be used), or SRV_... There must be room for SRV_RECORDS.
 * Any bytes are safe.
 */
int srv_parse(const uint8_t *message, size_t size, struct srv_target *targets);

/* Lower priorities first, and among equals at random by weight. random_below() gives 0 to below - 1. */
void srv_order(struct srv_target *targets, size_t count, uint32_t (*random_below)(uint32_t below));

#endif
