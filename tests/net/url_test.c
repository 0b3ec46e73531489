/* SPDX-License-Identifier: MIT */
/*
 * URLs, good and bad: each bad one with the byte at which it goes wrong.
 */
#include <mqttwill.h>
#include <stdlib.h>
#include <string.h>

#include "net/suites.h"
#include "net/url.h"

static const struct good {
	const char *text, *host, *port, *user, *password;
	uint8_t     scheme;
	const char *path;
} good[] = {
	{"mqtt://broker", "broker", "1883", NULL, NULL, URL_MQTT},
	{"mqtts://broker", "broker", "8883", NULL, NULL, URL_MQTTS},
	{"MQTTs://broker", "broker", "8883", NULL, NULL, URL_MQTTS},
	{"tcp://broker", "broker", "1883", NULL, NULL, URL_MQTT},
	{"ssl://broker", "broker", "8883", NULL, NULL, URL_MQTTS},
	{"mqtt://broker/", "broker", "1883", NULL, NULL, URL_MQTT},
	{"mqtt://broker:1", "broker", "1", NULL, NULL, URL_MQTT},
	{"mqtt://broker:65535/", "broker", "65535", NULL, NULL, URL_MQTT},
	{"mqtt://broker:00001883", "broker", "1883", NULL, NULL, URL_MQTT},
	{"mqtts://192.0.2.1:9", "192.0.2.1", "9", NULL, NULL, URL_MQTTS},
	{"mqtt://[::1]", "::1", "1883", NULL, NULL, URL_MQTT},
	{"mqtts://[2001:db8::1]:18883/", "2001:db8::1", "18883", NULL, NULL, URL_MQTTS},
	{"mqtt://[fe80::1%eth0]", "fe80::1%eth0", "1883", NULL, NULL, URL_MQTT},
	{"mqtt://[fe80::1%25eth0]:9", "fe80::1%eth0", "9", NULL, NULL, URL_MQTT},
	{"mqtt://[fe80::1%25]", "fe80::1%25", "1883", NULL, NULL, URL_MQTT},
	{"mqtt://me@broker", "broker", "1883", "me", NULL, URL_MQTT},
	{"mqtt://me:@broker", "broker", "1883", "me", "", URL_MQTT},
	{"mqtt://:word@broker", "broker", "1883", "", "word", URL_MQTT},
	{"mqtt://me:word@broker:9", "broker", "9", "me", "word", URL_MQTT},
	{"mqtt://me:w:o:r:d@broker", "broker", "1883", "me", "w:o:r:d", URL_MQTT},
	{"mqtt://me%40home:%2F%3a%25@broker", "broker", "1883", "me@home", "/:%", URL_MQTT},
	{"mqtt://me@home:word@broker", "broker", "1883", "me@home", "word", URL_MQTT},
	{"mqtt://caf\xc3\xa9@broker", "broker", "1883", "caf\xc3\xa9", NULL, URL_MQTT},
	{"mqtt://me:word@[::1]:9", "::1", "9", "me", "word", URL_MQTT},
	{"ws://broker", "broker", "80", NULL, NULL, URL_WS, "/mqtt"},
	{"wss://me:word@broker:9001/", "broker", "9001", "me", "word", URL_WSS, "/"},
	{"wss://broker/a/b%20?c=/d", "broker", "443", NULL, NULL, URL_WSS, "/a/b%20?c=/d"},
	{"ws://[::1]:80?x", "::1", "80", NULL, NULL, URL_WS, "/?x"},
	{"unix:///run/broker%20one.sock", "", "", NULL, NULL, URL_UNIX, "/run/broker one.sock"},
	{"unix://me:word@/run/broker", "", "", "me", "word", URL_UNIX, "/run/broker"},
};

