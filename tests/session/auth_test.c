/* SPDX-License-Identifier: MIT */
/*
 * Enhanced authentication: which AUTH may come and go when, with whose method, and what CONNACK must say of it.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdlib.h>

#include "support/alloc.h"

#define HELLO "10 [0004 'MQTT' 05 02 003C 0A 150001'm' 160003'one' 0001 'c']"
#define CONNACK_M "20 [0000 04 150001'm']"
#define ASKS "F0 [18 0A 150001'm' 160003'two']"
#define ENDS_WELL "F0 [00 04 150001'm']"
#define AGAIN "F0 [19 0A 150001'm' 160003'new']"

static void connect_with_method(struct script *s, int i, bool clean_start)
{
	struct packet pk = {.type = PACKET_CONNECT};
	script_init(s, LEVEL_5, i);
	script_open(s);
	pk.connect.clean_start = clean_start;
	pk.connect.keep_alive = 60;
	pk.connect.client_id = span_text("c", 0);
	pk.props.has = HAS(AUTH_METHOD) | HAS(AUTH_DATA);
	pk.props.auth_method = span_text("m", 0);
	pk.props.auth_data = span_text("one", 0);
	ck_assert_int_eq(session_connect(&s->session, &pk), 0);
	script_out(s, "%s", HELLO);
}

static void up_with_method(struct script *s, int i)
{
	connect_with_method(s, i, true);
	script_greet(s, CONNACK_M);
}

static int say(struct script *s, uint8_t reason, const char *text)
{
	struct span data = span_text(text, 0);
	return session_auth(&s->session, reason, text ? &data : NULL);
}

static void expect_auth(struct script *s, uint8_t reason, const char *data)
{
	struct session_event *ev = script_event(s, SESSION_AUTH, 0);
	ck_assert_uint_eq(ev->packet.reason, reason);
	ck_assert_int_eq(ev->packet.props.has & HAS(AUTH_DATA) ? 1 : 0, data != NULL);
	if (data)
		ck_assert_mem_eq(ev->packet.props.auth_data.p, data, strlen(data));
}

START_TEST(the_broker_asks_and_is_answered_with_the_method_of_connect) /* [MQTT-4.12.0-3], [MQTT-4.12.0-5] */
{
	struct script s;
	connect_with_method(&s, _i, true);
	for (int round = 0; round < 3; round++) {
		script_in(&s, ASKS);
		expect_auth(&s, REASON_CONTINUE_AUTH, "two");
		ck_assert_int_eq(say(&s, REASON_CONTINUE_AUTH, "three"), 0);
		script_out(&s, "F0 [18 0C 150001'm' 160005'three']");
		ck_assert(!session_is_up(&s.session));
	}
	script_in(&s, "F0 [18 04 150001'm']");
	expect_auth(&s, REASON_CONTINUE_AUTH, NULL);
	ck_assert_int_eq(say(&s, REASON_CONTINUE_AUTH, NULL), 0);
	script_out(&s, "F0 [18 04 150001'm']");
	script_in(&s, "20 [0000 0A 150001'm' 160003'yes']");
	struct session_event *ev = script_event(&s, SESSION_CONNACK, 0);
	ck_assert_mem_eq(ev->packet.props.auth_data.p, "yes", 3);
	ck_assert(session_is_up(&s.session));
	script_close(&s);
}
END_TEST

/* In MQTT 5 only AUTH and DISCONNECT may; here nothing else may in any version. */
START_TEST(nothing_but_auth_and_disconnect_leaves_before_connack) /* [MQTT-3.1.2-30] */
{
	struct script s;
	struct packet publish = {.type = PACKET_PUBLISH, .topic = span_text("t", 0)};
	connect_with_method(&s, _i, true);
	struct outgoing *o = script_make(&s, PACKET_PUBLISH, 1), *o0 = script_make(&s, PACKET_PUBLISH, 0);
	ck_assert_int_eq(session_send(&s.session, o), MQTTWILL_ESTATE);
	ck_assert_int_eq(session_send(&s.session, o0), MQTTWILL_ESTATE);
	ck_assert_uint_eq(o->state, OUTGOING_QUEUED);
	ck_assert_int_eq(session_publish(&s.session, &publish), MQTTWILL_ESTATE);
	ck_assert_int_eq(session_ping(&s.session), MQTTWILL_ESTATE);
	script_out(&s, "%s", "");
	ck_assert_int_eq(session_disconnect(&s.session, REASON_UNSPECIFIED, NULL), 0);
	script_out(&s, "E0 01 80");
	free(o);
	free(o0);
	script_close(&s);
}
END_TEST

