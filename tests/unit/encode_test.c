/* SPDX-License-Identifier: MIT */
/*
 * What encode cannot say, and says so: fields and packets that are too long. Golden bytes are in codec_test.c.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "unit/suites.h"
#include "wire/packet.h"

#define FIELD(type, level, member) {#type " " #member, PACKET_##type, level, offsetof(struct packet, member), 0}
#define PROPERTY(type, member, bit)                                                                                    \
	{#type " " #member, PACKET_##type, LEVEL_5, offsetof(struct packet, member), HAS(bit)}

/* Every string and every piece of binary data that a packet has, by its place in the struct. */
static const struct {
	const char *name;
	uint8_t     type, level;
	size_t      offset;
	uint32_t    has;
} fields[] = {
	FIELD(CONNECT, LEVEL_31, connect.client_id),
	FIELD(CONNECT, LEVEL_311, connect.user_name),
	FIELD(CONNECT, LEVEL_5, connect.password),
	FIELD(CONNECT, LEVEL_31, connect.will_topic),
	FIELD(CONNECT, LEVEL_311, connect.will_payload),
	FIELD(CONNECT, LEVEL_5, connect.will_payload),
	FIELD(PUBLISH, LEVEL_31, topic),
	FIELD(PUBLISH, LEVEL_5, topic),
	PROPERTY(CONNECT, connect.will.content_type, CONTENT_TYPE),
	PROPERTY(CONNECT, connect.will.response_topic, RESPONSE_TOPIC),
	PROPERTY(CONNECT, connect.will.correlation_data, CORRELATION_DATA),
	PROPERTY(CONNECT, props.auth_method, AUTH_METHOD),
	PROPERTY(CONNECT, props.auth_data, AUTH_DATA),
	PROPERTY(CONNACK, props.assigned_client_id, ASSIGNED_CLIENT_ID),
	PROPERTY(CONNACK, props.response_information, RESPONSE_INFORMATION),
	PROPERTY(CONNACK, props.server_reference, SERVER_REFERENCE),
	PROPERTY(PUBLISH, props.content_type, CONTENT_TYPE),
	PROPERTY(PUBLISH, props.response_topic, RESPONSE_TOPIC),
	PROPERTY(PUBLISH, props.correlation_data, CORRELATION_DATA),
	PROPERTY(PUBACK, props.reason_string, REASON_STRING),
	PROPERTY(DISCONNECT, props.reason_string, REASON_STRING),
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static struct packet packet_with(int field, size_t n)
{
	static const uint8_t bytes[FIELD_MAX + 1];
	struct packet        pk = {.type = fields[field].type, .id = 1, .connect.has_will = true};
	*(struct span *)(void *)((char *)&pk + fields[field].offset) = span_of(bytes, n);
	if (fields[field].offset < offsetof(struct packet, props))
		pk.connect.will.has = fields[field].has;
	else
		pk.props.has = fields[field].has;
	return pk;
}

/* [MQTT-1.5.4], 1.5.6: two bytes of length. */
START_TEST(a_field_holds_65535_bytes_and_not_one_more)
{
	struct packet none = packet_with(_i, 0), full = packet_with(_i, FIELD_MAX);
	struct packet over = packet_with(_i, FIELD_MAX + 1);
	size_t        size = packet_size(&full, fields[_i].level);
	size_t        longer = size - packet_size(&none, fields[_i].level);
	ck_assert_msg(longer >= FIELD_MAX && longer <= FIELD_MAX + 4, "%s: %zu", fields[_i].name, longer);
	uint8_t *out = malloc(size);
	ck_assert_uint_eq(packet_encode(&full, fields[_i].level, out), size);
	free(out);
	ck_assert_msg(packet_size(&over, fields[_i].level) == 0, "%s", fields[_i].name);
	over = packet_with(_i, SIZE_MAX);
	ck_assert_msg(packet_size(&over, fields[_i].level) == 0, "%s", fields[_i].name);
}
END_TEST

START_TEST(a_user_property_holds_65535_bytes_in_each_half)
{
	static const char             text[FIELD_MAX + 1] = {'x'};
	struct mqttwill_user_property u = {.name = text, .name_len = FIELD_MAX, .value = text, .value_len = FIELD_MAX};
	struct packet                 pk = {.type = PACKET_DISCONNECT, .props = {.user = &u, .user_count = 1}};
	ck_assert_uint_gt(packet_size(&pk, LEVEL_5), 2 * FIELD_MAX);
	u.name_len++;
	ck_assert_uint_eq(packet_size(&pk, LEVEL_5), 0);
	u.name_len--;
	u.value_len++;
	ck_assert_uint_eq(packet_size(&pk, LEVEL_5), 0);
}
END_TEST

START_TEST(a_filter_holds_65535_bytes)
{
	static const uint8_t bytes[FIELD_MAX + 1];
	struct filter        filters[2] = {{span_of("a", 1), 0}, {span_of(bytes, FIELD_MAX), 0}};
	for (uint8_t type = PACKET_SUBSCRIBE; type <= PACKET_UNSUBSCRIBE; type += 2) {
		struct packet pk = {.type = type, .id = 1, .filters = filters, .count = 2};
		filters[1].filter.n = FIELD_MAX;
		ck_assert_uint_gt(packet_size(&pk, LEVEL_311), FIELD_MAX);
		filters[1].filter.n++;
		ck_assert_uint_eq(packet_size(&pk, LEVEL_311), 0);
	}
}
END_TEST

/* Nothing is read from the payload to count it. */
START_TEST(a_packet_holds_268435455_bytes_behind_its_header)
{
	struct packet pk = {.type = PACKET_PUBLISH, .topic = span_of("a", 1)};
	pk.payload = span_of("", REMAINING_MAX - 3);
	ck_assert_uint_eq(packet_size(&pk, LEVEL_311), REMAINING_MAX + 5);
	pk.payload.n++;
	ck_assert_uint_eq(packet_size(&pk, LEVEL_311), 0);
	for (size_t n = SIZE_MAX; n > SIZE_MAX - 40; n--) {
		pk.payload.n = n;
		ck_assert_uint_eq(packet_size(&pk, LEVEL_311), 0);
		ck_assert_uint_eq(packet_size(&pk, LEVEL_5), 0);
	}
}
END_TEST

/* 2.1.4: 2,048 user properties of 131,070 bytes are just too much. */
START_TEST(a_property_section_cannot_be_longer_than_a_packet)
{
	static const char              text[FIELD_MAX] = {'x'};
	struct mqttwill_user_property *u = calloc(2048, sizeof *u);
	for (size_t i = 0; i < 2048; i++)
		u[i] = (struct mqttwill_user_property){text, text, FIELD_MAX, FIELD_MAX};
	struct packet pk = {.type = PACKET_CONNECT, .props = {.user = u, .user_count = 2047}};
	ck_assert_uint_gt(packet_size(&pk, LEVEL_5), 268000000);
	pk.props.user_count = 2048;
	ck_assert_uint_eq(packet_size(&pk, LEVEL_5), 0);
	free(u);
}
END_TEST

START_TEST(a_user_property_may_be_a_c_string_or_have_a_length)
{
	const struct mqttwill_user_property u[] = {
		{.name = "ab", .value = ""},
		{.name = "abc", .name_len = 1, .value = "x\0y", .value_len = 3},
	};
	struct packet pk = {.type = PACKET_DISCONNECT, .props = {.user = u, .user_count = 2}};
	uint8_t       out[64];
	size_t        n = packet_encode(&pk, LEVEL_5, out);
	ck_assert_msg(bytes_are(out, n, "E0 12 00 10 26 0002'ab' 0000 26 0001'a' 0003'x' 00 'y'"), "%s",
	              bytes_show(out, n));
}
END_TEST

/* 3.4.2.1, 3.14.2.1: the reason code and the Property Length may be left out, and are. */
START_TEST(acknowledgements_and_disconnect_take_their_shortest_form)
{
	static const struct {
		uint8_t     type, reason;
		size_t      users;
		const char *hex;
	} rows[] = {
		{PACKET_PUBACK, 0, 0, "40 02 0007"},         {PACKET_PUBACK, 0x80, 0, "40 03 0007 80"},
		{PACKET_PUBREC, 0, 0, "50 02 0007"},         {PACKET_PUBREC, 0x10, 0, "50 03 0007 10"},
		{PACKET_PUBREL, 0, 0, "62 02 0007"},         {PACKET_PUBREL, 0x92, 0, "62 03 0007 92"},
		{PACKET_PUBCOMP, 0, 0, "70 02 0007"},        {PACKET_PUBCOMP, 0x92, 0, "70 03 0007 92"},
		{PACKET_DISCONNECT, 0, 0, "E0 00"},          {PACKET_DISCONNECT, 4, 0, "E0 01 04"},
		{PACKET_AUTH, 0, 0, "F0 00"},                {PACKET_AUTH, 0x18, 0, "F0 02 18 00"},
		{PACKET_PUBACK, 0, 1, "40 09 0007 00 05 26 0000 0000"},
		{PACKET_DISCONNECT, 0, 1, "E0 07 00 05 26 0000 0000"},
	};
	static const struct mqttwill_user_property empty = {.name = "", .value = ""};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct packet pk = {.type = rows[i].type, .reason = rows[i].reason, .id = 7};
		uint8_t       out[16];
		pk.props.user = &empty;
		pk.props.user_count = rows[i].users;
		size_t n = packet_encode(&pk, LEVEL_5, out);
		ck_assert_msg(bytes_are(out, n, rows[i].hex), "%s: %s", rows[i].hex, bytes_show(out, n));
	}
}
END_TEST

