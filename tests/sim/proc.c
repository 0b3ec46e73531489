/* SPDX-License-Identifier: MIT */
/*
 * A process on a device: the public calls, the events, and what the application expects of its messages. Its clock is
 * CLOCK_BOOTTIME: it goes on while the process stands still, unless the machine is one whose clock stands still, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum { SPINS = 2000, MEMORY_MOST = 32 * 1024 };

/* ---- What the fakes ask ---- */

uint64_t proc_clock(const struct proc *p)
{
	uint64_t now = p->frozen_until && p->clock_stands ? p->frozen_at : sim.now;
	return now - (uint64_t)p->lag_ms;
}

uint64_t fake_now(void)
{
	return proc_clock(sim.current);
}

uint32_t fake_chance(uint32_t below)
{
	return sim_roll(below);
}

bool *fake_woken(const struct client *c)
{
	return sim.current && sim.current->c && &sim.current->c->client == c ? &sim.current->woken : NULL;
}

void fake_turn(void)
{
}

uint8_t fake_open(const char *host)
{
	(void)host;
	if (sim.current->dev->hang_until > sim.now)
		return LINE_HANGS;
	return sim.broker_back_at == NEVER ? LINE_OPENS : LINE_REFUSES;
}

static void enter(struct proc *p)
{
	sim.current = p;
	alloc_account(&p->memory);
}

static void leave(void)
{
	alloc_account(NULL);
	sim.current = NULL;
}

/* ---- Twins ---- */

bool dev_is_alone(const struct dev *d)
{
	return !d->procs[1].c && (d->twins == 0 || d->model.number > d->twin_session);
}

static bool is_promised(const struct dev *d, const struct letter *t)
{
	return t->alone && t->twins == d->twins;
}

static void note_twin(struct dev *d)
{
	if (d->procs[1].c) {
		d->twin_session = d->model.number;
		d->owed_count = 0;
	}
}

/* ---- Events ---- */

static struct letter *letter_of_token(struct proc *p, int64_t token)
{
	for (size_t i = 0; i < LETTERS; i++)
		if (p->letters[i].seq && p->letters[i].token == token)
			return &p->letters[i];
	return NULL;
}

static void on_done(struct proc *p, const struct mqttwill_event *ev)
{
	struct letter *t = letter_of_token(p, ev->token);
	if (!t)
		return;
	if (t->done)
		sim_fail("tokens", "%s: a token has more than one DONE", p->dev->id);
	t->done = true;
	sim.totals.letters_done += ev->error == 0;
	if (ev->error == 0 && t->qos && t->arrived == 0 && is_promised(p->dev, t))
		sim_fail("at least once", "%s: message %u is called delivered, and never came", p->dev->id, t->seq);
}

/* The payload is "m NUMBER". */
static void on_message(struct proc *p, const struct mqttwill_message *m)
{
	struct dev *d = p->dev;
	if (strcmp(m->topic, d->mail_topic) != 0)
		return;
	char text[16] = "";
	memcpy(text, m->payload, m->payload_len < 15 ? m->payload_len : 15);
	uint32_t number = (uint32_t)strtoul(text + 1, NULL, 10);
	uint64_t bit = UINT64_C(1) << number % 64, *seen = &p->mail[number / 64 % 16];
	if (m->qos == 2 && *seen & bit && dev_is_alone(d))
		sim_fail("exactly once", "%s: mail %u came twice", d->id, number);
	*seen |= bit;
	p->mail[(number / 64 + 8) % 16] = 0; /* those numbers come next */
	sim.totals.mail++;
	for (size_t i = 0; i < d->owed_count; i++)
		if (d->owed[i].number == number)
			d->owed[i--] = d->owed[--d->owed_count];
}

static void on_event(mqttwill *c, const struct mqttwill_event *ev, void *user)
{
	struct proc *p = user;
	(void)c;
	if (sim.verbose)
		sim_say("%s.%u event %u error %d %s", p->dev->id, p->serial, ev->type, ev->error, ev->text);
	if (ev->type == MQTTWILL_UP)
		p->up = true;
	else if (ev->type == MQTTWILL_DOWN)
		p->up = p->online = false;
	else if (ev->type == MQTTWILL_ONLINE)
		p->online = true;
	else if (ev->type == MQTTWILL_DONE)
		on_done(p, ev);
	else if (ev->type == MQTTWILL_MESSAGE)
		on_message(p, ev->message);
	else if (ev->type == MQTTWILL_CLOSED)
		p->closed = true;
}

