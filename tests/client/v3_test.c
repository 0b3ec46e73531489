/* SPDX-License-Identifier: MIT */
/*
 * Where 3.1.1 and 3.1 differ from MQTT 5: a session is asked for with Clean Session 0 and has no end of its own; Session Present came
 * with 3.1.1; a refusal may be no more than a closed connection.
 */
#include "client/scenes.h"
#include "client/suites.h"

#define TELL3(id, x) "32 06 0001 't' " id " '" x "' "
#define TELL3_DUP(id, x) "3A 06 0001 't' " id " '" x "' "
#define TELL3_QOS2(id, x) "34 06 0001 't' " id " '" x "' "

static struct mqttwill_options asking(uint32_t version)
{
	struct mqttwill_options o = bare_options();
	o.version = version;
	o.rejoin = MQTTWILL_REJOIN_ALWAYS;
	return o;
}

/* One message waits for PUBACK, one is released and waits for PUBCOMP, and the line breaks. */
static struct device *cut_off(const struct mqttwill_options *o)
{
	struct device *d = lamp_online(o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 2);
	expect_bytes(TELL3("0001", "a") TELL3_QOS2("0002", "b"));
	peer_says(PUBREC("0002"));
	expect_bytes(PUBREL("0002"));
	peer_resets();
	expect_events(d, "DOWN:ELOST");
	lamp_comes_back();
	return d;
}

/* [MQTT311-3.1.2-4], [MQTT311-4.4.0-1] */
START_TEST(in_3_1_1_a_session_that_is_present_is_gone_on_with)
{
	struct mqttwill_options o = asking(MQTTWILL_V311);
	stage_begin(_i);
	struct device *d = cut_off(&o);
	peer_says(CONNACK3_PRESENT);
	expect_bytes(TELL3_DUP("0001", "a") PUBREL("0002"));
	peer_says(PUBACK("0001") PUBCOMP("0002"));
	expect_events(d, "UP(resumed) DONE(1) DONE(2)");
	stage_end();
}
END_TEST

/* [MQTT311-3.2.2-3]; what was released the broker had already */
START_TEST(in_3_1_1_a_session_that_is_not_present_makes_messages_new)
{
	struct mqttwill_options o = asking(MQTTWILL_V311);
	stage_begin(_i);
	struct device *d = cut_off(&o);
	peer_says(CONNACK3);
	expect_bytes(TELL3("0003", "a"));
	peer_says(PUBACK("0003"));
	expect_events(d, "UP DONE(2) DONE(1)");
	stage_end();
}
END_TEST

START_TEST(in_3_1_a_session_that_was_asked_for_is_taken_to_be_there)
{
	struct mqttwill_options o = asking(MQTTWILL_V31);
	stage_begin(_i);
	stage.chance = CHANCE_LOWEST; /* identifiers begin at 1 */
	struct device *d = cut_off(&o);
	peer_says(CONNACK3);
	expect_bytes(TELL3_DUP("0001", "a") PUBREL("0002"));
	peer_says(PUBACK("0001") PUBCOMP("0002"));
	expect_events(d, "UP DONE(1) DONE(2)");
	stage_end();
}
END_TEST

START_TEST(in_3_1_every_connection_asks_again_for_subscriptions_that_a_broker_may_have_lost)
{
	struct mqttwill_options o = asking(MQTTWILL_V31);
	stage_begin(_i);
	stage.chance = CHANCE_LOWEST;
	struct device *d = lamp_online(&o);
	device_subscribe(d, "s", 1);
	expect_bytes("82 06 0001 0001 's' 01");
	peer_says("90 03 0001 01");
	expect_events(d, "DONE(1)");
	peer_resets();
	expect_events(d, "DOWN:ELOST");
	lamp_comes_back();
	peer_says(CONNACK3);
	expect_bytes("82 06 0002 0001 's' 01");
	stage_end();
}
END_TEST

/* [MQTT311-3.1.2-6] */
START_TEST(in_3x_clean_session_1_forgets_the_session_and_not_the_messages)
{
	static const uint32_t versions[] = {MQTTWILL_V31, MQTTWILL_V311};
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		struct mqttwill_options o = asking(versions[i]);
		o.rejoin = MQTTWILL_REJOIN_SAFE;
		stage_begin(_i);
		struct device *d = cut_off(&o);
		peer_says(CONNACK3);
		expect_bytes(TELL3("0003", "a"));
		peer_says(PUBACK("0003"));
		expect_events(d, "UP DONE(2) DONE(1)");
		stage_end();
	}
}
END_TEST

/* [MQTT311-3.2.2-6]: a will that the broker cannot serve, for one */
START_TEST(in_3x_a_connection_closed_instead_of_connack_is_tried_again)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	o.version = MQTTWILL_V311;
	struct device *d = device_start(&o);
	expect_bytes(CONNECT311);
	peer_closes();
	expect_events(d, "RETRY:ELOST");
	expect_text(d, "without an answer");
	lamp_comes_back();
	lamp_welcome(d, CONNACK3, "0001");
	stage_end();
}
END_TEST

Suite *v3_suite(void)
{
	Suite *suite = suite_create("v3");
	TCase *t = tcase_create("v3");
	SCENE(t, in_3_1_1_a_session_that_is_present_is_gone_on_with);
	SCENE(t, in_3_1_1_a_session_that_is_not_present_makes_messages_new);
	SCENE(t, in_3_1_a_session_that_was_asked_for_is_taken_to_be_there);
	SCENE(t, in_3_1_every_connection_asks_again_for_subscriptions_that_a_broker_may_have_lost);
	SCENE(t, in_3x_clean_session_1_forgets_the_session_and_not_the_messages);
	SCENE(t, in_3x_a_connection_closed_instead_of_connack_is_tried_again);
	suite_add_tcase(suite, t);
	return suite;
}
