/* SPDX-License-Identifier: MIT */
/*
 * A pre-shared key instead of certificates: a server that cannot prove that it knows the key is not accepted, whatever
 * certificate it has. OpenSSL asks the one callback for TLS 1.2 and, with SHA-256, for TLS 1.3.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <string.h>

/* Without those where the key alone is not enough (RSA), and without what TLS 1.2 had left over from before. */
static const char ciphers[] = "kECDHEPSK:kDHEPSK:kPSK:!eNULL:!SHA1:!CAMELLIA:!ARIA";

static unsigned give(SSL *ssl, const char *hint, char *identity, unsigned identity_size, unsigned char *psk, unsigned size)
{
	const struct tls *t = tls_of_ssl(ssl);
	(void)hint;
	if (!t || !t->context->settings.psk)
		return 0;
	const struct mqttwill_tls *settings = &t->context->settings;
	size_t                     n = strlen(settings->psk_identity);
	if (n >= identity_size || settings->psk_len > size)
		return 0;
	memcpy(identity, settings->psk_identity, n + 1);
	memcpy(psk, settings->psk, settings->psk_len);
	return (unsigned)settings->psk_len;
}

static int refuse_certificate(X509_STORE_CTX *verification, void *unused)
{
	(void)unused;
	X509_STORE_CTX_set_error(verification, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

int tls_step_psk_sizes(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	size_t n = settings->psk ? strlen(settings->psk_identity) : 0;
	(void)ssl;
	if (!settings->psk)
		return 0;
	if (n < 1 || n >= PSK_MAX_IDENTITY_LEN)
		return pipe_fail(error, MQTTWILL_EOPTION, "option tls.psk_identity: %zu bytes are not from 1 to %d", n, PSK_MAX_IDENTITY_LEN - 1);
	if (settings->psk_len > PSK_MAX_PSK_LEN)
		return pipe_fail(error, MQTTWILL_EOPTION, "option tls.psk_len: %zu is more than OpenSSL's %d", settings->psk_len, PSK_MAX_PSK_LEN);
	return 0;
}

int tls_step_psk(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	if (!settings->psk)
		return 0;
	if (!settings->ciphers && !SSL_CTX_set_cipher_list(ssl, ciphers))
		return pipe_fail(error, MQTTWILL_EUNSUPPORTED, "option tls.psk: this OpenSSL has no ciphers for it");
	SSL_CTX_set_psk_client_callback(ssl, give);
	SSL_CTX_set_cert_verify_callback(ssl, refuse_certificate, NULL);
	return 0;
}

/* The key took part: TLS 1.3 tells it as a resumption, TLS 1.2 by its cipher. */
static bool was_used(SSL *ssl)
{
	if (SSL_version(ssl) >= TLS1_3_VERSION)
		return SSL_session_reused(ssl);
	return SSL_CIPHER_get_auth_nid(SSL_get_current_cipher(ssl)) == NID_auth_psk;
}

int tls_end_psk(struct tls *t)
{
	if (!t->context->settings.psk || was_used(t->ssl))
		return 0;
	return tls_psk_error(t, "it was not used");
}

int tls_psk_error(struct tls *t, const char *why)
{
	const char *identity = t->context->settings.psk_identity;
	if (SSL_get_verify_result(t->ssl) == X509_V_ERR_APPLICATION_VERIFICATION)
		return pipe_fail(t->pipe.error, MQTTWILL_ECERT,
		                 "tls: %.80s presents a certificate, and only the pre-shared key of \"%.60s\" is accepted", t->host, identity);
	return pipe_fail(t->pipe.error, MQTTWILL_ETLS, "tls: %.80s does not accept the identity \"%.60s\" and its pre-shared key: %.60s",
	                 t->host, identity, why);
}
