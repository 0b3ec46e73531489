/* SPDX-License-Identifier: MIT */
/*
 * A client's life and its step: what is due is done in one fixed order, and the descriptor is set for what comes next.
 */
#include "client/client.h"

#include <stdlib.h>

#include "client/internal.h"
#include "client/request.h"
#include "client/subscriptions.h"

enum { WAIT_FOR_BROKER_MS = 1000, LEAST_WAIT_MS = 100, WAIT_FOR_MEMORY_MS = 100 };

void client_prepare(struct client *c)
{
	queue_init(c);
	c->epoll = c->timer = c->wake = -1;
}

int client_init(struct client *c, const struct client_config *config, const struct client_hooks *hooks, void *owner)
{
	c->config = *config;
	c->hooks = hooks;
	c->owner = owner;
	c->level = c->trying = config->level;
	c->session_expiry_s = config->session_expiry_s;
	c->will_delay_s = UINT32_MAX;
	c->now_ms = clock_ms();
	int rc = servers_init(c);
	return rc < 0 ? rc : clock_init(c);
}

void client_fini(struct client *c)
{
	driver_close(c, false);
	switch_fini(c);
	servers_fini(c);
	queue_fini(c);
	subscriptions_fini(c);
	requests_fini(c);
	clock_fini(c);
	free(c->assigned_id);
	free(c->error);
	c->error = NULL;
	free(c->lost_why);
	free(c->close_why);
	c->lost_why = c->close_why = NULL;
	words_free(c->words);
	words_free(c->close_words);
	c->assigned_id = NULL;
	c->words = c->close_words = NULL;
}

void client_forget(struct client *c)
{
	driver_forget(c);
	switch_forget(c);
}

void client_wake(const struct client *c)
{
	clock_wake(c);
}

int client_start(struct client *c)
{
	if (c->state != CLIENT_IDLE)
		return client_fail(c, MQTTWILL_ESTATE, "start: the client is started already");
	c->now_ms = clock_ms();
	c->state = CLIENT_WAITING;
	c->retry_at = c->now_ms;
	servers_start(c);
	c->up_at = 0;
	c->pending_delay_s = UINT32_MAX;
	c->update = (struct update){0};
	clock_wake(c);
	return 0;
}

int client_confirm(struct client *c)
{
	return c->session && session_is_up(c->session) ? session_ping(c->session) : MQTTWILL_ESTATE;
}

void client_hold(struct client *c, bool hold)
{
	c->hold = hold;
}

/* ---- The step ---- */

static void attempt(struct client *c)
{
	if (c->state != CLIENT_WAITING || c->closing || c->now_ms < c->retry_at)
		return;
	c->finished = c->ended = false;
	int rc = driver_open(c);
	if (rc < 0)
		connection_lost(c, rc);
}

static void note_loss(struct client *c, int error)
{
	c->lost_error = error;
	client_keep_error(c, &c->lost_why);
}

static void receive(struct client *c, bool ready)
{
	int rc = c->link ? driver_run(c, ready) : 0;
	if (rc < 0 && c->link)
		note_loss(c, rc);
}

/* So much output waits that nothing is read, and it is time to call the broker silent: what it said meanwhile comes first. */
static bool has_taken_nothing(const struct client *c)
{
	const struct session *s = c->session;
	return buf_len(&s->out) >= SESSION_OUTPUT_HIGH && s->stuck_ms < UINT64_MAX && c->now_ms >= session_deadline(s);
}

static void tend_session(struct client *c)
{
	if (!c->session || c->state != CLIENT_UP || c->lost_error)
		return;
	c->hooks->tick(c->owner, c->now_ms);
	uint8_t pings = c->session->pings;
	bool stuck = c->session->stuck_ms < UINT64_MAX, unread = has_taken_nothing(c);
	int  rc = unread ? MQTTWILL_ESILENT : session_tick(c->session, c->now_ms);
	if (c->session->pings > pings) /* idle: the session has given back what it kept, too */
		unsent_relax(c);
	if (rc < 0) {
		client_fail(c, rc, "keep-alive: the broker has %s for too long", stuck ? "taken no byte" : "sent nothing");
		note_loss(c, unread ? driver_last_words(c, rc) : rc);
	} else if ((rc = auth_tick(c)) < 0) {
		note_loss(c, rc);
	}
}

