/* SPDX-License-Identifier: MIT */
/*
 * How the broker is reached: the options of servers, TLS and the network, which all commands share, in the words of curl and
 * mosquitto_pub. Checking them is the library's work.
 */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include "cli/options.h"

struct reach_options {
	/* The broker */
	struct texts  urls;
	const char   *host, *unix_path;
	struct number port;
	bool          tls, srv, random_server;
	const char   *user, *password, *password_file;
	/* TLS */
	const char   *ca_file, *ca_dir, *crl_file, *server_name;
	const char   *cert, *key, *cert_uri, *key_uri, *passphrase_file;
	const char   *psk, *psk_file, *psk_identity;
	struct number min_version, max_version, ocsp;
	const char   *ciphers, *ciphersuites, *groups, *keylog;
	struct texts  alpn, pins;
	bool          no_alpn, no_resumption, insecure, insecure_host;
	/* The network */
	const char   *proxy, *no_proxy, *bind, *interface;
	struct texts  headers;
	bool          proxy_env, only_4, only_6, prefer_4, prefer_6, fast_open;
	struct number next_address;
	struct number connect_timeout, resolve_timeout, address_timeout, proxy_timeout, tls_timeout, websocket_timeout;
};

extern const struct option broker_rows[];
extern const struct option tls_rows[];
extern const struct option network_rows[];

#define REACH_GROUPS(reach) \
	{"The broker", "", broker_rows, reach}, \
	{"TLS", "", tls_rows, reach}, \
	{"The network", "", network_rows, reach}

/* url, urls, user, password, tls, network, connect_timeout_ms. Warns of what is not safe, and of what has no effect. */
enum exit_code reach_fill(const struct reach_options *from, struct mqttwill_options *opt, struct arena *arena);

#endif
