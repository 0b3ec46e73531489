/* SPDX-License-Identifier: MIT */
/*
 * From options to the library's structures. Secrets are read here, and none of them is ever told.
 */
#define _POSIX_C_SOURCE 200809L

#include "cli/reach.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TLS_PORT = 8883 };

static enum exit_code out_of_memory(void)
{
	return refuse(EXIT_NETWORK, "out of memory");
}

/* ---- Servers ---- */

static bool wants_tls(const struct reach_options *from)
{
	return from->tls || from->port.value == TLS_PORT || options_given(tls_rows, from);
}

/* What may not stand in a URL's path as it is is written %XX. */
static enum exit_code unix_url(const struct reach_options *from, const char **url, struct arena *arena)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~";
	char              directory[PATH_MAX] = "";
	const char       *parts[] = {directory, "/", from->unix_path};
	size_t            first = from->unix_path[0] == '/' ? 2 : 0;
	if (first == 0 && !getcwd(directory, sizeof directory))
		return refuse(EXIT_USAGE, "--unix: %s: the directory that this is in has no name", from->unix_path);
	char *out = arena_alloc(arena, sizeof "unix://" + 3 * (strlen(directory) + 1 + strlen(from->unix_path)));
	if (!out)
		return out_of_memory();
	size_t n = (size_t)sprintf(out, "unix://");
	for (size_t i = first; i < 3; i++)
		for (const char *c = parts[i]; *c; c++)
			n += (size_t)sprintf(out + n, strchr(plain, *c) ? "%c" : "%%%02X", (unsigned char)*c);
	*url = out;
	return EXIT_OK;
}

static enum exit_code host_url(const struct reach_options *from, const char **url, struct arena *arena)
{
	const char *host = from->host ? from->host : "localhost";
	bool        v6 = strchr(host, ':') && host[0] != '[';
	size_t      size = strlen(host) + 32;
	char       *out = arena_alloc(arena, size);
	if (!*host || strpbrk(host, "/?#@ "))
		return refuse(EXIT_USAGE, "--host: \"%s\" is no host; a URL is --url's", host);
	if (!out)
		return out_of_memory();
	int n = snprintf(out, size, "%s://%s%s%s", wants_tls(from) ? "mqtts" : "mqtt", v6 ? "[" : "", host, v6 ? "]" : "");
	if (from->port.set)
		snprintf(out + n, size - (size_t)n, ":%u", (unsigned)from->port.value);
	*url = out;
	return EXIT_OK;
}

static enum exit_code fill_servers(const struct reach_options *from, struct mqttwill_options *opt, struct arena *arena)
{
	const char *host = from->host ? "--host" : from->port.set ? "--port" : NULL;
	const char *other = from->unix_path ? "--unix" : host;
	if (from->unix_path && host)
		return refuse(EXIT_USAGE, "%s: --unix is given, too, and a Unix socket has neither host nor port", host);
	if (from->urls.count && other)
		return refuse(EXIT_USAGE, "%s: --url is given, too, which names the server", other);
	if (from->unix_path)
		return unix_url(from, &opt->url, arena);
	if (!from->urls.count)
		return host_url(from, &opt->url, arena);
	opt->url = from->urls.items[0];
	opt->urls = from->urls.count > 1 ? from->urls.items + 1 : NULL;
	opt->url_count = from->urls.count - 1;
	return EXIT_OK;
}

static enum exit_code fill_password(const struct reach_options *from, struct mqttwill_options *opt, struct arena *arena)
{
	struct payload p = {0};
	opt->user_name = from->user;
	opt->password = from->password;
	if (!from->password_file)
		return EXIT_OK;
	enum exit_code code = payload_first_line(&p, from->password_file, arena);
	opt->password = p.len ? p.bytes : "";
	opt->password_len = p.len;
	return code;
}

/* ---- TLS ---- */

static int tell_passphrase(void *user, const char *what, char *buf, size_t size)
{
	const struct payload *p = user;
	(void)what;
	if (p->len > size)
		return MQTTWILL_ETOOBIG;
	memcpy(buf, p->bytes, p->len);
	return (int)p->len;
}

