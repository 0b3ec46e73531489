/* SPDX-License-Identifier: MIT */
/*
 * What mqttwill_new() and the calls after it refuse, and with which words; options of another age than the library's.
 */
#include <stdlib.h>

#include "client/scenes.h"
#include "client/suites.h"

static char long_name[70001];

static const struct mqttwill_presence no_topic, wild = {.topic = "lamp/#"}, qos_3 = {.topic = "s", .qos = 3},
						two_offlines = {.topic = "s", .offline = "x", .empty_offline = true},
						no_bytes = {.topic = "s", .online_len = 3},
						late = {.topic = "s", .delay_s = 5},
						late_qos_2 = {.topic = "s", .qos = 2};
static const struct mqttwill_will plain_will = {.topic = "w"}, bad_will = {.topic = "w", .qos = 3};

static int no_will(void *user, const struct mqttwill_attempt *a, struct mqttwill_will *will)
{
	(void)user;
	(void)a;
	(void)will;
	return 0;
}

#define URL .url = "mqtt://h"

static const struct row {
	struct mqttwill_options o;
	int                     error;
	const char             *says;
} refused[] = {
	{{.client_id = "x"}, MQTTWILL_EURL, "url"},
	{{.url = ""}, MQTTWILL_EURL, "url"},
	{{.url = "http://h"}, MQTTWILL_EURL, "url"},
	{{.url = "mqtt://h:99999"}, MQTTWILL_EURL, "url"},
	{{URL, .version = 5}, MQTTWILL_EOPTION, "version"},
	{{URL, .version = 2}, MQTTWILL_EOPTION, "version"},
	{{URL, .keepalive_s = 65537}, MQTTWILL_EOPTION, "keepalive_s"},
	{{URL, .rejoin = 3}, MQTTWILL_EOPTION, "rejoin"},
	{{URL, .connect_timeout_ms = 3600001}, MQTTWILL_EOPTION, "connect_timeout_ms"},
	{{URL, .ping_timeout_ms = 3600001}, MQTTWILL_EOPTION, "ping_timeout_ms"},
	{{URL, .backoff_min_ms = 3600001}, MQTTWILL_EOPTION, "backoff_min_ms"},
	{{URL, .backoff_max_ms = 86400001}, MQTTWILL_EOPTION, "backoff_max_ms"},
	{{URL, .backoff_min_ms = 5000, .backoff_max_ms = 100}, MQTTWILL_EOPTION, "backoff_max_ms"},
	{{URL, .stable_ms = 86400001}, MQTTWILL_EOPTION, "stable_ms"},
	{{URL, .takeover_backoff_ms = 86400001}, MQTTWILL_EOPTION, "takeover_backoff_ms"},
	{{URL, .receive_maximum = 65536}, MQTTWILL_EOPTION, "receive_maximum"},
	{{URL, .maximum_packet_size = 127}, MQTTWILL_EOPTION, "maximum_packet_size"},
	{{URL, .maximum_packet_size = 268435461}, MQTTWILL_EOPTION, "maximum_packet_size"},
	{{URL, .queue_messages = 1000001}, MQTTWILL_EOPTION, "queue_messages"},
	{{URL, .queue_bytes = 1073741825}, MQTTWILL_EOPTION, "queue_bytes"},
	{{URL, .version = MQTTWILL_V311, .session_expiry_s = 1}, MQTTWILL_EOPTION, "session_expiry_s"},
	{{URL, .version = MQTTWILL_V31}, MQTTWILL_EOPTION, "client_id"},
	{{URL, .version = MQTTWILL_V31, .client_id = "012345678901234567890123"}, MQTTWILL_EOPTION, "client_id"},
	{{URL, .version = MQTTWILL_V311, .rejoin = MQTTWILL_REJOIN_ALWAYS}, MQTTWILL_EOPTION, "client_id"},
	{{URL, .client_id = "a\xFF"}, MQTTWILL_EOPTION, "client_id"},
	{{URL, .client_id = long_name}, MQTTWILL_EOPTION, "client_id"},
	{{URL, .user_name = "\xED\xA0\x80"}, MQTTWILL_EOPTION, "user_name"},
	{{URL, .user_name = long_name}, MQTTWILL_EOPTION, "user_name"},
	{{URL, .version = MQTTWILL_V311, .client_id = "x", .password = "p"}, MQTTWILL_EOPTION, "password"},
	{{URL, .password = long_name}, MQTTWILL_EOPTION, "password"},
	{{URL, .password_len = 3}, MQTTWILL_EOPTION, "password_len"},
	{{URL, .presence = &late}, MQTTWILL_EOPTION, "client_id"},
	{{URL, .client_id = "x", .presence = &no_topic}, MQTTWILL_EOPTION, "presence.topic"},
	{{URL, .client_id = "x", .presence = &wild}, MQTTWILL_EWILL, "topic"},
	{{URL, .client_id = "x", .presence = &qos_3}, MQTTWILL_EWILL, "qos"},
	{{URL, .client_id = "x", .presence = &two_offlines}, MQTTWILL_EOPTION, "presence.offline"},
	{{URL, .client_id = "x", .presence = &no_bytes}, MQTTWILL_EOPTION, "presence"},
	{{URL, .client_id = "x", .presence = &late, .version = MQTTWILL_V311}, MQTTWILL_EWILL, "delay"},
	{{URL, .will = &bad_will}, MQTTWILL_EWILL, "qos"},
	{{URL, .will = &plain_will, .will_fn = no_will}, MQTTWILL_EOPTION, "will_fn"},
};

