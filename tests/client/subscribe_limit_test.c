/* SPDX-License-Identifier: MIT */
/*
 * SUBSCRIBE within what MQTT and the broker's CONNACK allow.
 */
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

static struct device *listener(int mode)
{
	struct mqttwill_options o = bare_options();
	stage_begin(mode);
	return lamp_online(&o);
}

static int64_t ask(struct device *d, const char *filter, uint32_t id)
{
	const struct mqttwill_subscription s = {.filter = filter, .subscription_id = id};
	return device_token(d, mqttwill_subscribe(d->c, &s, 1), true);
}

static int refused(struct device *d, struct mqttwill_subscription s)
{
	return (int)mqttwill_subscribe(d->c, &s, 1);
}

/* What the broker's CONNACK forbids, the rule that forbids it, and something that is not forbidden. */
static const struct limit_row {
	const char *connack, *rule;
	struct mqttwill_subscription bad, good;
} limit_rows[] = {
	{"20 05 00 00 02 2800", "3.2.2.3.11", {.filter = "a/#"}, {.filter = "$share/g/a"}},
	{"20 05 00 00 02 2800", "3.2.2.3.11", {.filter = "$share/g/+"}, {.filter = "a"}},
	{"20 05 00 00 02 2A00", "3.2.2.3.13", {.filter = "$share/g/a"}, {.filter = "a/#"}},
	{"20 05 00 00 02 2900", "3.2.2.3.12", {.filter = "a", .subscription_id = 1}, {.filter = "a"}},
};
enum { LIMIT_ROWS = sizeof limit_rows / sizeof limit_rows[0] };

START_TEST(what_connack_forbids_is_refused_at_the_call)
{
	for (int i = 0; i < LIMIT_ROWS; i++) {
		const struct limit_row *row = &limit_rows[i];
		struct mqttwill_options o = bare_options();
		stage_begin(_i);
		struct device *d = device_start(&o);
		forget(d);
		peer_says(row->connack);
		ck_assert_int_eq(refused(d, row->bad), MQTTWILL_EUNSUPPORTED);
		ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_EUNSUPPORTED), row->rule));
		expect_bytes("");
		device_token(d, mqttwill_subscribe(d->c, &row->good, 1), false);
		ck_assert_uint_gt(stage_line()->up_len, stage_line()->up_read);
		stage_end();
	}
}
END_TEST

START_TEST(what_connack_forbids_is_never_sent_and_its_done_says_why)
{
	for (int i = 0; i < LIMIT_ROWS; i++) {
		const struct limit_row *row = &limit_rows[i];
		struct mqttwill_options o = bare_options();
		stage_begin(_i);
		struct device *d = device_new(&o);
		device_token(d, mqttwill_subscribe(d->c, &row->bad, 1), true);
		mqttwill_start(d->c);
		forget(d);
		peer_says(row->connack);
		expect_events(d, "UP DONE(1):EUNSUPPORTED");
		expect_text(d, row->rule);
		expect_bytes("");
		ck_assert(list_empty(&d->c->client.subscriptions));
		stage_end();
	}
}
END_TEST

START_TEST(a_subscribe_above_the_broker_s_maximum_packet_size_is_named_as_one)
{
	struct mqttwill_options o = bare_options();
	const char *filter = "a/b/c/d";
	stage_begin(_i);
	struct device *d = device_new(&o);
	ask(d, filter, 0);
	device_token(d, mqttwill_unsubscribe(d->c, &filter, 1), true);
	mqttwill_start(d->c);
	forget(d);
	peer_says("20 08 00 00 05 27 0000000D");
	expect_events(d, "UP DONE(1):ETOOBIG DONE(2):ETOOBIG");
	expect_text(d, "UNSUBSCRIBE: 14 bytes are above the broker's Maximum Packet Size, 13");
	expect_bytes("");
	ask(d, filter, 0);
	expect_events(d, "DONE(3):ETOOBIG");
	expect_text(d, "SUBSCRIBE: 15 bytes are above the broker's Maximum Packet Size, 13");
	stage_end();
}
END_TEST

START_TEST(what_a_new_broker_forbids_is_not_asked_for_again)
{
	struct device *d = listener(_i);
	ask(d, "a/#", 0);
	peer_says("90 04 0001 00 00");
	expect_events(d, "DONE(1)");
	peer_resets();
	lamp_comes_back();
	forget(d);
	peer_says("20 05 00 00 02 2800");
	expect_bytes("");
	expect_events(d, "UP DONE(0):EUNSUPPORTED");
	stage_end();
}
END_TEST

START_TEST(with_adapt_an_identifier_that_cannot_be_is_left_out)
{
	struct mqttwill_options o = bare_options();
	o.flags = MQTTWILL_ADAPT;
	stage_begin(_i);
	struct device *d = device_new(&o);
	ask(d, "a", 7);
	mqttwill_start(d->c);
	forget(d);
	peer_says("20 05 00 00 02 2900");
	expect_bytes("82 07 0001 00 0001 'a' 00");
	ask(d, "b", 7);
	expect_bytes("82 07 0002 00 0001 'b' 00");
	peer_says("90 04 0001 00 00" "90 04 0002 00 00");
	stage_end();
	o.version = MQTTWILL_V311;
	stage_begin(_i);
	d = lamp_online(&o);
	ask(d, "a", 7);
	expect_bytes("82 06 0001 0001 'a' 00");
	peer_says("90 03 0001 00");
	stage_end();
}
END_TEST

START_TEST(identifiers_that_no_subscribe_can_carry_are_refused)
{
	struct device *d = listener(_i);
	const struct mqttwill_subscription two[] = {{.filter = "a", .subscription_id = 1}, {.filter = "b", .subscription_id = 2}};
	ck_assert_int_eq((int)mqttwill_subscribe(d->c, two, 2), MQTTWILL_EINVAL);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_EINVAL), "3.8.2.1.2"));
	ck_assert_int_eq(refused(d, (struct mqttwill_subscription){.filter = "a", .subscription_id = 268435456}), MQTTWILL_EINVAL);
	expect_bytes("");
	ask(d, "a", 268435455);
	expect_bytes("82 0C 0001 05 0BFFFFFF7F 0001 'a' 00");
	peer_says("90 04 0001 00 00");
	stage_end();
}
END_TEST

Suite *subscribe_limit_suite(void)
{
	Suite *s = suite_create("subscribe_limit");
	TCase *t = tcase_create("subscribe_limit");
	SCENE(t, what_connack_forbids_is_refused_at_the_call);
	SCENE(t, what_connack_forbids_is_never_sent_and_its_done_says_why);
	SCENE(t, a_subscribe_above_the_broker_s_maximum_packet_size_is_named_as_one);
	SCENE(t, what_a_new_broker_forbids_is_not_asked_for_again);
	SCENE(t, with_adapt_an_identifier_that_cannot_be_is_left_out);
	SCENE(t, identifiers_that_no_subscribe_can_carry_are_refused);
	suite_add_tcase(s, t);
	return s;
}
