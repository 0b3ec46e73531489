/* SPDX-License-Identifier: MIT */
/*
 * The control packets of MQTT and the protocol levels that carry them [MQTT 5, 2.1.2; 3.1.2.2].
 */
#ifndef WIRE_PACKET_TYPE_H
#define WIRE_PACKET_TYPE_H

enum packet_type {
	PACKET_WILL = 0, /* not a packet: the Will Properties, where a table has a column for each place */
	PACKET_CONNECT = 1,
	PACKET_CONNACK,
	PACKET_PUBLISH,
	PACKET_PUBACK,
	PACKET_PUBREC,
	PACKET_PUBREL,
	PACKET_PUBCOMP,
	PACKET_SUBSCRIBE,
	PACKET_SUBACK,
	PACKET_UNSUBSCRIBE,
	PACKET_UNSUBACK,
	PACKET_PINGREQ,
	PACKET_PINGRESP,
	PACKET_DISCONNECT,
	PACKET_AUTH,
	PACKET_TYPES
};

/* The protocol level byte of CONNECT. */
enum level { LEVEL_31 = 3, LEVEL_311 = 4, LEVEL_5 = 5 };

enum side { FROM_CLIENT = 1, FROM_SERVER = 2 };

#endif
