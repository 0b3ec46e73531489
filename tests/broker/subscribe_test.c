/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions and retained messages.
 */
#include <check.h>

#include "broker/suites.h"
#include "broker/scene.h"

static const struct {
	const char *filter, *topic;
	bool        match;
} matches[] = {
	{"a/b", "a/b", true},    {"a/b", "a/c", false},    {"a/+", "a/b", true},     {"a/+", "a", false},
	{"a/+", "a/", true},     {"+/+", "/b", true},      {"+", "/b", false},       {"/+", "/b", true},
	{"a/#", "a", true},      {"a/#", "a/b/c", true},   {"#", "a/b", true},       {"#", "$SYS/x", false},
	{"+/x", "$SYS/x", false}, {"$SYS/#", "$SYS/x", true}, {"a/+/c", "a/b/c", true}, {"a/+/#", "a/b", true},
	{"A", "a", false},       {"a/b/", "a/b", false},   {"sport/#", "sports", false},
};

START_TEST(filters_match_topics)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_311, "c"), *other = peer_join(&s, LEVEL_5, "other");
	peer_subscribe(p, matches[_i].filter, 0, 0);
	peer_publish(other, matches[_i].topic, "x", 0, false);
	if (matches[_i].match)
		peer_expect_message(p, matches[_i].topic, "x", 0, false);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

static void subscribe_with_id(struct peer *p, const char *filter, uint8_t qos, uint32_t id)
{
	struct filter f = {span_text(filter, 0), qos};
	struct packet pk = {.type = PACKET_SUBSCRIBE, .id = 100, .filters = &f, .count = 1};
	pk.props.has = HAS(SUBSCRIPTION_ID);
	pk.props.subscription_id = id;
	peer_send(p, &pk);
	peer_expect(p, PACKET_SUBACK);
}

START_TEST(overlapping_subscriptions_make_one_copy_with_all_identifiers)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_5, "c");
	subscribe_with_id(p, "a/#", 0, 7);
	subscribe_with_id(p, "a/+", 1, 268435455);
	subscribe_with_id(p, "b", 2, 9);
	peer_subscribe(p, "#", 0, 0);
	peer_publish(p, "a/b", "x", 2, false);
	peer_expect(p, PACKET_PUBREC);
	const struct arrival *a = peer_expect_message(p, "a/b", "x", 1, false);
	ck_assert_uint_eq(a->pk.props.subscription_id_count, 2);
	ck_assert_uint_eq(a->pk.props.subscription_id, 7);
	scene_fini(&s);
}
END_TEST

START_TEST(a_new_subscription_replaces_the_old)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_5, "c");
	peer_subscribe(p, "t", 1, 1);
	peer_subscribe(p, "t", 0, 0);
	peer_publish(p, "t", "x", 1, false);
	peer_expect(p, PACKET_PUBACK);
	peer_expect_message(p, "t", "x", 0, false);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

START_TEST(unsubscribe_ends_it)
{
	static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};
	struct scene         s;
	struct filter        filters[] = {{span_text("t", 0), 0}, {span_text("u", 0), 0}};
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, levels[_i], "c");
	peer_subscribe(p, "t", 0, 0);
	peer_send(p, &(struct packet){.type = PACKET_UNSUBSCRIBE, .id = 9, .filters = filters, .count = 2});
	const struct arrival *a = peer_expect(p, PACKET_UNSUBACK);
	ck_assert_uint_eq(a->pk.id, 9);
	if (levels[_i] == LEVEL_5)
		ck_assert(a->pk.count == 2 && a->pk.list.p[0] == 0 && a->pk.list.p[1] == REASON_NO_SUBSCRIPTION);
	peer_publish(p, "t", "x", 0, false);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

START_TEST(no_local_keeps_the_own_messages_away)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_5, "c"), *other = peer_join(&s, LEVEL_5, "other");
	peer_subscribe(p, "t", OPTION_NO_LOCAL, 0);
	peer_publish(p, "t", "mine", 0, true);
	peer_publish(other, "t", "theirs", 0, false);
	peer_expect_message(p, "t", "theirs", 0, false);
	peer_subscribe(p, "t", OPTION_NO_LOCAL, 0);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

START_TEST(the_granted_qos_respects_maximum_qos)
{
	struct broker_options options = {.announce = {.has = HAS(MAXIMUM_QOS), .maximum_qos = 1}};
	struct scene          s;
	scene_init(&s, &options);
	peer_subscribe(peer_join(&s, LEVEL_5, "c"), "t", 2, 1);
	scene_fini(&s);
}
END_TEST

