/* SPDX-License-Identifier: MIT */
/*
 * What goes wrong. Each fault says whether it found something to do harm to; one that waits for a byte is counted when that
 * byte has come.
 */
#include "sim/sim.h"

enum harm { HARM_NONE, HARM_DONE, HARM_LATER };

enum { FAULT_EVERY_MS = 40 * 60000 };

static const char *const texts[] = {
#define FAULT_TEXT(name, text) text,
	FAULT_MAP(FAULT_TEXT)
#undef FAULT_TEXT
};

const char *fault_text(int fault)
{
	return texts[fault];
}

void fault_count(int fault)
{
	sim.totals.faults[fault]++;
	if (sim.verbose)
		sim_say("fault: %s", texts[fault]);
}

static struct proc *running(struct dev *d)
{
	struct proc *p = &d->procs[0];
	return p->c && !p->closing && !p->frozen_until ? p : NULL;
}

static struct cable *connection(const struct dev *d)
{
	for (struct cable *l = sim.cables; l < sim.cables + CABLES; l++)
		if (l->taken && l->dev == d && l->proc && l->link && cable_is_sound(l))
			return l;
	return NULL;
}

/* ---- The connection ---- */

static enum harm cut(struct dev *d, int kind)
{
	struct cable *l = connection(d);
	if (!l)
		return HARM_NONE;
	struct way *w = kind == FAULT_CUT_UP ? &l->up : &l->down;
	if (w->cut_at != NEVER || l->up.cut_at != NEVER)
		return HARM_NONE;
	w->cut_at = w->taken + 1 + (sim_roll(2) ? sim_roll(6) : sim_roll(150));
	l->cut_kind = kind;
	return HARM_LATER;
}

static enum harm half_client(struct dev *d, int kind)
{
	struct cable *l = connection(d);
	(void)kind;
	if (!l)
		return HARM_NONE;
	l->touchy = sim_roll(2);
	cable_break(l, false, true);
	return HARM_DONE;
}

static enum harm half_broker(struct dev *d, int kind)
{
	struct cable *l = connection(d);
	(void)kind;
	if (l)
		cable_break(l, true, false);
	return l ? HARM_DONE : HARM_NONE;
}

static enum harm black_hole(struct dev *d, int kind)
{
	struct cable *l = connection(d);
	(void)kind;
	if (l)
		cable_break(l, false, false);
	return l ? HARM_DONE : HARM_NONE;
}

static enum harm delay(struct dev *d, int kind)
{
	struct cable *l = connection(d);
	(void)kind;
	if (l)
		l->latency_ms = 500 + sim_roll(6000);
	return l ? HARM_DONE : HARM_NONE;
}

static enum harm pieces(struct dev *d, int kind)
{
	struct cable *l = connection(d);
	(void)kind;
	if (!l || l->chunky)
		return HARM_NONE;
	l->chunky = true;
	return HARM_DONE;
}

static enum harm slow(struct dev *d, int kind)
{
	struct cable *l = connection(d);
	if (!l)
		return HARM_NONE;
	struct way *w = kind == FAULT_SLOW_UP ? &l->up : &l->down;
	w->stall_until = sim.now + sim_span(MINUTE);
	w->window = 32 + sim_roll(500);
	if (kind == FAULT_SLOW_UP)
		d->next_say = sim.now;
	else
		d->next_mail = sim.now;
	return HARM_DONE;
}

static enum harm unreachable(struct dev *d, int kind)
{
	black_hole(d, kind);
	d->hang_until = sim.now + sim_span(10 * MINUTE);
	return HARM_DONE;
}

/* ---- The broker ---- */

static enum harm broker_restarts(struct dev *d, int kind)
{
	(void)d;
	broker_go(kind != FAULT_BROKER_LOST, kind == FAULT_BROKER_DOWN);
	return HARM_DONE;
}

static enum harm kicked(struct dev *d, int kind)
{
	static const uint8_t reasons[] = {REASON_UNSPECIFIED, REASON_BUSY, REASON_QUOTA, REASON_ADMINISTRATIVE, REASON_TAKEN_OVER};
	struct cable *l = d->model.on;
	if (!l)
		return HARM_NONE;
	if (kind == FAULT_KICKED)
		broker_kick(sim.broker, d->id, reasons[sim_roll(5)], sim.now);
	else
		broker_remove(sim.broker, d->id, sim.now);
	if (kind == FAULT_KICKED)
		model_gone(l);
	else
		model_remove(d);
	l->up.out.over = sim.moved = true;
	model_compare();
	return HARM_DONE;
}

static enum harm refused(struct dev *d, int kind)
{
	static const uint8_t reasons[] = {REASON_UNAVAILABLE, REASON_BUSY, REASON_NOT_AUTHORIZED, REASON_BANNED};
	(void)d;
	(void)kind;
	broker_refuse_next(sim.broker, reasons[sim_roll(4)]);
	return HARM_DONE;
}

