/* SPDX-License-Identifier: MIT */
/*
 * All that comes from the broker is bounded and read strictly; nothing is allocated after scram_new(). The names of RFC
 * 5802, section 3, are kept: SaltedPassword, ClientKey, StoredKey, AuthMessage, ServerSignature.
 */
#include "api/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum {
	KEY = SHA256_DIGEST_LENGTH,
	KEY_BASE64 = 44,
	NONCE_BYTES = 24,
	NONCE_OURS = 64,
	NONCE_MAX = 1024, /* of both sides together */
	NAME_MAX_BYTES = 1024,
	FINAL_MAX = NONCE_MAX + KEY_BASE64 + 16
};

#define GS2_HEADER "n,," /* no channel binding, no other identity */
#define CHANNEL "biws"   /* the same, in Base64 */

enum stage { STAGE_NONE, STAGE_FIRST_SENT, STAGE_FINAL_SENT };

/* In one block with what its pointers point to, so that it is wiped as one. */
struct scram {
	size_t   size; /* of the block */
	uint8_t  stage; /* enum stage */
	bool     fixed; /* the nonce is a test's */
	uint8_t  salted[KEY]; /* SaltedPassword for the salt and iterations below: the dear part, kept for the next time */
	uint8_t  salt[SCRAM_MESSAGE_MAX];
	size_t   salt_len;
	uint32_t iterations; /* 0: none is kept */
	uint8_t  signature[KEY]; /* the ServerSignature to expect */
	char     why[160];
	char     nonce[NONCE_OURS];
	char     final[FINAL_MAX]; /* client-final-message */
	char    *first; /* client-first-message: up to the nonce it stays the same */
	char    *at_nonce;
	char    *auth_message;
	uint8_t *password;
	size_t   password_len;
};

bool scram_is_built_in(void)
{
	return true;
}

void scram_wipe(void *p, size_t n)
{
	if (p)
		OPENSSL_cleanse(p, n);
}

/* ---- Name and password ---- */

static bool has_control(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7F)
			return true;
	return false;
}

const char *scram_check(struct span user, struct span password)
{
	if (!user.p || user.n == 0 || user.n > NAME_MAX_BYTES)
		return "user_name: " SCRAM_METHOD " needs one, of 1 to 1,024 bytes";
	if (!password.p)
		return "password: " SCRAM_METHOD " needs one";
	if (has_control(user) || has_control(password))
		return "user_name or password: " SCRAM_METHOD " takes no control characters (RFC 4013, 2.3)";
	if (utf8_good_text(password.p, password.n) != password.n)
		return "password: " SCRAM_METHOD " takes UTF-8 only (RFC 5802, 2.2)";
	return NULL;
}

/* A comma and an equals sign are written as =2C and =3D [RFC 5802, 5.1]. */
static char *put_name(char *to, struct span user)
{
	for (size_t i = 0; i < user.n; i++) {
		if (user.p[i] == ',' || user.p[i] == '=')
			to += sprintf(to, "=%02X", user.p[i]);
		else
			*to++ = (char)user.p[i];
	}
	return to;
}

size_t scram_first_size(struct span user)
{
	size_t n = sizeof GS2_HEADER "n=,r=" - 1 + user.n + (NONCE_BYTES + 2) / 3 * 4;
	for (size_t i = 0; i < user.n; i++)
		n += user.p[i] == ',' || user.p[i] == '=' ? 2 : 0;
	return n;
}

struct scram *scram_new(struct span user, struct span password)
{
	size_t        first = sizeof GS2_HEADER "n=,r=" + 3 * user.n + NONCE_OURS;
	size_t        message = first + SCRAM_MESSAGE_MAX + FINAL_MAX + 2;
	size_t        size = sizeof(struct scram) + first + message + password.n;
	struct scram *s = calloc(1, size);
	if (!s)
		return NULL;
	s->size = size;
	s->first = (char *)(s + 1);
	s->auth_message = s->first + first;
	s->password = (uint8_t *)s->auth_message + message;
	s->password_len = password.n;
	if (password.n)
		memcpy(s->password, password.p, password.n);
	char *to = stpcpy(s->first, GS2_HEADER "n=");
	s->at_nonce = stpcpy(put_name(to, user), ",r=");
	return s;
}

void scram_free(struct scram *s)
{
	if (!s)
		return;
	OPENSSL_cleanse(s, s->size);
	free(s);
}

void scram_fix_nonce(struct scram *s, const char *nonce)
{
	snprintf(s->nonce, sizeof s->nonce, "%s", nonce);
	s->fixed = true;
}

/* ---- Reading ---- */

