/* SPDX-License-Identifier: MIT */
/*
 * Good and bad certificates, each with the exact words. Every row is played with TLS 1.2 and 1.3.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/suites.h"

#ifdef HAVE_OPENSSL

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/tls_issue.h"
#include "net/tls_scene.h"

/* The bits of certificates in a chain. */
enum { FIRST = 1, SECOND = 2, THIRD = 4, NONE = 8 };

#define CA "critical,CA:TRUE"
#define ROOT {.name = "Root", .constraints = CA, .key_usage = "critical,keyCertSign"}
#define MIDDLE {.name = "Middle", .constraints = CA, .key_usage = "critical,keyCertSign"}
#define LEAF {.name = "server", .san = "DNS:localhost"}
#define NAMED(names) {.name = "server", .san = names}
#define OF "tls: the certificate of localhost (CN=server) "

static const struct row {
	const char  *sentence;
	struct issue what[CHAIN_MOST];
	int          trusted, sent; /* default: the first; all the others */
	const char  *host;          /* default: localhost */
	const char  *words;         /* NULL: it is accepted; "...*": so it begins; FILE in it is the file's name */
} rows[] = {
	/* ---- Accepted ---- */
	{"a certificate of a trusted authority", {ROOT, LEAF}, 0, 0, NULL, NULL},
	{"a chain of three", {ROOT, MIDDLE, LEAF}, 0, 0, NULL, NULL},
	{"a chain of three, with the root", {ROOT, MIDDLE, LEAF}, 0, FIRST | SECOND | THIRD, NULL, NULL},
	{"a chain of three, whose middle is known here", {ROOT, MIDDLE, LEAF}, FIRST | SECOND, THIRD, NULL, NULL},
	{"a chain of three, and only its middle is trusted", {ROOT, MIDDLE, LEAF}, SECOND, 0, NULL, NULL},
	{"the server's own certificate is trusted", {ROOT, LEAF}, SECOND, SECOND, NULL, NULL},
	{"self-signed and trusted", {LEAF}, FIRST, FIRST, NULL, NULL},
	{"a name in capital letters", {ROOT, NAMED("DNS:LocalHost")}, 0, 0, NULL, NULL},
	{"a host with a dot at its end", {ROOT, LEAF}, 0, 0, "localhost.", NULL},
	{"one of many names", {ROOT, NAMED("DNS:a.example,DNS:localhost,IP:192.0.2.1")}, 0, 0, NULL, NULL},
	{"an IPv4 address", {ROOT, NAMED("IP:192.0.2.1")}, 0, 0, "192.0.2.1", NULL},
	{"an IPv4 address as the resolver takes it", {ROOT, NAMED("IP:127.0.0.1")}, 0, 0, "127.1", NULL},
	{"an IPv6 address", {ROOT, NAMED("IP:2001:db8::1")}, 0, 0, "2001:db8::1", NULL},
	{"an IPv6 address with a zone", {ROOT, NAMED("IP:fe80::1")}, 0, 0, "fe80::1%eth0", NULL},
	{"a wildcard", {ROOT, NAMED("DNS:*.example.org")}, 0, 0, "a.example.org", NULL},
	{"an internationalised name", {ROOT, NAMED("DNS:xn--bcher-kva.example")}, 0, 0, "xn--bcher-kva.example", NULL},
	{"usage for servers", {ROOT, {.name = "server", .san = "DNS:localhost", .usage = "serverAuth,clientAuth"}}, 0, 0, NULL, NULL},
	{"a key of 2048 bits", {ROOT, {.name = "server", .san = "DNS:localhost", .kind = RSA_KEY_2048}}, 0, 0, NULL, NULL},
	{"a name within the constraints",
	 {{.name = "Root", .constraints = CA, .names = "critical,permitted;DNS:localhost"}, LEAF}, 0, 0, NULL, NULL},
	/* ---- Dates ---- */
	{"expired", {ROOT, {.name = "server", .san = "DNS:localhost", .until = "20260102030405Z"}}, 0, 0, NULL,
	 OF "expired on 2026-01-02 03:04:05 UTC"},
	{"not yet valid", {ROOT, {.name = "server", .san = "DNS:localhost", .from = "20480102030405Z"}}, 0, 0, NULL,
	 OF "is not valid before 2048-01-02 03:04:05 UTC; the clock here says 20*"},
	{"an expired authority in between",
	 {ROOT, {.name = "Middle", .constraints = CA, .until = "20250102030405Z"}, LEAF}, 0, 0, NULL,
	 "tls: the authority CN=Middle above the certificate of localhost expired on 2025-01-02 03:04:05 UTC"},
	{"an expired root", {{.name = "Root", .constraints = CA, .until = "20250102030405Z"}, LEAF}, 0, 0, NULL,
	 "tls: the authority CN=Root above the certificate of localhost expired on 2025-01-02 03:04:05 UTC"},
	{"the server's own certificate is trusted, but has expired",
	 {ROOT, {.name = "server", .san = "DNS:localhost", .until = "20260102030405Z"}}, SECOND, SECOND, NULL,
	 OF "expired on 2026-01-02 03:04:05 UTC"},
	/* ---- Trust ---- */
	{"self-signed", {LEAF}, NONE, FIRST, NULL, OF "is self-signed, and not in FILE"},
	{"another authority", {ROOT, LEAF}, NONE, 0, NULL, OF "is signed by CN=Root, which is neither in FILE nor sent by the server"},
	{"another root, which is sent", {ROOT, LEAF}, NONE, FIRST | SECOND, NULL,
	 "tls: the authority CN=Root above the certificate of localhost is self-signed, and not in FILE"},
	{"a missing authority in between", {ROOT, MIDDLE, LEAF}, FIRST, THIRD, NULL,
	 OF "is signed by CN=Middle, which is neither in FILE nor sent by the server"},
	{"a missing root", {ROOT, MIDDLE, LEAF}, NONE, 0, NULL,
	 "tls: the authority CN=Middle above the certificate of localhost is signed by CN=Root, which is neither in FILE nor sent by the server"},
	/* ---- Names ---- */
	{"another host", {ROOT, NAMED("DNS:a.example,DNS:*.b.example")}, 0, 0, NULL, OF "is for a.example, *.b.example; not for localhost"},
	{"no subject alternative name", {ROOT, {.name = "localhost"}}, 0, 0, NULL,
	 "tls: the certificate of localhost (CN=localhost) is for no host: it has no subject alternative name; not for localhost"},
	{"the right common name beside a wrong alternative", {ROOT, {.name = "localhost", .san = "DNS:a.example"}}, 0, 0, NULL,
	 "tls: the certificate of localhost (CN=localhost) is for a.example; not for localhost"},
	{"another address", {ROOT, NAMED("IP:192.0.2.1,IP:2001:db8::1")}, 0, 0, "192.0.2.2",
	 "tls: the certificate of 192.0.2.2 (CN=server) is for 192.0.2.1, 2001:db8::1; not for 192.0.2.2"},
	{"an address as a name", {ROOT, NAMED("DNS:192.0.2.1")}, 0, 0, "192.0.2.1",
	 "tls: the certificate of 192.0.2.1 (CN=server) is for 192.0.2.1 (a name, no address); not for 192.0.2.1"},
	{"an address as the common name", {ROOT, {.name = "192.0.2.1"}}, 0, 0, "192.0.2.1",
	 "tls: the certificate of 192.0.2.1 (CN=192.0.2.1) is for no host: it has no subject alternative name; not for 192.0.2.1"},
	{"a wildcard that is too deep", {ROOT, NAMED("DNS:*.example.org")}, 0, 0, "a.b.example.org",
	 "tls: the certificate of a.b.example.org (CN=server) is for *.example.org; not for a.b.example.org"},
	{"a wildcard for the domain itself", {ROOT, NAMED("DNS:*.example.org")}, 0, 0, "example.org",
	 "tls: the certificate of example.org (CN=server) is for *.example.org; not for example.org"},
	{"a part of a label as a wildcard", {ROOT, NAMED("DNS:a*.example.org")}, 0, 0, "ab.example.org",
	 "tls: the certificate of ab.example.org (CN=server) is for a*.example.org; not for ab.example.org"},
	{"a wildcard in the middle", {ROOT, NAMED("DNS:a.*.example.org")}, 0, 0, "a.b.example.org",
	 "tls: the certificate of a.b.example.org (CN=server) is for a.*.example.org; not for a.b.example.org"},
	{"a wildcard for a whole top-level domain", {ROOT, NAMED("DNS:*.org")}, 0, 0, "example.org",
	 "tls: the certificate of example.org (CN=server) is for *.org; not for example.org"},
	{"a wildcard for an address", {ROOT, NAMED("DNS:*.0.2.1")}, 0, 0, "192.0.2.1",
	 "tls: the certificate of 192.0.2.1 (CN=server) is for *.0.2.1 (a name, no address); not for 192.0.2.1"},
	{"a name that goes on", {ROOT, LEAF}, 0, 0, "localhost.evil.example",
	 "tls: the certificate of localhost.evil.example (CN=server) is for localhost; not for localhost.evil.example"},
	{"many names",
	 {ROOT, NAMED("DNS:a-long-name.example.org,DNS:b-long-name.example.org,DNS:c-long-name.example.org,DNS:d-long-name.example.org,"
	              "DNS:e.example,DNS:f.example")}, 0, 0, NULL,
	 OF "is for a-long-name.example.org, b-long-name.example.org, c-long-name.example.org, d-long-name.example.org, and 2 more; "
	    "not for localhost"},
	/* ---- Strength ---- */
	{"a weak key", {ROOT, {.name = "server", .san = "DNS:localhost", .kind = RSA_KEY_1024}}, 0, 0, NULL,
	 OF "has a key that is too weak: RSA, 1024 bits"},
	{"an authority with a weak key",
	 {ROOT, {.name = "Middle", .constraints = CA, .kind = RSA_KEY_1024}, LEAF}, 0, 0, NULL,
	 "tls: the authority CN=Middle above the certificate of localhost has a key that is too weak: RSA, 1024 bits"},
	{"a signature with SHA-1", {ROOT, {.name = "server", .san = "DNS:localhost", .digest = "SHA1"}}, 0, 0, NULL,
	 OF "is signed with SHA-1, which is too weak"},
	{"an authority signed with SHA-1", {ROOT, {.name = "Middle", .constraints = CA, .digest = "SHA1"}, LEAF}, 0, 0, NULL,
	 "tls: the authority CN=Middle above the certificate of localhost is signed with SHA-1, which is too weak"},
	/* ---- Roles ---- */
	{"an authority that is none", {ROOT, {.name = "Middle", .constraints = "critical,CA:FALSE"}, LEAF}, 0, 0, NULL,
	 "tls: the authority CN=Middle above the certificate of localhost is not that of an authority: it may not sign others"},
	{"an authority without basic constraints", {ROOT, {.name = "Middle", .key_usage = "keyCertSign"}, LEAF}, 0, 0, NULL,
	 "tls: the authority CN=Middle above the certificate of localhost is not that of an authority: it may not sign others"},
	{"an authority of version 1", {ROOT, {.name = "Middle", .version_1 = true}, LEAF}, 0, 0, NULL,
	 "tls: the authority CN=Middle above the certificate of localhost is not that of an authority: it may not sign others"},
	{"an authority that may not have others below it",
	 {{.name = "Root", .constraints = "critical,CA:TRUE,pathlen:0"}, MIDDLE, LEAF}, 0, 0, NULL,
	 "tls: the authority CN=Root above the certificate of localhost may not have so many authorities below it (path length)"},
	{"a certificate for clients", {ROOT, {.name = "server", .san = "DNS:localhost", .usage = "clientAuth"}}, 0, 0, NULL,
	 OF "is not for servers (extended key usage)"},
	{"an authority for clients", {ROOT, {.name = "Middle", .constraints = CA, .usage = "clientAuth"}, LEAF}, 0, 0, NULL,
	 "tls: the authority CN=Middle above the certificate of localhost is not for servers (extended key usage)"},
	{"a name beyond the constraints",
	 {{.name = "Root", .constraints = CA, .names = "critical,permitted;DNS:example.org"}, LEAF}, 0, 0, NULL,
	 OF "is for a name that its authority may not sign (name constraints)"},
	{"a name that the constraints exclude",
	 {{.name = "Root", .constraints = CA, .names = "critical,excluded;DNS:localhost"}, LEAF}, 0, 0, NULL,
	 OF "is for a name that its authority may not sign (name constraints)"},
};

