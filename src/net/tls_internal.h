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

/* A client's: it changes with a reload; an open connection keeps the SSL_CTX it began with. */
struct tls_context {
	SSL_CTX            *ssl;
	struct mqttwill_tls settings; /* all zero where none were given; what it points to is the caller's */
};

/* A connection. */
struct tls {
	struct pipe         pipe;
	SSL                *ssl;
	struct tls_context *context;
	uint64_t            end; /* of the time for the handshake; 0: it has not begun */
	uint32_t            timeout_ms;
	bool                websocket;
	bool                open;
	char                host[256]; /* the URL's */
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

/* ---- Steps that make an SSL, in the order of the table in tls.c: 0, or an error in t->pipe.error ---- */

int tls_begin_name(struct tls *t);

/* ---- When the handshake is done, before the pipe is open, in the order of the table in tls.c: the same ---- */

/* ---- Words ---- */

/* The verdict of the verification, which is not X509_V_OK, as an error. */
int tls_certificate_error(struct tls *t, long verdict);

#endif
