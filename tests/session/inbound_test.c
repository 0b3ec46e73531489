/* SPDX-License-Identifier: MIT */
/*
 * Messages to us: nothing is acknowledged before it was accepted, QoS 2 is delivered once, and our limits hold.
 */
#include "session/script.h"
#include "session/suites.h"

START_TEST(qos_0_is_delivered_and_not_answered)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "30 [0001 't' ~ 'm']");
	script_message(&s, 0, "m");
	script_out(&s, "%s", "");
	script_close(&s);
}
END_TEST

START_TEST(puback_leaves_only_when_the_message_was_accepted)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "33 [0001 't' 0007 ~ 'm']");
	struct session_event *ev = script_event(&s, SESSION_MESSAGE, 0);
	ck_assert(ev->packet.retain);
	ck_assert(!ev->packet.dup);
	script_quiet(&s);
	script_out(&s, "%s", "");
	script_in(&s, "3A [0001 't' 0007 ~ 'm']");
	ev = script_event(&s, SESSION_MESSAGE, 0); /* at QoS 1 it comes as often as the broker sends it */
	ck_assert(ev->packet.dup);
	ck_assert_int_eq(session_accept(&s.session, ev), 0);
	script_out(&s, "40 02 0007");
	script_close(&s);
}
END_TEST

START_TEST(qos_2_is_delivered_once_until_it_is_released)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "34 [0001 't' 0007 ~ 'one'] 3C [0001 't' 0007 ~ 'one'] 34 [0001 't' 0007 ~ 'one']");
	script_message(&s, 2, "one");
	script_out(&s, "50 02 0007");
	script_quiet(&s);
	script_out(&s, "50 02 0007 50 02 0007");
	script_in(&s, "62 02 0007");
	script_quiet(&s);
	script_out(&s, "70 02 0007");
	script_in(&s, "34 [0001 't' 0007 ~ 'two']");
	script_message(&s, 2, "two");
	script_out(&s, "50 02 0007");
	script_close(&s);
}
END_TEST

START_TEST(qos_2_that_was_not_accepted_is_delivered_again)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "34 [0001 't' 0007 ~ 'm'] 3C [0001 't' 0007 ~ 'm']");
	script_event(&s, SESSION_MESSAGE, 0);
	script_message(&s, 2, "m");
	script_out(&s, "50 02 0007");
	script_close(&s);
}
END_TEST

START_TEST(pubrel_for_an_id_that_is_not_in_use_is_answered)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "62 02 0009");
	script_quiet(&s);
	script_out(&s, "%s", s.config.level == LEVEL_5 ? "70 03 0009 92" : "70 02 0009");
	script_close(&s);
}
END_TEST

START_TEST(pubrel_twice_is_answered_twice)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "34 [0001 't' 0007 ~ 'm'] 62 02 0007 62 02 0007");
	script_message(&s, 2, "m");
	script_out(&s, "50 02 0007");
	script_quiet(&s);
	script_out(&s, "70 02 0007 %s", s.config.level == LEVEL_5 ? "70 03 0007 92" : "70 02 0007");
	script_close(&s);
}
END_TEST

START_TEST(acknowledgements_leave_in_the_order_of_the_messages) /* [MQTT-4.6.0-2], [MQTT-4.6.0-3] */
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "32 [0001 't' 0009 ~ 'a'] 34 [0001 't' 0003 ~ 'b'] 30 [0001 't' ~ 'c'] 32 [0001 't' 0001 ~ 'd']");
	for (char c = 'a'; c <= 'd'; c++) {
		const char payload[] = {c, 0};
		struct session_event *ev = script_event(&s, SESSION_MESSAGE, 0);
		ck_assert_mem_eq(ev->packet.payload.p, payload, 1);
		ck_assert_int_eq(session_accept(&s.session, ev), 0);
	}
	script_out(&s, "40 02 0009 50 02 0003 40 02 0001");
	script_close(&s);
}
END_TEST

static void fill_window(struct script *s, int n)
{
	for (int id = 1; id <= n; id++) {
		script_in(s, "34 [0001 't' %04X ~ 'm']", (unsigned)id);
		script_message(s, 2, "m");
		script_out(s, "50 02 %04X", (unsigned)id);
	}
}