/* ---- Playing a row ---- */

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void trust(struct tls_scene *sc, const struct chain *chain, int bits)
{
	char *text = NULL;
	for (int i = 0; i < chain->count; i++)
		if (bits & 1 << i)
			text = add_certificate(text, chain->certificate[i]);
	if (!text)
		return; /* the scene's own authority */
	write_file(sc->ca_file, text);
	free(text);
}

static void serve(struct tls_scene *sc, const struct chain *chain, int bits)
{
	int last = chain->count - 1, version = (int)SSL_CTX_get_min_proto_version(sc->server);
	SSL_CTX_free(sc->server); /* it has another certificate already */
	sc->server = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_min_proto_version(sc->server, version);
	SSL_CTX_set_max_proto_version(sc->server, version);
	SSL_CTX_set_security_level(sc->server, 0);
	SSL_CTX_set_mode(sc->server, SSL_MODE_NO_AUTO_CHAIN);
	ck_assert_int_eq(SSL_CTX_use_certificate(sc->server, chain->certificate[last]), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(sc->server, chain->key[last]), 1);
	for (int i = last - 1; i >= 0; i--)
		if (bits & 1 << i)
			SSL_CTX_add1_chain_cert(sc->server, chain->certificate[i]);
}

/* The words wanted, with the file's name in them. */
static void expand(char *out, size_t size, const char *words, const char *file)
{
	const char *at = strstr(words, "FILE");
	if (at)
		snprintf(out, size, "%.*sca_file %s%s", (int)(at - words), words, file, at + 4);
	else
		snprintf(out, size, "%s", words);
}

