/* SPDX-License-Identifier: MIT */
/*
 * Bad brokers, seen by the application: what the session finds (tests/session/bad_peer_test.c has thousands of kinds) is one event
 * with the rule in its text, DISCONNECT with a reason in MQTT 5 and a plain close before it, back-off, and a connection again.
 */
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

struct sin {
	const char *what;
	const char *hex;
	const char *goodbye; /* in MQTT 5 */
	const char *rule;    /* a part of the text */
};

/* While the connection is up. */
static const struct sin sins[] = {
	{"a reserved packet type", "00 00", "E0 01 81", "MQTT 5, 2.1"},
	{"wrong flags", "43 02 0001", "E0 01 81", "MQTT-2.1.3-1"},
	{"a length without an end", "30 FFFFFFFF", "E0 01 81", "2.1.4"},
	{"a packet for servers", "C0 00", "E0 01 82", "2.1.2"},
	{"a second CONNACK", CONNACK5, "E0 01 82", "MQTT-3.2.0"},
	{"QoS 3", "36 07 0001 't' 0001 00 'x'", "E0 01 81", "MQTT-3.3.1-4"},
	{"packet identifier 0", "32 06 0001 't' 0000 00", "E0 01 82", "2.2.1"},
	{"a wildcard in a topic", "30 05 0002 'a#' 00", "E0 01 90", "MQTT-3.3.2-2"},
	{"an overlong form in a topic", "30 05 0002 C080 00", "E0 01 81", "MQTT-1.5.4-1"},
	{"a field past the end", "30 04 0009 't' 00", "E0 01 81", "1.5"},
	{"a property twice", "30 08 0001 't' 04 0101 0101", "E0 01 82", "2.2.2.2"},
	{"alias 0", "30 07 0001 't' 03 23 0000", "E0 01 94", "MQTT-3"},
	{"an answer to nothing", "90 04 0009 00 00", "E0 01 82", "MQTT-2.2.1-6"},
	{"a packet above our limit", "30 FFFFFF7F", "E0 01 95", "MQTT-3.1.2-24"},
	{"AUTH without a method", "F0 02 18 00", "E0 01 82", "3.15"},
};
enum { SINS = sizeof sins / sizeof sins[0] };

static void check_text(struct device *d, const struct sin *sin)
{
	ck_assert_msg(strstr(d->text, sin->rule), "%s: \"%s\" does not name %s", sin->what, d->text, sin->rule);
	ck_assert_msg(strstr(d->text, "protocol"), "%s: \"%s\"", sin->what, d->text);
}

START_TEST(a_bad_packet_is_one_event_a_disconnect_and_a_connection_again)
{
	for (size_t i = 0; i < SINS; i++) {
		struct mqttwill_options o = lamp_options();
		stage_begin(_i);
		struct device *d = lamp_online(&o);
		peer_says(sins[i].hex);
		peer_says("30 04 0001 'q' 00"); /* and is deaf from then */
		expect_events(d, "DOWN:EPROTOCOL");
		expect_bytes(sins[i].goodbye);
		expect_closed();
		check_text(d, &sins[i]);
		ck_assert_uint_ge(d->last.retry_in_ms, 500);
		lamp_comes_back();
		lamp_welcome(d, CONNACK5, "0002");
		stage_end();
	}
}
END_TEST

START_TEST(a_bad_packet_in_the_place_of_connack_is_an_attempt_that_failed)
{
	for (size_t i = 0; i < SINS; i++) {
		struct mqttwill_options o = lamp_options();
		if (strcmp(sins[i].hex, CONNACK5) == 0)
			continue;
		stage_begin(_i);
		struct device *d = device_start(&o);
		forget(d);
		peer_says(sins[i].hex);
		expect_events(d, "RETRY:EPROTOCOL");
		expect_bytes("");
		expect_closed();
		check_text(d, &(struct sin){sins[i].what, NULL, NULL, "MQTT"});
		lamp_comes_back();
		lamp_welcome(d, CONNACK5, "0001");
		stage_end();
	}
}
END_TEST

/* Of 3.1.1: it has no DISCONNECT for brokers, and its client closes without a word [MQTT311-4.8.0-1]. */
static const struct sin sins_3x[] = {
	{"a reserved packet type", "00 00", NULL, "2.1"},
	{"wrong flags", "43 02 0001", NULL, "MQTT-2.1.3-1"},
	{"DISCONNECT", "E0 00", NULL, "2.1.2"},
	{"AUTH", "F0 00", NULL, "2.1.2"},
	{"a second CONNACK", CONNACK3, NULL, "MQTT-3.2.0"},
	{"QoS 3", "36 06 0001 't' 0001 'x'", NULL, "MQTT-3.3.1-4"},
	{"packet identifier 0", "32 05 0001 't' 0000", NULL, "2.2.1"},
	{"a reason code", "40 03 0001 00", NULL, "2.1.4"},
	{"a surrogate in a topic", "30 05 0003 EDA080", NULL, "MQTT-1.5.4-1"},
	{"an answer to nothing", "B0 02 0009", NULL, "MQTT-2.2.1-6"},
	{"an oversize packet that is no message", "90 FFFFFF7F", NULL, "MQTT-3.1.2-24"},
};

START_TEST(in_3_1_1_a_bad_packet_is_one_event_a_close_and_a_connection_again)
{
	for (size_t i = 0; i < sizeof sins_3x / sizeof sins_3x[0]; i++) {
		struct mqttwill_options o = lamp_options();
		stage_begin(_i);
		o.version = MQTTWILL_V311;
		struct device *d = lamp_online(&o);
		peer_says(sins_3x[i].hex);
		expect_events(d, "DOWN:EPROTOCOL");
		expect_bytes("");
		expect_closed();
		check_text(d, &sins_3x[i]);
		lamp_comes_back();
		lamp_welcome(d, CONNACK3, "0002");
		stage_end();
	}
}
END_TEST

START_TEST(a_broker_that_is_always_bad_is_asked_less_and_less_often)
{
	struct mqttwill_options o = lamp_options();
	uint32_t                before = 0;
	stage_begin(_i);
	stage.chance = CHANCE_HIGHEST;
	struct device *d = device_start(&o);
	for (int i = 0; i < 6; i++) {
		peer_says(CONNACK5 "00 00");
		ck_assert_uint_eq(device_count(d, "DOWN:EPROTOCOL"), 1);
		ck_assert_uint_ge(d->last.retry_in_ms, before * 2);
		before = d->last.retry_in_ms;
		forget(d);
		lamp_comes_back();
	}
	stage_end();
}
END_TEST

Suite *peer_suite(void)
{
	Suite *suite = suite_create("peer");
	TCase *t = tcase_create("peer");
	SCENE(t, a_bad_packet_is_one_event_a_disconnect_and_a_connection_again);
	SCENE(t, a_bad_packet_in_the_place_of_connack_is_an_attempt_that_failed);
	SCENE(t, in_3_1_1_a_bad_packet_is_one_event_a_close_and_a_connection_again);
	SCENE(t, a_broker_that_is_always_bad_is_asked_less_and_less_often);
	suite_add_tcase(suite, t);
	return suite;
}
