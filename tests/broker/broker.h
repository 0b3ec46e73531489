/* SPDX-License-Identifier: MIT */
/*
 * A small MQTT broker (3.1, 3.1.1 and 5.0) for tests. It is sans-I/O: it is given bytes and the time, and gives back
 * bytes. What it promises about wills is in will.h, and will.c is short enough to be checked against it by eye.
 *
 * Time is in ms, from any origin, and must not decrease from call to call. Every call first does what is due by then.
 * A link is valid until broker_closed() or broker_free(). Nothing is called back but `observe`, which must not call the
 * broker.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "broker/misbehave.h"
#include "wire/property.h"

struct broker;
struct broker_link;

/* ---- What happened ----------------------------------------------------------------------------------------------- */

#define BROKER_EVENT_MAP(X)                                                                                            \
	X(CONNECTED, "connected")          /* a CONNECT was accepted: session_present */                               \
	X(REFUSED, "refused")              /* a CONNECT: reason, text */                                               \
	X(DISCONNECTED, "disconnected")    /* the network connection of a session has ended: reason, text */           \
	X(SESSION_ENDED, "session ended")  /* what the broker knew of the client is gone */                            \
	X(WILL_STORED, "will stored")      /* with an accepted CONNECT */                                              \
	X(WILL_DELETED, "will deleted")    /* by a clean DISCONNECT */                                                 \
	X(WILL_DUE, "will due")            /* the connection has ended; due_ms */                                      \
	X(WILL_CANCELLED, "will cancelled") /* the session was resumed in time */                                      \
	X(WILL_PUBLISHED, "will published")                                                                            \
	X(WILL_WITHHELD, "will withheld")  /* the client may not publish to its topic */                               \
	X(PUBLISHED, "published")          /* a message of a client, not a will */                                     \
	X(SUBSCRIBED, "subscribed")        /* topic is the filter, reason the code of SUBACK */                        \
	X(UNSUBSCRIBED, "unsubscribed")                                                                                \
	X(AUTHENTICATED, "authenticated")  /* by enhanced authentication: text says what for */                         \
	X(DENIED, "denied")                /* by the ACL: topic */                                                     \
	X(DROPPED, "dropped")              /* a message, for one client: text says why */

enum broker_event_type {
#define BROKER_EVENT_ENUM(name, text) BROKER_##name,
	BROKER_EVENT_MAP(BROKER_EVENT_ENUM)
#undef BROKER_EVENT_ENUM
	BROKER_EVENTS
};

/* What it points to lives until the observer returns. Members that do not belong to the type are zero. */
struct broker_event {
	enum broker_event_type type;
	uint64_t               at_ms;
	uint64_t               due_ms; /* WILL_DUE */
	struct span            client_id;
	struct span            topic, payload; /* of a message or a will; of a subscription the filter */
	uint8_t                qos;
	bool                   retain;
	bool                   session_present; /* CONNECTED */
	uint8_t                reason;
	const char            *text; /* why; may be NULL */
};

typedef void broker_observe_fn(void *user, const struct broker_event *event);

/* One line without its end into buf, as snprintf; times are told relative to origin_ms. */
size_t broker_event_line(const struct broker_event *event, uint64_t origin_ms, char *buf, size_t size);

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/* How a version that is not among `levels` is refused. */
enum broker_version_refusal {
	BROKER_REFUSES_IN_KIND,   /* CONNACK 0x84 in MQTT 5, return code 1 before */
	BROKER_REFUSES_AS_311,    /* return code 1 to everybody [MQTT 3.1.1, 3.1.2.2] */
	BROKER_REFUSES_AS_5,      /* CONNACK 0x84 to everybody [MQTT 5, 3.1.2.2] */
	BROKER_REFUSES_BY_CLOSING /* without a word */
};

