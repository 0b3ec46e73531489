/* SPDX-License-Identifier: MIT */
/*
 * A session's life: framing of the input, the output's bookkeeping, and time.
 */
#include "session/session.h"

#include "session/internal.h"
#include "wire/keepalive.h"

enum { OUTPUT_SLACK = 1024 * 1024, IN_KEPT = 4096, SKIM_HEAD = HEADER_MAX + 2 + FIELD_MAX + 2 };

void session_init(struct session *s, const struct session_config *config, struct flight *flight, uint64_t now_ms)
{
	*s = (struct session){
		.config = *config,
		.flight = flight,
		.last_in_ms = now_ms,
		.last_out_ms = now_ms,
		.ping_out_ms = UINT64_MAX,
		.stuck_ms = UINT64_MAX,
		.maximum_out = REMAINING_MAX + HEADER_MAX,
		.allowed_in = config->receive_maximum,
		.quota = config->send_maximum ? config->send_maximum : UINT16_MAX,
		.maximum_qos = 2,
		.retain_available = true,
	};
	session_mark_resend(s, &flight->sent); /* an earlier connection may have died halfway through */
	if (config->level == LEVEL_5)
		alias_in_init(&s->aliases_in, config->topic_alias_maximum);
	s->connection = ++flight->connection;
	buf_init(&s->out, REMAINING_MAX + OUTPUT_SLACK);
	buf_init(&s->in, config->maximum_packet_size > SKIM_HEAD ? config->maximum_packet_size : SKIM_HEAD);
}

void session_fini(struct session *s)
{
	inbound_fini(&s->inbound);
	buf_fini(&s->out);
	buf_fini(&s->in);
	alias_in_fini(&s->aliases_in); /* [MQTT-3.3.2-7] */
	alias_out_fini(&s->aliases_out);
	s->state = SESSION_OVER;
}

/* ---- Input ---- */

static void out_of_memory(struct session *s, struct session_event *ev)
{
	s->state = SESSION_OVER;
	ev->type = SESSION_FAILED;
	ev->error = MQTTWILL_ENOMEM;
}

static void handle(struct session *s, const uint8_t *bytes, size_t n, struct session_event *ev)
{
	struct fault fault;
	if (packet_decode(&ev->packet, s->config.level, FROM_SERVER, bytes, n, &fault) < 0)
		session_fail(s, ev, &fault);
	else
		session_receive(s, ev);
}

static void finish_skim(struct session *s, struct session_event *ev)
{
	ev->packet.type = PACKET_PUBLISH;
	ev->packet.qos = s->skim_qos;
	ev->packet.id = s->skim_id;
	bool again = s->skim_qos == 2 && idtable_get(&s->flight->in, s->skim_id); /* [MQTT-4.3.3-10] */
	if (s->skim_qos && idtable_get(&s->inbound.ids, s->skim_id))
		return;
	ev->type = again ? SESSION_NOTHING : SESSION_OVERSIZE;
	if (session_accept(s, ev) < 0)
		out_of_memory(s, ev);
}

static size_t skim(struct session *s, size_t len, struct session_event *ev)
{
	size_t n = len < s->skim ? len : s->skim;
	s->skim -= (uint32_t)n;
	if (s->skim == 0)
		finish_skim(s, ev);
	return n;
}

/* Bytes of a PUBLISH up to where its packet identifier ends; 0: not known yet. */
static size_t publish_head(const struct frame *f, const uint8_t *p, size_t n)
{
	if (n < f->header + 2u)
		return 0;
	return f->header + 2u + get_u16(p + f->header) + (f->flags & 0x06 ? 2u : 0u);
}

/*
 * Also of what a Reason String or User Properties would make too large: CONNACK [MQTT-3.2.2-19], [MQTT-3.2.2-20], SUBACK
 * [MQTT-3.9.2-1], [MQTT-3.9.2-2], UNSUBACK [MQTT-3.11.2-1], [MQTT-3.11.2-2].
 */
static const struct fault too_large = {REASON_TOO_LARGE, "MQTT-3.1.2-24", "a packet above our Maximum Packet Size"};

