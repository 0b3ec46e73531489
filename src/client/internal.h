/* SPDX-License-Identifier: MIT */
/*
 * What the files of the client share. driver.c alone knows pipes.
 */
#ifndef CLIENT_INTERNAL_H
#define CLIENT_INTERNAL_H

#include "client/client.h"
#include "client/clock.h"

/* ---- driver.c: the connection ---- */

/* Makes the link; the pipe opens in driver_run(). */
int driver_open(struct client *c);

/* Goes on with opening; reads, feeds and handles what there is, if the descriptor is ready. An error: it is lost. */
int driver_run(struct client *c, bool ready);

/* Writes committed output until the kernel takes no more. */
int driver_flush(struct client *c);

/* Output was added outside a step: write it now, or see to it that the descriptor turns readable. */
void driver_kick(struct client *c);

/* The other side shall see the end of our bytes. */
void driver_finish(struct client *c);

/* Closes the pipe and frees the link. `reset`: the broker shall see a broken connection. */
void driver_close(struct client *c, bool reset);

/* In a forked child: the shared epoll is left alone. */
void driver_forget(struct client *c);

/* Watches what the pipe waits for. */
void driver_watch(struct client *c);

uint64_t driver_deadline(const struct client *c);

/* ---- connection.c: what happens on it ---- */

/* Builds CONNECT with the will of this attempt into the session. */
int connection_greet(struct client *c);

/* Handles an event of the session's; an error: the connection is over. */
int connection_event(struct client *c, struct session_event *ev);

/* ---- message.c ---- */

enum { FEW_USERS = 16 }; /* user properties that need no allocation */

struct user_list {
	struct mqttwill_user_property *p;
	size_t                         count;
	struct mqttwill_user_property  few[FEW_USERS];
};

/* The user properties of a packet as C strings; before any other of its strings is taken. False: no memory. */
bool users_take(struct user_list *list, struct props *p);
void users_free(struct user_list *list);

/* Delivers a PUBLISH and acknowledges it. */
int connection_message(struct client *c, struct session_event *ev);

/* ---- retry.c ---- */

/* Closes the connection and forgets what was true of it alone; returns what `error` (0: it is us) means, seen from above. */
int connection_reset(struct client *c, int error, bool reset);

/* The connection, or the attempt, is over: clean up, tell, and plan the next one. */
void connection_lost(struct client *c, int error);

/* ---- queue.c ---- */

void queue_init(struct client *c);
void queue_fini(struct client *c);

/* Sends what waits as far as there is room; true where that was something. */
bool queue_pump(struct client *c);

/* Nothing is on its way out, and the first that waits could be: what comes next depends on nobody else. */
bool queue_is_due(const struct client *c);

/* Before the session goes: messages at QoS 0 that it never sent are lost. */
void queue_unsent(struct client *c);

/* The connection is gone: requests wait again, presence is forgotten. */
void queue_connection_lost(struct client *c);

/* The session is gone: what was in flight waits again, as new messages. */
void queue_session_lost(struct client *c);

/* Forgets the renewed subscriptions that wait; they have no token. */
void queue_drop_renewals(struct client *c);

/* The client is closed: everything that was not delivered gets its DONE with MQTTWILL_ECANCELED. */
void queue_cancel(struct client *c);

/* A request of ours, before all that waits. */
void queue_push_front(struct client *c, struct outgoing *o);

/* An acknowledged message: DONE for the application, or presence's. Frees it. */
void queue_done(struct client *c, struct outgoing *o, struct session_event *ev);

/* QoS 0 messages that the kernel has now. */
void queue_written(struct client *c);

/* ---- outcome.c: for mqttwill_wait() ---- */

/* A token came to its end; 0 needs no remembering. */
void outcome_remember(struct client *c, int64_t token, int error);

/* How a token that is not open any more ended: 0, its error, or MQTTWILL_EINVAL where that is no longer known. */
int  outcome_find(const struct client *c, int64_t token);
void outcome_fini(struct client *c);

/* ---- subscriptions.c ---- */

/* A SUBSCRIBE or UNSUBSCRIBE was acknowledged: remember, or forget, what it was about. 0, or MQTTWILL_ENOMEM. */
int  subscriptions_learn(struct client *c, const struct outgoing *o, const struct session_event *ev);

/* One SUBSCRIBE for each remembered subscription, at the front of the queue. 0, or MQTTWILL_ENOMEM. */
int  subscriptions_renew(struct client *c);
void subscriptions_fini(struct client *c);

/* ---- leave.c ---- */

/* Goes on with a close that was asked for. */
void leave_step(struct client *c);
uint64_t leave_deadline(const struct client *c);

/* The connection ended while the client was closing; called while there still is a session. */
void leave_lost(struct client *c, int error);

/* Tells CLOSED; the client is idle. */
void leave_done(struct client *c);

#endif
