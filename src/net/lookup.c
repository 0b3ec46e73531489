/* SPDX-License-Identifier: MIT */
/*
 * AI_ADDRCONFIG is not used: it does not count loopback, so that a machine without a network could not reach itself by name.
 * Here a family is left out only where no interface has it, loopback included.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* EAI_NODATA, EAI_ADDRFAMILY */
#endif

#include "net/lookup.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

/* ---- Answers ---- */

bool answer_refuse(struct answer *answer, enum reason reason, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(answer->why, sizeof answer->why, format, args);
	va_end(args);
	answer->code = MQTTWILL_ERESOLVE;
	answer->reason = (uint8_t)reason;
	return false;
}

void answer_memory(struct answer *answer)
{
	answer_refuse(answer, REASON_OTHER, "no memory");
	answer->code = MQTTWILL_ENOMEM;
}

void answer_addresses(struct answer *answer, const struct addresses *found)
{
	*answer = (struct answer){.list = addresses_list(found)};
	if (!answer->list)
		answer_memory(answer);
}

static const char *family_name(int family)
{
	return family == AF_INET6 ? "IPv6 " : family == AF_INET ? "IPv4 " : "";
}

static uint16_t port_of(const struct resolve_query *query)
{
	return (uint16_t)strtoul(query->port, NULL, 10);
}

static void refuse(struct answer *answer, int family, int error, int system_error)
{
	static const struct {
		int         error;
		enum reason reason;
		const char *why;
	} known[] = {
		{EAI_NONAME, REASON_NO_NAME, "the name does not exist"},
		{EAI_AGAIN, REASON_TEMPORARY, "no answer from the name servers (temporary)"},
		{EAI_FAIL, REASON_OTHER, "the name servers refuse to answer"},
	};
	if (error == EAI_NODATA || error == EAI_ADDRFAMILY) {
		answer_refuse(answer, REASON_NO_ADDRESS, "the name has no %saddress", family_name(family));
		return;
	}
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (error == known[i].error) {
			answer_refuse(answer, known[i].reason, "%s", known[i].why);
			return;
		}
	if (error == EAI_MEMORY)
		answer_memory(answer);
	else
		answer_refuse(answer, REASON_OTHER, "%s", error == EAI_SYSTEM ? strerror(system_error) : gai_strerror(error));
}

/* ---- Numbers ---- */

static bool fits(int family, int wanted)
{
	return wanted == AF_UNSPEC || wanted == family;
}

static void take_number(const struct resolve_query *query, const struct addrinfo *number, struct answer *answer)
{
	struct addresses found = {.count = 0};
	if (!fits(number->ai_family, query->family)) {
		answer_refuse(answer, REASON_NO_ADDRESS, "it is not an %saddress", family_name(query->family));
		return;
	}
	addresses_add_all(&found, number, port_of(query));
	answer_addresses(answer, &found);
}

bool lookup_number(const struct resolve_query *query, struct answer *answer)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
	struct addrinfo      *number = NULL;
	int                   error = getaddrinfo(query->host, NULL, &hints, &number);
	if (error == 0)
		take_number(query, number, answer);
	else if (error == EAI_MEMORY)
		answer_memory(answer);
	else if (strchr(query->host, ':')) /* which no name has */
		answer_refuse(answer, REASON_OTHER, "it is no address, or this machine has no such interface");
	else
		return false;
	if (number)
		freeaddrinfo(number);
	return true;
}

/* ---- The system ---- */

/* Which families any interface has; both, where that cannot be told. */
static void own_families(bool *six, bool *four)
{
	struct ifaddrs *all = NULL;
	*six = *four = false;
	if (getifaddrs(&all) == 0) {
		for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
			*six |= i->ifa_addr && i->ifa_addr->sa_family == AF_INET6;
			*four |= i->ifa_addr && i->ifa_addr->sa_family == AF_INET;
		}
		freeifaddrs(all);
	}
	if (!*six && !*four)
		*six = *four = true;
}

