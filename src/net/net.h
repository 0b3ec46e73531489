/* SPDX-License-Identifier: MIT */
/*
 * Where the stack is put together: what a client keeps between its connections (servers, settings, trust, TLS sessions,
 * addresses that failed), and a new pipe for each attempt.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "net/pipe.h"
#include "net/url.h"

struct mqttwill_network;
struct mqttwill_tls;
struct net;

struct net_settings {
	const char        *url;  /* the first server, and more: */
	const char *const *urls;
	size_t             url_count;
	const struct mqttwill_network *network; /* NULL: all default; it and what it points to must outlive the net */
	const struct mqttwill_tls     *tls;     /* the same */
	uint32_t timeout_ms; /* for a whole attempt: the default of each phase */
	uint32_t silent_ms;  /* TCP_USER_TIMEOUT, and keep-alive probes: how long the other side may be gone unnoticed; 0: the system's */
};

/*
 * Checks and loads what the settings name. 0; MQTTWILL_EURL; MQTTWILL_EOPTION with the option and the reason, MQTTWILL_EUNSUPPORTED for what this
 * build lacks, MQTTWILL_ENOMEM.
 */
int  net_new(struct net **out, const struct net_settings *settings, struct pipe_error *error);
void net_free(struct net *n);

/* The server of this number in settings, the first URL being 0: 0, and url_fini() frees it; or an error. */
int net_parse_server(struct url *url, const char *first, const char *const *more, size_t index, struct pipe_error *error);

/* The servers, in the settings' order. */
size_t            net_server_count(const struct net *n);
const struct url *net_server(const struct net *n, size_t index);

/*
 * A pipe to a server, unopened. `to` must outlive it, as must the net. NULL: error says why (no memory; a file that has changed
 * and cannot be used any more).
 */
struct pipe *net_pipe(struct net *n, const struct url *to, struct pipe_error *error);

/* Is it the caller's own stream, which may go on whenever its owner is woken, whatever its descriptor says? */
bool net_has_transport(const struct net *n);

/* What the settings leave unchecked: MQTTWILL_INSECURE_... */
uint32_t net_insecure(const struct net *n);

#endif
