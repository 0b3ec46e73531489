/* SPDX-License-Identifier: MIT */
/*
 * What waits when the version turns out to be another: it is sent in that one's form, and what it lacks is left out and told
 * with MQTTWILL_ADAPT, and refused without it; nothing is sent wrong.
 */
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

static const struct mqttwill_user_property users[] = {{.name = "n", .value = "v"}};

/* ---- What waits ---- */

static int64_t tell(struct device *d, const struct mqttwill_message *m)
{
	return device_token(d, mqttwill_publish(d->c, m), m->qos > 0 || m->want_done);
}

static const struct mqttwill_message rich = {
	.topic = "t", .text = "a", .qos = 1, .content_type = "c", .response_topic = "r", .correlation_data = "d",
	.correlation_data_len = 1, .user_properties = users, .user_property_count = 1,
	.has = MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT, .message_expiry_s = 9, .payload_format = 1,
}, plain = {.topic = "t", .text = "b", .qos = 1}, fleeting = {.topic = "t", .text = "c", .retain = true};

START_TEST(what_waits_is_sent_in_the_form_of_the_version_that_was_found)
{
	struct mqttwill_options o = bare_options();
	o.version = MQTTWILL_AUTO;
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	tell(d, &plain);
	tell(d, &fleeting);
	device_subscribe(d, "f", 1);
	peer_says("20 02 00 01");
	forget(d);
	peer_says(CONNACK3);
	expect_bytes("32 06 0001 't' 0001 'b'"
	             "31 04 0001 't' 'c'"
	             "82 06 0002 0001 'f' 01");
	expect_events(d, "UP");
	peer_says(PUBACK("0001") "90 03 0002 01");
	expect_events(d, "DONE(1) DONE(3)");
	stage_end();
}
END_TEST

START_TEST(without_adapt_a_message_that_needs_5_ends_unsent_and_what_follows_goes)
{
	struct mqttwill_options o = bare_options();
	o.version = MQTTWILL_AUTO;
	stage_begin(_i);
	struct device *d = device_start(&o);
	tell(d, &rich);
	tell(d, &plain);
	peer_says("20 02 00 01");
	forget(d);
	peer_says(CONNACK3);
	expect_bytes("32 06 0001 't' 0001 'b'");
	expect_events(d, "UP DONE(1):EUNSUPPORTED");
	expect_text(d, "Content Type");
	expect_text(d, "MQTT 3.1.1");
	const int64_t late = mqttwill_publish(d->c, &rich);
	ck_assert_int_eq(late, MQTTWILL_EUNSUPPORTED);
	stage_end();
}
END_TEST

START_TEST(with_adapt_a_message_goes_without_its_properties_before_and_after_connack)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_adapting(&o);
	tell(d, &rich);
	peer_says("20 02 00 01");
	forget(d);
	peer_says(CONNACK3);
	expect_bytes("32 06 0001 't' 0001 'a'");
	expect_events(d, "UP NOTE:EUNSUPPORTED");
	expect_note("Payload Format Indicator, Message Expiry Interval, Content Type, Response Topic, Correlation Data, User Property");
	ck_assert_int_eq(d->last.token, 1);
	ck_assert_uint_eq(d->last.packet_type, 3);
	tell(d, &rich);
	expect_bytes("32 06 0001 't' 0002 'a'");
	expect_events(d, "NOTE:EUNSUPPORTED");
	peer_says(PUBACK("0001") PUBACK("0002"));
	expect_events(d, "DONE(1) DONE(2)");
	stage_end();
}
END_TEST

static const struct ask {
	struct mqttwill_subscription s;
	const char                  *says;
	bool                         never;
} asks[] = {
	{{.filter = "f", .no_local = true, .qos = 2}, "No Local", false},
	{{.filter = "f", .retain_as_published = true, .qos = 2}, "Retain As Published", false},
	{{.filter = "f", .retain_handling = 2, .qos = 2}, "Retain Handling", false},
	{{.filter = "$share/g/f", .qos = 2}, "shared", true},
};

