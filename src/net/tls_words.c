/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a certificate, in a sentence: which one, which check, which date. What the certificate says of itself
 * comes from a stranger: it is shortened, and bytes that are no text are escaped.
 */
#include "net/tls_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NAME_SIZE = 80, DATE_SIZE = 32, WORDS_SIZE = 200 };

struct subject {
	const struct tls *t;
	X509             *certificate;
	X509_STORE_CTX   *found;
	X509_CRL         *list; /* of its authority; NULL: there is none */
	int               depth, verdict;
};

/* ---- Parts of a sentence ---- */

/* The end is cut, where a character ends. */
static void shorten(char *text, size_t n, size_t size)
{
	if (n < size)
		return;
	n = size - 4;
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	memcpy(text + n, "...", 4);
}

void tls_put_name(char *out, size_t size, const X509_NAME *name)
{
	BIO  *bio = BIO_new(BIO_s_mem());
	char *text;
	long  n = 0;
	snprintf(out, size, "a nameless one");
	if (bio && name && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) > 0)
		n = BIO_get_mem_data(bio, &text);
	if (n > 0) {
		size_t kept = (size_t)n < size ? (size_t)n : size - 1;
		memcpy(out, text, kept);
		out[kept] = 0;
		shorten(out, (size_t)n, size);
	}
	BIO_free(bio);
}

#define DATE_FORMAT "%Y-%m-%d %H:%M:%S UTC"

void tls_put_date(char *out, size_t size, const ASN1_TIME *date)
{
	struct tm tm;
	snprintf(out, size, "an unreadable date");
	if (ASN1_TIME_to_tm(date, &tm))
		strftime(out, size, DATE_FORMAT, &tm);
}

/* Where a trusted authority could have been. */
static void put_trust(char out[NAME_SIZE], const struct mqttwill_tls *s)
{
	if (s->ca_file)
		snprintf(out, NAME_SIZE, "ca_file %.55s%s", s->ca_file, s->ca_dir ? ", ca_dir" : "");
	else if (s->ca_dir)
		snprintf(out, NAME_SIZE, "ca_dir %.65s", s->ca_dir);
	else
		snprintf(out, NAME_SIZE, "%s", s->ca_pem ? "ca_pem" : "the system's store");
}

/* ---- Findings: each fills in what follows after "the certificate of x (CN=x) " ---- */

static void say_expired(char *out, const struct subject *s)
{
	char date[DATE_SIZE];
	tls_put_date(date, sizeof date, X509_get0_notAfter(s->certificate));
	snprintf(out, WORDS_SIZE, "expired on %s", date);
}

/* A device without a battery for its clock wakes in 1970: what is wrong is seen by the date that it believes in. */
static void say_too_early(char *out, const struct subject *s)
{
	char      date[DATE_SIZE], today[DATE_SIZE];
	time_t    now = time(NULL);
	struct tm tm;
	tls_put_date(date, sizeof date, X509_get0_notBefore(s->certificate));
	strftime(today, sizeof today, DATE_FORMAT, gmtime_r(&now, &tm));
	snprintf(out, WORDS_SIZE, "is not valid before %s; the clock here says %s", date, today);
}

/* An authority that was made anew under its old name: then the name alone would be no help. */
static bool has_namesake(const struct subject *s)
{
	STACK_OF(X509) *same = X509_STORE_CTX_get1_certs(s->found, X509_get_issuer_name(s->certificate));
	bool            any = sk_X509_num(same) > 0;
	sk_X509_pop_free(same, X509_free);
	return any;
}

static void say_untrusted(char *out, const struct subject *s)
{
	char issuer[NAME_SIZE], trust[NAME_SIZE];
	tls_put_name(issuer, sizeof issuer, X509_get_issuer_name(s->certificate));
	put_trust(trust, &s->t->context->settings);
	if (has_namesake(s))
		snprintf(out, WORDS_SIZE, "is signed by another %.50s than the one in %.70s: it has another key", issuer, trust);
	else
		snprintf(out, WORDS_SIZE, "is signed by %.60s, which is neither in %.70s nor sent by the server", issuer, trust);
}

static void say_self_signed(char *out, const struct subject *s)
{
	char trust[NAME_SIZE];
	put_trust(trust, &s->t->context->settings);
	snprintf(out, WORDS_SIZE, "is self-signed, and not in %s", trust);
}

