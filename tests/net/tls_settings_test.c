/* SPDX-License-Identifier: MIT */
/*
 * Versions, ciphers and groups, protocols by ALPN, names, pins, the hook and the key log: what is agreed, and what is refused.
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
#include <sys/stat.h>
#include <unistd.h>

#include "net/tls_internal.h"
#include "net/tls_issue.h"
#include "net/tls_scene.h"

#define COUNT(array) (int)(sizeof(array) / sizeof(array)[0])

static struct pipe_facts facts_of(const struct tls_scene *sc)
{
	struct pipe_facts facts = {0};
	pipe_describe(sc->tls, &facts);
	return facts;
}

static void opens(struct tls_scene *sc)
{
	tls_scene_connect(sc);
	int rc = tls_scene_open(sc);
	ck_assert_msg(rc == 0, "%d: %s", rc, sc->error.text);
}

static void is_refused(const struct mqttwill_tls *settings, const char *words)
{
	struct tls_context *context = NULL;
	struct pipe_error   error = {0};
	int                 rc = tls_context_new(&context, settings, &error);
	ck_assert_msg(rc == MQTTWILL_EOPTION, "%d, not: %s", rc, words);
	ck_assert_str_eq(error.text, words);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}

/* ---- Versions ---- */

static const struct {
	uint32_t    least, most;
	int         server_least, server_most;
	const char *agreed; /* or NULL, and why not: */
	const char *words;
} version_rows[] = {
	{0, 0, TLS1_2_VERSION, TLS1_3_VERSION, "TLSv1.3", NULL},
	{0, 0, TLS1_2_VERSION, TLS1_2_VERSION, "TLSv1.2", NULL},
	{0, 0, TLS1_VERSION, TLS1_1_VERSION, NULL, "tls: localhost does not speak TLS 1.2 or later"},
	{MQTTWILL_TLS_1_2, 0, TLS1_1_VERSION, TLS1_1_VERSION, NULL, "tls: localhost does not speak TLS 1.2 or later"},
	{0, MQTTWILL_TLS_1_2, TLS1_2_VERSION, TLS1_3_VERSION, "TLSv1.2", NULL},
	{0, MQTTWILL_TLS_1_2, TLS1_3_VERSION, TLS1_3_VERSION, NULL, "tls: localhost does not speak TLS 1.2"},
	{MQTTWILL_TLS_1_3, 0, TLS1_2_VERSION, TLS1_3_VERSION, "TLSv1.3", NULL},
	{MQTTWILL_TLS_1_3, 0, TLS1_2_VERSION, TLS1_2_VERSION, NULL, "tls: localhost does not speak TLS 1.3"},
	{MQTTWILL_TLS_1_3, MQTTWILL_TLS_1_3, TLS1_2_VERSION, TLS1_3_VERSION, "TLSv1.3", NULL},
};

START_TEST(versions_are_agreed_within_both_limits)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_2_VERSION);
	SSL_CTX_set_min_proto_version(sc.server, version_rows[_i].server_least);
	SSL_CTX_set_max_proto_version(sc.server, version_rows[_i].server_most);
	SSL_CTX_set_security_level(sc.server, 0);
	sc.settings.min_version = version_rows[_i].least;
	sc.settings.max_version = version_rows[_i].most;
	tls_scene_connect(&sc);
	int rc = tls_scene_open(&sc);
	ck_assert_msg(rc == (version_rows[_i].agreed ? 0 : MQTTWILL_ETLS), "%d: %s", rc, sc.error.text);
	if (rc == 0)
		ck_assert_str_eq(facts_of(&sc).tls_version, version_rows[_i].agreed);
	else
		ck_assert_str_eq(sc.error.text, version_rows[_i].words);
	tls_scene_fini(&sc);
}
END_TEST

/* ---- Ciphers and groups ---- */

