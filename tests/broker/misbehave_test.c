/* SPDX-License-Identifier: MIT */
/*
 * The broker does what misbehave.h says, to whom it should, and is otherwise the broker that it was.
 */
#include <check.h>

#include "broker/scene.h"
#include "broker/suites.h"

static struct broker_options misbehaving(struct misbehaviour m)
{
	return (struct broker_options){.misbehaviour = m};
}

static void begin(struct scene *s, struct misbehaviour m)
{
	struct broker_options o = misbehaving(m);
	scene_init(s, &o);
}

#define BIT(name) misbehave_bit(name, strlen(name))

static const struct {
	const char   *name;
	struct packet pk; /* what it answers */
} answers[] = {
	{"PUBACK", {.type = PACKET_PUBLISH, .id = 1, .qos = 1}},
	{"pubrec", {.type = PACKET_PUBLISH, .id = 1, .qos = 2}},
	{"pubcomp", {.type = PACKET_PUBREL, .id = 1}},
	{"pingresp", {.type = PACKET_PINGREQ}},
	{"suback", {.type = PACKET_SUBSCRIBE, .id = 1, .count = 1}},
	{"unsuback", {.type = PACKET_UNSUBSCRIBE, .id = 1, .count = 1}},
};

enum { ANSWERS = sizeof answers / sizeof answers[0] };

static enum packet_type type_of(int i)
{
	unsigned type = 0;
	while (BIT(answers[i].name) != 1u << type)
		type++;
	return (enum packet_type)type;
}

static void ask(struct peer *p, int i)
{
	struct filter filter = {span_text("t", 0), 0};
	struct packet pk = answers[i].pk;
	pk.topic = span_text("t", 0);
	pk.filters = &filter;
	peer_send(p, &pk);
}

START_TEST(an_answer_is_withheld_and_all_others_come)
{
	struct scene s;
	begin(&s, (struct misbehaviour){.withhold = BIT(answers[_i].name)});
	ck_assert_uint_ne(BIT(answers[_i].name), 0);
	for (int i = 0; i < ANSWERS; i++) {
		struct peer *p = peer_join(&s, LEVEL_5, "p");
		p->no_ack = true;
		ask(p, i);
		scene_pass(&s, 1000000);
		if (i != _i)
			peer_expect(p, type_of(i));
		peer_expect_nothing(p);
	}
	scene_fini(&s);
}
END_TEST

START_TEST(an_answer_comes_late_to_the_millisecond)
{
	struct scene s;
	begin(&s, (struct misbehaviour){.delay_ms = 3000});
	struct peer  *p = peer_open(&s, LEVEL_5);
	struct packet connect = connect_packet("p", true);
	peer_send(p, &connect);
	scene_pass(&s, 2999);
	peer_expect_nothing(p);
	scene_pass(&s, 1);
	peer_expect(p, PACKET_CONNACK);
	p->no_ack = true;
	ask(p, _i);
	scene_pass(&s, 1000);
	peer_publish(p, "elsewhere", "x", 1, false);
	scene_pass(&s, 1999);
	peer_expect_nothing(p);
	scene_pass(&s, 1);
	peer_expect(p, type_of(_i));
	peer_expect_nothing(p);
	scene_pass(&s, 1000);
	peer_expect(p, PACKET_PUBACK);
	scene_fini(&s);
}
END_TEST

static void join_again(struct peer *p)
{
	struct packet pk = connect_packet("p", false);
	pk.props.has = HAS(SESSION_EXPIRY);
	pk.props.session_expiry = 60;
	peer_send(p, &pk);
}

