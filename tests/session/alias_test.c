/* SPDX-License-Identifier: MIT */
/*
 * Topic Aliases on a connection, in both directions.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/alloc.h"

enum { OURS = 3 };

static void up(struct script *s, uint16_t theirs, int i)
{
	char connack[40];
	script_init(s, LEVEL_5, i);
	s->config.topic_alias_maximum = OURS;
	script_open(s);
	script_connect(s, 60, true);
	snprintf(connack, sizeof connack, "20 [0000 03 22%04X]", theirs);
	script_greet(s, connack);
}

/* ---- The broker's ---- */

static void expect_topic(struct script *s, const char *topic)
{
	struct session_event *ev = script_event(s, SESSION_MESSAGE, 0);
	ck_assert_uint_eq(ev->packet.topic.n, strlen(topic));
	ck_assert_mem_eq(ev->packet.topic.p, topic, strlen(topic));
	if (ev->text_topic)
		ck_assert_str_eq((const char *)ev->packet.topic.p, topic);
	ck_assert_int_eq(session_accept(&s->session, ev), 0);
}

START_TEST(an_alias_stands_for_its_topic) /* [MQTT-3.3.2-10] */
{
	struct script s;
	up(&s, 0, _i);
	script_in(&s, "30 [0003 'one' 03 230001 'm'] 32 [0005 'three' 0007 03 230003 'm']");
	script_in(&s, "30 [0000 03 230001 'm'] 34 [0000 0009 03 230003 'm']");
	expect_topic(&s, "one");
	expect_topic(&s, "three");
	expect_topic(&s, "one");
	ck_assert(s.event.text_topic);
	expect_topic(&s, "three");
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(an_alias_may_get_another_topic)
{
	struct script s;
	up(&s, 0, _i);
	script_in(&s, "30 [0003 'one' 03 230001 'm'] 30 [0005 'other' 03 230001 'm'] 30 [0000 03 230001 'm']");
	expect_topic(&s, "one");
	expect_topic(&s, "other");
	expect_topic(&s, "other");
	script_close(&s);
}
END_TEST

START_TEST(a_duplicate_that_is_not_told_sets_its_alias)
{
	struct script s;
	up(&s, 0, _i);
	script_in(&s, "34 [0003 'one' 0001 00 'm'] 3C [0003 'one' 0001 03 230002 'm'] 30 [0000 03 230002 'm']");
	expect_topic(&s, "one");
	expect_topic(&s, "one");
	script_out(&s, "50 02 0001 50 02 0001");
	script_close(&s);
}
END_TEST

START_TEST(an_alias_above_our_maximum_or_0_ends_the_connection) /* [MQTT-3.3.2-8], [MQTT-3.3.2-11] */
{
	static const char *const messages[] = {"30 [0001 't' 03 230004 'm']", "30 [0000 03 23FFFF 'm']", "30 [0001 't' 03 230000 'm']"};
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		struct script s;
		up(&s, 0, _i);
		script_in(&s, "%s", messages[i]);
		script_fails(&s, REASON_BAD_TOPIC_ALIAS);
		script_close(&s);
	}
}
END_TEST

