/* SPDX-License-Identifier: MIT */
/*
 * The options of TLS and of the network: what can be checked without loading anything, and deep copies. What the network
 * layer finds wrong with a file or an address is told by target_new().
 */
#include <string.h>

#include "api/handle.h"

enum { MOST_URLS = 255 };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- Tables of members ---- */

#define TLS(member) offsetof(struct mqttwill_tls, member)
#define NETWORK(member) offsetof(struct mqttwill_network, member)

static const size_t tls_texts[] = {
	TLS(ca_file),  TLS(ca_dir),  TLS(crl_file),     TLS(server_name), TLS(cert_file),    TLS(key_file), TLS(cert_uri),
	TLS(key_uri), TLS(psk_identity), TLS(ciphers), TLS(ciphersuites), TLS(groups),   TLS(keylog_file),
};

/* Bytes with a length: 0 means a C string, except for the key, which is no text. */
static const struct {
	size_t      bytes, len;
	const char *name;
	bool        text;
} tls_bytes[] = {
	{TLS(ca_pem), TLS(ca_pem_len), "ca_pem", true},
	{TLS(cert_pem), TLS(cert_pem_len), "cert_pem", true},
	{TLS(key_pem), TLS(key_pem_len), "key_pem", true},
	{TLS(psk), TLS(psk_len), "psk", false},
};

static const struct {
	size_t      list, count;
	const char *name;
} tls_lists[] = {{TLS(alpn), TLS(alpn_count), "alpn"}, {TLS(pins), TLS(pin_count), "pins"}};

static const size_t network_texts[] = {NETWORK(bind_address), NETWORK(bind_interface), NETWORK(proxy), NETWORK(no_proxy)};

/* Zero is the default. */
static const struct {
	size_t      at;
	const char *name;
	uint32_t    least, most;
} network_numbers[] = {
	{NETWORK(resolve_timeout_ms), "resolve_timeout_ms", 1, 3600000},
	{NETWORK(address_timeout_ms), "address_timeout_ms", 1, 3600000},
	{NETWORK(proxy_timeout_ms), "proxy_timeout_ms", 1, 3600000},
	{NETWORK(tls_timeout_ms), "tls_timeout_ms", 1, 3600000},
	{NETWORK(websocket_timeout_ms), "websocket_timeout_ms", 1, 3600000},
	{NETWORK(next_address_ms), "next_address_ms", 10, 2000},
};

static const char *text_at(const void *base, size_t at)
{
	const char *text;
	memcpy(&text, (const char *)base + at, sizeof text);
	return text;
}

static size_t size_at(const void *base, size_t at)
{
	size_t value;
	memcpy(&value, (const char *)base + at, sizeof value);
	return value;
}

static void set_pointer(void *base, size_t at, const void *pointer)
{
	memcpy((char *)base + at, &pointer, sizeof pointer);
}

static void set_size(void *base, size_t at, size_t value)
{
	memcpy((char *)base + at, &value, sizeof value);
}

/* ---- Checks ---- */

static int check_parts(const struct mqttwill_tls *t, struct client_error *error)
{
	for (size_t i = 0; i < COUNT(tls_bytes); i++)
		if (size_at(t, tls_bytes[i].len) && !text_at(t, tls_bytes[i].bytes))
			return api_fail(error, MQTTWILL_EOPTION, "option tls.%s: its length is set, and it is NULL", tls_bytes[i].name);
	for (size_t i = 0; i < COUNT(tls_lists); i++) {
		const char *const *list = (const void *)text_at(t, tls_lists[i].list);
		size_t             count = size_at(t, tls_lists[i].count);
		if (count && !list)
			return api_fail(error, MQTTWILL_EOPTION, "option tls.%s: its count is set, and it is NULL", tls_lists[i].name);
		for (size_t k = 0; k < count; k++)
			if (!list[k])
				return api_fail(error, MQTTWILL_EOPTION, "option tls.%s[%zu]: it is NULL", tls_lists[i].name, k);
	}
	return 0;
}