START_TEST(nothing_comes_before_a_late_connack_and_no_disconnect_before_late_answers)
{
	struct scene s;
	begin(&s, (struct misbehaviour){.only = "p", .delay_ms = 1000});
	struct peer *speaker = peer_join(&s, LEVEL_5, "speaker"), *p = peer_open(&s, LEVEL_5);
	join_again(p);
	scene_pass(&s, 1000);
	peer_subscribe(speaker, "x", 0, 0); /* not late for others */
	ask(p, 4);
	peer_drop(p);
	peer_publish(speaker, "t", "kept", 0, false);
	p = peer_open(&s, LEVEL_5);
	join_again(p);
	peer_publish(speaker, "t", "now", 0, false);
	scene_pass(&s, 999);
	peer_expect_nothing(p);
	scene_pass(&s, 1);
	peer_expect(p, PACKET_CONNACK);
	peer_expect_message(p, "t", "now", 0, false);
	ask(p, 3);
	ck_assert(broker_kick(s.broker, "p", REASON_ADMINISTRATIVE, s.now_ms));
	scene_pass(&s, 999);
	peer_expect_nothing(p);
	scene_pass(&s, 1);
	peer_expect(p, PACKET_PINGRESP);
	peer_expect_end(p, REASON_ADMINISTRATIVE);
	scene_fini(&s);
}
END_TEST

START_TEST(without_connack_there_is_nothing)
{
	struct scene s;
	begin(&s, (struct misbehaviour){.withhold = BIT("connack")});
	struct peer  *p = peer_open(&s, LEVEL_311);
	struct packet connect = connect_packet("p", true);
	peer_send(p, &connect);
	ask(p, 3);
	scene_pass(&s, 1000000);
	peer_expect_nothing(p);
	ck_assert(p->link != NULL);
	ck_assert(broker_misbehave(s.broker, NULL));
	peer_join(&s, LEVEL_311, "q");
	scene_fini(&s);
}
END_TEST

