/* SPDX-License-Identifier: MIT */
/*
 * Handlers and Subscription Identifiers: a message goes to the handlers that it is for, each once, and to nobody else.
 */
#include <stdio.h>
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

/* A handler that notes its name and what came, and may act. */
struct ear {
	struct device *d;
	const char    *name;
	void (*act)(struct device *d);
};

static char   heard[4000];
static size_t heard_len;

static void hear(mqttwill *c, const struct mqttwill_message *m, void *user)
{
	const struct ear *ear = user;
	ck_assert_ptr_eq(c, ear->d->c);
	heard_len += (size_t)snprintf(heard + heard_len, sizeof heard - heard_len, "%s%s(%s=%.*s", heard_len ? " " : "", ear->name,
	                              m->topic, (int)m->payload_len, (const char *)m->payload);
	for (size_t i = 0; i < m->subscription_id_count; i++)
		heard_len += (size_t)snprintf(heard + heard_len, sizeof heard - heard_len, " #%u", (unsigned)m->subscription_ids[i]);
	heard_len += (size_t)snprintf(heard + heard_len, sizeof heard - heard_len, ")");
	if (ear->act)
		ear->act(ear->d);
}

#define expect_heard(words) expect_heard_at(__LINE__, words)
static void expect_heard_at(int line, const char *words)
{
	ck_assert_msg(strcmp(heard, words) == 0, "line %d: heard \"%s\", not \"%s\"", line, heard, words);
	heard_len = 0;
	heard[0] = 0;
}

static struct device *listener(int mode, uint32_t version)
{
	struct mqttwill_options o = bare_options();
	o.version = version;
	heard_len = 0;
	heard[0] = 0;
	stage_begin(mode);
	return lamp_online(&o);
}

static int64_t ask(struct device *d, const char *filter, uint32_t id, struct ear *ear)
{
	const struct mqttwill_subscription s = {
		.filter = filter, .subscription_id = id, .handler = ear ? hear : NULL, .user = ear};
	return device_token(d, mqttwill_subscribe(d->c, &s, 1), true);
}

START_TEST(a_handler_hears_what_comes_for_its_subscription_and_events_the_rest)
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     a = {d, "a", NULL};
	ask(d, "a/+", 0, &a);
	expect_bytes("82 0B 0001 02 0B01 0003 'a/+' 00");
	peer_says("90 04 0001 00 00");
	expect_events(d, "DONE(1)");
	peer_says("30 09 0003 'a/1' 02 0B01 'x'" "30 07 0003 'a/1' 00 'y'" "30 05 0001 'b' 00 'z'");
	expect_heard("a(a/1=x #1) a(a/1=y)"); /* the second by a broker that forgets identifiers */
	expect_events(d, "MESSAGE(b=z)");
	stage_end();
}
END_TEST

START_TEST(retained_messages_that_overtake_suback_reach_the_handler)
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     a = {d, "a", NULL};
	ask(d, "a", 0, &a);
	peer_says("31 07 0001 'a' 02 0B01 'x'" "90 04 0001 00 00");
	expect_heard("a(a=x #1)");
	expect_events(d, "DONE(1)");
	stage_end();
}
END_TEST

/* [MQTT-3.3.4-4]: one copy for both; [MQTT-3.3.4-5]: a copy for each */
START_TEST(overlapping_subscriptions_hear_a_message_once_each)
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     a = {d, "a", NULL}, b = {d, "b", NULL};
	ask(d, "t/#", 0, &a);
	ask(d, "t/1", 77, &b);
	ask(d, "+/1", 200, &b); /* the same handler */
	peer_says("90 04 0001 00 00" "90 04 0002 00 00" "90 04 0003 00 00");
	peer_says("30 0E 0003 't/1' 07 0B01 0B4D 0BC801 'x'");
	expect_heard("a(t/1=x #1 #77 #200) b(t/1=x #1 #77 #200)");
	peer_says("30 09 0003 't/1' 02 0B01 'y'" "30 09 0003 't/1' 02 0B4D 'y'");
	expect_heard("a(t/1=y #1) b(t/1=y #77)");
	peer_says("30 07 0003 't/1' 00 'z'");
	expect_heard("a(t/1=z) b(t/1=z)");
	stage_end();
}
END_TEST

