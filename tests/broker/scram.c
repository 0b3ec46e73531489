/* SPDX-License-Identifier: MIT */
/*
 * The server's side of SCRAM-SHA-256, written from RFC 5802 without a look at the client's: it works with StoredKey and
 * ServerKey, as a server does, and compares what it computes with what it is told.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "broker/auth.h"

enum { KEY = SHA256_DIGEST_LENGTH, ITERATIONS = 4096 };

static const char salt[] = "stub-broker salt"; /* 16 bytes */

static void derive(const char *password, const char *name, unsigned char out[KEY])
{
	unsigned char salted[KEY];
	PKCS5_PBKDF2_HMAC(password, (int)strlen(password), (const unsigned char *)salt, 16, ITERATIONS, EVP_sha256(), KEY,
	                  salted);
	HMAC(EVP_sha256(), salted, KEY, (const unsigned char *)name, strlen(name), out, NULL);
}

static void sign(const unsigned char key[KEY], const char *message, unsigned char out[KEY])
{
	HMAC(EVP_sha256(), key, KEY, (const unsigned char *)message, strlen(message), out, NULL);
}

/* "n=" and the name, with =2C and =3D, and a comma. */
static void name_attribute(const char *name, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "n=");
	for (; *name && n + 5 < size; name++)
		n += (size_t)snprintf(out + n, size - n, *name == ',' || *name == '=' ? "=%02X" : "%c", *name);
	snprintf(out + n, size - n, ",r=");
}

static enum verdict challenge(struct exchange *x, const char *text)
{
	char          name[512];
	unsigned char salt64[32];
	name_attribute(x->user_name, name, sizeof name);
	if (strncmp(text, "n,,", 3) || strncmp(text + 3, name, strlen(name)) || strlen(text) > 1000)
		return AUTH_BAD;
	EVP_EncodeBlock(salt64, (const unsigned char *)salt, 16);
	snprintf(x->out, sizeof x->out, "r=%.900s+stub%u,s=%s,i=%d", text + 3 + strlen(name), x->nonce, salt64, ITERATIONS);
	int n = snprintf(x->first, sizeof x->first, "%.1000s,", text + 3);
	snprintf(x->first + n, sizeof x->first - (size_t)n, "%.1000s", x->out);
	x->round = 1;
	return AUTH_GOES_ON;
}

/* H(ClientProof XOR ClientSignature) is StoredKey, or the client does not know the password. */
static bool proof_is_good(const char *proof, const char *password, const char *message)
{
	unsigned char given[64], client[KEY], stored[KEY], signature[KEY], hash[KEY];
	if (strlen(proof) != 44 || EVP_DecodeBlock(given, (const unsigned char *)proof, 44) != 33)
		return false;
	derive(password, "Client Key", client);
	SHA256(client, KEY, stored);
	sign(stored, message, signature);
	for (int i = 0; i < KEY; i++)
		given[i] ^= signature[i];
	SHA256(given, KEY, hash);
	return memcmp(hash, stored, KEY) == 0;
}

static enum verdict finish(struct exchange *x, const char *text)
{
	char          expected[1100], message[2 * AUTH_TEXT_MAX];
	unsigned char key[KEY], signature[KEY], text64[48];
	const char   *nonce = x->out, *proof = strstr(text, ",p="); /* "r=" is what the challenge begins with */
	snprintf(expected, sizeof expected, "c=biws,%.*s", (int)strcspn(nonce, ","), nonce);
	if (!proof || strncmp(text, expected, strlen(expected)) || proof != text + strlen(expected))
		return AUTH_BAD;
	snprintf(message, sizeof message, "%s,%s", x->first, expected);
	if (!proof_is_good(proof + 3, x->password, message))
		return AUTH_BAD;
	derive(x->password, "Server Key", key);
	sign(key, message, signature);
	EVP_EncodeBlock(text64, signature, KEY);
	snprintf(x->out, sizeof x->out, "v=%s", text64);
	return AUTH_GOOD;
}

enum verdict scram_round(struct exchange *x, struct span data)
{
	char text[AUTH_TEXT_MAX];
	if (data.n >= sizeof text)
		return AUTH_BAD;
	snprintf(text, sizeof text, "%.*s", (int)data.n, data.p ? (const char *)data.p : "");
	return x->round ? finish(x, text) : challenge(x, text);
}
