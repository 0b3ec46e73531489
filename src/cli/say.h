/* SPDX-License-Identifier: MIT */
/*
 * What the command says on stderr, the time it says beside it, and how it exits.
 * Exit codes follow who must act: see the table in mqttwill(1).
 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stddef.h>
#include <stdint.h>

enum exit_code {
	EXIT_OK = 0,
	EXIT_USAGE = 1,   /* no such option, not a number */
	EXIT_RULE = 2,    /* refused by our own checks, before a byte left */
	EXIT_NETWORK = 3, /* the network, or the operating system */
	EXIT_TLS = 4,
	EXIT_BROKER = 5, /* refused or disconnected by the broker */
	EXIT_TIMEOUT = 6,
	EXIT_NEWS = 7    /* the broker breaks a promise */
};

/* The exit code for an error of the library. */
enum exit_code exit_code(int error);

enum { TIME_TEXT_SIZE = 32 };

/* Local time as 2026-11-22T19:00:00.123. */
void time_text(char text[TIME_TEXT_SIZE], int64_t unix_ms);

int64_t wall_ms(void);   /* since 1970 */
int64_t steady_ms(void); /* never set back */

/* One line on stderr: the time, then the sentence. Control characters are escaped, since brokers may send them. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* The library's sentence with the command's names for the members of its structures. Always ends in NUL. */
void option_words(char *out, size_t size, const char *text);

/* One line on stderr, "mqttwill: SENTENCE"; returns the exit code it is given. */
__attribute__((format(printf, 2, 3))) enum exit_code refuse(enum exit_code code, const char *format, ...);

#endif
