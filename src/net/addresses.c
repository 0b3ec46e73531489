/* SPDX-License-Identifier: MIT */
/*
 * A list of addresses is one block of nodes, each with its address beside it, so that whoever copies it frees one thing.
 */
#include "net/addresses.h"

#include <stdlib.h>
#include <string.h>

struct node {
	struct addrinfo info;
	union address   address;
};

static socklen_t size_of(int family)
{
	return family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static bool is_there(const struct addresses *a, const union address *wanted)
{
	for (size_t i = 0; i < a->count; i++)
		if (memcmp(&a->at[i], wanted, sizeof *wanted) == 0)
			return true;
	return false;
}

void addresses_add(struct addresses *a, const struct sockaddr *from, uint16_t port)
{
	union address one;
	memset(&one, 0, sizeof one);
	if (from->sa_family != AF_INET && from->sa_family != AF_INET6)
		return;
	memcpy(&one, from, size_of(from->sa_family));
	if (from->sa_family == AF_INET6)
		one.six.sin6_port = htons(port);
	else
		one.four.sin_port = htons(port);
	if (a->count < ADDRESSES_MOST && !is_there(a, &one))
		a->at[a->count++] = one;
}

void addresses_add_all(struct addresses *a, const struct addrinfo *list, uint16_t port)
{
	for (; list; list = list->ai_next)
		addresses_add(a, list->ai_addr, port);
}

struct addrinfo *addresses_list(const struct addresses *a)
{
	struct node *nodes = calloc(a->count, sizeof *nodes);
	for (size_t i = 0; nodes && i < a->count; i++) {
		nodes[i].address = a->at[i];
		nodes[i].info = (struct addrinfo){
			.ai_family = a->at[i].any.sa_family,
			.ai_socktype = SOCK_STREAM,
			.ai_protocol = IPPROTO_TCP,
			.ai_addrlen = size_of(a->at[i].any.sa_family),
			.ai_addr = &nodes[i].address.any,
			.ai_next = i + 1 < a->count ? &nodes[i + 1].info : NULL,
		};
	}
	return nodes ? &nodes[0].info : NULL;
}
