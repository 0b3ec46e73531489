/* SPDX-License-Identifier: MIT */
/*
 * Re-authentication: one token, one end, and the connection goes on or ends with it.
 */
#include <stdio.h>

#include "client/method.h"
#include "client/suites.h"

START_TEST(a_re_authentication_has_a_token_and_one_end)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	struct device *d = method_online(&o);
	int64_t        token = method_again(d);
	expect_steps("FIRST-again");
	expect_bytes(AGAIN);
	ck_assert_int_eq((int)mqttwill_reauthenticate(d->c), MQTTWILL_ESTATE);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_ESTATE), "running already"));
	device_publish(d, "t", "a", 0); /* messages go on */
	expect_bytes(TELL5_QOS0("a"));
	peer_says(ASKS);
	expect_bytes(ANSWER);
	expect_steps("CONTINUE-again(?)");
	expect_events(d, "");
	peer_says(ENDS_WELL);
	expect_steps("SUCCESS-again(!)");
	char done[32];
	snprintf(done, sizeof done, "DONE(%lld)", (long long)token);
	expect_events(d, done);
	method_again(d); /* and once more */
	expect_bytes(AGAIN);
	stage_end();
}
END_TEST

static void look_at_words(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (ev->type == MQTTWILL_DONE)
		snprintf(play.log, sizeof play.log, "%s", ev->reason_string ? ev->reason_string : "none");
}

static void look_at_text(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (ev->type == MQTTWILL_DONE)
		snprintf(play.log, sizeof play.log, "%s", ev->text);
}

START_TEST(the_end_quotes_the_broker)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	struct device *d = method_online(&o);
	method_again(d);
	d->on_event = look_at_words;
	peer_says("F0 0B 00 09 " METHOD "1F 0002 'hi'");
	expect_steps("hi");
	method_again(d);
	peer_says("E0 07 87 05 1F 0002 'no'");
	expect_steps("no");
	stage_end();
}
END_TEST

static const struct {
	const char *says; /* NULL: the line is closed */
	const char *events;
	uint8_t     reason;
} ends[] = {
	{"E0 01 87", "DONE(2):EAUTH DOWN:EAUTH", 0x87},
	{"E0 02 8C 00", "DONE(2):EAUTH DOWN:EAUTH", 0x8C},
	{"E0 01 8B", "DONE(2):ELOST DOWN:EKICKED", 0x8B},
	{NULL, "DONE(2):ELOST DOWN:ELOST", 0},
	{"F0 06 00 04 15 0001 'x'", "DONE(2):ELOST DOWN:EPROTOCOL", 0},
};

START_TEST(a_re_authentication_ends_with_its_connection)
{
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct mqttwill_options o = method_options();
		stage_begin(_i);
		struct device *d = method_online(&o);
		ck_assert_int_eq(method_again(d), 2);
		if (ends[i].says)
			peer_says(ends[i].says);
		else
			peer_closes();
		expect_events(d, ends[i].events);
		ck_assert_uint_eq(d->last.reason_code, ends[i].reason);
		ck_assert_int_eq((int)mqttwill_reauthenticate(d->c), MQTTWILL_ESTATE); /* not connected */
		lamp_comes_back(); /* and the next connection knows nothing of it */
		peer_says(ACCEPTS PUBACK("0002"));
		expect_events(d, "UP ONLINE");
		method_again(d);
		peer_says(ENDS_WELL);
		expect_events(d, "DONE(4)");
		stage_end();
	}
}
END_TEST

START_TEST(a_re_authentication_has_a_deadline)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	o.connect_timeout_ms = 5000;
	struct device *d = method_online(&o);
	method_again(d);
	expect_bytes(AGAIN);
	stage_pass(3000);
	peer_says(ASKS);
	expect_bytes(ANSWER);
	stage_pass(1999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "DONE(2):ETIMEOUT DOWN:ETIMEOUT");
	expect_text(d, "the broker did not end the re-authentication in time");
	expect_bytes("E0 01 80");
	stage_end();
}
END_TEST

START_TEST(a_broker_that_does_not_answer_it_is_not_waited_for)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	o.connect_timeout_ms = 5000;
	struct device *d = method_online(&o);
	method_again(d);
	stage_pass(4999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "DONE(2):ETIMEOUT DOWN:ETIMEOUT");
	stage_end();
}
END_TEST

START_TEST(the_end_says_how_the_connection_was_lost)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	struct device *d = method_online(&o);
	method_again(d);
	d->on_event = look_at_text;
	peer_closes();
	expect_steps("auth: the connection was lost during re-authentication: the broker closed the connection");
	ck_assert_str_eq(d->text, "the broker closed the connection"); /* DOWN's own */
	stage_end();
}
END_TEST

START_TEST(a_step_that_fails_in_between_ends_the_connection)
{
	for (uint32_t phase = MQTTWILL_AUTH_CONTINUE; phase <= MQTTWILL_AUTH_SUCCESS; phase++) {
		struct mqttwill_options o = method_options();
		stage_begin(_i);
		struct device *d = method_online(&o);
		method_again(d);
		expect_bytes(AGAIN);
		play.fail_in = phase;
		peer_says(phase == MQTTWILL_AUTH_CONTINUE ? ASKS : ENDS_WELL);
		expect_bytes("E0 01 80");
		expect_events(d, "DONE(2):EAUTH DOWN:EAUTH");
		ck_assert(d->last.permanent);
		stage_end();
	}
}
END_TEST

