/* SPDX-License-Identifier: MIT */
/*
 * Wills of the application: checked, copied, replaced.
 */
#include "wire/will.h"

#include <stdlib.h>
#include <string.h>

#include "api/handle.h"

bool will_of_options(const struct mqttwill_options *opt, struct mqttwill_will *will)
{
	if (opt->will)
		*will = *opt->will;
	else if (opt->presence)
		will_from_presence(opt->presence, will);
	return opt->will || opt->presence;
}

/* Of several servers that whose user and password make CONNECT the largest. NULL without a URL. */
static int find_widest(const struct mqttwill_options *opt, struct url **widest, struct client_error *error)
{
	size_t most = 0;
	int    bad = network_check_urls(opt, error);
	if (bad < 0)
		return bad;
	for (size_t i = 0; opt->url && i <= opt->url_count; i++) {
		struct url *url;
		int         rc = target_parse(opt, i, &url, error);
		if (rc < 0)
			return rc;
		size_t n = target_url_user(url).n + target_url_password(url).n;
		bool   wider = !*widest || n > most;
		target_free_url(wider ? *widest : url);
		*widest = wider ? url : *widest;
		most = wider ? n : most;
	}
	return 0;
}

/* The CONNECT that would carry the will, for its size. */
static void outline(const struct mqttwill_options *opt, const struct url *url, struct packet *pk)
{
	struct client_config config = {0};
	struct span          user = opt->user_name ? span_text(opt->user_name, 0) : target_url_user(url);
	options_config(opt, &config);
	auth_outline(opt, user, &config);
	connection_outline(&config, options_level(opt), pk);
	pk->connect.client_id = span_text(opt->client_id, 0);
	if (config.keeps_secret)
		return;
	pk->connect.user_name = user;
	pk->connect.password = opt->password ? span_text(opt->password, opt->password_len) : target_url_password(url);
}

int will_check_options(const struct mqttwill_will *will, const struct mqttwill_options *opt,
                       const struct mqttwill_limits *limits, struct mqttwill_report *report, struct client_error *error)
{
	struct packet       connect;
	struct url         *url = NULL;
	bool                may_fall = opt->version == MQTTWILL_AUTO;
	struct will_context context = {options_level(opt), opt->session_expiry_s, opt->presence, &connect, limits, may_fall};
	int                 rc = find_widest(opt, &url, error);
	if (rc == 0) {
		outline(opt, url, &connect);
		rc = will_check(will, &context, report);
	}
	if (rc == MQTTWILL_EWILL)
		mqttwill_finding_text(&report->finding[0], error->text, sizeof error->text);
	target_free_url(url);
	return error->code = rc;
}

int mqttwill_will_check_sized(const struct mqttwill_will *will, const struct mqttwill_options *opt, size_t size,
                              const struct mqttwill_limits *limits, struct mqttwill_report *report)
{
	struct mqttwill_report  unwanted;
	struct mqttwill_options o = {0};
	report = report ? report : &unwanted;
	*report = (struct mqttwill_report){0};
	int                     rc = opt ? options_read(&o, opt, size, api_thread_error()) : 0;
	if (rc < 0)
		return rc;
	if (!will)
		return api_fail(api_thread_error(), MQTTWILL_EINVAL, "will_check: will is NULL");
	if (!options_may_be_5(&o) && o.version != MQTTWILL_V311 && o.version != MQTTWILL_V31)
		return api_fail(api_thread_error(), MQTTWILL_EOPTION, "option version: %u is no enum mqttwill_version", (unsigned)o.version);
	return will_check_options(will, &o, limits, report, api_thread_error());
}

const struct mqttwill_user_property *api_copy_users(struct arena *a, const struct mqttwill_user_property *from, size_t count)
{
	struct mqttwill_user_property *u = count ? arena_alloc(a, count * sizeof *u) : NULL;
	for (size_t i = 0; u && i < count; i++) {
		struct span name = span_text(from[i].name, from[i].name_len), value = span_text(from[i].value, from[i].value_len);
		u[i] = (struct mqttwill_user_property){arena_copy(a, name.p, name.n), arena_copy(a, value.p, value.n), name.n, value.n};
	}
	return u;
}

static bool copy_will(struct arena *a, struct mqttwill_will *to, const struct mqttwill_will *from)
{
	struct span payload = payload_of(from->payload, from->payload_len, from->text);
	*to = *from;
	to->topic = arena_text(a, from->topic, from->topic_len);
	to->text = NULL;
	to->payload = arena_copy(a, payload.p, payload.n);
	to->payload_len = payload.n;
	to->content_type = arena_text(a, from->content_type, from->content_type_len);
	to->response_topic = arena_text(a, from->response_topic, from->response_topic_len);
	to->correlation_data = arena_copy(a, from->correlation_data, from->correlation_data_len);
	to->user_properties = api_copy_users(a, from->user_properties, from->user_property_count);
	return !a->failed;
}

