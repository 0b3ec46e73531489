/* SPDX-License-Identifier: MIT */
/*
 * Without OpenSSL nobody gets in by SCRAM.
 */
#include "broker/auth.h"

enum verdict scram_round(struct exchange *x, struct span data)
{
	(void)x;
	(void)data;
	return AUTH_BAD;
}