START_TEST(one_message_above_our_receive_maximum_ends_the_connection) /* [MQTT-3.3.4-9] */
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	fill_window(&s, RECEIVE_MAXIMUM);
	script_in(&s, "3C [0001 't' 0001 ~ 'm']"); /* one that we know already counts once */
	script_quiet(&s);
	script_out(&s, "50 02 0001");
	script_in(&s, "%s [0001 't' 0100 ~ 'm']", _i % 2 ? "32" : "34");
	script_fails(&s, REASON_RECEIVE_MAXIMUM);
	script_close(&s);
}
END_TEST

START_TEST(a_released_message_makes_room_in_our_receive_maximum)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	fill_window(&s, RECEIVE_MAXIMUM);
	script_in(&s, "62 02 0002 34 [0001 't' 0100 ~ 'm']");
	script_message(&s, 2, "m");
	script_out(&s, "70 02 0002 50 02 0100");
	script_close(&s);
}
END_TEST

static void fill_on(struct script *s, unsigned from, unsigned count)
{
	for (unsigned id = from; id < from + count; id++) {
		script_in(s, "34 [0001 't' %04X ~ 'm']", id);
		script_message(s, 2, "m");
	}
	script_flush(s);
}

/* Mosquitto 2.0 does: for each acknowledgement as many as our Receive Maximum, and so has more and more open. */
START_TEST(each_acknowledgement_of_ours_may_bring_receive_maximum_in_place_of_one)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	fill_window(&s, RECEIVE_MAXIMUM);
	script_in(&s, "62 02 0001");
	script_quiet(&s);
	script_flush(&s);
	fill_on(&s, 0x100, RECEIVE_MAXIMUM);
	script_in(&s, "34 [0001 't' 0200 ~ 'm']");
	script_fails(&s, REASON_RECEIVE_MAXIMUM);
	script_close(&s);
}
END_TEST

/* Mosquitto 2.0 does, after a restart: what was in flight comes at once. To close over it would begin the same anew. */
START_TEST(the_backlog_of_a_resumed_session_may_come_at_once)
{
	struct script s;
	script_init(&s, LEVEL_5, _i);
	script_open(&s);
	script_connect(&s, 60, false);
	script_greet(&s, "20 [0100 ~]");
	fill_on(&s, 0x100, 10 * RECEIVE_MAXIMUM);
	ck_assert_int_eq(session_ping(&s.session), 0);
	script_flush(&s);
	script_in(&s, "D0 00"); /* and some of it after a PINGRESP */
	script_event(&s, SESSION_PONG, 0);
	fill_on(&s, 0x200, 2 * RECEIVE_MAXIMUM);
	script_close(&s);
}
END_TEST

START_TEST(a_receive_maximum_of_one_is_one_after_any_acknowledgement)
{
	struct script s;
	script_init(&s, LEVEL_5, _i);
	s.config.receive_maximum = 1;
	script_open(&s);
	script_connect(&s, 60, true);
	script_greet(&s, "20 [0000 ~]");
	for (unsigned id = 1; id < 5; id++) {
		fill_on(&s, id, 1);
		script_in(&s, "62 02 %04X", id);
		script_quiet(&s);
		script_flush(&s);
	}
	fill_on(&s, 5, 1);
	script_in(&s, "34 [0001 't' 0006 ~ 'm']");
	script_fails(&s, REASON_RECEIVE_MAXIMUM);
	script_close(&s);
}
END_TEST

/* What it made of the acknowledgements before, it has made. */
START_TEST(once_the_broker_has_read_every_acknowledgement_it_may_open_receive_maximum_more)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	for (unsigned id = 1; id <= 3; id++) {
		fill_on(&s, id, 1);
		script_in(&s, "62 02 %04X", id);
		script_quiet(&s);
	}
	fill_on(&s, 0x100, 2);
	ck_assert_int_eq(session_ping(&s.session), 0);
	script_flush(&s);
	script_in(&s, "D0 00");
	script_event(&s, SESSION_PONG, 0);
	fill_on(&s, 0x200, RECEIVE_MAXIMUM);
	script_in(&s, "34 [0001 't' 0300 ~ 'm']");
	script_fails(&s, REASON_RECEIVE_MAXIMUM);
	script_close(&s);
}
END_TEST

