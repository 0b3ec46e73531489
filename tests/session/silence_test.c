/* SPDX-License-Identifier: MIT */
/*
 * A peer that does not answer, or takes nothing, is found silent in a bounded time; one that is only slow is not. And
 * the deadline never lies: nothing is due before it, and something is when it has come.
 */
#include "session/script.h"
#include "session/suites.h"

enum { STUCK_MS = PING_AFTER_MS + PING_TIMEOUT_MS };

static void publish(struct script *s, size_t size)
{
	static char   payload[100000];
	struct packet pk = {.type = PACKET_PUBLISH, .topic = span_text("t", 0), .payload = span_of(payload, size)};
	ck_assert_int_eq(session_publish(&s->session, &pk), 0);
}

/* The tick finds that the time has come, and has nothing to say yet. */
static void clock_starts(struct script *s)
{
	ck_assert(session_deadline(&s->session) <= s->now_ms + PING_AFTER_MS);
	ck_assert_int_eq(session_tick(&s->session, s->now_ms), 0);
}

START_TEST(a_ping_without_an_answer_ends_the_session)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_due(&s, PING_AFTER_MS, 0);
	script_out(&s, "C000");
	script_due(&s, PING_TIMEOUT_MS, MQTTWILL_ESILENT);
	ck_assert(!session_is_up(&s.session));
	ck_assert(session_deadline(&s.session) == UINT64_MAX);
	ck_assert_int_eq(session_tick(&s.session, s.now_ms + 1000000), 0);
	script_in(&s, "D000 30 [0001 't' ~ 'm']");
	script_close(&s);
}
END_TEST

START_TEST(a_late_tick_finds_the_same)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	s.now_ms += 100000000; /* the machine slept */
	ck_assert_int_eq(session_tick(&s.session, s.now_ms), 0);
	script_out(&s, "C000");
	s.now_ms += 100000000;
	ck_assert_int_eq(session_tick(&s.session, s.now_ms), MQTTWILL_ESILENT);
	script_close(&s);
}
END_TEST

START_TEST(the_deadline_of_a_ping_starts_when_its_last_byte_has_left)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	publish(&s, 100);
	const uint8_t *out;
	size_t         before = session_output(&s.session, &out);
	ck_assert_int_eq(session_ping(&s.session), 0);
	ck_assert_int_eq(session_tick(&s.session, s.now_ms), 0);
	script_pass(&s, 20000);
	session_sent(&s.session, before, s.now_ms);
	script_pass(&s, 20000);
	session_sent(&s.session, 1, s.now_ms); /* half of the PINGREQ */
	script_pass(&s, 20000);
	session_sent(&s.session, 1, s.now_ms);
	script_due(&s, PING_TIMEOUT_MS, MQTTWILL_ESILENT);
	script_close(&s);
}
END_TEST

START_TEST(any_byte_extends_the_deadline_of_a_ping)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_due(&s, PING_AFTER_MS, 0);
	script_out(&s, "C000");
	static const uint8_t head[] = {0x30, 100};
	for (size_t i = 0; i < sizeof head; i++) {
		script_pass(&s, PING_TIMEOUT_MS - 1);
		script_in_bytes(&s, &head[i], 1);
		script_quiet(&s);
	}
	script_due(&s, PING_TIMEOUT_MS, MQTTWILL_ESILENT);
	script_drop(&s); /* with the beginning of a packet in it */
}
END_TEST

START_TEST(a_feed_of_no_bytes_extends_nothing)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_due(&s, PING_AFTER_MS, 0);
	script_out(&s, "C000");
	script_pass(&s, 5000);
	session_feed(&s.session, NULL, 0, s.now_ms, &s.event);
	script_due(&s, PING_TIMEOUT_MS - 5000, MQTTWILL_ESILENT);
	script_close(&s);
}
END_TEST

/* Where the timeout is longer than the time between two pings, the second must not hide that the first has no answer. */
START_TEST(another_ping_does_not_extend_the_deadline_of_the_first)
{
	struct script s;
	script_init(&s, script_level(_i), _i);
	s.config.ping_timeout_ms = 10000;
	script_open(&s);
	script_connect(&s, 4, true);
	script_greet(&s, "20 [0000 ~]");
	script_due(&s, 3000, 0);
	script_out(&s, "C000");
	for (int i = 0; i < 3; i++) {
		script_due(&s, 3000, 0); /* still the keep-alive wants to be served [MQTT-3.1.2-20] */
		script_out(&s, "C000");
	}
	script_due(&s, 1000, MQTTWILL_ESILENT);
	script_close(&s);
}
END_TEST

START_TEST(a_ping_behind_slow_output_has_its_own_deadline)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	ck_assert_int_eq(session_ping(&s.session), 0);
	script_out(&s, "C000");
	publish(&s, 50000);
	ck_assert_int_eq(session_ping(&s.session), 0);
	script_in(&s, "D000");
	script_quiet(&s);
	clock_starts(&s);
	for (int i = 0; i < 40; i++) { /* slow, but it moves */
		script_pass(&s, 8000);
		session_sent(&s.session, 1000, s.now_ms);
	}
	script_flush(&s);
	script_pass(&s, PING_TIMEOUT_MS - 1);
	script_in(&s, "D000");
	script_event(&s, SESSION_PONG, 0);
	script_close(&s);
}
END_TEST