START_TEST(without_settings_only_forward_secrecy_and_authenticated_encryption)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_2_VERSION);
	tls_scene_connect(&sc);
	SSL *ssl = ((struct tls *)(void *)sc.tls)->ssl;
	STACK_OF(SSL_CIPHER) *offered = SSL_get1_supported_ciphers(ssl);
	ck_assert_int_gt(sk_SSL_CIPHER_num(offered), 8);
	for (int i = 0; i < sk_SSL_CIPHER_num(offered); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(offered, i);
		int               kx = SSL_CIPHER_get_kx_nid(c);
		ck_assert_msg(SSL_CIPHER_is_aead(c), "%s", SSL_CIPHER_get_name(c));
		ck_assert_msg(kx == NID_kx_ecdhe || kx == NID_kx_dhe || kx == NID_kx_any, "%s", SSL_CIPHER_get_name(c));
		ck_assert_int_ge(SSL_CIPHER_get_bits(c, NULL), 128);
	}
	sk_SSL_CIPHER_free(offered);
	ck_assert_int_ge(SSL_get_security_level(ssl), 2);
	ck_assert(SSL_get_options(ssl) & SSL_OP_NO_COMPRESSION);
	ck_assert(SSL_get_options(ssl) & SSL_OP_NO_RENEGOTIATION);
	ck_assert(!(SSL_get_options(ssl) & SSL_OP_LEGACY_SERVER_CONNECT));
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_cipher_that_was_asked_for_is_used)
{
	struct tls_scene sc;
	tls_scene_init(&sc, _i ? TLS1_3_VERSION : TLS1_2_VERSION);
	sc.settings.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305";
	sc.settings.ciphersuites = "TLS_CHACHA20_POLY1305_SHA256";
	sc.settings.groups = "P-384";
	opens(&sc);
	ck_assert_str_eq(facts_of(&sc).cipher, _i ? "TLS_CHACHA20_POLY1305_SHA256" : "ECDHE-ECDSA-CHACHA20-POLY1305");
	ck_assert_int_eq((int)SSL_get_shared_group(sc.below.server, 0), NID_secp384r1);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(nothing_in_common_is_told)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(sc.server, "ECDHE-ECDSA-AES128-GCM-SHA256");
	sc.settings.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305";
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ETLS, "tls: localhost has no TLS cipher, group or signature in common with us, or asks for a certificate");
	tls_scene_fini(&sc);
}
END_TEST

static const struct {
	const char *ciphers, *suites, *groups, *words;
} bad_lists[] = {
	{"ECDHE+AESGCM:AES-1O28", NULL, NULL, "option tls.ciphers: \"AES-1O28\" is nothing that this OpenSSL has"},
	{"", NULL, NULL, "option tls.ciphers: no cipher match"},
	{"TLS_AES_128_GCM_SHA256", NULL, NULL,
	 "option tls.ciphers: \"TLS_AES_128_GCM_SHA256\" is nothing that this OpenSSL has; those of TLS 1.3 go to ciphersuites"},
	{"DEFAULT:@SECLEVEL=1", NULL, NULL, "option tls.ciphers: it lowers the security level to 1, and 2 is the least"},
	{NULL, "TLS_AES_128_GCM_SHA256:TLS_AES_129_GCM_SHA256", NULL,
	 "option tls.ciphersuites: \"TLS_AES_129_GCM_SHA256\" is nothing that this OpenSSL has"},
	{NULL, "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, "option tls.ciphersuites: \"ECDHE-ECDSA-AES128-GCM-SHA256\" is nothing that this OpenSSL has"},
	{NULL, NULL, "X25519:P-257", "option tls.groups: \"P-257\" is nothing that this OpenSSL has"},
};

START_TEST(a_list_with_a_word_that_means_nothing_is_refused)
{
	struct mqttwill_tls settings = {.ciphers = bad_lists[_i].ciphers, .ciphersuites = bad_lists[_i].suites, .groups = bad_lists[_i].groups};
	is_refused(&settings, bad_lists[_i].words);
}
END_TEST

START_TEST(exclusions_and_orders_in_a_list_are_left_to_openssl)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_2_VERSION);
	sc.settings.ciphers = "HIGH:!aNULL:!MD5:!RC4:-SHA1:+AES:@STRENGTH";
	opens(&sc);
	tls_scene_fini(&sc);
}
END_TEST

/* ---- ALPN ---- */

struct answer {
	const char *protocol; /* NULL: none; "" refuses */
	char        offered[40];
};

