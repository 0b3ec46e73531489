/* SPDX-License-Identifier: MIT */
/*
 * What CONNACK may announce beyond sizes and QoS: Topic Aliases, kinds of subscriptions, other servers.
 */
#include <check.h>

#include "broker/scene.h"
#include "broker/suites.h"

static struct peer *join_with(struct scene *s, const char *id, const struct props *props)
{
	struct peer  *p = peer_open(s, LEVEL_5);
	struct packet pk = connect_packet(id, true);
	pk.props = *props;
	peer_connect(p, &pk);
	return p;
}

static void publish_alias(struct peer *p, const char *topic, uint16_t alias, const char *payload)
{
	struct packet pk = {.type = PACKET_PUBLISH, .topic = span_text(topic, 0), .payload = span_text(payload, 0)};
	pk.props.has = HAS(TOPIC_ALIAS);
	pk.props.topic_alias = alias;
	peer_send(p, &pk);
}

static void begin(struct scene *s, uint32_t has, uint16_t aliases)
{
	struct broker_options options = {.announce = {.has = has, .topic_alias_maximum = aliases}};
	scene_init(s, &options);
}

START_TEST(an_alias_stands_for_its_topic_until_it_gets_another)
{
	struct scene s;
	begin(&s, HAS(TOPIC_ALIAS_MAXIMUM), 2);
	struct peer *p = peer_join(&s, LEVEL_5, "c"), *other = peer_join(&s, LEVEL_311, "other");
	peer_subscribe(other, "#", 0, 0);
	publish_alias(p, "first", 2, "1");
	publish_alias(p, "", 2, "2");
	publish_alias(p, "second", 2, "3");
	publish_alias(p, "", 2, "4");
	peer_expect_message(other, "first", "1", 0, false);
	peer_expect_message(other, "first", "2", 0, false);
	peer_expect_message(other, "second", "3", 0, false);
	peer_expect_message(other, "second", "4", 0, false);
	scene_fini(&s);
}
END_TEST

START_TEST(a_duplicate_sets_its_alias_too)
{
	struct scene s;
	begin(&s, HAS(TOPIC_ALIAS_MAXIMUM), 1);
	struct peer *p = peer_join(&s, LEVEL_5, "c"), *other = peer_join(&s, LEVEL_311, "other");
	peer_subscribe(other, "#", 0, 0);
	p->no_ack = true; /* no PUBREL */
	peer_bytes(p, "\x34\7\0\1t\0\1\0a", 9);
	peer_bytes(p, "\x3C\x0A\0\1t\0\1\3\x23\0\1" "a", 12);
	publish_alias(p, "", 1, "x");
	peer_expect_message(other, "t", "a", 0, false);
	peer_expect_message(other, "t", "x", 0, false);
	scene_fini(&s);
}
END_TEST

START_TEST(an_alias_out_of_range_or_unknown_ends_the_connection)
{
	static const struct {
		uint16_t alias;
		uint8_t  reason;
	} wrong[] = {{0, REASON_BAD_TOPIC_ALIAS}, {3, REASON_BAD_TOPIC_ALIAS}, {1, REASON_PROTOCOL_ERROR}};
	struct scene s;
	begin(&s, HAS(TOPIC_ALIAS_MAXIMUM), 2);
	struct peer *p = peer_join(&s, LEVEL_5, "c");
	publish_alias(p, "", wrong[_i].alias, "x");
	peer_expect_end(p, wrong[_i].reason);
	scene_fini(&s);
}
END_TEST

static void expect_alias(struct peer *p, const char *topic, uint16_t alias)
{
	const struct packet *pk = &peer_expect(p, PACKET_PUBLISH)->pk;
	ck_assert(span_is(pk->topic, topic));
	ck_assert_uint_eq(pk->props.has & HAS(TOPIC_ALIAS) ? pk->props.topic_alias : 0, alias);
}

START_TEST(a_client_that_allows_aliases_gets_them)
{
	struct scene       s;
	const struct props allow = {.has = HAS(TOPIC_ALIAS_MAXIMUM), .topic_alias_maximum = 2};
	begin(&s, HAS(TOPIC_ALIAS_MAXIMUM), 5);
	struct peer *p = join_with(&s, "c", &allow), *plain = peer_join(&s, LEVEL_5, "plain");
	peer_subscribe(p, "#", 0, 0);
	peer_subscribe(plain, "#", 0, 0);
	static const char *const topics[] = {"alpha", "alpha", "beta", "gamma", "alpha", "t"};
	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
		peer_publish(plain, topics[i], "x", 0, false);
	expect_alias(p, "alpha", 1);
	expect_alias(p, "", 1);
	expect_alias(p, "beta", 2);
	expect_alias(p, "gamma", 1); /* the oldest had to go */
	expect_alias(p, "alpha", 2);
	expect_alias(p, "t", 0); /* it would be longer with an alias */
	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
		expect_alias(plain, topics[i], 0);
	scene_fini(&s);
}
END_TEST

