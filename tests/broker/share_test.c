/* SPDX-License-Identifier: MIT */
/*
 * Shared subscriptions [MQTT 5, 4.8.2], which 3.x clients have as well.
 */
#include <check.h>

#include "broker/scene.h"
#include "broker/suites.h"

static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};

static void expect_one(struct peer *p, const char *payload)
{
	peer_expect_message(p, "t/1", payload, 1, false);
	peer_expect_nothing(p);
}

START_TEST(each_message_goes_to_one_member_of_a_group_in_turn)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *a = peer_join(&s, levels[_i], "a"), *b = peer_join(&s, LEVEL_5, "b"),
		    *all = peer_join(&s, LEVEL_5, "all");
	struct peer *other = peer_join(&s, LEVEL_5, "other"), *deaf = peer_join(&s, LEVEL_5, "deaf");
	peer_subscribe(a, "$share/group/t/+", 1, 1);
	peer_subscribe(b, "$share/group/t/+", 2, 2);
	peer_subscribe(other, "$share/another/t/+", 1, 1);
	peer_subscribe(deaf, "$share/group/x", 1, 1);
	peer_subscribe(all, "#", 1, 1);
	peer_publish(all, "t/1", "one", 2, false);
	peer_expect(all, PACKET_PUBREC);
	expect_one(a, "one");
	peer_expect_nothing(b);
	peer_publish(a, "t/1", "two", 1, false);
	expect_one(b, "two");
	peer_publish(b, "t/1", "three", 1, false);
	peer_expect(b, PACKET_PUBACK);
	peer_expect(a, PACKET_PUBACK);
	expect_one(a, "three");
	const char *const payloads[] = {"one", "two", "three"};
	for (int i = 0; i < 3; i++)
		peer_expect_message(other, "t/1", payloads[i], 1, false);
	peer_expect_nothing(deaf);
	peer_publish(deaf, "$share/another/t/1", "to the name itself", 0, false);
	peer_expect_nothing(other);
	scene_fini(&s);
}
END_TEST

static struct peer *member(struct scene *s, const char *id, bool subscribes)
{
	struct packet pk = connect_packet(id, false);
	struct peer  *p = peer_open(s, LEVEL_311);
	peer_connect(p, &pk);
	if (subscribes)
		peer_subscribe(p, "$share/g/t/#", 1, 1);
	return p;
}

START_TEST(who_is_connected_comes_first_and_what_is_given_is_not_given_to_another)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *speaker = peer_join(&s, LEVEL_5, "speaker"), *a = member(&s, "a", true),
		    *b = member(&s, "b", true);
	peer_drop(a);
	peer_publish(speaker, "t/1", "one", 1, false);
	peer_publish(speaker, "t/1", "two", 1, false);
	peer_expect_message(b, "t/1", "one", 1, false);
	expect_one(b, "two");
	peer_drop(b);
	peer_publish(speaker, "t/1", "three", 1, false);
	peer_publish(speaker, "t/1", "four", 1, false);
	peer_publish(speaker, "t/1", "five", 1, false);
	b = member(&s, "b", false);
	expect_one(b, "four");
	a = member(&s, "a", false);
	peer_expect_message(a, "t/1", "three", 1, false);
	expect_one(a, "five");
	scene_fini(&s);
}
END_TEST

START_TEST(a_will_goes_to_one_member_and_a_session_may_hear_it_twice)
{
	struct scene  s;
	struct packet pk = connect_packet("device", true);
	scene_init(&s, NULL);
	struct peer *a = member(&s, "a", true), *b = member(&s, "b", true), *device = peer_open(&s, LEVEL_5);
	peer_subscribe(a, "t/1", 1, 1);
	connect_will(&pk, "t/1", "gone", 1, true);
	peer_connect(device, &pk);
	peer_drop(device);
	peer_expect_message(a, "t/1", "gone", 1, false); /* not shared */
	expect_one(a, "gone");
	peer_expect_nothing(b);
	scene_fini(&s);
}
END_TEST

START_TEST(no_retained_message_comes_to_a_shared_subscription)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, levels[_i], "p");
	peer_publish(p, "t/1", "kept", 0, true);
	peer_publish(p, "$share/g/t/1", "under the name itself", 0, true);
	peer_subscribe(p, "$share/g/t/#", 1, 1);
	peer_expect_nothing(p);
	peer_subscribe(p, "t/#", 1, 1);
	peer_expect_message(p, "t/1", "kept", 0, true);
	scene_fini(&s);
}
END_TEST

