/* SPDX-License-Identifier: MIT */
/*
 * What an older version or the broker's limits take from CONNECT, the will, presence and what waits: with MQTTWILL_ADAPT it is
 * left out and told, without it refused; nothing is sent wrong.
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

static const struct mqttwill_user_property users[] = {{.name = "n", .value = "v"}};

static int64_t tell(struct device *d, const struct mqttwill_message *m)
{
	return device_token(d, mqttwill_publish(d->c, m), m->qos > 0 || m->want_done);
}

/* ---- What an older version lacks ---- */

static const struct mqttwill_presence late_status = {.topic = "lamp/status", .delay_s = 5};

START_TEST(a_will_that_relies_on_its_delay_is_not_sent_without_it)
{
	struct mqttwill_options o = auto_lamp();
	o.presence = &late_status;
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says("20 02 00 01");
	expect_events(d, "RETRY:EVERSION RETRY:EWILL");
	ck_assert(d->last.permanent);
	expect_text(d, "delay_s");
	expect_text(d, "does not speak MQTT 5");
	expect_bytes("");
	stage_pass(60000);
	ck_assert_uint_eq(stage_line()->up[8], LEVEL_5); /* the broker may have learnt it */
	stage_end();
}
END_TEST

START_TEST(a_session_that_should_outlive_its_connection_is_not_given_up_unasked)
{
	struct mqttwill_options o = auto_lamp();
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says("20 02 00 01");
	expect_events(d, "RETRY:EVERSION RETRY:EUNSUPPORTED");
	ck_assert(d->last.permanent);
	expect_text(d, "session_expiry_s");
	expect_bytes("");
	stage_end();
}
END_TEST

START_TEST(with_adapt_the_will_goes_without_its_properties_and_each_is_told)
{
	const struct mqttwill_will will = {
		.topic = "w", .text = "x", .content_type = "c", .response_topic = "r", .correlation_data = "d",
		.correlation_data_len = 1, .user_properties = users, .user_property_count = 1, .delay_s = 7,
		.has = MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT, .message_expiry_s = 9, .payload_format = 1,
	};
	struct mqttwill_options o = bare_options();
	o.will = &will;
	stage_begin(_i);
	struct device *d = lamp_adapting(&o);
	peer_says("20 02 00 01");
	expect_bytes("10 16 0004 'MQTT' 04 06 003C 0004 'lamp' 0001 'w' 0001 'x'");
	expect_events(d, "RETRY:EVERSION WILL:EUNSUPPORTED");
	expect_note("user_properties, correlation_data, response_topic, content_type, payload_format, message_expiry_s, delay_s");
	expect_note("delay_s was 7");
	expect_note("MQTT 3.1.1");
	forget_notes();
	peer_says(CONNACK3);
	peer_resets();
	lamp_comes_back();
	stage_line()->up_read = 0;
	expect_bytes("10 16 0004 'MQTT' 04 06 003C 0004 'lamp' 0001 'w' 0001 'x'");
	expect_events(d, "UP DOWN:ELOST"); /* it was told once */
	expect_no_note();
	stage_end();
}
END_TEST

START_TEST(with_adapt_the_session_ends_with_the_connection_and_that_is_told)
{
	struct mqttwill_options o = lamp_options();
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = lamp_adapting(&o);
	peer_says("20 02 00 01");
	expect_bytes(CONNECT311); /* Clean Session 1 */
	expect_events(d, "RETRY:EVERSION NOTE:EUNSUPPORTED");
	expect_note("session_expiry_s, which was 60");
	expect_note("ends with the connection");
	ck_assert_uint_eq(d->last.packet_type, 1);
	peer_says(CONNACK3);
	expect_events(d, "UP");
	ck_assert_uint_eq(d->connack.session_expiry_s, 0);
	stage_end();
}
END_TEST