START_TEST(given_bytes_are_sent_when_asked_for)
{
	struct scene s;
	begin(&s, (struct misbehaviour){.send = span_of("\x30\x04\0\1tx", 6), .send_after_ms = 500});
	struct peer *p = peer_join(&s, LEVEL_311, "p");
	scene_pass(&s, 499);
	peer_expect_nothing(p);
	scene_pass(&s, 1);
	peer_expect_message(p, "t", "x", 0, false);
	scene_pass(&s, 10000);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

START_TEST(given_bytes_keep_their_time_among_late_answers)
{
	struct scene s;
	begin(&s, (struct misbehaviour){.delay_ms = 1000, .send = span_of("\x30\x04\0\1tx", 6), .send_after_ms = 3000});
	struct peer  *p = peer_open(&s, LEVEL_311);
	struct packet connect = connect_packet("p", true);
	peer_send(p, &connect);
	scene_pass(&s, 1000);
	peer_expect(p, PACKET_CONNACK);
	ask(p, 3);
	scene_pass(&s, 1000);
	peer_expect(p, PACKET_PINGRESP);
	scene_pass(&s, 1999);
	peer_expect_nothing(p);
	scene_pass(&s, 1);
	peer_expect_message(p, "t", "x", 0, false);
	scene_fini(&s);
}
END_TEST

/* Who it is, is known from CONNECT on: that is heeded whole, though it is longer. */
START_TEST(the_connection_of_one_client_ends_at_its_next_byte_and_late_answers_are_lost)
{
	struct scene s;
	begin(&s, (struct misbehaviour){.only = "p", .close_at = 5, .delay_ms = 1000});
	struct peer  *p = peer_open(&s, LEVEL_311), *q = peer_join(&s, LEVEL_311, "q");
	struct packet connect = connect_packet("p", true);
	peer_send(p, &connect);
	ck_assert(p->link != NULL);
	peer_publish(p, "t", "x", 0, false);
	peer_expect_end(p, 0);
	ck_assert_uint_eq(s.events[BROKER_PUBLISHED], 0);
	ask(q, 3);
	peer_expect(q, PACKET_PINGRESP);
	scene_fini(&s);
}
END_TEST

/* CONNACK has four bytes in 3.1.1; a PINGRESP is cut in two. */
START_TEST(a_pulled_cable_shows_nothing_more_and_hears_nothing_and_the_will_speaks)
{
	static const struct misbehaviour after[] = {
		{.only = "p", .silence = SILENT_AFTER_CONNACK},
		{.only = "p", .silence = SILENT_AFTER_BYTES, .silent_after = 5},
	};
	struct scene  s;
	struct packet connect = connect_packet("p", true);
	begin(&s, after[_i]);
	struct peer *watcher = peer_join(&s, LEVEL_5, "watcher"), *p = peer_open(&s, LEVEL_311);
	peer_subscribe(watcher, "#", 0, 0);
	connect.connect.keep_alive = 2;
	connect_will(&connect, "will", "gone", 0, false);
	peer_connect(p, &connect);
	ask(p, 3);
	peer_publish(p, "t", "x", 0, false); /* not heard */
	ck_assert_int_eq((int)buf_len(&p->in), _i);
	scene_pass(&s, 2999);
	peer_expect_nothing(watcher);
	scene_pass(&s, 1);
	peer_expect_message(watcher, "will", "gone", 0, false);
	scene_pass(&s, 1000000);
	peer_expect_nothing(p);
	ck_assert_int_eq((int)buf_len(&p->in), _i);
	ck_assert_msg(p->link != NULL, "the connection is closed");
	scene_fini(&s);
}
END_TEST

START_TEST(a_broker_that_is_silent_from_the_start_never_hears_a_connect)
{
	struct scene s;
	begin(&s, (struct misbehaviour){.silence = SILENT_AFTER_BYTES});
	struct peer  *p = peer_open(&s, LEVEL_5);
	struct packet connect = connect_packet("p", true);
	peer_send(p, &connect);
	peer_expect_nothing(p);
	ck_assert_uint_eq(s.events[BROKER_CONNECTED], 0);
	scene_fini(&s);
}
END_TEST

/* PUBLISH has eight bytes: one byte before its last, at it, behind it. */
START_TEST(the_connection_ends_at_a_byte_of_the_client)
{
	struct packet connect = connect_packet("p", true);
	uint32_t      size = (uint32_t)packet_size(&connect, LEVEL_311);
	struct scene  s;
	begin(&s, (struct misbehaviour){.close_at = size + 7 + (uint32_t)_i});
	struct peer *p = peer_join(&s, LEVEL_311, "p");
	peer_publish(p, "t", "x", 1, false);
	ck_assert_uint_eq(s.events[BROKER_PUBLISHED], _i >= 1);
	if (_i == 2) {
		peer_expect(p, PACKET_PUBACK);
		ck_assert(p->link != NULL);
		ask(p, 3);
	}
	peer_expect_end(p, 0); /* without PUBACK, where it was the last byte */
	scene_fini(&s);
}
END_TEST

Suite *misbehave_suite(void)
{
	Suite *suite = suite_create("misbehaviour");
	TCase *tc = tcase_create("misbehaviour");
	tcase_add_loop_test(tc, an_answer_is_withheld_and_all_others_come, 0, ANSWERS);
	tcase_add_loop_test(tc, an_answer_comes_late_to_the_millisecond, 0, ANSWERS);
	tcase_add_test(tc, nothing_comes_before_a_late_connack_and_no_disconnect_before_late_answers);
	tcase_add_test(tc, without_connack_there_is_nothing);
	tcase_add_test(tc, given_bytes_are_sent_when_asked_for);
	tcase_add_test(tc, given_bytes_keep_their_time_among_late_answers);
	tcase_add_test(tc, the_connection_of_one_client_ends_at_its_next_byte_and_late_answers_are_lost);
	tcase_add_loop_test(tc, a_pulled_cable_shows_nothing_more_and_hears_nothing_and_the_will_speaks, 0, 2);
	tcase_add_test(tc, a_broker_that_is_silent_from_the_start_never_hears_a_connect);
	tcase_add_loop_test(tc, the_connection_ends_at_a_byte_of_the_client, 0, 3);
	suite_add_tcase(suite, tc);
	return suite;
}
