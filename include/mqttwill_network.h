/* SPDX-License-Identifier: MIT */
/*
 * The ways to reach a broker: TLS, addresses, proxies, WebSocket, a transport of your own. Included by <mqttwill.h>.
 *
 * Zero means default, and the defaults are the safe ones: with mqtts and wss the certificate chain and the host name are
 * verified, with TLS 1.2 or later. What weakens that is named insecure_..., and every UP event tells it.
 * mqttwill_tls(3), mqttwill_network(3) and mqttwill_transport(3) are the manuals.
 */
#ifndef MQTTWILL_NETWORK_H
#define MQTTWILL_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- TLS -------------------------------------------------------------------------------------------------------------- */

enum mqttwill_tls_version { MQTTWILL_TLS_DEFAULT = 0, MQTTWILL_TLS_1_2 = 12, MQTTWILL_TLS_1_3 = 13 };

/* The broker's stapled OCSP response. */
enum mqttwill_ocsp {
	MQTTWILL_OCSP_OFF = 0,
	MQTTWILL_OCSP_CHECK = 1,  /* asked for, and checked where there is one */
	MQTTWILL_OCSP_REQUIRE = 2 /* no response is an error, too */
};

/*
 * The passphrase of a key: `what` is the file or URI it is for. Writes at most `size` bytes and returns how many, or an error,
 * and the key is not used.
 */
typedef int mqttwill_passphrase_fn(void *user, const char *what, char *buf, size_t size);

/* Gets OpenSSL's SSL_CTX when all else is set in it, at the start and after each reload. 0, or an error: it is not used. */
typedef int mqttwill_ssl_ctx_fn(void *user, void *ssl_ctx);

/*
 * Files are read by mqttwill_new(), and again before an attempt where they have changed. Where any ca_... is given, it is
 * trusted instead of the system's store.
 */
struct mqttwill_tls {
	uint32_t    min_version; /* enum mqttwill_tls_version; default 1.2 */
	uint32_t    max_version; /* default: the newest */
	const char *ca_file;     /* PEM, one certificate or many */
	const char *ca_dir;      /* named by hash, as openssl rehash makes it */
	const void *ca_pem;      /* the text of a PEM file */
	size_t      ca_pem_len;  /* 0: a C string */
	const char *crl_file;    /* PEM: every certificate of the chain is looked up; one without a current list is refused */
	const char *server_name; /* to ask for and to verify instead of the URL's host */
	const char *const *alpn; /* protocols to offer; default "mqtt", with wss "http/1.1" */
	size_t      alpn_count;
	const char *cert_file;   /* the client's certificate, PEM, and those between it and the root */
	const char *key_file;    /* default: in cert_file */
	const void *cert_pem;    /* the same from memory, and key_pem */
	size_t      cert_pem_len;
	const void *key_pem;
	size_t      key_pem_len;
	const char *cert_uri;    /* the same from an OpenSSL store: "pkcs11:...", "handle:0x81000001", "file:..." */
	const char *key_uri;
	mqttwill_passphrase_fn *passphrase_fn;
	const char *psk_identity; /* a pre-shared key instead of certificates */
	const void *psk;
	size_t      psk_len;
	uint32_t    ocsp;         /* enum mqttwill_ocsp */
	const char *const *pins;  /* "sha256//BASE64" of a public key (SPKI): the broker's own must be one of them, beside all else */
	size_t      pin_count;
	const char *ciphers;      /* TLS 1.2, as openssl-ciphers(1) has them */
	const char *ciphersuites; /* TLS 1.3 */
	const char *groups;       /* "X25519:P-256" */
	const char *keylog_file;  /* secrets for a packet analyser; refused unless built with --enable-keylog */
	mqttwill_ssl_ctx_fn *ssl_ctx_fn;
	void       *user;         /* passed to the functions above */
	bool        no_alpn;
	bool        no_resumption;             /* a full handshake every time */
	bool        insecure_any_certificate;  /* no chain, no date, no name is checked: only the pins are, if there are any */
	bool        insecure_any_host;         /* the name is not checked: any certificate of a trusted authority will do */
	uint8_t     reserved[4];
};

/* ---- Names, addresses, proxies ----------------------------------------------------------------------------------------- */

enum mqttwill_family {
	MQTTWILL_FAMILY_ANY = 0, /* IPv6 a quarter of a second before IPv4 [RFC 8305] */
	MQTTWILL_PREFER_IPV4 = 1,
	MQTTWILL_PREFER_IPV6 = 2,
	MQTTWILL_ONLY_IPV4 = 4,
	MQTTWILL_ONLY_IPV6 = 6
};

/* An address as text: "192.0.2.1", "2001:db8::1", "fe80::1%eth0". */
struct mqttwill_address {
	char text[64];
};

/*
 * Your own lookup of a host name: fills in at most `most` addresses and returns how many, or an error. It runs in a thread
 * of the library's, where it may block; one that was given up runs to its end, even after mqttwill_free().
 */
typedef int mqttwill_resolve_fn(void *user, const char *host, struct mqttwill_address *addresses, int most);

/*
 * Gives a connected stream socket for one attempt to reach host:port, with unix the path and "", or an error. It is the library's
 * from then on, which makes it non-blocking and closes it. It may not block.
 */
typedef int mqttwill_dial_fn(void *user, const char *host, const char *port);

/* A line of the WebSocket handshake. */
struct mqttwill_header {
	const char *name;
	const char *value;
};