static bool has_word(char *line, const char *word)
{
	char *rest;
	line[strcspn(line, "#\n")] = 0;
	strtok_r(line, " \t", &rest); /* the address */
	for (const char *name; (name = strtok_r(NULL, " \t", &rest));)
		if (strcasecmp(name, word) == 0)
			return true;
	return false;
}

static bool is_in_hosts_file(const char *host)
{
	FILE  *file = fopen("/etc/hosts", "re");
	char  *line = NULL;
	size_t size = 0;
	bool   found = false;
	while (file && !found && getline(&line, &size, file) >= 0)
		found = has_word(line, host);
	free(line);
	if (file)
		fclose(file);
	return found;
}

/*
 * A name that the hosts file has in one family only: the name servers shall not be asked for the other, since the file is there to
 * overrule them. The system keeps to that where it is asked for both.
 */
static int family_to_ask(const struct resolve_query *query, bool six, bool four)
{
	if (is_in_hosts_file(query->host))
		return AF_UNSPEC;
	return query->family == AF_UNSPEC && !(six && four) ? six ? AF_INET6 : AF_INET : query->family;
}

static void take_list(const struct resolve_query *query, const struct addrinfo *list, struct answer *answer)
{
	struct addresses found = {.count = 0};
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		union address one;
		if (fits(a->ai_family, query->family) && address_from(&one, a->ai_addr, a->ai_addrlen))
			addresses_add(&found, &one, port_of(query));
	}
	if (found.count)
		answer_addresses(answer, &found);
	else
		refuse(answer, query->family, EAI_NODATA, 0);
}

static void ask_system(const struct resolve_query *query, struct answer *answer)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	bool            six, four;
	own_families(&six, &four);
	if ((query->family == AF_INET6 && !six) || (query->family == AF_INET && !four)) {
		answer_refuse(answer, REASON_NO_FAMILY, "this machine has no %saddress", family_name(query->family));
		return;
	}
	hints.ai_family = family_to_ask(query, six, four);
	int error = getaddrinfo(query->host, NULL, &hints, &list);
	if (error) {
		refuse(answer, hints.ai_family, error, errno);
		return;
	}
	take_list(query, list, answer);
	freeaddrinfo(list);
}

/* ---- The application ---- */

static bool add_text(struct addresses *found, const struct mqttwill_address *text, const struct resolve_query *query)
{
	union address one;
	if (!memchr(text->text, 0, sizeof text->text) || !address_parse(&one, text->text))
		return false;
	if (fits(address_family(&one), query->family))
		addresses_add(found, &one, port_of(query));
	return true;
}

static bool take_texts(struct addresses *found, const struct resolve_query *query, struct mqttwill_address *texts,
                       struct answer *answer)
{
	int n = query->fn(query->user, query->host, texts, ADDRESSES_MOST);
	if (n < 0)
		return answer_refuse(answer, REASON_OTHER, "resolve_fn failed: %s", error_text(n));
	if (n > ADDRESSES_MOST)
		return answer_refuse(answer, REASON_OTHER, "resolve_fn says it gave %d addresses; %d was the most", n, ADDRESSES_MOST);
	for (int i = 0; i < n; i++)
		if (!add_text(found, &texts[i], query))
			return answer_refuse(answer, REASON_OTHER, "resolve_fn gave \"%.63s\", which is no address", texts[i].text);
	return found->count || answer_refuse(answer, REASON_NO_ADDRESS, "resolve_fn gave no %saddress", family_name(query->family));
}

static void ask_application(const struct resolve_query *query, struct answer *answer)
{
	struct mqttwill_address texts[ADDRESSES_MOST] = {{{0}}};
	struct addresses        found = {.count = 0};
	if (take_texts(&found, query, texts, answer))
		answer_addresses(answer, &found);
}

void lookup_name(const struct resolve_query *query, struct answer *answer)
{
	if (query->fn)
		ask_application(query, answer);
	else
		ask_system(query, answer);
}
