/* SPDX-License-Identifier: MIT */
/*
 * The TLS filter above a pipe of ours that stutters: bytes come and go in small pieces, and every other call must wait. The
 * server is OpenSSL in the same thread. Real brokers and certificates are tests/system/tls.sh's.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <mqttwill.h>

#include "net/suites.h"
#include "net/tls.h"

#ifdef HAVE_OPENSSL

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The pipe below the filter. */
struct stutter {
	struct pipe pipe;
	SSL        *server;
	BIO        *in, *out; /* of the server */
	size_t      grain;    /* bytes a call takes or gives at most */
	unsigned    calls;
	bool        open_failed, broken, ended;
	const char *babble; /* the server says this instead of TLS */
};

static const struct tls_peer localhost = {"localhost", "8883", 1000, false};

struct scene {
	struct pipe_error   error;
	struct stutter      below;
	struct tls_context *context;
	struct pipe        *tls;
	char                ca_file[32];
	EVP_PKEY           *key;
	X509               *certificate;
};

/* ---- The pipe below ---- */

static struct stutter *stutter_of(struct pipe *p)
{
	return (struct stutter *)(void *)p;
}

static bool must_wait(struct stutter *s)
{
	return s->grain < 1000 && ++s->calls % 2;
}

static int stutter_open(struct pipe *p, uint64_t now_ms)
{
	(void)now_ms;
	return stutter_of(p)->open_failed ? pipe_fail(p->error, MQTTWILL_ECONNECT, "connect: no") : 0;
}

static ssize_t stutter_read(struct pipe *p, void *buf, size_t size)
{
	struct stutter *s = stutter_of(p);
	size_t          n = size < s->grain ? size : s->grain;
	if (s->broken)
		return pipe_fail(p->error, MQTTWILL_ELOST, "read: broken");
	if (s->babble && *s->babble) {
		n = strnlen(s->babble, n);
		memcpy(buf, s->babble, n);
		s->babble += n;
		return (ssize_t)n;
	}
	if (s->ended)
		return 0;
	int got = must_wait(s) ? 0 : BIO_read(s->out, buf, (int)n);
	if (got > 0)
		return got;
	p->wants |= PIPE_READ;
	return -1;
}

static ssize_t stutter_write(struct pipe *p, const void *bytes, size_t n)
{
	struct stutter *s = stutter_of(p);
	if (s->broken)
		return pipe_fail(p->error, MQTTWILL_ELOST, "write: broken");
	if (!must_wait(s))
		return BIO_write(s->in, bytes, (int)(n < s->grain ? n : s->grain));
	p->wants |= PIPE_WRITE;
	return -1;
}

static void stutter_finish(struct pipe *p)
{
	(void)p;
}

static void stutter_close(struct pipe *p, bool reset)
{
	(void)reset;
	SSL_free(stutter_of(p)->server);
}

static const struct pipe_ops stutter_ops = {stutter_open, stutter_read, stutter_write, stutter_finish, stutter_close, NULL};

/* ---- A certificate ---- */

static void extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	ck_assert(e && X509_add_ext(x, e, -1));
	X509_EXTENSION_free(e);
}

static void make_certificate(struct scene *sc, const char *names)
{
	EVP_PKEY_CTX *keys = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
	X509         *x = sc->certificate = X509_new();
	ck_assert(EVP_PKEY_keygen_init(keys) == 1 && EVP_PKEY_keygen(keys, &sc->key) == 1);
	EVP_PKEY_CTX_free(keys);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, sc->key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	extend(x, NID_subject_alt_name, names);
	ck_assert_int_gt(X509_sign(x, sc->key, NULL), 0);
}

static void write_ca_file(struct scene *sc)
{
	strcpy(sc->ca_file, "/tmp/tls_test.XXXXXX");
	FILE *f = fdopen(mkstemp(sc->ca_file), "w");
	ck_assert(f && PEM_write_X509(f, sc->certificate));
	fclose(f);
}

