/* SPDX-License-Identifier: MIT */
/*
 * Identifiers go round; with at most 65,535 in use a free one is found within a few steps, because they are freed in about
 * the order in which they were taken.
 */
#include "session/flight.h"

#include <stdlib.h>
#include <string.h>

#include <mqttwill.h>

#include "wire/splice.h"
#include "wire/vbi.h"

void flight_init(struct flight *f)
{
	*f = (struct flight){0};
	list_init(&f->sent);
}

void flight_fini(struct flight *f)
{
	for (struct list *l; (l = list_first(&f->sent));) {
		list_remove(l);
		free(list_entry(l, struct outgoing, link));
	}
	idtable_fini(&f->out);
	flight_forget_received(f);
	struct store  *store = f->store;
	const uint64_t held[2] = {f->held[0], f->held[1]};
	pool_relax(&f->pool);
	flight_init(f);
	f->store = store;
	memcpy(f->held, held, sizeof held); /* a handle is never given twice */
}

void flight_forget_received(struct flight *f)
{
	for (uint32_t i = 0; f->store && i < f->in.size; i++)
		if (f->in.slots[i].value)
			store_received(f->store, f->in.slots[i].id, false);
	idtable_fini(&f->in);
}

void flight_relax(struct flight *f)
{
	pool_relax(&f->pool);
	if (f->out.count == 0)
		idtable_fini(&f->out);
	if (f->in.count == 0)
		idtable_fini(&f->in);
}

static uint16_t fresh_id(struct flight *f)
{
	do {
		f->last_id++;
	} while (f->last_id == 0 || idtable_get(&f->out, f->last_id)); /* [MQTT-2.2.1-3] */
	return f->last_id;
}

int flight_enter(struct flight *f, struct outgoing *o)
{
	if (f->out.count >= UINT16_MAX)
		return MQTTWILL_EFULL;
	uint16_t id = fresh_id(f); /* [MQTT-4.3.2-1], [MQTT-4.3.3-1] */
	if (!idtable_put(&f->out, id, o))
		return MQTTWILL_ENOMEM;
	o->id = id;
	o->state = OUTGOING_SENT;
	o->reason = 0;
	put_u16(o->bytes + o->id_at, id);
	list_push(&f->sent, &o->link);
	f->open += o->type == PACKET_PUBLISH; /* [MQTT-4.9.0-2] */
	return 0;
}

void flight_leave(struct flight *f, struct outgoing *o)
{
	idtable_take(&f->out, o->id); /* [U-2.2.1-b] */
	list_remove(&o->link);
	f->open -= o->type == PACKET_PUBLISH;
	o->state = OUTGOING_QUEUED;
	o->waiting = false;
	if (o->type == PACKET_PUBLISH)
		o->bytes[0] &= 0xF7; /* sent anew it is no duplicate [MQTT-4.3.2-2], [MQTT-4.3.3-2] */
}

static uint32_t header_size(const uint8_t *bytes)
{
	const uint8_t *p = bytes + 1;
	vbi_get(&p);
	return (uint32_t)(p - bytes);
}

static uint32_t id_offset(const struct outgoing *o)
{
	uint32_t header = header_size(o->bytes);
	if (o->type != PACKET_PUBLISH)
		return header;
	return o->qos ? header + 2u + get_u16(o->bytes + header) : 0;
}

/* Of the four bytes behind the property's identifier. Only what comes before it in the table can stand before it. */
static uint32_t expiry_offset(const struct packet *pk, const uint8_t *bytes)
{
	const uint8_t *p = bytes + header_size(bytes) + 2 + pk->topic.n + (pk->qos ? 2 : 0);
	vbi_get(&p); /* the Property Length */
	return (uint32_t)(p - bytes) + (pk->props.has & HAS(PAYLOAD_FORMAT) ? 2 : 0) + 1;
}

static int make(struct pool *pool, struct outgoing **out, const struct packet *pk, uint8_t level)
{
	size_t  size = packet_size(pk, level);
	bool    expires = level == LEVEL_5 && pk->type == PACKET_PUBLISH && pk->props.has & HAS(MESSAGE_EXPIRY);
	uint8_t class;
	*out = NULL;
	if (size == 0)
		return MQTTWILL_EMESSAGE;
	struct outgoing *o = pool_take(pool, sizeof *o + size + RECODE_GROWTH, &class);
	if (!o)
		return MQTTWILL_ENOMEM;
	*o = (struct outgoing){
		.size = (uint32_t)size,
		.count = (uint32_t)pk->count,
		.type = pk->type,
		.level = level,
		.qos = pk->qos,
		.class = class,
	};
	list_init(&o->link);
	packet_encode(pk, level, o->bytes);
	o->id_at = id_offset(o);
	if (o->id_at)
		put_u16(o->bytes + o->id_at, 1); /* any one but 0, so that what waits can be decoded */
	o->expiry_s = expires ? pk->props.message_expiry : 0;
	if (pk->type == PACKET_PUBLISH)
		o->expiry_at = expires ? expiry_offset(pk, o->bytes) : 0;
	*out = o;
	return 0;
}

