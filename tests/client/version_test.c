/* SPDX-License-Identifier: MIT */
/*
 * MQTTWILL_AUTO: which version is spoken with whom, and by which signs.
 */
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

static struct mqttwill_options auto_lamp(void)
{
	struct mqttwill_options o = lamp_options();
	o.version = MQTTWILL_AUTO;
	return o;
}

/* A broker that speaks these levels, and refuses the others in this way. */
static void broker_of(uint8_t levels, uint8_t how)
{
	const struct broker_options o = {.levels = levels, .version_refusal = how};
	stage_broker(&o);
}

enum { ONLY_31 = 1 << LEVEL_31, ONLY_311 = 1 << LEVEL_311, OLD = ONLY_31 | ONLY_311, ONLY_5 = 1 << LEVEL_5 };

static const struct row {
	uint8_t     levels, how;
	const char *events;
	uint8_t     version;
	uint8_t     lines;
} rows[] = {
	{0, 0, "UP ONLINE", MQTTWILL_V5, 1},
	{OLD, BROKER_REFUSES_IN_KIND, "RETRY:EVERSION UP ONLINE", MQTTWILL_V311, 2},
	{OLD, BROKER_REFUSES_AS_311, "RETRY:EVERSION UP ONLINE", MQTTWILL_V311, 2},
	{OLD, BROKER_REFUSES_BY_CLOSING, "RETRY:EVERSION UP ONLINE", MQTTWILL_V311, 2},
	{ONLY_31, BROKER_REFUSES_IN_KIND, "RETRY:EVERSION RETRY:EVERSION UP ONLINE", MQTTWILL_V31, 3},
	{ONLY_31, BROKER_REFUSES_AS_311, "RETRY:EVERSION RETRY:EVERSION UP ONLINE", MQTTWILL_V31, 3},
	{ONLY_31, BROKER_REFUSES_AS_5, "RETRY:EVERSION RETRY:EVERSION UP ONLINE", MQTTWILL_V31, 3},
	{ONLY_31, BROKER_REFUSES_BY_CLOSING, "RETRY:EVERSION RETRY:EVERSION UP ONLINE", MQTTWILL_V31, 3},
};

START_TEST(the_newest_version_that_the_broker_speaks_is_found_at_once)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct mqttwill_options o = auto_lamp();
		stage_begin(_i);
		broker_of(rows[i].levels, rows[i].how);
		struct device *d = device_start(&o);
		expect_events(d, rows[i].events);
		ck_assert_uint_eq(d->connack.version, rows[i].version);
		ck_assert_uint_eq(line_count(), rows[i].lines);
		stage_end();
	}
}
END_TEST

START_TEST(each_version_is_told_before_the_next_is_tried)
{
	struct mqttwill_options o = auto_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes(CONNECT5);
	peer_says("20 02 00 01");
	expect_events(d, "RETRY:EVERSION");
	expect_text(d, "MQTT 3.1.1 is tried at once");
	ck_assert(!d->last.permanent);
	ck_assert_uint_eq(d->last.retry_in_ms, 0);
	ck_assert_uint_eq(d->last.reason_code, 0x84);
	expect_bytes(CONNECT311);
	peer_says("20 02 00 01");
	expect_events(d, "RETRY:EVERSION");
	expect_text(d, "MQTT 3.1 is tried at once");
	expect_bytes(CONNECT31);
	peer_says("20 02 00 01");
	expect_events(d, "RETRY:EVERSION"); /* there is no other */
	ck_assert(d->last.permanent);
	ck_assert_uint_gt(d->last.retry_in_ms, 0);
	ck_assert_ptr_null(strstr(d->text, "at once"));
	stage_pass(120000);
	expect_bytes(CONNECT5);
	stage_end();
}
END_TEST

static const struct {
	const char *says, *event;
} no_signs[] = {
	{"20 02 00 03", "RETRY:EBUSY"},      {"20 02 00 04", "RETRY:EAUTH"}, {"20 02 00 05", "RETRY:EAUTH"},
	{"20 03 00 86 00", "RETRY:EAUTH"},   {"20 03 00 89 00", "RETRY:EBUSY"}, {"20 03 00 81 00", "RETRY:EREFUSED"},
	{"20 03 00 05 00", "RETRY:EPROTOCOL"}, {"D0 00", "RETRY:EPROTOCOL"},
};

