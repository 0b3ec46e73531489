/* SPDX-License-Identifier: MIT */
/*
 * A broker names another server: whether the client follows, how fast, how far, and how it comes back.
 */
#include <stdio.h>
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

/* CONNACK and DISCONNECT with 0x9C, 0x9D and a Server Reference of 5 and of 9 bytes. */
#define AWAY(ref) "20 0B 00 9C 08 1C 0005 '" ref "' "
#define MOVED(ref) "20 0B 00 9D 08 1C 0005 '" ref "' "
#define SENT_AWAY(ref) "E0 0A 9C 08 1C 0005 '" ref "' "
#define SENT_AWAY_TO_TWO(ref) "E0 10 9C 0E 1C 000B '" ref "' "

static struct mqttwill_options follower(uint32_t maximum)
{
	struct mqttwill_options o = lamp_options();
	o.redirect_maximum = maximum;
	return o;
}

static struct device *begin(int mode, uint32_t maximum)
{
	struct mqttwill_options o = follower(maximum);
	stage_begin(mode);
	return device_start(&o);
}

#define expect_server(name) \
	ck_assert_msg((stage_settle(), strcmp(stage_line()->server, name) == 0), "it goes to %s", stage_line()->server)

/* The connection that the client waits for. */
static void comes_back(void)
{
	size_t lines = line_count();
	for (int i = 0; i < 1000 && line_count() == lines; i++)
		stage_pass(100);
	ck_assert_uint_eq(line_count(), lines + 1);
}

START_TEST(without_the_option_a_reference_is_told_and_not_followed)
{
	struct device *d = begin(_i, 0);
	peer_says(AWAY("other"));
	ck_assert(d->last.permanent);
	expect_events(d, "RETRY:EMOVED");
	expect_text(d, "it names \"other\", which is not followed: redirect_maximum is 0");
	comes_back();
	expect_server("broker.test:1883");
	stage_end();
}
END_TEST

START_TEST(the_first_reference_is_followed_at_once)
{
	struct device *d = begin(_i, 1);
	peer_says(AWAY("other"));
	expect_events(d, "RETRY:EMOVED");
	expect_text(d, "connack: Use another server (0x9c); it names \"other\", which is followed");
	ck_assert_uint_eq(d->last.retry_in_ms, 0);
	ck_assert(!d->last.permanent);
	expect_server("other:1883");
	expect_bytes(CONNECT5);
	peer_says(CONNACK5);
	expect_bytes(ONLINE5("0001"));
	expect_events(d, "UP");
	stage_end();
}
END_TEST

START_TEST(use_another_server_holds_for_one_connection)
{
	struct device *d = begin(_i, 1);
	peer_says(AWAY("b:999"));
	expect_server("b:999");
	peer_says(CONNACK5);
	stage_pass(40000);
	peer_resets();
	comes_back();
	expect_server("broker.test:1883");
	expect_events(d, "RETRY:EMOVED UP DOWN:ELOST");
	stage_end();
}
END_TEST

START_TEST(server_moved_holds_for_ever)
{
	struct device *d = begin(_i, 2);
	peer_says(MOVED("b:999"));
	expect_server("b:999");
	for (int i = 0; i < 3; i++) {
		peer_says(CONNACK5);
		stage_pass(40000);
		peer_resets();
		comes_back();
		expect_server("b:999");
	}
	peer_says(AWAY("other")); /* from there it may be sent away for a while */
	expect_server("other:1883");
	peer_resets();
	comes_back();
	expect_server("b:999");
	ck_assert_uint_eq(device_count(d, "EMOVED"), 2);
	stage_end();
}
END_TEST

START_TEST(a_disconnect_sends_away_as_connack_does)
{
	struct device *d = begin(_i, 1);
	peer_says(CONNACK5);
	peer_says(SENT_AWAY("other"));
	expect_events(d, "UP DOWN:EMOVED");
	expect_text(d, "it names \"other\", which is followed");
	expect_server("other:1883");
	stage_end();
}
END_TEST

START_TEST(of_several_references_each_is_tried_in_its_order)
{
	struct device *d = begin(_i, 1);
	peer_says(CONNACK5);
	forget(d);
	stage.dead_hosts = "a";
	peer_says(SENT_AWAY_TO_TWO("a [::1]:7 /"));
	expect_server("a:1883");
	expect_events(d, "DOWN:EMOVED RETRY:ECONNECT");
	comes_back();
	expect_server("::1:7");
	peer_resets();
	comes_back();
	expect_server("broker.test:1883");
	stage_end();
}
END_TEST

START_TEST(a_moved_server_with_several_references_is_tried_in_turns)
{
	begin(_i, 1);
	peer_says("20 0B 00 9D 08 1C 0005 'a b:2' ");
	expect_server("a:1883");
	peer_resets();
	comes_back();
	expect_server("b:2");
	peer_resets();
	comes_back();
	expect_server("a:1883");
	stage_end();
}
END_TEST

