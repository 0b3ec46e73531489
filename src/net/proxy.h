/* SPDX-License-Identifier: MIT */
/*
 * Proxies: which one leads to a server, and the filter that asks it to. The pipe below is connected to the proxy; the
 * proxy is given the server's name and resolves it. What lies above speaks to the server and need not know.
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include "net/pipe.h"
#include "net/url.h"

struct mqttwill_network;
struct proxies;

/*
 * The options' proxy and no_proxy and, where MQTTWILL_NET_PROXY_ENV is set, those of the environment, which is read here and not
 * later. *out is NULL where no server has a proxy. 0; MQTTWILL_EOPTION and MQTTWILL_EUNSUPPORTED with the option or
 * the variable and the byte; MQTTWILL_ENOMEM.
 */
int  proxies_new(struct proxies **out, const struct mqttwill_network *network, struct pipe_error *error);
void proxies_free(struct proxies *p);

/* The proxy that leads to a server; NULL: none does. `p` may be NULL. */
const struct url *proxies_for(const struct proxies *p, const struct url *to);

/*
 * A filter above `below`, which it owns from now on; both URLs must outlive it. NULL where there is no memory: `below` is the
 * caller's then.
 */
struct pipe *proxy_new(struct pipe *below, const struct url *by, const struct url *to, uint32_t timeout_ms);

#endif
