/* SPDX-License-Identifier: MIT */
/*
 * Enhanced authentication as the stub plays it, by its method TEST: the broker must keep the rules that clients are tested on.
 */
#include <check.h>

#include "broker/scene.h"
#include "broker/suites.h"

static const struct broker_options demanding = {.auth_method = "TEST", .user_name = "u", .password = "pw"};

static void say(const char *row)
{
	printf("%s\n", row);
	fflush(stdout);
}

static struct packet auth_packet(uint8_t type, uint8_t reason, const char *method, const char *data)
{
	struct packet pk = {.type = type, .reason = reason};
	pk.props.has = HAS(AUTH_METHOD) | (data ? HAS(AUTH_DATA) : 0);
	pk.props.auth_method = span_text(method, 0);
	pk.props.auth_data = span_text(data, 0);
	return pk;
}

/* A CONNECT with this method and a will. */
static struct peer *begin(struct scene *s, const char *method)
{
	struct peer  *p = peer_open(s, LEVEL_5);
	struct packet pk = auth_packet(PACKET_CONNECT, 0, method, "hello");
	pk.connect = connect_packet("c", true).connect;
	connect_will(&pk, "w", "gone", 0, false);
	peer_send(p, &pk);
	return p;
}

static void answer(struct peer *p, const char *data)
{
	struct packet pk = auth_packet(PACKET_AUTH, REASON_CONTINUE_AUTH, "TEST", data);
	peer_send(p, &pk);
}

static void again(struct peer *p, const char *method)
{
	struct packet pk = auth_packet(PACKET_AUTH, REASON_REAUTHENTICATE, method, NULL);
	peer_send(p, &pk);
}

static const struct props *expect_auth(struct peer *p, uint8_t reason, const char *data)
{
	const struct arrival *a = peer_expect(p, PACKET_AUTH);
	ck_assert_uint_eq(a->pk.reason, reason);
	ck_assert(span_is(a->pk.props.auth_method, "TEST"));
	ck_assert(span_is(a->pk.props.auth_data, data));
	return &a->pk.props;
}

static void play_rounds(struct peer *p)
{
	expect_auth(p, REASON_CONTINUE_AUTH, "1");
	answer(p, "pw:1");
	expect_auth(p, REASON_CONTINUE_AUTH, "2");
	answer(p, "pw:2");
}

static struct peer *join(struct scene *s)
{
	struct peer *p = begin(s, "TEST");
	play_rounds(p);
	const struct arrival *a = peer_expect(p, PACKET_CONNACK);
	ck_assert_uint_eq(a->pk.reason, 0);
	ck_assert(span_is(a->pk.props.auth_method, "TEST")); /* [MQTT-4.12.0-5] */
	ck_assert(span_is(a->pk.props.auth_data, "welcome"));
	return p;
}

START_TEST(a_client_proves_itself_round_by_round)
{
	struct scene s;
	scene_init(&s, &demanding);
	struct peer *p = join(&s);
	peer_publish(p, "t", "x", 1, false);
	peer_expect(p, PACKET_PUBACK);
	ck_assert_uint_eq(s.events[BROKER_AUTHENTICATED], 1);
	ck_assert_uint_eq(s.events[BROKER_WILL_STORED], 1);
	scene_fini(&s);
}
END_TEST

START_TEST(a_wrong_answer_is_refused_and_leaves_no_will) /* [MQTT-4.12.0-4] */
{
	struct scene s;
	scene_init(&s, &demanding);
	struct peer *p = begin(&s, "TEST");
	expect_auth(p, REASON_CONTINUE_AUTH, "1");
	answer(p, "pw:2");
	ck_assert_uint_eq(peer_expect(p, PACKET_CONNACK)->pk.reason, REASON_NOT_AUTHORIZED);
	peer_expect_end(p, 0);
	ck_assert_uint_eq(s.events[BROKER_WILL_STORED] + s.events[BROKER_CONNECTED], 0);
	scene_fini(&s);
}
END_TEST

START_TEST(another_method_or_none_known_is_refused) /* [MQTT-4.12.0-1] */
{
	struct scene s;
	scene_init(&s, _i ? &demanding : NULL);
	struct peer *p = begin(&s, _i ? "TESTS" : "TEST");
	ck_assert_uint_eq(peer_expect(p, PACKET_CONNACK)->pk.reason, REASON_BAD_AUTH_METHOD);
	peer_expect_end(p, 0);
	scene_fini(&s);
}
END_TEST

START_TEST(user_name_and_password_still_do_without_a_method)
{
	struct scene  s;
	struct packet pk = connect_packet("c", true);
	scene_init(&s, &demanding);
	pk.connect.user_name = span_text("u", 0);
	pk.connect.password = span_text("pw", 0);
	const struct arrival *a = peer_connect(peer_open(&s, LEVEL_5), &pk);
	ck_assert(!(a->pk.props.has & HAS(AUTH_METHOD))); /* [MQTT-4.12.0-6] */
	pk.connect.password = span_text("no", 0);
	struct peer *p = peer_open(&s, LEVEL_5);
	peer_send(p, &pk);
	ck_assert_uint_eq(peer_expect(p, PACKET_CONNACK)->pk.reason, REASON_BAD_CREDENTIALS);
	scene_fini(&s);
}
END_TEST

