/* SPDX-License-Identifier: MIT */
/*
 * The states of QoS as tables, each cell checked: what is in flight under identifier 1, by what comes for it. The
 * answer may be nothing, bytes, an event, or the end of the connection.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdlib.h>

enum cell {
	LET_PASS, /* no bytes, no event */
	ENDS,     /* SESSION_DONE */
	ENDS_BAD, /* SESSION_DONE with MQTTWILL_EDENIED */
	RELEASE,  /* PUBREL */
	RELEASE_UNKNOWN, /* PUBREL, in MQTT 5 with 0x92 */
	COMPLETE, /* PUBCOMP */
	COMPLETE_UNKNOWN, /* PUBCOMP, in MQTT 5 with 0x92 */
	RECEIVE,  /* PUBREC and nothing told */
	DELIVER,  /* SESSION_MESSAGE, then the QoS's acknowledgement */
	BREACH,   /* SESSION_FAILED, in MQTT 5 with DISCONNECT 0x82 */
	CELLS
};

/* ---- The sender: what we sent, by the answer ---- */

enum sent { NOTHING, QOS1, QOS2, QOS2_RELEASED, SUBSCRIBING, UNSUBSCRIBING, SENT_STATES };

struct answer {
	const char *packet;
	bool        only_5;
	uint8_t     cells[SENT_STATES];
};

static const struct answer answers[] = {
	/*                                       nothing          QoS 1     QoS 2     released  SUBSCRIBE UNSUBSCRIBE */
	{"40 02 0001", false,                   {LET_PASS,        ENDS,     BREACH,   BREACH,   BREACH,   BREACH}},
	{"40 03 0001 00", true,                 {LET_PASS,        ENDS,     BREACH,   BREACH,   BREACH,   BREACH}},
	{"40 03 0001 10", true,                 {LET_PASS,        ENDS,     BREACH,   BREACH,   BREACH,   BREACH}},
	{"40 03 0001 87", true,                 {LET_PASS,        ENDS_BAD, BREACH,   BREACH,   BREACH,   BREACH}},
	{"50 02 0001", false,                   {RELEASE_UNKNOWN, BREACH,   RELEASE,  RELEASE,  BREACH,   BREACH}},
	{"50 03 0001 10", true,                 {RELEASE_UNKNOWN, BREACH,   RELEASE,  RELEASE,  BREACH,   BREACH}},
	{"50 03 0001 87", true,                 {LET_PASS,        BREACH,   ENDS_BAD, ENDS_BAD, BREACH,   BREACH}},
	{"70 02 0001", false,                   {LET_PASS,        BREACH,   BREACH,   ENDS,     BREACH,   BREACH}},
	{"70 03 0001 92", true,                 {LET_PASS,        BREACH,   BREACH,   ENDS,     BREACH,   BREACH}},
	{"90 [0001 ~ 01]", false,               {BREACH,          BREACH,   BREACH,   BREACH,   ENDS,     BREACH}},
	{"90 [0001 00 87]", true,               {BREACH,          BREACH,   BREACH,   BREACH,   ENDS_BAD, BREACH}},
	{"B0 04 0001 00 11", true,              {BREACH,          BREACH,   BREACH,   BREACH,   BREACH,   ENDS}},
	{"B0 04 0001 00 87", true,              {BREACH,          BREACH,   BREACH,   BREACH,   BREACH,   ENDS_BAD}},
	/* what concerns the other direction leaves ours alone */
	{"62 02 0001", false,                   {COMPLETE_UNKNOWN, COMPLETE_UNKNOWN, COMPLETE_UNKNOWN, COMPLETE_UNKNOWN,
	                                         COMPLETE_UNKNOWN, COMPLETE_UNKNOWN}},
	{"32 [0001 't' 0001 ~ 'm']", false,     {DELIVER, DELIVER, DELIVER, DELIVER, DELIVER, DELIVER}},
	{"34 [0001 't' 0001 ~ 'm']", false,     {DELIVER, DELIVER, DELIVER, DELIVER, DELIVER, DELIVER}},
};
enum { ANSWERS = sizeof answers / sizeof answers[0] };

/* Before MQTT 5 UNSUBACK has no codes. */
static const struct answer unsuback_3x = {"B0 02 0001", false, {BREACH, BREACH, BREACH, BREACH, BREACH, ENDS}};

static struct outgoing *enter(struct script *s, enum sent state)
{
	static const uint8_t type[] = {0,
	                               PACKET_PUBLISH,
	                               PACKET_PUBLISH,
	                               PACKET_PUBLISH,
	                               PACKET_SUBSCRIBE,
	                               PACKET_UNSUBSCRIBE};
	static const uint8_t qos[] = {0, 1, 2, 2, 0, 0};
	if (state == NOTHING)
		return NULL;
	struct outgoing *o = script_send(s, type[state], qos[state]);
	if (state == QOS2_RELEASED) {
		script_in(s, "50 02 0001");
		script_quiet(s);
	}
	script_flush(s);
	return o;
}

static void check_event(struct script *s, uint8_t cell, struct outgoing *o)
{
	if (cell == ENDS || cell == ENDS_BAD) {
		script_done(s, o, cell == ENDS ? 0 : MQTTWILL_EDENIED);
	} else if (cell == DELIVER) {
		script_event(s, SESSION_MESSAGE, 0);
		ck_assert_int_eq(session_accept(&s->session, &s->event), 0);
		script_out(s, "%s 02 0001", s->event.packet.qos == 1 ? "40" : "50");
	} else if (cell == BREACH) {
		script_fails(s, REASON_PROTOCOL_ERROR);
	} else {
		script_quiet(s);
	}
}

