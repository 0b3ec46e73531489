/* SPDX-License-Identifier: MIT */
/*
 * The client's own certificate and key. OpenSSL would ask the terminal for a passphrase where no function is set; here one always is.
 */
#include "net/tls_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

int tls_passphrase(char *buf, int size, int writing, void *asked)
{
	struct tls_passphrase *p = asked;
	const struct mqttwill_tls *s = p->settings;
	(void)writing;
	p->asked = true;
	p->rc = s->passphrase_fn ? s->passphrase_fn(s->user, p->what, buf, (size_t)size) : MQTTWILL_EOPTION;
	if (p->rc > size)
		p->rc = MQTTWILL_EINVAL;
	return p->rc < 0 ? -1 : p->rc;
}

const char *tls_passphrase_problem(const struct tls_passphrase *p)
{
	if (!p->asked)
		return NULL;
	if (!p->settings->passphrase_fn)
		return "it is encrypted, and no passphrase_fn is set";
	return p->rc < 0 ? "passphrase_fn gave no passphrase for it" : "the passphrase does not open it";
}

/* ---- The certificate ---- */

static bool use(void *to, X509 *x, int index)
{
	SSL_CTX *ssl = to;
	return index == 0 ? SSL_CTX_use_certificate(ssl, x) == 1 : SSL_CTX_add1_chain_cert(ssl, x) == 1;
}

/* ---- The key ---- */

static struct tls_source certificate_source(const struct mqttwill_tls *s)
{
	if (s->cert_file)
		return (struct tls_source){.option = "cert_file", .path = s->cert_file};
	return (struct tls_source){.option = "cert_pem", .text = s->cert_pem, .len = s->cert_pem_len};
}

static struct tls_source key_source(const struct mqttwill_tls *s)
{
	if (s->key_file)
		return (struct tls_source){.option = "key_file", .path = s->key_file};
	if (s->key_pem)
		return (struct tls_source){.option = "key_pem", .text = s->key_pem, .len = s->key_pem_len};
	return certificate_source(s);
}

/* OpenSSL 3 has but one word for a file without a key and for one that is damaged. */
static bool has_key(BIO *bio)
{
	static const char end[] = "PRIVATE KEY-----";
	char             *text;
	long              n = BIO_get_mem_data(bio, &text), length = (long)sizeof end - 1;
	bool              found = false;
	for (long i = 0; !found && i + length <= n; i++)
		found = memcmp(text + i, end, (size_t)length) == 0;
	return found;
}

static int no_key(const struct tls_source *from, const struct tls_passphrase *p, bool there, struct pipe_error *error)
{
	const char *problem = tls_passphrase_problem(p);
	char        text[120];
	if (!problem && !there)
		problem = from->option[0] == 'k' ? "there is no private key in it"
		                                 : "there is no private key in it, and none is given beside it (key_file, key_pem)";
	if (!problem)
		snprintf(text, sizeof text, "its private key cannot be read: %.60s", tls_reason());
	return tls_source_fail(from, error, problem ? problem : text, 0);
}

int tls_use_key(SSL_CTX *ssl, EVP_PKEY *key, const struct tls_source *from, const struct mqttwill_tls *s, struct pipe_error *error)
{
	const char *with = s->cert_file ? s->cert_file : s->cert_uri ? s->cert_uri : "cert_pem";
	X509       *own = SSL_CTX_get0_certificate(ssl);
	if (own && X509_check_private_key(own, key) && SSL_CTX_use_PrivateKey(ssl, key))
		return 0;
	char text[160];
	bool other = own && !X509_check_private_key(own, key);
	snprintf(text, sizeof text, "it is not the key of the certificate in %.100s", with);
	return tls_source_fail(from, error, other ? text : tls_reason(), 0);
}

static int load_key(SSL_CTX *ssl, const struct tls_source *from, const struct mqttwill_tls *s, struct pipe_error *error)
{
	struct tls_passphrase p = {.settings = s, .what = from->path ? from->path : from->option};
	BIO                  *bio = tls_source_open(from, error);
	if (!bio)
		return error->code;
	ERR_clear_error();
	bool      there = has_key(bio);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, tls_passphrase, &p);
	int       rc = key ? tls_use_key(ssl, key, from, s, error) : no_key(from, &p, there, error);
	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return rc;
}

int tls_step_certificate(SSL_CTX *ssl, const struct mqttwill_tls *s, struct pipe_error *error)
{
	struct tls_source from = certificate_source(s);
	return s->cert_file || s->cert_pem ? tls_source_certificates(&from, use, ssl, error) : 0;
}

int tls_step_key(SSL_CTX *ssl, const struct mqttwill_tls *s, struct pipe_error *error)
{
	struct tls_source from = key_source(s);
	bool              here = s->key_file || s->key_pem || (!s->key_uri && (s->cert_file || s->cert_pem));
	return here ? load_key(ssl, &from, s, error) : 0;
}
