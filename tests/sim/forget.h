/* SPDX-License-Identifier: MIT */
/*
 * For mistake.c: a broker that loses what it knows.
 */
#ifndef SIM_FORGET_H
#define SIM_FORGET_H

struct broker;

/* Which messages of the client it has taken at QoS 2. */
void forget_received(struct broker *b, const char *client_id);

#endif
