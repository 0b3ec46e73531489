/* SPDX-License-Identifier: MIT */
/*
 * One client: it keeps a connection up, and what waits to be sent. It knows wills only as something that a hook makes for
 * each CONNECT. Nothing here blocks; client_step() does what is due. Callbacks run from client_step() alone.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <mqttwill.h>

#include "base/list.h"
#include "client/latest.h"
#include "client/servers.h"
#include "session/session.h"

/* What the layers above do at the turning points of a connection. `owner` is theirs. */
struct client_hooks {
	/* The will for one CONNECT: 1 there is one, 0 there is none, or an error that ends the attempt. */
	int (*will)(void *owner, const struct mqttwill_attempt *attempt, struct mqttwill_will *will);
	/*
	 * A step of enhanced authentication; only with config.auth_method. 0, or an error that ends the attempt or the
	 * connection, and *why in words. The reply stays until the next step.
	 */
	int (*auth)(void *owner, struct mqttwill_auth *step, const char **why);
	/* CONNACK has come and nothing is sent yet; `stale`: presence messages that a resumed session will send again. */
	void (*connacked)(void *owner, size_t stale);
	/* A message of presence is acknowledged, or failed; o is NULL for what client_confirm() waits for. */
	void (*presence_done)(void *owner, const struct outgoing *o, int error);
	/* A message came; true: it is not the application's. */
	bool (*message)(void *owner, const struct mqttwill_message *message);
	/* Time to say goodbye: 1 the message is on its way, 0 there is nothing to say, or an error. */
	int (*draining)(void *owner);
	/* The connection is gone, because of `error` (0: we closed it); returns what the error means, seen from above. */
	int (*lost)(void *owner, int error);
	/* What client_update() began is over; `dropped`: the broker refused the new will, the former one shall come back. */
	void (*will_settled)(void *owner, bool dropped);
	/* Timed work of the owner's; deadline UINT64_MAX: none. */
	void (*tick)(void *owner, uint64_t now_ms);
	uint64_t (*deadline)(void *owner);
	void (*event)(void *owner, const struct mqttwill_event *event);
};

struct net;

/* Copied strings live as long as the client; defaults are filled in. */
struct client_config {
	struct net *net; /* where to connect to, and how; it must outlive the client */
	const char *client_id;
	struct span user_name, password; /* instead of those in a URL; absent where p is NULL */
	const char *auth_method; /* NULL: none; with one, no level but 5 may be tried */
	size_t      auth_size;   /* bytes of its data in CONNECT, as far as that is known before */
	const struct mqttwill_presence *presence; /* for the will check; NULL without */
	const struct mqttwill_user_property *user_properties; /* of CONNECT */
	size_t   user_property_count;
	uint32_t session_expiry_s, connect_timeout_ms, ping_timeout_ms, backoff_min_ms, backoff_max_ms, stable_ms;
	uint32_t takeover_backoff_ms, maximum_packet_size, queue_messages, queue_bytes, queue_age_s;
	uint32_t flags; /* MQTTWILL_MANUAL_ACK, ... */
	uint16_t keep_alive_s, receive_maximum, send_maximum, topic_alias_maximum;
	uint8_t  level; /* to begin with */
	bool     auto_level; /* older ones may be tried */
	bool     keeps_secret; /* the URLs' user and password go not into CONNECT: auth_method has them */
	bool     random_servers; /* tried in random order */
	uint8_t  rejoin, queue_policy, redirect_maximum;
};

enum client_state {
	CLIENT_IDLE,      /* not started, or closed */
	CLIENT_WAITING,   /* for the next attempt */
	CLIENT_OPENING,   /* name, address, TLS */
	CLIENT_GREETING,  /* CONNECT is out */
	CLIENT_UP,
	CLIENT_FINISHING  /* DISCONNECT is out; until the broker closes */
};

enum client_closing {
	CLOSING_NO,
	CLOSING_ASKED,   /* mqttwill_close() was called, nothing is done yet */
	CLOSING_SWITCH,  /* a second CONNECT is out: which connection counts is not known yet */
	CLOSING_DRAIN,   /* what was accepted is being delivered */
	CLOSING_CONFIRM, /* there is no goodbye to say, but messages at QoS 0 whose end is not known */
	CLOSING_GOODBYE, /* the goodbye awaits its acknowledgement */
	CLOSING_LEAVING  /* the last bytes go out */
};

