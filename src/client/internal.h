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

/*
 * The connection is lost for this reason, told with client_fail(): reads what the broker still said, up to a bound. The reason that it
 * gives, or `lost` where it gives none. The session is over.
 */
int driver_last_words(struct client *c, int lost);

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

/* Reads and handles all that has come, though nothing will be answered any more. */
void driver_drain(struct client *c);

/* Watches what the pipe waits for. */
void driver_watch(struct client *c);

/* enum mqttwill_phase of the connection, or the attempt; of none: MQTTWILL_PHASE_NONE. */
uint8_t driver_phase(const struct client *c);

/* By which way the connection goes. `server` gets the text of reached->server; what else it points to lives as long as the connection. */
void driver_reached(const struct client *c, struct mqttwill_reached *reached, char server[SERVER_LONG]);

uint64_t driver_deadline(const struct client *c);

/* ---- connection.c: what happens on it ---- */

/* The one in use, or to be used: an assigned one with the server that chose it. */
const char *client_id(const struct client *c);

/* Builds CONNECT with the will of this attempt into the session. */
int connection_greet(struct client *c);

/* Handles an event of the session's; an error: the connection is over. */
int connection_event(struct client *c, struct session_event *ev);

/* ---- auth.c ---- */

/* The first step: CONNECT's method and data, if there is a method. */
int auth_begin(struct client *c, struct props *p);

/* The last one: an accepting CONNACK's data are checked before anything else is done with it. */
int auth_connacked(struct client *c, const struct props *p);

/* An AUTH of the broker's. */
int connection_auth(struct client *c, struct session_event *ev);

/* A re-authentication ends at its deadline, at the latest: an error, and the connection with it. */
uint64_t auth_deadline(const struct client *c);
int      auth_tick(struct client *c);

/* The connection is gone, because of `error` (0: we closed it): so ends the re-authentication that ran on it. */
void auth_lost(struct client *c, int error);

/* ---- switch.c: the will is replaced while the client is connected ---- */

/* Goes on with client_update(): begins it, serves the second connection. An error: the client's connection is lost. */
int  switch_step(struct client *c, bool ready);
void switch_watch(struct client *c);
uint64_t switch_deadline(struct client *c);

/* Shall the connection that has opened send its CONNECT? */
bool switch_may_greet(struct client *c);

/* Is an update under way that has begun? */
bool switch_is_on(const struct client *c);

/* Do the application's messages wait, because the first connection is not to be written to any more? */
bool switch_holds(const struct client *c);

/* CONNACK has come: is it the second connection's, then it takes the place of the first, which ends. */
void switch_accepted(struct client *c);

/* Before UP is told: is the new will in force by this CONNACK, then that is told. */
void switch_armed(struct client *c);

/* The first connection is lost; true where the second one has taken its place, and the loss is none for now. */
bool switch_outlives(struct client *c);

/* The connection or the attempt is over, because of *error: what is left of an update. True: the new will is dropped. */
bool switch_lost(struct client *c, int *error);

/* Tells that, after the loss was told. */
void switch_tell_dropped(struct client *c, const struct client_error *why);

/* DISCONNECT 0x00 has done its work: the next connection begins at once. */
bool switch_left(const struct client *c, int error);

/* Before a close: true where there is nothing to wait for (any more). */
bool switch_let_go(struct client *c);

/* Frees the second connection. */
void switch_fini(struct client *c);
void switch_forget(struct client *c);

/* ---- words.c ---- */

enum { FEW_USERS = 16 }; /* user properties that need no allocation */

struct user_list {
	struct mqttwill_user_property *p;
	size_t                         count;
	struct mqttwill_user_property  few[FEW_USERS];
};

/* The user properties of a packet as C strings; before any other of its strings is taken. False: no memory. */
bool users_take(struct user_list *list, struct props *p);
void users_free(struct user_list *list);

/* Reason String, Server Reference and user properties of a packet into an event; they live as long as list and packet. */
void words_take(struct user_list *list, struct props *p, struct mqttwill_event *ev);

/* The same as a copy, for an event that comes later; NULL without memory. NULL is fine for those below. */
struct words *words_keep(const struct props *p);
void          words_free(struct words *w);
void          words_tell(const struct words *w, struct mqttwill_event *ev);
const char   *words_reason(const struct words *w);
const char   *words_server(const struct words *w);

/* The event NOTE about a packet that no other event tells of. */
void words_note(struct client *c, struct packet *pk, int64_t token);

