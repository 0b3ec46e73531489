/* SPDX-License-Identifier: MIT */
/*
 * Heads of HTTP responses: what a proxy or a WebSocket server answers. Checked: whole or byte by byte it is the same head, or the
 * same refusal; its parts lie in it; what is behind it comes out as it went in.
 */
#include <mqttwill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "net/http_head.h"
#include "net/pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* Feeds until it is whole or refused; how many bytes that took. */
static size_t feed(struct http_head *h, const uint8_t *data, size_t size, size_t piece, int *rc, const char **problem)
{
	size_t at = 0;
	*rc = PIPE_WAIT;
	while (*rc == PIPE_WAIT && at < size) {
		size_t part = size - at < piece ? size - at : piece;
		*rc = http_head_feed(h, data + at, part, problem);
		at += part;
		while (*rc == 0 && h->status < 200)
			*rc = http_head_next(h, problem);
	}
	return at;
}

static size_t count_fields(const struct http_head *h)
{
	struct http_field f;
	size_t            count = 0, at = 0;
	const uint8_t    *from = h->bytes.data + h->bytes.head, *to = from + h->whole;
	for (; http_head_each(h, &at, &f); count++) {
		expect(f.name.n && f.name.p >= from && f.value.p + f.value.n < to, "a header outside the head");
		expect(!f.value.n || !memchr(f.value.p, '\n', f.value.n), "a value over two lines");
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_head once, slow;
	const char      *why_once = "", *why_slow = "";
	int              rc_once, rc_slow;
	char             reason[40];
	http_head_init(&once);
	http_head_init(&slow);
	size_t took = feed(&once, data, size, HTTP_HEAD_READ, &rc_once, &why_once);
	size_t end = feed(&slow, data, size, 1, &rc_slow, &why_slow);
	expect(rc_once == rc_slow && strcmp(why_once, why_slow) == 0, "it matters in what pieces a head comes");
	if (rc_once < 0)
		expect(*why_once, "a refusal without a reason");
	if (rc_once == 0) {
		expect(once.status == slow.status && count_fields(&once) == count_fields(&slow), "another head in pieces");
		http_head_reason(&once, reason, sizeof reason);
		expect(utf8_good_text((uint8_t *)reason, strlen(reason)) == strlen(reason), "a reason that cannot be shown");
		http_head_done(&once);
		expect(http_head_rest(&once) == took - end && http_head_rest(&slow) == 0, "bytes behind the head are lost");
		for (uint8_t c; http_head_take(&once, &c, 1);)
			expect(c == data[end++], "bytes behind the head are others");
		expect(!once.bytes.data, "memory without bytes");
	}
	http_head_fini(&once);
	http_head_fini(&slow);
	return 0;
}
