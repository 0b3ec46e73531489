/* SPDX-License-Identifier: MIT */
/*
 * QoS 1 and 2 in both directions, across connections.
 */
#include <check.h>

#include "broker/suites.h"
#include "broker/scene.h"

static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};

/* A client that acknowledges nothing by itself, with a session that stays. */
static struct peer *manual(struct scene *s, uint8_t level, bool present)
{
	struct peer  *p = peer_open(s, level);
	struct packet pk = connect_packet("c", false);
	pk.props.has = HAS(SESSION_EXPIRY);
	pk.props.session_expiry = 60;
	p->no_ack = true;
	ck_assert_uint_eq(peer_connect(p, &pk)->pk.session_present, present && level != LEVEL_31);
	return p;
}

static void answer(struct peer *p, enum packet_type type, uint16_t id, uint8_t reason)
{
	peer_send(p, &(struct packet){.type = (uint8_t)type, .id = id, .reason = reason});
}

START_TEST(qos_2_from_the_client_is_published_once)
{
	struct scene  s;
	struct packet pk = {.type = PACKET_PUBLISH, .id = 77, .qos = 2, .topic = span_text("t", 0)};
	scene_init(&s, NULL);
	struct peer *watcher = peer_join(&s, LEVEL_5, "watcher"), *p = manual(&s, levels[_i], false);
	pk.payload = span_text("x", 0);
	peer_subscribe(watcher, "t", 0, 0);
	peer_send(p, &pk);
	ck_assert_uint_eq(peer_expect(p, PACKET_PUBREC)->pk.id, 77);
	peer_drop(p);
	p = manual(&s, levels[_i], true);
	pk.dup = true;
	peer_send(p, &pk);
	ck_assert_uint_eq(peer_expect(p, PACKET_PUBREC)->pk.id, 77);
	peer_expect_message(watcher, "t", "x", 0, false);
	peer_expect_nothing(watcher);
	answer(p, PACKET_PUBREL, 77, 0);
	ck_assert_uint_eq(peer_expect(p, PACKET_PUBCOMP)->pk.id, 77);
	pk.dup = false;
	peer_send(p, &pk); /* the identifier is free: a new message */
	peer_expect_message(watcher, "t", "x", 0, false);
	scene_fini(&s);
}
END_TEST

START_TEST(a_pubrel_for_nothing_is_answered)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = manual(&s, levels[_i], false);
	answer(p, PACKET_PUBREL, 5, 0);
	ck_assert_uint_eq(peer_expect(p, PACKET_PUBCOMP)->pk.reason, levels[_i] == LEVEL_5 ? REASON_ID_NOT_FOUND : 0);
	answer(p, PACKET_PUBREC, 6, 0);
	ck_assert_uint_eq(peer_expect(p, PACKET_PUBREL)->pk.reason, levels[_i] == LEVEL_5 ? REASON_ID_NOT_FOUND : 0);
	answer(p, PACKET_PUBACK, 7, 0);
	answer(p, PACKET_PUBCOMP, 8, 0);
	peer_expect_nothing(p);
	ck_assert(p->link != NULL);
	scene_fini(&s);
}
END_TEST

START_TEST(what_is_in_flight_is_sent_again_in_order)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = manual(&s, levels[_i], false), *other = peer_join(&s, LEVEL_5, "other");
	peer_subscribe(p, "#", 2, 2);
	peer_publish(other, "a", "1", 1, false);
	peer_publish(other, "b", "2", 2, false);
	peer_publish(other, "c", "3", 2, false);
	peer_publish(other, "d", "4", 1, false);
	uint16_t ids[4];
	for (int i = 0; i < 4; i++)
		ids[i] = peer_expect(p, PACKET_PUBLISH)->pk.id;
	answer(p, PACKET_PUBREC, ids[2], 0);
	peer_expect(p, PACKET_PUBREL);
	answer(p, PACKET_PUBACK, ids[3], 0);
	peer_drop(p);
	p = manual(&s, levels[_i], true);
	ck_assert_uint_eq(peer_expect(p, PACKET_PUBREL)->pk.id, ids[2]);
	const struct arrival *a = peer_expect_message(p, "a", "1", 1, false);
	ck_assert(a->pk.dup && a->pk.id == ids[0]);
	a = peer_expect_message(p, "b", "2", 2, false);
	ck_assert(a->pk.dup && a->pk.id == ids[1]);
	peer_expect_nothing(p);
	answer(p, PACKET_PUBACK, ids[0], 0);
	answer(p, PACKET_PUBREC, ids[1], 0);
	ck_assert_uint_eq(peer_expect(p, PACKET_PUBREL)->pk.id, ids[1]);
	answer(p, PACKET_PUBCOMP, ids[1], 0);
	answer(p, PACKET_PUBCOMP, ids[2], 0);
	peer_drop(p);
	peer_expect_nothing(manual(&s, levels[_i], true));
	scene_fini(&s);
}
END_TEST

