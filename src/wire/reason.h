/* SPDX-License-Identifier: MIT */
/*
 * Reason codes of MQTT 5 [2.4] and return codes of 3.x: one table of value, name, and who may send it in which packet.
 */
#ifndef WIRE_REASON_H
#define WIRE_REASON_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/packet_type.h"

enum reason {
	REASON_SUCCESS = 0x00,
	REASON_WITH_WILL = 0x04,
	REASON_NO_SUBSCRIBERS = 0x10,
	REASON_NO_SUBSCRIPTION = 0x11,
	REASON_CONTINUE_AUTH = 0x18,
	REASON_REAUTHENTICATE = 0x19,
	REASON_FAILURE = 0x80, /* from here on: failures */
	REASON_UNSPECIFIED = 0x80,
	REASON_MALFORMED = 0x81,
	REASON_PROTOCOL_ERROR = 0x82,
	REASON_IMPLEMENTATION = 0x83,
	REASON_BAD_VERSION = 0x84,
	REASON_BAD_CLIENT_ID = 0x85,
	REASON_BAD_CREDENTIALS = 0x86,
	REASON_NOT_AUTHORIZED = 0x87,
	REASON_UNAVAILABLE = 0x88,
	REASON_BUSY = 0x89,
	REASON_BANNED = 0x8A,
	REASON_SHUTTING_DOWN = 0x8B,
	REASON_BAD_AUTH_METHOD = 0x8C,
	REASON_KEEP_ALIVE_TIMEOUT = 0x8D,
	REASON_TAKEN_OVER = 0x8E,
	REASON_BAD_FILTER = 0x8F,
	REASON_BAD_TOPIC = 0x90,
	REASON_ID_IN_USE = 0x91,
	REASON_ID_NOT_FOUND = 0x92,
	REASON_RECEIVE_MAXIMUM = 0x93,
	REASON_BAD_TOPIC_ALIAS = 0x94,
	REASON_TOO_LARGE = 0x95,
	REASON_RATE = 0x96,
	REASON_QUOTA = 0x97,
	REASON_ADMINISTRATIVE = 0x98,
	REASON_BAD_PAYLOAD_FORMAT = 0x99,
	REASON_NO_RETAIN = 0x9A,
	REASON_NO_QOS = 0x9B,
	REASON_USE_ANOTHER_SERVER = 0x9C,
	REASON_SERVER_MOVED = 0x9D,
	REASON_NO_SHARED = 0x9E,
	REASON_CONNECTION_RATE = 0x9F,
	REASON_CONNECT_TIME = 0xA0,
	REASON_NO_SUBSCRIPTION_ID = 0xA1,
	REASON_NO_WILDCARD = 0xA2
};

/* MQTT 5: may `from` send this code in this packet? */
bool reason_legal(enum packet_type packet, enum side from, uint8_t code);

/* "Not authorized"; the name depends on the packet where a value has several. "unknown reason" where there is none. */
const char *reason_name(enum packet_type packet, uint8_t code);

/* What a 3.x CONNACK return code says in the words of MQTT 5; 0x80 for a reserved one. */
uint8_t reason_from_return_code(uint8_t code);

#endif