static void say_weak_key(char *out, const struct subject *s)
{
	EVP_PKEY   *key = X509_get0_pubkey(s->certificate);
	int         kind = key ? EVP_PKEY_base_id(key) : NID_undef;
	const char *name = kind == EVP_PKEY_RSA ? "RSA" : kind == EVP_PKEY_EC ? "EC" : OBJ_nid2sn(kind);
	if (key)
		snprintf(out, WORDS_SIZE, "has a key that is too weak: %s, %d bits", name, EVP_PKEY_bits(key));
	else
		snprintf(out, WORDS_SIZE, "has a key that this OpenSSL does not know");
}

static void say_weak_digest(char *out, const struct subject *s)
{
	int digest = NID_undef;
	X509_get_signature_info(s->certificate, &digest, NULL, NULL, NULL);
	snprintf(out, WORDS_SIZE, "is signed with %s, which is too weak", digest == NID_sha1 ? "SHA-1" : OBJ_nid2sn(digest));
}

static void say_misplaced_signature(char *out, const struct subject *s)
{
	char issuer[NAME_SIZE];
	tls_put_name(issuer, sizeof issuer, X509_get_issuer_name(s->certificate));
	snprintf(out, WORDS_SIZE, "is not signed by the %.70s that is trusted: its signature does not fit that key", issuer);
}

/* ---- Revocation lists ---- */

static void say_revoked(char *out, const struct subject *s)
{
	char          issuer[NAME_SIZE], date[DATE_SIZE] = "a day it does not say";
	X509_REVOKED *entry = NULL;
	tls_put_name(issuer, sizeof issuer, X509_get_issuer_name(s->certificate));
	if (s->list && X509_CRL_get0_by_cert(s->list, &entry, s->certificate) && entry)
		tls_put_date(date, sizeof date, X509_REVOKED_get0_revocationDate(entry));
	snprintf(out, WORDS_SIZE, "has been revoked by %.70s on %s", issuer, date);
}

static void say_no_list(char *out, const struct subject *s)
{
	char issuer[NAME_SIZE];
	tls_put_name(issuer, sizeof issuer, X509_get_issuer_name(s->certificate));
	snprintf(out, WORDS_SIZE, "cannot be looked up: crl_file has no revocation list of %s", issuer);
}

static void say_list_date(char *out, const struct subject *s)
{
	char issuer[NAME_SIZE], date[DATE_SIZE] = "now";
	bool expired = s->verdict == X509_V_ERR_CRL_HAS_EXPIRED;
	tls_put_name(issuer, sizeof issuer, X509_get_issuer_name(s->certificate));
	if (s->list)
		tls_put_date(date, sizeof date, expired ? X509_CRL_get0_nextUpdate(s->list) : X509_CRL_get0_lastUpdate(s->list));
	snprintf(out, WORDS_SIZE, "cannot be looked up: the revocation list of %.60s %s %s", issuer, expired ? "expired on" : "is not valid before", date);
}

/* ---- For whom it is ---- */

static size_t put_alternative(char *out, size_t size, const GENERAL_NAME *name)
{
	const ASN1_STRING   *text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
	const unsigned char *bytes = ASN1_STRING_get0_data(text);
	int                  length = ASN1_STRING_length(text), n = 0;
	char                 address[INET6_ADDRSTRLEN];
	if (name->type == GEN_IPADD && (length == 4 || length == 16)) {
		inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, address, sizeof address);
		return (size_t)snprintf(out, size, "%s", address);
	}
	while (n < length && n < 60 && bytes[n] > ' ' && bytes[n] < 0x7f)
		n++;
	bool numeric = n == length && length && bytes[length - 1] >= '0' && bytes[length - 1] <= '9';
	return (size_t)snprintf(out, size, "%.*s%s", n, (const char *)bytes, n < length ? "..." : numeric ? " (a name, no address)" : "");
}

/* "a.example, *.b.example, and 7 more"; nothing where there is no name. */
static void put_alternatives(char out[WORDS_SIZE], X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	size_t         at = 0;
	int            more = 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_DNS && name->type != GEN_IPADD)
			continue;
		if (at > NAME_SIZE || more)
			more++;
		else
			at += (size_t)snprintf(out + at, 3, "%s", at ? ", " : "") + put_alternative(out + at + (at ? 2 : 0), 90, name);
	}
	out[at] = 0;
	if (more)
		snprintf(out + at, WORDS_SIZE - at, ", and %d more", more);
	GENERAL_NAMES_free(names);
}

