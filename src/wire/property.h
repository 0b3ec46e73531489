/* SPDX-License-Identifier: MIT */
/*
 * The properties of MQTT 5 [2.2.2]: one table of identifier, name, type and the packets each is legal in. Encoding,
 * decoding, validation and error texts all read it; a new property is a new row.
 */
#ifndef WIRE_PROPERTY_H
#define WIRE_PROPERTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mqttwill.h>

#include "base/bytes.h"
#include "wire/packet_type.h"

enum property_type {
	TYPE_BYTE,        /* one byte of any value */
	TYPE_FLAG,        /* one byte, 0 or 1 */
	TYPE_U16,
	TYPE_U16_NONZERO,
	TYPE_U32,
	TYPE_U32_NONZERO,
	TYPE_VBI_NONZERO, /* variable byte integer */
	TYPE_TEXT,        /* UTF-8 string */
	TYPE_TOPIC,       /* UTF-8 string that is a topic name */
	TYPE_BINARY,
	TYPE_PAIR         /* two UTF-8 strings */
};

#define P(packet) (1u << PACKET_##packet)
#define ACKS (P(PUBACK) | P(PUBREC) | P(PUBREL) | P(PUBCOMP))

/*
 * X(NAME, identifier, "name", type, packets it is legal in, member of struct props)
 * The two that may repeat, SUBSCRIPTION_ID and USER, come last.
 */
#define PROPERTY_MAP(X)                                                                                                \
	X(PAYLOAD_FORMAT, 0x01, "Payload Format Indicator", FLAG, P(PUBLISH) | P(WILL), payload_format)                \
	X(MESSAGE_EXPIRY, 0x02, "Message Expiry Interval", U32, P(PUBLISH) | P(WILL), message_expiry)                  \
	X(CONTENT_TYPE, 0x03, "Content Type", TEXT, P(PUBLISH) | P(WILL), content_type)                                \
	X(RESPONSE_TOPIC, 0x08, "Response Topic", TOPIC, P(PUBLISH) | P(WILL), response_topic)                         \
	X(CORRELATION_DATA, 0x09, "Correlation Data", BINARY, P(PUBLISH) | P(WILL), correlation_data)                  \
	X(SESSION_EXPIRY, 0x11, "Session Expiry Interval", U32, P(CONNECT) | P(CONNACK) | P(DISCONNECT), session_expiry) \
	X(ASSIGNED_CLIENT_ID, 0x12, "Assigned Client Identifier", TEXT, P(CONNACK), assigned_client_id)                \
	X(SERVER_KEEP_ALIVE, 0x13, "Server Keep Alive", U16, P(CONNACK), server_keep_alive)                            \
	X(AUTH_METHOD, 0x15, "Authentication Method", TEXT, P(CONNECT) | P(CONNACK) | P(AUTH), auth_method)            \
	X(AUTH_DATA, 0x16, "Authentication Data", BINARY, P(CONNECT) | P(CONNACK) | P(AUTH), auth_data)                \
	X(REQUEST_PROBLEM, 0x17, "Request Problem Information", FLAG, P(CONNECT), request_problem)                     \
	X(WILL_DELAY, 0x18, "Will Delay Interval", U32, P(WILL), will_delay)                                           \
	X(REQUEST_RESPONSE, 0x19, "Request Response Information", FLAG, P(CONNECT), request_response)                  \
	X(RESPONSE_INFORMATION, 0x1A, "Response Information", TEXT, P(CONNACK), response_information)                  \
	X(SERVER_REFERENCE, 0x1C, "Server Reference", TEXT, P(CONNACK) | P(DISCONNECT), server_reference)              \
	X(REASON_STRING, 0x1F, "Reason String", TEXT,                                                                  \
	  P(CONNACK) | ACKS | P(SUBACK) | P(UNSUBACK) | P(DISCONNECT) | P(AUTH), reason_string)                        \
	X(RECEIVE_MAXIMUM, 0x21, "Receive Maximum", U16_NONZERO, P(CONNECT) | P(CONNACK), receive_maximum)             \
	X(TOPIC_ALIAS_MAXIMUM, 0x22, "Topic Alias Maximum", U16, P(CONNECT) | P(CONNACK), topic_alias_maximum)         \
	X(TOPIC_ALIAS, 0x23, "Topic Alias", U16, P(PUBLISH), topic_alias)                                              \
	X(MAXIMUM_QOS, 0x24, "Maximum QoS", FLAG, P(CONNACK), maximum_qos)                                             \
	X(RETAIN_AVAILABLE, 0x25, "Retain Available", FLAG, P(CONNACK), retain_available)                              \
	X(MAXIMUM_PACKET_SIZE, 0x27, "Maximum Packet Size", U32_NONZERO, P(CONNECT) | P(CONNACK), maximum_packet_size) \
	X(WILDCARD_AVAILABLE, 0x28, "Wildcard Subscription Available", FLAG, P(CONNACK), wildcard_available)           \
	X(SUBSCRIPTION_ID_AVAILABLE, 0x29, "Subscription Identifier Available", FLAG, P(CONNACK), subscription_id_available) \
	X(SHARED_AVAILABLE, 0x2A, "Shared Subscription Available", FLAG, P(CONNACK), shared_available)                 \
	X(SUBSCRIPTION_ID, 0x0B, "Subscription Identifier", VBI_NONZERO, P(PUBLISH) | P(SUBSCRIBE), subscription_id)   \
	X(USER, 0x26, "User Property", PAIR,                                                                           \
	  P(CONNECT) | P(CONNACK) | P(PUBLISH) | P(WILL) | ACKS | P(SUBSCRIBE) | P(SUBACK) | P(UNSUBSCRIBE) |          \
	  P(UNSUBACK) | P(DISCONNECT) | P(AUTH), raw)

