/* SPDX-License-Identifier: MIT */
/*
 * The client's own certificate and key: from files and memory, with and without passphrase, wrong in every way; and what is
 * told of a server that refuses it.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/suites.h"

#ifdef HAVE_OPENSSL

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/tls_issue.h"
#include "net/tls_scene.h"

static const struct issue ours[CHAIN_MOST] = {
	{.name = "Devices", .constraints = "critical,CA:TRUE"},
	{.name = "Floor", .constraints = "critical,CA:TRUE"},
	{.name = "lamp", .usage = "clientAuth"},
};

/* A server that asks for a certificate, and a client that has one. */
struct meeting {
	struct tls_scene sc;
	struct chain     chain;
	char             cert_file[32], key_file[32];
	char            *cert, *key;
	int              asked; /* how often for the passphrase, and for what */
	char             what[40];
	const char      *passphrase;
};

static void meeting_init(struct meeting *m, const struct issue *what, int version)
{
	memset(m, 0, sizeof *m);
	strcpy(m->cert_file, "/tmp/tls_cert.XXXXXX");
	strcpy(m->key_file, "/tmp/tls_key.XXXXXX");
	tls_scene_init(&m->sc, version);
	issue_chain(&m->chain, what);
	int last = m->chain.count - 1;
	for (int i = last; i > 0; i--)
		m->cert = add_certificate(m->cert, m->chain.certificate[i]);
	m->key = add_key(NULL, m->chain.key[last], NULL);
	write_file(m->cert_file, m->cert);
	write_file(m->key_file, m->key);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(m->sc.server), m->chain.certificate[0]);
	SSL_CTX_set_verify(m->sc.server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static void meeting_fini(struct meeting *m)
{
	tls_scene_fini(&m->sc);
	free_chain(&m->chain);
	unlink(m->cert_file);
	unlink(m->key_file);
	free(m->cert);
	free(m->key);
}

static void replace(char **text, char *other)
{
	free(*text);
	*text = other;
}

/* The whole handshake, with a word from the server at its end: with TLS 1.3 it is only then that it has accepted the certificate. */
static int met(struct meeting *m)
{
	char byte;
	tls_scene_connect(&m->sc);
	int rc = tls_scene_open(&m->sc);
	if (rc)
		return rc;
	SSL_do_handshake(m->sc.below.server);
	SSL_write(m->sc.below.server, "s", 1);
	ERR_clear_error();
	return (int)m->sc.tls->ops->read(m->sc.tls, &byte, 1);
}

static const char *client_seen(struct meeting *m)
{
	static char name[40];
	X509       *x = SSL_get_peer_certificate(m->sc.below.server);
	ck_assert(x != NULL);
	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof name);
	X509_free(x);
	return name;
}

static void is_refused(struct meeting *m, const char *format, const char *name)
{
	char                text[400];
	struct tls_context *context = NULL;
	snprintf(text, sizeof text, format, name);
	int rc = tls_context_new(&context, &m->sc.settings, &m->sc.error);
	ck_assert_msg(rc == MQTTWILL_EOPTION, "%d, not: %s", rc, text);
	size_t n = strlen(text);
	if (text[n - 1] == '*') /* OpenSSL's own words, which change */
		m->sc.error.text[n - 1] = '*', m->sc.error.text[n] = 0;
	ck_assert_str_eq(m->sc.error.text, text);
	ck_assert_ptr_null(context);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}

static int give(void *user, const char *what, char *buf, size_t size)
{
	struct meeting *m = user;
	m->asked++;
	snprintf(m->what, sizeof m->what, "%s", what);
	if (!m->passphrase)
		return MQTTWILL_EAUTH;
	ck_assert_uint_gt(size, strlen(m->passphrase));
	memcpy(buf, m->passphrase, strlen(m->passphrase));
	return (int)strlen(m->passphrase);
}

/* ---- Where it comes from ---- */

static void from_files(struct meeting *m)
{
	m->sc.settings.cert_file = m->cert_file;
	m->sc.settings.key_file = m->key_file;
}

static void from_one_file(struct meeting *m)
{
	replace(&m->cert, add_key(strdup(m->cert), m->chain.key[2], NULL));
	write_file(m->cert_file, m->cert);
	m->sc.settings.cert_file = m->cert_file;
}

