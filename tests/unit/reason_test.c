/* SPDX-License-Identifier: MIT */
/*
 * The reason code table against the specification's, for every code, packet and side; and the return codes of 3.x.
 */
#include <check.h>
#include <string.h>

#include "support/bytes.h"
#include "unit/suites.h"
#include "wire/packet.h"

#define REC_CODES "00 10 80 83 87 90 91 97 99"
#define REC_CODES_CLIENT "00 80 83 87 90 91 97 99" /* 0x10 is the server's (3.4.2.1) */
#define DISCONNECT_CODES "80 81 82 83 90 93 94 95 96 97 98 99"

/* What each side may say in each packet; the 3.14.2.1 table has no 0x8C, the table of 2.4 has. */
static const struct {
	const char      *requirement;
	enum packet_type packet;
	enum side        from;
	const char      *codes;
} lists[] = {
	{"MQTT-3.2.2-8", PACKET_CONNACK, FROM_SERVER,
	 "00 80 81 82 83 84 85 86 87 88 89 8A 8C 90 95 97 99 9A 9B 9C 9D 9F"},
	{"MQTT-3.4.2-1", PACKET_PUBACK, FROM_SERVER, REC_CODES},
	{"MQTT-3.4.2-1", PACKET_PUBACK, FROM_CLIENT, REC_CODES_CLIENT},
	{"MQTT-3.5.2-1", PACKET_PUBREC, FROM_SERVER, REC_CODES},
	{"MQTT-3.5.2-1", PACKET_PUBREC, FROM_CLIENT, REC_CODES_CLIENT},
	{"MQTT-3.6.2-1", PACKET_PUBREL, FROM_SERVER, "00 92"},
	{"MQTT-3.6.2-1", PACKET_PUBREL, FROM_CLIENT, "00 92"},
	{"MQTT-3.7.2-1", PACKET_PUBCOMP, FROM_SERVER, "00 92"},
	{"MQTT-3.7.2-1", PACKET_PUBCOMP, FROM_CLIENT, "00 92"},
	{"MQTT-3.9.3-2", PACKET_SUBACK, FROM_SERVER, "00 01 02 80 83 87 8F 91 97 9E A1 A2"},
	{"MQTT-3.11.3-2", PACKET_UNSUBACK, FROM_SERVER, "00 11 80 83 87 8F 91"},
	{"MQTT-3.14.2-1", PACKET_DISCONNECT, FROM_CLIENT, "00 04 " DISCONNECT_CODES},
	{"MQTT-3.14.2-1", PACKET_DISCONNECT, FROM_SERVER,
	 "00 87 89 8B 8C 8D 8E 8F 9A 9B 9C 9D 9E 9F A0 A1 A2 " DISCONNECT_CODES},
	{"MQTT-3.15.2-1", PACKET_AUTH, FROM_SERVER, "00 18"},
	{"MQTT-3.15.2-1", PACKET_AUTH, FROM_CLIENT, "18 19"},
};
enum { LISTS = sizeof lists / sizeof lists[0] };

static bool listed(enum packet_type packet, enum side from, uint8_t code)
{
	for (int i = 0; i < LISTS; i++) {
		if (lists[i].packet != packet || lists[i].from != from)
			continue;
		struct bytes b = bytes_hex(lists[i].codes);
		bool         found = memchr(b.p, code, b.n) != NULL;
		bytes_free(&b);
		return found;
	}
	return false;
}

START_TEST(every_code_is_legal_only_where_the_specification_lists_it)
{
	for (unsigned from = FROM_CLIENT; from <= FROM_SERVER; from++) {
		for (unsigned code = 0; code < 0x100; code++) {
			bool legal = reason_legal((enum packet_type)_i, (enum side)from, (uint8_t)code);
			if (legal != listed((enum packet_type)_i, (enum side)from, (uint8_t)code))
				ck_abort_msg("0x%02X in %s from side %u is %s", code, packet_name((uint8_t)_i), from,
				             legal ? "legal" : "not legal");
		}
	}
}
END_TEST

