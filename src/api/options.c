/* SPDX-License-Identifier: MIT */
/*
 * Options: the one table of defaults and ceilings, the checks, and the copies.
 */
#include <stdio.h>
#include <string.h>

#include "api/handle.h"
#include "wire/keepalive.h"
#include "wire/topic.h"
#include "wire/will.h"

static const uint32_t known_flags = MQTTWILL_MANUAL_ACK | MQTTWILL_ADAPT | MQTTWILL_NO_TOPIC_ALIAS |
                                    MQTTWILL_WANT_RESPONSE_INFO | MQTTWILL_NO_PROBLEM_INFO;

#define OPTION(member) offsetof(struct mqttwill_options, member), #member

/* Zero means the default; everything else lies between least and most. */
static const struct {
	size_t      at;
	const char *name;
	uint32_t    fallback, least, most;
} numbers[] = {
	{OPTION(keepalive_s), 60, 1, MQTTWILL_KEEPALIVE_OFF},
	{OPTION(session_expiry_s), 0, 0, UINT32_MAX},
	{OPTION(rejoin), 0, 0, MQTTWILL_REJOIN_ALWAYS},
	{OPTION(connect_timeout_ms), 15000, 1, 3600000},
	{OPTION(ping_timeout_ms), 0, 1, 3600000},
	{OPTION(backoff_min_ms), 1000, 1, 3600000},
	{OPTION(backoff_max_ms), 60000, 1, 86400000},
	{OPTION(stable_ms), 30000, 1, 86400000},
	{OPTION(takeover_backoff_ms), 60000, 1, 86400000},
	{OPTION(receive_maximum), 100, 1, 65535},
	{OPTION(maximum_packet_size), 1048576, 128, REMAINING_MAX + HEADER_MAX},
	{OPTION(queue_messages), 1000, 1, 1000000},
	{OPTION(queue_bytes), 8388608, 1, 1073741824},
	{OPTION(send_maximum), 0, 1, 65535},
	{OPTION(queue_policy), 0, 0, MQTTWILL_QUEUE_KEEP_LAST},
	{OPTION(queue_age_s), 0, 1, UINT32_MAX},
	{OPTION(topic_alias_maximum), 16, 1, 1024},
	{OPTION(redirect_maximum), 0, 1, 16},
};

static uint32_t get(const struct mqttwill_options *opt, size_t at)
{
	uint32_t value;
	memcpy(&value, (const char *)opt + at, sizeof value);
	return value;
}

static int check_numbers(const struct mqttwill_options *opt, struct client_error *error)
{
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		uint32_t value = get(opt, numbers[i].at);
		if (value && (value < numbers[i].least || value > numbers[i].most))
			return api_fail(error, MQTTWILL_EOPTION, "option %s: %u is not from %u to %u", numbers[i].name, (unsigned)value,
			                (unsigned)numbers[i].least, (unsigned)numbers[i].most);
	}
	return 0;
}

bool options_may_be_5(const struct mqttwill_options *opt)
{
	return opt->version == MQTTWILL_V5 || opt->version == MQTTWILL_AUTO;
}

uint8_t options_level(const struct mqttwill_options *opt)
{
	return options_may_be_5(opt) ? LEVEL_5 : (uint8_t)opt->version;
}

static uint32_t number(const struct mqttwill_options *opt, size_t at)
{
	uint32_t value = get(opt, at);
	for (size_t i = 0; value == 0 && i < sizeof numbers / sizeof numbers[0]; i++)
		if (numbers[i].at == at)
			return numbers[i].fallback;
	return value;
}

#define NUMBER(member) number(opt, offsetof(struct mqttwill_options, member))

static int check_backoff(const struct mqttwill_options *opt, struct client_error *error)
{
	if (!opt->backoff_max_ms || !opt->backoff_min_ms || opt->backoff_max_ms >= opt->backoff_min_ms)
		return 0;
	return api_fail(error, MQTTWILL_EOPTION, "option backoff_max_ms: %u is below backoff_min_ms, %u",
	                (unsigned)opt->backoff_max_ms, (unsigned)opt->backoff_min_ms);
}

static int check_version(const struct mqttwill_options *opt, struct client_error *error)
{
	bool v5 = options_may_be_5(opt);
	if (!v5 && opt->version != MQTTWILL_V311 && opt->version != MQTTWILL_V31)
		return api_fail(error, MQTTWILL_EOPTION, "option version: %u is no enum mqttwill_version", (unsigned)opt->version);
	if (!v5 && opt->session_expiry_s)
		return api_fail(error, MQTTWILL_EOPTION, "option session_expiry_s: only MQTT 5 has a Session Expiry Interval; "
		                                         "3.1 and 3.1.1 keep sessions with rejoin always (MQTT 5, 3.1.2.11.2)");
	return 0;
}

