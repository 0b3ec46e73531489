/* SPDX-License-Identifier: MIT */
/*
 * What waits too long. Message Expiry Interval and queue_age_s count for messages alone: a subscription that was asked for
 * is still wanted later. The queue is walked only when the earliest of its deadlines, or of those that were in it since the
 * last walk, has come.
 */
#include "client/internal.h"

enum { PAUSE_MS = 100 }; /* between two walks, so that a thousand deadlines close together do not cost a thousand */

/* When it has waited long enough; UINT64_MAX: never. */
static uint64_t due_at(const struct client *c, const struct outgoing *o)
{
	uint64_t most = c->config.queue_age_s ? c->config.queue_age_s * UINT64_C(1000) : UINT64_MAX;
	if (o->type != PACKET_PUBLISH)
		return UINT64_MAX;
	if (o->expiry_at && o->expiry_s * UINT64_C(1000) < most)
		most = o->expiry_s * UINT64_C(1000);
	if (most == UINT64_MAX)
		return UINT64_MAX;
	uint64_t waited = outgoing_waited_ms(o, c->now_ms);
	if (waited >= most)
		return c->now_ms;
	return waited ? c->now_ms + (most - waited) : o->queued_ms + most;
}

void expiry_begin(struct client *c, struct outgoing *o)
{
	bool counts = o->type == PACKET_PUBLISH && (o->expiry_at || c->config.queue_age_s);
	if (counts)
		o->queued_ms = c->in_step ? c->now_ms : clock_ms();
}

void expiry_note(struct client *c, const struct outgoing *o)
{
	uint64_t due = due_at(c, o);
	if (due < c->expire_at)
		c->expire_at = due;
}

bool expiry_passed(const struct client *c, const struct outgoing *o)
{
	return c->now_ms >= due_at(c, o) || outgoing_left_s(o, c->now_ms) == 0;
}

void expiry_sweep(struct client *c)
{
	if (c->now_ms < c->expire_at)
		return;
	c->expire_at = UINT64_MAX;
	for (struct list *l = c->queue.next, *next; l != &c->queue; l = next) {
		struct outgoing *o = list_entry(l, struct outgoing, link);
		next = l->next;
		if (c->now_ms >= due_at(c, o)) {
			queue_take(c, o);
			end_later(c, o, MQTTWILL_EEXPIRED);
		} else {
			expiry_note(c, o);
		}
	}
	if (c->expire_at < c->now_ms + PAUSE_MS)
		c->expire_at = c->now_ms + PAUSE_MS;
}

int expiry_explain(struct client *c, const struct outgoing *o)
{
	uint32_t age_s = c->config.queue_age_s;
	if (age_s && outgoing_waited_ms(o, c->now_ms) >= age_s * UINT64_C(1000))
		return client_fail(c, MQTTWILL_EEXPIRED, "publish: it waited longer than queue_age_s, %u s", (unsigned)age_s);
	return client_fail(c, MQTTWILL_EEXPIRED, "publish: less than a second of its Message Expiry Interval, %u s, was left (MQTT-3.3.2-5)",
	                   (unsigned)o->expiry_s);
}
