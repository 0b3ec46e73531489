/* SPDX-License-Identifier: MIT */
/*
 * Where replies come and go: response topics, answering, two devices in conversation, and memory that fails.
 */
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

#define CORRELATION(n) "09 0010 5E5E5E5E5E5E5E5E 00000000000000" n " "

static const struct mqttwill_message question = {.topic = "t", .text = "q"};

static int64_t ask(struct device *d, const struct mqttwill_message *m)
{
	return device_token(d, mqttwill_request(d->c, m, 0), true);
}

/* The topic that a request's SUBSCRIBE names behind this CONNACK, for this client id. */
static const struct topic_row {
	const char *id, *connack, *subscribe;
} topic_rows[] = {
	{"lamp", CONNACK5, "82 10 0001 00 000A 'reply/lamp' 22"},
	{"a/b+c#d%", CONNACK5, "82 1C 0001 00 0016 'reply/a%2Fb%2Bc%23d%25' 22"},
	{NULL, "20 09 00 00 06 12 0003 'abc'", "82 0F 0001 00 0009 'reply/abc' 22"},
	{"lamp", "20 0A 00 00 07 1A 0004 'in/x'", "82 10 0001 00 000A 'in/x/reply' 22"},
	{"lamp", "20 09 00 00 06 1A 0003 'in/'", "82 0E 0001 00 0008 'in/reply' 22"},
	{"lamp", "20 0A 00 00 07 1A 0004 'in/#'", "82 10 0001 00 000A 'reply/lamp' 22"},
	{"lamp", "20 05 00 00 02 2401", "82 10 0001 00 000A 'reply/lamp' 21"}, /* Maximum QoS */
};

START_TEST(the_response_topic_is_below_response_information_or_the_client_id)
{
	for (size_t i = 0; i < sizeof topic_rows / sizeof topic_rows[0]; i++) {
		struct mqttwill_options o = bare_options();
		o.client_id = topic_rows[i].id;
		stage_begin(_i);
		struct device *d = device_start(&o);
		forget(d);
		peer_says(topic_rows[i].connack);
		ask(d, &question);
		expect_bytes(topic_rows[i].subscribe);
		stage_end();
	}
}
END_TEST

static struct device *online(int mode)
{
	struct mqttwill_options o = bare_options();
	stage_begin(mode);
	return lamp_online(&o);
}

START_TEST(a_topic_of_the_callers_own_is_subscribed_to_for_as_long_as_it_takes)
{
	struct device *d = online(_i);
	struct mqttwill_message m = {.topic = "t", .text = "q", .response_topic = "mine", .correlation_data = "C",
	                             .correlation_data_len = 1};
	ask(d, &m);
	expect_bytes("82 0A 0001 00 0004 'mine' 22");
	ck_assert_int_eq((int)mqttwill_request(d->c, &m, 0), MQTTWILL_EINVAL);
	peer_says("90 04 0001 00 02");
	expect_bytes("30 10 0001 't' 0B 08 0004 'mine' 09 0001 'C' 'q'");
	m.correlation_data = NULL;
	ask(d, &m);
	forget(d);
	peer_says("30 0C 0004 'mine' 04 09 0001 'C' 'r'");
	expect_events(d, "REPLY(1)(mine=r)");
	expect_bytes(""); /* the other one still waits */
	peer_says("30 1B 0004 'mine' 13 " CORRELATION("04") "'s'");
	expect_events(d, "REPLY(4)(mine=s)");
	expect_bytes("A2 09 0002 00 0004 'mine'");
	peer_says("30 0C 0004 'mine' 04 09 0001 'C' 'l'" "B0 04 0002 00 00");
	expect_events(d, ""); /* late, and dropped */
	peer_says("30 0C 0004 'mine' 04 09 0001 'C' 'x'");
	expect_events(d, "MESSAGE(mine=x)"); /* not ours any more */
	ck_assert(list_empty(&d->c->client.subscriptions));
	stage_end();
}
END_TEST

START_TEST(a_topic_that_is_being_left_is_subscribed_to_anew)
{
	struct device *d = online(_i);
	const struct mqttwill_message m = {.topic = "t", .text = "q", .response_topic = "mine"};
	ask(d, &m);
	stage_settle();
	peer_says("90 04 0001 00 02");
	forget(d);
	peer_says("30 1B 0004 'mine' 13 " CORRELATION("01") "'r'");
	expect_bytes("A2 09 0002 00 0004 'mine'");
	ask(d, &m);
	expect_bytes("82 0A 0003 00 0004 'mine' 22");
	peer_says("B0 04 0002 00 00" "90 04 0003 00 02");
	expect_bytes("30 1F 0001 't' 1A 08 0004 'mine' " CORRELATION("05") "'q'");
	stage_end();
}
END_TEST

START_TEST(a_subscription_of_the_applications_serves_and_stays)
{
	struct device *d = online(_i);
	const struct mqttwill_message m = {.topic = "t", .text = "q", .response_topic = "mine"};
	device_subscribe(d, "mine", 1);
	peer_says("90 04 0001 00 01");
	forget(d);
	ask(d, &m);
	expect_bytes("30 1F 0001 't' 1A 08 0004 'mine' 09 0010 5E5E5E5E5E5E5E5E 0000000000000002 'q' ");
	peer_says("30 1B 0004 'mine' 13 " CORRELATION("02") "'r'" "30 08 0004 'mine' 00 'x'");
	expect_events(d, "REPLY(2)(mine=r) MESSAGE(mine=x)");
	expect_bytes("");
	stage_end();
}
END_TEST

