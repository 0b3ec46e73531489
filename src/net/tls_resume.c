/* SPDX-License-Identifier: MIT */
/*
 * When a connection offers an earlier session, and which sessions are worth keeping: those of a server that was verified, for
 * as long as what was verified holds. A resumed handshake shows no certificate that could be checked again.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

enum { WEEK_S = 7 * 24 * 3600 };

struct server_key {
	char text[600];
};

/* A ticket for one name is never shown to another, though they share address and port. */
static const char *server_key(const struct tls *t, struct server_key *key)
{
	const char *name = t->context->settings.server_name;
	snprintf(key->text, sizeof key->text, "%s %s %s", t->host, t->port, name ? name : "");
	return key->text;
}

/* ---- For how long ---- */

static void sooner(time_t *until, time_t other)
{
	if (other < *until)
		*until = other;
}

time_t tls_time(const ASN1_TIME *at)
{
	int       days, seconds;
	ASN1_TIME *now = ASN1_TIME_set(NULL, 0);
	time_t    since = now && ASN1_TIME_diff(&days, &seconds, now, at) ? (time_t)days * 86400 + seconds : 0;
	ASN1_TIME_free(now);
	return since;
}

/* The first of the chain's certificates to expire ends it, and so do the revocation lists it was looked up in. */
static time_t verified_until(const struct tls *t, time_t now)
{
	const struct mqttwill_tls *settings = &t->context->settings;
	time_t                     until = now + WEEK_S;
	STACK_OF(X509)            *chain = SSL_get0_verified_chain(t->ssl);
	if (settings->insecure_any_certificate)
		return until;
	for (int i = 0; i < sk_X509_num(chain); i++)
		sooner(&until, tls_time(X509_get0_notAfter(sk_X509_value(chain, i))));
	if (t->status_until)
		sooner(&until, t->status_until);
	if (settings->crl_file)
		sooner(&until, tls_crl_until(t->ssl, until));
	return until;
}

static time_t lifetime(const SSL_SESSION *session)
{
	unsigned long hint = SSL_SESSION_get_ticket_lifetime_hint(session);
	time_t        seconds = hint ? (time_t)hint : (time_t)SSL_SESSION_get_timeout(session);
	return seconds < WEEK_S ? seconds : WEEK_S;
}

/* ---- OpenSSL's callback ---- */

/* In the handshake with TLS 1.2, and with TLS 1.3 whenever a ticket comes. */
static int keep(SSL *ssl, SSL_SESSION *session)
{
	struct tls        *t = tls_of_ssl(ssl);
	struct server_key  key;
	time_t             now = time(NULL);
	bool               again = SSL_session_reused(ssl);
	if (!t || SSL_get_SSL_CTX(ssl) != t->context->ssl) /* what it was verified by has been reloaded */
		return 0;
	if (!again && !t->kept) { /* the server did not know those from before */
		tls_sessions_forget(&t->context->sessions, server_key(t, &key));
		t->verified_until = verified_until(t, now);
	}
	t->kept = true;
	if (t->verified_until > now)
		tls_sessions_keep(&t->context->sessions, server_key(t, &key), session, now + lifetime(session), t->verified_until);
	return 0; /* what is kept is a copy */
}

int tls_step_sessions(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	(void)error;
	if (settings->no_resumption || settings->psk) { /* a pre-shared key makes a handshake as short as a ticket does */
		SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
		return 0;
	}
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ssl, keep);
	return 0;
}

/* ---- In a connection ---- */

void tls_session_offer(struct tls *t)
{
	struct server_key key;
	SSL_SESSION *session = tls_sessions_take(&t->context->sessions, server_key(t, &key), time(NULL), &t->verified_until);
	t->offered = session && SSL_SESSION_is_resumable(session) && SSL_set_session(t->ssl, session);
	t->single = session && SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
	SSL_SESSION_free(session);
	ERR_clear_error();
}

int tls_end_session(struct tls *t)
{
	struct server_key key;
	t->resumed = t->offered && SSL_session_reused(t->ssl);
	if (t->offered && !t->resumed && !t->kept)
		tls_sessions_forget(&t->context->sessions, server_key(t, &key));
	return 0;
}

void tls_session_failed(struct tls *t)
{
	struct server_key key;
	if (t->alert && t->offered)
		tls_sessions_give_up(&t->context->sessions, server_key(t, &key));
	else if (t->kept || (t->offered && !(t->single && t->broken)))
		tls_sessions_forget(&t->context->sessions, server_key(t, &key));
}
