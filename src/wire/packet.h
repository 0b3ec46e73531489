/* SPDX-License-Identifier: MIT */
/*
 * Bytes <-> structs for every control packet of MQTT 3.1, 3.1.1 and 5, in both directions. Pure: no clock, no I/O, no
 * state, no allocation. One struct carries any packet; only the members that its type uses count.
 */
#ifndef WIRE_PACKET_H
#define WIRE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "wire/packet_type.h"
#include "wire/property.h"
#include "wire/reason.h"

enum {
	REMAINING_MAX = 268435455, /* [MQTT 5, 2.1.4] */
	FIELD_MAX = 65535,         /* bytes of a string or of binary data */
	HEADER_MAX = 5,            /* bytes of a fixed header */
	ALIAS_SIZE = 3             /* bytes of the property Topic Alias */
};

/* A topic filter and its options byte: QoS, No Local, Retain As Published, Retain Handling [MQTT 5, 3.8.3.1]. */
struct filter {
	struct span filter;
	uint8_t     options;
};

enum { OPTION_QOS = 0x03, OPTION_NO_LOCAL = 0x04, OPTION_RETAIN_AS_PUBLISHED = 0x08, OPTION_RETAIN_HANDLING = 0x30 };

struct connect {
	uint8_t      level; /* decoded from the packet itself */
	bool         clean_start;
	bool         has_will, will_retain;
	uint8_t      will_qos;
	uint16_t     keep_alive; /* s */
	struct span  client_id;
	struct span  user_name, password; /* absent where p is NULL */
	struct span  will_topic, will_payload;
	struct props will; /* the Will Properties */
};

struct packet {
	uint8_t  type; /* enum packet_type */
	uint8_t  reason; /* CONNACK, the PUBACK family, DISCONNECT, AUTH; in 3.x CONNACK the return code */
	uint16_t id; /* packet identifier */
	uint8_t  qos; /* PUBLISH */
	bool     dup, retain;
	bool     session_present; /* CONNACK */
	struct span topic, payload; /* PUBLISH */
	/* To encode SUBSCRIBE and UNSUBSCRIBE: `filters`. SUBACK and UNSUBACK: the codes in `list`. */
	const struct filter *filters;
	size_t               count; /* of filters or codes; set by decode too */
	struct span          list; /* decoded: SUBSCRIBE, UNSUBSCRIBE: walk with filter_next(); SUBACK, UNSUBACK: codes */
	struct connect       connect;
	struct props         props;
};

/* Why a packet is not acceptable: what to answer, by which rule, in words. */
struct fault {
	uint8_t     reason; /* 0x81, 0x82, ...; 0 where there is no fault */
	const char *rule;
	const char *text;
};

/* The first bytes of a packet [MQTT 5, 2.1]. */
struct frame {
	uint8_t  type, flags;
	uint8_t  header; /* bytes of the fixed header */
	uint32_t size; /* of the whole packet */
};

/* 1: *f is set; 0: more bytes are needed; -1: the Remaining Length is malformed. */
int frame_read(struct frame *f, uint8_t level, const uint8_t *in, size_t len);

/* May `from` send a packet that begins so? Type and flags tell. False: *fault says why not. */
bool frame_check(const struct frame *f, uint8_t level, enum side from, struct fault *fault);

/*
 * Reads one whole packet, of frame_read()'s size. 0, or -1 and *fault. Spans point into `in`. CONNECT is read by the level
 * it names; `level` counts for all others.
 */
int packet_decode(struct packet *pk, uint8_t level, enum side from, const uint8_t *in, size_t len, struct fault *fault);

/* Walks a decoded SUBSCRIBE or UNSUBSCRIBE; *at starts at 0. False at the end. */
bool filter_next(const struct packet *pk, size_t *at, struct filter *f);

/* Bytes of the whole packet, 0 where a field or the packet is longer than MQTT can say. */
size_t packet_size(const struct packet *pk, uint8_t level);

/* Writes a packet of packet_size() bytes, which must not be 0; returns that size. */
size_t packet_encode(const struct packet *pk, uint8_t level, uint8_t *out);

/* "PUBLISH"; "reserved" for no packet. */
const char *packet_name(uint8_t type);

#endif