/* -1: none. */
static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char       *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Canonical Base64 only: whole groups, padding at the end, no bits beyond the bytes. False: it is none. */
static bool base64_decode(const char *in, size_t n, uint8_t *out, size_t *len)
{
	*len = 0;
	if (n % 4)
		return false;
	size_t pad = n && in[n - 1] == '=' ? (in[n - 2] == '=' ? 2 : 1) : 0;
	for (size_t i = 0; i < n; i += 4) {
		size_t   digits = i + 4 == n ? 4 - pad : 4;
		uint32_t bits = 0;
		for (size_t k = 0; k < 4; k++) {
			int digit = k < digits ? base64_digit(in[i + k]) : 0;
			if (digit < 0)
				return false;
			bits = bits << 6 | (uint32_t)digit;
		}
		if (bits & (UINT32_C(0xFFFFFF) >> 8 * (digits - 1)))
			return false;
		for (size_t k = 0; k + 1 < digits; k++)
			out[(*len)++] = (uint8_t)(bits >> (16 - 8 * k));
	}
	return true;
}

/* What stands in an attribute "r=..." at *at; *at goes behind the comma, or to `end`. p is NULL: another one stands there. */
static struct span attribute(const char **at, const char *end, char name)
{
	const char *p = *at;
	if (end - p < 2 || p[0] != name || p[1] != '=')
		return span_of(NULL, 0);
	const char *comma = memchr(p, ',', (size_t)(end - p));
	const char *stop = comma ? comma : end;
	*at = comma ? comma + 1 : end;
	return span_of(p + 2, (size_t)(stop - p) - 2);
}

static bool good_nonce(const struct scram *s, struct span nonce)
{
	size_t ours = strlen(s->nonce);
	for (size_t i = 0; i < nonce.n; i++)
		if (nonce.p[i] < 0x21 || nonce.p[i] > 0x7E)
			return false;
	return nonce.n > ours && nonce.n <= NONCE_MAX && !memcmp(nonce.p, s->nonce, ours);
}

/* 0: it is no number as RFC 5802 writes it, or far too large. */
static uint32_t read_iterations(struct span text)
{
	uint32_t n = 0;
	if (text.n == 0 || text.n > 9 || text.p[0] == '0')
		return 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
		n = n * 10 + (uint32_t)(text.p[i] - '0');
	}
	return n;
}

static int refuse(struct scram *s, const char **why, const char *text)
{
	s->stage = STAGE_NONE;
	*why = text;
	return MQTTWILL_EAUTH;
}

/* The broker's own error, e=..., if that is what it says: printable characters of it. */
static bool says_error(struct scram *s, const struct mqttwill_auth *step, const char **why)
{
	const char *at = step->data, *end = at ? at + step->data_len : NULL;
	struct span e = at ? attribute(&at, end, 'e') : span_of(NULL, 0);
	size_t      n = 0;
	if (!e.p)
		return false;
	n = (size_t)snprintf(s->why, sizeof s->why, "the broker says e=");
	for (size_t i = 0; i < e.n && n + 1 < sizeof s->why; i++)
		s->why[n++] = (char)(e.p[i] >= 0x20 && e.p[i] < 0x7F ? e.p[i] : '?');
	s->why[n] = 0;
	*why = s->why;
	return true;
}

/* ---- Computing ---- */

static bool hmac(const uint8_t key[KEY], const char *text, uint8_t out[KEY])
{
	return HMAC(EVP_sha256(), key, KEY, (const unsigned char *)text, strlen(text), out, NULL) != NULL;
}

/* SaltedPassword := Hi(password, salt, i); what is there already is not computed again. */
static bool salt_password(struct scram *s, const uint8_t *salt, size_t n, uint32_t iterations)
{
	if (s->iterations == iterations && s->salt_len == n && !memcmp(s->salt, salt, n))
		return true;
	s->iterations = 0;
	if (!PKCS5_PBKDF2_HMAC((const char *)s->password, (int)s->password_len, salt, (int)n, (int)iterations, EVP_sha256(), KEY,
	                       s->salted))
		return false;
	memcpy(s->salt, salt, n);
	s->salt_len = n;
	s->iterations = iterations;
	return true;
}

/* ClientProof as Base64, and the signature that the broker shall show. */
static bool prove(struct scram *s, char proof[KEY_BASE64 + 1])
{
	uint8_t client[KEY], stored[KEY], sign[KEY], server[KEY];
	bool    good = hmac(s->salted, "Client Key", client) && SHA256(client, KEY, stored) &&
	            hmac(stored, s->auth_message, sign) && hmac(s->salted, "Server Key", server) &&
	            hmac(server, s->auth_message, s->signature);
	for (size_t i = 0; good && i < KEY; i++)
		client[i] ^= sign[i];
	if (good)
		EVP_EncodeBlock((unsigned char *)proof, client, KEY);
	OPENSSL_cleanse(client, sizeof client);
	OPENSSL_cleanse(stored, sizeof stored);
	OPENSSL_cleanse(server, sizeof server);
	return good;
}

/* ---- Steps ---- */

static int no_crypto(struct scram *s, const char **why)
{
	refuse(s, why, "OpenSSL failed, perhaps for want of memory or of random numbers");
	return MQTTWILL_ESYSTEM;
}