static enum exit_code fill_passphrase(const struct reach_options *from, struct mqttwill_tls *tls, struct arena *arena)
{
	struct payload *p = arena_alloc(arena, sizeof *p);
	if (!from->passphrase_file)
		return EXIT_OK;
	if (!p)
		return out_of_memory();
	tls->passphrase_fn = tell_passphrase;
	tls->user = p;
	return payload_first_line(p, from->passphrase_file, arena);
}

static enum exit_code fill_psk(const struct reach_options *from, struct mqttwill_tls *tls, struct arena *arena)
{
	struct payload digits = {.bytes = from->psk, .len = from->psk ? strlen(from->psk) : 0}, key = {0};
	enum exit_code code = from->psk_file ? payload_first_line(&digits, from->psk_file, arena) : EXIT_OK;
	tls->psk_identity = from->psk_identity;
	if (from->psk && from->psk_file)
		return refuse(EXIT_USAGE, "--psk: --psk-file is given, too; one of the two");
	if (code != EXIT_OK || !digits.bytes)
		return code;
	code = payload_hex(&key, from->psk ? "--psk" : "--psk-file", digits.bytes, digits.len, arena);
	tls->psk = key.bytes;
	tls->psk_len = key.len;
	return code;
}

/* Each argument may hold several, as curl's does. */
static enum exit_code fill_pins(const struct reach_options *from, struct mqttwill_tls *tls, struct arena *arena)
{
	size_t most = 0;
	for (size_t i = 0; i < from->pins.count; i++) {
		most++;
		for (const char *c = from->pins.items[i]; *c; c++)
			most += *c == ';';
	}
	const char **pins = arena_alloc(arena, (most + 1) * sizeof *pins);
	if (!pins)
		return out_of_memory();
	for (size_t i = 0; i < from->pins.count; i++) {
		const char *c = from->pins.items[i];
		for (size_t n = strcspn(c, ";");; c += n + 1, n = strcspn(c, ";")) {
			pins[tls->pin_count++] = arena_copy(arena, c, n);
			if (!c[n])
				break;
		}
	}
	if (arena->failed)
		return out_of_memory();
	tls->pins = pins;
	return EXIT_OK;
}

static enum exit_code fill_tls(const struct reach_options *from, struct mqttwill_options *opt, struct arena *arena)
{
	struct mqttwill_tls *tls = arena_alloc(arena, sizeof *tls);
	if (!tls)
		return out_of_memory();
	*tls = (struct mqttwill_tls){
		.min_version = from->min_version.value,
		.max_version = from->max_version.value,
		.ca_file = from->ca_file,
		.ca_dir = from->ca_dir,
		.crl_file = from->crl_file,
		.server_name = from->server_name,
		.alpn = from->alpn.items,
		.alpn_count = from->alpn.count,
		.cert_file = from->cert,
		.key_file = from->key,
		.cert_uri = from->cert_uri,
		.key_uri = from->key_uri,
		.ocsp = from->ocsp.value,
		.ciphers = from->ciphers,
		.ciphersuites = from->ciphersuites,
		.groups = from->groups,
		.keylog_file = from->keylog,
		.no_alpn = from->no_alpn,
		.no_resumption = from->no_resumption,
		.insecure_any_certificate = from->insecure,
		.insecure_any_host = from->insecure_host,
	};
	opt->tls = tls;
	enum exit_code code = fill_passphrase(from, tls, arena);
	if (code == EXIT_OK)
		code = fill_psk(from, tls, arena);
	return code == EXIT_OK ? fill_pins(from, tls, arena) : code;
}

/* ---- The network ---- */

/* The value is not told where it is wrong: it may be a secret. */
static enum exit_code fill_headers(const struct reach_options *from, struct mqttwill_network *network, struct arena *arena)
{
	struct mqttwill_header *headers = arena_alloc(arena, (from->headers.count + 1) * sizeof *headers);
	if (!headers)
		return out_of_memory();
	for (size_t i = 0; i < from->headers.count; i++) {
		const char *text = from->headers.items[i];
		size_t      n = strcspn(text, ":");
		if (n == 0 || !text[n])
			return refuse(EXIT_USAGE, "--header: it is not NAME: VALUE");
		headers[i].name = arena_copy(arena, text, n);
		headers[i].value = text + n + 1 + strspn(text + n + 1, " \t");
	}
	network->headers = headers;
	network->header_count = from->headers.count;
	return EXIT_OK;
}

