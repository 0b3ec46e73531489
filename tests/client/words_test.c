/* SPDX-License-Identifier: MIT */
/*
 * Whatever the broker says beside its reason codes is told, in the event of its packet or in one of its own; and what CONNECT
 * says beside its limits.
 */
#include "client/scenes.h"
#include "client/suites.h"

#include <stdio.h>

#define WHY "1F 0003 'why' "
#define OTHER "1C 0005 'other' "
#define USER "26 0001 'n' 0001 'v' "

static char heard[600];

static const char *text(const char *s)
{
	return s ? s : "-";
}

/* Each event with its words, while they live: "DONE 10 why - n=v|". */
static void keep(struct device *d, const struct mqttwill_event *ev)
{
	size_t n = strlen(heard);
	(void)d;
	n += (size_t)snprintf(heard + n, sizeof heard - n, "%u/%u %lld %02x %s %s", (unsigned)ev->type, ev->packet_type,
	                      (long long)ev->token, ev->reason_code, text(ev->reason_string), text(ev->server_reference));
	for (size_t i = 0; i < ev->user_property_count; i++)
		n += (size_t)snprintf(heard + n, sizeof heard - n, " %s=%s", ev->user_properties[i].name,
		                      ev->user_properties[i].value);
	snprintf(heard + n, sizeof heard - n, "|");
}

static struct device *start(int mode, const struct mqttwill_options *given)
{
	struct mqttwill_options o = given ? *given : bare_options();
	stage_begin(mode);
	struct device *d = device_start(&o);
	d->on_event = keep;
	heard[0] = 0;
	return d;
}

#define hears(words) ck_assert_str_eq(heard, (words))

START_TEST(a_refusal_has_all_its_words)
{
	struct device *d = start(_i, NULL);
	peer_says("20 18 00 9C 15 " WHY OTHER USER);
	expect_events(d, "RETRY:EMOVED");
	hears("1/0 0 9c why other n=v|");
	stage_end();
}
END_TEST

START_TEST(an_accepting_connack_has_all_its_words)
{
	struct device *d = start(_i, NULL);
	peer_says("20 18 00 00 15 " WHY OTHER USER);
	expect_events(d, "UP");
	hears("2/0 0 00 why other n=v|");
	stage_end();
}
END_TEST

START_TEST(a_disconnect_has_all_its_words)
{
	struct device *d = start(_i, NULL);
	peer_says(CONNACK5);
	heard[0] = 0;
	peer_says("E0 17 9D 15 " WHY OTHER USER);
	expect_events(d, "UP DOWN:EMOVED");
	hears("4/0 0 9d why other n=v|");
	stage_end();
}
END_TEST

START_TEST(acknowledgements_have_all_their_words)
{
	static const struct {
		const char *ack, *says;
		uint8_t     qos; /* 3: a subscription, 4: the end of one */
	} rows[] = {
		{"40 11 0001 10 0D " WHY USER, "6/0 1 10 why - n=v|", 1},
		{"50 11 0001 87 0D " WHY USER, "6/0 1 87 why - n=v|", 2},
		{"90 11 0001 0D " WHY USER "01", "6/0 1 00 why - n=v|", 3},
		{"B0 11 0001 0D " WHY USER "11", "6/0 1 00 why - n=v|", 4},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct device *d = start(_i, NULL);
		peer_says(CONNACK5);
		heard[0] = 0;
		const char *filter = "t";
		if (rows[i].qos == 3)
			device_subscribe(d, filter, 1);
		else if (rows[i].qos == 4)
			device_token(d, mqttwill_unsubscribe(d->c, &filter, 1), true);
		else
			device_publish(d, "t", "a", rows[i].qos);
		stage_settle();
		peer_says(rows[i].ack);
		hears(rows[i].says);
		stage_end();
	}
}
END_TEST

START_TEST(pubrecs_reason_is_told_with_the_end_of_its_message)
{
	struct device *d = start(_i, NULL);
	peer_says(CONNACK5);
	heard[0] = 0;
	device_publish(d, "t", "a", 2);
	stage_settle();
	peer_says("50 03 0001 10");
	hears("");
	peer_says("70 11 0001 92 0D " WHY USER);
	hears("6/0 1 10 why - n=v|");
	expect_events(d, "UP DONE(1)");
	stage_end();
}
END_TEST

START_TEST(words_that_end_nothing_are_noted)
{
	struct device *d = start(_i, NULL);
	peer_says(CONNACK5);
	heard[0] = 0;
	device_publish(d, "t", "a", 2);
	stage_settle();
	peer_says("50 11 0001 10 0D " WHY USER); /* PUBREC: the token is known */
	peer_says(PUBCOMP("0001"));
	peer_says("62 0A 0009 92 06 " WHY "70 0A 0009 92 06 " WHY "40 0A 0009 00 06 " WHY);
	hears("11/5 1 10 why - n=v|6/0 1 10 - -|11/6 0 92 why -|11/7 0 92 why -|11/4 0 00 why -|");
	expect_events(d, "UP NOTE DONE(1) NOTE NOTE NOTE");
	stage_end();
}
END_TEST

