/* SPDX-License-Identifier: MIT */
/*
 * PEM from files and from memory. A file is read whole before OpenSSL sees it: so the system's own words say why it cannot be, and no
 * device or pipe is waited for.
 */
#include "net/tls_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 16 << 20 };

/* ---- Sources ---- */

static int fail(const struct tls_source *from, struct pipe_error *error, const char *why)
{
	return pipe_fail(error, MQTTWILL_EOPTION, "option tls.%s: %.160s%s%s", from->option, from->path ? from->path : "",
	                 from->path ? ": " : "", why);
}

int tls_source_fail(const struct tls_source *from, struct pipe_error *error, const char *why, int nth)
{
	char text[120];
	if (nth)
		snprintf(text, sizeof text, "certificate %d: %s", nth, why);
	return fail(from, error, nth ? text : why);
}

static const char *read_all(BIO *into, int fd)
{
	char        bytes[4096];
	ssize_t     n;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? "it is a directory" : "it is no regular file";
	if (st.st_size > FILE_MOST)
		return "it is larger than 16 MiB";
	const char *why = NULL;
	for (long all = 0; !why && (n = read(fd, bytes, sizeof bytes)) != 0 && all <= FILE_MOST; all += n)
		if (n < 0 || BIO_write(into, bytes, (int)n) != n)
			why = n < 0 ? strerror(errno) : "there is no memory for it";
	OPENSSL_cleanse(bytes, sizeof bytes); /* it may be a key */
	return why;
}

static BIO *open_file(const struct tls_source *from, struct pipe_error *error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int  fd = open(from->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *why = fd < 0 ? strerror(errno) : bio ? read_all(bio, fd) : "there is no memory for it";
	if (fd >= 0)
		close(fd);
	if (!why) {
		BIO_set_mem_eof_return(bio, 0);
		return bio;
	}
	BIO_free(bio);
	fail(from, error, why);
	return NULL;
}

BIO *tls_source_open(const struct tls_source *from, struct pipe_error *error)
{
	BIO *bio = from->path ? open_file(from, error) : BIO_new_mem_buf(from->text, (int)from->len);
	if (!bio && !from->path)
		pipe_fail(error, MQTTWILL_ENOMEM, "option tls.%s: no memory for it", from->option);
	return bio;
}

/* ---- Certificates ---- */

static X509 *parse(const char *name, const unsigned char *der, long n)
{
	if (strcmp(name, PEM_STRING_X509_TRUSTED) == 0)
		return d2i_X509_AUX(NULL, &der, n);
	return d2i_X509(NULL, &der, n);
}

static bool is_certificate(const char *name)
{
	return !strcmp(name, PEM_STRING_X509) || !strcmp(name, PEM_STRING_X509_OLD) || !strcmp(name, PEM_STRING_X509_TRUSTED);
}

/* The next of them; *nth counts. NULL: there is no more, or what comes is damaged: OpenSSL's queue is not empty then. */
static X509 *next_certificate(BIO *bio, int *nth)
{
	char          *name, *header;
	unsigned char *der;
	long           n;
	X509          *x = NULL;
	for (bool found = false; !found && PEM_read_bio(bio, &name, &header, &der, &n);) {
		found = is_certificate(name);
		*nth += found;
		if (found)
			x = parse(name, der, n);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)n);
		if (found)
			return x;
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
		ERR_clear_error(); /* the end */
	else
		++*nth;
	return NULL;
}

int tls_source_certificates(const struct tls_source *from, tls_each_certificate *each, void *to, struct pipe_error *error)
{
	BIO  *bio = tls_source_open(from, error);
	int   nth = 0;
	bool  taken = true;
	X509 *x;
	if (!bio)
		return error->code;
	ERR_clear_error();
	while (taken && (x = next_certificate(bio, &nth))) {
		taken = each(to, x, nth - 1);
		X509_free(x);
	}
	BIO_free(bio);
	if (!taken || ERR_peek_last_error())
		return tls_source_fail(from, error, tls_reason(), nth);
	return nth ? 0 : fail(from, error, "there is no certificate in it");
}
