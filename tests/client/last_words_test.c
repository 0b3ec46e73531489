/* SPDX-License-Identifier: MIT */
/*
 * A broker's last words: a DISCONNECT that stands unread when the connection breaks, because a write found the break first, or
 * because so much output waited that nothing was read. It says why, and what comes after it follows from that.
 */
#include "client/scenes.h"
#include "client/suites.h"
#include "session/session.h"
#include "support/bytes.h"

#define TAKEN_OVER "E0 02 8E 00 "

/* As the kernel leaves it: what came is there to be read, and a write fails. */
static void break_line(const char *unread)
{
	struct bytes b = bytes_hex(unread);
	line_say(stage_line(), b.p, b.n);
	bytes_free(&b);
	stage_line()->broken = true;
}

/* Answers that the broker does not take, until so many wait that the client reads no more. */
static void make_deaf(struct device *d)
{
	stage_line()->budget = 0;
	for (int i = 0; i < 100 && buf_len(&d->c->client.session->out) < SESSION_OUTPUT_HIGH; i++) {
		for (uint16_t id = 1; id <= 600; id++) {
			uint8_t pubrel[] = {0x62, 2, (uint8_t)(id >> 8), (uint8_t)id};
			line_say(stage_line(), pubrel, sizeof pubrel);
		}
		stage_settle();
	}
	ck_assert_uint_ge(buf_len(&d->c->client.session->out), SESSION_OUTPUT_HIGH);
	ck_assert_uint_le(buf_len(&d->c->client.session->out), SESSION_OUTPUT_HIGH + 32 * 1024);
}

/* The next attempt is not before half of the back-off after a take-over. */
static void expect_takeover_back_off(struct device *d, const struct mqttwill_options *o)
{
	expect_events(d, "DOWN:ETAKENOVER");
	expect_closed();
	ck_assert_uint_ge(d->last.retry_in_ms, o->takeover_backoff_ms / 2);
	ck_assert_uint_eq(d->last.reason_code, 0x8E);
}

static struct mqttwill_options patient_options(void)
{
	struct mqttwill_options o = bare_options();
	o.takeover_backoff_ms = 50000;
	o.backoff_min_ms = 10;
	return o;
}

START_TEST(a_write_that_fails_does_not_hide_why_the_broker_left)
{
	struct mqttwill_options o = patient_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	break_line(TAKEN_OVER);
	device_publish(d, "t", "a", 1);
	expect_takeover_back_off(d, &o);
	stage_end();
}
END_TEST

START_TEST(a_write_in_a_step_that_fails_does_not_hide_it_either)
{
	struct mqttwill_options o = patient_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	stage_line()->budget = 0;
	device_publish(d, "t", "a", 1);
	break_line(TAKEN_OVER);
	expect_takeover_back_off(d, &o);
	stage_end();
}
END_TEST

START_TEST(a_client_that_reads_no_more_hears_why_the_broker_closed)
{
	struct mqttwill_options o = patient_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	make_deaf(d);
	break_line(TAKEN_OVER);
	expect_takeover_back_off(d, &o);
	stage_end();
}
END_TEST

START_TEST(a_client_that_reads_no_more_hears_it_before_it_calls_the_broker_silent)
{
	struct mqttwill_options o = patient_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	make_deaf(d);
	struct bytes b = bytes_hex(TAKEN_OVER);
	line_say(stage_line(), b.p, b.n);
	bytes_free(&b);
	stage_pass(60000);
	expect_events(d, "");
	stage_pass(10000);
	expect_takeover_back_off(d, &o);
	stage_end();
}
END_TEST

START_TEST(a_broker_that_takes_nothing_and_says_nothing_is_silent)
{
	struct mqttwill_options o = patient_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	make_deaf(d);
	stage_pass(70000);
	expect_events(d, "DOWN:ESILENT");
	expect_text(d, "taken no byte");
	stage_end();
}
END_TEST

START_TEST(what_came_before_the_last_words_is_delivered)
{
	struct mqttwill_options o = patient_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	make_deaf(d);
	break_line("32 08 0001 'q' 0007 00 'ab' 30 04 0001 'r' 00 " TAKEN_OVER "30 04 0001 's' 00");
	expect_events(d, "MESSAGE(q=ab) MESSAGE(r=) DOWN:ETAKENOVER");
	stage_end();
}
END_TEST

/* What waits is neither sent nor lost when the connection breaks. */
START_TEST(a_message_that_waits_goes_to_the_next_connection)
{
	struct mqttwill_options o = patient_options();
	o.takeover_backoff_ms = 100;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	make_deaf(d);
	int64_t token = device_publish(d, "t", "a", 1);
	break_line(TAKEN_OVER);
	expect_events(d, "DOWN:ETAKENOVER");
	stage_pass(200);
	stage_line()->up_read = stage_line()->up_len;
	peer_says(CONNACK5);
	expect_bytes(TELL5("0001", "a"));
	peer_says(PUBACK("0001"));
	ck_assert_uint_eq(device_count(d, "DONE"), 1);
	ck_assert_int_eq(token, d->tokens[0]);
	stage_end();
}
END_TEST

Suite *last_words_suite(void)
{
	Suite *suite = suite_create("last words");
	TCase *t = tcase_create("last words");
	SCENE(t, a_write_that_fails_does_not_hide_why_the_broker_left);
	SCENE(t, a_write_in_a_step_that_fails_does_not_hide_it_either);
	SCENE(t, a_client_that_reads_no_more_hears_why_the_broker_closed);
	SCENE(t, a_client_that_reads_no_more_hears_it_before_it_calls_the_broker_silent);
	SCENE(t, a_broker_that_takes_nothing_and_says_nothing_is_silent);
	SCENE(t, what_came_before_the_last_words_is_delivered);
	SCENE(t, a_message_that_waits_goes_to_the_next_connection);
	suite_add_tcase(suite, t);
	return suite;
}
