/* SPDX-License-Identifier: MIT */
/*
 * When a will is published, once more and from scratch: from the packets that arrived at the broker, the CONNACKs that it gave,
 * the connections that ended, and the clock. What follows must be what the broker did, in the same turn, no more and
 * no less. The rules are those of MQTT 5, 3.1.2.5 and 3.1.3.2.2; 3.x is the case without delay.
 */
#include "sim/sim.h"

enum { ACTS = 64 };

static struct act {
	struct dev *dev;
	uint64_t    due;
	uint8_t     what;
} expected[ACTS], seen[ACTS];
static size_t expected_count, seen_count;

static const char *const words[] = {"due", "published", "cancelled", "deleted"};

static void note(struct act *list, size_t *count, struct dev *d, enum will_act what, uint64_t due)
{
	if (*count == ACTS)
		sim_fail("will", "too much happens at once");
	list[(*count)++] = (struct act){d, due, (uint8_t)what};
}

static void expect(struct dev *d, enum will_act what, uint64_t due)
{
	note(expected, &expected_count, d, what, due);
}

void model_saw(struct dev *d, enum will_act act, uint64_t due_ms)
{
	note(seen, &seen_count, d, act, due_ms);
}

static void strike(const struct act *a)
{
	for (size_t i = 0; i < expected_count; i++) {
		struct act *e = &expected[i];
		if (e->dev == a->dev && e->what == a->what && e->due == a->due) {
			*e = expected[--expected_count];
			return;
		}
	}
	sim_fail("will", "%s: the will is %s (due %llu), and should not be", a->dev->id, words[a->what],
	         (unsigned long long)a->due);
}

void model_compare(void)
{
	if (sim.mistake == MISTAKE_DEAF)
		expected_count = seen_count = 0;
	for (size_t i = 0; i < seen_count; i++)
		strike(&seen[i]);
	if (expected_count)
		sim_fail("will", "%s: the will is not %s (due %llu)", expected[0].dev->id, words[expected[0].what],
		         (unsigned long long)expected[0].due);
	seen_count = 0;
}

/* ---- The rules ---- */

static void publish(struct dev *d)
{
	expect(d, ACT_PUBLISHED, 0);
	d->model.has_will = d->model.waits = false;
	sim.totals.wills++;
}

static void end_session(struct dev *d)
{
	if (d->model.has_will)
		publish(d);
	d->model.session = d->model.subscribed = false;
	d->model.end = NEVER;
	d->owed_count = 0;
}

static void end_connection(struct dev *d)
{
	uint64_t end = d->model.expiry_s == UINT32_MAX ? NEVER : sim.now + d->model.expiry_s * UINT64_C(1000);
	uint64_t delayed = sim.now + d->model.delay_s * UINT64_C(1000);
	d->model.on = NULL;
	d->model.silent_at = NEVER;
	d->model.end = end;
	if (d->model.has_will) {
		d->model.due = delayed < end ? delayed : end;
		d->model.waits = true;
		expect(d, ACT_DUE, d->model.due);
		if (d->model.due <= sim.now)
			publish(d);
	}
	if (end <= sim.now)
		end_session(d);
}

static void drop(struct dev *d, enum will_act why)
{
	if (d->model.has_will)
		expect(d, why, 0);
	d->model.has_will = d->model.waits = false;
}

/* ---- What arrives ---- */

static void touch(struct dev *d)
{
	truth_heard(d);
	d->model.silent_at = d->model.keep_alive_s ? sim.now + d->model.keep_alive_s * UINT64_C(1500) : NEVER;
}

static void read_disconnect(struct dev *d, struct cable *l, const struct packet *pk)
{
	if (l->up.out.level == LEVEL_5 && pk->props.has & HAS(SESSION_EXPIRY))
		d->model.expiry_s = pk->props.session_expiry;
	if (l->up.out.level != LEVEL_5 || pk->reason == REASON_SUCCESS)
		drop(d, ACT_DELETED);
	end_connection(d);
	l->up.out.over = true;
}

/* CONNECT is kept until CONNACK says what it came to. */
static void read_connect(struct cable *l, const struct packet *pk)
{
	const struct connect *c = &pk->connect;
	bool v5 = c->level == LEVEL_5;
	l->asked.clean = c->clean_start;
	l->asked.has_will = c->has_will;
	l->asked.delay_s = v5 && c->will.has & HAS(WILL_DELAY) ? c->will.will_delay : 0;
	l->asked.keep_alive_s = c->keep_alive;
	l->asked.expiry_s = v5 ? (pk->props.has & HAS(SESSION_EXPIRY) ? pk->props.session_expiry : 0) :
	                    c->clean_start ? 0 : UINT32_MAX;
}

void model_read(struct cable *l, const struct packet *pk)
{
	struct dev *d = l->dev;
	if (pk->type == PACKET_CONNECT)
		read_connect(l, pk);
	if (d->model.on != l)
		return;
	touch(d);
	if (pk->type == PACKET_SUBSCRIBE)
		truth_subscribed(d, pk);
	if (pk->type == PACKET_DISCONNECT)
		read_disconnect(d, l, pk);
}

void model_said(struct cable *l, const struct packet *pk)
{
	struct dev *d = l->dev;
	if (pk->type != PACKET_CONNACK || pk->reason)
		return;
	if (d->model.on)
		end_connection(d); /* taken over */
	if (d->model.session && l->asked.clean)
		end_session(d);
	bool present = d->model.session;
	if (l->down.in.level != LEVEL_31 && present != pk->session_present)
		sim_fail("will", "%s: Session Present is %d", d->id, pk->session_present);
	drop(d, ACT_CANCELLED);
	d->model.session = true;
	d->model.number += !present;
	if (!present)
		d->model.presumed = l->down.in.level == LEVEL_31 && !l->asked.clean;
	d->model.on = l;
	d->model.end = NEVER;
	d->model.has_will = l->asked.has_will;
	d->model.delay_s = l->asked.delay_s;
	d->model.expiry_s = pk->props.has & HAS(SESSION_EXPIRY) ? pk->props.session_expiry : l->asked.expiry_s;
	d->model.keep_alive_s = pk->props.has & HAS(SERVER_KEEP_ALIVE) ? pk->props.server_keep_alive : l->asked.keep_alive_s;
	truth_accepted(d);
	fault_invite(d);
	touch(d);
}

/* ---- What ends ---- */

void model_gone(struct cable *l)
{
	if (l->dev->model.on == l)
		end_connection(l->dev);
}

/* Whatever is due, in the order of its time. */
void model_tick(void)
{
	for (struct dev *d = sim.devs; d < sim.devs + CREW; d++) {
		if (d->model.on && d->model.silent_at <= sim.now)
			end_connection(d);
		if (d->model.waits && d->model.due <= sim.now)
			publish(d);
		if (!d->model.on && d->model.session && d->model.end <= sim.now)
			end_session(d);
	}
}

void model_remove(struct dev *d)
{
	if (d->model.on) {
		d->model.expiry_s = 0;
		end_connection(d);
	} else if (d->model.session) {
		end_session(d);
	}
}

void model_shut_down(void)
{
	for (struct dev *d = sim.devs; d < sim.devs + CREW; d++) {
		if (d->model.has_will)
			publish(d);
		model_remove(d);
	}
}

void model_forget(void)
{
	for (struct dev *d = sim.devs; d < sim.devs + CREW; d++) {
		d->model.on = NULL;
		d->model.session = d->model.has_will = d->model.waits = d->model.subscribed = false;
		d->model.silent_at = d->model.end = NEVER;
		d->owed_count = 0;
	}
}
