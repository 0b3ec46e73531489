/* SPDX-License-Identifier: MIT */
/*
 * The client's certificate and key from an OpenSSL store: a TPM, a smart card, a file; what the URI's scheme says, by the providers that
 * OpenSSL's configuration loads. A passphrase comes from the caller or not at all: nothing is ever asked at a terminal.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <string.h>

/* ---- Passphrases ---- */

struct asker {
	const struct mqttwill_tls *settings;
	const char                *uri;
	bool                       refused;
};

static int answer(UI *ui, UI_STRING *question)
{
	struct asker *a = UI_get0_user_data(ui);
	char          text[1024 + 1];
	int           n = -1;
	if (UI_get_string_type(question) != UIT_PROMPT && UI_get_string_type(question) != UIT_VERIFY)
		return UI_get_string_type(question) != UIT_BOOLEAN;
	if (a->settings->passphrase_fn)
		n = a->settings->passphrase_fn(a->settings->user, a->uri, text, sizeof text - 1);
	a->refused = n < 0 || n >= (int)sizeof text;
	if (!a->refused) {
		text[n] = 0;
		a->refused = UI_set_result(ui, question, text) != 0;
	}
	OPENSSL_cleanse(text, sizeof text);
	return !a->refused;
}

static UI_METHOD *asking(void)
{
	UI_METHOD *m = UI_create_method("mqttwill passphrase");
	if (m)
		UI_method_set_reader(m, answer);
	return m;
}

/* ---- Loading ---- */

enum { TURNS_MAX = 100 };

/* Takes what it can use: 1 it did, 0 it has enough of them, -1 an error of OpenSSL's. */
typedef int take_fn(SSL_CTX *ssl, OSSL_STORE_INFO *info, int before);

static int take_certificate(SSL_CTX *ssl, OSSL_STORE_INFO *info, int before)
{
	X509 *x = OSSL_STORE_INFO_get0_CERT(info);
	if (before == 0)
		return SSL_CTX_use_certificate(ssl, x) ? 1 : -1;
	return SSL_CTX_add1_chain_cert(ssl, x) ? 1 : -1;
}

static int take_key(SSL_CTX *ssl, OSSL_STORE_INFO *info, int before)
{
	if (before)
		return 0;
	return SSL_CTX_use_PrivateKey(ssl, OSSL_STORE_INFO_get0_PKEY(info)) ? 1 : -1;
}

struct wanted {
	const char *option, *what, *uri;
	int         type; /* OSSL_STORE_INFO_... */
	take_fn    *take;
};

/* How many were taken, or -1. */
static int take_all(SSL_CTX *ssl, const struct wanted *w, OSSL_STORE_CTX *store)
{
	int  taken = 0, rc = 0;
	bool failed = false;
	for (int turns = 0; rc >= 0 && turns < TURNS_MAX && !OSSL_STORE_eof(store); turns++) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);
		failed |= !info && OSSL_STORE_error(store); /* over what is none of ours, or the end of a file: more may follow */
		if (info && OSSL_STORE_INFO_get_type(info) == w->type)
			rc = w->take(ssl, info, taken);
		taken += rc > 0;
		rc = rc > 0 ? 0 : rc;
		OSSL_STORE_INFO_free(info);
	}
	return rc < 0 || (failed && taken == 0) ? -1 : taken;
}

static int load(SSL_CTX *ssl, const struct mqttwill_tls *settings, const struct wanted *w, struct pipe_error *error)
{
	struct asker    a = {.settings = settings, .uri = w->uri};
	UI_METHOD      *method = asking();
	OSSL_STORE_CTX *store = method ? OSSL_STORE_open(w->uri, method, &a, NULL, NULL) : NULL;
	if (store)
		OSSL_STORE_expect(store, w->type);
	int taken = store ? take_all(ssl, w, store) : -1;
	if (store)
		OSSL_STORE_close(store);
	UI_destroy_method(method);
	if (a.refused)
		pipe_fail(error, MQTTWILL_EOPTION, "option tls.%s: %.120s: it needs a passphrase, and %s", w->option, w->uri,
		          settings->passphrase_fn ? "passphrase_fn gives none" : "there is no passphrase_fn");
	else if (taken < 0 && ERR_peek_error())
		pipe_fail(error, MQTTWILL_EOPTION, "option tls.%s: %.120s: %s", w->option, w->uri, tls_reason());
	else if (taken <= 0)
		pipe_fail(error, MQTTWILL_EOPTION, "option tls.%s: %.120s: there is no %s", w->option, w->uri, w->what);
	ERR_clear_error();
	return a.refused || taken <= 0 ? error->code : 0;
}

int tls_step_store(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	bool        own = settings->key_uri || settings->key_file || settings->key_pem;
	const char *key = own ? settings->key_uri : settings->cert_uri;
	const struct wanted wanted[] = {
		{"cert_uri", "certificate", settings->cert_uri, OSSL_STORE_INFO_CERT, take_certificate},
		{own ? "key_uri" : "cert_uri", "private key", key, OSSL_STORE_INFO_PKEY, take_key},
	};
	int rc = 0;
	ERR_clear_error();
	for (size_t i = 0; rc == 0 && i < sizeof wanted / sizeof wanted[0]; i++)
		if (wanted[i].uri)
			rc = load(ssl, settings, &wanted[i], error);
	return rc;
}
