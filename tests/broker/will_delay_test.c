/* SPDX-License-Identifier: MIT */
/*
 * Will delay against session expiry, nobody coming back: rows WD of the truth table. NEVER as a session expiry interval
 * never expires; as a delay it is 4,294,967,295 seconds.
 */
#include <check.h>

#include "broker/suites.h"
#include "broker/will_row.h"

#define ENDS {{.act = any_ending}}
#define GONE(ms) {{ms, "gone"}}
#define WITH_WILL_N(n) {{.act = disconnect, .code = REASON_WITH_WILL, .expiry_s = n}}

static const struct row rows[] = {
	{"WD-01", "delay absent, session expiry 60: T0", V5, NOT_GIVEN, 60, .steps = ENDS, .said = GONE(0)},
	{"WD-01", "delay absent, session expiry absent: T0", V5, NOT_GIVEN, NOT_GIVEN, .steps = ENDS, .said = GONE(0)},
	{"WD-02", "delay 0, session expiry 0: T0", V5, 0, 0, .steps = ENDS, .said = GONE(0)},
	{"WD-02", "delay 0, session expiry absent: T0", V5, 0, NOT_GIVEN, .steps = ENDS, .said = GONE(0)},
	{"WD-03", "delay 0, session expiry 60: T0", V5, 0, 60, .steps = ENDS, .said = GONE(0)},
	{"WD-03", "delay 0, session never expires: T0", V5, 0, NEVER, .steps = ENDS, .said = GONE(0)},
	{"WD-04", "delay 5, session expiry 0: T0, the delay has no effect", V5, 5, 0, .steps = ENDS, .said = GONE(0)},
	{"WD-04", "delay 5, session expiry absent: T0, the delay has no effect", V5, 5, NOT_GIVEN, .steps = ENDS,
	 .said = GONE(0)},
	{"WD-05", "delay 5, session expiry 60: T0 + 5 s", V5, 5, 60, .steps = ENDS, .said = GONE(5000)},
	{"WD-06", "delay 10, session expiry 10: T0 + 10 s, once", V5, 10, 10, .steps = ENDS, .said = GONE(10000)},
	{"WD-07", "delay 30, session expiry 5: T0 + 5 s", V5, 30, 5, .steps = ENDS, .said = GONE(5000)},
	{"WD-08", "delay 5, session never expires: T0 + 5 s", V5, 5, NEVER, .steps = ENDS, .said = GONE(5000)},
	{"WD-09", "delay 4294967295, session expiry 7: T0 + 7 s", V5, NEVER, 7, .steps = ENDS, .said = GONE(7000)},
	{"WD-10", "delay 4294967295, session never expires: T0 + 4294967295 s", V5, NEVER, NEVER, .steps = ENDS,
	 .said = GONE(4294967295000)},
	{"WD-10", "the same, and the operator removes the session after an hour: then", V5, NEVER, NEVER,
	 .steps = {{.act = any_ending}, {3600000, .act = remove_session}}, .said = GONE(3600000)},
	{"WD-11", "CONNECT asks for session expiry 60, CONNACK says 3, delay 10: T0 + 3 s", V5, 10, 60, .server_expiry_s = 3,
	 .steps = ENDS, .said = GONE(3000)},
	{"WD-11", "CONNECT asks for no session expiry, CONNACK says 60, delay 10: T0 + 10 s", V5, 10, NOT_GIVEN,
	 .server_expiry_s = 60, .steps = ENDS, .said = GONE(10000)},
	{"WD-12", "DISCONNECT 0x04 with session expiry 60 to 3, delay 10: T0 + 3 s", V5, 10, 60, .steps = WITH_WILL_N(3),
	 .said = GONE(3000)},
	{"WD-13", "DISCONNECT 0x04 with session expiry 60 to 20, delay 10: T0 + 10 s", V5, 10, 60, .steps = WITH_WILL_N(20),
	 .said = GONE(10000)},
	{"WD-14", "DISCONNECT 0x04 with session expiry 60 to 0, delay 10: T0", V5, 10, 60, .steps = WITH_WILL_N(0),
	 .said = GONE(0)},
	{"WD-15", "DISCONNECT 0x04 with session expiry 5 to never, delay 10: T0 + 10 s", V5, 10, 5,
	 .steps = WITH_WILL_N(NEVER), .said = GONE(10000)},
	{"WD-17", "a connection that ends between two seconds: never before T0 + delay", V5, 3, 60, .steps = ENDS,
	 .said = GONE(3000)},
};

START_TEST(the_delay_and_the_session_decide_when)
{
	row_play(&rows[_i], _i);
}
END_TEST

static struct peer *join_with_will(struct scene *s, const char *id, uint32_t delay_s, uint32_t expiry_s)
{
	struct peer  *p = peer_open(s, LEVEL_5);
	struct packet pk = connect_packet(id, true);
	connect_will(&pk, "will", id, 0, false);
	pk.connect.will.has = HAS(WILL_DELAY);
	pk.connect.will.will_delay = delay_s;
	pk.props.has = HAS(SESSION_EXPIRY);
	pk.props.session_expiry = expiry_s;
	peer_connect(p, &pk);
	return p;
}

START_TEST(wills_are_ordered_by_deadline_not_by_delay)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *watcher = peer_join(&s, LEVEL_5, "watcher");
	struct peer *slow = join_with_will(&s, "slow", 4, 60), *quick = join_with_will(&s, "quick", 3, 60);
	uint64_t     t = s.now_ms;
	peer_subscribe(watcher, "will", 0, 0);
	peer_drop(slow);
	scene_pass(&s, 3000);
	peer_drop(quick);
	scene_pass(&s, 100000);
	ck_assert_uint_eq(peer_expect_message(watcher, "will", "slow", 0, false)->at_ms, t + 4000);
	ck_assert_uint_eq(peer_expect_message(watcher, "will", "quick", 0, false)->at_ms, t + 6000);
	peer_expect_nothing(watcher);
	scene_fini(&s);
	printf("ok - WD-16 5.0 delays 4 s at t = 0 and 3 s at t = 3: each at its own deadline, t = 4 and t = 6\n");
}
END_TEST

/* A front that sleeps too long must not change the order, nor publish twice. */
START_TEST(a_late_tick_publishes_all_that_is_due_in_order)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *watcher = peer_join(&s, LEVEL_5, "watcher");
	struct peer *peers[] = {
		join_with_will(&s, "c", 30, 60), join_with_will(&s, "a", 60, 10), join_with_will(&s, "b", 20, 20),
		join_with_will(&s, "later", 90, 900),
	};
	peer_subscribe(watcher, "will", 0, 0);
	for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++)
		peer_drop(peers[i]);
	s.now_ms += 61000;
	broker_tick(s.broker, s.now_ms);
	scene_pass(&s, 0);
	peer_expect_message(watcher, "will", "a", 0, false);
	peer_expect_message(watcher, "will", "b", 0, false);
	peer_expect_message(watcher, "will", "c", 0, false);
	peer_expect_nothing(watcher);
	scene_fini(&s);
}
END_TEST

Suite *will_delay_suite(void)
{
	Suite *suite = suite_create("will: delay");
	TCase *tc = tcase_create("delay");
	tcase_add_loop_test(tc, the_delay_and_the_session_decide_when, 0, sizeof rows / sizeof rows[0]);
	tcase_add_test(tc, wills_are_ordered_by_deadline_not_by_delay);
	tcase_add_test(tc, a_late_tick_publishes_all_that_is_due_in_order);
	suite_add_tcase(suite, tc);
	return suite;
}