/* What breaks the protocol before CONNACK; wire finds an AUTH without a method, and 0x19. */
static const char *const early_faults[] = {
	"F0 [18 0A 150001'x' 160003'two']", /* [MQTT-4.12.0-5] */
	"F0 [18 0B 150002'mm' 160003'two']",
	"F0 [18 04 150000 00]",
	"F0 [00 04 150001'm']", /* success is told by CONNACK */
	"F0 [19 04 150001'm']",
	"F0 [18 00]", /* [U-3.15.2.2.2-a] */
	"F0 00",
	"20 [0000 00]", /* [MQTT-4.12.0-5] */
	"20 [0000 04 150001'x']",
	"20 [0000 05 150002'mm']",
};

START_TEST(another_method_or_the_wrong_code_ends_the_connection)
{
	for (size_t i = 0; i < sizeof early_faults / sizeof early_faults[0]; i++) {
		struct script s;
		connect_with_method(&s, _i, true);
		script_in(&s, "%s", early_faults[i]);
		struct session_event *ev = script_event(&s, SESSION_FAILED, MQTTWILL_EPROTOCOL);
		ck_assert_msg(ev->fault.reason == REASON_PROTOCOL_ERROR || i == 2, "%s: %x", early_faults[i], ev->fault.reason);
		script_out(&s, "%s", "");
		script_close(&s);
	}
}
END_TEST

START_TEST(without_a_method_in_connect_there_is_none_to_be_heard) /* [MQTT-4.12.0-6], [U-3.15-a] */
{
	for (int what = 0; what < 3; what++) {
		struct script s;
		script_init(&s, LEVEL_5, _i);
		script_open(&s);
		script_connect(&s, 60, true);
		script_flush(&s);
		if (what == 2)
			script_greet(&s, "20 [0000 00]");
		script_in(&s, "%s", what == 0 ? CONNACK_M : ASKS);
		script_fails(&s, REASON_PROTOCOL_ERROR);
		script_close(&s);
	}
}
END_TEST

START_TEST(without_a_method_in_connect_no_auth_is_sent) /* [MQTT-4.12.0-7] */
{
	struct script s;
	uint8_t       level = script_level(_i);
	script_up(&s, level, _i);
	ck_assert_int_eq(say(&s, REASON_REAUTHENTICATE, "x"), MQTTWILL_ESTATE);
	ck_assert_int_eq(say(&s, REASON_CONTINUE_AUTH, "x"), MQTTWILL_ESTATE);
	script_close(&s);
}
END_TEST

START_TEST(before_mqtt_5_there_is_no_auth)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "F0 00");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

START_TEST(a_refusal_needs_no_method) /* [MQTT-4.12.0-4] */
{
	static const struct {
		const char *connack;
		int         error;
		uint8_t     reason;
	} rows[] = {
		{"20 [00 8C 00]", MQTTWILL_EAUTH, 0x8C},
		{"20 [00 87 04 150001'x']", MQTTWILL_EAUTH, 0x87},
		{"20 [00 86 00]", MQTTWILL_EAUTH, 0x86},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct script s;
		connect_with_method(&s, _i, true);
		script_in(&s, ASKS "%s", rows[i].connack);
		expect_auth(&s, REASON_CONTINUE_AUTH, "two");
		ck_assert_uint_eq(script_event(&s, SESSION_CONNACK, rows[i].error)->packet.reason, rows[i].reason);
		script_close(&s);
	}
}
END_TEST

START_TEST(the_client_begins_again_and_the_broker_ends_it) /* [MQTT-4.12.1-1] */
{
	struct script s;
	up_with_method(&s, _i);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(say(&s, REASON_REAUTHENTICATE, "new"), 0);
		ck_assert_int_eq(say(&s, REASON_REAUTHENTICATE, "new"), MQTTWILL_ESTATE); /* one at a time */
		script_out(&s, "%s", AGAIN);
		script_in(&s, "30 [0001 't' ~ 'm']" ASKS); /* messages go on */
		script_message(&s, 0, "m");
		expect_auth(&s, REASON_CONTINUE_AUTH, "two");
		ck_assert_int_eq(say(&s, REASON_CONTINUE_AUTH, "three"), 0);
		script_out(&s, "F0 [18 0C 150001'm' 160005'three']");
		script_in(&s, ENDS_WELL);
		expect_auth(&s, REASON_SUCCESS, NULL);
		ck_assert_int_eq(say(&s, REASON_CONTINUE_AUTH, "late"), MQTTWILL_ESTATE);
	}
	script_close(&s);
}
END_TEST

START_TEST(the_broker_may_not_begin) /* 4.12.1 */
{
	static const char *const unasked[] = {ASKS, ENDS_WELL};
	for (size_t i = 0; i < 2; i++) {
		struct script s;
		up_with_method(&s, _i);
		script_in(&s, "%s", unasked[i]);
		script_fails(&s, REASON_PROTOCOL_ERROR);
		script_close(&s);
		up_with_method(&s, _i); /* nor go on where it has ended */
		ck_assert_int_eq(say(&s, REASON_REAUTHENTICATE, "new"), 0);
		script_flush(&s);
		script_in(&s, ENDS_WELL "%s", unasked[i]);
		expect_auth(&s, REASON_SUCCESS, NULL);
		script_fails(&s, REASON_PROTOCOL_ERROR);
		script_close(&s);
	}
}
END_TEST

