/* SPDX-License-Identifier: MIT */
/*
 * Sessions that are resumed, and those that must not be. Between two visits to a server a connection is closed in good order
 * unless the test says otherwise.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/suites.h"

#ifdef HAVE_OPENSSL

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "net/tls_internal.h"
#include "net/tls_scene.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

START_TEST(a_second_connection_resumes_the_first_and_so_on)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	ck_assert(!tls_scene_visit(&sc));
	for (int i = 0; i < 5; i++)
		ck_assert(tls_scene_visit(&sc));
	ck_assert_int_eq(SSL_CTX_sess_hits(sc.server), 5);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(session_ids_without_tickets_do_as_well)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	SSL_CTX_set_options(sc.server, SSL_OP_NO_TICKET);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(tls_scene_visit(&sc));
	ck_assert(tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(without_resumption_every_handshake_is_a_full_one)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	sc.settings.no_resumption = true;
	for (int i = 0; i < 3; i++)
		ck_assert(!tls_scene_visit(&sc));
	ck_assert_int_eq(SSL_CTX_sess_accept_good(sc.server), 3);
	tls_scene_fini(&sc);
}
END_TEST

/* A visit that ends without a word, as that of a device that loses its line; two bytes take in the tickets. */
static bool lost_visit(struct tls_scene *sc)
{
	struct pipe_facts facts;
	char              byte;
	tls_scene_connect(sc);
	ck_assert_msg(tls_scene_open(sc) == 0, "%s", sc->error.text);
	pipe_describe(sc->tls, &facts);
	SSL_write(sc->below.server, "s", 1);
	ck_assert_int_eq(sc->tls->ops->read(sc->tls, &byte, 1), 1);
	sc->below.down = (struct stretch){.done = sc->below.down.done, .most = sc->below.down.done, .fault = END};
	ck_assert_int_eq(sc->tls->ops->read(sc->tls, &byte, 1), MQTTWILL_ELOST);
	SSL_set_shutdown(sc->below.server, SSL_SENT_SHUTDOWN); /* the server's side of it is not what is tested */
	tls_scene_close(sc);
	return facts.resumed;
}

START_TEST(a_connection_that_broke_is_resumed)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	ck_assert(!lost_visit(&sc));
	ck_assert(lost_visit(&sc));
	ck_assert(lost_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_ticket_of_tls_1_3_is_used_once)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	ck_assert(!tls_scene_visit(&sc)); /* two tickets */
	for (int i = 0; i < 3; i++) {
		tls_scene_connect(&sc);
		int rc = tls_scene_open(&sc); /* and closed before new ones are read */
		ck_assert_msg(rc == 0, "%s", sc.error.text);
		ck_assert_int_eq(SSL_session_reused(sc.below.server), i < 2);
		tls_scene_close(&sc);
	}
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_connection_that_never_opens_takes_no_ticket)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	ck_assert(!tls_scene_visit(&sc));
	for (int i = 0; i < 5; i++) {
		tls_scene_connect(&sc);
		tls_scene_close(&sc);
	}
	ck_assert(tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_session_is_for_one_host_port_and_name)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	sc.settings.ca_file = sc.ca_file;
	X509_free(sc.leaf);
	sc.leaf = make_certificate(&(struct certificate){"server", "DNS:localhost,DNS:elsewhere", NULL, NULL, -60, 3600, 3}, sc.key, sc.ca, sc.ca_key);
	SSL_CTX_use_certificate(sc.server, sc.leaf);
	ck_assert(!tls_scene_visit(&sc));
	sc.to.host = "elsewhere";
	ck_assert(!tls_scene_visit(&sc));
	sc.to.port = "8884";
	ck_assert(!tls_scene_visit(&sc));
	sc.to.host = "localhost";
	ck_assert(!tls_scene_visit(&sc));
	sc.to.port = "8883";
	ck_assert(tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(four_servers_are_remembered_and_the_oldest_makes_room)
{
	static const char *const ports[] = {"1", "2", "3", "4"};
	struct tls_scene         sc;
	tls_scene_init(&sc, versions[_i]);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 4; i++) {
			sc.to.port = ports[i];
			ck_assert_int_eq(tls_scene_visit(&sc), round);
		}
	sc.to.port = "5";
	ck_assert(!tls_scene_visit(&sc));
	sc.to.port = "2";
	ck_assert(tls_scene_visit(&sc));
	sc.to.port = "1";
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_new_context_knows_no_session_of_the_old_one)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_context(&sc);
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

/* ---- Time ---- */

