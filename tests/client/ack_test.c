/* SPDX-License-Identifier: MIT */
/*
 * Acknowledgement by hand: what the application may do with a handle, and what the library acknowledges for itself.
 */
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

static int64_t last_ack;
static void (*then)(struct device *d);

static void keep_ack(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type != MQTTWILL_MESSAGE)
		return;
	last_ack = ev->message->ack;
	if (then)
		then(d);
}

static struct device *receiver(int mode, uint32_t version)
{
	struct mqttwill_options o = bare_options();
	o.version = version;
	o.flags = MQTTWILL_MANUAL_ACK;
	o.session_expiry_s = version == MQTTWILL_V5 ? 60 : 0;
	stage_begin(mode);
	struct device *d = lamp_online(&o);
	d->on_event = keep_ack;
	then = NULL;
	return d;
}

START_TEST(an_acknowledgement_leaves_when_it_is_given)
{
	struct device *d = receiver(_i, MQTTWILL_V5);
	peer_says(TELL5("0007", "a") TELL5_QOS2("0008", "b"));
	expect_events(d, "MESSAGE(t=a) MESSAGE(t=b)");
	expect_bytes("");
	ck_assert_int_eq(mqttwill_ack(d->c, last_ack, 0x97), 0);
	expect_bytes("50 03 0008 97");
	ck_assert_int_eq(mqttwill_ack(d->c, last_ack, 0), MQTTWILL_EINVAL);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_EINVAL), "already"));
	stage_pass(10000);
	expect_bytes("");
	peer_says(TELL5_QOS0("c"));
	ck_assert_int_eq(last_ack, 0);
	ck_assert_int_eq(mqttwill_ack(d->c, 0, 0), 0); /* so that nobody need ask for the QoS */
	expect_bytes("");
	stage_end();
}
END_TEST

static void ack_now(struct device *d)
{
	ck_assert_int_eq(mqttwill_ack(d->c, last_ack, 0), 0);
}

static void ack_and_free(struct device *d)
{
	ack_now(d);
	device_free(d);
}

START_TEST(it_may_be_given_inside_the_callback)
{
	struct device *d = receiver(_i, MQTTWILL_V311);
	then = ack_now;
	peer_says("32 06 0001 't' 0001 'a' 34 06 0001 't' 0002 'b'");
	expect_bytes(PUBACK("0001") PUBREC("0002"));
	then = ack_and_free;
	peer_says("32 06 0001 't' 0003 'a'");
	ck_assert_ptr_null(d->c);
	stage_end();
}
END_TEST

START_TEST(reason_codes_are_those_that_a_client_may_send)
{
	static const uint8_t good[] = {0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
	struct device       *d = receiver(_i, MQTTWILL_V5);
	for (unsigned reason = 1; reason < 256; reason++) {
		if (memchr(good, (int)reason, sizeof good))
			continue;
		peer_says(reason == 1 ? TELL5("0007", "a") : "");
		ck_assert_int_eq(mqttwill_ack(d->c, last_ack, (uint8_t)reason), MQTTWILL_EINVAL);
	}
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_EINVAL), "MQTT-3.4.2-1"));
	expect_bytes("");
	ck_assert_int_eq(mqttwill_ack(d->c, last_ack, 0x80), 0);
	expect_bytes("40 03 0007 80");
	stage_end();
	d = receiver(_i, MQTTWILL_V311);
	peer_says("32 06 0001 't' 0001 'a'");
	ck_assert_int_eq(mqttwill_ack(d->c, last_ack, 0x80), MQTTWILL_EUNSUPPORTED);
	expect_bytes("");
	ck_assert_int_eq(mqttwill_ack(d->c, last_ack, 0), 0);
	expect_bytes(PUBACK("0001"));
	stage_end();
}
END_TEST

START_TEST(a_handle_of_an_earlier_connection_sends_nothing)
{
	struct device *d = receiver(_i, MQTTWILL_V5);
	peer_says(TELL5("0007", "a"));
	int64_t old = last_ack;
	peer_resets();
	ck_assert_int_eq(mqttwill_ack(d->c, old, 0), MQTTWILL_ESTATE);
	lamp_comes_back();
	forget(d);
	peer_says(CONNACK5_PRESENT TELL5_DUP("0007", "a"));
	expect_events(d, "UP(resumed) MESSAGE(t=a)");
	ck_assert_int_eq(mqttwill_ack(d->c, old, 0), MQTTWILL_ESTATE);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_ESTATE), "earlier connection"));
	expect_bytes("");
	ck_assert_int_eq(mqttwill_ack(d->c, last_ack, 0), 0);
	expect_bytes(PUBACK("0007"));
	device_close(d, 0);
	peer_closes();
	mqttwill_start(d->c);
	stage_settle();
	peer_says(CONNACK5 TELL5("0001", "a"));
	ck_assert_int_gt(last_ack, old);
	ck_assert_int_eq(mqttwill_ack(d->c, old, 0), MQTTWILL_ESTATE);
	stage_end();
}
END_TEST

