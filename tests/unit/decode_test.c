/* SPDX-License-Identifier: MIT */
/*
 * What decode refuses, each form with its reason code and the rule it breaks; and what it must accept although encode
 * would not write it.
 */
#include <check.h>
#include <string.h>

#include "support/bytes.h"
#include "unit/refused.h"
#include "unit/suites.h"
#include "wire/packet.h"

/* Is `id` one of the ids, as a whole? */
static bool names(const char *ids, const char *id)
{
	for (const char *at = ids; (at = strstr(at, id)) != NULL; at++) {
		char behind = at[strlen(id)];
		if ((at == ids || at[-1] == ' ') && (behind == 0 || behind == ' '))
			return true;
	}
	return false;
}

START_TEST(each_forbidden_form_is_refused_with_its_reason_and_rule)
{
	const struct refused *row = &refused[_i];
	struct bytes          b = bytes_hex(row->hex);
	for (uint8_t level = LEVEL_31; level <= LEVEL_5; level++) {
		struct packet pk;
		struct fault  fault;
		if (!(row->levels & 1u << level))
			continue;
		int rc = packet_decode(&pk, level, row->from, b.p, b.n, &fault);
		ck_assert_msg(rc == -1, "%s, %s, level %d: accepted", row->requirement, row->what, level);
		ck_assert_msg(fault.reason == row->reason, "%s, %s, level %d: 0x%02X instead of 0x%02X (%s)",
		              row->requirement, row->what, level, fault.reason, row->reason, fault.text);
		ck_assert_msg(names(row->requirement, fault.rule), "%s, %s: the rule is called %s", row->requirement,
		              row->what, fault.rule);
		ck_assert_uint_gt(strlen(fault.text), 3);
	}
	bytes_free(&b);
}
END_TEST

static const struct {
	const char *what;
	unsigned    levels;
	enum side   from;
	const char *hex;
} accepted[] = {
	{"PUBACK with 0x00 and no properties", IN_5, FROM_SERVER, "40 03 0001 00"},
	{"PUBACK with 0x00 and an empty section", IN_5, FROM_SERVER, "40 04 0001 00 00"},
	{"PUBREC with 0x10 and an empty section", IN_5, FROM_SERVER, "50 04 0001 10 00"},
	{"PUBREL with 0x92 and an empty section", IN_5, FROM_CLIENT, "62 04 0001 92 00"},
	{"PUBCOMP with 0x00", IN_5, FROM_CLIENT, "70 03 0001 00"},
	{"DISCONNECT with 0x00", IN_5, FROM_CLIENT, "E0 01 00"},
	{"DISCONNECT with 0x00 and an empty section", IN_5, FROM_SERVER, "E0 02 00 00"},
	{"properties in any order", IN_5, FROM_CLIENT, "E0 10 00 0E 26 0000 0000 1F 0001'r' 11 00000000"},
	{"a password without a user name", IN_5, FROM_CLIENT, "10 10 0004'MQTT' 05 40 0000 00 0000 0001'p'"},
	{"a client id of 24 characters", IN_3X | IN_5, FROM_CLIENT,
	 "10 24 0004'MQTT' 04 02 0000 0018'abcdefghijklmnopqrstuvwx'"},
	{"the topic $SYS/x", IN_3X, FROM_SERVER, "30 08 0006'$SYS/x'"},
	{"a topic that begins with a byte order mark", IN_311, FROM_SERVER, "30 06 0004 EFBBBF'a'"},
	{"a topic with a control character", IN_311, FROM_SERVER, "30 05 0003'a' 01'b'"},
	{"a topic of one slash", IN_3X, FROM_SERVER, "30 03 0001'/'"},
	{"a payload of any bytes", IN_3X, FROM_SERVER, "30 06 0001't' 00FFC0"},
	{"CONNACK: unacceptable level", IN_3X, FROM_SERVER, "20 02 00 01"},
	{"3.1: SUBSCRIBE again", IN_31, FROM_CLIENT, "8A 06 0001 0001'a' 00"},
	{"3.1: UNSUBSCRIBE again", IN_31, FROM_CLIENT, "AA 05 0001 0001'a'"},
	{"3.1: PUBREL again", IN_31, FROM_CLIENT, "6A 02 0001"},
	{"3.1: flags in PINGREQ", IN_31, FROM_CLIENT, "C3 00"},
	{"3.1: reserved bits beside a subscription's QoS", IN_31, FROM_CLIENT, "82 06 0001 0001'a' FD"},
	{"3.1: CONNECT with bit 0 set", IN_31, FROM_CLIENT, "10 0F 0006'MQIsdp' 03 03 0000 0001'c'"},
	{"3.1: Will QoS and Retain without a will", IN_31, FROM_CLIENT, "10 0F 0006'MQIsdp' 03 3A 0000 0001'c'"},
	{"3.1: a user name flag without the field", IN_31, FROM_CLIENT, "10 0F 0006'MQIsdp' 03 82 0000 0001'c'"},
	{"3.1: both flags without the fields", IN_31, FROM_CLIENT, "10 0F 0006'MQIsdp' 03 C2 0000 0001'c'"},
	{"3.1: a user name without its password", IN_31, FROM_CLIENT, "10 12 0006'MQIsdp' 03 C2 0000 0001'c' 0001'u'"},
	{"3.1: a topic in Java's modified UTF-8", IN_31, FROM_SERVER, "30 04 0002 C080"},
	{"3.1: a reserved byte in CONNACK", IN_31, FROM_SERVER, "20 02 FF 00"},
};
enum { ACCEPTED = sizeof accepted / sizeof accepted[0] };