/* The last error, as code and sentence. */
struct client_error {
	int  code;
	char text[480];
};

/* A token that came to a bad end. */
struct failure {
	int64_t token;
	int     error;
};

/* What ADAPT changes, and what was told of it; adapt.c's. */
struct adapted {
	uint32_t now, told;
	uint32_t delay_s;      /* the will's, as it was wanted */
	uint32_t left;         /* bits of its properties that went out */
	uint32_t connect_size; /* bytes of the last CONNECT */
	uint8_t  qos;          /* the will's, as it was wanted ... */
	uint8_t  will_qos;     /* ... and as it went out */
	uint8_t  birth_qos;
	bool     will_retain;
};

struct link; /* the connection: pipe and session, driver.c's */

/* How far client_update() has come. */
enum update_step {
	UPDATE_NONE,
	UPDATE_ASKED,    /* to be begun when the connection is up */
	UPDATE_OPENING,  /* the second connection: name, address, TLS */
	UPDATE_ASKING,   /* it is open; the first one asks whether the broker has read all that was sent on it */
	UPDATE_GREETING, /* its CONNECT is out */
	UPDATE_DOUBTING, /* it got no answer: the first one is asked whether it still is the broker's */
	UPDATE_SETTLING, /* there is no take-over: what is halfway comes to its end before DISCONNECT */
	UPDATE_UNARMED,  /* the old will is deleted by DISCONNECT 0x00, the new one not yet in force */
	UPDATE_NEXT      /* the next CONNECT, an ordinary one, carries the new will */
};

/* What is a connection's own among the client's members; during a take-over there is a second one, kept here. */
struct second {
	struct link    *link;
	struct session *session;
	uint64_t attempt_end;
	uint32_t will_delay_s;
	uint8_t  state;
	bool     finished, ended;
};

struct update {
	struct second second;
	uint64_t settle_end; /* SETTLING: no longer than this */
	uint64_t unarmed_at; /* UNARMED: since when */
	int      doubt;      /* DOUBTING: why there was no answer */
	uint8_t  step;       /* enum update_step */
	bool     may_unarm;
	bool     silent_loss; /* the application believes in the connection that is gone: DOWN, if the next one fails */
	bool     crossed;     /* a CONNECT of ours was given up without an answer: it may still take this session over */
};