const struct mqttwill_will *will_keep(struct arena *a, const struct mqttwill_will *will)
{
	struct mqttwill_will copy;
	return copy_will(a, &copy, will) ? arena_copy(a, &copy, sizeof copy) : NULL;
}

int mqttwill_timing(const struct mqttwill_terms *terms, uint32_t ending, struct mqttwill_timing *timing)
{
	if (!terms || !timing)
		return api_fail(api_thread_error(), MQTTWILL_EINVAL, "timing: terms or timing is NULL");
	int rc = will_timing(terms, ending, timing);
	if (rc < 0)
		api_fail(api_thread_error(), rc, "timing: %u is no enum mqttwill_ending, or %u no enum mqttwill_version",
		         (unsigned)ending, (unsigned)terms->version);
	return rc;
}

/* ---- Replacing a client's will ---- */

void will_forget_former(mqttwill *c)
{
	if (c->former)
		arena_fini(&c->former->arena);
	free(c->former);
	c->former = NULL;
}

static void take_will(mqttwill *c, const struct arena *arena, const struct mqttwill_will *will)
{
	c->will_arena = *arena;
	c->will = will;
	c->connect_error = 0; /* another will may be taken */
	c->client.adapted.told = 0;
}

void will_settled(mqttwill *c, bool dropped)
{
	if (c->former && dropped) {
		arena_fini(&c->will_arena);
		take_will(c, &c->former->arena, c->former->will);
		arena_init(&c->former->arena);
	}
	will_forget_former(c);
}

/* `keep`: the former will may be needed again. */
static int replace_will(mqttwill *c, const struct mqttwill_will *will, const char *call, bool keep)
{
	struct arena        fresh;
	struct former_will *former = keep ? calloc(1, sizeof *former) : NULL;
	arena_init(&fresh);
	const struct mqttwill_will *copy = will ? will_keep(&fresh, will) : NULL;
	if ((keep && !former) || (will && !copy)) {
		arena_fini(&fresh);
		free(former);
		return client_fail(&c->client, MQTTWILL_ENOMEM, "%s: no memory for the copy", call);
	}
	will_forget_former(c);
	if (former)
		*former = (struct former_will){c->will_arena, c->will};
	else
		arena_fini(&c->will_arena);
	c->former = former;
	take_will(c, &fresh, copy);
	return 0;
}

static int refuse_will(mqttwill *c, int rc, const struct mqttwill_report *report)
{
	struct client_error *why = client_why(&c->client);
	mqttwill_finding_text(&report->finding[0], why->text, sizeof why->text);
	return why->code = rc;
}

static int check_new_will(mqttwill *c, const struct mqttwill_will *will, const char *call)
{
	const struct client_config *g = &c->client.config;
	struct packet               connect;
	struct mqttwill_report      report = {0};
	bool                        adapts = g->flags & MQTTWILL_ADAPT; /* then limits and older versions are seen to at CONNECT */
	struct will_context         context = {
			.level = client_offers(&c->client),
			.session_expiry = g->session_expiry_s,
			.presence = g->presence,
			.connect = &connect,
			.limits = adapts ? NULL : &c->client.limits,
	};
	if (c->will_fn)
		return client_fail(&c->client, MQTTWILL_ESTATE, "%s: this client's will is made by a function", call);
	connection_outline_now(&c->client, context.level, &connect);
	int rc = will ? will_check(will, &context, &report) : 0;
	return rc < 0 ? refuse_will(c, rc, &report) : 0;
}

int mqttwill_set_will(mqttwill *c, const struct mqttwill_will *will)
{
	int rc = handle_check(c);
	if (rc == 0)
		rc = check_new_will(c, will, "set_will");
	if (rc == 0)
		rc = replace_will(c, will, "set_will", false);
	if (rc < 0)
		return rc;
	return c->client.state >= CLIENT_GREETING ? MQTTWILL_PENDING : 0;
}

int mqttwill_update_will(mqttwill *c, const struct mqttwill_will *will, uint32_t flags)
{
	bool may_unarm = flags & MQTTWILL_ALLOW_UNARMED;
	int  rc = handle_check(c);
	if (rc < 0)
		return rc;
	if (flags & ~(uint32_t)MQTTWILL_ALLOW_UNARMED)
		return client_fail(&c->client, MQTTWILL_EINVAL, "update_will: flags may be MQTTWILL_ALLOW_UNARMED only");
	rc = check_new_will(c, will, "update_will");
	if (rc == 0)
		rc = client_may_update(&c->client, may_unarm);
	if (rc == 0)
		rc = replace_will(c, will, "update_will", c->client.state >= CLIENT_GREETING);
	return rc < 0 ? rc : client_update(&c->client, may_unarm);
}
