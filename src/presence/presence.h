/* SPDX-License-Identifier: MIT */
/*
 * The device's status on one topic: the will before every CONNECT, the birth after every CONNACK, the goodbye before a
 * clean DISCONNECT, and an eye on what the broker shows in between. It acts through the client's hooks.
 */
#ifndef PRESENCE_PRESENCE_H
#define PRESENCE_PRESENCE_H

#include "client/client.h"

enum watch {
	WATCH_OFF,
	WATCH_WANTED,  /* to be subscribed when the birth is acknowledged */
	WATCH_PENDING, /* SUBSCRIBE is out */
	WATCH_ON
};

struct presence {
	const struct mqttwill_presence *spec;
	struct client *client;
	int64_t  birth;      /* token of the latest birth; 0: none on this connection */
	int64_t  goodbye;    /* token of the goodbye; 0: none */
	uint64_t restate_at; /* when the truth may be stated again; 0: it needs not */
	uint64_t stated_at;  /* when it was, the last time */
	uint32_t pause_ms;   /* between two statements; doubled each time */
	size_t   stale;      /* old presence messages that a resumed session sends again */
	uint8_t  watch;      /* enum watch */
	bool     online;
	bool     parting;    /* the goodbye is due */
	bool     asked;      /* the status topic was subscribed to: what comes on it is ours */
	bool     unsendable; /* CONNACK rules the birth out, and nobody was told yet */
	bool     owed;       /* the birth found no room or no memory; it is tried at every step */
	bool     confirming; /* at QoS 0 a PINGRESP stands for the acknowledgement */
};

/* spec and its strings must live as long as the presence. */
void presence_init(struct presence *p, const struct mqttwill_presence *spec, struct client *client);

/* The client's hooks, for a client with presence. */
void presence_connacked(struct presence *p, size_t stale);
void presence_done(struct presence *p, const struct outgoing *o, int error);
bool presence_message(struct presence *p, const struct mqttwill_message *message);
int  presence_draining(struct presence *p);
int  presence_lost(struct presence *p, int error);
void presence_tick(struct presence *p, uint64_t now_ms);
uint64_t presence_deadline(const struct presence *p);

#endif