struct client {
	struct client_config       config;
	const struct client_hooks *hooks;
	void                      *owner;
	struct link               *link;
	struct session            *session; /* in the link; NULL where there is none */
	struct flight              flight;
	struct list queue;         /* struct outgoing, waiting to be sent */
	struct list written;       /* QoS 0 whose DONE waits until the kernel has them */
	struct list ends;          /* struct outgoing whose DONE is due, told by the step */
	struct buf  unsent;        /* QoS 0 in the output without a DONE; unsent.c's */
	struct latest latest;      /* of what waits, by topic, where only the last one may */
	struct outgoing *oldest;   /* of the messages that wait; NULL: there is none */
	struct list subscriptions; /* struct subscription: asked for, or granted and to be made again in a new session */
	struct list requests;      /* struct request, open */
	struct client_error *error;     /* the last one; NULL: there was none. client_why() makes room for it */
	struct client_error *lost_why;  /* lost_error's sentence; a callback may fail at something else meanwhile */
	struct client_error *close_why; /* close_error's */
	struct update        update;
	struct servers       servers;
	struct mqttwill_limits limits;  /* from this server's last CONNACK */
	struct mqttwill_limits learned; /* from its refusals */
	struct adapted adapted;
	char    *assigned_id;
	char    *response_info; /* the last CONNACK's Response Information; NULL: none */
	struct words *words;       /* the broker's own, for the event about them; words.c's */
	struct words *close_words; /* the same, where close_error is what they are about */
	uint64_t now_ms;      /* of this turn */
	uint64_t attempt_end; /* OPENING, GREETING, FINISHING: the deadline */
	uint64_t retry_at;
	uint64_t up_at, lost_at;
	uint64_t close_half, close_end; /* when the goodbye must begin, and when the client must be gone */
	uint64_t expire_at; /* before then nothing that waits expires */
	uint64_t attempts;
	uint64_t armed; /* what the timer is set to */
	uint64_t random;
	int64_t  last_token;
	int64_t  auth_token; /* of the re-authentication that runs; 0: none */
	uint64_t auth_end;   /* its deadline */
	int64_t  forgotten;    /* up to this token a failure may have been forgotten */
	struct failure *failed; /* a ring once it has its full size */
	uint32_t failed_count, failed_size, failed_at;
	int      epoll, timer, wake;
	uint32_t session_expiry_s; /* in force */
	uint32_t held_messages;    /* queued and in flight, the application's */
	uint32_t will_delay_s;     /* of this connection's will; UINT32_MAX: it has none */
	uint32_t pending_delay_s;  /* of the will that the last lost connection left behind */
	uint32_t undelivered;
	uint32_t handlers;             /* subscriptions that have one */
	uint32_t last_subscription_id; /* that was chosen here */
	uint32_t reply_topics;         /* subscriptions of our own */
	uint32_t open_requests;
	size_t   request_bytes; /* of them */
	uint64_t request_at;    /* the first deadline among them, or earlier */
	uint32_t waiting_messages; /* queued, requests not among them */
	uint32_t ended_count;
	size_t   held_bytes, waiting_bytes, ended_bytes;
	size_t   room_size; /* of the message that was refused, while room_wanted */
	struct mqttwill_closing how;
	uint8_t  level;   /* of the last CONNACK, and until then to begin with: what new messages are encoded for */
	uint8_t  trying;  /* of this attempt, or connection */
	uint8_t  state;   /* enum client_state */
	uint8_t  closing; /* enum client_closing */
	uint8_t  left;    /* enum mqttwill_left */
	uint8_t  reason_code; /* of the broker's DISCONNECT or refusal, for the event about it */
	uint8_t  close_reason; /* the same, where close_error is about it */
	bool     requests_due; /* requests_step() may have something to do */
	bool     no_wildcards, no_shared, no_subscription_ids; /* from the last CONNACK, MQTT 5 */
	bool     again;     /* the next attempt is another than that which was refused: it is due at once */
	bool     settled;   /* a CONNACK of this server's has come: every attempt begins with its level */
	bool     resumable; /* a session that we began may be alive at the broker */
	bool     clean_next; /* the next CONNECT ends whatever session there is */
	bool     doubtful;  /* a CONNACK did not arrive: it may have begun a session without our subscriptions */
	bool     restart;   /* this connection only ends a foreign session */
	bool     hold;      /* presence goes first: the application's messages wait */
	bool     room_wanted;
	bool     room_of_ends; /* it was refused because too many ends waited to be told */
	bool     flushed;   /* something was written since the last step */
	bool     in_step;
	bool     unconfirmed; /* something was sent at QoS 0 on this connection */
	bool     confirmed;   /* every PINGREQ is answered */
	bool     doomed;    /* freed by a callback */
	bool     finished;  /* FINISHING: the broker was shown the end of our bytes */
	bool     ended;     /* the broker has closed the stream in order */
	bool     goodbye_done;
	int      lost_error; /* of this turn: the connection is to be given up */
	int      goodbye_error;
	int      close_error; /* how the last close ended */
};

/* ---- Life (client.c) ---- */

/* Makes client_fini() safe on a zeroed client. */
void client_prepare(struct client *c);

/* 0; MQTTWILL_ESYSTEM, MQTTWILL_ENOMEM. After client_prepare(). config's pointers must live as long as the client. */
int  client_init(struct client *c, const struct client_config *config, const struct client_hooks *hooks, void *owner);
void client_fini(struct client *c);
int  client_start(struct client *c);

/*
 * Goes on with what the store has kept, and keeps its own there. It must outlive the client. After client_init(), before
 * anything else: 0, MQTTWILL_ESTATE, or load()'s error, and the client is as it was. What is accepted is kept from the end
 * of the next step on, or from when it is sent.
 */
int client_keep(struct client *c, struct store *store);

/* In a forked child, before client_fini(): the descriptors are shared with the parent and are only closed. */
void client_forget(struct client *c);

