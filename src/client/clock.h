/* SPDX-License-Identifier: MIT */
/*
 * Time, the timer, the wake-up and chance: all that a client takes from the system beside its connection. Tests put another
 * clock in its place.
 */
#ifndef CLIENT_CLOCK_H
#define CLIENT_CLOCK_H

#include "client/client.h"

uint64_t clock_ms(void);
int64_t  clock_unix_ms(void);
int      clock_init(struct client *c);
void     clock_fini(struct client *c);

/* Sets the timer to a deadline; UINT64_MAX: none. */
void clock_arm(struct client *c, uint64_t deadline);

/* Forgets that the timer or the wake-up has fired; true where the connection's descriptor is ready. */
bool clock_drain(struct client *c);

/* Makes the client's descriptor readable; async-signal-safe. */
void clock_wake(const struct client *c);
uint32_t clock_random(struct client *c, uint32_t below);

/* n bytes that nobody can guess. */
void clock_secret(struct client *c, uint8_t *to, size_t n);

/* The kernel's boot id into buf, or "". */
void clock_boot_id(char *buf, size_t size);

#endif
