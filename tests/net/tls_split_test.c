/* SPDX-License-Identifier: MIT */
/*
 * A TLS connection that waits, ends or breaks after each of its bytes, in each direction; and what else comes over a line that
 * is not what one hopes for.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/suites.h"

#ifdef HAVE_OPENSSL

#include <openssl/err.h>
#include <string.h>

#include "net/tls_scene.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* Both directions have the same tests. */
static struct stretch *direction(struct tls_scene *sc, int down)
{
	return down ? &sc->below.down : &sc->below.up;
}

/* ---- The whole life of a connection ---- */

enum { BYTES = 300 };

static void read_all(struct tls_scene *sc, char *got)
{
	size_t n = 0;
	for (int turn = 0; n < BYTES; turn++) {
		ck_assert_int_lt(turn, 100);
		ssize_t r = sc->tls->ops->read(sc->tls, got + n, BYTES - n);
		ck_assert_msg(r >= -1, "%s", sc->error.text);
		n += r > 0 ? (size_t)r : 0;
	}
}

static void write_all(struct tls_scene *sc, const char *bytes)
{
	char   got[BYTES + 1];
	size_t written = 0, n = 0;
	for (int turn = 0; n < BYTES; turn++) {
		ck_assert_int_lt(turn, 100);
		ssize_t w = written < BYTES ? sc->tls->ops->write(sc->tls, bytes + written, BYTES - written) : -1;
		ck_assert_msg(w >= -1, "%s", sc->error.text);
		written += w > 0 ? (size_t)w : 0;
		int r = SSL_read(sc->below.server, got + n, (int)sizeof got - (int)n);
		n += r > 0 ? (size_t)r : 0;
	}
	ck_assert_mem_eq(got, bytes, BYTES);
}

/* close_notify both ways. */
static void end_all(struct tls_scene *sc)
{
	char    byte;
	ssize_t r = -1;
	sc->tls->ops->finish(sc->tls);
	for (int turn = 0; turn < 100 && r == -1; turn++) {
		if (SSL_read(sc->below.server, &byte, 1) <= 0 && SSL_get_shutdown(sc->below.server) & SSL_RECEIVED_SHUTDOWN)
			SSL_shutdown(sc->below.server);
		r = sc->tls->ops->read(sc->tls, &byte, 1);
	}
	ck_assert_int_eq(r, 0);
	ck_assert(sc->below.finished);
}

static void live(struct tls_scene *sc)
{
	static char bytes[BYTES], got[BYTES];
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)(i * 7);
	ck_assert_msg(tls_scene_open(sc) == 0, "%s", sc->error.text);
	write_all(sc, bytes);
	ck_assert_int_eq(SSL_write(sc->below.server, bytes, BYTES), BYTES);
	read_all(sc, got);
	ck_assert_mem_eq(got, bytes, BYTES);
	end_all(sc);
}

START_TEST(a_connection_that_waits_after_any_of_its_bytes)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i / 2]);
	sc.settings.no_resumption = true;
	tls_scene_connect(&sc);
	live(&sc);
	size_t all = direction(&sc, _i % 2)->done;
	tls_scene_close(&sc);
	for (size_t at = 0; at < all; at++) {
		tls_scene_connect(&sc);
		*direction(&sc, _i % 2) = (struct stretch){.most = at, .fault = PAUSE};
		live(&sc);
		ck_assert_int_eq(direction(&sc, _i % 2)->fault, NO_FAULT);
		tls_scene_close(&sc);
	}
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_resumed_connection_that_waits_after_any_of_its_bytes)
{
	struct tls_scene sc;
	size_t           all;
	tls_scene_init(&sc, versions[_i / 2]);
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_connect(&sc);
	live(&sc);
	all = direction(&sc, _i % 2)->done;
	tls_scene_close(&sc);
	for (size_t at = 0; at < all; at++) {
		tls_scene_connect(&sc);
		*direction(&sc, _i % 2) = (struct stretch){.most = at, .fault = PAUSE};
		live(&sc);
		ck_assert(SSL_session_reused(sc.below.server));
		tls_scene_close(&sc);
	}
	tls_scene_fini(&sc);
}
END_TEST

/* ---- The handshake is cut ---- */

