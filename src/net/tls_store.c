/* SPDX-License-Identifier: MIT */
/*
 * The client's certificate and key from an OpenSSL store: a TPM, a smart card, a file; what the URI's scheme says, by the providers that
 * OpenSSL's configuration loads. A passphrase comes from the caller or not at all: nothing is ever asked at a terminal.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>

enum { PASSPHRASE_SIZE = 1024, OBJECTS = 1000 };

/* ---- Passphrases ---- */

static int answer(UI *ui, UI_STRING *question)
{
	enum UI_string_types kind = UI_get_string_type(question);
	char                 text[PASSPHRASE_SIZE + 1];
	if (kind != UIT_PROMPT && kind != UIT_VERIFY)
		return kind != UIT_BOOLEAN; /* the rest only informs */
	int  n = tls_passphrase(text, PASSPHRASE_SIZE, 0, UI_get0_user_data(ui));
	bool given = n >= 0;
	text[given ? n : 0] = 0;
	given = given && UI_set_result(ui, question, text) == 0;
	OPENSSL_cleanse(text, sizeof text);
	return given;
}

static UI_METHOD *asking(void)
{
	UI_METHOD *m = UI_create_method("mqttwill passphrase");
	if (m)
		UI_method_set_reader(m, answer);
	return m;
}

/* ---- Loading ---- */

/* What is looked for, and where it goes. */
struct search {
	struct tls_source          from;
	const char                *what;
	int                        type; /* OSSL_STORE_INFO_... */
	SSL_CTX                   *ssl;
	const struct mqttwill_tls *settings;
	EVP_PKEY                  *key;   /* found */
	int                        found;
};

/* The client's own is the first, those between it and the root follow; of keys the first is taken. */
static bool take(struct search *s, OSSL_STORE_INFO *info)
{
	bool first = s->found++ == 0;
	if (s->type == OSSL_STORE_INFO_PKEY) {
		s->key = first ? OSSL_STORE_INFO_get1_PKEY(info) : s->key;
		return s->key != NULL;
	}
	X509 *x = OSSL_STORE_INFO_get0_CERT(info);
	return first ? SSL_CTX_use_certificate(s->ssl, x) == 1 : SSL_CTX_add1_chain_cert(s->ssl, x) == 1;
}

/* The end of a store is told as an error, too, but leaves none in the queue. What is not looked for may not be understood. */
static bool is_harmless(unsigned long e)
{
#ifdef ERR_R_UNSUPPORTED
	return !e || ERR_GET_REASON(e) == ERR_R_UNSUPPORTED;
#else
	return !e;
#endif
}

static bool take_all(struct search *s, OSSL_STORE_CTX *store)
{
	bool ok = true;
	for (int i = 0; ok && i < OBJECTS && !OSSL_STORE_eof(store); i++) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);
		if (!info)
			ok = is_harmless(ERR_peek_last_error());
		else if (OSSL_STORE_INFO_get_type(info) == s->type)
			ok = take(s, info);
		OSSL_STORE_INFO_free(info);
	}
	return ok;
}

static int judge(struct search *s, bool ok, const struct tls_passphrase *p, struct pipe_error *error)
{
	char        text[80];
	const char *problem = ok && s->found ? NULL : tls_passphrase_problem(p);
	snprintf(text, sizeof text, "there is no %s in it", s->what);
	if (!problem && !ok)
		problem = tls_reason();
	if (!problem && !s->found)
		problem = text;
	if (problem)
		return tls_source_fail(&s->from, error, problem, 0);
	return s->key ? tls_use_key(s->ssl, s->key, &s->from, s->settings, error) : 0;
}

static int search(struct search *s, struct pipe_error *error)
{
	struct tls_passphrase p = {.settings = s->settings, .what = s->from.path};
	UI_METHOD            *method = asking();
	ERR_clear_error();
	OSSL_STORE_CTX *store = method ? OSSL_STORE_open(s->from.path, method, &p, NULL, NULL) : NULL;
	if (store)
		OSSL_STORE_expect(store, s->type);
	bool ok = store && take_all(s, store);
	int  rc = judge(s, ok, &p, error);
	EVP_PKEY_free(s->key);
	if (store)
		OSSL_STORE_close(store);
	UI_destroy_method(method);
	ERR_clear_error();
	return rc;
}

int tls_step_store(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	bool          elsewhere = settings->key_file || settings->key_pem;
	const char   *key = settings->key_uri ? settings->key_uri : elsewhere ? NULL : settings->cert_uri;
	struct search searches[] = {
		{{.option = "cert_uri", .path = settings->cert_uri}, "certificate", OSSL_STORE_INFO_CERT, ssl, settings, NULL, 0},
		{{.option = settings->key_uri ? "key_uri" : "cert_uri", .path = key}, "private key", OSSL_STORE_INFO_PKEY, ssl, settings, NULL, 0},
	};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof searches / sizeof searches[0]; i++)
		if (searches[i].from.path)
			rc = search(&searches[i], error);
	return rc;
}
