/* SPDX-License-Identifier: MIT */
/*
 * What is read from files: whom to trust, read anew when it has changed, and shared by those who are alike.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/suites.h"

#ifdef HAVE_OPENSSL

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/tls_internal.h"
#include "net/tls_issue.h"
#include "net/tls_scene.h"
#include "support/alloc.h"

#define COUNT(array) (int)(sizeof(array) / sizeof(array)[0])

static const struct issue first[CHAIN_MOST] = {{.name = "First", .constraints = "critical,CA:TRUE"}, {.name = "lamp"}};
static const struct issue second[CHAIN_MOST] = {{.name = "Second", .constraints = "critical,CA:TRUE"}, {.name = "torch"}};

static void is_refused(const struct mqttwill_tls *settings, const char *words)
{
	struct tls_context *context = NULL;
	struct pipe_error   error = {0};
	int                 rc = tls_context_new(&context, settings, &error);
	ck_assert_msg(rc == MQTTWILL_EOPTION, "%d, not: %s", rc, words);
	ck_assert_str_eq(error.text, words);
	ck_assert_ptr_null(context);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}

static void opens(struct tls_scene *sc)
{
	tls_scene_connect(sc);
	int rc = tls_scene_open(sc);
	ck_assert_msg(rc == 0, "%d: %s", rc, sc->error.text);
}

static char *pem_of(const struct issue *what, int at)
{
	struct chain chain;
	issue_chain(&chain, what);
	char *text = add_certificate(NULL, chain.certificate[at]);
	free_chain(&chain);
	return text;
}

/* ---- Where trust comes from ---- */

static void add_hashed(const char *dir, X509 *x, char path[64])
{
	snprintf(path, 64, "%s/%08lx.0", dir, X509_subject_name_hash(x));
	char *text = add_certificate(NULL, x);
	write_file(path, text);
	free(text);
}

START_TEST(a_directory_that_is_named_by_hash_is_trusted)
{
	struct tls_scene sc;
	char             dir[] = "/tmp/tls_dir.XXXXXX", path[64];
	tls_scene_init(&sc, TLS1_3_VERSION);
	ck_assert(mkdtemp(dir) != NULL);
	sc.settings = (struct mqttwill_tls){.ca_dir = dir};
	char words[200];
	snprintf(words, sizeof words, "option tls.ca_dir: %s: there is no certificate in it that is named by its hash (openssl rehash makes the names)", dir);
	is_refused(&sc.settings, words);
	add_hashed(dir, sc.ca, path);
	opens(&sc);
	tls_scene_fini(&sc);
	unlink(path);
	rmdir(dir);
}
END_TEST

START_TEST(memory_and_file_are_trusted_together)
{
	struct tls_scene sc;
	char            *other = pem_of(first, 0);
	tls_scene_init(&sc, TLS1_3_VERSION);
	char *own = add_certificate(NULL, sc.ca);
	sc.settings = (struct mqttwill_tls){.ca_pem = own, .ca_pem_len = strlen(own)};
	opens(&sc);
	tls_scene_close(&sc);
	write_file(sc.ca_file, other);
	sc.settings.ca_file = sc.ca_file;
	tls_scene_context(&sc);
	opens(&sc);
	tls_scene_close(&sc);
	sc.settings.ca_pem = NULL;
	sc.settings.ca_pem_len = 0;
	tls_scene_context(&sc);
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "is signed by CN=home, which is neither in ca_file");
	tls_scene_fini(&sc);
	free(own);
	free(other);
}
END_TEST

/* As OpenSSL has it: SSL_CERT_FILE takes the place of the system's store, and nothing given by an option is added to it. */
START_TEST(the_systems_store_is_that_of_the_environment_and_only_the_default)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	sc.settings.ca_file = NULL;
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "is signed by CN=home, which is neither in the system's store nor sent by the server");
	tls_scene_close(&sc);
	setenv("SSL_CERT_FILE", sc.ca_file, 1);
	opens(&sc);
	tls_scene_close(&sc);
	char *other = pem_of(first, 0);
	sc.settings.ca_pem = other;
	sc.settings.ca_pem_len = strlen(other);
	tls_scene_context(&sc);
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "is signed by CN=home, which is neither in ca_pem nor sent by the server");
	unsetenv("SSL_CERT_FILE");
	tls_scene_fini(&sc);
	free(other);
}
END_TEST

