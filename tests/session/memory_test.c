/* SPDX-License-Identifier: MIT */
/*
 * Memory: what an idle session owns, and a life in which every allocation fails in turn: nothing crashes or leaks, each
 * failure is reported, and what is in flight can still be brought to its end on a new connection.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"

START_TEST(an_idle_session_owns_no_input_buffer)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "30 [0001 't' ~ 'm'] 32 [0001 't' 0001 ~ 'm'] 30 10");
	script_message(&s, 0, "m");
	script_message(&s, 1, "m");
	script_out(&s, "40 02 0001");
	script_quiet(&s);
	session_feed(&s.session, NULL, 0, s.now_ms, &s.event);
	ck_assert_ptr_nonnull(s.session.in.data); /* half a packet stays */
	script_in(&s, "0001 't' %s", s.config.level == LEVEL_5 ? "00 '123456789012'" : "'1234567890123'");
	script_event(&s, SESSION_MESSAGE, 0);
	session_feed(&s.session, NULL, 0, s.now_ms, &s.event);
	ck_assert_ptr_null(s.session.in.data);
	script_close(&s);
}
END_TEST

START_TEST(a_whole_packet_is_read_where_it_lies)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	s.most_in = 0;
	for (int i = 0; i < 50; i++)
		script_in(&s, "30 [0001 't' ~ 'm']");
	for (int i = 0; i < 50; i++)
		script_message(&s, 0, "m");
	if (s.cut == 0)
		ck_assert_uint_eq(s.most_in, 0);
	script_close(&s);
}
END_TEST

/* ---- The steady flow ---- */

static const uint8_t *answer(uint8_t type, uint16_t id)
{
	static uint8_t bytes[4];
	bytes[0] = (uint8_t)(type << 4 | (type == PACKET_PUBREL ? 2 : 0));
	bytes[1] = 2;
	put_u16(bytes + 2, id);
	return bytes;
}

static void take_output(struct script *s)
{
	const uint8_t *bytes;
	session_sent(&s->session, session_output(&s->session, &bytes), s->now_ms);
}

/* Feeds a packet in two pieces, so that it has to be kept in between; accepts what comes. */
static void feed_pieces(struct script *s, const uint8_t *p, size_t n)
{
	uint8_t in[16];
	put_bytes(in, p, n);
	for (size_t at = 0; at < n; at += session_feed(&s->session, in + at, at ? n - at : 1, s->now_ms, &s->event))
		;
	if (s->event.type == SESSION_MESSAGE && session_accept(&s->session, &s->event) < 0)
		ck_abort_msg("not accepted");
	take_output(s);
}

static void send_and_receive(struct script *s, uint8_t qos)
{
	struct packet    pk = {.type = PACKET_PUBLISH, .qos = qos, .topic = span_text("t", 0), .payload = span_text("m", 0)};
	uint8_t          publish[16];
	struct outgoing *o;
	bool             good = flight_new(&s->flight, &o, &pk, s->config.level) == 0 && session_send(&s->session, o) == 0;
	uint16_t         id = qos ? o->id : 0;
	take_output(s);
	if (qos == 2)
		feed_pieces(s, answer(PACKET_PUBREC, id), 4);
	if (qos)
		feed_pieces(s, answer(qos == 2 ? PACKET_PUBCOMP : PACKET_PUBACK, id), 4);
	good &= qos == 0 || (s->event.type == SESSION_DONE && s->event.outgoing == o);
	flight_free(&s->flight, o);
	pk.id = id;
	feed_pieces(s, publish, packet_encode(&pk, s->config.level, publish));
	if (qos == 2)
		feed_pieces(s, answer(PACKET_PUBREL, id), 4);
	if (!good)
		ck_abort_msg("not sent, or not answered");
}

START_TEST(ten_thousand_messages_each_way_need_no_memory)
{
	struct script s;
	script_up(&s, (uint8_t)(LEVEL_31 + _i / 3), 0);
	for (int i = 0; i < 10; i++)
		send_and_receive(&s, (uint8_t)(_i % 3));
	alloc_fail(0);
	for (int i = 0; i < 10000; i++)
		send_and_receive(&s, (uint8_t)(_i % 3));
	ck_assert_int_eq(alloc_count(), 0);
	alloc_stop();
	script_close(&s);
}
END_TEST

/* ---- A life with failing allocations ---- */