static void from_memory(struct meeting *m)
{
	m->sc.settings.cert_pem = m->cert;
	m->sc.settings.cert_pem_len = strlen(m->cert);
	m->sc.settings.key_pem = m->key;
	m->sc.settings.key_pem_len = strlen(m->key);
}

static void from_one_text(struct meeting *m)
{
	replace(&m->cert, add_key(strdup(m->cert), m->chain.key[2], NULL));
	m->sc.settings.cert_pem = m->cert;
	m->sc.settings.cert_pem_len = strlen(m->cert);
}

static void from_both(struct meeting *m)
{
	m->sc.settings.cert_file = m->cert_file;
	m->sc.settings.key_pem = m->key;
	m->sc.settings.key_pem_len = strlen(m->key);
}

static void key_before_certificate(struct meeting *m)
{
	char *text = add_key(NULL, m->chain.key[2], NULL);
	for (int i = 2; i > 0; i--)
		text = add_certificate(text, m->chain.certificate[i]);
	replace(&m->cert, text);
	write_file(m->cert_file, m->cert);
	m->sc.settings.cert_file = m->cert_file;
}

static void (*const places[])(struct meeting *m) = {from_files, from_one_file, from_memory, from_one_text, from_both, key_before_certificate};
static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

START_TEST(the_certificate_and_those_above_it_are_shown)
{
	struct meeting m;
	meeting_init(&m, ours, versions[_i % 2]);
	places[_i / 2](&m);
	int rc = met(&m);
	ck_assert_msg(rc == 1, "%d: %s", rc, m.sc.error.text);
	ck_assert_str_eq(client_seen(&m), "lamp");
	meeting_fini(&m);
}
END_TEST

/* ---- Passphrases ---- */

START_TEST(an_encrypted_key_is_opened_by_the_function)
{
	struct meeting m;
	meeting_init(&m, ours, TLS1_3_VERSION);
	m.passphrase = "open sesame";
	replace(&m.key, add_key(NULL, m.chain.key[2], m.passphrase));
	write_file(m.key_file, m.key);
	if (_i)
		from_memory(&m);
	else
		from_files(&m);
	m.sc.settings.passphrase_fn = give;
	m.sc.settings.user = &m;
	ck_assert_int_eq(met(&m), 1);
	ck_assert_int_eq(m.asked, 1);
	ck_assert_str_eq(m.what, _i ? "key_pem" : m.key_file);
	meeting_fini(&m);
}
END_TEST

/* A passphrase that OpenSSL asked for at the terminal would hang here. */
START_TEST(an_encrypted_key_without_the_function_is_an_error_and_asks_no_terminal)
{
	struct meeting m;
	meeting_init(&m, ours, TLS1_3_VERSION);
	replace(&m.key, add_key(NULL, m.chain.key[2], "open sesame"));
	write_file(m.key_file, m.key);
	from_files(&m);
	is_refused(&m, "option tls.key_file: %s: it is encrypted, and no passphrase_fn is set", m.key_file);
	from_one_file(&m);
	replace(&m.cert, add_key(add_certificate(NULL, m.chain.certificate[2]), m.chain.key[2], "open sesame"));
	write_file(m.cert_file, m.cert);
	m.sc.settings.key_file = NULL;
	is_refused(&m, "option tls.cert_file: %s: it is encrypted, and no passphrase_fn is set", m.cert_file);
	meeting_fini(&m);
}
END_TEST

START_TEST(a_wrong_passphrase_and_none_are_told_apart)
{
	struct meeting m;
	meeting_init(&m, ours, TLS1_3_VERSION);
	replace(&m.key, add_key(NULL, m.chain.key[2], "open sesame"));
	write_file(m.key_file, m.key);
	from_files(&m);
	m.sc.settings.passphrase_fn = give;
	m.sc.settings.user = &m;
	m.passphrase = "open barley";
	is_refused(&m, "option tls.key_file: %s: the passphrase does not open it", m.key_file);
	m.passphrase = NULL;
	is_refused(&m, "option tls.key_file: %s: passphrase_fn gave no passphrase for it", m.key_file);
	m.passphrase = "open sesame";
	ck_assert_int_eq(met(&m), 1);
	meeting_fini(&m);
}
END_TEST

