/* SPDX-License-Identifier: MIT */
/*
 * The subscriptions that were asked for and those that the broker has granted: who gets what comes for them, and what has to
 * be asked for again in a new session. One filter may stand here twice, granted and asked for anew; the later one counts.
 */
#ifndef CLIENT_SUBSCRIPTIONS_H
#define CLIENT_SUBSCRIPTIONS_H

#include "client/client.h"

struct subscription {
	struct list          link;
	mqttwill_message_fn *handler; /* NULL: MESSAGE events */
	void                *user;
	int64_t  token;   /* of the outgoing, until it is answered; 0: granted */
	uint32_t id;      /* 0: none */
	uint8_t  options; /* as in SUBSCRIBE */
	bool     chosen;  /* the id, by us: it may be left out */
	bool     own;     /* made for replies, not by the application */
	bool     leaving; /* UNSUBSCRIBE is on its way */
	size_t   n;
	uint8_t  filter[];
};

static inline struct subscription *subscription_of(struct list *l)
{
	return list_entry(l, struct subscription, link);
}

static inline struct span subscription_filter(const struct subscription *s)
{
	return span_of(s->filter, s->n);
}

/* Does a topic match what the filter asks for, shared or not? */
bool subscription_matches(const struct subscription *s, struct span topic);

/* The Subscription Identifier that messages for it carry on this connection; 0: they carry none. */
uint32_t subscription_id_in_force(const struct client *c, const struct subscription *s);

/* A SUBSCRIBE or UNSUBSCRIBE was acknowledged: what was granted is kept, what was refused or ended is forgotten. */
void subscriptions_learn(struct client *c, const struct outgoing *o, const struct session_event *ev);

/* A SUBSCRIBE came to its end unsent or unanswered: what it asked for is forgotten. */
void subscriptions_abandon(struct client *c, const struct outgoing *o);

/* Is the Subscription Identifier of a request one that we have chosen, and nobody misses? */
bool subscriptions_chose_id(const struct client *c, const struct outgoing *o);

/*
 * Is a SUBSCRIBE within what CONNACK said? 0, or MQTTWILL_EUNSUPPORTED with its sentence. An identifier that the broker
 * cannot carry and that we have chosen is left out of it.
 */
int subscriptions_admit(struct client *c, struct outgoing *o);

/* One SUBSCRIBE for each granted subscription, at the front of the queue. 0, or MQTTWILL_ENOMEM. */
int  subscriptions_renew(struct client *c);
void subscriptions_fini(struct client *c);

/*
 * A subscription to this topic for replies, whoever has made it: 0 it is there, or the token of our own SUBSCRIBE, which is
 * made if need be; or MQTTWILL_ENOMEM.
 */
int64_t subscriptions_want_own(struct client *c, struct span topic);

/* Nobody waits for replies on it any more. */
void subscriptions_drop_own(struct client *c, struct span topic);

/* Is it a topic of our own, or was it until a moment ago? */
bool subscriptions_own(const struct client *c, struct span topic);

/* ---- route.c ---- */

/* Gives a message to the handlers it is for, each once: 1 there was one, 0 there was none, or MQTTWILL_ENOMEM. */
int route_message(struct client *c, const struct mqttwill_message *m);

#endif
