/* SPDX-License-Identifier: MIT */
/*
 * An address and port of IPv4 or IPv6, by value.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT = 80 }; /* room for [ADDRESS%INTERFACE]:PORT */

union address {
	struct sockaddr     any;
	struct sockaddr_in  four;
	struct sockaddr_in6 six;
};

static inline int address_family(const union address *a)
{
	return a->any.sa_family;
}

static inline socklen_t address_len(const union address *a)
{
	return address_family(a) == AF_INET6 ? sizeof a->six : sizeof a->four;
}

/* False, and *a is left alone, where it is of another family. */
bool address_from(union address *a, const struct sockaddr *from, socklen_t len);

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0"; port 0. False where it is something else. */
bool address_parse(union address *a, const char *text);

/* Is it an address, so that nothing needs to be looked up? */
bool address_is_numeric(const char *host);

bool address_equal(const union address *a, const union address *b);

/* "192.0.2.1:1883", "[2001:db8::1]:1883". */
void address_text(const union address *a, char *buf, size_t size);

#endif
