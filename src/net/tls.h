/* SPDX-License-Identifier: MIT */
/*
 * TLS as a filter: certificate chain and host name are verified, always. Bytes go through the pipe below, so that SIGPIPE
 * cannot happen.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "net/pipe.h"

struct tls_context; /* trust and settings, shared by the connections of a client */

/* 0; MQTTWILL_EOPTION where ca_file cannot be used, MQTTWILL_EUNSUPPORTED in a build without TLS. NULL: the system's store. */
int  tls_context_new(struct tls_context **out, const char *ca_file, struct pipe_error *error);
void tls_context_free(struct tls_context *context);

/*
 * A filter above `below`, which it owns from now on, for a server of that name or address. NULL where there is no memory;
 * `below` is the caller's then.
 */
struct pipe *tls_new(struct tls_context *context, struct pipe *below, const char *host);

#endif
