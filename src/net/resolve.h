/* SPDX-License-Identifier: MIT */
/*
 * Host name -> addresses without blocking: getaddrinfo(3) runs in a small pool of threads, so that hosts files, nsswitch
 * and mDNS hold. Jobs are reference-counted; a cancelled one is abandoned, and its thread frees it. Addresses written as
 * numbers use no thread.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <netdb.h>
#include <stdbool.h>

#include <mqttwill.h>

struct resolve_job;

struct resolve_query {
	const char *host, *port;
	int         family;      /* AF_UNSPEC, AF_INET, AF_INET6 */
	const char *srv_service; /* "_mqtt._tcp": SRV records of the host name it, and the ports; NULL: do not ask */
	mqttwill_resolve_fn *fn; /* the application's own lookup, instead of getaddrinfo(3); NULL: none */
	void       *user;
};

/* 0; MQTTWILL_ENOMEM or _ESYSTEM. The query is copied. */
int resolve_start(struct resolve_job **out, const struct resolve_query *query);

/* Readable when the job is done. */
int resolve_fd(const struct resolve_job *job);

/* True when done: *error is getaddrinfo()'s and *list its result, which lives as long as the job. */
bool resolve_done(struct resolve_job *job, int *error, struct addrinfo **list);

/* Frees the job, or abandons it to its thread. NULL is fine. */
void resolve_drop(struct resolve_job *job);

#endif
