/* SPDX-License-Identifier: MIT */
/*
 * Rules of the specification that a whole client has to keep: what the calls refuse, with the rule's own name in the
 * sentence, and what a client does that a session alone cannot.
 */
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

/* ---- What the calls refuse ---- */

static const struct mqttwill_user_property bad_name = {.name = "\xFF", .value = "v"};
static const struct mqttwill_user_property bad_value = {.name = "n", .value = "v\0w", .value_len = 3};

static const struct {
	const char             *requirement;
	struct mqttwill_message m;
	const char             *says; /* the field and the rule */
} messages[] = {
	{"MQTT-1.5.4-1 MQTT-3.3.2-1", {.topic = "a\xED\xA0\x80"}, "byte 1, MQTT-1.5.4-1"},
	{"MQTT-1.5.4-2 MQTT-4.7.3-2", {.topic = "a\0b", .topic_len = 3}, "byte 1, MQTT-1.5.4-2"},
	{"MQTT-3.3.2-2 MQTT-4.7.0-1", {.topic = "a/+"}, "byte 2, MQTT-4.7.0-1"},
	{"MQTT-3.3.2-2 MQTT-4.7.0-1", {.topic = "#"}, "byte 0, MQTT-4.7.0-1"},
	{"MQTT-4.7.3-1", {.topic = ""}, "MQTT-4.7.3-1"},
	{"MQTT-3.3.1-4", {.topic = "t", .qos = 3}, "MQTT-3.3.1-4"},
	{"MQTT-3.3.2-13", {.topic = "t", .response_topic = "r\xFF"}, "response_topic is not well-formed UTF-8 (byte 1, MQTT-1.5.4-1"},
	{"MQTT-3.3.2-14", {.topic = "t", .response_topic = "r/#"}, "response_topic has a wildcard, + or # (byte 2, MQTT-4.7.0-1"},
	{"MQTT-3.3.2-19", {.topic = "t", .content_type = "\xC0\x80"}, "content_type is not well-formed UTF-8 (byte 0, MQTT-1.5.4-1"},
	{"MQTT-1.5.7-1", {.topic = "t", .user_properties = &bad_name, .user_property_count = 1}, "name is not well-formed UTF-8"},
	{"MQTT-1.5.7-1", {.topic = "t", .user_properties = &bad_value, .user_property_count = 1}, "value has the character U+0000"},
};

START_TEST(a_message_is_refused_by_the_rule_that_it_breaks)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		int rc = (int)mqttwill_publish(d->c, &messages[i].m);
		ck_assert_msg(rc < 0, "%s: accepted", messages[i].requirement);
		ck_assert_msg(strstr(mqttwill_errmsg(d->c, rc), messages[i].says), "%s: %s", messages[i].requirement,
		              mqttwill_errmsg(d->c, rc));
	}
	expect_bytes("");
	stage_end();
}
END_TEST

static const struct {
	const char *requirement;
	const char *filter;
	bool        no_local;
	const char *says;
} filters[] = {
	{"MQTT-3.8.3-1 MQTT-3.10.3-1", "a/\xFF", false, "byte 2, MQTT-1.5.4-1"},
	{"MQTT-4.7.1-1", "a/#/b", false, "byte 2, MQTT-4.7.1-1"},
	{"MQTT-4.7.1-2", "a+", false, "byte 1, MQTT-4.7.1-2"},
	{"MQTT-4.7.3-1", "", false, "MQTT-4.7.3-1"},
	{"MQTT-4.8.2-1", "$share/g", false, "MQTT-4.8.2-1"},
	{"MQTT-4.8.2-2", "$share/a+/b", false, "MQTT-4.8.2-2"},
	{"MQTT-3.8.3-4", "$share/g/t", true, "MQTT-3.8.3-4"},
};

START_TEST(a_filter_is_refused_by_the_rule_that_it_breaks)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
		struct mqttwill_subscription s = {.filter = filters[i].filter, .no_local = filters[i].no_local};
		int                          rc = (int)mqttwill_subscribe(d->c, &s, 1);
		ck_assert_msg(rc < 0 && strstr(mqttwill_errmsg(d->c, rc), filters[i].says), "%s: %s",
		              filters[i].requirement, mqttwill_errmsg(d->c, rc));
		rc = filters[i].no_local ? -1 : (int)mqttwill_unsubscribe(d->c, &filters[i].filter, 1);
		ck_assert_msg(rc < 0 && strstr(mqttwill_errmsg(d->c, rc), filters[i].says), "%s, to leave: %s",
		              filters[i].requirement, mqttwill_errmsg(d->c, rc));
	}
	expect_bytes("");
	stage_end();
}
END_TEST

START_TEST(no_filter_at_all_is_refused) /* [MQTT-3.8.3-2], [MQTT-3.10.3-2] */
{
	struct mqttwill_options      o = bare_options();
	struct mqttwill_subscription s = {.filter = "a"};
	const char                  *filter = "a";
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	ck_assert_int_eq((int)mqttwill_subscribe(d->c, &s, 0), MQTTWILL_EINVAL);
	expect_text(d, "");
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_EINVAL), "MQTT-3.8.3-2"));
	ck_assert_int_eq((int)mqttwill_unsubscribe(d->c, &filter, 0), MQTTWILL_EINVAL);
	expect_bytes("");
	stage_end();
}
END_TEST