START_TEST(the_second_hop_in_a_row_waits_and_there_is_a_last_one)
{
	struct device *d = begin(_i, 2);
	stage.chance = CHANCE_HIGHEST;
	peer_says(AWAY("other"));
	peer_says(AWAY("third"));
	expect_text(d, "which is followed, not at once");
	expect_server("other:1883");
	ck_assert_uint_gt(d->last.retry_in_ms, 0);
	comes_back();
	expect_server("third:1883");
	peer_says(AWAY("fifth"));
	expect_text(d, "\"fifth\", which is not followed: there were redirect_maximum such in a row");
	ck_assert(d->last.permanent);
	expect_events(d, "RETRY:EMOVED RETRY:EMOVED RETRY:EMOVED");
	ck_assert_uint_eq(d->last.retry_in_ms, 60000);
	comes_back();
	expect_server("broker.test:1883");
	peer_says(AWAY("other")); /* a new row */
	expect_server("other:1883");
	stage_end();
}
END_TEST

START_TEST(a_useless_reference_of_a_server_one_was_sent_to_leads_back)
{
	begin(_i, 3);
	peer_says(AWAY("other"));
	expect_server("other:1883");
	peer_says(AWAY("mq://"));
	comes_back();
	expect_server("broker.test:1883");
	stage_end();
}
END_TEST

static char named[40];

static void keep_reference(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	snprintf(named, sizeof named, "%s", ev->server_reference ? ev->server_reference : "none");
}

START_TEST(the_event_has_the_reference_followed_or_not)
{
	for (uint32_t maximum = 0; maximum < 2; maximum++) {
		struct device *d = begin(_i, maximum);
		d->on_event = keep_reference;
		peer_says(AWAY("other"));
		ck_assert_str_eq(named, "other");
		stage_end();
	}
}
END_TEST

START_TEST(a_stable_connection_begins_a_new_row)
{
	struct device *d = begin(_i, 1);
	peer_says(AWAY("other"));
	peer_says(CONNACK5);
	stage_pass(29000);
	peer_says(SENT_AWAY("third"));
	expect_text(d, "which is not followed");
	comes_back();
	expect_server("broker.test:1883");
	peer_says(CONNACK5);
	stage_pass(31000);
	peer_says(SENT_AWAY("third"));
	expect_text(d, "which is followed");
	expect_server("third:1883");
	stage_end();
}
END_TEST

START_TEST(a_reference_that_cannot_be_used_is_told)
{
	static const struct {
		const char *connack, *text;
	} rows[] = {
		{AWAY("a:b:c"), "cannot be followed: the port is not a number"},
		{AWAY("[::1 "), "cannot be followed: [ without ]"},
		{AWAY("mq://"), "cannot be followed: a Server Reference is host or host:port"},
		{AWAY("a@b.c"), "cannot be followed: a Server Reference is host or host:port"},
		{AWAY("     "), "cannot be followed: it is empty"},
		{AWAY(":1883"), "cannot be followed: the host is missing"},
		{AWAY("a:0  "), "cannot be followed: the port is not a number"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct device *d = begin(_i, 3);
		peer_says(rows[i].connack);
		expect_text(d, rows[i].text);
		ck_assert(d->last.permanent);
		comes_back();
		expect_server("broker.test:1883");
		stage_end();
	}
}
END_TEST

START_TEST(a_reference_of_65535_bytes_does_no_harm)
{
	struct device *d = begin(_i, 1);
	static uint8_t packet[65550] = {0x20, 0x87, 0x80, 0x04, 0x00, 0x9C, 0x82, 0x80, 0x04, 0x1C, 0xFF, 0xFF};
	memset(packet + 12, 'a', 65535);
	line_say(stage_line(), packet, 12 + 65535);
	stage_settle();
	expect_text(d, "which cannot be followed: the host is longer than 255 characters");
	stage_end();
}
END_TEST

START_TEST(without_a_reference_nothing_is_followed)
{
	struct device *d = begin(_i, 3);
	peer_says("20 03 00 9C 00");
	ck_assert(d->last.permanent);
	expect_events(d, "RETRY:EMOVED");
	comes_back();
	expect_server("broker.test:1883");
	stage_end();
}
END_TEST

static void add_tests(TCase *t)
{
	SCENE(t, without_the_option_a_reference_is_told_and_not_followed);
	SCENE(t, the_first_reference_is_followed_at_once);
	SCENE(t, use_another_server_holds_for_one_connection);
	SCENE(t, server_moved_holds_for_ever);
	SCENE(t, a_disconnect_sends_away_as_connack_does);
	SCENE(t, of_several_references_each_is_tried_in_its_order);
	SCENE(t, a_moved_server_with_several_references_is_tried_in_turns);
	SCENE(t, the_second_hop_in_a_row_waits_and_there_is_a_last_one);
	SCENE(t, a_useless_reference_of_a_server_one_was_sent_to_leads_back);
	SCENE(t, the_event_has_the_reference_followed_or_not);
	SCENE(t, a_stable_connection_begins_a_new_row);
	SCENE(t, a_reference_that_cannot_be_used_is_told);
	SCENE(t, a_reference_of_65535_bytes_does_no_harm);
	SCENE(t, without_a_reference_nothing_is_followed);
}

Suite *redirect_suite(void)
{
	Suite *s = suite_create("server references");
	TCase *t = tcase_create("server references");
	add_tests(t);
	suite_add_tcase(s, t);
	return s;
}
