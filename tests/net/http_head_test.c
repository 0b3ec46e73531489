/* SPDX-License-Identifier: MIT */
/*
 * Heads of HTTP responses, good and bad, in pieces; what comes behind them is not lost.
 */
#include <mqttwill.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_head.h"
#include "net/pipe.h"
#include "net/suites.h"
#include "support/alloc.h"

#define BEHIND "\r\nthe stream"

/* Feeds text in pieces of `piece` bytes, each copied, so that a sanitizer sees who looks too far. */
static int feed(struct http_head *h, const char *text, size_t n, size_t piece, const char **problem)
{
	int rc = PIPE_WAIT;
	for (size_t at = 0; rc == PIPE_WAIT && at < n; at += piece) {
		size_t part = n - at < piece ? n - at : piece;
		char  *copy = malloc(part);
		memcpy(copy, text + at, part);
		rc = http_head_feed(h, copy, part, problem);
		free(copy);
	}
	return rc;
}

static const struct good {
	const char *text;
	unsigned    status;
	const char *reason, *fields; /* name=value; */
} good[] = {
	{"HTTP/1.1 200 Connection established\r\n\r\n", 200, "Connection established", ""},
	{"HTTP/1.0 200\r\n\r\n", 200, "", ""},
	{"HTTP/1.1 200 \r\n\r\n", 200, "", ""},
	{"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"a\"\r\nA:b\r\n\r\n", 407,
         "Proxy Authentication Required", "Proxy-Authenticate=Basic realm=\"a\";A=b;"},
	{"HTTP/1.1 503 no\nA: 1\nB: 2\n\n", 503, "no", "A=1;B=2;"}, /* line feeds alone [RFC 9112, 2.2] */
	{"HTTP/1.1 101 Switching\r\nEmpty:\r\nSpace: \t a b \t\r\n\r\n", 101, "Switching", "Empty=;Space=a b;"},
	{"HTTP/1.1 200 OK\r\nFolded: a\r\n b\r\n\tc\r\nNext: d\r\n\r\n", 200, "OK", "Folded=a   b  \tc;Next=d;"},
	{"HTTP/1.1 200 caf\xc3\xa9 \xff!\r\n\r\n", 200, "caf\xc3\xa9 ?!", ""},
};

static void check_good(const struct good *g, const struct http_head *h)
{
	char              text[200] = "", reason[64];
	struct http_field f;
	ck_assert_uint_eq(h->status, g->status);
	http_head_reason(h, reason, sizeof reason);
	ck_assert_str_eq(reason, g->reason);
	for (size_t at = 0; http_head_each(h, &at, &f);) {
		strncat(text, (const char *)f.name.p, f.name.n);
		strcat(text, "=");
		strncat(text, (const char *)f.value.p, f.value.n);
		strcat(text, ";");
	}
	ck_assert_str_eq(text, g->fields);
}

START_TEST(a_head_is_the_same_in_whatever_pieces_it_comes)
{
	const struct good *g = &good[_i];
	char               text[200], rest[32] = "";
	const char        *problem = "";
	strcat(strcpy(text, g->text), BEHIND);
	for (size_t piece = 1; piece <= strlen(text); piece++) {
		struct http_head h;
		http_head_init(&h);
		ck_assert_msg(feed(&h, text, strlen(text), piece, &problem) == 0, "in pieces of %zu it %s", piece, problem);
		check_good(g, &h);
		size_t came = (strlen(g->text) + piece - 1) / piece * piece;
		came = (came < strlen(text) ? came : strlen(text)) - strlen(g->text);
		ck_assert_uint_eq(http_head_rest(&h), came);
		http_head_done(&h);
		ck_assert(came || !h.bytes.data);
		ck_assert_uint_eq(http_head_rest(&h), came);
		ck_assert_uint_eq(http_head_take(&h, rest, sizeof rest), came);
		ck_assert_mem_eq(rest, BEHIND, came);
		ck_assert_ptr_null(h.bytes.data); /* an idle connection owns no buffer */
		http_head_fini(&h);
	}
}
END_TEST

