/* SPDX-License-Identifier: MIT */
/*
 * Requests from asking to the one REPLY: the subscription first, then the message, then the answer or what went wrong.
 */
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"
#include "support/bytes.h"

/* The first request's packets; the stage's secret is always the same. */
#define SUBSCRIBE(id) "82 10 " id " 00 000A 'reply/lamp' 22 "
#define CORRELATION(n) "09 0010 5E5E5E5E5E5E5E5E 00000000000000" n " "
#define REQUEST(id, n) "32 27 0001 't' " id " 20 08 000A 'reply/lamp' " CORRELATION(n) "'q' "
#define REPLY(n, text) "30 21 000A 'reply/lamp' 13 " CORRELATION(n) "'" text "' "
#define REPLY1(id, n, text) "32 23 000A 'reply/lamp' " id " 13 " CORRELATION(n) "'" text "' "

static const struct mqttwill_message question = {.topic = "t", .text = "q", .qos = 1};

static int64_t ask(struct device *d, const struct mqttwill_message *m, uint32_t timeout_ms)
{
	return device_token(d, mqttwill_request(d->c, m, timeout_ms), true);
}

static struct device *asker(int mode)
{
	struct mqttwill_options o = bare_options();
	o.session_expiry_s = 60;
	stage_begin(mode);
	return lamp_online(&o);
}

/* One whose first question was answered: the subscription stands. */
static struct device *practised(int mode)
{
	struct device *d = asker(mode);
	ask(d, &question, 0);
	stage_settle();
	peer_says("90 04 0001 00 02");
	peer_says(PUBACK("0002") REPLY("01", "r"));
	expect_events(d, "REPLY(1)(reply/lamp=r)");
	forget(d);
	return d;
}

START_TEST(the_request_leaves_when_its_reply_can_come)
{
	struct device *d = asker(_i);
	ask(d, &question, 0);
	expect_bytes(SUBSCRIBE("0001"));
	peer_says("90 04 0001 00 02");
	expect_bytes(REQUEST("0002", "01"));
	peer_says(PUBACK("0002"));
	expect_events(d, ""); /* no DONE */
	peer_says(REPLY("01", "r"));
	expect_events(d, "REPLY(1)(reply/lamp=r)");
	ask(d, &question, 0); /* the subscription is there */
	expect_bytes(REQUEST("0003", "04"));
	peer_says(REPLY("04", "s")); /* before PUBACK */
	expect_events(d, "REPLY(4)(reply/lamp=s)");
	peer_says(PUBACK("0003") REPLY("04", "s"));
	expect_events(d, "");
	stage_end();
}
END_TEST

START_TEST(requests_may_be_answered_in_any_order)
{
	struct device *d = practised(_i);
	ask(d, &question, 0);
	ask(d, &question, 0);
	expect_bytes(REQUEST("0003", "04") REQUEST("0004", "05"));
	peer_says(REPLY("05", "y") REPLY("04", "x"));
	expect_events(d, "REPLY(5)(reply/lamp=y) REPLY(4)(reply/lamp=x)");
	peer_says(PUBACK("0003") PUBACK("0004"));
	stage_end();
}
END_TEST

START_TEST(without_a_reply_the_deadline_ends_it_and_a_late_one_is_dropped)
{
	struct device *d = practised(_i);
	ask(d, &question, 5000);
	expect_bytes(REQUEST("0003", "04"));
	stage_pass(4999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "REPLY(4):ETIMEOUT");
	peer_says(PUBACK("0003") REPLY1("0001", "04", "l"));
	expect_bytes(PUBACK("0001"));
	expect_events(d, "");
	stage_end();
}
END_TEST

START_TEST(the_default_deadline_is_half_a_minute)
{
	struct device *d = practised(_i);
	ask(d, &question, 0);
	stage_pass(29999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "REPLY(4):ETIMEOUT");
	stage_end();
}
END_TEST

START_TEST(what_belongs_to_no_request_is_dropped_unless_the_application_has_subscribed)
{
	struct device *d = practised(_i);
	peer_says(REPLY("09", "f") "30 0E 000A 'reply/lamp' 00 'n'");
	expect_events(d, "");
	device_subscribe(d, "reply/#", 0);
	peer_says("90 04 0003 00 00" REPLY("09", "f"));
	expect_events(d, "DONE(4) MESSAGE(reply/lamp=f)");
	ask(d, &question, 0);
	stage_settle();
	peer_says(REPLY("05", "r"));
	expect_events(d, "REPLY(5)(reply/lamp=r)"); /* and no MESSAGE */
	stage_end();
}
END_TEST

START_TEST(a_refused_subscription_ends_the_request)
{
	struct device *d = asker(_i);
	ask(d, &question, 0);
	ask(d, &question, 0);
	expect_bytes(SUBSCRIBE("0001"));
	peer_says("90 04 0001 00 87");
	expect_events(d, "REPLY(1):EDENIED REPLY(2):EDENIED");
	expect_bytes("");
	ask(d, &question, 0); /* it is tried again */
	expect_bytes(SUBSCRIBE("0002"));
	stage_end();
}
END_TEST

