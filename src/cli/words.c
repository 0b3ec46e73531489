/* SPDX-License-Identifier: MIT */
/*
 * The library speaks of its members; who typed an option is told of that. What one member has several options for is told by
 * the first of them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/say.h"

static const struct {
	const char *member, *option;
} words[] = {
	{"option client_id", "--id"},
	{"option user_name", "--user"},
	{"option password", "--password"},
	{"option keepalive_s", "--keepalive"},
	{"option session_expiry_s", "--session-expiry"},
	{"session_expiry_s", "--session-expiry"},
	{"will delay_s", "--will-delay"},
	{"option auth_method", "--auth-method"},
	{"option queue_messages", "--queue-messages"},
	{"option receive_maximum", "--receive-maximum"},
	{"rejoin always", "--rejoin always"},
	{"redirect_maximum", "--follow-redirects"},
	{"option connect_timeout_ms", "--connect-timeout"},
	{"option ca_file", "--cafile"},
	{"tls.min_version", "--tls-version"},
	{"tls.max_version", "--tls-max"},
	{"tls.ca_file", "--cafile"},
	{"tls.ca_dir", "--capath"},
	{"tls.crl_file", "--crlfile"},
	{"tls.server_name", "--server-name"},
	{"tls.alpn", "--alpn"},
	{"tls.cert_file", "--cert"},
	{"tls.cert_uri", "--cert-uri"},
	{"tls.cert_...", "--cert"},
	{"tls.key_file", "--key"},
	{"tls.key_uri", "--key-uri"},
	{"tls.key_...", "--key"},
	{"tls.passphrase_fn", "--passphrase-file"},
	{"tls.psk_identity", "--psk-identity"},
	{"tls.psk_len", "--psk"},
	{"tls.psk", "--psk"},
	{"tls.ocsp", "--ocsp"},
	{"tls.pins", "--pinnedpubkey"},
	{"tls.ciphersuites", "--tls13-ciphers"},
	{"tls.ciphers", "--ciphers"},
	{"tls.groups", "--groups"},
	{"tls.keylog_file", "--keylog"},
	{"tls.no_alpn", "--no-alpn"},
	{"tls.no_resumption", "--no-resumption"},
	{"tls.insecure_any_certificate", "--insecure"},
	{"tls.insecure_any_host", "--insecure-host"},
	{"network.resolve_timeout_ms", "--resolve-timeout"},
	{"network.address_timeout_ms", "--address-timeout"},
	{"network.proxy_timeout_ms", "--proxy-timeout"},
	{"network.tls_timeout_ms", "--tls-timeout"},
	{"network.websocket_timeout_ms", "--websocket-timeout"},
	{"network.next_address_ms", "--happy-eyeballs-timeout-ms"},
	{"network.bind_address", "--bind"},
	{"network.bind_interface", "--interface"},
	{"network.proxy", "--proxy"},
	{"network.no_proxy", "--noproxy"},
	{"network.headers", "--header"},
	{"ca_file", "--cafile"},
	{"ca_dir", "--capath"},
	{"crl_file", "--crlfile"},
	{"cert_file", "--cert"},
	{"key_file", "--key"},
	{"key_file, key_pem", "--key, --key-uri"},
	{"passphrase_fn", "--passphrase-file"},
	{"insecure_any_certificate", "--insecure"},
	{"insecure_any_host", "--insecure-host"},
	{"no_alpn", "--no-alpn"},
	{"MQTTWILL_NET_SRV", "--srv"},
	{"MQTTWILL_NET_FAST_OPEN", "--tcp-fastopen"},
	{"MQTTWILL_NET_PROXY_ENV", "--proxy-env"},
	{"MQTTWILL_NET_RANDOM", "--random-server"},
	{"MQTTWILL_ONLY_IPV4", "--ipv4"},
	{"MQTTWILL_ONLY_IPV6", "--ipv6"},
};

/* The length of the longest member's name that text begins with, and what to say instead; or 0. */
static size_t match(const char *text, const char **option)
{
	size_t longest = 0, skipped = strncmp(text, "option ", 7) ? 0 : 7;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t n = strlen(words[i].member), from = words[i].member[0] == 'o' ? 0 : skipped;
		if (n + from <= longest || strncmp(text + from, words[i].member, n))
			continue;
		*option = words[i].option;
		longest = n + from;
	}
	return longest;
}

/* Inside a word nothing is a member's name. */
static bool begins_word(const char *text, const char *at)
{
	return at == text || !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-", at[-1]);
}

/* The servers after the first have a list of their own: urls[0] is the second --url. Its length, or 0. */
static size_t match_server(const char *text, char *option, size_t size)
{
	unsigned index;
	int      n = 0;
	if (sscanf(text, "urls[%4u]%n", &index, &n) != 1 || n == 0)
		return 0;
	snprintf(option, size, "--url no. %u", index + 2);
	return (size_t)n;
}

void option_words(char *out, size_t size, const char *text)
{
	size_t      n = 0, len;
	char        server[32];
	const char *option = "";
	for (const char *at = text; *at && n + 1 < size; at += len ? len : 1) {
		len = begins_word(text, at) ? match(at, &option) : 0;
		if (len == 0 && begins_word(text, at) && (len = match_server(at, server, sizeof server)))
			option = server;
		n += (size_t)snprintf(out + n, size - n, "%.*s", len ? (int)strlen(option) : 1, len ? option : at);
	}
	out[n < size ? n : size - 1] = 0;
}
