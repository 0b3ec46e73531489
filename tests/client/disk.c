/* SPDX-License-Identifier: MIT */
/*
 * What was told is found by its token; nothing here allocates, and order is made only when it is read.
 */
#include "client/disk.h"

#include <check.h>
#include <string.h>

#include "client/clock.h"

static struct disk *disk_of(struct store *s)
{
	return list_entry(s, struct disk, store);
}

static struct disk_record *find(struct disk *d, int64_t token)
{
	for (size_t i = 0; i < DISK_RECORDS; i++)
		if (d->now.records[i].token == token)
			return &d->now.records[i];
	return NULL;
}

static void write_down(struct disk *d, const struct outgoing *o)
{
	struct disk_record *r = find(d, o->token);
	if (!r) {
		r = find(d, 0);
		if (!r || o->size > DISK_BYTES)
			ck_abort_msg("the disk is full");
		*r = (struct disk_record){.token = o->token, .fresh = true, .queued_ms = o->queued_ms};
	}
	r->expiry_s = o->expiry_s;
	r->id = o->id;
	r->level = o->level;
	r->state = o->state;
	r->presence = o->presence;
	r->want_done = o->want_done;
	r->size = o->size;
	memcpy(r->bytes, o->bytes, o->size);
}

static int on_waits(struct store *s, const struct outgoing *o)
{
	struct disk *d = disk_of(s);
	if (d->refuses)
		return d->refuses;
	if (!d->dead)
		write_down(d, o);
	return 0;
}

static void on_sent(struct store *s, const struct outgoing *o)
{
	struct disk *d = disk_of(s);
	if (d->dead)
		return;
	write_down(d, o);
	find(d, o->token)->order = ++d->now.order;
}

static void on_released(struct store *s, const struct outgoing *o)
{
	if (!disk_of(s)->dead)
		write_down(disk_of(s), o);
}

static void on_returned(struct store *s, const struct outgoing *o)
{
	struct disk *d = disk_of(s);
	if (d->dead)
		return;
	write_down(d, o);
	find(d, o->token)->order = 0;
}

static void on_gone(struct store *s, int64_t token)
{
	struct disk        *d = disk_of(s);
	struct disk_record *r = d->dead ? NULL : find(d, token);
	if (r)
		r->token = 0;
}

static void on_received(struct store *s, uint16_t id, bool there)
{
	struct disk *d = disk_of(s);
	for (size_t i = 0; i < DISK_IDS && !d->dead; i++) {
		if (d->now.ids[i] != (there ? 0 : id))
			continue;
		d->now.ids[i] = there ? id : 0;
		return;
	}
	if (!d->dead)
		ck_abort_msg("an identifier that is not there, or too many of them");
}

static void keep(struct disk *d, const struct store_facts *facts)
{
	for (size_t i = 0; i < DISK_RECORDS; i++) {
		struct disk_record *r = &d->now.records[i];
		if (r->token && r->fresh)
			r->queued_unix_ms = facts->unix_ms - (int64_t)(facts->now_ms - r->queued_ms);
		r->fresh = false;
	}
	d->now.facts = *facts;
	d->now.client_id[0] = 0;
	if (facts->client_id)
		strncpy(d->now.client_id, facts->client_id, sizeof d->now.client_id - 1);
	d->now.server[0] = 0;
	if (facts->server)
		strncpy(d->now.server, facts->server, sizeof d->now.server - 1);
	d->kept = d->now;
}

static int on_commit(struct store *s, const struct store_facts *facts)
{
	struct disk *d = disk_of(s);
	bool         dies = ++d->commits == d->dies_at;
	if (d->dead || d->fails-- > 0)
		return MQTTWILL_ESYSTEM;
	d->fails = 0;
	if (!dies || d->dies_behind)
		keep(d, facts);
	d->dead = dies;
	return dies ? MQTTWILL_ESYSTEM : 0;
}

static bool comes_before(const struct disk_record *a, const struct disk_record *b)
{
	if (!a->order != !b->order)
		return a->order;
	return a->order ? a->order < b->order : a->token < b->token;
}

static const struct disk_record *next_record(const struct disk_image *m, const struct disk_record *last)
{
	const struct disk_record *next = NULL;
	for (const struct disk_record *r = m->records; r < m->records + DISK_RECORDS; r++)
		if (r->token && (!last || comes_before(last, r)) && (!next || comes_before(r, next)))
			next = r;
	return next;
}

static int show(const struct disk_record *r, const struct store_visitor *v, void *user)
{
	const struct store_message m = {
		.bytes = r->bytes,
		.size = r->size,
		.token = r->token,
		.waited_ms = (uint64_t)(clock_unix_ms() - r->queued_unix_ms),
		.expiry_s = r->expiry_s,
		.id = r->id,
		.level = r->level,
		.state = r->state,
		.presence = r->presence,
		.want_done = r->want_done,
	};
	return v->message(user, &m);
}

static int on_load(struct store *s, const struct store_visitor *v, void *user)
{
	struct disk       *d = disk_of(s);
	struct store_facts facts = d->kept.facts;
	facts.client_id = d->kept.client_id[0] ? d->kept.client_id : NULL;
	facts.server = d->kept.server[0] ? d->kept.server : NULL;
	int rc = d->kept.facts.level ? v->facts(user, &facts) : 0;
	for (const struct disk_record *r = NULL; rc == 0 && (r = next_record(&d->kept, r));) {
		rc = show(r, v, user);
		rc = rc ? rc : d->broken;
	}
	for (size_t i = 0; rc == 0 && i < DISK_IDS; i++)
		if (d->kept.ids[i])
			rc = v->received(user, d->kept.ids[i]);
	return rc;
}

void disk_init(struct disk *d)
{
	static const struct store_ops ops = {
		.waits = on_waits,
		.sent = on_sent,
		.released = on_released,
		.returned = on_returned,
		.gone = on_gone,
		.received = on_received,
		.commit = on_commit,
		.load = on_load,
	};
	memset(d, 0, sizeof *d);
	d->store.ops = &ops;
}

void disk_restart(struct disk *d)
{
	d->now = d->kept;
	d->dies_at = 0;
	d->dead = d->store.dirty = false;
}

size_t disk_count(const struct disk *d)
{
	size_t n = 0;
	for (size_t i = 0; i < DISK_RECORDS; i++)
		n += d->kept.records[i].token != 0;
	return n;
}
