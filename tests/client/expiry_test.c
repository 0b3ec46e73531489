/* SPDX-License-Identifier: MIT */
/*
 * What waits grows old: queue_age_s, and the Message Expiry Interval, which is less by what was waited when it leaves.
 */
#include <stdio.h>

#include "client/scenes.h"
#include "client/suites.h"

/* PUBLISH to "t" with one property: the Message Expiry Interval, s in eight hex digits. */
#define TELL5_EXPIRES(id, x, s) "32 0C 0001 't' " id " 05 02 " s " '" x "' "
#define TELL5_EXPIRES_DUP(id, x, s) "3A 0C 0001 't' " id " 05 02 " s " '" x "' "

static int64_t tell(struct device *d, const char *text, uint8_t qos, uint32_t expiry_s)
{
	const struct mqttwill_message m = {
		.topic = "t",
		.text = text,
		.qos = qos,
		.has = MQTTWILL_HAS_MESSAGE_EXPIRY,
		.message_expiry_s = expiry_s,
	};
	return device_token(d, mqttwill_publish(d->c, &m), qos > 0);
}

START_TEST(the_interval_counts_while_the_message_waits) /* [MQTT-3.3.2-6] */
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	tell(d, "a", 1, 60);
	stage_pass(10000);
	tell(d, "b", 1, 60);
	stage_pass(1); /* a second that has begun is spent: no message lives longer than asked */
	mqttwill_start(d->c);
	stage_settle();
	forget(d);
	peer_says(CONNACK5);
	expect_bytes(TELL5_EXPIRES("0001", "a", "00000031") TELL5_EXPIRES("0002", "b", "0000003B"));
	tell(d, "c", 1, 60);
	expect_bytes(TELL5_EXPIRES("0003", "c", "0000003C"));
	stage_end();
}
END_TEST

START_TEST(the_interval_is_found_behind_a_payload_format_and_before_other_properties)
{
	struct mqttwill_options       o = bare_options();
	const struct mqttwill_message m = {
		.topic = "t",
		.text = "a",
		.qos = 0,
		.has = MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT,
		.payload_format = 1,
		.message_expiry_s = 0x01020304,
		.content_type = "c",
	};
	stage_begin(_i);
	struct device *d = device_new(&o);
	device_token(d, mqttwill_publish(d->c, &m), false);
	stage_pass(4000);
	mqttwill_start(d->c);
	stage_settle();
	forget(d);
	peer_says(CONNACK5);
	expect_bytes("30 10 0001 't' 0B 01 01 02 01020300 03 0001 'c' 'a'");
	stage_end();
}
END_TEST

START_TEST(what_has_expired_ends_in_time_and_is_not_sent)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	tell(d, "a", 1, 10);
	tell(d, "b", 0, 5);
	tell(d, "c", 2, 20);
	stage_pass(4999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "DONE(2):EEXPIRED");
	stage_pass(5000);
	expect_events(d, "DONE(1):EEXPIRED");
	expect_text(d, "Message Expiry Interval, 10 s");
	stage_pass(9001); /* less than a second is left: MQTT cannot say how little */
	mqttwill_start(d->c);
	stage_settle();
	forget(d);
	peer_says(CONNACK5);
	expect_bytes("");
	expect_events(d, "UP DONE(3):EEXPIRED");
	stage_end();
}
END_TEST

START_TEST(it_expires_while_the_client_waits_for_its_next_attempt)
{
	struct mqttwill_options o = bare_options();
	o.queue_age_s = 2;
	o.backoff_min_ms = o.backoff_max_ms = 100000;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	peer_resets();
	device_publish(d, "t", "a", 1);
	expect_events(d, "DOWN:ELOST");
	stage_pass(1999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "DONE(1):EEXPIRED");
	expect_text(d, "queue_age_s, 2 s");
	stage_end();
}
END_TEST

START_TEST(a_request_does_not_grow_old)
{
	struct mqttwill_options o = bare_options();
	o.queue_age_s = 2;
	stage_begin(_i);
	struct device *d = device_new(&o);
	device_subscribe(d, "t", 1);
	device_publish(d, "t", "a", 1);
	stage_pass(10000);
	expect_events(d, "DONE(2):EEXPIRED");
	ck_assert_uint_eq(d->c->client.expire_at, UINT64_MAX);
	stage_end();
}
END_TEST

START_TEST(what_was_sent_once_is_sent_again_with_what_is_left_but_never_0) /* [MQTT-4.4.0-1] */
{
	struct mqttwill_options o = bare_options();
	o.session_expiry_s = 1000;
	o.queue_age_s = 3;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	tell(d, "a", 1, 600);
	tell(d, "b", 1, 2);
	forget(d);
	stage_pass(5000);
	peer_resets();
	d->log_len = 0;
	lamp_comes_back();
	uint64_t before = stage.now_ms;
	peer_says(CONNACK5_PRESENT);
	uint32_t left = 600 - (uint32_t)((before - 1000000 + 999) / 1000);
	char     want[200], hex[9];
	snprintf(hex, sizeof hex, "%08X", (unsigned)left);
	snprintf(want, sizeof want, "3A 0C 0001 't' 0001 05 02 %s 'a' %s", hex, TELL5_EXPIRES_DUP("0002", "b", "00000001"));
	expect_bytes(want);
	stage_end();
}
END_TEST

START_TEST(many_deadlines_do_not_cost_a_walk_each)
{
	struct mqttwill_options o = bare_options();
	o.queue_age_s = 1;
	stage_begin(_i);
	struct device *d = device_new(&o);
	for (int i = 0; i < 300; i++) {
		device_publish(d, "t", "a", 1);
		stage.now_ms++;
	}
	stage_pass(700);
	unsigned walks = 0;
	for (uint64_t at = stage.now_ms; stage.now_ms < at + 700; stage_pass(1)) {
		size_t before = d->log_len;
		stage_settle();
		walks += d->log_len != before;
		d->log_len = d->log_len > LOG_SIZE / 2 ? 0 : d->log_len;
	}
	ck_assert_uint_le(walks, 8);
	ck_assert_uint_eq(d->c->client.held_messages, 0);
	stage_end();
}
END_TEST

Suite *expiry_suite(void)
{
	Suite *s = suite_create("expiry");
	TCase *t = tcase_create("expiry");
	SCENE(t, the_interval_counts_while_the_message_waits);
	SCENE(t, the_interval_is_found_behind_a_payload_format_and_before_other_properties);
	SCENE(t, what_has_expired_ends_in_time_and_is_not_sent);
	SCENE(t, it_expires_while_the_client_waits_for_its_next_attempt);
	SCENE(t, a_request_does_not_grow_old);
	SCENE(t, what_was_sent_once_is_sent_again_with_what_is_left_but_never_0);
	SCENE(t, many_deadlines_do_not_cost_a_walk_each);
	suite_add_tcase(s, t);
	return s;
}
