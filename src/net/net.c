/* SPDX-License-Identifier: MIT */
/*
 * From the bottom up: a socket or the caller's own stream, a proxy, TLS, WebSocket.
 */
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>

#include <mqttwill.h>

#include "net/adopt.h"
#include "net/custom.h"
#include "net/failed.h"
#include "net/proxy.h"
#include "net/service.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "net/unix.h"
#include "net/websocket.h"

struct net {
	struct net_settings settings;
	const struct mqttwill_network *network; /* the settings', or all default */
	struct tls_context     *tls;
	struct proxies         *proxies;
	struct url             *servers;
	size_t                  count;
	struct failed           failed; /* addresses */
};

static const struct mqttwill_network all_default;

static bool any_server(const struct net *n, bool (*has)(const struct url *url))
{
	for (size_t i = 0; i < n->count; i++)
		if (has(&n->servers[i]))
			return true;
	return false;
}

int net_parse_server(struct url *url, const char *first, const char *const *more, size_t index, struct pipe_error *error)
{
	size_t      offset = 0;
	const char *problem = "it is NULL", *text = index ? more[index - 1] : first;
	char        what[40] = "url";
	int         rc = text ? url_parse(url, text, &offset, &problem) : MQTTWILL_EURL;
	if (index)
		snprintf(what, sizeof what, "urls[%zu]", index - 1);
	if (rc == MQTTWILL_ENOMEM)
		return pipe_fail(error, rc, "%s: no memory", what);
	return rc < 0 ? pipe_fail(error, rc, "%s: %s (byte %zu)", what, problem, offset) : 0;
}

static int add_servers(struct net *n, struct pipe_error *error)
{
	const struct net_settings *s = &n->settings;
	int                        rc = 0;
	n->servers = calloc(1 + s->url_count, sizeof *n->servers);
	if (!n->servers)
		return pipe_fail(error, MQTTWILL_ENOMEM, "url: no memory");
	for (size_t i = 0; rc == 0 && i <= s->url_count; i++) {
		rc = net_parse_server(&n->servers[i], s->url, s->urls, i, error);
		n->count += rc == 0;
	}
	return rc;
}

int net_new(struct net **out, const struct net_settings *settings, struct pipe_error *error)
{
	struct net *n = *out = calloc(1, sizeof *n);
	if (!n)
		return pipe_fail(error, MQTTWILL_ENOMEM, "new: no memory for the network settings");
	n->settings = *settings;
	n->network = settings->network ? settings->network : &all_default;
	int rc = add_servers(n, error);
	if (rc == 0)
		rc = tcp_check(n->network, error);
	if (rc == 0)
		rc = proxies_new(&n->proxies, n->network, error);
	if (rc == 0)
		rc = websocket_check(n->network->headers, n->network->header_count, error);
	if (rc == 0 && any_server(n, url_has_websocket))
		rc = websocket_available(error);
	if (rc == 0 && n->network->flags & MQTTWILL_NET_SRV && !service_supported())
		rc = pipe_fail(error, MQTTWILL_EUNSUPPORTED, "option network.flags: MQTTWILL_NET_SRV: this library was built without libresolv");
	if (rc == 0 && any_server(n, url_has_tls))
		rc = tls_context_new(&n->tls, settings->tls, error);
	if (rc < 0) {
		net_free(n);
		*out = NULL;
	}
	return rc;
}

void net_free(struct net *n)
{
	if (!n)
		return;
	tls_context_free(n->tls);
	proxies_free(n->proxies);
	for (size_t i = 0; i < n->count; i++)
		url_fini(&n->servers[i]);
	free(n->servers);
	failed_fini(&n->failed);
	free(n);
}

size_t net_server_count(const struct net *n)
{
	return n->count;
}

const struct url *net_server(const struct net *n, size_t index)
{
	return &n->servers[index];
}

static uint32_t phase_ms(const struct net *n, uint32_t own)
{
	return own ? own : n->settings.timeout_ms;
}

