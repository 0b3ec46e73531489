/* SPDX-License-Identifier: MIT */
/*
 * The promises of a client with presence, seen from the bytes that it writes and reads: [W1] its will in every CONNECT, [W2]
 * the order behind CONNACK, [W3] no clean end without an acknowledged goodbye, [W4] statements that do not follow each
 * other too fast. What is in flight belongs to the process; the rest to the connection.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "wire/will.h"

/* A topic may be an alias. */
static bool is_status(struct cable *l, const struct packet *pk)
{
	bool  named = span_equal(pk->topic, span_text(l->dev->status, 0));
	bool *alias = &l->watch.alias_is_status[pk->props.topic_alias % ALIASES];
	if (!(pk->props.has & HAS(TOPIC_ALIAS)))
		return named;
	if (pk->topic.n)
		*alias = named;
	return *alias;
}

static bool says(const struct packet *pk, const char *text)
{
	return span_equal(pk->payload, span_text(text, 0));
}

/* A letter's number from its payload, "p SERIAL SEQ ..."; 0: it is none of this process's. */
static uint32_t letter_of(const struct cable *l, const struct packet *pk)
{
	char          text[32] = "";
	unsigned long serial, seq;
	char         *end;
	memcpy(text, pk->payload.p, pk->payload.n < 31 ? pk->payload.n : 31);
	if (text[0] != 'p')
		return 0;
	serial = strtoul(text + 1, &end, 10);
	seq = strtoul(end, NULL, 10);
	return serial == l->proc->serial ? (uint32_t)seq : 0;
}

/* ---- What is in flight ---- */

static void flight_remove(struct proc *p, size_t i)
{
	memmove(p->flight + i, p->flight + i + 1, (p->flight_count - i - 1) * sizeof p->flight[0]);
	p->flight_count--;
}

static size_t flight_find(const struct proc *p, uint16_t id)
{
	size_t i = 0;
	while (i < p->flight_count && p->flight[i].id != id)
		i++;
	return i;
}

/* The first that is still to be sent again. */
static size_t flight_next(const struct proc *p)
{
	size_t i = 0;
	while (i < p->flight_count && p->flight[i].seen)
		i++;
	return i;
}

static void flight_insert(struct cable *l, size_t at, const struct shot *shot)
{
	struct proc *p = l->proc;
	if (p->flight_count == IN_FLIGHT)
		sim_fail("W2", "%s: more than %d messages are in flight", l->dev->id, IN_FLIGHT);
	memmove(p->flight + at + 1, p->flight + at, (p->flight_count - at) * sizeof p->flight[0]);
	p->flight[at] = *shot;
	p->flight_count++;
}

static struct shot shot_of(const struct cable *l, const struct packet *pk, bool status)
{
	return (struct shot){.seq = status ? 0 : letter_of(l, pk), .id = pk->id, .status = status, .seen = true};
}

/* ---- What the client writes ---- */

static void wrote_connect(struct cable *l, const struct packet *pk)
{
	const struct connect *c = &pk->connect;
	const struct dev     *d = l->dev;
	bool good = c->has_will && span_equal(c->will_topic, span_text(d->status, 0)) &&
	            span_equal(c->will_payload, span_text("offline", 0)) && c->will_retain == !d->presence.no_retain &&
	            c->will_qos == presence_qos(&d->presence);
	uint32_t delay = c->will.has & HAS(WILL_DELAY) ? c->will.will_delay : 0;
	if (!good || (c->level == LEVEL_5 && delay != d->presence.delay_s))
		sim_fail("W1", "%s: a CONNECT without its will", d->id);
	l->watch.v5 = c->level == LEVEL_5;
	l->watch.level = c->level;
	l->watch.greeted = true;
	l->clean = c->clean_start;
	sim.totals.connects++;
}

/* What goes before the application's [W2]. */
static void check_turn(const struct cable *l, const char *what)
{
	if (!l->watch.said_birth)
		sim_fail("W2", "%s: %s goes before the birth", l->dev->id, what);
	if (flight_next(l->proc) < l->proc->flight_count)
		sim_fail("W2", "%s: %s goes before what a resumed session sends again", l->dev->id, what);
	if (l->watch.truth_due)
		sim_fail("W2", "%s: %s goes before the truth, after old statements", l->dev->id, what);
}