/* ---- Scenes ---- */

static void make_server(struct scene *sc, int version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_min_proto_version(c, version);
	SSL_CTX_set_max_proto_version(c, version);
	ck_assert(SSL_CTX_use_certificate(c, sc->certificate) == 1 && SSL_CTX_use_PrivateKey(c, sc->key) == 1);
	struct stutter *s = &sc->below;
	s->server = SSL_new(c);
	SSL_CTX_free(c);
	s->in = BIO_new(BIO_s_mem());
	s->out = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(s->in, -1);
	BIO_set_mem_eof_return(s->out, -1);
	SSL_set_bio(s->server, s->in, s->out);
	SSL_set_accept_state(s->server);
}

static void scene_init(struct scene *sc, int version, size_t grain, const char *names)
{
	*sc = (struct scene){.below = {.pipe = {.ops = &stutter_ops, .fd = 7, .deadline = UINT64_MAX}, .grain = grain}};
	sc->below.pipe.error = &sc->error;
	make_certificate(sc, names);
	write_ca_file(sc);
	make_server(sc, version);
	ck_assert_int_eq(tls_context_new(&sc->context, &(struct mqttwill_tls){.ca_file = sc->ca_file}, &sc->error), 0);
	unlink(sc->ca_file);
	sc->tls = tls_new(sc->context, &sc->below.pipe, &localhost);
	ck_assert_ptr_nonnull(sc->tls);
}

static int scene_open(struct scene *sc)
{
	int rc = PIPE_WAIT;
	for (int turn = 0; turn < 100000 && rc == PIPE_WAIT; turn++) {
		rc = sc->tls->ops->open(sc->tls, 0);
		if (rc == PIPE_WAIT)
			ck_assert_int_ne(sc->tls->wants, 0);
		SSL_do_handshake(sc->below.server);
		ERR_clear_error();
	}
	return rc;
}

static void scene_fini(struct scene *sc)
{
	pipe_close(sc->tls, false);
	tls_context_free(sc->context);
	X509_free(sc->certificate);
	EVP_PKEY_free(sc->key);
}

static const struct {
	int    version;
	size_t grain;
} lines[] = {{TLS1_2_VERSION, 1}, {TLS1_2_VERSION, 16384}, {TLS1_3_VERSION, 1}, {TLS1_3_VERSION, 7}, {TLS1_3_VERSION, 16384}};

enum { MUCH = 100000 };

static void to_server(struct scene *sc, const uint8_t *bytes)
{
	static uint8_t got[MUCH];
	size_t         sent = 0, received = 0;
	while (received < MUCH) {
		ssize_t n = sent < MUCH ? sc->tls->ops->write(sc->tls, bytes + sent, MUCH - sent) : -1;
		ck_assert_int_ge(n, -1);
		sent += n > 0 ? (size_t)n : 0;
		int r = SSL_read(sc->below.server, got + received, (int)(MUCH - received));
		received += r > 0 ? (size_t)r : 0;
	}
	ck_assert_mem_eq(got, bytes, MUCH);
}

static void from_server(struct scene *sc, const uint8_t *bytes)
{
	static uint8_t got[MUCH];
	size_t         received = 0;
	ck_assert_int_eq(SSL_write(sc->below.server, bytes, MUCH), MUCH);
	while (received < MUCH) {
		ssize_t n = sc->tls->ops->read(sc->tls, got + received, 999);
		ck_assert_int_ge(n, -1);
		if (n == -1)
			ck_assert(sc->tls->wants & PIPE_READ);
		received += n > 0 ? (size_t)n : 0;
	}
	ck_assert_mem_eq(got, bytes, MUCH);
	ck_assert_int_eq(sc->tls->ops->read(sc->tls, got, 1), -1);
}