START_TEST(an_expired_session_is_not_offered)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	SSL_CTX_set_timeout(sc.server, 600);
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_later(590);
	ck_assert(tls_scene_visit(&sc));
	tls_scene_later(590 + 601);
	tls_scene_connect(&sc);
	ck_assert_int_eq(tls_scene_open(&sc), 0);
	ck_assert(!SSL_session_reused(sc.below.server));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_session_is_not_resumed_beyond_the_life_of_the_certificates)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	SSL_CTX_set_timeout(sc.server, 100000);
	X509_free(_i ? sc.leaf : sc.ca); /* the server's own in one, the authority's in the other */
	X509 *made = make_certificate(&(struct certificate){_i ? "server" : "home", _i ? "DNS:localhost" : NULL, _i ? NULL : "critical,CA:TRUE", NULL,
	                                                    -60, 1000, 4}, _i ? sc.key : sc.ca_key, _i ? sc.ca : NULL, sc.ca_key);
	*(_i ? &sc.leaf : &sc.ca) = made;
	if (_i)
		SSL_CTX_use_certificate(sc.server, sc.leaf);
	else
		tls_scene_trust(&sc);
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_later(900);
	ck_assert(tls_scene_visit(&sc)); /* and what comes of it ends at the same time */
	tls_scene_later(1010);
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_clock_that_is_set_back_does_no_harm)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_later(-1000000);
	tls_scene_visit(&sc);
	tls_scene_later(0);
	tls_scene_visit(&sc);
	tls_scene_fini(&sc);
}
END_TEST

/* ---- Servers that changed their mind ---- */

static void rotate(struct tls_scene *sc)
{
	unsigned char keys[80];
	RAND_bytes(keys, sizeof keys);
	ck_assert_int_eq(SSL_CTX_set_tlsext_ticket_keys(sc->server, keys, sizeof keys), 1);
}

START_TEST(a_server_with_new_ticket_keys_has_a_full_handshake_and_then_resumes_again)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(tls_scene_visit(&sc));
	rotate(&sc);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_server_with_a_new_certificate_is_verified_anew)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	ck_assert(!tls_scene_visit(&sc));
	rotate(&sc);
	X509_free(sc.leaf);
	sc.leaf = make_certificate(&(struct certificate){"server", "DNS:elsewhere", NULL, NULL, -60, 3600, 5}, sc.key, sc.ca, sc.ca_key);
	SSL_CTX_use_certificate(sc.server, sc.leaf);
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "localhost");
	tls_scene_close(&sc);
	rotate(&sc);
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "localhost");
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_server_that_speaks_another_version_now)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	ck_assert(!tls_scene_visit(&sc));
	SSL_CTX_set_min_proto_version(sc.server, versions[!_i]);
	SSL_CTX_set_max_proto_version(sc.server, versions[!_i]);
	SSL_CTX_set_min_proto_version(sc.server, versions[!_i]);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

static bool offered;

static int look(SSL *ssl, int *alert, void *unused)
{
	const unsigned char *bytes;
	size_t               n;
	(void)alert;
	(void)unused;
	offered = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &bytes, &n) == 1;
	return SSL_CLIENT_HELLO_SUCCESS;
}

START_TEST(tickets_that_a_server_does_not_know_are_not_offered_again)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	SSL_CTX_set_client_hello_cb(sc.server, look, NULL);
	ck_assert(!tls_scene_visit(&sc)); /* two of them */
	rotate(&sc);
	SSL_CTX_set_num_tickets(sc.server, (size_t)_i);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(offered);
	SSL_CTX_set_num_tickets(sc.server, 0);
	if (_i)
		ck_assert(tls_scene_visit(&sc)); /* with the new one */
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(!offered);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_ticket_that_comes_after_the_trust_has_changed_is_not_kept)
{
	struct tls_scene sc;
	char             byte;
	tls_scene_init(&sc, TLS1_3_VERSION);
	tls_scene_connect(&sc);
	ck_assert_int_eq(tls_scene_open(&sc), 0);
	FILE *f = fopen(sc.ca_file, "a");
	ck_assert(PEM_write_X509(f, sc.leaf));
	fclose(f);
	ck_assert_int_eq(tls_context_refresh(sc.context, &sc.error), 0);
	SSL_write(sc.below.server, "s", 1);
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, &byte, 1), 1); /* and with it the tickets */
	tls_scene_close(&sc);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

