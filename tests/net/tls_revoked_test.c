/* SPDX-License-Identifier: MIT */
/*
 * Revocation lists, and stapled OCSP responses: what is accepted, and what is said of the rest.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/suites.h"

#ifdef HAVE_OPENSSL

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/tls_scene.h"

/* ---- Revocation lists ---- */

static char crl_file[32];

static void crl_begin(void)
{
	strcpy(crl_file, "/tmp/tls_revoked.XXXXXX");
	close(mkstemp(crl_file));
}

struct list {
	long from_s, until_s;
	long revoked; /* serial; 0: none */
};

/* Adds a list to the file. */
static void add_list_of(X509 *ca, EVP_PKEY *key, const struct list *what)
{
	X509_CRL  *crl = X509_CRL_new();
	ASN1_TIME *from = X509_gmtime_adj(NULL, what->from_s), *until = X509_gmtime_adj(NULL, what->until_s);
	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
	X509_CRL_set1_lastUpdate(crl, from);
	X509_CRL_set1_nextUpdate(crl, until);
	if (what->revoked) {
		X509_REVOKED *r = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();
		ASN1_INTEGER_set(serial, what->revoked);
		X509_REVOKED_set_serialNumber(r, serial);
		X509_REVOKED_set_revocationDate(r, from);
		X509_CRL_add0_revoked(crl, r);
		ASN1_INTEGER_free(serial);
	}
	ck_assert_int_gt(X509_CRL_sign(crl, key, NULL), 0);
	FILE *f = fopen(crl_file, "a");
	ck_assert(PEM_write_X509_CRL(f, crl));
	fclose(f);
	X509_CRL_free(crl);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
}

static void add_list(const struct tls_scene *sc, const struct list *what)
{
	add_list_of(sc->ca, sc->ca_key, what);
}

static const struct {
	struct list list;
	const char *text; /* NULL: it is accepted */
} lists[] = {
	{{-60, 3600, 0}, NULL},
	{{-60, 3600, 77}, NULL},
	{{-60, 3600, 2}, "tls: the certificate of localhost (CN=server) has been revoked by CN=home on 20"},
	{{-7200, -3600, 0}, "tls: the certificate of localhost (CN=server) cannot be looked up: the revocation list of CN=home expired on 20"},
	{{3600, 7200, 0}, "tls: the certificate of localhost (CN=server) cannot be looked up: the revocation list of CN=home is not valid before 20"},
};

START_TEST(a_certificate_is_looked_up_in_its_list)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	crl_begin();
	add_list(&sc, &lists[_i].list);
	sc.settings.crl_file = crl_file;
	if (lists[_i].text) {
		tls_scene_connect(&sc);
		tls_scene_fails(&sc, MQTTWILL_ECERT, lists[_i].text);
		time_t    at = time(NULL) + (lists[_i].list.from_s < -3600 ? lists[_i].list.until_s : lists[_i].list.from_s);
		struct tm tm;
		char      hour[32];
		strftime(hour, sizeof hour, "on %Y-%m-%d %H:", gmtime_r(&at, &tm));
		ck_assert_msg(strstr(sc.error.text, hour + (lists[_i].list.from_s > 0 ? 3 : 0)), "%s", sc.error.text);
	} else {
		ck_assert(!tls_scene_visit(&sc));
		ck_assert(tls_scene_visit(&sc));
	}
	unlink(crl_file);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_certificate_without_a_list_is_refused)
{
	struct tls_scene sc, other;
	tls_scene_init(&sc, TLS1_3_VERSION);
	tls_scene_init(&other, TLS1_3_VERSION);
	crl_begin();
	X509_NAME_add_entry_by_txt(X509_get_subject_name(other.ca), "O", MBSTRING_ASC, (const unsigned char *)"other", -1, -1, 0);
	add_list(&other, &(struct list){-60, 3600, 0});
	sc.settings.crl_file = crl_file;
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT,
	                "tls: the certificate of localhost (CN=server) cannot be looked up: crl_file has no revocation list of CN=home");
	tls_scene_close(&sc);
	add_list(&sc, &(struct list){-60, 3600, 0}); /* a file may hold several */
	tls_scene_context(&sc);
	ck_assert(!tls_scene_visit(&sc));
	unlink(crl_file);
	tls_scene_fini(&sc);
	tls_scene_fini(&other);
}
END_TEST