START_TEST(user_properties_of_connect_are_not_lost_unasked)
{
	struct mqttwill_options o = bare_options();
	o.user_properties = users;
	o.user_property_count = 1;
	stage_begin(_i);
	struct device *d = lamp_adapting(&o);
	peer_says("20 02 00 01");
	expect_bytes("10 10 0004 'MQTT' 04 02 003C 0004 'lamp'");
	expect_events(d, "RETRY:EVERSION NOTE:EUNSUPPORTED");
	expect_note("user_properties");
	device_free(d);
	o.version = MQTTWILL_AUTO;
	d = device_start(&o);
	forget(d);
	peer_says("20 02 00 01");
	expect_events(d, "RETRY:EVERSION RETRY:EUNSUPPORTED");
	expect_text(d, "user_properties");
	expect_bytes("");
	stage_end();
}
END_TEST

START_TEST(with_adapt_and_rejoin_always_the_session_stays)
{
	struct mqttwill_options o = bare_options();
	o.session_expiry_s = 60;
	o.rejoin = MQTTWILL_REJOIN_ALWAYS;
	stage_begin(_i);
	struct device *d = lamp_adapting(&o);
	peer_says("20 02 00 01");
	expect_bytes("10 10 0004 'MQTT' 04 00 003C 0004 'lamp'");
	expect_note("as long as the broker keeps it");
	(void)d;
	stage_end();
}
END_TEST

/* ---- The broker's limits ---- */

static const struct {
	const char *refusal, *connect, *connack, *says;
} refused[] = {
	{"20 03 00 9A 00", "10 33 0004 'MQTT' 05 0C 003C 0B " LIMITS "0004 'lamp' 00 " LAMP_WILL, CONNACK5, "retain is cleared"},
	{"20 03 00 9B 00", "10 33 0004 'MQTT' 05 24 003C 0B " LIMITS "0004 'lamp' 00 " LAMP_WILL, CONNACK5, "qos 1 is lowered to 0"},
	{"20 05 00 9B 02 2400", "10 33 0004 'MQTT' 05 24 003C 0B " LIMITS "0004 'lamp' 00 " LAMP_WILL, CONNACK5, "qos 1 is lowered to 0"},
};

START_TEST(with_adapt_a_refused_will_is_offered_again_at_once_as_the_broker_takes_it)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct mqttwill_options o = lamp_options();
		stage_begin(_i);
		struct device *d = lamp_adapting(&o);
		peer_says(refused[i].refusal);
		expect_bytes(refused[i].connect);
		expect_events(d, "RETRY:EWILLREFUSED WILL:EWILLREFUSED");
		expect_note(refused[i].says);
		ck_assert_uint_eq(line_count(), 2);
		peer_says(CONNACK5);
		/* birth and goodbye follow the will */
		expect_bytes(i == 0 ? "32 16 000B 'lamp/status' 0001 00 'online'" : "31 14 000B 'lamp/status' 00 'online' C0 00");
		expect_events(d, "UP WILL:EUNSUPPORTED");
		peer_says(i == 0 ? PUBACK("0001") : PINGRESP);
		expect_events(d, "ONLINE");
		device_close(d, MQTTWILL_GOODBYE_OFFLINE);
		expect_bytes(i == 0 ? "32 17 000B 'lamp/status' 0002 00 'offline'" : "31 15 000B 'lamp/status' 00 'offline' C0 00");
		stage_end();
	}
}
END_TEST

