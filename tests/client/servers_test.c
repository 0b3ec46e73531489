/* SPDX-License-Identifier: MIT */
/*
 * Several servers: which one is tried next and when, and what is said of it.
 */
#include <stdio.h>
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

static const char *const others[] = {"mqtt://b", "mqtt://c"};

static const struct mqttwill_network any_order = {.flags = MQTTWILL_NET_RANDOM};

/* The lamp with a, b, and c as its servers, or with as many of them. */
static struct mqttwill_options with_servers(size_t count)
{
	struct mqttwill_options o = lamp_options();
	o.url = "mqtt://a";
	o.urls = others;
	o.url_count = count - 1;
	return o;
}

static struct device *begin(int mode, size_t count, const char *dead)
{
	struct mqttwill_options o = with_servers(count);
	stage_begin(mode);
	stage.dead_hosts = dead;
	return device_start(&o);
}

#define expect_server(name) \
	ck_assert_msg((stage_settle(), strcmp(stage_line()->server, name ":1883") == 0), "it goes to %s", stage_line()->server)

/* The next attempt begins when it was announced, not earlier, and there. */
static void comes_to(const struct device *d, const char *server)
{
	size_t lines = line_count();
	ck_assert_uint_gt(d->last.retry_in_ms, 0);
	stage_pass(d->last.retry_in_ms - 1);
	ck_assert_uint_eq(line_count(), lines);
	stage_pass(1);
	ck_assert_uint_gt(line_count(), lines);
	ck_assert_msg(strncmp(line_at(lines)->server, server, strlen(server)) == 0, "it goes to %s", line_at(lines)->server);
}

/* ---- Order and waits ---- */

START_TEST(when_a_server_fails_the_next_one_is_tried_at_once)
{
	struct device *d = begin(_i, 3, "a b");
	expect_events(d, "RETRY:ECONNECT RETRY:ECONNECT");
	ck_assert_uint_eq(d->last.retry_in_ms, 0);
	ck_assert(!d->last.permanent);
	expect_text(d, "refused (mqtt://b:1883); next is mqtt://c:1883, at once");
	expect_server("c");
	peer_says(CONNACK5);
	expect_events(d, "UP");
	stage_end();
}
END_TEST

START_TEST(when_all_have_failed_the_one_whose_wait_ends_first_is_waited_for)
{
	static const uint32_t doubled[] = {1000, 2000, 4000, 8000};
	struct mqttwill_options o = with_servers(3);
	stage_begin(_i);
	stage.chance = CHANCE_HIGHEST;
	stage.dead_hosts = "a b c";
	struct device *d = device_start(&o);
	for (size_t i = 0; i < sizeof doubled / sizeof doubled[0]; i++) {
		expect_events(d, "RETRY:ECONNECT RETRY:ECONNECT RETRY:ECONNECT");
		ck_assert_uint_eq(d->last.retry_in_ms, doubled[i]);
		expect_text(d, "(mqtt://c:1883); next is mqtt://a:1883, in ");
		comes_to(d, "a");
	}
	stage_end();
}
END_TEST

START_TEST(each_server_has_a_wait_of_its_own)
{
	struct mqttwill_options o = with_servers(2);
	stage_begin(_i);
	stage.chance = CHANCE_HIGHEST;
	stage.dead_hosts = "a";
	o.backoff_max_ms = 8000;
	struct device *d = device_start(&o);
	for (int i = 0; i < 3; i++) { /* b lets it in, and drops it each time: a refuses meanwhile */
		expect_server("b");
		peer_says(CONNACK5);
		stage_pass(31000);
		forget(d);
		peer_closes();
		expect_events(d, "DOWN:ELOST");
		ck_assert_uint_eq(d->last.retry_in_ms, 1000); /* it was stable */
		expect_text(d, "next is mqtt://b:1883");
		comes_to(d, "b");
	}
	peer_closes(); /* b fails: a is due again, and has failed once before */
	expect_events(d, "RETRY:ELOST RETRY:ECONNECT");
	ck_assert_uint_eq(d->last.retry_in_ms, 2000);
	stage_end();
}
END_TEST

START_TEST(after_a_loss_the_same_server_comes_first_and_then_the_next)
{
	struct device *d = begin(_i, 3, NULL);
	peer_says(CONNACK5);
	stage_pass(31000);
	peer_resets();
	expect_events(d, "UP DOWN:ELOST");
	expect_text(d, "(mqtt://a:1883); next is mqtt://a:1883, in ");
	comes_to(d, "a");
	peer_resets();
	expect_events(d, "RETRY:ELOST");
	ck_assert_uint_eq(d->last.retry_in_ms, 0);
	expect_server("b");
	stage_end();
}
END_TEST