/* A packet of MQTT 5 that carries the code; only its header differs between the types of one shape. */
static size_t carrier(enum packet_type packet, uint8_t code, uint8_t *out)
{
	static const char *const shapes[PACKET_TYPES] = {
		[PACKET_CONNACK] = "20 03 00 FF 00",      [PACKET_PUBACK] = "40 03 0001 FF",
		[PACKET_PUBREC] = "50 03 0001 FF",        [PACKET_PUBREL] = "62 03 0001 FF",
		[PACKET_PUBCOMP] = "70 03 0001 FF",       [PACKET_SUBACK] = "90 04 0001 00 FF",
		[PACKET_UNSUBACK] = "B0 04 0001 00 FF",   [PACKET_DISCONNECT] = "E0 01 FF",
		[PACKET_AUTH] = "F0 06 FF 04 15 0001'm'",
	};
	struct bytes b = bytes_hex(shapes[packet]);
	size_t       n = b.n;
	memcpy(out, b.p, n);
	bytes_free(&b);
	*(uint8_t *)memchr(out, 0xFF, n) = code;
	return n;
}

START_TEST(decode_accepts_exactly_the_codes_of_the_list)
{
	for (unsigned code = 0; code < 0x100; code++) {
		uint8_t       b[16];
		size_t        n = carrier(lists[_i].packet, (uint8_t)code, b);
		struct packet pk;
		struct fault  fault;
		int           rc = packet_decode(&pk, LEVEL_5, lists[_i].from, b, n, &fault);
		bool          good = listed(lists[_i].packet, lists[_i].from, (uint8_t)code);
		if (good != (rc == 0) || fault.reason != (good ? 0 : REASON_PROTOCOL_ERROR))
			ck_abort_msg("%s: 0x%02X in %s from side %d: %d, 0x%02X", lists[_i].requirement, code,
			             packet_name((uint8_t)lists[_i].packet), (int)lists[_i].from, rc, fault.reason);
	}
}
END_TEST

static const struct {
	uint8_t          code;
	enum packet_type packet;
	const char      *name;
} names[] = {
	{0x00, PACKET_CONNACK, "Success"},
	{0x00, PACKET_PUBACK, "Success"},
	{0x00, PACKET_UNSUBACK, "Success"},
	{0x00, PACKET_AUTH, "Success"},
	{0x00, PACKET_DISCONNECT, "Normal disconnection"},
	{0x00, PACKET_SUBACK, "Granted QoS 0"},
	{0x01, PACKET_SUBACK, "Granted QoS 1"},
	{0x02, PACKET_SUBACK, "Granted QoS 2"},
	{0x04, PACKET_DISCONNECT, "Disconnect with Will Message"},
	{0x10, PACKET_PUBACK, "No matching subscribers"},
	{0x11, PACKET_UNSUBACK, "No subscription existed"},
	{0x18, PACKET_AUTH, "Continue authentication"},
	{0x19, PACKET_AUTH, "Re-authenticate"},
	{0x80, PACKET_CONNACK, "Unspecified error"},
	{0x81, PACKET_CONNACK, "Malformed Packet"},
	{0x82, PACKET_CONNACK, "Protocol Error"},
	{0x83, PACKET_CONNACK, "Implementation specific error"},
	{0x84, PACKET_CONNACK, "Unsupported Protocol Version"},
	{0x85, PACKET_CONNACK, "Client Identifier not valid"},
	{0x86, PACKET_CONNACK, "Bad User Name or Password"},
	{0x87, PACKET_CONNACK, "Not authorized"},
	{0x88, PACKET_CONNACK, "Server unavailable"},
	{0x89, PACKET_CONNACK, "Server busy"},
	{0x8A, PACKET_CONNACK, "Banned"},
	{0x8B, PACKET_DISCONNECT, "Server shutting down"},
	{0x8C, PACKET_CONNACK, "Bad authentication method"},
	{0x8D, PACKET_DISCONNECT, "Keep Alive timeout"},
	{0x8E, PACKET_DISCONNECT, "Session taken over"},
	{0x8F, PACKET_SUBACK, "Topic Filter invalid"},
	{0x90, PACKET_CONNACK, "Topic Name invalid"},
	{0x91, PACKET_PUBACK, "Packet Identifier in use"},
	{0x92, PACKET_PUBREL, "Packet Identifier not found"},
	{0x93, PACKET_DISCONNECT, "Receive Maximum exceeded"},
	{0x94, PACKET_DISCONNECT, "Topic Alias invalid"},
	{0x95, PACKET_DISCONNECT, "Packet too large"},
	{0x96, PACKET_DISCONNECT, "Message rate too high"},
	{0x97, PACKET_PUBACK, "Quota exceeded"},
	{0x98, PACKET_DISCONNECT, "Administrative action"},
	{0x99, PACKET_PUBACK, "Payload format invalid"},
	{0x9A, PACKET_CONNACK, "Retain not supported"},
	{0x9B, PACKET_CONNACK, "QoS not supported"},
	{0x9C, PACKET_CONNACK, "Use another server"},
	{0x9D, PACKET_CONNACK, "Server moved"},
	{0x9E, PACKET_SUBACK, "Shared Subscriptions not supported"},
	{0x9F, PACKET_CONNACK, "Connection rate exceeded"},
	{0xA0, PACKET_DISCONNECT, "Maximum connect time"},
	{0xA1, PACKET_SUBACK, "Subscription Identifiers not supported"},
	{0xA2, PACKET_SUBACK, "Wildcard Subscriptions not supported"},
	{0xA3, PACKET_CONNACK, "unknown reason"},
	{0x03, PACKET_SUBACK, "unknown reason"},
};
enum { NAMES = sizeof names / sizeof names[0] };