/* Makes the client's descriptor readable; async-signal-safe. */
void client_wake(const struct client *c);
int  client_close(struct client *c, const struct mqttwill_closing *how);

/* May client_update() begin? 0, or MQTTWILL_ESTATE with the reason; `may_unarm` as there. */
int client_may_update(struct client *c, bool may_unarm);

/*
 * Puts the will that the hook makes by now in force, by a managed reconnect. 0 where there is no connection, and the next
 * CONNECT carries it anyway, or MQTTWILL_PENDING: one WILL event and the hook will_settled tell the outcome. Where a
 * take-over cannot do it, `may_unarm` allows a moment without a will.
 */
int client_update(struct client *c, bool may_unarm);

/* A client that is closing has at most this long from now on. */
void client_hurry(struct client *c, uint32_t timeout_ms);

/* Does what is due. 0, or MQTTWILL_ECANCELED where a callback has freed the client. */
int client_step(struct client *c);

/* What the attempt to connect that is under way has not had yet, with its phase in front; NULL: there is none. */
const char *client_awaits(const struct client *c);

/* ---- CONNECT (connection.c) ---- */

/*
 * The CONNECT of such a client at this level, for its size: all but client id, user, password and will. What an Authentication Method will
 * say is there as bytes that must not be read. The second form adds what a client would say now.
 */
void connection_outline(const struct client_config *config, uint8_t level, struct packet *pk);
void connection_outline_now(const struct client *c, uint8_t level, struct packet *pk);

/* ---- Enhanced authentication (auth.c) ---- */

/* Begins a re-authentication: its token, MQTTWILL_ESTATE where there can be none, or the error of its first step. */
int64_t client_reauthenticate(struct client *c);

/* ---- Sending (queue.c) ---- */

/* Takes a legal PUBLISH, SUBSCRIBE or UNSUBSCRIBE packet; a token, or an error. `want_done`: for QoS 0. */
int64_t client_send(struct client *c, const struct packet *pk, bool want_done);

/*
 * Subscribes, with handlers and identifiers: a token, or an error. The list was checked, and its identifiers agree. What comes
 * for a handler is not told to the hook `event`; a handler's first argument is the client's owner.
 */
int64_t client_subscribe(struct client *c, const struct mqttwill_subscription *list, size_t count);
/* The newest level whose properties and options may be asked for. */
uint8_t client_offers(const struct client *c);

/* Asks for a reply to a message that was checked: a token, or an error with its sentence. timeout_ms 0: 30,000. */
int64_t client_request(struct client *c, const struct mqttwill_message *m, uint32_t timeout_ms);

/* Is the token's fate still open? If not, *error is its outcome; MQTTWILL_EINVAL: that is no longer known. */
bool client_pending(const struct client *c, int64_t token, int *error);

/* With MQTTWILL_MANUAL_ACK: answers a message by its handle. 0, or an error with its sentence; then nothing was sent. */
int client_ack(struct client *c, int64_t ack, uint8_t reason);

/* ---- For presence ---- */

/* Sends at once, before all that waits; the outgoing's token, or an error. Only while the connection is up. */
int64_t client_send_presence(struct client *c, const struct packet *pk);

/* A PINGREQ behind all that was sent: presence_done(NULL) follows when the broker has read that far. */
int client_confirm(struct client *c);

/* The goodbye is acknowledged, or failed. */
void client_said_goodbye(struct client *c, int error);

/* Lowers QoS and retain flag of a message of presence to what the broker takes, where ADAPT allows it; told behind UP. */
void client_adapt(struct client *c, struct packet *pk);

/* What is known of the broker's limits, from CONNACK and from refusals. */
void client_limits(const struct client *c, struct mqttwill_limits *out);

/* While held, the application's messages wait. */
void client_hold(struct client *c, bool hold);

/* Has the application a subscription that matches, granted or asked for? */
bool client_subscribed(const struct client *c, struct span topic);

/* ---- Events (events.c) ---- */

/* The last error, to be read or changed; never NULL. */
struct client_error *client_why(struct client *c);

/* Remembers an error and its sentence: "phase: detail" from a format. Returns the code. */
int client_fail(struct client *c, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

void client_emit(struct client *c, struct mqttwill_event *event);

/* An event of type WILL, with a sentence. */
void client_emit_will(struct client *c, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
