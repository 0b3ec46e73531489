/* SPDX-License-Identifier: MIT */
/*
 * A method of enhanced authentication of the application's own, "m": its steps are noted, and its reply is "r" and the number
 * of the round.
 */
#ifndef CLIENT_METHOD_H
#define CLIENT_METHOD_H

#include <check.h>

#include "client/scenes.h"

#define METHOD "15 0001 'm' "
#define ASKS "F0 0A 18 08 " METHOD "16 0001 '?' "
#define ACCEPTS "20 0B 00 00 08 " METHOD "16 0001 '!' "
#define ENDS_WELL "F0 0A 00 08 " METHOD "16 0001 '!' "
#define ANSWER "F0 0B 18 09 " METHOD "16 0002 'r1' "
#define AGAIN "F0 0B 19 09 " METHOD "16 0002 'r0' "

struct play {
	char     log[400]; /* the steps: "FIRST CONTINUE(data) SUCCESS-again" */
	int      round;
	uint32_t fail_in;   /* the phase in which it fails; 0: in none */
	size_t   reply_len; /* another one than the text's */
	bool     silent;    /* there is no reply */
};

extern struct play play;

#define expect_steps(text) \
	do { \
		ck_assert_str_eq(play.log, text); \
		play.log[0] = 0; \
	} while (0)

int method_step(void *user, struct mqttwill_auth *step);

/* The lamp with this method, whose play begins anew; online, with all forgotten that was said. */
struct mqttwill_options method_options(void);
struct device          *method_online(const struct mqttwill_options *o);

/* Re-authenticates; the token's one DONE is checked. */
int64_t method_again(struct device *d);

#endif
