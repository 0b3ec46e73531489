/* SPDX-License-Identifier: MIT */
/*
 * Enhanced authentication as the options have it: SCRAM-SHA-256 is made here, any other method by the application's function.
 */
#include <stdlib.h>
#include <string.h>

#include "api/handle.h"
#include "api/scram.h"

static bool wants_scram(const struct mqttwill_options *opt)
{
	return opt->auth_method && !opt->auth_fn && !strcmp(opt->auth_method, SCRAM_METHOD);
}

int auth_check(const struct mqttwill_options *opt, struct client_error *error)
{
	if (!opt->auth_method && !opt->auth_fn)
		return 0;
	if (!opt->auth_method || !*opt->auth_method)
		return api_fail(error, MQTTWILL_EOPTION, "option auth_method: it is empty, and so there is nothing for auth_fn to do");
	if (opt->version != MQTTWILL_V5 && opt->version != MQTTWILL_AUTO)
		return api_fail(error, MQTTWILL_EOPTION, "option auth_method: only MQTT 5 has enhanced authentication (MQTT 5, 4.12)");
	if (opt->auth_fn || !strcmp(opt->auth_method, SCRAM_METHOD))
		return 0;
	return api_fail(error, MQTTWILL_EOPTION, "option auth_fn: method %.64s needs one; only " SCRAM_METHOD " is built in",
	                opt->auth_method);
}

void auth_outline(const struct mqttwill_options *opt, struct span user, struct client_config *g)
{
	g->auth_method = opt->auth_method;
	g->keeps_secret = wants_scram(opt);
	size_t first = g->keeps_secret ? scram_first_size(user) : 0; /* what a function will say is not known */
	if (first > g->auth_size)
		g->auth_size = first;
}

static int make_scram(mqttwill *c, const struct mqttwill_options *opt, struct client_config *g, size_t server,
                      struct client_error *error)
{
	struct span user, password;
	options_credentials(opt, c->net, server, &user, &password);
	auth_outline(opt, user, g);
	const char *problem = scram_check(user, password);
	if (problem && server)
		return api_fail(error, MQTTWILL_EOPTION, "urls[%zu]: %s", server - 1, problem);
	if (problem)
		return api_fail(error, MQTTWILL_EOPTION, "option %s", problem);
	c->scram[server] = scram_new(user, password);
	return c->scram[server] ? 0 : api_fail(error, MQTTWILL_ENOMEM, "new: no memory for " SCRAM_METHOD);
}

int auth_apply(mqttwill *c, const struct mqttwill_options *opt, struct client_config *g, struct client_error *error)
{
	int rc = 0;
	if (!opt->auth_method)
		return 0;
	const char *method = arena_text(&c->arena, opt->auth_method, 0);
	g->auth_method = method;
	c->auth_fn = opt->auth_fn;
	if (!wants_scram(opt))
		return 0;
	if (!scram_is_built_in())
		return api_fail(error, MQTTWILL_EUNSUPPORTED, "option auth_method: built without OpenSSL, so without " SCRAM_METHOD);
	c->scram = calloc(target_count(c->net), sizeof(struct scram *));
	if (!c->scram)
		return api_fail(error, MQTTWILL_ENOMEM, "new: no memory for " SCRAM_METHOD);
	for (size_t i = 0; rc == 0 && i < target_count(c->net); i++)
		rc = make_scram(c, opt, g, i, error);
	g->auth_method = method;
	return rc;
}

void auth_free(mqttwill *c)
{
	for (size_t i = 0; c->scram && i < target_count(c->net); i++)
		scram_free(c->scram[i]);
	free(c->scram);
	c->scram = NULL;
}

int hook_auth(void *owner, struct mqttwill_auth *step, const char **why)
{
	mqttwill *c = owner;
	if (c->scram)
		return scram_step(c->scram[c->client.servers.now], step, why);
	return c->auth_fn(c->user, step) < 0 ? MQTTWILL_EAUTH : 0;
}

int64_t mqttwill_reauthenticate(mqttwill *c)
{
	int rc = handle_check(c);
	return rc < 0 ? rc : client_reauthenticate(&c->client);
}
