/* SPDX-License-Identifier: MIT */
/*
 * A reader of every status, who has a perfect connection; it also sends the devices their mail, and lies. What it is shown
 * of a device must not be a lie for longer than mqttwill_timing() says: of one that is gone, from when the broker has
 * heard of it for the last time; of one that is there, as long as a statement may take.
 */
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"

enum { SLACK_MS = 1000, STATE_MS = 45000, RESTATE_MS = 70000, MAIL_MS = 120000 };

static struct {
	struct broker_link *link;
	struct stream       in;
	uint16_t            id;
} reader;

/* ---- The reader's connection ---- */

static void reader_send(const struct packet *pk)
{
	uint8_t bytes[1024];
	size_t  n = packet_encode(pk, LEVEL_311, bytes);
	broker_receive(reader.link, bytes, n, sim.now);
	model_tick();
	model_compare();
}

void truth_begin(void)
{
	struct filter all = {span_text("+/status", 0), 0};
	struct packet hello = {.type = PACKET_CONNECT};
	hello.connect = (struct connect){.level = LEVEL_311, .clean_start = true, .client_id = span_text("reader", 0)};
	for (struct dev *d = sim.devs; d < sim.devs + CREW; d++)
		d->shown = SHOWN_NOTHING;
	broker_refuse_next(sim.broker, 0); /* that is for others */
	reader.link = broker_accept(sim.broker, sim.now);
	reader.id = 0;
	reader.in.len = 0;
	reader.in.level = LEVEL_311;
	reader_send(&hello);
	reader_send(&(struct packet){.type = PACKET_SUBSCRIBE, .id = 1, .filters = &all, .count = 1});
}

void truth_publish(const char *topic, const char *payload, uint8_t qos, bool retain)
{
	uint16_t      id = reader.id = (uint16_t)(reader.id % 60000 + 1);
	struct packet pk = {.type = PACKET_PUBLISH, .qos = qos, .id = qos ? id : 0, .retain = retain};
	pk.topic = span_text(topic, 0);
	pk.payload = span_text(payload, 0);
	if (!reader.link)
		return;
	reader_send(&pk);
	if (qos == 2)
		reader_send(&(struct packet){.type = PACKET_PUBREL, .id = id});
	sim.moved = true;
}

static void show(struct dev *d, const struct packet *pk)
{
	uint8_t shown = span_equal(pk->payload, span_text("online", 0)) ? SHOWN_ONLINE : SHOWN_OFFLINE;
	if (shown != d->shown)
		d->shown_since = sim.now;
	d->shown = shown;
	if (sim.verbose)
		sim_say("%s is shown %s", d->id, shown == SHOWN_ONLINE ? "online" : "offline");
}

static void read_packet(struct cable *l, const struct packet *pk)
{
	(void)l;
	for (struct dev *d = sim.devs; d < sim.devs + CREW; d++)
		if (pk->type == PACKET_PUBLISH && span_equal(pk->topic, span_text(d->status, 0)))
			show(d, pk);
}

/* A watch that never had its SUBACK is given up, and the application is told: then nobody would mend it. */
static void tell_lie(struct dev *d)
{
	const struct proc *p = &d->procs[0];
	if (!p->c || p->c->presence.watch == WATCH_OFF)
		d->lies = 0;
	if (d->lies == 0 || d->shown != SHOWN_ONLINE)
		return;
	d->lies--;
	truth_publish(d->status, "offline", (uint8_t)sim_roll(2), !d->presence.no_retain);
}

void truth_end_of_broker(bool memory_lost)
{
	if (reader.link && !memory_lost)
		broker_closed(reader.link, sim.now);
	reader.link = NULL;
}

/* A reader who comes late reads what one reads who was there. */
void truth_late(void)
{
	uint8_t before[CREW];
	truth_tick();
	for (size_t i = 0; i < CREW; i++)
		before[i] = sim.devs[i].shown;
	broker_closed(reader.link, sim.now);
	truth_begin();
	truth_tick();
	for (size_t i = 0; i < CREW; i++)
		if (!sim.devs[i].presence.no_retain && sim.devs[i].shown != before[i])
			sim_fail("truth", "%s: who comes late reads something else", sim.devs[i].id);
}

/* ---- What the broker has heard ---- */

void truth_subscribed(struct dev *d, const struct packet *pk)
{
	struct filter f;
	size_t        at = 0;
	while (filter_next(pk, &at, &f))
		d->model.subscribed |= span_equal(f.filter, span_text(d->mail_topic, 0));
}

