/* SPDX-License-Identifier: MIT */
/*
 * The upgrade: what is asked, in which pieces the answer may come, and what each bad one is called.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/suites.h"
#include "net/websocket_line.h"
#include "support/alloc.h"

static struct websocket_line line; /* too large for a stack */

static void setup(void)
{
	line.tape.calls = 0;
}

static void fails(int rc, int code, const char *text)
{
	ck_assert_str_eq(line.error.text, text);
	ck_assert_int_eq(rc, code);
	ck_assert_int_eq(line.error.code, code);
}

/* ---- The request ---- */

static const struct {
	const char *url, *first, *host;
} requests[] = {
	{"ws://broker", "GET /mqtt HTTP/1.1\r\n", "Host: broker\r\n"},
	{"ws://broker:80/", "GET / HTTP/1.1\r\n", "Host: broker\r\n"},
	{"wss://broker:443/a", "GET /a HTTP/1.1\r\n", "Host: broker\r\n"},
	{"ws://broker:443/a", "GET /a HTTP/1.1\r\n", "Host: broker:443\r\n"},
	{"wss://broker:8084/a%20b?c=%2F&d", "GET /a%20b?c=%2F&d HTTP/1.1\r\n", "Host: broker:8084\r\n"},
	{"ws://me:word@[2001:db8::1]:9001/x", "GET /x HTTP/1.1\r\n", "Host: [2001:db8::1]:9001\r\n"},
	{"ws://[fe80::1%25lo]:9001", "GET /mqtt HTTP/1.1\r\n", "Host: [fe80::1]:9001\r\n"},
	{"ws://[::1]?q", "GET /?q HTTP/1.1\r\n", "Host: [::1]\r\n"},
};