static int check_versions(const struct mqttwill_tls *t, struct client_error *error)
{
	static const uint32_t known[] = {MQTTWILL_TLS_DEFAULT, MQTTWILL_TLS_1_2, MQTTWILL_TLS_1_3};
	bool                  least = false, most = false;
	for (size_t i = 0; i < COUNT(known); i++) {
		least |= t->min_version == known[i];
		most |= t->max_version == known[i];
	}
	if (!least || !most)
		return api_fail(error, MQTTWILL_EOPTION, "option tls.%s: %u is no enum mqttwill_tls_version",
		                least ? "max_version" : "min_version", (unsigned)(least ? t->max_version : t->min_version));
	if (t->max_version && t->min_version > t->max_version)
		return api_fail(error, MQTTWILL_EOPTION, "option tls.min_version: it is above tls.max_version");
	if (t->ocsp > MQTTWILL_OCSP_REQUIRE)
		return api_fail(error, MQTTWILL_EOPTION, "option tls.ocsp: %u is no enum mqttwill_ocsp", (unsigned)t->ocsp);
	return 0;
}

static int check_identity(const struct mqttwill_tls *t, struct client_error *error)
{
	int certs = (t->cert_file != NULL) + (t->cert_pem != NULL) + (t->cert_uri != NULL);
	int keys = (t->key_file != NULL) + (t->key_pem != NULL) + (t->key_uri != NULL);
	if (certs > 1)
		return api_fail(error, MQTTWILL_EOPTION, "option tls.cert_...: only one of cert_file, cert_pem and cert_uri can be given");
	if (keys > 1)
		return api_fail(error, MQTTWILL_EOPTION, "option tls.key_...: only one of key_file, key_pem and key_uri can be given");
	if (keys && !certs)
		return api_fail(error, MQTTWILL_EOPTION, "option tls.key_...: a key is given, and no certificate for it");
	if (!t->psk != !t->psk_identity)
		return api_fail(error, MQTTWILL_EOPTION, "option tls.%s: it is missing; a pre-shared key has an identity, and the reverse",
		                t->psk ? "psk_identity" : "psk");
	if (t->psk && (t->psk_len < 1 || t->psk_len > 256))
		return api_fail(error, MQTTWILL_EOPTION, "option tls.psk_len: %zu is not from 1 to 256", t->psk_len);
	if (t->psk && certs)
		return api_fail(error, MQTTWILL_EOPTION, "option tls.psk: it is given beside a certificate; set one of the two");
	return 0;
}

static int check_tls(const struct mqttwill_options *opt, struct client_error *error)
{
	const struct mqttwill_tls *t = opt->tls;
	int                        rc;
	if (!t)
		return 0;
	if ((rc = check_parts(t, error)) || (rc = check_versions(t, error)) || (rc = check_identity(t, error)))
		return rc;
	if (opt->ca_file && t->ca_file && strcmp(opt->ca_file, t->ca_file) != 0)
		return api_fail(error, MQTTWILL_EOPTION, "option ca_file: it is not the same as tls.ca_file; set one of the two");
	if (t->no_alpn && t->alpn_count)
		return api_fail(error, MQTTWILL_EOPTION, "option tls.no_alpn: it is set beside tls.alpn");
	return 0;
}

static int check_ways(const struct mqttwill_network *n, struct client_error *error)
{
	if (n->transport && (!n->transport->open || !n->transport->read || !n->transport->write || !n->transport->close))
		return api_fail(error, MQTTWILL_EOPTION, "option network.transport: open, read, write and close must not be NULL");
	if (n->transport && n->dial_fn)
		return api_fail(error, MQTTWILL_EOPTION, "option network.transport: it is given beside dial_fn; set one of the two");
	if (n->proxy && (n->transport || n->dial_fn))
		return api_fail(error, MQTTWILL_EOPTION, "option network.proxy: it is given beside %s, which goes another way",
		                n->transport ? "transport" : "dial_fn");
	for (size_t i = 0; i < n->header_count; i++)
		if (!n->headers || !n->headers[i].name || !n->headers[i].value)
			return api_fail(error, MQTTWILL_EOPTION, "option network.headers[%zu]: it is NULL, or has no name or value", i);
	return 0;
}

