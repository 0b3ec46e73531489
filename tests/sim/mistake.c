/* SPDX-License-Identifier: MIT */
/*
 * One mistake for each thing that is checked, put into a real client from outside: by other hooks, or by a hand in its
 * memory behind a step. A simulation that does not see them is worth nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/bugs.h"
#include "sim/forget.h"
#include "sim/sim.h"

static const char *const names[] = {
	"",
#define MISTAKE_NAME(name, word, rule, text) word,
	MISTAKE_MAP(MISTAKE_NAME)
#undef MISTAKE_NAME
};

int mistake_find(const char *word)
{
	for (int i = 1; i < MISTAKES; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	return 0;
}

void mistake_list(void)
{
#define MISTAKE_LINE(name, word, rule, text) printf("%s|%s|%s\n", word, rule, text);
	MISTAKE_MAP(MISTAKE_LINE)
#undef MISTAKE_LINE
}

/* ---- Hooks ---- */

static int no_will(void *owner, const struct mqttwill_attempt *attempt, struct mqttwill_will *will)
{
	return sim_roll(50) ? api_hooks.will(owner, attempt, will) : 0;
}

static void no_birth(void *owner, size_t stale)
{
	if (sim_roll(50))
		api_hooks.connacked(owner, stale);
}

static int no_goodbye(void *owner)
{
	return sim_roll(10) ? api_hooks.draining(owner) : 0;
}

static bool no_watch(void *owner, const struct mqttwill_message *m)
{
	mqttwill *c = owner;
	if (strcmp(m->topic, c->presence.spec->topic) == 0)
		return true;
	return api_hooks.message(owner, m);
}

static bool duel(void *owner, const struct mqttwill_message *m)
{
	mqttwill *c = owner;
	bool      ours = api_hooks.message(owner, m);
	if (c->presence.restate_at)
		c->presence.restate_at = 1;
	return ours;
}

void mistake_at_start(struct proc *p)
{
	static struct client_hooks hooks;
	hooks = api_hooks;
	if (sim.mistake == MISTAKE_NO_WILL)
		hooks.will = no_will;
	else if (sim.mistake == MISTAKE_NO_BIRTH)
		hooks.connacked = no_birth;
	else if (sim.mistake == MISTAKE_NO_GOODBYE)
		hooks.draining = no_goodbye;
	else if (sim.mistake == MISTAKE_NO_WATCH)
		hooks.message = no_watch;
	else if (sim.mistake == MISTAKE_DUEL)
		hooks.message = duel;
	else
		return;
	p->c->client.hooks = &hooks;
}

/* ---- Hands ---- */

/* Only without a connection: what is in flight then is what a resumed session sends again. */
static struct list *flight(struct proc *p)
{
	struct client *c = &p->c->client;
	return c->session || list_empty(&c->flight.sent) ? NULL : &c->flight.sent;
}

static void reverse(struct list *l)
{
	struct list *first = l->next;
	if (first->next == l)
		return;
	list_remove(first);
	list_push(l, first);
}

/* Called delivered though nothing has left. */
static void lose(struct proc *p)
{
	struct list *l = flight(p);
	if (!l)
		return;
	struct outgoing *o = list_entry(l->next, struct outgoing, link);
	if (o->presence || o->type != PACKET_PUBLISH)
		return;
	struct client *c = &p->c->client;
	struct mqttwill_event ev = {.type = MQTTWILL_DONE, .token = o->token};
	flight_leave(&c->flight, o);
	flight_free(&c->flight, o);
	client_emit(c, &ev);
}

static void renumber(struct proc *p)
{
	struct list *l = flight(p);
	if (!l)
		return;
	struct outgoing *o = list_entry(l->next, struct outgoing, link);
	if (o->state != OUTGOING_SENT || o->qos != 2)
		return;
	struct flight *f = &p->c->client.flight;
	flight_leave(f, o);
	if (flight_enter(f, o) < 0)
		flight_free(f, o);
}

/* The second end of a message's token. */
static void twice(struct proc *p)
{
	const struct letter *t = &p->letters[p->next_seq % LETTERS];
	if (t->done && sim_roll(10) == 0)
		client_emit(&p->c->client, &(struct mqttwill_event){.type = MQTTWILL_DONE, .token = t->token});
}

/* A broker that has no memory of what it took at QoS 2 while the client is away. */
static void forget(struct proc *p)
{
	if (p->c->client.session)
		return;
	alloc_account(NULL);
	forget_received(sim.broker, p->dev->id);
	alloc_account(&p->memory);
}

static void leak(struct proc *p)
{
	(void)p;
	if (sim_roll(1000) == 0)
		sim.leaked = malloc(64);
}

static void sleep_on(struct proc *p)
{
	if (sim_roll(1000) == 0)
		p->c->client.armed = UINT64_MAX;
}

static void order(struct proc *p)
{
	struct list *l = flight(p);
	if (l)
		reverse(l);
}

static void overtake(struct proc *p)
{
	struct client *c = &p->c->client;
	if (!c->session && !list_empty(&c->queue))
		reverse(&c->queue);
}

static void double_up(struct proc *p)
{
	if (!p->c->client.session)
		flight_forget_received(&p->c->client.flight);
}

void mistake_at_step(struct proc *p)
{
	static void (*const hands[MISTAKES])(struct proc *p) = {
		[MISTAKE_ORDER] = order,   [MISTAKE_LOSE] = lose,         [MISTAKE_DOUBLE] = double_up,
		[MISTAKE_RENUMBER] = renumber, [MISTAKE_FORGET] = forget, [MISTAKE_OVERTAKE] = overtake,
		[MISTAKE_TWICE] = twice,   [MISTAKE_LEAK] = leak,         [MISTAKE_SLEEP] = sleep_on,
	};
	if (hands[sim.mistake])
		hands[sim.mistake](p);
}

void mistake_of_broker(void)
{
	if (sim.mistake == MISTAKE_DEAF)
		sim.broker_options.bugs = broker_bug("B14");
}
