/* SPDX-License-Identifier: MIT */
/*
 * What must be equal for clients to share: a digest of the settings that matter and of the state of the files they name. It
 * is also how a changed file is noticed.
 */
#include "net/tls_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Bytes ---- */

static void put(EVP_MD_CTX *md, const void *bytes, size_t n)
{
	EVP_DigestUpdate(md, &n, sizeof n);
	EVP_DigestUpdate(md, bytes, n);
}

static void put_text(EVP_MD_CTX *md, const char *text)
{
	size_t n = text ? strlen(text) + 1 : 0; /* NULL is not the empty one */
	put(md, text ? text : "", n);
}

/* Returns whether it could be seen. */
static bool put_stat(EVP_MD_CTX *md, int at, const char *path)
{
	struct stat st;
	int         rc = fstatat(at, path, &st, 0) < 0 ? errno : 0;
	put(md, &rc, sizeof rc);
	if (rc)
		return false;
	put(md, &st.st_dev, sizeof st.st_dev);
	put(md, &st.st_ino, sizeof st.st_ino);
	put(md, &st.st_size, sizeof st.st_size);
	put(md, &st.st_mtim, sizeof st.st_mtim);
	put(md, &st.st_ctim, sizeof st.st_ctim);
	return true;
}

static bool put_file(EVP_MD_CTX *md, const char *path)
{
	put_text(md, path);
	return !path || put_stat(md, AT_FDCWD, path);
}

/* The directory, and what its links lead to, which may be written anew in place. */
static bool put_dir(EVP_MD_CTX *md, const char *path)
{
	DIR *dir = path ? opendir(path) : NULL;
	bool seen = put_file(md, path);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (tls_is_hashed(entry->d_name))
			put_stat(md, dirfd(dir), entry->d_name);
	if (dir)
		closedir(dir);
	return seen;
}

/* ---- Settings ---- */

static void put_system(EVP_MD_CTX *md)
{
	const char *file = getenv(X509_get_default_cert_file_env()), *dir = getenv(X509_get_default_cert_dir_env());
	put_file(md, file ? file : X509_get_default_cert_file());
	put_file(md, dir ? dir : X509_get_default_cert_dir());
}

static void put_hook(EVP_MD_CTX *md, const struct mqttwill_tls *s)
{
	put(md, &s->ssl_ctx_fn, sizeof s->ssl_ctx_fn);
	if (s->ssl_ctx_fn)
		put(md, &s->user, sizeof s->user);
}

static bool put_trust(EVP_MD_CTX *md, const struct mqttwill_tls *s)
{
	bool file = put_file(md, s->ca_file), dir = put_dir(md, s->ca_dir), list = put_file(md, s->crl_file);
	put(md, s->ca_pem, s->ca_pem_len);
	if (!s->ca_file && !s->ca_dir && !s->ca_pem)
		put_system(md);
	put_hook(md, s); /* it may change the store */
	return file && dir && list;
}

static const char *uri_file(const char *uri)
{
	if (!uri || strncmp(uri, "file:", 5) != 0)
		return NULL;
	return strncmp(uri, "file://", 7) == 0 ? uri + 7 : uri + 5;
}

static bool put_identity(EVP_MD_CTX *md, const struct mqttwill_tls *s)
{
	const char *const files[] = {s->cert_file, s->key_file, uri_file(s->cert_uri), uri_file(s->key_uri)};
	bool              seen = true;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		seen &= put_file(md, files[i]);
	put(md, s->cert_pem, s->cert_pem_len);
	put(md, s->key_pem, s->key_pem_len);
	put_text(md, s->cert_uri);
	put_text(md, s->key_uri);
	put(md, &s->passphrase_fn, sizeof s->passphrase_fn);
	if (s->passphrase_fn)
		put(md, &s->user, sizeof s->user);
	return seen;
}

/* What is each connection's own is not here: names, protocols, pins, the bytes of the pre-shared key. */
static void put_rest(EVP_MD_CTX *md, const struct mqttwill_tls *s)
{
	const size_t numbers[] = {s->min_version,   s->max_version, s->ocsp, s->psk != NULL, s->psk_len,
	                          s->no_resumption, s->insecure_any_certificate, s->insecure_any_host};
	put(md, numbers, sizeof numbers);
	put_text(md, s->ciphers);
	put_text(md, s->ciphersuites);
	put_text(md, s->groups);
	put_text(md, s->psk_identity);
	put_text(md, s->keylog_file);
}

bool tls_stamp(unsigned char stamp[TLS_STAMP_SIZE], const struct mqttwill_tls *settings, bool trust_only, bool *seen)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool        ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	if (ok) {
		*seen = put_trust(md, settings);
		if (!trust_only) {
			*seen &= put_identity(md, settings);
			put_rest(md, settings);
		}
		ok = EVP_DigestFinal_ex(md, stamp, NULL);
	}
	EVP_MD_CTX_free(md);
	return ok;
}