/* What forbids to skip a packet above our limit; NULL: nothing that can be seen so far. */
static const struct fault *oversize_fault(const struct session *s, const struct frame *f, size_t head, const uint8_t *p,
                                          size_t n)
{
	static const struct fault bad_flags = {REASON_MALFORMED, "MQTT-3.3.1-4", "PUBLISH: QoS 3, or DUP at QoS 0"};
	static const struct fault past_end = {REASON_MALFORMED, "MQTT 5, 1.5", "a field runs past the end of the packet"};
	static const struct fault id_0 = {REASON_PROTOCOL_ERROR, "MQTT 5, 2.2.1", "a packet identifier is 0"};
	if (s->config.level == LEVEL_5 || f->type != PACKET_PUBLISH)
		return &too_large;
	if ((f->flags & 0x06) == 0x06 || (f->flags & 0x0E) == 0x08)
		return &bad_flags;
	if (head > f->size)
		return &past_end;
	bool has_id = head && head <= n && f->flags & 0x06;
	return has_id && get_u16(p + head - 2) == 0 ? &id_0 : NULL;
}

/*
 * A packet above our limit. In MQTT 5 the broker knew it. In 3.x it could not know: closing would have the message come
 * again for ever, so it is skipped and acknowledged. `n` bytes of it are at p; returns how many were used.
 */
static size_t oversize(struct session *s, const struct frame *f, const uint8_t *p, size_t n, struct session_event *ev)
{
	size_t              head = publish_head(f, p, n);
	const struct fault *fault = oversize_fault(s, f, head, p, n);
	if (fault) {
		session_fail(s, ev, fault);
		return n;
	}
	if (head == 0 || n < head)
		return 0;
	s->skim_qos = f->flags >> 1 & 3;
	s->skim_id = s->skim_qos ? get_u16(p + head - 2) : 0;
	s->skim = f->size - (uint32_t)head;
	if (s->skim == 0)
		finish_skim(s, ev);
	return head;
}

static const struct fault bad_length = {REASON_MALFORMED, "MQTT 5, 2.1.4", "a malformed Remaining Length"};

/* Type and flags are wrong: nobody should wait for the rest, which need not come [MQTT 5, 4.13.1]. */
static bool begins_wrong(struct session *s, const struct frame *f, struct session_event *ev)
{
	struct fault        fault;
	const struct fault *unexpected = session_unexpected(s, f->type);
	if (!frame_check(f, s->config.level, FROM_SERVER, &fault))
		unexpected = &fault;
	if (unexpected)
		session_fail(s, ev, unexpected);
	return unexpected;
}

/* Handles the packet at p if it is whole; returns its size, or 0 where more bytes are needed. */
static size_t one_packet(struct session *s, const uint8_t *p, size_t n, struct session_event *ev)
{
	struct frame f;
	int          known = frame_read(&f, s->config.level, p, n);
	if (known < 0) {
		session_fail(s, ev, &bad_length);
		return n;
	}
	if (known && begins_wrong(s, &f, ev))
		return n;
	if (known && f.size > s->config.maximum_packet_size)
		return oversize(s, &f, p, n, ev);
	if (!known || n < f.size)
		return 0;
	handle(s, p, f.size, ev);
	return f.size;
}

/* Adds to the incomplete packet no more than it lacks, so that what follows it stays in the caller's buffer. */
static size_t complete(struct session *s, const uint8_t *in, size_t len, struct session_event *ev)
{
	size_t used = 0;
	while (used < len && ev->type == SESSION_NOTHING && s->skim == 0 && !s->in_done) {
		struct frame f;
		size_t       have = buf_len(&s->in), want = 1;
		if (frame_read(&f, s->config.level, buf_front(&s->in), have) == 1 && f.size <= s->config.maximum_packet_size)
			want = f.size - have;
		want = want < len - used ? want : len - used;
		if (!buf_append(&s->in, in + used, want)) {
			out_of_memory(s, ev);
			break;
		}
		used += want;
		s->in_done = one_packet(s, buf_front(&s->in), buf_len(&s->in), ev) > 0;
	}
	return used;
}

/* A small buffer stays for the next packet that comes in pieces, until the connection is idle. */
static void drop_done(struct session *s)
{
	if (!s->in_done)
		return;
	buf_take(&s->in, buf_len(&s->in));
	if (s->in.cap > IN_KEPT)
		buf_relax(&s->in);
	s->in_done = false;
}

static size_t keep(struct session *s, const uint8_t *in, size_t len, struct session_event *ev)
{
	if (!buf_append(&s->in, in, len))
		out_of_memory(s, ev);
	return len;
}