START_TEST(each_allowed_form_is_accepted)
{
	struct bytes b = bytes_hex(accepted[_i].hex);
	for (uint8_t level = LEVEL_31; level <= LEVEL_5; level++) {
		struct packet pk;
		struct fault  fault;
		if (!(accepted[_i].levels & 1u << level))
			continue;
		int rc = packet_decode(&pk, level, accepted[_i].from, b.p, b.n, &fault);
		ck_assert_msg(rc == 0, "%s, level %d: %s (%s)", accepted[_i].what, level, fault.text, fault.rule);
	}
	bytes_free(&b);
}
END_TEST

START_TEST(session_present_does_not_exist_in_3_1)
{
	struct packet pk;
	struct fault  fault;
	ck_assert_int_eq(packet_decode(&pk, LEVEL_31, FROM_SERVER, (const uint8_t *)"\x20\x02\x01\x00", 4, &fault), 0);
	ck_assert(!pk.session_present);
	ck_assert_int_eq(packet_decode(&pk, LEVEL_311, FROM_SERVER, (const uint8_t *)"\x20\x02\x01\x00", 4, &fault), 0);
	ck_assert(pk.session_present);
}
END_TEST

/* An older server says 20 02 00 01 to a CONNECT of MQTT 5; the client must hear what it means. */
START_TEST(a_refusal_in_the_form_of_3x_is_understood_in_5)
{
	for (uint8_t code = 0; code < 10; code++) {
		const uint8_t in[] = {0x20, 0x02, 0x00, code};
		struct bytes  b = bytes_copy(in, sizeof in);
		struct packet pk;
		struct fault  fault;
		int           rc = packet_decode(&pk, LEVEL_5, FROM_SERVER, b.p, b.n, &fault);
		ck_assert_int_eq(rc, code <= 5 ? 0 : -1);
		ck_assert(rc || pk.reason == (code ? reason_from_return_code(code) : REASON_BAD_VERSION));
		ck_assert(rc || (pk.props.has == 0 && !pk.session_present));
		bytes_free(&b);
	}
}
END_TEST

START_TEST(a_server_of_3x_that_accepts_5_has_not_understood_it)
{
	struct packet pk;
	struct fault  fault;
	ck_assert_int_eq(packet_decode(&pk, LEVEL_5, FROM_SERVER, (const uint8_t *)"\x20\x02\x01\x00", 4, &fault), 0);
	ck_assert_uint_eq(pk.reason, REASON_BAD_VERSION);
	ck_assert(!pk.session_present);
	ck_assert_int_eq(packet_decode(&pk, LEVEL_5, FROM_SERVER, (const uint8_t *)"\x20\x02\x01\x01", 4, &fault), -1);
	ck_assert_int_eq(packet_decode(&pk, LEVEL_5, FROM_SERVER, (const uint8_t *)"\x20\x02\x02\x00", 4, &fault), -1);
}
END_TEST

/* A server that knows only MQTT 5 may say so in its own form [MQTT 5, 3.1.2.2]. */
START_TEST(a_refusal_in_the_form_of_5_is_understood_in_3x)
{
	static const char *const said[] = {"20 03 00 84 00", "20 07 00 84 04 1F 0001 'x'"};
	for (uint8_t level = LEVEL_31; level < LEVEL_5; level++) {
		for (size_t i = 0; i < 2; i++) {
			struct bytes  b = bytes_hex(said[i]);
			struct packet pk;
			struct fault  fault;
			ck_assert_int_eq(packet_decode(&pk, level, FROM_SERVER, b.p, b.n, &fault), 0);
			ck_assert_uint_eq(pk.reason, 1);
			ck_assert_uint_eq(pk.props.has, 0);
			bytes_free(&b);
		}
	}
}
END_TEST

START_TEST(connect_is_read_by_the_level_it_names)
{
	static const char *const connects[] = {
		[LEVEL_31] = "10 0F 0006'MQIsdp' 03 02 0000 0001'c'",
		[LEVEL_311] = "10 0D 0004'MQTT' 04 02 0000 0001'c'",
		[LEVEL_5] = "10 0E 0004'MQTT' 05 02 0000 00 0001'c'",
	};
	for (uint8_t named = LEVEL_31; named <= LEVEL_5; named++) {
		for (uint8_t level = 0; level <= LEVEL_5; level++) {
			struct bytes  b = bytes_hex(connects[named]);
			struct packet pk;
			struct fault  fault;
			ck_assert_int_eq(packet_decode(&pk, level, FROM_CLIENT, b.p, b.n, &fault), 0);
			ck_assert_uint_eq(pk.connect.level, named);
			ck_assert_uint_eq(pk.connect.client_id.n, 1);
			bytes_free(&b);
		}
	}
}
END_TEST