/* ---- Life ---- */

struct proc *proc_start(struct dev *d)
{
	struct mqttwill_options o = d->options;
	struct proc *p = d->procs[0].c ? &d->procs[1] : &d->procs[0];
	*p = (struct proc){.dev = d, .serial = ++sim.last_serial, .ends_at = NEVER};
	p->heritage = o.rejoin == MQTTWILL_REJOIN_ALWAYS ? d->model.number : 0;
	o.event_fn = on_event;
	o.user = p;
	enter(p);
	int rc = mqttwill_new(&p->c, &o);
	if (rc == 0)
		rc = mqttwill_start(p->c);
	if (rc < 0)
		sim_fail("start", "%s: %s", d->id, mqttwill_errmsg(p->c, rc));
	mistake_at_start(p);
	p->woken = true;
	const struct mqttwill_subscription s = {.filter = d->mail_topic, .qos = 2};
	if (mqttwill_subscribe(p->c, &s, 1) < 0)
		sim_fail("start", "%s: does not subscribe", d->id);
	leave();
	if (sim.verbose)
		sim_say("%s.%u starts", d->id, p->serial);
	return p;
}

void proc_free(struct proc *p)
{
	enter(p);
	mqttwill_free(p->c);
	leave();
	p->c = NULL;
	p->dev->twins += p == &p->dev->procs[1];
	if (p->memory.now)
		sim_fail("memory", "%s: %ld bytes are left behind", p->dev->id, p->memory.now);
	for (struct cable *l = sim.cables; l < sim.cables + CABLES; l++)
		if (l->proc == p)
			l->proc = NULL;
	if (sim.verbose)
		sim_say("%s.%u is gone", p->dev->id, p->serial);
	sim.moved = true;
}

void proc_close(struct proc *p, uint32_t goodbye)
{
	const struct mqttwill_closing how = {.goodbye = goodbye};
	p->closing = true;
	p->goodbye = (uint8_t)goodbye;
	enter(p);
	int rc = mqttwill_close(p->c, &how);
	if (rc < 0)
		sim_fail("close", "%s: %s", p->dev->id, mqttwill_errmsg(p->c, rc));
	leave();
}

/* ---- Letters ---- */

static void write_letter(struct proc *p)
{
	char           text[640];
	size_t         pad = sim_roll(8) ? sim_roll(40) : sim_roll(500);
	uint8_t        qos = (uint8_t)sim_roll(3);
	struct letter *t = &p->letters[(p->next_seq + 1) % LETTERS];
	int            n = snprintf(text, sizeof text, "p%u %u %0*d", p->serial, p->next_seq + 1, (int)pad + 1, 0);
	if (t->seq && t->qos && !t->done)
		return; /* too much is on its way */
	const struct mqttwill_message m = {.topic = p->dev->data, .payload = text, .payload_len = (size_t)n, .qos = qos};
	enter(p);
	int64_t token = mqttwill_publish(p->c, &m);
	leave();
	if (token == MQTTWILL_EFULL)
		return;
	if (token <= 0)
		sim_fail("publish", "%s: %s", p->dev->id, mqttwill_errmsg(p->c, (int)token));
	*t = (struct letter){.token = token, .seq = ++p->next_seq, .qos = qos, .twins = p->dev->twins, .alone = dev_is_alone(p->dev)};
	t->alone = t->alone && (qos != 2 || p->dev->model.number > p->heritage); /* mqttwill_options(3) warns of it */
	sim.totals.letters++;
}

static void check_again(const struct dev *d, const struct letter *t)
{
	if (t->qos == 0 || (t->qos == 2 && is_promised(d, t) && t->session == d->model.number))
		sim_fail(t->qos ? "exactly once" : "at most once", "%s: message %u came again", d->id, t->seq);
}

