/* SPDX-License-Identifier: MIT */
/*
 * SCRAM in a build without OpenSSL: there is none, and options_check() says so.
 */
#include "api/scram.h"

bool scram_is_built_in(void)
{
	return false;
}

const char *scram_check(struct span user, struct span password)
{
	(void)user;
	(void)password;
	return NULL;
}

size_t scram_first_size(struct span user)
{
	return user.n;
}

struct scram *scram_new(struct span user, struct span password)
{
	(void)user;
	(void)password;
	return NULL;
}

void scram_free(struct scram *s)
{
	(void)s;
}

int scram_step(struct scram *s, struct mqttwill_auth *step, const char **why)
{
	(void)s;
	(void)step;
	*why = "it is not in this build";
	return MQTTWILL_EUNSUPPORTED;
}

void scram_wipe(void *p, size_t n)
{
	(void)p;
	(void)n;
}

void scram_fix_nonce(struct scram *s, const char *nonce)
{
	(void)s;
	(void)nonce;
}
