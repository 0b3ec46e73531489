/* SPDX-License-Identifier: MIT */
/*
 * Versions, limits and Server References belong to a server, and so does a session: what another one has under this client
 * id may be an earlier process's. A take-over is about the client id, hence about all of them.
 */
#include "client/servers.h"

#include <stdlib.h>

#include "client/internal.h"
#include "client/target.h"

int servers_init(struct client *c)
{
	struct servers *s = &c->servers;
	size_t          count = target_count(c->config.net);
	*s = (struct servers){.count = (uint16_t)count, .session = SERVER_NONE, .named = SERVER_NONE};
	s->list = calloc(count, sizeof *s->list);
	s->order = calloc(count, sizeof *s->order);
	if (!s->list || !s->order)
		return MQTTWILL_ENOMEM;
	for (uint16_t i = 0; i < s->count; i++) {
		s->list[i].trying = c->config.level;
		s->order[i] = i;
	}
	return 0;
}

void servers_fini(struct client *c)
{
	struct servers *s = &c->servers;
	for (uint16_t i = 0; s->list && i < s->count; i++)
		redirect_fini(&s->list[i].redirect);
	free(s->list);
	free(s->order);
	s->list = NULL;
	s->order = NULL;
}

struct server *server_now(const struct client *c)
{
	return &c->servers.list[c->servers.now];
}

struct span server_user(const struct client *c)
{
	const struct client_config *g = &c->config;
	if (g->user_name.p || g->keeps_secret)
		return g->user_name;
	return target_user(g->net, c->servers.now);
}

struct span server_password(const struct client *c)
{
	const struct client_config *g = &c->config;
	if (g->password.p || g->keeps_secret)
		return g->password;
	return target_password(g->net, c->servers.now);
}

const char *server_name(const struct client *c, char text[SERVER_TEXT])
{
	target_name(redirect_server(c), text, SERVER_TEXT);
	return text;
}

const char *servers_session(const struct client *c, char text[SERVER_LONG])
{
	if (c->servers.session == SERVER_NONE)
		return NULL;
	target_name(target_server(c->config.net, c->servers.session), text, SERVER_LONG);
	return text;
}

uint16_t server_find(const struct client *c, const char *text)
{
	char name[SERVER_LONG];
	for (uint16_t i = 0; text && i < c->servers.count; i++) {
		target_name(target_server(c->config.net, i), name, sizeof name);
		if (!strcmp(name, text))
			return i;
	}
	return SERVER_NONE;
}

/* ---- The session ---- */

bool server_has_session(const struct client *c)
{
	return c->servers.session == c->servers.now;
}

bool servers_change(const struct client *c)
{
	return c->servers.session != SERVER_NONE && c->servers.session != c->servers.now;
}

/* The server that had the session knows nothing of this one: it goes on to publish the will. */
static void leave_will_behind(struct client *c)
{
	uint32_t delay = c->pending_delay_s, expiry = c->session_expiry_s;
	uint64_t wait_s = delay < expiry ? delay : expiry; /* [MQTT-3.1.2-8] */
	if (c->level == LEVEL_5 && delay != UINT32_MAX && c->lost_at + wait_s * 1000 > c->servers.abroad_due)
		c->servers.abroad_due = c->lost_at + wait_s * 1000;
}

void servers_accepted(struct client *c, bool present)
{
	struct servers *s = &c->servers;
	if (servers_change(c) && !present)
		leave_will_behind(c);
	s->session = s->now;
}

/* ---- The next one ---- */

static void change(struct client *c, uint16_t at)
{
	struct servers *s = &c->servers;
	if (s->order[at] != s->now) {
		struct server *from = server_now(c), *to = &s->list[s->order[at]];
		redirect_home(c);
		from->limits = c->limits;
		from->learned = c->learned;
		from->trying = c->trying;
		from->settled = c->settled;
		c->limits = to->limits;
		c->learned = to->learned;
		c->trying = to->trying;
		c->settled = to->settled;
		c->clean_next = false; /* that was meant for a session which another server has */
	}
	s->at = at;
	s->now = s->order[at];
}

static void begin_round(struct client *c)
{
	struct servers *s = &c->servers;
	for (uint16_t left = c->config.random_servers ? s->count : 0; left > 1; left--) {
		uint32_t pick = clock_random(c, left);
		uint16_t moved = s->order[pick];
		s->order[pick] = s->order[left - 1];
		s->order[left - 1] = moved;
	}
}

/* The first that need not wait, from this place in the order on; `count`: there is none. */
static uint16_t find_ready(const struct client *c, uint16_t at)
{
	const struct servers *s = &c->servers;
	while (at < s->count && s->list[s->order[at]].due > c->now_ms)
		at++;
	return at;
}

static uint16_t find_earliest(const struct client *c)
{
	const struct servers *s = &c->servers;
	uint16_t              first = 0;
	for (uint16_t at = 1; at < s->count; at++)
		if (s->list[s->order[at]].due < s->list[s->order[first]].due)
			first = at;
	return first;
}

static void take_next(struct client *c)
{
	struct servers *s = &c->servers;
	uint16_t        at = find_ready(c, s->at + 1);
	if (at == s->count) {
		begin_round(c);
		at = find_ready(c, 0);
	}
	change(c, at < s->count ? at : find_earliest(c));
}

void servers_start(struct client *c)
{
	struct servers *s = &c->servers;
	for (uint16_t i = 0; i < s->count; i++) {
		s->list[i].failures = 0;
		s->list[i].due = 0;
		s->list[i].hopeless = false;
	}
	s->abroad_due = 0;
	begin_round(c);
	if (s->count > 1)
		change(c, 0);
}

/* ---- A loss ---- */

/* Half of the wait is certain, half is chance, so that a thousand devices do not come back at once. */
static uint32_t jitter(struct client *c, uint32_t wait_ms)
{
	return wait_ms / 2 + clock_random(c, wait_ms / 2 + 1);
}

static uint32_t backoff(struct client *c, int error, bool hopeless)
{
	const struct client_config *g = &c->config;
	struct server              *s = server_now(c);
	uint32_t shift = s->failures < 20 ? s->failures : 20;
	uint64_t wait = (uint64_t)g->backoff_min_ms << shift;
	s->failures++;
	if (error == MQTTWILL_ETAKENOVER && wait < g->takeover_backoff_ms)
		return jitter(c, g->takeover_backoff_ms); /* or two devices with one client id duel for ever */
	if (wait > g->backoff_max_ms || hopeless)
		wait = g->backoff_max_ms;
	return jitter(c, (uint32_t)wait);
}

static bool all_hopeless(const struct client *c)
{
	for (uint16_t i = 0; i < c->servers.count; i++)
		if (!c->servers.list[i].hopeless)
			return false;
	return true;
}

bool servers_lost(struct client *c, int error, bool was_up, bool hopeless, bool stays)
{
	struct server *s = server_now(c);
	if (was_up && c->now_ms - c->up_at >= c->config.stable_ms)
		s->failures = 0;
	bool again = was_up && s->failures == 0 && !hopeless; /* it has served well: it comes first */
	s->hopeless = hopeless;
	s->due = c->now_ms + backoff(c, error, hopeless);
	if (!again && !stays && error != MQTTWILL_ETAKENOVER) /* which is about the client id: no server is tried meanwhile */
		take_next(c);
	s = server_now(c);
	c->retry_at = s->due > c->now_ms ? s->due : c->now_ms;
	return all_hopeless(c);
}
