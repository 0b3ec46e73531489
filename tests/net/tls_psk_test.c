/* SPDX-License-Identifier: MIT */
/*
 * A pre-shared key instead of certificates: with whom it works, and what is said to the rest.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/suites.h"

#ifdef HAVE_OPENSSL

#include <openssl/err.h>
#include <string.h>

#include "net/tls_scene.h"

static const int     versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
static const uint8_t key[] = "sixteen bytes are.";

static unsigned serve(SSL *ssl, const char *identity, unsigned char *psk, unsigned size)
{
	(void)ssl;
	if (strcmp(identity, "lamp-7") != 0 || size < sizeof key)
		return 0;
	memcpy(psk, key, sizeof key);
	return sizeof key;
}

/* A server that knows the key of lamp-7, and has no certificate. */
static void psk_init(struct tls_scene *sc, int version)
{
	tls_scene_init(sc, version);
	SSL_CTX_free(sc->server);
	sc->server = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_min_proto_version(sc->server, version);
	SSL_CTX_set_max_proto_version(sc->server, version);
	SSL_CTX_set_cipher_list(sc->server, "PSK");
	SSL_CTX_set_psk_server_callback(sc->server, serve);
	sc->settings = (struct mqttwill_tls){.psk_identity = "lamp-7", .psk = key, .psk_len = sizeof key};
}

START_TEST(who_shares_the_key_gets_in_each_time_with_the_key)
{
	struct tls_scene sc;
	psk_init(&sc, versions[_i]);
	for (int i = 0; i < 3; i++) {
		struct pipe_facts facts;
		char              byte;
		tls_scene_connect(&sc);
		ck_assert_msg(tls_scene_open(&sc) == 0, "%s", sc.error.text);
		ck_assert_int_eq(sc.tls->ops->write(sc.tls, "c", 1), 1);
		ck_assert_int_eq(SSL_read(sc.below.server, &byte, 1), 1);
		ck_assert_int_eq(sc.tls->ops->read(sc.tls, &byte, 1), -1);
		pipe_describe(sc.tls, &facts);
		ck_assert(!facts.resumed);
		ck_assert_str_eq(facts.tls_version, _i ? "TLSv1.3" : "TLSv1.2");
		tls_scene_close(&sc);
	}
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(another_key_is_refused)
{
	struct tls_scene sc;
	psk_init(&sc, versions[_i]);
	sc.settings.psk = "seventeen bytes...";
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ETLS, "tls: localhost does not accept the identity \"lamp-7\" and its pre-shared key: ");
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(an_unknown_identity_is_refused)
{
	struct tls_scene sc;
	psk_init(&sc, versions[_i]);
	sc.settings.psk_identity = "lamp-8";
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ETLS, "tls: localhost does not accept the identity \"lamp-8\" and its pre-shared key: ");
	tls_scene_fini(&sc);
}
END_TEST

/* Whatever else is set, and though the certificate is one that would be trusted. */
START_TEST(a_server_that_shows_a_certificate_instead_is_refused)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i % 2]);
	sc.settings = (struct mqttwill_tls){.psk_identity = "lamp-7", .psk = key, .psk_len = sizeof key, .ca_file = sc.ca_file,
	                                    .ciphers = "ECDHE+AESGCM:PSK", .insecure_any_certificate = _i >= 2};
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT,
	                "tls: localhost presents a certificate, and only the pre-shared key of \"lamp-7\" is accepted");
	ck_assert_int_ne(SSL_is_init_finished(sc.below.server), 1);
	tls_scene_fini(&sc);
}
END_TEST

/* A hook that believes every certificate does not change that. */
static int believe(X509_STORE_CTX *x, void *unused)
{
	(void)unused;
	X509_STORE_CTX_set_error(x, X509_V_OK);
	return 1;
}

static int hook(void *user, void *ssl_ctx)
{
	(void)user;
	SSL_CTX_set_cert_verify_callback(ssl_ctx, believe, NULL);
	return 0;
}

START_TEST(a_hook_that_believes_certificates_makes_no_difference)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	sc.settings = (struct mqttwill_tls){.psk_identity = "lamp-7", .psk = key, .psk_len = sizeof key, .ciphers = "ECDHE+AESGCM:PSK", .ssl_ctx_fn = hook};
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ETLS, "its pre-shared key: it was not used");
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(without_ciphers_for_certificates_there_is_nothing_in_common)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_2_VERSION);
	sc.settings = (struct mqttwill_tls){.psk_identity = "lamp-7", .psk = key, .psk_len = sizeof key};
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ETLS, "tls: localhost does not accept the identity \"lamp-7\" and its pre-shared key: ");
	tls_scene_fini(&sc);
}
END_TEST

static void refused(struct tls_scene *sc, const char *text)
{
	struct tls_context *context = NULL;
	ck_assert_int_eq(tls_context_new(&context, &sc->settings, &sc->error), MQTTWILL_EOPTION);
	ck_assert_ptr_null(context);
	ck_assert_msg(strstr(sc->error.text, text), "%s", sc->error.text);
}

START_TEST(an_identity_that_is_empty_or_too_long_is_refused)
{
	struct tls_scene sc;
	char             name[PSK_MAX_IDENTITY_LEN + 1];
	memset(name, 'n', sizeof name);
	name[PSK_MAX_IDENTITY_LEN] = 0;
	psk_init(&sc, TLS1_3_VERSION);
	tls_scene_context(&sc); /* one that is alike, and shares its SSL_CTX */
	sc.settings.psk_identity = "";
	refused(&sc, "option tls.psk_identity: 0 bytes");
	sc.settings.psk_identity = name;
	refused(&sc, "option tls.psk_identity: ");
	name[PSK_MAX_IDENTITY_LEN - 1] = 0;
	tls_scene_context(&sc);
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ETLS, "does not accept the identity");
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_stapled_response_cannot_be_wanted_of_a_server_without_certificate)
{
	struct tls_scene sc;
	psk_init(&sc, TLS1_3_VERSION);
	sc.settings.ocsp = MQTTWILL_OCSP_CHECK;
	refused(&sc, "option tls.ocsp: it is set beside psk");
	tls_scene_fini(&sc);
}
END_TEST

#endif

Suite *tls_psk_suite(void)
{
	Suite *s = suite_create("tls_psk");
	TCase *t = tcase_create("tls_psk");
#ifdef HAVE_OPENSSL
	tcase_add_loop_test(t, who_shares_the_key_gets_in_each_time_with_the_key, 0, 2);
	tcase_add_loop_test(t, another_key_is_refused, 0, 2);
	tcase_add_loop_test(t, an_unknown_identity_is_refused, 0, 2);
	tcase_add_loop_test(t, a_server_that_shows_a_certificate_instead_is_refused, 0, 4);
	tcase_add_loop_test(t, a_hook_that_believes_certificates_makes_no_difference, 0, 2);
	tcase_add_test(t, without_ciphers_for_certificates_there_is_nothing_in_common);
	tcase_add_test(t, an_identity_that_is_empty_or_too_long_is_refused);
	tcase_add_test(t, a_stapled_response_cannot_be_wanted_of_a_server_without_certificate);
#endif
	suite_add_tcase(s, t);
	return s;
}
