/* SPDX-License-Identifier: MIT */
/*
 * What an idle TLS connection keeps: OpenSSL's own objects, which are measured beside it, and little more. And every allocation
 * of a connection's life fails in turn.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/suites.h"

#ifdef HAVE_OPENSSL

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_scene.h"
#include "support/alloc.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

enum { ROOM = 64 * 1024, MUCH = 20000, MOST_BEYOND = 8 * 1024 };

static char bytes[MUCH];

/* A client of OpenSSL's alone that has read and written as much. */
static SSL *plain_open(struct tls_scene *sc, SSL_CTX *ctx, SSL **server)
{
	BIO *ours, *theirs;
	BIO_new_bio_pair(&ours, ROOM, &theirs, ROOM);
	*server = SSL_new(sc->server);
	SSL_set_bio(*server, theirs, theirs);
	SSL_set_accept_state(*server);
	tls_scene_client(true);
	SSL *ssl = SSL_new(ctx);
	SSL_set1_host(ssl, "localhost");
	SSL_set_tlsext_host_name(ssl, "localhost");
	SSL_set_bio(ssl, ours, ours);
	for (int turn = 0; turn < 10; turn++) {
		tls_scene_client(true);
		if (SSL_connect(ssl) == 1)
			SSL_write(ssl, "c", 1);
		tls_scene_client(false);
		SSL_read(*server, bytes, MUCH);
	}
	ck_assert_int_eq(SSL_write(*server, bytes, MUCH), MUCH);
	return ssl;
}

static long plain(struct tls_scene *sc)
{
	struct alloc_bytes kept = {0};
	SSL               *server;
	SSL_CTX           *ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_load_verify_locations(ctx, sc->ca_file, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_free(plain_open(sc, ctx, &server)); /* once for what is made once */
	SSL_free(server);
	alloc_account(&kept);
	SSL *ssl = plain_open(sc, ctx, &server);
	tls_scene_client(true);
	for (int got = 0, n; got < MUCH; got += n)
		ck_assert_int_gt(n = SSL_read(ssl, bytes, MUCH), 0);
	ck_assert_int_eq(SSL_read(ssl, bytes, MUCH), -1);
	long is = kept.now;
	SSL_free(ssl);
	tls_scene_client(false);
	alloc_account(NULL);
	SSL_free(server);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return is;
}

/* And ours, with the tickets that the client keeps beside it. */
static long filtered(struct tls_scene *sc)
{
	struct alloc_bytes kept = {0};
	tls_scene_context(sc);
	tls_scene_connect(sc);
	tls_scene_close(sc);
	alloc_account(&kept);
	tls_scene_connect(sc);
	ck_assert_int_eq(tls_scene_open(sc), 0);
	tls_scene_client(true);
	ck_assert_int_eq(sc->tls->ops->write(sc->tls, "c", 1), 1);
	tls_scene_client(false);
	ck_assert_int_eq(SSL_read(sc->below.server, bytes, MUCH), 1);
	ck_assert_int_eq(SSL_write(sc->below.server, bytes, MUCH), MUCH);
	tls_scene_client(true);
	for (ssize_t got = 0, n; got < MUCH; got += n)
		ck_assert_int_gt(n = sc->tls->ops->read(sc->tls, bytes, MUCH), 0);
	tls_scene_client(false); /* and it is not asked whether there is more: the driver does not ask either */
	alloc_account(NULL);
	return kept.now;
}

START_TEST(an_idle_connection_keeps_little_beyond_what_openssl_needs)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	long floor = plain(&sc), ours = filtered(&sc);
	if (getenv("TLS_MEMORY"))
		printf("TLS 1.%d: OpenSSL's own %ld bytes, ours %ld\n", _i + 2, floor, ours);
	ck_assert_int_gt(floor, 5000);
	ck_assert_msg(ours < floor + MOST_BEYOND, "%ld bytes beyond %ld", ours - floor, floor);
	ck_assert_int_lt(ours, 24 * 1024); /* no record buffer is left, which would be 16 KiB */
	tls_scene_fini(&sc);
}
END_TEST

/* ---- No memory ---- */

/* No check here: the test's own allocations would fail, too. */
static int shake(struct tls_scene *sc)
{
	int rc = PIPE_WAIT;
	for (int turn = 0; turn < 100 && rc == PIPE_WAIT; turn++) {
		tls_scene_client(true);
		rc = sc->tls->ops->open(sc->tls, 0);
		tls_scene_client(false);
		SSL_do_handshake(sc->below.server);
	}
	return rc;
}

/* A handshake, a byte each way, a goodbye: how it failed, or 0. */
static int live(struct tls_scene *sc)
{
	char byte;
	int  rc = shake(sc);
	if (rc)
		return rc;
	tls_scene_client(true);
	rc = (int)sc->tls->ops->write(sc->tls, "c", 1);
	tls_scene_client(false);
	if (rc < -1)
		return rc;
	SSL_read(sc->below.server, &byte, 1);
	SSL_write(sc->below.server, "s", 1);
	tls_scene_client(true);
	rc = (int)sc->tls->ops->read(sc->tls, &byte, 1);
	sc->tls->ops->finish(sc->tls);
	tls_scene_client(false);
	return rc < 0 ? rc : 0;
}

static bool began(struct tls_scene *sc)
{
	tls_scene_prepare(sc);
	tls_scene_client(true);
	sc->tls = tls_new(sc->context, &sc->below.pipe, &sc->to);
	tls_scene_client(false);
	return sc->tls != NULL;
}

START_TEST(any_allocation_of_a_connection_may_fail)
{
	struct tls_scene sc;
	long             refused = 0;
	tls_scene_init(&sc, versions[_i / 2]);
	tls_scene_visit(&sc);
	tls_scene_context(&sc);
	for (bool more = true; more; refused += more) {
		if (_i % 2)
			tls_scene_visit(&sc); /* so that there is a session to resume */
		alloc_fail(refused + 1);
		int rc = began(&sc) ? live(&sc) : MQTTWILL_ENOMEM;
		more = alloc_stop();
		ck_assert_msg(more || rc == 0, "%d after %ld: %s", rc, refused, sc.error.text);
		if (rc < -1 && sc.tls)
			ck_assert_msg(strncmp(sc.error.text, "tls: ", 5) == 0, "%s", sc.error.text);
		tls_scene_close(&sc);
	}
	if (getenv("TLS_MEMORY"))
		printf("%ld allocations\n", refused);
	ck_assert_int_gt(refused, 300);
	tls_scene_fini(&sc);
}
END_TEST

#endif

Suite *tls_memory_suite(void)
{
	Suite *s = suite_create("tls_memory");
	TCase *t = tcase_create("tls_memory");
	tcase_set_timeout(t, 120);
#ifdef HAVE_OPENSSL
	tcase_add_loop_test(t, an_idle_connection_keeps_little_beyond_what_openssl_needs, 0, 2);
	tcase_add_loop_test(t, any_allocation_of_a_connection_may_fail, 0, 4);
#endif
	suite_add_tcase(s, t);
	return s;
}