START_TEST(a_refused_request_ends_with_its_reason)
{
	struct device *d = practised(_i);
	ask(d, &question, 0);
	stage_settle();
	peer_says("40 03 0003 87");
	expect_events(d, "REPLY(4):EDENIED");
	ck_assert_uint_eq(d->last.reason_code, 0x87);
	peer_says(REPLY("04", "r"));
	expect_events(d, "");
	stage_end();
}
END_TEST

START_TEST(a_lost_session_has_the_subscription_and_the_request_again)
{
	struct device *d = practised(_i);
	ask(d, &question, 100000);
	forget(d);
	peer_resets();
	lamp_comes_back();
	forget(d);
	peer_says(CONNACK5);
	expect_bytes(SUBSCRIBE("0004") REQUEST("0005", "04"));
	peer_says("90 04 0004 00 02" PUBACK("0005") REPLY("04", "r"));
	expect_events(d, "UP REPLY(4)(reply/lamp=r)");
	stage_end();
}
END_TEST

START_TEST(a_request_may_be_made_before_there_is_a_connection)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	ask(d, &question, 100000);
	mqttwill_start(d->c);
	forget(d);
	peer_says(CONNACK5);
	expect_bytes(SUBSCRIBE("0001"));
	stage_end();
	stage_begin(_i);
	d = device_new(&o);
	ask(d, &question, 5000);
	stage.next_open = LINE_HANGS;
	mqttwill_start(d->c);
	stage_pass(5000);
	expect_events(d, "REPLY(1):ETIMEOUT");
	stage.next_open = LINE_OPENS;
	stage_end();
}
END_TEST

START_TEST(what_expires_before_it_can_be_published_is_not)
{
	const struct mqttwill_message m = {.topic = "t", .text = "q", .has = MQTTWILL_HAS_MESSAGE_EXPIRY, .message_expiry_s = 3};
	struct device *d = asker(_i);
	ask(d, &m, 0);
	ask(d, &question, 0);
	forget(d);
	stage_pass(3000);
	peer_says("90 04 0001 00 02");
	expect_events(d, "REPLY(1):EEXPIRED");
	expect_bytes(REQUEST("0002", "02"));
	stage_end();
}
END_TEST

START_TEST(its_message_expiry_runs_while_it_waits)
{
	const struct mqttwill_message m = {.topic = "t", .text = "q", .has = MQTTWILL_HAS_MESSAGE_EXPIRY, .message_expiry_s = 5};
	struct device *d = asker(_i);
	ask(d, &m, 0);
	forget(d);
	stage_pass(2000);
	peer_says("90 04 0001 00 02");
	expect_bytes("30 2A 0001 't' 25 0200000003 08 000A 'reply/lamp' " CORRELATION("01") "'q'");
	stage_end();
}
END_TEST

START_TEST(closing_ends_what_is_open)
{
	struct device *d = practised(_i);
	ask(d, &question, 0);
	stage_settle();
	peer_says(PUBACK("0003"));
	device_close(d, MQTTWILL_GOODBYE_SILENT);
	ck_assert_int_eq((int)mqttwill_request(d->c, &question, 0), MQTTWILL_ESTATE);
	peer_closes();
	expect_events(d, "REPLY(4):ECANCELED CLOSED(clean)");
	stage_end();
	d = asker(_i);
	ask(d, &question, 0);
	stage_settle();
	const struct mqttwill_closing how = {.goodbye = MQTTWILL_GOODBYE_ABORT};
	mqttwill_close(d->c, &how);
	expect_events(d, "REPLY(1):ECANCELED CLOSED(cut lost 1)");
	stage_end();
}
END_TEST

START_TEST(a_request_that_nobody_waits_for_is_not_sent)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says("20 06 00 00 03 210001"); /* one message at a time */
	device_publish(d, "t", "a", 1);
	ask(d, &question, 1000);
	stage_settle();
	peer_says("90 04 0002 00 02");
	stage_pass(1000);
	expect_events(d, "UP REPLY(2):ETIMEOUT");
	forget(d);
	peer_says(PUBACK("0001"));
	expect_events(d, "DONE(1)");
	expect_bytes("");
	ck_assert_uint_eq(d->c->client.held_messages, 0);
	stage_end();
}
END_TEST

START_TEST(open_requests_have_a_ceiling)
{
	struct mqttwill_options o = bare_options();
	o.queue_messages = 2;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	ask(d, &question, 0);
	ask(d, &question, 1000);
	ck_assert_int_eq((int)mqttwill_request(d->c, &question, 0), MQTTWILL_EFULL);
	stage_pass(1000);
	ask(d, &question, 0);
	stage_end();
	o.queue_messages = 0;
	o.queue_bytes = 20;
	stage_begin(_i);
	d = lamp_online(&o);
	const struct mqttwill_message large = {.topic = "t", .text = "0123456789012345678"};
	ck_assert_int_eq((int)mqttwill_request(d->c, &large, 0), MQTTWILL_ETOOBIG);
	ask(d, &question, 0);
	ask(d, &question, 0);
	ck_assert_int_eq((int)mqttwill_request(d->c, &question, 0), MQTTWILL_EFULL);
	stage_end();
}
END_TEST

