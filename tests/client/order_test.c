/* SPDX-License-Identifier: MIT */
/*
 * W2: after CONNACK the birth goes first, under a fresh packet identifier, then what a resumed session must send again,
 * then the truth once more if something old went with that, then the application's messages.
 */
#include "client/scenes.h"
#include "client/suites.h"

static struct mqttwill_options lasting_lamp(void)
{
	struct mqttwill_options o = lamp_options();
	o.session_expiry_s = 60;
	return o;
}

START_TEST(the_birth_goes_before_what_was_published_earlier)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	device_publish(d, "t", "a", 0);
	device_publish(d, "t", "b", 1);
	device_publish(d, "t", "c", 2);
	mqttwill_start(d->c);
	expect_bytes(CONNECT5);
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0001") TELL5_QOS0("a") TELL5("0002", "b") TELL5_QOS2("0003", "c"));
	expect_events(d, "UP");
	peer_says(PUBACK("0001"));
	expect_events(d, "ONLINE");
	peer_says(PUBACK("0002") PUBREC("0003"));
	expect_bytes(PUBREL("0003"));
	peer_says(PUBCOMP("0003"));
	expect_events(d, "DONE(2) DONE(3)");
	stage_end();
}
END_TEST

START_TEST(a_resumed_session_sends_again_in_the_old_order_behind_the_birth)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 2);
	device_publish(d, "t", "c", 2);
	device_publish(d, "t", "d", 1);
	expect_bytes(TELL5("0002", "a") TELL5_QOS2("0003", "b") TELL5_QOS2("0004", "c") TELL5("0005", "d"));
	peer_says(PUBREC("0003"));
	expect_bytes(PUBREL("0003"));
	peer_resets();
	device_publish(d, "t", "e", 0);
	lamp_comes_back();
	peer_says(CONNACK5_PRESENT);
	expect_bytes(ONLINE5("0006") TELL5_DUP("0002", "a") PUBREL("0003") TELL5_QOS2_DUP("0004", "c")
	                     TELL5_DUP("0005", "d") TELL5_QOS0("e"));
	expect_events(d, "DOWN:ELOST UP(resumed)");
	peer_says(PUBACK("0006") PUBACK("0002") PUBCOMP("0003") PUBREC("0004") PUBACK("0005"));
	expect_bytes(PUBREL("0004"));
	peer_says(PUBCOMP("0004"));
	expect_events(d, "ONLINE DONE(2) DONE(3) DONE(5) DONE(4)");
	stage_end();
}
END_TEST

START_TEST(an_old_birth_is_sent_again_and_the_truth_behind_it)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes(CONNECT5_60S);
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0001"));
	device_publish(d, "t", "a", 1);
	expect_bytes(TELL5("0002", "a"));
	peer_resets();
	device_publish(d, "t", "b", 0);
	lamp_comes_back();
	peer_says(CONNACK5_PRESENT);
	expect_bytes(ONLINE5("0003") ONLINE5_DUP("0001") TELL5_DUP("0002", "a"));
	peer_says(PUBACK("0003") PUBACK("0002"));
	expect_bytes(""); /* the application's messages wait for the truth */
	peer_says(PUBACK("0001"));
	expect_bytes(ONLINE5("0004") TELL5_QOS0("b"));
	peer_says(PUBACK("0004"));
	expect_events(d, "UP DOWN:ELOST UP(resumed) ONLINE DONE(2)");
	stage_end();
}
END_TEST

START_TEST(an_old_birth_at_qos_2_is_old_until_pubcomp)
{
	const struct mqttwill_presence twice = {.topic = "lamp/status", .qos = 2};
	struct mqttwill_options        o = lasting_lamp();
	o.presence = &twice;
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says(CONNACK5 PUBREC("0001"));
	forget(d);
	peer_resets();
	lamp_comes_back();
	peer_says(CONNACK5_PRESENT);
	expect_bytes("35 16 000B 'lamp/status' 0002 00 'online'" PUBREL("0001"));
	peer_says(PUBREC("0002") PUBCOMP("0002"));
	expect_bytes(PUBREL("0002"));
	peer_says(PUBCOMP("0001"));
	expect_bytes("35 16 000B 'lamp/status' 0003 00 'online'");
	expect_events(d, "DOWN:ELOST UP(resumed) ONLINE");
	stage_end();
}
END_TEST

