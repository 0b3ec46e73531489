/* SPDX-License-Identifier: MIT */
/*
 * One lookup for an address in numbers, where one family is all that may be used, and where the answer has an order of its own;
 * otherwise two.
 */
#include "net/host.h"

#include <stdio.h>
#include <string.h>

#include <mqttwill.h>

#include "net/resolve.h"

/* ---- Which families ---- */

static int family_of_bind(const struct mqttwill_network *n)
{
	union address a;
	return n->bind_address && address_parse(&a, n->bind_address) ? address_family(&a) : AF_UNSPEC;
}

/* The one that may be used, AF_UNSPEC for both. */
static int only_family(const struct mqttwill_network *n)
{
	return n->family == MQTTWILL_ONLY_IPV4 ? AF_INET : n->family == MQTTWILL_ONLY_IPV6 ? AF_INET6 : family_of_bind(n);
}

struct race_rules host_rules(const struct mqttwill_network *n, const char *srv_service)
{
	struct race_rules rules = {
		.first_family = n->family == MQTTWILL_PREFER_IPV4 ? AF_INET : AF_INET6,
		.in_order = srv_service != NULL, /* which has priorities */
	};
	if (n->resolve_fn && n->family == MQTTWILL_FAMILY_ANY)
		rules.first_family = AF_UNSPEC; /* that of the first it gave */
	return rules;
}

static bool is_one_question(const struct tcp_config *c)
{
	return c->srv_service || c->network->resolve_fn || only_family(c->network) != AF_UNSPEC || address_is_numeric(c->host);
}

static void choose(struct host *h)
{
	const struct mqttwill_network *n = h->config->network;
	bool                           four_first = n->family == MQTTWILL_PREFER_IPV4;
	h->count = is_one_question(h->config) ? 1 : 2;
	h->of[0].family = h->count == 1 ? only_family(n) : four_first ? AF_INET : AF_INET6;
	h->of[1].family = four_first ? AF_INET6 : AF_INET;
}

/* ---- Lookups ---- */

int host_start(struct host *h, const struct tcp_config *config, struct race *race, uint64_t end_ms)
{
	*h = (struct host){.config = config, .end = end_ms, .patience = UINT64_MAX};
	choose(h);
	for (int i = 0; i < h->count; i++) {
		struct resolve_query query = {
			.host = config->host,
			.port = config->port,
			.family = h->of[i].family,
			.srv_service = config->srv_service,
			.ipv4_first = config->network->family == MQTTWILL_PREFER_IPV4,
			.fn = config->network->resolve_fn,
			.user = config->network->user,
		};
		int rc = resolve_start(&h->of[i].job, &query);
		if (rc < 0)
			return rc;
		race_watch(race, resolve_fd(h->of[i].job));
	}
	return 0;
}

static void end_lookup(struct host_lookup *l, struct race *race)
{
	race_unwatch(race, resolve_fd(l->job));
	l->over = true;
}

static int add_all(struct race *race, const struct addrinfo *list)
{
	int rc = 0;
	for (const struct addrinfo *a = list; a && rc == 0; a = a->ai_next) {
		union address address;
		if (address_from(&address, a->ai_addr, a->ai_addrlen))
			rc = race_add(race, &address);
	}
	return rc;
}

static int look(struct host *h, struct host_lookup *l, struct race *race, uint64_t now_ms)
{
	struct addrinfo *list = NULL;
	int              error = 0;
	bool             done = resolve_done(l->job, &error, &list);
	if (!done && now_ms < h->end)
		return 0;
	l->late = !done;
	l->failed = error != 0;
	end_lookup(l, race);
	return add_all(race, list);
}

int host_turn(struct host *h, struct race *race, uint64_t now_ms)
{
	int rc = 0;
	for (int i = 0; i < h->count && rc == 0; i++)
		if (!h->of[i].over)
			rc = look(h, &h->of[i], race, now_ms);
	if (h->count > 1 && h->of[1].over && race->count && h->patience == UINT64_MAX)
		h->patience = now_ms + HOST_DELAY_MS;
	return rc;
}

bool host_is_over(const struct host *h)
{
	return h->of[0].over && (h->count == 1 || h->of[1].over);
}

bool host_is_enough(const struct host *h, uint64_t now_ms)
{
	return h->of[0].over || now_ms >= h->patience;
}

uint64_t host_deadline(const struct host *h, bool begun)
{
	if (host_is_over(h))
		return UINT64_MAX;
	return !begun && h->patience < h->end ? h->patience : h->end;
}

void host_fini(struct host *h, struct race *race)
{
	for (int i = 0; i < h->count; i++) {
		if (h->of[i].job && !h->of[i].over)
			end_lookup(&h->of[i], race);
		resolve_drop(h->of[i].job);
		h->of[i].job = NULL;
	}
}

/* ---- Words ---- */

static const char *name_of(int family)
{
	return family == AF_INET6 ? "IPv6" : "IPv4";
}

/* Adds which option left one family out. */
static void tell_option(const struct host *h, struct pipe_error *error)
{
	const struct mqttwill_network *n = h->config->network;
	int                            only = only_family(n);
	size_t                         used = strlen(error->text);
	if (only == AF_UNSPEC)
		return;
	snprintf(error->text + used, sizeof error->text - used, "; option network.%s allows %s only",
	         n->family == MQTTWILL_ONLY_IPV4 || n->family == MQTTWILL_ONLY_IPV6 ? "family" : "bind_address", name_of(only));
}

int host_fail(const struct host *h, struct pipe_error *error)
{
	const struct host_lookup *one = &h->of[0], *other = &h->of[1];
	if (one->late || other->late)
		pipe_fail(error, MQTTWILL_ETIMEOUT, "resolve %s: no answer in time", h->config->host);
	else
		resolve_explain(one->failed ? one->job : other->job, one->failed && other->failed ? other->job : NULL, error);
	tell_option(h, error);
	return error->code;
}

void host_tell(const struct host *h, struct pipe_error *error)
{
	for (int i = 0; i < h->count; i++) {
		size_t used = strlen(error->text);
		if (h->of[i].late)
			snprintf(error->text + used, sizeof error->text - used, "; resolve %s for %s: no answer in time", h->config->host,
			         name_of(h->of[i].family));
	}
}
