/* SPDX-License-Identifier: MIT */
/*
 * What the parts of TLS share. An SSL_CTX may be shared by many clients with equal settings and outlive the one it was made
 * for: no step may leave a pointer into the settings in it. OpenSSL's callbacks find their client by tls_of_ssl().
 */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include <mqttwill.h>

#include "net/tls.h"
#include "net/tls_sessions.h"

struct tls_shared;

/* A client's: it changes with a reload; an open connection keeps the SSL_CTX it began with. */
struct tls_context {
	SSL_CTX            *ssl;
	struct tls_shared  *context, *store; /* which keep `ssl`, and what it trusts */
	struct mqttwill_tls settings; /* all zero where none were given; what it points to is the caller's */
	struct tls_sessions sessions; /* to resume; a reload forgets them: tls_sessions_clear() */
};

/* A connection. */
struct tls {
	struct pipe         pipe;
	SSL                *ssl;
	struct tls_context *context;
	uint64_t            end; /* of the time for the handshake; 0: it has not begun */
	uint32_t            timeout_ms;
	const char         *host, *port; /* the URL's */
	char               *verdict; /* why the server's certificate was refused, in a sentence; on the heap; NULL: it was not */
	bool                websocket;
	bool                open;
	bool                heard;    /* bytes of the layer above have come */
	bool                ended;    /* the pipe below came to its end */
	bool                broken;   /* and this is why the handshake failed, or it broke */
	bool                alert;    /* the server ended the handshake */
	bool                goodbye;  /* close_notify is to be sent, or was */
	bool                finished; /* it was */
	uint8_t             seen;     /* of what the server said first: */
	uint8_t             first[5];
	uint8_t             head; /* bytes of the record's head that have come; 0: none of it */
	uint16_t            body; /* bytes that are still to come */
	/* resumption: tls_resume.c */
	bool                offered, single, kept, resumed;
	time_t              verified_until; /* what was verified holds until then */
	time_t              status_until;   /* and the stapled response; 0: there was none */
};

/* Before each connection: makes the SSL_CTX anew where a file has changed. 0, or an error, and the next connection tries again. */
int tls_context_refresh(struct tls_context *context, struct pipe_error *error);

/* The connection that an SSL belongs to. */
struct tls *tls_of_ssl(const SSL *ssl);

/* The last error of OpenSSL's in words, which is taken from its queue. */
const char *tls_reason(void);

/* ---- Steps that make an SSL_CTX, in the order of the table in tls_context.c: 0, or an error, "option tls.x: why" ---- */

typedef int tls_step(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error);

tls_step tls_step_base;     /* what no setting changes */
tls_step tls_step_versions;
tls_step tls_step_ciphers;  /* and groups */
tls_step tls_step_name;     /* these four check what each connection will use, and need no SSL_CTX */
tls_step tls_step_alpn;
tls_step tls_step_pins;
tls_step tls_step_psk_sizes;
tls_step tls_step_verify;
tls_step tls_step_crl;
tls_step tls_step_ocsp;
tls_step tls_step_certificate; /* from a file or memory */
tls_step tls_step_store;       /* cert_uri, key_uri */
tls_step tls_step_key;         /* from a file or memory; after both */
tls_step tls_step_psk;         /* after ciphers and trust */
tls_step tls_step_sessions;
tls_step tls_step_keylog;
tls_step tls_step_hook;

/* The authorities to trust: a store, which clients share, too. NULL: an error. */
X509_STORE *tls_trust(const struct mqttwill_tls *settings, struct pipe_error *error);

/* ---- What is shared: clients with the same stamp have the same ---- */

enum { TLS_STAMP_SIZE = 32 };

/*
 * Of all that a step or a callback looks at through its arguments, or only of what is trusted; files as they are now. Not *seen:
 * one of them cannot be.
 */
bool tls_stamp(unsigned char stamp[TLS_STAMP_SIZE], const struct mqttwill_tls *settings, bool trust_only, bool *seen);

/* "0123abcd.0" or "0123abcd.r0": does OpenSSL look for such names in a directory? */
bool tls_is_hashed(const char *name);