static void judge(struct tls_scene *sc, const struct row *row, int rc)
{
	char wanted[400];
	if (!row->words) {
		ck_assert_msg(rc == 0, "%s: %s", row->sentence, sc->error.text);
		return;
	}
	expand(wanted, sizeof wanted, row->words, sc->ca_file);
	size_t n = strlen(wanted);
	bool   begins = wanted[n - 1] == '*';
	ck_assert_msg(rc == MQTTWILL_ECERT, "%s: %d: %s", row->sentence, rc, sc->error.text);
	ck_assert_msg(begins ? !strncmp(wanted, sc->error.text, n - 1) : !strcmp(wanted, sc->error.text), "%s:\n%s\n%s", row->sentence,
	              wanted, sc->error.text);
}

START_TEST(certificates_are_accepted_or_refused_with_a_reason)
{
	const struct row *row = &rows[_i / 2];
	struct tls_scene  sc;
	struct chain      chain;
	tls_scene_init(&sc, versions[_i % 2]);
	issue_chain(&chain, row->what);
	trust(&sc, &chain, row->trusted ? row->trusted : FIRST);
	serve(&sc, &chain, row->sent ? row->sent : SECOND | THIRD);
	if (row->host)
		sc.to.host = row->host;
	tls_scene_connect(&sc);
	judge(&sc, row, tls_scene_open(&sc));
	tls_scene_fini(&sc);
	free_chain(&chain);
}
END_TEST

