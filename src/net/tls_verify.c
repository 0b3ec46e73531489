/* SPDX-License-Identifier: MIT */
/*
 * The verification of the server's certificate. OpenSSL does it; here are the switches that are stricter than its own, the
 * insecure ones, and the moment when what it found is put into a sentence.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * OpenSSL takes some certificates without basic constraints for those of authorities (X509_check_ca() above 1). The trusted ones
 * may be so old; what the server sends may not.
 */
static bool are_authorities(X509_STORE_CTX *x)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(x);
	int sent = X509_STORE_CTX_get_num_untrusted(x);
	for (int i = 1; i < sent && i < sk_X509_num(chain); i++) {
		if (X509_check_ca(sk_X509_value(chain, i)) == 1)
			continue;
		X509_STORE_CTX_set_error_depth(x, i);
		X509_STORE_CTX_set_current_cert(x, sk_X509_value(chain, i));
		X509_STORE_CTX_set_error(x, X509_V_ERR_INVALID_CA);
		return false;
	}
	return true;
}

static bool is_trusted(const struct tls *t, X509_STORE_CTX *x)
{
	if (t->context->settings.insecure_any_certificate) {
		X509_STORE_CTX_set_error(x, X509_V_OK);
		return true;
	}
	return X509_verify_cert(x) == 1 && are_authorities(x);
}

static char *not_pinned(const struct tls *t, const char *pin)
{
	char text[sizeof((struct pipe_error *)0)->text];
	snprintf(text, sizeof text, "tls: the public key of %.100s is not one that is pinned: it is %s", t->host, pin);
	return strdup(text);
}

static int verify(X509_STORE_CTX *x, void *nothing)
{
	struct tls *t = tls_of_ssl(X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx()));
	char        pin[TLS_PIN_SIZE];
	(void)nothing;
	free(t->verdict);
	t->verdict = NULL;
	tls_crl_lend(t->ssl, x);
	if (!is_trusted(t, x)) {
		t->verdict = tls_verdict(t, x);
		return 0;
	}
	if (tls_is_pinned(t, X509_STORE_CTX_get0_cert(x), pin))
		return 1;
	X509_STORE_CTX_set_error(x, X509_V_ERR_APPLICATION_VERIFICATION);
	t->verdict = not_pinned(t, pin);
	return 0;
}

int tls_step_verify(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ssl);
	bool               own = settings->ca_file || settings->ca_dir || settings->ca_pem;
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ssl, verify, NULL);
	/* what the caller names is trusted, be it a root, an authority below one, or the server's own certificate */
	if (X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER) &&
	    X509_VERIFY_PARAM_set_flags(param, own ? X509_V_FLAG_PARTIAL_CHAIN : 0))
		return 0;
	return pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for the verification");
}