static int choose(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in, unsigned in_n, void *user)
{
	struct answer *a = user;
	(void)ssl;
	for (unsigned i = 0; i < in_n; i += 1 + in[i])
		snprintf(a->offered + strlen(a->offered), sizeof a->offered - strlen(a->offered), "%.*s ", in[i], (const char *)in + i + 1);
	if (!a->protocol)
		return SSL_TLSEXT_ERR_NOACK;
	*out = (const unsigned char *)a->protocol;
	*n = (unsigned char)strlen(a->protocol);
	return *n ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static const char *const list[] = {"mqtt/9", "x"};

#define OPENSSL_ALPN "" /* OpenSSL 3.0.22 sees it before we do, and has other words */

static const struct {
	bool        none, own, websocket;
	const char *offered, *answer;
	int         code;
	const char *words; /* or the protocol that is reported */
} alpn_rows[] = {
	{false, false, false, "mqtt ", "mqtt", 0, "mqtt"},
	{false, false, false, "mqtt ", NULL, 0, NULL},
	{false, false, true, "http/1.1 ", "http/1.1", 0, "http/1.1"},
	{false, true, false, "mqtt/9 x ", "x", 0, "x"},
	{false, true, true, "mqtt/9 x ", "mqtt/9", 0, "mqtt/9"},
	{true, false, false, "", "mqtt", 0, NULL},
	{false, false, false, "mqtt ", "h2", MQTTWILL_ETLS, OPENSSL_ALPN}, /* that was not offered */
	{false, false, false, "mqtt ", "", MQTTWILL_ETLS, "tls: localhost does not speak the protocol that ALPN offers"},
};

START_TEST(the_protocol_is_offered_and_what_is_agreed_is_told)
{
	struct tls_scene sc;
	struct answer    a = {.protocol = alpn_rows[_i].answer};
	tls_scene_init(&sc, TLS1_3_VERSION);
	SSL_CTX_set_alpn_select_cb(sc.server, choose, &a);
	sc.settings.no_alpn = alpn_rows[_i].none;
	sc.settings.alpn = alpn_rows[_i].own ? list : NULL;
	sc.settings.alpn_count = alpn_rows[_i].own ? 2 : 0;
	sc.to.websocket = alpn_rows[_i].websocket;
	tls_scene_connect(&sc);
	int rc = tls_scene_open(&sc);
	ck_assert_msg(rc == alpn_rows[_i].code, "%d: %s", rc, sc.error.text);
	ck_assert_str_eq(a.offered, alpn_rows[_i].offered);
	const char *got = rc ? sc.error.text : facts_of(&sc).alpn;
	if (!alpn_rows[_i].words || *alpn_rows[_i].words)
		ck_assert_pstr_eq(got, alpn_rows[_i].words);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_protocol_that_cannot_be_offered_is_refused)
{
	char              name[300];
	const char *const names[] = {"mqtt", _i ? name : ""};
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = 0;
	is_refused(&(struct mqttwill_tls){.alpn = names, .alpn_count = 2},
	           _i ? "option tls.alpn[1]: a protocol's name has 1 to 255 bytes, not 299"
	              : "option tls.alpn[1]: a protocol's name has 1 to 255 bytes, not 0");
}
END_TEST

/* ---- Names ---- */

static const struct {
	const char *host, *server_name, *asked; /* SNI */
	int         code;
} name_rows[] = {
	{"localhost", NULL, "localhost", 0},
	{"localhost.", NULL, "localhost", 0},
	{"192.0.2.7", NULL, NULL, MQTTWILL_ECERT},
	{"192.0.2.7", "localhost", "localhost", 0},
	{"elsewhere", "localhost", "localhost", 0},
	{"localhost", "elsewhere", "elsewhere", MQTTWILL_ECERT},
	{"localhost", "192.0.2.7", NULL, MQTTWILL_ECERT},
};

START_TEST(the_server_is_asked_for_the_name_that_is_verified)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_2_VERSION);
	sc.to.host = name_rows[_i].host;
	sc.settings.server_name = name_rows[_i].server_name;
	tls_scene_connect(&sc);
	int rc = tls_scene_open(&sc);
	ck_assert_msg(rc == name_rows[_i].code, "%d: %s", rc, sc.error.text);
	ck_assert_pstr_eq(SSL_get_servername(sc.below.server, TLSEXT_NAMETYPE_host_name), name_rows[_i].asked);
	tls_scene_fini(&sc);
}
END_TEST