START_TEST(a_first_step_that_fails_leaves_the_connection_as_it_was)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	struct device *d = method_online(&o);
	play.fail_in = MQTTWILL_AUTH_FIRST;
	ck_assert_int_eq((int)mqttwill_reauthenticate(d->c), MQTTWILL_EAUTH);
	expect_bytes("");
	expect_events(d, "");
	play.fail_in = 0;
	ck_assert_int_eq(method_again(d), 2); /* no token was used */
	expect_bytes(AGAIN);
	stage_end();
}
END_TEST

START_TEST(a_client_that_closes_cancels_it)
{
	static const char *const events[] = {
		[MQTTWILL_GOODBYE_SILENT] = "DONE(2):ECANCELED CLOSED(clean)",
		[MQTTWILL_GOODBYE_ABORT] = "DONE(2):ECANCELED CLOSED(cut due 0)",
	};
	for (uint32_t how = MQTTWILL_GOODBYE_SILENT; how <= MQTTWILL_GOODBYE_ABORT; how++) {
		struct mqttwill_options o = method_options();
		stage_begin(_i);
		struct device *d = method_online(&o);
		method_again(d);
		device_close(d, how);
		ck_assert_int_eq((int)mqttwill_reauthenticate(d->c), MQTTWILL_ESTATE);
		if (how == MQTTWILL_GOODBYE_SILENT)
			peer_closes();
		expect_events(d, events[how]);
		stage_end();
	}
}
END_TEST

START_TEST(it_can_be_waited_for)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	struct device *d = method_online(&o);
	int64_t        token = method_again(d);
	int            error;
	ck_assert(client_pending(&d->c->client, token, &error));
	peer_says("E0 01 87");
	ck_assert(!client_pending(&d->c->client, token, &error));
	ck_assert_int_eq(error, MQTTWILL_EAUTH);
	stage_end();
}
END_TEST

START_TEST(it_needs_a_connection_and_a_method)
{
	struct mqttwill_options o = method_options(), plain = lamp_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	ck_assert_int_eq((int)mqttwill_reauthenticate(d->c), MQTTWILL_ESTATE);
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	stage_settle();
	ck_assert_int_eq((int)mqttwill_reauthenticate(d->c), MQTTWILL_ESTATE);
	peer_says(ASKS);
	ck_assert_int_eq((int)mqttwill_reauthenticate(d->c), MQTTWILL_ESTATE);
	struct device *other = lamp_online(&plain);
	ck_assert_int_eq((int)mqttwill_reauthenticate(other->c), MQTTWILL_ESTATE);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(other->c, MQTTWILL_ESTATE), "no auth_method"));
	expect_bytes("");
	ck_assert_int_eq((int)mqttwill_reauthenticate(NULL), MQTTWILL_EINVAL);
	stage_end();
}
END_TEST

static void begin_in_callback(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_ONLINE)
		method_again(d);
}

START_TEST(it_can_begin_in_a_callback)
{
	struct mqttwill_options o = method_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	d->on_event = begin_in_callback;
	peer_says(ACCEPTS);
	forget(d);
	peer_says(PUBACK("0001"));
	expect_bytes(AGAIN);
	peer_says(ENDS_WELL);
	expect_events(d, "ONLINE DONE(2)");
	stage_end();
}
END_TEST

static void free_at_done(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_DONE)
		mqttwill_free(d->c);
}

START_TEST(a_client_may_be_freed_when_it_ends)
{
	static const char *const says[] = {ENDS_WELL, "E0 01 87"};
	for (int i = 0; i < 2; i++) {
		struct mqttwill_options o = method_options();
		stage_begin(_i);
		struct device *d = method_online(&o);
		method_again(d);
		d->on_event = free_at_done;
		peer_says(says[i]);
		ck_assert_ptr_null(d->c);
		stage_end();
	}
}
END_TEST

Suite *reauth_suite(void)
{
	Suite *s = suite_create("reauth");
	TCase *t = tcase_create("reauth");
	SCENE(t, a_re_authentication_has_a_token_and_one_end);
	SCENE(t, the_end_quotes_the_broker);
	SCENE(t, a_re_authentication_ends_with_its_connection);
	SCENE(t, a_re_authentication_has_a_deadline);
	SCENE(t, a_broker_that_does_not_answer_it_is_not_waited_for);
	SCENE(t, the_end_says_how_the_connection_was_lost);
	SCENE(t, a_step_that_fails_in_between_ends_the_connection);
	SCENE(t, a_first_step_that_fails_leaves_the_connection_as_it_was);
	SCENE(t, a_client_that_closes_cancels_it);
	SCENE(t, it_can_be_waited_for);
	SCENE(t, it_needs_a_connection_and_a_method);
	SCENE(t, it_can_begin_in_a_callback);
	SCENE(t, a_client_may_be_freed_when_it_ends);
	suite_add_tcase(s, t);
	return s;
}
