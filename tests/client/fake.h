/* SPDX-License-Identifier: MIT */
/*
 * What the fake pipe and the fake clock ask of the world they are put in: the stage of tests/client, or the simulation.
 * Lines are asked for through line.h.
 */
#ifndef CLIENT_FAKE_H
#define CLIENT_FAKE_H

#include "client/client.h"

/* CLOCK_REALTIME where CLOCK_BOOTTIME is 0. */
#define FAKE_UNIX_MS INT64_C(1700000000000)

/* CLOCK_BOOTTIME of the client that is being called, in ms. */
uint64_t fake_now(void);

/* A number below, which is above 0. */
uint32_t fake_chance(uint32_t below);

/* The client's flag that it was woken; NULL where the world does not know the client (yet). */
bool *fake_woken(const struct client *c);

/* A client looks whether anything is ready: a world that calls which wait are tested in moves on. */
void fake_turn(void);

/* How a line to this host opens: enum line_open. */
uint8_t fake_open(const char *host);

/* Of fake_pipe.c: would the client's descriptor be readable for its connection's sake? */
bool fake_ready(const struct client *c);

#endif
