/* SPDX-License-Identifier: MIT */
/*
 * CONNECT and what ends a connection: versions, client ids, credentials, limits, take-over, time limits.
 */
#include <check.h>

#include "broker/suites.h"
#include "broker/scene.h"

static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};

START_TEST(connack_announces_what_is_configured)
{
	struct broker_options options = {
		.announce =
			{
				.has = HAS(MAXIMUM_QOS) | HAS(RETAIN_AVAILABLE) | HAS(RECEIVE_MAXIMUM) | HAS(MAXIMUM_PACKET_SIZE) |
	                               HAS(SESSION_EXPIRY),
				.maximum_qos = 1,
				.retain_available = 0,
				.receive_maximum = 7,
				.maximum_packet_size = 1000,
				.session_expiry = 33,
			},
	};
	struct scene  s;
	struct packet pk = connect_packet("c", true);
	scene_init(&s, &options);
	const struct props *props = &peer_connect(peer_open(&s, LEVEL_5), &pk)->pk.props;
	ck_assert_uint_eq(props->has, options.announce.has);
	ck_assert_uint_eq(props->maximum_qos, 1);
	ck_assert_uint_eq(props->retain_available, 0);
	ck_assert_uint_eq(props->receive_maximum, 7);
	ck_assert_uint_eq(props->maximum_packet_size, 1000);
	ck_assert_uint_eq(props->session_expiry, 33);
	scene_fini(&s);
}
END_TEST

/* What is above the limits, and the reason of the DISCONNECT that answers it. */
static const struct {
	const char *bytes;
	size_t      n;
	uint8_t     reason;
} beyond[] = {
	{"\x34\x07\0\1t\0\1\0x", 9, REASON_NO_QOS},
	{"\x31\x05\0\1t\0x", 7, REASON_NO_RETAIN},
	{"\x30\x08\0\1t\3\x23\0\1x", 10, REASON_BAD_TOPIC_ALIAS},
	{"\x30\xF4\x03", 3, REASON_TOO_LARGE},
};

START_TEST(what_passes_the_announced_limits_ends_the_connection)
{
	struct broker_options options = {
		.announce = {.has = HAS(MAXIMUM_QOS) | HAS(RETAIN_AVAILABLE) | HAS(MAXIMUM_PACKET_SIZE), .maximum_qos = 1},
	};
	struct scene s;
	options.announce.maximum_packet_size = 100;
	scene_init(&s, &options);
	struct peer *p = peer_join(&s, LEVEL_5, "c");
	peer_bytes(p, beyond[_i].bytes, beyond[_i].n);
	peer_expect_end(p, beyond[_i].reason);
	scene_fini(&s);
}
END_TEST

START_TEST(more_than_the_receive_maximum_ends_the_connection)
{
	struct broker_options options = {.announce = {.has = HAS(RECEIVE_MAXIMUM), .receive_maximum = 2}};
	struct scene          s;
	scene_init(&s, &options);
	struct peer *p = peer_join(&s, LEVEL_5, "c");
	p->no_ack = true;
	for (int i = 0; i < 5; i++) {
		peer_publish(p, "t", "x", 1, false); /* acknowledged at once */
		peer_expect(p, PACKET_PUBACK);
	}
	for (int i = 0; i < 2; i++) {
		peer_publish(p, "t", "x", 2, false);
		peer_expect(p, PACKET_PUBREC);
	}
	peer_publish(p, "t", "x", 2, false);
	peer_expect_end(p, REASON_RECEIVE_MAXIMUM);
	scene_fini(&s);
}
END_TEST

START_TEST(an_empty_client_id_is_assigned_or_refused)
{
	struct scene  s;
	struct packet pk = connect_packet("", true);
	scene_init(&s, NULL);
	const struct arrival *a = peer_connect(peer_open(&s, LEVEL_5), &pk);
	ck_assert(a->pk.props.has & HAS(ASSIGNED_CLIENT_ID) && a->pk.props.assigned_client_id.n > 0);
	peer_connect(peer_open(&s, LEVEL_311), &pk);
	struct peer *old = peer_open(&s, LEVEL_31), *keeps = peer_open(&s, LEVEL_311);
	peer_send(old, &pk);
	ck_assert_uint_eq(peer_expect(old, PACKET_CONNACK)->pk.reason, 2);
	peer_expect_end(old, 0);
	pk.connect.clean_start = false;
	peer_send(keeps, &pk);
	ck_assert_uint_eq(peer_expect(keeps, PACKET_CONNACK)->pk.reason, 2);
	peer_expect_end(keeps, 0);
	scene_fini(&s);
}
END_TEST