/* OpenSSL would take these for "check no name" and "any name below". */
START_TEST(a_name_that_would_open_more_than_itself_is_refused)
{
	static const char *const names[] = {"", ".", ".localhost"};
	struct tls_scene         sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	sc.settings.server_name = names[_i];
	is_refused(&sc.settings, "option tls.server_name: it is no host name: it is empty, too long, or begins with a dot");
	sc.settings.server_name = NULL;
	sc.to.host = names[_i];
	tls_scene_context(&sc);
	tls_scene_prepare(&sc);
	ck_assert_ptr_null(tls_new(sc.context, &sc.below.pipe, &sc.to));
	ck_assert_int_eq(sc.error.code, MQTTWILL_ECERT);
	SSL_free(sc.below.server);
	sc.below.server = NULL;
	tls_scene_fini(&sc);
}
END_TEST

/* ---- Pins ---- */

static const char some_pin[] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

START_TEST(a_pinned_key_is_accepted_and_no_other)
{
	struct tls_scene  sc;
	char              pin[TLS_PIN_SIZE], words[200];
	const char *const right[] = {some_pin, pin}, *const wrong[] = {some_pin};
	tls_scene_init(&sc, _i & 2 ? TLS1_3_VERSION : TLS1_2_VERSION);
	ck_assert(tls_pin_of(sc.leaf, pin));
	sc.settings.insecure_any_certificate = _i & 1;
	sc.settings.pins = right;
	sc.settings.pin_count = 2;
	opens(&sc);
	tls_scene_close(&sc);
	sc.settings.pins = wrong;
	sc.settings.pin_count = 1;
	tls_scene_context(&sc);
	tls_scene_connect(&sc);
	snprintf(words, sizeof words, "tls: the public key of localhost is not one that is pinned: it is %s", pin);
	tls_scene_fails(&sc, MQTTWILL_ECERT, words);
	ck_assert_str_eq(sc.error.text, words);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_pin_trusts_nobody_by_itself)
{
	struct tls_scene  sc;
	char              pin[TLS_PIN_SIZE];
	const char *const pins[] = {pin};
	tls_scene_init(&sc, TLS1_3_VERSION);
	ck_assert(tls_pin_of(sc.leaf, pin));
	sc.settings.pins = pins;
	sc.settings.pin_count = 1;
	sc.to.host = "elsewhere";
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "is for localhost; not for elsewhere");
	tls_scene_fini(&sc);
}
END_TEST

