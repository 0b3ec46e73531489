/* SPDX-License-Identifier: MIT */
/*
 * The protocol's states as tables, and each cell checked: what comes, by what was before it. They are to be read: the words are
 * explained below. Each row is run with each of its reason codes, at each level that has it.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum cell {
	pass,    /* no bytes, no event, nothing changes */
	done,    /* SESSION_DONE: it is delivered; the identifier is free again */
	deny,    /* SESSION_DONE with MQTTWILL_EDENIED: the broker did not take it; the identifier is free again */
	rel,     /* PUBREL leaves; from now on it is released */
	rel_92,  /* PUBREL leaves, in MQTT 5 with 0x92 */
	comp,    /* PUBCOMP leaves; the identifier is free again */
	comp_92, /* PUBCOMP leaves, in MQTT 5 with 0x92 */
	comp_n,  /* as comp, and SESSION_NOTE: the broker has forgotten what we took */
	comp_92n, /* as comp_92, and SESSION_NOTE */
	rec,     /* PUBREC leaves, and nothing is told */
	msg,     /* SESSION_MESSAGE, and once it is accepted the acknowledgement of its QoS */
	pong,    /* SESSION_PONG */
	greet,   /* SESSION_CONNACK: the session is up */
	turned,  /* SESSION_CONNACK with an error: the session is over */
	left,    /* SESSION_BROKER_LEFT: the session is over */
	bad,     /* SESSION_FAILED: the session is over; in MQTT 5 DISCONNECT 0x82 leaves if it was up */
	CELLS
};

enum { IN_31 = 1 << LEVEL_31, IN_311 = 1 << LEVEL_311, IN_5 = 1 << LEVEL_5, IN_3X = IN_31 | IN_311, ALL = IN_3X | IN_5 };

/* ---- What every cell says ---- */

static const char *bytes_of_cell(uint8_t cell, uint8_t level)
{
	static const char *const plain[CELLS] = {
		[rel] = "62 02 0001",  [rel_92] = "62 02 0001",  [comp] = "70 02 0001",
		[rec] = "50 02 0001",  [comp_92] = "70 02 0001", [comp_n] = "70 02 0001",
	};
	static const char *const in_5[CELLS] = {[rel_92] = "62 03 0001 92", [comp_92] = "70 03 0001 92", [comp_92n] = "70 03 0001 92"};
	const char *bytes = level == LEVEL_5 && in_5[cell] ? in_5[cell] : plain[cell];
	return bytes ? bytes : "";
}

static void check_message(struct script *s)
{
	static const char *const acks[] = {"", "40 02 0001", "50 02 0001"};
	script_event(s, SESSION_MESSAGE, 0);
	script_out(s, "%s", "");
	ck_assert_int_eq(session_accept(&s->session, &s->event), 0);
	script_out(s, "%s", acks[s->event.packet.qos]);
}

static void check_cell(struct script *s, uint8_t cell, struct outgoing *o)
{
	static const uint8_t events[CELLS] = {
		[pong] = SESSION_PONG, [greet] = SESSION_CONNACK, [comp_n] = SESSION_NOTE, [comp_92n] = SESSION_NOTE,
	};
	uint8_t              state = s->session.state;
	if (cell == done || cell == deny)
		script_done(s, o, cell == done ? 0 : MQTTWILL_EDENIED);
	else if (cell == msg)
		check_message(s);
	else if (cell == bad)
		script_fails(s, REASON_PROTOCOL_ERROR);
	else if (cell == turned)
		script_event(s, SESSION_CONNACK, MQTTWILL_EAUTH);
	else if (cell == left)
		script_event(s, SESSION_BROKER_LEFT, MQTTWILL_EKICKED);
	else if (events[cell])
		script_event(s, events[cell], 0);
	script_quiet(s);
	script_out(s, "%s", bytes_of_cell(cell, s->config.level));
	bool over = cell == turned || cell == left || cell == bad;
	ck_assert_uint_eq(s->session.state, over ? SESSION_OVER : cell == greet ? SESSION_UP : state);
}

