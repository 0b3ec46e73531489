/* SPDX-License-Identifier: MIT */
/*
 * The list is read anew for each question: it is short, and questions are rare.
 */
#include "net/no_proxy.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct entry {
	char     host[256];
	uint8_t  address[16];
	int      family; /* 0: a name */
	unsigned bits;   /* of the address that count */
	unsigned port;   /* 0: any */
};

static const char separators[] = ", \t";

static bool wrong(const char **problem, const char *text)
{
	*problem = text;
	return false;
}

/* Digits only, up to the end. */
static bool number(const char *text, unsigned least, unsigned most, unsigned *value)
{
	size_t n = strlen(text);
	*value = n && n < 6 && strspn(text, "0123456789") == n ? (unsigned)atoi(text) : most + 1;
	return *value >= least && *value <= most;
}

static int address_of(const char *host, uint8_t *address)
{
	if (inet_pton(AF_INET, host, address) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, host, address) == 1 ? AF_INET6 : 0;
}

/* A name that ends with a dot is the same name. */
static void drop_last_dot(char *host)
{
	size_t n = strlen(host);
	if (n > 1 && host[n - 1] == '.')
		host[n - 1] = 0;
}

/* What is behind the host: nothing, or a port. */
static bool read_port(struct entry *e, const char *colon, const char **problem)
{
	if (!*colon || (*colon == ':' && number(colon + 1, 1, 65535, &e->port)))
		return true;
	return wrong(problem, "its port is not a number from 1 to 65535");
}

static bool read_brackets(struct entry *e, char *text, const char **problem)
{
	char *end = strchr(text, ']');
	if (end)
		*end = 0;
	if (!end || (e->family = address_of(text + 1, e->address)) != AF_INET6)
		return wrong(problem, "what stands in brackets is not an IPv6 address");
	e->bits = 128;
	return read_port(e, end + 1, problem);
}

static bool read_block(struct entry *e, char *slash, char *text, const char **problem)
{
	*slash = 0;
	e->family = address_of(text, e->address);
	if (!e->family)
		return wrong(problem, "what stands before / is not an IP address");
	if (!number(slash + 1, 0, e->family == AF_INET ? 32 : 128, &e->bits))
		return wrong(problem, "behind / stands no number of bits that the address has");
	return true;
}

static bool read_host(struct entry *e, char *text, const char **problem)
{
	char *colon = strchr(text, ':');
	e->family = address_of(text, e->address);
	if (!e->family && colon && !read_port(e, colon, problem))
		return false;
	if (!e->family && colon) {
		*colon = 0;
		e->family = address_of(text, e->address);
	}
	e->bits = e->family == AF_INET6 ? 128 : 32;
	text += strncmp(text, "*.", 2) == 0 ? 2 : *text == '.';
	strcpy(e->host, text);
	drop_last_dot(e->host);
	return *e->host ? true : wrong(problem, "it has no host");
}

static bool read_entry(struct entry *e, const char *from, size_t n, const char **problem)
{
	char text[300];
	*e = (struct entry){0};
	if (n > 255 + 6)
		return wrong(problem, "it is longer than a host and a port can be");
	memcpy(text, from, n);
	text[n] = 0;
	char *slash = strchr(text, '/');
	if (strcspn(text, ":") > 255)
		return wrong(problem, "its host is longer than 255 characters");
	return *text == '[' ? read_brackets(e, text, problem)
	       : slash      ? read_block(e, slash, text, problem)
	                    : read_host(e, text, problem);
}

/* The entry at *at, and its length; *at moves behind it. False: there are no more. */
static bool next_entry(const char **at, const char **from, size_t *n)
{
	*from = *at + strspn(*at, separators);
	*n = strcspn(*from, separators);
	*at = *from + *n;
	return *n > 0;
}

bool no_proxy_check(const char *list, size_t *offset, const char **problem)
{
	struct entry e;
	const char  *from;
	size_t       n;
	for (const char *at = list; next_entry(&at, &from, &n);) {
		*offset = (size_t)(from - list);
		if (!read_entry(&e, from, n, problem))
			return false;
	}
	return true;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned rest = bits % 8;
	return memcmp(a, b, bits / 8) == 0 && (rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0);
}

/* The name, or one below it. */
static bool same_name(const char *entry, const char *host)
{
	size_t n = strlen(entry), len = strlen(host);
	return len >= n && strcasecmp(host + len - n, entry) == 0 && (len == n || host[len - n - 1] == '.');
}

static bool matches(const struct entry *e, const char *host, const char *port)
{
	uint8_t address[16];
	int     family = address_of(host, address);
	if (e->port && e->port != (unsigned)atoi(port))
		return false;
	if (strcmp(e->host, "*") == 0)
		return true;
	if (e->family || family)
		return e->family == family && same_bits(e->address, address, e->bits);
	return same_name(e->host, host);
}

bool no_proxy_has(const char *list, const char *host, const char *port)
{
	struct entry e;
	const char  *from, *problem;
	size_t       n;
	char         name[256] = "";
	memcpy(name, host, strcspn(host, "%") < sizeof name ? strcspn(host, "%") : sizeof name - 1); /* without a zone */
	drop_last_dot(name);
	for (const char *at = list ? list : ""; next_entry(&at, &from, &n);)
		if (read_entry(&e, from, n, &problem) && matches(&e, name, port))
			return true;
	return false;
}