START_TEST(again_means_with_the_same_method)
{
	struct script s;
	up_with_method(&s, _i);
	ck_assert_int_eq(say(&s, REASON_REAUTHENTICATE, "new"), 0);
	script_flush(&s);
	script_in(&s, "F0 [00 04 150001'x']");
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

START_TEST(a_refusal_of_the_credentials_is_one_while_they_are_shown_again) /* [MQTT-4.12.1-2] */
{
	static const uint8_t reasons[] = {REASON_NOT_AUTHORIZED, REASON_BAD_AUTH_METHOD, REASON_SHUTTING_DOWN};
	for (size_t i = 0; i < 3; i++)
		for (int running = 0; running < 2; running++) {
			struct script s;
			up_with_method(&s, _i);
			if (running)
				ck_assert_int_eq(say(&s, REASON_REAUTHENTICATE, "new"), 0);
			script_flush(&s);
			script_in(&s, "E0 01 %02X", reasons[i]);
			script_event(&s, SESSION_BROKER_LEFT, running && i < 2 ? MQTTWILL_EAUTH : MQTTWILL_EKICKED);
			script_close(&s);
		}
}
END_TEST

START_TEST(an_auth_keeps_to_the_broker_s_packet_size) /* [MQTT-3.2.2-15] */
{
	struct script s;
	char          data[20];
	memset(data, 'x', sizeof data);
	connect_with_method(&s, _i, true);
	script_greet(&s, "20 [0000 09 150001'm' 270000000F]");
	struct span fits = span_of(data, 4), not = span_of(data, 5);
	ck_assert_int_eq(session_auth(&s.session, REASON_REAUTHENTICATE, &not), MQTTWILL_ETOOBIG);
	script_out(&s, "%s", "");
	ck_assert_int_eq(session_auth(&s.session, REASON_REAUTHENTICATE, &fits), 0);
	script_out(&s, "F0 [19 0B 150001'm' 160004'xxxx']");
	script_close(&s);
}
END_TEST

START_TEST(an_auth_without_memory_can_be_said_again)
{
	struct script s;
	up_with_method(&s, _i);
	buf_relax(&s.session.out);
	alloc_fail(1);
	int rc = say(&s, REASON_REAUTHENTICATE, "new");
	ck_assert(alloc_stop());
	ck_assert_int_eq(rc, MQTTWILL_ENOMEM);
	ck_assert_int_eq(say(&s, REASON_REAUTHENTICATE, "new"), 0);
	script_out(&s, "%s", AGAIN);
	script_close(&s);
}
END_TEST

START_TEST(the_next_connection_knows_nothing_of_the_last_one_s_method)
{
	struct script s;
	up_with_method(&s, _i);
	ck_assert_int_eq(say(&s, REASON_REAUTHENTICATE, "new"), 0);
	script_flush(&s);
	script_drop(&s);
	script_open(&s);
	script_connect(&s, 60, true);
	script_greet(&s, "20 [0000 00]");
	script_in(&s, ENDS_WELL);
	script_fails(&s, REASON_PROTOCOL_ERROR);
	script_close(&s);
}
END_TEST

Suite *auth_suite(void)
{
	Suite *suite = suite_create("auth");
	TCase *tc = tcase_create("auth");
	tcase_add_loop_test(tc, the_broker_asks_and_is_answered_with_the_method_of_connect, 0, CUTS);
	tcase_add_loop_test(tc, nothing_but_auth_and_disconnect_leaves_before_connack, 0, CUTS);
	tcase_add_loop_test(tc, another_method_or_the_wrong_code_ends_the_connection, 0, CUTS);
	tcase_add_loop_test(tc, without_a_method_in_connect_there_is_none_to_be_heard, 0, CUTS);
	tcase_add_loop_test(tc, without_a_method_in_connect_no_auth_is_sent, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, before_mqtt_5_there_is_no_auth, 0, ONLY_3X);
	tcase_add_loop_test(tc, a_refusal_needs_no_method, 0, CUTS);
	tcase_add_loop_test(tc, the_client_begins_again_and_the_broker_ends_it, 0, CUTS);
	tcase_add_loop_test(tc, the_broker_may_not_begin, 0, CUTS);
	tcase_add_loop_test(tc, again_means_with_the_same_method, 0, CUTS);
	tcase_add_loop_test(tc, a_refusal_of_the_credentials_is_one_while_they_are_shown_again, 0, CUTS);
	tcase_add_loop_test(tc, an_auth_keeps_to_the_broker_s_packet_size, 0, CUTS);
	tcase_add_loop_test(tc, an_auth_without_memory_can_be_said_again, 0, CUTS);
	tcase_add_loop_test(tc, the_next_connection_knows_nothing_of_the_last_one_s_method, 0, CUTS);
	suite_add_tcase(suite, tc);
	return suite;
}
