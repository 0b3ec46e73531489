/* SPDX-License-Identifier: MIT */
/*
 * How long a session lives, what it keeps, and what Session Present says of it.
 */
#include <check.h>

#include "broker/suites.h"
#include "broker/scene.h"

static struct packet asking(bool clean_start, int64_t expiry_s)
{
	struct packet pk = connect_packet("c", clean_start);
	pk.props.has = expiry_s < 0 ? 0 : HAS(SESSION_EXPIRY);
	pk.props.session_expiry = (uint32_t)expiry_s;
	return pk;
}

/* Connects, leaves for a time, comes back with Clean Start 0. */
static const struct {
	const char *what;
	uint8_t     level;
	bool        clean; /* of the first CONNECT */
	int64_t     expiry_s;
	uint64_t    away_ms;
	bool        present;
} lives[] = {
	{"5.0 without session expiry", LEVEL_5, true, -1, 0, false},
	{"5.0 with session expiry 0", LEVEL_5, true, 0, 0, false},
	{"5.0 in time", LEVEL_5, true, 10, 9999, true},
	{"5.0 too late", LEVEL_5, true, 10, 10000, false},
	{"5.0 never expires", LEVEL_5, true, 0xFFFFFFFF, 5000000000000, true},
	{"5.0 nearly never expires, in time", LEVEL_5, true, 0xFFFFFFFE, 4294967293999, true},
	{"5.0 nearly never expires, too late", LEVEL_5, true, 0xFFFFFFFE, 4294967294000, false},
	{"5.0 Clean Start 0 does not lengthen it", LEVEL_5, false, -1, 0, false},
	{"3.1.1 Clean Session 1", LEVEL_311, true, -1, 0, false},
	{"3.1.1 Clean Session 0", LEVEL_311, false, -1, 5000000000000, true},
};

START_TEST(a_session_lives_as_long_as_its_interval)
{
	struct scene  s;
	struct packet pk = asking(lives[_i].clean, lives[_i].expiry_s);
	scene_init(&s, NULL);
	struct peer *p = peer_open(&s, lives[_i].level);
	ck_assert(!peer_connect(p, &pk)->pk.session_present);
	peer_drop(p);
	scene_pass(&s, lives[_i].away_ms);
	pk.connect.clean_start = false;
	bool present = peer_connect(peer_open(&s, lives[_i].level), &pk)->pk.session_present;
	ck_assert_msg(present == lives[_i].present, "%s: Session Present is %d", lives[_i].what, present);
	scene_fini(&s);
}
END_TEST

START_TEST(a_session_keeps_subscriptions_and_messages)
{
	static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};
	struct scene         s;
	struct packet        pk = asking(false, 60);
	scene_init(&s, NULL);
	struct peer *p = peer_open(&s, levels[_i]), *other = peer_join(&s, LEVEL_5, "other");
	peer_connect(p, &pk);
	peer_subscribe(p, "t/#", 2, 2);
	peer_drop(p);
	peer_publish(other, "t/0", "lost", 0, false);
	peer_publish(other, "t/1", "one", 1, false);
	peer_publish(other, "t/2", "two", 2, false);
	p = peer_open(&s, levels[_i]);
	ck_assert_uint_eq(peer_connect(p, &pk)->pk.session_present, levels[_i] != LEVEL_31);
	ck_assert_uint_eq(peer_expect_message(p, "t/1", "one", 1, false)->pk.dup, 0);
	ck_assert_uint_eq(peer_expect_message(p, "t/2", "two", 2, false)->pk.dup, 0);
	peer_expect(p, PACKET_PUBREL);
	peer_publish(other, "t/0", "now", 0, false);
	peer_expect_message(p, "t/0", "now", 0, false);
	scene_fini(&s);
}
END_TEST