/* A session that was made without pins is resumed under them: the certificate is the earlier one's. */
START_TEST(a_resumed_session_is_held_to_the_pins_too)
{
	struct tls_scene  sc;
	const char *const pins[] = {some_pin};
	tls_scene_init(&sc, _i & 2 ? TLS1_3_VERSION : TLS1_2_VERSION);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(tls_scene_visit(&sc));
	sc.context->settings.pins = pins;
	sc.context->settings.pin_count = 1;
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "tls: the public key of localhost is not one that is pinned: it is sha256//");
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_pin_that_is_none_is_refused)
{
	static const char *const bad[] = {"", "sha256//", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-=",
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	const char *const pins[] = {some_pin, bad[_i]};
	char              words[200];
	snprintf(words, sizeof words, "option tls.pins[1]: \"%s\" is no pin: \"sha256//\" and the base64 of 32 bytes", bad[_i]);
	is_refused(&(struct mqttwill_tls){.pins = pins, .pin_count = 2}, words);
}
END_TEST

START_TEST(pins_beside_a_pre_shared_key_are_refused)
{
	const char *const pins[] = {some_pin};
	is_refused(&(struct mqttwill_tls){.pins = pins, .pin_count = 1, .psk_identity = "lamp", .psk = "secret", .psk_len = 6},
	           "option tls.pins: they are set beside psk, where there is no certificate");
}
END_TEST

/* ---- The hook and the key log ---- */

struct hooked {
	int calls, answer;
};

static int hook(void *user, void *ssl_ctx)
{
	struct hooked *h = user;
	h->calls++;
	SSL_CTX_set_cipher_list(ssl_ctx, "ECDHE-ECDSA-CHACHA20-POLY1305");
	return h->answer;
}

START_TEST(the_hook_has_the_last_word)
{
	struct tls_scene sc;
	struct hooked    h = {0};
	tls_scene_init(&sc, TLS1_2_VERSION);
	sc.settings.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
	sc.settings.ssl_ctx_fn = hook;
	sc.settings.user = &h;
	opens(&sc);
	ck_assert_int_eq(h.calls, 1);
	ck_assert_str_eq(facts_of(&sc).cipher, "ECDHE-ECDSA-CHACHA20-POLY1305");
	h.answer = MQTTWILL_EAUTH;
	sc.settings.ca_file = NULL; /* other settings: it is called anew */
	is_refused(&sc.settings, "option tls.ssl_ctx_fn: it returned -41: the broker refused the credentials");
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(the_key_log_is_written_only_by_a_build_that_was_asked_for_it)
{
	struct tls_scene sc;
	char             path[32] = "/tmp/tls_keys.XXXXXX", line[400] = "";
	struct stat      st;
	write_file(path, "");
	unlink(path);
	tls_scene_init(&sc, TLS1_3_VERSION);
	sc.settings.keylog_file = path;
#ifdef ENABLE_KEYLOG
	opens(&sc);
	FILE *f = fopen(path, "r");
	ck_assert(f && fgets(line, sizeof line, f) && fstat(fileno(f), &st) == 0);
	fclose(f);
	ck_assert_msg(strstr(line, "SERVER_HANDSHAKE_TRAFFIC_SECRET ") || strstr(line, "CLIENT_HANDSHAKE_TRAFFIC_SECRET "), "%s", line);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	sc.settings.keylog_file = "/nowhere/keys";
	is_refused(&sc.settings, "option tls.keylog_file: /nowhere/keys: No such file or directory");
#else
	(void)line;
	is_refused(&sc.settings, "option tls.keylog_file: it is not built in (./configure --enable-keylog)");
	ck_assert_int_lt(stat(path, &st), 0);
#endif
	unlink(path);
	tls_scene_fini(&sc);
}
END_TEST

#endif

Suite *tls_settings_suite(void)
{
	Suite *s = suite_create("tls_settings");
	TCase *t = tcase_create("tls_settings");
	tcase_set_timeout(t, 60);
#ifdef HAVE_OPENSSL
	tcase_add_loop_test(t, versions_are_agreed_within_both_limits, 0, COUNT(version_rows));
	tcase_add_test(t, without_settings_only_forward_secrecy_and_authenticated_encryption);
	tcase_add_loop_test(t, a_cipher_that_was_asked_for_is_used, 0, 2);
	tcase_add_test(t, nothing_in_common_is_told);
	tcase_add_loop_test(t, a_list_with_a_word_that_means_nothing_is_refused, 0, COUNT(bad_lists));
	tcase_add_test(t, exclusions_and_orders_in_a_list_are_left_to_openssl);
	tcase_add_loop_test(t, the_protocol_is_offered_and_what_is_agreed_is_told, 0, COUNT(alpn_rows));
	tcase_add_loop_test(t, a_protocol_that_cannot_be_offered_is_refused, 0, 2);
	tcase_add_loop_test(t, the_server_is_asked_for_the_name_that_is_verified, 0, COUNT(name_rows));
	tcase_add_loop_test(t, a_name_that_would_open_more_than_itself_is_refused, 0, 3);
	tcase_add_loop_test(t, a_pinned_key_is_accepted_and_no_other, 0, 4);
	tcase_add_test(t, a_pin_trusts_nobody_by_itself);
	tcase_add_loop_test(t, a_resumed_session_is_held_to_the_pins_too, 0, 4);
	tcase_add_loop_test(t, a_pin_that_is_none_is_refused, 0, 8);
	tcase_add_test(t, pins_beside_a_pre_shared_key_are_refused);
	tcase_add_test(t, the_hook_has_the_last_word);
	tcase_add_test(t, the_key_log_is_written_only_by_a_build_that_was_asked_for_it);
#endif
	suite_add_tcase(s, t);
	return s;
}