START_TEST(without_a_will_its_flags_are_clear) /* [MQTT-3.1.2-11], [MQTT-3.1.2-13] */
{
	struct packet pk = {.type = PACKET_CONNECT, .connect = {.will_qos = 2, .will_retain = true}};
	uint8_t       out[32];
	pk.connect.will_topic = pk.connect.will_payload = span_of("w", 1);
	for (uint8_t level = LEVEL_311; level <= LEVEL_5; level++) {
		size_t n = packet_encode(&pk, level, out);
		ck_assert_uint_eq(out[9], 0);
		ck_assert_ptr_null(memchr(out, 'w', n));
	}
}
END_TEST

START_TEST(nothing_of_mqtt_5_is_written_before_it)
{
	static const struct mqttwill_user_property u = {.name = "a", .value = "b"};
	struct packet pk = {.reason = 0x80, .id = 7, .topic = span_of("t", 1), .connect.client_id = span_of("", 0)};
	pk.props = (struct props){.has = HAS(SESSION_EXPIRY) | HAS(REASON_STRING), .user = &u, .user_count = 1};
	pk.connect.will = pk.props;
	for (uint8_t type = PACKET_CONNECT; type <= PACKET_DISCONNECT; type++) {
		struct packet plain = {.type = type, .id = 7, .topic = pk.topic};
		uint8_t       a[64], b[64];
		plain.connect.client_id = pk.connect.client_id;
		pk.type = type;
		pk.list = span_of("\0\1", 2);
		if (type == PACKET_SUBACK) /* whose codes are older than MQTT 5; UNSUBACK's are not */
			plain.list = pk.list;
		pk.reason = type == PACKET_CONNACK ? 0 : 0x80;
		size_t n = packet_encode(&pk, LEVEL_311, a);
		ck_assert_uint_eq(packet_encode(&plain, LEVEL_311, b), n);
		ck_assert_mem_eq(a, b, n);
	}
}
END_TEST

Suite *encode_suite(void)
{
	Suite *s = suite_create("encode");
	TCase *tc = tcase_create("encode");
	tcase_add_loop_test(tc, a_field_holds_65535_bytes_and_not_one_more, 0, FIELDS);
	tcase_add_test(tc, a_user_property_holds_65535_bytes_in_each_half);
	tcase_add_test(tc, a_filter_holds_65535_bytes);
	tcase_add_test(tc, a_packet_holds_268435455_bytes_behind_its_header);
	tcase_add_test(tc, a_property_section_cannot_be_longer_than_a_packet);
	tcase_add_test(tc, a_user_property_may_be_a_c_string_or_have_a_length);
	tcase_add_test(tc, acknowledgements_and_disconnect_take_their_shortest_form);
	tcase_add_test(tc, without_a_will_its_flags_are_clear);
	tcase_add_test(tc, nothing_of_mqtt_5_is_written_before_it);
	suite_add_tcase(s, tc);
	return s;
}
