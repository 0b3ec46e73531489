/* SPDX-License-Identifier: MIT */
/*
 * DNS messages, put together without a resolver's library: what a name server answers.
 */
#ifndef SUPPORT_DNS_H
#define SUPPORT_DNS_H

#include <stddef.h>
#include <stdint.h>

enum { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28, DNS_SRV = 33 };
enum { DNS_OK = 0, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_REFUSED = 5 };

struct dns_message {
	uint8_t bytes[8192];
	size_t  size;
};

/* An answer with its question, and no records yet. */
void dns_begin(struct dns_message *m, uint16_t id, unsigned rcode, const char *name, uint16_t type);

/* One record more in the answer. */
void dns_record(struct dns_message *m, const char *name, uint16_t type, const void *data, size_t size);
void dns_srv(struct dns_message *m, const char *name, unsigned priority, unsigned weight, unsigned port, const char *target);
void dns_cname(struct dns_message *m, const char *name, const char *target);

/* The question of a query: its name, lower case; 0 where there is none. */
uint16_t dns_question(const uint8_t *query, size_t size, char name[256]);

#endif
