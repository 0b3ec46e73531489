/* SPDX-License-Identifier: MIT */
/*
 * The world's turn: whatever can move moves, then time jumps to what is due next. Everything that is left to chance comes from
 * one seed, so that a world is the same each time it is played.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum { BEGIN_MS = 1000000000, CALM_MS = 3 * 3600000, BROKER_AWAY_MS = 2 * 60000 };

struct sim sim;

/* ---- Chance and words ---- */

uint32_t sim_roll(uint32_t sides)
{
	return dice_roll(&sim.dice, sides);
}

uint64_t sim_span(uint64_t mean_ms)
{
	return 1 + dice_bits(&sim.dice) % (2 * mean_ms);
}

static void say_time(void)
{
	uint64_t ms = sim.now - BEGIN_MS;
	printf("%llud %02llu:%02llu:%02llu.%03llu ", (unsigned long long)(ms / DAY), (unsigned long long)(ms / HOUR % 24),
	       (unsigned long long)(ms / MINUTE % 60), (unsigned long long)(ms / 1000 % 60), (unsigned long long)(ms % 1000));
}

void sim_say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say_time();
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

void sim_fail(const char *rule, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("%s: ", rule);
	say_time();
	vprintf(format, args);
	va_end(args);
	printf("\nseed %llu; to see it again: sim --seed %llu --days %d --verbose\n", (unsigned long long)sim.seed,
	       (unsigned long long)sim.seed, CREW * WORLD_DAYS);
	fflush(stdout);
	_Exit(1);
}

struct dev *sim_dev(struct span client_id)
{
	for (struct dev *d = sim.devs; d < sim.devs + CREW; d++)
		if (span_equal(client_id, span_text(d->id, 0)))
			return d;
	return NULL;
}

/* ---- The broker ---- */

static void observe(void *user, const struct broker_event *ev)
{
	static const enum will_act acts[BROKER_EVENTS] = {
		[BROKER_WILL_DUE] = ACT_DUE,
		[BROKER_WILL_PUBLISHED] = ACT_PUBLISHED,
		[BROKER_WILL_CANCELLED] = ACT_CANCELLED,
		[BROKER_WILL_DELETED] = ACT_DELETED,
	};
	struct dev *d = sim_dev(ev->client_id);
	(void)user;
	if (sim.verbose && d) {
		char line[256];
		broker_event_line(ev, sim.now, line, sizeof line);
		sim_say("broker: %s", line);
	}
	if (!d)
		return;
	if (ev->type == BROKER_WILL_DUE || acts[ev->type])
		model_saw(d, acts[ev->type], ev->due_ms);
	if (ev->type == BROKER_PUBLISHED && span_equal(ev->topic, span_text(d->data, 0)))
		proc_published(d, ev);
}

static void broker_come(void)
{
	const char *error;
	sim.broker = broker_new(&sim.broker_options, &error);
	if (!sim.broker)
		sim_fail("broker", "%s", error);
}

void broker_go(bool kept, bool in_order)
{
	if (in_order) {
		broker_shutdown(sim.broker, sim.now);
		model_shut_down();
		model_compare();
	}
	sim.broker_keeps = kept;
	sim.broker_back_at = sim.now + sim_span(BROKER_AWAY_MS);
	for (struct cable *l = sim.cables; l < sim.cables + CABLES; l++) {
		if (!l->taken)
			continue;
		l->shut = true;
		if (sim_roll(2)) /* the host lives, or it does not */
			l->line.broken = true;
		else
			l->break_at = sim.broker_back_at + l->latency_ms;
	}
	sim.moved = true;
}

/* A broker with its state finds that all its connections have gone. */
static void come_back(void)
{
	truth_end_of_broker(!sim.broker_keeps);
	if (!sim.broker_keeps) {
		broker_free(sim.broker);
		model_forget();
		for (struct cable *l = sim.cables; l < sim.cables + CABLES; l++)
			l->link = NULL;
		broker_come();
	}
	sim.broker_back_at = NEVER;
	sim.broker_since = sim.now;
	broker_tick(sim.broker, sim.now);
	model_tick();
	model_compare();
	for (struct cable *l = sim.cables; l < sim.cables + CABLES; l++)
		if (l->taken && l->link)
			cable_hang_up(l, false);
	model_compare();
	truth_begin();
	sim.moved = true;
}

/* ---- The turn ---- */