START_TEST(a_server_that_lets_in_and_drops_keeps_nobody_from_the_others)
{
	struct device *d = begin(_i, 2, NULL);
	peer_says(CONNACK5);
	peer_closes();
	comes_to(d, "a");
	peer_says(CONNACK5);
	peer_closes();
	ck_assert_uint_eq(d->last.retry_in_ms, 0);
	expect_server("b");
	stage_end();
}
END_TEST

START_TEST(behind_the_last_server_the_first_comes_again)
{
	struct device *d = begin(_i, 2, "a");
	stage.chance = CHANCE_LOWEST;
	peer_says(CONNACK5);
	stage_pass(31000);
	peer_resets();
	comes_to(d, "b");
	stage.dead_hosts = NULL;
	peer_resets();
	expect_server("a");
	stage_end();
}
END_TEST

START_TEST(a_random_order_has_every_server_once_in_a_round)
{
	unsigned first[3] = {0};
	for (unsigned seed = 0; seed < 60; seed++) {
		struct mqttwill_options o = with_servers(3);
		o.network = &any_order;
		stage_begin(_i);
		dice_init(&stage.dice, seed);
		stage.dead_hosts = "a b c";
		device_start(&o);
		ck_assert_uint_eq(line_count(), 3);
		unsigned seen = 0;
		for (size_t i = 0; i < 3; i++)
			seen |= 1u << (line_at(i)->server[0] - 'a');
		ck_assert_uint_eq(seen, 7);
		first[line_at(0)->server[0] - 'a']++;
		stage_end();
	}
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_gt(first[i], 5);
}
END_TEST

START_TEST(every_round_has_an_order_of_its_own)
{
	unsigned                different = 0;
	struct mqttwill_options o = with_servers(3);
	o.network = &any_order;
	o.backoff_max_ms = 1000;
	stage_begin(_i);
	stage.dead_hosts = "a b c";
	device_start(&o);
	stage_pass(7000);
	for (size_t i = 3; i < line_count(); i++)
		different += line_at(i)->server[0] != line_at(i - 3)->server[0];
	ck_assert_uint_gt(different, 2);
	stage_end();
}
END_TEST

/* ---- What will not mend itself, and take-overs ---- */

START_TEST(a_refusal_for_good_does_not_stop_the_others)
{
	struct device *d = begin(_i, 2, NULL);
	stage.chance = CHANCE_HIGHEST;
	peer_says("20 03 00 86 00");
	ck_assert(!d->last.permanent);
	ck_assert_uint_eq(d->last.retry_in_ms, 0);
	expect_server("b");
	peer_says("20 03 00 88 00");
	expect_events(d, "RETRY:EAUTH RETRY:EBUSY");
	ck_assert(!d->last.permanent);
	ck_assert_uint_eq(d->last.retry_in_ms, 1000); /* b's: a is left alone for a minute */
	comes_to(d, "b");
	peer_says("20 03 00 86 00");
	expect_events(d, "RETRY:EAUTH");
	ck_assert(d->last.permanent);
	expect_text(d, "no server is left that would mend itself");
	stage_end();
}
END_TEST

static void refuse_once_more(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (ev->type == MQTTWILL_RETRY && !ev->permanent)
		broker_refuse_next(stage.broker, 0x8C);
}

START_TEST(connect_returns_an_error_for_good_only_when_every_server_has_one)
{
	for (int good = 0; good < 2; good++) {
		struct mqttwill_options o = with_servers(2);
		stage_begin(_i);
		stage_broker(NULL);
		stage.synchronous = true;
		struct device *d = device_new(&o);
		d->on_event = good ? NULL : refuse_once_more;
		uint64_t start = stage.now_ms;
		broker_refuse_next(stage.broker, 0x86);
		ck_assert_int_eq(mqttwill_connect(d->c, 30000), good ? 0 : MQTTWILL_EAUTH);
		ck_assert_uint_lt(stage.now_ms - start, 500);
		stage_end();
	}
}
END_TEST

START_TEST(who_was_taken_over_stays_away_from_every_server)
{
	struct device *d = begin(_i, 3, NULL);
	stage.chance = CHANCE_HIGHEST;
	peer_says(CONNACK5);
	peer_says("E0 02 8E 00");
	expect_events(d, "UP DOWN:ETAKENOVER");
	ck_assert_uint_eq(d->last.retry_in_ms, 60000);
	comes_to(d, "a");
	peer_resets();
	expect_server("b"); /* the others' time is over as well */
	stage_end();
}
END_TEST