START_TEST(subscriptions_that_share_an_identifier_are_told_apart_by_their_filters)
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     a = {d, "a", NULL}, b = {d, "b", NULL};
	const struct mqttwill_subscription s[] = {
		{.filter = "a", .handler = hear, .user = &a},
		{.filter = "b", .handler = hear, .user = &b, .subscription_id = 9},
		{.filter = "c"},
	};
	device_token(d, mqttwill_subscribe(d->c, s, 3), true);
	expect_bytes("82 11 0001 02 0B09 0001 'a' 00 0001 'b' 00 0001 'c' 00");
	peer_says("30 07 0001 'a' 02 0B09 'x'" "30 07 0001 'b' 02 0B09 'x'" "30 07 0001 'c' 02 0B09 'x'");
	expect_heard("a(a=x #9) b(b=x #9)");
	expect_events(d, "MESSAGE(c=x)");
	peer_says("90 06 0001 00 00 00 00");
	stage_end();
}
END_TEST

START_TEST(a_message_without_identifier_is_for_subscriptions_without_one)
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     a = {d, "a", NULL};
	ask(d, "t/#", 0, &a);
	ask(d, "t/1", 0, NULL);
	peer_says("30 09 0003 't/1' 02 0B01 'x'" "30 07 0003 't/1' 00 'x'"); /* one copy each */
	expect_heard("a(t/1=x #1)");
	expect_events(d, "MESSAGE(t/1=x)");
	peer_says("90 04 0001 00 00" "90 04 0002 00 00");
	stage_end();
}
END_TEST

START_TEST(an_identifier_that_nobody_knows_makes_an_event)
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     a = {d, "a", NULL};
	ask(d, "a", 0, &a);
	peer_says("30 07 0001 'a' 02 0B05 'x'");
	expect_heard("");
	expect_events(d, "MESSAGE(a=x)");
	peer_says("90 04 0001 00 00");
	stage_end();
}
END_TEST

START_TEST(before_mqtt_5_handlers_hear_by_topic)
{
	struct device *d = listener(_i, MQTTWILL_V311);
	struct ear     a = {d, "a", NULL}, b = {d, "b", NULL};
	ask(d, "#", 0, &a);
	ask(d, "$SYS/#", 0, &b);
	ask(d, "t", 0, &a);
	peer_says("90 03 0001 00" "90 03 0002 00" "90 03 0003 00");
	peer_says("30 04 0001 't' 'x'" "30 09 0006 '$SYS/a' 'y'");
	expect_heard("a(t=x) b($SYS/a=y)"); /* [MQTT-4.7.2-1] */
	const struct mqttwill_subscription s = {.filter = "u", .subscription_id = 1};
	ck_assert_int_eq((int)mqttwill_subscribe(d->c, &s, 1), MQTTWILL_EUNSUPPORTED);
	stage_end();
}
END_TEST

START_TEST(a_shared_subscription_has_its_handler_too)
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     a = {d, "a", NULL};
	ask(d, "$share/g/t/+", 0, &a);
	peer_says("90 04 0001 00 00" "30 09 0003 't/1' 02 0B01 'x'" "30 07 0003 't/1' 00 'y'");
	expect_heard("a(t/1=x #1) a(t/1=y)");
	stage_end();
}
END_TEST

START_TEST(a_subscription_replaces_the_one_before_with_its_handler) /* [MQTT-3.8.4-3] */
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     a = {d, "a", NULL}, b = {d, "b", NULL};
	ask(d, "t", 5, &a);
	peer_says("90 04 0001 00 00");
	ask(d, "t", 6, &b);
	peer_says("30 07 0001 't' 02 0B05 'x'" "90 04 0002 00 00" "30 07 0001 't' 02 0B06 'y'" "30 05 0001 't' 00 'z'");
	expect_heard("a(t=x #5) b(t=y #6) b(t=z)");
	ask(d, "t", 0, NULL);
	peer_says("90 04 0003 00 00" "30 05 0001 't' 00 'x'");
	expect_heard("");
	expect_events(d, "DONE(1) DONE(2) DONE(3) MESSAGE(t=x)");
	stage_end();
}
END_TEST