START_TEST(qos_2_is_lowered_by_one_at_a_time_where_the_broker_names_no_maximum)
{
	static const struct mqttwill_presence status = {.topic = "lamp/status", .qos = 2};
	struct mqttwill_options o = lamp_options();
	o.presence = &status;
	stage_begin(_i);
	struct device *d = lamp_adapting(&o);
	peer_says("20 03 00 9B 00");
	expect_bytes(CONNECT5);
	expect_events(d, "RETRY:EWILLREFUSED WILL:EWILLREFUSED");
	expect_note("qos 2 is lowered to 1");
	peer_says("20 03 00 9B 00");
	expect_events(d, "RETRY:EWILLREFUSED WILL:EWILLREFUSED");
	expect_note("qos 2 is lowered to 0");
	peer_says("20 03 00 9B 00"); /* there is no lower one */
	expect_events(d, "RETRY:EWILLREFUSED");
	ck_assert(d->last.permanent);
	ck_assert_uint_eq(line_count(), 3);
	stage_end();
}
END_TEST

START_TEST(without_adapt_a_refused_will_stays_refused)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct mqttwill_options o = lamp_options();
		stage_begin(_i);
		struct device *d = device_start(&o);
		forget(d);
		peer_says(refused[i].refusal);
		expect_events(d, "RETRY:EWILLREFUSED");
		ck_assert(d->last.permanent);
		ck_assert_uint_eq(line_count(), 1);
		stage_pass(60000);
		expect_bytes(CONNECT5);
		stage_end();
	}
}
END_TEST

static const struct mqttwill_will heavy = {
	.topic = "w", .text = "x", .content_type = "c", .user_properties = users, .user_property_count = 1, .delay_s = 5,
};

START_TEST(with_adapt_a_connect_that_is_too_large_loses_its_wills_properties_one_by_one)
{
	struct mqttwill_options o = bare_options();
	o.will = &heavy;
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = lamp_adapting(&o);
	peer_says("20 03 00 95 00");
	expect_bytes("10 31 0004 'MQTT' 05 04 003C 10 11 0000003C " LIMITS "0004 'lamp' 09 03 0001 'c' 18 00000005 0001 'w' 0001 'x'");
	expect_events(d, "RETRY:EWILLREFUSED WILL:EWILLREFUSED");
	expect_note("user_properties");
	peer_says("20 03 00 95 00");
	expect_bytes("10 2D 0004 'MQTT' 05 04 003C 10 11 0000003C " LIMITS "0004 'lamp' 05 18 00000005 0001 'w' 0001 'x'");
	expect_events(d, "RETRY:EWILLREFUSED WILL:EWILLREFUSED");
	expect_note("content_type");
	peer_says("20 03 00 95 00"); /* payload, topic and delay stay */
	expect_events(d, "RETRY:EWILLREFUSED");
	ck_assert(d->last.permanent);
	stage_end();
}
END_TEST

START_TEST(with_adapt_what_connack_allows_is_what_the_next_will_has)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_adapting(&o);
	peer_says("20 07 00 00 04 2400 2500");
	expect_bytes("30 14 000B 'lamp/status' 00 'online' C0 00");
	expect_events(d, "UP WILL WILL WILL:EUNSUPPORTED WILL:EUNSUPPORTED");
	expect_note("it has QoS 1, the broker took it");
	expect_note("it is retained, the broker took it");
	peer_says(PINGRESP);
	expect_events(d, "ONLINE");
	peer_resets();
	lamp_comes_back();
	stage_line()->up_read = 0;
	expect_bytes("10 33 0004 'MQTT' 05 04 003C 0B " LIMITS "0004 'lamp' 00 " LAMP_WILL);
	expect_events(d, "DOWN:ELOST WILL:EWILLREFUSED WILL:EWILLREFUSED");
	stage_end();
}
END_TEST

START_TEST(with_adapt_messages_above_the_limits_go_as_the_broker_takes_them)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_adapting(&o);
	const struct mqttwill_message m = {.topic = "t", .text = "a", .qos = 2, .retain = true, .content_type = "c"};
	tell(d, &m);
	peer_says("20 07 00 00 04 2400 2500");
	expect_bytes("30 09 0001 't' 04 03 0001 'c' 'a'");
	expect_events(d, "UP NOTE:EUNSUPPORTED DONE(1)");
	expect_note("qos 2 is lowered to 0");
	expect_note("retain is cleared");
	tell(d, &m);
	expect_bytes("30 09 0001 't' 04 03 0001 'c' 'a'");
	expect_events(d, "NOTE:EUNSUPPORTED DONE(2)");
	device_publish(d, "t", "b", 0);
	expect_bytes(TELL5_QOS0("b"));
	expect_events(d, "");
	stage_end();
}
END_TEST

