/* SPDX-License-Identifier: MIT */
/*
 * The filter of proxies, and what it makes of good answers, refusals, ends, breaks and silence. Real proxies are
 * tests/system/proxy.sh's.
 */
#include <mqttwill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/proxy_peer.h"
#include "net/suites.h"
#include "support/alloc.h"

enum { HTTP = URL_HTTP_PROXY, SOCKS = URL_SOCKS_PROXY };

/* ---- Through it ---- */

#define CONNECT(server, more) BYTES("CONNECT " server " HTTP/1.1\r\nHost: " server "\r\n" more "\r\n")
#define BEHIND "\x20\x02\x00\x00"

static const struct script good[] = {
	{"http://squid", "mqtt://broker", {{CONNECT("broker:1883", ""), BYTES("HTTP/1.1 200 OK\r\n\r\n" BEHIND)}}, 4},
	{"squid:3128", "mqtts://broker", {{CONNECT("broker:8883", ""), BYTES("HTTP/1.0 200\n\n" BEHIND)}}, 4},
	{"http://me:word@squid", "mqtt://[2001:db8::1]:9",
         {{CONNECT("[2001:db8::1]:9", "Proxy-Authorization: Basic bWU6d29yZA==\r\n"),
           BYTES("HTTP/1.1 299 Fine\r\nContent-Length: 4\r\nVia: squid\r\n\r\n" BEHIND)}}, 4},
	{"http://me@squid", "mqtt://192.0.2.9",
         {{CONNECT("192.0.2.9:1883", "Proxy-Authorization: Basic bWU6\r\n"), BYTES("HTTP/1.1 200\r\n\r\n")}}, 0},
	{"http://%6d%c3%a9:%00:%25@squid", "mqtt://broker",
         {{CONNECT("broker:1883", "Proxy-Authorization: Basic bcOpOgA6JQ==\r\n"), BYTES("HTTP/1.1 200\r\n\r\n" BEHIND)}}, 4},
	{"http://squid", "mqtt://broker",
         {{CONNECT("broker:1883", ""), BYTES("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\nA: b\r\n\r\nHTTP/1.1 200\r\n\r\n" BEHIND)}}, 4},
	{"socks5://micro", "mqtt://broker",
         {{BYTES("\5\1\0"), BYTES("\5\0")}, {BYTES("\5\1\0\3\6broker\7\x5b"), BYTES("\5\0\0\1\xc0\0\2\1\x12\x34" BEHIND)}}, 4},
	{"socks5h://micro:9", "mqtts://192.0.2.9",
         {{BYTES("\5\1\0"), BYTES("\5\0")},
          {BYTES("\5\1\0\1\xc0\0\2\x9\x22\xb3"), BYTES("\5\0\0\4\x20\x01\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\0" BEHIND)}}, 4},
	{"socks5://me:word@micro", "mqtt://[2001:db8::9]",
         {{BYTES("\5\2\0\2"), BYTES("\5\2")}, {BYTES("\1\2me\4word"), BYTES("\1\0")},
          {BYTES("\5\1\0\4\x20\x01\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\x9\7\x5b"), BYTES("\5\0\0\3\5there\7\7" BEHIND)}}, 4},
	{"socks5://me@micro", "mqtt://broker", /* who has a user need not be asked */
         {{BYTES("\5\2\0\2"), BYTES("\5\0")}, {BYTES("\5\1\0\3\6broker\7\x5b"), BYTES("\5\0\0\3\0\7\7" BEHIND)}}, 4},
	{"socks5://:%00@micro", "mqtt://broker",
         {{BYTES("\5\2\0\2"), BYTES("\5\2")}, {BYTES("\1\0\1\0"), BYTES("\5\0")},
          {BYTES("\5\1\0\3\6broker\7\x5b"), BYTES("\5\0\xff\1\0\0\0\0\0\0")}}, 0},
};

enum { GOOD = sizeof good / sizeof good[0] };