/* OpenSSL's server does so where it wants client certificates and was given no session id context. */
START_TEST(a_server_that_ends_handshakes_because_of_a_session_is_not_offered_one_again)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_2_VERSION);
	SSL_CTX_set_session_id_context(sc.server, NULL, 0);
	ck_assert(!tls_scene_visit(&sc));
	SSL_CTX_set_verify(sc.server, SSL_VERIFY_PEER, NULL);
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ETLS, "tls: ");
	tls_scene_close(&sc);
	SSL_CTX_set_verify(sc.server, SSL_VERIFY_NONE, NULL);
	for (int i = 0; i < 3; i++)
		ck_assert(!tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(tickets_of_a_handshake_that_failed_are_not_kept)
{
	struct tls_scene sc;
	size_t           whole;
	tls_scene_init(&sc, TLS1_2_VERSION);
	tls_scene_connect(&sc);
	ck_assert_int_eq(tls_scene_open(&sc), 0);
	whole = sc.below.down.done;
	tls_scene_close(&sc);
	tls_scene_context(&sc);
	tls_scene_connect(&sc);
	sc.below.down = (struct stretch){.most = whole - 1, .fault = END}; /* the last byte of Finished is missing */
	tls_scene_fails(&sc, MQTTWILL_ETLS, "closed the connection in the handshake");
	tls_scene_close(&sc);
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_ticket_survives_a_line_that_breaks_in_the_handshake)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_connect(&sc);
	sc.below.down = (struct stretch){.most = 0, .fault = RESET};
	tls_scene_fails(&sc, MQTTWILL_ETLS, "read: reset");
	tls_scene_close(&sc);
	ck_assert(tls_scene_visit(&sc)); /* the other one */
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_ticket_too_large_to_keep_is_not_kept)
{
	struct tls_scene sc;
	static char      names[60000];
	strcpy(names, "DNS:localhost");
	for (int i = 0; i < 2500; i++)
		sprintf(names + strlen(names), ",DNS:d%d.example.org", i);
	tls_scene_init(&sc, versions[_i]);
	X509_free(sc.leaf);
	sc.leaf = make_certificate(&(struct certificate){"server", names, NULL, NULL, -60, 3600, 3}, sc.key, sc.ca, sc.ca_key);
	SSL_CTX_use_certificate(sc.server, sc.leaf);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

#endif

Suite *tls_resume_suite(void)
{
	Suite *s = suite_create("tls_resume");
	TCase *t = tcase_create("tls_resume");
	tcase_set_timeout(t, 60);
#ifdef HAVE_OPENSSL
	tcase_add_loop_test(t, a_second_connection_resumes_the_first_and_so_on, 0, 2);
	tcase_add_loop_test(t, session_ids_without_tickets_do_as_well, 0, 2);
	tcase_add_loop_test(t, without_resumption_every_handshake_is_a_full_one, 0, 2);
	tcase_add_loop_test(t, a_connection_that_broke_is_resumed, 0, 2);
	tcase_add_test(t, a_ticket_of_tls_1_3_is_used_once);
	tcase_add_test(t, a_connection_that_never_opens_takes_no_ticket);
	tcase_add_loop_test(t, a_session_is_for_one_host_port_and_name, 0, 2);
	tcase_add_loop_test(t, four_servers_are_remembered_and_the_oldest_makes_room, 0, 2);
	tcase_add_loop_test(t, a_new_context_knows_no_session_of_the_old_one, 0, 2);
	tcase_add_loop_test(t, an_expired_session_is_not_offered, 0, 2);
	tcase_add_loop_test(t, a_session_is_not_resumed_beyond_the_life_of_the_certificates, 0, 2);
	tcase_add_loop_test(t, a_clock_that_is_set_back_does_no_harm, 0, 2);
	tcase_add_loop_test(t, a_server_with_new_ticket_keys_has_a_full_handshake_and_then_resumes_again, 0, 2);
	tcase_add_loop_test(t, tickets_that_a_server_does_not_know_are_not_offered_again, 0, 2);
	tcase_add_test(t, a_ticket_that_comes_after_the_trust_has_changed_is_not_kept);
	tcase_add_loop_test(t, a_server_with_a_new_certificate_is_verified_anew, 0, 2);
	tcase_add_loop_test(t, a_server_that_speaks_another_version_now, 0, 2);
	tcase_add_test(t, a_server_that_ends_handshakes_because_of_a_session_is_not_offered_one_again);
	tcase_add_test(t, tickets_of_a_handshake_that_failed_are_not_kept);
	tcase_add_test(t, a_ticket_survives_a_line_that_breaks_in_the_handshake);
	tcase_add_loop_test(t, a_ticket_too_large_to_keep_is_not_kept, 0, 2);
#endif
	suite_add_tcase(s, t);
	return s;
}
