/* SPDX-License-Identifier: MIT */
/*
 * Host name -> addresses without blocking: getaddrinfo(3) runs in a small pool of threads, so that hosts files, nsswitch
 * and mDNS hold. What several ask at the same time is looked up once. A job that is dropped is abandoned: its thread goes on
 * until the system gives it back, and keeps nobody else waiting. Addresses written as numbers use no thread.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <netdb.h>
#include <stdbool.h>

#include <mqttwill.h>

#include "net/pipe.h"

struct resolve_job;

enum { RESOLVE_MOST = 64 }; /* addresses of one job; more are left out */

/*
 * AF_INET6 and AF_INET may be asked for side by side by two jobs, so that one need not wait for the other. With srv_service or fn
 * ask once, with AF_UNSPEC or the only family wanted: the list is in the order in which its addresses are to be tried.
 */
struct resolve_query {
	const char *host, *port;
	int         family;      /* AF_UNSPEC, AF_INET, AF_INET6 */
	const char *srv_service; /* "_mqtt._tcp": ask for SRV records of the host first, which have the ports, too; NULL: do not */
	bool        ipv4_first;  /* with srv_service: of each target's addresses */
	mqttwill_resolve_fn *fn; /* the application's own lookup, instead of getaddrinfo(3); NULL: none */
	void       *user;
};

/* 0; MQTTWILL_ENOMEM or _ESYSTEM. The query is copied. */
int resolve_start(struct resolve_job **out, const struct resolve_query *query);

/* Readable when the job is done. */
int resolve_fd(const struct resolve_job *job);

/* True when done: *error is 0 and *list not empty, which lives as long as the job, or *error is MQTTWILL_E..., and *list NULL. */
bool resolve_done(struct resolve_job *job, int *error, struct addrinfo **list);

/*
 * Why a done job gave no address, as a sentence: "resolve broker.example: the name does not exist". `other` is the failed job of
 * the other family, or NULL: what the two tell together is told. Returns the code.
 */
int resolve_explain(const struct resolve_job *job, const struct resolve_job *other, struct pipe_error *error);

/* Frees the job, or abandons it to its thread. NULL is fine. */
void resolve_drop(struct resolve_job *job);

#endif