START_TEST(a_proxy_is_asked_and_its_answer_understood_in_whatever_pieces_it_comes)
{
	for (size_t grain = 1; grain <= 1000; grain = grain < 40 ? grain + 1 : grain * 5) {
		struct scene s;
		char         buf[16];
		scene_begin(&s, &good[_i], grain);
		ck_assert_msg(scene_open_all(&s) == 0, "in pieces of %zu: %s", grain, s.error.text);
		ck_assert_int_eq(s.pipe->ops->open(s.pipe, BEGIN_MS), 0);
		ck_assert_uint_eq(s.pipe->deadline, UINT64_MAX);
		ck_assert_int_eq(s.pipe->fd, 77);
		ck_assert_uint_eq(s.pipe->wants, PIPE_READ);
		size_t n = 0, left = good[_i].behind;
		for (ssize_t got; n < left; n += got > 0 ? (size_t)got : 0) {
			got = s.pipe->ops->read(s.pipe, buf + n, sizeof buf - n);
			ck_assert(got != 0 && got >= -1);
		}
		ck_assert_uint_eq(n, left);
		ck_assert_mem_eq(buf, BEHIND, n);
		s.pipe->wants = 0;
		ck_assert_int_eq(s.pipe->ops->read(s.pipe, buf, 1), -1);
		ck_assert_uint_eq(s.pipe->wants, PIPE_READ);
		scene_end(&s);
	}
}
END_TEST

START_TEST(of_socks_no_byte_is_read_that_is_not_the_proxys)
{
	struct scene s;
	scene_begin(&s, &good[_i], 1000);
	ck_assert_int_eq(scene_open_all(&s), 0);
	if (s.by.scheme == SOCKS)
		ck_assert_uint_eq(s.peer.script->turns[s.peer.turn].answers.n - s.peer.answered, good[_i].behind);
	scene_end(&s);
}
END_TEST

START_TEST(an_open_one_passes_on_what_it_gets)
{
	struct scene      s;
	struct pipe_facts facts;
	char              c;
	scene_begin(&s, &good[0], 1000);
	ck_assert_int_eq(scene_open_all(&s), 0);
	pipe_describe(s.pipe, &facts);
	ck_assert(facts.by_proxy);
	ck_assert_str_eq(facts.address, "192.0.2.1:3128");
	ck_assert_uint_eq(s.pipe->ops->pending(s.pipe), 4 + 7);
	ck_assert_int_eq(s.pipe->ops->read(s.pipe, &c, 1), 1);
	ck_assert_uint_eq(s.pipe->ops->pending(s.pipe), 3 + 7);
	ck_assert_int_eq(s.pipe->ops->write(s.pipe, "abc", 3), 3);
	s.peer.deaf = true;
	s.pipe->wants = 0;
	ck_assert_int_eq(s.pipe->ops->write(s.pipe, "d", 1), -1);
	ck_assert_uint_eq(s.pipe->wants, PIPE_WRITE);
	s.pipe->ops->finish(s.pipe);
	ck_assert_str_eq(s.peer.late, "abc|");
	scene_end(&s);
}
END_TEST

/* ---- Refused ---- */