START_TEST(bytes_go_both_ways_in_whatever_pieces_they_come)
{
	static uint8_t bytes[MUCH];
	struct scene   sc;
	for (size_t i = 0; i < MUCH; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 24);
	scene_init(&sc, lines[_i].version, lines[_i].grain, "DNS:localhost");
	ck_assert_msg(scene_open(&sc) == 0, "%s", sc.error.text);
	ck_assert_int_eq(sc.tls->fd, 7);
	to_server(&sc, bytes);
	from_server(&sc, bytes);
	scene_fini(&sc);
}
END_TEST

START_TEST(what_is_decrypted_and_not_read_is_pending)
{
	struct scene sc;
	char         buf[16];
	scene_init(&sc, TLS1_3_VERSION, 16384, "DNS:localhost");
	ck_assert_int_eq(scene_open(&sc), 0);
	ck_assert_uint_eq(sc.tls->ops->pending(sc.tls), 0);
	SSL_write(sc.below.server, "0123456789", 10);
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, buf, 4), 4);
	ck_assert_uint_eq(sc.tls->ops->pending(sc.tls), 6);
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, buf, 16), 6);
	ck_assert_uint_eq(sc.tls->ops->pending(sc.tls), 0);
	scene_fini(&sc);
}
END_TEST

/* ---- Ends ---- */

static void failed(const struct scene *sc, ssize_t rc, int code, const char *text)
{
	ck_assert_msg(rc == code, "%zd, not %d: %s", rc, code, sc->error.text);
	ck_assert_int_eq(sc->error.code, code);
	ck_assert_msg(strstr(sc->error.text, text), "%s", sc->error.text);
}

START_TEST(close_notify_is_the_end_of_the_stream)
{
	struct scene sc;
	char         buf[16];
	scene_init(&sc, TLS1_3_VERSION, 16384, "DNS:localhost");
	ck_assert_int_eq(scene_open(&sc), 0);
	SSL_shutdown(sc.below.server);
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, buf, 16), 0);
	scene_fini(&sc);
}
END_TEST

START_TEST(an_end_without_close_notify_is_a_loss)
{
	struct scene sc;
	char         buf[16];
	scene_init(&sc, TLS1_3_VERSION, 16384, "DNS:localhost");
	ck_assert_int_eq(scene_open(&sc), 0);
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, buf, 16), -1);
	sc.below.ended = true;
	failed(&sc, sc.tls->ops->read(sc.tls, buf, 16), MQTTWILL_ELOST, "tls: ");
	scene_fini(&sc);
}
END_TEST

START_TEST(a_broken_pipe_keeps_its_own_words)
{
	struct scene sc;
	char         buf[16];
	scene_init(&sc, TLS1_3_VERSION, 16384, "DNS:localhost");
	ck_assert_int_eq(scene_open(&sc), 0);
	sc.below.broken = true;
	if (_i)
		failed(&sc, sc.tls->ops->write(sc.tls, "x", 1), MQTTWILL_ELOST, "write: broken");
	else
		failed(&sc, sc.tls->ops->read(sc.tls, buf, 16), MQTTWILL_ELOST, "read: broken");
	scene_fini(&sc);
}
END_TEST

START_TEST(a_pipe_that_breaks_in_the_handshake_is_a_tls_error_with_its_words)
{
	struct scene sc;
	scene_init(&sc, TLS1_3_VERSION, 16384, "DNS:localhost");
	sc.below.broken = true;
	failed(&sc, scene_open(&sc), MQTTWILL_ETLS, "tls: handshake with localhost: write: broken");
	scene_fini(&sc);
}
END_TEST

START_TEST(a_pipe_that_does_not_open_is_no_tls_error)
{
	struct scene sc;
	scene_init(&sc, TLS1_3_VERSION, 16384, "DNS:localhost");
	sc.below.open_failed = true;
	failed(&sc, scene_open(&sc), MQTTWILL_ECONNECT, "connect: no");
	scene_fini(&sc);
}
END_TEST