START_TEST(subscription_identifier_and_retain_as_published_hold_and_unsubscribe_ends_it)
{
	struct scene  s;
	struct filter f = {span_text("$share/g/t/#", 0), 1 | OPTION_RETAIN_AS_PUBLISHED};
	struct packet pk = {.type = PACKET_SUBSCRIBE, .id = 99, .filters = &f, .count = 1};
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_5, "p"), *speaker = peer_join(&s, LEVEL_5, "speaker");
	pk.props.has = HAS(SUBSCRIPTION_ID);
	pk.props.subscription_id = 7;
	peer_send(p, &pk);
	peer_expect(p, PACKET_SUBACK);
	peer_publish(speaker, "t/1", "x", 1, true);
	ck_assert_uint_eq(peer_expect_message(p, "t/1", "x", 1, true)->pk.props.subscription_id, 7);
	pk.type = PACKET_UNSUBSCRIBE;
	pk.props.has = 0;
	peer_send(p, &pk);
	ck_assert_uint_eq(peer_expect(p, PACKET_UNSUBACK)->pk.list.p[0], REASON_SUCCESS);
	peer_publish(speaker, "t/1", "y", 1, false);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

static const struct {
	const char *filter;
	uint8_t     options, reason5; /* of DISCONNECT */
} malformed[] = {
	{"$share/g", 0, REASON_BAD_FILTER},
	{"$share//t", 0, REASON_BAD_FILTER},
	{"$share/g/", 0, REASON_BAD_FILTER},
	{"$share/+/t", 0, REASON_BAD_FILTER},
	{"$share/g/t", OPTION_NO_LOCAL, REASON_PROTOCOL_ERROR}, /* [MQTT-3.8.3-4] */
};

START_TEST(its_form_is_checked)
{
	struct scene  s;
	struct filter f = {span_text(malformed[_i].filter, 0), malformed[_i].options};
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_5, "p");
	peer_send(p, &(struct packet){.type = PACKET_SUBSCRIBE, .id = 1, .filters = &f, .count = 1});
	peer_expect_end(p, malformed[_i].reason5);
	if (!malformed[_i].options)
		peer_subscribe(peer_join(&s, LEVEL_311, "old"), malformed[_i].filter, 0, 0x80);
	scene_fini(&s);
}
END_TEST

START_TEST(rights_are_those_to_the_filter_behind_the_name)
{
	struct scene          s;
	struct broker_options options = {.acl = "deny subscribe secret/#"};
	scene_init(&s, &options);
	peer_subscribe(peer_join(&s, LEVEL_5, "p"), "$share/g/secret/1", 0, REASON_NOT_AUTHORIZED);
	scene_fini(&s);
}
END_TEST

START_TEST(a_broker_without_them_refuses_in_5_and_takes_it_for_a_topic_in_3)
{
	struct scene          s;
	struct broker_options options = {.announce = {.has = HAS(SHARED_AVAILABLE)}};
	scene_init(&s, &options);
	struct peer *old = peer_join(&s, LEVEL_311, "old"), *new = peer_join(&s, LEVEL_5, "new");
	ck_assert(new->arrivals[0].pk.props.has &HAS(SHARED_AVAILABLE) && !new->arrivals[0].pk.props.shared_available);
	peer_subscribe(new, "$share/g/t", 0, REASON_NO_SHARED);
	peer_subscribe(old, "$share/g/t", 0, 0);
	peer_publish(old, "$share/g/t", "x", 0, false);
	peer_expect_message(old, "$share/g/t", "x", 0, false);
	scene_fini(&s);
}
END_TEST

Suite *share_suite(void)
{
	Suite *suite = suite_create("shared subscriptions");
	TCase *tc = tcase_create("share");
	tcase_add_loop_test(tc, each_message_goes_to_one_member_of_a_group_in_turn, 0, 3);
	tcase_add_test(tc, who_is_connected_comes_first_and_what_is_given_is_not_given_to_another);
	tcase_add_test(tc, a_will_goes_to_one_member_and_a_session_may_hear_it_twice);
	tcase_add_loop_test(tc, no_retained_message_comes_to_a_shared_subscription, 0, 3);
	tcase_add_test(tc, subscription_identifier_and_retain_as_published_hold_and_unsubscribe_ends_it);
	tcase_add_loop_test(tc, its_form_is_checked, 0, sizeof malformed / sizeof malformed[0]);
	tcase_add_test(tc, rights_are_those_to_the_filter_behind_the_name);
	tcase_add_test(tc, a_broker_without_them_refuses_in_5_and_takes_it_for_a_topic_in_3);
	suite_add_tcase(suite, tc);
	return suite;
}
