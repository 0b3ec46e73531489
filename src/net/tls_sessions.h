/* SPDX-License-Identifier: MIT */
/*
 * The TLS sessions of a client's earlier connections, by server and by the name it was verified for. They are kept as bytes,
 * because OpenSSL spoils the session of a connection that breaks, and it is then that one is wanted.
 */
#ifndef NET_TLS_SESSIONS_H
#define NET_TLS_SESSIONS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
	TLS_SESSION_SERVERS = 4,  /* then the one that was asked for the longest time ago makes room */
	TLS_SESSION_TICKETS = 2,  /* of each, the newest ones */
	TLS_SESSION_BYTES = 16384 /* of a ticket; a larger one is not kept */
};

struct tls_ticket {
	uint8_t *bytes; /* NULL: none */
	size_t   len;
	time_t   until;    /* it is not used any more from then on */
	time_t   verified; /* what it stands for was verified until then: for tickets that come of it */
	bool     single;   /* TLS 1.3: for one connection [RFC 8446 C.4] */
};

/* All zero: nothing is kept. */
struct tls_sessions {
	struct tls_session_server {
		char             *name;
		struct tls_ticket tickets[TLS_SESSION_TICKETS]; /* the newest first */
		uint64_t          used;
		bool              shy; /* it ended a handshake because a session was offered: none of its own is kept */
	} servers[TLS_SESSION_SERVERS];
	uint64_t uses;
};

/*
 * A session to resume with that server, which the caller frees, and until when what it stands for was verified; NULL: none.
 * One of TLS 1.3 is given once.
 */
SSL_SESSION *tls_sessions_take(struct tls_sessions *s, const char *server, time_t now, time_t *verified);

/*
 * Keeps a copy, until one of the two times. Where there is no memory for it, or it is too large, or the server is shy, it is not
 * kept: the next handshake is a full one.
 */
void tls_sessions_keep(struct tls_sessions *s, const char *server, const SSL_SESSION *session, time_t until, time_t verified);

/* Forgets those of a server. */
void tls_sessions_forget(struct tls_sessions *s, const char *server);

/* The same, for good. */
void tls_sessions_give_up(struct tls_sessions *s, const char *server);

/* Forgets everything. */
void tls_sessions_clear(struct tls_sessions *s);

#endif
