/* SPDX-License-Identifier: MIT */
/*
 * The will check: everything that makes a will illegal, or surprising, before a byte leaves. And the will as the wire has it.
 */
#ifndef WIRE_WILL_H
#define WIRE_WILL_H

#include <mqttwill.h>

#include "wire/packet.h"

/* What a will is checked against. Zero means not known. */
struct will_context {
	uint8_t                         level;
	uint32_t                        session_expiry;
	const struct mqttwill_presence *presence; /* whose birth must agree with the will */
	const struct packet            *connect;  /* the CONNECT around the will, its will left out; may be NULL */
	const struct mqttwill_limits   *limits;
	bool                            may_fall; /* the level is 5, and an older one may turn out to be the broker's */
};

/*
 * Finds all there is to say about a will: refusals first. Returns 0, or MQTTWILL_EWILL where one refuses it.
 * report->connect_size is set where the will is legal.
 */
int will_check(const struct mqttwill_will *will, const struct will_context *context, struct mqttwill_report *report);

/* What will_adapt() has changed. */
enum will_change {
	WILL_RETAIN = 1u << 0, /* cleared */
	WILL_QOS = 1u << 1,    /* lowered */
	WILL_USERS = 1u << 2,  /* left out, and so are those below; with a size to keep in this order, as far as it takes */
	WILL_CORRELATION_DATA = 1u << 3,
	WILL_RESPONSE_TOPIC = 1u << 4,
	WILL_CONTENT_TYPE = 1u << 5,
	WILL_PAYLOAD_FORMAT = 1u << 6,
	WILL_MESSAGE_EXPIRY = 1u << 7,
	WILL_DELAY = 1u << 8,  /* for an older version alone */
	WILL_DROPPABLE = 0xFCu /* what a size to keep may cost */
};

/*
 * Takes from a will what the context's level or limits do not allow; never its topic or payload, and its delay only where
 * the level has none. Returns bits of enum will_change. What it cannot mend is left to will_check().
 */
uint32_t will_adapt(struct mqttwill_will *will, const struct will_context *context);

/* Bits of the will properties that it has. */
uint32_t will_properties(const struct mqttwill_will *will);

/* The names of the changed members, with commas between them. */
enum { WILL_CHANGES_TEXT = 160 };
void will_changes(uint32_t changes, char text[WILL_CHANGES_TEXT]);

/* Puts a legal will into a CONNECT; the will's strings are pointed to. */
void will_into_connect(const struct mqttwill_will *will, uint8_t level, struct packet *connect);

/* The will that presence means. Its strings are presence's. */
void will_from_presence(const struct mqttwill_presence *presence, struct mqttwill_will *will);

/* See mqttwill_timing(). */
int will_timing(const struct mqttwill_terms *terms, uint32_t ending, struct mqttwill_timing *timing);

/* The payload of a will or a message, whether given as bytes or as text. */
struct span payload_of(const void *payload, size_t len, const char *text);

/* Presence's fields with their defaults filled in. */
struct span presence_online(const struct mqttwill_presence *p);
struct span presence_offline(const struct mqttwill_presence *p);
uint8_t     presence_qos(const struct mqttwill_presence *p);

#endif
