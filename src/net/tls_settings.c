/* SPDX-License-Identifier: MIT */
/*
 * Versions, ciphers, groups, and what no setting changes. The system's openssl.cnf may make all this stricter, never weaker.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

enum { LEVEL = 2, WORD_SIZE = 80 };

#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF /* OpenSSL 3 */
#define NEWER_WEAKNESSES (SSL_OP_NO_EXTENDED_MASTER_SECRET | SSL_OP_IGNORE_UNEXPECTED_EOF)
#else
#define NEWER_WEAKNESSES 0
#endif

/* ---- What no setting changes ---- */

int tls_step_base(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	(void)settings;
	(void)error;
	if (SSL_CTX_get_security_level(ssl) < LEVEL)
		SSL_CTX_set_security_level(ssl, LEVEL);
	SSL_CTX_clear_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | NEWER_WEAKNESSES);
	/* without renegotiation reading never waits for writing, nor the reverse */
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* a buffer may move between two tries of a write, and an idle connection keeps none */
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	return 0;
}

/* ---- Versions ---- */

static int version_of(uint32_t version)
{
	return version == MQTTWILL_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

int tls_step_versions(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	long least = SSL_CTX_get_min_proto_version(ssl), most = SSL_CTX_get_max_proto_version(ssl);
	if (settings->min_version || least < TLS1_2_VERSION)
		least = version_of(settings->min_version);
	if (settings->max_version)
		most = version_of(settings->max_version);
	if (most < least)
		most = 0; /* the newest */
	if (SSL_CTX_set_min_proto_version(ssl, (int)least) && SSL_CTX_set_max_proto_version(ssl, (int)most))
		return 0;
	return pipe_fail(error, MQTTWILL_EOPTION, "option tls.min_version: this OpenSSL has no such version: %s", tls_reason());
}

/* ---- Ciphers ---- */

/* Forward secrecy and authenticated encryption: what browsers have. With a pre-shared key tls_step_psk() has its own. */
#define DEFAULT_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AESCCM:!AESCCM8:!aNULL:!PSK:!DSS"

/* Does the list of one word mean anything to this OpenSSL? */
typedef bool known(SSL_CTX *scratch, const char *word);

static bool is_ciphers(SSL_CTX *scratch, const char *word)
{
	return strchr("!-+@", word[0]) || SSL_CTX_set_cipher_list(scratch, word);
}

static bool is_suite(SSL_CTX *scratch, const char *word)
{
	STACK_OF(SSL_CIPHER) * have;
	bool found = false;
	if (!SSL_CTX_set_ciphersuites(scratch, word))
		return false;
	have = SSL_CTX_get_ciphers(scratch);
	for (int i = 0; i < sk_SSL_CIPHER_num(have); i++)
		found |= strcasecmp(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(have, i)), word) == 0;
	return found;
}

static bool is_group(SSL_CTX *scratch, const char *word)
{
	return SSL_CTX_set1_groups_list(scratch, word);
}

/*
 * OpenSSL ignores a word that it does not know where another one in the list is good: a cipher that was wanted would be missing
 * without a word. So each is tried by itself. `bad` gets the first that means nothing; false: there is none.
 */
static bool find_unknown(const char *list, const char *between, known *is_known, char bad[WORD_SIZE])
{
	SSL_CTX *scratch = SSL_CTX_new(TLS_client_method());
	bool     found = false;
	for (list += strspn(list, between); scratch && *list && !found; list += strspn(list, between)) {
		size_t n = strcspn(list, between), kept = n < WORD_SIZE ? n : WORD_SIZE - 1;
		memcpy(bad, list, kept);
		bad[kept] = 0;
		found = kept < n || !is_known(scratch, bad);
		list += n;
	}
	SSL_CTX_free(scratch);
	ERR_clear_error();
	return found;
}

static int check_list(const char *option, const char *list, const char *between, known *is_known, struct pipe_error *error)
{
	char bad[WORD_SIZE];
	if (!list || !find_unknown(list, between, is_known, bad))
		return 0;
	return pipe_fail(error, MQTTWILL_EOPTION, "option tls.%s: \"%s\" is nothing that this OpenSSL has%s", option, bad,
	                 is_known == is_ciphers && strncmp(bad, "TLS_", 4) == 0 ? "; those of TLS 1.3 go to ciphersuites" : "");
}

static int refused(const char *option, struct pipe_error *error)
{
	return pipe_fail(error, MQTTWILL_EOPTION, "option tls.%s: %s", option, tls_reason());
}

static int set_ciphers(SSL_CTX *ssl, const struct mqttwill_tls *s, struct pipe_error *error)
{
	const char *list = s->ciphers ? s->ciphers : DEFAULT_CIPHERS;
	int         level = SSL_CTX_get_security_level(ssl);
	if (!SSL_CTX_set_cipher_list(ssl, list))
		return refused("ciphers", error);
	if (SSL_CTX_get_security_level(ssl) < LEVEL)
		return pipe_fail(error, MQTTWILL_EOPTION, "option tls.ciphers: it lowers the security level to %d, and %d is the least",
		                 SSL_CTX_get_security_level(ssl), LEVEL);
	if (!s->ciphers)
		SSL_CTX_set_security_level(ssl, level);
	return 0;
}

int tls_step_ciphers(SSL_CTX *ssl, const struct mqttwill_tls *s, struct pipe_error *error)
{
	int rc = check_list("ciphers", s->ciphers, ":, ;", is_ciphers, error);
	if (rc == 0)
		rc = check_list("ciphersuites", s->ciphersuites, ": ", is_suite, error);
	if (rc == 0)
		rc = check_list("groups", s->groups, ":", is_group, error);
	if (rc == 0)
		rc = set_ciphers(ssl, s, error);
	if (rc == 0 && s->ciphersuites && !SSL_CTX_set_ciphersuites(ssl, s->ciphersuites))
		rc = refused("ciphersuites", error);
	if (rc == 0 && s->groups && !SSL_CTX_set1_groups_list(ssl, s->groups))
		rc = refused("groups", error);
	return rc;
}

/* ---- The caller's own ---- */

int tls_step_hook(SSL_CTX *ssl, const struct mqttwill_tls *s, struct pipe_error *error)
{
	int rc = s->ssl_ctx_fn ? s->ssl_ctx_fn(s->user, ssl) : 0;
	if (rc == 0)
		return 0;
	return pipe_fail(error, MQTTWILL_EOPTION, "option tls.ssl_ctx_fn: it returned %d: %s", rc, error_text(rc));
}
