/* SPDX-License-Identifier: MIT */
/*
 * A client and what the command makes of its events: it tells them on stderr, counts what is owed, and knows when the
 * command's work must end. A subcommand waits in link_wait() and looks at the members after each turn.
 */
#ifndef CLI_LINK_H
#define CLI_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <mqttwill.h>

#include "cli/say.h"

struct link {
	/* set by the subcommand before link_open() */
	void (*on_message)(struct link *l, const struct mqttwill_message *message);
	void (*on_done)(struct link *l, const struct mqttwill_event *event);
	void    *user;
	bool     quiet;       /* says only what went wrong */
	bool     one_attempt; /* the first failed attempt ends it */
	bool     one_connection; /* so does a lost connection, while this is set */
	bool     has_birth;   /* says so where the birth stays without an acknowledgement */
	const char *awaits;   /* what must come within timeout_ms after the connection, until `ready` is set; or NULL */
	uint32_t timeout_ms;  /* for the first connection and what it awaits; 0: no end */

	/* to be read */
	mqttwill      *client;
	enum exit_code code;    /* why it ended */
	bool           ended;   /* nothing more will come of it */
	bool           up;      /* connected */
	bool           was_up;
	bool           ready;   /* what was to come in time has come */
	bool           online;  /* the birth is acknowledged */
	bool           was_online;
	bool           full;    /* MQTTWILL_EFULL came, and no ROOM since */

	/* its own */
	bool     closing, closed;
	int64_t  give_up_ms;
	int64_t  birth_due_ms; /* when to say that it is late */
	int64_t  up_ms;
	unsigned short_lives; /* connections in a row that were lost soon */
	uint32_t goodbye;
	char     last[256]; /* why there is no connection */
};

/* Makes the client, tells the warnings, catches signals. It owns no connection until link_start(). */
enum exit_code link_new(struct link *l, const struct mqttwill_options *opt);
enum exit_code link_start(struct link *l);

/*
 * Serves until something happened, `until_ms` (of steady_ms(); INT64_MAX: no end) has come, or the descriptor `input`
 * can be read (-1: none). True: it can.
 */
bool link_wait(struct link *l, int64_t until_ms, int input);

/* SIGINT or SIGTERM came. One that comes half a second later or more kills the process by its default action. */
bool link_stopped(void);

/* Ends it with this code, unless it has ended already. */
void link_end(struct link *l, enum exit_code code);

/* How long the goodbye of a command without presence may take: what is left of its time, and one second after a signal. */
uint32_t link_leaving_ms(const struct link *l);

/*
 * Leaves as `how` says and waits until it is done, or only cleans up where all has ended already. Frees the client.
 * Returns the code with which the command should exit.
 */
enum exit_code link_leave(struct link *l, const struct mqttwill_closing *how);

#endif