static void one_sentence(const struct tls_scene *sc, int rc, size_t at)
{
	ck_assert_msg(rc == MQTTWILL_ETLS, "%d after byte %zu: %s", rc, at, sc->error.text);
	ck_assert_int_eq(sc->error.code, MQTTWILL_ETLS);
	ck_assert_msg(strncmp(sc->error.text, "tls: ", 5) == 0 && strstr(sc->error.text, "localhost"), "%s", sc->error.text);
	ck_assert_msg((strstr(sc->error.text, "does it speak TLS") != NULL) == (sc->below.down.done == 0), "%s", sc->error.text);
}

START_TEST(a_handshake_that_ends_or_breaks_after_any_of_its_bytes)
{
	static const enum fault faults[] = {END, RESET};
	struct tls_scene        sc;
	int                     down = _i % 2;
	tls_scene_init(&sc, versions[_i / 2 % 2]);
	for (size_t at = 0;; at++) {
		tls_scene_connect(&sc);
		*direction(&sc, down) = (struct stretch){.most = at, .fault = faults[_i / 4]};
		int rc = tls_scene_open(&sc);
		if (rc)
			one_sentence(&sc, rc, at);
		tls_scene_close(&sc);
		ck_assert(sc.below.closed);
		if (rc == 0) {
			ck_assert_uint_gt(at, 200);
			break;
		}
	}
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_stream_that_is_cut_after_any_byte_is_a_loss)
{
	struct tls_scene sc;
	char             buf[BYTES];
	ssize_t          n;
	tls_scene_init(&sc, versions[_i]);
	for (size_t at = 0, all = 1; at < all; at++) {
		tls_scene_connect(&sc);
		ck_assert_int_eq(tls_scene_open(&sc), 0);
		size_t before = sc.below.down.done;
		all = (size_t)BIO_pending(sc.below.out);
		ck_assert_int_eq(SSL_write(sc.below.server, buf, 40), 40);
		all = (size_t)BIO_pending(sc.below.out);
		sc.below.down = (struct stretch){.done = before, .most = before + at, .fault = END};
		while ((n = sc.tls->ops->read(sc.tls, buf, sizeof buf)) > 0 || n == -1)
			;
		ck_assert_int_eq(n, MQTTWILL_ELOST);
		ck_assert_str_eq(sc.error.text, "tls: localhost closed the connection without a close_notify: it was cut");
		tls_scene_close(&sc);
	}
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_handshake_that_stands_still_ends_at_its_deadline)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	tls_scene_connect(&sc);
	sc.below.full = true;
	ck_assert_int_eq(sc.tls->ops->open(sc.tls, 5000), PIPE_WAIT);
	ck_assert_uint_eq(sc.tls->deadline, 6000);
	ck_assert_int_eq(sc.tls->phase, MQTTWILL_PHASE_TLS);
	ck_assert_int_eq(sc.tls->ops->open(sc.tls, 5999), PIPE_WAIT);
	ck_assert_int_eq(sc.tls->ops->open(sc.tls, 6000), MQTTWILL_ETIMEOUT);
	ck_assert_str_eq(sc.error.text, "tls: localhost did not finish the handshake in time");
	tls_scene_fini(&sc);
}
END_TEST

/* ---- No TLS at all ---- */

static const struct {
	const char *says;
	size_t      len;
	const char *text;
} strangers[] = {
	{"HTTP/1.1 400 Bad Request\r\n\r\n", 28, "tls: handshake with localhost: what it answers is not TLS: it is an HTTP server"},
	{"SSH-2.0-OpenSSH_9.2\r\n", 21, "tls: handshake with localhost: what it answers is not TLS: it is an SSH server"},
	{"\x20\x03\x00\x01\x00", 5, "tls: handshake with localhost: what it answers is not TLS: it is an MQTT broker that wants no TLS"},
	{"\xe0\x00", 2, "tls: handshake with localhost: what it answers is not TLS: it is an MQTT broker that wants no TLS"},
	{"220 mail.example.org ESMTP\r\n", 28, "tls: handshake with localhost: what it answers is not TLS: it is a mail or FTP server"},
	{"\0\0\0\0\0\0\0\0\0\0", 10, "tls: handshake with localhost: what it answers is not TLS"},
	{"\x16\x47\x03\x01\x00\x10", 6, "tls: handshake with localhost: what it answers is not TLS"},
	{"\xff", 1, "tls: handshake with localhost: what it answers is not TLS"},
	{"\x16\x03\x03", 3, "tls: localhost closed the connection in the handshake"},
	{"", 0, "tls: localhost closed the connection in the handshake; does it speak TLS on this port?"},
};

