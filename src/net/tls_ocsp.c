/* SPDX-License-Identifier: MIT */
/*
 * The stapled OCSP response, which is looked at when the chain has been verified and before the handshake ends. A resumed
 * handshake has none: the session is kept no longer than the response that came with it holds.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SKEW_S = 300, NO_NEXT_UPDATE_S = 24 * 3600 };

/* What is wrong, or NULL; the words go on with "tls: the OCSP response of NAME ". */
typedef const char *check_fn(struct tls *t, OCSP_BASICRESP *basic);

static const char *signature(struct tls *t, OCSP_BASICRESP *basic)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(t->ssl);
	X509_STORE     *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(t->ssl));
	return OCSP_basic_verify(basic, chain, store, 0) > 0 ? NULL : "is not signed by its authority";
}

/* It names its certificate by hashes of the authority's name and key; which hash is the responder's choice. */
static bool is_for(OCSP_SINGLERESP *single, X509 *leaf, X509 *issuer)
{
	const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
	ASN1_OBJECT       *hash = NULL;
	OCSP_id_get0_info(NULL, &hash, NULL, NULL, (OCSP_CERTID *)(uintptr_t)id);
	const EVP_MD *md = hash ? EVP_get_digestbyobj(hash) : NULL;
	OCSP_CERTID  *ours = md ? OCSP_cert_to_id(md, leaf, issuer) : NULL;
	bool          same = ours && OCSP_id_cmp(ours, (OCSP_CERTID *)(uintptr_t)id) == 0;
	OCSP_CERTID_free(ours);
	return same;
}

static OCSP_SINGLERESP *find(struct tls *t, OCSP_BASICRESP *basic)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(t->ssl);
	X509           *leaf = sk_X509_value(chain, 0);
	X509           *issuer = sk_X509_num(chain) > 1 ? sk_X509_value(chain, 1) : leaf;
	for (int i = 0; leaf && i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		if (is_for(single, leaf, issuer))
			return single;
	}
	return NULL;
}

static time_t generalized(const ASN1_GENERALIZEDTIME *at)
{
	return tls_time((const ASN1_TIME *)at);
}

static const char *status(struct tls *t, OCSP_BASICRESP *basic)
{
	ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL, *revoked = NULL;
	int                   reason;
	OCSP_SINGLERESP      *single = find(t, basic);
	if (!single)
		return "is about another certificate";
	int    verdict = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);
	time_t now = time(NULL);
	if (!this_update || generalized(this_update) > now + SKEW_S)
		return "is not yet valid: is the clock right?";
	t->status_until = (next_update ? generalized(next_update) : generalized(this_update) + NO_NEXT_UPDATE_S) + SKEW_S;
	if (t->status_until < now)
		return "is out of date: the server has not renewed it";
	if (verdict == V_OCSP_CERTSTATUS_REVOKED)
		return "says that its certificate has been revoked";
	return verdict == V_OCSP_CERTSTATUS_GOOD ? NULL : "says that its authority does not know the certificate";
}

static const char *judge(struct tls *t, OCSP_RESPONSE *response)
{
	static check_fn *const checks[] = {signature, status};
	const char            *wrong = NULL;
	if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return "says nothing about it: the responder could not answer";
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
	if (!basic)
		return "cannot be read";
	for (size_t i = 0; !wrong && i < sizeof checks / sizeof checks[0]; i++)
		wrong = checks[i](t, basic);
	OCSP_BASICRESP_free(basic);
	return wrong;
}

static int refuse(struct tls *t, const char *what, const char *wrong)
{
	struct pipe_error why;
	pipe_fail(&why, MQTTWILL_ECERT, "tls: %s %.80s %s", what, t->host, wrong);
	free(t->verdict);
	t->verdict = strdup(why.text);
	return 0;
}

/* OpenSSL's callback: 1 goes on, 0 ends the handshake with an alert. */
static int look(SSL *ssl, void *unused)
{
	const unsigned char *bytes = NULL;
	struct tls          *t = tls_of_ssl(ssl);
	(void)unused;
	long n = SSL_get_tlsext_status_ocsp_resp(ssl, &bytes);
	if (!t || SSL_session_reused(ssl))
		return t != NULL;
	if (!bytes || n <= 0)
		return t->context->settings.ocsp == MQTTWILL_OCSP_REQUIRE
		               ? refuse(t, "the server", "sends no OCSP response, and one is required") : 1;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &bytes, n);
	const char    *wrong = response ? judge(t, response) : "cannot be read";
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
	return wrong ? refuse(t, "the OCSP response of", wrong) : 1;
}

int tls_step_ocsp(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	if (settings->ocsp == MQTTWILL_OCSP_OFF)
		return 0;
	if (settings->insecure_any_certificate)
		return pipe_fail(error, MQTTWILL_EOPTION, "option tls.ocsp: it is set beside insecure_any_certificate, which asks nobody");
	if (settings->psk)
		return pipe_fail(error, MQTTWILL_EOPTION, "option tls.ocsp: it is set beside psk, where there is no certificate");
	SSL_CTX_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
	SSL_CTX_set_tlsext_status_cb(ssl, look);
	return 0;
}
