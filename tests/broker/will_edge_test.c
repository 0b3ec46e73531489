/* SPDX-License-Identifier: MIT */
/*
 * Rows of the truth table that need more than one will, more than one hand, or bytes: races, repetition, rights that
 * change, and what the standard leaves to the broker.
 */
#include <check.h>

#include "broker/scene.h"
#include "broker/suites.h"

static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};

static void say(const char *row)
{
	printf("ok - %s\n", row);
	fflush(stdout);
}

static struct packet will_packet(const char *topic, uint32_t delay_s)
{
	struct packet pk = connect_packet("device", false);
	connect_will(&pk, topic, "gone", 1, false);
	pk.connect.will.has = HAS(WILL_DELAY);
	pk.connect.will.will_delay = delay_s;
	pk.props.has = HAS(SESSION_EXPIRY);
	pk.props.session_expiry = 60;
	return pk;
}

static struct peer *join(struct scene *s, uint8_t level, const struct packet *pk)
{
	struct peer *p = peer_open(s, level);
	peer_connect(p, pk);
	return p;
}

static struct peer *watch(struct scene *s, const struct broker_options *options)
{
	scene_init(s, options);
	struct peer *watcher = peer_join(s, LEVEL_5, "watcher");
	peer_subscribe(watcher, "will/#", 1, 1);
	return watcher;
}

/* The second time, the clock is late, and CONNECT is what wakes the broker. */
START_TEST(a_return_in_the_very_moment_finds_the_will_published)
{
	struct scene  s;
	struct peer  *watcher = watch(&s, NULL);
	struct packet pk = will_packet("will/device", 5);
	peer_drop(join(&s, LEVEL_5, &pk));
	if (_i)
		s.now_ms += 5000;
	else
		scene_pass(&s, 5000);
	ck_assert(join(&s, LEVEL_5, &pk)->arrivals[0].pk.session_present);
	ck_assert_uint_eq(s.events[BROKER_WILL_PUBLISHED], 1);
	ck_assert_uint_eq(s.events[BROKER_WILL_CANCELLED], 0);
	peer_expect_message(watcher, "will/device", "gone", 1, false);
	peer_expect_nothing(watcher);
	scene_fini(&s);
	if (_i)
		say("WR-12 5.0 Clean Start 0 at T0 + delay itself, a reading: published, once");
}
END_TEST

static void give_connect(struct peer *p, const struct packet *pk)
{
	uint8_t bytes[128];
	size_t  size = packet_size(pk, p->level);
	ck_assert(size > 0 && size <= sizeof bytes);
	packet_encode(pk, p->level, bytes);
	broker_receive(p->link, bytes, size, p->scene->now_ms);
}

/* The broker has both in its hands before either client hears a thing. */
START_TEST(a_disconnect_that_crosses_the_take_over_counts_if_it_was_read_first)
{
	struct scene  s;
	struct peer  *watcher = watch(&s, NULL);
	struct packet pk = will_packet("will/device", 0);
	struct peer  *old = join(&s, LEVEL_5, &pk), *taker = peer_open(&s, LEVEL_5);
	if (_i)
		give_connect(taker, &pk);
	broker_receive(old->link, (const uint8_t *)"\xE0\x00", 2, s.now_ms);
	if (!_i)
		give_connect(taker, &pk);
	scene_pass(&s, 1000000);
	if (_i)
		peer_expect_message(watcher, "will/device", "gone", 1, false);
	peer_expect_nothing(watcher);
	peer_expect_end(old, _i ? REASON_TAKEN_OVER : 0);
	ck_assert_uint_eq(s.events[BROKER_WILL_DELETED], _i ? 0 : 1);
	scene_fini(&s);
	say(_i ? "WT-10 5.0 DISCONNECT 0x00 behind the take-over: at T0"
	       : "WT-10 5.0 DISCONNECT 0x00 before the take-over: never");
}
END_TEST

START_TEST(each_connect_has_one_will_and_one_only)
{
	struct scene  s;
	struct peer  *watcher = watch(&s, NULL);
	struct packet with = will_packet("will/device", 0), without = connect_packet("device", false);
	for (int i = 0; i < 3; i++)
		peer_drop(join(&s, levels[_i], &with));
	for (int i = 0; i < 3; i++)
		peer_drop(join(&s, levels[_i], &without));
	scene_pass(&s, 1000000);
	for (int i = 0; i < 3; i++)
		peer_expect_message(watcher, "will/device", "gone", 1, false);
	peer_expect_nothing(watcher);
	ck_assert_uint_eq(s.events[BROKER_WILL_STORED], 3);
	scene_fini(&s);
	if (_i == 0)
		say("WC-15 all three connections with a will and three without: three times, whoever reconnects");
}
END_TEST

