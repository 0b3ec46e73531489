/* SPDX-License-Identifier: MIT */
/*
 * The options of a TCP socket, before it connects and once it has.
 */
#ifndef NET_TUNE_H
#define NET_TUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mqttwill_network;

/* The first three name what an attempt failed at. */
enum tune_step { TUNE_SOCKET, TUNE_INTERFACE, TUNE_ADDRESS, TUNE_CONNECT };

/*
 * A new socket of the family with what the network asks for: interface, local address, Fast Open. The descriptor, or -1: errno and *step say
 * why. `network` is never NULL; its bind_address is of that family.
 */
int tune_socket(int family, const struct mqttwill_network *network, enum tune_step *step);

/* "no such interface", with the option's name: what errno means for a step. */
void tune_tell(char *buf, size_t size, const struct mqttwill_network *network, enum tune_step step, int error);

/*
 * No delay; probes and TCP_USER_TIMEOUT so that who is gone for silent_ms is known to be; 0: the system's. A socket that is not
 * TCP's is left as it is.
 */
void tune_open(int fd, uint32_t silent_ms);

#endif