/* Zero means default. Strings and spans are copied. */
struct broker_options {
	/*
	 * What CONNACK announces in MQTT 5, beside what the broker adds itself; it is enforced in every version:
	 * Session Expiry (replaces the client's), Receive Maximum, Maximum QoS, Retain Available, Maximum Packet Size,
	 * Server Keep Alive, Topic Alias Maximum (towards the client as many are used, as far as it allows them), Wildcard
	 * Subscription, Subscription Identifier and Shared Subscription Available.
	 * Response Information goes to who asks for it, Server Reference with 0x9C and 0x9D only.
	 * Without it nothing is announced, and the ceilings below hold.
	 */
	struct props announce;
	uint8_t      levels; /* bits 1 << enum level: the versions it speaks; 0: all */
	uint8_t      version_refusal; /* enum broker_version_refusal */
	uint8_t      refuse; /* every CONNECT that is in order is refused with this reason; 0: none is */
	const char  *acl;       /* text of an access control list, see acl.h; NULL: all is allowed */
	const char  *user_name; /* demanded of every client; NULL: anybody may come */
	const char  *password;
	const char  *auth_method; /* of enhanced authentication, for that user and password; see auth.h; NULL: none is known */
	uint32_t     bugs; /* to imitate: bits of broker_bug(), see bugs.h */
	struct misbehaviour misbehaviour; /* towards clients */
	uint32_t     connect_timeout_ms; /* from the connection to its CONNECT; default 10,000 */
	uint32_t     linger_ms;          /* how long a closing link may take to flush its output; default 5,000 */
	uint32_t     queue_messages;     /* ceiling of what waits for one session; default 1,000 */
	size_t       queue_bytes;        /* default 16 MiB */
	broker_observe_fn *observe;
	void              *user;
};

enum {
	BROKER_PACKET_MAX = 16 << 20,     /* bytes of a packet, where no Maximum Packet Size is announced */
	BROKER_OUTPUT_MAX = 32 << 20,     /* bytes that wait for one client; who does not read them is cut off */
	BROKER_SUBSCRIPTIONS_MAX = 1000,  /* of one session; more are answered with 0x97 */
	BROKER_RETAINED_MAX = 100000,     /* messages; more are not stored */
	BROKER_SESSIONS_MAX = 100000
};

/* ---- Life -------------------------------------------------------------------------------------------------------- */

/* NULL where there is no memory or the ACL is wrong; then *error, which may be NULL, says why in static words. */
struct broker *broker_new(const struct broker_options *options, const char **error);
void           broker_free(struct broker *b);

/* Does what is due. */
void broker_tick(struct broker *b, uint64_t now_ms);

/* When to tick next at the latest; UINT64_MAX: never. */
uint64_t broker_deadline(const struct broker *b);

/* ---- Network connections ----------------------------------------------------------------------------------------- */

/* A new network connection; NULL where there is no memory. */
struct broker_link *broker_accept(struct broker *b, uint64_t now_ms);

/* Bytes from the client, in pieces of any size. What follows the packet that ended the connection is ignored. */
void broker_receive(struct broker_link *l, const uint8_t *bytes, size_t len, uint64_t now_ms);

/* Bytes for the client: how many, and where. They are valid until the next call for any link. */
size_t broker_output(const struct broker_link *l, const uint8_t **bytes);

/* The first n of them went out. */
void broker_sent(struct broker_link *l, size_t n, uint64_t now_ms);

/* The broker has ended the connection, and all output has gone or had its time: close it and call broker_closed(). */
bool broker_wants_close(const struct broker_link *l);

/* The client has closed its WebSocket in order: no DISCONNECT, all the same. broker_closed() will follow. */
void broker_said_close(struct broker_link *l);

/* The network connection has gone, by whose hand ever: frees the link. */
void broker_closed(struct broker_link *l, uint64_t now_ms);

/* ---- The operator's hand ----------------------------------------------------------------------------------------- */

/* Other limits for the connections to come, and for what is published from now on. False: no memory. */
bool broker_announce(struct broker *b, const struct props *announce);

/* Another access control list from now on, as broker_options.acl. NULL, or what is wrong with it; then nothing changes. */
const char *broker_set_acl(struct broker *b, const char *text);

/* Other misbehaviour from now on; NULL: none. What has gone silent stays so. False: no memory. */
bool broker_misbehave(struct broker *b, const struct misbehaviour *m);

/* The next CONNECT that is in order is refused: an MQTT 5 reason code, told to 3.x as its nearest return code. */
void broker_refuse_next(struct broker *b, uint8_t reason);

/* Ends the client's connection, in MQTT 5 with a DISCONNECT of this reason. False where it is not connected. */
bool broker_kick(struct broker *b, const char *client_id, uint8_t reason, uint64_t now_ms);

/* Removes the client's session, connected or not. False where there is none. */
bool broker_remove(struct broker *b, const char *client_id, uint64_t now_ms);

/*
 * It goes down and comes back with all that it knows: every network connection has ended. The links are to be closed as if
 * the clients had gone.
 */
void broker_restart(struct broker *b, uint64_t now_ms);

/* Ends every session, which publishes every will, and then every connection, in MQTT 5 with 0x8B. */
void broker_shutdown(struct broker *b, uint64_t now_ms);

#endif
