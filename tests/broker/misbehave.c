/* SPDX-License-Identifier: MIT */
/*
 * Bytes that are held wait in the order of their times, whatever they are, and then join the output.
 */
#include "broker/misbehave.h"

#include <stdlib.h>
#include <strings.h>

#include "broker/core.h"
#include "wire/packet.h"

struct held {
	struct list node;
	uint64_t    due_ms;
	size_t      n;
	uint8_t     bytes[];
};

#define BIT(type) (1u << PACKET_##type)
#define DELAYED (BIT(CONNACK) | BIT(PUBACK) | BIT(PUBREC) | BIT(PUBCOMP) | BIT(SUBACK) | BIT(UNSUBACK) | BIT(PINGRESP))

static const struct misbehaviour *rules(const struct broker_link *l)
{
	static const struct misbehaviour none;
	const struct misbehaviour       *m = &l->broker->options.misbehaviour;
	if (m->only && !(l->session && span_equal(l->session->client_id, span_text(m->only, 0))))
		return &none;
	return m;
}

static void release(struct timer *t, uint64_t now_ms)
{
	struct broker_link *l = list_entry(t, struct broker_link, mischief.due);
	for (struct list *n; (n = list_first(&l->mischief.held));) {
		struct held *h = list_entry(n, struct held, node);
		if (h->due_ms > now_ms) {
			timer_arm(&l->broker->timers, t, h->due_ms);
			return;
		}
		buf_append(&l->out, h->bytes,
		           h->n); /* without room or memory it is lost: no worse than what it is for */
		list_remove(n);
		free(h);
	}
}

/* Where bytes are to be put that are sent at that time; NULL: no memory. */
static uint8_t *hold(struct broker_link *l, size_t n, uint64_t due_ms)
{
	struct held *h = malloc(sizeof *h + n);
	struct list *before = l->mischief.held.prev;
	if (!h)
		return NULL;
	h->due_ms = due_ms;
	h->n = n;
	while (before != &l->mischief.held && list_entry(before, struct held, node)->due_ms > due_ms)
		before = before->prev;
	list_insert(&h->node, before->next);
	timer_arm(&l->broker->timers, &l->mischief.due,
	          list_entry(list_first(&l->mischief.held), struct held, node)->due_ms);
	return h->bytes;
}

void misbehave_begin(struct broker_link *l)
{
	const struct misbehaviour *m = rules(l);
	list_init(&l->mischief.held);
	l->mischief.due.fire = release;
	l->mischief.silent_at = m->silence == SILENT_AFTER_BYTES ? m->silent_after : UINT64_MAX;
}

void misbehave_fini(struct broker_link *l)
{
	for (struct list *n; (n = list_first(&l->mischief.held));) {
		list_remove(n);
		free(list_entry(n, struct held, node));
	}
	timer_stop(&l->broker->timers, &l->mischief.due);
}

/* When it may leave: no answer before its time, nothing before CONNACK, no DISCONNECT before what is held. */
static uint64_t leaves_at(const struct broker_link *l, const struct misbehaviour *m, uint8_t type)
{
	uint64_t at_ms = l->broker->now_ms;
	if (DELAYED & 1u << type)
		at_ms += m->delay_ms;
	else if (type == PACKET_DISCONNECT && !list_empty(&l->mischief.held))
		at_ms = list_entry(l->mischief.held.prev, struct held, node)->due_ms;
	return at_ms > l->mischief.connack_ms ? at_ms : l->mischief.connack_ms;
}

bool misbehave_keeps(struct broker_link *l, const struct packet *pk, size_t size)
{
	const struct misbehaviour *m = rules(l);
	bool                       withheld = m->withhold & 1u << pk->type;
	l->mischief.mute |= withheld && pk->type == PACKET_CONNACK;
	if (withheld || l->mischief.mute)
		return true;
	uint64_t at_ms = leaves_at(l, m, pk->type);
	uint8_t *bytes = at_ms > l->broker->now_ms ? hold(l, size, at_ms) : NULL;
	if (!bytes)
		return false;
	if (pk->type == PACKET_CONNACK)
		l->mischief.connack_ms = at_ms;
	packet_encode(pk, l->level, bytes);
	return true;
}

void misbehave_accepted(struct broker_link *l)
{
	const struct misbehaviour *m = rules(l);
	if (m->silence == SILENT_AFTER_BYTES)
		l->mischief.silent_at = m->silent_after;
	else if (m->silence == SILENT_AFTER_CONNACK)
		l->mischief.silent_at = l->mischief.given + buf_len(&l->out);
	uint8_t *bytes = m->send.n ? hold(l, m->send.n, l->broker->now_ms + m->delay_ms + m->send_after_ms) : NULL;
	if (bytes)
		put_bytes(bytes, m->send.p, m->send.n);
}

bool misbehave_is_silent(const struct broker_link *l)
{
	return l->mischief.given >= l->mischief.silent_at;
}

size_t misbehave_hears(struct broker_link *l, size_t n)
{
	uint64_t before = l->mischief.heard, last = rules(l)->close_at;
	l->mischief.heard += n;
	if (misbehave_is_silent(l))
		return 0;
	if (!last || l->mischief.heard < last)
		return n;
	l->mischief.closes = true;
	return before < last ? (size_t)(last - before) : 0;
}

size_t misbehave_shows(const struct broker_link *l, size_t n)
{
	uint64_t left = misbehave_is_silent(l) ? 0 : l->mischief.silent_at - l->mischief.given;
	return left < n ? (size_t)left : n;
}

bool misbehave_holds(const struct broker_link *l)
{
	return !list_empty(&l->mischief.held);
}

uint32_t misbehave_bit(const char *name, size_t n)
{
	for (uint8_t type = PACKET_CONNECT; type < PACKET_TYPES; type++)
		if (strlen(packet_name(type)) == n && !strncasecmp(packet_name(type), name, n))
			return 1u << type;
	return 0;
}
