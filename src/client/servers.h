/* SPDX-License-Identifier: MIT */
/*
 * The configured servers: what is known of each, and which one is tried next. One that fails is left alone for a while of its
 * own; meanwhile the others have their turn, in the order of the options, or in a random one for each round.
 */
#ifndef CLIENT_SERVERS_H
#define CLIENT_SERVERS_H

#include <mqttwill.h>

#include "base/bytes.h"
#include "client/redirect.h"

enum { SERVER_NONE = UINT16_MAX, SERVER_TEXT = 96, SERVER_LONG = 300 };

struct server {
	struct redirect        redirect; /* where it has sent the client to */
	struct mqttwill_limits limits, learned; /* the client's of these names, while another server is tried */
	uint64_t due;      /* its back-off ends */
	uint32_t failures; /* in a row */
	uint8_t  trying;   /* the client's, as above */
	bool     settled;  /* the same */
	bool     hopeless; /* its last attempt ended in a way that will not mend itself */
};

struct servers {
	struct server *list;
	uint16_t      *order;  /* the numbers of this round */
	uint16_t       count;
	uint16_t       at;     /* in the order, the one in use, ... */
	uint16_t       now;    /* ... and its number */
	uint16_t       session; /* that has the session whose state is ours; SERVER_NONE: there was none */
	uint16_t       named;   /* that chose assigned_id */
	uint64_t       abroad_due; /* a will that another server than the session's is about to publish; 0: none */
};

/* 0, or MQTTWILL_ENOMEM. */
int  servers_init(struct client *c);
void servers_fini(struct client *c);

/* All begins anew, with the first of them; what was learned of each stays. */
void servers_start(struct client *c);

struct server *server_now(const struct client *c);

/* User and password for it, absent where p is NULL. */
struct span server_user(const struct client *c);
struct span server_password(const struct client *c);

/* Is it the one whose session's state is ours? */
bool server_has_session(const struct client *c);

/* Does the session move, by this CONNACK, from another one to it? */
bool servers_change(const struct client *c);

/* CONNACK has come: the session is this server's now. `present`: as it says; before the former one's end is forgotten. */
void servers_accepted(struct client *c, bool present);

/* "mqtt://host:port" of where the next attempt goes, cut to SERVER_TEXT. */
const char *server_name(const struct client *c, char text[SERVER_TEXT]);

/* The name of the configured server that has the session; NULL: none has. And back to its number, SERVER_NONE: it is not known. */
const char *servers_session(const struct client *c, char text[SERVER_LONG]);
uint16_t    server_find(const struct client *c, const char *text);

/*
 * The connection or the attempt ended because of `error`; `stays`: the next attempt belongs to the same server. Decides when the next one
 * begins, and where; true where all servers have failed in a way that will not mend itself.
 */
bool servers_lost(struct client *c, int error, bool was_up, bool hopeless, bool stays);

#endif
