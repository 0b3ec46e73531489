/* SPDX-License-Identifier: MIT */
/*
 * The stage's turn: bytes go between lines and the broker, whoever is due is stepped, and then time goes on to the next
 * deadline. A client that has something to wait for and no deadline has lost a wake-up; one that is stepped again and again
 * with nothing to do spins. Both fail the test.
 */
#include "client/stage.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "client/internal.h"
#include "support/alloc.h"

struct stage stage;

enum { IDLE_STEPS = 20, SMALL_MS = 10 };

/* ---- The broker stub ---- */

static void observe(void *user, const struct broker_event *event)
{
	size_t room = sizeof stage.broker_log - stage.broker_log_len;
	(void)user;
	size_t n = broker_event_line(event, 0, stage.broker_log + stage.broker_log_len, room);
	if (n + 2 > room)
		ck_abort_msg("the broker's log is full");
	stage.broker_log_len += n;
	stage.broker_log[stage.broker_log_len++] = '\n';
	stage.broker_log[stage.broker_log_len] = 0;
}

void stage_broker(const struct broker_options *options)
{
	struct broker_options o = options ? *options : (struct broker_options){0};
	const char           *error = NULL;
	o.observe = observe;
	stage.broker = broker_new(&o, &error);
	ck_assert_msg(stage.broker, "broker: %s", error);
}

bool broker_saw(const char *part)
{
	return strstr(stage.broker_log, part);
}

unsigned broker_saw_times(const char *part)
{
	unsigned n = 0;
	for (const char *at = stage.broker_log; (at = strstr(at, part)); at++)
		n++;
	return n;
}

void broker_log_clear(void)
{
	stage.broker_log_len = 0;
	stage.broker_log[0] = 0;
}

static void hang_up(struct line *l)
{
	broker_closed(l->link, stage.now_ms);
	l->link = NULL;
}

/* Both ways between one line and the broker; true where something moved. */
static bool exchange(struct line *l)
{
	const uint8_t *bytes;
	size_t         up_before = l->up_read, down_before = l->down_len;
	if (!l->link || l->mute)
		return false;
	broker_receive(l->link, l->up + l->up_read, l->up_len - l->up_read, stage.now_ms);
	l->up_read = l->up_len;
	size_t n = broker_output(l->link, &bytes);
	if (!l->closed)
		line_say(l, bytes, n);
	broker_sent(l->link, n, stage.now_ms);
	bool ends = broker_wants_close(l->link) || l->closed || l->finished;
	if (ends) {
		l->peer_closed = true;
		hang_up(l);
	}
	return ends || l->up_read != up_before || l->down_len != down_before;
}

static bool serve_broker(void)
{
	bool moved = false;
	if (!stage.broker)
		return false;
	broker_tick(stage.broker, stage.now_ms);
	for (size_t i = 0; i < line_count(); i++) {
		struct line *l = line_at(i);
		if (l->opened && !l->link && !l->peer_closed && !l->closed && !l->broken)
			l->link = broker_accept(stage.broker, stage.now_ms);
		moved |= exchange(l);
	}
	return moved;
}

/* ---- What the fakes ask ---- */

uint64_t fake_now(void)
{
	return stage.now_ms;
}

uint32_t fake_chance(uint32_t below)
{
	if (stage.chance == CHANCE_LOWEST)
		return 0;
	return stage.chance == CHANCE_HIGHEST ? below - 1 : dice_roll(&stage.dice, below);
}

bool *fake_woken(const struct client *c)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (stage.devices[i].c && &stage.devices[i].c->client == c)
			return &stage.devices[i].woken;
	return NULL;
}

void fake_turn(void)
{
	if (stage.synchronous)
		stage_turn();
}

uint8_t fake_open(const char *host)
{
	const char *at = stage.dead_hosts ? strstr(stage.dead_hosts, host) : NULL;
	return at && strcspn(at, " ") == strlen(host) && (at == stage.dead_hosts || at[-1] == ' ') ? LINE_REFUSES : stage.next_open;
}

/* ---- Clients are served ---- */

static uint64_t progress(void)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < line_count(); i++) {
		const struct line *l = line_at(i);
		sum += l->up_len + l->up_read + l->down_len + l->down_read + l->opened + l->finished + l->closed + 1u;
	}
	for (size_t i = 0; i < DEVICES; i++)
		sum += stage.devices[i].log_len;
	return sum;
}

