/* SPDX-License-Identifier: MIT */
/*
 * Acknowledgement by hand.
 */
#include "api/handle.h"

int mqttwill_ack(mqttwill *c, int64_t ack, uint8_t reason_code)
{
	int rc = handle_check(c);
	return rc < 0 ? rc : client_ack(&c->client, ack, reason_code);
}
