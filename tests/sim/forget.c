/* SPDX-License-Identifier: MIT */
/*
 * A hand in the broker's memory. It is a file of its own, because broker and library both have a struct session.
 */
#include "sim/forget.h"

#include "broker/session.h"

void forget_received(struct broker *b, const char *client_id)
{
	struct session *s = session_find(b, span_text(client_id, 0));
	if (s)
		ids_fini(&s->received);
}