START_TEST(what_is_acknowledged_at_qos_1_is_not_open)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	for (unsigned id = 1; id < 5 * RECEIVE_MAXIMUM; id++) {
		script_in(&s, "32 [0001 't' %04X ~ 'm']", id);
		script_message(&s, 1, "m");
	}
	script_flush(&s);
	script_close(&s);
}
END_TEST

/* It is not accepted until it is settled: the application may take its time. */
START_TEST(what_is_not_accepted_is_open)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	for (unsigned id = 1; id <= RECEIVE_MAXIMUM; id++) {
		script_in(&s, "%s [0001 't' %04X ~ 'm']", id % 2 ? "32" : "34", id);
		script_event(&s, SESSION_MESSAGE, 0);
	}
	script_in(&s, "32 [0001 't' 0100 ~ 'm']");
	script_fails(&s, REASON_RECEIVE_MAXIMUM);
	script_close(&s);
}
END_TEST

/* A PINGRESP proves that the broker has read every acknowledgement before the PINGREQ. */
START_TEST(once_the_broker_has_nothing_open_receive_maximum_holds_again)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	script_in(&s, "34 [0001 't' 0001 ~ 'm']");
	script_message(&s, 2, "m");
	script_in(&s, "62 02 0001");
	script_quiet(&s);
	ck_assert_int_eq(session_ping(&s.session), 0);
	script_flush(&s);
	script_in(&s, "D0 00");
	script_event(&s, SESSION_PONG, 0);
	fill_on(&s, 0x100, RECEIVE_MAXIMUM);
	script_in(&s, "34 [0001 't' 0200 ~ 'm']");
	script_fails(&s, REASON_RECEIVE_MAXIMUM);
	script_close(&s);
}
END_TEST

/* [MQTT 5, 4.9]: quotas begin anew; what is only to be released was counted on the old connection. */
START_TEST(what_an_old_connection_left_does_not_count_until_it_comes_again)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	fill_window(&s, RECEIVE_MAXIMUM);
	script_drop(&s);
	script_open(&s);
	script_connect(&s, 60, false);
	script_greet(&s, "20 03 01 00 00");
	ck_assert_int_eq(session_ping(&s.session), 0); /* its answer says that there is no backlog */
	script_flush(&s);
	script_in(&s, "D0 00");
	script_event(&s, SESSION_PONG, 0);
	fill_on(&s, 0x100, RECEIVE_MAXIMUM - 1);
	script_in(&s, "3C [0001 't' 0001 ~ 'm']");
	script_quiet(&s);
	script_out(&s, "50 02 0001");
	script_in(&s, "3C [0001 't' 0002 ~ 'm']");
	script_fails(&s, REASON_RECEIVE_MAXIMUM);
	script_close(&s);
}
END_TEST

START_TEST(before_mqtt_5_the_broker_knows_no_receive_maximum)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	fill_window(&s, 5 * RECEIVE_MAXIMUM);
	script_close(&s);
}
END_TEST

START_TEST(a_topic_alias_that_we_did_not_allow_ends_the_connection) /* [MQTT-3.1.2-26] */
{
	static const char *const messages[] = {
		"30 [0001 't' 03 230001 'm']",
		"30 [0000 03 230001 'm']",
		"32 [0001 't' 0007 03 23FFFF 'm']",
		"34 [0000 0007 03 230002 'm']",
		"30 [0001 't' 03 230000 'm']",
	};
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		struct script s;
		script_up(&s, LEVEL_5, _i);
		script_in(&s, "%s", messages[i]);
		script_fails(&s, REASON_BAD_TOPIC_ALIAS);
		script_close(&s);
	}
}
END_TEST

