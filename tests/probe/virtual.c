/* SPDX-License-Identifier: MIT */
/*
 * Nothing is answered from within a call: openings and bytes wait for the next turn, as they would in a network.
 */
#include "probe/virtual.h"

#include <assert.h>
#include <stdlib.h>

struct line {
	struct broker_link *link;
	struct probe_actor *actor;
	struct line        *next;
	bool                opening;
};

struct world {
	struct broker               *broker;
	const struct broker_options *fresh; /* a restart forgets all */
	struct play                 *restarts;
	struct line                 *lines;
	uint64_t                     now_ms;
	bool                         websocket;
};

static void world_open(void *owner, struct probe_actor *a)
{
	struct world *w = owner;
	struct line  *l = calloc(1, sizeof *l);
	assert(l);
	*l = (struct line){broker_accept(w->broker, w->now_ms), a, w->lines, true};
	w->lines = l;
	a->connection = l;
}

static void world_send(void *owner, struct probe_actor *a, const void *bytes, size_t n)
{
	struct world *w = owner;
	struct line  *l = a->connection;
	broker_receive(l->link, bytes, n, w->now_ms);
}

static void drop(struct world *w, struct line *l)
{
	struct line **at = &w->lines;
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	l->actor->connection = NULL;
	broker_closed(l->link, w->now_ms);
	free(l);
}

static void world_close(void *owner, struct probe_actor *a, bool reset)
{
	const struct world *w = owner;
	struct line        *l = a->connection;
	if (w->websocket && !reset)
		broker_said_close(l->link);
	drop(owner, l); /* the broker learns that it is gone */
}

static void world_restart(void *owner, struct play *p)
{
	((struct world *)owner)->restarts = p;
}

static const struct probe_world virtual_world = {world_open, world_send, world_close, world_restart};

/* All connections end; the memory stays, or is a new one. */
static bool restart(struct world *w)
{
	struct play *p = w->restarts;
	if (!p)
		return false;
	w->restarts = NULL;
	broker_restart(w->broker, w->now_ms);
	while (w->lines) {
		struct probe_actor *a = w->lines->actor;
		drop(w, w->lines);
		play_closed(a, w->now_ms);
	}
	if (w->fresh) {
		broker_free(w->broker);
		w->broker = broker_new(w->fresh, NULL);
	}
	play_restarted(p, true, w->now_ms);
	return true;
}

/* One thing that has happened on a line; true: something has. */
static bool serve(struct world *w, struct line *l)
{
	const uint8_t      *bytes;
	uint8_t             copy[4096];
	struct probe_actor *a = l->actor;
	size_t              n = broker_output(l->link, &bytes);
	if (l->opening) {
		l->opening = false;
		play_opened(a, w->now_ms);
		return true;
	}
	if (n) {
		n = n < sizeof copy ? n : sizeof copy;
		memcpy(copy, bytes, n);
		broker_sent(l->link, n, w->now_ms);
		play_bytes(a, copy, n, w->now_ms);
		return true;
	}
	if (!broker_wants_close(l->link))
		return false;
	drop(w, l);
	play_closed(a, w->now_ms);
	return true;
}

static bool serve_any(struct world *w)
{
	for (struct line *l = w->lines; l; l = l->next)
		if (serve(w, l))
			return true;
	return restart(w);
}

uint32_t virtual_offers(const struct broker_options *options)
{
	const struct props *p = options ? &options->announce : NULL;
	uint32_t            offers = NEEDS_RETAIN | NEEDS_QOS_2 | NEEDS_WEBSOCKET;
	if (p && p->has & HAS(RETAIN_AVAILABLE) && !p->retain_available)
		offers = (offers & ~(uint32_t)NEEDS_RETAIN) | NEEDS_NO_RETAIN;
	if (p && p->has & HAS(MAXIMUM_QOS))
		offers = (offers & ~(uint32_t)NEEDS_QOS_2) | NEEDS_LOW_QOS;
	if (options && options->user_name)
		offers |= NEEDS_PASSWORD;
	if (options && options->acl)
		offers |= NEEDS_DENIED;
	return offers;
}

static void run(struct world *w, struct play *p)
{
	while (!play_is_over(p)) {
		while (serve_any(w))
			;
		uint64_t due = play_deadline(p), broker = broker_deadline(w->broker);
		due = broker < due ? broker : due;
		if (play_is_over(p))
			break;
		assert(due < UINT64_MAX); /* nothing else would ever happen */
		w->now_ms = due > w->now_ms ? due : w->now_ms;
		broker_tick(w->broker, w->now_ms);
		while (serve_any(w))
			;
		play_tick(p, w->now_ms);
	}
}

static void play_with(const struct probe_scenario *s, const struct broker_options *options, uint32_t offers,
                      bool forgets, struct probe_result *result)
{
	struct world          w = {broker_new(options, NULL), forgets ? options : NULL, NULL, NULL, 1000, s->needs & NEEDS_WEBSOCKET};
	struct probe_settings settings = {
		.prefix = "mqttwill-probe/test",
		.name = "mwtest",
		.denied_topic = "forbidden",
		.tolerance_ms = 100,
		.answer_ms = 5000,
		.grace_ms = 1500,
		.load = 100,
		.broker = {.level = LEVEL_5, .maximum_qos = 2},
	};
	struct play *p = malloc(sizeof *p);
	assert(w.broker && p);
	if (options && options->user_name)
		settings.user_name = span_text(options->user_name, 0);
	if (options && options->password)
		settings.password = span_text(options->password, 0);
	if (play_possible(s, &settings, offers, result)) {
		play_begin(p, s, &settings, &virtual_world, &w, w.now_ms);
		run(&w, p);
		*result = p->result;
		play_fini(p);
	}
	free(p);
	broker_free(w.broker);
}

void virtual_play(const struct probe_scenario *s, const struct broker_options *options, struct probe_result *result)
{
	play_with(s, options, virtual_offers(options), false, result);
}

void virtual_play_with_leave(const struct probe_scenario *s, const struct broker_options *options, bool forgets,
                             struct probe_result *result)
{
	play_with(s, options, virtual_offers(options) | NEEDS_RESTART | NEEDS_LOAD, forgets, result);
}
