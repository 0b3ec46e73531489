/* SPDX-License-Identifier: MIT */
/*
 * Revocation lists: every certificate of the chain is looked up. They hang on the SSL_CTX and are lent to each verification;
 * the store of authorities, which others share, does not know them.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int             ex_index = -1;

static void free_lists(void *parent, void *lists, CRYPTO_EX_DATA *all, int index, long number, void *pointer)
{
	(void)parent;
	(void)all;
	(void)index;
	(void)number;
	(void)pointer;
	sk_X509_CRL_pop_free(lists, X509_CRL_free);
}

static int once(void)
{
	pthread_mutex_lock(&lock);
	if (ex_index < 0)
		ex_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_lists);
	int index = ex_index;
	pthread_mutex_unlock(&lock);
	return index;
}

static STACK_OF(X509_CRL) *lists_of(const SSL_CTX *ssl)
{
	int index = once();
	return index < 0 ? NULL : SSL_CTX_get_ex_data(ssl, index);
}

/* All of a file; an error of OpenSSL's, which is in its queue, leaves what was read before. */
static void read_lists(STACK_OF(X509_CRL) *lists, BIO *file)
{
	for (X509_CRL *crl; (crl = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)) != NULL;) {
		if (sk_X509_CRL_push(lists, crl))
			continue;
		X509_CRL_free(crl);
		return;
	}
}

static int load(STACK_OF(X509_CRL) *lists, const char *name, struct pipe_error *error)
{
	struct tls_source from = {.option = "crl_file", .path = name};
	BIO              *file = tls_source_open(&from, error);
	char              text[100];
	if (!file)
		return error->code;
	ERR_clear_error();
	read_lists(lists, file);
	BIO_free(file);
	unsigned long e = ERR_peek_last_error();
	int           count = sk_X509_CRL_num(lists);
	bool          end = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
	snprintf(text, sizeof text, "list %d: %s", count + 1, tls_reason());
	if (end && count)
		return 0;
	return tls_source_fail(&from, error, end ? "there is no revocation list in it" : text, 0);
}

int tls_step_crl(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	if (!settings->crl_file)
		return 0;
	if (settings->insecure_any_certificate)
		return pipe_fail(error, MQTTWILL_EOPTION, "option tls.crl_file: it is set beside insecure_any_certificate, which looks nothing up");
	int                 index = once();
	STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
	if (index < 0 || !lists || !SSL_CTX_set_ex_data(ssl, index, lists)) {
		sk_X509_CRL_free(lists);
		ERR_clear_error();
		return pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for the revocation lists");
	}
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return load(lists, settings->crl_file, error);
}

void tls_crl_lend(const SSL *ssl, X509_STORE_CTX *verification)
{
	STACK_OF(X509_CRL) *lists = lists_of(SSL_get_SSL_CTX(ssl));
	if (lists)
		X509_STORE_CTX_set0_crls(verification, lists);
}

X509_CRL *tls_crl_of(const SSL *ssl, const X509 *certificate)
{
	STACK_OF(X509_CRL) *lists = lists_of(SSL_get_SSL_CTX(ssl));
	for (int i = 0; i < sk_X509_CRL_num(lists); i++)
		if (X509_NAME_cmp(X509_CRL_get_issuer(sk_X509_CRL_value(lists, i)), X509_get_issuer_name(certificate)) == 0)
			return sk_X509_CRL_value(lists, i);
	return NULL;
}

time_t tls_crl_until(const SSL *ssl, time_t until)
{
	STACK_OF(X509_CRL) *lists = lists_of(SSL_get_SSL_CTX(ssl));
	for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
		const ASN1_TIME *next = X509_CRL_get0_nextUpdate(sk_X509_CRL_value(lists, i));
		time_t           at = next ? tls_time(next) : until;
		until = at < until ? at : until;
	}
	return until;
}