START_TEST(a_client_id_of_31_has_at_most_23_characters)
{
	struct scene  s;
	struct packet pk = connect_packet("12345678901234567890123", true);
	scene_init(&s, NULL);
	peer_connect(peer_open(&s, LEVEL_31), &pk);
	pk.connect.client_id = span_text("123456789012345678901234", 0);
	peer_connect(peer_open(&s, LEVEL_311), &pk);
	struct peer *p = peer_open(&s, LEVEL_31);
	peer_send(p, &pk);
	ck_assert_uint_eq(peer_expect(p, PACKET_CONNACK)->pk.reason, 2);
	scene_fini(&s);
}
END_TEST

START_TEST(an_unknown_version_is_told_so)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *newer = peer_open(&s, LEVEL_5), *older = peer_open(&s, LEVEL_311);
	peer_bytes(newer, "\x10\x0E\0\4MQTT\6\2\0\0\0\0\1c", 16);
	ck_assert_uint_eq(peer_expect(newer, PACKET_CONNACK)->pk.reason, REASON_BAD_VERSION);
	peer_expect_end(newer, 0);
	peer_bytes(older, "\x10\x0D\0\4MQTT\2\2\0\0\0\1c", 15);
	ck_assert_uint_eq(peer_expect(older, PACKET_CONNACK)->pk.reason, 1);
	peer_expect_end(older, 0);
	scene_fini(&s);
}
END_TEST

START_TEST(the_first_packet_is_connect)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = peer_open(&s, LEVEL_5);
	peer_bytes(p, "\xC0\x00", 2);
	peer_expect_end(p, 0);
	scene_fini(&s);
}
END_TEST

START_TEST(credentials_are_demanded)
{
	static const uint8_t  codes[] = {4, 4, REASON_BAD_CREDENTIALS};
	struct broker_options options = {.user_name = "ann", .password = "secret"};
	struct scene          s;
	struct packet         pk = connect_packet("c", true);
	scene_init(&s, &options);
	struct peer *stranger = peer_open(&s, levels[_i]), *wrong = peer_open(&s, levels[_i]);
	peer_send(stranger, &pk);
	ck_assert_uint_eq(peer_expect(stranger, PACKET_CONNACK)->pk.reason, codes[_i]);
	pk.connect.user_name = span_text("ann", 0);
	pk.connect.password = span_text("Secret", 0);
	peer_send(wrong, &pk);
	ck_assert_uint_eq(peer_expect(wrong, PACKET_CONNACK)->pk.reason, codes[_i]);
	peer_expect_end(wrong, 0);
	pk.connect.password = span_text("secret", 0);
	peer_connect(peer_open(&s, levels[_i]), &pk);
	scene_fini(&s);
}
END_TEST

START_TEST(one_connect_is_refused_and_the_next_is_not)
{
	struct scene  s;
	struct packet pk = connect_packet("c", true);
	scene_init(&s, NULL);
	struct peer *p = peer_open(&s, LEVEL_5);
	broker_refuse_next(s.broker, 0x9C);
	peer_send(p, &pk);
	ck_assert_uint_eq(peer_expect(p, PACKET_CONNACK)->pk.reason, 0x9C);
	peer_expect_end(p, 0);
	peer_connect(peer_open(&s, LEVEL_5), &pk);
	scene_fini(&s);
}
END_TEST

START_TEST(enhanced_authentication_is_refused)
{
	struct scene  s;
	struct packet pk = connect_packet("c", true);
	scene_init(&s, NULL);
	struct peer *p = peer_open(&s, LEVEL_5), *other = peer_join(&s, LEVEL_5, "other");
	pk.props.has = HAS(AUTH_METHOD);
	pk.props.auth_method = span_text("SCRAM-SHA-256", 0);
	peer_send(p, &pk);
	ck_assert_uint_eq(peer_expect(p, PACKET_CONNACK)->pk.reason, REASON_BAD_AUTH_METHOD);
	pk.type = PACKET_AUTH;
	pk.reason = REASON_REAUTHENTICATE;
	peer_send(other, &pk);
	peer_expect_end(other, REASON_PROTOCOL_ERROR);
	scene_fini(&s);
}
END_TEST

