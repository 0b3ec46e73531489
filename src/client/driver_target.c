/* SPDX-License-Identifier: MIT */
/*
 * The part of making a client that needs to know of URLs and the network.
 */
#include <stdio.h>
#include <stdlib.h>

#include "client/target.h"
#include "net/net.h"

int target_new(struct net **out, const struct target *t, struct client_error *error)
{
	struct net_settings settings = {
		.url = t->url,
		.urls = t->urls,
		.url_count = t->url_count,
		.network = t->network,
		.tls = t->tls,
		.timeout_ms = t->timeout_ms,
		.silent_ms = t->silent_ms,
	};
	struct pipe_error why = {0};
	int               rc = net_new(out, &settings, &why);
	error->code = rc;
	if (rc < 0)
		snprintf(error->text, sizeof error->text, "%s", why.text);
	return rc;
}

void target_free(struct net *net)
{
	net_free(net);
}

size_t target_count(const struct net *net)
{
	return net_server_count(net);
}

const struct url *target_server(const struct net *net, size_t server)
{
	return net_server(net, server);
}

struct span target_user(const struct net *net, size_t server)
{
	return target_url_user(net_server(net, server));
}

struct span target_password(const struct net *net, size_t server)
{
	return target_url_password(net_server(net, server));
}

struct span target_url_user(const struct url *url)
{
	return span_text(url ? url->user : NULL, 0);
}

struct span target_url_password(const struct url *url)
{
	return url ? span_of(url->password, url->password_len) : span_of(NULL, 0);
}

int target_parse(const struct mqttwill_options *opt, size_t server, struct url **url, struct client_error *error)
{
	struct pipe_error why = {0};
	*url = calloc(1, sizeof **url);
	int rc = *url ? net_parse_server(*url, opt->url, opt->urls, server, &why) : pipe_fail(&why, MQTTWILL_ENOMEM, "url: no memory");
	if (rc == 0)
		return 0;
	free(*url);
	*url = NULL;
	error->code = rc;
	snprintf(error->text, sizeof error->text, "%s", why.text);
	return rc;
}

void target_name(const struct url *url, char *buf, size_t size)
{
	url_text(url, buf, size);
}

int target_reference(const struct url *from, const char *text, size_t n, struct url **url, const char **problem)
{
	*url = calloc(1, sizeof **url);
	int rc = *url ? url_parse_reference(*url, text, n, from, problem) : MQTTWILL_ENOMEM;
	if (rc == 0)
		return 0;
	*problem = rc == MQTTWILL_ENOMEM ? "there is no memory for it" : *problem;
	free(*url);
	*url = NULL;
	return rc;
}

void target_free_url(struct url *url)
{
	if (url)
		url_fini(url);
	free(url);
}
