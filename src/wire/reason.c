/* SPDX-License-Identifier: MIT */
/*
 * The reason code table of MQTT 5 [2.4], with the packets of each side in which a code may stand.
 */
#include "wire/reason.h"

#include <stddef.h>

#define P(packet) (1u << PACKET_##packet)
#define REC (P(PUBACK) | P(PUBREC))
#define REL (P(PUBREL) | P(PUBCOMP))
#define SUBS (P(SUBACK) | P(UNSUBACK))
#define CONN P(CONNACK)
#define DISC P(DISCONNECT)
#define NONE 0u

/*
 * [MQTT-3.2.2-8], [MQTT-3.4.2-1], [MQTT-3.5.2-1], [MQTT-3.6.2-1], [MQTT-3.7.2-1], [MQTT-3.9.3-2], [MQTT-3.11.3-2],
 * [MQTT-3.14.2-1], [MQTT-3.15.2-1]
 */
static const struct {
	uint8_t     code;
	uint16_t    client, server; /* packets in which the side may send it */
	const char *name;
} table[] = {
	{0x00, DISC, DISC, "Normal disconnection"},
	{0x00, NONE, P(SUBACK), "Granted QoS 0"},
	{0x00, REC | REL, REC | REL | CONN | P(UNSUBACK) | P(AUTH), "Success"},
	{0x01, NONE, P(SUBACK), "Granted QoS 1"},
	{0x02, NONE, P(SUBACK), "Granted QoS 2"},
	{0x04, DISC, NONE, "Disconnect with Will Message"},
	{0x10, NONE, REC, "No matching subscribers"},
	{0x11, NONE, P(UNSUBACK), "No subscription existed"},
	{0x18, P(AUTH), P(AUTH), "Continue authentication"},
	{0x19, P(AUTH), NONE, "Re-authenticate"},
	{0x80, REC | DISC, REC | DISC | CONN | SUBS, "Unspecified error"},
	{0x81, DISC, DISC | CONN, "Malformed Packet"},
	{0x82, DISC, DISC | CONN, "Protocol Error"},
	{0x83, REC | DISC, REC | DISC | CONN | SUBS, "Implementation specific error"},
	{0x84, NONE, CONN, "Unsupported Protocol Version"},
	{0x85, NONE, CONN, "Client Identifier not valid"},
	{0x86, NONE, CONN, "Bad User Name or Password"},
	{0x87, REC, REC | DISC | CONN | SUBS, "Not authorized"},
	{0x88, NONE, CONN, "Server unavailable"},
	{0x89, NONE, DISC | CONN, "Server busy"},
	{0x8A, NONE, CONN, "Banned"},
	{0x8B, NONE, DISC, "Server shutting down"},
	{0x8C, NONE, DISC | CONN, "Bad authentication method"},
	{0x8D, NONE, DISC, "Keep Alive timeout"},
	{0x8E, NONE, DISC, "Session taken over"},
	{0x8F, NONE, DISC | SUBS, "Topic Filter invalid"},
	{0x90, REC | DISC, REC | DISC | CONN, "Topic Name invalid"},
	{0x91, REC, REC | SUBS, "Packet Identifier in use"},
	{0x92, REL, REL, "Packet Identifier not found"},
	{0x93, DISC, DISC, "Receive Maximum exceeded"},
	{0x94, DISC, DISC, "Topic Alias invalid"},
	{0x95, DISC, DISC | CONN, "Packet too large"},
	{0x96, DISC, DISC, "Message rate too high"},
	{0x97, REC | DISC, REC | DISC | CONN | P(SUBACK), "Quota exceeded"},
	{0x98, DISC, DISC, "Administrative action"},
	{0x99, REC | DISC, REC | DISC | CONN, "Payload format invalid"},
	{0x9A, NONE, DISC | CONN, "Retain not supported"},
	{0x9B, NONE, DISC | CONN, "QoS not supported"},
	{0x9C, NONE, DISC | CONN, "Use another server"},
	{0x9D, NONE, DISC | CONN, "Server moved"},
	{0x9E, NONE, DISC | P(SUBACK), "Shared Subscriptions not supported"},
	{0x9F, NONE, DISC | CONN, "Connection rate exceeded"},
	{0xA0, NONE, DISC, "Maximum connect time"},
	{0xA1, NONE, DISC | P(SUBACK), "Subscription Identifiers not supported"},
	{0xA2, NONE, DISC | P(SUBACK), "Wildcard Subscriptions not supported"},
};

/* 0 for what is no packet: a caller of the API may ask for any number. */
static unsigned bit(enum packet_type packet)
{
	return packet < PACKET_TYPES ? 1u << packet : 0;
}

bool reason_legal(enum packet_type packet, enum side from, uint8_t code)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].code == code && (from == FROM_CLIENT ? table[i].client : table[i].server) & bit(packet))
			return true;
	return false;
}

const char *reason_name(enum packet_type packet, uint8_t code)
{
	const char *any = "unknown reason";
	for (size_t i = sizeof table / sizeof table[0]; i-- > 0;) {
		if (table[i].code != code)
			continue;
		any = table[i].name;
		if ((table[i].client | table[i].server) & bit(packet))
			break;
	}
	return any;
}

uint8_t reason_from_return_code(uint8_t code)
{
	static const uint8_t reasons[] = {
		REASON_SUCCESS,     REASON_BAD_VERSION,     REASON_BAD_CLIENT_ID,
		REASON_UNAVAILABLE, REASON_BAD_CREDENTIALS, REASON_NOT_AUTHORIZED,
	};
	return code < sizeof reasons ? reasons[code] : REASON_UNSPECIFIED;
}