/* ---- What belongs to a server ---- */

static const char *const named_others[] = {"mqtt://ann:two@b", "mqtt://c"};

START_TEST(each_server_gets_the_user_and_the_password_of_its_url)
{
	struct mqttwill_options o = bare_options();
	o.url = "mqtt://bob:one@a";
	o.urls = named_others;
	o.url_count = 2;
	stage_begin(_i);
	device_start(&o);
	expect_bytes("10 26 0004 'MQTT' 05 C0 003C 0B " LIMITS "0004 'lamp' 0003 'bob' 0003 'one'");
	peer_resets();
	expect_server("b");
	expect_bytes("10 26 0004 'MQTT' 05 C0 003C 0B " LIMITS "0004 'lamp' 0003 'ann' 0003 'two'");
	peer_resets();
	expect_bytes("10 1C 0004 'MQTT' 05 00 003C 0B " LIMITS "0004 'lamp'");
	stage_end();
	o.user_name = "me";
	stage_begin(_i);
	device_start(&o);
	expect_bytes("10 25 0004 'MQTT' 05 C0 003C 0B " LIMITS "0004 'lamp' 0002 'me' 0003 'one'");
	peer_resets();
	expect_bytes("10 25 0004 'MQTT' 05 C0 003C 0B " LIMITS "0004 'lamp' 0002 'me' 0003 'two'");
	stage_end();
}
END_TEST

START_TEST(a_wrong_url_or_user_is_named_by_its_place)
{
	static const char *const bad_port[] = {"mqtt://b", "mqtt://c:0"}, *const bad_user[] = {"mqtt://%FF:p@b"};
	static const char *const none[] = {NULL};
	static const struct {
		struct mqttwill_options o;
		int                     error;
		const char             *says;
	} rows[] = {
		{{.url = "mqtt://a", .urls = bad_port, .url_count = 2}, MQTTWILL_EURL, "urls[1]: "},
		{{.url = "mqtt://a", .urls = bad_user, .url_count = 1}, 0, "urls[0]: "},
		{{.url = "mqtt://a", .urls = none, .url_count = 1}, MQTTWILL_EURL, "urls[0]: "},
		{{.url = "mqtt://a", .url_count = 1}, MQTTWILL_EOPTION, "option url_count"},
		{{.url = "mqtt://a", .urls = none, .url_count = 256}, MQTTWILL_EOPTION, "option url_count: 256 is not from 0 to 255"},
		{{.url = "mqtt://u:p@a", .urls = others, .url_count = 1, .auth_method = "SCRAM-SHA-256"}, MQTTWILL_EOPTION,
		 "urls[0]: user_name"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		mqttwill *c;
		int       rc = mqttwill_new(&c, &rows[i].o);
		if (rc == MQTTWILL_EUNSUPPORTED)
			continue;
		ck_assert_msg(rc < 0 && (!rows[i].error || rc == rows[i].error), "row %zu: %d", i, rc);
		ck_assert_msg(strstr(mqttwill_errmsg(NULL, rc), rows[i].says), "row %zu: %s", i, mqttwill_errmsg(NULL, rc));
	}
}
END_TEST

START_TEST(each_server_has_its_own_version)
{
	struct mqttwill_options o = with_servers(2);
	o.version = MQTTWILL_AUTO;
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says("20 02 00 01"); /* a speaks 3.1.1 */
	expect_bytes(CONNECT311);
	peer_says(CONNACK3);
	ck_assert_uint_eq(d->connack.version, MQTTWILL_V311);
	forget(d);
	peer_resets();
	comes_to(d, "a");
	expect_bytes(CONNECT311);
	peer_resets();
	expect_server("b");
	expect_bytes(CONNECT5);
	peer_says(CONNACK5);
	ck_assert_uint_eq(d->connack.version, MQTTWILL_V5);
	peer_resets();
	comes_to(d, "b");
	expect_bytes(CONNECT5);
	stage_pass(60000);
	stage_end();
}
END_TEST

START_TEST(what_one_server_does_not_take_is_not_held_against_another)
{
	struct mqttwill_options o = with_servers(2);
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says("20 05 00 00 02 2400 "); /* a takes QoS 0 only: the will is at QoS 1 */
	forget(d);
	peer_resets();
	comes_to(d, "a");
	expect_text(d, "will: qos"); /* no CONNECT left, and b is asked */
	expect_server("b");
	expect_bytes(CONNECT5);
	peer_says(CONNACK5);
	ck_assert_uint_eq(d->connack.maximum_qos, 2);
	stage_end();
}
END_TEST

/* CONNACK 0x9D with a Server Reference of 5 bytes. */
#define MOVED(ref) "20 0B 00 9D 08 1C 0005 '" ref "' "

START_TEST(a_reference_belongs_to_the_server_that_named_it)
{
	struct mqttwill_options o = with_servers(2);
	o.redirect_maximum = 2;
	o.backoff_max_ms = 1000;
	stage_begin(_i);
	stage.dead_hosts = "other";
	struct device *d = device_start(&o);
	peer_says(MOVED("other"));
	expect_events(d, "RETRY:EMOVED RETRY:ECONNECT");
	expect_text(d, "(mqtt://other:1883); next is mqtt://b:1883, at once");
	expect_server("b");
	stage_pass(2000);
	stage.dead_hosts = NULL;
	peer_resets();
	expect_server("other"); /* a has moved for good */
	stage_end();
}
END_TEST

/* ---- What is told ---- */

static struct mqttwill_reached way;
static char                    way_server[64], way_text[200];

static void keep_way(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (ev->type != MQTTWILL_UP)
		return;
	ck_assert_ptr_nonnull(ev->reached);
	way = *ev->reached;
	snprintf(way_server, sizeof way_server, "%s", way.server);
	snprintf(way_text, sizeof way_text, "%s", ev->text);
}

START_TEST(up_says_which_server_was_reached)
{
	struct mqttwill_options o = with_servers(2);
	o.url = "mqtt://bob:secret@a";
	stage_begin(_i);
	struct device *d = device_new(&o);
	d->on_event = keep_way;
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	stage_settle();
	peer_says(CONNACK5);
	ck_assert_str_eq(way_server, "mqtt://a:1883");
	ck_assert_str_eq(way_text, "connected to mqtt://a:1883");
	ck_assert_ptr_null(way.tls_version);
	ck_assert_uint_eq(way.insecure, 0);
	stage_end();
}
END_TEST

START_TEST(a_loss_says_how_far_it_had_come)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	stage.next_open = LINE_REFUSES;
	struct device *d = device_start(&o);
	ck_assert_uint_eq(d->last.phase, MQTTWILL_PHASE_CONNECT);
	stage.next_open = LINE_HANGS;
	stage_pass(60000);
	ck_assert_uint_eq(d->last.phase, MQTTWILL_PHASE_CONNECT);
	ck_assert_int_eq(d->last.error, MQTTWILL_ETIMEOUT);
	stage.next_open = LINE_OPENS;
	lamp_comes_back();
	stage_pass(15000);
	ck_assert_uint_eq(d->last.phase, MQTTWILL_PHASE_CONNACK);
	lamp_comes_back();
	peer_says(CONNACK5);
	peer_resets();
	ck_assert_uint_eq(d->last.phase, MQTTWILL_PHASE_UP);
	stage_end();
}
END_TEST