/* ---- What the insecure switches open ---- */

static const struct opened {
	const char  *sentence;
	struct issue what[CHAIN_MOST];
	bool         any_certificate, any_host; /* which of the switches lets it in */
} opened[] = {
	{"a good one", {ROOT, LEAF}, true, true},
	{"another host", {ROOT, NAMED("DNS:elsewhere")}, true, true},
	{"no name", {ROOT, {.name = "server"}}, true, true},
	{"expired", {ROOT, {.name = "server", .san = "DNS:localhost", .until = "20260102030405Z"}}, true, false},
	{"not yet valid", {ROOT, {.name = "server", .san = "DNS:localhost", .from = "20480102030405Z"}}, true, false},
	{"a certificate for clients", {ROOT, {.name = "server", .san = "DNS:localhost", .usage = "clientAuth"}}, true, false},
	{"a weak key", {ROOT, {.name = "server", .san = "DNS:localhost", .kind = RSA_KEY_1024}}, true, false},
	{"no authority", {ROOT, {.name = "Middle", .constraints = "critical,CA:FALSE"}, LEAF}, true, false},
};

static int open_with(const struct opened *row, bool any_certificate, bool any_host, bool trusted)
{
	struct tls_scene sc;
	struct chain     chain;
	tls_scene_init(&sc, TLS1_3_VERSION);
	issue_chain(&chain, row->what);
	trust(&sc, &chain, trusted ? FIRST : NONE);
	serve(&sc, &chain, SECOND | THIRD);
	sc.settings.insecure_any_certificate = any_certificate;
	sc.settings.insecure_any_host = any_host;
	tls_scene_connect(&sc);
	int rc = tls_scene_open(&sc);
	tls_scene_fini(&sc);
	free_chain(&chain);
	return rc;
}

START_TEST(an_insecure_switch_opens_what_it_says_and_no_more)
{
	const struct opened *row = &opened[_i];
	ck_assert_int_eq(open_with(row, true, false, true), row->any_certificate ? 0 : MQTTWILL_ECERT);
	ck_assert_int_eq(open_with(row, false, true, true), row->any_host ? 0 : MQTTWILL_ECERT);
	ck_assert_int_eq(open_with(row, true, false, false), 0);
	ck_assert_int_eq(open_with(row, false, true, false), MQTTWILL_ECERT);
	ck_assert_int_eq(open_with(row, false, false, false), MQTTWILL_ECERT);
}
END_TEST

#endif

Suite *tls_trust_suite(void)
{
	Suite *s = suite_create("tls_trust");
	TCase *t = tcase_create("tls_trust");
	tcase_set_timeout(t, 60);
#ifdef HAVE_OPENSSL
	tcase_add_loop_test(t, certificates_are_accepted_or_refused_with_a_reason, 0, 2 * (int)(sizeof rows / sizeof rows[0]));
	tcase_add_loop_test(t, an_insecure_switch_opens_what_it_says_and_no_more, 0, (int)(sizeof opened / sizeof opened[0]));
#endif
	suite_add_tcase(s, t);
	return s;
}