START_TEST(other_refusals_are_no_sign_of_an_older_version)
{
	for (size_t i = 0; i < sizeof no_signs / sizeof no_signs[0]; i++) {
		struct mqttwill_options o = auto_lamp();
		stage_begin(_i);
		struct device *d = device_start(&o);
		forget(d);
		peer_says(no_signs[i].says);
		expect_events(d, no_signs[i].event);
		ck_assert_uint_gt(d->last.retry_in_ms, 0);
		stage_pass(d->last.retry_in_ms);
		expect_bytes(CONNECT5);
		stage_end();
	}
}
END_TEST

START_TEST(a_broker_that_is_down_or_silent_is_no_sign_of_an_older_version)
{
	for (int open = LINE_OPENS; open <= LINE_HANGS; open++) {
		struct mqttwill_options o = auto_lamp();
		stage_begin(_i);
		stage.next_open = (uint8_t)open;
		stage.chance = CHANCE_HIGHEST;
		struct device *d = device_start(&o);
		stage_pass(15000);
		expect_events(d, open == LINE_REFUSES ? "RETRY:ECONNECT RETRY:ECONNECT RETRY:ECONNECT RETRY:ECONNECT RETRY:ECONNECT"
		                                      : "RETRY:ETIMEOUT");
		stage.next_open = LINE_OPENS;
		lamp_comes_back();
		stage_line()->up_read = 0;
		expect_bytes(CONNECT5);
		stage_end();
	}
}
END_TEST

/* Half a CONNACK is an answer. */
START_TEST(a_close_within_an_answer_is_no_sign_of_an_older_version)
{
	struct mqttwill_options o = auto_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says("20 03 00");
	peer_closes();
	expect_events(d, "RETRY:ELOST");
	stage_end();
}
END_TEST

START_TEST(a_broker_that_closes_on_every_version_is_met_with_the_newest_again)
{
	struct mqttwill_options o = auto_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes(CONNECT5);
	peer_closes();
	expect_bytes(CONNECT311);
	peer_resets();
	expect_bytes(CONNECT31);
	peer_closes();
	expect_events(d, "RETRY:EVERSION RETRY:EVERSION RETRY:ELOST");
	ck_assert_uint_gt(d->last.retry_in_ms, 0);
	stage_pass(d->last.retry_in_ms);
	expect_bytes(CONNECT5);
	peer_says(CONNACK5);
	expect_events(d, "UP");
	stage_end();
}
END_TEST

START_TEST(what_was_found_out_holds_for_the_next_connections)
{
	struct mqttwill_options o = auto_lamp();
	stage_begin(_i);
	broker_of(OLD, BROKER_REFUSES_BY_CLOSING);
	struct device *d = device_start(&o);
	forget(d);
	for (int i = 0; i < 3; i++) {
		cut_line();
		stage_pass(60000);
		expect_events(d, "DOWN:ELOST UP ONLINE");
		ck_assert_uint_eq(d->connack.version, MQTTWILL_V311);
	}
	ck_assert_uint_eq(line_count(), 5);
	stage_end();
}
END_TEST

START_TEST(who_has_answered_before_may_close_without_a_word)
{
	struct mqttwill_options o = auto_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	lamp_welcome(d, CONNACK5, "0001");
	peer_resets();
	lamp_comes_back();
	peer_closes();
	expect_events(d, "DOWN:ELOST RETRY:ELOST");
	lamp_comes_back();
	stage_line()->up_read = 0;
	expect_bytes(CONNECT5);
	stage_end();
}
END_TEST

START_TEST(when_the_version_found_is_refused_all_is_found_out_anew)
{
	struct mqttwill_options o = auto_lamp();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says("20 02 00 01");
	forget(d);
	lamp_welcome(d, CONNACK3, "0001");
	peer_resets();
	lamp_comes_back();
	stage_line()->up_read = 0;
	expect_bytes(CONNECT311);
	peer_says("20 03 00 84 00");
	expect_events(d, "DOWN:ELOST RETRY:EVERSION");
	expect_bytes(CONNECT5);
	peer_says(CONNACK5);
	expect_events(d, "UP");
	ck_assert_uint_eq(d->connack.version, MQTTWILL_V5);
	stage_end();
}
END_TEST

static int prove(void *user, struct mqttwill_auth *step)
{
	(void)user;
	(void)step;
	return 0;
}