START_TEST(an_alias_without_a_topic_ends_the_connection)
{
	struct script s;
	up(&s, 0, _i);
	script_in(&s, "30 [0003 'one' 03 230001 'm'] 30 [0000 03 230002 'm']");
	expect_topic(&s, "one");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

static void again(struct script *s, uint16_t theirs)
{
	char connack[40];
	script_drop(s);
	script_open(s);
	script_connect(s, 60, false);
	snprintf(connack, sizeof connack, "20 [0100 03 22%04X]", theirs);
	script_greet(s, connack);
}

START_TEST(aliases_die_with_their_connection) /* [MQTT-3.3.2-7] */
{
	struct script s;
	up(&s, 0, _i);
	script_in(&s, "30 [0003 'one' 03 230001 'm']");
	expect_topic(&s, "one");
	again(&s, 0);
	script_in(&s, "30 [0000 03 230001 'm']");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

/* ---- Ours ---- */

/* A message that goes through an outgoing, or straight into the output. */
static struct outgoing *send(struct script *s, const char *topic, uint8_t qos, bool direct)
{
	struct packet    pk = {.type = PACKET_PUBLISH, .qos = qos, .topic = span_text(topic, 0), .payload = span_text("m", 0)};
	struct outgoing *o = NULL;
	if (direct) {
		ck_assert_int_eq(session_publish(&s->session, &pk), 0);
		return NULL;
	}
	ck_assert_int_eq(outgoing_new(&o, &pk, s->config.level), 0);
	ck_assert_int_eq(session_send(&s->session, o), 0);
	if (qos)
		return o;
	free(o);
	return NULL;
}

START_TEST(the_second_message_on_a_topic_says_only_its_alias)
{
	for (int direct = 0; direct < 2; direct++) {
		struct script s;
		up(&s, 9, _i);
		send(&s, "lamp", 0, direct);
		script_out(&s, "30 [0004 'lamp' 03 230001 'm']");
		send(&s, "lamp", 0, direct);
		script_out(&s, "30 [0000 03 230001 'm']");
		send(&s, "door", 0, direct);
		send(&s, "lamp", 0, direct);
		script_out(&s, "30 [0004 'door' 03 230002 'm'] 30 [0000 03 230001 'm']");
		script_close(&s);
	}
}
END_TEST

START_TEST(the_topic_that_was_not_used_for_longest_gives_its_alias)
{
	static const char *const topics[] = {"topic 1", "topic 2", "topic 3", "topic 1", "topic 4", "topic 2"};
	struct script s;
	up(&s, 9, _i); /* but we have 3 */
	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
		send(&s, topics[i], 0, i % 2);
	script_out(&s, "30 [0007 'topic 1' 03 230001 'm'] 30 [0007 'topic 2' 03 230002 'm'] 30 [0007 'topic 3' 03 230003 'm'] "
	               "30 [0000 03 230001 'm'] 30 [0007 'topic 4' 03 230002 'm'] 30 [0007 'topic 2' 03 230003 'm']");
	script_close(&s);
}
END_TEST

START_TEST(the_broker_may_allow_less_than_we_do) /* [MQTT-3.3.2-9] */
{
	struct script s;
	up(&s, 1, _i);
	send(&s, "lamp", 0, true);
	send(&s, "door", 0, true);
	script_out(&s, "30 [0004 'lamp' 03 230001 'm'] 30 [0004 'door' 03 230001 'm']");
	script_close(&s);
}
END_TEST

START_TEST(a_broker_that_announces_none_gets_none)
{
	struct script s;
	script_init(&s, LEVEL_5, _i);
	s.config.topic_alias_maximum = OURS;
	script_open(&s);
	script_connect(&s, 60, true);
	script_greet(&s, "20 [0000 00]");
	for (int direct = 0; direct < 2; direct++)
		send(&s, "lamp", 0, direct);
	script_out(&s, "30 [0004 'lamp' 00 'm'] 30 [0004 'lamp' 00 'm']");
	script_close(&s);
}
END_TEST

START_TEST(a_topic_that_is_shorter_than_an_alias_is_sent_as_it_is)
{
	struct script s;
	up(&s, 9, _i);
	for (int i = 0; i < 2; i++) {
		send(&s, "abc", 0, i);
		script_out(&s, "30 [0003 'abc' 00 'm']");
	}
	script_close(&s);
}
END_TEST

START_TEST(what_is_sent_again_has_its_whole_topic) /* and the alias of its new connection */
{
	struct script s;
	up(&s, 9, _i);
	struct outgoing *one = send(&s, "lamp", 1, false), *two = send(&s, "lamp", 2, false);
	script_out(&s, "32 [0004 'lamp' 0001 03 230001 'm'] 34 [0000 0002 03 230001 'm']");
	again(&s, 9);
	ck_assert_int_eq(session_resend(&s.session, s.flight.sent.prev), 0);
	script_out(&s, "3A [0004 'lamp' 0001 03 230001 'm'] 3C [0000 0002 03 230001 'm']");
	again(&s, 0);
	ck_assert_int_eq(session_resend(&s.session, s.flight.sent.prev), 0);
	script_out(&s, "3A [0004 'lamp' 0001 00 'm'] 3C [0004 'lamp' 0002 00 'm']");
	script_in(&s, "40 02 0001 50 03 0002 87");
	script_done(&s, one, 0);
	script_done(&s, two, MQTTWILL_EDENIED);
	script_close(&s);
}
END_TEST

/* The first packet with an alias is three bytes longer than without. */
START_TEST(an_alias_gives_way_where_the_packet_would_be_too_large) /* [MQTT-3.2.2-15] */
{
	for (int direct = 0; direct < 2; direct++) {
		struct script s;
		up(&s, 9, _i);
		s.session.maximum_out = 10; /* 2 + 6 + 1 + 1 */
		send(&s, "lamp", 0, direct);
		script_out(&s, "30 [0004 'lamp' 00 'm']");
		s.session.maximum_out = 13;
		send(&s, "lamp", 0, direct);
		send(&s, "lamp", 0, direct);
		script_out(&s, "30 [0004 'lamp' 03 230001 'm'] 30 [0000 03 230001 'm']");
		script_close(&s);
	}
}
END_TEST

/* Both ways of sending, each allocation failing in turn: what the broker has not got does not count. */
START_TEST(what_was_not_written_leaves_no_alias)
{
	for (int direct = 0; direct < 2; direct++) {
		bool refused = true;
		for (long nth = 1; refused; nth++) {
			struct packet pk = {.type = PACKET_PUBLISH, .topic = span_text("lamp", 0), .payload = span_text("m", 0)};
			struct script    s;
			struct outgoing *o;
			up(&s, 9, _i);
			buf_relax(&s.session.out); /* so that the output needs memory, too */
			ck_assert_int_eq(outgoing_new(&o, &pk, LEVEL_5), 0);
			alloc_fail(nth);
			int rc = direct ? session_publish(&s.session, &pk) : session_send(&s.session, o);
			refused = alloc_stop();
			const char *first = refused ? "30 [0004 'lamp' 00 'm']" : "30 [0004 'lamp' 03 230001 'm']";
			ck_assert(rc == 0 || (rc == MQTTWILL_ENOMEM && refused));
			script_out(&s, "%s", rc ? "" : first);
			rc = session_publish(&s.session, &pk);
			ck_assert_int_eq(rc, 0);
			script_out(&s, "%s", refused ? "30 [0004 'lamp' 03 230001 'm']" : "30 [0000 03 230001 'm']");
			free(o);
			script_close(&s);
		}
	}
}
END_TEST

Suite *alias_suite(void)
{
	Suite *suite = suite_create("alias");
	TCase *tc = tcase_create("alias");
	tcase_add_loop_test(tc, an_alias_stands_for_its_topic, 0, CUTS);
	tcase_add_loop_test(tc, an_alias_may_get_another_topic, 0, CUTS);
	tcase_add_loop_test(tc, a_duplicate_that_is_not_told_sets_its_alias, 0, CUTS);
	tcase_add_loop_test(tc, an_alias_above_our_maximum_or_0_ends_the_connection, 0, CUTS);
	tcase_add_loop_test(tc, an_alias_without_a_topic_ends_the_connection, 0, CUTS);
	tcase_add_loop_test(tc, aliases_die_with_their_connection, 0, CUTS);
	tcase_add_test(tc, the_second_message_on_a_topic_says_only_its_alias);
	tcase_add_test(tc, the_topic_that_was_not_used_for_longest_gives_its_alias);
	tcase_add_test(tc, the_broker_may_allow_less_than_we_do);
	tcase_add_test(tc, a_broker_that_announces_none_gets_none);
	tcase_add_test(tc, a_topic_that_is_shorter_than_an_alias_is_sent_as_it_is);
	tcase_add_loop_test(tc, what_is_sent_again_has_its_whole_topic, 0, CUTS);
	tcase_add_test(tc, an_alias_gives_way_where_the_packet_would_be_too_large);
	tcase_add_test(tc, what_was_not_written_leaves_no_alias);
	suite_add_tcase(suite, tc);
	return suite;
}