START_TEST(clean_start_forgets_all)
{
	struct scene  s;
	struct packet pk = asking(false, 60);
	scene_init(&s, NULL);
	struct peer *p = peer_open(&s, LEVEL_5), *other = peer_join(&s, LEVEL_5, "other");
	peer_connect(p, &pk);
	peer_subscribe(p, "t", 1, 1);
	peer_drop(p);
	peer_publish(other, "t", "x", 1, false);
	pk.connect.clean_start = true;
	p = peer_open(&s, LEVEL_5);
	ck_assert(!peer_connect(p, &pk)->pk.session_present);
	peer_publish(other, "t", "y", 1, false);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

START_TEST(disconnect_may_change_the_interval)
{
	static const struct {
		uint32_t before, after;
		uint64_t away_ms;
		bool     present;
	} changes[] = {
		{60, 5, 4999, true}, {60, 5, 5000, false}, {5, 60, 59999, true},
		{60, 0, 0, false},   {5, 0xFFFFFFFF, 5000000000, true},
	};
	struct scene  s;
	struct packet pk = asking(true, changes[_i].before), bye = {.type = PACKET_DISCONNECT};
	scene_init(&s, NULL);
	struct peer *p = peer_open(&s, LEVEL_5);
	peer_connect(p, &pk);
	bye.props.has = HAS(SESSION_EXPIRY);
	bye.props.session_expiry = changes[_i].after;
	peer_send(p, &bye);
	peer_expect_end(p, 0);
	scene_pass(&s, changes[_i].away_ms);
	pk.connect.clean_start = false;
	ck_assert_uint_eq(peer_connect(peer_open(&s, LEVEL_5), &pk)->pk.session_present, changes[_i].present);
	scene_fini(&s);
}
END_TEST

/* Promise 7 of the client: a process that lost its state ends what an earlier one left behind. */
START_TEST(a_resumed_session_can_be_ended_by_disconnect)
{
	struct scene  s;
	struct packet pk = asking(true, 60), bye = {.type = PACKET_DISCONNECT};
	scene_init(&s, NULL);
	struct peer *p = peer_open(&s, LEVEL_5);
	connect_will(&pk, "will", "gone", 0, false);
	pk.connect.will.has = HAS(WILL_DELAY);
	pk.connect.will.will_delay = 30;
	peer_connect(p, &pk);
	peer_drop(p);
	p = peer_open(&s, LEVEL_5);
	pk.connect.clean_start = false;
	ck_assert(peer_connect(p, &pk)->pk.session_present);
	bye.props.has = HAS(SESSION_EXPIRY);
	peer_send(p, &bye);
	ck_assert_uint_eq(s.events[BROKER_SESSION_ENDED], 1);
	ck_assert_uint_eq(s.events[BROKER_WILL_PUBLISHED], 0);
	ck_assert(!peer_connect(peer_open(&s, LEVEL_5), &pk)->pk.session_present);
	scene_fini(&s);
}
END_TEST

START_TEST(a_queue_has_a_ceiling)
{
	struct broker_options options = {.queue_messages = 3};
	struct scene          s;
	struct packet         pk = asking(false, 60);
	scene_init(&s, &options);
	struct peer *p = peer_open(&s, LEVEL_5), *other = peer_join(&s, LEVEL_5, "other");
	peer_connect(p, &pk);
	peer_subscribe(p, "t", 1, 1);
	peer_drop(p);
	for (int i = 0; i < 5; i++)
		peer_publish(other, "t", "x", 1, false);
	ck_assert_uint_eq(s.events[BROKER_DROPPED], 2);
	p = peer_open(&s, LEVEL_5);
	peer_connect(p, &pk);
	for (int i = 0; i < 3; i++)
		peer_expect_message(p, "t", "x", 1, false);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

Suite *session_suite(void)
{
	Suite *suite = suite_create("session");
	TCase *tc = tcase_create("session");
	tcase_add_loop_test(tc, a_session_lives_as_long_as_its_interval, 0, sizeof lives / sizeof lives[0]);
	tcase_add_loop_test(tc, a_session_keeps_subscriptions_and_messages, 0, 3);
	tcase_add_test(tc, clean_start_forgets_all);
	tcase_add_loop_test(tc, disconnect_may_change_the_interval, 0, 5);
	tcase_add_test(tc, a_resumed_session_can_be_ended_by_disconnect);
	tcase_add_test(tc, a_queue_has_a_ceiling);
	suite_add_tcase(suite, tc);
	return suite;
}
