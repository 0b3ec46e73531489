/* SPDX-License-Identifier: MIT */
/*
 * A URL into its parts:
 *   mqtt[s]://[user[:password]@]host[:port][/]
 *   ws[s]://[user[:password]@]host[:port][/path][?query]
 *   unix://[user[:password]@]/path
 * and of a proxy:
 *   [http://|socks5://|socks5h://][user[:password]@]host[:port][/]
 * IPv6 addresses stand in brackets; user, password and the path of a Unix socket may be percent-encoded.
 */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum url_scheme { URL_MQTT, URL_MQTTS, URL_WS, URL_WSS, URL_UNIX, URL_HTTP_PROXY, URL_SOCKS_PROXY };

struct url {
	char *host; /* without brackets; "" with unix */
	char *user, *password; /* decoded; NULL where absent */
	char *path; /* ws: path and query as they are sent; unix: of the socket, decoded; NULL otherwise */
	size_t  password_len; /* a password may hold any byte, %00 too */
	char    port[6];
	uint8_t scheme;     /* enum url_scheme */
	bool    port_given; /* it is not the scheme's default */
	bool    literal_v6;
};

static inline bool url_has_tls(const struct url *url)
{
	return url->scheme == URL_MQTTS || url->scheme == URL_WSS;
}

static inline bool url_has_websocket(const struct url *url)
{
	return url->scheme == URL_WS || url->scheme == URL_WSS;
}

/* 0; MQTTWILL_EURL with what is wrong at which byte; MQTTWILL_ENOMEM. On success url_fini() frees it. */
int  url_parse(struct url *url, const char *text, size_t *offset, const char **problem);
void url_fini(struct url *url);

/* The same for a proxy. MQTTWILL_EUNSUPPORTED: one of a kind that is known, yet not spoken. */
int  url_parse_proxy(struct url *url, const char *text, size_t *offset, const char **problem);

/*
 * The same for n bytes of host[:port], as a Server Reference has it: scheme, path and default port are those of `like`, user
 * and password are not.
 */
int  url_parse_reference(struct url *url, const char *text, size_t n, const struct url *like, const char **problem);

/* The URL without user, password, path and query, for people: "mqtts://[2001:db8::1]:8883". Always NUL-terminated. */
void url_text(const struct url *url, char *buf, size_t size);

#endif