/* Nobody can subscribe to the topic $share/group/x, but the broker tells that it published. */
START_TEST(a_will_may_have_a_dollar_topic)
{
	static const char *const topics[] = {"$SYS/device", "$share/group/x"};
	struct scene             s;
	struct packet            pk = will_packet(topics[_i % 2], 0);
	struct peer             *watcher = watch(&s, NULL);
	peer_subscribe(watcher, "$SYS/#", 1, 1);
	peer_subscribe(watcher, "#", 1, 1);
	peer_drop(join(&s, levels[_i / 2], &pk));
	if (_i % 2 == 0)
		peer_expect_message(watcher, topics[0], "gone", 1, false);
	peer_expect_nothing(watcher);
	ck_assert_uint_eq(s.events[BROKER_WILL_PUBLISHED], 1);
	scene_fini(&s);
	if (_i == 0)
		say("WA-10 all Will Topic $SYS/... or $share/..., a reading: accepted, and published under that name");
}
END_TEST

START_TEST(the_rights_at_publication_count)
{
	static const char *const before[] = {"deny publish will/#", NULL}, *const after[] = {NULL,
	                                                                                     "deny publish will/#"};
	struct broker_options options = {.acl = before[_i]};
	struct scene          s;
	struct packet         pk = will_packet("will/device", 5);
	struct peer          *watcher = watch(&s, &options);
	peer_drop(join(&s, LEVEL_5, &pk));
	scene_pass(&s, 4999);
	ck_assert_ptr_nonnull(broker_set_acl(s.broker, "nonsense")); /* changes nothing */
	ck_assert_ptr_null(broker_set_acl(s.broker, after[_i]));
	scene_pass(&s, 1);
	if (!after[_i])
		peer_expect_message(watcher, "will/device", "gone", 1, false);
	peer_expect_nothing(watcher);
	ck_assert_uint_eq(s.events[BROKER_WILL_WITHHELD], after[_i] ? 1 : 0);
	scene_fini(&s);
	say(_i ? "WA-13 5.0 the right is taken away before publication, a reading: withheld"
	       : "WA-13 5.0 the right is given before publication, a reading: published");
}
END_TEST

START_TEST(a_delay_outside_the_will_properties_is_malformed)
{
	static const char connect[] = "\x10\x1A\0\4MQTT\5\x06\0\0\5\x18\0\0\0\1\0\1d\0\0\1t\0\1x";
	struct scene      s;
	scene_init(&s, NULL);
	struct peer *device = peer_open(&s, LEVEL_5);
	peer_bytes(device, connect, sizeof connect - 1);
	ck_assert_uint_eq(peer_expect(device, PACKET_CONNACK)->pk.reason, REASON_MALFORMED);
	peer_expect_end(device, 0);
	scene_fini(&s);
	say("WA-16 5.0 the delay among CONNECT's own properties: CONNACK 0x81");
}
END_TEST

START_TEST(a_quota_on_wills_is_told_in_connack)
{
	struct scene  s;
	struct packet pk = will_packet("will/device", 0);
	struct peer  *watcher = watch(&s, NULL), *device = peer_open(&s, LEVEL_5);
	broker_refuse_next(s.broker, REASON_QUOTA);
	peer_send(device, &pk);
	ck_assert_uint_eq(peer_expect(device, PACKET_CONNACK)->pk.reason, REASON_QUOTA);
	peer_expect_end(device, 0);
	scene_pass(&s, 1000000);
	peer_expect_nothing(watcher);
	ck_assert_uint_eq(s.events[BROKER_WILL_STORED], 0);
	scene_fini(&s);
	say("WA-18 5.0 a quota that the operator sets: CONNACK 0x97, never published");
}
END_TEST

Suite *will_edge_suite(void)
{
	Suite *suite = suite_create("will: edges");
	TCase *tc = tcase_create("edges");
	tcase_add_loop_test(tc, a_return_in_the_very_moment_finds_the_will_published, 0, 2);
	tcase_add_loop_test(tc, a_disconnect_that_crosses_the_take_over_counts_if_it_was_read_first, 0, 2);
	tcase_add_loop_test(tc, each_connect_has_one_will_and_one_only, 0, 3);
	tcase_add_loop_test(tc, a_will_may_have_a_dollar_topic, 0, 6);
	tcase_add_loop_test(tc, the_rights_at_publication_count, 0, 2);
	tcase_add_test(tc, a_delay_outside_the_will_properties_is_malformed);
	tcase_add_test(tc, a_quota_on_wills_is_told_in_connack);
	suite_add_tcase(suite, tc);
	return suite;
}
