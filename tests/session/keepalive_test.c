/* SPDX-License-Identifier: MIT */
/*
 * Pings: when they leave, and when PINGRESP is told. The deadline is checked to the millisecond; nothing is due before.
 */
#include "session/script.h"
#include "session/suites.h"

static void up_with(struct script *s, uint16_t keep_alive, uint32_t ping_timeout_ms, int i)
{
	script_init(s, script_level(i), i);
	s->config.ping_timeout_ms = ping_timeout_ms;
	script_open(s);
	script_connect(s, keep_alive, true);
	script_greet(s, "20 [0000 ~]");
}

static void pong(struct script *s)
{
	script_in(s, "D000");
	script_event(s, SESSION_PONG, 0);
}

START_TEST(an_idle_connection_is_pinged_in_less_than_the_keep_alive) /* [MQTT-3.1.2-20] */
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	for (int i = 0; i < 5; i++) {
		script_due(&s, PING_AFTER_MS, 0);
		script_out(&s, "C000");
		pong(&s);
	}
	script_due(&s, PING_AFTER_MS, 0);
	script_out(&s, "C000");
	script_pass(&s, 40);
	pong(&s);
	script_due(&s, PING_AFTER_MS - 40, 0); /* counted from what we sent last */
	script_out(&s, "C000");
	script_close(&s);
}
END_TEST

START_TEST(input_alone_does_not_keep_us_alive) /* [MQTT-3.1.2-20]: it is the client who must send */
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	for (int i = 0; i < 5; i++) {
		script_pass(&s, 10000);
		script_in(&s, "30 [0001 't' ~ 'm']");
		script_message(&s, 0, "m");
	}
	script_due(&s, PING_AFTER_MS - 50000, 0);
	script_out(&s, "C000");
	script_close(&s);
}
END_TEST

START_TEST(output_alone_does_not_show_that_the_peer_lives)
{
	struct packet pk = {.type = PACKET_PUBLISH, .topic = span_text("t", 0), .payload = span_text("m", 0)};
	struct script s;
	script_up(&s, script_level(_i), _i);
	for (int i = 0; i < 5; i++) {
		script_pass(&s, 10000);
		ck_assert_int_eq(session_publish(&s.session, &pk), 0);
		script_out(&s, "30 [0001 't' ~ 'm']");
	}
	script_due(&s, PING_AFTER_MS - 50000, 0);
	script_out(&s, "C000");
	script_pass(&s, 500);
	pong(&s);
	script_due(&s, PING_AFTER_MS - 500, 0); /* from then on it is what we sent that is older */
	script_out(&s, "C000");
	script_close(&s);
}
END_TEST

START_TEST(traffic_both_ways_needs_no_ping)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	for (int i = 0; i < 50; i++) {
		script_pass(&s, PING_AFTER_MS - 1);
		script_in(&s, "32 [0001 't' 0001 ~ 'm']");
		script_message(&s, 1, "m");
		script_out(&s, "40 02 0001");
	}
	script_close(&s);
}
END_TEST

START_TEST(the_ping_interval_is_less_than_each_keep_alive)
{
	for (uint32_t keep_alive = 1; keep_alive <= UINT16_MAX; keep_alive++) {
		struct script s;
		script_init(&s, LEVEL_311, 0);
		script_open(&s);
		s.session.state = SESSION_UP;
		s.session.keep_alive_ms = keep_alive * 1000;
		uint64_t wait = session_deadline(&s.session) - s.now_ms;
		if (wait >= keep_alive * 1000u || wait < keep_alive * 750u || wait + 5000 < keep_alive * 1000u)
			ck_abort_msg("keep-alive %u s: a ping after %llu ms", keep_alive, (unsigned long long)wait);
		script_drop(&s);
	}
}
END_TEST

START_TEST(keep_alive_0_is_still_pinged)
{
	struct script s;
	up_with(&s, 0, 0, _i);
	script_due(&s, PING_AFTER_MS, 0);
	script_out(&s, "C000");
	script_due(&s, PING_TIMEOUT_MS, MQTTWILL_ESILENT);
	script_close(&s);
}
END_TEST

START_TEST(a_short_keep_alive_has_a_short_timeout)
{
	struct script s;
	up_with(&s, 4, 0, _i);
	script_due(&s, 3000, 0);
	script_out(&s, "C000");
	script_due(&s, 2000, MQTTWILL_ESILENT);
	script_close(&s);
}
END_TEST

