/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP/1 response [RFC 9112], in whatever pieces it comes: status line and headers. What comes behind it is
 * kept for whoever takes over the stream. It owns no memory before its first byte, and none after its last.
 */
#ifndef NET_HTTP_HEAD_H
#define NET_HTTP_HEAD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/bytes.h"

struct pipe;

enum { HTTP_HEAD_MAX = 16 * 1024, HTTP_HEAD_READ = 1024 };

struct http_head {
	struct buf bytes;    /* the head, then what came behind it */
	size_t     whole;    /* length of the head with its empty line; 0: it is not whole yet */
	size_t     looked, line; /* so far no end was found; where the line begins that is not whole */
	size_t     headers;  /* where they begin */
	size_t     reason, reason_len;
	unsigned   status;   /* 100 to 599, once it is whole */
	uint8_t    announced; /* 1xx so far */
};

struct http_field {
	struct span name, value; /* without the space around it; valid as long as the head is not changed */
};

void http_head_init(struct http_head *h);
void http_head_fini(struct http_head *h);

/*
 * Takes n bytes, at most HTTP_HEAD_READ, while it is not whole. 0: it is whole now; PIPE_WAIT: it needs more;
 * MQTTWILL_EPROTOCOL: *problem says what is wrong with "the answer"; MQTTWILL_ENOMEM.
 */
int http_head_feed(struct http_head *h, const void *bytes, size_t n, const char **problem);

/* Reads from a pipe and feeds until it is whole. The same, the pipe's own errors, and MQTTWILL_ELOST at the end of the stream. */
int http_head_read(struct http_head *h, struct pipe *from, const char **problem);

/* Forgets a whole head that announces another one (1xx); what came behind it begins the next. As feed. */
int http_head_next(struct http_head *h, const char **problem);

/*
 * Reads until it is whole and not one that announces another [RFC 9110, 15.2]; 101 is none. After 16 of those their status is
 * taken for the answer, for nobody has that much to announce. As read.
 */
int http_head_answer(struct http_head *h, struct pipe *from, const char **problem);

/* One header after the other: *at is 0 at first. False: there are no more. */
bool http_head_each(const struct http_head *h, size_t *at, struct http_field *field);

/* The value of the first header of that name, in whatever case; p is NULL where there is none. */
struct span http_head_find(const struct http_head *h, const char *name);

/* May it stand in the name of a header [RFC 9110, 5.6.2]? */
bool http_is_token(char c);

/* The same text in whatever case of ASCII. */
bool http_same(struct span a, const char *text);

/* A part of it, fit to be shown: what is no UTF-8 is "?", and it is cut to fit. */
void http_show(struct span part, char *buf, size_t size);

/* The reason phrase, fit to be shown. "" where there is none. */
void http_head_reason(const struct http_head *h, char *buf, size_t size);

/* Forgets the head for good: what came behind it stays, and where that is nothing, no memory does. */
void http_head_done(struct http_head *h);

/* After http_head_done(): how many bytes there are, and taking at most size of them. The last one takes the memory with it. */
size_t http_head_rest(const struct http_head *h);
size_t http_head_take(struct http_head *h, void *buf, size_t size);

#endif