START_TEST(every_certificate_of_the_chain_is_looked_up)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	EVP_PKEY *key = make_key();
	X509     *between = make_certificate(&(struct certificate){"between", NULL, "critical,CA:TRUE", NULL, -60, 3600, 5}, key, sc.ca, sc.ca_key);
	X509     *leaf = make_certificate(&(struct certificate){"server", "DNS:localhost", NULL, NULL, -60, 3600, 6}, sc.key, between, key);
	SSL_CTX_use_certificate(sc.server, leaf);
	SSL_CTX_add1_chain_cert(sc.server, between);
	crl_begin();
	add_list_of(between, key, &(struct list){-60, 3600, 0});
	if (_i)
		add_list(&sc, &(struct list){-60, 3600, 5});
	sc.settings.crl_file = crl_file;
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, _i ? "tls: the authority CN=between above the certificate of localhost has been revoked by CN=home on 20"
	                                        : "tls: the authority CN=between above the certificate of localhost cannot be looked up: "
	                                          "crl_file has no revocation list of CN=home");
	unlink(crl_file);
	X509_free(between);
	X509_free(leaf);
	EVP_PKEY_free(key);
	tls_scene_fini(&sc);
}
END_TEST

START_TEST(a_list_that_another_has_signed_is_refused)
{
	struct tls_scene sc, other;
	tls_scene_init(&sc, TLS1_3_VERSION);
	tls_scene_init(&other, TLS1_3_VERSION);
	crl_begin();
	add_list(&other, &(struct list){-60, 3600, 0});
	sc.settings.crl_file = crl_file;
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "CRL signature failure");
	unlink(crl_file);
	tls_scene_fini(&sc);
	tls_scene_fini(&other);
}
END_TEST

START_TEST(a_session_is_not_resumed_beyond_the_life_of_the_lists)
{
	struct tls_scene sc;
	tls_scene_init(&sc, TLS1_3_VERSION);
	crl_begin();
	add_list(&sc, &(struct list){-60, 600, 0});
	sc.settings.crl_file = crl_file;
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_later(500);
	ck_assert(tls_scene_visit(&sc));
	tls_scene_later(610);
	ck_assert(!tls_scene_visit(&sc));
	unlink(crl_file);
	tls_scene_fini(&sc);
}
END_TEST

static const struct {
	const char *text, *words;
} files[] = {
	{NULL, "option tls.crl_file: /nowhere/crl.pem: No such file or directory"},
	{"", "there is no revocation list in it"},
	{"hello\n", "there is no revocation list in it"},
	{"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "list 1: "},
	{"-----BEGIN X509 CRL-----\nAAAA\n", "list 1: "},
};

START_TEST(a_file_that_is_no_list_is_refused)
{
	struct tls_context *context = NULL;
	struct pipe_error   error = {0};
	crl_begin();
	FILE *f = fopen(crl_file, "w");
	fputs(files[_i].text ? files[_i].text : "", f);
	fclose(f);
	struct mqttwill_tls settings = {.crl_file = files[_i].text ? crl_file : "/nowhere/crl.pem"};
	ck_assert_int_eq(tls_context_new(&context, &settings, &error), MQTTWILL_EOPTION);
	ck_assert_msg(strncmp(error.text, "option tls.crl_file: /", 22) == 0 && strstr(error.text, files[_i].words), "%s", error.text);
	unlink(crl_file);
}
END_TEST

START_TEST(lists_and_responses_make_no_sense_where_nothing_is_verified)
{
	struct tls_context *context = NULL;
	struct pipe_error   error = {0};
	struct mqttwill_tls settings = {.insecure_any_certificate = true, .crl_file = _i ? NULL : "x", .ocsp = _i ? MQTTWILL_OCSP_CHECK : 0};
	ck_assert_int_eq(tls_context_new(&context, &settings, &error), MQTTWILL_EOPTION);
	ck_assert_msg(strstr(error.text, "beside insecure_any_certificate"), "%s", error.text);
}
END_TEST

/* ---- Stapled responses ---- */

enum signer { AUTHORITY, DELEGATED, UNRELATED, NOT_ALLOWED }; /* not allowed: a certificate of the authority's that is not for OCSP */

struct answer {
	int         status; /* V_OCSP_CERTSTATUS_... */
	long        from_s, until_s; /* until 0: no next update */
	enum signer signer;
	bool        about_another, sha256;
};

static struct {
	unsigned char *bytes;
	int            len; /* 0: the server staples nothing */
} stapled;

static int staple(SSL *ssl, void *unused)
{
	(void)unused;
	if (!stapled.len)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, OPENSSL_memdup(stapled.bytes, (size_t)stapled.len), stapled.len);
	return SSL_TLSEXT_ERR_OK;
}

