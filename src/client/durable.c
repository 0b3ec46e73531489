/* SPDX-License-Identifier: MIT */
/*
 * A client and its store: what is committed when, and how a new process takes up where another one ended.
 */
#include <stdlib.h>

#include "client/internal.h"

/* ---- Commit ---- */

/* While connected, what holds if the process dies now. */
static bool is_resumable(const struct client *c)
{
	if (c->state != CLIENT_UP)
		return c->resumable;
	return c->level == LEVEL_5 ? c->session_expiry_s > 0 : c->config.rejoin == MQTTWILL_REJOIN_ALWAYS;
}

int durable_commit(struct client *c)
{
	struct store *s = c->flight.store;
	if (!durable_is_due(c))
		return 0;
	char server[SERVER_LONG];
	const struct store_facts facts = {
		.client_id = c->servers.named == c->servers.session ? c->assigned_id : NULL,
		.server = servers_session(c, server),
		.last_token = c->last_token,
		.unix_ms = clock_unix_ms(),
		.now_ms = clock_ms(),
		.session_expiry_s = c->session_expiry_s,
		.level = c->level,
		.resumable = is_resumable(c),
	};
	int rc = s->ops->commit(s, &facts);
	if (rc < 0)
		return client_fail(c, rc, "store: what has to be kept could not be written, so nothing that follows from it is sent");
	s->dirty = false;
	return 0;
}

bool durable_is_due(const struct client *c)
{
	return c->flight.store && c->flight.store->dirty;
}

void durable_touch(struct client *c)
{
	if (c->flight.store)
		c->flight.store->dirty = true;
}

/* ---- Load ---- */

static int load_facts(void *user, const struct store_facts *facts)
{
	struct client *c = user;
	size_t         n = facts->client_id ? strlen(facts->client_id) + 1 : 0;
	char          *id = n ? malloc(n) : NULL;
	if (n && !id)
		return MQTTWILL_ENOMEM;
	if (id)
		memcpy(id, facts->client_id, n);
	free(c->assigned_id);
	c->assigned_id = id;
	c->last_token = c->forgotten = facts->last_token; /* what an earlier process heard of is not known here */
	c->session_expiry_s = facts->session_expiry_s;
	c->servers.session = c->servers.named = server_find(c, facts->server);
	c->resumable = facts->resumable && facts->level == c->level;
	return 0;
}

static int load_message(void *user, const struct store_message *m)
{
	struct client   *c = user;
	struct outgoing *o;
	int              rc = flight_restore(&c->flight, &o, m, c->now_ms);
	if (rc < 0)
		return rc;
	rc = queue_restore(c, o);
	if (rc < 0 && o->state == OUTGOING_QUEUED)
		flight_free(&c->flight, o);
	return rc;
}

static int load_received(void *user, uint16_t id)
{
	struct client *c = user;
	return idtable_get(&c->flight.in, id) || idtable_put(&c->flight.in, id, c) ? 0 : MQTTWILL_ENOMEM;
}

static void forget_loaded(struct client *c)
{
	queue_fini(c);
	queue_init(c);
	free(c->assigned_id);
	c->assigned_id = NULL;
	c->last_token = c->forgotten = 0;
	c->session_expiry_s = c->config.session_expiry_s;
	c->servers.session = c->servers.named = SERVER_NONE;
	c->resumable = false;
}

int client_keep(struct client *c, struct store *store)
{
	static const struct store_visitor visitor = {load_facts, load_message, load_received};
	if (c->state != CLIENT_IDLE || c->last_token || c->flight.store)
		return client_fail(c, MQTTWILL_ESTATE, "store: the client has begun to work already");
	c->now_ms = clock_ms();
	int rc = store->ops->load(store, &visitor, c);
	if (rc < 0) {
		forget_loaded(c);
		return client_fail(c, rc, "store: what is kept there could not be loaded");
	}
	c->flight.store = store;
	return 0;
}
