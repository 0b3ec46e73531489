/* SPDX-License-Identifier: MIT */
/*
 * Server References: whether they are followed, and where the next attempt goes. They belong to the configured server that
 * is in use, and so do its scheme, path and credentials.
 */
#ifndef CLIENT_REDIRECT_H
#define CLIENT_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct url;

/* References with spaces between them, as they came; at: where the next one begins. */
struct route {
	char  *list;
	size_t at;
};

struct redirect {
	struct route away;  /* 0x9C: until the next loss */
	struct route moved; /* 0x9D: for good */
	struct url  *url;   /* of the reference in use; NULL: the configured server is */
	uint8_t      hops;  /* followed in a row */
};

enum redirection {
	REDIRECT_NO,
	REDIRECT_AT_ONCE, /* the next attempt goes there without a wait */
	REDIRECT_LATER,   /* ... after the back-off */
	REDIRECT_NEXT     /* the same, to the next one of several references */
};

/* The server of the next attempt. */
const struct url *redirect_server(const struct client *c);

/*
 * A connection or an attempt has ended because of `error`; `reference` is the broker's, or NULL. Decides where the next one
 * goes; where there is a reference, the last error's sentence says what becomes of it.
 */
enum redirection redirect_lost(struct client *c, int error, bool was_up, const char *reference);

/* To where the client belongs: the server it has moved to, if it has, otherwise the configured one. */
void redirect_home(struct client *c);

/* The configured server counts again. */
void redirect_fini(struct redirect *d);

#endif
