/* SPDX-License-Identifier: MIT */
/*
 * SOCKS 5 [RFC 1928] with user and password [RFC 1929]. Each part of an answer has a known length, and no byte more is read: what
 * follows the last one is the server's.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <mqttwill.h>

#include "net/proxy_internal.h"

enum { VERSION = 5, AUTH_VERSION = 1, CONNECT = 1 };
enum { NO_AUTH = 0, USER_PASSWORD = 2, NOTHING_FITS = 0xFF };
enum { IPV4 = 1, NAME = 3, IPV6 = 4 };

/* ---- Reading ---- */

static int ended(struct proxy *p)
{
	return proxy_broke(p, MQTTWILL_ELOST, p->got ? "ended in the middle" : "did not come: the connection was closed");
}

/* Reads until there are n bytes in p->in: 0, PIPE_WAIT, or an error. */
static int need(struct proxy *p, size_t n)
{
	struct pipe *below = p->pipe.below;
	while (p->got < n) {
		ssize_t got = below->ops->read(below, p->in + p->got, n - p->got);
		if (got == -1)
			return PIPE_WAIT;
		if (got <= 0)
			return got ? proxy_broke(p, (int)got, NULL) : ended(p);
		p->got = (uint8_t)(p->got + got);
	}
	return 0;
}

/* ---- The address the proxy connects from: it is of no interest ---- */

static int skip_bound(struct proxy *p)
{
	uint8_t      unused[32];
	struct pipe *below = p->pipe.below;
	while (p->skip) {
		ssize_t n = below->ops->read(below, unused, p->skip < sizeof unused ? p->skip : sizeof unused);
		if (n == -1)
			return PIPE_WAIT;
		if (n <= 0)
			return n ? proxy_broke(p, (int)n, NULL) : ended(p);
		p->skip = (uint16_t)(p->skip - n);
	}
	return 0;
}

/* ---- The connection ---- */

static const struct {
	const char *before, *after; /* with the server between them; after NULL: without */
} refusals[] = {
	[1] = {"it cannot reach ", ", and does not say why"},
	[2] = {"its rules do not allow ", ""},
	[3] = {"it cannot reach ", ": network unreachable"},
	[4] = {"it cannot reach ", ": host unreachable"},
	[5] = {"it cannot reach ", ": connection refused"},
	[6] = {"it cannot reach ", ": TTL expired"},
	[7] = {"it does not do CONNECT", NULL},
	[8] = {"it does not take the kind of address of ", ""},
};

static int check_reply(struct proxy *p)
{
	char     target[PROXY_TARGET_SIZE];
	unsigned code = p->in[1];
	proxy_target(p, target, sizeof target);
	if (p->in[0] != VERSION)
		return proxy_broke(p, MQTTWILL_EPROTOCOL, "is not SOCKS 5");
	if (code == 0)
		return 0;
	if (code >= sizeof refusals / sizeof refusals[0])
		return proxy_fail(p, "it refused %.72s with a code that SOCKS 5 does not have (%u)", target, code);
	const char *after = refusals[code].after;
	return proxy_fail(p, "%s%.72s%s (%u)", refusals[code].before, after ? target : "", after ? after : "", code);
}

/* Version, code, nothing, kind of address, and its first byte, which is the length of a name; of a refusal, two bytes are enough. */
static int connected(struct proxy *p)
{
	int rc = need(p, 2);
	if (rc == 0)
		rc = check_reply(p);
	if (rc == 0)
		rc = need(p, 5);
	if (rc)
		return rc;
	switch (p->in[3]) {
	case IPV4:
		p->skip = 3 + 2;
		break;
	case NAME:
		p->skip = p->in[4] + 2;
		break;
	case IPV6:
		p->skip = 15 + 2;
		break;
	default:
		return proxy_broke(p, MQTTWILL_EPROTOCOL, "has an address of a kind that SOCKS 5 does not have");
	}
	p->next = skip_bound;
	return skip_bound(p);
}

static int ask_connect(struct proxy *p)
{
	uint8_t     out[4 + 1 + 255 + 2] = {VERSION, CONNECT, 0}, *to = out + 4;
	const char *host = p->to->host;
	size_t      n = strlen(host);
	if (inet_pton(AF_INET, host, to) == 1) {
		out[3] = IPV4;
		to += 4;
	} else if (inet_pton(AF_INET6, host, to) == 1) {
		out[3] = IPV6;
		to += 16;
	} else {
		out[3] = NAME;
		*to++ = (uint8_t)n; /* a URL's host has at most 255 bytes */
		to = put_bytes(to, host, n);
	}
	to = put_u16(to, (uint32_t)atoi(p->to->port));
	p->got = 0;
	p->next = connected;
	return proxy_put(p, out, (size_t)(to - out));
}

/* ---- Who asks ---- */

static int authenticated(struct proxy *p)
{
	int rc = need(p, 2); /* the first is a version, which not every proxy gets right */
	if (rc)
		return rc;
	return p->in[1] ? proxy_fail(p, "it refused user and password (%u)", p->in[1]) : ask_connect(p);
}

static int ask_user(struct proxy *p)
{
	uint8_t           out[2 + 255 + 1 + 255] = {AUTH_VERSION}, *to = out + 1;
	const struct url *by = p->by;
	size_t            n = strlen(by->user ? by->user : "");
	*to++ = (uint8_t)n; /* proxies_new() knows that they fit */
	to = put_bytes(to, by->user, n);
	*to++ = (uint8_t)by->password_len;
	to = put_bytes(to, by->password, by->password_len);
	p->got = 0;
	p->next = authenticated;
	return proxy_put(p, out, (size_t)(to - out));
}

static bool has_user(const struct proxy *p)
{
	return p->by->user || p->by->password;
}

static int greeted(struct proxy *p)
{
	int rc = need(p, 2);
	if (rc)
		return rc;
	if (p->in[0] != VERSION)
		return proxy_broke(p, MQTTWILL_EPROTOCOL, "is not SOCKS 5");
	if (p->in[1] == NO_AUTH)
		return ask_connect(p);
	if (p->in[1] == USER_PASSWORD && has_user(p))
		return ask_user(p);
	if (p->in[1] != NOTHING_FITS)
		return proxy_broke(p, MQTTWILL_EPROTOCOL, "chooses an authentication that was not offered");
	return proxy_fail(p, has_user(p) ? "it takes neither user and password nor a client without" : "it wants a user and a password");
}

int proxy_start_socks(struct proxy *p)
{
	static const uint8_t offers[] = {VERSION, 2, NO_AUTH, USER_PASSWORD}, offer[] = {VERSION, 1, NO_AUTH};
	p->next = greeted;
	return has_user(p) ? proxy_put(p, offers, sizeof offers) : proxy_put(p, offer, sizeof offer);
}