static const struct {
	const char *content, *words; /* %s: the file; content NULL: there is none */
} bad_files[] = {
	{NULL, "option tls.ca_file: %s: No such file or directory"},
	{"", "option tls.ca_file: %s: there is no certificate in it"},
	{"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "option tls.ca_file: %s: there is no certificate in it"},
	{"GOOD-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n", "option tls.ca_file: %s: certificate 2: bad base64 decode"},
	{"GOODGOOD-----BEGIN CERTIFICATE-----\nAAAA\n", "option tls.ca_file: %s: certificate 3: bad end line"},
};

static void write_with_good(char *path, const char *content)
{
	char *good = pem_of(first, 0), *text = calloc(1, 20000);
	for (; !strncmp(content, "GOOD", 4); content += 4)
		strcat(text, good);
	strcat(text, content);
	write_file(path, text);
	free(text);
	free(good);
}

START_TEST(a_file_of_authorities_that_is_damaged_says_where)
{
	char path[] = "/tmp/tls_bad.XXXXXX", words[200];
	write_with_good(path, bad_files[_i].content ? bad_files[_i].content : "");
	if (!bad_files[_i].content)
		unlink(path);
	snprintf(words, sizeof words, bad_files[_i].words, path);
	is_refused(&(struct mqttwill_tls){.ca_file = path}, words);
	unlink(path);
}
END_TEST

START_TEST(a_file_that_may_not_be_read_says_so)
{
	char path[] = "/tmp/tls_bad.XXXXXX", words[200];
	write_file(path, "");
	chmod(path, 0);
	snprintf(words, sizeof words, "option tls.ca_file: %s: %s", path, geteuid() ? "Permission denied" : "there is no certificate in it");
	is_refused(&(struct mqttwill_tls){.ca_file = path}, words);
	unlink(path);
	is_refused(&(struct mqttwill_tls){.ca_dir = "/nowhere"}, "option tls.ca_dir: /nowhere: No such file or directory");
	is_refused(&(struct mqttwill_tls){.ca_dir = "/dev/null"}, "option tls.ca_dir: /dev/null: Not a directory");
	is_refused(&(struct mqttwill_tls){.ca_file = "/tmp"}, "option tls.ca_file: /tmp: it is a directory");
	is_refused(&(struct mqttwill_tls){.ca_file = "/dev/zero"}, "option tls.ca_file: /dev/zero: it is no regular file");
	is_refused(&(struct mqttwill_tls){.ca_pem = "x", .ca_pem_len = 1}, "option tls.ca_pem: there is no certificate in it");
}
END_TEST

/* ---- Reload ---- */

START_TEST(authorities_that_have_changed_are_read_before_the_next_connection)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	char *other = pem_of(first, 0);
	opens(&sc);
	write_file(sc.ca_file, other);
	char byte = 0;
	SSL_write(sc.below.server, "s", 1); /* who is connected stays so */
	ck_assert_int_eq(sc.tls->ops->read(sc.tls, &byte, 1), 1);
	tls_scene_close(&sc);
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "is signed by CN=home");
	tls_scene_close(&sc);
	tls_scene_trust(&sc);
	opens(&sc);
	tls_scene_fini(&sc);
	free(other);
}
END_TEST

START_TEST(a_session_of_before_a_change_is_not_resumed)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(tls_scene_visit(&sc));
	tls_scene_trust(&sc);
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_fini(&sc);
}
END_TEST

static void fails_to_begin(struct tls_scene *sc, const char *words)
{
	tls_scene_prepare(sc);
	ck_assert_ptr_null(tls_new(sc->context, &sc->below.pipe, &sc->to));
	ck_assert_int_eq(sc->error.code, MQTTWILL_EOPTION);
	ck_assert_str_eq(sc->error.text, words);
	SSL_free(sc->below.server);
	sc->below.server = NULL;
}

START_TEST(a_change_for_the_worse_fails_the_attempt_and_is_tried_again)
{
	struct tls_scene sc;
	char             words[100];
	tls_scene_init(&sc, TLS1_3_VERSION);
	opens(&sc);
	tls_scene_close(&sc);
	snprintf(words, sizeof words, "option tls.ca_file: %s: there is no certificate in it", sc.ca_file);
	write_file(sc.ca_file, "half written");
	fails_to_begin(&sc, words);
	fails_to_begin(&sc, words);
	tls_scene_trust(&sc);
	opens(&sc);
	tls_scene_fini(&sc);
}
END_TEST