START_TEST(without_the_flag_there_is_nothing_to_acknowledge)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	d->on_event = keep_ack;
	then = NULL;
	last_ack = 1;
	peer_says(TELL5("0007", "a"));
	ck_assert_int_eq(last_ack, 0);
	expect_bytes(PUBACK("0007"));
	ck_assert_int_eq(mqttwill_ack(d->c, 2, 0), MQTTWILL_ESTATE);
	ck_assert_int_eq(mqttwill_ack(NULL, 2, 0), MQTTWILL_EINVAL);
	stage_end();
}
END_TEST

/* [MQTT-4.6.0-2]: also what the library keeps for itself has its turn */
START_TEST(the_self_watch_acknowledges_its_own)
{
	static const struct mqttwill_presence watched = {.topic = "s", .self_watch = true};
	struct mqttwill_options o = lamp_options();
	o.presence = &watched;
	o.flags = MQTTWILL_MANUAL_ACK;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	d->on_event = keep_ack;
	then = NULL;
	peer_says("90 04 0002 00 01");
	forget(d);
	peer_says("32 0C 0001 's' 0001 00 'online'");
	expect_bytes(PUBACK("0001"));
	peer_says(TELL5("0002", "a") "32 0C 0001 's' 0003 00 'online'");
	expect_bytes("");
	ck_assert_int_eq(mqttwill_ack(d->c, last_ack, 0), 0);
	expect_bytes(PUBACK("0002") PUBACK("0003"));
	stage_end();
}
END_TEST

static void keep_handle(mqttwill *c, const struct mqttwill_message *m, void *user)
{
	(void)c;
	*(int64_t *)user = m->ack;
}

START_TEST(handlers_have_the_handle_too)
{
	int64_t        ack = 0;
	struct device *d = receiver(_i, MQTTWILL_V5);
	const struct mqttwill_subscription s = {.filter = "t", .handler = keep_handle, .user = &ack};
	device_token(d, mqttwill_subscribe(d->c, &s, 1), true);
	peer_says("90 04 0001 00 00");
	forget(d);
	peer_says(TELL5("0002", "a"));
	expect_bytes("");
	ck_assert_int_eq(mqttwill_ack(d->c, ack, 0), 0);
	expect_bytes(PUBACK("0002"));
	stage_end();
}
END_TEST

/* The broker stops at our Receive Maximum and goes on with each acknowledgement. */
START_TEST(the_broker_waits_for_acknowledgements)
{
	struct mqttwill_options o = bare_options();
	o.receive_maximum = 2;
	o.flags = MQTTWILL_MANUAL_ACK;
	stage_begin(_i);
	stage_broker(NULL);
	struct device *d = device_start(&o);
	d->on_event = keep_ack;
	then = NULL;
	device_subscribe(d, "t", 2);
	for (int i = 0; i < 5; i++)
		device_publish(d, "t", "a", i % 2 ? 1 : 2);
	stage_pass(5000);
	ck_assert_uint_eq(device_count(d, "MESSAGE"), 2);
	forget(d);
	then = ack_now;
	ck_assert_int_eq(mqttwill_ack(d->c, last_ack, 0), 0);
	stage_pass(5000);
	ck_assert_uint_ge(device_count(d, "MESSAGE"), 1);
	stage_end();
}
END_TEST

Suite *ack_suite(void)
{
	Suite *s = suite_create("ack");
	TCase *t = tcase_create("ack");
	SCENE(t, an_acknowledgement_leaves_when_it_is_given);
	SCENE(t, it_may_be_given_inside_the_callback);
	SCENE(t, reason_codes_are_those_that_a_client_may_send);
	SCENE(t, a_handle_of_an_earlier_connection_sends_nothing);
	SCENE(t, without_the_flag_there_is_nothing_to_acknowledge);
	SCENE(t, the_self_watch_acknowledges_its_own);
	SCENE(t, handlers_have_the_handle_too);
	SCENE(t, the_broker_waits_for_acknowledgements);
	suite_add_tcase(s, t);
	return s;
}
