/* SPDX-License-Identifier: MIT */
/*
 * Enhanced authentication at CONNECT: the steps and when they are due, what a failure does, and that nothing is believed of a
 * broker that has not proved itself.
 */
#include "client/method.h"
#include "client/suites.h"

/* The next packet that the client wrote, which must be of this type; its spans live until the next line. */
static struct packet sent(uint8_t type)
{
	struct line  *l = stage_line();
	struct frame  f;
	struct packet pk;
	struct fault  fault;
	stage_settle();
	ck_assert_int_eq(frame_read(&f, LEVEL_5, l->up + l->up_read, l->up_len - l->up_read), 1);
	ck_assert_int_eq(packet_decode(&pk, LEVEL_5, FROM_CLIENT, l->up + l->up_read, f.size, &fault), 0);
	ck_assert_str_eq(packet_name(pk.type), packet_name(type));
	l->up_read += f.size;
	return pk;
}

static void expect_data(const struct packet *pk, const char *method, const char *data)
{
	ck_assert(pk->props.has & HAS(AUTH_METHOD));
	ck_assert_uint_eq(pk->props.auth_method.n, strlen(method));
	ck_assert_mem_eq(pk->props.auth_method.p, method, strlen(method));
	ck_assert_int_eq(pk->props.has & HAS(AUTH_DATA) ? 1 : 0, data != NULL);
	if (!data)
		return;
	ck_assert_uint_eq(pk->props.auth_data.n, strlen(data));
	ck_assert_mem_eq(pk->props.auth_data.p, data, strlen(data));
}

START_TEST(the_exchange_goes_round_by_round_and_the_birth_waits_for_its_end)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	o.user_name = "u";
	struct device *d = device_start(&o);
	struct packet  connect = sent(PACKET_CONNECT);
	expect_data(&connect, "m", "r0");
	ck_assert_mem_eq(connect.connect.user_name.p, "u", 1); /* a method of one's own leaves it where it is */
	expect_steps("FIRST");
	peer_says(ASKS);
	expect_bytes(ANSWER);
	peer_says("F0 06 18 04 " METHOD);
	expect_bytes("F0 0B 18 09 " METHOD "16 0002 'r2'");
	expect_steps("CONTINUE(?) CONTINUE");
	expect_events(d, "");
	peer_says(ACCEPTS);
	expect_steps("SUCCESS(!)");
	expect_bytes(ONLINE5("0001"));
	peer_says(PUBACK("0001"));
	expect_events(d, "UP ONLINE");
	stage_end();
}
END_TEST

START_TEST(without_a_reply_there_is_no_authentication_data)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	play.silent = true;
	device_start(&o);
	struct packet connect = sent(PACKET_CONNECT);
	expect_data(&connect, "m", NULL);
	peer_says(ASKS);
	expect_bytes("F0 06 18 04 " METHOD);
	stage_end();
}
END_TEST

START_TEST(every_attempt_begins_with_the_first_step)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	for (int i = 0; i < 3; i++) {
		struct packet connect = sent(PACKET_CONNECT);
		expect_data(&connect, "m", "r0");
		peer_says(ASKS);
		expect_bytes(ANSWER);
		expect_steps("FIRST CONTINUE(?)");
		size_t lines = line_count();
		peer_closes();
		expect_events(d, "RETRY:ELOST");
		while (line_count() == lines)
			stage_pass(100);
	}
	stage_end();
}
END_TEST

START_TEST(the_connect_timeout_covers_the_whole_exchange)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	o.connect_timeout_ms = 7000;
	struct device *d = device_start(&o);
	for (int i = 0; i < 3; i++) {
		peer_says(ASKS);
		stage_pass(2000);
		expect_events(d, "");
	}
	peer_says(ASKS);
	stage_pass(999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "RETRY:ETIMEOUT");
	stage_end();
}
END_TEST

/* What a step's failure does, by the phase in which it fails. */
START_TEST(a_step_that_fails_ends_the_attempt)
{
	for (uint32_t phase = MQTTWILL_AUTH_FIRST; phase <= MQTTWILL_AUTH_SUCCESS; phase++) {
		struct mqttwill_options o = method_options();
		stage_begin(_i);
		play.fail_in = phase;
		struct device *d = device_start(&o);
		if (phase == MQTTWILL_AUTH_FIRST) {
			expect_bytes(""); /* no CONNECT */
		} else {
			sent(PACKET_CONNECT);
			peer_says(phase == MQTTWILL_AUTH_CONTINUE ? ASKS ACCEPTS : ASKS ACCEPTS TELL5_QOS0("x"));
			if (phase == MQTTWILL_AUTH_SUCCESS)
				sent(PACKET_AUTH);
			expect_bytes("E0 01 80"); /* no birth; the broker shall not take it for a goodbye */
		}
		expect_events(d, "RETRY:EAUTH");
		ck_assert(d->last.permanent);
		expect_text(d, "auth: m: the function that makes it failed");
		expect_closed();
		stage_end();
	}
}
END_TEST