/* After chroot(), or when the rights to see it are gone; or between two halves of a replacement. */
START_TEST(a_file_that_is_gone_is_no_change)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	tls_scene_context(&sc);
	unlink(sc.ca_file);
	opens(&sc);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_directory_is_read_anew_when_a_file_in_it_has_changed)
{
	struct tls_scene sc;
	char             dir[] = "/tmp/tls_dir.XXXXXX", path[64];
	tls_scene_init(&sc, TLS1_3_VERSION);
	ck_assert(mkdtemp(dir) != NULL);
	add_hashed(dir, sc.ca, path);
	sc.settings = (struct mqttwill_tls){.ca_dir = dir};
	opens(&sc);
	tls_scene_close(&sc);
	char *other = pem_of(first, 0);
	write_file(path, other); /* in place: the directory's own time stays */
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "is signed by CN=home, which is neither in ca_dir");
	tls_scene_fini(&sc);
	unlink(path);
	rmdir(dir);
	free(other);
}
END_TEST

/* A new certificate of our own is shown from the next connection on. */
START_TEST(a_renewed_certificate_is_shown_from_the_next_connection_on)
{
	static const struct issue *const both[] = {first, second};
	struct tls_scene                 sc;
	char                             path[] = "/tmp/tls_own.XXXXXX", name[40], byte;
	tls_scene_init(&sc, TLS1_3_VERSION);
	SSL_CTX_set_verify(sc.server, SSL_VERIFY_PEER, NULL);
	sc.settings.cert_file = path;
	for (int i = 0; i < 2; i++) {
		struct chain chain;
		issue_chain(&chain, both[i]);
		X509_STORE_add_cert(SSL_CTX_get_cert_store(sc.server), chain.certificate[0]);
		char *text = add_key(add_certificate(NULL, chain.certificate[1]), chain.key[1], NULL);
		write_file(path, text);
		opens(&sc);
		SSL_read(sc.below.server, &byte, 1);
		X509 *x = SSL_get_peer_certificate(sc.below.server);
		ck_assert(x != NULL);
		X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof name);
		ck_assert_str_eq(name, both[i][1].name);
		X509_free(x);
		tls_scene_close(&sc);
		free(text);
		free_chain(&chain);
	}
	tls_scene_fini(&sc);
	unlink(path);
}
END_TEST

/* ---- Sharing ---- */

static int nothing(void *user, void *ssl_ctx)
{
	(void)user;
	(void)ssl_ctx;
	return 0;
}

static int no_passphrase(void *user, const char *what, char *buf, size_t size)
{
	(void)user, (void)what, (void)buf, (void)size;
	return MQTTWILL_EAUTH;
}

static struct tls_context *context_of(const struct mqttwill_tls *settings)
{
	struct tls_context *context;
	struct pipe_error   error;
	ck_assert_msg(tls_context_new(&context, settings, &error) == 0, "%s", error.text);
	return context;
}

