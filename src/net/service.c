/* SPDX-License-Identifier: MIT */
/*
 * A target whose addresses are slow to come does not hold up the others: from the first answer on the rest has a moment left.
 */
#include "net/service.h"

#include <arpa/nameser.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "net/srv.h"

enum { MOST_TARGETS = 16, GRACE_MS = 200, FAMILIES = 2 };

struct search {
	const struct resolve_query *query;
	struct srv_target           targets[SRV_RECORDS];
	struct resolve_job         *jobs[MOST_TARGETS * FAMILIES]; /* of each target: the family that comes first, and the other */
	size_t                      count; /* of targets */
	uint8_t                     message[NS_MAXMSG];
};

bool service_supported(void)
{
	return true;
}

static uint32_t random_below(uint32_t below)
{
	uint32_t drawn;
	if (getrandom(&drawn, sizeof drawn, GRND_NONBLOCK) != sizeof drawn)
		drawn = (uint32_t)threads_now();
	return drawn % below;
}

/* ---- The records ---- */

/* Some name servers know nothing of SRV and say so; the resolver's library tells that as a failure, too. */
static bool is_refused(const uint8_t *message)
{
	unsigned rcode = message[3] & 15u;
	return message[2] & 0x80 && (rcode == ns_r_refused || rcode == ns_r_notimpl);
}

/* The size of the answer, 0: there is none of that kind, or -1. A name of one part is looked for where such names are. */
static int ask(const struct resolve_query *query, uint8_t *message, bool *temporary)
{
	struct __res_state state;
	char               name[NS_MAXDNAME];
	memset(&state, 0, sizeof state);
	snprintf(name, sizeof name, "%s.%s", query->srv_service, query->host);
	if (res_ninit(&state) < 0)
		return -1;
	int n = (strchr(query->host, '.') ? res_nquery : res_nsearch)(&state, name, ns_c_in, ns_t_srv, message, NS_MAXMSG);
	int error = state.res_h_errno;
	res_nclose(&state);
	*temporary = error == TRY_AGAIN && !is_refused(message);
	if (n < 0)
		return *temporary ? -1 : 0;
	return n < NS_MAXMSG ? n : NS_MAXMSG;
}

/* False: the search is over. */
static bool find_targets(struct search *s, struct answer *answer)
{
	const char *service = s->query->srv_service;
	bool        temporary = false;
	int         n = ask(s->query, s->message, &temporary);
	if (n < 0)
		return answer_refuse(answer, temporary ? REASON_TEMPORARY : REASON_OTHER, "no answer about %s from the name servers%s",
		                     service, temporary ? " (temporary)" : "");
	if (n > 0)
		n = srv_parse(s->message, (size_t)n, s->targets);
	if (n == SRV_NO_SERVICE)
		return answer_refuse(answer, REASON_OTHER, "there is no service %s, says its SRV record", service);
	if (n < 0)
		return answer_refuse(answer, REASON_OTHER, "the answer about %s is malformed", service);
	srv_order(s->targets, (size_t)n, random_below);
	s->count = n < MOST_TARGETS ? (size_t)n : MOST_TARGETS;
	return true;
}

static void take_host(struct search *s)
{
	struct srv_target *t = &s->targets[0];
	t->port = (uint16_t)strtoul(s->query->port, NULL, 10);
	snprintf(t->host, sizeof t->host, "%s", s->query->host);
	s->count = 1;
}

/* ---- The addresses ---- */

static int start_part(struct search *s, size_t target, int family, struct resolve_job **job)
{
	struct resolve_query part = {.host = s->targets[target].host, .family = family, .fn = s->query->fn, .user = s->query->user};
	char                 port[6];
	snprintf(port, sizeof port, "%u", s->targets[target].port);
	part.port = port;
	return resolve_start_part(job, &part);
}

static int start_parts(struct search *s)
{
	bool both = s->query->family == AF_UNSPEC && !s->query->fn;
	int  first = both ? s->query->ipv4_first ? AF_INET : AF_INET6 : s->query->family, rc = 0;
	for (size_t i = 0; i < s->count && rc == 0; i++) {
		rc = start_part(s, i, first, &s->jobs[FAMILIES * i]);
		if (rc == 0 && both)
			rc = start_part(s, i, first == AF_INET ? AF_INET6 : AF_INET, &s->jobs[FAMILIES * i + 1]);
	}
	return rc;
}

static const struct addrinfo *list_of(struct resolve_job *job)
{
	struct addrinfo *list = NULL;
	int              error;
	if (job)
		resolve_done(job, &error, &list);
	return list;
}

/* The next one of a list. */
static void take(struct addresses *found, const struct addrinfo **list, uint16_t port)
{
	union address one;
	if (*list && address_from(&one, (*list)->ai_addr, (*list)->ai_addrlen))
		addresses_add(found, &one, port);
	*list = *list ? (*list)->ai_next : NULL;
}

/* The families take turns, so that a target of which one is out of reach costs one try. */
static void take_addresses(struct search *s, size_t target, struct addresses *found)
{
	const struct addrinfo *first = list_of(s->jobs[FAMILIES * target]), *other = list_of(s->jobs[FAMILIES * target + 1]);
	while (first || other) {
		take(found, &first, s->targets[target].port);
		take(found, &other, s->targets[target].port);
	}
}

static void judge(struct search *s, bool records, struct answer *answer)
{
	struct addresses found = {.count = 0};
	for (size_t i = 0; i < s->count; i++)
		take_addresses(s, i, &found);
	if (found.count) {
		answer_addresses(answer, &found);
		return;
	}
	resolve_why(s->jobs[0], s->jobs[1], answer);
	if (records) {
		char why[sizeof answer->why];
		strcpy(why, answer->why);
		snprintf(answer->why, sizeof answer->why, "its SRV target %.60s: %.80s", s->targets[0].host, why);
	}
}

static void search(struct search *s, struct task *self, struct answer *answer)
{
	if (!find_targets(s, answer))
		return;
	bool records = s->count > 0;
	if (!records)
		take_host(s);
	if (start_parts(s) < 0)
		answer_refuse(answer, REASON_OTHER, "no thread or memory for the addresses of %s", s->query->srv_service);
	else if (resolve_wait_parts(self, s->jobs, FAMILIES * s->count, GRACE_MS))
		judge(s, records, answer);
	else
		answer_refuse(answer, REASON_TEMPORARY, "given up");
	for (size_t i = 0; i < FAMILIES * s->count; i++)
		resolve_drop(s->jobs[i]);
}

void service_lookup(const struct resolve_query *query, struct task *self, struct answer *answer)
{
	struct search *s = calloc(1, sizeof *s);
	if (!s) {
		answer_memory(answer);
		return;
	}
	s->query = query;
	search(s, self, answer);
	free(s);
}