static const struct refusal {
	int             scheme;
	const char     *user; /* "" or "me:word@" */
	struct bytes_of answers; /* SOCKS: to the greeting, and, where that is good, one after the other */
	const char     *sentence;
} refusals[] = {
	{HTTP, "", BYTES("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n"),
         "it wants a user and a password (407 Proxy Authentication Required)"},
	{HTTP, "", BYTES("HTTP/1.1 407\r\n\r\n"), "it wants a user and a password (407)"},
	{HTTP, "me:word@", BYTES("HTTP/1.1 407 No\r\nPROXY-AUTHENTICATE: Digest a=b\r\nproxy-authenticate: basic\r\n\r\n"),
         "it refused user and password (407 No)"},
	{HTTP, "me:word@", BYTES("HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate, NTLM\r\n\r\n"),
         "it wants an authentication that is not Basic (407 No)"},
	{HTTP, "", BYTES("HTTP/1.1 403 Forbidden\r\n\r\n"), "it does not allow broker:1883 (403 Forbidden)"},
	{HTTP, "", BYTES("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "it cannot reach broker:1883 (502 Bad Gateway)"},
	{HTTP, "", BYTES("HTTP/1.1 503 Service Unavailable\r\n\r\n<html>"), "it cannot reach broker:1883 (503 Service Unavailable)"},
	{HTTP, "", BYTES("HTTP/1.1 504 The other one is away\r\n\r\n"), "it cannot reach broker:1883 (504 The other one is away)"},
	{HTTP, "", BYTES("HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n"),
         "it answers CONNECT with a redirect, which is not followed (302 Found)"},
	{HTTP, "", BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"), "it does not understand CONNECT broker:1883 (400 Bad Request)"},
	{HTTP, "", BYTES("HTTP/1.1 401 Unauthorized\r\n\r\n"),
         "it answers like a web server that wants a user and a password (401 Unauthorized)"},
	{HTTP, "", BYTES("HTTP/1.1 404 Not Found\r\n\r\n"), "it cannot find broker:1883 (404 Not Found)"},
	{HTTP, "", BYTES("HTTP/1.1 405 Not Allowed\r\n\r\n"), "it does not do CONNECT (405 Not Allowed)"},
	{HTTP, "", BYTES("HTTP/1.1 429 Too Many\r\n\r\n"), "it is asked too often (429 Too Many)"},
	{HTTP, "", BYTES("HTTP/1.1 501 Not Implemented\r\n\r\n"), "it does not do CONNECT (501 Not Implemented)"},
	{HTTP, "", BYTES("HTTP/1.1 500 Oh\r\n\r\n"), "it refused broker:1883 (500 Oh)"},
	{HTTP, "", BYTES("HTTP/1.1 418 I'm a teapot\r\n\r\n"), "it refused broker:1883 (418 I'm a teapot)"},
	{HTTP, "", BYTES("HTTP/1.1 101 Switching\r\n\r\n"), "it wants to speak something else (101 Switching)"},
	{HTTP, "", BYTES("<html>no</html>"), "its answer is not HTTP/1"},
	{HTTP, "", BYTES("\5\0"), "its answer is not HTTP/1"},
	{HTTP, "", BYTES("HTTP/1.1 OK\r\n\r\n"), "its answer has no status of three digits"},
	{HTTP, "", BYTES("HTTP/1.1 200 OK\r\nno header\r\n\r\n"), "its answer has a line that is no header"},
	{SOCKS, "", BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"), "its answer is not SOCKS 5"},
	{SOCKS, "", BYTES("\0\x5b"), "its answer is not SOCKS 5"},
	{SOCKS, "", BYTES("\5\xff"), "it wants a user and a password"},
	{SOCKS, "me:word@", BYTES("\5\xff"), "it takes neither user and password nor a client without"},
	{SOCKS, "", BYTES("\5\2"), "its answer chooses an authentication that was not offered"},
	{SOCKS, "me:word@", BYTES("\5\1"), "its answer chooses an authentication that was not offered"},
	{SOCKS, "me:word@", BYTES("\5\2\1\1"), "it refused user and password (1)"},
	{SOCKS, "me:word@", BYTES("\5\2\1\xff"), "it refused user and password (255)"},
	{SOCKS, "", BYTES("\5\0\4\0"), "its answer is not SOCKS 5"},
	{SOCKS, "", BYTES("\5\0\5\1"), "it cannot reach broker:1883, and does not say why (1)"},
	{SOCKS, "", BYTES("\5\0\5\2\0\1\0\0\0\0\0\0"), "its rules do not allow broker:1883 (2)"},
	{SOCKS, "", BYTES("\5\0\5\3"), "it cannot reach broker:1883: network unreachable (3)"},
	{SOCKS, "", BYTES("\5\0\5\4"), "it cannot reach broker:1883: host unreachable (4)"},
	{SOCKS, "", BYTES("\5\0\5\5"), "it cannot reach broker:1883: connection refused (5)"},
	{SOCKS, "", BYTES("\5\0\5\6"), "it cannot reach broker:1883: TTL expired (6)"},
	{SOCKS, "", BYTES("\5\0\5\7"), "it does not do CONNECT (7)"},
	{SOCKS, "", BYTES("\5\0\5\x8"), "it does not take the kind of address of broker:1883 (8)"},
	{SOCKS, "", BYTES("\5\0\5\x9"), "it refused broker:1883 with a code that SOCKS 5 does not have (9)"},
	{SOCKS, "", BYTES("\5\0\5\xff"), "it refused broker:1883 with a code that SOCKS 5 does not have (255)"},
	{SOCKS, "", BYTES("\5\0\5\0\0\2\1"), "its answer has an address of a kind that SOCKS 5 does not have"},
};

/* The questions are those of good ones; the answers are dealt out to them. */
static void script_of(struct script *script, char *proxy, const struct refusal *r)
{
	size_t at = 0, turn = 0;
	bool   asks_user = r->scheme == SOCKS && *r->user && r->answers.n > 2;
	sprintf(proxy, "%s://%ssquid:3128", r->scheme == HTTP ? "http" : "socks5", r->user);
	*script = (struct script){.proxy = proxy, .server = "mqtt://broker"};
	script->turns[0] = *r->user ? good[r->scheme == HTTP ? 2 : 8].turns[0] : good[r->scheme == HTTP ? 0 : 6].turns[0];
	if (r->scheme == HTTP && *r->user)
		script->turns[0].asks = (struct bytes_of)CONNECT("broker:1883", "Proxy-Authorization: Basic bWU6d29yZA==\r\n");
	while (r->scheme == SOCKS && r->answers.n - at > 2 && r->answers.p[0] == 5 && turn == 0) {
		script->turns[turn++].answers = (struct bytes_of){r->answers.p, 2};
		script->turns[turn] = asks_user ? good[8].turns[1] : good[6].turns[1];
		at = 2;
	}
	script->turns[turn].answers = (struct bytes_of){r->answers.p + at, r->answers.n - at};
}

START_TEST(every_refusal_is_a_sentence)
{
	for (size_t grain = 1; grain <= 1000; grain = grain < 20 ? grain + 1 : grain * 5) {
		struct scene  s;
		struct script script;
		char          proxy[64], sentence[200] = "proxy squid:3128: ";
		script_of(&script, proxy, &refusals[_i]);
		scene_begin(&s, &script, grain);
		int rc = scene_open_all(&s);
		ck_assert_str_eq(s.error.text, strcat(sentence, refusals[_i].sentence));
		ck_assert_int_eq(rc, MQTTWILL_EPROXY);
		ck_assert_int_eq(s.error.code, MQTTWILL_EPROXY);
		ck_assert_uint_eq(s.pipe->phase, MQTTWILL_PHASE_PROXY);
		scene_end(&s);
	}
}
END_TEST

START_TEST(an_answer_without_end_is_given_up)
{
	struct scene  s;
	struct script script = good[0];
	size_t        n = 20000;
	char         *answer = malloc(n);
	memset(answer, 'x', n);
	memcpy(answer, "HTTP/1.1 200 ", 13);
	script.turns[0].answers = (struct bytes_of){answer, n};
	scene_begin(&s, &script, 1000);
	ck_assert_int_eq(scene_open_all(&s), MQTTWILL_EPROXY);
	ck_assert_str_eq(s.error.text, "proxy squid:1080: its answer is longer than 16384 bytes");
	scene_end(&s);
	for (size_t i = 0; i + 16 <= n; i += 16)
		memcpy(answer + i, "HTTP/1.1 100\r\n\r\n", 16);
	scene_begin(&s, &script, 1000);
	ck_assert_int_eq(scene_open_all(&s), MQTTWILL_EPROXY);
	ck_assert_str_eq(s.error.text, "proxy squid:1080: it announces an answer for ever (100)");
	ck_assert_uint_le(s.peer.total, 2000);
	scene_end(&s);
	free(answer);
}
END_TEST

START_TEST(a_zone_is_not_asked_for)
{
	struct scene  s;
	struct script script = good[_i];
	script.server = "mqtt://[fe80::1%eth0]";
	scene_begin(&s, &script, 1000);
	ck_assert_int_eq(scene_open_all(&s), MQTTWILL_EPROXY);
	ck_assert_msg(strstr(s.error.text, "the zone in fe80::1%eth0 means nothing to it"), "%s", s.error.text);
	scene_end(&s);
}
END_TEST

START_TEST(the_names_of_a_sentence_are_cut_to_fit)
{
	struct scene  s;
	struct script script = good[0];
	char          proxy[300] = "http://[2001:db8::1]", server[300] = "mqtt://";
	memset(server + 7, 'b', 255);
	script.proxy = proxy;
	script.server = server;
	scene_begin(&s, &script, 1000);
	s.peer.open_rc = MQTTWILL_ECONNECT;
	ck_assert_int_eq(scene_open_all(&s), MQTTWILL_ECONNECT);
	ck_assert_str_eq(s.error.text, "proxy [2001:db8::1]:1080: connect to 192.0.2.1:3128: Connection refused");
	scene_end(&s);
}
END_TEST

/* ---- Broken, late, out of memory ---- */

static size_t length_of(const struct script *script)
{
	size_t n = 0;
	for (const struct turn *t = script->turns; t->asks.n; t++)
		n += t->answers.n;
	return n - script->behind;
}

START_TEST(a_proxy_that_breaks_off_at_any_byte_is_told_of)
{
	for (size_t most = 0; most < length_of(&good[_i]); most++) {
		for (int resets = 0; resets < 2; resets++) {
			struct scene s;
			scene_begin(&s, &good[_i], 3);
			s.peer.most = most;
			s.peer.resets = resets;
			ck_assert_int_eq(scene_open_all(&s), MQTTWILL_EPROXY);
			bool good_text = resets ? strstr(s.error.text, "192.0.2.1:3128: ") != NULL
			                        : strstr(s.error.text, ": its answer ended in the middle") ||
			                                  strstr(s.error.text, ": its answer did not come: the connection was closed");
			ck_assert_msg(good_text && strncmp(s.error.text, "proxy ", 6) == 0, "%s", s.error.text);
			scene_end(&s);
		}
	}
}
END_TEST

START_TEST(a_proxy_that_is_not_reached_keeps_the_class_of_the_error)
{
	struct scene s;
	scene_begin(&s, &good[_i], 1000);
	s.peer.open_rc = PIPE_WAIT;
	s.peer.pipe.deadline = 99;
	s.peer.pipe.wants = PIPE_WRITE;
	ck_assert_int_eq(s.pipe->ops->open(s.pipe, BEGIN_MS), PIPE_WAIT);
	ck_assert_uint_eq(s.pipe->phase, MQTTWILL_PHASE_CONNECT);
	ck_assert_uint_eq(s.pipe->deadline, 99);
	ck_assert_uint_eq(s.pipe->wants, PIPE_WRITE);
	s.peer.open_rc = MQTTWILL_ECONNECT;
	ck_assert_int_eq(s.pipe->ops->open(s.pipe, BEGIN_MS), MQTTWILL_ECONNECT);
	ck_assert_int_eq(s.error.code, MQTTWILL_ECONNECT);
	ck_assert_uint_eq(s.pipe->phase, MQTTWILL_PHASE_CONNECT);
	ck_assert_msg(strncmp(s.error.text, "proxy ", 6) == 0 && strstr(s.error.text, ": connect to 192.0.2.1:3128: "), "%s", s.error.text);
	scene_end(&s);
}
END_TEST

/* Where all is written but `most` bytes are not answered, or nothing can be written: the same deadline holds throughout. */
START_TEST(a_proxy_has_its_time_and_no_more)
{
	for (size_t most = 0; most <= length_of(&good[_i]); most++) {
		struct scene  s;
		struct script script = good[_i];
		size_t        left = most;
		for (struct turn *t = script.turns; t->asks.n; t++) {
			t->answers.n = left < t->answers.n ? left : t->answers.n;
			left -= t->answers.n;
		}
		if (most == length_of(&good[_i]))
			continue;
		scene_begin(&s, &script, 1000);
		s.peer.deaf = most == 0;
		ck_assert_int_eq(s.pipe->ops->open(s.pipe, BEGIN_MS), PIPE_WAIT);
		ck_assert_uint_eq(s.pipe->deadline, BEGIN_MS + TIMEOUT_MS);
		ck_assert_uint_eq(s.pipe->phase, MQTTWILL_PHASE_PROXY);
		ck_assert_uint_eq(s.pipe->wants, most ? PIPE_READ : PIPE_WRITE);
		ck_assert_int_eq(s.pipe->ops->open(s.pipe, BEGIN_MS + TIMEOUT_MS - 1), PIPE_WAIT);
		ck_assert_int_eq(s.pipe->ops->open(s.pipe, BEGIN_MS + TIMEOUT_MS), MQTTWILL_ETIMEOUT);
		ck_assert_msg(strstr(s.error.text, ": it did not answer in time"), "%s", s.error.text);
		scene_end(&s);
	}
}
END_TEST

START_TEST(it_may_be_closed_at_any_moment)
{
	for (int turns = 0; turns < 60; turns++) {
		struct scene s;
		scene_begin(&s, &good[_i], 1);
		for (int i = 0; i < turns; i++)
			s.pipe->ops->open(s.pipe, BEGIN_MS);
		scene_end(&s);
	}
}
END_TEST

START_TEST(where_there_is_no_memory_it_says_so_and_leaks_none)
{
	for (long n = 1;; n++) {
		struct scene s;
		scene_begin(&s, &good[_i], 1000);
		pipe_close(s.pipe, false);
		alloc_fail(n);
		s.pipe = proxy_new(&s.peer.pipe, &s.by, &s.to, TIMEOUT_MS);
		int  rc = s.pipe ? scene_open_all(&s) : MQTTWILL_ENOMEM;
		bool failed = alloc_stop();
		ck_assert_int_eq(rc, failed ? MQTTWILL_ENOMEM : 0);
		if (failed && s.pipe)
			ck_assert_msg(strstr(s.error.text, "there is no memory to speak with it"), "%s", s.error.text);
		scene_end(&s);
		if (!failed)
			break;
	}
}
END_TEST

Suite *proxy_suite(void)
{
	Suite *s = suite_create("proxy");
	TCase *t = tcase_create("proxy");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_proxy_is_asked_and_its_answer_understood_in_whatever_pieces_it_comes, 0, GOOD);
	tcase_add_loop_test(t, of_socks_no_byte_is_read_that_is_not_the_proxys, 0, GOOD);
	tcase_add_test(t, an_open_one_passes_on_what_it_gets);
	tcase_add_loop_test(t, every_refusal_is_a_sentence, 0, sizeof refusals / sizeof refusals[0]);
	tcase_add_test(t, an_answer_without_end_is_given_up);
	tcase_add_loop_test(t, a_zone_is_not_asked_for, 0, GOOD);
	tcase_add_test(t, the_names_of_a_sentence_are_cut_to_fit);
	tcase_add_loop_test(t, a_proxy_that_breaks_off_at_any_byte_is_told_of, 0, GOOD);
	tcase_add_loop_test(t, a_proxy_that_is_not_reached_keeps_the_class_of_the_error, 0, GOOD);
	tcase_add_loop_test(t, a_proxy_has_its_time_and_no_more, 0, GOOD);
	tcase_add_loop_test(t, it_may_be_closed_at_any_moment, 0, GOOD);
	tcase_add_loop_test(t, where_there_is_no_memory_it_says_so_and_leaks_none, 0, GOOD);
	suite_add_tcase(s, t);
	return s;
}