static int check_network(const struct mqttwill_network *n, struct client_error *error)
{
	static const uint32_t families[] = {MQTTWILL_FAMILY_ANY, MQTTWILL_PREFER_IPV4, MQTTWILL_PREFER_IPV6, MQTTWILL_ONLY_IPV4,
	                                    MQTTWILL_ONLY_IPV6};
	static const uint32_t known = MQTTWILL_NET_SRV | MQTTWILL_NET_FAST_OPEN | MQTTWILL_NET_PROXY_ENV | MQTTWILL_NET_RANDOM;
	bool                  family = false;
	for (size_t i = 0; i < COUNT(families); i++)
		family |= n->family == families[i];
	if (!family)
		return api_fail(error, MQTTWILL_EOPTION, "option network.family: %u is no enum mqttwill_family", (unsigned)n->family);
	if (n->flags & ~known)
		return api_fail(error, MQTTWILL_EOPTION, "option network.flags: bits 0x%x are unknown", (unsigned)(n->flags & ~known));
	for (size_t i = 0; i < COUNT(network_numbers); i++) {
		uint32_t value;
		memcpy(&value, (const char *)n + network_numbers[i].at, sizeof value);
		if (value && (value < network_numbers[i].least || value > network_numbers[i].most))
			return api_fail(error, MQTTWILL_EOPTION, "option network.%s: %u is not from %u to %u", network_numbers[i].name,
			                (unsigned)value, (unsigned)network_numbers[i].least, (unsigned)network_numbers[i].most);
	}
	return check_ways(n, error);
}

int network_check_urls(const struct mqttwill_options *opt, struct client_error *error)
{
	if (opt->url_count && !opt->urls)
		return api_fail(error, MQTTWILL_EOPTION, "option url_count: it is set, and urls is NULL");
	if (opt->url_count > MOST_URLS)
		return api_fail(error, MQTTWILL_EOPTION, "option url_count: %zu is not from 0 to %u", opt->url_count, (unsigned)MOST_URLS);
	return 0;
}

int network_check(const struct mqttwill_options *opt, struct client_error *error)
{
	int rc = network_check_urls(opt, error);
	if (rc == 0)
		rc = check_tls(opt, error);
	return rc || !opt->network ? rc : check_network(opt->network, error);
}

/* ---- Copies ---- */

static void copy_texts(struct arena *a, void *copy, const size_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++)
		set_pointer(copy, at[i], arena_text(a, text_at(copy, at[i]), 0));
}

static const char *const *copy_list(struct arena *a, const char *const *from, size_t count)
{
	const char **copy = count ? arena_alloc(a, count * sizeof *copy) : NULL;
	for (size_t i = 0; copy && i < count; i++)
		copy[i] = arena_text(a, from[i], 0);
	return copy;
}

static void copy_bytes(struct arena *a, struct mqttwill_tls *copy)
{
	for (size_t i = 0; i < COUNT(tls_bytes); i++) {
		const char *bytes = text_at(copy, tls_bytes[i].bytes);
		size_t      n = size_at(copy, tls_bytes[i].len);
		n = bytes && !n && tls_bytes[i].text ? strlen(bytes) : n;
		set_pointer(copy, tls_bytes[i].bytes, arena_copy(a, bytes, n));
		set_size(copy, tls_bytes[i].len, n);
	}
}

const struct mqttwill_tls *network_copy_tls(struct arena *a, const struct mqttwill_options *opt)
{
	struct mqttwill_tls *copy = opt->tls || opt->ca_file ? arena_alloc(a, sizeof *copy) : NULL;
	if (!copy)
		return NULL;
	if (opt->tls)
		*copy = *opt->tls;
	if (opt->ca_file)
		copy->ca_file = opt->ca_file;
	copy_texts(a, copy, tls_texts, COUNT(tls_texts));
	copy_bytes(a, copy);
	copy->alpn = copy_list(a, copy->alpn, copy->alpn_count);
	copy->pins = copy_list(a, copy->pins, copy->pin_count);
	return copy;
}

const struct mqttwill_network *network_copy(struct arena *a, const struct mqttwill_network *from)
{
	struct mqttwill_network   *copy = from ? arena_alloc(a, sizeof *copy) : NULL;
	struct mqttwill_transport *transport = copy && from->transport ? arena_alloc(a, sizeof *transport) : NULL;
	struct mqttwill_header    *headers = copy && from->header_count ? arena_alloc(a, from->header_count * sizeof *headers) : NULL;
	if (!copy)
		return NULL;
	*copy = *from;
	copy_texts(a, copy, network_texts, COUNT(network_texts));
	for (size_t i = 0; headers && i < from->header_count; i++) {
		headers[i].name = arena_text(a, from->headers[i].name, 0);
		headers[i].value = arena_text(a, from->headers[i].value, 0);
	}
	copy->headers = headers;
	if (transport)
		*transport = *from->transport;
	copy->transport = transport;
	return copy;
}