/* ---- message.c ---- */

/* Delivers a PUBLISH and acknowledges it. */
int connection_message(struct client *c, struct session_event *ev);

/* ---- version.c ---- */

/* "MQTT 3.1.1" */
const char *version_name(uint8_t level);

/* Our own limit of messages in flight at this attempt's version; 0: the broker's alone. */
uint16_t version_send_maximum(const struct client *c);

/* The next attempt is with a server of which nothing is known, neither its version nor its limits. */
void version_forget(struct client *c);

/*
 * The connection, or the attempt, is over, and still there. True: the broker does not speak this version, and the next
 * attempt, due at once, is in another; *why says so. Otherwise *why may be told why there is no other.
 */
bool version_fall(struct client *c, int error, struct client_error *why);

/* ---- fit.c: what waits, and the connection it is to leave on ---- */

enum { FIT_TEXT = 320 };

/* The level to encode a new message or request for: our own, or 5.0 for what fit_outgoing() will have something to say to. */
uint8_t fit_level(const struct client *c, const struct packet *pk);

/* The same for a subscription that is made again. */
uint8_t fit_renewal_level(const struct client *c, const struct packet *pk);

/* Was it encoded for another version, or is it above what the broker takes and may be lowered? Only while connected. */
bool fit_is_due(const struct client *c, const struct outgoing *o);

/*
 * Makes one that was taken from the queue fit this connection. 0: it may go. 1: it has lost something, and `told` says what,
 * for fit_tell(). MQTTWILL_EUNSUPPORTED: it cannot go, and the client's error says why.
 */
int  fit_outgoing(struct client *c, struct outgoing *o, char told[FIT_TEXT]);
void fit_tell(struct client *c, const struct outgoing *o, const char *told);

/* ---- adapt.c ---- */

struct will_context;

/* Before CONNECT is built. MQTTWILL_EUNSUPPORTED: the version of this attempt lacks what the options rely on. */
int adapt_connect(struct client *c);

/* Lets the will fit the context, where ADAPT allows it, and remembers what was changed. */
void adapt_will(struct client *c, struct mqttwill_will *will, const struct will_context *context);

/* Tells what was changed and is not told yet. A callback runs. */
void adapt_tell(struct client *c);

/* Behind UP: how the broker's limits and the will in force agree. A callback runs. */
void adapt_connack(struct client *c);

/* CONNACK refuses: words about the next attempt where the will can be made to fit, and c->again; otherwise "". */
const char *adapt_refusal(struct client *c, const struct packet *pk);

/* ---- retry.c ---- */

/* Closes the connection and forgets what was true of it alone; returns what `error` (0: it is us) means, seen from above. */
int connection_reset(struct client *c, int error, bool reset);

/* The connection ends quietly, and another goes on with its session. */
void connection_retire(struct client *c);

/* What the broker said of an end is told. */
void connection_forget_reason(struct client *c);

/* The connection, or the attempt, is over: clean up, tell, and plan the next one. */
void connection_lost(struct client *c, int error);

/* ---- queue.c ---- */

void queue_init(struct client *c);
void queue_fini(struct client *c);

/* Sends what waits as far as there is room; true where that was something. */
bool queue_pump(struct client *c);

/* Nothing is on its way out, and the first that waits could be: what comes next depends on nobody else. */
bool queue_is_due(const struct client *c);

/* A request of ours, before all that waits. */
void queue_push_front(struct client *c, struct outgoing *o);

/*
 * Takes a packet of the library's own, whatever the ceilings say: a token, or MQTTWILL_ENOMEM or _EMESSAGE. The outgoing has
 * the token negated, and its end is told to requests_outcome(), not to the application.
 */
int64_t queue_add(struct client *c, const struct packet *pk);

/* Takes such a packet back if it is still in the queue, where true is returned; nothing is told. */
bool queue_withdraw(struct client *c, int64_t token);

/* What was in flight waits again, before all others; or ends, where a newer one has taken its place. */
void queue_return(struct client *c, struct outgoing *o);

/* What a store has kept counts and, unless it is in flight, waits. 0, or MQTTWILL_ENOMEM: it waits not. */
int queue_restore(struct client *c, struct outgoing *o);

/* It waits no more; it still counts. */
void queue_take(struct client *c, struct outgoing *o);

/* It counts no more. */
void queue_release(struct client *c, const struct outgoing *o);

/* ---- ending.c ---- */

/* The outgoing stands in no list and is given up. Its DONE, if one is due, is told by the step. */
void end_later(struct client *c, struct outgoing *o, int error);