/* What to ask the name servers for where the URL names no port; TLS asks for the URL's host in any case. */
static const char *service_of(const struct net *n, const struct url *to)
{
	if (!(n->network->flags & MQTTWILL_NET_SRV) || to->port_given)
		return NULL;
	return to->scheme == URL_MQTT ? "_mqtt._tcp" : to->scheme == URL_MQTTS ? "_secure-mqtt._tcp" : NULL;
}

/* TCP to the server, or to its proxy. */
static struct pipe *bottom(struct net *n, const struct url *to, struct pipe_error *error)
{
	struct tcp_config config = {
		.host = to->host,
		.port = to->port,
		.srv_service = service_of(n, to),
		.network = n->network,
		.failed = &n->failed,
		.timeout_ms = n->settings.timeout_ms,
		.silent_ms = n->settings.silent_ms,
	};
	if (n->network->transport)
		return custom_new(n->network, to->scheme == URL_UNIX ? to->path : to->host, to->port,
		                  phase_ms(n, n->network->address_timeout_ms), error);
	if (n->network->dial_fn)
		return adopt_new(to->scheme == URL_UNIX ? to->path : to->host, to->port, n->network, n->settings.silent_ms, error);
	if (to->scheme == URL_UNIX)
		return unix_new(to->path, phase_ms(n, n->network->address_timeout_ms), error);
	return tcp_new(&config, error);
}

static struct pipe *with_proxy(struct net *n, struct pipe *below, const struct url *to)
{
	return proxy_new(below, proxies_for(n->proxies, to), to, phase_ms(n, n->network->proxy_timeout_ms));
}

static struct pipe *with_tls(struct net *n, struct pipe *below, const struct url *to)
{
	struct tls_peer peer = {
		.host = to->host,
		.port = to->port,
		.timeout_ms = phase_ms(n, n->network->tls_timeout_ms),
		.websocket = url_has_websocket(to),
	};
	return tls_new(n->tls, below, &peer);
}

static struct pipe *with_websocket(struct net *n, struct pipe *below, const struct url *to)
{
	struct websocket_config config = {
		.url = to,
		.protocol = "mqtt", /* [MQTT-6.0.0-3] */
		.headers = n->network->headers,
		.header_count = n->network->header_count,
		.timeout_ms = phase_ms(n, n->network->websocket_timeout_ms),
	};
	return websocket_new(below, &config);
}

/* One filter more, where the URL wants it; without memory for it, those below are closed. */
static struct pipe *stack(struct net *n, struct pipe *below, const struct url *to, bool wanted,
                          struct pipe *(*with)(struct net *n, struct pipe *below, const struct url *to))
{
	struct pipe *top = below && wanted ? with(n, below, to) : below;
	if (!top)
		pipe_close(below, false);
	return top;
}

struct pipe *net_pipe(struct net *n, const struct url *to, struct pipe_error *error)
{
	pipe_fail(error, MQTTWILL_ENOMEM, "connect: no memory for a connection");
	const struct url *by = proxies_for(n->proxies, to);
	struct pipe      *top = bottom(n, by ? by : to, error);
	top = stack(n, top, to, by != NULL, with_proxy);
	top = stack(n, top, to, url_has_tls(to), with_tls);
	top = stack(n, top, to, url_has_websocket(to), with_websocket);
	if (top)
		error->code = 0;
	return top;
}

bool net_has_transport(const struct net *n)
{
	return n->network->transport != NULL;
}

uint32_t net_insecure(const struct net *n)
{
	const struct mqttwill_tls *tls = n->settings.tls;
	if (!tls)
		return 0;
	return (tls->insecure_any_certificate ? MQTTWILL_INSECURE_ANY_CERTIFICATE : 0u) |
	       (tls->insecure_any_host ? MQTTWILL_INSECURE_ANY_HOST : 0u) | (tls->keylog_file ? MQTTWILL_INSECURE_KEYLOG : 0u);
}