void proc_published(struct dev *d, const struct broker_event *ev)
{
	char     text[32] = "";
	char    *end;
	memcpy(text, ev->payload.p, ev->payload.n < 31 ? ev->payload.n : 31);
	uint32_t serial = (uint32_t)strtoul(text + 1, &end, 10), seq = (uint32_t)strtoul(end, NULL, 10);
	for (struct proc *p = d->procs; p < d->procs + PROCS; p++) {
		struct letter *t = &p->letters[seq % LETTERS];
		if (p->serial != serial || t->seq != seq)
			continue;
		if (t->arrived++) {
			check_again(d, t);
			continue;
		}
		if (seq < p->last_seq[t->qos] && is_promised(d, t))
			sim_fail("order", "%s: message %u overtakes %u", d->id, p->last_seq[t->qos], seq);
		p->last_seq[t->qos] = seq;
		t->session = d->model.number;
	}
}

/* ---- The turn ---- */

static void check(struct proc *p)
{
	const struct client *c = &p->c->client;
	if (p->memory.most > MEMORY_MOST)
		sim_fail("memory", "%s: the client has %ld bytes", p->dev->id, p->memory.most);
	if ((uint64_t)p->memory.most > sim.totals.most_bytes)
		sim.totals.most_bytes = (uint64_t)p->memory.most;
	if (c->state != CLIENT_IDLE && c->armed == UINT64_MAX && !p->woken)
		sim_fail("wake-up", "%s: in state %d nothing will ever wake the client", p->dev->id, c->state);
	if (c->state == CLIENT_WAITING && c->armed > proc_clock(p) + 2 * BACK_OFF_MS)
		sim_fail("wake-up", "%s: the next attempt is too far away", p->dev->id);
}

static bool is_due(const struct proc *p)
{
	return p->woken || p->c->client.armed <= proc_clock(p) || fake_ready(&p->c->client);
}

static void step(struct proc *p)
{
	static uint64_t at;
	static int      turns;
	turns = at == sim.now ? turns + 1 : 0;
	at = sim.now;
	if (turns > SPINS)
		sim_fail("wake-up", "%s: is stepped again and again", p->dev->id);
	enter(p);
	int rc = mqttwill_step(p->c);
	if (rc < 0)
		sim_fail("step", "%s: %s", p->dev->id, mqttwill_errmsg(p->c, rc));
	mistake_at_step(p);
	leave();
	check(p);
	sim.totals.steps++;
	sim.moved = true;
	if (p->closed)
		proc_free(p);
}

static void thaw(struct proc *p)
{
	p->lag_ms += p->clock_stands ? (int64_t)(sim.now - p->frozen_at) : 0;
	p->frozen_until = 0;
}

static void proc_turn(struct proc *p)
{
	if (p->frozen_until && p->frozen_until <= sim.now)
		thaw(p);
	if (p->frozen_until)
		return;
	if (p->ends_at <= sim.now && !p->closing) {
		p->ends_at = NEVER;
		if (sim_roll(2))
			proc_close(p, MQTTWILL_GOODBYE_OFFLINE);
		else
			proc_free(p);
	}
	if (p->c && is_due(p))
		step(p);
}

static void dev_turn(struct dev *d)
{
	struct proc *p = &d->procs[0];
	note_twin(d);
	if (d->restart_at <= sim.now) {
		d->restart_at = NEVER;
		if (!p->c)
			proc_start(d);
	}
	if (d->next_say <= sim.now) {
		d->next_say = sim.now + sim_span(HOUR);
		for (uint32_t n = 1 + sim_roll(4); n && p->c && !p->frozen_until && !p->closing; n--)
			write_letter(p);
	}
	if (!p->c && d->restart_at == NEVER)
		d->restart_at = sim.now + 1 + (sim_roll(4) ? sim_roll(5000) : sim_span(20 * MINUTE));
	fault_tick(d);
}

void proc_tick(void)
{
	for (struct dev *d = sim.devs; d < sim.devs + CREW; d++) {
		dev_turn(d);
		for (struct proc *p = d->procs; p < d->procs + PROCS; p++)
			if (p->c)
				proc_turn(p);
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t proc_next(void)
{
	uint64_t next = NEVER;
	for (const struct dev *d = sim.devs; d < sim.devs + CREW; d++) {
		next = earlier(next, earlier(earlier(d->next_say, d->next_mail), earlier(d->next_fault, d->restart_at)));
		for (const struct proc *p = d->procs; p < d->procs + PROCS; p++) {
			if (!p->c)
				continue;
			uint64_t armed = p->c->client.armed, own = armed == NEVER ? NEVER : armed + (uint64_t)p->lag_ms;
			next = earlier(next, p->frozen_until ? p->frozen_until : earlier(own, p->ends_at));
		}
	}
	return next;
}