START_TEST(a_handler_is_gone_with_unsuback_and_with_a_refusal)
{
	struct device    *d = listener(_i, MQTTWILL_V5);
	struct ear        a = {d, "a", NULL};
	const char *const t = "t";
	ask(d, "t", 0, &a);
	peer_says("90 04 0001 00 00");
	device_token(d, mqttwill_unsubscribe(d->c, &t, 1), true);
	peer_says("30 07 0001 't' 02 0B01 'x'" "B0 04 0002 00 00" "30 07 0001 't' 02 0B01 'y'");
	expect_heard("a(t=x #1)");
	expect_events(d, "DONE(1) DONE(2) MESSAGE(t=y)");
	ask(d, "u", 0, &a);
	peer_says("90 04 0003 00 87" "30 07 0001 'u' 02 0B02 'z'");
	expect_heard("");
	expect_events(d, "DONE(3):EDENIED MESSAGE(u=z)");
	ck_assert_uint_eq(d->c->client.handlers, 0);
	stage_end();
}
END_TEST

START_TEST(a_new_session_has_identifiers_options_and_handlers_again)
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     a = {d, "a", NULL};
	const struct mqttwill_subscription s = {.filter = "t", .qos = 1, .no_local = true, .retain_as_published = true,
	                                        .retain_handling = 2, .subscription_id = 300, .handler = hear, .user = &a};
	device_token(d, mqttwill_subscribe(d->c, &s, 1), true);
	expect_bytes("82 0A 0001 03 0BAC02 0001 't' 2D");
	peer_says("90 04 0001 00 01");
	peer_resets();
	lamp_comes_back();
	forget(d);
	peer_says(CONNACK5);
	expect_bytes("82 0A 0002 03 0BAC02 0001 't' 2D");
	peer_says("90 04 0002 00 01" "30 08 0001 't' 03 0BAC02 'x'");
	expect_heard("a(t=x #300)");
	stage_end();
}
END_TEST

START_TEST(without_identifiers_at_the_broker_handlers_hear_by_topic)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	struct ear     a = {d, "a", NULL};
	heard_len = 0;
	ask(d, "t", 0, &a); /* before the broker could say so: an identifier is chosen, and left out again */
	mqttwill_start(d->c);
	forget(d);
	peer_says("20 05 00 00 02 2900");
	expect_bytes("82 07 0001 00 0001 't' 00");
	peer_says("90 04 0001 00 00" "30 05 0001 't' 00 'x'");
	expect_heard("a(t=x)");
	ask(d, "u", 0, &a);
	expect_bytes("82 07 0002 00 0001 'u' 00");
	peer_says("90 04 0002 00 00");
	peer_resets();
	lamp_comes_back();
	forget(d);
	peer_says("20 05 00 00 02 2900");
	expect_bytes("82 07 0003 00 0001 't' 00" "82 07 0004 00 0001 'u' 00");
	ck_assert_uint_eq(d->c->client.held_bytes, 18);
	peer_says("90 04 0003 00 00" "90 04 0004 00 00");
	ck_assert_uint_eq(d->c->client.held_bytes, 0);
	stage_end();
}
END_TEST

START_TEST(a_chosen_identifier_is_one_that_is_free)
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     a = {d, "a", NULL};
	ask(d, "a", 1, NULL);
	ask(d, "b", 2, NULL);
	forget(d);
	ask(d, "c", 0, &a);
	expect_bytes("82 09 0003 02 0B03 0001 'c' 00");
	ask(d, "c", 0, &a); /* anew: it keeps its own */
	expect_bytes("82 09 0004 02 0B03 0001 'c' 00");
	stage_end();
}
END_TEST

static void act_free(struct device *d)
{
	device_free(d);
}

static void act_close(struct device *d)
{
	mqttwill_close(d->c, NULL);
}

static void act_unsubscribe(struct device *d)
{
	const char *const t = "t";
	mqttwill_unsubscribe(d->c, &t, 1);
}

static void act_subscribe(struct device *d)
{
	const struct mqttwill_subscription s = {.filter = "t", .handler = hear};
	mqttwill_subscribe(d->c, &s, 1);
}

static void act_refused(struct device *d)
{
	const struct mqttwill_subscription s[] = {{.filter = "v", .handler = hear}, {.filter = "v/#/w"}};
	mqttwill_subscribe(d->c, s, 2);
}