static const struct obstacle {
	struct mqttwill_options o;
	const char             *says;
	uint8_t                 tried;
} obstacles[] = {
	{{.client_id = "lamp", .auth_method = "m", .auth_fn = prove}, "auth_method", 1},
	{{.client_id = "lamp", .password = "p"}, "MQTT-3.1.2-22", 1},
	{{.rejoin = MQTTWILL_REJOIN_ALWAYS}, "MQTT-3.1.3-7", 1},
	{{.client_id = NULL}, "client_id of 1 to 23", 2},
	{{.client_id = "a-lamp-with-a-longer-name"}, "client_id of 1 to 23", 2},
};

START_TEST(an_option_that_an_older_version_does_not_have_ends_the_search)
{
	for (size_t i = 0; i < sizeof obstacles / sizeof obstacles[0]; i++) {
		struct mqttwill_options o = obstacles[i].o;
		o.version = MQTTWILL_AUTO;
		stage_begin(_i);
		struct device *d = device_start(&o);
		for (uint8_t n = 1; n < obstacles[i].tried; n++)
			peer_says("20 02 00 01");
		forget(d);
		peer_says("20 02 00 01");
		expect_events(d, "RETRY:EVERSION");
		expect_text(d, obstacles[i].says);
		ck_assert(d->last.permanent);
		ck_assert_uint_eq(line_count(), obstacles[i].tried);
		stage_end();
	}
}
END_TEST

START_TEST(without_auto_no_other_version_is_tried)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	broker_of(OLD, BROKER_REFUSES_AS_311);
	struct device *d = device_start(&o);
	expect_events(d, "RETRY:EVERSION");
	ck_assert(d->last.permanent);
	ck_assert_uint_eq(line_count(), 1);
	stage_end();
}
END_TEST

START_TEST(what_may_be_in_flight_follows_the_version)
{
	struct mqttwill_options o = bare_options();
	o.version = MQTTWILL_AUTO;
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says("20 02 00 01");
	forget(d);
	for (int i = 0; i < 25; i++)
		device_publish(d, "t", "a", 1);
	peer_says(CONNACK3);
	ck_assert_uint_eq(d->c->client.flight.open, 20);
	stage_end();
}
END_TEST

#define expect_server(name) ck_assert_str_eq(stage_line()->server, name)

START_TEST(each_server_is_asked_for_its_own_version)
{
	struct mqttwill_options o = auto_lamp();
	o.redirect_maximum = 1;
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says("20 0B 00 9C 08 1C 0005 'other'");
	expect_server("other:1883");
	expect_bytes(CONNECT5);
	peer_says("20 03 00 84 00"); /* the other server speaks 3.1.1 */
	expect_server("other:1883");
	expect_bytes(CONNECT311);
	peer_says(CONNACK3);
	expect_events(d, "RETRY:EMOVED RETRY:EVERSION UP");
	peer_resets();
	lamp_comes_back(); /* to the first one */
	expect_server("broker.test:1883");
	stage_line()->up_read = 0;
	expect_bytes(CONNECT5);
	stage_end();
}
END_TEST

Suite *version_suite(void)
{
	Suite *s = suite_create("version");
	TCase *t = tcase_create("auto");
	SCENE(t, the_newest_version_that_the_broker_speaks_is_found_at_once);
	SCENE(t, each_version_is_told_before_the_next_is_tried);
	SCENE(t, other_refusals_are_no_sign_of_an_older_version);
	SCENE(t, a_broker_that_is_down_or_silent_is_no_sign_of_an_older_version);
	SCENE(t, a_close_within_an_answer_is_no_sign_of_an_older_version);
	SCENE(t, a_broker_that_closes_on_every_version_is_met_with_the_newest_again);
	SCENE(t, what_was_found_out_holds_for_the_next_connections);
	SCENE(t, who_has_answered_before_may_close_without_a_word);
	SCENE(t, when_the_version_found_is_refused_all_is_found_out_anew);
	SCENE(t, an_option_that_an_older_version_does_not_have_ends_the_search);
	SCENE(t, without_auto_no_other_version_is_tried);
	SCENE(t, what_may_be_in_flight_follows_the_version);
	SCENE(t, each_server_is_asked_for_its_own_version);
	suite_add_tcase(s, t);
	return s;
}