START_TEST(properties_come_with_the_message)
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	script_in(&s, "30 [0001 't' 26 0101 0200000E10 030004'text' 080001'r' 090002 00FF 0B9001 "
	              "26 0001'a' 0001'b' 26 0000 0000 'm']");
	struct session_event *ev = script_event(&s, SESSION_MESSAGE, 0);
	const struct props   *p = &ev->packet.props;
	ck_assert_uint_eq(p->payload_format, 1);
	ck_assert_uint_eq(p->message_expiry, 3600);
	ck_assert(bytes_are(p->content_type.p, p->content_type.n, "'text'"));
	ck_assert(bytes_are(p->response_topic.p, p->response_topic.n, "'r'"));
	ck_assert(bytes_are(p->correlation_data.p, p->correlation_data.n, "00FF"));
	ck_assert_uint_eq(p->subscription_id, 144);
	ck_assert_uint_eq(p->user_count, 2);
	ck_assert(bytes_are(ev->packet.payload.p, ev->packet.payload.n, "'m'"));
	ck_assert_str_eq(span_terminate(&ev->packet.topic), "t"); /* in place: the input is ours to write */
	ck_assert_int_eq(session_accept(&s.session, ev), 0);
	script_close(&s);
}
END_TEST

START_TEST(topics_and_payloads_of_every_size_arrive_whole)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	for (unsigned n = 0; n < PACKET_MAXIMUM - 10; n++) {
		uint8_t payload[PACKET_MAXIMUM], packet[PACKET_MAXIMUM + 8], *p = packet;
		size_t  remaining = (s.config.level == LEVEL_5 ? 4u : 3u) + n;
		dice_bytes(&s.dice, payload, n);
		*p++ = 0x30;
		if (remaining > 127)
			*p++ = (uint8_t)(remaining | 0x80);
		*p++ = (uint8_t)(remaining > 127 ? remaining >> 7 : remaining);
		p = put_bytes(p, "\0\1t\0", s.config.level == LEVEL_5 ? 4 : 3);
		p = put_bytes(p, payload, n);
		script_in_bytes(&s, packet, (size_t)(p - packet));
		struct session_event *ev = script_event(&s, SESSION_MESSAGE, 0);
		ck_assert_uint_eq(ev->packet.payload.n, n);
		ck_assert(n == 0 || memcmp(ev->packet.payload.p, payload, n) == 0);
	}
	script_close(&s);
}
END_TEST

Suite *inbound_suite(void)
{
	Suite *suite = suite_create("inbound");
	TCase *tc = tcase_create("inbound");
	tcase_add_loop_test(tc, qos_0_is_delivered_and_not_answered, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, puback_leaves_only_when_the_message_was_accepted, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, qos_2_is_delivered_once_until_it_is_released, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, qos_2_that_was_not_accepted_is_delivered_again, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, pubrel_for_an_id_that_is_not_in_use_is_answered, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, pubrel_twice_is_answered_twice, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, acknowledgements_leave_in_the_order_of_the_messages, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, one_message_above_our_receive_maximum_ends_the_connection, 0, 2 * CUTS);
	tcase_add_loop_test(tc, a_released_message_makes_room_in_our_receive_maximum, 0, CUTS);
	tcase_add_loop_test(tc, each_acknowledgement_of_ours_may_bring_receive_maximum_in_place_of_one, 0, CUTS);
	tcase_add_loop_test(tc, a_receive_maximum_of_one_is_one_after_any_acknowledgement, 0, CUTS);
	tcase_add_loop_test(tc, once_the_broker_has_read_every_acknowledgement_it_may_open_receive_maximum_more, 0, CUTS);
	tcase_add_loop_test(tc, the_backlog_of_a_resumed_session_may_come_at_once, 0, CUTS);
	tcase_add_loop_test(tc, what_is_acknowledged_at_qos_1_is_not_open, 0, CUTS);
	tcase_add_loop_test(tc, what_is_not_accepted_is_open, 0, CUTS);
	tcase_add_loop_test(tc, once_the_broker_has_nothing_open_receive_maximum_holds_again, 0, CUTS);
	tcase_add_loop_test(tc, what_an_old_connection_left_does_not_count_until_it_comes_again, 0, CUTS);
	tcase_add_loop_test(tc, before_mqtt_5_the_broker_knows_no_receive_maximum, 0, ONLY_3X);
	tcase_add_loop_test(tc, a_topic_alias_that_we_did_not_allow_ends_the_connection, 0, CUTS);
	tcase_add_loop_test(tc, properties_come_with_the_message, 0, CUTS);
	tcase_add_loop_test(tc, topics_and_payloads_of_every_size_arrive_whole, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