/* Feeds the row's packet with each of its reasons, %s in the packet, to a session that `play` has brought there. */
struct row {
	unsigned    levels;
	const char *packet;
	const char *reasons; /* NULL: it has none */
	uint8_t     cells[10];
};

typedef void play_fn(const struct row *row, const char *packet, int column, uint8_t level, int i);

static void play_row(const struct row *row, int columns, int i, play_fn *play)
{
	uint8_t level = script_level(i);
	char    packet[128];
	for (const char *reason = row->reasons ? row->reasons : "  "; strlen(reason) >= 2; reason += 2) {
		char code[3] = {reason[0], reason[1], 0};
		snprintf(packet, sizeof packet, row->packet, code);
		for (int column = 0; column < columns && row->levels & 1u << level; column++)
			play(row, packet, column, level, i);
		reason += reason[2] == ' ';
	}
}

#define PLAY(rows, columns, play)                                                                                      \
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows)[0]; row++)                                              \
	play_row(&(rows)[row], columns, _i, play)

/* ---- The connection: each packet in each state of a session ---- */

#define AN_ID "0001 ~"

static const struct row arrivals[] = {
	/*                                                     new   connecting  up       over */
	{ALL,   "00 00", NULL,                                {bad,  bad,        bad,     pass}}, /* type 0; here 0x81 */
	{ALL,   "10 [0004'MQTT' 04 02 0000 0001'c']", NULL,   {bad,  bad,        bad,     pass}}, /* CONNECT */
	{ALL,   "20 [00 00 ~]", NULL,                         {bad,  greet,      bad,     pass}}, /* CONNACK */
	{IN_3X, "20 [00 %s]", "04 05",                        {bad,  turned,     bad,     pass}},
	{IN_5,  "20 [00 %s 00]", "86 87 8A 8C",               {bad,  turned,     bad,     pass}},
	{ALL,   "30 [0001 't' ~ 'm']", NULL,                  {bad,  bad,        msg,     pass}}, /* PUBLISH */
	{ALL,   "32 [0001 't' 0001 ~ 'm']", NULL,             {bad,  bad,        msg,     pass}},
	{ALL,   "34 [0001 't' 0001 ~ 'm']", NULL,             {bad,  bad,        msg,     pass}},
	{ALL,   "40 02 0001", NULL,                           {bad,  bad,        pass,    pass}}, /* PUBACK */
	{ALL,   "50 02 0001", NULL,                           {bad,  bad,        rel_92,  pass}}, /* PUBREC */
	{ALL,   "62 02 0001", NULL,                           {bad,  bad,        comp_92, pass}}, /* PUBREL */
	{ALL,   "70 02 0001", NULL,                           {bad,  bad,        pass,    pass}}, /* PUBCOMP */
	{ALL,   "82 [" AN_ID " 0001'a' 00]", NULL,            {bad,  bad,        bad,     pass}}, /* SUBSCRIBE */
	{ALL,   "90 [" AN_ID " 00]", NULL,                    {bad,  bad,        bad,     pass}}, /* SUBACK */
	{ALL,   "A2 [" AN_ID " 0001'a']", NULL,               {bad,  bad,        bad,     pass}}, /* UNSUBSCRIBE */
	{IN_3X, "B0 02 0001", NULL,                           {bad,  bad,        bad,     pass}}, /* UNSUBACK */
	{IN_5,  "B0 04 0001 00 %s", "00 11 80 87",            {bad,  bad,        bad,     pass}},
	{ALL,   "C0 00", NULL,                                {bad,  bad,        bad,     pass}}, /* PINGREQ */
	{ALL,   "D0 00", NULL,                                {bad,  bad,        pass,    pass}}, /* PINGRESP */
	{IN_3X, "E0 00", NULL,                                {bad,  bad,        bad,     pass}}, /* DISCONNECT */
	{IN_5,  "E0 00", NULL,                                {bad,  bad,        left,    pass}},
	{IN_5,  "E0 01 %s", "80 81 82 87 89 8B 8D 93 A0",     {bad,  bad,        left,    pass}},
	{IN_3X, "F0 00", NULL,                                {bad,  bad,        bad,     pass}}, /* AUTH; no method was given */
	{IN_5,  "F0 06 %s 04 15 0001'm'", "00 18",            {bad,  bad,        bad,     pass}},
};

