/* SPDX-License-Identifier: MIT */
/*
 * A list of addresses is one block of nodes, each with its address beside it, so that whoever copies it frees one thing.
 */
#include "net/addresses.h"

#include <stdlib.h>

struct node {
	struct addrinfo info;
	union address   address;
};

void addresses_add(struct addresses *a, const union address *from, uint16_t port)
{
	union address one = *from;
	if (address_family(&one) == AF_INET6)
		one.six.sin6_port = htons(port);
	else
		one.four.sin_port = htons(port);
	for (size_t i = 0; i < a->count; i++)
		if (address_equal(&a->at[i], &one))
			return;
	if (a->count < ADDRESSES_MOST)
		a->at[a->count++] = one;
}

void addresses_add_all(struct addresses *a, const struct addrinfo *list, uint16_t port)
{
	union address one;
	for (; list; list = list->ai_next)
		if (address_from(&one, list->ai_addr, list->ai_addrlen))
			addresses_add(a, &one, port);
}

struct addrinfo *addresses_list(const struct addresses *a)
{
	struct node *nodes = calloc(a->count, sizeof *nodes);
	for (size_t i = 0; nodes && i < a->count; i++) {
		nodes[i].address = a->at[i];
		nodes[i].info = (struct addrinfo){
			.ai_family = address_family(&a->at[i]),
			.ai_socktype = SOCK_STREAM,
			.ai_protocol = IPPROTO_TCP,
			.ai_addrlen = address_len(&a->at[i]),
			.ai_addr = &nodes[i].address.any,
			.ai_next = i + 1 < a->count ? &nodes[i + 1].info : NULL,
		};
	}
	return nodes ? &nodes[0].info : NULL;
}
