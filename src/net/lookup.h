/* SPDX-License-Identifier: MIT */
/*
 * One question about a name, answered by whoever knows, which may block: the work that resolve.c gives to its threads.
 */
#ifndef NET_LOOKUP_H
#define NET_LOOKUP_H

#include "net/addresses.h"
#include "net/resolve.h"

/* Why there is no address; of two reasons the later one here is told. */
enum reason {
	REASON_NONE,
	REASON_NO_FAMILY,  /* this machine has none of that kind */
	REASON_NO_NAME,
	REASON_NO_ADDRESS, /* the name has none of that kind */
	REASON_OTHER,
	REASON_TEMPORARY
};

struct answer {
	struct addrinfo *list;   /* of addresses_list(); NULL: none */
	int              code;   /* 0; MQTTWILL_ERESOLVE, _ENOMEM */
	uint8_t          reason; /* enum reason */
	char             why[160];
};

/* Addresses written as numbers: false where the host is not one, and a name must be looked up. Does not block. */
bool lookup_number(const struct resolve_query *query, struct answer *answer);

/* The query without its srv_service: by its fn, or by getaddrinfo(3). May block. */
void lookup_name(const struct resolve_query *query, struct answer *answer);

/* The answer that these addresses are. */
void answer_addresses(struct answer *answer, const struct addresses *found);

/* The answer that there are none. Returns false. */
bool answer_refuse(struct answer *answer, enum reason reason, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* That there is no memory. */
void answer_memory(struct answer *answer);

/*
 * The parts of a lookup that is made of several: jobs without a descriptor. `whole` is the task that waits for them, until all are
 * done, or the grace after the first addresses is over. False: nobody waits for it any more. NULL is no job.
 */
struct task;
int  resolve_start_part(struct resolve_job **out, const struct resolve_query *query);
bool resolve_wait_parts(struct task *whole, struct resolve_job *const *jobs, size_t n, uint64_t grace_ms);

/* Why a job, or a job and that of the other family, gave no address. */
void resolve_why(const struct resolve_job *job, const struct resolve_job *other, struct answer *answer);

#endif
