/* SPDX-License-Identifier: MIT */
/*
 * One pass from left to right; each part knows where it began, so that an error names a byte.
 */
#include "net/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mqttwill.h>

struct parse {
	const char *text, *at;
	size_t     *offset;
	const char **problem;
};

static int wrong(struct parse *p, const char *where, const char *problem)
{
	*p->offset = (size_t)(where - p->text);
	*p->problem = problem;
	return MQTTWILL_EURL;
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = c ? strchr(digits, c | 0x20) : NULL;
	if (c >= '0' && c <= '9')
		return c - '0';
	return found && (c | 0x20) >= 'a' ? (int)(found - digits) : -1;
}

static int decode(struct parse *p, const char *from, const char *to, char **out, size_t *len)
{
	char *s = malloc((size_t)(to - from) + 1);
	if (!s)
		return MQTTWILL_ENOMEM;
	*out = s;
	*len = 0;
	for (const char *c = from; c < to; c++) {
		if (*c == '%') {
			if (to - c < 3 || hex(c[1]) < 0 || hex(c[2]) < 0)
				return wrong(p, c, "% is not followed by two hexadecimal digits");
			s[(*len)++] = (char)(hex(c[1]) << 4 | hex(c[2]));
			c += 2;
		} else {
			s[(*len)++] = *c;
		}
	}
	s[*len] = 0;
	return 0;
}

static int parse_scheme(struct parse *p, struct url *url)
{
	static const struct {
		const char *name;
		bool        tls;
	} schemes[] = {{"mqtt://", false}, {"mqtts://", true}, {"tcp://", false}, {"ssl://", true}};
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		size_t n = strlen(schemes[i].name);
		if (strncmp(p->at, schemes[i].name, n) != 0)
			continue;
		url->tls = schemes[i].tls;
		p->at += n;
		return 0;
	}
	return wrong(p, p->text, "it begins with neither mqtt:// nor mqtts://");
}

static int parse_user(struct parse *p, struct url *url, const char *end)
{
	const char *at = NULL;
	for (const char *c = p->at; c < end; c++)
		if (*c == '@')
			at = c;
	if (!at)
		return 0;
	const char *colon = memchr(p->at, ':', (size_t)(at - p->at));
	size_t      user_len;
	int         rc = decode(p, p->at, colon ? colon : at, &url->user, &user_len);
	if (rc == 0 && memchr(url->user, 0, user_len))
		rc = wrong(p, p->at, "the user name has the character U+0000");
	if (rc == 0 && colon)
		rc = decode(p, colon + 1, at, &url->password, &url->password_len);
	p->at = at + 1;
	return rc;
}

/* An address, with or without a zone behind it: fe80::1%eth0. */
static bool is_v6(const char *host)
{
	char          address[64] = "";
	unsigned char bytes[16];
	size_t        n = strcspn(host, "%");
	if (n >= sizeof address)
		return false;
	memcpy(address, host, n);
	return inet_pton(AF_INET6, address, bytes) == 1;
}

static int parse_host(struct parse *p, struct url *url, const char *end)
{
	const char *from = p->at, *to = p->at;
	if (*from == '[') {
		to = memchr(from, ']', (size_t)(end - from));
		if (!to)
			return wrong(p, from, "[ without ]");
		from++;
		p->at = to + 1;
		url->literal_v6 = true;
	} else {
		while (to < end && *to != ':')
			to++;
		p->at = to;
	}
	if (from == to)
		return wrong(p, from, "the host is missing");
	if (to - from > 255)
		return wrong(p, from + 255, "the host is longer than 255 characters");
	url->host = calloc(1, (size_t)(to - from) + 1);
	if (!url->host)
		return MQTTWILL_ENOMEM;
	memcpy(url->host, from, (size_t)(to - from));
	return url->literal_v6 && !is_v6(url->host) ? wrong(p, from, "what stands in brackets is not an IPv6 address") : 0;
}

static int parse_port(struct parse *p, struct url *url, const char *end)
{
	strcpy(url->port, url->tls ? "8883" : "1883");
	if (p->at == end)
		return 0;
	if (*p->at != ':')
		return wrong(p, p->at, "neither a port nor the end follows the host");
	const char *from = ++p->at;
	unsigned    value = 0;
	for (; p->at < end && *p->at >= '0' && *p->at <= '9' && value < 100000; p->at++)
		value = 10 * value + (unsigned)(*p->at - '0');
	if (p->at != end || from == end || value == 0 || value > 65535)
		return wrong(p, from, "the port is not a number from 1 to 65535");
	snprintf(url->port, sizeof url->port, "%hu", (unsigned short)value); /* without the zeros that may lead it */
	return 0;
}

static int parse_all(struct parse *p, struct url *url)
{
	for (const char *c = p->text; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7F)
			return wrong(p, c, "it has a space or a control character");
	int rc = parse_scheme(p, url);
	if (rc)
		return rc;
	const char *end = p->at + strcspn(p->at, "/?#");
	if (*end && strcmp(end, "/") != 0)
		return wrong(p, end, "an MQTT URL has no path, query or fragment");
	if ((rc = parse_user(p, url, end)) || (rc = parse_host(p, url, end)))
		return rc;
	return parse_port(p, url, end);
}

int url_parse(struct url *url, const char *text, size_t *offset, const char **problem)
{
	struct parse p = {text, text, offset, problem};
	*url = (struct url){0};
	*offset = 0;
	*problem = "";
	int rc = parse_all(&p, url);
	if (rc)
		url_fini(url);
	return rc;
}

int url_parse_reference(struct url *url, const char *text, size_t n, bool tls, const char **problem)
{
	size_t       offset;
	struct parse p = {text, text, &offset, problem};
	*url = (struct url){.tls = tls};
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7F || strchr("@/?#\\", text[i]))
			return wrong(&p, text + i, "a Server Reference is host or host:port");
	int rc = parse_host(&p, url, text + n);
	if (rc == 0)
		rc = parse_port(&p, url, text + n);
	if (rc)
		url_fini(url);
	return rc;
}

void url_fini(struct url *url)
{
	free(url->host);
	free(url->user);
	free(url->password);
	*url = (struct url){0};
}
