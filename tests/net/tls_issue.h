/* SPDX-License-Identifier: MIT */
/*
 * Certificates of every good and bad kind, issued in the test itself, and files and texts of them.
 */
#ifndef NET_TLS_ISSUE_H
#define NET_TLS_ISSUE_H

#include <check.h>
#include <openssl/ssl.h>
#include <stdbool.h>

enum key_kind { EC_KEY_P256, RSA_KEY_1024, RSA_KEY_2048, KEY_KINDS };

/* NULL: none, or the default. */
struct issue {
	const char   *name; /* CN; NULL: this certificate is not made */
	const char   *san, *constraints, *usage, *key_usage, *names; /* extensions, as in openssl.cnf; names: name constraints */
	const char   *from, *until; /* "20260102030405Z"; default: 2020 to 2049 */
	const char   *digest;       /* default: SHA256 */
	enum key_kind kind;
	bool          version_1;
};

enum { CHAIN_MOST = 3 };

/* Each is signed by the one before it; the first by itself. */
struct chain {
	X509     *certificate[CHAIN_MOST];
	EVP_PKEY *key[CHAIN_MOST];
	int       count;
};

void issue_chain(struct chain *chain, const struct issue *what);
void free_chain(struct chain *chain);

/* One of the keys there are for the tests, which never change within a process: not to be freed. */
EVP_PKEY *test_key(int number, enum key_kind kind);

/* Appends PEM to the text, which is a C string on the heap or NULL. */
char *add_certificate(char *text, X509 *certificate);
char *add_key(char *text, EVP_PKEY *key, const char *passphrase);

/* Writes the text to a new file whose name goes to path, "/tmp/...XXXXXX" at first, or to the file that it names. */
void write_file(char *path, const char *text);

#endif
