/* SPDX-License-Identifier: MIT */
/*
 * Two sessions with the same life: one is fed whole, the other byte by byte. The first byte of the input chooses level
 * and options, the rest is a list of actions: feed, send, take output, let time pass, ping, leave, connect anew, and
 * from 0x80 up settle a message that waits.
 * Checked after each: both tell and say the same; what is said decodes; flight, memory and deadline hold.
 */
#include <stdio.h>
#include <stdlib.h>

#include "session/session.h"
#include "support/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 300, HEAD_LIMIT = HEADER_MAX + 2 + FIELD_MAX + 2, SIDES = 2, HELD = 8, ALIASES = 4 };

struct life {
	struct session session;
	struct flight  flight;
	uint64_t       told;   /* a hash of the events */
	uint64_t       checked; /* how much of the output was looked at */
	bool           left;   /* DISCONNECT was said */
	bool           aliased[ALIASES]; /* a topic was said for it on this connection */
	int64_t        held[HELD]; /* handles of messages that wait */
	size_t         holds;
};

struct input {
	const uint8_t *p;
	size_t         n;
};

static struct session_config config;
static struct life           lives[SIDES];
static bool                  has_method; /* CONNECT has an Authentication Method */
static uint64_t              now_ms;
static int64_t               token;

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static uint8_t next(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

/* ---- What must hold ---- */

static void check_flight(const struct flight *f)
{
	uint32_t count = 0, open = 0;
	for (const struct list *l = f->sent.next; l != &f->sent; l = l->next) {
		const struct outgoing *o = list_entry(l, struct outgoing, link);
		expect(o->id != 0 && idtable_get(&f->out, o->id) == o, "in flight, and not in the table");
		expect(get_u16(o->bytes + o->id_at) == o->id, "in flight under another identifier");
		count++;
		open += o->type == PACKET_PUBLISH;
	}
	expect(count == f->out.count && open == f->open, "the flight's counts");
}

/* An alias is the broker's to allow, and stands for a topic that was said on this connection. */
static void check_alias(struct life *l, const struct packet *pk)
{
	uint16_t alias = pk->props.topic_alias;
	if (pk->type != PACKET_PUBLISH || !(pk->props.has & HAS(TOPIC_ALIAS)))
		return;
	expect(alias <= l->session.aliases_out.maximum && alias < ALIASES, "an alias above the maximum was said");
	expect(pk->topic.n || l->aliased[alias], "an alias was said that stands for nothing");
	l->aliased[alias] = true;
}

/* Whatever is committed is whole packets that a client may send, and nothing follows DISCONNECT. */
static void check_said(struct life *l)
{
	const uint8_t *out;
	size_t         n = session_output(&l->session, &out), fresh = (size_t)(l->session.committed - l->checked);
	expect(fresh <= n, "output was withdrawn");
	for (out += n - fresh; fresh;) {
		struct packet pk;
		struct frame  f;
		struct fault  fault;
		int known = frame_read(&f, config.level, out, fresh);
		expect(known == 1 && f.size <= fresh, "a piece of a packet was said");
		int rc = packet_decode(&pk, config.level, FROM_CLIENT, out, f.size, &fault);
		expect(rc == 0, "an illegal packet was said");
		expect(!l->left, "something was said after DISCONNECT");
		l->left = pk.type == PACKET_DISCONNECT;
		check_alias(l, &pk);
		out += f.size;
		fresh -= f.size;
	}
	l->checked = l->session.committed;
}

static void check_time(struct life *l)
{
	struct session *s = &l->session;
	const uint8_t  *out;
	size_t          n = session_output(s, &out);
	bool            up = session_is_up(s);
	expect(up == (session_deadline(s) != UINT64_MAX), "the deadline");
	if (session_deadline(s) <= now_ms)
		return;
	expect(session_tick(s, now_ms) == 0, "silence before the deadline");
	expect(session_output(s, &out) == n && session_is_up(s) == up, "work before the deadline");
}

static void check(void)
{
	const uint8_t *a, *b;
	for (int i = 0; i < SIDES; i++) {
		check_flight(&lives[i].flight);
		check_said(&lives[i]);
		check_time(&lives[i]);
		expect(lives[i].session.in.cap <= HEAD_LIMIT, "memory of the input");
	}
	expect(lives[0].told == lives[1].told, "other events byte by byte");
	expect(lives[0].session.state == lives[1].session.state, "another state byte by byte");
	size_t n = session_output(&lives[0].session, &a);
	expect(session_output(&lives[1].session, &b) == n, "another length of output byte by byte");
	expect(n == 0 || memcmp(a, b, n) == 0, "other output byte by byte");
	uint64_t deadline = session_deadline(&lives[0].session);
	expect(session_deadline(&lives[1].session) == deadline, "another deadline byte by byte");
}

/* ---- Actions ---- */

static void note(struct life *l, uint64_t what)
{
	l->told = (l->told ^ what) * UINT64_C(0x100000001B3);
}

static void hear_auth(struct life *l, struct session_event *ev, bool answer)
{
	const struct props *p = &ev->packet.props;
	expect(has_method && config.level == LEVEL_5, "AUTH, and CONNECT had no method");
	note(l, ev->packet.reason);
	if (ev->packet.reason == REASON_SUCCESS)
		expect(session_is_up(&l->session) && !l->session.reauthenticating, "an end that does not end");
	else if (answer)
		note(l, (uint64_t)(int64_t)session_auth(&l->session, REASON_CONTINUE_AUTH, p->has & HAS(AUTH_DATA) ? &p->auth_data : NULL));
}

static void note_span(struct life *l, struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		note(l, text.p[i]);
}

static void hear_message(struct life *l, struct session_event *ev, bool accept)
{
	note_span(l, ev->packet.payload);
	note_span(l, ev->packet.topic);
	expect(ev->packet.topic.n, "a message without a topic");
	if (!ev->text_topic)
		span_terminate(&ev->packet.topic);
	if (config.manual_ack && !accept) {
		int64_t handle = session_hold(&l->session, ev);
		expect(handle >= 0, "a message is not held");
		l->held[l->holds++ % HELD] = handle;
	} else if (accept) {
		expect(session_accept(&l->session, ev) == 0, "a message is not accepted");
	}
}

static void hear(struct life *l, struct session_event *ev, bool accept)
{
	note(l, ev->type);
	note(l, (uint64_t)(int64_t)ev->error);
	if (ev->type == SESSION_MESSAGE) {
		hear_message(l, ev, accept);
	} else if (ev->type == SESSION_DONE) {
		note(l, (uint64_t)ev->outgoing->token);
		free(ev->outgoing);
	} else if (ev->type == SESSION_AUTH) {
		hear_auth(l, ev, accept);
	} else if (ev->type == SESSION_FAILED) {
		expect(ev->fault.rule && ev->fault.text, "a failure is not explained");
		expect(!session_is_up(&l->session), "up after a failure");
	}
}

/* Pieces are blocks of their own size, and die before the next one comes. */
static void feed(struct life *l, const uint8_t *p, size_t n, size_t piece, bool accept)
{
	while (n) {
		size_t       some = piece < n ? piece : n;
		struct bytes b = bytes_copy(p, some);
		for (size_t at = 0; at < some;) {
			struct session_event ev;
			bool                 over = l->session.state == SESSION_OVER;
			size_t               used = session_feed(&l->session, b.p + at, some - at, now_ms, &ev);
			expect(used <= some - at && (used || ev.type), "feed does not go on");
			expect(!over || ev.type == SESSION_NOTHING, "an event after the end");
			at += used;
			if (ev.type)
				hear(l, &ev, accept);
		}
		bytes_free(&b);
		p += some;
		n -= some;
	}
}

static void feed_both(const uint8_t *p, size_t n, bool accept)
{
	feed(&lives[0], p, n, n, accept);
	feed(&lives[1], p, n, 1, accept);
}

static void do_feed(struct input *in)
{
	uint8_t how = next(in);
	size_t  n = how & 0x7F;
	n = n < in->n ? n : in->n;
	feed_both(in->p, n, !(how & 0x80));
	in->p += n;
	in->n -= n;
}

static void send_one(struct life *l, const struct packet *pk, bool presence)
{
	struct outgoing *o;
	uint8_t          qos = pk->type == PACKET_PUBLISH ? pk->qos : 1;
	if (!session_has_room(&l->session, qos, presence))
		return;
	expect(outgoing_new(&o, pk, config.level) == 0, "an outgoing is not made");
	o->token = token;
	int rc = session_send(&l->session, o);
	if (rc < 0 || o->id_at == 0)
		free(o);
	note(l, (uint64_t)(int64_t)rc);
}

static void do_send(struct input *in)
{
	static const uint8_t types[] = {PACKET_PUBLISH, PACKET_PUBLISH, PACKET_SUBSCRIBE, PACKET_UNSUBSCRIBE};
	static const uint8_t payload[200];
	const struct filter  filters[] = {{span_text("a", 0), 0}, {span_text("b", 0), 0}};
	uint8_t              how = next(in);
	struct packet        pk = {.type = types[how & 3], .topic = span_text(how & 0x80 ? "other" : "t", 0)};
	pk.qos = (how >> 2 & 3) % 3;
	pk.retain = how >> 4 & 1;
	pk.payload = span_of(payload, how >> 6 & 1 ? sizeof payload : 1);
	if (pk.type != PACKET_PUBLISH) {
		pk = (struct packet){.type = pk.type, .filters = filters, .count = 1u + (how >> 4 & 1)};
	}
	token++;
	for (int i = 0; i < SIDES; i++)
		send_one(&lives[i], &pk, how >> 5 & 1);
}

static void do_take(struct input *in)
{
	size_t want = next(in);
	for (int i = 0; i < SIDES; i++) {
		const uint8_t *out;
		size_t         n = session_output(&lives[i].session, &out);
		size_t         some = want == 255 || want > n ? n : want;
		if (some)
			session_sent(&lives[i].session, some, now_ms);
	}
}

static void do_wait(struct input *in)
{
	uint8_t  how = next(in);
	uint64_t deadline = session_deadline(&lives[0].session);
	if (how & 0x80 && deadline != UINT64_MAX)
		now_ms = deadline > now_ms ? deadline : now_ms;
	else
		now_ms += how * 300u;
	for (int i = 0; i < SIDES; i++)
		note(&lives[i], (uint64_t)(int64_t)session_tick(&lives[i].session, now_ms));
}

static void do_ping(struct input *in)
{
	(void)in;
	for (int i = 0; i < SIDES; i++)
		note(&lives[i], (uint64_t)(int64_t)session_ping(&lives[i].session));
}

static void do_auth(uint8_t how)
{
	const struct span data = span_text("data", 0);
	uint8_t           reason = how & 8 ? REASON_REAUTHENTICATE : REASON_CONTINUE_AUTH;
	for (int i = 0; i < SIDES; i++)
		note(&lives[i], (uint64_t)(int64_t)session_auth(&lives[i].session, reason, how & 16 ? &data : NULL));
}

static void do_leave(struct input *in)
{
	static const uint32_t expiry = 5;
	uint8_t               how = next(in);
	if (how & 4) {
		do_auth(how);
		return;
	}
	for (int i = 0; i < SIDES; i++) {
		uint8_t reason = how & 1 && config.level == LEVEL_5 ? REASON_WITH_WILL : REASON_SUCCESS;
		if (session_is_up(&lives[i].session))
			session_disconnect(&lives[i].session, reason, how & 2 ? &expiry : NULL);
	}
}

static void open_one(struct life *l, uint16_t keep_alive, bool clean)
{
	struct packet pk = {.type = PACKET_CONNECT};
	pk.connect.keep_alive = keep_alive;
	pk.connect.clean_start = clean;
	pk.connect.client_id = span_text("c", 0);
	if (has_method) {
		pk.props.has = HAS(AUTH_METHOD);
		pk.props.auth_method = span_text("m", 0);
	}
	memset(l->aliased, 0, sizeof l->aliased);
	session_init(&l->session, &config, &l->flight, now_ms);
	l->checked = 0;
	l->left = false;
	expect(session_connect(&l->session, &pk) == 0, "no CONNECT");
}

static const struct {
	uint8_t level;
	uint8_t n;
	uint8_t bytes[16];
} connacks[] = {
	{LEVEL_31, 4, {0x20, 2, 0, 0}},
	{LEVEL_311, 4, {0x20, 2, 1, 0}},
	{LEVEL_5, 5, {0x20, 3, 1, 0, 0}},
	{LEVEL_5, 13, {0x20, 11, 1, 0, 8, 0x21, 0, 3, 0x27, 0, 0, 0, 100}},
	{LEVEL_5, 12, {0x20, 10, 1, 0, 7, 0x15, 0, 1, 'm', 0x22, 0, 3}},
	{LEVEL_5, 8, {0x20, 6, 1, 0, 3, 0x22, 0, 2}},
};

/* The same session again; the broker's CONNACK is given, or left to the input. */
static void do_connect(struct input *in)
{
	uint8_t       how = next(in);
	bool          other = config.level == LEVEL_5 && how & 1;
	bool          aliases = config.level == LEVEL_5 && how & 0x10;
	const uint8_t i = has_method ? 4 : aliases ? 5 : (uint8_t)(config.level - LEVEL_31 + other);
	for (int k = 0; k < SIDES; k++) {
		session_fini(&lives[k].session);
		open_one(&lives[k], how & 2 ? 60 : 3, false);
	}
	if (how & 4)
		return;
	feed_both(connacks[i].bytes, connacks[i].n, true);
	for (int k = 0; k < SIDES; k++) {
		const struct list *last = how & 8 ? &lives[k].flight.sent : lives[k].flight.sent.prev;
		expect(session_resend(&lives[k].session, last) == 0, "nothing is sent again");
	}
}

static void do_settle(struct input *in)
{
	static const uint8_t reasons[] = {REASON_SUCCESS, REASON_NO_SUBSCRIBERS, REASON_UNSPECIFIED, REASON_QUOTA};
	uint8_t              how = next(in), reason = config.level == LEVEL_5 ? reasons[how >> 4 & 3] : 0;
	for (int i = 0; i < SIDES; i++) {
		int64_t handle = lives[i].held[how % HELD];
		note(&lives[i], (uint64_t)(int64_t)session_settle(&lives[i].session, handle, reason));
	}
}

static void (*const actions[])(struct input *in) = {do_feed, do_feed, do_send,  do_take,
                                                    do_wait, do_ping, do_leave, do_connect};

static void begin(uint8_t how)
{
	config = (struct session_config){
		.level = (uint8_t)(LEVEL_31 + how % 3),
		.reserve = how & 0x10,
		.receive_maximum = 3,
		.maximum_packet_size = LIMIT,
		.ping_timeout_ms = how & 0x20 ? 100000 : 0,
		.manual_ack = how & 8,
		.topic_alias_maximum = how & 4 ? 3 : 0,
	};
	has_method = how & 0x80 && config.level == LEVEL_5;
	now_ms = 0;
	token = 0;
	for (int i = 0; i < SIDES; i++) {
		lives[i] = (struct life){0};
		flight_init(&lives[i].flight);
		lives[i].flight.last_id = how & 0x40 ? UINT16_MAX - 2 : 0;
		open_one(&lives[i], 60, false);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	begin(next(&in));
	check();
	while (in.n) {
		uint8_t action = next(&in);
		(action & 0x80 ? do_settle : actions[action % 8])(&in);
		check();
	}
	for (int i = 0; i < SIDES; i++) {
		session_fini(&lives[i].session);
		flight_fini(&lives[i].flight);
	}
	return 0;
}