START_TEST(a_server_that_speaks_something_else_is_told_so)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	tls_scene_connect(&sc);
	sc.below.babble = strangers[_i].says;
	sc.below.babble_len = strangers[_i].len;
	tls_scene_fails(&sc, MQTTWILL_ETLS, "tls: ");
	ck_assert_str_eq(sc.error.text, strangers[_i].text);
	tls_scene_fini(&sc);
}
END_TEST

/* ---- Goodbyes ---- */

START_TEST(a_close_notify_that_finds_no_room_is_said_later)
{
	struct tls_scene sc;
	char             byte;
	tls_scene_init(&sc, versions[_i % 2]);
	tls_scene_connect(&sc);
	ck_assert_int_eq(tls_scene_open(&sc), 0);
	sc.below.full = true;
	sc.tls->wants = 0;
	sc.tls->ops->finish(sc.tls);
	ck_assert(!sc.below.finished);
	ck_assert(sc.tls->wants & PIPE_WRITE);
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, &byte, 1), -1);
	ck_assert(sc.tls->wants & PIPE_WRITE);
	ck_assert(sc.tls->owes);
	sc.below.full = false;
	if (_i / 2)
		ck_assert_int_eq(sc.tls->ops->write(sc.tls, "", 0), 0);
	else
		ck_assert_int_eq(sc.tls->ops->read(sc.tls, &byte, 1), -1);
	ck_assert_int_eq(sc.tls->wants & PIPE_WRITE, 0);
	ck_assert(!sc.tls->owes);
	ck_assert(sc.below.finished);
	ck_assert_int_eq(SSL_read(sc.below.server, &byte, 1), 0);
	ck_assert_int_eq(SSL_get_shutdown(sc.below.server) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(who_was_told_goodbye_may_go_without_a_word)
{
	struct tls_scene sc;
	char             byte;
	tls_scene_init(&sc, versions[_i]);
	tls_scene_connect(&sc);
	ck_assert_int_eq(tls_scene_open(&sc), 0);
	sc.tls->ops->finish(sc.tls);
	sc.tls->ops->finish(sc.tls);
	ck_assert_int_eq(SSL_write(sc.below.server, "x", 1), 1);
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, &byte, 1), 1); /* what was still on its way comes */
	sc.below.down = (struct stretch){.done = sc.below.down.done, .most = sc.below.down.done, .fault = END};
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, &byte, 1), 0);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_connection_that_broke_below_finishes_below_all_the_same)
{
	struct tls_scene sc;
	tls_scene_init(&sc, versions[_i]);
	tls_scene_connect(&sc);
	ck_assert_int_eq(tls_scene_open(&sc), 0);
	sc.below.up = (struct stretch){.done = sc.below.up.done, .most = sc.below.up.done, .fault = RESET};
	sc.tls->ops->finish(sc.tls);
	ck_assert(sc.below.finished);
	tls_scene_fini(&sc);
}
END_TEST

/* ---- What TLS does by itself ---- */

static void exchange(struct tls_scene *sc, bool resumed)
{
	char byte;
	ck_assert_int_eq(SSL_session_reused(sc->below.server), resumed);
	ck_assert_int_eq(sc->tls->ops->write(sc->tls, "c", 1), 1);
	ck_assert_int_eq(SSL_read(sc->below.server, &byte, 1), 1);
	ck_assert_int_eq(SSL_write(sc->below.server, "s", 1), 1);
	ck_assert_int_eq(sc->tls->ops->read(sc->tls, &byte, 1), 1);
	ck_assert_int_eq(sc->tls->ops->read(sc->tls, &byte, 1), -1);
}