START_TEST(a_reply_that_cannot_be_sent_ends_the_attempt)
{
	for (int i = 0; i < 2; i++) {
		struct mqttwill_options o = method_options();
		stage_begin(_i);
		play.reply_len = i ? 1 : FIELD_MAX + 1;
		play.silent = i;
		struct device *d = device_start(&o);
		expect_bytes("");
		expect_events(d, "RETRY:EAUTH");
		expect_text(d, "auth: m: the reply");
		stage_end();
	}
}
END_TEST

static const struct {
	const char *says, *event;
	uint8_t     reason;
} refusals[] = {
	{"20 03 00 8C 00", "RETRY:EAUTH", 0x8C},
	{"20 03 00 86 00", "RETRY:EAUTH", 0x86},
	{"20 08 00 87 05 1F 0002 'no'", "RETRY:EAUTH", 0x87},
	{ASKS "20 03 00 87 00", "RETRY:EAUTH", 0x87},
	{"20 03 00 00 00", "RETRY:EPROTOCOL", 0}, /* without the method */
	{"F0 06 18 04 15 0001 'x'", "RETRY:EPROTOCOL", 0},
	{"F0 06 00 04 " METHOD, "RETRY:EPROTOCOL", 0},
};

START_TEST(a_broker_that_refuses_or_breaks_the_rules_is_told_of)
{
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		struct mqttwill_options o = method_options();
		stage_begin(_i);
		struct device *d = device_start(&o);
		peer_says(refusals[i].says);
		expect_events(d, refusals[i].event);
		ck_assert_uint_eq(d->last.reason_code, refusals[i].reason);
		expect_closed();
		stage_end();
	}
}
END_TEST

START_TEST(a_foreign_session_is_ended_only_by_who_has_proved_itself)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	sent(PACKET_CONNECT);
	peer_says("20 0B 01 00 08 " METHOD "16 0001 '!' ");
	expect_steps("FIRST SUCCESS(!)");
	expect_bytes("E0 07 00 05 11 00000000");
	peer_closes();
	expect_events(d, "");
	struct packet connect = sent(PACKET_CONNECT);
	ck_assert(connect.connect.clean_start);
	expect_data(&connect, "m", "r0");
	expect_steps("FIRST");
	stage_end();
}
END_TEST

/* ---- Options ---- */

static void expect_refusal(const struct mqttwill_options *o, int error, const char *part)
{
	struct mqttwill_options given = *o;
	mqttwill               *c;
	given.url = "mqtt://broker.test";
	ck_assert_int_eq(mqttwill_new(&c, &given), error);
	ck_assert_ptr_null(c);
	const char *text = mqttwill_errmsg(NULL, error);
	ck_assert_msg(strstr(text, part), "\"%s\" does not say \"%s\"", text, part);
}

START_TEST(options_that_cannot_be_are_refused)
{
	struct mqttwill_options o = method_options();
	o.version = MQTTWILL_V311;
	expect_refusal(&o, MQTTWILL_EOPTION, "option auth_method: only MQTT 5");
	o.version = MQTTWILL_V31;
	expect_refusal(&o, MQTTWILL_EOPTION, "option auth_method: only MQTT 5");
	o = method_options();
	o.auth_fn = NULL;
	expect_refusal(&o, MQTTWILL_EOPTION, "option auth_fn: method m needs one");
	o.auth_method = NULL;
	o.auth_fn = method_step;
	expect_refusal(&o, MQTTWILL_EOPTION, "option auth_method");
	o.auth_method = "";
	expect_refusal(&o, MQTTWILL_EOPTION, "option auth_method");
	o.auth_method = "\xFF";
	expect_refusal(&o, MQTTWILL_EOPTION, "option auth_method: it ");
}
END_TEST

Suite *auth_suite(void)
{
	Suite *s = suite_create("auth");
	TCase *t = tcase_create("auth");
	SCENE(t, the_exchange_goes_round_by_round_and_the_birth_waits_for_its_end);
	SCENE(t, without_a_reply_there_is_no_authentication_data);
	SCENE(t, every_attempt_begins_with_the_first_step);
	SCENE(t, the_connect_timeout_covers_the_whole_exchange);
	SCENE(t, a_step_that_fails_ends_the_attempt);
	SCENE(t, a_reply_that_cannot_be_sent_ends_the_attempt);
	SCENE(t, a_broker_that_refuses_or_breaks_the_rules_is_told_of);
	SCENE(t, a_foreign_session_is_ended_only_by_who_has_proved_itself);
	tcase_add_test(t, options_that_cannot_be_are_refused);
	suite_add_tcase(s, t);
	return s;
}
