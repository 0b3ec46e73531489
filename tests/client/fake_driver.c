/* SPDX-License-Identifier: MIT */
/*
 * In the place of src/client/driver.c: the same functions over a line in memory. What the descriptor would watch is kept, and
 * the world asks for it: a client that forgets to watch is a client that is not stepped.
 */
#include <stdio.h>
#include <stdlib.h>

#include "client/fake.h"
#include "client/internal.h"
#include "client/line.h"

enum { READ_SIZE = 16 * 1024, READ_TURNS = 8, DRAIN_TURNS = 1024, LAST_BYTES = 4 << 20, GATHER = 32 * 1024 };

struct link {
	struct line   *line;
	struct session session;
	int            broken;
	bool           blocked;
	bool           wants_read, wants_write; /* what epoll would know */
};

static bool may_read(const struct client *c)
{
	return c->state >= CLIENT_GREETING && buf_len(&c->session->out) < SESSION_OUTPUT_HIGH;
}

void driver_watch(struct client *c)
{
	struct link *l = c->link;
	if (!l)
		return;
	l->wants_read = c->state != CLIENT_OPENING && may_read(c);
	l->wants_write = (c->state == CLIENT_OPENING && !l->line->opened) || buf_len(&c->session->out) > 0;
}

static bool is_ready(const struct link *l, uint8_t state)
{
	if (!l)
		return false;
	if (state == CLIENT_OPENING)
		return l->wants_write && l->line->open != LINE_HANGS;
	return l->line->broken || (l->wants_read && line_readable(l->line)) ||
	       (l->wants_write && line_writable(l->line));
}

bool fake_ready(const struct client *c)
{
	return is_ready(c->link, c->state) || is_ready(c->update.second.link, c->update.second.state);
}

uint64_t driver_deadline(const struct client *c)
{
	uint64_t session = c->session && c->state == CLIENT_UP ? session_deadline(c->session) : UINT64_MAX;
	uint64_t attempt = c->state >= CLIENT_OPENING && c->state != CLIENT_UP ? c->attempt_end : UINT64_MAX;
	return session < attempt ? session : attempt;
}

int driver_open(struct client *c)
{
	const struct client_config *g = &c->config;
	struct session_config       config = {
		      .level = c->trying,
		      .reserve = g->presence != NULL,
		      .manual_ack = g->flags & MQTTWILL_MANUAL_ACK,
		      .receive_maximum = g->receive_maximum,
		      .topic_alias_maximum = g->topic_alias_maximum,
		      .no_problem_info = g->flags & MQTTWILL_NO_PROBLEM_INFO,
		      .send_maximum = version_send_maximum(c),
		      .maximum_packet_size = g->maximum_packet_size,
		      .ping_timeout_ms = g->ping_timeout_ms,
        };
	struct link *l = calloc(1, sizeof *l);
	if (!l)
		return client_fail(c, MQTTWILL_ENOMEM, "connect: no memory for a connection");
	l->line = line_new();
	l->line->open = fake_open(redirect_host(c));
	snprintf(l->line->server, sizeof l->line->server, "%s:%s", redirect_host(c), redirect_port(c));
	session_init(&l->session, &config, &c->flight, c->now_ms);
	c->link = l;
	c->session = &l->session;
	c->state = CLIENT_OPENING;
	c->attempt_end = c->now_ms + g->connect_timeout_ms;
	return 0;
}

void driver_close(struct client *c, bool reset)
{
	struct link *l = c->link;
	if (!l)
		return;
	l->line->closed = true;
	l->line->reset = reset;
	session_fini(&l->session);
	free(l);
	c->link = NULL;
	c->session = NULL;
}

void driver_forget(struct client *c)
{
	(void)c;
}

void driver_finish(struct client *c)
{
	c->link->line->finished = true;
}

static int line_broke(struct client *c)
{
	return client_fail(c, MQTTWILL_ELOST, "tcp: connection reset by peer");
}