int flight_new(struct flight *f, struct outgoing **out, const struct packet *pk, uint8_t level)
{
	return make(&f->pool, out, pk, level);
}

void flight_free(struct flight *f, struct outgoing *o)
{
	pool_give(&f->pool, o, o->class);
}

int outgoing_new(struct outgoing **out, const struct packet *pk, uint8_t level)
{
	return make(&(struct pool){0}, out, pk, level);
}

static void fill_restored(struct outgoing *o, const struct store_message *m, const struct packet *pk, uint64_t now_ms)
{
	bool expires = m->level == LEVEL_5 && pk->props.has & HAS(MESSAGE_EXPIRY);
	o->token = m->token;
	o->queued_ms = now_ms - m->waited_ms; /* it may be before the clock began: what is counted are differences */
	o->size = (uint32_t)m->size;
	o->id_at = id_offset(o);
	o->expiry_at = expires ? expiry_offset(pk, o->bytes) : 0;
	o->expiry_s = expires ? m->expiry_s : 0;
	o->presence = m->presence;
	o->want_done = m->want_done;
}

static int restore_sent(struct flight *f, struct outgoing *o, const struct store_message *m)
{
	if (o->id_at == 0 || m->id == 0 || idtable_get(&f->out, m->id))
		return MQTTWILL_EINVAL;
	if (!idtable_put(&f->out, m->id, o))
		return MQTTWILL_ENOMEM;
	o->id = m->id;
	o->state = m->state;
	list_push(&f->sent, &o->link);
	f->open++;
	return 0;
}

int flight_restore(struct flight *f, struct outgoing **out, const struct store_message *m, uint64_t now_ms)
{
	struct packet    pk;
	struct fault     fault;
	uint8_t          class;
	*out = NULL;
	if (packet_decode(&pk, m->level, FROM_CLIENT, m->bytes, m->size, &fault) < 0 || pk.type != PACKET_PUBLISH)
		return MQTTWILL_EINVAL;
	struct outgoing *o = pool_take(&f->pool, sizeof *o + m->size + RECODE_GROWTH, &class);
	if (!o)
		return MQTTWILL_ENOMEM;
	*o = (struct outgoing){.type = PACKET_PUBLISH, .qos = pk.qos, .level = m->level, .class = class};
	list_init(&o->link);
	put_bytes(o->bytes, m->bytes, m->size);
	fill_restored(o, m, &pk, now_ms);
	int rc = m->state == OUTGOING_QUEUED ? 0 : restore_sent(f, o, m);
	if (rc < 0)
		flight_free(f, o);
	else
		*out = o;
	return rc;
}

void outgoing_recode(struct outgoing *o, const struct recode *how)
{
	uint32_t before = o->size;
	o->size = (uint32_t)packet_recode(o->bytes, o->size, how);
	o->level = how->to;
	if (o->type == PACKET_PUBLISH) {
		o->qos = o->qos < how->qos ? o->qos : how->qos;
		bool kept = o->expiry_at && how->to == LEVEL_5 && !how->no_properties;
		o->expiry_at = kept ? o->expiry_at + o->size - before : 0; /* the end is as it was */
	}
	o->id_at = id_offset(o);
}

void outgoing_strip(struct outgoing *o)
{
	outgoing_recode(o, &(struct recode){.from = LEVEL_5, .to = LEVEL_5, .no_properties = true});
}

struct span outgoing_topic(const struct outgoing *o)
{
	return splice_topic(o->bytes);
}

uint64_t outgoing_waited_ms(const struct outgoing *o, uint64_t now_ms)
{
	uint64_t waited_ms = now_ms - o->queued_ms;
	return waited_ms < UINT64_MAX / 2 ? waited_ms : 0; /* it was queued within this turn, after its look at the clock */
}

/* A second that has begun counts as spent: nothing becomes longer-lived by rounding. */
uint32_t outgoing_left_s(const struct outgoing *o, uint64_t now_ms)
{
	uint64_t waited_ms = outgoing_waited_ms(o, now_ms);
	uint64_t waited_s = waited_ms / 1000 + (waited_ms % 1000 > 0);
	if (o->type != PACKET_PUBLISH || o->expiry_at == 0)
		return UINT32_MAX;
	return waited_s < o->expiry_s ? o->expiry_s - (uint32_t)waited_s : 0;
}

void outgoing_spend(struct outgoing *o, uint64_t now_ms, uint32_t least)
{
	uint32_t left = outgoing_left_s(o, now_ms);
	if (o->type == PACKET_PUBLISH && o->expiry_at)
		put_u32(o->bytes + o->expiry_at, left > least ? left : least);
}
