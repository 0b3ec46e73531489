/* SPDX-License-Identifier: MIT */
/*
 * One pass from left to right; each part knows where it began, so that an error names a byte.
 */
#include "net/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <mqttwill.h>

#include "net/address.h"

static const struct {
	const char *name, *port;
} schemes[] = {
	[URL_MQTT] = {"mqtt", "1883"}, [URL_MQTTS] = {"mqtts", "8883"}, [URL_WS] = {"ws", "80"},
	[URL_WSS] = {"wss", "443"},    [URL_UNIX] = {"unix", ""},       [URL_HTTP_PROXY] = {"http", "1080"},
	[URL_SOCKS_PROXY] = {"socks5", "1080"}, /* for both, as curl has it */
};

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

struct scheme_name {
	const char *name;
	uint8_t     scheme;
};

static const struct scheme_name brokers[] = {
	{"mqtt://", URL_MQTT}, {"mqtts://", URL_MQTTS}, {"tcp://", URL_MQTT},   {"ssl://", URL_MQTTS},
	{"ws://", URL_WS},     {"wss://", URL_WSS},     {"unix://", URL_UNIX}, {NULL, 0},
};

static const struct scheme_name proxies[] = {
	{"http://", URL_HTTP_PROXY}, {"socks5://", URL_SOCKS_PROXY}, {"socks5h://", URL_SOCKS_PROXY}, {NULL, 0},
};