START_TEST(a_reply_topic_that_the_application_unsubscribes_is_subscribed_to_again)
{
	struct device    *d = online(_i);
	const char *const topic = "reply/lamp";
	ask(d, &question);
	stage_settle();
	peer_says("90 04 0001 00 02");
	device_token(d, mqttwill_unsubscribe(d->c, &topic, 1), true);
	forget(d);
	peer_says("B0 04 0002 00 00");
	expect_bytes("82 10 0003 00 000A 'reply/lamp' 22");
	expect_events(d, "DONE(4)");
	stage_end();
}
END_TEST

START_TEST(a_reply_goes_where_the_request_says)
{
	struct device *d = online(_i);
	const struct mqttwill_message request = {.topic = "t", .response_topic = "r/1", .correlation_data = "C\0D", .correlation_data_len = 3};
	const struct mqttwill_message without = {.topic = "t"};
	device_token(d, mqttwill_reply(d->c, &request, &(struct mqttwill_message){.text = "y", .qos = 1}), true);
	expect_bytes("32 0F 0003 'r/1' 0001 06 09 0003 'C'00'D' 'y'");
	peer_says(PUBACK("0001"));
	expect_events(d, "DONE(1)");
	ck_assert_int_eq((int)mqttwill_reply(d->c, &without, &(struct mqttwill_message){.text = "y"}), MQTTWILL_EINVAL);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_EINVAL), "3.3.2.3.5"));
	ck_assert_int_eq((int)mqttwill_reply(d->c, &request, &(struct mqttwill_message){.topic = "u"}), MQTTWILL_EINVAL);
	ck_assert_int_eq((int)mqttwill_reply(d->c, &request, &(struct mqttwill_message){.correlation_data = ""}), MQTTWILL_EINVAL);
	ck_assert_int_eq((int)mqttwill_reply(d->c, NULL, &without), MQTTWILL_EINVAL);
	ck_assert_int_eq((int)mqttwill_reply(d->c, &request, NULL), MQTTWILL_EINVAL);
	expect_bytes("");
	stage_end();
}
END_TEST

static void answer(mqttwill *c, const struct mqttwill_message *m, void *user)
{
	const struct mqttwill_message reply = {.payload = m->payload, .payload_len = m->payload_len, .qos = m->qos};
	(void)user;
	mqttwill_reply(c, m, &reply);
}

static struct device *answering(void)
{
	const struct mqttwill_options      o = {.client_id = "oracle"};
	const struct mqttwill_subscription s = {.filter = "t", .qos = 2, .handler = answer};
	struct device *d = device_start(&o);
	device_token(d, mqttwill_subscribe(d->c, &s, 1), true);
	stage_settle();
	return d;
}

START_TEST(two_devices_converse)
{
	static const char *const words[] = {"a", "b", "c"};
	struct mqttwill_options  o = bare_options();
	stage_begin(_i);
	stage_broker(NULL);
	answering();
	struct device *d = device_start(&o);
	for (uint8_t qos = 0; qos < 3; qos++)
		ask(d, &(struct mqttwill_message){.topic = "t", .text = words[qos], .qos = qos});
	stage_pass(1000);
	ck_assert_uint_eq(device_count(d, "REPLY"), 3);
	ck_assert_uint_eq(device_count(d, "(reply/lamp=a)") + device_count(d, "(reply/lamp=b)") + device_count(d, "(reply/lamp=c)"), 3);
	stage_end();
}
END_TEST

/* Every allocation fails once: the call says so, or there is one REPLY. */
static bool survive(int mode, long nth)
{
	const struct mqttwill_user_property notes[] = {{.name = "n", .value = "v"}};
	const struct mqttwill_message m = {.topic = "t", .text = "q", .qos = 1, .user_properties = notes, .user_property_count = 1,
	                                   .response_topic = nth % 2 ? "mine" : NULL};
	struct mqttwill_options o = bare_options();
	o.session_expiry_s = 60;
	stage_begin(mode);
	stage_broker(NULL);
	answering();
	struct device *d = device_start(&o);
	stage.fail_at = nth;
	stage_enter();
	int64_t token = mqttwill_request(d->c, &m, 20000); /* the other one may lose it, too */
	stage_leave();
	ck_assert(token > 0 || token == MQTTWILL_ENOMEM);
	if (token > 0)
		device_token(d, token, true);
	stage_pass(50000);
	bool refused = stage.refused;
	stage.fail_at = 0;
	ck_assert_msg(device_count(d, "REPLY") == (token > 0), "allocation %ld: %s (%s)\n%s", nth, d->log, d->text, stage.broker_log);
	ck_assert_uint_eq(device_count(d, "MESSAGE"), 0);
	stage_end();
	return refused;
}

START_TEST(a_request_survives_each_allocation_that_fails)
{
	long n = 2; /* the others' own topics in turn */
	while ((int)survive(_i, n - 1) + (int)survive(_i, n))
		n += 2;
	ck_assert_int_gt(n, 4);
}
END_TEST

Suite *reply_suite(void)
{
	Suite *s = suite_create("reply");
	TCase *t = tcase_create("reply");
	tcase_set_timeout(t, 60);
	SCENE(t, the_response_topic_is_below_response_information_or_the_client_id);
	SCENE(t, a_topic_of_the_callers_own_is_subscribed_to_for_as_long_as_it_takes);
	SCENE(t, a_topic_that_is_being_left_is_subscribed_to_anew);
	SCENE(t, a_subscription_of_the_applications_serves_and_stays);
	SCENE(t, a_reply_topic_that_the_application_unsubscribes_is_subscribed_to_again);
	SCENE(t, a_reply_goes_where_the_request_says);
	SCENE(t, two_devices_converse);
	SCENE(t, a_request_survives_each_allocation_that_fails);
	suite_add_tcase(s, t);
	return s;
}