START_TEST(a_server_that_hangs_up_in_the_handshake)
{
	struct scene sc;
	scene_init(&sc, TLS1_3_VERSION, 16384, "DNS:localhost");
	sc.below.ended = true;
	failed(&sc, scene_open(&sc), MQTTWILL_ETLS, "handshake");
	scene_fini(&sc);
}
END_TEST

START_TEST(a_server_that_speaks_something_else)
{
	struct scene sc;
	scene_init(&sc, TLS1_3_VERSION, 16384, "DNS:localhost");
	sc.below.babble = "HTTP/1.1 400 Bad Request\r\n\r\n";
	failed(&sc, scene_open(&sc), MQTTWILL_ETLS, "tls: handshake with localhost: what it answers is not TLS");
	scene_fini(&sc);
}
END_TEST

START_TEST(a_certificate_for_another_name)
{
	struct scene sc;
	scene_init(&sc, TLS1_3_VERSION, 16384, "DNS:elsewhere,IP:127.0.0.1");
	failed(&sc, scene_open(&sc), MQTTWILL_ECERT, "tls: the certificate of localhost (CN=test) is for elsewhere, 127.0.0.1; not for localhost");
	scene_fini(&sc);
}
END_TEST

START_TEST(a_certificate_that_nobody_trusts)
{
	struct scene sc, other;
	scene_init(&sc, TLS1_3_VERSION, 16384, "DNS:localhost");
	scene_init(&other, TLS1_3_VERSION, 16384, "DNS:localhost");
	struct tls_context *trust = sc.context; /* each trusts the other's certificate */
	pipe_close(sc.tls, false);
	make_server(&sc, TLS1_3_VERSION);
	sc.tls = tls_new(other.context, &sc.below.pipe, &localhost);
	failed(&sc, scene_open(&sc), MQTTWILL_ECERT, "tls: the certificate of localhost (CN=test) is self-signed, and not in ca_file ");
	sc.context = trust;
	scene_fini(&sc);
	scene_fini(&other);
}
END_TEST

#endif

START_TEST(a_file_without_certificates_is_refused)
{
	struct tls_context *context = (void *)&context;
	struct pipe_error   error = {0};
	int                 rc = tls_context_new(&context, &(struct mqttwill_tls){.ca_file = _i ? "/dev/null" : "/nowhere/ca.pem"}, &error);
	ck_assert(rc == MQTTWILL_EOPTION || rc == MQTTWILL_EUNSUPPORTED);
	ck_assert_int_eq(error.code, rc);
	ck_assert_ptr_null(context);
	tls_context_free(context);
}
END_TEST

Suite *tls_suite(void)
{
	Suite *s = suite_create("tls");
	TCase *t = tcase_create("tls");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_file_without_certificates_is_refused, 0, 2);
#ifdef HAVE_OPENSSL
	tcase_add_loop_test(t, bytes_go_both_ways_in_whatever_pieces_they_come, 0, sizeof lines / sizeof lines[0]);
	tcase_add_test(t, what_is_decrypted_and_not_read_is_pending);
	tcase_add_test(t, close_notify_is_the_end_of_the_stream);
	tcase_add_test(t, an_end_without_close_notify_is_a_loss);
	tcase_add_loop_test(t, a_broken_pipe_keeps_its_own_words, 0, 2);
	tcase_add_test(t, a_pipe_that_breaks_in_the_handshake_is_a_tls_error_with_its_words);
	tcase_add_test(t, a_pipe_that_does_not_open_is_no_tls_error);
	tcase_add_test(t, a_server_that_hangs_up_in_the_handshake);
	tcase_add_test(t, a_server_that_speaks_something_else);
	tcase_add_test(t, a_certificate_for_another_name);
	tcase_add_test(t, a_certificate_that_nobody_trusts);
#endif
	suite_add_tcase(s, t);
	return s;
}