START_TEST(subscriptions_of_a_kind_that_is_not_available_are_refused)
{
	struct scene s;
	begin(&s, HAS(WILDCARD_AVAILABLE) | HAS(SUBSCRIPTION_ID_AVAILABLE) | HAS(SHARED_AVAILABLE), 0);
	struct peer        *p = peer_join(&s, LEVEL_5, "c");
	const struct filter f = {span_text("t", 0), 0};
	struct packet       pk = {.type = PACKET_SUBSCRIBE, .id = 1, .filters = &f, .count = 1};
	peer_subscribe(p, "a/+", 0, REASON_NO_WILDCARD);
	peer_subscribe(p, "#", 0, REASON_NO_WILDCARD);
	peer_subscribe(p, "$share/g/t", 0, REASON_NO_SHARED);
	peer_subscribe(p, "t", 0, 0);
	pk.props.has = HAS(SUBSCRIPTION_ID);
	pk.props.subscription_id = 7;
	peer_send(p, &pk);
	ck_assert_uint_eq(peer_expect(p, PACKET_SUBACK)->pk.list.p[0], REASON_NO_SUBSCRIPTION_ID);
	scene_fini(&s);
}
END_TEST

START_TEST(response_information_goes_to_who_asks)
{
	struct broker_options options = {.announce.has = HAS(RESPONSE_INFORMATION) | HAS(SERVER_REFERENCE)};
	struct scene          s;
	options.announce.response_information = options.announce.server_reference = span_text("there", 0);
	scene_init(&s, &options);
	for (uint8_t ask = 0; ask < 2; ask++) {
		struct packet pk = connect_packet("c", true);
		pk.props.has = HAS(REQUEST_RESPONSE);
		pk.props.request_response = ask;
		const struct props *got = &peer_connect(peer_open(&s, LEVEL_5), &pk)->pk.props;
		ck_assert(!(got->has & HAS(RESPONSE_INFORMATION)) == !ask);
		ck_assert(!(got->has & HAS(SERVER_REFERENCE)));
	}
	scene_fini(&s);
}
END_TEST

START_TEST(who_must_go_elsewhere_is_told_where)
{
	struct broker_options options = {.announce.has = HAS(SERVER_REFERENCE), .refuse = REASON_SERVER_MOVED};
	struct scene          s;
	struct packet         pk = connect_packet("c", true);
	options.announce.server_reference = span_text("there:1883", 0);
	scene_init(&s, &options);
	for (int i = 0; i < 2; i++) {
		struct peer *p = peer_open(&s, LEVEL_5);
		peer_send(p, &pk);
		const struct packet *ack = &peer_expect(p, PACKET_CONNACK)->pk;
		ck_assert_uint_eq(ack->reason, REASON_SERVER_MOVED);
		ck_assert(ack->props.has & HAS(SERVER_REFERENCE) && span_is(ack->props.server_reference, "there:1883"));
	}
	scene_fini(&s);
}
END_TEST

START_TEST(limits_may_change_between_connections)
{
	struct scene       s;
	const struct props later = {.has = HAS(MAXIMUM_QOS), .maximum_qos = 0};
	struct packet      pk = connect_packet("c", true);
	scene_init(&s, NULL);
	ck_assert(!(peer_connect(peer_open(&s, LEVEL_5), &pk)->pk.props.has & HAS(MAXIMUM_QOS)));
	ck_assert(broker_announce(s.broker, &later));
	struct peer *p = peer_open(&s, LEVEL_5);
	ck_assert(peer_connect(p, &pk)->pk.props.has & HAS(MAXIMUM_QOS));
	peer_publish(p, "t", "x", 1, false);
	peer_expect_end(p, REASON_NO_QOS);
	scene_fini(&s);
}
END_TEST

Suite *limits_suite(void)
{
	Suite *suite = suite_create("limits");
	TCase *tc = tcase_create("limits");
	tcase_add_test(tc, an_alias_stands_for_its_topic_until_it_gets_another);
	tcase_add_test(tc, a_duplicate_sets_its_alias_too);
	tcase_add_loop_test(tc, an_alias_out_of_range_or_unknown_ends_the_connection, 0, 3);
	tcase_add_test(tc, a_client_that_allows_aliases_gets_them);
	tcase_add_test(tc, subscriptions_of_a_kind_that_is_not_available_are_refused);
	tcase_add_test(tc, response_information_goes_to_who_asks);
	tcase_add_test(tc, who_must_go_elsewhere_is_told_where);
	tcase_add_test(tc, limits_may_change_between_connections);
	suite_add_tcase(suite, tc);
	return suite;
}
