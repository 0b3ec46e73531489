/* SPDX-License-Identifier: MIT */
/*
 * The network. A cable is a line of tests/client that has another end: bytes travel in segments, each with its time of
 * arrival, through a window that may be full. Every byte is read four times: as it is written and as it arrives, both ways.
 */
#include <string.h>

#include "sim/sim.h"

/* ---- Packets in a stream ---- */

static bool is_ping(const uint8_t *p, size_t n)
{
	return n == 2 && (p[0] & 0xE0) == 0xC0;
}

static void one_packet(struct stream *s, const uint8_t *p, size_t n, void (*fn)(struct cable *l, const struct packet *pk),
                       struct cable *l, enum side from)
{
	struct packet pk = {.type = p[0] >> 4};
	struct fault  why;
	bool          ping = is_ping(p, n);
	if (!ping && packet_decode(&pk, s->level, from, p, n, &why) < 0)
		sim_fail("bytes", "%s: a packet of type %u breaks a rule: %s (%s)", l->dev->id, p[0] >> 4, why.text, why.rule);
	if (pk.type == PACKET_CONNECT)
		l->up.in.level = l->up.out.level = l->down.in.level = l->down.out.level = pk.connect.level;
	fn(l, &pk);
}

void stream_feed(struct stream *s, const uint8_t *bytes, size_t n, void (*fn)(struct cable *l, const struct packet *pk),
                 struct cable *l, enum side from)
{
	struct frame f;
	if (s->over)
		return;
	while (s->len || n) {
		const uint8_t *p = bytes;
		size_t         have = n;
		if (s->len) {
			size_t add = n < sizeof s->part - s->len ? n : sizeof s->part - s->len;
			memcpy(s->part + s->len, bytes, add);
			p = s->part;
			have = s->len + add;
		}
		int known = frame_read(&f, s->level ? s->level : LEVEL_311, p, have);
		if (known < 0 || (known && f.size > sizeof s->part))
			sim_fail("bytes", "%s: a packet without a good length", l->dev->id);
		if (!known || f.size > have) {
			memmove(s->part, p, have);
			s->len = have;
			return;
		}
		size_t from_new = f.size - s->len;
		s->len = 0;
		one_packet(s, p, f.size, fn, l, from);
		bytes += from_new;
		n -= from_new;
	}
}

/* ---- One way ---- */

static void way_init(struct way *w)
{
	w->head = w->len = w->first = w->count = 0;
	w->written = w->taken = w->stall_until = w->last_at = 0;
	w->cut_at = w->end_at = NEVER;
	w->window = PIPE;
	w->end = END_NONE;
	w->in.len = w->out.len = 0;
	w->in.level = w->out.level = 0;
	w->in.over = w->out.over = false;
}

static uint64_t arrival(const struct cable *l, struct way *w)
{
	uint64_t at = sim.now + l->latency_ms + (l->jitter_ms ? sim_roll(l->jitter_ms) : 0);
	w->last_at = at > w->last_at ? at : w->last_at;
	return w->last_at;
}

static size_t way_put(struct cable *l, struct way *w, const uint8_t *bytes, size_t n)
{
	size_t room = w->window > w->len ? w->window - w->len : 0;
	n = n < room ? n : room;
	if (n == 0)
		return 0;
	if (w->head + w->len + n > PIPE) {
		memmove(w->bytes, w->bytes + w->head, w->len);
		w->head = 0;
	}
	memcpy(w->bytes + w->head + w->len, bytes, n);
	w->len += n;
	w->written += n;
	if (w->count == SEGMENTS) { /* the last one waits for these, too */
		size_t last = (w->first + w->count - 1) % SEGMENTS;
		w->segments[last].n += n;
		w->segments[last].at = arrival(l, w);
		return n;
	}
	size_t next = (w->first + w->count++) % SEGMENTS;
	w->segments[next].at = arrival(l, w);
	w->segments[next].n = n;
	return n;
}

static size_t way_ready(const struct way *w)
{
	size_t n = 0;
	if (w->len == 0 || w->stall_until > sim.now)
		return 0;
	for (size_t i = 0; i < w->count; i++) {
		if (w->segments[(w->first + i) % SEGMENTS].at > sim.now)
			break;
		n += w->segments[(w->first + i) % SEGMENTS].n;
	}
	return n < w->cut_at - w->taken ? n : (size_t)(w->cut_at - w->taken);
}

