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
	uint32_t timeout_ms;  /* for the first connection; 0: no end */

	/* to be read */
	mqttwill      *client;
	enum exit_code code;    /* why it ended */
	bool           ended;   /* nothing more will come of it */
	bool           up;      /* connected */
	bool           was_up;
	bool           online;  /* the birth is acknowledged */
	bool           was_online;
	bool           full;    /* MQTTWILL_EFULL came, and no ROOM since */

	/* its own */
	bool     closing, closed;
	int64_t  give_up_ms;
	uint32_t goodbye;
};

/* Makes the client, tells the warnings, catches signals. It owns no connection until link_start(). */
enum exit_code link_new(struct link *l, const struct mqttwill_options *opt);
enum exit_code link_start(struct link *l);

/*
 * Serves until something happened, `until_ms` (of steady_ms(); INT64_MAX: no end) has come, or the descriptor `input`
 * can be read (-1: none). True: it can.
 */
bool link_wait(struct link *l, int64_t until_ms, int input);

/* SIGINT or SIGTERM came. A second one kills the process by its default action. */
bool link_stopped(void);

/* Ends it with this code, unless it has ended already. */
void link_end(struct link *l, enum exit_code code);

/*
 * Leaves as `how` says and waits until it is done, or only cleans up where all has ended already. Frees the client.
 * Returns the code with which the command should exit.
 */
enum exit_code link_leave(struct link *l, const struct mqttwill_closing *how);

#endif