/* It says that a message which we took and hold the identifier of is not the broker's any more. */
START_TEST(a_pubrel_of_what_the_broker_has_forgotten_is_noted_without_words)
{
	struct device *d = start(_i, NULL);
	peer_says(CONNACK5);
	heard[0] = 0;
	peer_says("62 03 0009 92" "62 02 0009" "62 03 0009 00");
	hears("11/6 0 92 - -|");
	expect_events(d, "UP NOTE");
	stage_end();
}
END_TEST

/* [MQTT-3.1.2-29] */
START_TEST(who_wants_no_problem_information_ends_the_connection_over_it)
{
	static const char *const says[] = {
		"40 0A 0009 00 06 " WHY, "50 0B 0009 00 07 " USER, "62 0A 0009 00 06 " WHY, "70 0A 0009 00 06 " WHY,
	};
	struct mqttwill_options o = bare_options();
	o.flags = MQTTWILL_NO_PROBLEM_INFO;
	for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) {
		struct device *d = start(_i, &o);
		expect_bytes("10 1E 0004 'MQTT' 05 00 003C 0D 17 00 21 0064 22 0010 27 00100000 0004 'lamp'");
		peer_says("20 0D 00 00 0A 22 0000 26 0001 'n' 0001 'v'"); /* here they may be */
		peer_says("30 0C 0001 't' 07 " USER "'x'");
		expect_events(d, "UP MESSAGE(t=x)");
		peer_says(says[i]);
		expect_bytes("E0 01 82");
		expect_events(d, "DOWN:EPROTOCOL");
		stage_end();
	}
}
END_TEST

START_TEST(connect_says_what_the_options_say)
{
	static const struct mqttwill_user_property users[] = {{.name = "n", .value = "v"}, {.name = "n", .value = "w"}};
	struct mqttwill_options                    o = bare_options();
	o.flags = MQTTWILL_WANT_RESPONSE_INFO | MQTTWILL_NO_PROBLEM_INFO | MQTTWILL_NO_TOPIC_ALIAS;
	o.user_properties = users;
	o.user_property_count = 2;
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes("10 2B 0004 'MQTT' 05 00 003C 1A 17 00 19 01 21 0064 27 00100000 26 0001 'n' 0001 'v' 26 0001 'n' 0001 'w' "
	             "0004 'lamp'");
	(void)d;
	stage_end();
}
END_TEST

START_TEST(user_properties_of_connect_are_copied_and_checked)
{
	char                          name[] = "n", value[] = "v";
	struct mqttwill_user_property user = {.name = name, .value = value};
	struct mqttwill_options       o = bare_options();
	mqttwill                     *c;
	o.url = "mqtt://broker.test";
	o.flags = MQTTWILL_NO_TOPIC_ALIAS;
	o.user_properties = &user;
	o.user_property_count = 1;
	stage_begin(_i);
	struct device *d = device_new(&o);
	name[0] = value[0] = 'x';
	mqttwill_start(d->c);
	expect_bytes("10 20 0004 'MQTT' 05 00 003C 0F 21 0064 27 00100000 26 0001 'n' 0001 'v' 0004 'lamp'");
	o.version = MQTTWILL_V311;
	ck_assert_int_eq(mqttwill_new(&c, &o), MQTTWILL_EOPTION);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(NULL, MQTTWILL_EOPTION), "user_properties"));
	o.version = MQTTWILL_V5;
	user.value = "\xFF";
	ck_assert_int_eq(mqttwill_new(&c, &o), MQTTWILL_EOPTION);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(NULL, MQTTWILL_EOPTION), "user_properties.value"));
	user.value = "v";
	user.name = "\xC0";
	ck_assert_int_eq(mqttwill_new(&c, &o), MQTTWILL_EOPTION);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(NULL, MQTTWILL_EOPTION), "user_properties.name"));
	o.user_properties = NULL;
	ck_assert_int_eq(mqttwill_new(&c, &o), MQTTWILL_EOPTION);
	stage_end();
}
END_TEST

/* ---- Limits that a resumed session meets ---- */