START_TEST(a_pubrec_of_failure_ends_the_delivery)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = manual(&s, LEVEL_5, false), *other = peer_join(&s, LEVEL_5, "other");
	peer_subscribe(p, "t", 2, 2);
	peer_publish(other, "t", "x", 2, false);
	answer(p, PACKET_PUBREC, peer_expect(p, PACKET_PUBLISH)->pk.id, REASON_QUOTA);
	peer_expect_nothing(p);
	peer_drop(p);
	peer_expect_nothing(manual(&s, LEVEL_5, true));
	scene_fini(&s);
}
END_TEST

/* At 64 KiB of output messages stay messages; all arrive when the client reads again. */
START_TEST(a_burst_arrives_whole_and_in_order)
{
	struct scene s;
	char         payload[2000];
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_5, "c"), *other = peer_join(&s, LEVEL_5, "other");
	peer_subscribe(p, "t", 1, 1);
	memset(payload, 'x', sizeof payload - 1);
	payload[sizeof payload - 1] = '\0';
	for (int i = 0; i < 200; i++) {
		payload[0] = (char)('0' + i % 10);
		struct packet pk = {.type = PACKET_PUBLISH, .id = 1, .qos = 1, .topic = span_text("t", 0)};
		uint8_t       bytes[2100];
		pk.payload = span_text(payload, 0);
		broker_receive(other->link, bytes, packet_encode(&pk, LEVEL_5, bytes), s.now_ms);
	}
	scene_pass(&s, 0);
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(peer_expect(p, PACKET_PUBLISH)->pk.payload.p[0], '0' + i % 10);
	peer_expect_nothing(p);
	ck_assert_uint_eq(s.events[BROKER_DROPPED], 0);
	scene_fini(&s);
}
END_TEST

START_TEST(a_client_that_does_not_read_is_cut_off_and_its_will_published)
{
	static const uint8_t ping[] = {0xC0, 0};
	struct scene         s;
	struct packet        pk = connect_packet("c", true);
	uint8_t              bytes[100];
	scene_init(&s, NULL);
	struct peer *watcher = peer_join(&s, LEVEL_5, "watcher");
	peer_subscribe(watcher, "will", 0, 0);
	struct broker_link *l = broker_accept(s.broker, s.now_ms);
	connect_will(&pk, "will", "gone", 0, false);
	broker_receive(l, bytes, packet_encode(&pk, LEVEL_5, bytes), s.now_ms);
	for (size_t i = 0; i <= BROKER_OUTPUT_MAX / sizeof ping && !broker_wants_close(l); i++)
		broker_receive(l, ping, sizeof ping, s.now_ms);
	ck_assert(broker_wants_close(l));
	scene_pass(&s, 0);
	peer_expect_message(watcher, "will", "gone", 0, false);
	broker_closed(l, s.now_ms);
	scene_fini(&s);
}
END_TEST

START_TEST(an_identifier_in_use_is_not_given_again)
{
	enum { HELD = 3, ROUND = 65535 };
	struct broker_options options = {.queue_messages = 100000};
	struct scene          s;
	scene_init(&s, &options);
	struct peer *p = peer_join(&s, LEVEL_5, "c"), *other = peer_join(&s, LEVEL_5, "other");
	p->no_ack = true;
	peer_subscribe(p, "t", 1, 1);
	for (int i = 0; i < HELD; i++)
		peer_publish(other, "t", "held", 1, false);
	for (int i = 0; i < HELD; i++)
		peer_expect(p, PACKET_PUBLISH);
	p->no_ack = false;
	for (int i = 0; i < ROUND; i++) {
		peer_publish(other, "t", "x", 1, false);
		ck_assert_uint_gt(peer_expect(p, PACKET_PUBLISH)->pk.id, HELD);
		peer_forget(p);
		peer_forget(other);
		other->last_id = 0;
	}
	scene_fini(&s);
}
END_TEST

Suite *qos_suite(void)
{
	Suite *suite = suite_create("qos");
	TCase *tc = tcase_create("qos");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, qos_2_from_the_client_is_published_once, 0, 3);
	tcase_add_loop_test(tc, a_pubrel_for_nothing_is_answered, 0, 3);
	tcase_add_loop_test(tc, what_is_in_flight_is_sent_again_in_order, 0, 3);
	tcase_add_test(tc, a_pubrec_of_failure_ends_the_delivery);
	tcase_add_test(tc, a_burst_arrives_whole_and_in_order);
	tcase_add_test(tc, a_client_that_does_not_read_is_cut_off_and_its_will_published);
	tcase_add_test(tc, an_identifier_in_use_is_not_given_again);
	suite_add_tcase(suite, tc);
	return suite;
}