START_TEST(each_wrong_option_is_refused_by_its_name)
{
	memset(long_name, 'x', sizeof long_name - 1);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		mqttwill *c = (mqttwill *)&i;
		int       rc = mqttwill_new(&c, &refused[i].o);
		ck_assert_msg(rc == refused[i].error, "row %zu: %s is %d", i, refused[i].says, rc);
		ck_assert_ptr_null(c);
		ck_assert_msg(strstr(mqttwill_errmsg(NULL, rc), refused[i].says), "row %zu: \"%s\" does not say %s", i,
		              mqttwill_errmsg(NULL, rc), refused[i].says);
	}
}
END_TEST

static const struct mqttwill_options taken[] = {
	{URL},
	{.url = "mqtt://u:p@[::1]:1884"},
	{URL, .keepalive_s = MQTTWILL_KEEPALIVE_OFF, .session_expiry_s = UINT32_MAX},
	{URL, .keepalive_s = 65535, .receive_maximum = 65535, .maximum_packet_size = 268435460,
         .queue_messages = 1000000},
	{URL, .password = "p"}, /* MQTT 5 allows it without a user name */
	{URL, .version = MQTTWILL_V311},
	{URL, .version = MQTTWILL_V31, .client_id = "01234567890123456789012"},
	{URL, .version = MQTTWILL_AUTO, .password = "p", .session_expiry_s = 1},
	{URL, .client_id = "x", .presence = &late_qos_2, .will = &plain_will},
	{URL, .client_id = "x", .presence = &late_qos_2, .will_fn = no_will},
};

START_TEST(each_right_option_is_taken)
{
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		mqttwill *c;
		int       rc = mqttwill_new(&c, &taken[i]);
		ck_assert_msg(rc == 0, "row %zu: %s", i, mqttwill_errmsg(NULL, rc));
		mqttwill_free(c);
	}
}
END_TEST

START_TEST(null_is_refused_and_null_is_freed)
{
	mqttwill *c;
	ck_assert_int_eq(mqttwill_new(NULL, &taken[0]), MQTTWILL_EINVAL);
	ck_assert_int_eq(mqttwill_new_sized(&c, NULL, 10), MQTTWILL_EINVAL);
	ck_assert_int_eq(mqttwill_start(NULL), MQTTWILL_EINVAL);
	ck_assert_int_eq(mqttwill_step(NULL), MQTTWILL_EINVAL);
	ck_assert_int_eq(mqttwill_close(NULL, NULL), MQTTWILL_EINVAL);
	ck_assert_int_eq((int)mqttwill_publish(NULL, NULL), MQTTWILL_EINVAL);
	ck_assert_int_eq((int)mqttwill_subscribe(NULL, NULL, 1), MQTTWILL_EINVAL);
	ck_assert_int_eq((int)mqttwill_unsubscribe(NULL, NULL, 1), MQTTWILL_EINVAL);
	ck_assert_int_eq(mqttwill_set_will(NULL, NULL), MQTTWILL_EINVAL);
	ck_assert_int_eq(mqttwill_connect(NULL, 0), MQTTWILL_EINVAL);
	mqttwill_wake(NULL);
	mqttwill_free(NULL);
	ck_assert_uint_eq(mqttwill_warnings(NULL)->count, 0);
}
END_TEST

/* A program that was built with an older header has a shorter struct: what it lacks is the default. */
START_TEST(options_of_an_older_program_are_read_as_far_as_they_go)
{
	struct mqttwill_options o = lamp_options();
	size_t                  size = offsetof(struct mqttwill_options, keepalive_s);
	mqttwill               *c;
	o.url = "mqtt://h";
	memset((char *)&o + size, 0xFF, sizeof o - size);
	ck_assert_int_eq(mqttwill_new_sized(&c, &o, size), 0);
	ck_assert_uint_eq(c->client.config.keep_alive_s, 60);
	ck_assert_uint_eq(c->client.config.queue_messages, 1000);
	mqttwill_free(c);
}
END_TEST