static int check_text(struct client_error *error, const char *name, const char *text, size_t len)
{
	struct topic_fault fault;
	if (text_check(span_text(text, len), &fault))
		return 0;
	return api_fail(error, MQTTWILL_EOPTION, "option %s: it %s (byte %zu, %s); %s", name, fault.problem, fault.offset,
	                fault.rule, fault.advice);
}

static int check_users(const struct mqttwill_options *opt, struct client_error *error)
{
	if (!opt->user_properties && opt->user_property_count)
		return api_fail(error, MQTTWILL_EOPTION, "option user_property_count: it is set, and user_properties is NULL");
	if (opt->user_property_count && (opt->version == MQTTWILL_V311 || opt->version == MQTTWILL_V31))
		return api_fail(error, MQTTWILL_EOPTION, "option user_properties: only MQTT 5 has them (MQTT 5, 3.1.2.11.8)");
	for (size_t i = 0; i < opt->user_property_count; i++) {
		const struct mqttwill_user_property *u = &opt->user_properties[i];
		int rc = check_text(error, "user_properties.name", u->name, u->name_len);
		rc = rc ? rc : check_text(error, "user_properties.value", u->value, u->value_len);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* [MQTT311-3.1.3-7] */
static int check_client_id(const struct mqttwill_options *opt, struct client_error *error)
{
	size_t n = opt->client_id ? strlen(opt->client_id) : 0;
	if (opt->version == MQTTWILL_V31 && (n < 1 || n > 23))
		return api_fail(error, MQTTWILL_EOPTION, "option client_id: MQTT 3.1 wants 1 to 23 characters, not %zu", n);
	if (n == 0 && opt->presence)
		return api_fail(error, MQTTWILL_EOPTION, "option client_id: presence needs one that stays the same, or a restart "
		                                         "leaves a will behind that nobody can cancel");
	if (n == 0 && opt->version == MQTTWILL_V311 && opt->rejoin == MQTTWILL_REJOIN_ALWAYS)
		return api_fail(error, MQTTWILL_EOPTION, "option client_id: an empty one cannot resume a session (MQTT-3.1.3-7)");
	return check_text(error, "client_id", opt->client_id, 0); /* [MQTT-3.1.3-4] */
}

/* What CONNECT to a server has: the options' own, or its URL's. */
static struct span user_of(const struct mqttwill_options *opt, const struct net *t, size_t server)
{
	return opt->user_name ? span_text(opt->user_name, 0) : target_user(t, server);
}

static struct span password_of(const struct mqttwill_options *opt, const struct net *t, size_t server)
{
	return opt->password ? span_text(opt->password, opt->password_len) : target_password(t, server);
}

/* "option user_name", or "urls[1]: the user name" where it comes from there. */
static const char *origin(char *text, size_t size, const char *option, bool given, const char *part, size_t server)
{
	if (given)
		snprintf(text, size, "option %s", option);
	else if (server == 0)
		snprintf(text, size, "url: the %s", part);
	else
		snprintf(text, size, "urls[%zu]: the %s", server - 1, part);
	return text;
}

/* [MQTT311-3.1.2-22] */
static int check_credentials_of(const struct mqttwill_options *opt, const struct net *t, size_t server, struct client_error *error)
{
	struct span        user = user_of(opt, t, server), password = password_of(opt, t, server);
	struct topic_fault fault;
	char               from[64];
	origin(from, sizeof from, "password", opt->password, "password", server);
	if (password.p && !user.p && !options_may_be_5(opt))
		return api_fail(error, MQTTWILL_EOPTION, "%s: 3.1 and 3.1.1 want a user name with it (MQTT-3.1.2-22)", from);
	if (password.n > FIELD_MAX)
		return api_fail(error, MQTTWILL_EOPTION, "%s: it is longer than 65,535 bytes (MQTT 5, 1.5.6)", from);
	if (text_check(user, &fault)) /* [MQTT-3.1.3-12] */
		return 0;
	return api_fail(error, MQTTWILL_EOPTION, "%s: it %s (byte %zu, %s); %s",
	                origin(from, sizeof from, "user_name", opt->user_name, "user name", server), fault.problem, fault.offset,
	                fault.rule, fault.advice);
}

static int check_credentials(const struct mqttwill_options *opt, const struct net *t, struct client_error *error)
{
	int rc = 0;
	if (!opt->password && opt->password_len)
		return api_fail(error, MQTTWILL_EOPTION, "option password_len: it is set, and password is NULL");
	for (size_t i = 0; rc == 0 && i < target_count(t); i++)
		rc = check_credentials_of(opt, t, i, error);
	return rc;
}

static int check_presence(const struct mqttwill_options *opt, struct client_error *error)
{
	const struct mqttwill_presence *p = opt->presence;
	if (!p)
		return 0;
	if (!p->topic)
		return api_fail(error, MQTTWILL_EOPTION, "option presence.topic: it is NULL");
	struct topic_fault fault;
	bool own_will = opt->will || opt->will_fn; /* otherwise the will check judges topic and QoS, and says more */
	if (own_will && !topic_name_check(span_text(p->topic, 0), &fault))
		return api_fail(error, MQTTWILL_EOPTION, "option presence.topic: it %s (byte %zu, %s); %s", fault.problem, fault.offset,
		                fault.rule, fault.advice);
	if (own_will && presence_qos(p) > 2)
		return api_fail(error, MQTTWILL_EOPTION, "option presence.qos: it is not 0, 1 or 2 (MQTT-3.3.1-4)");
	if (presence_online(p).n > REMAINING_MAX / 2)
		return api_fail(error, MQTTWILL_EOPTION, "option presence.online: it is too long for a message");
	if (p->empty_offline && p->offline)
		return api_fail(error, MQTTWILL_EOPTION, "option presence.offline: it is given beside empty_offline");
	if ((p->online_len && !p->online) || (p->offline_len && !p->offline))
		return api_fail(error, MQTTWILL_EOPTION, "option presence: a payload's length is set, and the payload is NULL");
	return 0;
}

int options_check(const struct mqttwill_options *opt, struct client_error *error)
{
	int rc = 0;
	if (!opt->url)
		return api_fail(error, MQTTWILL_EURL, "url: it is NULL");
	if ((rc = check_numbers(opt, error)) || (rc = check_backoff(opt, error)) || (rc = check_version(opt, error)) ||
	    (rc = check_client_id(opt, error)) || (rc = check_text(error, "auth_method", opt->auth_method, 0)) ||
	    (rc = auth_check(opt, error)) || (rc = check_users(opt, error)))
		return rc;
	if (opt->flags & ~known_flags)
		return api_fail(error, MQTTWILL_EOPTION, "option flags: bits 0x%x are unknown", (unsigned)(opt->flags & ~known_flags));
	if (opt->will && opt->will_fn)
		return api_fail(error, MQTTWILL_EOPTION, "option will: it is given beside will_fn; set one of the two");
	return check_presence(opt, error);
}

/* An old program has a shorter struct; one that is newer than the library may only set what the library knows. */
int options_read(struct mqttwill_options *out, const struct mqttwill_options *opt, size_t size, struct client_error *error)
{
	const unsigned char *bytes = (const unsigned char *)opt;
	*out = (struct mqttwill_options){0};
	for (size_t i = sizeof *out; i < size; i++)
		if (bytes[i])
			return api_fail(error, MQTTWILL_EOPTION, "options: byte %zu is set, which this version does not know", i);
	memcpy(out, opt, size < sizeof *out ? size : sizeof *out);
	return 0;
}

/* ---- Copies ---- */

void options_config(const struct mqttwill_options *opt, struct client_config *g)
{
	uint32_t keep_alive = NUMBER(keepalive_s);
	g->keep_alive_s = keep_alive == MQTTWILL_KEEPALIVE_OFF ? 0 : (uint16_t)keep_alive;
	g->session_expiry_s = opt->session_expiry_s;
	g->rejoin = (uint8_t)opt->rejoin;
	g->connect_timeout_ms = NUMBER(connect_timeout_ms);
	g->ping_timeout_ms = opt->ping_timeout_ms;
	g->backoff_min_ms = NUMBER(backoff_min_ms);
	g->backoff_max_ms = NUMBER(backoff_max_ms);
	if (g->backoff_max_ms < g->backoff_min_ms && opt->backoff_max_ms) /* one was given: the default gives way */
		g->backoff_min_ms = g->backoff_max_ms;
	else if (g->backoff_max_ms < g->backoff_min_ms)
		g->backoff_max_ms = g->backoff_min_ms;
	g->stable_ms = NUMBER(stable_ms);
	g->takeover_backoff_ms = NUMBER(takeover_backoff_ms);
	g->receive_maximum = (uint16_t)NUMBER(receive_maximum);
	g->maximum_packet_size = NUMBER(maximum_packet_size);
	g->queue_messages = NUMBER(queue_messages);
	g->queue_bytes = NUMBER(queue_bytes);
	g->queue_age_s = opt->queue_age_s;
	g->queue_policy = (uint8_t)opt->queue_policy;
	g->topic_alias_maximum = opt->flags & MQTTWILL_NO_TOPIC_ALIAS ? 0 : (uint16_t)NUMBER(topic_alias_maximum);
	g->redirect_maximum = (uint8_t)opt->redirect_maximum;
	g->flags = opt->flags;
	g->level = options_level(opt);
	g->auto_level = opt->version == MQTTWILL_AUTO;
	g->send_maximum = (uint16_t)opt->send_maximum;
	g->user_properties = opt->user_properties;
	g->user_property_count = opt->user_properties ? opt->user_property_count : 0;
	g->random_servers = opt->network && opt->network->flags & MQTTWILL_NET_RANDOM;
}

static const struct mqttwill_presence *copy_presence(struct arena *a, const struct mqttwill_presence *p)
{
	struct mqttwill_presence *copy = p ? arena_alloc(a, sizeof *copy) : NULL;
	if (!copy)
		return NULL;
	struct span online = presence_online(p), offline = presence_offline(p);
	*copy = *p;
	copy->topic = arena_text(a, p->topic, 0);
	copy->online = arena_copy(a, online.p, online.n);
	copy->online_len = online.n;
	copy->offline = offline.n ? arena_copy(a, offline.p, offline.n) : NULL;
	copy->offline_len = offline.n;
	copy->empty_offline = offline.n == 0;
	return copy;
}

/* User name and password go into CONNECT, or, with SCRAM, never over the line. */
static int fill_credentials(mqttwill *c, struct client_config *g, const struct mqttwill_options *opt,
                            struct client_error *error)
{
	struct arena *a = &c->arena;
	struct span   user = span_text(opt->user_name, 0), password = span_text(opt->password, opt->password_len);
	int           rc = auth_apply(c, opt, g, error);
	if (rc < 0 || g->keeps_secret)
		return rc;
	g->user_name = span_of(arena_copy(a, user.p, user.n), user.n);
	g->password = span_of(arena_copy(a, password.p, password.n), password.n);
	return 0;
}

void options_credentials(const struct mqttwill_options *opt, const struct net *net, size_t server, struct span *user, struct span *password)
{
	*user = user_of(opt, net, server);
	*password = password_of(opt, net, server);
}

static void fill_strings(mqttwill *c, struct client_config *g, const struct mqttwill_options *opt)
{
	struct arena  *a = &c->arena;
	g->net = c->net;
	g->client_id = arena_text(a, opt->client_id ? opt->client_id : "", 0);
	g->presence = copy_presence(a, opt->presence);
	g->user_properties = api_copy_users(a, opt->user_properties, opt->user_property_count);
	g->user_property_count = opt->user_property_count;
}

/* Time that a peer may be gone unnoticed [promise 4]: the keep-alive and what is waited for an answer. */
static uint32_t silent_ms(const struct mqttwill_options *opt)
{
	uint32_t keep_alive = NUMBER(keepalive_s);
	uint32_t detect_ms = keep_alive == MQTTWILL_KEEPALIVE_OFF ? (uint32_t)KEEPALIVE_DETECT_MS : keep_alive * 1000u;
	return detect_ms + (opt->ping_timeout_ms ? opt->ping_timeout_ms : 10000u);
}

static int make_net(mqttwill *c, const struct mqttwill_options *opt, struct client_error *error)
{
	struct target target = {
		.url = opt->url,
		.urls = opt->urls,
		.url_count = opt->url_count,
		.timeout_ms = NUMBER(connect_timeout_ms),
		.silent_ms = silent_ms(opt),
	};
	int rc = network_check(opt, error);
	if (rc < 0)
		return rc;
	target.tls = network_copy_tls(&c->arena, opt);
	target.network = network_copy(&c->arena, opt->network);
	if (c->arena.failed)
		return api_fail(error, MQTTWILL_ENOMEM, "new: no memory for the options");
	return target_new(&c->net, &target, error);
}

int options_apply(mqttwill *c, const struct mqttwill_options *opt, struct client_error *error)
{
	struct client_config config = {0};
	int                  rc = make_net(c, opt, error);
	if (rc == 0)
		rc = check_credentials(opt, c->net, error);
	if (rc < 0)
		return rc;
	options_config(opt, &config);
	fill_strings(c, &config, opt);
	rc = fill_credentials(c, &config, opt, error);
	if (rc < 0)
		return rc;
	if (c->arena.failed)
		return api_fail(error, MQTTWILL_ENOMEM, "new: no memory for the options");
	rc = client_init(&c->client, &config, &api_hooks, c);
	if (rc < 0)
		return api_fail(error, rc, rc == MQTTWILL_ENOMEM ? "new: no memory for the servers" :
		                "new: no descriptors for epoll, timer and wake-up");
	return 0;
}