START_TEST(keys_that_are_renewed_while_nothing_else_happens)
{
	struct tls_scene sc;
	char             byte;
	tls_scene_init(&sc, TLS1_3_VERSION);
	tls_scene_connect(&sc);
	ck_assert_int_eq(tls_scene_open(&sc), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(SSL_key_update(sc.below.server, _i ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		ck_assert_int_eq(SSL_do_handshake(sc.below.server), 1);
		sc.below.full = true; /* the answer, if there is one, must wait */
		ck_assert_int_eq(sc.tls->ops->read(sc.tls, &byte, 1), -1);
		ck_assert_int_eq(SSL_write(sc.below.server, "s", 1), 1);
		ck_assert_int_eq(sc.tls->ops->read(sc.tls, &byte, 1), 1);
		sc.below.full = false;
		exchange(&sc, false);
	}
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_server_that_wants_another_group_is_asked_again)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	SSL_CTX_set1_groups_list(sc.server, "P-384");
	for (int i = 0; i < 2; i++) {
		tls_scene_connect(&sc);
		ck_assert_msg(tls_scene_open(&sc) == 0, "%s", sc.error.text);
		exchange(&sc, i > 0);
		tls_scene_close(&sc);
	}
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(any_number_of_tickets_after_the_handshake)
{
	static const size_t numbers[] = {0, 1, 2, 20};
	struct tls_scene    sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	SSL_CTX_set_num_tickets(sc.server, numbers[_i]);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert_int_eq(tls_scene_visit(&sc), numbers[_i] > 0);
	ck_assert_int_eq(tls_scene_visit(&sc), numbers[_i] > 0);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_server_that_wants_to_negotiate_again_gets_no_answer_and_harms_nobody)
{
	struct tls_scene sc;
	char             byte;
	tls_scene_init(&sc, TLS1_2_VERSION);
	tls_scene_connect(&sc);
	ck_assert_int_eq(tls_scene_open(&sc), 0);
	ck_assert_int_eq(SSL_renegotiate(sc.below.server), 1);
	SSL_do_handshake(sc.below.server);
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, &byte, 1), -1);
	ck_assert_int_gt(BIO_pending(sc.below.in), 0); /* an alert: no_renegotiation */
	ck_assert_int_lt(BIO_pending(sc.below.in), 100);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_whole_record_is_read_at_once_and_in_pieces)
{
	static char      bytes[16384], got[16384];
	struct tls_scene sc;
	size_t           n = 0;
	tls_scene_init(&sc, versions[_i]);
	tls_scene_connect(&sc);
	ck_assert_int_eq(tls_scene_open(&sc), 0);
	memset(bytes, 'b', sizeof bytes);
	ck_assert_int_eq(SSL_write(sc.below.server, bytes, sizeof bytes), (int)sizeof bytes);
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, got, sizeof got), (ssize_t)sizeof got);
	ck_assert_uint_eq(sc.tls->ops->pending(sc.tls), 0);
	ck_assert_int_eq(SSL_write(sc.below.server, bytes, sizeof bytes), (int)sizeof bytes);
	for (ssize_t r; n < sizeof got; n += (size_t)r) {
		r = sc.tls->ops->read(sc.tls, got + n, 1000);
		ck_assert_int_gt(r, 0);
		ck_assert_uint_eq(sc.tls->ops->pending(sc.tls), sizeof got - n - (size_t)r);
	}
	ck_assert_mem_eq(got, bytes, sizeof got);
	tls_scene_fini(&sc);
}
END_TEST

#endif

Suite *tls_split_suite(void)
{
	Suite *s = suite_create("tls_split");
	TCase *t = tcase_create("tls_split");
	tcase_set_timeout(t, 120);
#ifdef HAVE_OPENSSL
	tcase_add_loop_test(t, a_connection_that_waits_after_any_of_its_bytes, 0, 4);
	tcase_add_loop_test(t, a_resumed_connection_that_waits_after_any_of_its_bytes, 0, 4);
	tcase_add_loop_test(t, a_handshake_that_ends_or_breaks_after_any_of_its_bytes, 0, 8);
	tcase_add_loop_test(t, a_stream_that_is_cut_after_any_byte_is_a_loss, 0, 2);
	tcase_add_loop_test(t, a_handshake_that_stands_still_ends_at_its_deadline, 0, 2);
	tcase_add_loop_test(t, a_server_that_speaks_something_else_is_told_so, 0, sizeof strangers / sizeof strangers[0]);
	tcase_add_loop_test(t, a_close_notify_that_finds_no_room_is_said_later, 0, 4);
	tcase_add_loop_test(t, who_was_told_goodbye_may_go_without_a_word, 0, 2);
	tcase_add_loop_test(t, a_connection_that_broke_below_finishes_below_all_the_same, 0, 2);
	tcase_add_loop_test(t, keys_that_are_renewed_while_nothing_else_happens, 0, 2);
	tcase_add_test(t, a_server_that_wants_another_group_is_asked_again);
	tcase_add_loop_test(t, any_number_of_tickets_after_the_handshake, 0, 4);
	tcase_add_test(t, a_server_that_wants_to_negotiate_again_gets_no_answer_and_harms_nobody);
	tcase_add_loop_test(t, a_whole_record_is_read_at_once_and_in_pieces, 0, 2);
#endif
	suite_add_tcase(s, t);
	return s;
}
