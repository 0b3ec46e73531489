/* SPDX-License-Identifier: MIT */
/*
 * Where a session's state is kept when the process is not there: messages that wait or are in flight, identifiers of QoS 2
 * messages received, and the few facts a new process needs to go on. Memory is the default, and needs no store at all.
 *
 * A store notes what it is told and makes it durable in commit(), all or nothing; the client commits once per turn where there
 * is something new, and always before bytes leave that follow from it. So what the broker has been told is kept, and what was not
 * committed was not said. In the other direction a QoS 2 message is delivered, its identifier committed, and PUBREC sent then: an
 * application whose process dies between its callback and the commit gets that message again.
 *
 * Only PUBLISH is kept. Requests to subscribe and handlers are the process's own; it makes them again.
 */
#ifndef SESSION_STORE_H
#define SESSION_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outgoing;
struct store;

struct store_facts {
	const char *client_id; /* that the broker chose; NULL where it is the options' */
	const char *server;    /* whose session it is, by its name; NULL: there was none */
	int64_t  last_token;
	int64_t  unix_ms; /* this moment ... */
	uint64_t now_ms;  /* ... on the clock that queued_ms is of */
	uint32_t session_expiry_s; /* in force */
	uint8_t  level;     /* enum level, of the session */
	bool     resumable; /* the broker may have a session that is ours */
};

/* A PUBLISH as it was kept. */
struct store_message {
	const uint8_t *bytes; /* outgoing.bytes */
	size_t   size;
	int64_t  token;
	uint64_t waited_ms; /* since outgoing.queued_ms, the time without a process counted */
	uint32_t expiry_s;
	uint16_t id;
	uint8_t  level, state; /* enum level, enum outgoing_state */
	bool     presence, want_done;
};

/* Gets what load() finds; an error ends the loading and is its result. Pointers live until the function returns. */
struct store_visitor {
	int (*facts)(void *user, const struct store_facts *facts);
	int (*message)(void *user, const struct store_message *message);
	int (*received)(void *user, uint16_t id);
};

struct store_ops {
	/* Accepted: it waits behind all others. An error refuses it, with nothing changed. */
	int (*waits)(struct store *s, const struct outgoing *o);
	/* In flight under its identifier. Presence's come here without having waited. Order of the calls counts [MQTT-4.6.0-1]. */
	void (*sent)(struct store *s, const struct outgoing *o);
	/* PUBREC has come for it. */
	void (*released)(struct store *s, const struct outgoing *o);
	/* It waits again, before those with higher tokens: the session was lost. */
	void (*returned)(struct store *s, const struct outgoing *o);
	/* It came to its end. May come for one that is not there. */
	void (*gone)(struct store *s, int64_t token);
	/* A QoS 2 message was received under this identifier; or released. */
	void (*received)(struct store *s, uint16_t id, bool there);
	/*
	 * Makes durable what was told since the last commit. An error: none of it is, the store tries it again with the next
	 * commit, and the connection ends without having sent a byte of it.
	 */
	int (*commit)(struct store *s, const struct store_facts *facts);
	/* The facts first; then messages in flight in the order of sent(), those that wait by their tokens; then identifiers. */
	int (*load)(struct store *s, const struct store_visitor *v, void *user);
};

struct store {
	const struct store_ops *ops;
	bool dirty; /* there is something to commit */
};

/* Each does nothing without a store, or for what is no PUBLISH. store_waits() returns 0 then. */
int  store_waits(struct store *s, const struct outgoing *o);
void store_sent(struct store *s, const struct outgoing *o);
void store_released(struct store *s, const struct outgoing *o);
void store_returned(struct store *s, const struct outgoing *o);
void store_gone(struct store *s, const struct outgoing *o);
void store_received(struct store *s, uint16_t id, bool there);

#endif