/* A message of presence's is given up, or acknowledged; it stands in no list. */
void end_presence(struct client *c, struct outgoing *o);

/* Tells what has ended so far; what ends meanwhile is told next time, so that a callback cannot make it endless. */
void ends_tell(struct client *c);

/* How many can end at once because of one another. */
uint32_t ends_most(const struct client *c);

/* So many DONE events wait for a step that nothing more may be dropped. */
bool ends_full(const struct client *c);

/* A message that the broker does not take ends at once. */
void end_refused(struct client *c, struct outgoing *o, int error);

/* What CONNACK said against a message: an error of session_takes() as a sentence. */
int ending_explain_takes(struct client *c, int error, uint8_t type, size_t size, uint8_t qos);

/* An acknowledged message: DONE for the application, or presence's. Frees it. */
void queue_done(struct client *c, struct outgoing *o, struct session_event *ev);

/* QoS 0 messages that the kernel has now. */
void queue_written(struct client *c);

/* ---- expiry.c ---- */

/* Its waiting begins. */
void expiry_begin(struct client *c, struct outgoing *o);

/* It waits in the queue: expiry_sweep() must come in time for it. */
void expiry_note(struct client *c, const struct outgoing *o);

/* May it not be sent any more? True also where less than a second is left, which MQTT cannot say. */
bool expiry_passed(const struct client *c, const struct outgoing *o);

/* Ends what has waited too long; cheap until c->expire_at. */
void expiry_sweep(struct client *c);

/* Why it expired, as a sentence. */
int expiry_explain(struct client *c, const struct outgoing *o);

/* ---- durable.c ---- */

/* Commits what is new, if there is a store; before bytes leave, and at the end of a turn. */
int durable_commit(struct client *c);

/* Is there something to commit? */
bool durable_is_due(const struct client *c);

/* Facts have changed. */
void durable_touch(struct client *c);

/* ---- unsent.c ---- */

void unsent_init(struct client *c);

/* QoS 0 straight into the output. False: it has to wait, or there is no memory. */
bool unsent_send(struct client *c, const struct packet *pk);

/* Is it still in the output? */
bool unsent_has(const struct client *c, int64_t token);

/* Gives back memory, if nothing is in the output. */
void unsent_relax(struct client *c);

/* The connection is about to go: how many go with it. */
uint32_t unsent_lost(struct client *c);

/* ---- losses.c ---- */

/* Before the session goes: messages at QoS 0 that it never sent are lost. */
void queue_unsent(struct client *c);

/* The connection is gone: requests wait again, presence is forgotten. */
void queue_connection_lost(struct client *c);

/* What a resumed session has in flight, and by this CONNACK the broker takes no more, is not sent again: it ends. */
void queue_refuse(struct client *c);

/* The session is gone: what was in flight waits again, as new messages. */
void queue_session_lost(struct client *c);

/* Forgets the renewed subscriptions that wait; they have no token. */
void queue_drop_renewals(struct client *c);

/* The client is closed: everything that was not delivered gets its DONE with MQTTWILL_ECANCELED. */
void queue_cancel(struct client *c);

/* ---- events.c ---- */

enum { REACHED_TEXT = SERVER_LONG + 320 };

/* "connected to mqtts://broker:8883", and by which way, and what is insecure about it. */
void client_reached_text(const struct mqttwill_reached *reached, char text[REACHED_TEXT]);

/* Puts the last error aside, since others may come before it is told; without memory its code alone is remembered. */
void client_keep_error(struct client *c, struct client_error **kept);

/* Makes it the last error again, or `error` with a plain sentence where it was not kept. */
void client_take_error(struct client *c, int error, struct client_error **kept);

/* ---- outcome.c: for mqttwill_wait() ---- */

/* A token came to its end; 0 needs no remembering. */
void outcome_remember(struct client *c, int64_t token, int error);

/* How a token that is not open any more ended: 0, its error, or MQTTWILL_EINVAL where that is no longer known. */
int  outcome_find(const struct client *c, int64_t token);
void outcome_fini(struct client *c);

/* ---- leave.c ---- */

/* Goes on with a close that was asked for. */
void leave_step(struct client *c);
uint64_t leave_deadline(const struct client *c);

/* The connection ended while the client was closing; called while there still is a session. */
void leave_lost(struct client *c, int error);

/* Tells CLOSED; the client is idle. */
void leave_done(struct client *c);

#endif
