/* SPDX-License-Identifier: MIT */
/*
 * A TLS client whose dice are loaded: it says the same each time, so that what a server once answered is an answer again.
 */
#ifndef FUZZ_TLS_FIXED_H
#define FUZZ_TLS_FIXED_H

#include "net/tls.h"

/* Whose dice are used from now on: the client's, from the first throw on, or a server's. */
void tls_fixed_client(void);
void tls_fixed_server(void);
void tls_fixed_client_again(void); /* where it was */

/* A new context of such a client: it believes any certificate, and has no session yet. */
struct tls_context *tls_fixed_context(void);

extern const struct tls_peer tls_fixed_peer;

#endif
