/* SPDX-License-Identifier: MIT */
/*
 * The course of a play: the watcher comes first, then the steps, then the watch, the control arm, and the cleaning up.
 */
#include "probe/play.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/internal.h"

enum { PACKET_LIMIT = 1 << 20, SETTLE_MS = 300 };

static void enter(struct play *p, enum play_phase phase)
{
	p->phase = (uint8_t)phase;
	p->acted = false;
	p->due_ms = p->now_ms + p->settings->answer_ms;
}

/* ---- Connections ---- */

static struct probe_actor *take(struct play *p, unsigned who)
{
	return &p->actors[who];
}

void play_hang_up(struct probe_actor *a, bool reset)
{
	if (a->opening || a->open)
		a->play->world->close(a->play->owner, a, reset);
	a->opening = a->open = false;
}

void play_dial(struct probe_actor *a, uint8_t level)
{
	play_hang_up(a, false);
	buf_fini(&a->in);
	buf_init(&a->in, PACKET_LIMIT);
	a->level = level;
	a->opening = true;
	a->was_open = a->closed = a->answered = a->silent = a->session_present = false;
	a->code = 0;
	a->play->world->open(a->play->owner, a);
}

/* What an actor's CONNECT is in this phase. */
static const struct probe_connect *its_connect(const struct probe_actor *a)
{
	static const struct probe_connect plain = {.keep_alive = 60};
	static const struct probe_connect control = {.will = "control", .keep_alive = 60, .qos = 1};
	static const struct probe_connect churner = {.will = "gone", .keep_alive = 60, .qos = 1};
	const struct play                *p = a->play;
	if (a->who == PROBE_CONTROL)
		return &control;
	if (a->who == PROBE_CHURNER)
		return &churner;
	bool theirs = p->phase == PLAY_STEPS && a->who != WATCHER;
	return theirs ? &p->scenario->steps[p->step].connect : &plain;
}

static bool only_knocks(const struct probe_actor *a)
{
	return a->play->phase == PLAY_STEPS && a->play->scenario->steps[a->play->step].act == ACT_KNOCK;
}

void play_opened(struct probe_actor *a, uint64_t now_ms)
{
	struct play *p = a->play;
	p->now_ms = now_ms;
	a->opening = false;
	a->open = a->was_open = true;
	if (only_knocks(a))
		a->answered = true;
	else
		speak_connect(a, its_connect(a));
	a->holds = its_connect(a)->holds;
	play_tick(p, now_ms);
}

void play_closed(struct probe_actor *a, uint64_t now_ms)
{
	a->opening = a->open = false;
	a->closed = true;
	play_tick(a->play, now_ms);
}

void play_bytes(struct probe_actor *a, const uint8_t *bytes, size_t n, uint64_t now_ms)
{
	struct play *p = a->play;
	struct frame f;
	p->now_ms = now_ms;
	if (!a->open || !buf_append(&a->in, bytes, n))
		return;
	while (a->open && frame_read(&f, a->level, buf_front(&a->in), buf_len(&a->in)) == 1 &&
	       buf_len(&a->in) >= f.size) {
		hear(a, buf_front(&a->in), f.size);
		if (a->open)
			buf_take(&a->in, f.size);
	}
	play_tick(p, now_ms);
}

/* ---- The phases ---- */

static void begin_watch(struct play *p)
{
	uint64_t                  last = p->scenario->until_ms;
	const struct probe_sight *sight = p->scenario->sights;
	for (size_t i = 0; i < PROBE_SIGHTS && sight[i].payload; i++) {
		uint64_t due = judge_due_ms(p, &sight[i]) + p->settings->tolerance_ms + sight[i].slack_ms;
		last = due > last ? due : last;
	}
	enter(p, PLAY_WATCH);
	p->last_ms = p->began_ms + p->result.mark_ms + last;
	p->due_ms = p->now_ms;
}