static void sign(OCSP_BASICRESP *basic, const struct tls_scene *sc, enum signer signer)
{
	static const char *const usages[] = {NULL, "OCSPSigning", "OCSPSigning", NULL};
	if (signer == AUTHORITY) {
		ck_assert(OCSP_basic_sign(basic, sc->ca, sc->ca_key, NULL, NULL, 0));
		return;
	}
	EVP_PKEY          *key = make_key();
	struct certificate c = {"responder", NULL, NULL, usages[signer], -60, 3600, 9};
	X509              *x = make_certificate(&c, key, signer == UNRELATED ? NULL : sc->ca, signer == UNRELATED ? key : sc->ca_key);
	ck_assert(OCSP_basic_sign(basic, x, key, NULL, NULL, 0));
	X509_free(x);
	EVP_PKEY_free(key);
}

static void make_answer(const struct tls_scene *sc, const struct answer *a)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID    *id = OCSP_cert_to_id(a->sha256 ? EVP_sha256() : NULL, a->about_another ? sc->ca : sc->leaf, sc->ca);
	ASN1_TIME      *from = X509_gmtime_adj(NULL, a->from_s), *until = a->until_s ? X509_gmtime_adj(NULL, a->until_s) : NULL;
	OCSP_basic_add1_status(basic, id, a->status, 0, a->status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL, from, until);
	sign(basic, sc, a->signer);
	OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	stapled.bytes = NULL;
	stapled.len = i2d_OCSP_RESPONSE(response, &stapled.bytes);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
}

static void ocsp_init(struct tls_scene *sc, int version, uint32_t ocsp)
{
	tls_scene_init(sc, version);
	stapled.bytes = NULL;
	stapled.len = 0;
	SSL_CTX_set_tlsext_status_cb(sc->server, staple);
	sc->settings.ocsp = ocsp;
}

static void ocsp_fini(struct tls_scene *sc)
{
	OPENSSL_free(stapled.bytes);
	tls_scene_fini(sc);
}

enum { GOOD = V_OCSP_CERTSTATUS_GOOD, REVOKED = V_OCSP_CERTSTATUS_REVOKED, UNKNOWN = V_OCSP_CERTSTATUS_UNKNOWN };

static const struct {
	struct answer answer;
	const char   *text; /* NULL: it is accepted */
} answers[] = {
	{{GOOD, -60, 3600, AUTHORITY, false, false}, NULL},
	{{GOOD, -60, 3600, AUTHORITY, false, true}, NULL},
	{{GOOD, -60, 3600, DELEGATED, false, false}, NULL},
	{{GOOD, -60, 0, AUTHORITY, false, false}, NULL},
	{{GOOD, 200, 3600, AUTHORITY, false, false}, NULL}, /* clocks differ a little */
	{{GOOD, -7200, -200, AUTHORITY, false, false}, NULL},
	{{REVOKED, -60, 3600, AUTHORITY, false, false}, "says that its certificate has been revoked"},
	{{UNKNOWN, -60, 3600, AUTHORITY, false, false}, "says that its authority does not know the certificate"},
	{{GOOD, -7200, -3600, AUTHORITY, false, false}, "is out of date: the server has not renewed it"},
	{{GOOD, -90000, 0, AUTHORITY, false, false}, "is out of date: the server has not renewed it"},
	{{GOOD, 3600, 7200, AUTHORITY, false, false}, "is not yet valid: is the clock right?"},
	{{GOOD, -60, 3600, UNRELATED, false, false}, "is not signed by its authority"},
	{{GOOD, -60, 3600, NOT_ALLOWED, false, false}, "is not signed by its authority"},
	{{GOOD, -60, 3600, AUTHORITY, true, false}, "is about another certificate"},
};

START_TEST(a_stapled_response_is_checked)
{
	struct tls_scene sc;
	const char      *text = answers[_i / 4].text;
	ocsp_init(&sc, _i % 2 ? TLS1_3_VERSION : TLS1_2_VERSION, _i / 2 % 2 ? MQTTWILL_OCSP_REQUIRE : MQTTWILL_OCSP_CHECK);
	make_answer(&sc, &answers[_i / 4].answer);
	if (text) {
		char whole[200];
		snprintf(whole, sizeof whole, "tls: the OCSP response of localhost %s", text);
		tls_scene_connect(&sc);
		tls_scene_fails(&sc, MQTTWILL_ECERT, whole);
		ck_assert(!SSL_is_init_finished(sc.below.server));
	} else {
		ck_assert(!tls_scene_visit(&sc));
		ck_assert(tls_scene_visit(&sc)); /* which has no response, and needs none */
	}
	ocsp_fini(&sc);
}
END_TEST

