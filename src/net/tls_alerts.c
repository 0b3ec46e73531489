/* SPDX-License-Identifier: MIT */
/*
 * The server's alerts in words [RFC 8446, 6.2]. In TLS 1.3 the server looks at the client's certificate after the client has
 * done its part: a refusal may come when the pipe has long been open.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { NAME_SIZE = 80, DATE_SIZE = 32 };

static const struct alert {
	int         number;
	bool        about_us; /* about our certificate */
	const char *words;
} alerts[] = {
	{SSL_AD_HANDSHAKE_FAILURE, false, "has no TLS cipher, group or signature in common with us, or asks for a certificate"},
	{SSL_AD_INSUFFICIENT_SECURITY, false, "asks for stronger ciphers"},
	{SSL_AD_UNRECOGNIZED_NAME, false, "has no certificate for the name that it is asked for"},
	{SSL_AD_NO_APPLICATION_PROTOCOL, false, "does not speak the protocol that ALPN offers"},
	{SSL_AD_UNKNOWN_PSK_IDENTITY, false, "does not know the identity of the pre-shared key"},
	{SSL_AD_DECRYPT_ERROR, false, "found a wrong signature or a wrong pre-shared key"},
	{SSL_AD_BAD_RECORD_MAC, false, "received bytes that were changed on the way, or has another pre-shared key"},
	{SSL_AD_INTERNAL_ERROR, false, "has an error of its own"},
	{SSL_AD_CERTIFICATE_REQUIRED, true, "it asks for another"},
	{SSL_AD_BAD_CERTIFICATE, true, "it is damaged, or not accepted"},
	{SSL_AD_UNSUPPORTED_CERTIFICATE, true, "it is of a kind or for a use that is not accepted"},
	{SSL_AD_CERTIFICATE_REVOKED, true, "it has been revoked"},
	{SSL_AD_CERTIFICATE_EXPIRED, true, "it has expired"},
	{SSL_AD_CERTIFICATE_UNKNOWN, true, "it is not accepted"},
	{SSL_AD_UNKNOWN_CA, true, "its authority is not trusted there"},
	{SSL_AD_ACCESS_DENIED, true, "it has no access"},
};

/* Which certificate was refused, and what of its dates we can see ourselves. */
static void put_own(char *out, size_t size, X509 *own)
{
	char date[DATE_SIZE] = "", name[NAME_SIZE];
	tls_put_name(name, sizeof name, X509_get_subject_name(own));
	if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0)
		tls_put_date(date, sizeof date, X509_get0_notAfter(own));
	snprintf(out, size, " (%s%s%s)", name, date[0] ? ", valid until " : "", date);
}

/* Once bytes have come the handshake is over for the server, too. */
static int code(const struct tls *t, int in_handshake)
{
	return t->heard ? MQTTWILL_ELOST : in_handshake;
}

static int refused(struct tls *t, const struct alert *a)
{
	char  own[NAME_SIZE + DATE_SIZE + 20] = "";
	X509 *certificate = SSL_get_certificate(t->ssl);
	if (certificate)
		put_own(own, sizeof own, certificate);
	return pipe_fail(t->pipe.error, code(t, MQTTWILL_ECERT), "tls: %.80s refused our certificate%s: %s", t->host, own, a->words);
}

/* TLS 1.2 has no word for a certificate that is missing. */
static bool asked_in_vain(const struct tls *t, int number)
{
	const unsigned char *types;
	if (SSL_get_certificate(t->ssl))
		return false;
	return number == SSL_AD_CERTIFICATE_REQUIRED || (number == SSL_AD_HANDSHAKE_FAILURE && SSL_get0_certificate_types(t->ssl, &types) > 0);
}

static int alerted(struct tls *t, int number)
{
	if (asked_in_vain(t, number))
		return pipe_fail(t->pipe.error, code(t, MQTTWILL_ECERT), "tls: %.80s asks for a certificate, and none is set (cert_file)", t->host);
	for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
		if (alerts[i].number != number)
			continue;
		if (alerts[i].about_us)
			return refused(t, &alerts[i]);
		return pipe_fail(t->pipe.error, code(t, MQTTWILL_ETLS), "tls: %.80s %s", t->host, alerts[i].words);
	}
	return pipe_fail(t->pipe.error, code(t, MQTTWILL_ETLS), "tls: %.80s sent the alert \"%s\"", t->host,
	                 SSL_alert_desc_string_long(number));
}

/* ---- What OpenSSL found itself ---- */

static const char *versions(const struct tls *t)
{
	bool newest = t->context->settings.max_version != MQTTWILL_TLS_1_2;
	if (SSL_get_min_proto_version(t->ssl) >= TLS1_3_VERSION)
		return "TLS 1.3";
	return newest ? "TLS 1.2 or later" : "TLS 1.2";
}

static const struct {
	int         reason;
	const char *words;
} reasons[] = {
	{SSL_R_DH_KEY_TOO_SMALL, "has a Diffie-Hellman group that is too small"},
	{SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, "does not know secure renegotiation [RFC 5746]"},
	{SSL_R_WRONG_SIGNATURE_TYPE, "signs in a way that is too weak, or was not offered"},
	{SSL_R_WRONG_CIPHER_RETURNED, "chose a cipher that was not offered"},
};

int tls_known_error(struct tls *t)
{
	unsigned long e = ERR_peek_last_error();
	int           reason = ERR_GET_REASON(e);
	if (!e || ERR_GET_LIB(e) != ERR_LIB_SSL)
		return 0;
	if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_AD_REASON_OFFSET + SSL_AD_PROTOCOL_VERSION)
		return pipe_fail(t->pipe.error, MQTTWILL_ETLS, "tls: %.80s does not speak %s", t->host, versions(t));
	if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
		return alerted(t, reason - SSL_AD_REASON_OFFSET);
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].reason == reason)
			return pipe_fail(t->pipe.error, code(t, MQTTWILL_ETLS), "tls: %.80s %s", t->host, reasons[i].words);
	return 0;
}
