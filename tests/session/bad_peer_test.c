/* SPDX-License-Identifier: MIT */
/*
 * Thousands of packets that no broker may send, in every state of a connection: one failure is told, with a rule; MQTT 5 says
 * DISCONNECT with a reason that fits, 3.x and a connection that is not up yet say nothing; and nothing is heard after it.
 */
#include "session/bad_bytes.h"
#include "session/script.h"
#include "session/suites.h"

enum { LARGE_ENOUGH = 1024 };

struct stage {
	int     i;      /* how the input is cut */
	uint8_t state;  /* enum session_state in which it comes */
	size_t  rows;
};

static bool fits(unsigned kinds, uint8_t reason)
{
	return (kinds & FIT_MALFORMED && reason == REASON_MALFORMED) ||
	       (kinds & FIT_PROTOCOL && reason == REASON_PROTOCOL_ERROR) ||
	       (kinds & FIT_BAD_TOPIC && reason == REASON_BAD_TOPIC) ||
	       (kinds & FIT_BAD_ALIAS && reason == REASON_BAD_TOPIC_ALIAS);
}

static void enter(struct script *s, const struct bad_bytes *bad, const struct stage *stage)
{
	script_init(s, bad->level, stage->i);
	s->config.maximum_packet_size = LARGE_ENOUGH;
	script_open(s);
	if (stage->state >= SESSION_CONNECTING)
		script_connect(s, 60, true);
	script_flush(s);
	if (stage->state >= SESSION_UP)
		script_greet(s, "20 [0000 ~]");
	if (stage->state == SESSION_OVER)
		session_disconnect(&s->session, 0, NULL);
	script_flush(s);
}

/* A packet that may not come now is wrong even where nothing else is. */
static unsigned may_be(const struct bad_bytes *bad, const struct stage *stage)
{
	uint8_t type = bad->p[0] >> 4;
	bool    greets = type == PACKET_CONNACK || (type == PACKET_AUTH && stage->state == SESSION_CONNECTING);
	bool    due = stage->state == SESSION_UP ? type != PACKET_CONNACK : greets && stage->state == SESSION_CONNECTING;
	return bad->fits | (due ? 0 : FIT_PROTOCOL);
}

static void must_end(void *user, const struct bad_bytes *bad)
{
	struct stage *stage = user;
	struct script s;
	enter(&s, bad, stage);
	script_in_bytes(&s, bad->p, bad->n);
	if (stage->state == SESSION_OVER) {
		script_close(&s);
		return;
	}
	uint8_t reason = script_fails_somehow(&s, bad->what);
	if (!fits(may_be(bad, stage), reason))
		ck_abort_msg("%s: reason 0x%02X (level %d): %s", bad->what, reason, bad->level, bytes_show(bad->p, bad->n));
	script_close(&s);
	stage->rows++;
}

static void in_state(int i, uint8_t state)
{
	static const size_t least[] = {[LEVEL_31] = 600, [LEVEL_311] = 1000, [LEVEL_5] = 5000};
	uint8_t             level = script_level(i);
	struct stage        stage = {.i = i, .state = state};
	bad_frames(level, must_end, &stage);
	bad_fields(level, must_end, &stage);
	if (level == LEVEL_5)
		bad_properties(must_end, &stage);
	ck_assert_msg(state == SESSION_OVER || stage.rows >= least[level], "only %zu rows", stage.rows);
}

START_TEST(a_bad_packet_ends_a_connection_that_is_up)
{
	in_state(_i, SESSION_UP);
}
END_TEST

START_TEST(a_bad_packet_ends_an_attempt_without_a_word)
{
	in_state(_i, SESSION_CONNECTING);
}
END_TEST

START_TEST(a_bad_packet_before_connect_ends_it_without_a_word)
{
	in_state(_i, SESSION_NEW);
}
END_TEST

START_TEST(a_bad_packet_after_the_end_is_not_heard)
{
	in_state(_i, SESSION_OVER);
}
END_TEST

Suite *bad_peer_suite(void)
{
	Suite *suite = suite_create("bad peer");
	TCase *tc = tcase_create("bad peer");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_bad_packet_ends_a_connection_that_is_up, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_bad_packet_ends_an_attempt_without_a_word, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_bad_packet_before_connect_ends_it_without_a_word, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_bad_packet_after_the_end_is_not_heard, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
