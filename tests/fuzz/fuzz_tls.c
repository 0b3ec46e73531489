/* SPDX-License-Identifier: MIT */
/*
 * TLS settings. The first byte of the input chooses a member, the rest is its text. Checked: what is refused is explained by the
 * option's name, and OpenSSL keeps no error of it.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <mqttwill.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls.h"

#ifdef HAVE_OPENSSL
#include <openssl/err.h>
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void set(struct mqttwill_tls *s, uint8_t member, const char *const *list)
{
	const char *text = list[0];
	const struct mqttwill_tls choices[] = {
		{.ca_pem = text, .ca_pem_len = strlen(text)},
		{.cert_pem = text, .cert_pem_len = strlen(text)},
		{.pins = list, .pin_count = 1},
		{.alpn = list, .alpn_count = 1},
		{.server_name = text},
		{.ciphers = text},
		{.ciphersuites = text},
		{.groups = text},
	};
	*s = choices[member % (sizeof choices / sizeof choices[0])];
}

static bool explained(const struct pipe_error *error)
{
	return !strncmp(error->text, "option tls.", 11) || !strncmp(error->text, "tls: ", 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mqttwill_tls settings;
	struct tls_context *context = NULL;
	struct pipe_error   error = {0};
	char               *text = size ? calloc(1, size) : NULL;
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	set(&settings, data[0], (const char *const[]){text});
	int rc = tls_context_new(&context, &settings, &error);
	expect((rc == 0) == (context != NULL), "a context, and an error");
	expect(rc == 0 || (rc == error.code && explained(&error)), "an error that is not explained");
#ifdef HAVE_OPENSSL
	expect(ERR_peek_error() == 0, "an error is left in OpenSSL's queue");
#endif
	tls_context_free(context);
	free(text);
	return 0;
}
