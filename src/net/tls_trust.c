/* SPDX-License-Identifier: MIT */
/*
 * Whom to trust: the system's store, or what the ca_... name instead.
 */
#include "net/tls_internal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <string.h>

static bool add(void *store, X509 *certificate, int nth)
{
	(void)nth;
	return X509_STORE_add_cert(store, certificate) == 1;
}

bool tls_is_hashed(const char *name)
{
	size_t n = strspn(name, "0123456789abcdef");
	const char *number = name + n + 1;
	if (n != 8 || name[n] != '.')
		return false;
	number += *number == 'r'; /* a revocation list */
	return *number && strspn(number, "0123456789") == strlen(number);
}

/* OpenSSL looks into the directory when it needs to; that there is nothing for it to find must be seen now. */
static const char *look_into(const char *path)
{
	DIR           *dir = opendir(path);
	struct dirent *entry;
	bool           found = false;
	if (!dir)
		return strerror(errno);
	while (!found && (entry = readdir(dir)))
		found = tls_is_hashed(entry->d_name);
	closedir(dir);
	return found ? NULL : "there is no certificate in it that is named by its hash (openssl rehash makes the names)";
}

static int add_dir(X509_STORE *store, const struct mqttwill_tls *s, struct pipe_error *error)
{
	const struct tls_source from = {.option = "ca_dir", .path = s->ca_dir};
	const char             *why = look_into(s->ca_dir);
	if (why)
		return tls_source_fail(&from, error, why, 0);
	return X509_STORE_load_locations(store, NULL, s->ca_dir) ? 0 : tls_source_fail(&from, error, tls_reason(), 0);
}

static int add_system(X509_STORE *store, struct pipe_error *error)
{
	if (X509_STORE_set_default_paths(store))
		return 0;
	return pipe_fail(error, MQTTWILL_ESYSTEM, "tls: the system's store of trusted certificates: %s", tls_reason());
}

static int fill(X509_STORE *store, const struct mqttwill_tls *s, struct pipe_error *error)
{
	const struct tls_source file = {.option = "ca_file", .path = s->ca_file};
	const struct tls_source memory = {.option = "ca_pem", .text = s->ca_pem, .len = s->ca_pem_len};
	int                     rc = 0;
	if (!s->ca_file && !s->ca_dir && !s->ca_pem)
		return add_system(store, error);
	if (s->ca_file)
		rc = tls_source_certificates(&file, add, store, error);
	if (rc == 0 && s->ca_pem)
		rc = tls_source_certificates(&memory, add, store, error);
	return rc == 0 && s->ca_dir ? add_dir(store, s, error) : rc;
}

X509_STORE *tls_trust(const struct mqttwill_tls *settings, struct pipe_error *error)
{
	X509_STORE *store = X509_STORE_new();
	int         rc = store ? 0 : pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for what is trusted");
	if (rc == 0)
		rc = fill(store, settings, error);
	if (rc == 0)
		return store;
	X509_STORE_free(store);
	return NULL;
}
