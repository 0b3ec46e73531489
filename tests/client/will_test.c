/* SPDX-License-Identifier: MIT */
/*
 * W1: every CONNECT of a client with presence carries its will, made and checked for that very CONNECT; where the check
 * fails the attempt is over, with an event and without a byte.
 */
#include <stdio.h>

#include "client/scenes.h"
#include "client/suites.h"

START_TEST(every_connect_carries_the_will)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	device_start(&o);
	expect_bytes(CONNECT5);
	for (int i = 0; i < 5; i++) {
		peer_resets();
		stage_pass(120000);
		expect_bytes(CONNECT5);
		stage_line()->up_read = 0;
	}
	stage_end();
}
END_TEST

START_TEST(the_will_has_the_form_of_each_version)
{
	static const struct {
		uint32_t    version;
		const char *bytes;
	} rows[] = {{MQTTWILL_V5, CONNECT5}, {MQTTWILL_V311, CONNECT311}, {MQTTWILL_V31, CONNECT31}};
	for (size_t i = 0; i < 3; i++) {
		struct mqttwill_options o = lamp_options();
		o.version = rows[i].version;
		stage_begin(_i);
		device_start(&o);
		expect_bytes(rows[i].bytes);
		stage_end();
	}
}
END_TEST

/* Makes "attempt N at T of BOOT for ID". */
static int count_attempts(void *user, const struct mqttwill_attempt *a, struct mqttwill_will *will)
{
	static char payload[100];
	(void)user;
	snprintf(payload, sizeof payload, "%d %lld %s %s", (int)a->number, (long long)(a->unix_ms - FAKE_UNIX_MS),
	         a->boot_id, a->client_id);
	will->text = payload;
	will->payload = NULL;
	will->payload_len = 0;
	return 0;
}

START_TEST(a_function_makes_the_will_of_each_attempt)
{
	struct mqttwill_options o = lamp_options();
	o.will_fn = count_attempts;
	o.backoff_min_ms = o.backoff_max_ms = 1000;
	stage_begin(_i);
	stage.chance = CHANCE_HIGHEST;
	device_start(&o);
	expect_bytes("10 44 0004 'MQTT' 05 2C 003C 0B " LIMITS "0004 'lamp' 00 000B 'lamp/status' "
	             "0018 '1 1000000 this-boot lamp'");
	peer_resets();
	stage_pass(1000);
	expect_bytes("10 44 0004 'MQTT' 05 2C 003C 0B " LIMITS "0004 'lamp' 00 000B 'lamp/status' "
	             "0018 '2 1001000 this-boot lamp'");
	stage_end();
}
END_TEST

static int bad_wills;

/* The first `bad_wills` attempts have a will that no broker may see. */
static int make_bad_wills(void *user, const struct mqttwill_attempt *a, struct mqttwill_will *will)
{
	(void)user;
	will->topic = a->number <= (unsigned)bad_wills ? "lamp/#" : "lamp/status";
	return 0;
}

START_TEST(a_will_that_fails_its_check_ends_the_attempt_before_a_byte_leaves)
{
	struct mqttwill_options o = lamp_options();
	o.will_fn = make_bad_wills;
	bad_wills = 2;
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes("");
	expect_closed();
	expect_events(d, "RETRY:EWILL");
	expect_text(d, "topic");
	expect_text(d, "MQTT-4.7.0-1");
	ck_assert(d->last.permanent);
	lamp_comes_back();
	ck_assert_uint_eq(stage_line()->up_len, 0);
	expect_events(d, "RETRY:EWILL");
	lamp_comes_back();
	ck_assert_uint_gt(stage_line()->up_len, 0);
	stage_end();
}
END_TEST

static int fail_to_make(void *user, const struct mqttwill_attempt *a, struct mqttwill_will *will)
{
	(void)user;
	(void)a;
	(void)will;
	return MQTTWILL_ESYSTEM;
}

START_TEST(a_function_that_fails_ends_the_attempt_before_a_byte_leaves)
{
	struct mqttwill_options o = lamp_options();
	o.will_fn = fail_to_make;
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes("");
	expect_closed();
	expect_events(d, "RETRY:ESYSTEM");
	stage_end();
}
END_TEST

static int take_it_away(void *user, const struct mqttwill_attempt *a, struct mqttwill_will *will)
{
	(void)user;
	(void)a;
	*will = (struct mqttwill_will){0};
	return 0;
}