static void play_arrival(const struct row *row, const char *packet, int state, uint8_t level, int i)
{
	struct script s;
	script_init(&s, level, i);
	script_open(&s);
	if (state >= SESSION_CONNECTING)
		script_connect(&s, 60, true);
	script_flush(&s);
	if (state >= SESSION_UP)
		script_greet(&s, "20 [0000 ~]");
	if (state == SESSION_OVER)
		session_disconnect(&s.session, 0, NULL);
	script_flush(&s);
	script_in(&s, "%s", packet);
	if (row == &arrivals[0] && state != SESSION_OVER)
		script_fails(&s, REASON_MALFORMED);
	else
		check_cell(&s, row->cells[state], NULL);
	script_close(&s);
}

START_TEST(every_packet_in_every_state_of_a_session)
{
	PLAY(arrivals, SESSION_OVER + 1, play_arrival);
}
END_TEST

/* ---- The sender: what we sent, by the answer ---- */

/* Nothing in flight, a message is queued and one at QoS 0 is out; in flight; in flight since an earlier connection. */
enum sent { NOTHING, QOS1, QOS2, RELEASED, SUBSCRIBED, UNSUBSCRIBED, QOS1_AGAIN, QOS2_AGAIN, RELEASED_AGAIN, SENT_STATES };

#define REFUSED "80 83 87 90 91 97 99"

static const struct row answers[] = {
	/*                                          nothing  QoS 1 QoS 2 relsd SUBSC UNSUB and not yet sent again */
	{ALL,   "40 02 0001", NULL,                {pass,    done, bad,  bad,  bad,  bad,  done, bad,  bad}},
	{IN_5,  "40 03 0001 %s", "00 10",          {pass,    done, bad,  bad,  bad,  bad,  done, bad,  bad}},
	{IN_5,  "40 03 0001 %s", REFUSED,          {pass,    deny, bad,  bad,  bad,  bad,  deny, bad,  bad}},
	{IN_5,  "40 03 0001 %s", "92",             {bad,     bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad}},
	{ALL,   "50 02 0001", NULL,                {rel_92,  bad,  rel,  rel,  bad,  bad,  bad,  rel,  rel}},
	{IN_5,  "50 03 0001 %s", "00 10",          {rel_92,  bad,  rel,  rel,  bad,  bad,  bad,  rel,  rel}},
	{IN_5,  "50 03 0001 %s", REFUSED,          {pass,    bad,  deny, deny, bad,  bad,  bad,  deny, deny}},
	{IN_5,  "50 03 0001 %s", "92",             {bad,     bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad}},
	{ALL,   "70 02 0001", NULL,                {pass,    bad,  bad,  done, bad,  bad,  bad,  bad,  done}},
	{IN_5,  "70 03 0001 %s", "00 92",          {pass,    bad,  bad,  done, bad,  bad,  bad,  bad,  done}},
	{IN_5,  "70 03 0001 %s", REFUSED,          {bad,     bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad}},
	{IN_3X, "90 03 0001 %s", "00 01",          {bad,     bad,  bad,  bad,  done, bad,  bad,  bad,  bad}},
	{IN_311, "90 03 0001 80", NULL,            {bad,     bad,  bad,  bad,  deny, bad,  bad,  bad,  bad}},
	{IN_5,  "90 04 0001 00 %s", "00 01",       {bad,     bad,  bad,  bad,  done, bad,  bad,  bad,  bad}},
	{IN_5,  "90 04 0001 00 %s", "80 87 97 A2", {bad,     bad,  bad,  bad,  deny, bad,  bad,  bad,  bad}},
	{IN_3X, "B0 02 0001", NULL,                {bad,     bad,  bad,  bad,  bad,  done, bad,  bad,  bad}},
	{IN_5,  "B0 04 0001 00 %s", "00 11",       {bad,     bad,  bad,  bad,  bad,  done, bad,  bad,  bad}},
	{IN_5,  "B0 04 0001 00 %s", "80 87 91",    {bad,     bad,  bad,  bad,  bad,  deny, bad,  bad,  bad}},
	/* what concerns the other direction, the connection or another identifier leaves it alone */
	{ALL,   "40 02 0002", NULL,                {pass,    pass, pass, pass, pass, pass, pass, pass, pass}},
	{ALL,   "70 02 0002", NULL,                {pass,    pass, pass, pass, pass, pass, pass, pass, pass}},
	{ALL,   "90 [0002 ~ 01]", NULL,            {bad,     bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad}},
	{ALL,   "62 02 0001", NULL,                {comp_92, comp_92, comp_92, comp_92, comp_92, comp_92, comp_92, comp_92, comp_92}},
	{ALL,   "32 [0001 't' 0001 ~ 'm']", NULL,  {msg,     msg,  msg,  msg,  msg,  msg,  msg,  msg,  msg}},
	{ALL,   "34 [0001 't' 0001 ~ 'm']", NULL,  {msg,     msg,  msg,  msg,  msg,  msg,  msg,  msg,  msg}},
	{ALL,   "D0 00", NULL,                     {pass,    pass, pass, pass, pass, pass, pass, pass, pass}},
};