static enum exit_code fill_family(const struct reach_options *from, struct mqttwill_network *network)
{
	if (from->only_4 + from->only_6 + from->prefer_4 + from->prefer_6 > 1)
		return refuse(EXIT_USAGE, "one of --ipv4, --ipv6, --prefer-ipv4 and --prefer-ipv6");
	network->family = from->only_4     ? MQTTWILL_ONLY_IPV4
	                  : from->only_6   ? MQTTWILL_ONLY_IPV6
	                  : from->prefer_4 ? MQTTWILL_PREFER_IPV4
	                  : from->prefer_6 ? MQTTWILL_PREFER_IPV6
	                                   : MQTTWILL_FAMILY_ANY;
	return EXIT_OK;
}

static enum exit_code fill_network(const struct reach_options *from, struct mqttwill_options *opt, struct arena *arena)
{
	struct mqttwill_network *network = arena_alloc(arena, sizeof *network);
	if (!network)
		return out_of_memory();
	*network = (struct mqttwill_network){
		.flags = (from->srv ? MQTTWILL_NET_SRV : 0u) | (from->fast_open ? MQTTWILL_NET_FAST_OPEN : 0u) |
	                 (from->proxy_env ? MQTTWILL_NET_PROXY_ENV : 0u) | (from->random_server ? MQTTWILL_NET_RANDOM : 0u),
		.resolve_timeout_ms = from->resolve_timeout.value,
		.address_timeout_ms = from->address_timeout.value,
		.proxy_timeout_ms = from->proxy_timeout.value,
		.tls_timeout_ms = from->tls_timeout.value,
		.websocket_timeout_ms = from->websocket_timeout.value,
		.next_address_ms = from->next_address.value,
		.bind_address = from->bind,
		.bind_interface = from->interface,
		.proxy = from->proxy,
		.no_proxy = from->no_proxy,
	};
	opt->network = network;
	opt->connect_timeout_ms = from->connect_timeout.value;
	enum exit_code code = fill_family(from, network);
	return code == EXIT_OK ? fill_headers(from, network, arena) : code;
}

/* ---- Warnings ---- */

static bool is_safe(const char *url)
{
	static const char *const schemes[] = {"mqtts:", "ssl:", "wss:"};
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (!strncmp(url, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

static bool any_safe(const struct mqttwill_options *opt)
{
	bool safe = is_safe(opt->url);
	for (size_t i = 0; i < opt->url_count; i++)
		safe |= is_safe(opt->urls[i]);
	return safe;
}

static void warn(const struct reach_options *from, const struct mqttwill_options *opt)
{
	const struct option *given = options_given(tls_rows, from);
	if (!any_safe(opt)) {
		if (given)
			say("warning: --%s has no effect without mqtts:// or wss://", given->name);
		return;
	}
	if (from->insecure)
		say("warning: --insecure: %s; whoever is on the way can read and change everything, the password, too",
		    opt->tls->pin_count ? "of the certificate only the public key is checked" : "no certificate is checked");
	if (from->insecure_host && !from->insecure)
		say("warning: --insecure-host: a certificate for any other host is taken, too, if its authority is trusted");
	if (from->keylog)
		say("warning: --keylog: whoever reads %s can read the connection", from->keylog);
}

enum exit_code reach_fill(const struct reach_options *from, struct mqttwill_options *opt, struct arena *arena)
{
	enum exit_code code = fill_servers(from, opt, arena);
	if (code == EXIT_OK)
		code = fill_password(from, opt, arena);
	if (code == EXIT_OK)
		code = fill_tls(from, opt, arena);
	if (code == EXIT_OK)
		code = fill_network(from, opt, arena);
	if (code == EXIT_OK)
		warn(from, opt);
	return code;
}