START_TEST(what_the_broker_takes_no_more_is_not_sent_again)
{
	static const struct {
		const char *connack, *text;
		int         error;
	} rows[] = {
		{"20 08 01 00 05 27 00000008", "Maximum Packet Size", MQTTWILL_ETOOBIG},
		{"20 05 01 00 02 24 00", "Maximum QoS", MQTTWILL_EMESSAGE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct mqttwill_options o = bare_options();
		o.session_expiry_s = 60;
		stage_begin(_i);
		struct device *d = device_start(&o);
		peer_says(CONNACK5);
		device_publish(d, "t", "a", 1);
		device_publish(d, "t", "b", 2);
		device_publish(d, "t", "c", 2);
		stage_settle();
		peer_says(PUBREC("0003"));
		peer_resets();
		lamp_comes_back();
		stage_line()->up_read = stage_line()->up_len;
		peer_says(rows[i].connack);
		expect_bytes(PUBREL("0003"));
		expect_text(d, rows[i].text);
		expect_events(d, rows[i].error == MQTTWILL_ETOOBIG
		                         ? "UP DOWN:ELOST UP(resumed) DONE(1):ETOOBIG DONE(2):ETOOBIG"
		                         : "UP DOWN:ELOST UP(resumed) DONE(1):EMESSAGE DONE(2):EMESSAGE");
		peer_says(PUBCOMP("0003"));
		expect_events(d, "DONE(3)");
		ck_assert_uint_eq(d->c->client.flight.open, 0); /* the quota is whole again */
		ck_assert_uint_eq(d->c->client.held_messages, 0);
		stage_end();
	}
}
END_TEST

START_TEST(a_retained_message_is_not_sent_again_where_nothing_is_retained)
{
	struct mqttwill_options       o = bare_options();
	const struct mqttwill_message kept = {.topic = "t", .text = "a", .qos = 1, .retain = true};
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	device_token(d, mqttwill_publish(d->c, &kept), true);
	device_publish(d, "t", "b", 1);
	stage_settle();
	peer_resets();
	lamp_comes_back();
	stage_line()->up_read = stage_line()->up_len;
	peer_says("20 05 01 00 02 25 00");
	expect_bytes(TELL5_DUP("0002", "b"));
	expect_text(d, "retain");
	expect_events(d, "UP DOWN:ELOST UP(resumed) DONE(1):EMESSAGE");
	peer_says(PUBACK("0002"));
	expect_events(d, "DONE(2)");
	stage_end();
}
END_TEST

/* ---- Aliases ---- */

START_TEST(the_application_sees_whole_topics)
{
	struct device *d = start(_i, NULL);
	peer_says(CONNACK5);
	peer_says("30 0B 0004 'lamp' 03 23 0001 'a' 30 07 0000 03 23 0001 'b' 30 07 0000 03 23 0001 'c'");
	expect_events(d, "UP MESSAGE(lamp=a) MESSAGE(lamp=b) MESSAGE(lamp=c)");
	stage_end();
}
END_TEST

START_TEST(without_topic_aliases_none_are_taken_or_given)
{
	struct mqttwill_options o = bare_options();
	o.flags = MQTTWILL_NO_TOPIC_ALIAS;
	struct device *d = start(_i, &o);
	expect_bytes("10 19 0004 'MQTT' 05 00 003C 08 21 0064 27 00100000 0004 'lamp'");
	peer_says("20 06 00 00 03 22 0009");
	device_publish(d, "lamp", "a", 0);
	device_publish(d, "lamp", "b", 0);
	expect_bytes("30 08 0004 'lamp' 00 'a' 30 08 0004 'lamp' 00 'b'");
	peer_says("30 0B 0004 'lamp' 03 23 0001 'a'");
	expect_bytes("E0 01 94");
	expect_events(d, "UP DOWN:EPROTOCOL");
	stage_end();
}
END_TEST

/* The stub uses and takes aliases: what one device says on few topics reaches another whole, at every QoS. */
START_TEST(messages_pass_through_a_broker_with_aliases_on_both_ways)
{
	static const char *const    topics[] = {"building/1", "building/2", "building/3", "t"};
	const struct broker_options options = {.announce = {.has = HAS(TOPIC_ALIAS_MAXIMUM), .topic_alias_maximum = 2}};
	struct mqttwill_options     o = bare_options();
	stage_begin(_i);
	stage_broker(&options);
	struct device *d = device_start(&o);
	device_subscribe(d, "#", 2);
	stage_settle();
	expect_events(d, "UP DONE(1)");
	for (int n = 0; n < 60; n++) {
		char word[60];
		device_publish(d, topics[n % 7 % 4], "x", (uint8_t)(n % 3));
		stage_settle();
		snprintf(word, sizeof word, "MESSAGE(%s=x)", topics[n % 7 % 4]);
		ck_assert_uint_eq(device_count(d, word), 1);
		d->log_len = 0;
		d->log[0] = 0;
	}
	stage_end();
}
END_TEST

Suite *words_suite(void)
{
	Suite *suite = suite_create("words, limits and aliases");
	TCase *t = tcase_create("words, limits and aliases");
	SCENE(t, a_refusal_has_all_its_words);
	SCENE(t, an_accepting_connack_has_all_its_words);
	SCENE(t, a_disconnect_has_all_its_words);
	SCENE(t, acknowledgements_have_all_their_words);
	SCENE(t, pubrecs_reason_is_told_with_the_end_of_its_message);
	SCENE(t, words_that_end_nothing_are_noted);
	SCENE(t, a_pubrel_of_what_the_broker_has_forgotten_is_noted_without_words);
	SCENE(t, who_wants_no_problem_information_ends_the_connection_over_it);
	SCENE(t, connect_says_what_the_options_say);
	SCENE(t, user_properties_of_connect_are_copied_and_checked);
	SCENE(t, what_the_broker_takes_no_more_is_not_sent_again);
	SCENE(t, a_retained_message_is_not_sent_again_where_nothing_is_retained);
	SCENE(t, the_application_sees_whole_topics);
	SCENE(t, without_topic_aliases_none_are_taken_or_given);
	SCENE(t, messages_pass_through_a_broker_with_aliases_on_both_ways);
	suite_add_tcase(suite, t);
	return suite;
}