enum property {
#define PROPERTY_ENUM(name, ...) PROPERTY_##name,
	PROPERTY_MAP(PROPERTY_ENUM)
#undef PROPERTY_ENUM
	PROPERTY_COUNT
};

#define HAS(name) (1u << PROPERTY_##name)

/*
 * The properties of one packet. A member counts only where its bit in `has` is set, so that clearing `has` clears all.
 * To encode: set members and bits; `user` and `subscription_ids` bring those that repeat.
 * Decoded: spans point into the input; `raw` is the whole section, to be walked with property_next().
 */
struct props {
	uint32_t has; /* HAS(...) bits */
	uint32_t session_expiry, message_expiry, will_delay, maximum_packet_size;
	uint32_t subscription_id; /* the first one */
	uint16_t server_keep_alive, receive_maximum, topic_alias_maximum, topic_alias;
	uint8_t  payload_format, request_problem, request_response, maximum_qos, retain_available;
	uint8_t  wildcard_available, subscription_id_available, shared_available;
	struct span content_type, response_topic, correlation_data, assigned_client_id, auth_method, auth_data;
	struct span response_information, server_reference, reason_string;
	const struct mqttwill_user_property *user;             /* to encode */
	size_t                               user_count;       /* to encode, and decoded */
	const uint32_t                      *subscription_ids; /* to encode: those after the first */
	size_t                               subscription_id_count; /* to encode: how many more; decoded: how many in all */
	struct span                          raw;
};

struct property_row {
	uint8_t     id;
	uint8_t     type; /* enum property_type */
	uint16_t    packets; /* bit per packet type; bit 0 is the will */
	uint16_t    member; /* offset in struct props */
	const char *name;
};

extern const struct property_row property_table[PROPERTY_COUNT];

/* The table's index of an identifier, or PROPERTY_COUNT. */
enum property property_by_id(uint32_t id);

/* One property of a decoded section. */
struct property_item {
	enum property property;
	uint32_t      number;
	struct span   text; /* a string, binary data, or the name of a pair */
	struct span   value; /* of a pair */
};

/* Walks a section that decode has accepted; *at starts at 0. False at its end. */
bool property_next(struct span raw, size_t *at, struct property_item *item);

/*
 * Collects the user properties of a decoded section as C strings, which overwrites `raw`: walk it before. `out` has room
 * for user_count. The section must lie in writable memory.
 */
void props_take_users(struct props *props, struct mqttwill_user_property *out);

/*
 * Turns a decoded string into a C string in place, by moving it one byte down over its length prefix; s->p follows.
 * The packet's bytes must be writable, and are not decodable any more.
 */
const char *span_terminate(struct span *s);

#undef P
#undef ACKS
#endif