static int first(struct scram *s, struct mqttwill_auth *step, const char **why)
{
	uint8_t random[NONCE_BYTES];
	if (!s->fixed && RAND_bytes(random, sizeof random) != 1)
		return no_crypto(s, why);
	if (!s->fixed)
		EVP_EncodeBlock((unsigned char *)s->nonce, random, sizeof random);
	char *end = stpcpy(s->at_nonce, s->nonce);
	step->reply = s->first;
	step->reply_len = (size_t)(end - s->first);
	s->stage = STAGE_FIRST_SENT;
	return 0;
}

/* What the broker's server-first-message has in it. */
struct challenge {
	struct span nonce;
	uint8_t     salt[SCRAM_MESSAGE_MAX];
	size_t      salt_len;
	uint32_t    iterations;
};

/* What is wrong with a server-first-message; NULL: nothing. Extensions behind it are let pass [RFC 5802, 5.1]. */
static const char *read_challenge(const struct scram *s, const struct mqttwill_auth *step, struct challenge *c)
{
	const char *at = step->data, *end = at ? at + step->data_len : NULL;
	if (!at || step->data_len == 0 || step->data_len > SCRAM_MESSAGE_MAX || utf8_good(step->data, step->data_len) != step->data_len)
		return "the broker's challenge is missing, longer than 2,048 bytes, or no UTF-8";
	if (*at == 'm')
		return "the broker demands an extension of SCRAM that is not known here";
	c->nonce = attribute(&at, end, 'r');
	struct span salt = attribute(&at, end, 's'), iterations = attribute(&at, end, 'i');
	if (!c->nonce.p || !salt.p || !iterations.p)
		return "the broker's challenge does not consist of nonce, salt and iteration count";
	if (!good_nonce(s, c->nonce))
		return "the broker's nonce does not begin with ours, adds nothing to it, or is no nonce";
	if (!base64_decode((const char *)salt.p, salt.n, c->salt, &c->salt_len) || c->salt_len == 0)
		return "the broker's salt is empty, or no Base64";
	c->iterations = read_iterations(iterations);
	if (c->iterations < SCRAM_LEAST_ITERATIONS || c->iterations > SCRAM_MOST_ITERATIONS)
		return "the broker's iteration count is not from 4,096 to 1,000,000";
	return NULL;
}

static int answer(struct scram *s, struct mqttwill_auth *step, const char **why)
{
	struct challenge c;
	char             proof[KEY_BASE64 + 1];
	if (s->stage != STAGE_FIRST_SENT)
		return refuse(s, why, "the broker asks for more, and SCRAM has no more steps");
	if (says_error(s, step, why))
		return refuse(s, why, s->why);
	const char *wrong = read_challenge(s, step, &c);
	if (wrong)
		return refuse(s, why, wrong);
	int n = snprintf(s->final, sizeof s->final, "c=" CHANNEL ",r=%.*s", (int)c.nonce.n, (const char *)c.nonce.p);
	sprintf(s->auth_message, "%s,%.*s,%s", s->first + strlen(GS2_HEADER), (int)step->data_len, (const char *)step->data,
	        s->final);
	if (!salt_password(s, c.salt, c.salt_len, c.iterations) || !prove(s, proof))
		return no_crypto(s, why);
	n += snprintf(s->final + n, sizeof s->final - (size_t)n, ",p=%s", proof);
	step->reply = s->final;
	step->reply_len = (size_t)n;
	s->stage = STAGE_FINAL_SENT;
	return 0;
}

/* The broker's proof that it knows the password: without it anybody could have said yes. */
static int check(struct scram *s, const struct mqttwill_auth *step, const char **why)
{
	uint8_t     given[SCRAM_MESSAGE_MAX];
	size_t      n = 0;
	const char *at = step->data, *end = at ? at + step->data_len : NULL;
	uint8_t     stage = s->stage;
	s->stage = STAGE_NONE;
	if (says_error(s, step, why))
		return MQTTWILL_EAUTH;
	if (stage != STAGE_FINAL_SENT)
		return refuse(s, why, "the broker accepts before the exchange is over");
	struct span v = at && step->data_len <= SCRAM_MESSAGE_MAX ? attribute(&at, end, 'v') : span_of(NULL, 0);
	if (!v.p || !base64_decode((const char *)v.p, v.n, given, &n) || n != KEY)
		return refuse(s, why, "the broker accepts without its own signature");
	if (CRYPTO_memcmp(given, s->signature, KEY) != 0)
		return refuse(s, why, "the broker's signature is wrong: it does not know the password");
	return 0;
}

int scram_step(struct scram *s, struct mqttwill_auth *step, const char **why)
{
	step->reply = NULL;
	step->reply_len = 0;
	if (step->phase == MQTTWILL_AUTH_FIRST)
		return first(s, step, why);
	return step->phase == MQTTWILL_AUTH_CONTINUE ? answer(s, step, why) : check(s, step, why);
}