static void say_for_others(char *out, const struct subject *s)
{
	char names[WORDS_SIZE];
	put_alternatives(names, s->certificate);
	if (names[0])
		snprintf(out, WORDS_SIZE, "is for %.120s; not for %.60s", names, tls_name(s->t));
	else
		snprintf(out, WORDS_SIZE, "is for no host: it has no subject alternative name; not for %.60s", tls_name(s->t));
}

/* ---- The table ---- */

static const struct finding {
	int         verdict;
	const char *words;
	void (*say)(char *out, const struct subject *s); /* instead of words */
} findings[] = {
	{X509_V_ERR_CERT_HAS_EXPIRED, NULL, say_expired},
	{X509_V_ERR_CERT_NOT_YET_VALID, NULL, say_too_early},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, NULL, say_untrusted},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, NULL, say_untrusted},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, NULL, say_untrusted},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, NULL, say_self_signed},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, NULL, say_self_signed},
	{X509_V_ERR_HOSTNAME_MISMATCH, NULL, say_for_others},
	{X509_V_ERR_IP_ADDRESS_MISMATCH, NULL, say_for_others},
	{X509_V_ERR_EE_KEY_TOO_SMALL, NULL, say_weak_key},
	{X509_V_ERR_CA_KEY_TOO_SMALL, NULL, say_weak_key},
	{X509_V_ERR_CA_MD_TOO_WEAK, NULL, say_weak_digest},
	{X509_V_ERR_CERT_SIGNATURE_FAILURE, NULL, say_misplaced_signature},
	{X509_V_ERR_CERT_REVOKED, NULL, say_revoked},
	{X509_V_ERR_UNABLE_TO_GET_CRL, NULL, say_no_list},
	{X509_V_ERR_CRL_HAS_EXPIRED, NULL, say_list_date},
	{X509_V_ERR_CRL_NOT_YET_VALID, NULL, say_list_date},
	{X509_V_ERR_INVALID_CA, "is not that of an authority: it may not sign others", NULL},
	{X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "is not that of an authority: its key usage does not let it sign others", NULL},
	{X509_V_ERR_PATH_LENGTH_EXCEEDED, "may not have so many authorities below it (path length)", NULL},
	{X509_V_ERR_INVALID_PURPOSE, "is not for servers (extended key usage)", NULL},
	{X509_V_ERR_PERMITTED_VIOLATION, "is for a name that its authority may not sign (name constraints)", NULL},
	{X509_V_ERR_EXCLUDED_VIOLATION, "is for a name that its authority may not sign (name constraints)", NULL},
	{X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "has a critical extension that OpenSSL does not know", NULL},
	{X509_V_ERR_CERT_CHAIN_TOO_LONG, "has too many authorities above it", NULL},
};

static void say(char out[WORDS_SIZE], const struct subject *s)
{
	for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++) {
		const struct finding *f = &findings[i];
		if (f->verdict != s->verdict)
			continue;
		if (f->say)
			f->say(out, s);
		else
			snprintf(out, WORDS_SIZE, "%s", f->words);
		return;
	}
	snprintf(out, WORDS_SIZE, "is not accepted: %s", X509_verify_cert_error_string(s->verdict));
}

char *tls_verdict(const struct tls *t, X509_STORE_CTX *found)
{
	struct subject s = {
		.t = t,
		.certificate = X509_STORE_CTX_get_current_cert(found),
		.found = found,
		.depth = X509_STORE_CTX_get_error_depth(found),
		.verdict = X509_STORE_CTX_get_error(found),
	};
	char text[400], words[WORDS_SIZE], name[NAME_SIZE] = "";
	if (s.certificate) {
		s.list = tls_crl_of(t->ssl, s.certificate);
		tls_put_name(name, sizeof name, X509_get_subject_name(s.certificate));
		say(words, &s);
	} else {
		snprintf(words, sizeof words, "is not accepted: %s", X509_verify_cert_error_string(s.verdict));
	}
	if (s.depth > 0)
		snprintf(text, sizeof text, "tls: the authority %.50s above the certificate of %.60s %s", name, t->host, words);
	else
		snprintf(text, sizeof text, "tls: the certificate of %.60s (%.60s) %s", t->host, name, words);
	ERR_clear_error();
	return strdup(text);
}