START_TEST(a_keep_alive_of_one_second_is_served)
{
	struct script s;
	up_with(&s, 1, 0, _i);
	for (int i = 0; i < 10; i++) {
		script_due(&s, 750, 0);
		script_out(&s, "C000");
		pong(&s);
	}
	script_due(&s, 750, 0);
	script_out(&s, "C000");
	script_due(&s, 500, MQTTWILL_ESILENT);
	script_close(&s);
}
END_TEST

START_TEST(the_configured_timeout_counts)
{
	struct script s;
	up_with(&s, 60, 1234, _i);
	script_due(&s, PING_AFTER_MS, 0);
	script_out(&s, "C000");
	script_due(&s, 1234, MQTTWILL_ESILENT);
	script_close(&s);
}
END_TEST

START_TEST(pong_is_told_when_every_ping_is_answered)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(session_ping(&s.session), 0);
	script_out(&s, "C000 C000 C000");
	script_in(&s, "D000 D000");
	script_quiet(&s);
	script_in(&s, "D000");
	script_event(&s, SESSION_PONG, 0);
	script_in(&s, "D000"); /* one that nobody asked for */
	script_quiet(&s);
	ck_assert_int_eq(session_ping(&s.session), 0);
	script_out(&s, "C000");
	pong(&s);
	script_close(&s);
}
END_TEST

START_TEST(a_ping_of_the_caller_s_counts_like_our_own)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_pass(&s, 50000);
	ck_assert_int_eq(session_ping(&s.session), 0);
	script_out(&s, "C000");
	script_pass(&s, PING_TIMEOUT_MS - 1);
	pong(&s);
	script_due(&s, PING_AFTER_MS - PING_TIMEOUT_MS + 1, 0);
	script_out(&s, "C000");
	script_close(&s);
}
END_TEST

/* One byte now and then holds the deadline off for as long as it comes, but no PINGRESP ever does. */
START_TEST(pings_beyond_count_are_no_harm)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	for (int i = 0; i < 600; i++)
		ck_assert_int_eq(session_ping(&s.session), 0);
	script_flush(&s);
	script_due(&s, PING_TIMEOUT_MS, MQTTWILL_ESILENT);
	script_close(&s);
}
END_TEST

/* A clock may begin at 0: that is a time like any other. */
static void up_at_0(struct script *s, int i)
{
	script_init(s, script_level(i), i);
	s->now_ms = 0;
	script_open(s);
	script_connect(s, 60, true);
	script_greet(s, "20 [0000 ~]");
}

START_TEST(a_ping_that_was_written_at_time_0_has_its_timeout)
{
	struct script s;
	up_at_0(&s, _i);
	ck_assert_int_eq(session_ping(&s.session), 0);
	script_flush(&s);
	script_due(&s, PING_TIMEOUT_MS, MQTTWILL_ESILENT);
	script_close(&s);
}
END_TEST

START_TEST(output_that_nobody_takes_from_time_0_on_has_its_timeout)
{
	struct script s;
	up_at_0(&s, _i);
	script_send(&s, PACKET_PUBLISH, 1);
	ck_assert_int_eq(session_tick(&s.session, 0), 0);
	script_due(&s, PING_AFTER_MS + PING_TIMEOUT_MS, MQTTWILL_ESILENT);
	script_flush(&s);
	script_close(&s);
}
END_TEST

Suite *keepalive_suite(void)
{
	Suite *suite = suite_create("keep-alive");
	TCase *tc = tcase_create("keep-alive");
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, a_ping_that_was_written_at_time_0_has_its_timeout, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, output_that_nobody_takes_from_time_0_on_has_its_timeout, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, an_idle_connection_is_pinged_in_less_than_the_keep_alive, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, input_alone_does_not_keep_us_alive, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, output_alone_does_not_show_that_the_peer_lives, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, traffic_both_ways_needs_no_ping, 0, EVERY_LEVEL);
	tcase_add_test(tc, the_ping_interval_is_less_than_each_keep_alive);
	tcase_add_loop_test(tc, keep_alive_0_is_still_pinged, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_short_keep_alive_has_a_short_timeout, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_keep_alive_of_one_second_is_served, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, the_configured_timeout_counts, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, pong_is_told_when_every_ping_is_answered, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_ping_of_the_caller_s_counts_like_our_own, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, pings_beyond_count_are_no_harm, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
