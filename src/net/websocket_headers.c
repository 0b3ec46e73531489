/* SPDX-License-Identifier: MIT */
/*
 * What a caller may add to the WebSocket handshake. A header that could end early, or say something about the handshake itself,
 * would make another request of it.
 */
#include "net/websocket.h"

#include <string.h>
#include <strings.h>

#include <mqttwill.h>

#include "net/http_head.h"

enum { HEADERS_MAX = 64, HEADERS_BYTES_MAX = 8 * 1024 };

/* What the handshake says itself, and what would announce a body or another use of the connection. */
static const char *const taken[] = {
	"Host", "Upgrade", "Connection", "Content-Length", "Transfer-Encoding", "Trailer", "TE", "Expect", "Keep-Alive",
};

static bool is_taken(const char *name)
{
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
		if (strcasecmp(name, taken[i]) == 0)
			return true;
	return strncasecmp(name, "Sec-WebSocket-", 14) == 0;
}

static bool is_token(const char *name)
{
	size_t n = 0;
	while (http_is_token(name[n]))
		n++;
	return n && !name[n];
}

/* [RFC 9110, 5.5] */
static bool is_value(const char *value)
{
	for (const char *c = value; *c; c++)
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7F)
			return false;
	return true;
}

static const char *problem_of(const struct mqttwill_header *h)
{
	if (!is_token(h->name))
		return "its name is no token of HTTP: letters, digits and !#$%&'*+-.^_`|~";
	if (is_taken(h->name))
		return "the handshake says it itself";
	return is_value(h->value) ? NULL : "its value has a line break or another control character";
}

int websocket_check(const struct mqttwill_header *headers, size_t count, struct pipe_error *error)
{
	size_t bytes = 0;
	if (count > HEADERS_MAX)
		return pipe_fail(error, MQTTWILL_EOPTION, "option network.header_count: %zu is more than %d", count, HEADERS_MAX);
	for (size_t i = 0; i < count; i++) {
		const char *problem = problem_of(&headers[i]);
		bytes += strlen(headers[i].name) + strlen(headers[i].value) + 4;
		if (!problem && bytes > HEADERS_BYTES_MAX)
			problem = "with it all headers are longer than 8,192 bytes";
		if (problem)
			return pipe_fail(error, MQTTWILL_EOPTION, "option network.headers[%zu]: %s (%.60s)", i, problem, headers[i].name);
	}
	return 0;
}
