/* SPDX-License-Identifier: MIT */
/*
 * QoS 0 without a DONE: of each message only its token is kept, and only until the kernel has taken it.
 */
#include <string.h>

#include "client/internal.h"

struct unsent {
	int64_t  token;
	uint64_t end; /* in the session's output */
};

enum { UNSENT_MAX = SESSION_OUTPUT_SOFT }; /* no message is shorter than a byte, and above that the next ones wait */

void unsent_init(struct client *c)
{
	buf_init(&c->unsent, UNSENT_MAX * sizeof(struct unsent));
}

static void drop_sent(struct client *c)
{
	while (c->session && buf_len(&c->unsent) > 0) {
		struct unsent u;
		memcpy(&u, buf_front(&c->unsent), sizeof u);
		if (u.end > c->session->sent)
			break;
		buf_take(&c->unsent, sizeof u);
	}
}

bool unsent_send(struct client *c, const struct packet *pk)
{
	drop_sent(c);
	uint8_t *p = buf_reserve(&c->unsent, sizeof(struct unsent));
	if (!p || session_publish(c->session, pk) < 0)
		return false;
	struct unsent u = {++c->last_token, c->session->committed};
	memcpy(p, &u, sizeof u);
	buf_commit(&c->unsent, sizeof u);
	c->unconfirmed = true;
	return true;
}

bool unsent_has(const struct client *c, int64_t token)
{
	for (size_t at = 0; c->session && at < buf_len(&c->unsent); at += sizeof(struct unsent)) {
		struct unsent u;
		memcpy(&u, buf_front(&c->unsent) + at, sizeof u);
		if (u.token == token)
			return u.end > c->session->sent;
	}
	return false;
}

void unsent_relax(struct client *c)
{
	drop_sent(c);
	buf_relax(&c->unsent);
}

uint32_t unsent_lost(struct client *c)
{
	uint32_t lost = 0;
	for (drop_sent(c); buf_len(&c->unsent) > 0; lost++) {
		struct unsent u;
		memcpy(&u, buf_front(&c->unsent), sizeof u);
		buf_take(&c->unsent, sizeof u);
		outcome_remember(c, u.token, MQTTWILL_ELOST);
	}
	buf_relax(&c->unsent);
	return lost;
}