START_TEST(what_is_behind_the_head_may_be_taken_in_pieces)
{
	struct http_head h;
	const char      *problem, *text = "HTTP/1.1 200 OK\r\n\r\nabcde";
	char             rest[8];
	http_head_init(&h);
	ck_assert_int_eq(http_head_feed(&h, text, strlen(text), &problem), 0);
	http_head_done(&h);
	ck_assert_uint_eq(http_head_take(&h, rest, 2), 2);
	ck_assert_mem_eq(rest, "ab", 2);
	ck_assert_uint_eq(http_head_take(&h, rest, sizeof rest), 3);
	ck_assert_mem_eq(rest, "cde", 3);
	ck_assert_uint_eq(http_head_take(&h, rest, sizeof rest), 0);
	ck_assert_ptr_null(h.bytes.data);
}
END_TEST

static const struct bad {
	const char *text, *problem;
	size_t      n; /* 0: a C string */
} bad[] = {
	{"h", "is not HTTP/1", 0},
	{"HTTP/2", "is not HTTP/1", 0},
	{"\r\n", "is not HTTP/1", 0},
	{"SSH-2.0-OpenSSH_9.2\r\n", "is not HTTP/1", 0},
	{"\x15\x03\x01", "is not HTTP/1", 0},
	{"<html>", "is not HTTP/1", 0},
	{"HTTP/1.\r\n\r\n", "has no status of three digits", 0},
	{"HTTP/1.1\r\n\r\n", "has no status of three digits", 0},
	{"HTTP/1.x 200 OK\r\n\r\n", "has no status of three digits", 0},
	{"HTTP/1.1 2x0 OK\r\n\r\n", "has no status of three digits", 0},
	{"HTTP/1.1 20 OK\r\n\r\n", "has no status of three digits", 0},
	{"HTTP/1.1 2000 OK\r\n\r\n", "has no status of three digits", 0},
	{"HTTP/1.1  200 OK\r\n\r\n", "has no status of three digits", 0},
	{"HTTP/1.1 099 OK\r\n\r\n", "has a status that is not from 100 to 599", 0},
	{"HTTP/1.1 600 OK\r\n\r\n", "has a status that is not from 100 to 599", 0},
	{"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "has a line that is no header", 0},
	{"HTTP/1.1 200 OK\r\n: value\r\n\r\n", "has a line that is no header", 0},
	{"HTTP/1.1 200 OK\r\nname : value\r\n\r\n", "has a line that is no header", 0},
	{"HTTP/1.1 200 OK\r\n folded: nowhere\r\n\r\n", "has a line that is no header", 0},
	{"HTTP/1.1 200 O\rK\r\n\r\n", "has a control character in its head", 0},
	{"HTTP/1.1 200 O\x7fK\r\n\r\n", "has a control character in its head", 0},
	{"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", "has a control character in its head", 25},
	{"HTTP/1.1 200 OK\r\nA: \033[2J\r\n\r\n", "has a control character in its head", 0},
};

START_TEST(what_is_no_head_is_refused_with_a_reason)
{
	const struct bad *b = &bad[_i];
	size_t            n = b->n ? b->n : strlen(b->text);
	for (size_t piece = 1; piece <= n; piece++) {
		struct http_head h;
		const char      *problem = "";
		http_head_init(&h);
		ck_assert_int_eq(feed(&h, b->text, n, piece, &problem), MQTTWILL_EPROTOCOL);
		ck_assert_str_eq(problem, b->problem);
		http_head_fini(&h);
	}
}
END_TEST

START_TEST(a_head_may_be_16384_bytes_long_and_no_longer)
{
	static const char first[] = "HTTP/1.1 200 OK\r\nA: ", last[] = "\r\n\r\n";
	for (size_t size = HTTP_HEAD_MAX - 1; size <= HTTP_HEAD_MAX + 1; size++) {
		struct http_head h;
		const char      *problem = "";
		char            *text = malloc(size + HTTP_HEAD_READ);
		memset(text, 'x', size + HTTP_HEAD_READ);
		memcpy(text, first, strlen(first));
		memcpy(text + size - 4, last, 4);
		http_head_init(&h);
		int rc = feed(&h, text, size + HTTP_HEAD_READ, _i ? 1 : HTTP_HEAD_READ, &problem);
		ck_assert_int_eq(rc, size > HTTP_HEAD_MAX ? MQTTWILL_EPROTOCOL : 0);
		if (rc < 0)
			ck_assert_str_eq(problem, "is longer than 16384 bytes");
		http_head_fini(&h);
		http_head_init(&h); /* and where no end is in sight */
		rc = feed(&h, text, size - 4, _i ? 1 : HTTP_HEAD_READ, &problem);
		ck_assert_int_eq(rc, PIPE_WAIT);
		memset(text + size - 4, 'x', 4);
		rc = feed(&h, text + size - 4, HTTP_HEAD_READ, _i ? 1 : HTTP_HEAD_READ, &problem);
		ck_assert_int_eq(rc, MQTTWILL_EPROTOCOL);
		http_head_fini(&h);
		free(text);
	}
}
END_TEST

START_TEST(an_announcement_is_followed_by_another_head)
{
	static const char text[] = "HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nC: d\r\n\r\nrest";
	for (size_t piece = 1; piece <= sizeof text; piece++) {
		struct http_head h;
		const char      *problem;
		size_t           at = 0, part = 0;
		int              rc = PIPE_WAIT;
		http_head_init(&h);
		while (rc == PIPE_WAIT) {
			part = sizeof text - at < piece ? sizeof text - at : piece;
			rc = http_head_feed(&h, text + at, part, &problem);
			at += part;
			if (rc == 0 && h.status == 103)
				rc = http_head_next(&h, &problem);
		}
		ck_assert_int_eq(rc, 0);
		ck_assert_uint_eq(h.status, 200);
		ck_assert_ptr_null(http_head_find(&h, "a").p);
		ck_assert_ptr_nonnull(http_head_find(&h, "c").p);
		http_head_fini(&h);
	}
}
END_TEST

START_TEST(a_header_is_found_in_whatever_case)
{
	struct http_head h;
	const char      *problem, *text = "HTTP/1.1 101 Switching\r\nUPGRADE: websocket\r\nUpgrade: other\r\n\r\n";
	http_head_init(&h);
	ck_assert_int_eq(http_head_feed(&h, text, strlen(text), &problem), 0);
	ck_assert(http_same(http_head_find(&h, "upgrade"), "WebSocket"));
	ck_assert(!http_same(http_head_find(&h, "upgrade"), "web"));
	ck_assert_ptr_null(http_head_find(&h, "Upgrad").p);
	http_head_fini(&h);
}
END_TEST

START_TEST(a_long_reason_is_cut_between_characters)
{
	struct http_head h;
	const char      *problem, *text = "HTTP/1.1 500 abc\xc3\xa9\r\n\r\n";
	char             reason[8];
	http_head_init(&h);
	ck_assert_int_eq(http_head_feed(&h, text, strlen(text), &problem), 0);
	http_head_reason(&h, reason, 5);
	ck_assert_str_eq(reason, "abc");
	http_head_reason(&h, reason, 6);
	ck_assert_str_eq(reason, "abc\xc3\xa9");
	http_head_fini(&h);
}
END_TEST

START_TEST(a_head_for_which_there_is_no_memory_says_so)
{
	struct http_head h;
	const char      *problem = "";
	http_head_init(&h);
	alloc_fail(1);
	int rc = http_head_feed(&h, "HTTP", 4, &problem);
	ck_assert(alloc_stop());
	ck_assert_int_eq(rc, MQTTWILL_ENOMEM);
	ck_assert_str_eq(problem, "there is no memory for it");
	http_head_fini(&h);
}
END_TEST

Suite *http_head_suite(void)
{
	Suite *s = suite_create("http_head");
	TCase *t = tcase_create("http_head");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_head_is_the_same_in_whatever_pieces_it_comes, 0, sizeof good / sizeof good[0]);
	tcase_add_test(t, what_is_behind_the_head_may_be_taken_in_pieces);
	tcase_add_loop_test(t, what_is_no_head_is_refused_with_a_reason, 0, sizeof bad / sizeof bad[0]);
	tcase_add_loop_test(t, a_head_may_be_16384_bytes_long_and_no_longer, 0, 2);
	tcase_add_test(t, an_announcement_is_followed_by_another_head);
	tcase_add_test(t, a_header_is_found_in_whatever_case);
	tcase_add_test(t, a_long_reason_is_cut_between_characters);
	tcase_add_test(t, a_head_for_which_there_is_no_memory_says_so);
	suite_add_tcase(s, t);
	return s;
}
