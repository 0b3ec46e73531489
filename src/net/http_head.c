/* SPDX-License-Identifier: MIT */
/*
 * Each byte is looked at once for the end of the head; only a whole head is checked, line by line. What cannot become HTTP is refused
 * at its first byte, for whoever speaks something else may wait for us.
 */
#include "net/http_head.h"

#include <stdio.h>
#include <string.h>

#include <mqttwill.h>

#include "base/utf8.h"
#include "net/pipe.h"

#define TOO_LONG "is longer than 16384 bytes"

static const char version[] = "HTTP/1.";

enum { MOST_ANNOUNCEMENTS = 16 };
enum { VERSION = sizeof version - 1, STATUS = VERSION + 2, REASON = STATUS + 3 }; /* HTTP/1.1 200 */

static int wrong(const char **problem, const char *text)
{
	*problem = text;
	return MQTTWILL_EPROTOCOL;
}

void http_head_init(struct http_head *h)
{
	*h = (struct http_head){0};
	buf_init(&h->bytes, HTTP_HEAD_MAX + HTTP_HEAD_READ);
}

void http_head_fini(struct http_head *h)
{
	buf_fini(&h->bytes);
}

/* ---- Lines ---- */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool http_is_token(char c)
{
	return (unsigned char)c > ' ' && (unsigned char)c < 0x7F && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

static struct span trim(struct span s)
{
	while (s.n && is_space(*s.p))
		s = span_of(s.p + 1, s.n - 1);
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* The line at `at` without its end; *next is where the next one begins. Within a whole head only. */
static struct span line_at(const struct http_head *h, size_t at, size_t *next)
{
	const uint8_t *p = buf_front(&h->bytes) + at;
	const uint8_t *end = memchr(p, '\n', h->whole - at);
	*next = at + (size_t)(end - p) + 1;
	return span_of(p, (size_t)(end - p) - (end > p && end[-1] == '\r'));
}

/* [RFC 9112, 4] */
static int check_status(struct http_head *h, struct span line, const char **problem)
{
	bool digits = line.n >= REASON && is_digit(line.p[VERSION]) && line.p[VERSION + 1] == ' ';
	for (size_t i = STATUS; digits && i < REASON; i++)
		digits = is_digit(line.p[i]);
	if (!digits || (line.n > REASON && line.p[REASON] != ' '))
		return wrong(problem, "has no status of three digits");
	h->status = (unsigned)(line.p[STATUS] - '0') * 100 + (unsigned)(line.p[STATUS + 1] - '0') * 10 + (line.p[STATUS + 2] - '0');
	if (h->status < 100 || h->status > 599)
		return wrong(problem, "has a status that is not from 100 to 599");
	struct span reason = trim(span_of(line.p + REASON, line.n - REASON));
	h->reason = (size_t)(reason.p - buf_front(&h->bytes));
	h->reason_len = reason.n;
	return 0;
}

static int check_field(struct span line, const char **problem)
{
	size_t name = 0;
	while (name < line.n && http_is_token((char)line.p[name]))
		name++;
	return name && name < line.n && line.p[name] == ':' ? 0 : wrong(problem, "has a line that is no header");
}

/* A line that begins with a space goes on with the header before it [RFC 9112, 5.2]: what ended that one becomes space. */
static void unfold(struct http_head *h, size_t at)
{
	for (uint8_t *p = buf_front(&h->bytes) + at; at > 0 && (p[-1] == '\n' || p[-1] == '\r'); at--)
		*--p = ' ';
}

static int check_bytes(struct http_head *h, const char **problem)
{
	const uint8_t *p = buf_front(&h->bytes);
	for (size_t i = 0; i < h->whole; i++)
		if ((p[i] < ' ' && !strchr("\t\r\n", p[i])) || p[i] == 0 || p[i] == 0x7F || (p[i] == '\r' && p[i + 1] != '\n'))
			return wrong(problem, "has a control character in its head");
	return 0;
}

static int check(struct http_head *h, const char **problem)
{
	size_t next;
	int    rc = check_bytes(h, problem);
	if (rc == 0)
		rc = check_status(h, line_at(h, 0, &next), problem);
	h->headers = rc == 0 ? next : 0;
	for (size_t at = h->headers; rc == 0 && at < h->whole; at = next) {
		struct span line = line_at(h, at, &next);
		if (line.n && is_space(*line.p) && at > h->headers)
			unfold(h, at);
		else if (line.n)
			rc = check_field(line, problem);
	}
	return rc;
}

/* ---- Pieces ---- */

static bool can_be_http(const struct http_head *h)
{
	size_t n = buf_len(&h->bytes);
	return memcmp(buf_front(&h->bytes), version, n < VERSION ? n : VERSION) == 0;
}

/* Where the empty line ends; 0: not yet. */
static size_t find_end(struct http_head *h)
{
	const uint8_t *p = buf_front(&h->bytes);
	for (; h->looked < buf_len(&h->bytes); h->looked++) {
		if (p[h->looked] != '\n')
			continue;
		size_t n = h->looked - h->line;
		if (n == 0 || (n == 1 && p[h->line] == '\r'))
			return h->looked + 1;
		h->line = h->looked + 1;
	}
	return 0;
}

int http_head_feed(struct http_head *h, const void *bytes, size_t n, const char **problem)
{
	if (!buf_append(&h->bytes, bytes, n)) {
		*problem = "there is no memory for it";
		return MQTTWILL_ENOMEM;
	}
	if (buf_len(&h->bytes) == 0)
		return PIPE_WAIT;
	if (!can_be_http(h))
		return wrong(problem, "is not HTTP/1");
	h->whole = find_end(h);
	if (h->whole > HTTP_HEAD_MAX || (!h->whole && buf_len(&h->bytes) > HTTP_HEAD_MAX))
		return wrong(problem, TOO_LONG);
	return h->whole ? check(h, problem) : PIPE_WAIT;
}

int http_head_read(struct http_head *h, struct pipe *from, const char **problem)
{
	uint8_t in[HTTP_HEAD_READ];
	for (;;) {
		ssize_t n = from->ops->read(from, in, sizeof in);
		if (n == -1)
			return PIPE_WAIT;
		if (n == 0)
			*problem = buf_len(&h->bytes) ? "ended in the middle of its head" : "did not come: the connection was closed";
		if (n <= 0)
			return n ? (int)n : MQTTWILL_ELOST;
		int rc = http_head_feed(h, in, (size_t)n, problem);
		if (rc != PIPE_WAIT)
			return rc;
	}
}

int http_head_next(struct http_head *h, const char **problem)
{
	http_head_done(h);
	return http_head_feed(h, NULL, 0, problem);
}

static bool is_announcement(const struct http_head *h)
{
	return h->status < 200 && h->status != 101;
}

int http_head_answer(struct http_head *h, struct pipe *from, const char **problem)
{
	int rc = http_head_read(h, from, problem);
	while (rc == 0 && is_announcement(h) && h->announced++ < MOST_ANNOUNCEMENTS) {
		rc = http_head_next(h, problem);
		if (rc == PIPE_WAIT)
			rc = http_head_read(h, from, problem);
	}
	return rc;
}

/* ---- What it says ---- */

bool http_head_each(const struct http_head *h, size_t *at, struct http_field *field)
{
	struct span line = {0};
	size_t      next = *at ? *at : h->headers;
	if (next < h->whole)
		line = line_at(h, next, &next);
	if (line.n == 0)
		return false;
	const uint8_t *colon = memchr(line.p, ':', line.n);
	size_t         name = (size_t)(colon - line.p);
	*at = next;
	*field = (struct http_field){span_of(line.p, name), trim(span_of(colon + 1, line.n - name - 1))};
	return true;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

bool http_same(struct span a, const char *text)
{
	if (a.n != strlen(text))
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower((uint8_t)text[i]))
			return false;
	return true;
}

struct span http_head_find(const struct http_head *h, const char *name)
{
	struct http_field field;
	for (size_t at = 0; http_head_each(h, &at, &field);)
		if (http_same(field.name, name))
			return field.value;
	return (struct span){0};
}

void http_head_reason(const struct http_head *h, char *buf, size_t size)
{
	http_show(span_of(buf_front(&h->bytes) + h->reason, h->reason_len), buf, size);
}

void http_show(struct span part, char *buf, size_t size)
{
	size_t n = part.n < size - 1 ? part.n : size - 1;
	while (n < part.n && n > 0 && (part.p[n] & 0xC0) == 0x80)
		n--; /* no half character at the cut */
	put_bytes((uint8_t *)buf, part.p, n);
	buf[n] = 0;
	for (size_t good = 0; (good += utf8_good((uint8_t *)buf + good, n - good)) < n;)
		buf[good++] = '?';
}

/* ---- What came behind it ---- */

void http_head_done(struct http_head *h)
{
	buf_take(&h->bytes, h->whole);
	buf_relax(&h->bytes);
	h->whole = h->looked = h->line = h->headers = 0;
	h->reason = h->reason_len = 0;
}

size_t http_head_rest(const struct http_head *h)
{
	return buf_len(&h->bytes) - h->whole;
}

size_t http_head_take(struct http_head *h, void *buf, size_t size)
{
	size_t n = buf_len(&h->bytes) < size ? buf_len(&h->bytes) : size;
	if (n)
		memcpy(buf, buf_front(&h->bytes), n);
	buf_take(&h->bytes, n);
	buf_relax(&h->bytes);
	return n;
}