static const struct {
	uint8_t type, qos, state;
	bool    again;
} sent[SENT_STATES] = {
	[QOS1] = {PACKET_PUBLISH, 1, OUTGOING_SENT, false},
	[QOS2] = {PACKET_PUBLISH, 2, OUTGOING_SENT, false},
	[RELEASED] = {PACKET_PUBLISH, 2, OUTGOING_RELEASED, false},
	[SUBSCRIBED] = {PACKET_SUBSCRIBE, 0, OUTGOING_SENT, false},
	[UNSUBSCRIBED] = {PACKET_UNSUBSCRIBE, 0, OUTGOING_SENT, false},
	[QOS1_AGAIN] = {PACKET_PUBLISH, 1, OUTGOING_SENT, true},
	[QOS2_AGAIN] = {PACKET_PUBLISH, 2, OUTGOING_SENT, true},
	[RELEASED_AGAIN] = {PACKET_PUBLISH, 2, OUTGOING_RELEASED, true},
};

/* Sent again is the message before it; until that is acknowledged there is no room for another. */
static void connect_again(struct script *s)
{
	script_drop(s);
	s->config.send_maximum = 1;
	script_open(s);
	script_connect(s, 60, false);
	script_greet(s, s->config.level == LEVEL_31 ? "20 [0000 ~]" : "20 [0100 ~]");
	ck_assert_int_eq(session_resend(&s->session, s->flight.sent.prev), 0);
	script_out(s, "3A [0001 't' FFFF ~ 'm']");
}

static struct outgoing *enter(struct script *s, int state)
{
	if (state == NOTHING) {
		free(script_send(s, PACKET_PUBLISH, 0));
		script_flush(s);
		return NULL;
	}
	if (sent[state].again) {
		s->flight.last_id = UINT16_MAX - 1;
		script_send(s, PACKET_PUBLISH, 1);
	}
	struct outgoing *o = script_send(s, sent[state].type, sent[state].qos);
	if (sent[state].state == OUTGOING_RELEASED) {
		script_in(s, "50 02 0001");
		script_quiet(s);
	}
	script_flush(s);
	if (sent[state].again)
		connect_again(s);
	return o;
}

static void check_next(const struct script *s, uint8_t cell, int state)
{
	const struct outgoing *o = idtable_get(&s->flight.out, 1);
	bool                   gone = state == NOTHING || cell == done || cell == deny;
	ck_assert_int_eq(o != NULL, !gone);
	uint32_t open = !gone && sent[state].type == PACKET_PUBLISH;
	ck_assert_uint_eq(s->flight.open, open + sent[state].again);
	if (o)
		ck_assert_uint_eq(o->state, cell == rel ? OUTGOING_RELEASED : sent[state].state);
	ck_assert_uint_eq(s->session.waiting, !gone && sent[state].again);
}