START_TEST(options_of_a_newer_program_may_only_set_what_is_known)
{
	struct {
		struct mqttwill_options o;
		char                    more[16];
	} newer = {.o = {URL}};
	mqttwill *c;
	ck_assert_int_eq(mqttwill_new_sized(&c, &newer.o, sizeof newer), 0);
	mqttwill_free(c);
	newer.more[9] = 1;
	ck_assert_int_eq(mqttwill_new_sized(&c, &newer.o, sizeof newer), MQTTWILL_EOPTION);
	ck_assert_ptr_null(c);
}
END_TEST

/* The bits that mean nothing today are somebody's tomorrow. */
START_TEST(unknown_flags_are_refused)
{
	struct mqttwill_options o = {URL, .flags = 0x80000000};
	mqttwill               *c;
	ck_assert_int_eq(mqttwill_new(&c, &o), MQTTWILL_EOPTION);
}
END_TEST

START_TEST(what_is_passed_in_is_copied)
{
	char                     id[] = "lamp", topic[] = "lamp/status", text[] = "offline";
	struct mqttwill_presence p = {.topic = topic, .offline = text};
	struct mqttwill_options  o = {.url = "mqtt://h", .client_id = id, .presence = &p};
	stage_begin(LINE_WHOLE);
	struct device *d = device_new(&o);
	id[0] = topic[0] = text[0] = 'X';
	p.topic = NULL;
	mqttwill_start(d->c);
	expect_bytes(CONNECT5);
	stage_end();
}
END_TEST

/* ---- Calls on a client ---- */

static const struct {
	struct mqttwill_message m;
	int                     error;
	const char             *says;
} messages[] = {
	{{.topic = NULL}, MQTTWILL_ETOPIC, "topic"},
	{{.topic = ""}, MQTTWILL_ETOPIC, "topic"},
	{{.topic = "a/#"}, MQTTWILL_ETOPIC, "byte 2"},
	{{.topic = "a\0b", .topic_len = 3}, MQTTWILL_ETOPIC, "byte 1"},
	{{.topic = "\xC0"}, MQTTWILL_ETOPIC, "byte 0"},
	{{.topic = "t", .qos = 3}, MQTTWILL_EMESSAGE, "qos"},
	{{.topic = "t", .text = "a", .payload = "b", .payload_len = 1}, MQTTWILL_EMESSAGE, "twice"},
	{{.topic = "t", .payload_len = 1}, MQTTWILL_EMESSAGE, "payload"},
	{{.topic = "t", .message_expiry_s = 5}, MQTTWILL_EMESSAGE, "message_expiry_s"},
	{{.topic = "t", .payload_format = 1}, MQTTWILL_EMESSAGE, "payload_format"},
	{{.topic = "t", .has = MQTTWILL_HAS_DELAY}, MQTTWILL_EMESSAGE, "has"},
	{{.topic = "t", .has = MQTTWILL_HAS_PAYLOAD_FORMAT, .payload_format = 2}, MQTTWILL_EMESSAGE, "payload_format"},
	{{.topic = "t", .has = MQTTWILL_HAS_PAYLOAD_FORMAT, .payload_format = 1, .text = "\xFF"},
         MQTTWILL_EMESSAGE,
         "UTF-8"},
	{{.topic = "t", .response_topic = "r/+"}, MQTTWILL_EMESSAGE, "response_topic"},
	{{.topic = "t", .content_type = "\xFF"}, MQTTWILL_EMESSAGE, "content_type"},
	{{.topic = "t", .correlation_data = long_name, .correlation_data_len = 65536},
         MQTTWILL_EMESSAGE,
         "correlation_data"},
	{{.topic = "t", .user_property_count = 1}, MQTTWILL_EMESSAGE, "user"},
};

START_TEST(a_message_that_breaks_a_rule_is_refused)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		int rc = (int)mqttwill_publish(d->c, &messages[i].m);
		ck_assert_msg(rc == messages[i].error, "row %zu: %d", i, rc);
		ck_assert_msg(strstr(mqttwill_errmsg(d->c, rc), messages[i].says), "row %zu: %s", i,
		              mqttwill_errmsg(d->c, rc));
	}
	expect_bytes("");
	stage_end();
}
END_TEST

static const struct {
	uint32_t                     version;
	struct mqttwill_subscription s;
	int                          error;
} subscriptions[] = {
	{MQTTWILL_V5, {.filter = ""}, MQTTWILL_ETOPIC},
	{MQTTWILL_V5, {.filter = "a/#/b"}, MQTTWILL_ETOPIC},
	{MQTTWILL_V5, {.filter = "a+"}, MQTTWILL_ETOPIC},
	{MQTTWILL_V5, {.filter = "$share//a"}, MQTTWILL_ETOPIC},
	{MQTTWILL_V5, {.filter = "a", .qos = 3}, MQTTWILL_EINVAL},
	{MQTTWILL_V5, {.filter = "a", .retain_handling = 3}, MQTTWILL_EINVAL},
	{MQTTWILL_V5, {.filter = "$share/g/a", .no_local = true}, MQTTWILL_EINVAL},
	{MQTTWILL_V311, {.filter = "a", .no_local = true}, MQTTWILL_EUNSUPPORTED},
};