/* Bits of mqttwill_network.flags. */
enum {
	MQTTWILL_NET_SRV = 1u << 0,        /* look up _mqtt._tcp or _secure-mqtt._tcp of a host that is named without a port */
	MQTTWILL_NET_FAST_OPEN = 1u << 1,  /* TCP Fast Open: the first bytes travel with the SYN, where the system allows it */
	MQTTWILL_NET_PROXY_ENV = 1u << 2,  /* the proxy is that of http_proxy, https_proxy, all_proxy, unless no_proxy has the host */
	MQTTWILL_NET_RANDOM = 1u << 3      /* several servers are tried in random order */
};

struct mqttwill_transport;

struct mqttwill_network {
	uint32_t    flags;            /* MQTTWILL_NET_... */
	uint32_t    family;           /* enum mqttwill_family */
	uint32_t    resolve_timeout_ms; /* for each phase, within connect_timeout_ms, which is the default of each */
	uint32_t    address_timeout_ms; /* all addresses of a name together */
	uint32_t    proxy_timeout_ms;
	uint32_t    tls_timeout_ms;
	uint32_t    websocket_timeout_ms;
	uint32_t    next_address_ms;  /* after so long the next address is tried beside the last; default 250, 10 to 2,000 */
	const char *bind_address;     /* local address, as text: only addresses of its family are used */
	const char *bind_interface;   /* "eth0": to leave by; it may come and go */
	const char *proxy;            /* http://[user:password@]host[:port] or socks5://...; default port 1080; "": none */
	const char *no_proxy;         /* hosts that are reached without: "localhost,.example.org,192.0.2.0/24" or "*" */
	const struct mqttwill_header *headers; /* more lines for the WebSocket handshake */
	size_t      header_count;
	mqttwill_resolve_fn *resolve_fn;
	mqttwill_dial_fn    *dial_fn;          /* instead of name, address and proxy */
	const struct mqttwill_transport *transport; /* instead of a socket; below TLS and WebSocket */
	void       *user;             /* passed to these functions */
};

/* ---- A transport of your own ------------------------------------------------------------------------------------------- */

/* What read, write and connect return when they cannot go on yet. */
enum {
	MQTTWILL_WANT_READ = -1001, /* until the descriptor can be read, or mqttwill_wake() */
	MQTTWILL_WANT_WRITE = -1002 /* until it can be written, or mqttwill_wake() */
};

/*
 * A reliable, ordered stream of bytes: a serial line, a radio modem, memory in a test. No function may block, and none may
 * call the client. An error is one of MQTTWILL_E..., a sentence about it may be left in `why`, of 200 bytes.
 */
struct mqttwill_transport {
	/* A new stream for one attempt; host and port are the URL's. 0 and *stream, or an error. */
	int (*open)(void *user, const char *host, const char *port, void **stream, char *why);
	/* Goes on until the stream is there: 0, MQTTWILL_WANT_..., or an error. NULL: it is there at once. */
	int (*connect)(void *stream, char *why);
	/* At most `size` bytes: how many, 0 at the end of the stream, MQTTWILL_WANT_..., or an error. */
	int64_t (*read)(void *stream, void *buf, size_t size, char *why);
	/* Takes at least one byte: how many, MQTTWILL_WANT_..., or an error. */
	int64_t (*write)(void *stream, const void *bytes, size_t n, char *why);
	/* The descriptor to watch; -1: none, and mqttwill_wake() must be called when anything can go on. NULL: none. */
	int (*fd)(void *stream);
	/* No more will be written. NULL: the other side need not know. */
	void (*finish)(void *stream);
	/* Frees it. `reset`: the other side shall see a broken connection, if it can. */
	void (*close)(void *stream, bool reset);
};

/* ---- How it was reached ------------------------------------------------------------------------------------------------- */

/* What an attempt is, or was, about when it failed. */
enum mqttwill_phase {
	MQTTWILL_PHASE_NONE = 0,
	MQTTWILL_PHASE_RESOLVE = 1,
	MQTTWILL_PHASE_CONNECT = 2, /* TCP, a Unix socket, a transport of yours */
	MQTTWILL_PHASE_PROXY = 3,
	MQTTWILL_PHASE_TLS = 4,
	MQTTWILL_PHASE_WEBSOCKET = 5,
	MQTTWILL_PHASE_CONNACK = 6, /* CONNECT was sent */
	MQTTWILL_PHASE_UP = 7       /* the connection was up */
};

/* Bits of mqttwill_reached.insecure. */
enum {
	MQTTWILL_INSECURE_ANY_CERTIFICATE = 1u << 0,
	MQTTWILL_INSECURE_ANY_HOST = 1u << 1,
	MQTTWILL_INSECURE_KEYLOG = 1u << 2
};

/* In UP. */
struct mqttwill_reached {
	const char *server;      /* "mqtts://broker.example:8883", without user and password */
	const char *address;     /* "192.0.2.1:8883", the proxy's where there is one; "" where there is none */
	const char *tls_version; /* "TLSv1.3"; NULL: no TLS */
	const char *cipher;
	const char *alpn;        /* NULL: none was agreed */
	uint32_t    insecure;    /* MQTTWILL_INSECURE_... */
	bool        resumed;     /* the TLS session is one of an earlier connection */
	bool        by_proxy;
	uint8_t     reserved[2];
};

#ifdef __cplusplus
}
#endif
#endif
