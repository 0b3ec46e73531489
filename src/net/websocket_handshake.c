/* SPDX-License-Identifier: MIT */
/*
 * The upgrade: one request, and one answer that is judged by a table of what each status most likely means.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <mqttwill.h>

#include "base/base64.h"
#include "base/sha1.h"
#include "net/url.h"
#include "net/websocket_internal.h"

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum { KEY = 16, REQUEST_MAX = 64 * 1024, SHOWN = 80 };

/* ---- The request ---- */

static bool put(struct buf *b, const char *text)
{
	return buf_append(b, text, strlen(text));
}

static bool put_line(struct buf *b, const char *name, const char *value)
{
	return put(b, name) && put(b, ": ") && put(b, value) && put(b, "\r\n");
}

/* The port only where it is not the scheme's own; an address in brackets, without its zone [RFC 9110, 7.2; RFC 6874]. */
static bool put_host(struct buf *b, const struct url *url)
{
	bool good = put(b, "Host: ") && put(b, url->literal_v6 ? "[" : "") && buf_append(b, url->host, strcspn(url->host, "%")) &&
	            put(b, url->literal_v6 ? "]" : "");
	if (strcmp(url->port, url->scheme == URL_WSS ? "443" : "80") != 0)
		good = good && put(b, ":") && put(b, url->port);
	return good && put(b, "\r\n");
}

