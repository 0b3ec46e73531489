/* SPDX-License-Identifier: MIT */
/*
 * TLS as a filter: certificate chain and host name are verified unless an insecure_ option says otherwise. Bytes go through the
 * pipe below, so that SIGPIPE cannot happen.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "net/pipe.h"

struct mqttwill_tls;
struct tls_context; /* a client's trust, settings and sessions to resume */

/*
 * 0; MQTTWILL_EOPTION where a setting cannot be used, MQTTWILL_EUNSUPPORTED in a build without TLS. The settings (NULL: all default)
 * and what they point to must outlive the context.
 */
int  tls_context_new(struct tls_context **out, const struct mqttwill_tls *settings, struct pipe_error *error);
void tls_context_free(struct tls_context *context);

/* Who is on the other side; the strings must outlive the pipe. */
struct tls_peer {
	const char *host, *port;
	uint32_t    timeout_ms; /* for the handshake */
	bool        websocket;  /* another protocol is offered by ALPN */
};

/*
 * A filter above `below`, which it owns from now on. NULL, with the error: `below` is the caller's then.
 */
struct pipe *tls_new(struct tls_context *context, struct pipe *below, const struct tls_peer *peer);

#endif
