/* SPDX-License-Identifier: MIT */
/*
 * A handful of servers with a ticket or two each. A ticket is as good as a key: its bytes are wiped.
 */
#include "net/tls_sessions.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static void drop(struct tls_ticket *t)
{
	if (t->bytes)
		OPENSSL_cleanse(t->bytes, t->len);
	free(t->bytes);
	*t = (struct tls_ticket){0};
}

static void drop_all(struct tls_session_server *server)
{
	for (size_t i = 0; i < TLS_SESSION_TICKETS; i++)
		drop(&server->tickets[i]);
	free(server->name);
	*server = (struct tls_session_server){0};
}

static struct tls_session_server *find(struct tls_sessions *s, const char *name)
{
	for (size_t i = 0; i < TLS_SESSION_SERVERS; i++)
		if (s->servers[i].name && strcmp(s->servers[i].name, name) == 0)
			return &s->servers[i];
	return NULL;
}

/* ---- Taking ---- */

static SSL_SESSION *decode(const struct tls_ticket *t)
{
	const unsigned char *p = t->bytes;
	return d2i_SSL_SESSION(NULL, &p, (long)t->len);
}

SSL_SESSION *tls_sessions_take(struct tls_sessions *s, const char *name, time_t now, time_t *verified)
{
	struct tls_session_server *server = find(s, name);
	SSL_SESSION               *session = NULL;
	for (size_t i = 0; server && !session && i < TLS_SESSION_TICKETS; i++) {
		struct tls_ticket *t = &server->tickets[i];
		if (t->bytes && now < t->until)
			session = decode(t);
		if (session) {
			*verified = t->verified;
			server->used = ++s->uses;
		}
		if (!session || t->single)
			drop(t);
	}
	return session;
}

/* ---- Keeping ---- */

static bool encode(struct tls_ticket *t, const SSL_SESSION *session)
{
	int            n = i2d_SSL_SESSION((SSL_SESSION *)(uintptr_t)session, NULL); /* not const in OpenSSL 1.1.1 */
	unsigned char *p = n > 0 && n <= TLS_SESSION_BYTES ? malloc((size_t)n) : NULL;
	if (!p)
		return false;
	t->bytes = p;
	t->len = (size_t)i2d_SSL_SESSION((SSL_SESSION *)(uintptr_t)session, &p);
	t->single = SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
	return true;
}

static struct tls_session_server *add(struct tls_sessions *s, const char *name)
{
	struct tls_session_server *oldest = &s->servers[0];
	char                      *copy = strdup(name);
	for (size_t i = 1; i < TLS_SESSION_SERVERS; i++)
		if (s->servers[i].used < oldest->used)
			oldest = &s->servers[i];
	if (!copy)
		return NULL;
	drop_all(oldest);
	oldest->name = copy;
	return oldest;
}

void tls_sessions_keep(struct tls_sessions *s, const char *name, const SSL_SESSION *session, time_t until, time_t verified)
{
	struct tls_ticket          t = {.until = until < verified ? until : verified, .verified = verified};
	struct tls_session_server *server = find(s, name);
	if ((server && server->shy) || !encode(&t, session))
		return;
	if (!server)
		server = add(s, name);
	if (!server) {
		drop(&t);
		return;
	}
	server->used = ++s->uses;
	drop(&server->tickets[TLS_SESSION_TICKETS - 1]);
	for (size_t i = TLS_SESSION_TICKETS - 1; i > 0; i--)
		server->tickets[i] = server->tickets[i - 1];
	server->tickets[0] = t;
	for (size_t i = 1; i < TLS_SESSION_TICKETS && !t.single; i++)
		drop(&server->tickets[i]); /* the newest of TLS 1.2 replaces those before */
}

void tls_sessions_forget(struct tls_sessions *s, const char *name)
{
	struct tls_session_server *server = find(s, name);
	for (size_t i = 0; server && i < TLS_SESSION_TICKETS; i++)
		drop(&server->tickets[i]);
}

void tls_sessions_give_up(struct tls_sessions *s, const char *name)
{
	struct tls_session_server *server = find(s, name);
	tls_sessions_forget(s, name);
	if (server)
		server->shy = true;
}

void tls_sessions_clear(struct tls_sessions *s)
{
	for (size_t i = 0; i < TLS_SESSION_SERVERS; i++)
		drop_all(&s->servers[i]);
}