/* The older format, with its header in the clear. */
START_TEST(the_traditional_format_is_opened_too)
{
	struct meeting m;
	char          *text;
	BIO           *bio = BIO_new(BIO_s_mem());
	meeting_init(&m, ours, TLS1_3_VERSION);
	PEM_write_bio_PrivateKey_traditional(bio, m.chain.key[2], EVP_aes_128_cbc(), (unsigned char *)"sesame", 6, NULL, NULL);
	long n = BIO_get_mem_data(bio, &text);
	replace(&m.key, strndup(text, (size_t)n));
	BIO_free(bio);
	write_file(m.key_file, m.key);
	from_files(&m);
	is_refused(&m, "option tls.key_file: %s: it is encrypted, and no passphrase_fn is set", m.key_file);
	m.sc.settings.passphrase_fn = give;
	m.sc.settings.user = &m;
	m.passphrase = "sesame";
	ck_assert_int_eq(met(&m), 1);
	meeting_fini(&m);
}
END_TEST

/* ---- What cannot be used ---- */

START_TEST(a_key_that_is_not_the_certificates_names_both)
{
	struct meeting m;
	char           text[200];
	meeting_init(&m, ours, TLS1_3_VERSION);
	replace(&m.key, add_key(NULL, m.chain.key[0], NULL));
	write_file(m.key_file, m.key);
	from_files(&m);
	snprintf(text, sizeof text, "option tls.key_file: %s: it is not the key of the certificate in %%s", m.key_file);
	is_refused(&m, text, m.cert_file);
	replace(&m.key, add_key(NULL, test_key(2, RSA_KEY_2048), NULL)); /* of another kind */
	write_file(m.key_file, m.key);
	is_refused(&m, text, m.cert_file);
	meeting_fini(&m);
}
END_TEST

static const struct {
	bool        key; /* or the certificate */
	const char *content, *words;
} bad_files[] = {
	{false, "", "option tls.cert_file: %s: there is no certificate in it"},
	{false, "this is no certificate\n", "option tls.cert_file: %s: there is no certificate in it"},
	{false, "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n", "option tls.cert_file: %s: certificate 1: bad base64 decode"},
	{false, "-----BEGIN CERTIFICATE-----\nAAAA\n", "option tls.cert_file: %s: certificate 1: bad end line"},
	{true, "", "option tls.key_file: %s: there is no private key in it"},
	{true, "no key\n", "option tls.key_file: %s: there is no private key in it"},
	{true, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	 "option tls.key_file: %s: its private key cannot be read: *"},
};

START_TEST(a_file_that_holds_nothing_of_use)
{
	struct meeting m;
	meeting_init(&m, ours, TLS1_3_VERSION);
	from_files(&m);
	write_file(bad_files[_i].key ? m.key_file : m.cert_file, bad_files[_i].content);
	is_refused(&m, bad_files[_i].words, bad_files[_i].key ? m.key_file : m.cert_file);
	meeting_fini(&m);
}
END_TEST

START_TEST(a_key_that_is_missing_or_cannot_be_read)
{
	struct meeting m;
	meeting_init(&m, ours, TLS1_3_VERSION);
	m.sc.settings.cert_file = m.cert_file;
	is_refused(&m, "option tls.cert_file: %s: there is no private key in it, and none is given beside it (key_file, key_pem)", m.cert_file);
	m.sc.settings.key_file = "/nowhere/key";
	is_refused(&m, "option tls.key_file: /nowhere/key: No such file or directory%s", "");
	m.sc.settings.key_file = "/tmp";
	is_refused(&m, "option tls.key_file: /tmp: it is a directory%s", "");
	m.sc.settings.key_file = "/dev/zero";
	is_refused(&m, "option tls.key_file: /dev/zero: it is no regular file%s", "");
	m.sc.settings.cert_file = "/nowhere/cert";
	is_refused(&m, "option tls.cert_file: /nowhere/cert: No such file or directory%s", "");
	m.sc.settings.cert_file = m.sc.settings.key_file = NULL;
	m.sc.settings.cert_uri = "file:/nowhere/cert";
	is_refused(&m, "option tls.cert_uri: file:/nowhere/cert: No such file or directory%s", "");
	meeting_fini(&m);
}
END_TEST