static bool is_due(const struct device *d)
{
	return d->c && (d->woken || d->c->client.armed <= stage.now_ms || fake_ready(&d->c->client));
}

static bool step_due(struct device *d)
{
	if (!is_due(d))
		return false;
	stage_enter();
	int rc = mqttwill_step(d->c);
	stage_leave();
	if (rc == MQTTWILL_ECANCELED)
		d->c = NULL;
	else
		ck_assert_int_eq(rc, 0);
	return true;
}

/* Whoever has something to wait for has a deadline for it, and it lies ahead. */
static void assert_no_lost_wakeup(const struct device *d)
{
	const struct client *c = d->c ? &d->c->client : NULL;
	if (!c || c->state == CLIENT_IDLE)
		return;
	ck_assert_msg(c->armed != UINT64_MAX, "in state %d (closing %d) nothing will ever wake the client", c->state,
	              c->closing);
	ck_assert_msg(c->armed > stage.now_ms, "a deadline has passed and was not served");
	if (c->state == CLIENT_WAITING)
		ck_assert_uint_eq(c->armed, c->retry_at < c->expire_at ? c->retry_at : c->expire_at);
}

void stage_settle(void)
{
	uint64_t before = progress();
	for (int idle = 0; idle < IDLE_STEPS;) {
		if (++stage.turns == stage.cut_at && line_at(stage.cut))
			line_cut(line_at(stage.cut));
		bool busy = serve_broker();
		for (size_t i = 0; i < DEVICES; i++)
			busy |= step_due(&stage.devices[i]);
		if (!busy) {
			for (size_t i = 0; i < DEVICES; i++)
				assert_no_lost_wakeup(&stage.devices[i]);
			return;
		}
		uint64_t now = progress();
		idle = now == before ? idle + 1 : 0;
		before = now;
	}
	ck_abort_msg("a client spins: it is stepped again and again and nothing comes of it");
}

static uint64_t next_deadline(uint64_t end)
{
	uint64_t next = stage.broker ? broker_deadline(stage.broker) : UINT64_MAX;
	for (size_t i = 0; i < DEVICES; i++) {
		const struct device *d = &stage.devices[i];
		if (d->c && d->c->client.armed < next)
			next = d->c->client.armed;
	}
	if (next <= stage.now_ms)
		next = stage.now_ms + 1;
	return next < end ? next : end;
}

void stage_pass(uint64_t ms)
{
	uint64_t end = stage.now_ms + ms;
	stage_settle();
	while (stage.now_ms < end) {
		stage.now_ms = next_deadline(end);
		stage_settle();
	}
}

void stage_turn(void)
{
	bool busy = serve_broker();
	for (size_t i = 0; i < DEVICES; i++)
		busy |= is_due(&stage.devices[i]);
	if (!busy)
		stage.now_ms = next_deadline(stage.now_ms + SMALL_MS);
}

/* ---- Beginning and end ---- */

void stage_begin(int mode)
{
	memset(&stage, 0, sizeof stage);
	line_reset_all();
	stage.mode = mode;
	stage.now_ms = 1000000;
	dice_init(&stage.dice, 0);
}

static void check_tokens(const struct device *d)
{
	for (size_t i = 0; i < d->token_count; i++) {
		ck_assert_msg(d->done[i] <= 1, "token %lld had more than one DONE", (long long)d->tokens[i]);
		ck_assert_msg(d->done[i] || !d->wanted[i] || !d->was_closed, "token %lld had no DONE",
		              (long long)d->tokens[i]);
	}
}

void stage_end(void)
{
	for (size_t i = 0; i < DEVICES; i++) {
		check_tokens(&stage.devices[i]);
		mqttwill_free(stage.devices[i].c);
		stage.devices[i].c = NULL;
	}
	for (size_t i = 0; i < line_count(); i++)
		ck_assert_msg(line_at(i)->closed, "line %zu was left open", i);
	if (stage.broker)
		serve_broker(); /* links are freed */
	broker_free(stage.broker);
	stage.broker = NULL;
}

/* ---- Allocations that fail ---- */

void stage_enter(void)
{
	if (stage.counts)
		alloc_fail(0);
	else if (stage.fail_at > 0)
		alloc_fail(stage.fail_at - stage.allocations);
}

void stage_leave(void)
{
	if (stage.fail_at <= 0 && !stage.counts)
		return;
	stage.allocations += alloc_count();
	stage.refused |= alloc_stop();
}