static const struct {
	const char             *requirement;
	struct mqttwill_options o;
	const char             *says;
} options[] = {
	{"MQTT-3.1.3-4", {.url = "mqtt://h", .client_id = "a\xFF"}, "client_id: it is not well-formed UTF-8 (byte 1, MQTT-1.5.4-1"},
	{"MQTT-3.1.3-12", {.url = "mqtt://h", .user_name = "ab\xC0"}, "user_name: it is not well-formed UTF-8 (byte 2, MQTT-1.5.4-1"},
};

START_TEST(an_option_is_refused_by_the_rule_that_it_breaks)
{
	stage_begin(LINE_WHOLE);
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		mqttwill *c;
		int       rc = mqttwill_new(&c, &options[i].o);
		ck_assert_int_eq(rc, MQTTWILL_EOPTION);
		ck_assert_msg(strstr(mqttwill_errmsg(NULL, rc), options[i].says), "%s: %s", options[i].requirement,
		              mqttwill_errmsg(NULL, rc));
	}
	stage_end();
}
END_TEST

/* ---- What a client does ---- */

START_TEST(an_assigned_client_id_replaces_none_that_was_given)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says("20 09 00 00 06 12 0003 'id9'");
	expect_events(d, "UP");
	peer_resets();
	forget(d);
	stage_pass(60000);
	stage_settle();
	ck_assert_uint_ge(line_count(), 2);
	ck_assert_ptr_nonnull(memmem(line_at(1)->up, line_at(1)->up_len, "\0\4lamp", 6));
	stage_end();
}
END_TEST

START_TEST(an_assigned_client_id_is_kept) /* [MQTT-3.1.3-2], [MQTT-3.1.3-7] */
{
	struct mqttwill_options o = {.url = "mqtt://h", .session_expiry_s = 60};
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says("20 09 00 00 06 12 0003 'id9'");
	expect_events(d, "UP");
	peer_resets();
	forget(d);
	stage_pass(60000);
	stage_settle();
	ck_assert_uint_ge(line_count(), 2);
	ck_assert_ptr_nonnull(memmem(line_at(1)->up, line_at(1)->up_len, "\0\3id9", 5));
	stage_end();
}
END_TEST

START_TEST(a_message_that_nobody_asked_for_is_acknowledged) /* [MQTT-4.5.0-2] */
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	peer_says(TELL5("0007", "a") TELL5_QOS2("0008", "b"));
	expect_bytes(PUBACK("0007") PUBREC("0008"));
	forget(d);
	stage_end();
}
END_TEST

START_TEST(a_published_message_has_no_subscription_identifier) /* [MQTT-3.3.4-6]: one that came, and goes on */
{
	static const uint32_t   ids[] = {7, 8};
	struct mqttwill_message m = {.topic = "t", .text = "a", .subscription_ids = ids, .subscription_id_count = 2};
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	m.content_type = "x";
	ck_assert_int_gt(mqttwill_publish(d->c, &m), 0);
	expect_bytes("30 09 0001 't' 04 03 0001 'x' 'a'");
	stage_end();
}
END_TEST

START_TEST(only_the_granted_filters_are_made_again) /* [MQTT-3.9.3-1], [MQTT-3.11.3-1] */
{
	static const struct mqttwill_subscription both[] = {{.filter = "a", .qos = 1}, {.filter = "b", .qos = 1},
	                                                    {.filter = "c", .qos = 1}};
	static const char *const                  leave[] = {"b", "c"};
	struct mqttwill_options                   o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_token(d, mqttwill_subscribe(d->c, both, 3), true);
	peer_says("90 06 0001 00 87 01 01");
	device_token(d, mqttwill_unsubscribe(d->c, leave, 2), true);
	peer_says("B0 05 0002 00 00 87");
	forget(d);
	peer_resets();
	lamp_comes_back();
	peer_says(CONNACK5);
	expect_bytes("82 07 0003 00 0001 'c' 01");
	stage_end();
}
END_TEST

static const struct mqttwill_presence late_status = {.topic = "lamp/status", .delay_s = 10};

START_TEST(the_brokers_session_expiry_replaces_ours) /* U-3.2.2.3.2-a */
{
	struct mqttwill_options o = lamp_options();
	o.presence = &late_status;
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = device_start(&o);
	lamp_welcome(d, "20 08 00 00 05 11 00000003", "0001");
	ck_assert_uint_eq(d->connack.session_expiry_s, 3);
	device_close(d, MQTTWILL_GOODBYE_WITH_WILL);
	peer_closes();
	expect_events(d, "CLOSED(with-will due 3)");
	stage_end();
}
END_TEST

Suite *rules_suite(void)
{
	Suite *suite = suite_create("rules");
	TCase *tc = tcase_create("rules");
	SCENE(tc, a_message_is_refused_by_the_rule_that_it_breaks);
	SCENE(tc, a_filter_is_refused_by_the_rule_that_it_breaks);
	SCENE(tc, no_filter_at_all_is_refused);
	tcase_add_test(tc, an_option_is_refused_by_the_rule_that_it_breaks);
	SCENE(tc, an_assigned_client_id_is_kept);
	SCENE(tc, an_assigned_client_id_replaces_none_that_was_given);
	SCENE(tc, a_message_that_nobody_asked_for_is_acknowledged);
	SCENE(tc, a_published_message_has_no_subscription_identifier);
	SCENE(tc, only_the_granted_filters_are_made_again);
	SCENE(tc, the_brokers_session_expiry_replaces_ours);
	suite_add_tcase(suite, tc);
	return suite;
}