/* When the watch ends: the grace time behind what came last, where all has come. */
static uint64_t watch_end(const struct play *p)
{
	uint64_t calm = p->began_ms + p->result.mark_ms + p->scenario->until_ms, grace = p->settings->grace_ms;
	size_t   n = p->result.seen_count;
	if (!judge_has_all(p))
		return p->last_ms;
	if (n && p->began_ms + p->result.seen[n - 1].at_ms + grace > calm)
		calm = p->began_ms + p->result.seen[n - 1].at_ms + grace;
	else if (!n && p->began_ms + p->result.mark_ms + grace > calm)
		calm = p->began_ms + p->result.mark_ms + grace;
	return calm;
}

static bool go_on_steps(struct play *p)
{
	if (!steps_are_over(p))
		return steps_go_on(p);
	begin_watch(p);
	return true;
}

static const char *why_not(const struct play *p, const struct probe_actor *a, enum packet_type answer_type)
{
	if (a->code)
		return reason_name(answer_type, a->code);
	if (!a->closed)
		return "no answer came";
	return *p->trouble ? p->trouble : "the broker closed the connection";
}

/* The same as an error. */
static int what_not(const struct play *p, const struct probe_actor *a)
{
	if (a->code)
		return MQTTWILL_EREFUSED;
	if (!a->closed)
		return MQTTWILL_ETIMEOUT;
	return p->trouble_error ? p->trouble_error : MQTTWILL_ELOST;
}

static void stay_outside(struct play *p, const struct probe_actor *w)
{
	p->result.error = what_not(p, w);
	play_give_up(p, "the watcher could not connect: %s", why_not(p, w, PACKET_CONNACK));
}

static bool go_on_begin(struct play *p)
{
	struct probe_actor *w = take(p, WATCHER);
	if (!p->acted)
		play_dial(w, p->settings->broker.level);
	else if (w->answered && w->code == 0)
		enter(p, PLAY_SUBSCRIBE);
	else if (w->answered || w->closed || p->now_ms >= p->due_ms)
		stay_outside(p, w);
	else
		return false;
	p->acted = p->phase == PLAY_BEGIN;
	return true;
}

static bool go_on_subscribe(struct play *p)
{
	struct probe_actor *w = take(p, WATCHER);
	char                filter[sizeof p->topic + 8];
	if (!p->acted) {
		snprintf(filter, sizeof filter, "%s/#", p->topic);
		w->answered = false;
		p->acted = true;
		speak_subscribe(w, filter, false);
		return true;
	}
	if (w->answered && w->code == 0) {
		enter(p, PLAY_STEPS);
		p->due_ms = p->now_ms + p->scenario->steps[0].after_ms;
	} else if (w->answered || w->closed || p->now_ms >= p->due_ms) {
		play_give_up(p, "the watcher could not subscribe to %s/#: %s", p->topic, why_not(p, w, PACKET_SUBACK));
	} else {
		return false;
	}
	return true;
}

static bool go_on_watch(struct play *p)
{
	p->due_ms = watch_end(p);
	if (p->now_ms < p->due_ms)
		return false;
	p->result.end_ms = p->now_ms - p->began_ms;
	enter(p, PLAY_CONTROL);
	return true;
}

static void control_done(struct play *p)
{
	if (!p->judged)
		judge(p);
	p->judged = true;
	enter(p, PLAY_CLEAN);
}

/* The control arm: a will without delay, a reset, and the watcher must see it, or its silence proves nothing. */
static bool go_on_control(struct play *p)
{
	struct probe_actor *c = take(p, PROBE_CONTROL);
	if (!p->acted) {
		p->acted = true;
		play_dial(c, p->settings->broker.level);
	} else if (c->open && c->answered && c->code == 0) {
		play_hang_up(c, true);
		p->due_ms = p->now_ms + p->settings->tolerance_ms + SETTLE_MS;
	} else if (p->control || c->closed || c->code || p->now_ms >= p->due_ms) {
		control_done(p);
	} else {
		return false;
	}
	return true;
}