/* It was committed on an earlier connection, behind what was seen of it, and its bytes had not left. */
static void late_shot(struct cable *l, const struct packet *pk, bool status)
{
	struct shot shot = shot_of(l, pk, status);
	size_t      at = 0;
	while (at < l->proc->flight_count && l->proc->flight[at].old)
		at++;
	shot.old = true;
	flight_insert(l, at, &shot);
	l->watch.truth_due |= status;
	l->watch.again += status;
}

static void wrote_again(struct cable *l, const struct packet *pk, bool status)
{
	struct proc *p = l->proc;
	size_t       i = flight_next(p);
	if (i == p->flight_count && flight_find(p, pk->id) == p->flight_count) {
		late_shot(l, pk, status);
		return;
	}
	if (i == p->flight_count || p->flight[i].id != pk->id || p->flight[i].released)
		sim_fail("W2", "%s: identifier %u is sent again out of its order", l->dev->id, pk->id);
	if (!l->watch.said_birth && l->watch.stale < 2)
		l->watch.early = pk->id;
	if (!p->flight[i].status && p->flight[i].seq != letter_of(l, pk))
		sim_fail("W2", "%s: another message is sent again under identifier %u", l->dev->id, pk->id);
	p->flight[i].seen = true;
	l->watch.truth_due |= p->flight[i].status;
	l->watch.again += p->flight[i].status;
}

static void wrote_birth(struct cable *l)
{
	uint64_t now = proc_clock(l->proc);
	size_t   n = l->watch.birth_count;
	if (!l->watch.said_birth && l->watch.early && l->watch.again < 2)
		sim_fail("W2", "%s: identifier %u is sent again before the birth", l->dev->id, l->watch.early);
	if (l->watch.piled) {
		l->watch.piled = false;
		l->watch.birth_count = 0;
	} else if (!l->watch.truth_due) { /* [W4] */
		bool fast = n && now - l->watch.births[(n - 1) % 8] < 1000;
		bool often = n >= 7 && now - l->watch.births[(n - 7) % 8] < 60000;
		if (fast || often)
			sim_fail("W4", "%s: the truth is stated too often", l->dev->id);
		l->watch.births[n % 8] = now;
		l->watch.birth_count++;
		sim.totals.restated += n > 0;
	}
	l->watch.said_birth = true;
	l->watch.truth_due = false;
	sim.totals.births++;
}

static void wrote_goodbye(struct cable *l, const struct packet *pk)
{
	if (!l->proc->closing || l->proc->goodbye != MQTTWILL_GOODBYE_OFFLINE)
		sim_fail("W3", "%s: says goodbye and was not asked to", l->dev->id);
	l->watch.said_goodbye = true;
	l->watch.goodbye_id = pk->id;
	l->watch.goodbye_qos = pk->qos;
	l->watch.goodbye_pings = l->watch.pings_out + 1;
}

static void wrote_publish(struct cable *l, const struct packet *pk)
{
	bool status = is_status(l, pk);
	if (pk->dup) {
		wrote_again(l, pk, status);
		return;
	}
	if (status && says(pk, "online"))
		wrote_birth(l);
	else if (status)
		wrote_goodbye(l, pk);
	else
		check_turn(l, "a message");
	if (pk->qos) {
		struct shot shot = shot_of(l, pk, status);
		flight_insert(l, l->proc->flight_count, &shot);
	}
}

/* An answer to PUBREC, or sent again in its turn. */
static void wrote_pubrel(struct cable *l, const struct packet *pk)
{
	struct proc *p = l->proc;
	size_t       i = flight_find(p, pk->id);
	if (i == p->flight_count)
		return;
	if (!p->flight[i].released)
		sim_fail("W2", "%s: PUBREL %u before PUBREC", l->dev->id, pk->id);
	if (!p->flight[i].seen && i != flight_next(p))
		sim_fail("W2", "%s: PUBREL %u is sent again out of its order", l->dev->id, pk->id);
	l->watch.truth_due |= !p->flight[i].seen && p->flight[i].status;
	l->watch.again += !p->flight[i].seen && p->flight[i].status;
	p->flight[i].seen = true;
}

