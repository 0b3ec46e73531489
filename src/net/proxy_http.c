/* SPDX-License-Identifier: MIT */
/*
 * HTTP CONNECT [RFC 9110, 9.3.6]: any 2xx opens the tunnel, and what comes behind its head is the server's. Of a refusal only the head is
 * read. User and password travel as they are (Basic), for that is all that can be done before the tunnel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "net/proxy_internal.h"

enum { REASON_SIZE = 64 };

/* ---- The question ---- */

static int put_text(struct proxy *p, const char *text)
{
	return proxy_put(p, text, strlen(text));
}

static int put_basic(struct proxy *p)
{
	static const char name[] = "Proxy-Authorization: Basic ";
	const struct url *by = p->by;
	size_t            user_len = strlen(by->user ? by->user : ""), n = user_len + 1 + by->password_len;
	uint8_t          *plain = malloc(n);
	uint8_t          *text = buf_reserve(&p->out, sizeof name - 1 + BASE64_SIZE(n));
	if (!plain || !text) {
		free(plain);
		return proxy_no_memory(p);
	}
	put_bytes(put_bytes(put_bytes(plain, by->user, user_len), ":", 1), by->password, by->password_len);
	char *to = (char *)put_bytes(text, name, sizeof name - 1);
	buf_commit(&p->out, sizeof name - 1 + base64_encode(to, plain, n));
	free(plain);
	return put_text(p, "\r\n");
}

/* ---- The answer ---- */

/* The first row that fits; one that wants a user is told another way. */
static const struct refusal {
	unsigned    from, to;
	const char *before, *after; /* with the server between them; after NULL: without */
} refusals[] = {
	{300, 399, "it answers CONNECT with a redirect, which is not followed", NULL},
	{400, 400, "it does not understand CONNECT ", ""},
	{401, 401, "it answers like a web server that wants a user and a password", NULL},
	{403, 403, "it does not allow ", ""},
	{404, 404, "it cannot find ", ""},
	{405, 405, "it does not do CONNECT", NULL},
	{429, 429, "it is asked too often", NULL},
	{501, 501, "it does not do CONNECT", NULL},
	{502, 504, "it cannot reach ", ""},
	{400, 599, "it refused ", ""},
	{101, 101, "it wants to speak something else", NULL},
	{100, 199, "it announces an answer for ever", NULL},
};

/* Is a scheme among what the proxy would take? Challenges stand in one header or in many. */
static bool offers_basic(const struct http_head *h)
{
	struct http_field f;
	for (size_t at = 0; http_head_each(h, &at, &f);)
		for (size_t i = 0; http_same(f.name, "Proxy-Authenticate") && i + 5 <= f.value.n; i++)
			if (http_same(span_of(f.value.p + i, 5), "basic"))
				return true;
	return false;
}

static const char *wants_user(const struct proxy *p)
{
	if (http_head_find(&p->head, "Proxy-Authenticate").p && !offers_basic(&p->head))
		return "it wants an authentication that is not Basic";
	return p->by->user || p->by->password ? "it refused user and password" : "it wants a user and a password";
}

static int refused(struct proxy *p)
{
	char                  target[PROXY_TARGET_SIZE], reason[REASON_SIZE];
	unsigned              status = p->head.status;
	const struct refusal *r = refusals;
	while (status < r->from || status > r->to)
		r++;
	proxy_target(p, target, sizeof target);
	http_head_reason(&p->head, reason, sizeof reason);
	const char *before = status == 407 ? wants_user(p) : r->before;
	bool        names_it = status != 407 && r->after;
	return proxy_fail(p, "%s%.72s (%u%s%s)", before, names_it ? target : "", status, *reason ? " " : "", reason);
}

static int answered(struct proxy *p)
{
	if (p->head.status < 200 || p->head.status > 299)
		return refused(p);
	http_head_done(&p->head);
	return 0;
}

static int read_answer(struct proxy *p)
{
	const char *problem = NULL;
	int         rc = http_head_answer(&p->head, p->pipe.below, &problem);
	return rc == 0 ? answered(p) : rc == PIPE_WAIT ? rc : proxy_broke(p, rc, problem);
}

int proxy_start_http(struct proxy *p)
{
	char target[PROXY_TARGET_SIZE], text[2 * PROXY_TARGET_SIZE + 40];
	proxy_target(p, target, sizeof target);
	snprintf(text, sizeof text, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target);
	int rc = put_text(p, text);
	if (rc == 0 && (p->by->user || p->by->password))
		rc = put_basic(p);
	if (rc == 0)
		rc = put_text(p, "\r\n");
	p->next = read_answer;
	return rc;
}