START_TEST(a_second_client_with_the_same_id_takes_over)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *old = peer_join(&s, levels[_i], "c"), *taker = peer_join(&s, levels[_i], "c");
	peer_expect_end(old, REASON_TAKEN_OVER);
	peer_subscribe(taker, "t", 0, 0);
	peer_publish(taker, "t", "x", 0, false);
	peer_expect_message(taker, "t", "x", 0, false);
	scene_fini(&s);
}
END_TEST

START_TEST(who_sends_no_connect_is_closed)
{
	struct broker_options options = {.connect_timeout_ms = 700};
	struct scene          s;
	scene_init(&s, &options);
	struct peer *p = peer_open(&s, LEVEL_5);
	peer_bytes(p, "\x10", 1);
	scene_pass(&s, 699);
	ck_assert(p->link != NULL);
	scene_pass(&s, 1);
	peer_expect_end(p, 0);
	scene_fini(&s);
}
END_TEST

START_TEST(a_closing_link_waits_for_its_output_but_not_for_ever)
{
	struct broker_options options = {.linger_ms = 300};
	struct scene          s;
	const uint8_t        *bytes;
	scene_init(&s, &options);
	struct broker_link *l = broker_accept(s.broker, 0);
	broker_receive(l, (const uint8_t *)"\x10\x0E\0\4MQTT\5\2\0\0\0\0\1c\xC1\0", 18, 0);
	ck_assert(broker_output(l, &bytes) > 0 && !broker_wants_close(l));
	broker_tick(s.broker, 299);
	ck_assert(!broker_wants_close(l));
	broker_tick(s.broker, 300);
	ck_assert(broker_wants_close(l));
	broker_closed(l, 300);
	scene_fini(&s);
}
END_TEST

START_TEST(shutdown_lets_all_hear_all_wills)
{
	struct scene  s;
	struct packet pk = connect_packet("a", true);
	scene_init(&s, NULL);
	struct peer *first = peer_open(&s, LEVEL_5), *second = peer_open(&s, LEVEL_5);
	connect_will(&pk, "will", "a", 0, false);
	peer_connect(first, &pk);
	peer_subscribe(first, "will", 0, 0);
	pk.connect.client_id = pk.connect.will_payload = span_text("b", 0);
	peer_connect(second, &pk);
	broker_shutdown(s.broker, s.now_ms);
	scene_pass(&s, 0);
	peer_expect_message(first, "will", "a", 0, false);
	peer_expect_message(first, "will", "b", 0, false);
	peer_expect_end(first, REASON_SHUTTING_DOWN);
	peer_expect_end(second, REASON_SHUTTING_DOWN);
	scene_fini(&s);
}
END_TEST

Suite *connect_suite(void)
{
	Suite *suite = suite_create("connect");
	TCase *tc = tcase_create("connect");
	tcase_add_test(tc, connack_announces_what_is_configured);
	tcase_add_loop_test(tc, what_passes_the_announced_limits_ends_the_connection, 0, sizeof beyond / sizeof beyond[0]);
	tcase_add_test(tc, more_than_the_receive_maximum_ends_the_connection);
	tcase_add_test(tc, an_empty_client_id_is_assigned_or_refused);
	tcase_add_test(tc, a_client_id_of_31_has_at_most_23_characters);
	tcase_add_test(tc, an_unknown_version_is_told_so);
	tcase_add_test(tc, the_first_packet_is_connect);
	tcase_add_loop_test(tc, credentials_are_demanded, 0, 3);
	tcase_add_test(tc, one_connect_is_refused_and_the_next_is_not);
	tcase_add_test(tc, enhanced_authentication_is_refused);
	tcase_add_loop_test(tc, a_second_client_with_the_same_id_takes_over, 0, 3);
	tcase_add_test(tc, who_sends_no_connect_is_closed);
	tcase_add_test(tc, a_closing_link_waits_for_its_output_but_not_for_ever);
	tcase_add_test(tc, shutdown_lets_all_hear_all_wills);
	suite_add_tcase(suite, tc);
	return suite;
}