/* ---- Without memory ---- */

static void ask_for_5(struct device *d)
{
	const struct mqttwill_message      m = {.topic = "t", .text = "a", .qos = 1, .content_type = "c"};
	const struct mqttwill_subscription s = {.filter = "f", .qos = 1, .no_local = true};
	stage_enter();
	int64_t told = mqttwill_publish(d->c, &m), heard = mqttwill_subscribe(d->c, &s, 1);
	stage_leave();
	ck_assert(told > 0 || told == MQTTWILL_ENOMEM);
	ck_assert(heard > 0 || heard == MQTTWILL_ENOMEM);
	if (told > 0)
		device_token(d, told, true);
	if (heard > 0)
		device_token(d, heard, true);
}

/* True where an allocation was refused. */
static bool survive_fall(int mode, long nth)
{
	const struct broker_options old = {.levels = 1 << LEVEL_311, .version_refusal = BROKER_REFUSES_AS_311};
	struct mqttwill_options     o = auto_lamp();
	o.presence = &late_status;
	o.session_expiry_s = 60;
	o.flags = MQTTWILL_ADAPT;
	stage_begin(mode);
	stage_broker(&old);
	stage.fail_at = nth;
	struct device *d = device_new(&o);
	if (d->c) {
		ask_for_5(d);
		ck_assert_int_eq(mqttwill_start(d->c), 0);
		stage_pass(100000);
		ask_for_5(d);
		cut_line();
		stage_pass(100000);
		ck_assert_msg(d->c->presence.online && d->c->client.level == LEVEL_311, "allocation %ld: %s", nth, d->log);
		device_close(d, MQTTWILL_GOODBYE_OFFLINE);
		stage_pass(10000);
		ck_assert(d->was_closed);
	}
	bool failed = stage.refused;
	stage.fail_at = 0;
	stage_end();
	return failed;
}

START_TEST(a_fall_survives_each_allocation_that_fails)
{
	long n = 1;
	while (survive_fall(_i, n))
		n++;
	ck_assert_int_gt(n, 10);
}
END_TEST

Suite *adapt_suite(void)
{
	Suite *s = suite_create("adapt");
	TCase *t = tcase_create("adapt");
	SCENE(t, a_will_that_relies_on_its_delay_is_not_sent_without_it);
	SCENE(t, a_session_that_should_outlive_its_connection_is_not_given_up_unasked);
	SCENE(t, with_adapt_the_will_goes_without_its_properties_and_each_is_told);
	SCENE(t, with_adapt_the_session_ends_with_the_connection_and_that_is_told);
	SCENE(t, user_properties_of_connect_are_not_lost_unasked);
	SCENE(t, with_adapt_and_rejoin_always_the_session_stays);
	SCENE(t, with_adapt_a_refused_will_is_offered_again_at_once_as_the_broker_takes_it);
	SCENE(t, qos_2_is_lowered_by_one_at_a_time_where_the_broker_names_no_maximum);
	SCENE(t, without_adapt_a_refused_will_stays_refused);
	SCENE(t, with_adapt_a_connect_that_is_too_large_loses_its_wills_properties_one_by_one);
	SCENE(t, with_adapt_what_connack_allows_is_what_the_next_will_has);
	SCENE(t, with_adapt_messages_above_the_limits_go_as_the_broker_takes_them);
	tcase_set_timeout(t, 60);
	SCENE(t, a_fall_survives_each_allocation_that_fails);
	suite_add_tcase(s, t);
	return s;
}
