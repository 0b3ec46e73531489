/* SPDX-License-Identifier: MIT */
/*
 * The TLS filter above a pipe in memory, whose other end is OpenSSL's server in the same thread. The pipe can stop, end or break after
 * any number of bytes in each direction. An authority and a server's certificate are made here.
 */
#ifndef NET_TLS_SCENE_H
#define NET_TLS_SCENE_H

#include <check.h>
#include <openssl/ssl.h>

#include <mqttwill.h>

#include "net/tls.h"

enum fault { NO_FAULT, PAUSE, END, RESET }; /* pause: one call must wait */

/* What happens after so many bytes in one direction. */
struct stretch {
	size_t     done, most;
	enum fault fault;
};

struct peer {
	struct pipe    pipe;
	SSL           *server;
	BIO           *in, *out;      /* of the server */
	struct stretch up, down;      /* to the server, and from it */
	size_t         grain;         /* bytes a call takes or gives at most; 0: any number */
	bool           full;          /* nothing can be written */
	const char    *babble;        /* the server says this instead of TLS, and then ends */
	size_t         babble_len;
	bool           closed, finished;
};

struct tls_scene {
	struct pipe_error   error;
	EVP_PKEY           *ca_key, *key;
	X509               *ca, *leaf;
	SSL_CTX            *server;
	char                ca_file[32];
	struct mqttwill_tls settings;
	struct tls_context *context;
	struct tls_peer     to;
	struct peer         below;
	struct pipe        *tls;
};

struct certificate {
	const char *name, *san, *constraints, *usage; /* NULL: none */
	long        from_s, until_s; /* from now */
	long        serial;
};

X509 *make_certificate(const struct certificate *what, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key);
EVP_PKEY *make_key(void);

/* An authority, a server of that version with a certificate of it for localhost, and settings that trust it. No client yet. */
void tls_scene_init(struct tls_scene *sc, int version);

/* Writes the authority's certificate anew. */
void tls_scene_trust(struct tls_scene *sc);

/* The client's context from the settings as they are now. */
void tls_scene_context(struct tls_scene *sc);

/* A pipe and a server for a new connection; the same, and the client's filter above it. Nothing is sent yet. */
void tls_scene_prepare(struct tls_scene *sc);
void tls_scene_connect(struct tls_scene *sc);

/* Goes on with it until it is open, has failed, or cannot go on: then PIPE_WAIT. */
int tls_scene_open(struct tls_scene *sc);

/* connect and open, one byte each way, which takes in the tickets, and close in good order. Was it resumed? */
bool tls_scene_visit(struct tls_scene *sc);

void tls_scene_close(struct tls_scene *sc);
void tls_scene_fini(struct tls_scene *sc);

/* The handshake must fail so. */
void tls_scene_fails(struct tls_scene *sc, int code, const char *text);

/*
 * Of OpenSSL's memory the allocator of support/alloc.h sees the client's, not the server's: the scene says whose turn it is, and a
 * test that does the client's work itself says so, too. Called before anything else of OpenSSL's.
 */
void tls_scene_count_memory(void);
void tls_scene_client(bool turn);

/* Moves the library's clock. */
void tls_scene_later(long seconds);

#endif