/* ---- Files and memory ---- */

struct tls_source {
	const char *option; /* of struct mqttwill_tls */
	const char *path;   /* NULL: from memory */
	const void *text;
	size_t      len;
};

/* "option tls.cert_file: /path: why", with the number of a certificate where it is not 0. */
int tls_source_fail(const struct tls_source *from, struct pipe_error *error, const char *why, int nth);

/* All of it, to be read from. NULL: an error. */
BIO *tls_source_open(const struct tls_source *from, struct pipe_error *error);

/* Takes a certificate, which it does not own, from 0 on; false: the error is in OpenSSL's queue. */
typedef bool tls_each_certificate(void *to, X509 *certificate, int index);

/* Each certificate in it; one that is damaged, or none, is an error. */
int tls_source_certificates(const struct tls_source *from, tls_each_certificate *each, void *to, struct pipe_error *error);

/* ---- Keys ---- */

struct tls_passphrase {
	const struct mqttwill_tls *settings;
	const char                *what;
	bool                       asked;
	int                        rc;
};

/* A pem_password_cb; its last argument is a struct tls_passphrase. */
int tls_passphrase(char *buf, int size, int writing, void *asked);

/* Why a key was not opened, where it was for its passphrase. NULL: for something else. */
const char *tls_passphrase_problem(const struct tls_passphrase *p);

/* Uses the key with the certificate that is there already. */
int tls_use_key(SSL_CTX *ssl, EVP_PKEY *key, const struct tls_source *from, const struct mqttwill_tls *settings, struct pipe_error *error);

/* ---- Steps that make an SSL, in the order of the table in tls.c: 0, or an error in t->pipe.error ---- */

int tls_begin_name(struct tls *t);
int tls_begin_alpn(struct tls *t);

/* ---- When the handshake is done, before the pipe is open, in the order of the table in tls.c: the same ---- */

int tls_end_pins(struct tls *t);
int tls_end_alpn(struct tls *t);
int tls_end_session(struct tls *t);
int tls_end_psk(struct tls *t);

/* ---- Resumption: tls_resume.c ---- */

/* Before the first byte of a handshake: offers a session, if there is one. */
void tls_session_offer(struct tls *t);

/* A handshake failed. */
void tls_session_failed(struct tls *t);

/* ---- Revocation ---- */

/* At the begin of a verification: lends it the revocation lists, if there are any. */
void tls_crl_lend(const SSL *ssl, X509_STORE_CTX *verification);

/* The first list of the certificate's authority; NULL: there is none. */
X509_CRL *tls_crl_of(const SSL *ssl, const X509 *certificate);

/* When the first of the lists runs out, if that is before `until`. */
time_t tls_crl_until(const SSL *ssl, time_t until);

/* A time in a certificate. */
time_t tls_time(const ASN1_TIME *at);

/* ---- Facts ---- */

/* Who is verified: server_name, or the URL's host. */
const char *tls_name(const struct tls *t);

/* The protocol that was agreed; NULL: none. */
const char *tls_alpn(const struct tls *t);

enum { TLS_PIN_SIZE = 64 };

/* The pin of a certificate's key, as text. */
bool tls_pin_of(const X509 *certificate, char pin[TLS_PIN_SIZE]);

/* Is it one of the pinned, where there are any? `pin` is what it has, "" where nothing is pinned. NULL has none. */
bool tls_is_pinned(const struct tls *t, const X509 *certificate, char pin[TLS_PIN_SIZE]);

/* ---- Words ---- */

/* The sentence about what the verification found, on the heap; NULL: no memory. Its last error is not X509_V_OK. */
char *tls_verdict(const struct tls *t, X509_STORE_CTX *found);

/* The last error in OpenSSL's queue, where there are words for it, in t->pipe.error; its code. 0: there are none. */
int tls_known_error(struct tls *t);

void tls_put_name(char *out, size_t size, const X509_NAME *name);
void tls_put_date(char *out, size_t size, const ASN1_TIME *date);

/* A handshake with a pre-shared key that the server ended, or OpenSSL, which says why. */
int tls_psk_error(struct tls *t, const char *why);

#endif