START_TEST(the_request_asks_for_mqtt_at_the_url) /* [MQTT-6.0.0-3] */
{
	line_begin_websocket(&line, requests[_i].url);
	const struct mqttwill_header more[] = {{"Authorization", "Bearer a.b-c"}, {"Origin", "https://example.org"}};
	line.config.headers = more;
	line.config.header_count = 2;
	pipe_close(line.top, false);
	line.top = websocket_new(&line.tape.pipe, &line.config);
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line.tape.out[line.tape.out_len] = 0;
	char  expected[512], *text = (char *)line.tape.out, *key = strstr(text, "Sec-WebSocket-Key: ");
	ck_assert_ptr_nonnull(key);
	snprintf(expected, sizeof expected,
	         "%s%sUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %.24s\r\n"
	         "Sec-WebSocket-Protocol: mqtt\r\nAuthorization: Bearer a.b-c\r\nOrigin: https://example.org\r\n\r\n",
	         requests[_i].first, requests[_i].host, key + 19);
	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(strspn(key + 19, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"), 22);
	line_end_websocket(&line);
}
END_TEST

START_TEST(each_handshake_has_another_key)
{
	char first[25];
	for (int i = 0; i < 2; i++) {
		line_begin_websocket(&line, "ws://broker");
		line_try(&line);
		line.tape.out[line.tape.out_len] = 0;
		char *key = strstr((char *)line.tape.out, "Sec-WebSocket-Key: ") + 19;
		if (i == 0)
			memcpy(first, key, 24);
		else
			ck_assert(memcmp(first, key, 24) != 0);
		line_end_websocket(&line);
	}
}
END_TEST

static const struct {
	struct mqttwill_header header;
	const char            *text;
} bad_headers[] = {
	{{"", "x"}, "its name is no token of HTTP"},
	{{"X Y", "x"}, "its name is no token of HTTP"},
	{{"X:", "x"}, "its name is no token of HTTP"},
	{{"X\r\nY", "x"}, "its name is no token of HTTP"},
	{{"Gr\xC3\xB6\xC3\x9F" "e", "x"}, "its name is no token of HTTP"},
	{{"X", "a\r\nEvil: b"}, "its value has a line break or another control character"},
	{{"X", "a\nb"}, "its value has a line break or another control character"},
	{{"X", "\x7F"}, "its value has a line break or another control character"},
	{{"host", "x"}, "the handshake says it itself"},
	{{"Upgrade", "x"}, "the handshake says it itself"},
	{{"CONNECTION", "x"}, "the handshake says it itself"},
	{{"sec-websocket-key", "x"}, "the handshake says it itself"},
	{{"Sec-WebSocket-Extensions", "x"}, "the handshake says it itself"},
	{{"Content-Length", "1"}, "the handshake says it itself"},
	{{"Transfer-Encoding", "chunked"}, "the handshake says it itself"},
};

START_TEST(a_header_that_would_make_another_request_is_refused)
{
	struct pipe_error            error = {0};
	const struct mqttwill_header headers[] = {{"X-Good", "\tfine \xC3\xB6"}, bad_headers[_i].header};
	ck_assert_int_eq(websocket_check(headers, 1, &error), 0);
	ck_assert_int_eq(websocket_check(headers, 2, &error), MQTTWILL_EOPTION);
	ck_assert_msg(strstr(error.text, "option network.headers[1]: ") && strstr(error.text, bad_headers[_i].text), "%s", error.text);
}
END_TEST

START_TEST(headers_have_a_ceiling)
{
	struct pipe_error      error = {0};
	struct mqttwill_header many[65];
	char                   large[8192 - 5];
	for (int i = 0; i < 65; i++)
		many[i] = (struct mqttwill_header){"X", "y"};
	ck_assert_int_eq(websocket_check(many, 64, &error), 0);
	ck_assert_int_eq(websocket_check(many, 65, &error), MQTTWILL_EOPTION);
	ck_assert_str_eq(error.text, "option network.header_count: 65 is more than 64");
	memset(large, 'x', sizeof large);
	large[sizeof large - 1] = 0;
	many[0].value = large;
	ck_assert_int_eq(websocket_check(many, 1, &error), 0);
	ck_assert_int_eq(websocket_check(many, 2, &error), MQTTWILL_EOPTION);
	ck_assert_str_eq(error.text, "option network.headers[1]: with it all headers are longer than 8,192 bytes (X)");
}
END_TEST

/* ---- Good answers ---- */

START_TEST(a_good_answer_opens_it)
{
	line_begin_websocket(&line, "ws://broker");
	line.tape.opens_late = true;
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	ck_assert_uint_eq(line.top->phase, MQTTWILL_PHASE_CONNECT);
	ck_assert_int_eq(line.top->fd, 77);
	ck_assert_uint_eq(line.top->deadline, UINT64_MAX);
	line.tape.opens_late = false;
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	ck_assert_uint_eq(line.top->phase, MQTTWILL_PHASE_WEBSOCKET);
	ck_assert_uint_eq(line.top->deadline, 6000);
	ck_assert_uint_eq(line.top->wants, PIPE_READ);
	line_answers(&line, line_upgrade);
	ck_assert_int_eq(line_try(&line), 0);
	ck_assert_uint_eq(line.top->deadline, UINT64_MAX);
	ck_assert_uint_eq(line.top->ops->pending(line.top), 0);
	ck_assert_int_eq(line.top->ops->open(line.top, 100000), 0);
	line_end_websocket(&line);
}
END_TEST

START_TEST(request_and_answer_may_come_in_any_pieces)
{
	line_begin_websocket(&line, "ws://broker");
	line.tape.grain = (size_t)_i;
	line.tape.stutters = _i % 2;
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line_answers(&line, line_upgrade);
	ck_assert_msg(line_try(&line) == 0, "%s", line.error.text);
	line_end_websocket(&line);
}
END_TEST

START_TEST(the_answer_may_be_cut_at_every_byte)
{
	size_t whole = 1;
	for (size_t cut = 0; cut < whole; cut++) {
		line_begin_websocket(&line, "ws://broker");
		ck_assert_int_eq(line_try(&line), PIPE_WAIT);
		whole = line_answers(&line, line_upgrade);
		line.tape.in_len = cut;
		ck_assert_int_eq(line_try(&line), PIPE_WAIT);
		line.tape.in_len = whole;
		ck_assert_int_eq(line_try(&line), 0);
		line_end_websocket(&line);
	}
	ck_assert_uint_gt(whole, 100);
}
END_TEST

START_TEST(an_answer_that_announces_another_one_is_passed_over)
{
	line_begin_websocket(&line, "ws://broker");
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line_answers(&line, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line_answers(&line, line_upgrade);
	ck_assert_int_eq(line_try(&line), 0);
	line_end_websocket(&line);
}
END_TEST

START_TEST(an_answer_that_is_announced_for_ever_is_refused)
{
	line_begin_websocket(&line, "ws://broker");
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	for (int i = 0; i < 16; i++)
		line_answers(&line, "HTTP/1.1 102 Processing\r\n\r\n");
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line_answers(&line, "HTTP/1.1 102 Processing\r\n\r\n");
	ck_assert_int_eq(line_try(&line), MQTTWILL_EWEBSOCKET);
	ck_assert_str_eq(line.error.text, "websocket: broker answers 102 Processing: it announces an answer for ever");
	line_end_websocket(&line);
}
END_TEST

START_TEST(what_comes_behind_the_answer_belongs_to_the_stream) /* [MQTT-6.0.0-2] */
{
	char    got[8];
	ssize_t rc;
	line_begin_websocket(&line, "ws://broker");
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line_answers(&line, line_upgrade);
	line_frame(&line, 0x82, "abc", 3);
	size_t all = line.tape.in_len;
	line_frame(&line, 0x82, "de", 2);
	line.tape.in_len = all + (size_t)_i;
	ck_assert_int_eq(line_try(&line), 0);
	ck_assert_uint_gt(line.top->ops->pending(line.top), 0);
	line.tape.in_len = all + 4;
	ck_assert_uint_eq(line_reads(&line, got, sizeof got, &rc), 5);
	ck_assert_mem_eq(got, "abcde", 5);
	ck_assert_uint_eq(line.top->ops->pending(line.top), 0);
	line_end_websocket(&line);
}
END_TEST

/* ---- Bad answers ---- */

#define GOOD "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
#define MQTT "Sec-WebSocket-Protocol: mqtt\r\n"

static const struct {
	const char *answer, *text;
} bad[] = {
	{"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n" MQTT "\r\n",
	 "answers 101, but does not say \"Upgrade: websocket\""},
	{"HTTP/1.1 101 x\r\nUpgrade: websockets\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n" MQTT "\r\n",
	 "answers 101, but does not say \"Upgrade: websocket\""},
	{"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n" MQTT "\r\n",
	 "answers 101, but does not say \"Connection: Upgrade\""},
	{"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Accept: %s\r\n" MQTT "\r\n",
	 "answers 101, but does not say \"Connection: Upgrade\""},
	{"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" MQTT "\r\n",
	 "answers 101, but its Sec-WebSocket-Accept does not belong to our key: something between answers for the broker"},
	{"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" MQTT "\r\n",
	 "answers 101, but its Sec-WebSocket-Accept does not belong to our key: something between answers for the broker"},
	{"HTTP/1.1 101 x\r\n" GOOD "Sec-WebSocket-Accept: x\r\n" MQTT "\r\n",
	 "answers 101, but its Sec-WebSocket-Accept does not belong to our key: something between answers for the broker"},
	{"HTTP/1.1 101 x\r\n" GOOD MQTT "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
	 "answers 101, with an extension that was not asked for"},
	{"HTTP/1.1 101 x\r\n" GOOD "\r\n", "answers 101, but selects no subprotocol: what listens at that path is no MQTT broker"},
	{"HTTP/1.1 101 x\r\n" GOOD "Sec-WebSocket-Protocol: mqttv3.1\r\n\r\n",
	 "answers 101, but selects another subprotocol than \"mqtt\": what listens at that path is no MQTT broker"},
	{"HTTP/1.1 101 x\r\n" GOOD "Sec-WebSocket-Protocol: mqtt, chat\r\n\r\n",
	 "answers 101, but selects another subprotocol than \"mqtt\": what listens at that path is no MQTT broker"},
	{"HTTP/1.1 101 x\r\n" GOOD MQTT MQTT "\r\n",
	 "answers 101, but selects another subprotocol than \"mqtt\": what listens at that path is no MQTT broker"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "answers 200 OK (/chat): a web server that speaks no WebSocket at that path"},
	{"HTTP/1.1 204\r\n\r\n", "answers 204 (/chat): a web server that speaks no WebSocket at that path"},
	{"HTTP/1.1 301 Moved Permanently\r\nLocation: https://broker.example.org/mqtt\r\n\r\n",
	 "answers 301 Moved Permanently (https://broker.example.org/mqtt): redirects are not followed; the URL must be the broker's own"},
	{"HTTP/1.0 302 Found\r\nlocation:\twss://other/\xFF\t\r\n\r\n",
	 "answers 302 Found (wss://other/?): redirects are not followed; the URL must be the broker's own"},
	{"HTTP/1.1 307 \r\n\r\n", "answers 307: redirects are not followed; the URL must be the broker's own"},
	{"HTTP/1.1 400 Bad Request\r\n\r\n", "answers 400 Bad Request: it does not take the handshake; is this its port for WebSocket?"},
	{"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"lamps\"\r\n\r\n",
	 "answers 401 Unauthorized (Basic realm=\"lamps\"): it wants credentials of HTTP, in network.headers; those of the URL are MQTT's"},
	{"HTTP/1.1 403 Forbidden\r\n\r\n",
	 "answers 403 Forbidden (/chat): it does not let this client in: its address, its Origin, or that path"},
	{"HTTP/1.1 404 Not Found\r\n\r\n",
	 "answers 404 Not Found (/chat): it has nothing at that path; the URL must name the one for MQTT"},
	{"HTTP/1.1 405 Method Not Allowed\r\n\r\n", "answers 405 Method Not Allowed (/chat): it speaks no WebSocket at that path"},
	{"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
	 "answers 407 Proxy Authentication Required (Basic): a proxy on the way wants credentials, in network.proxy"},
	{"HTTP/1.1 410 Gone\r\n\r\n", "answers 410 Gone (/chat): it has nothing at that path any more"},
	{"HTTP/1.1 418 I'm a teapot\r\n\r\n", "answers 418 I'm a teapot: that is no upgrade to WebSocket"},
	{"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8, 7\r\n\r\n",
	 "answers 426 Upgrade Required (8, 7): it wants another version than 13 of WebSocket, or 1.1 of HTTP"},
	{"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\n\r\n",
	 "answers 429 Too Many Requests (30): it has had too many requests from here"},
	{"HTTP/1.1 500 Internal Server Error\r\n\r\n", "answers 500 Internal Server Error: it is in trouble itself"},
	{"HTTP/1.1 502 Bad Gateway\r\n\r\n", "answers 502 Bad Gateway: a gateway that does not reach the broker behind it"},
	{"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n\r\n",
	 "answers 503 Service Unavailable (7): it, or the broker behind it, is not available now"},
	{"HTTP/1.1 504 Gateway Time-out\r\n\r\n", "answers 504 Gateway Time-out: a gateway whose broker did not answer in time"},
	{"HTTP/1.1 507 x\r\n\r\n", "answers 507 x: it is in trouble itself"},
};

START_TEST(each_bad_answer_has_its_sentence) /* [MQTT-6.0.0-4] */
{
	char text[300] = "websocket: broker ";
	line_begin_websocket(&line, "ws://broker/chat?token=secret");
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line_answers(&line, bad[_i].answer);
	fails(line_try(&line), MQTTWILL_EWEBSOCKET, strcat(text, bad[_i].text));
	line_end_websocket(&line);
}
END_TEST

static const struct {
	const char *bytes;
	size_t      n;
	const char *text;
} strangers[] = {
	{"\x20\x02\x00\x01", 4, "is not HTTP/1; it looks like MQTT without WebSocket: mqtt://"},
	{"\xE0\x01\x82", 3, "is not HTTP/1; it looks like MQTT without WebSocket: mqtt://"},
	{"\x15\x03\x03\x00\x02\x02\x46", 7, "is not HTTP/1; it speaks TLS: wss:// or mqtts://"},
	{"SSH-2.0-OpenSSH_9.2\r\n", 21, "is not HTTP/1"},
	{"HTTP/2 200\r\n\r\n", 14, "is not HTTP/1"},
	{"HTTP/1.1 2000 OK\r\n\r\n", 20, "has no status of three digits"},
	{"HTTP/1.1 101 x\r\nbad\r\n\r\n", 23, "has a line that is no header"},
	{"HTTP/1.1 101 x\r\nA: \0\r\n\r\n", 24, "has a control character in its head"},
};

START_TEST(who_answers_in_another_language_is_named)
{
	char text[200] = "websocket: the answer of broker ";
	line_begin_websocket(&line, "ws://broker");
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line_says(&line, strangers[_i].bytes, strangers[_i].n);
	fails(line_try(&line), MQTTWILL_EWEBSOCKET, strcat(text, strangers[_i].text));
	line_end_websocket(&line);
}
END_TEST

START_TEST(an_answer_has_a_ceiling)
{
	line_begin_websocket(&line, "ws://broker");
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line_answers(&line, "HTTP/1.1 101 x\r\nX-Long: ");
	for (int i = 0; i < 20000; i++)
		line_says(&line, "x", 1);
	fails(line_try(&line), MQTTWILL_EWEBSOCKET, "websocket: the answer of broker is longer than 16384 bytes");
	ck_assert_uint_lt(line.tape.in_at, 20000);
	line_end_websocket(&line);
}
END_TEST

START_TEST(an_end_at_every_byte_of_the_answer_is_an_error)
{
	size_t whole = 1;
	for (size_t cut = 0; cut < whole; cut++) {
		line_begin_websocket(&line, "ws://broker");
		ck_assert_int_eq(line_try(&line), PIPE_WAIT);
		whole = line_answers(&line, line_upgrade);
		line.tape.in_len = cut;
		line.tape.ended = _i == 0;
		line.tape.reset = _i == 1;
		const char *ended = cut ? "websocket: the answer of broker ended in the middle of its head"
		                        : "websocket: the answer of broker did not come: the connection was closed; does it speak WebSocket there?";
		const char *reset = cut ? "websocket: handshake with broker: read from memory: Connection reset by peer"
		                        : "websocket: handshake with broker: read from memory: Connection reset by peer; does it speak "
		                          "WebSocket there?";
		fails(line_try(&line), MQTTWILL_EWEBSOCKET, _i ? reset : ended);
		line_end_websocket(&line);
	}
}
END_TEST

START_TEST(who_hangs_up_on_the_request_may_have_said_why)
{
	line_begin_websocket(&line, "ws://broker");
	line.tape.room = 20;
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line.tape.deaf = true;
	if (_i)
		line_answers(&line, "HTTP/1.1 503 x\r\n\r\n");
	else
		line.tape.reset = true;
	fails(line_try(&line), MQTTWILL_EWEBSOCKET,
	      _i ? "websocket: broker answers 503 x: it, or the broker behind it, is not available now"
	         : "websocket: handshake with broker: write to memory: Broken pipe; does it speak WebSocket there?");
	line_end_websocket(&line);
}
END_TEST

START_TEST(the_handshake_has_its_deadline)
{
	line_begin_websocket(&line, "ws://broker");
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line_answers(&line, "HTTP/1.1 101");
	line.now_ms = 5999;
	ck_assert_int_eq(line_try(&line), PIPE_WAIT);
	line.now_ms = 6000;
	fails(line_try(&line), MQTTWILL_ETIMEOUT, "websocket: broker did not answer the handshake in time");
	line_end_websocket(&line);
}
END_TEST

START_TEST(it_may_be_closed_at_any_moment_of_opening)
{
	line_begin_websocket(&line, "ws://broker");
	line_end_websocket(&line);
	line_begin_websocket(&line, "ws://broker");
	line.tape.opens_late = true;
	line_try(&line);
	line.top->ops->finish(line.top);
	ck_assert(line.tape.finished);
	line_end_websocket(&line);
	line_begin_websocket(&line, "ws://broker");
	line.tape.room = (size_t)_i * 10;
	line_try(&line);
	line_answers(&line, line_upgrade);
	line.tape.in_len = (size_t)_i * 10;
	line_try(&line);
	line_end_websocket(&line);
}
END_TEST

START_TEST(every_allocation_of_the_handshake_may_fail)
{
	for (long nth = 1; nth < 100; nth++) {
		line_begin_websocket(&line, "ws://broker");
		pipe_close(line.top, false);
		alloc_fail(nth);
		line.top = websocket_new(&line.tape.pipe, &line.config);
		int  rc = line.top ? line_try(&line) : MQTTWILL_ENOMEM;
		long count = alloc_count();
		bool failed = alloc_stop();
		if (rc == PIPE_WAIT) {
			line_answers(&line, line_upgrade);
			alloc_fail(nth - count);
			rc = line_try(&line);
			failed = alloc_stop();
		}
		ck_assert_int_eq(rc, failed ? MQTTWILL_ENOMEM : 0);
		if (failed)
			ck_assert_msg(strstr(line.error.text, "memory"), "%s", line.error.text);
		line_end_websocket(&line);
		if (!failed)
			return;
	}
	ck_abort_msg("it never succeeds");
}
END_TEST

#define LOOP(test, rows) tcase_add_loop_test(t, test, 0, sizeof rows / sizeof rows[0])

Suite *websocket_open_suite(void)
{
	Suite *s = suite_create("websocket_open");
	TCase *t = tcase_create("handshake");
	tcase_add_checked_fixture(t, setup, NULL);
	LOOP(the_request_asks_for_mqtt_at_the_url, requests);
	tcase_add_test(t, each_handshake_has_another_key);
	LOOP(a_header_that_would_make_another_request_is_refused, bad_headers);
	tcase_add_test(t, headers_have_a_ceiling);
	tcase_add_test(t, a_good_answer_opens_it);
	tcase_add_loop_test(t, request_and_answer_may_come_in_any_pieces, 1, 30);
	tcase_add_test(t, the_answer_may_be_cut_at_every_byte);
	tcase_add_test(t, an_answer_that_announces_another_one_is_passed_over);
	tcase_add_test(t, an_answer_that_is_announced_for_ever_is_refused);
	tcase_add_loop_test(t, what_comes_behind_the_answer_belongs_to_the_stream, 0, 5);
	LOOP(each_bad_answer_has_its_sentence, bad);
	LOOP(who_answers_in_another_language_is_named, strangers);
	tcase_add_test(t, an_answer_has_a_ceiling);
	tcase_add_loop_test(t, an_end_at_every_byte_of_the_answer_is_an_error, 0, 2);
	tcase_add_loop_test(t, who_hangs_up_on_the_request_may_have_said_why, 0, 2);
	tcase_add_test(t, the_handshake_has_its_deadline);
	tcase_add_loop_test(t, it_may_be_closed_at_any_moment_of_opening, 0, 20);
	tcase_add_test(t, every_allocation_of_the_handshake_may_fail);
	suite_add_tcase(s, t);
	return s;
}