START_TEST(a_lost_session_makes_messages_new_and_forgets_the_old_birth)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says(CONNACK5);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 2);
	device_publish(d, "t", "c", 2);
	expect_bytes(ONLINE5("0001") TELL5("0002", "a") TELL5_QOS2("0003", "b") TELL5_QOS2("0004", "c"));
	peer_says(PUBREC("0003"));
	peer_resets();
	forget(d);
	lamp_comes_back();
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0005") TELL5("0006", "a") TELL5_QOS2("0007", "c"));
	expect_events(d, "UP DONE(3)"); /* the broker owned it since PUBREC */
	peer_says(PUBACK("0005") PUBACK("0006") PUBREC("0007") PUBCOMP("0007"));
	expect_events(d, "ONLINE DONE(2) DONE(4)");
	stage_end();
}
END_TEST

START_TEST(presence_finds_a_place_where_the_application_has_filled_receive_maximum)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says("20 06 00 00 03 21 0003"); /* two for the application */
	peer_says(PUBACK("0001"));
	for (int i = 0; i < 4; i++)
		device_publish(d, "t", "a", 1);
	expect_bytes(ONLINE5("0001") TELL5("0002", "a") TELL5("0003", "a"));
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes("");
	stage_pass(2500); /* half of the time is for the queue */
	expect_bytes(OFFLINE5("0004"));
	peer_says(PUBACK("0004"));
	expect_bytes(GOODBYE);
	stage_end();
}
END_TEST

/* The broker takes one message at a time: the birth has the one place, and what is sent again waits for it [W2]. */
START_TEST(the_birth_goes_first_where_there_is_room_for_one_only)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_publish(d, "t", "a", 1);
	peer_resets();
	forget(d);
	lamp_comes_back();
	peer_says("20 06 01 00 03 21 0001");
	expect_bytes(ONLINE5("0003"));
	device_publish(d, "t", "b", 1);
	peer_says(PUBACK("0003"));
	expect_bytes(TELL5_DUP("0002", "a"));
	peer_says(PUBACK("0002"));
	expect_bytes(TELL5("0004", "b"));
	expect_events(d, "UP(resumed) ONLINE DONE(2)");
	stage_end();
}
END_TEST

START_TEST(a_message_published_in_up_goes_behind_the_birth)
{
	struct mqttwill_options o = lamp_options();
	o.version = MQTTWILL_V311;
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes(CONNECT311);
	peer_says(CONNACK3);
	device_publish(d, "t", "a", 0);
	expect_bytes(ONLINE3("0001") "30 04 0001 't' 'a'");
	stage_end();
}
END_TEST

Suite *order_suite(void)
{
	Suite *s = suite_create("order");
	TCase *t = tcase_create("W2");
	SCENE(t, the_birth_goes_before_what_was_published_earlier);
	SCENE(t, a_resumed_session_sends_again_in_the_old_order_behind_the_birth);
	SCENE(t, an_old_birth_is_sent_again_and_the_truth_behind_it);
	SCENE(t, an_old_birth_at_qos_2_is_old_until_pubcomp);
	SCENE(t, a_lost_session_makes_messages_new_and_forgets_the_old_birth);
	SCENE(t, presence_finds_a_place_where_the_application_has_filled_receive_maximum);
	SCENE(t, the_birth_goes_first_where_there_is_room_for_one_only);
	SCENE(t, a_message_published_in_up_goes_behind_the_birth);
	suite_add_tcase(s, t);
	return s;
}
