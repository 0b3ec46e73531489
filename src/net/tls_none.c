/* SPDX-License-Identifier: MIT */
/*
 * Stands in for TLS in a build without OpenSSL: asking for it is an error that says so.
 */
#include "net/tls.h"

#include <mqttwill.h>

int tls_context_new(struct tls_context **out, const char *ca_file, struct pipe_error *error)
{
	(void)ca_file;
	*out = NULL;
	return pipe_fail(error, MQTTWILL_EUNSUPPORTED, "tls: this library was built without OpenSSL");
}

void tls_context_free(struct tls_context *context)
{
	(void)context;
}

struct pipe *tls_new(struct tls_context *context, struct pipe *below, const char *host)
{
	(void)context;
	(void)below;
	(void)host;
	return NULL;
}