/* A server answers an unknown level in the way of that level; so it must learn it. */
START_TEST(an_unknown_level_is_told)
{
	struct bytes  b = bytes_hex("10 0D 0004'MQTT' 06 02 0000 0001'c'");
	struct packet pk;
	struct fault  fault;
	ck_assert_int_eq(packet_decode(&pk, LEVEL_5, FROM_CLIENT, b.p, b.n, &fault), -1);
	ck_assert_uint_eq(fault.reason, REASON_BAD_VERSION);
	ck_assert_uint_eq(pk.connect.level, 6);
	bytes_free(&b);
}
END_TEST

START_TEST(the_length_of_the_input_is_the_length_of_the_packet)
{
	static const char *const inputs[] = {"", "D0", "D0 00 00", "D0 01", "30 05 0001'a'", "D0 80"};
	for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
		struct bytes  b = bytes_hex(inputs[i]);
		struct packet pk;
		struct fault  fault;
		ck_assert_int_eq(packet_decode(&pk, LEVEL_5, FROM_SERVER, b.p, b.n, &fault), -1);
		ck_assert_uint_eq(fault.reason, REASON_MALFORMED);
		bytes_free(&b);
	}
}
END_TEST

/* A packet must not inherit from the one that the struct held before. */
START_TEST(a_struct_can_be_decoded_into_again_and_again)
{
	struct packet pk;
	struct fault  fault;
	struct bytes  rich = bytes_hex("3D 15 0003'a/b' 0007 0C 0B 05 23 0001 26 0001'a' 0001'b' 'y'");
	struct bytes  poor = bytes_hex("30 05 0001't' 00'x'");
	memset(&pk, 0xAA, sizeof pk);
	ck_assert_int_eq(packet_decode(&pk, LEVEL_5, FROM_SERVER, rich.p, rich.n, &fault), 0);
	ck_assert_int_eq(packet_decode(&pk, LEVEL_5, FROM_SERVER, poor.p, poor.n, &fault), 0);
	ck_assert(!pk.dup && !pk.retain && pk.qos == 0 && pk.id == 0 && pk.count == 0);
	ck_assert(pk.props.has == 0 && pk.props.user_count == 0 && pk.props.subscription_id_count == 0);
	ck_assert(pk.props.user == NULL && pk.props.subscription_ids == NULL && pk.props.raw.n == 0);
	ck_assert_uint_eq(pk.payload.n, 1);
	ck_assert_int_eq(packet_decode(&pk, LEVEL_311, FROM_CLIENT, (const uint8_t *)"\xE0\x00", 2, &fault), 0);
	ck_assert(pk.topic.n == 0 && pk.payload.n == 0);
	bytes_free(&rich);
	bytes_free(&poor);
}
END_TEST

START_TEST(a_user_name_is_absent_or_empty_and_the_difference_is_kept)
{
	struct bytes  with = bytes_hex("10 11 0004'MQTT' 04 C2 0000 0001'c' 0000 0000");
	struct bytes  without = bytes_hex("10 0D 0004'MQTT' 04 02 0000 0001'c'");
	struct packet pk;
	struct fault  fault;
	ck_assert_int_eq(packet_decode(&pk, LEVEL_311, FROM_CLIENT, with.p, with.n, &fault), 0);
	ck_assert_ptr_nonnull(pk.connect.user_name.p);
	ck_assert_ptr_nonnull(pk.connect.password.p);
	ck_assert_int_eq(packet_decode(&pk, LEVEL_311, FROM_CLIENT, without.p, without.n, &fault), 0);
	ck_assert_ptr_null(pk.connect.user_name.p);
	ck_assert_ptr_null(pk.connect.password.p);
	bytes_free(&with);
	bytes_free(&without);
}
END_TEST

Suite *decode_suite(void)
{
	Suite *s = suite_create("decode");
	TCase *tc = tcase_create("decode");
	tcase_add_loop_test(tc, each_forbidden_form_is_refused_with_its_reason_and_rule, 0, (int)refused_count);
	tcase_add_loop_test(tc, each_allowed_form_is_accepted, 0, ACCEPTED);
	tcase_add_test(tc, session_present_does_not_exist_in_3_1);
	tcase_add_test(tc, a_refusal_in_the_form_of_3x_is_understood_in_5);
	tcase_add_test(tc, a_server_of_3x_that_accepts_5_has_not_understood_it);
	tcase_add_test(tc, a_refusal_in_the_form_of_5_is_understood_in_3x);
	tcase_add_test(tc, connect_is_read_by_the_level_it_names);
	tcase_add_test(tc, an_unknown_level_is_told);
	tcase_add_test(tc, the_length_of_the_input_is_the_length_of_the_packet);
	tcase_add_test(tc, a_struct_can_be_decoded_into_again_and_again);
	tcase_add_test(tc, a_user_name_is_absent_or_empty_and_the_difference_is_kept);
	suite_add_tcase(s, tc);
	return s;
}