START_TEST(a_subscription_that_breaks_a_rule_is_refused)
{
	for (size_t i = 0; i < sizeof subscriptions / sizeof subscriptions[0]; i++) {
		struct mqttwill_options o = bare_options();
		o.version = subscriptions[i].version;
		stage_begin(_i);
		struct device *d = lamp_online(&o);
		ck_assert_int_eq((int)mqttwill_subscribe(d->c, &subscriptions[i].s, 1), subscriptions[i].error);
		ck_assert_int_eq((int)mqttwill_subscribe(d->c, &subscriptions[i].s, 0), MQTTWILL_EINVAL);
		expect_bytes("");
		stage_end();
	}
}
END_TEST

static const struct {
	uint32_t                version, expiry;
	struct mqttwill_closing how;
	int                     error;
} closings[] = {
	{MQTTWILL_V5, 60, {.goodbye = 4}, MQTTWILL_EINVAL},
	{MQTTWILL_V5, 60, {.has = MQTTWILL_HAS_DELAY}, MQTTWILL_EINVAL},
	{MQTTWILL_V5, 0, {.has = MQTTWILL_HAS_SESSION_EXPIRY, .session_expiry_s = 1}, MQTTWILL_EINVAL},
	{MQTTWILL_V311, 0, {.has = MQTTWILL_HAS_SESSION_EXPIRY}, MQTTWILL_EUNSUPPORTED},
};

START_TEST(a_close_that_breaks_a_rule_changes_nothing)
{
	for (size_t i = 0; i < sizeof closings / sizeof closings[0]; i++) {
		struct mqttwill_options o = lamp_options();
		o.version = closings[i].version;
		o.session_expiry_s = closings[i].expiry;
		stage_begin(_i);
		struct device *d = lamp_online(&o);
		ck_assert_int_eq(mqttwill_close(d->c, &closings[i].how), closings[i].error);
		expect_bytes("");
		expect_events(d, "");
		device_close(d, MQTTWILL_GOODBYE_ABORT);
		stage_end();
	}
}
END_TEST

START_TEST(with_auto_each_will_property_is_a_warning)
{
	struct mqttwill_options            o = {URL, .client_id = "x", .presence = &late, .session_expiry_s = 9};
	const struct mqttwill_will         will = {.topic = "w", .content_type = "c"};
	struct mqttwill_report             report;
	mqttwill                          *c;
	ck_assert_int_eq(mqttwill_will_check(&will, &o, NULL, &report), 0);
	uint64_t without = report.count;
	o.version = MQTTWILL_AUTO;
	ck_assert_int_eq(mqttwill_will_check(&will, &o, NULL, &report), 0);
	ck_assert_uint_eq(report.count, without + 1);
	ck_assert_str_eq(report.finding[without].field, "content_type");
	ck_assert_ptr_nonnull(strstr(report.finding[without].advice, "MQTTWILL_ADAPT"));
	ck_assert_int_eq(mqttwill_new(&c, &o), 0);
	ck_assert_uint_eq(mqttwill_warnings(c)->count, 1);
	ck_assert_str_eq(mqttwill_warnings(c)->finding[0].field, "delay_s");
	mqttwill_free(c);
}
END_TEST

Suite *option_suite(void)
{
	Suite *s = suite_create("option");
	TCase *t = tcase_create("options"), *calls = tcase_create("calls");
	tcase_add_test(t, each_wrong_option_is_refused_by_its_name);
	tcase_add_test(t, each_right_option_is_taken);
	tcase_add_test(t, with_auto_each_will_property_is_a_warning);
	tcase_add_test(t, null_is_refused_and_null_is_freed);
	tcase_add_test(t, options_of_an_older_program_are_read_as_far_as_they_go);
	tcase_add_test(t, options_of_a_newer_program_may_only_set_what_is_known);
	tcase_add_test(t, unknown_flags_are_refused);
	tcase_add_test(t, what_is_passed_in_is_copied);
	SCENE(calls, a_message_that_breaks_a_rule_is_refused);
	SCENE(calls, a_subscription_that_breaks_a_rule_is_refused);
	SCENE(calls, a_close_that_breaks_a_rule_changes_nothing);
	suite_add_tcase(s, t);
	suite_add_tcase(s, calls);
	return s;
}
