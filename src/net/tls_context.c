/* SPDX-License-Identifier: MIT */
/*
 * What a client's TLS connections have in common: an SSL_CTX, made from the settings step by step. A store of all authorities of
 * a system takes most of a megabyte: clients of a process that are alike share it, and the SSL_CTX, too.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

const char *tls_reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char   *text = ERR_GET_LIB(e) == ERR_LIB_SYS ? strerror(ERR_GET_REASON(e)) : ERR_reason_error_string(e);
	const char   *alert = text ? strstr(text, " alert ") : NULL; /* "sslv3 alert ...", in every version */
	ERR_clear_error();
	return alert ? alert + 1 : text ? text : "unknown error";
}

/* ---- What is shared ---- */

struct tls_shared {
	struct tls_shared *next;
	unsigned           users;
	unsigned char      stamp[TLS_STAMP_SIZE];
	X509_STORE        *store; /* one of the two */
	SSL_CTX           *ssl;
};

static pthread_mutex_t    lock = PTHREAD_MUTEX_INITIALIZER;
static struct tls_shared *all;

static struct tls_shared *find(const unsigned char stamp[TLS_STAMP_SIZE])
{
	struct tls_shared *s = all;
	while (s && memcmp(s->stamp, stamp, TLS_STAMP_SIZE) != 0)
		s = s->next;
	return s;
}

static struct tls_shared *take(const unsigned char stamp[TLS_STAMP_SIZE])
{
	pthread_mutex_lock(&lock);
	struct tls_shared *s = find(stamp);
	if (s)
		s->users++;
	pthread_mutex_unlock(&lock);
	return s;
}

static void destroy(struct tls_shared *s)
{
	if (s)
		X509_STORE_free(s->store);
	if (s)
		SSL_CTX_free(s->ssl);
	free(s);
}

static void give_back(struct tls_shared *s)
{
	struct tls_shared **at = &all;
	if (!s)
		return;
	pthread_mutex_lock(&lock);
	bool last = --s->users == 0;
	while (last && *at && *at != s)
		at = &(*at)->next;
	if (last && *at)
		*at = s->next;
	pthread_mutex_unlock(&lock);
	if (last)
		destroy(s);
}

/* Another thread may have made the same in the meantime: the functions of the caller's cannot be called under the lock. */
static struct tls_shared *publish(struct tls_shared *mine)
{
	pthread_mutex_lock(&lock);
	struct tls_shared *s = find(mine->stamp);
	if (s) {
		s->users++;
	} else {
		mine->users = 1;
		mine->next = all;
		all = mine;
	}
	pthread_mutex_unlock(&lock);
	if (s)
		destroy(mine);
	return s ? s : mine;
}

/* ---- Making it ---- */

/* What a client does not share is checked for each. */
static tls_step *const checks[] = {tls_step_name, tls_step_alpn, tls_step_pins, tls_step_psk_sizes};

static tls_step *const steps[] = {
	tls_step_base, tls_step_versions,    tls_step_ciphers, tls_step_verify, tls_step_crl, tls_step_ocsp,
	tls_step_certificate, tls_step_store, tls_step_key, tls_step_psk, tls_step_sessions, tls_step_keylog, tls_step_hook,
};

static bool make_ssl(struct tls_shared *s, X509_STORE *store, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	int rc = 0;
	s->ssl = SSL_CTX_new(TLS_client_method());
	if (!s->ssl)
		return pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for the context"), false;
	SSL_CTX_set1_cert_store(s->ssl, store);
	for (size_t i = 0; rc == 0 && i < sizeof steps / sizeof steps[0]; i++)
		rc = steps[i](s->ssl, settings, error);
	return rc == 0;
}

/* Without a store that is what is made. */
static struct tls_shared *make(const unsigned char stamp[TLS_STAMP_SIZE], X509_STORE *store, const struct mqttwill_tls *settings,
                               struct pipe_error *error)
{
	struct tls_shared *s = calloc(1, sizeof *s);
	ERR_clear_error();
	if (!s)
		return pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for the context"), NULL;
	memcpy(s->stamp, stamp, TLS_STAMP_SIZE);
	if (store ? make_ssl(s, store, settings, error) : (s->store = tls_trust(settings, error)) != NULL)
		return publish(s);
	destroy(s);
	ERR_clear_error();
	return NULL;
}

/* ---- The context ---- */

static int renew(struct tls_context *c, const unsigned char stamp[TLS_STAMP_SIZE], struct pipe_error *error)
{
	unsigned char      trusted[TLS_STAMP_SIZE];
	bool               seen;
	if (!tls_stamp(trusted, &c->settings, true, &seen))
		return pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for the context");
	struct tls_shared *context = take(stamp), *store = take(trusted);
	if (!store)
		store = make(trusted, NULL, &c->settings, error);
	if (store && !context)
		context = make(stamp, store->store, &c->settings, error);
	if (!store || !context) {
		give_back(store);
		give_back(context);
		return error->code;
	}
	tls_sessions_clear(&c->sessions);
	give_back(c->context);
	give_back(c->store);
	c->context = context;
	c->store = store;
	c->ssl = context->ssl;
	return 0;
}

int tls_context_refresh(struct tls_context *c, struct pipe_error *error)
{
	unsigned char stamp[TLS_STAMP_SIZE];
	bool          seen;
	if (!tls_stamp(stamp, &c->settings, false, &seen))
		return pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for the context");
	if (c->context && !seen)
		return 0; /* a program may give up its rights when it has started, and a file may just be being replaced */
	if (c->context && memcmp(stamp, c->context->stamp, TLS_STAMP_SIZE) == 0)
		return 0;
	return renew(c, stamp, error);
}

int tls_context_new(struct tls_context **out, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	struct tls_context *c = *out = calloc(1, sizeof *c);
	if (!c)
		return pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for the context");
	if (settings)
		c->settings = *settings;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof checks / sizeof checks[0]; i++)
		rc = checks[i](NULL, &c->settings, error);
	if (rc == 0)
		rc = tls_context_refresh(c, error);
	if (rc == 0)
		return 0;
	tls_context_free(c);
	*out = NULL;
	return rc;
}

void tls_context_free(struct tls_context *c)
{
	if (!c)
		return;
	tls_sessions_clear(&c->sessions);
	give_back(c->context);
	give_back(c->store);
	free(c);
}
