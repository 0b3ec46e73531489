/* SPDX-License-Identifier: MIT */
/*
 * The three things a broker is made of: itself, its sessions, its links. A session outlives its links; while a link has
 * a session, each points to the other. Functions that work on them stand in the header of their topic.
 */
#ifndef BROKER_CORE_H
#define BROKER_CORE_H

#include "base/buf.h"
#include "base/list.h"
#include "broker/acl.h"
#include "broker/alias.h"
#include "broker/broker.h"
#include "broker/ids.h"
#include "broker/message.h"
#include "broker/misbehave.h"
#include "broker/timers.h"

struct broker {
	struct broker_options options; /* with its defaults filled in */
	struct arena          strings; /* what options point to */
	struct acl            acl;
	struct timers         timers;
	struct list           links, sessions, retained;
	size_t                session_count, retained_count;
	uint64_t              turns; /* messages that a group of shared subscriptions was given */
	uint64_t              assigned; /* client ids that the broker made */
	uint8_t               refuse_next;
	uint64_t              burst_ms; /* when a burst of ends began, and how many there were: bugs.h */
	unsigned              burst;
	struct message       *late; /* a will that leaves late: bugs.h */
	struct timer          late_due;
	uint64_t              now_ms; /* of the latest tick, which each call begins with */
	unsigned              nonces; /* so many exchanges of enhanced authentication have begun */
};

enum link_state {
	LINK_NEW,    /* waits for CONNECT */
	LINK_AUTH,   /* waits for AUTH, before CONNACK */
	LINK_UP,     /* CONNACK 0x00 was sent; it has a session */
	LINK_CLOSING /* reads nothing more, flushes its output */
};

struct broker_link {
	struct list     node;
	struct broker  *broker;
	struct session *session;
	struct buf      in, out;
	struct span     packet; /* the one that is being handled */
	struct auth    *auth; /* NULL: CONNECT had no method */
	struct timer    timer; /* NEW, AUTH: for CONNECT and its authentication. UP: keep-alive. CLOSING: for the flush */
	enum link_state state;
	bool            cut; /* its output overflowed: it is closed at the next tick */
	bool            said_close; /* its WebSocket was closed in order */
	bool            flushed; /* CLOSING: no more waiting for the flush */
	uint8_t         level;
	uint16_t        keep_alive_s; /* in force */
	uint16_t        receive_maximum, quota; /* the client's, and how much of it is left [MQTT 5, 4.9] */
	uint32_t        packet_max; /* the largest packet the client takes */
	struct mischief mischief;
	struct aliases  aliases_in, aliases_out; /* the client's, and the broker's own */
};

/* The will of a session. Rules in will.h. */
struct will {
	struct message *message; /* NULL: there is none */
	uint32_t        delay_s;
	struct timer    due;
};

enum { EXPIRY_NEVER = 0xFFFFFFFF };

struct session {
	struct list         node;
	struct broker      *broker;
	struct broker_link *link; /* NULL: not connected */
	struct span         client_id;
	uint32_t            expiry_s; /* the interval in force; EXPIRY_NEVER */
	struct timer        end; /* armed while not connected */
	struct will         will;
	struct list         subscriptions;
	size_t              subscription_count;
	struct list         inflight, waiting; /* deliveries, in their order */
	size_t              queued, queued_bytes; /* of both */
	bool                deaf; /* it is given nothing: bugs.h */
	struct ids          sent; /* packet identifiers in flight to the client */
	struct ids          received; /* QoS 2 messages taken over from the client, before PUBREL */
	uint16_t            last_id;
};

/* Tells the observer; fills in the time. */
void broker_say(struct broker *b, struct broker_event event, uint64_t now_ms);

/* The announced value, or what MQTT means by its absence. */
uint8_t  broker_maximum_qos(const struct broker *b);
bool     broker_retains(const struct broker *b);
uint16_t broker_receive_maximum(const struct broker *b);
uint32_t broker_packet_max(const struct broker *b);
uint16_t broker_alias_maximum(const struct broker *b);

bool     broker_shares(const struct broker *b);

/* Is this of CONNACK's "... Available" announced as 0? `has` is its HAS() bit, `value` the member. */
bool broker_lacks(const struct broker *b, uint32_t has, uint8_t value);

/* What is told beside a reason: its text, and for 0x9C and 0x9D where else to go [MQTT 5, 4.11]. */
void broker_explain(const struct broker *b, struct packet *pk, const char *text);

#endif