void truth_heard(struct dev *d)
{
	d->heard_at = sim.now;
}

void truth_accepted(struct dev *d)
{
	d->unarmed = d->silent = false;
	d->terms = (struct mqttwill_terms){
		.version = d->options.version,
		.keepalive_s = d->model.keep_alive_s,
		.session_expiry_s = d->model.expiry_s,
		.delay_s = d->model.delay_s,
	};
}

/* At QoS 2 it can be taken for what the client still has halfway there, from a session that the broker has lost. */
static bool is_owed(const struct dev *d, uint8_t qos)
{
	return d->model.session && d->model.subscribed && dev_is_alone(d) && !(qos == 2 && d->model.presumed);
}

void truth_mail(struct dev *d)
{
	char    text[32];
	uint8_t qos = (uint8_t)(1 + sim_roll(2));
	if (d->owed_count == sizeof d->owed / sizeof d->owed[0])
		return;
	snprintf(text, sizeof text, "m%u", ++d->mail_number);
	if (is_owed(d, qos))
		d->owed[d->owed_count++] = (struct mail){d->mail_number, sim.now};
	truth_publish(d->mail_topic, text, qos, false);
}

/* ---- Truth and lies ---- */

static bool is_there(const struct dev *d)
{
	const struct cable *l = d->model.on;
	const struct proc  *p = l ? l->proc : NULL;
	return p && p->c && p->up && !p->frozen_until && !p->closing && l->watch.accepted && cable_is_sound(l);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * At QoS 2 a statement, too, can be taken for one that an earlier process, or a twin, has left halfway there under the same
 * identifier: MQTTWILL_REJOIN_ALWAYS takes that into the bargain, and two clients in one session do.
 */
static bool may_be_swallowed(const struct dev *d)
{
	return d->presence.qos == 2 && (!dev_is_alone(d) || d->model.number <= d->procs[0].heritage);
}

static void check_gone(struct dev *d)
{
	struct mqttwill_timing t;
	uint64_t since = later(later(d->gone_since, d->heard_at), sim.broker_since);
	if (d->shown != SHOWN_ONLINE || d->silent || d->unarmed || may_be_swallowed(d))
		return;
	mqttwill_timing(&d->terms, MQTTWILL_ENDING_CUT, &t);
	if (sim.now - since > sim.totals.longest_lie_ms)
		sim.totals.longest_lie_ms = sim.now - since;
	if (sim.now - since > t.latest_ms + SLACK_MS)
		sim_fail("truth", "%s: is gone for %llu ms and shown online", d->id, (unsigned long long)(sim.now - since));
}

static void check_there(const struct dev *d)
{
	uint64_t since = later(d->live_since, d->shown_since);
	uint64_t bound = d->presence.self_watch ? RESTATE_MS : STATE_MS;
	if (d->shown != SHOWN_ONLINE && sim.now - since > bound && !may_be_swallowed(d))
		sim_fail("truth", "%s: is there for %llu ms and not shown online", d->id, (unsigned long long)(sim.now - since));
	for (size_t i = 0; i < d->owed_count; i++)
		if (sim.now - later(d->live_since, d->owed[i].since) > MAIL_MS)
			sim_fail("at least once", "%s: mail %u has not come", d->id, d->owed[i].number);
}

static void check(struct dev *d)
{
	bool there = is_there(d);
	if (there && !d->live_since)
		d->live_since = sim.now;
	if (!there && !d->gone_since)
		d->gone_since = sim.now;
	if (there)
		d->gone_since = 0;
	else
		d->live_since = 0;
	if (there)
		check_there(d);
	else
		check_gone(d);
}

void truth_tick(void)
{
	const uint8_t *bytes;
	if (sim.broker_back_at != NEVER)
		return;
	size_t n = reader.link ? broker_output(reader.link, &bytes) : 0;
	if (n) {
		stream_feed(&reader.in, bytes, n, read_packet, NULL, FROM_SERVER);
		broker_sent(reader.link, n, sim.now);
	}
}

void truth_check(void)
{
	for (struct dev *d = sim.devs; d < sim.devs + CREW; d++) {
		if (sim.broker_back_at == NEVER)
			check(d);
		if (d->next_mail <= sim.now) {
			d->next_mail = sim.now + sim_span(HOUR);
			truth_mail(d);
		}
		tell_lie(d);
	}
}