START_TEST(clients_that_are_alike_share_and_others_do_not)
{
	static const char *const pins[] = {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
	static const char *const protocols[] = {"a"};
	static const struct {
		struct mqttwill_tls settings;
		bool                context, store; /* shared with the default */
	} others[] = {
		{{.no_alpn = false}, true, true},
		{{.server_name = "a"}, true, true}, /* each connection has its own */
		{{.pins = pins, .pin_count = 1}, true, true},
		{{.alpn = protocols, .alpn_count = 1}, true, true},
		{{.min_version = MQTTWILL_TLS_1_3}, false, true},
		{{.max_version = MQTTWILL_TLS_1_2}, false, true},
		{{.ciphers = "ECDHE+AESGCM"}, false, true},
		{{.ciphersuites = "TLS_AES_128_GCM_SHA256"}, false, true},
		{{.groups = "P-256"}, false, true},
		{{.no_resumption = true}, false, true},
		{{.ocsp = MQTTWILL_OCSP_CHECK}, false, true},
		{{.insecure_any_certificate = true}, false, true},
		{{.insecure_any_host = true}, false, true},
		{{.passphrase_fn = no_passphrase}, false, true},
		{{.ssl_ctx_fn = nothing}, false, false}, /* it may change the store */
	};
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	struct tls_context *one = context_of(&sc.settings);
	for (int i = 0; i < COUNT(others); i++) {
		struct mqttwill_tls settings = others[i].settings;
		settings.ca_file = sc.ca_file;
		struct tls_context *other = context_of(&settings);
		ck_assert_msg((one->context == other->context) == others[i].context, "row %d", i);
		ck_assert_msg((SSL_CTX_get_cert_store(one->ssl) == SSL_CTX_get_cert_store(other->ssl)) == others[i].store, "row %d", i);
		tls_context_free(other);
	}
	tls_context_free(one);
	tls_scene_fini(&sc);
}
END_TEST

/* What it does not share is checked for it all the same. */
START_TEST(a_client_that_is_like_another_is_not_less_checked)
{
	static const char *const pins[] = {"sha256//none"}, *const protocols[] = {""};
	struct tls_scene         sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	tls_scene_context(&sc);
	is_refused(&(struct mqttwill_tls){.ca_file = sc.ca_file, .pins = pins, .pin_count = 1},
	           "option tls.pins[0]: \"sha256//none\" is no pin: \"sha256//\" and the base64 of 32 bytes");
	is_refused(&(struct mqttwill_tls){.ca_file = sc.ca_file, .alpn = protocols, .alpn_count = 1},
	           "option tls.alpn[0]: a protocol's name has 1 to 255 bytes, not 0");
	is_refused(&(struct mqttwill_tls){.ca_file = sc.ca_file, .server_name = ""},
	           "option tls.server_name: it is no host name: it is empty, too long, or begins with a dot");
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(the_second_client_takes_next_to_nothing)
{
	struct tls_scene   sc;
	struct alloc_bytes kept = {0};
	tls_scene_init(&sc, TLS1_3_VERSION);
	struct tls_context *one = context_of(&sc.settings);
	tls_scene_client(true);
	alloc_account(&kept);
	struct tls_context *two = context_of(&sc.settings);
	alloc_account(NULL);
	tls_scene_client(false);
	ck_assert_msg(kept.now > 0 && kept.now < 2048, "%ld bytes", kept.now);
	tls_context_free(one); /* what is shared is there for the other */
	sc.context = two;
	opens(&sc);
	tls_scene_fini(&sc);
}
END_TEST

/* ---- Memory ---- */

/* Most of them are OpenSSL's, thousands that look alike: of those every 41st is refused. */
START_TEST(any_allocation_of_a_context_may_fail)
{
	struct tls_scene sc;
	struct chain     chain;
	long             refused = 0;
	tls_scene_init(&sc, TLS1_3_VERSION);
	issue_chain(&chain, first);
	char *own = add_key(add_certificate(NULL, chain.certificate[1]), chain.key[1], NULL);
	sc.settings.cert_pem = own;
	sc.settings.cert_pem_len = strlen(own);
	sc.settings.ciphers = "ECDHE+AESGCM";
	sc.settings.groups = "X25519";
	tls_context_free(context_of(&sc.settings)); /* once for what is made once */
	for (bool more = true; more; refused += refused < 100 ? 1 : 41) {
		struct tls_context *context = NULL;
		sc.error = (struct pipe_error){0};
		tls_scene_client(true);
		alloc_fail(refused + 1);
		int rc = tls_context_new(&context, &sc.settings, &sc.error);
		more = alloc_stop();
		ck_assert_int_eq(rc, sc.error.code);
		ck_assert_msg(more || rc == 0, "%d after %ld: %s", rc, refused, sc.error.text);
		ck_assert_msg((rc == 0) == (context != NULL) && (rc == 0) == !*sc.error.text, "%d after %ld: %s", rc, refused, sc.error.text);
		tls_context_free(context);
		tls_scene_client(false);
	}
	ck_assert_int_gt(refused, 100);
	tls_scene_fini(&sc);
	free_chain(&chain);
	free(own);
}
END_TEST

#endif

Suite *tls_reload_suite(void)
{
	Suite *s = suite_create("tls_reload");
	TCase *t = tcase_create("tls_reload");
	tcase_set_timeout(t, 60);
#ifdef HAVE_OPENSSL
	tcase_add_test(t, a_directory_that_is_named_by_hash_is_trusted);
	tcase_add_test(t, memory_and_file_are_trusted_together);
	tcase_add_test(t, the_systems_store_is_that_of_the_environment_and_only_the_default);
	tcase_add_loop_test(t, a_file_of_authorities_that_is_damaged_says_where, 0, COUNT(bad_files));
	tcase_add_test(t, a_file_that_may_not_be_read_says_so);
	tcase_add_test(t, authorities_that_have_changed_are_read_before_the_next_connection);
	tcase_add_test(t, a_session_of_before_a_change_is_not_resumed);
	tcase_add_test(t, a_change_for_the_worse_fails_the_attempt_and_is_tried_again);
	tcase_add_test(t, a_file_that_is_gone_is_no_change);
	tcase_add_test(t, a_directory_is_read_anew_when_a_file_in_it_has_changed);
	tcase_add_test(t, a_renewed_certificate_is_shown_from_the_next_connection_on);
	tcase_add_test(t, clients_that_are_alike_share_and_others_do_not);
	tcase_add_test(t, a_client_that_is_like_another_is_not_less_checked);
	tcase_add_test(t, the_second_client_takes_next_to_nothing);
	tcase_add_test(t, any_allocation_of_a_context_may_fail);
#endif
	suite_add_tcase(s, t);
	return s;
}
