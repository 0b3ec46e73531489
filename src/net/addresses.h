/* SPDX-License-Identifier: MIT */
/*
 * A short list of socket addresses, as it is gathered and as it is handed on.
 */
#ifndef NET_ADDRESSES_H
#define NET_ADDRESSES_H

#include <netdb.h>
#include <stdint.h>

#include "net/address.h"

enum { ADDRESSES_MOST = 64 };

struct addresses {
	union address at[ADDRESSES_MOST];
	size_t        count;
};

/* Adds a copy with that port; what is there already, or one too many, is left out. */
void addresses_add(struct addresses *a, const union address *from, uint16_t port);

/* The same for every IP address of a list. */
void addresses_add_all(struct addresses *a, const struct addrinfo *list, uint16_t port);

/* As getaddrinfo(3) gives them, but one block, to be freed with free(). There must be one at least. NULL: no memory. */
struct addrinfo *addresses_list(const struct addresses *a);

#endif