START_TEST(too_many_subscriptions_are_refused)
{
	struct scene s;
	char         filter[16];
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_5, "c");
	for (int i = 0; i < BROKER_SUBSCRIPTIONS_MAX; i++) {
		snprintf(filter, sizeof filter, "t/%d", i);
		peer_subscribe(p, filter, 0, 0);
	}
	peer_subscribe(p, "one/more", 0, REASON_QUOTA);
	scene_fini(&s);
}
END_TEST

/* ---- Retained messages ---- */

START_TEST(the_last_retained_message_is_kept_until_an_empty_one)
{
	static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};
	struct scene         s;
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, levels[_i], "c"), *late = peer_join(&s, levels[_i], "late");
	peer_publish(p, "a", "old", 0, true);
	peer_publish(p, "a", "new", 0, true);
	peer_publish(p, "a", "passing", 0, false);
	peer_publish(p, "b", "b", 0, true);
	peer_subscribe(late, "a", 1, 1);
	peer_expect_message(late, "a", "new", 0, true);
	peer_subscribe(late, "+", 0, 0);
	peer_expect_message(late, "a", "new", 0, true);
	peer_expect_message(late, "b", "b", 0, true);
	peer_publish(p, "a", "", 0, true);
	peer_expect_message(late, "a", "", 0, false);
	peer_subscribe(late, "+", 0, 0);
	peer_expect_message(late, "b", "b", 0, true);
	peer_expect_nothing(late);
	scene_fini(&s);
}
END_TEST

START_TEST(retain_handling_says_when_retained_messages_come)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_5, "c");
	peer_publish(p, "t", "x", 0, true);
	peer_subscribe(p, "t", 0x20, 0); /* never */
	peer_expect_nothing(p);
	peer_subscribe(p, "t", 0x10, 0); /* if new, and it is not */
	peer_expect_nothing(p);
	peer_subscribe(p, "#", 0x10, 0);
	peer_expect_message(p, "t", "x", 0, true);
	peer_subscribe(p, "t", 0x00, 0); /* each time */
	peer_expect_message(p, "t", "x", 0, true);
	scene_fini(&s);
}
END_TEST

START_TEST(retain_as_published_keeps_the_flag)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *plain = peer_join(&s, LEVEL_5, "plain"), *keeps = peer_join(&s, LEVEL_5, "keeps");
	peer_subscribe(plain, "t", 0, 0);
	peer_subscribe(keeps, "t", OPTION_RETAIN_AS_PUBLISHED, 0);
	peer_publish(plain, "t", "x", 0, true);
	peer_publish(plain, "t", "y", 0, false);
	peer_expect_message(plain, "t", "x", 0, false);
	peer_expect_message(plain, "t", "y", 0, false);
	peer_expect_message(keeps, "t", "x", 0, true);
	peer_expect_message(keeps, "t", "y", 0, false);
	scene_fini(&s);
}
END_TEST

START_TEST(a_retained_message_carries_the_identifier_of_its_subscription)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_5, "c");
	peer_publish(p, "t", "x", 1, true);
	peer_expect(p, PACKET_PUBACK);
	subscribe_with_id(p, "#", 0, 1);
	ck_assert_uint_eq(peer_expect_message(p, "t", "x", 0, true)->pk.props.subscription_id, 1);
	subscribe_with_id(p, "t", 1, 2);
	const struct arrival *a = peer_expect_message(p, "t", "x", 1, true);
	ck_assert_uint_eq(a->pk.props.subscription_id, 2);
	ck_assert_uint_eq(a->pk.props.subscription_id_count, 1);
	scene_fini(&s);
}
END_TEST

static void add_retained(TCase *tc)
{
	tcase_add_loop_test(tc, the_last_retained_message_is_kept_until_an_empty_one, 0, 3);
	tcase_add_test(tc, retain_handling_says_when_retained_messages_come);
	tcase_add_test(tc, retain_as_published_keeps_the_flag);
	tcase_add_test(tc, a_retained_message_carries_the_identifier_of_its_subscription);
}

Suite *subscribe_suite(void)
{
	Suite *suite = suite_create("subscribe and retain");
	TCase *tc = tcase_create("subscribe");
	tcase_add_loop_test(tc, filters_match_topics, 0, sizeof matches / sizeof matches[0]);
	tcase_add_test(tc, overlapping_subscriptions_make_one_copy_with_all_identifiers);
	tcase_add_test(tc, a_new_subscription_replaces_the_old);
	tcase_add_loop_test(tc, unsubscribe_ends_it, 0, 3);
	tcase_add_test(tc, no_local_keeps_the_own_messages_away);
	tcase_add_test(tc, the_granted_qos_respects_maximum_qos);
	tcase_add_test(tc, too_many_subscriptions_are_refused);
	add_retained(tc);
	suite_add_tcase(suite, tc);
	return suite;
}
