/* SPDX-License-Identifier: MIT */
/*
 * Addresses compared, read and told.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

bool address_from(union address *a, const struct sockaddr *from, socklen_t len)
{
	union address copy = {.any.sa_family = AF_UNSPEC};
	bool known = (from->sa_family == AF_INET && len >= sizeof copy.four) || (from->sa_family == AF_INET6 && len >= sizeof copy.six);
	if (!known)
		return false;
	memcpy(&copy, from, from->sa_family == AF_INET ? sizeof copy.four : sizeof copy.six);
	*a = copy;
	return true;
}

/* getaddrinfo(3) knows zones, but takes "127.1" for an address, too. */
bool address_parse(union address *a, const char *text)
{
	static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo             *list;
	if (!address_is_numeric(text) || getaddrinfo(text, NULL, &hints, &list) != 0)
		return false;
	bool known = address_from(a, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return known;
}

bool address_is_numeric(const char *host)
{
	char            plain[INET6_ADDRSTRLEN] = "";
	struct in_addr  four;
	struct in6_addr six;
	size_t          n = strcspn(host, "%");
	if (n >= sizeof plain)
		return false;
	memcpy(plain, host, n);
	return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, plain, &six) == 1;
}

bool address_equal(const union address *a, const union address *b)
{
	if (address_family(a) != address_family(b))
		return false;
	if (address_family(a) == AF_INET)
		return a->four.sin_port == b->four.sin_port && a->four.sin_addr.s_addr == b->four.sin_addr.s_addr;
	return a->six.sin6_port == b->six.sin6_port && a->six.sin6_scope_id == b->six.sin6_scope_id &&
	       memcmp(&a->six.sin6_addr, &b->six.sin6_addr, sizeof a->six.sin6_addr) == 0;
}

void address_text(const union address *a, char *buf, size_t size)
{
	char host[64], port[8];
	*buf = 0;
	if (getnameinfo(&a->any, address_len(a), host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	snprintf(buf, size, address_family(a) == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}
