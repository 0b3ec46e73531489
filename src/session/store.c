/* SPDX-License-Identifier: MIT */
/*
 * The calls that reach a store where there is one.
 */
#include "session/store.h"

#include "session/flight.h"

static bool keeps(struct store *s, const struct outgoing *o)
{
	bool kept = s && o->type == PACKET_PUBLISH;
	if (kept)
		s->dirty = true;
	return kept;
}

int store_waits(struct store *s, const struct outgoing *o)
{
	return keeps(s, o) ? s->ops->waits(s, o) : 0;
}

void store_sent(struct store *s, const struct outgoing *o)
{
	if (keeps(s, o))
		s->ops->sent(s, o);
}

void store_released(struct store *s, const struct outgoing *o)
{
	if (keeps(s, o))
		s->ops->released(s, o);
}

void store_returned(struct store *s, const struct outgoing *o)
{
	if (keeps(s, o))
		s->ops->returned(s, o);
}

void store_gone(struct store *s, const struct outgoing *o)
{
	if (keeps(s, o))
		s->ops->gone(s, o->token);
}

void store_received(struct store *s, uint16_t id, bool there)
{
	if (!s)
		return;
	s->dirty = true;
	s->ops->received(s, id, there);
}
