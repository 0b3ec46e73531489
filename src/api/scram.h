/* SPDX-License-Identifier: MIT */
/*
 * SCRAM-SHA-256 [RFC 5802, RFC 7677] as a method of enhanced authentication, the client's side, without channel binding.
 * The broker proves that it knows the password, too; one that does not is refused. Names and passwords go as they are, in
 * UTF-8: SASLprep would change nothing in printable ASCII, and what is beyond it must be given in its normal form (NFKC).
 */
#ifndef API_SCRAM_H
#define API_SCRAM_H

#include <mqttwill.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

#define SCRAM_METHOD "SCRAM-SHA-256"

enum {
	SCRAM_LEAST_ITERATIONS = 4096,   /* fewer are refused [RFC 7677, 4] */
	SCRAM_MOST_ITERATIONS = 1000000, /* about half a second of work: more is not done at a broker's word */
	SCRAM_MESSAGE_MAX = 2048         /* bytes of a message of the broker's */
};

struct scram;

/* Is it in this build? Without OpenSSL it is not. */
bool scram_is_built_in(void);

/* What is wrong with a name or a password, in words; NULL: nothing. */
const char *scram_check(struct span user, struct span password);

/* Bytes of its first message, for CONNECT's size. */
size_t scram_first_size(struct span user);

/* Checked ones are copied. NULL: no memory, or it is not built in. */
struct scram *scram_new(struct span user, struct span password);

/* Wipes and frees. */
void scram_free(struct scram *s);

/* One step. 0, or MQTTWILL_EAUTH or _ESYSTEM with *why in words, which stay until the next step. */
int scram_step(struct scram *s, struct mqttwill_auth *step, const char **why);

/* Forgets a secret. */
void scram_wipe(void *p, size_t n);

/* For tests: the nonce of every exchange to come, instead of a random one. */
void scram_fix_nonce(struct scram *s, const char *nonce);

#endif