/* What the broker says, whole; identifiers are those that a session of this script uses. */
static const char *const broker_says[] = {
	"20 [0000 ~]",
	"40 02 0001 50 02 0002",
	"90 [0003 ~ 01] 30 [0001 't' ~ 'm'] 32 [0001 't' 0001 ~ 'm']",
	"34 [0001 't' 0009 ~ 'm'] 34 [0001 't' 000A ~ 'm'] 3C [0001 't' 0009 ~ 'm'] 62 02 0009",
	"70 02 0002 50 02 0077 62 02 0077 D000",
	NULL, /* long_message() */
};
enum { LINES = sizeof broker_says / sizeof broker_says[0], LONG = LINES - 1, LIFE_MAXIMUM = 500 };

struct life {
	struct script    s;
	struct bytes     lines[LINES];
	int              failures; /* calls that said MQTTWILL_ENOMEM */
	bool             over;     /* and one of them ends the connection */
	const char      *wrong;    /* the first thing that is not as it should be */
};

/* libcheck allocates when it asserts; while allocations fail, findings are only kept. */
static void expect(struct life *l, bool holds, const char *what)
{
	if (!holds && !l->wrong)
		l->wrong = what;
}

/* The caller's part of a failed call: it must say ENOMEM, and be as before. */
static bool failed(struct life *l, int rc)
{
	if (rc == 0)
		return false;
	expect(l, rc == MQTTWILL_ENOMEM, "a call failed for another reason");
	l->failures++;
	return rc == MQTTWILL_ENOMEM;
}

static void life_send(struct life *l, uint8_t type, uint8_t qos)
{
	struct filter    filter = {span_text("f", 0), 1};
	struct packet    pk = {.type = type, .qos = qos, .topic = span_text("t", 0), .filters = &filter, .count = 1};
	struct outgoing *o;
	if (type == PACKET_PUBLISH)
		pk.count = 0;
	if (l->over)
		return;
	for (int rc = MQTTWILL_ENOMEM; rc;) {
		rc = outgoing_new(&o, &pk, l->s.config.level);
		failed(l, rc);
		expect(l, rc == 0 || !o, "an outgoing that could not be made");
	}
	uint32_t open = l->s.flight.open, count = l->s.flight.out.count;
	uint64_t committed = l->s.session.committed;
	uint16_t last_id = l->s.flight.last_id;
	while (failed(l, session_send(&l->s.session, o))) {
		expect(l, l->s.flight.open == open && l->s.flight.out.count == count, "the flight after a failed send");
		expect(l, o->state == OUTGOING_QUEUED, "an outgoing after a failed send");
		expect(l, l->s.session.committed == committed, "the output after a failed send");
		l->s.flight.last_id = last_id; /* one may be passed over, but the broker's lines are written already */
	}
	if (o->id_at == 0)
		free(o);
}

static void settle(struct life *l)
{
	struct session_event *ev = &l->s.event;
	if (ev->type == SESSION_FAILED) {
		failed(l, ev->error);
		l->over = true;
	} else if (ev->type == SESSION_DONE) {
		free(ev->outgoing);
	} else if (ev->type == SESSION_MESSAGE) {
		l->over = failed(l, session_accept(&l->s.session, ev));
	}
}

/* In pieces of five bytes, so that packets must be put together. */
static void life_hear(struct life *l, size_t line)
{
	enum { PIECE = 5 };
	struct bytes *b = &l->lines[line];
	script_flush(&l->s);
	buf_relax(&l->s.session.out); /* so that each answer needs memory */
	for (size_t at = 0; at < b->n && !l->over;) {
		size_t n = b->n - at < PIECE ? b->n - at : PIECE;
		at += session_feed(&l->s.session, b->p + at, n, l->s.now_ms, &l->s.event);
		settle(l);
	}
}

static void live(struct life *l)
{
	struct packet pk = {.type = PACKET_CONNECT};
	pk.connect.keep_alive = 60;
	while (failed(l, session_connect(&l->s.session, &pk)))
		;
	life_hear(l, 0);
	life_send(l, PACKET_PUBLISH, 1);
	life_send(l, PACKET_PUBLISH, 2);
	life_send(l, PACKET_PUBLISH, 0);
	life_hear(l, 1);
	life_send(l, PACKET_SUBSCRIBE, 0);
	life_hear(l, 2);
	life_hear(l, 3);
	while (!l->over && failed(l, session_ping(&l->s.session)))
		;
	for (int i = 0; i < 9; i++) /* identifiers that make the table grow */
		life_send(l, PACKET_PUBLISH, 2);
	life_hear(l, 4);
	life_hear(l, LONG);
	script_flush(&l->s);
	if (l->over || failed(l, session_disconnect(&l->s.session, 0, NULL)))
		return;
	script_flush(&l->s);
}

