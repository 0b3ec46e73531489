/* SPDX-License-Identifier: MIT */
/*
 * What is on its way: messages and requests sent and not yet acknowledged, and QoS 2 messages received and not yet
 * released. It is the client's part of the Session State [MQTT 5, 4.1], so it outlives connections; a session borrows it.
 */
#ifndef SESSION_FLIGHT_H
#define SESSION_FLIGHT_H

#include "base/list.h"
#include "base/pool.h"
#include "session/idtable.h"
#include "session/store.h"
#include "wire/recode.h"

enum outgoing_state {
	OUTGOING_QUEUED,  /* not in flight */
	OUTGOING_SENT,    /* awaits PUBACK, PUBREC, SUBACK or UNSUBACK */
	OUTGOING_RELEASED /* QoS 2: awaits PUBCOMP */
};

/* A PUBLISH, SUBSCRIBE or UNSUBSCRIBE as bytes; identifier, DUP and what is left of its expiry are patched in when it is sent. */
struct outgoing {
	struct list link; /* in a queue of the client's, or in flight->sent */
	int64_t     token;
	union {
		uint64_t queued_ms; /* when it began to wait; counts where it, or what waits, expires */
		uint64_t end;       /* QoS 0, once it is sent: where it ends in the session's output */
	};
	uint32_t size;
	uint32_t id_at; /* where the packet identifier stands; 0: it has none */
	union {
		uint32_t count;     /* topic filters; no PUBLISH has any */
		uint32_t expiry_at; /* PUBLISH: where the Message Expiry Interval stands; 0: it has none */
	};
	uint32_t expiry_s; /* that interval, as it was asked for */
	uint16_t id;
	uint8_t  type; /* enum packet_type */
	uint8_t  level; /* enum level, of the bytes */
	uint8_t  qos;
	uint8_t  state; /* enum outgoing_state */
	uint8_t  reason; /* of PUBREC, once it came */
	int8_t   error; /* how it ended, where its DONE is still to be told */
	uint8_t  class; /* of its memory, for the pool */
	bool     presence : 1;
	bool     want_done : 1; /* at QoS 0; above it there always is a DONE */
	bool     waiting : 1; /* of a resumed session, and not yet sent again on this connection */
	uint8_t  bytes[]; /* and RECODE_GROWTH more */
};

struct flight {
	struct list    sent; /* struct outgoing, in the order of their first sending [MQTT-4.6.0-1] */
	struct idtable out;  /* identifier -> struct outgoing */
	struct idtable in;   /* identifiers of QoS 2 messages received -> the connection on which they came last */
	uintptr_t      connection; /* the number of the last one, from 1 */
	uint32_t       open; /* QoS 1 and 2 messages in flight: what Receive Maximum limits [MQTT-4.9.0-2] */
	uint64_t       held[2]; /* the last serial numbers of struct inbound, QoS 1 and QoS 2; they go on for ever */
	uint16_t       last_id;
	struct pool    pool; /* of struct outgoing */
	struct store  *store; /* NULL: memory is all there is */
};

void flight_init(struct flight *f);

/* Frees everything in flight. */
void flight_fini(struct flight *f);

/* Puts a queued outgoing in flight under a fresh identifier, written into its bytes. 0, MQTTWILL_EFULL or _ENOMEM. */
int flight_enter(struct flight *f, struct outgoing *o);

/* Takes it out of flight again; it is the caller's, and queued. */
void flight_leave(struct flight *f, struct outgoing *o);

/* No QoS 2 message was received. */
void flight_forget_received(struct flight *f);

/* Gives back memory that is kept for what comes next. */
void flight_relax(struct flight *f);

/* Encodes a packet to be sent later; *out is NULL on failure: MQTTWILL_ENOMEM, or _EMESSAGE where it is too long. */
int flight_new(struct flight *f, struct outgoing **out, const struct packet *pk, uint8_t level);

/*
 * Makes one that a store has kept, and puts it in flight if that is where it was. *out is NULL on failure: MQTTWILL_ENOMEM, or
 * _EINVAL where it is no PUBLISH or its identifier is taken.
 */
int flight_restore(struct flight *f, struct outgoing **out, const struct store_message *m, uint64_t now_ms);

/* It stands in no list. Its memory serves the next one. */
void flight_free(struct flight *f, struct outgoing *o);

/* The same as flight_new() without a flight; to be freed with free(). */
int outgoing_new(struct outgoing **out, const struct packet *pk, uint8_t level);

/* Makes a queued one fit another version or broker, as packet_recode(). */
void outgoing_recode(struct outgoing *o, const struct recode *how);

/* Takes the properties out of a queued SUBSCRIBE or UNSUBSCRIBE of MQTT 5; it becomes shorter. */
void outgoing_strip(struct outgoing *o);

/* The topic of a PUBLISH. */
struct span outgoing_topic(const struct outgoing *o);

/* How long it has waited. */
uint64_t outgoing_waited_ms(const struct outgoing *o, uint64_t now_ms);

/* Whole seconds that are left of its Message Expiry Interval, rounded down; UINT32_MAX: it does not expire. */
uint32_t outgoing_left_s(const struct outgoing *o, uint64_t now_ms);

/* Writes what is left into its bytes, but no less than `least` [MQTT-3.3.2-6]. */
void outgoing_spend(struct outgoing *o, uint64_t now_ms, uint32_t least);

#endif