static void add_tests(TCase *t)
{
	SCENE(t, when_a_server_fails_the_next_one_is_tried_at_once);
	SCENE(t, when_all_have_failed_the_one_whose_wait_ends_first_is_waited_for);
	SCENE(t, each_server_has_a_wait_of_its_own);
	SCENE(t, after_a_loss_the_same_server_comes_first_and_then_the_next);
	SCENE(t, a_server_that_lets_in_and_drops_keeps_nobody_from_the_others);
	SCENE(t, behind_the_last_server_the_first_comes_again);
	SCENE(t, a_random_order_has_every_server_once_in_a_round);
	SCENE(t, every_round_has_an_order_of_its_own);
	SCENE(t, a_refusal_for_good_does_not_stop_the_others);
	SCENE(t, connect_returns_an_error_for_good_only_when_every_server_has_one);
	SCENE(t, who_was_taken_over_stays_away_from_every_server);
	SCENE(t, each_server_gets_the_user_and_the_password_of_its_url);
	SCENE(t, each_server_has_its_own_version);
	SCENE(t, what_one_server_does_not_take_is_not_held_against_another);
	SCENE(t, a_reference_belongs_to_the_server_that_named_it);
	SCENE(t, up_says_which_server_was_reached);
	SCENE(t, a_loss_says_how_far_it_had_come);
	tcase_add_test(t, a_wrong_url_or_user_is_named_by_its_place);
}

Suite *servers_suite(void)
{
	Suite *s = suite_create("servers");
	TCase *t = tcase_create("servers");
	add_tests(t);
	suite_add_tcase(s, t);
	return s;
}
