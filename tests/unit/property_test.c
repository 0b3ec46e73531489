/* SPDX-License-Identifier: MIT */
/*
 * The property table against the specification's, by what decode accepts: every identifier in every place, from both
 * sides, once and twice; and every value that a property may not have.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "unit/place.h"
#include "unit/suites.h"

#define P(packet) (1u << PACKET_##packet)
#define ACKS (P(PUBACK) | P(PUBREC) | P(PUBREL) | P(PUBCOMP))
#define BOTH (FROM_CLIENT | FROM_SERVER)

/* MQTT 5, table 2-4, with the sides that the sections of each packet name. */
static const struct {
	uint8_t     id;
	const char *name;
	const char *value; /* a legal one */
	unsigned    packets;
	unsigned    disconnect, publish; /* sides that may send it there */
	unsigned    repeats;             /* packets in which it may stand twice */
} rows[] = {
	{0x01, "Payload Format Indicator", "01", P(PUBLISH) | P(WILL), 0, BOTH, 0},
	{0x02, "Message Expiry Interval", "00000000", P(PUBLISH) | P(WILL), 0, BOTH, 0},
	{0x03, "Content Type", "0004'text'", P(PUBLISH) | P(WILL), 0, BOTH, 0},
	{0x08, "Response Topic", "0003'a/b'", P(PUBLISH) | P(WILL), 0, BOTH, 0},
	{0x09, "Correlation Data", "0002 FF00", P(PUBLISH) | P(WILL), 0, BOTH, 0},
	{0x0B, "Subscription Identifier", "FFFFFF7F", P(PUBLISH) | P(SUBSCRIBE), 0, FROM_SERVER, P(PUBLISH)},
	{0x11, "Session Expiry Interval", "FFFFFFFF", P(CONNECT) | P(CONNACK) | P(DISCONNECT), FROM_CLIENT, 0, 0},
	{0x12, "Assigned Client Identifier", "0002'id'", P(CONNACK), 0, 0, 0},
	{0x13, "Server Keep Alive", "0000", P(CONNACK), 0, 0, 0},
	{0x15, "Authentication Method", "0001'm'", P(CONNECT) | P(CONNACK) | P(AUTH), 0, 0, 0},
	{0x16, "Authentication Data", "0001 00", P(CONNECT) | P(CONNACK) | P(AUTH), 0, 0, 0},
	{0x17, "Request Problem Information", "00", P(CONNECT), 0, 0, 0},
	{0x18, "Will Delay Interval", "FFFFFFFF", P(WILL), 0, 0, 0},
	{0x19, "Request Response Information", "01", P(CONNECT), 0, 0, 0},
	{0x1A, "Response Information", "0001'r'", P(CONNACK), 0, 0, 0},
	{0x1C, "Server Reference", "0001's'", P(CONNACK) | P(DISCONNECT), FROM_SERVER, 0, 0},
	{0x1F, "Reason String", "0001'r'", P(CONNACK) | ACKS | P(SUBACK) | P(UNSUBACK) | P(DISCONNECT) | P(AUTH), BOTH,
	 0, 0},
	{0x21, "Receive Maximum", "0001", P(CONNECT) | P(CONNACK), 0, 0, 0},
	{0x22, "Topic Alias Maximum", "0000", P(CONNECT) | P(CONNACK), 0, 0, 0},
	{0x23, "Topic Alias", "0001", P(PUBLISH), 0, BOTH, 0},
	{0x24, "Maximum QoS", "01", P(CONNACK), 0, 0, 0},
	{0x25, "Retain Available", "00", P(CONNACK), 0, 0, 0},
	{0x26, "User Property", "0001'n' 0001'v'",
	 P(CONNECT) | P(CONNACK) | P(PUBLISH) | P(WILL) | ACKS | P(SUBSCRIBE) | P(SUBACK) | P(UNSUBSCRIBE) |
	         P(UNSUBACK) | P(DISCONNECT) | P(AUTH),
	 BOTH, BOTH, 0xFFFF},
	{0x27, "Maximum Packet Size", "00000001", P(CONNECT) | P(CONNACK), 0, 0, 0},
	{0x28, "Wildcard Subscription Available", "00", P(CONNACK), 0, 0, 0},
	{0x29, "Subscription Identifier Available", "00", P(CONNACK), 0, 0, 0},
	{0x2A, "Shared Subscription Available", "01", P(CONNACK), 0, 0, 0},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

START_TEST(each_identifier_stands_once_under_the_specifications_name)
{
	ck_assert_int_eq(ROWS, PROPERTY_COUNT);
	enum property p = property_by_id(rows[_i].id);
	ck_assert_msg(p < PROPERTY_COUNT, "%s is missing", rows[_i].name);
	ck_assert_str_eq(property_table[p].name, rows[_i].name);
	for (size_t i = 0; i < PROPERTY_COUNT; i++)
		ck_assert_msg(i == p || property_table[i].id != rows[_i].id, "0x%02X stands twice", rows[_i].id);
}
END_TEST

START_TEST(an_unknown_identifier_has_no_row)
{
	for (uint32_t id = 0, row = 0; id < 1000; id++) {
		for (row = 0; row < ROWS && rows[row].id != id; row++)
			;
		ck_assert_msg((property_by_id(id) == PROPERTY_COUNT) == (row == ROWS), "0x%02X", (unsigned)id);
	}
	ck_assert_uint_eq(property_by_id(0x101), PROPERTY_COUNT);
	ck_assert_uint_eq(property_by_id(UINT32_MAX), PROPERTY_COUNT);
}
END_TEST

/* The row of an identifier, or -1. */
static int row_of(unsigned id)
{
	for (int i = 0; i < ROWS; i++)
		if (rows[i].id == id)
			return i;
	return -1;
}

static bool side_may(int row, enum packet_type place, enum side from)
{
	if (place == PACKET_DISCONNECT)
		return rows[row].disconnect & from;
	return place != PACKET_PUBLISH || rows[row].publish & from;
}

/* A section with one property, `times` times, and what must stand beside it. */
static const char *section(enum packet_type place, unsigned id, const char *value, int times)
{
	static char text[200];
	bool        beside = place == PACKET_AUTH ? id != 0x15 : id == 0x16;
	int         at = snprintf(text, sizeof text, "%s", beside ? "15 0001'm'" : "");
	while (times-- > 0)
		at += snprintf(text + at, sizeof text - (size_t)at, "%02X %s", id, value);
	return text;
}

/* MQTT 5, 2.2.2.2, U-2.2.2.2-a: malformed where it does not belong, a protocol error where it is the other side's. */
START_TEST(every_property_is_legal_only_where_the_table_says)
{
	enum packet_type place = (enum packet_type)_i;
	for (unsigned from = FROM_CLIENT; from <= FROM_SERVER; from++) {
		for (unsigned id = 0; id < 0x80 && place_sides(place) & from; id++) {
			int     row = row_of(id);
			uint8_t expected = row < 0 || !(rows[row].packets & 1u << place)        ? REASON_MALFORMED
			                   : !side_may(row, place, (enum side)from) ? REASON_PROTOCOL_ERROR
			                                                            : 0;
			const char *s = section(place, id, row < 0 ? "00" : rows[row].value, 1);
			uint8_t     fault = place_fault(place, (enum side)from, s);
			ck_assert_msg(fault == expected, "0x%02X in %s from side %u: 0x%02X instead of 0x%02X", id,
			              place_name(place), from, fault, expected);
		}
	}
}
END_TEST

START_TEST(only_a_user_property_and_a_publishs_subscription_identifier_may_stand_twice)
{
	enum packet_type place = (enum packet_type)_i;
	for (unsigned from = FROM_CLIENT; from <= FROM_SERVER; from++) {
		for (int row = 0; row < ROWS && place_sides(place) & from; row++) {
			if (!(rows[row].packets & 1u << place) || !side_may(row, place, (enum side)from))
				continue;
			uint8_t expected = rows[row].repeats & 1u << place ? 0 : REASON_PROTOCOL_ERROR;
			uint8_t fault =
				place_fault(place, (enum side)from, section(place, rows[row].id, rows[row].value, 2));
			ck_assert_msg(fault == expected, "%s twice in %s: 0x%02X", rows[row].name, place_name(place),
			              fault);
		}
	}
}
END_TEST

/* MQTT 5, 2.2.2.1: a Property Length that cuts the last property short, and one that runs past the packet. */
START_TEST(a_property_section_ends_where_its_length_says)
{
	enum packet_type place = (enum packet_type)_i;
	enum side        from = place_sides(place) & FROM_SERVER ? FROM_SERVER : FROM_CLIENT;
	for (int row = 0; row < ROWS && place_sides(place); row++) {
		if (!(rows[row].packets & 1u << place) || !side_may(row, place, from))
			continue;
		struct bytes s = bytes_hex(section(place, rows[row].id, rows[row].value, 1));
		for (size_t cut = 1; cut <= s.n + 100; cut++) {
			struct bytes  b = place_packet(place, s.p, s.n, cut < s.n ? -(int)cut : (int)(cut - s.n) + 100);
			struct packet pk;
			struct fault  fault;
			int           rc = packet_decode(&pk, LEVEL_5, from, b.p, b.n, &fault);
			ck_assert_msg(rc == -1 || place == PACKET_PUBLISH, "%s in %s, cut by %zu", rows[row].name,
			              place_name(place), cut);
			bytes_free(&b);
		}
		bytes_free(&s);
	}
}
END_TEST

static const struct {
	const char      *requirement, *what;
	enum packet_type place;
	enum side        from;
	const char      *section;
	uint8_t          reason; /* 0: it is good */
} values[] = {
	{"U-3.1.3.2.3-a", "Payload Format 2", PACKET_PUBLISH, FROM_SERVER, "01 02", REASON_PROTOCOL_ERROR},
	{"U-3.1.3.2.3-a", "Payload Format 2 of a will", PACKET_WILL, FROM_CLIENT, "01 02", REASON_PROTOCOL_ERROR},
	{"3.1.2.11.7", "Request Problem Information 2", PACKET_CONNECT, FROM_CLIENT, "17 02", REASON_PROTOCOL_ERROR},
	{"3.1.2.11.6", "Request Response Information 2", PACKET_CONNECT, FROM_CLIENT, "19 02", REASON_PROTOCOL_ERROR},
	{"U-3.2.2.3.4-a", "Maximum QoS 2", PACKET_CONNACK, FROM_SERVER, "24 02", REASON_PROTOCOL_ERROR},
	{"3.2.2.3.5", "Retain Available 2", PACKET_CONNACK, FROM_SERVER, "25 02", REASON_PROTOCOL_ERROR},
	{"3.2.2.3.11", "Wildcard Subscription Available 2", PACKET_CONNACK, FROM_SERVER,
	 "28 02", REASON_PROTOCOL_ERROR},
	{"3.2.2.3.12", "Subscription Identifier Available FF", PACKET_CONNACK, FROM_SERVER,
	 "29 FF", REASON_PROTOCOL_ERROR},
	{"3.2.2.3.13", "Shared Subscription Available 2", PACKET_CONNACK, FROM_SERVER, "2A 02", REASON_PROTOCOL_ERROR},
	{"U-3.1.2.11.3-a", "Receive Maximum 0 in CONNECT", PACKET_CONNECT, FROM_CLIENT,
	 "21 0000", REASON_PROTOCOL_ERROR},
	{"3.2.2.3.3", "Receive Maximum 0 in CONNACK", PACKET_CONNACK, FROM_SERVER, "21 0000", REASON_PROTOCOL_ERROR},
	{"U-3.1.2.11.4-a", "Maximum Packet Size 0 in CONNECT", PACKET_CONNECT, FROM_CLIENT,
	 "27 00000000", REASON_PROTOCOL_ERROR},
	{"3.2.2.3.6", "Maximum Packet Size 0 in CONNACK", PACKET_CONNACK, FROM_SERVER,
	 "27 00000000", REASON_PROTOCOL_ERROR},
	{"U-3.3.2.3.8-a", "Subscription Identifier 0 in SUBSCRIBE", PACKET_SUBSCRIBE, FROM_CLIENT,
	 "0B 00", REASON_PROTOCOL_ERROR},
	{"U-3.3.2.3.8-a", "Subscription Identifier 0 in PUBLISH", PACKET_PUBLISH, FROM_SERVER,
	 "0B 00", REASON_PROTOCOL_ERROR},
	{"U-3.3.2.3.8-a", "the second of them 0", PACKET_PUBLISH, FROM_SERVER, "0B 01 0B 00", REASON_PROTOCOL_ERROR},
	{"MQTT-1.5.5-1", "Subscription Identifier 1 in two bytes", PACKET_SUBSCRIBE, FROM_CLIENT,
	 "0B 8100", REASON_MALFORMED},
	{"1.5.5", "Subscription Identifier in five bytes", PACKET_SUBSCRIBE, FROM_CLIENT,
	 "0B 8080808001", REASON_MALFORMED},
	{"MQTT-1.5.5-1", "a property identifier in two bytes", PACKET_CONNACK, FROM_SERVER,
	 "A400 01", REASON_MALFORMED},
	{"2.2.2.2", "the property identifier 0x124", PACKET_CONNACK, FROM_SERVER, "A402 01", REASON_MALFORMED},
	{"1.5.5", "a property identifier without end", PACKET_CONNACK, FROM_SERVER, "FFFFFFFFFF", REASON_MALFORMED},
	{"MQTT-3.3.2-8", "Topic Alias 0", PACKET_PUBLISH, FROM_SERVER, "23 0000", REASON_BAD_TOPIC_ALIAS},
	{"MQTT-3.3.2-14", "Response Topic a/#", PACKET_PUBLISH, FROM_SERVER, "08 0003'a/#'", REASON_BAD_TOPIC},
	{"MQTT-3.3.2-14", "Response Topic + of a will", PACKET_WILL, FROM_CLIENT, "08 0001'+'", REASON_BAD_TOPIC},
	{"MQTT-4.7.3-1", "an empty Response Topic", PACKET_PUBLISH, FROM_SERVER, "08 0000", REASON_BAD_TOPIC},
	{"MQTT-4.7.3-1", "an empty Response Topic of a will", PACKET_WILL, FROM_CLIENT, "08 0000", REASON_BAD_TOPIC},
	{"3.1.2.11.10", "Authentication Data alone in CONNECT", PACKET_CONNECT, FROM_CLIENT,
	 "16 0001'd'", REASON_PROTOCOL_ERROR},
	{"3.2.2.3.18", "Authentication Data alone in CONNACK", PACKET_CONNACK, FROM_SERVER,
	 "16 0001'd'", REASON_PROTOCOL_ERROR},
	{"U-3.15.2.2.2-a", "AUTH without a method", PACKET_AUTH, FROM_CLIENT, "16 0001'd'", REASON_PROTOCOL_ERROR},
	{"2.2.2.2", "the method behind the data", PACKET_CONNECT, FROM_CLIENT, "16 0001'd' 15 0001'm'", 0},
	{"MQTT-1.5.7-1", "an ill-formed name of a User Property", PACKET_CONNECT, FROM_CLIENT,
	 "26 0001 FF 0001'v'", REASON_MALFORMED},
	{"MQTT-1.5.7-1", "an ill-formed value of a User Property", PACKET_WILL, FROM_CLIENT,
	 "26 0001'n' 0001 FF", REASON_MALFORMED},
	{"MQTT-1.5.4-2", "U+0000 in a User Property", PACKET_PUBACK, FROM_SERVER,
	 "26 0001'n' 0001 00", REASON_MALFORMED},
	{"1.5.7", "an empty User Property", PACKET_CONNECT, FROM_CLIENT, "26 0000 0000", 0},
	{"1.5.6", "any bytes as Correlation Data", PACKET_PUBLISH, FROM_CLIENT, "09 0003 FF00C0", 0},
	{"MQTT-3.3.4-3", "three Subscription Identifiers", PACKET_PUBLISH, FROM_SERVER, "0B 01 0B 8001 0B FFFFFF7F", 0},
};
enum { VALUES = sizeof values / sizeof values[0] };

START_TEST(each_value_that_a_property_may_not_have_is_refused)
{
	uint8_t fault = place_fault(values[_i].place, values[_i].from, values[_i].section);
	ck_assert_msg(fault == values[_i].reason, "%s %s: 0x%02X instead of 0x%02X", values[_i].requirement,
	              values[_i].what, fault, values[_i].reason);
}
END_TEST

/* [MQTT-1.5.4-1], [MQTT-1.5.4-2]: in every property that is a string, everywhere it is legal. */
START_TEST(bad_utf8_is_malformed_in_every_string_property)
{
	static const char *const bad[] = {"0001 FF", "0002 C080", "0003 EDA080", "0003'a' 00'b'", "0004 F4908080"};
	static const uint8_t     strings[] = {0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F};
	for (size_t s = 0; s < sizeof strings; s++) {
		int row = row_of(strings[s]);
		for (unsigned place = 0; place < PACKET_TYPES; place++) {
			enum side from = place_sides((enum packet_type)place) & FROM_SERVER ? FROM_SERVER : FROM_CLIENT;
			if (!(rows[row].packets & 1u << place))
				continue;
			const char *text = section((enum packet_type)place, strings[s], bad[_i], 1);
			uint8_t     fault = place_fault((enum packet_type)place, from, text);
			ck_assert_msg(fault == REASON_MALFORMED, "%s of %s: 0x%02X", rows[row].name, bad[_i], fault);
		}
	}
}
END_TEST

Suite *property_suite(void)
{
	Suite *s = suite_create("property");
	TCase *tc = tcase_create("property");
	tcase_add_loop_test(tc, each_identifier_stands_once_under_the_specifications_name, 0, ROWS);
	tcase_add_test(tc, an_unknown_identifier_has_no_row);
	tcase_add_loop_test(tc, every_property_is_legal_only_where_the_table_says, 0, PACKET_TYPES);
	tcase_add_loop_test(tc, only_a_user_property_and_a_publishs_subscription_identifier_may_stand_twice, 0,
	                    PACKET_TYPES);
	tcase_add_loop_test(tc, a_property_section_ends_where_its_length_says, 0, PACKET_TYPES);
	tcase_add_loop_test(tc, each_value_that_a_property_may_not_have_is_refused, 0, VALUES);
	tcase_add_loop_test(tc, bad_utf8_is_malformed_in_every_string_property, 0, 5);
	suite_add_tcase(s, tc);
	return s;
}
