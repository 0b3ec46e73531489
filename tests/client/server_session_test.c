/* SPDX-License-Identifier: MIT */
/*
 * A session belongs to the server that keeps it: what another one has under the same client id is not taken for it, and
 * nothing is lost over that. [Promise 7]
 */
#include <stdio.h>
#include <string.h>

#include "client/disk.h"
#include "client/scenes.h"
#include "client/suites.h"

static const char *const other[] = {"mqtt://b"};

static struct mqttwill_options lasting(void)
{
	struct mqttwill_options o = bare_options();
	o.url = "mqtt://a";
	o.urls = other;
	o.url_count = 1;
	o.session_expiry_s = 600;
	return o;
}

#define expect_server(name) \
	ck_assert_msg((stage_settle(), strcmp(stage_line()->server, name ":1883") == 0), "it goes to %s", stage_line()->server)

#define CONNECT_BARE(flags) "10 21 0004 'MQTT' 05 " flags " 003C 10 11 00000258 " LIMITS "0004 'lamp' "
#define END_SESSION "E0 07 00 05 11 00000000 "

/* Connected with a, subscribed there to "s", with a message at QoS 1 on its way; then a is gone, and b is asked. */
static struct device *fail_over(const struct mqttwill_options *o, int mode)
{
	stage_begin(mode);
	struct device *d = device_start(o);
	forget(d);
	peer_says(CONNACK5);
	device_subscribe(d, "s", 1);
	forget(d);
	peer_says("90 04 0001 00 01");
	device_publish(d, "t", "x", 1);
	expect_bytes(TELL5("0002", "x"));
	forget(d);
	stage.dead_hosts = "a";
	peer_resets();
	stage_pass(1000);
	expect_server("b");
	forget(d);
	return d;
}

START_TEST(what_another_server_does_not_know_is_made_there_anew)
{
	struct mqttwill_options o = lasting();
	struct device          *d = fail_over(&o, _i);
	peer_says(CONNACK5);
	expect_bytes("82 07 0003 00 0001 's' 01" TELL5("0004", "x"));
	peer_says(PUBACK("0004"));
	expect_events(d, "UP DONE(2)");
	stage_end();
}
END_TEST

static char note[400];

static void keep_note(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (ev->type == MQTTWILL_NOTE)
		snprintf(note, sizeof note, "%s", ev->text);
}

START_TEST(a_session_that_another_server_has_is_not_taken_for_ours)
{
	struct mqttwill_options o = lasting();
	struct device          *d = fail_over(&o, _i);
	d->on_event = keep_note;
	peer_says(CONNACK5_PRESENT);
	expect_bytes(END_SESSION);
	expect_events(d, "NOTE");
	ck_assert_ptr_nonnull(strstr(note, "mqtt://b:1883 has a session of this client id"));
	peer_closes();
	expect_server("b");
	expect_bytes(CONNECT_BARE("02"));
	peer_says(CONNACK5);
	expect_bytes("82 07 0003 00 0001 's' 01" TELL5("0004", "x"));
	expect_events(d, "UP");
	stage_end();
}
END_TEST

START_TEST(the_session_that_was_left_behind_is_not_gone_back_to)
{
	struct mqttwill_options o = lasting();
	struct device          *d = fail_over(&o, _i);
	peer_says(CONNACK5);
	peer_says("90 04 0003 00 01" PUBACK("0004"));
	stage.dead_hosts = "b";
	stage_pass(31000);
	forget(d);
	peer_resets();
	stage_pass(1000);
	expect_server("a");
	expect_bytes(CONNECT_BARE("00"));
	peer_says(CONNACK5_PRESENT); /* of the first connection, whose state has gone on at b */
	expect_bytes(END_SESSION);
	stage_end();
}
END_TEST

START_TEST(the_servers_own_session_is_resumed_though_another_was_asked_meanwhile)
{
	struct mqttwill_options o = lasting();
	struct device          *d = fail_over(&o, _i);
	peer_says("20 03 00 88 00"); /* b does not let it in */
	stage.dead_hosts = "b";
	stage_pass(2000);
	expect_server("a");
	forget(d);
	peer_says(CONNACK5_PRESENT);
	expect_bytes("3A 07 0001 't' 0002 00 'x' 82 07 0003 00 0001 's' 01"); /* a CONNECT without success leaves a doubt */
	expect_events(d, "UP(resumed)");
	stage_end();
}
END_TEST

START_TEST(rejoin_always_takes_the_session_up_and_subscribes_again)
{
	struct mqttwill_options o = lasting();
	o.rejoin = MQTTWILL_REJOIN_ALWAYS;
	struct device *d = fail_over(&o, _i);
	peer_says(CONNACK5_PRESENT);
	expect_bytes("3A 07 0001 't' 0002 00 'x' 82 07 0003 00 0001 's' 01");
	expect_events(d, "UP(resumed)");
	stage_end();
}
END_TEST

START_TEST(in_mqtt_3_1_another_server_is_not_believed_to_know_us)
{
	struct mqttwill_options o = lasting();
	o.version = MQTTWILL_V31;
	o.session_expiry_s = 0;
	o.rejoin = MQTTWILL_REJOIN_ALWAYS;
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK3);
	device_subscribe(d, "s", 1);
	peer_says("90 03 0001 01");
	forget(d);
	stage.dead_hosts = "a";
	peer_resets();
	stage_pass(1000);
	forget(d);
	peer_says(CONNACK3);
	ck_assert_uint_eq(stage_line()->up_len - stage_line()->up_read, 8);
	ck_assert_uint_eq(stage_line()->up[stage_line()->up_read], 0x82); /* under any identifier */
	stage_end();
}
END_TEST

