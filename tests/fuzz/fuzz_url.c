/* SPDX-License-Identifier: MIT */
/*
 * URLs. The input is one, up to its first NUL. Checked: a fault lies in the text and is explained, and nothing is left of the
 * parts; what is accepted has a host and a port, and put together again from its parts it is parsed to the same parts.
 */
#include <mqttwill.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static char *put_encoded(char *to, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to += sprintf(to, "%%%02x", (unsigned char)bytes[i]);
	return to;
}

/* Every byte of user and password is escaped, so that no character in them can mean anything else. */
static char *compose(const struct url *url)
{
	size_t user = url->user ? strlen(url->user) : 0;
	size_t path = url->path ? strlen(url->path) : 0;
	char  *text = malloc(strlen(url->host) + 3 * (user + url->password_len + path) + 40), *to = text;
	static const char *const schemes[] = {"mqtt", "mqtts", "ws", "wss", "unix"};
	to += sprintf(to, "%s://", schemes[url->scheme]);
	if (url->user)
		to = put_encoded(to, url->user, user);
	if (url->password) {
		*to++ = ':';
		to = put_encoded(to, url->password, url->password_len);
	}
	if (url->user || url->password)
		*to++ = '@';
	if (url->scheme == URL_UNIX) {
		*to++ = '/';
		*put_encoded(to, url->path + 1, path - 1) = 0;
		return text;
	}
	to += sprintf(to, url->literal_v6 ? "[%s]:%s" : "%s:%s", url->host, url->port);
	strcpy(to, url->path ? url->path : "");
	return text;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : !a && !b;
}

static void parse_again(const struct url *url)
{
	struct url  again;
	size_t      offset;
	const char *problem;
	char       *text = compose(url);
	expect(url_parse(&again, text, &offset, &problem) == 0, "composed from its parts it is refused");
	expect(same_text(url->host, again.host) && same_text(url->port, again.port), "another host or port");
	expect(url->scheme == again.scheme && url->literal_v6 == again.literal_v6, "another kind of connection");
	expect(same_text(url->path, again.path), "another path");
	expect(same_text(url->user, again.user) && !url->password == !again.password, "another user");
	expect(url->password_len == again.password_len, "another length of the password");
	expect(!url->password || !memcmp(url->password, again.password, url->password_len), "another password");
	free(text);
	url_fini(&again);
}

static void check_good(const struct url *url)
{
	char *end;
	long  port = strtol(url->port, &end, 10);
	bool  local = url->scheme == URL_UNIX;
	expect(url->host && !*url->host == local && strlen(url->host) <= 255, "a host of no good length");
	expect((local || (port >= 1 && port <= 65535)) && *end == 0, "a port out of range");
	expect((url->path != NULL) == (local || url_has_websocket(url)), "a path where there can be none, or none");
	expect(!url->password || url->password[url->password_len] == 0, "a password without an end");
	parse_again(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct url  url;
	size_t      offset;
	const char *problem;
	char       *text = calloc(1, size + 1);
	if (size)
		memcpy(text, data, size);
	int rc = url_parse(&url, text, &offset, &problem);
	if (rc == 0) {
		check_good(&url);
	} else {
		expect(rc == MQTTWILL_EURL, "an error that is not about URLs");
		expect(offset <= strlen(text) && *problem, "a fault is not explained");
		expect(!url.host && !url.user && !url.password, "a refused URL leaves something behind");
	}
	url_fini(&url);
	free(text);
	return 0;
}
