/* SPDX-License-Identifier: MIT */
/*
 * mqtt[s]://[user[:password]@]host[:port][/] into its parts. IPv6 addresses stand in brackets; user and password may be
 * percent-encoded.
 */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>
#include <stddef.h>

struct url {
	char *host; /* without brackets */
	char *user, *password; /* decoded; NULL where absent */
	size_t password_len;   /* a password may hold any byte, %00 too */
	char port[6];
	bool tls;
	bool literal_v6;
};

/* 0; MQTTWILL_EURL with what is wrong at which byte; MQTTWILL_ENOMEM. On success url_fini() frees it. */
int  url_parse(struct url *url, const char *text, size_t *offset, const char **problem);
void url_fini(struct url *url);

/* The same for n bytes of host[:port], as a Server Reference has it; `tls` says which port is the default. */
int  url_parse_reference(struct url *url, const char *text, size_t n, bool tls, const char **problem);

#endif