START_TEST(what_is_no_request_is_refused)
{
	struct device *d = asker(_i);
	const struct mqttwill_message bad[] = {
		{.topic = "t/#"},
		{.topic = "t", .qos = 3},
		{.topic = "t", .response_topic = "r/+"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_lt(mqttwill_request(d->c, &bad[i], 0), 0);
	ck_assert_int_eq((int)mqttwill_request(d->c, NULL, 0), MQTTWILL_EINVAL);
	ck_assert_int_eq((int)mqttwill_request(NULL, &question, 0), MQTTWILL_EINVAL);
	expect_bytes("");
	stage_end();
	struct mqttwill_options o = bare_options();
	o.version = MQTTWILL_V311;
	stage_begin(_i);
	d = lamp_online(&o);
	ck_assert_int_eq((int)mqttwill_request(d->c, &question, 0), MQTTWILL_EUNSUPPORTED);
	ck_assert_int_eq((int)mqttwill_reply(d->c, &question, &question), MQTTWILL_EUNSUPPORTED);
	stage_end();
}
END_TEST

START_TEST(wait_waits_for_the_reply)
{
	struct device *d = practised(_i);
	stage.synchronous = true;
	int64_t token = ask(d, &question, 5000);
	ck_assert_int_eq(mqttwill_wait(d->c, token, 1000), MQTTWILL_ETIMEOUT); /* the wait's own deadline */
	ck_assert_int_eq(mqttwill_wait(d->c, token, 10000), MQTTWILL_ETIMEOUT);
	expect_events(d, "REPLY(4):ETIMEOUT");
	token = ask(d, &question, 5000);
	ck_assert_int_eq(mqttwill_wait(d->c, token, 0), MQTTWILL_ETIMEOUT);
	struct bytes b = bytes_hex(REPLY("06", "r"));
	line_say(stage_line(), b.p, b.n);
	bytes_free(&b);
	ck_assert_int_eq(mqttwill_wait(d->c, token, 5000), 0);
	expect_events(d, "REPLY(6)(reply/lamp=r)");
	stage.synchronous = false;
	stage_end();
}
END_TEST

START_TEST(with_manual_acknowledgement_the_library_acknowledges_replies)
{
	struct mqttwill_options o = bare_options();
	o.flags = MQTTWILL_MANUAL_ACK;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	ask(d, &question, 0);
	stage_settle();
	peer_says("90 04 0001 00 02");
	peer_says(PUBACK("0002"));
	forget(d);
	peer_says(REPLY1("0009", "01", "r"));
	expect_events(d, "REPLY(1)(reply/lamp=r)");
	expect_bytes(PUBACK("0009"));
	stage_end();
}
END_TEST

static void ask_again(struct device *d, const struct mqttwill_event *ev)
{
	d->on_event = NULL;
	if (ev->type == MQTTWILL_REPLY)
		ask(d, &question, 0);
}

static void free_it(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_REPLY)
		device_free(d);
}

START_TEST(a_callback_may_ask_again_or_free)
{
	struct device *d = practised(_i);
	ask(d, &question, 0);
	forget(d);
	d->on_event = ask_again;
	peer_says(REPLY("04", "r"));
	expect_bytes(REQUEST("0004", "06"));
	d->on_event = free_it;
	peer_says(REPLY("06", "r"));
	ck_assert_ptr_null(d->c);
	stage_end();
	d = asker(_i);
	for (int i = 0; i < 3; i++)
		ask(d, &question, 1000);
	stage_settle();
	d->on_event = free_it;
	peer_says("90 04 0001 00 87");
	ck_assert_ptr_null(d->c);
	stage_end();
}
END_TEST

Suite *request_suite(void)
{
	Suite *s = suite_create("request");
	TCase *t = tcase_create("request");
	SCENE(t, the_request_leaves_when_its_reply_can_come);
	SCENE(t, requests_may_be_answered_in_any_order);
	SCENE(t, without_a_reply_the_deadline_ends_it_and_a_late_one_is_dropped);
	SCENE(t, the_default_deadline_is_half_a_minute);
	SCENE(t, what_belongs_to_no_request_is_dropped_unless_the_application_has_subscribed);
	SCENE(t, a_refused_subscription_ends_the_request);
	SCENE(t, a_refused_request_ends_with_its_reason);
	SCENE(t, a_lost_session_has_the_subscription_and_the_request_again);
	SCENE(t, a_request_may_be_made_before_there_is_a_connection);
	SCENE(t, what_expires_before_it_can_be_published_is_not);
	SCENE(t, its_message_expiry_runs_while_it_waits);
	SCENE(t, closing_ends_what_is_open);
	SCENE(t, a_request_that_nobody_waits_for_is_not_sent);
	SCENE(t, open_requests_have_a_ceiling);
	SCENE(t, what_is_no_request_is_refused);
	SCENE(t, wait_waits_for_the_reply);
	SCENE(t, with_manual_acknowledgement_the_library_acknowledges_replies);
	SCENE(t, a_callback_may_ask_again_or_free);
	suite_add_tcase(s, t);
	return s;
}