int driver_flush(struct client *c)
{
	struct link   *l = c->link;
	const uint8_t *bytes;
	int            rc = durable_commit(c);
	if (rc < 0)
		return rc;
	l->blocked = false;
	for (size_t n; (n = session_output(c->session, &bytes)) > 0;) {
		long written = line_write(l->line, bytes, n);
		if (written < -1)
			return line_broke(c);
		l->blocked = written < 0;
		if (l->blocked)
			break;
		session_sent(c->session, (size_t)written, c->now_ms);
	}
	return 0;
}

void driver_kick(struct client *c)
{
	struct link *l = c->link;
	if (!l || c->in_step || c->state != CLIENT_UP || l->broken)
		return;
	bool due = !c->flushed || buf_len(&c->session->out) >= GATHER;
	if (due && !l->blocked) {
		c->flushed = true;
		c->now_ms = clock_ms();
		l->broken = driver_flush(c);
	}
	if (l->broken || queue_is_due(c))
		clock_wake(c);
	else
		driver_watch(c);
}

static int feed(struct client *c, uint8_t *in, size_t n)
{
	struct session_event ev;
	size_t               at = 0;
	int                  rc = 0;
	while (at < n && rc == 0 && c->session && !c->doomed) {
		at += session_feed(c->session, in + at, n - at, c->now_ms, &ev);
		if (ev.type != SESSION_NOTHING)
			rc = connection_event(c, &ev);
	}
	return rc;
}

static int line_ended(struct client *c)
{
	c->ended = true;
	if (c->state == CLIENT_GREETING)
		return client_fail(c, MQTTWILL_ELOST, "connack: the broker closed the connection without an answer");
	return client_fail(c, MQTTWILL_ELOST, "the broker closed the connection");
}

static int read_turns(struct client *c, int turns)
{
	uint8_t in[READ_SIZE];
	int     rc = 0;
	for (int turn = 0; turn < turns && rc == 0 && c->link && !c->doomed && may_read(c); turn++) {
		long n = line_read(c->link->line, in, sizeof in);
		if (n == 0)
			return line_ended(c);
		if (n < -1)
			return line_broke(c);
		if (n == -1)
			break;
		rc = feed(c, in, (size_t)n);
		if (n < READ_SIZE && turns == READ_TURNS)
			break;
	}
	return rc;
}

static int go_on_opening(struct client *c)
{
	struct line *l = c->link->line;
	if (l->open == LINE_HANGS)
		return 0;
	if (l->open == LINE_REFUSES)
		return client_fail(c, MQTTWILL_ECONNECT, "tcp: connection refused");
	l->opened = true;
	return switch_may_greet(c) ? connection_greet(c) : 0;
}

/*
 * What the broker said before the connection broke may stand unread: where a write found the break, or where so much output waited
 * that nothing was read any more. A DISCONNECT says why it ended; the break does not. Nothing can be answered any more.
 */
int driver_last_words(struct client *c, int lost)
{
	struct client_error why = c->error;
	uint8_t             in[READ_SIZE];
	int                 rc = 0;
	for (size_t taken = 0; taken < LAST_BYTES && rc == 0 && c->session && !c->doomed;) {
		session_drop_output(c->session);
		long    n = line_read(c->link->line, in, sizeof in);
		if (n <= 0)
			break;
		taken += (size_t)n;
		rc = feed(c, in, (size_t)n);
	}
	if (!c->session || c->doomed)
		return rc;
	bool told = rc < 0 && c->session->state == SESSION_OVER;
	session_abandon(c->session);
	if (told)
		return rc;
	c->error = why;
	return lost;
}

void driver_drain(struct client *c)
{
	read_turns(c, DRAIN_TURNS);
}

int driver_run(struct client *c, bool ready)
{
	int rc = c->link->broken;
	if (rc < 0)
		return driver_last_words(c, rc);
	if (c->state != CLIENT_UP && c->now_ms >= c->attempt_end)
		return client_fail(c, MQTTWILL_ETIMEOUT, "state %d: the broker did not answer in time", c->state);
	if (rc == 0 && c->state == CLIENT_OPENING)
		rc = go_on_opening(c);
	if (rc == 0 && c->state >= CLIENT_GREETING && ready)
		rc = read_turns(c, READ_TURNS);
	return rc;
}