static void clear_topics(struct play *p)
{
	static const char *const leaves[] = {"will", "status"};
	char                     topic[sizeof p->topic + 8];
	for (size_t i = 0; i < sizeof leaves / sizeof leaves[0] && !p->settings->broker.no_retain; i++) {
		snprintf(topic, sizeof topic, "%s/%s", p->topic, leaves[i]);
		speak_publish(take(p, WATCHER), topic, "", 0, true);
	}
	speak(take(p, WATCHER), &(struct packet){.type = PACKET_DISCONNECT});
}

/* A new session without expiry, ended at once, leaves nothing behind. */
static bool go_on_clean(struct play *p)
{
	struct probe_actor *c = take(p, PROBE_CLEANER);
	if (!p->acted) {
		p->acted = true;
		play_dial(c, p->scenario->level);
	} else if (c->open && c->answered) {
		speak(c, &(struct packet){.type = PACKET_DISCONNECT});
		c->answered = false;
		c->open = false; /* in the world's eyes it is, until the end of the play */
		c->closed = true;
		clear_topics(p);                   /* behind the last will that this may have set off */
		p->due_ms = p->now_ms + SETTLE_MS; /* the bytes shall leave */
	} else if (p->now_ms >= p->due_ms) {
		enter(p, PLAY_OVER);
		p->due_ms = UINT64_MAX;
	} else {
		return false;
	}
	return true;
}

static bool go_on_over(struct play *p)
{
	(void)p;
	return false;
}

static bool (*const phases[])(struct play *p) = {
	[PLAY_BEGIN] = go_on_begin, [PLAY_SUBSCRIBE] = go_on_subscribe, [PLAY_STEPS] = go_on_steps,
	[PLAY_WATCH] = go_on_watch, [PLAY_CONTROL] = go_on_control,     [PLAY_CLEAN] = go_on_clean,
	[PLAY_OVER] = go_on_over,
};

void play_tick(struct play *p, uint64_t now_ms)
{
	p->now_ms = now_ms;
	while (phases[p->phase](p))
		;
}

uint64_t play_deadline(const struct play *p)
{
	return p->due_ms;
}

/* ---- Life ---- */

static void end_early(struct play *p, uint8_t verdict, const char *format, va_list args)
{
	if (p->judged)
		return;
	vsnprintf(p->result.text, sizeof p->result.text, format, args);
	p->result.verdict = verdict;
	p->result.end_ms = p->now_ms - p->began_ms;
	p->judged = true;
	enter(p, PLAY_CLEAN);
}

void play_give_up(struct play *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	end_early(p, PROBE_INCONCLUSIVE, format, args);
	va_end(args);
}

void play_unsupported(struct play *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	end_early(p, PROBE_UNSUPPORTED, format, args);
	va_end(args);
}

void play_begin(struct play *p, const struct probe_scenario *s, const struct probe_settings *settings,
                const struct probe_world *world, void *owner, uint64_t now_ms)
{
	*p = (struct play){.scenario = s, .settings = settings, .world = world, .owner = owner};
	p->began_ms = p->now_ms = now_ms;
	p->result.scenario = s;
	snprintf(p->topic, sizeof p->topic, "%s/%s", settings->prefix, s->id);
	for (unsigned who = 0; who < PROBE_PLAYERS; who++) {
		p->actors[who] = (struct probe_actor){.play = p, .who = (uint8_t)who};
		buf_init(&p->actors[who].in, PACKET_LIMIT);
	}
	enter(p, PLAY_BEGIN);
	play_tick(p, now_ms);
}

void play_leave(struct probe_actor *a)
{
	if (a->connection)
		a->play->world->close(a->play->owner, a, false);
	a->opening = a->open = false;
}

void play_fini(struct play *p)
{
	load_free(p->load);
	p->load = NULL;
	for (unsigned who = 0; who < PROBE_PLAYERS; who++) {
		struct probe_actor *a = &p->actors[who];
		play_leave(a);
		buf_fini(&a->in);
	}
	p->phase = PLAY_OVER;
}