START_TEST(a_function_cannot_take_the_will_from_presence)
{
	struct mqttwill_options o = lamp_options();
	o.will_fn = take_it_away;
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes("");
	expect_closed();
	expect_events(d, "RETRY:EWILL");
	stage_end();
}
END_TEST

START_TEST(without_presence_a_function_may_say_that_there_is_no_will)
{
	struct mqttwill_options o = bare_options();
	o.will_fn = take_it_away;
	stage_begin(_i);
	device_start(&o);
	expect_bytes("10 1C 0004 'MQTT' 05 00 003C 0B " LIMITS "0004 'lamp'");
	stage_end();
}
END_TEST

START_TEST(a_static_will_is_refused_when_the_client_is_made)
{
	const struct mqttwill_will will = {.topic = "a\xC0"};
	struct mqttwill_options    o = bare_options();
	mqttwill                  *c = (mqttwill *)&o;
	o.url = "mqtt://broker.test";
	o.will = &will;
	ck_assert_int_eq(mqttwill_new(&c, &o), MQTTWILL_EWILL);
	ck_assert_ptr_null(c);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(NULL, MQTTWILL_EWILL), "topic"));
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(NULL, MQTTWILL_EWILL), "byte 1"));
}
END_TEST

/* What a CONNACK told is held against the will of the next CONNECT. */
static const struct {
	const char *connack, *says;
} limits[] = {
	{"20 05 00 00 02 24 00", "qos"},
	{"20 05 00 00 02 25 00", "retain"},
	{"20 08 00 00 05 27 00000031", "50"}, /* CONNECT has 50 bytes */
};

START_TEST(what_connack_allows_is_remembered_for_the_next_will)
{
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct mqttwill_options o = lamp_options();
		stage_begin(_i);
		struct device *d = device_start(&o);
		forget(d);
		peer_says(limits[i].connack);
		peer_resets();
		forget(d);
		stage_pass(2000);
		ck_assert_uint_eq(line_count(), 2);
		expect_bytes("");
		expect_events(d, "RETRY:EWILL");
		expect_text(d, i == 2 ? "Maximum Packet Size" : limits[i].says);
		stage_end();
	}
}
END_TEST

START_TEST(a_new_will_holds_from_the_next_connect_on)
{
	const struct mqttwill_will will = {.topic = "x", .text = "y"};
	struct mqttwill_options    o = lamp_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	ck_assert_int_eq(mqttwill_set_will(d->c, &will), 0);
	mqttwill_start(d->c);
	stage_settle();
	expect_bytes("10 23 0004 'MQTT' 05 04 003C 0B " LIMITS "0004 'lamp' 00 0001 'x' 0001 'y'");
	peer_says(CONNACK5);
	ck_assert_int_eq(mqttwill_set_will(d->c, NULL), MQTTWILL_PENDING);
	peer_resets();
	stage_pass(2000);
	expect_bytes(CONNECT5);
	stage_end();
}
END_TEST

START_TEST(a_refused_new_will_leaves_the_old_one)
{
	const struct mqttwill_will bad = {.topic = "+", .text = "y"};
	struct mqttwill_options    o = lamp_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	ck_assert_int_eq(mqttwill_set_will(d->c, &bad), MQTTWILL_EWILL);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_EWILL), "topic"));
	mqttwill_start(d->c);
	expect_bytes(CONNECT5);
	stage_end();
}
END_TEST

static const struct mqttwill_user_property users[] = {{.name = "who", .value = "a lamp that has a long story to tell of itself"}};
static const char *const                   longer[] = {"mqtt://a-longer-name:and-a-longer-word@b"};
static const struct mqttwill_will          plain_will = {.topic = "t", .text = "a will of thirty bytes, or so"};

static int say_nothing(void *user, struct mqttwill_auth *step)
{
	(void)user;
	(void)step;
	return 0;
}

static const struct mqttwill_options sized[] = {
	{.url = "mqtt://bob:secret@h"},
	{.url = "mqtt://bob:secret@h", .user_name = "somebody", .password = "else"},
	{.url = "mqtt://a:b@h", .urls = longer, .url_count = 1},
	{.url = "mqtt://a@h", .version = MQTTWILL_V311},
	{.url = "mqtt://h", .user_properties = users, .user_property_count = 1, .session_expiry_s = 7},
	{.url = "mqtt://h", .flags = MQTTWILL_NO_TOPIC_ALIAS | MQTTWILL_WANT_RESPONSE_INFO | MQTTWILL_NO_PROBLEM_INFO},
	{.url = "mqtt://bob@h", .auth_method = "mine", .auth_fn = say_nothing},
	{.url = "mqtt://bob:secret@h", .auth_method = "SCRAM-SHA-256"},
};

