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

void auth_outline(const struct mqttwill_options *opt, struct packet *connect)
{
	if (!opt->auth_method)
		return;
	connect->props.has |= HAS(AUTH_METHOD);
	connect->props.auth_method = span_text(opt->auth_method, 0);
	if (!wants_scram(opt))
		return; /* what the function will say is not known */
	connect->props.has |= HAS(AUTH_DATA);
	connect->props.auth_data = span_of("", scram_first_size(connect->connect.user_name));
	connect->connect.user_name = connect->connect.password = span_of(NULL, 0);
}

static int make_scram(mqttwill *c, const struct mqttwill_options *opt, size_t server, struct client_error *error)
{
	struct span user, password;
	options_credentials(opt, c->net, server, &user, &password);
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
	g->auth_method = arena_text(&c->arena, opt->auth_method, 0);
	c->auth_fn = opt->auth_fn;
	if (!wants_scram(opt))
		return 0;
	if (!scram_is_built_in())
		return api_fail(error, MQTTWILL_EUNSUPPORTED, "option auth_method: built without OpenSSL, so without " SCRAM_METHOD);
	g->keeps_secret = true;
	c->scram = calloc(target_count(c->net), sizeof(struct scram *));
	if (!c->scram)
		return api_fail(error, MQTTWILL_ENOMEM, "new: no memory for " SCRAM_METHOD);
	for (size_t i = 0; rc == 0 && i < target_count(c->net); i++)
		rc = make_scram(c, opt, i, error);
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