START_TEST(a_response_that_is_required_and_missing)
{
	struct tls_scene sc;
	ocsp_init(&sc, _i ? TLS1_3_VERSION : TLS1_2_VERSION, MQTTWILL_OCSP_REQUIRE);
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "tls: the server localhost sends no OCSP response, and one is required");
	ocsp_fini(&sc);
}
END_TEST

START_TEST(a_response_that_is_only_checked_may_be_missing)
{
	struct tls_scene sc;
	ocsp_init(&sc, _i ? TLS1_3_VERSION : TLS1_2_VERSION, MQTTWILL_OCSP_CHECK);
	ck_assert(!tls_scene_visit(&sc));
	ck_assert(tls_scene_visit(&sc));
	ocsp_fini(&sc);
}
END_TEST

static const struct {
	const char *bytes;
	int         len;
	const char *text;
} nonsense[] = {
	{"nonsense", 8, "cannot be read"},
	{"\x30\x03\x0a\x01\x03", 5, "says nothing about it: the responder could not answer"}, /* tryLater */
	{"\x30\x03\x0a\x01\x00", 5, "cannot be read"},
};

START_TEST(a_response_that_is_none)
{
	struct tls_scene sc;
	ocsp_init(&sc, TLS1_3_VERSION, MQTTWILL_OCSP_CHECK);
	stapled.bytes = OPENSSL_memdup(nonsense[_i].bytes, (size_t)nonsense[_i].len);
	stapled.len = nonsense[_i].len;
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, nonsense[_i].text);
	ocsp_fini(&sc);
}
END_TEST

START_TEST(a_session_is_not_resumed_beyond_the_life_of_its_response)
{
	struct tls_scene sc;
	ocsp_init(&sc, _i ? TLS1_3_VERSION : TLS1_2_VERSION, MQTTWILL_OCSP_REQUIRE);
	make_answer(&sc, &(struct answer){GOOD, -60, 600, AUTHORITY, false, false});
	ck_assert(!tls_scene_visit(&sc));
	tls_scene_later(500);
	ck_assert(tls_scene_visit(&sc));
	tls_scene_later(600 + 301);
	tls_scene_connect(&sc);
	tls_scene_fails(&sc, MQTTWILL_ECERT, "is out of date");
	ocsp_fini(&sc);
}
END_TEST

START_TEST(a_response_is_not_looked_at_where_it_was_not_asked_for)
{
	struct tls_scene sc;
	ocsp_init(&sc, TLS1_3_VERSION, MQTTWILL_OCSP_OFF);
	make_answer(&sc, &(struct answer){REVOKED, -60, 600, AUTHORITY, false, false});
	ck_assert(!tls_scene_visit(&sc));
	ocsp_fini(&sc);
}
END_TEST

#endif

Suite *tls_revoked_suite(void)
{
	Suite *s = suite_create("tls_revoked");
	TCase *t = tcase_create("tls_revoked");
#ifdef HAVE_OPENSSL
	tcase_add_loop_test(t, a_certificate_is_looked_up_in_its_list, 0, sizeof lists / sizeof lists[0]);
	tcase_add_test(t, a_certificate_without_a_list_is_refused);
	tcase_add_loop_test(t, every_certificate_of_the_chain_is_looked_up, 0, 2);
	tcase_add_test(t, a_list_that_another_has_signed_is_refused);
	tcase_add_test(t, a_session_is_not_resumed_beyond_the_life_of_the_lists);
	tcase_add_loop_test(t, a_file_that_is_no_list_is_refused, 0, sizeof files / sizeof files[0]);
	tcase_add_loop_test(t, lists_and_responses_make_no_sense_where_nothing_is_verified, 0, 2);
	tcase_add_loop_test(t, a_stapled_response_is_checked, 0, 4 * sizeof answers / sizeof answers[0]);
	tcase_add_loop_test(t, a_response_that_is_required_and_missing, 0, 2);
	tcase_add_loop_test(t, a_response_that_is_only_checked_may_be_missing, 0, 2);
	tcase_add_loop_test(t, a_response_that_is_none, 0, sizeof nonsense / sizeof nonsense[0]);
	tcase_add_loop_test(t, a_session_is_not_resumed_beyond_the_life_of_its_response, 0, 2);
	tcase_add_test(t, a_response_is_not_looked_at_where_it_was_not_asked_for);
#endif
	suite_add_tcase(s, t);
	return s;
}
