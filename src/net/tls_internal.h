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

/* A client's: it changes with a reload; an open connection keeps the SSL_CTX it began with. */
struct tls_context {
	SSL_CTX            *ssl;
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
	bool                ended;    /* the pipe below came to its end */
	bool                broken;   /* and this is why the handshake failed, or it broke */
	bool                alert;    /* the server ended the handshake */
	bool                goodbye;  /* close_notify is to be sent, or was */
	bool                finished; /* it was */
	uint8_t             seen;     /* of what the server said first: */
	uint8_t             first[5];
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

int tls_step_versions(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error);
int tls_step_trust(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error);
int tls_step_crl(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error);
int tls_step_ocsp(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error);
int tls_step_store(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error); /* cert_uri, key_uri */
int tls_step_psk(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error);   /* after ciphers and trust */
int tls_step_sessions(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error);

/* ---- Steps that make an SSL, in the order of the table in tls.c: 0, or an error in t->pipe.error ---- */

int tls_begin_name(struct tls *t);

/* ---- When the handshake is done, before the pipe is open, in the order of the table in tls.c: the same ---- */

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

/* When the first of the lists runs out, if that is before `until`. */
time_t tls_crl_until(const SSL *ssl, time_t until);

/* A time in a certificate. */
time_t tls_time(const ASN1_TIME *at);

/* ---- Words ---- */

/* The verdict of the verification, which is not X509_V_OK, as an error. */
int tls_certificate_error(struct tls *t, long verdict);

/* A handshake with a pre-shared key that the server ended, or OpenSSL, which says why. */
int tls_psk_error(struct tls *t, const char *why);

#endif