static void check_flight(const struct flight *f)
{
	uint32_t count = 0, open = 0;
	for (const struct list *at = f->sent.next; at != &f->sent; at = at->next) {
		const struct outgoing *o = list_entry(at, struct outgoing, link);
		ck_assert_ptr_eq(idtable_get(&f->out, o->id), o);
		ck_assert_uint_ne(o->state, OUTGOING_QUEUED);
		count++;
		open += o->type == PACKET_PUBLISH;
	}
	ck_assert_uint_eq(f->out.count, count);
	ck_assert_uint_eq(f->open, open);
}

/* Whatever has happened, the next connection brings all that is in flight to its end. */
static void bring_to_its_end(struct script *s)
{
	script_drop(s);
	script_open(s);
	script_connect(s, 60, false);
	script_greet(s, s->config.level == LEVEL_31 ? "20 02 00 00" : "20 [01 00 ~]");
	ck_assert_int_eq(session_resend(&s->session, s->flight.sent.prev), 0);
	while (!list_empty(&s->flight.sent)) {
		struct outgoing *o = list_entry(s->flight.sent.next, struct outgoing, link);
		if (o->type == PACKET_SUBSCRIBE)
			script_in(s, "90 [%04X ~ 00]", o->id);
		else if (o->qos == 2 && o->state == OUTGOING_SENT)
			script_in(s, "50 02 %04X 70 02 %04X", o->id, o->id);
		else
			script_in(s, "%s 02 %04X", o->qos == 2 ? "70" : "40", o->id);
		script_done(s, o, 0);
	}
	script_flush(s);
	script_in(s, "62 02 0009 62 02 000A");
	script_quiet(s);
	script_flush(s);
	check_flight(&s->flight);
	ck_assert_uint_eq(s->flight.in.count, 0);
	script_close(s);
}

/* One for which the input buffer grows; before MQTT 5 it is above the limit, by its topic and by its payload. */
static void long_message(struct script *s)
{
	char text[400];
	memset(text, 't', sizeof text);
	text[sizeof text - 1] = 0;
	if (s->config.level == LEVEL_5)
		script_in(s, "32 [018F '%s' 0007 00 'm']", text);
	else
		script_in(s, "32 [018F '%s' 0007 '%s']", text, text);
}

static struct bytes line_of(const struct script *s, size_t line)
{
	struct script writer = *s; /* its notation is all that is wanted */
	buf_init(&writer.input, SIZE_MAX / 2);
	if (line == LONG)
		long_message(&writer);
	else
		script_in(&writer, "%s", broker_says[line]);
	struct bytes b = bytes_copy(buf_front(&writer.input), buf_len(&writer.input));
	buf_fini(&writer.input);
	return b;
}

/* One life in which the nth allocation fails. Did it come to that? */
static bool one_life(uint8_t level, int i, long nth)
{
	struct life l = {0};
	script_init(&l.s, level, i);
	l.s.config.maximum_packet_size = LIFE_MAXIMUM;
	script_open(&l.s);
	for (size_t n = 0; n < LINES; n++)
		l.lines[n] = line_of(&l.s, n);
	alloc_fail(nth);
	live(&l);
	bool refused = alloc_stop();
	ck_assert_msg(!l.wrong, "allocation %ld failed: %s", nth, l.wrong);
	ck_assert_msg(refused == (l.failures > 0), "allocation %ld: %d failures were told", nth, l.failures);
	check_flight(&l.s.flight);
	bring_to_its_end(&l.s);
	for (size_t n = 0; n < LINES; n++)
		bytes_free(&l.lines[n]);
	return refused;
}

START_TEST(every_allocation_of_a_life_may_fail)
{
	long nth = 1;
	while (one_life(script_level(_i), _i, nth))
		nth++;
	ck_assert_int_ge(nth, 20);
}
END_TEST

START_TEST(without_memory_for_its_answer_the_session_ends)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	static uint8_t  pubrel[] = {0x62, 2, 0, 9};
	session_tick(&s.session, s.now_ms);
	buf_fini(&s.session.out);
	alloc_fail(1);
	size_t used = session_feed(&s.session, pubrel, sizeof pubrel, s.now_ms, &s.event);
	alloc_stop();
	ck_assert_uint_eq(used, sizeof pubrel);
	ck_assert_uint_eq(s.event.type, SESSION_FAILED);
	ck_assert_int_eq(s.event.error, MQTTWILL_ENOMEM);
	ck_assert(!session_is_up(&s.session));
	script_in(&s, "30 [0001 't' ~ 'm']");
	script_close(&s);
}
END_TEST

Suite *memory_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *tc = tcase_create("memory");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, an_idle_session_owns_no_input_buffer, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, ten_thousand_messages_each_way_need_no_memory, 0, 3 * 3);
	tcase_add_loop_test(tc, a_whole_packet_is_read_where_it_lies, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, every_allocation_of_a_life_may_fail, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, without_memory_for_its_answer_the_session_ends, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
