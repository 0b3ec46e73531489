/* SPDX-License-Identifier: MIT */
/*
 * Bytes given on the command line: text as it is, @FILE (@- is standard input), hex:00ff, and text:... for a text that
 * would be read as one of the others.
 */
#ifndef CLI_PAYLOAD_H
#define CLI_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "cli/say.h"

struct payload {
	const void *bytes; /* never NULL once set */
	size_t      len;
	bool        set;
};

/* Copies live in the arena. EXIT_OK, or what is wrong was said. */
enum exit_code payload_parse(struct payload *p, const char *argument, struct arena *arena);

/* The whole of a file, or its first line, as of one that holds a secret. */
enum exit_code payload_read(struct payload *p, const char *path, struct arena *arena);
enum exit_code payload_first_line(struct payload *p, const char *path, struct arena *arena);

/* `len` digits; `what` is named where they are none, and they are not. */
enum exit_code payload_hex(struct payload *p, const char *what, const char *hex, size_t len, struct arena *arena);

#endif
