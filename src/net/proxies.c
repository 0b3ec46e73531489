/* SPDX-License-Identifier: MIT */
/*
 * Which proxy leads to a server. As curl has it: an option beats the environment, the variable of the scheme beats all_proxy, an
 * empty one means none, and http_proxy is lower case only, for a CGI script's HTTP_PROXY is a header of its request.
 */
#include "net/proxy.h"

#include <stdlib.h>
#include <string.h>

#include <mqttwill.h>

#include "net/no_proxy.h"

enum { PLAIN, TLS, KINDS };

struct proxies {
	struct url by[KINDS];
	bool       has[KINDS];
	char      *none_for; /* NULL: for every server there is one */
};

/* ---- The environment ---- */

static const char *const for_kind[KINDS][4] = {
	[PLAIN] = {"http_proxy", "all_proxy", "ALL_PROXY"},
	[TLS] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
};

static const char *const for_none[] = {"no_proxy", "NO_PROXY"};

/* The first of the variables that is set. */
static const char *first_set(const char *const *names, size_t count, const char **name)
{
	const char *value = NULL;
	for (size_t i = 0; !value && i < count && names[i]; i++)
		value = getenv(*name = names[i]);
	return value;
}

/* ---- Choosing ---- */

/* What the two protocols cannot carry is known before they are spoken. */
static const char *cannot_carry(const struct url *by)
{
	size_t user_len = by->user ? strlen(by->user) : 0;
	if (by->scheme == URL_HTTP_PROXY && by->user && strchr(by->user, ':'))
		return "its user has a colon, which Basic authentication [RFC 7617] cannot carry";
	if (by->scheme == URL_HTTP_PROXY && (user_len > 4096 || by->password_len > 4096))
		return "its user or password is longer than 4096 bytes";
	if (by->scheme == URL_SOCKS_PROXY && (user_len > 255 || by->password_len > 255))
		return "its user or password is longer than 255 bytes, which SOCKS 5 [RFC 1929] cannot carry";
	return NULL;
}

static int add(struct proxies *p, int kind, const char *where, const char *name, const char *text, struct pipe_error *error)
{
	size_t      offset = 0;
	const char *problem = NULL;
	if (!text || !*text)
		return 0;
	int rc = url_parse_proxy(&p->by[kind], text, &offset, &problem);
	if (rc == MQTTWILL_ENOMEM)
		return pipe_fail(error, rc, "%s %s: no memory", where, name);
	if (rc < 0)
		return pipe_fail(error, rc == MQTTWILL_EURL ? MQTTWILL_EOPTION : rc, "%s %s: %s (byte %zu)", where, name, problem, offset);
	p->has[kind] = true;
	problem = cannot_carry(&p->by[kind]);
	return problem ? pipe_fail(error, MQTTWILL_EOPTION, "%s %s: %s", where, name, problem) : 0;
}

static int add_kind(struct proxies *p, int kind, const struct mqttwill_network *network, struct pipe_error *error)
{
	const char *name = "network.proxy", *text = network->proxy;
	bool        other_way = network->dial_fn || network->transport;
	if (text)
		return add(p, kind, "option", name, text, error);
	if (!(network->flags & MQTTWILL_NET_PROXY_ENV) || other_way)
		return 0;
	text = first_set(for_kind[kind], 4, &name);
	return add(p, kind, "environment:", name, text, error);
}

/* The option's entries are checked; what the environment has may be meant for other programs. */
static int add_none(struct proxies *p, const struct mqttwill_network *network, struct pipe_error *error)
{
	const char *list = network->no_proxy, *name, *problem;
	size_t      offset;
	if (list && !no_proxy_check(list, &offset, &problem))
		return pipe_fail(error, MQTTWILL_EOPTION, "option network.no_proxy: in the entry at byte %zu: %s", offset, problem);
	if (!list && network->flags & MQTTWILL_NET_PROXY_ENV)
		list = first_set(for_none, 2, &name);
	if (list && !(p->none_for = strdup(list)))
		return pipe_fail(error, MQTTWILL_ENOMEM, "option network.no_proxy: no memory");
	return 0;
}

int proxies_new(struct proxies **out, const struct mqttwill_network *network, struct pipe_error *error)
{
	struct proxies *p = *out = calloc(1, sizeof *p);
	if (!p)
		return pipe_fail(error, MQTTWILL_ENOMEM, "option network.proxy: no memory");
	int rc = add_none(p, network, error);
	for (int kind = 0; rc == 0 && kind < KINDS; kind++)
		rc = add_kind(p, kind, network, error);
	if (rc == 0 && (p->has[PLAIN] || p->has[TLS]))
		return 0;
	proxies_free(p);
	*out = NULL;
	return rc;
}

void proxies_free(struct proxies *p)
{
	if (!p)
		return;
	for (int kind = 0; kind < KINDS; kind++)
		if (p->has[kind])
			url_fini(&p->by[kind]);
	free(p->none_for);
	free(p);
}

const struct url *proxies_for(const struct proxies *p, const struct url *to)
{
	int kind = url_has_tls(to) ? TLS : PLAIN;
	if (!p || !p->has[kind] || to->scheme == URL_UNIX || no_proxy_has(p->none_for, to->host, to->port))
		return NULL;
	return &p->by[kind];
}
