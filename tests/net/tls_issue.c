/* SPDX-License-Identifier: MIT */
/*
 * An authority for the tests.
 */
#include "net/tls_issue.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Keys ---- */

static EVP_PKEY *generate(enum key_kind kind)
{
	EVP_PKEY     *key = NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(kind == EC_KEY_P256 ? EVP_PKEY_EC : EVP_PKEY_RSA, NULL);
	ck_assert_int_eq(EVP_PKEY_keygen_init(c), 1);
	if (kind == EC_KEY_P256)
		EVP_PKEY_CTX_set_ec_paramgen_curve_nid(c, NID_X9_62_prime256v1);
	else
		EVP_PKEY_CTX_set_rsa_keygen_bits(c, kind == RSA_KEY_1024 ? 1024 : 2048);
	ck_assert_int_eq(EVP_PKEY_keygen(c, &key), 1);
	EVP_PKEY_CTX_free(c);
	return key;
}

EVP_PKEY *test_key(int number, enum key_kind kind)
{
	static EVP_PKEY *keys[CHAIN_MOST][KEY_KINDS];
	if (!keys[number][kind])
		keys[number][kind] = generate(kind);
	return keys[number][kind];
}

/* ---- Certificates ---- */

static void extend(X509 *x, int nid, const char *value)
{
	X509V3_CTX c;
	if (!value)
		return;
	X509V3_set_ctx_nodb(&c);
	X509V3_set_ctx(&c, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
	ck_assert_msg(e && X509_add_ext(x, e, -1), "%s", value);
	X509_EXTENSION_free(e);
}

static X509 *make(const struct issue *what, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	static long serial;
	X509       *x = X509_new();
	X509_set_version(x, what->version_1 ? 0 : 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	ASN1_TIME_set_string(X509_getm_notBefore(x), what->from ? what->from : "20200101000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), what->until ? what->until : "20491231235959Z");
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const unsigned char *)what->name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	extend(x, NID_subject_alt_name, what->san);
	extend(x, NID_basic_constraints, what->constraints);
	extend(x, NID_key_usage, what->key_usage);
	extend(x, NID_ext_key_usage, what->usage);
	extend(x, NID_name_constraints, what->names);
	ck_assert_int_gt(X509_sign(x, issuer_key, EVP_get_digestbyname(what->digest ? what->digest : "SHA256")), 0);
	return x;
}

void issue_chain(struct chain *chain, const struct issue *what)
{
	*chain = (struct chain){.count = 0};
	for (int i = 0; i < CHAIN_MOST && what[i].name; i++) {
		EVP_PKEY *key = chain->key[i] = test_key(i, what[i].kind);
		X509     *issuer = i ? chain->certificate[i - 1] : NULL;
		chain->certificate[i] = make(&what[i], key, issuer, i ? chain->key[i - 1] : key);
		chain->count++;
	}
}

void free_chain(struct chain *chain)
{
	for (int i = 0; i < chain->count; i++)
		X509_free(chain->certificate[i]);
}

/* ---- Text ---- */

static char *append(char *text, BIO *bio)
{
	char  *more;
	size_t n = (size_t)BIO_get_mem_data(bio, &more), before = text ? strlen(text) : 0;
	text = realloc(text, before + n + 1);
	memcpy(text + before, more, n);
	text[before + n] = 0;
	BIO_free(bio);
	return text;
}

char *add_certificate(char *text, X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, certificate);
	return append(text, bio);
}

char *add_key(char *text, EVP_PKEY *key, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int  n = passphrase ? (int)strlen(passphrase) : 0;
	PEM_write_bio_PKCS8PrivateKey(bio, key, passphrase ? EVP_aes_128_cbc() : NULL, passphrase, n, NULL, NULL);
	return append(text, bio);
}

void write_file(char *path, const char *text)
{
	if (strstr(path, "XXXXXX"))
		close(mkstemp(path));
	FILE *f = fopen(path, "w");
	ck_assert(f && fputs(text, f) >= 0);
	fclose(f);
}
