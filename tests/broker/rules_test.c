/* SPDX-License-Identifier: MIT */
/*
 * Rules of the specification for servers that no other suite is about.
 */
#include <check.h>

#include "broker/scene.h"
#include "broker/suites.h"

START_TEST(after_a_refusal_nothing_is_processed) /* [MQTT-3.1.4-6] */
{
	struct broker_options options = {.refuse = REASON_NOT_AUTHORIZED};
	struct scene          s;
	struct packet         pk = connect_packet("c", true), told = {.type = PACKET_PUBLISH, .retain = true};
	uint8_t               bytes[128];
	scene_init(&s, &options);
	struct peer *p = peer_open(&s, LEVEL_5);
	told.topic = told.payload = span_text("t", 0);
	size_t n = packet_encode(&pk, LEVEL_5, bytes);
	n += packet_encode(&told, LEVEL_5, bytes + n);
	peer_bytes(p, bytes, n);
	ck_assert_uint_eq(peer_expect(p, PACKET_CONNACK)->pk.reason, REASON_NOT_AUTHORIZED);
	peer_expect_end(p, 0);
	ck_assert_uint_eq(s.events[BROKER_PUBLISHED], 0);
	scene_fini(&s);
}
END_TEST

START_TEST(an_assigned_client_id_is_nobody_else_s) /* [MQTT-3.2.2-16] */
{
	struct scene  s;
	struct packet pk = connect_packet("", true);
	scene_init(&s, NULL);
	struct peer *first = peer_join(&s, LEVEL_5, "stub-1"), *second = peer_join(&s, LEVEL_5, "stub-2");
	for (int i = 0; i < 3; i++) {
		const struct arrival *a = peer_connect(peer_open(&s, LEVEL_5), &pk);
		ck_assert(a->pk.props.has & HAS(ASSIGNED_CLIENT_ID));
	}
	ck_assert(first->link != NULL && second->link != NULL);
	ck_assert_uint_eq(s.events[BROKER_DISCONNECTED], 0);
	scene_fini(&s);
}
END_TEST

static struct peer *staying(struct scene *s, bool clean, bool present)
{
	struct peer  *p = peer_open(s, LEVEL_5);
	struct packet pk = connect_packet("c", clean);
	pk.props.has = HAS(SESSION_EXPIRY);
	pk.props.session_expiry = 10;
	p->no_ack = true;
	ck_assert_uint_eq(peer_connect(p, &pk)->pk.session_present, present);
	return p;
}

START_TEST(a_session_outlives_its_interval_while_it_is_connected) /* [MQTT-4.1.0-1] */
{
	struct scene s;
	scene_init(&s, NULL);
	peer_drop(staying(&s, true, false));
	scene_pass(&s, 9000);
	struct peer *p = staying(&s, false, true);
	scene_pass(&s, 100000);
	ck_assert_uint_eq(s.events[BROKER_SESSION_ENDED], 0);
	peer_drop(p);
	scene_pass(&s, 9000);
	staying(&s, false, true);
	scene_fini(&s);
}
END_TEST

START_TEST(what_was_begun_is_completed_after_unsubscribe) /* [MQTT-3.10.4-3] */
{
	struct scene  s;
	struct filter f = {span_text("t", 0), 0};
	scene_init(&s, NULL);
	struct peer *p = staying(&s, true, false), *other = peer_join(&s, LEVEL_5, "other");
	peer_subscribe(p, "t", 2, 2);
	peer_publish(other, "t", "x", 2, false);
	uint16_t id = peer_expect_message(p, "t", "x", 2, false)->pk.id;
	peer_send(p, &(struct packet){.type = PACKET_UNSUBSCRIBE, .id = 9, .filters = &f, .count = 1});
	peer_expect(p, PACKET_UNSUBACK);
	peer_publish(other, "t", "y", 2, false);
	peer_drop(p);
	p = staying(&s, false, true);
	const struct arrival *again = peer_expect_message(p, "t", "x", 2, false);
	ck_assert(again->pk.dup && again->pk.id == id);
	peer_send(p, &(struct packet){.type = PACKET_PUBREC, .id = id});
	ck_assert_uint_eq(peer_expect(p, PACKET_PUBREL)->pk.id, id);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

START_TEST(a_retained_message_outlives_its_session) /* U-4.1-c */
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = staying(&s, true, false), *late = peer_join(&s, LEVEL_5, "late");
	peer_publish(p, "t", "x", 0, true);
	peer_drop(p);
	scene_pass(&s, 20000);
	ck_assert_uint_eq(s.events[BROKER_SESSION_ENDED], 1);
	peer_subscribe(late, "t", 0, 0);
	peer_expect_message(late, "t", "x", 0, true);
	scene_fini(&s);
}
END_TEST

Suite *rules_suite(void)
{
	Suite *suite = suite_create("rules");
	TCase *tc = tcase_create("rules");
	tcase_add_test(tc, after_a_refusal_nothing_is_processed);
	tcase_add_test(tc, an_assigned_client_id_is_nobody_else_s);
	tcase_add_test(tc, a_session_outlives_its_interval_while_it_is_connected);
	tcase_add_test(tc, what_was_begun_is_completed_after_unsubscribe);
	tcase_add_test(tc, a_retained_message_outlives_its_session);
	suite_add_tcase(suite, tc);
	return suite;
}