static void play_answer(const struct row *row, const char *packet, int state, uint8_t level, int i)
{
	struct script s;
	script_up(&s, level, i);
	struct outgoing *queued = script_make(&s, PACKET_PUBLISH, 2), *o = enter(&s, state);
	script_in(&s, "%s", packet);
	check_cell(&s, row->cells[state], o);
	check_next(&s, row->cells[state], state);
	ck_assert_uint_eq(queued->state, OUTGOING_QUEUED);
	script_close(&s);
	free(queued);
}

START_TEST(every_answer_to_everything_we_sent)
{
	PLAY(answers, SENT_STATES, play_answer);
}
END_TEST

/* ---- The receiver: what we have of theirs, by what they send ---- */

/* QOS1: told and acknowledged. TOLD: QoS 2, told, and not yet accepted by us; QOS2: accepted; then released. */
enum received { FRESH, QOS1_TAKEN, QOS2_TOLD, QOS2_TAKEN, QOS2_RELEASED, RECEIVED_STATES };

static const struct row packets[] = {
	/*                                                fresh    QoS 1    QoS 2: told accepted  released */
	{ALL,  "30 [0001 't' ~ 'm']", NULL,              {msg,     msg,     msg,     msg,     msg}},
	{ALL,  "32 [0001 't' 0001 ~ 'm']", NULL,         {msg,     msg,     msg,     msg,     msg}},
	{ALL,  "3A [0001 't' 0001 ~ 'm']", NULL,         {msg,     msg,     msg,     msg,     msg}}, /* DUP */
	{ALL,  "34 [0001 't' 0001 ~ 'm']", NULL,         {msg,     msg,     msg,     rec,     msg}},
	{ALL,  "3C [0001 't' 0001 ~ 'm']", NULL,         {msg,     msg,     msg,     rec,     msg}}, /* DUP */
	{ALL,  "62 02 0001", NULL,                       {comp_92, comp_92, comp_92, comp,    comp_92}},
	{IN_5, "62 03 0001 %s", "00",                    {comp_92, comp_92, comp_92, comp,    comp_92}},
	{IN_5, "62 03 0001 %s", "92",                    {comp_92n, comp_92n, comp_92n, comp_n, comp_92n}},
	{IN_5, "62 03 0001 %s", "10 80 91",              {bad,     bad,     bad,     bad,     bad}},
	/* what concerns the other direction leaves it alone */
	{ALL,  "40 02 0001", NULL,                       {pass,    pass,    pass,    pass,    pass}},
	{ALL,  "50 02 0001", NULL,                       {rel_92,  rel_92,  rel_92,  rel_92,  rel_92}},
	{ALL,  "70 02 0001", NULL,                       {pass,    pass,    pass,    pass,    pass}},
};

static void take(struct script *s, int state)
{
	if (state == FRESH)
		return;
	script_in(s, "%s [0001 't' 0001 ~ 'm']", state == QOS1_TAKEN ? "32" : "34");
	script_event(s, SESSION_MESSAGE, 0);
	if (state != QOS2_TOLD)
		ck_assert_int_eq(session_accept(&s->session, &s->event), 0);
	if (state == QOS2_RELEASED)
		script_in(s, "62 02 0001");
	script_quiet(s);
	script_flush(s);
}

static void play_packet(const struct row *row, const char *packet, int state, uint8_t level, int i)
{
	uint8_t       cell = row->cells[state];
	struct script s;
	script_up(&s, level, i);
	take(&s, state);
	script_in(&s, "%s", packet);
	check_cell(&s, cell, NULL);
	bool took = cell == msg && s.event.packet.qos == 2, had = state == QOS2_TAKEN && cell != comp && cell != comp_n;
	ck_assert_uint_eq(s.flight.in.count, took || had);
	script_close(&s);
}

START_TEST(every_packet_after_everything_they_sent)
{
	PLAY(packets, RECEIVED_STATES, play_packet);
}
END_TEST

Suite *state_table_suite(void)
{
	Suite *suite = suite_create("state table");
	TCase *tc = tcase_create("state table");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_packet_in_every_state_of_a_session, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, every_answer_to_everything_we_sent, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, every_packet_after_everything_they_sent, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
