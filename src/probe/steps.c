/* SPDX-License-Identifier: MIT */
/*
 * The steps of a scenario: what each does, and what it waits for.
 */
#include <stdio.h>

#include "probe/internal.h"

enum { CLOSE_MS = 1000, RESTART_MS = 60000, RETRY_MS = 250, LOAD_MS = 300000 };

/* The conditions on which a step waits for the broker. */
static bool answer(struct play *p, struct probe_actor *a)
{
	(void)p;
	return a->answered || a->closed;
}

static bool gone(struct play *p, struct probe_actor *a)
{
	(void)p;
	return a->closed;
}

static bool gone_or_time(struct play *p, struct probe_actor *a)
{
	return a->closed || p->now_ms >= p->due_ms;
}

static bool at_once(struct play *p, struct probe_actor *a)
{
	(void)p;
	(void)a;
	return true;
}

static void do_dial(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	play_dial(a, step->connect.level ? step->connect.level : p->scenario->level);
}

static void do_close(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	(void)p;
	play_hang_up(a, step->act == ACT_RST);
}

static void do_silent(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	(void)p;
	(void)step;
	a->silent = true;
}

static void do_disconnect(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	struct packet pk = {.type = PACKET_DISCONNECT, .reason = step->code};
	pk.props.has = step->expiry ? HAS(SESSION_EXPIRY) : 0;
	pk.props.session_expiry = (uint32_t)(step->expiry - 1);
	speak(a, &pk);
	p->due_ms = p->now_ms + CLOSE_MS; /* then we close */
}

static void do_bytes(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	(void)p;
	speak_bytes(a, step->bytes, step->n);
}

static void do_publish(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	char topic[sizeof p->topic + 16];
	snprintf(topic, sizeof topic, "%s/%s", p->topic, step->name);
	a->answered = false;
	speak_publish(a, step->act == ACT_DENIED ? p->settings->denied_topic : topic, step->bytes ? step->bytes : "", 1,
	              step->retain);
}

static void do_subscribe(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	char filter[sizeof p->topic + 8];
	snprintf(filter, sizeof filter, a->who == WATCHER ? "%s/#" : "%s/will", p->topic);
	a->answered = false;
	speak_subscribe(a, step->connect.denied ? p->settings->denied_topic : filter, step->no_local);
}

static void do_nothing(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	(void)p;
	(void)step;
	(void)a;
}

static void do_answer(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	(void)p;
	(void)step;
	a->holds = false;
	if (a->held_id)
		speak(a, &(struct packet){.type = PACKET_PUBACK, .id = a->held_id});
	a->held_id = 0;
}

/* The watcher stays: what the broker says at its end is to be heard. */
static void do_restart(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	(void)step;
	p->due_ms = p->now_ms + RESTART_MS;
	p->restarting = true;
	if (p->world->restart)
		p->world->restart(p->owner, p);
	else
		play_unsupported(p, "nothing can restart the broker");
	a->answered = false;
}

void play_restarted(struct play *p, bool well, uint64_t now_ms)
{
	p->now_ms = now_ms;
	p->restarting = false;
	if (well)
		play_dial(&p->actors[WATCHER], p->settings->broker.level);
	else
		play_give_up(p, "the command that restarts the broker failed");
	play_tick(p, now_ms);
}

/* A broker that is not yet there is asked again and again. */
static bool restarted(struct play *p, struct probe_actor *a)
{
	if (p->restarting || (a->answered && a->code == 0))
		return !p->restarting;
	if (a->closed && p->now_ms >= p->retry_ms) {
		p->retry_ms = p->now_ms + RETRY_MS;
		play_dial(a, p->settings->broker.level);
	}
	return false;
}

static void do_load(struct play *p, const struct probe_step *step, struct probe_actor *a)
{
	(void)step;
	(void)a;
	p->due_ms = p->now_ms + LOAD_MS;
	p->load = load_new(p);
	if (!p->load)
		play_give_up(p, "no memory for so many devices");
}

static bool loaded(struct play *p, struct probe_actor *a)
{
	(void)a;
	return load_go_on(p->load);
}