static void tick(void)
{
	if (sim.broker_back_at <= sim.now)
		come_back();
	if (sim.broker_back_at == NEVER) {
		broker_tick(sim.broker, sim.now);
		model_tick();
		model_compare();
	}
	cable_tick();
	proc_tick();
	truth_tick();
	truth_check();
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void pass_until(uint64_t end)
{
	while (sim.now < end) {
		do {
			sim.moved = false;
			tick();
		} while (sim.moved);
		uint64_t next = earlier(earlier(cable_next(), proc_next()), sim.broker_back_at);
		if (sim.broker_back_at == NEVER)
			next = earlier(next, broker_deadline(sim.broker));
		sim.now = next <= sim.now ? sim.now + 1 : earlier(next, end);
	}
}

/* ---- Beginning and end ---- */

static const uint32_t delays[] = {0, 0, 5, 30, 300}, expiries[] = {0, 30, 120, 3600, UINT32_MAX};

void dev_roll(struct dev *d, size_t nth)
{
	static const uint32_t versions[] = {MQTTWILL_V5, MQTTWILL_V5, MQTTWILL_V311, MQTTWILL_V31};
	static const uint8_t  qos[] = {MQTTWILL_QOS0, 1, 1, 2};
	*d = (struct dev){.presence = {.topic = d->status, .qos = qos[sim_roll(4)], .self_watch = sim_roll(2)}};
	snprintf(d->id, sizeof d->id, "d%zu", nth);
	snprintf(d->status, sizeof d->status, "d%zu/status", nth);
	snprintf(d->data, sizeof d->data, "d%zu/data", nth);
	snprintf(d->mail_topic, sizeof d->mail_topic, "d%zu/mail", nth);
	d->options = (struct mqttwill_options){
		.url = "mqtt://broker.test",
		.client_id = d->id,
		.presence = &d->presence,
		.version = versions[nth % 4],
		.keepalive_s = KEEP_ALIVE_S,
		.rejoin = sim_roll(3),
		.queue_messages = 32,
		.queue_bytes = 16 * 1024,
	};
	if (d->options.version == MQTTWILL_V5) {
		d->presence.delay_s = delays[sim_roll(5)];
		d->options.session_expiry_s = expiries[sim_roll(5)];
	}
	d->next_fault = sim.now + sim_span(HOUR);
	d->next_say = sim.now + sim_span(HOUR);
	d->next_mail = sim.now + sim_span(HOUR);
	d->restart_at = sim.now + sim_roll(1000);
	d->model.end = d->model.silent_at = NEVER;
	d->gone_since = sim.now;
}

static void begin(uint64_t seed)
{
	sim.seed = seed;
	sim.now = BEGIN_MS;
	sim.ending = false;
	sim.last_serial = 0;
	dice_init(&sim.dice, (seed + 1) * UINT64_C(0x9E3779B97F4A7C15));
	for (size_t i = 0; i < CABLES; i++)
		sim.cables[i].taken = false;
	for (size_t i = 0; i < CREW; i++)
		dev_roll(&sim.devs[i], i);
	sim.broker_options = (struct broker_options){.observe = observe, .bugs = sim.bugs};
	if (sim_roll(4) == 0)
		sim.broker_options.announce = (struct props){
			.has = HAS(SERVER_KEEP_ALIVE) | HAS(SESSION_EXPIRY) | HAS(TOPIC_ALIAS_MAXIMUM),
			.server_keep_alive = (uint16_t)(20 + sim_roll(100)),
			.session_expiry = expiries[sim_roll(5)],
			.topic_alias_maximum = 4,
		};
	mistake_of_broker();
	broker_come();
	sim.broker_back_at = NEVER;
	sim.broker_since = sim.now;
	truth_begin();
}

static void check_end(const struct dev *d)
{
	if (!d->procs[0].c || !d->procs[0].online)
		sim_fail("truth", "%s: is not online after hours without a fault", d->id);
}

void sim_play(uint64_t seed)
{
	begin(seed);
	pass_until(BEGIN_MS + WORLD_DAYS * DAY);
	sim.ending = true;
	pass_until(sim.now + CALM_MS);
	for (struct dev *d = sim.devs; d < sim.devs + CREW; d++) {
		check_end(d);
		for (struct proc *p = d->procs; p < d->procs + PROCS; p++)
			if (p->c)
				proc_free(p);
	}
	for (struct cable *l = sim.cables; l < sim.cables + CABLES; l++)
		l->link = NULL;
	broker_free(sim.broker);
	sim.totals.dev_ms += CREW * (sim.now - BEGIN_MS);
	sim.totals.worlds++;
	sim.totals.digest += dice_bits(&sim.dice) >> 40; /* whatever happened otherwise, the dice would lie otherwise */
}