START_TEST(each_code_has_the_specifications_name)
{
	ck_assert_str_eq(reason_name(names[_i].packet, names[_i].code), names[_i].name);
}
END_TEST

START_TEST(a_code_has_a_name_whatever_packet_is_asked_about)
{
	for (unsigned packet = 0; packet < 0x100; packet++) {
		ck_assert_str_eq(reason_name((enum packet_type)packet, 0x87), "Not authorized");
		ck_assert(packet < PACKET_TYPES || !reason_legal((enum packet_type)packet, FROM_SERVER, 0x87));
	}
}
END_TEST

START_TEST(each_return_code_of_3x_has_a_reason)
{
	static const uint8_t reasons[] = {0x00, 0x84, 0x85, 0x88, 0x86, 0x87};
	for (unsigned code = 0; code < 0x100; code++)
		ck_assert_uint_eq(reason_from_return_code((uint8_t)code), code < sizeof reasons ? reasons[code] : 0x80);
}
END_TEST

START_TEST(each_packet_type_has_a_name)
{
	ck_assert_str_eq(packet_name(PACKET_CONNECT), "CONNECT");
	ck_assert_str_eq(packet_name(PACKET_AUTH), "AUTH");
	ck_assert_str_eq(packet_name(0), "reserved");
	ck_assert_str_eq(packet_name(PACKET_TYPES), "reserved");
	ck_assert_str_eq(packet_name(255), "reserved");
	for (uint8_t type = 1; type < PACKET_TYPES; type++)
		ck_assert_str_ne(packet_name(type), "reserved");
}
END_TEST

Suite *reason_suite(void)
{
	Suite *s = suite_create("reason");
	TCase *tc = tcase_create("reason");
	tcase_add_loop_test(tc, every_code_is_legal_only_where_the_specification_lists_it, 0, PACKET_TYPES);
	tcase_add_loop_test(tc, decode_accepts_exactly_the_codes_of_the_list, 0, LISTS);
	tcase_add_loop_test(tc, each_code_has_the_specifications_name, 0, NAMES);
	tcase_add_test(tc, a_code_has_a_name_whatever_packet_is_asked_about);
	tcase_add_test(tc, each_return_code_of_3x_has_a_reason);
	tcase_add_test(tc, each_packet_type_has_a_name);
	suite_add_tcase(s, tc);
	return s;
}