START_TEST(a_handler_may_do_anything)
{
	static void (*const acts[])(struct device *) = {act_free, act_close, act_unsubscribe, act_subscribe, act_refused};
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
		struct device *d = listener(_i, MQTTWILL_V5);
		struct ear     a = {d, "a", acts[i]}, b = {d, "b", NULL};
		ask(d, "t", 0, &a);
		ask(d, "+", 0, &b);
		peer_says("90 04 0001 00 00" "90 04 0002 00 00");
		peer_says("32 0B 0001 't' 0007 04 0B01 0B02 'x'");
		expect_heard(acts[i] == act_free ? "a(t=x #1 #2)" : "a(t=x #1 #2) b(t=x #1 #2)");
		ck_assert_int_eq(d->c == NULL, acts[i] == act_free);
		stage_end();
	}
}
END_TEST

/* More than there is room for without an allocation. */
START_TEST(a_message_may_have_many_handlers_and_many_identifiers)
{
	struct device *d = listener(_i, MQTTWILL_V5);
	struct ear     ears[20];
	static const char *const filters[] = {"t", "#", "+", "+/#", "t/#"};
	for (size_t i = 0; i < 20; i++) {
		char filter[24];
		ears[i] = (struct ear){d, i == 19 ? "z" : "e", NULL};
		snprintf(filter, sizeof filter, "$share/g%zu/%s", i, filters[i % 5]);
		ask(d, filter, 0, &ears[i]);
	}
	peer_says("30 2D 0001 't' 28 0B01 0B02 0B03 0B04 0B05 0B06 0B07 0B08 0B09 0B0A 0B0B 0B0C 0B0D 0B0E 0B0F 0B10 0B11 0B12 0B13 0B14 'x'");
	ck_assert_ptr_nonnull(strstr(heard, " #19 #20) z(t=x #1 #2 "));
	ck_assert_ptr_nonnull(strstr(heard, "e(t=x #1 #2 #3 #4 #5 #6 #7 #8 #9 #10 #11 #12 #13 #14 #15 #16 #17 #18 #19 #20)"));
	stage_end();
}
END_TEST

/* The self-watch has no identifier and no handler; its messages do not reach the application's. */
START_TEST(the_self_watch_goes_on_beside_handlers)
{
	static const struct mqttwill_presence watched = {.topic = "s", .self_watch = true};
	struct mqttwill_options o = lamp_options();
	o.presence = &watched;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	struct ear     a = {d, "a", NULL};
	heard_len = 0;
	heard[0] = 0;
	peer_says("90 04 0002 00 01");
	ask(d, "t", 0, &a);
	peer_says("90 04 0003 00 00");
	forget(d);
	peer_says("30 0B 0001 's' 00 'offline'" "30 07 0001 't' 02 0B01 'x'");
	expect_heard("a(t=x #1)");
	stage_pass(1000);
	expect_events(d, "WILL");
	ask(d, "+", 0, &a);
	peer_says("30 0D 0001 's' 02 0B02 'offline'");
	expect_heard("a(s=offline #2)");
	stage_pass(2000);
	stage_end();
}
END_TEST

Suite *route_suite(void)
{
	Suite *s = suite_create("route");
	TCase *t = tcase_create("route");
	SCENE(t, a_handler_hears_what_comes_for_its_subscription_and_events_the_rest);
	SCENE(t, retained_messages_that_overtake_suback_reach_the_handler);
	SCENE(t, overlapping_subscriptions_hear_a_message_once_each);
	SCENE(t, subscriptions_that_share_an_identifier_are_told_apart_by_their_filters);
	SCENE(t, a_message_without_identifier_is_for_subscriptions_without_one);
	SCENE(t, an_identifier_that_nobody_knows_makes_an_event);
	SCENE(t, before_mqtt_5_handlers_hear_by_topic);
	SCENE(t, a_shared_subscription_has_its_handler_too);
	SCENE(t, a_subscription_replaces_the_one_before_with_its_handler);
	SCENE(t, a_handler_is_gone_with_unsuback_and_with_a_refusal);
	SCENE(t, a_new_session_has_identifiers_options_and_handlers_again);
	SCENE(t, without_identifiers_at_the_broker_handlers_hear_by_topic);
	SCENE(t, a_chosen_identifier_is_one_that_is_free);
	SCENE(t, a_handler_may_do_anything);
	SCENE(t, a_message_may_have_many_handlers_and_many_identifiers);
	SCENE(t, the_self_watch_goes_on_beside_handlers);
	suite_add_tcase(s, t);
	return s;
}
