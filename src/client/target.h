/* SPDX-License-Identifier: MIT */
/*
 * Where to connect to, from a URL: host, port, credentials, and the TLS settings if it asks for them.
 */
#ifndef CLIENT_TARGET_H
#define CLIENT_TARGET_H

#include "base/bytes.h"
#include "client/client.h"

struct target {
	char *host, *user, *password;
	size_t password_len;
	char   port[6];
	struct tls_context *tls;
};

/* 0, or an error with its sentence. On success target_fini() frees it. */
int  target_init(struct target *t, const char *url, const char *ca_file, struct client_error *error);
void target_fini(struct target *t);

/* One Server Reference of n bytes: host[:port]. 0, and *host is the caller's; or an error and what is wrong. */
int  target_reference(const char *text, size_t n, bool tls, char **host, char port[6], const char **problem);

#endif