START_TEST(a_subscription_that_needs_5_is_never_sent_as_it_is)
{
	for (size_t i = 0; i < 2 * sizeof asks / sizeof asks[0]; i++) {
		const struct ask       *ask = &asks[i / 2];
		bool                    adapts = i & 1;
		struct mqttwill_options o = bare_options();
		o.version = MQTTWILL_AUTO;
		stage_begin(_i);
		struct device *d = adapts ? lamp_adapting(&o) : device_start(&o);
		device_token(d, mqttwill_subscribe(d->c, &ask->s, 1), true);
		peer_says("20 02 00 01");
		forget(d);
		peer_says(CONNACK3);
		bool sent = adapts && !ask->never;
		expect_bytes(sent ? "82 06 0001 0001 'f' 02" : "");
		expect_events(d, sent ? "UP NOTE:EUNSUPPORTED" : "UP DONE(1):EUNSUPPORTED");
		expect_text(d, ask->says);
		stage_end();
	}
}
END_TEST

START_TEST(remembered_subscriptions_are_made_again_in_the_form_of_the_new_version)
{
	const struct mqttwill_subscription s = {.filter = "f", .qos = 2, .no_local = true};
	struct mqttwill_options            o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_adapting(&o);
	peer_says(CONNACK5);
	device_token(d, mqttwill_subscribe(d->c, &s, 1), true);
	forget(d);
	peer_says("90 04 0001 00 02");
	expect_events(d, "DONE(1)");
	peer_resets();
	lamp_comes_back();
	peer_says("20 02 00 01");
	forget(d);
	peer_says(CONNACK3);
	expect_bytes("82 06 0002 0001 'f' 02");
	expect_events(d, "UP NOTE:EUNSUPPORTED");
	expect_note("No Local");
	stage_end();
}
END_TEST

START_TEST(what_was_in_flight_in_one_version_is_a_new_message_in_another)
{
	struct mqttwill_options o = bare_options();
	o.version = MQTTWILL_AUTO;
	o.rejoin = MQTTWILL_REJOIN_ALWAYS;
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	forget(d);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 2);
	expect_bytes(TELL5("0001", "a") TELL5_QOS2("0002", "b"));
	peer_resets();
	lamp_comes_back();
	peer_says("20 03 00 84 00");
	forget(d);
	peer_says(CONNACK3_PRESENT);
	expect_bytes("32 06 0001 't' 0003 'a' 34 06 0001 't' 0004 'b'");
	peer_resets(); /* and back: all that is as short as these grows by a byte */
	lamp_comes_back();
	peer_says("20 03 00 84 00");
	forget(d);
	peer_says(CONNACK5);
	expect_bytes(TELL5("0005", "a") TELL5_QOS2("0006", "b"));
	peer_says(PUBACK("0005") PUBREC("0006") PUBCOMP("0006"));
	expect_events(d, "UP DONE(1) DONE(2)");
	ck_assert_uint_eq(d->c->client.held_bytes, 0);
	stage_end();
}
END_TEST

/* As one that an earlier process has left in flight, when it spoke 3.1.1. */
START_TEST(what_an_earlier_process_sent_in_another_version_is_a_new_message)
{
	const struct recode     how = {LEVEL_5, LEVEL_311, 2, false};
	struct mqttwill_options o = bare_options();
	o.version = MQTTWILL_AUTO;
	o.rejoin = MQTTWILL_REJOIN_ALWAYS;
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	forget(d);
	device_publish(d, "t", "a", 1);
	stage_settle();
	outgoing_recode(list_entry(d->c->client.flight.sent.next, struct outgoing, link), &how);
	d->c->client.held_bytes--;
	peer_resets();
	lamp_comes_back();
	forget(d);
	peer_says(CONNACK5_PRESENT);
	expect_bytes(TELL5("0002", "a"));
	peer_says(PUBACK("0002"));
	expect_events(d, "UP(resumed) DONE(1)");
	stage_end();
}
END_TEST

Suite *recode_suite(void)
{
	Suite *s = suite_create("recode");
	TCase *t = tcase_create("recode");
	SCENE(t, what_waits_is_sent_in_the_form_of_the_version_that_was_found);
	SCENE(t, without_adapt_a_message_that_needs_5_ends_unsent_and_what_follows_goes);
	SCENE(t, with_adapt_a_message_goes_without_its_properties_before_and_after_connack);
	SCENE(t, a_subscription_that_needs_5_is_never_sent_as_it_is);
	SCENE(t, remembered_subscriptions_are_made_again_in_the_form_of_the_new_version);
	SCENE(t, what_was_in_flight_in_one_version_is_a_new_message_in_another);
	SCENE(t, what_an_earlier_process_sent_in_another_version_is_a_new_message);
	suite_add_tcase(s, t);
	return s;
}
