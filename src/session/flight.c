/* SPDX-License-Identifier: MIT */
/*
 * Identifiers go round; with at most 65,535 in use a free one is found within a few steps, because they are freed in about
 * the order in which they were taken.
 */
#include "session/flight.h"

#include <stdlib.h>

#include <mqttwill.h>

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
	idtable_fini(&f->in);
	flight_init(f);
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

static uint32_t id_offset(const struct packet *pk, const uint8_t *bytes)
{
	uint32_t header = 1;
	while (bytes[header++] & 0x80)
		;
	if (pk->type != PACKET_PUBLISH)
		return header;
	return pk->qos ? header + 2 + (uint32_t)pk->topic.n : 0;
}

int outgoing_new(struct outgoing **out, const struct packet *pk, uint8_t level)
{
	size_t size = packet_size(pk, level);
	*out = NULL;
	if (size == 0)
		return MQTTWILL_EMESSAGE;
	struct outgoing *o = malloc(sizeof *o + size);
	if (!o)
		return MQTTWILL_ENOMEM;
	*o = (struct outgoing){.size = (uint32_t)size, .type = pk->type, .qos = pk->qos, .count = (uint32_t)pk->count};
	list_init(&o->link);
	packet_encode(pk, level, o->bytes);
	o->id_at = id_offset(pk, o->bytes);
	*out = o;
	return 0;
}
