/* SPDX-License-Identifier: MIT */
/*
 * The client comes back: before its will is due (rows WR of the truth table), or while the broker still holds the old
 * connection (rows WT, take-over). Every row has delay 5 and session expiry 60 unless it says otherwise.
 */
#include <check.h>

#include "broker/suites.h"
#include "broker/will_row.h"

#define ENDS {.act = any_ending}
#define GONE(ms) {{ms, "gone"}}

static const struct row rows[] = {
	{"WR-01", "Clean Start 0 before T0 + delay: never, and the new connection has no will", V5, 5, 60,
	 .steps = {ENDS, {4999, .act = come, .present = true}, {100000, .act = drop}}},
	{"WR-02", "Clean Start 1 before T0 + delay: at once, the old session ends", V5, 5, 60,
	 .steps = {ENDS, {2000, .act = come, .clean = true}}, .said = GONE(2000)},
	{"WR-03", "Clean Start 0 after T0 + delay, before the session's end: T0 + delay, nothing on reconnect", V5, 5, 60,
	 .steps = {ENDS, {20000, .act = come, .present = true}}, .said = GONE(5000)},
	{"WR-04", "Clean Start 0 after the session's end: T0 + delay, Session Present 0", V5, 5, 60,
	 .steps = {ENDS, {60001, .act = come, .present = false}}, .said = GONE(5000)},
	{"WR-05", "a refused CONNECT before T0 + delay: T0 + delay, as if nothing had come", V5, 5, 60,
	 .steps = {ENDS, {2000, .act = rejected}}, .said = GONE(5000)},
	{"WR-06", "a network connection without CONNECT before T0 + delay: T0 + delay", V5, 5, 60,
	 .steps = {ENDS, {2000, .act = knock}}, .said = GONE(5000)},
	{"WR-07", "Clean Start 0 with a new will, later a drop: only the new will, by its own delay", V5, 5, 60,
	 .steps = {ENDS, {2000, .act = come, .present = true, .payload = "new", .delay_s = 7}, {9000, .act = drop}},
	 .said = {{16000, "new"}}},
	{"WR-08", "Clean Start 0 without a will, later a drop: never", V5, 5, 60,
	 .steps = {ENDS, {2000, .act = come, .present = true}, {9000, .act = drop}}},
	{"WR-09", "Clean Start 0, then DISCONNECT 0x00: never", V5, 5, 60,
	 .steps = {ENDS, {2000, .act = come, .present = true}, {9000, .act = disconnect, .expiry_s = NOT_GIVEN}}},
	{"WR-10", "another client id connects: T0 + delay", V5, 5, 60, .steps = {ENDS, {2000, .act = stranger}},
	 .said = GONE(5000)},
	{"WR-11", "Clean Session 0 with 3.1.1 before T0 + delay: the same session, never", V5, 5, 60,
	 .steps = {ENDS, {2000, .act = come, .level = LEVEL_311, .present = true}}},
	{"WR-13", "delay 0, Clean Start 0 at T0: the will goes before", V5, 0, 60,
	 .steps = {ENDS, {0, .act = come, .present = true}}, .said = GONE(0)},
	{"WR-13", "delay 0, Clean Start 0 with a new will, then a drop: both, each once", V5, 0, 60,
	 .steps = {ENDS, {2000, .act = come, .present = true, .payload = "new"}, {3000, .act = drop}},
	 .said = {{0, "gone"}, {3000, "new"}}},

	{"WT-01", "take-over, delay 0, session expiry 0, Clean Start 0: T0", V5, 0, 0, .steps = {{.act = come}},
	 .said = GONE(0)},
	{"WT-02", "take-over, delay 0, session expiry 0, Clean Start 1: T0", V5, 0, 0,
	 .steps = {{.act = come, .clean = true}}, .said = GONE(0)},
	{"WT-03", "take-over, delay 5, session expiry 0, Clean Start 0, a reading: T0, the session has ended", V5, 5, 0,
	 .steps = {{.act = come}}, .said = GONE(0)},
	{"WT-04", "take-over, delay 5, session expiry 0, Clean Start 1: T0", V5, 5, 0,
	 .steps = {{.act = come, .clean = true}}, .said = GONE(0)},
	{"WT-05", "take-over, delay 0, session expiry 60, Clean Start 0: T0", V5, 0, 60,
	 .steps = {{.act = come, .present = true}}, .said = GONE(0)},
	{"WT-06", "take-over, delay 0, session expiry 60, Clean Start 1: T0", V5, 0, 60,
	 .steps = {{.act = come, .clean = true}}, .said = GONE(0)},
	{"WT-07", "take-over, delay 5, session expiry 60, Clean Start 0: cancelled", V5, 5, 60,
	 .steps = {{.act = come, .present = true}}},
	{"WT-07", "the same with a new will, then a drop: only the new will", V5, 5, 60,
	 .steps = {{.act = come, .present = true, .payload = "new", .delay_s = 1}, {3000, .act = drop}},
	 .said = {{4000, "new"}}},
	{"WT-08", "take-over, delay 5, session expiry 60, Clean Start 1: T0", V5, 5, 60,
	 .steps = {{.act = come, .clean = true}}, .said = GONE(0)},
	{"WT-09", "a refused CONNECT for a connected client: the old connection and its will stay", V5, 5, 60,
	 .steps = {{.act = rejected}, {10000, .act = drop}}, .said = GONE(15000)},
	{"WT-09", "the same, and the old connection says DISCONNECT 0x00: never", V5, 5, 60,
	 .steps = {{.act = rejected}, {10000, .act = disconnect, .expiry_s = NOT_GIVEN}}},
};

START_TEST(who_comes_back_in_time_cancels_the_will)
{
	row_play(&rows[_i], _i);
}
END_TEST

static struct peer *join_watching_itself(struct scene *s, bool clean, uint8_t options)
{
	struct peer  *p = peer_open(s, LEVEL_5);
	struct packet pk = connect_packet("device", clean);
	connect_will(&pk, "will/device", "gone", 1, false);
	pk.props.has = HAS(SESSION_EXPIRY);
	pk.props.session_expiry = 60;
	peer_connect(p, &pk);
	if (clean)
		peer_subscribe(p, "will/device", options, 1);
	return p;
}

START_TEST(who_takes_over_may_hear_its_own_old_will)
{
	static const uint8_t options[] = {1, 1 | OPTION_NO_LOCAL};
	struct scene         s;
	scene_init(&s, NULL);
	struct peer *old = join_watching_itself(&s, true, options[_i]);
	struct peer *taker = join_watching_itself(&s, false, 0);
	peer_expect_end(old, REASON_TAKEN_OVER);
	if (options[_i] & OPTION_NO_LOCAL)
		peer_expect_nothing(taker);
	else
		peer_expect_message(taker, "will/device", "gone", 1, false);
	scene_fini(&s);
	if (_i)
		printf("ok - WC-13 5.0 the client is its own subscriber, No Local 1: not forwarded\n");
	printf("ok - WT-11 5.0 the taker %s\n", _i ? "with No Local 1 does not hear its old will" : "may hear its old will");
}
END_TEST

Suite *will_return_suite(void)
{
	Suite *suite = suite_create("will: return and take-over");
	TCase *tc = tcase_create("return");
	tcase_add_loop_test(tc, who_comes_back_in_time_cancels_the_will, 0, sizeof rows / sizeof rows[0]);
	tcase_add_loop_test(tc, who_takes_over_may_hear_its_own_old_will, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
