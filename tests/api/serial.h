/* SPDX-License-Identifier: MIT */
/*
 * A serial line as the application's own transport, with the descriptor told to the library or kept from it.
 */
#ifndef API_SERIAL_H
#define API_SERIAL_H

#include <mqttwill.h>

/* user is a struct serial. */
extern const struct mqttwill_transport serial_transport, serial_without_fd;

struct serial {
	const char *path;
	int         fd; /* of the stream that is open; -1: none */
};

#endif