static void way_take(struct way *w, size_t n)
{
	w->head += n;
	w->len -= n;
	w->taken += n;
	while (n) {
		size_t *have = &w->segments[w->first].n;
		size_t  part = n < *have ? n : *have;
		*have -= part;
		n -= part;
		if (*have == 0) {
			w->first = (w->first + 1) % SEGMENTS;
			w->count--;
		}
	}
	if (w->len == 0)
		w->head = 0;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* When something arrives next, or the end does. */
static uint64_t way_next(const struct way *w)
{
	if (w->stall_until == NEVER)
		return NEVER;
	if (w->count)
		return later(w->segments[w->first].at, w->stall_until);
	return w->end ? later(w->end_at, w->stall_until) : NEVER;
}

static void way_end(struct cable *l, struct way *w, enum end how)
{
	if (w->end)
		return;
	w->end = (uint8_t)how;
	w->end_at = arrival(l, w);
	if (how == END_RESET) { /* it overtakes nothing, and what was not read is lost */
		w->len = w->head = w->count = 0;
	}
}

static bool way_over(const struct way *w)
{
	return w->end && w->len == 0 && w->end_at <= sim.now && w->stall_until <= sim.now;
}

/* ---- The client's side: line.h ---- */

static struct cable *cable_of(struct line *l)
{
	return (struct cable *)(void *)l;
}

struct line *line_new(void)
{
	struct cable *l = sim.cables;
	while (l < sim.cables + CABLES && l->taken)
		l++;
	if (l == sim.cables + CABLES)
		sim_fail("network", "no cable is left");
	l->line = (struct line){.budget = SIZE_MAX};
	l->taken = true;
	way_init(&l->up);
	way_init(&l->down);
	l->proc = sim.current;
	l->dev = sim.current->dev;
	l->link = NULL;
	l->out_seen = 0;
	l->break_at = NEVER;
	l->latency_ms = sim_roll(4) ? 1 + sim_roll(80) : 0;
	l->jitter_ms = sim_roll(3) ? 0 : sim_roll(200);
	l->accepted = l->shut = l->touchy = l->lost = false;
	l->chunky = sim_roll(20) == 0;
	memset(&l->watch, 0, sizeof l->watch);
	return &l->line;
}

static size_t piece(const struct cable *l, size_t n)
{
	size_t most = l->chunky ? 1 + sim_roll(12) : n;
	return n < most ? n : most;
}

long line_write(struct line *line, const uint8_t *bytes, size_t n)
{
	struct cable *l = cable_of(line);
	if (line->broken)
		return -2;
	n = way_put(l, &l->up, bytes, piece(l, n));
	if (n == 0) {
		l->watch.piled = true; /* a statement may leave long after it was made */
		return -1;
	}
	sim.moved = true;
	stream_feed(&l->up.in, bytes, n, watch_wrote, l, FROM_CLIENT);
	if (l->touchy && l->break_at == NEVER)
		l->break_at = sim.now + l->latency_ms + 1;
	return (long)n;
}

long line_read(struct line *line, uint8_t *bytes, size_t size)
{
	struct cable *l = cable_of(line);
	size_t        n = way_ready(&l->down);
	if (n == 0 && line->broken)
		return -2;
	if (n == 0)
		return way_over(&l->down) ? 0 : -1;
	n = piece(l, n < size ? n : size);
	memcpy(bytes, l->down.bytes + l->down.head, n);
	way_take(&l->down, n);
	sim.moved = true;
	stream_feed(&l->down.out, bytes, n, watch_read, l, FROM_SERVER);
	if (l->down.taken == l->down.cut_at) {
		fault_count(l->cut_kind);
		cable_break(l, true, false);
		l->lost = true; /* the broker is told when this call has returned */
	}
	return (long)n;
}

bool line_readable(const struct line *line)
{
	const struct cable *l = (const struct cable *)(const void *)line;
	return line->broken || way_ready(&l->down) || way_over(&l->down);
}

bool line_writable(const struct line *line)
{
	const struct cable *l = (const struct cable *)(const void *)line;
	return line->broken || l->up.len < l->up.window;
}

/* ---- The broker's side ---- */

void cable_hang_up(struct cable *l, bool seen_by_client)
{
	if (l->link) {
		struct broker_link *link = l->link;
		l->link = NULL;
		broker_closed(link, sim.now);
		model_gone(l);
	}
	l->shut = true;
	if (seen_by_client)
		way_end(l, &l->down, END_CLOSE);
	sim.moved = true;
}

void cable_break(struct cable *l, bool at_client, bool at_broker)
{
	if (at_client)
		l->line.broken = true;
	if (at_broker)
		cable_hang_up(l, false);
	l->up.stall_until = l->down.stall_until = NEVER;
	if (at_client)
		l->down.stall_until = 0;
	if (at_client && l->down.cut_at == NEVER) /* what has arrived can still be read */
		l->down.cut_at = l->down.taken + way_ready(&l->down);
	sim.moved = true;
}

/* What the broker wants to say, as far as it was not looked at. */
static void look_at_output(struct cable *l)
{
	const uint8_t *bytes;
	size_t         n = broker_output(l->link, &bytes);
	if (n > l->out_seen)
		stream_feed(&l->down.in, bytes + l->out_seen, n - l->out_seen, model_said, l, FROM_SERVER);
	l->out_seen = n;
}

static void send_output(struct cable *l)
{
	const uint8_t *bytes;
	size_t         n = broker_output(l->link, &bytes);
	size_t         sent = n ? way_put(l, &l->down, bytes, piece(l, n)) : 0;
	if (sent == 0)
		return;
	l->out_seen -= sent;
	broker_sent(l->link, sent, sim.now);
	sim.moved = true;
}

static void deliver(struct cable *l)
{
	size_t n = way_ready(&l->up);
	if (n == 0 || !l->link)
		return;
	n = piece(l, n);
	uint8_t *bytes = l->up.bytes + l->up.head;
	broker_receive(l->link, bytes, n, sim.now);
	stream_feed(&l->up.out, bytes, n, model_read, l, FROM_CLIENT);
	look_at_output(l);
	way_take(&l->up, n);
	sim.moved = true;
	model_compare();
	if (l->up.taken == l->up.cut_at) {
		fault_count(l->cut_kind);
		cable_break(l, true, true);
	}
}

static void serve(struct cable *l)
{
	if (l->line.opened && !l->accepted && !l->shut) {
		l->accepted = true;
		l->link = broker_accept(sim.broker, sim.now);
		sim.moved = true;
	}
	deliver(l);
	if (!l->link)
		return;
	look_at_output(l);
	send_output(l);
	if (broker_wants_close(l->link) || way_over(&l->up))
		cable_hang_up(l, true);
	model_compare();
}

static void tick(struct cable *l)
{
	if (l->line.closed && !l->up.end)
		way_end(l, &l->up, l->line.reset ? END_RESET : END_CLOSE);
	if (l->line.finished)
		way_end(l, &l->up, END_CLOSE);
	if (l->break_at <= sim.now) {
		l->break_at = NEVER;
		l->line.broken = sim.moved = true;
	}
	if (l->lost && l->link && sim.broker_back_at == NEVER)
		cable_hang_up(l, false);
	if (sim.broker_back_at == NEVER)
		serve(l);
	if (l->line.closed && (!l->link || !l->line.opened))
		l->taken = false;
}

void cable_tick(void)
{
	for (struct cable *l = sim.cables; l < sim.cables + CABLES; l++)
		if (l->taken)
			tick(l);
}

uint64_t cable_next(void)
{
	uint64_t next = NEVER;
	for (const struct cable *l = sim.cables; l < sim.cables + CABLES; l++) {
		if (!l->taken)
			continue;
		uint64_t up = l->link ? way_next(&l->up) : NEVER, down = l->line.closed ? NEVER : way_next(&l->down);
		uint64_t own = up < down ? up : down;
		own = own < l->break_at ? own : l->break_at;
		if (own > sim.now && own < next)
			next = own;
	}
	return next;
}

bool cable_is_sound(const struct cable *l)
{
	return !l->line.broken && !l->line.closed && !l->shut && !l->touchy && l->up.stall_until <= sim.now &&
	       l->down.stall_until <= sim.now && l->break_at == NEVER;
}