static bool parse_scheme(struct parse *p, struct url *url, const struct scheme_name *names)
{
	for (; names->name; names++) {
		size_t n = strlen(names->name);
		if (strncasecmp(p->at, names->name, n) != 0) /* [RFC 3986, 3.1] */
			continue;
		url->scheme = names->scheme;
		p->at += n;
		return true;
	}
	return false;
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

/* In a URL a zone may stand behind %25 [RFC 6874]: fe80::1%25eth0. fe80::1%25 alone is the interface with that number. */
static void decode_zone(char *host)
{
	char *zone = strchr(host, '%');
	if (zone && strncmp(zone, "%25", 3) == 0 && zone[3])
		memmove(zone + 1, zone + 3, strlen(zone + 3) + 1);
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
	if (!url->literal_v6)
		return 0;
	decode_zone(url->host);
	bool address = strchr(url->host, ':') && address_is_numeric(url->host);
	return address ? 0 : wrong(p, from, "what stands in brackets is not an IPv6 address");
}

static int parse_port(struct parse *p, struct url *url, const char *end)
{
	strcpy(url->port, schemes[url->scheme].port);
	if (p->at == end)
		return 0;
	url->port_given = true;
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

/* [MQTT-6.0.0] names no path; /mqtt is what brokers listen at. */
static int parse_path(struct parse *p, struct url *url, const char *at)
{
	const char *fragment = strchr(at, '#');
	if (!url_has_websocket(url))
		return *at && strcmp(at, "/") != 0 ? wrong(p, at, "an MQTT URL has no path, query or fragment") : 0;
	if (fragment)
		return wrong(p, fragment, "a WebSocket URL has no fragment");
	const char *path = *at ? at : "/mqtt";
	url->path = malloc(strlen(path) + 2);
	if (!url->path)
		return MQTTWILL_ENOMEM;
	sprintf(url->path, *path == '?' ? "/%s" : "%s", path);
	return 0;
}

static int parse_socket(struct parse *p, struct url *url, const char *at)
{
	size_t      len;
	const char *end = at + strcspn(at, "?#");
	if (at != p->at)
		return wrong(p, p->at, "a Unix socket has no host: three slashes stand before its path");
	if (*end)
		return wrong(p, end, "a Unix socket's path has no query or fragment; write %3F for ?, %23 for #");
	if (end - at < 2)
		return wrong(p, at, "the path of the Unix socket is missing");
	int rc = decode(p, at, end, &url->path, &len);
	if (rc)
		return rc;
	if (memchr(url->path, 0, len))
		return wrong(p, at, "the path of the Unix socket has the character U+0000");
	if (len >= sizeof ((struct sockaddr_un *)0)->sun_path)
		return wrong(p, at, "the path of the Unix socket is longer than 107 bytes");
	url->host = calloc(1, 1);
	return url->host ? 0 : MQTTWILL_ENOMEM;
}

static int check_characters(struct parse *p)
{
	for (const char *c = p->text; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7F)
			return wrong(p, c, "it has a space or a control character");
	return 0;
}

static int parse_broker(struct parse *p, struct url *url)
{
	int rc = check_characters(p);
	if (rc)
		return rc;
	if (!parse_scheme(p, url, brokers))
		return wrong(p, p->text, "it begins with none of mqtt://, mqtts://, ws://, wss://, unix://");
	const char *end = p->at + strcspn(p->at, "/?#");
	if ((rc = parse_user(p, url, end)))
		return rc;
	if (url->scheme == URL_UNIX)
		return parse_socket(p, url, end);
	if ((rc = parse_host(p, url, end)) || (rc = parse_port(p, url, end)))
		return rc;
	return parse_path(p, url, end);
}

/* Without a scheme it is an HTTP proxy: so http_proxy=squid:3128 is often seen, and curl takes it. */
static int parse_proxy_scheme(struct parse *p, struct url *url)
{
	static const struct {
		const char *name, *problem;
	} unspoken[] = {
		{"https://", "TLS to the proxy is not supported; http:// to it, and mqtts:// through it to the broker, is"},
		{"socks4://", "SOCKS 4 is not supported; socks5:// is"},
		{"socks4a://", "SOCKS 4 is not supported; socks5:// is"},
		{"socks://", "write socks5://, which is the version that is spoken"},
	};
	if (parse_scheme(p, url, proxies))
		return 0;
	for (size_t i = 0; i < sizeof unspoken / sizeof unspoken[0]; i++)
		if (strncasecmp(p->text, unspoken[i].name, strlen(unspoken[i].name)) == 0) {
			wrong(p, p->text, unspoken[i].problem);
			return MQTTWILL_EUNSUPPORTED;
		}
	if (strstr(p->text, "://"))
		return wrong(p, p->text, "it begins with none of http://, socks5://, socks5h://");
	url->scheme = URL_HTTP_PROXY;
	return 0;
}

static int parse_proxy(struct parse *p, struct url *url)
{
	int rc = check_characters(p);
	if (rc == 0)
		rc = parse_proxy_scheme(p, url);
	const char *end = p->at + strcspn(p->at, "/?#");
	if (rc || (rc = parse_user(p, url, end)) || (rc = parse_host(p, url, end)) || (rc = parse_port(p, url, end)))
		return rc;
	return *end && strcmp(end, "/") != 0 ? wrong(p, end, "the URL of a proxy has no path, query or fragment") : 0;
}

static int parse_whole(int (*parse)(struct parse *p, struct url *url), struct url *url, struct parse *p)
{
	*url = (struct url){0};
	*p->offset = 0;
	*p->problem = "";
	int rc = parse(p, url);
	if (rc)
		url_fini(url);
	return rc;
}

int url_parse(struct url *url, const char *text, size_t *offset, const char **problem)
{
	return parse_whole(parse_broker, url, &(struct parse){text, text, offset, problem});
}

int url_parse_proxy(struct url *url, const char *text, size_t *offset, const char **problem)
{
	return parse_whole(parse_proxy, url, &(struct parse){text, text, offset, problem});
}

int url_parse_reference(struct url *url, const char *text, size_t n, const struct url *like, const char **problem)
{
	size_t       offset;
	struct parse p = {text, text, &offset, problem};
	*url = (struct url){.scheme = like->scheme};
	if (like->scheme == URL_UNIX)
		return wrong(&p, text, "a Unix socket's broker can name no other server");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7F || strchr("@/?#\\", text[i]))
			return wrong(&p, text + i, "a Server Reference is host or host:port");
	int rc = parse_host(&p, url, text + n);
	if (rc == 0)
		rc = parse_port(&p, url, text + n);
	if (rc == 0 && like->path && !(url->path = strdup(like->path)))
		rc = MQTTWILL_ENOMEM;
	if (rc)
		url_fini(url);
	return rc;
}

void url_text(const struct url *url, char *buf, size_t size)
{
	const char *form = url->scheme == URL_UNIX ? "%s://%s%s%s" : url->literal_v6 ? "%s://[%s]:%s" : "%s://%s:%s";
	snprintf(buf, size, form, schemes[url->scheme].name, url->host, url->port, url->scheme == URL_UNIX ? url->path : "");
}

void url_fini(struct url *url)
{
	free(url->host);
	free(url->user);
	if (url->password)
		explicit_bzero(url->password, url->password_len);
	free(url->password);
	free(url->path);
	*url = (struct url){0};
}