/* A restarted process ends what its forerunner left behind, and says nothing else. */
static bool ends_foreign(const struct cable *l)
{
	return l->watch.v5 && l->watch.resumed && !l->watch.said_birth && !l->proc->up;
}

static void wrote_disconnect(struct cable *l, const struct packet *pk)
{
	const struct proc *p = l->proc;
	bool clean = !l->watch.v5 || pk->reason == REASON_SUCCESS;
	bool silent = p->closing && p->goodbye == MQTTWILL_GOODBYE_SILENT;
	l->watch.disconnected = true;
	if (clean && !silent && !l->watch.goodbye_heard && !ends_foreign(l)) /* [W3] */
		sim_fail("W3", "%s: DISCONNECT 0x00 without an acknowledged goodbye", l->dev->id);
	sim.totals.goodbyes += clean && l->watch.goodbye_heard;
	if (clean && ends_foreign(l)) {
		l->dev->unarmed = true;
		sim.totals.unarmed++;
	}
}

/* The self-watch is presence's own, and follows the birth's acknowledgement. */
static bool is_own_watch(const struct cable *l, const struct packet *pk)
{
	struct filter f;
	size_t        at = 0;
	return l->watch.said_birth && filter_next(pk, &at, &f) && span_equal(f.filter, span_text(l->dev->status, 0));
}

void watch_wrote(struct cable *l, const struct packet *pk)
{
	if (!l->proc)
		return;
	if (sim.verbose && pk->type != PACKET_PINGREQ)
		sim_say("%s.%u writes %s %u", l->dev->id, l->proc->serial, packet_name(pk->type), pk->id);
	if (l->watch.disconnected)
		sim_fail("W3", "%s: a packet behind DISCONNECT", l->dev->id);
	if (pk->type == PACKET_CONNECT)
		wrote_connect(l, pk);
	else if (pk->type == PACKET_PUBLISH)
		wrote_publish(l, pk);
	else if (pk->type == PACKET_PUBREL)
		wrote_pubrel(l, pk);
	else if (pk->type == PACKET_SUBSCRIBE && !is_own_watch(l, pk))
		check_turn(l, "SUBSCRIBE");
	else if (pk->type == PACKET_PINGREQ)
		l->watch.pings_out++;
	else if (pk->type == PACKET_DISCONNECT)
		wrote_disconnect(l, pk);
}

/* ---- What it reads ---- */

static void read_connack(struct cable *l, const struct packet *pk)
{
	struct proc *p = l->proc;
	if (pk->reason)
		return;
	l->watch.accepted = true;
	l->watch.resumed = l->watch.level == LEVEL_31 ? !l->clean : pk->session_present;
	if (!l->watch.resumed)
		p->flight_count = 0;
	for (size_t i = 0; i < p->flight_count; i++) {
		p->flight[i].seen = false;
		p->flight[i].old = true;
		l->watch.stale += p->flight[i].status;
	}
}

static void read_ack(struct cable *l, const struct packet *pk, bool last)
{
	struct proc *p = l->proc;
	size_t       i = flight_find(p, pk->id);
	if (last && l->watch.said_goodbye && pk->id == l->watch.goodbye_id)
		l->watch.goodbye_heard = true;
	if (i == p->flight_count)
		return;
	if (last)
		flight_remove(p, i);
	else
		p->flight[i].released = true;
}

void watch_read(struct cable *l, const struct packet *pk)
{
	if (!l->proc)
		return;
	if (sim.verbose && pk->type != PACKET_PINGRESP)
		sim_say("%s.%u reads %s %u", l->dev->id, l->proc->serial, packet_name(pk->type), pk->id);
	if (pk->type == PACKET_CONNACK)
		read_connack(l, pk);
	else if (pk->type == PACKET_PUBACK || pk->type == PACKET_PUBCOMP || pk->type == PACKET_PUBREC)
		read_ack(l, pk, pk->type != PACKET_PUBREC || pk->reason >= REASON_FAILURE);
	else if (pk->type == PACKET_PINGRESP)
		l->watch.pings_in++;
	if (l->watch.said_goodbye && l->watch.goodbye_qos == 0 && l->watch.pings_in >= l->watch.goodbye_pings)
		l->watch.goodbye_heard = true;
}