static const struct {
	void (*act)(struct play *p, const struct probe_step *step, struct probe_actor *a);
	bool (*done)(struct play *p, struct probe_actor *a);
	const char *waits_for; /* for the sentence when it does not come */
} acts[] = {
	[ACT_KNOCK] = {do_dial, answer, "a network connection"},
	[ACT_CONNECT] = {do_dial, answer, "CONNACK"},
	[ACT_REJECTED] = {do_dial, answer, "a refusal of CONNECT"},
	[ACT_TRY] = {do_dial, answer, "CONNACK"},
	[ACT_FIN] = {do_close, at_once, ""},
	[ACT_RST] = {do_close, at_once, ""},
	[ACT_SILENT] = {do_silent, at_once, ""},
	[ACT_DISCONNECT] = {do_disconnect, gone_or_time, ""},
	[ACT_BYTES] = {do_bytes, at_once, ""},
	[ACT_CLOSED] = {do_nothing, gone, "the end of the connection"},
	[ACT_PUBLISH] = {do_publish, answer, "PUBACK"},
	[ACT_DENIED] = {do_publish, answer, "PUBACK or the end of the connection"},
	[ACT_SUBSCRIBE] = {do_subscribe, answer, "SUBACK"},
	[ACT_ANSWER] = {do_answer, at_once, ""},
	[ACT_RESTART] = {do_restart, restarted, "the broker after its restart"},
	[ACT_LOAD] = {do_load, loaded, "all connections"},
	[ACT_PAUSE] = {do_nothing, at_once, ""},
};

static const char *const names[PROBE_PLAYERS] = {
	[WATCHER] = "the watcher",           [DEVICE] = "the device",         [TAKER] = "the second connection",
	[THIRD] = "the third connection",    [OTHER] = "the stranger",        [LATE] = "the late one",
	[PROBE_CONTROL] = "the control arm", [PROBE_CLEANER] = "the cleaner", [PROBE_CHURNER] = "the crowd",
};

static void mark(struct play *p)
{
	p->result.mark_ms = p->now_ms - p->began_ms;
}

/* The first thing that must happen behind the mark happens after it: a broker may be quicker than the answer to us. */
static void begin_step(struct play *p)
{
	const struct probe_step *step = &p->scenario->steps[p->step];
	struct probe_actor      *a = &p->actors[step->who];
	p->acted = true;
	p->due_ms = p->now_ms + p->settings->answer_ms;
	if (step->mark)
		mark(p);
	acts[step->act].act(p, step, a);
}

static void check_connack(struct play *p, const struct probe_step *step, const struct probe_actor *a)
{
	bool refused = a->code || !a->answered;
	p->refused |= refused && step->act == ACT_TRY;
	if (refused && step->act == ACT_CONNECT)
		play_give_up(p, "the broker did not accept the CONNECT of %s: %s", names[a->who],
		             a->answered ? reason_name(PACKET_CONNACK, a->code) : "it closed the connection");
	if (refused || a->level < LEVEL_311)
		return;
	bool wrong = (step->connect.present && !a->session_present) || (step->connect.absent && a->session_present);
	if (wrong)
		snprintf(p->fault, sizeof p->fault, "CONNACK to %s says Session Present %d", names[a->who],
		         a->session_present);
}

static void end_step(struct play *p)
{
	const struct probe_step *step = &p->scenario->steps[p->step];
	struct probe_actor      *a = &p->actors[step->who];
	bool                     dials = acts[step->act].act == do_dial;
	if (dials && !a->was_open) /* which is no refusal */
		play_give_up(p, "no network connection for %s: %s", names[a->who], p->trouble);
	else if (step->act == ACT_CONNECT || step->act == ACT_TRY)
		check_connack(p, step, a);
	if (step->act == ACT_REJECTED && a->answered && a->code == 0)
		snprintf(p->fault, sizeof p->fault, "CONNACK accepts %s", names[a->who]);
	if (step->act == ACT_DISCONNECT)
		play_hang_up(a, false);
	if (p->phase != PLAY_STEPS)
		return;
	p->step++;
	p->acted = false;
	p->due_ms = p->now_ms + p->scenario->steps[p->step].after_ms;
}

bool steps_are_over(const struct play *p)
{
	return p->step == PROBE_STEPS || p->scenario->steps[p->step].act == ACT_END;
}

bool steps_go_on(struct play *p)
{
	const struct probe_step *step = &p->scenario->steps[p->step];
	if (!p->acted && p->now_ms < p->due_ms)
		return false;
	if (!p->acted)
		begin_step(p);
	else if (acts[step->act].done(p, &p->actors[step->who]))
		end_step(p);
	else if (p->now_ms < p->due_ms)
		return false;
	else
		play_give_up(p, "%s waited %u ms for %s", names[step->who], (unsigned)p->settings->answer_ms,
		             acts[step->act].waits_for);
	return true;
}