/* ---- The device ---- */

static enum harm twin(struct dev *d, int kind)
{
	(void)kind;
	if (!running(d) || d->procs[1].c)
		return HARM_NONE;
	struct proc *p = proc_start(d);
	d->twins++;
	p->ends_at = sim.now + sim_span(3 * MINUTE);
	return HARM_DONE;
}

static enum harm stands_still(struct dev *d, int kind)
{
	struct proc *p = running(d);
	if (!p)
		return HARM_NONE;
	uint64_t span = sim_roll(3) ? sim_span(5 * MINUTE) : sim_span(HOUR);
	if (kind == FAULT_KEEP_ALIVE)
		span = KEEP_ALIVE_S * UINT64_C(1500) + 1 + sim_roll(KEEP_ALIVE_S * 1000);
	p->frozen_at = sim.now;
	p->clock_stands = kind == FAULT_SUSPENDED;
	p->frozen_until = sim.now + span;
	return HARM_DONE;
}

static enum harm crash(struct dev *d, int kind)
{
	struct proc *p = running(d);
	(void)kind;
	if (!p)
		return HARM_NONE;
	if (sim_roll(2)) /* the power goes: nobody closes anything */
		black_hole(d, kind);
	proc_free(p);
	return HARM_DONE;
}

static enum harm stop(struct dev *d, int kind)
{
	struct proc *p = running(d);
	if (!p)
		return HARM_NONE;
	uint32_t how = kind == FAULT_STOP ? MQTTWILL_GOODBYE_OFFLINE : MQTTWILL_GOODBYE_WITH_WILL;
	if (kind == FAULT_WITH_WILL && sim_roll(3) == 0)
		how = MQTTWILL_GOODBYE_ABORT;
	if (kind == FAULT_STOP && sim_roll(10) == 0) {
		how = MQTTWILL_GOODBYE_SILENT;
		d->silent = true;
	}
	proc_close(p, how);
	return HARM_DONE;
}

static enum harm lie(struct dev *d, int kind)
{
	struct proc *p = running(d);
	(void)kind;
	if (!p || d->procs[1].c || !p->online || p->c->presence.watch != WATCH_ON)
		return HARM_NONE;
	d->lies = 1 + sim_roll(3) * sim_roll(6); /* the first one now, the others when the truth is stated again */
	return HARM_DONE;
}

static enum harm late_reader(struct dev *d, int kind)
{
	(void)d;
	(void)kind;
	truth_late();
	return HARM_DONE;
}

static enum harm (*const faults[])(struct dev *d, int kind) = {
	[FAULT_CUT_UP] = cut,
	[FAULT_CUT_DOWN] = cut,
	[FAULT_HALF_CLIENT] = half_client,
	[FAULT_HALF_BROKER] = half_broker,
	[FAULT_BLACK_HOLE] = black_hole,
	[FAULT_DELAY] = delay,
	[FAULT_PIECES] = pieces,
	[FAULT_SLOW_UP] = slow,
	[FAULT_SLOW_DOWN] = slow,
	[FAULT_UNREACHABLE] = unreachable,
	[FAULT_BROKER_KEPT] = broker_restarts,
	[FAULT_BROKER_LOST] = broker_restarts,
	[FAULT_BROKER_DOWN] = broker_restarts,
	[FAULT_KICKED] = kicked,
	[FAULT_REMOVED] = kicked,
	[FAULT_REFUSED] = refused,
	[FAULT_TWIN] = twin,
	[FAULT_SUSPENDED] = stands_still,
	[FAULT_CLOCK_JUMP] = stands_still,
	[FAULT_KEEP_ALIVE] = stands_still,
	[FAULT_CRASH] = crash,
	[FAULT_STOP] = stop,
	[FAULT_WITH_WILL] = stop,
	[FAULT_LIE] = lie,
	[FAULT_LATE_READER] = late_reader,
};

void fault_invite(struct dev *d)
{
	if (sim_roll(10) == 0)
		d->next_fault = sim.now + sim_roll(500);
}

void fault_tick(struct dev *d)
{
	if (d->next_fault > sim.now)
		return;
	d->next_fault = sim.now + (sim_roll(5) ? sim_span(FAULT_EVERY_MS) : 1 + sim_roll(3000)); /* seldom alone */
	if (sim.broker_back_at != NEVER || sim.ending)
		return;
	for (int tries = 0; tries < 4; tries++) {
		int       kind = (int)sim_roll(FAULTS);
		enum harm harm = faults[kind](d, kind);
		if (harm == HARM_DONE)
			fault_count(kind);
		if (harm == HARM_NONE)
			continue;
		sim.moved = true;
		return;
	}
}