START_TEST(a_weak_key_of_our_own)
{
	static const struct issue weak[CHAIN_MOST] = {{.name = "Devices", .constraints = "critical,CA:TRUE"},
	                                              {.name = "lamp", .kind = RSA_KEY_1024}};
	struct meeting            m;
	meeting_init(&m, weak, TLS1_3_VERSION);
	from_files(&m);
	is_refused(&m, "option tls.cert_file: %s: certificate 1: ee key too small", m.cert_file);
	meeting_fini(&m);
}
END_TEST

/* ---- Servers that refuse it ---- */

static const struct refusal {
	const char  *sentence;
	struct issue what[CHAIN_MOST];
	bool         unknown; /* the server trusts another */
	const char  *words;
} refusals[] = {
	{"expired", {{.name = "Devices", .constraints = "critical,CA:TRUE"}, {.name = "lamp", .until = "20260102030405Z"}}, false,
	 "tls: localhost refused our certificate (CN=lamp, valid until 2026-01-02 03:04:05 UTC): it has expired"},
	{"unknown authority", {{.name = "Devices", .constraints = "critical,CA:TRUE"}, {.name = "lamp"}}, true,
	 "tls: localhost refused our certificate (CN=lamp): its authority is not trusted there"},
	{"for servers", {{.name = "Devices", .constraints = "critical,CA:TRUE"}, {.name = "lamp", .usage = "serverAuth"}}, false,
	 "tls: localhost refused our certificate (CN=lamp): it is of a kind or for a use that is not accepted"},
};

START_TEST(a_server_that_refuses_our_certificate_is_told_of_in_words)
{
	const struct refusal *r = &refusals[_i / 2];
	struct meeting        m;
	meeting_init(&m, r->what, versions[_i % 2]);
	if (r->unknown)
		SSL_CTX_set_cert_store(m.sc.server, X509_STORE_new());
	from_files(&m);
	int rc = met(&m);
	ck_assert_msg(rc == MQTTWILL_ECERT, "%s: %d: %s", r->sentence, rc, m.sc.error.text);
	ck_assert_str_eq(m.sc.error.text, r->words);
	meeting_fini(&m);
}
END_TEST

START_TEST(a_server_that_wants_a_certificate_of_ours)
{
	struct meeting m;
	meeting_init(&m, ours, versions[_i]);
	int rc = met(&m);
	ck_assert_msg(rc == MQTTWILL_ECERT, "%d: %s", rc, m.sc.error.text);
	ck_assert_str_eq(m.sc.error.text, "tls: localhost asks for a certificate, and none is set (cert_file)");
	meeting_fini(&m);
}
END_TEST

#endif

Suite *tls_identity_suite(void)
{
	Suite *s = suite_create("tls_identity");
	TCase *t = tcase_create("tls_identity");
	tcase_set_timeout(t, 60);
#ifdef HAVE_OPENSSL
	tcase_add_loop_test(t, the_certificate_and_those_above_it_are_shown, 0, 2 * (int)(sizeof places / sizeof places[0]));
	tcase_add_loop_test(t, an_encrypted_key_is_opened_by_the_function, 0, 2);
	tcase_add_test(t, an_encrypted_key_without_the_function_is_an_error_and_asks_no_terminal);
	tcase_add_test(t, a_wrong_passphrase_and_none_are_told_apart);
	tcase_add_test(t, the_traditional_format_is_opened_too);
	tcase_add_test(t, a_key_that_is_not_the_certificates_names_both);
	tcase_add_loop_test(t, a_file_that_holds_nothing_of_use, 0, (int)(sizeof bad_files / sizeof bad_files[0]));
	tcase_add_test(t, a_key_that_is_missing_or_cannot_be_read);
	tcase_add_test(t, a_weak_key_of_our_own);
	tcase_add_loop_test(t, a_server_that_refuses_our_certificate_is_told_of_in_words, 0, 2 * (int)(sizeof refusals / sizeof refusals[0]));
	tcase_add_loop_test(t, a_server_that_wants_a_certificate_of_ours, 0, 2);
#endif
	suite_add_tcase(s, t);
	return s;
}
