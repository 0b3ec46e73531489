/* SPDX-License-Identifier: MIT */
/*
 * Pinned public keys, as in RFC 7469: SHA-256 of the SubjectPublicKeyInfo of the server's own certificate. They are checked beside
 * all else: when the certificate comes, so that nothing of ours is told to another, and again at the end, for a resumed session.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

enum { SHA256_SIZE = 32, BASE64_SIZE = 44 };

#define PREFIX "sha256//"

static bool is_pin(const char *text)
{
	unsigned char bytes[BASE64_SIZE], again[BASE64_SIZE + 1];
	size_t        prefix = strlen(PREFIX);
	if (strncmp(text, PREFIX, prefix) != 0 || strlen(text) != prefix + BASE64_SIZE)
		return false;
	if (EVP_DecodeBlock(bytes, (const unsigned char *)text + prefix, BASE64_SIZE) != SHA256_SIZE + 1)
		return false;
	EVP_EncodeBlock(again, bytes, SHA256_SIZE);
	return memcmp(again, text + prefix, BASE64_SIZE) == 0;
}

int tls_step_pins(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	(void)ssl;
	if (settings->pin_count && settings->psk)
		return pipe_fail(error, MQTTWILL_EOPTION, "option tls.pins: they are set beside psk, where there is no certificate");
	for (size_t i = 0; i < settings->pin_count; i++)
		if (!is_pin(settings->pins[i]))
			return pipe_fail(error, MQTTWILL_EOPTION,
			                 "option tls.pins[%zu]: \"%.60s\" is no pin: \"" PREFIX "\" and the base64 of 32 bytes", i, settings->pins[i]);
	return 0;
}

bool tls_pin_of(const X509 *certificate, char pin[TLS_PIN_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE], *spki = NULL;
	int           n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
	bool          ok = n > 0 && EVP_Digest(spki, (size_t)n, digest, NULL, EVP_sha256(), NULL);
	OPENSSL_free(spki);
	if (!ok)
		return false;
	memcpy(pin, PREFIX, strlen(PREFIX));
	EVP_EncodeBlock((unsigned char *)pin + strlen(PREFIX), digest, SHA256_SIZE);
	return true;
}

bool tls_is_pinned(const struct tls *t, const X509 *certificate, char pin[TLS_PIN_SIZE])
{
	const struct mqttwill_tls *s = &t->context->settings;
	bool                       found = s->pin_count == 0;
	pin[0] = 0;
	if (found || !certificate || !tls_pin_of(certificate, pin))
		return found;
	for (size_t i = 0; i < s->pin_count; i++)
		found |= strcmp(s->pins[i], pin) == 0;
	return found;
}

int tls_end_pins(struct tls *t)
{
	char  pin[TLS_PIN_SIZE];
	X509 *certificate = SSL_get_peer_certificate(t->ssl);
	bool  pinned = tls_is_pinned(t, certificate, pin);
	X509_free(certificate);
	if (pinned)
		return 0;
	if (!certificate)
		return pipe_fail(t->pipe.error, MQTTWILL_ECERT, "tls: %s showed no certificate, and its public key must be one that is pinned", t->host);
	return pipe_fail(t->pipe.error, MQTTWILL_ECERT, "tls: the public key of %s is not one that is pinned: it is %s", t->host, pin);
}