static bool put_request(struct buf *b, const struct websocket_config *config, const char *key)
{
	bool good = put(b, "GET ") && put(b, config->url->path) && put(b, " HTTP/1.1\r\n") && put_host(b, config->url) &&
	            put(b, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n") &&
	            put_line(b, "Sec-WebSocket-Key", key) && put_line(b, "Sec-WebSocket-Protocol", config->protocol);
	for (size_t i = 0; good && i < config->header_count; i++)
		good = put_line(b, config->headers[i].name, config->headers[i].value);
	return good && put(b, "\r\n");
}

static void accept_of(const char *key, char accept[29])
{
	char    text[BASE64_SIZE(KEY) + sizeof GUID];
	uint8_t digest[SHA1_SIZE];
	int     n = snprintf(text, sizeof text, "%s" GUID, key);
	sha1(digest, text, (size_t)n);
	base64_encode(accept, digest, sizeof digest);
}

struct handshake *handshake_new(const struct websocket_config *config, struct pipe_error *error)
{
	uint8_t           random[KEY];
	char              key[BASE64_SIZE(KEY)];
	struct handshake *h = calloc(1, sizeof *h);
	if (!h) {
		pipe_fail(error, MQTTWILL_ENOMEM, "websocket: no memory for the handshake");
		return NULL;
	}
	buf_init(&h->request, REQUEST_MAX);
	http_head_init(&h->answer);
	if (getrandom(random, sizeof random, GRND_NONBLOCK) != sizeof random) {
		pipe_fail(error, MQTTWILL_ESYSTEM, "websocket: the system has no random numbers: %s", strerror(errno));
		handshake_free(h);
		return NULL;
	}
	base64_encode(key, random, sizeof random);
	accept_of(key, h->accept);
	if (put_request(&h->request, config, key))
		return h;
	pipe_fail(error, MQTTWILL_ENOMEM, "websocket: no memory for the handshake");
	handshake_free(h);
	return NULL;
}

void handshake_free(struct handshake *h)
{
	if (!h)
		return;
	buf_fini(&h->request);
	http_head_fini(&h->answer);
	free(h);
}

/* ---- The answer ---- */

struct judging {
	struct handshake              *h;
	const struct websocket_config *config;
	struct pipe_error             *error;
};

/* Is the word in a list with commas between? */
static bool list_has(struct span list, const char *word)
{
	const uint8_t *end = list.p + list.n;
	for (const uint8_t *from = list.p, *p = from; p <= end; p++) {
		if (p < end && *p != ',' && *p != ' ' && *p != '\t')
			continue;
		if (http_same(span_of(from, (size_t)(p - from)), word))
			return true;
		from = p + 1;
	}
	return false;
}

/* In one of the headers of that name? */
static bool has_word(const struct http_head *h, const char *name, const char *word)
{
	struct http_field field;
	for (size_t at = 0; http_head_each(h, &at, &field);)
		if (http_same(field.name, name) && list_has(field.value, word))
			return true;
	return false;
}

static size_t count(const struct http_head *h, const char *name)
{
	struct http_field field;
	size_t            n = 0;
	for (size_t at = 0; http_head_each(h, &at, &field);)
		n += http_same(field.name, name);
	return n;
}

static int refuse(struct judging *j, const char *why)
{
	return pipe_fail(j->error, MQTTWILL_EWEBSOCKET, "websocket: %.80s answers 101, %s", j->config->url->host, why);
}

/* [RFC 6455, 4.1], [MQTT-6.0.0-3], [MQTT-6.0.0-4] */
static int check_upgrade(struct judging *j)
{
	const struct http_head *a = &j->h->answer;
	struct span             accept = http_head_find(a, "Sec-WebSocket-Accept"), protocol = http_head_find(a, "Sec-WebSocket-Protocol");
	if (!has_word(a, "Upgrade", "websocket"))
		return refuse(j, "but does not say \"Upgrade: websocket\"");
	if (!has_word(a, "Connection", "upgrade"))
		return refuse(j, "but does not say \"Connection: Upgrade\"");
	if (count(a, "Sec-WebSocket-Accept") != 1 || !span_equal(accept, span_text(j->h->accept, 0)))
		return refuse(j, "but its Sec-WebSocket-Accept does not belong to our key: something between answers for the broker");
	if (count(a, "Sec-WebSocket-Extensions"))
		return refuse(j, "with an extension that was not asked for");
	if (!protocol.p)
		return refuse(j, "but selects no subprotocol: what listens at that path is no MQTT broker");
	if (count(a, "Sec-WebSocket-Protocol") != 1 || !span_equal(protocol, span_text(j->config->protocol, 0)))
		return refuse(j, "but selects another subprotocol than \"mqtt\": what listens at that path is no MQTT broker");
	return 0;
}

#define PATH "" /* no header, but the path says more */

static const struct meaning {
	unsigned    from, to;
	const char *header; /* that says more; NULL: none */
	const char *text;
} meanings[] = {
	{200, 299, PATH, "a web server that speaks no WebSocket at that path"},
	{300, 399, "Location", "redirects are not followed; the URL must be the broker's own"},
	{400, 400, NULL, "it does not take the handshake; is this its port for WebSocket?"},
	{401, 401, "WWW-Authenticate", "it wants credentials of HTTP, in network.headers; those of the URL are MQTT's"},
	{403, 403, PATH, "it does not let this client in: its address, its Origin, or that path"},
	{404, 404, PATH, "it has nothing at that path; the URL must name the one for MQTT"},
	{405, 405, PATH, "it speaks no WebSocket at that path"},
	{407, 407, "Proxy-Authenticate", "a proxy on the way wants credentials, in network.proxy"},
	{410, 410, PATH, "it has nothing at that path any more"},
	{426, 426, "Sec-WebSocket-Version", "it wants another version than 13 of WebSocket, or 1.1 of HTTP"},
	{429, 429, "Retry-After", "it has had too many requests from here"},
	{502, 502, NULL, "a gateway that does not reach the broker behind it"},
	{503, 503, "Retry-After", "it, or the broker behind it, is not available now"},
	{504, 504, NULL, "a gateway whose broker did not answer in time"},
	{500, 599, NULL, "it is in trouble itself"},
	{100, 199, NULL, "it announces an answer for ever"},
	{400, 599, NULL, "that is no upgrade to WebSocket"},
};

static const struct meaning *meaning_of(unsigned status)
{
	const struct meaning *m = meanings;
	while (status < m->from || status > m->to)
		m++;
	return m;
}

/* Without the query, which may hold a secret. */
static struct span path_of(const struct websocket_config *config)
{
	return span_of(config->url->path, strcspn(config->url->path, "?"));
}

static int refused(struct judging *j)
{
	const struct http_head *a = &j->h->answer;
	const struct meaning   *m = meaning_of(a->status);
	struct span             value = !m->header ? (struct span){0} : *m->header ? http_head_find(a, m->header) : path_of(j->config);
	char                    reason[41], more[SHOWN + 1];
	http_head_reason(a, reason, sizeof reason);
	http_show(value, more, sizeof more);
	return pipe_fail(j->error, MQTTWILL_EWEBSOCKET, "websocket: %.60s answers %u%s%s%s%s%s: %s", j->config->url->host, a->status,
	                 *reason ? " " : "", reason, *more ? " (" : "", more, *more ? ")" : "", m->text);
}

/* What else could be there, by its first byte: a broker without WebSocket says CONNACK or DISCONNECT, TLS an alert. */
static const char *stranger(const struct http_head *a)
{
	switch (buf_len(&a->bytes) ? *buf_front(&a->bytes) : 0) {
	case 0x15:
		return "; it speaks TLS: wss:// or mqtts://";
	case 0x20:
	case 0xE0:
		return "; it looks like MQTT without WebSocket: mqtt://";
	default:
		return "";
	}
}

/* Who says nothing at all most often speaks something else. */
static const char *doubt(const struct judging *j)
{
	return buf_len(&j->h->answer.bytes) ? "" : "; does it speak WebSocket there?";
}

/* No problem named: the pipe below has its own sentence. */
static int unreadable(struct judging *j, int rc, const char *problem)
{
	const struct pipe_error why = *j->error;
	const char             *host = j->config->url->host;
	if (!*problem)
		return pipe_fail(j->error, MQTTWILL_EWEBSOCKET, "websocket: handshake with %.60s: %.120s%s", host, why.text, doubt(j));
	if (rc == MQTTWILL_ENOMEM)
		return pipe_fail(j->error, rc, "websocket: the answer of %.80s: %s", host, problem);
	if (rc == MQTTWILL_EPROTOCOL)
		return pipe_fail(j->error, MQTTWILL_EWEBSOCKET, "websocket: the answer of %.80s %s%s", host, problem, stranger(&j->h->answer));
	return pipe_fail(j->error, MQTTWILL_EWEBSOCKET, "websocket: the answer of %.80s %s%s", host, problem, doubt(j));
}

static int read_answer(struct judging *j, struct pipe *below)
{
	const char *problem = "";
	int         rc = http_head_answer(&j->h->answer, below, &problem);
	return rc < 0 ? unreadable(j, rc, problem) : rc;
}

static int send_request(struct handshake *h, struct pipe *below)
{
	while (buf_len(&h->request)) {
		ssize_t n = below->ops->write(below, buf_front(&h->request), buf_len(&h->request));
		if (n <= 0)
			return n < -1 ? (int)n : PIPE_WAIT;
		buf_take(&h->request, (size_t)n);
	}
	return 0;
}

int handshake_go_on(struct handshake *h, const struct websocket_config *config, struct pipe *below, struct pipe_error *error)
{
	struct judging j = {h, config, error};
	error->code = 0;
	int                     sent = send_request(h, below);
	const struct pipe_error why = *error;
	if (sent == PIPE_WAIT)
		return sent;
	int rc = read_answer(&j, below);
	if (sent < 0 && rc != 0) { /* who does not want the request may have said why before it hung up; this one has not */
		*error = why;
		return unreadable(&j, sent, "");
	}
	if (rc == 0)
		rc = h->answer.status == 101 ? check_upgrade(&j) : refused(&j);
	if (rc == 0)
		http_head_done(&h->answer);
	return rc;
}