START_TEST(what_is_wrong_with_connect_is_told_after_the_exchange)
{
	struct scene s;
	scene_init(&s, &demanding);
	broker_refuse_next(s.broker, REASON_BUSY);
	struct peer *p = begin(&s, "TEST");
	play_rounds(p);
	ck_assert_uint_eq(peer_expect(p, PACKET_CONNACK)->pk.reason, REASON_BUSY);
	peer_expect_end(p, 0);
	scene_fini(&s);
}
END_TEST

START_TEST(before_connack_only_auth_and_disconnect_are_heard) /* [MQTT-3.1.2-30] */
{
	struct scene s;
	scene_init(&s, &demanding);
	struct peer *p = begin(&s, "TEST");
	expect_auth(p, REASON_CONTINUE_AUTH, "1");
	if (_i == 0)
		peer_publish(p, "t", "x", 0, false);
	else if (_i == 1)
		peer_send(p, &(struct packet){.type = PACKET_DISCONNECT, .reason = REASON_UNSPECIFIED});
	else if (_i == 2)
		again(p, "TEST");
	else
		scene_pass(&s, 10000); /* the time to connect covers it all */
	peer_expect_end(p, 0);
	ck_assert_uint_eq(s.events[BROKER_PUBLISHED] + s.events[BROKER_CONNECTED], 0);
	scene_fini(&s);
}
END_TEST

START_TEST(a_client_may_prove_itself_again) /* [MQTT-4.12.1-1] */
{
	struct scene s;
	scene_init(&s, &demanding);
	struct peer *p = join(&s);
	for (int i = 0; i < 2; i++) {
		again(p, "TEST");
		play_rounds(p);
		expect_auth(p, REASON_SUCCESS, "welcome");
	}
	ck_assert_uint_eq(s.events[BROKER_AUTHENTICATED], 3);
	scene_fini(&s);
}
END_TEST

START_TEST(who_fails_then_is_sent_away_and_its_will_speaks) /* [MQTT-4.12.1-2] */
{
	struct scene s;
	scene_init(&s, &demanding);
	struct peer *p = join(&s);
	again(p, "TEST");
	expect_auth(p, REASON_CONTINUE_AUTH, "1");
	answer(p, "no");
	peer_expect_end(p, REASON_NOT_AUTHORIZED);
	ck_assert_uint_eq(s.events[BROKER_WILL_PUBLISHED], 1);
	scene_fini(&s);
	say("ok - W5-16 5.0 failed re-authentication, a reading: will at T0");
}
END_TEST

START_TEST(who_goes_before_it_has_proved_itself_leaves_no_will)
{
	struct scene s;
	scene_init(&s, &demanding);
	struct peer *p = begin(&s, "TEST");
	expect_auth(p, REASON_CONTINUE_AUTH, "1");
	peer_drop(p);
	scene_pass(&s, 1000000);
	ck_assert_uint_eq(s.events[BROKER_WILL_STORED] + s.events[BROKER_WILL_PUBLISHED], 0);
	scene_fini(&s);
	say("ok - W5-17 5.0 a drop in the middle of enhanced authentication, a reading: never");
}
END_TEST

START_TEST(an_auth_out_of_place_ends_the_connection)
{
	struct scene s;
	scene_init(&s, &demanding);
	struct peer *p = _i == 3 ? peer_open(&s, LEVEL_5) : join(&s);
	if (_i == 0) {
		answer(p, "pw:1"); /* nobody asked */
	} else if (_i == 1) {
		again(p, "TESTS");
	} else if (_i == 2) {
		again(p, "TEST");
		expect_auth(p, REASON_CONTINUE_AUTH, "1");
		again(p, "TEST");
	} else { /* [MQTT-4.12.0-7] */
		struct packet pk = connect_packet("c", true);
		pk.connect.user_name = span_text("u", 0);
		pk.connect.password = span_text("pw", 0);
		peer_connect(p, &pk);
		again(p, "TEST");
	}
	peer_expect_end(p, REASON_PROTOCOL_ERROR);
	scene_fini(&s);
}
END_TEST

Suite *auth_suite(void)
{
	Suite *suite = suite_create("auth");
	TCase *t = tcase_create("auth");
	tcase_add_test(t, a_client_proves_itself_round_by_round);
	tcase_add_test(t, a_wrong_answer_is_refused_and_leaves_no_will);
	tcase_add_loop_test(t, another_method_or_none_known_is_refused, 0, 2);
	tcase_add_test(t, user_name_and_password_still_do_without_a_method);
	tcase_add_test(t, what_is_wrong_with_connect_is_told_after_the_exchange);
	tcase_add_loop_test(t, before_connack_only_auth_and_disconnect_are_heard, 0, 4);
	tcase_add_test(t, a_client_may_prove_itself_again);
	tcase_add_test(t, who_fails_then_is_sent_away_and_its_will_speaks);
	tcase_add_test(t, who_goes_before_it_has_proved_itself_leaves_no_will);
	tcase_add_loop_test(t, an_auth_out_of_place_ends_the_connection, 0, 4);
	suite_add_tcase(suite, t);
	return suite;
}