/* Of several servers it is the largest: the first one refuses, so that the other gets its CONNECT, too. */
START_TEST(the_check_knows_the_size_of_the_connect_that_leaves)
{
	for (size_t i = 0; i < sizeof sized / sizeof sized[0]; i++) {
		struct mqttwill_options o = sized[i];
		struct mqttwill_report  report;
		mqttwill               *c;
		o.client_id = "lamp";
		o.will = &plain_will;
		if (mqttwill_new(&c, &o) == MQTTWILL_EUNSUPPORTED)
			continue; /* SCRAM without OpenSSL */
		mqttwill_free(c);
		ck_assert_int_eq(mqttwill_will_check(&plain_will, &o, NULL, &report), 0);
		stage_begin(_i);
		device_start(&o);
		if (o.url_count)
			peer_resets();
		ck_assert_msg(stage_line()->up_len == report.connect_size, "row %zu: %zu, not %zu", i, stage_line()->up_len, report.connect_size);
		stage_end();
	}
}
END_TEST

START_TEST(the_check_refuses_what_is_no_url)
{
	static const char *const    bad[] = {"mqtt://h:0"};
	const struct mqttwill_options o = {.url = "mqtt://h", .urls = bad, .url_count = 1}, none = {.url_count = 1};
	ck_assert_int_eq(mqttwill_will_check(&plain_will, &o, NULL, NULL), MQTTWILL_EURL);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(NULL, MQTTWILL_EURL), "urls[0]: "));
	ck_assert_int_eq(mqttwill_will_check(&plain_will, &none, NULL, NULL), MQTTWILL_EOPTION);
}
END_TEST

/* What stands beside the will in CONNECT counts, user properties and credentials no less. */
START_TEST(a_new_will_that_makes_connect_too_large_is_refused)
{
	for (size_t i = 0; i < sizeof sized / sizeof sized[0]; i++) {
		struct mqttwill_options o = sized[i];
		struct mqttwill_report  report;
		uint8_t                 connack[] = {0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 0};
		if (o.version != MQTTWILL_V5 || o.auth_method || o.url_count)
			continue;
		o.client_id = "lamp";
		ck_assert_int_eq(mqttwill_will_check(&plain_will, &o, NULL, &report), 0);
		for (int room = -1; room <= 0; room++) {
			stage_begin(_i);
			struct device *d = device_start(&o);
			connack[9] = (uint8_t)((int)report.connect_size + room);
			line_say(stage_line(), connack, sizeof connack);
			stage_settle();
			ck_assert_msg(mqttwill_set_will(d->c, &plain_will) == (room < 0 ? MQTTWILL_EWILL : MQTTWILL_PENDING), "row %zu", i);
			stage_end();
		}
	}
}
END_TEST

Suite *will_suite(void)
{
	Suite *s = suite_create("will");
	TCase *t = tcase_create("W1");
	SCENE(t, every_connect_carries_the_will);
	SCENE(t, the_will_has_the_form_of_each_version);
	SCENE(t, a_function_makes_the_will_of_each_attempt);
	SCENE(t, a_will_that_fails_its_check_ends_the_attempt_before_a_byte_leaves);
	SCENE(t, a_function_that_fails_ends_the_attempt_before_a_byte_leaves);
	SCENE(t, a_function_cannot_take_the_will_from_presence);
	SCENE(t, without_presence_a_function_may_say_that_there_is_no_will);
	tcase_add_test(t, a_static_will_is_refused_when_the_client_is_made);
	SCENE(t, what_connack_allows_is_remembered_for_the_next_will);
	SCENE(t, a_new_will_holds_from_the_next_connect_on);
	SCENE(t, a_refused_new_will_leaves_the_old_one);
	SCENE(t, the_check_knows_the_size_of_the_connect_that_leaves);
	SCENE(t, a_new_will_that_makes_connect_too_large_is_refused);
	tcase_add_test(t, the_check_refuses_what_is_no_url);
	suite_add_tcase(s, t);
	return s;
}