/* Clean Start 1 is for the session that was just ended; at another server it would have a pending will published. */
START_TEST(a_clean_start_is_not_carried_to_another_server)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says(CONNACK5_PRESENT);
	expect_bytes(END_SESSION);
	stage.dead_hosts = "a";
	peer_closes();
	expect_server("b");
	expect_bytes(CONNECT_BARE("00"));
	stage_end();
}
END_TEST

/* ---- Assigned client ids ---- */

#define ASSIGNED(id) "20 08 00 00 05 12 0002 '" id "' "

START_TEST(an_assigned_client_id_is_of_the_server_that_chose_it)
{
	struct mqttwill_options o = lasting();
	o.client_id = NULL;
	stage_begin(_i);
	stage.chance = CHANCE_HIGHEST;
	struct device *d = device_start(&o);
	peer_says(ASSIGNED("aa"));
	forget(d);
	stage.dead_hosts = "a";
	peer_resets();
	stage_pass(1000);
	expect_server("b");
	expect_bytes("10 1D 0004 'MQTT' 05 00 003C 10 11 00000258 " LIMITS "0000");
	stage.dead_hosts = "b";
	peer_resets(); /* before b has said a word */
	stage_pass(3000);
	expect_server("a");
	expect_bytes("10 1F 0004 'MQTT' 05 00 003C 10 11 00000258 " LIMITS "0002 'aa'");
	stage_end();
}
END_TEST

/* ---- Wills ---- */

static const struct mqttwill_presence delayed = {.topic = "lamp/status", .delay_s = 300};

START_TEST(closed_tells_of_the_will_that_another_server_has_yet_to_publish)
{
	struct mqttwill_options o = lasting();
	o.presence = &delayed;
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	stage.dead_hosts = "a";
	peer_resets();
	stage_pass(1000);
	expect_server("b");
	peer_says(CONNACK5);
	peer_says(PUBACK("0001"));
	stage_pass(39000);
	forget(d);
	device_close(d, MQTTWILL_GOODBYE_SILENT);
	peer_closes();
	expect_events(d, "CLOSED(clean due 260)");
	stage_end();
}
END_TEST

START_TEST(a_new_will_goes_to_the_server_that_is_in_use)
{
	static const struct mqttwill_will gone = {.topic = "lamp/status", .text = "gone", .delay_s = 300, .qos = 1, .retain = true};
	struct mqttwill_options           o = lasting();
	o.presence = &delayed;
	stage_begin(_i);
	stage.dead_hosts = "a";
	struct device *d = device_start(&o);
	expect_server("b");
	peer_says(CONNACK5);
	peer_says(PUBACK("0001"));
	stage.dead_hosts = NULL;
	ck_assert_int_eq(mqttwill_update_will(d->c, &gone, 0), MQTTWILL_PENDING);
	stage_settle();
	ck_assert_uint_eq(line_count(), 3);
	ck_assert_str_eq(line_at(2)->server, "b:1883");
	stage_end();
}
END_TEST

/* ---- A store ---- */

static struct disk disk;

/* A process that was connected with a, and another one that finds what it has kept. */
static struct device *restart(const struct mqttwill_options *first, const struct mqttwill_options *then, int mode)
{
	stage_begin(mode);
	disk_init(&disk);
	struct device *d = device_new(first);
	ck_assert_int_eq(client_keep(&d->c->client, &disk.store), 0);
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	stage_settle();
	peer_says(CONNACK5);
	forget(d);
	disk.dead = true;
	device_free(d);
	disk_restart(&disk);
	d = device_new(then);
	ck_assert_int_eq(client_keep(&d->c->client, &disk.store), 0);
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	stage_settle();
	return d;
}

START_TEST(a_kept_session_is_resumed_with_the_server_that_has_it_alone)
{
	static const char *const reversed[] = {"mqtt://a"};
	struct mqttwill_options  o = lasting(), then = lasting();
	then.url = "mqtt://b";
	then.urls = reversed;
	struct device *d = restart(&o, &then, _i);
	expect_server("b");
	forget(d);
	peer_says(CONNACK5_PRESENT);
	expect_bytes(END_SESSION);
	stage_end();
	d = restart(&o, &o, _i);
	expect_server("a");
	forget(d);
	peer_says(CONNACK5_PRESENT);
	expect_events(d, "UP(resumed)");
	stage_end();
}
END_TEST

static void add_tests(TCase *t)
{
	SCENE(t, what_another_server_does_not_know_is_made_there_anew);
	SCENE(t, a_session_that_another_server_has_is_not_taken_for_ours);
	SCENE(t, the_session_that_was_left_behind_is_not_gone_back_to);
	SCENE(t, the_servers_own_session_is_resumed_though_another_was_asked_meanwhile);
	SCENE(t, rejoin_always_takes_the_session_up_and_subscribes_again);
	SCENE(t, in_mqtt_3_1_another_server_is_not_believed_to_know_us);
	SCENE(t, a_clean_start_is_not_carried_to_another_server);
	SCENE(t, an_assigned_client_id_is_of_the_server_that_chose_it);
	SCENE(t, closed_tells_of_the_will_that_another_server_has_yet_to_publish);
	SCENE(t, a_new_will_goes_to_the_server_that_is_in_use);
	SCENE(t, a_kept_session_is_resumed_with_the_server_that_has_it_alone);
}

Suite *server_session_suite(void)
{
	Suite *s = suite_create("sessions of servers");
	TCase *t = tcase_create("sessions of servers");
	add_tests(t);
	suite_add_tcase(s, t);
	return s;
}
