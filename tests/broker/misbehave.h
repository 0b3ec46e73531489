/* SPDX-License-Identifier: MIT */
/*
 * What a broker may do wrong to its clients on purpose, so that a client can be tested on it: answers that do not come, or
 * late; bytes out of nowhere; silence; a connection that ends at a chosen byte. The rest of the broker does not know.
 */
#ifndef BROKER_MISBEHAVE_H
#define BROKER_MISBEHAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/list.h"
#include "broker/timers.h"

struct broker_link;
struct packet;

enum silence { SILENT_NEVER, SILENT_AFTER_BYTES, SILENT_AFTER_CONNACK };

/* Zero: nothing. */
struct misbehaviour {
	const char *only;     /* towards this client id alone, from its CONNACK on; NULL: towards everybody */
	uint32_t    withhold; /* bits 1 << enum packet_type: these are made, but not sent; behind CONNACK nothing is */
	uint32_t delay_ms; /* for CONNACK, and what is behind it, PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK, PINGRESP */
	struct span send;  /* these bytes are sent to who was accepted ... */
	uint32_t    send_after_ms; /* ... so long after CONNACK */
	uint32_t    close_at; /* the n-th byte of the client ends the connection, and output is lost; 0: none does */
	/* As if the cable were pulled: from then on nothing goes out, nothing comes in, and nothing is closed. */
	enum silence silence;
	uint32_t     silent_after; /* SILENT_AFTER_BYTES: so many have gone out */
};

/* Of one link. */
struct mischief {
	struct list  held; /* bytes that wait for their time */
	struct timer due;
	uint64_t     connack_ms;   /* when CONNACK leaves */
	uint64_t     heard, given; /* bytes */
	uint64_t     silent_at;    /* of `given`; UINT64_MAX: never */
	bool         mute;         /* CONNACK was withheld */
	bool         closes;
};

enum { MISCHIEF_TIMERS = 1 };

void misbehave_begin(struct broker_link *l);
void misbehave_fini(struct broker_link *l);

/* A packet of that size is to go out: true where it does not, or not now. */
bool misbehave_keeps(struct broker_link *l, const struct packet *pk, size_t size);

/* The CONNACK that accepts is in the output. */
void misbehave_accepted(struct broker_link *l);

/* How many of n bytes from the client are heeded. Where .closes is set by it, the connection ends behind them. */
size_t misbehave_hears(struct broker_link *l, size_t n);

/* How many of n bytes for the client may be shown. */
size_t misbehave_shows(const struct broker_link *l, size_t n);

/* The cable is pulled. */
bool misbehave_is_silent(const struct broker_link *l);

/* There is more to come. */
bool misbehave_holds(const struct broker_link *l);

/* The bit for `withhold` of a packet's name, in any case; 0: there is no such packet. */
uint32_t misbehave_bit(const char *name, size_t n);

#endif
