/* SPDX-License-Identifier: MIT */
/*
 * Stands in for TLS in a build without OpenSSL: asking for it is an error that says so.
 */
#include <mqttwill.h>

#include "net/tls.h"

int tls_context_new(struct tls_context **out, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	(void)settings;
	*out = NULL;
	return pipe_fail(error, MQTTWILL_EUNSUPPORTED, "tls: this library was built without OpenSSL");
}

void tls_context_free(struct tls_context *context)
{
	(void)context;
}

struct pipe *tls_new(struct tls_context *context, struct pipe *below, const struct tls_peer *peer)
{
	(void)context;
	(void)below;
	(void)peer;
	return NULL;
}