static const struct bad {
	const char *text;
	size_t      offset;
	const char *problem;
} bad[] = {
	{"", 0, "none of mqtt"},
	{"broker", 0, "none of mqtt"},
	{"mqtt:/broker", 0, "none of mqtt"},
	{"mqtt:broker:1883", 0, "none of mqtt"},
	{"http://broker", 0, "none of mqtt"},
	{"mqtt://", 7, "host is missing"},
	{"mqtt:///", 7, "host is missing"},
	{"mqtt://:1883", 7, "host is missing"},
	{"mqtt://me@", 10, "host is missing"},
	{"mqtts://me:word@:9", 16, "host is missing"},
	{"mqtt://::1", 7, "host is missing"},
	{"mqtt://[]", 8, "host is missing"},
	{"mqtt://[::1", 7, "[ without ]"},
	{"mqtt://[::1/]", 7, "[ without ]"},
	{"mqtt://[broker]", 8, "not an IPv6 address"},
	{"mqtt://[192.0.2.1]", 8, "not an IPv6 address"},
	{"mqtt://[::1]x", 12, "follows the host"},
	{"mqtt://broker:", 14, "port"},
	{"mqtt://broker:/", 14, "port"},
	{"mqtt://broker:0", 14, "port"},
	{"mqtt://broker:65536", 14, "port"},
	{"mqtt://broker:99999999999999999999", 14, "port"},
	{"mqtt://broker:18x3", 14, "port"},
	{"mqtt://broker:-1", 14, "port"},
	{"mqtt://broker:+1", 14, "port"},
	{"mqtt://2001:db8::1", 12, "port"},
	{"mqtt://broker/topic", 13, "path"},
	{"mqtt://broker?x=y", 13, "path"},
	{"mqtt://broker:1883#end", 18, "path"},
	{"mqtt://broker//", 13, "path"},
	{" mqtt://broker", 0, "space or a control"},
	{"mqtt://bro ker", 10, "space or a control"},
	{"mqtt://broker\n", 13, "space or a control"},
	{"mqtt://broker\x7f", 13, "space or a control"},
	{"mqtt://%4@broker", 7, "hexadecimal"},
	{"mqtt://a%zz@broker", 8, "hexadecimal"},
	{"mqtt://a%4z:b@broker", 8, "hexadecimal"},
	{"mqtt://a:b%@broker", 10, "hexadecimal"},
	{"mqtt://a%00b@broker", 7, "U+0000"},
	{"ws://broker/mqtt#end", 16, "no fragment"},
	{"ws:///mqtt", 5, "host is missing"},
	{"unix://run/broker", 7, "three slashes"},
	{"unix:///", 7, "path of the Unix socket is missing"},
	{"unix://me@", 10, "path of the Unix socket is missing"},
	{"unix:///run/broker?x", 18, "no query"},
	{"unix:///run/%00", 7, "U+0000"},
	{"unix:///run/%0", 12, "hexadecimal"},
};

static void same(const char *got, const char *wanted)
{
	if (wanted)
		ck_assert_str_eq(got, wanted);
	else
		ck_assert_ptr_null(got);
}

START_TEST(a_good_url_is_taken_apart)
{
	const struct good *row = &good[_i];
	struct url         url;
	size_t             offset;
	const char        *problem;
	ck_assert_msg(url_parse(&url, row->text, &offset, &problem) == 0, "%s: %s at %zu", row->text, problem, offset);
	same(url.host, row->host);
	same(url.port, row->port);
	same(url.user, row->user);
	same(url.password, row->password);
	ck_assert_uint_eq(url.password_len, row->password ? strlen(row->password) : 0);
	ck_assert_int_eq(url.scheme, row->scheme);
	same(url.path, row->path);
	ck_assert_int_eq(url.literal_v6, strchr(row->text, '[') != NULL);
	url_fini(&url);
	ck_assert_ptr_null(url.host);
}
END_TEST

START_TEST(a_bad_url_is_refused_at_its_first_bad_byte)
{
	const struct bad *row = &bad[_i];
	struct url        url;
	size_t            offset = 999;
	const char       *problem = NULL;
	ck_assert_msg(url_parse(&url, row->text, &offset, &problem) == MQTTWILL_EURL, "%s was taken", row->text);
	ck_assert_msg(strstr(problem, row->problem), "%s: %s", row->text, problem);
	ck_assert_msg(offset == row->offset, "%s: %s at %zu, not %zu", row->text, problem, offset, row->offset);
	ck_assert_ptr_null(url.host);
	ck_assert_ptr_null(url.user);
	ck_assert_ptr_null(url.password);
}
END_TEST

START_TEST(a_password_may_hold_any_byte)
{
	struct url  url;
	size_t      offset;
	const char *problem;
	ck_assert_int_eq(url_parse(&url, "mqtt://me:%00a%00%ff@broker", &offset, &problem), 0);
	ck_assert_uint_eq(url.password_len, 4);
	ck_assert_mem_eq(url.password, "\0a\0\xff", 4);
	url_fini(&url);
}
END_TEST

START_TEST(a_host_has_at_most_255_characters)
{
	char        text[300] = "mqtt://";
	struct url  url;
	size_t      offset;
	const char *problem;
	memset(text + 7, 'h', 255);
	ck_assert_int_eq(url_parse(&url, text, &offset, &problem), 0);
	url_fini(&url);
	memset(text + 7, 'h', 256);
	ck_assert_int_eq(url_parse(&url, text, &offset, &problem), MQTTWILL_EURL);
	ck_assert_uint_eq(offset, 7 + 255);
}
END_TEST

Suite *url_suite(void)
{
	Suite *s = suite_create("url");
	TCase *t = tcase_create("url");
	tcase_add_loop_test(t, a_good_url_is_taken_apart, 0, sizeof good / sizeof good[0]);
	tcase_add_loop_test(t, a_bad_url_is_refused_at_its_first_bad_byte, 0, sizeof bad / sizeof bad[0]);
	tcase_add_test(t, a_password_may_hold_any_byte);
	tcase_add_test(t, a_host_has_at_most_255_characters);
	suite_add_tcase(s, t);
	return s;
}