START_TEST(a_peer_that_takes_no_bytes_is_silent_after_a_bound)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	publish(&s, 100);
	clock_starts(&s);
	script_due(&s, STUCK_MS, MQTTWILL_ESILENT);
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(a_peer_that_takes_no_bytes_is_found_even_if_nobody_ticked_at_once)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	publish(&s, 100);
	uint64_t start = s.now_ms;
	int      rc = 0;
	for (int i = 0; i < 5 && rc == 0; i++) { /* woken by the deadline alone */
		ck_assert(session_deadline(&s.session) != UINT64_MAX);
		s.now_ms = session_deadline(&s.session);
		rc = session_tick(&s.session, s.now_ms);
	}
	ck_assert_int_eq(rc, MQTTWILL_ESILENT);
	ck_assert_uint_le(s.now_ms - start, PING_AFTER_MS + STUCK_MS);
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(a_peer_that_takes_a_part_and_no_more_is_silent_from_then_on)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	publish(&s, 1000);
	clock_starts(&s);
	for (int i = 0; i < 10; i++) {
		script_pass(&s, STUCK_MS - 1);
		session_sent(&s.session, 1, s.now_ms);
	}
	script_due(&s, STUCK_MS, MQTTWILL_ESILENT);
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(output_that_is_stuck_does_not_extend_the_deadline_of_a_ping)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_due(&s, PING_AFTER_MS, 0);
	script_out(&s, "C000");
	script_pass(&s, 1000);
	publish(&s, 100);
	ck_assert_int_eq(session_tick(&s.session, s.now_ms), 0);
	script_due(&s, PING_TIMEOUT_MS - 1000, MQTTWILL_ESILENT);
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(while_output_waits_no_ping_is_added)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_pass(&s, PING_AFTER_MS - 1);
	publish(&s, 100);
	ck_assert_int_eq(session_tick(&s.session, s.now_ms), 0);
	script_pass(&s, 60000);
	script_flush(&s);
	ck_assert(session_deadline(&s.session) < s.now_ms); /* the input has been quiet for long enough */
	ck_assert_int_eq(session_tick(&s.session, s.now_ms), 0);
	script_out(&s, "C000");
	script_close(&s);
}
END_TEST

/* ---- The deadline never lies ---- */

static void some_output(struct script *s)
{
	const uint8_t *out;
	size_t         n = session_output(&s->session, &out);
	if (n && dice_chance(&s->dice, 60))
		session_sent(&s->session, 1 + dice_roll(&s->dice, (uint32_t)n), s->now_ms);
}

static void something_happens(struct script *s)
{
	switch (dice_roll(&s->dice, 8)) {
	case 0:
		publish(s, 10);
		break;
	case 1:
		ck_assert_int_eq(session_ping(&s->session), 0);
		break;
	case 2:
	case 3:
		script_in(s, "D000");
		while (buf_len(&s->input) || s->at < s->chunk.n)
			script_event(s, s->session.pings == 1 ? SESSION_PONG : SESSION_NOTHING, 0);
		break;
	default:
		some_output(s);
		break;
	}
}

static void at_a_time_before_the_deadline(struct script *s)
{
	const uint8_t *out;
	uint64_t       wait = session_deadline(&s->session) - s->now_ms;
	size_t         n = session_output(&s->session, &out);
	if (session_deadline(&s->session) <= s->now_ms)
		return;
	s->now_ms += dice_roll(&s->dice, wait > 100000 ? 100000 : (uint32_t)wait);
	ck_assert_int_eq(session_tick(&s->session, s->now_ms), 0);
	ck_assert_uint_eq(session_output(&s->session, &out), n);
}

static int at_the_deadline(struct script *s)
{
	const uint8_t *out;
	uint64_t       deadline = session_deadline(&s->session);
	size_t         n = session_output(&s->session, &out);
	ck_assert(deadline != UINT64_MAX);
	s->now_ms = deadline > s->now_ms ? deadline : s->now_ms;
	int  rc = session_tick(&s->session, s->now_ms);
	bool worked = rc < 0 || session_output(&s->session, &out) > n || session_deadline(&s->session) > s->now_ms;
	ck_assert_msg(worked, "at the deadline nothing was done");
	ck_assert(rc < 0 || session_output(&s->session, &out) > 0);
	return rc;
}

START_TEST(nothing_is_due_before_the_deadline_and_something_is_at_it)
{
	int silences = 0, rounds = 0;
	while (silences < 100 && rounds++ < 3000) {
		struct script s;
		int           rc = 0;
		script_up(&s, script_level(_i), _i);
		dice_init(&s.dice, s.dice.seed + (uint64_t)rounds);
		for (int turn = 0; turn < 40 && rc == 0; turn++) {
			something_happens(&s);
			if (dice_chance(&s.dice, 50))
				at_a_time_before_the_deadline(&s);
			else if (dice_chance(&s.dice, 50))
				rc = at_the_deadline(&s);
		}
		silences += rc < 0;
		script_flush(&s);
		script_close(&s);
	}
	ck_assert_int_ge(silences, 100);
}
END_TEST

Suite *silence_suite(void)
{
	Suite *suite = suite_create("silence");
	TCase *tc = tcase_create("silence");
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, a_ping_without_an_answer_ends_the_session, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_late_tick_finds_the_same, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, the_deadline_of_a_ping_starts_when_its_last_byte_has_left, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, any_byte_extends_the_deadline_of_a_ping, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_feed_of_no_bytes_extends_nothing, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, another_ping_does_not_extend_the_deadline_of_the_first, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_ping_behind_slow_output_has_its_own_deadline, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_peer_that_takes_no_bytes_is_silent_after_a_bound, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_peer_that_takes_no_bytes_is_found_even_if_nobody_ticked_at_once, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_peer_that_takes_a_part_and_no_more_is_silent_from_then_on, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, output_that_is_stuck_does_not_extend_the_deadline_of_a_ping, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, while_output_waits_no_ping_is_added, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, nothing_is_due_before_the_deadline_and_something_is_at_it, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