static void check_cell(struct script *s, uint8_t cell, struct outgoing *o)
{
	static const char *const plain[CELLS] = {
		[RELEASE] = "62 02 0001", [COMPLETE] = "70 02 0001", [RECEIVE] = "50 02 0001",
		[RELEASE_UNKNOWN] = "62 02 0001", [COMPLETE_UNKNOWN] = "70 02 0001",
	};
	static const char *const in_5[CELLS] = {
		[RELEASE_UNKNOWN] = "62 03 0001 92", [COMPLETE_UNKNOWN] = "70 03 0001 92",
	};
	const char *bytes = s->config.level == LEVEL_5 && in_5[cell] ? in_5[cell] : plain[cell];
	check_event(s, cell, o);
	script_out(s, "%s", bytes ? bytes : "");
}

static void check_answer(const struct answer *a, enum sent state, uint8_t level, int i)
{
	struct script s;
	script_up(&s, level, i);
	struct outgoing *o = enter(&s, state);
	uint32_t         open = s.flight.open;
	script_in(&s, "%s", a->packet);
	check_cell(&s, a->cells[state], o);
	bool ended = a->cells[state] == ENDS || a->cells[state] == ENDS_BAD;
	ck_assert_uint_eq(s.flight.open, ended ? 0 : open);
	script_close(&s);
}

START_TEST(every_answer_to_everything_we_sent)
{
	uint8_t level = script_level(_i);
	for (size_t row = 0; row < ANSWERS; row++)
		for (int state = NOTHING; state < SENT_STATES; state++)
			if (level == LEVEL_5 || !answers[row].only_5)
				check_answer(&answers[row], (enum sent)state, level, _i);
	for (int state = NOTHING; level != LEVEL_5 && state < SENT_STATES; state++)
		check_answer(&unsuback_3x, (enum sent)state, level, _i);
}
END_TEST

/* ---- The receiver: what we have of theirs, by what they send ---- */

enum received { FRESH, AT_QOS1, AT_QOS2, AT_QOS2_RELEASED, RECEIVED_STATES };

static const struct {
	const char *packet;
	bool        only_5;
	uint8_t     cells[RECEIVED_STATES];
} packets[] = {
	/*                                   fresh             QoS 1 taken       QoS 2 taken  and released */
	{"30 [0001 't' ~ 'm']", false,      {DELIVER,          DELIVER,          DELIVER,     DELIVER}},
	{"32 [0001 't' 0001 ~ 'm']", false, {DELIVER,          DELIVER,          DELIVER,     DELIVER}},
	{"3A [0001 't' 0001 ~ 'm']", false, {DELIVER,          DELIVER,          DELIVER,     DELIVER}},
	{"34 [0001 't' 0001 ~ 'm']", false, {DELIVER,          DELIVER,          RECEIVE,     DELIVER}},
	{"3C [0001 't' 0001 ~ 'm']", false, {DELIVER,          DELIVER,          RECEIVE,     DELIVER}},
	{"62 02 0001", false,               {COMPLETE_UNKNOWN, COMPLETE_UNKNOWN, COMPLETE,    COMPLETE_UNKNOWN}},
	{"62 03 0001 00", true,             {COMPLETE_UNKNOWN, COMPLETE_UNKNOWN, COMPLETE,    COMPLETE_UNKNOWN}},
	{"62 03 0001 92", true,             {COMPLETE_UNKNOWN, COMPLETE_UNKNOWN, COMPLETE,    COMPLETE_UNKNOWN}},
	{"40 02 0001", false,               {LET_PASS,         LET_PASS,         LET_PASS,    LET_PASS}},
	{"50 02 0001", false,               {RELEASE_UNKNOWN,  RELEASE_UNKNOWN,  RELEASE_UNKNOWN, RELEASE_UNKNOWN}},
	{"70 02 0001", false,               {LET_PASS,         LET_PASS,         LET_PASS,    LET_PASS}},
};
enum { PACKETS = sizeof packets / sizeof packets[0] };

static void take(struct script *s, enum received state)
{
	if (state == FRESH)
		return;
	script_in(s, "%s [0001 't' 0001 ~ 'm']", state == AT_QOS1 ? "32" : "34");
	script_message(s, state == AT_QOS1 ? 1 : 2, "m");
	if (state == AT_QOS2_RELEASED)
		script_in(s, "62 02 0001");
	script_quiet(s);
	script_flush(s);
}

static void check_received(struct script *s, uint8_t cell)
{
	if (cell != DELIVER) {
		check_cell(s, cell, NULL);
		return;
	}
	static const char *const acks[] = {"", "40 02 0001", "50 02 0001"};
	script_event(s, SESSION_MESSAGE, 0);
	script_out(s, "%s", "");
	ck_assert_int_eq(session_accept(&s->session, &s->event), 0);
	script_out(s, "%s", acks[s->event.packet.qos]);
}

START_TEST(every_packet_after_everything_they_sent)
{
	uint8_t level = script_level(_i);
	for (size_t row = 0; row < PACKETS; row++) {
		for (int state = FRESH; state < RECEIVED_STATES; state++) {
			struct script s;
			if (level != LEVEL_5 && packets[row].only_5)
				continue;
			script_up(&s, level, _i);
			take(&s, (enum received)state);
			script_in(&s, "%s", packets[row].packet);
			check_received(&s, packets[row].cells[state]);
			script_close(&s);
		}
	}
}
END_TEST

Suite *state_table_suite(void)
{
	Suite *suite = suite_create("state table");
	TCase *tc = tcase_create("state table");
	tcase_add_loop_test(tc, every_answer_to_everything_we_sent, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, every_packet_after_everything_they_sent, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