static size_t feed_some(struct session *s, uint8_t *in, size_t len, struct session_event *ev)
{
	drop_done(s);
	if (s->skim)
		return skim(s, len, ev);
	if (buf_len(&s->in))
		return complete(s, in, len, ev);
	size_t n = one_packet(s, in, len, ev);
	return n ? n : keep(s, in, len, ev);
}

size_t session_feed(struct session *s, uint8_t *in, size_t len, uint64_t now_ms, struct session_event *ev)
{
	size_t used = 0;
	ev->type = SESSION_NOTHING;
	ev->error = 0;
	ev->outgoing = NULL;
	ev->text_topic = false;
	if (len)
		s->last_in_ms = now_ms;
	drop_done(s);
	if (len == 0)
		buf_relax(&s->in);
	while (used < len && ev->type == SESSION_NOTHING && s->state != SESSION_OVER)
		used += feed_some(s, in + used, len - used, ev);
	return s->state == SESSION_OVER && ev->type == SESSION_NOTHING ? len : used;
}

/* ---- Output ---- */

size_t session_output(struct session *s, const uint8_t **bytes)
{
	*bytes = s->out.data ? buf_front(&s->out) : NULL;
	return buf_len(&s->out);
}

void session_sent(struct session *s, size_t n, uint64_t now_ms)
{
	buf_take(&s->out, n);
	s->sent += n;
	s->last_out_ms = now_ms;
	s->stuck_ms = buf_len(&s->out) ? now_ms : UINT64_MAX;
	if (s->pings && s->ping_out_ms == UINT64_MAX && s->sent >= s->ping_end)
		s->ping_out_ms = now_ms;
	session_release(s);
	if (s->waiting)
		session_resend_more(s); /* without memory the next call tries again */
}

void session_drop_output(struct session *s)
{
	buf_fini(&s->out);
}

void session_abandon(struct session *s)
{
	session_drop_output(s);
	s->state = SESSION_OVER;
}

/* ---- Time ---- */

static uint64_t ping_timeout(const struct session *s)
{
	return keepalive_answer_ms(s->keep_alive_ms, s->config.ping_timeout_ms);
}

/* Less than the keep-alive [MQTT-3.1.2-20]. */
static uint64_t ping_interval(const struct session *s)
{
	return keepalive_idle_ms(s->keep_alive_ms);
}

static uint64_t next_ping(const struct session *s)
{
	bool     quiet_in = !s->pings && s->last_in_ms < s->last_out_ms;
	uint64_t since = quiet_in ? s->last_in_ms : s->last_out_ms;
	return since + ping_interval(s);
}

/* When the peer counts as silent: it takes nothing from us, or has not sent a byte since the ping was written. */
static uint64_t silence(const struct session *s)
{
	uint64_t stuck = s->stuck_ms < UINT64_MAX ? s->stuck_ms + ping_interval(s) + ping_timeout(s) : UINT64_MAX;
	bool     deaf = buf_len(&s->out) >= SESSION_OUTPUT_HIGH; /* nothing is fed: an answer may wait unread */
	if (!s->pings || s->ping_out_ms == UINT64_MAX || deaf)
		return stuck;
	uint64_t since = s->last_in_ms > s->ping_out_ms ? s->last_in_ms : s->ping_out_ms;
	uint64_t unanswered = since + ping_timeout(s); /* [MQTT-3.12.4-1], U-3.1.2.10-a */
	return stuck < unanswered ? stuck : unanswered;
}

int session_tick(struct session *s, uint64_t now_ms)
{
	drop_done(s); /* its event has been handled */
	if (s->state != SESSION_UP)
		return 0;
	bool waiting = buf_len(&s->out) > 0;
	if (waiting && s->stuck_ms == UINT64_MAX)
		s->stuck_ms = now_ms;
	if (now_ms >= silence(s)) {
		s->state = SESSION_OVER;
		return MQTTWILL_ESILENT;
	}
	if (waiting || now_ms < next_ping(s))
		return 0;
	buf_relax(&s->in);
	buf_relax(&s->out);
	flight_relax(s->flight);
	return session_ping(s);
}

uint64_t session_deadline(const struct session *s)
{
	if (s->state != SESSION_UP)
		return UINT64_MAX;
	/* output that nobody has taken note of yet: the tick at the time of the next ping will, if none comes before */
	uint64_t ping = buf_len(&s->out) && s->stuck_ms < UINT64_MAX ? UINT64_MAX : next_ping(s);
	uint64_t silent = silence(s);
	return ping < silent ? ping : silent;
}