static void take_over(struct client *c, bool ready)
{
	int rc = c->doomed ? 0 : switch_step(c, ready);
	if (rc < 0 && c->link)
		note_loss(c, rc);
}

/* What is committed is sent even if the session is over: a DISCONNECT with its reason may be the last of it. */
static void transmit(struct client *c)
{
	if (!c->link || c->state < CLIENT_GREETING)
		return;
	int rc;
	do { /* what was written makes room for what waits */
		rc = driver_flush(c);
	} while (rc == 0 && buf_len(&c->session->out) == 0 && queue_pump(c) && c->session);
	if (rc < 0 && !c->lost_error)
		note_loss(c, driver_last_words(c, rc));
	if (!c->doomed)
		queue_written(c);
}

/* After DISCONNECT the broker is shown the end, and given a moment to close first: a reset could overtake our bytes. */
static void finish(struct client *c)
{
	if (c->state != CLIENT_FINISHING || c->finished || !c->session || buf_len(&c->session->out))
		return;
	uint64_t end = c->now_ms + WAIT_FOR_BROKER_MS;
	if (c->closing && end > c->close_end)
		end = c->close_end > c->now_ms + LEAST_WAIT_MS ? c->close_end : c->now_ms + LEAST_WAIT_MS;
	c->attempt_end = end;
	c->finished = true;
	driver_finish(c); /* [MQTT-3.14.4-2] */
}

static void tell_room(struct client *c)
{
	if (c->room_of_ends && c->ended_count == 0) {
		c->room_of_ends = c->room_wanted = false;
		client_emit(c, &(struct mqttwill_event){.type = MQTTWILL_ROOM});
		return;
	}
	bool room = 2 * (uint64_t)c->held_messages <= c->config.queue_messages && 2 * c->held_bytes <= c->config.queue_bytes;
	if (!c->room_wanted || !room || c->held_bytes + c->room_size > c->config.queue_bytes)
		return;
	c->room_wanted = false;
	client_emit(c, &(struct mqttwill_event){.type = MQTTWILL_ROOM});
}

static void lose(struct client *c)
{
	int error = c->lost_error;
	c->lost_error = 0;
	if (!error || c->state == CLIENT_IDLE)
		return;
	client_take_error(c, error, &c->lost_why);
	if (!switch_outlives(c))
		connection_lost(c, error);
}

/* Without a connection a failure is told when the next attempt has to commit. */
static void keep(struct client *c)
{
	int rc = durable_commit(c);
	if (rc < 0 && c->link)
		note_loss(c, rc);
	if (rc < 0 && c->link)
		lose(c);
}

static void turn(struct client *c, bool ready)
{
	attempt(c);
	receive(c, ready);
	if (c->doomed)
		return;
	tend_session(c);
	expiry_sweep(c);
	take_over(c, ready);
	if (!c->lost_error && !c->doomed && c->closing)
		leave_step(c);
	if (!c->doomed)
		requests_step(c);
	if (!c->doomed)
		transmit(c);
	if (!c->doomed)
		finish(c);
	if (!c->doomed)
		lose(c);
	if (!c->doomed)
		ends_tell(c);
	if (!c->doomed)
		tell_room(c);
	if (!c->doomed)
		keep(c);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t deadline(struct client *c)
{
	uint64_t due = earlier(earlier(driver_deadline(c), leave_deadline(c)), earlier(switch_deadline(c), c->expire_at));
	if (!list_empty(&c->ends))
		return 0;
	if (c->state == CLIENT_WAITING)
		due = earlier(due, c->retry_at);
	due = earlier(due, requests_deadline(c));
	if (queue_is_due(c))
		due = earlier(due, c->now_ms + WAIT_FOR_MEMORY_MS); /* nothing else is in its way */
	if (c->state == CLIENT_UP)
		due = earlier(due, earlier(auth_deadline(c), c->hooks->deadline(c->owner)));
	return due;
}

int client_step(struct client *c)
{
	if (c->in_step)
		return MQTTWILL_ESTATE;
	c->in_step = true;
	c->flushed = false;
	c->now_ms = clock_ms();
	turn(c, clock_drain(c));
	c->in_step = false;
	if (c->doomed)
		return MQTTWILL_ECANCELED;
	driver_watch(c);
	switch_watch(c);
	clock_arm(c, deadline(c));
	return 0;
}
