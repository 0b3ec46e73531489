/* SPDX-License-Identifier: MIT */
/*
 * The back-off, and what survives a loss. A loss is a RETRY before CONNACK and a DOWN behind it; the first attempt is one
 * like all others.
 */
#include "client/scenes.h"
#include "client/suites.h"

/* The wait that the last event announced lies between half of `ms` and `ms`, as chance wills. */
static void expect_wait(const struct device *d, uint32_t ms)
{
	if (stage.chance == CHANCE_LOWEST)
		ck_assert_uint_eq(d->last.retry_in_ms, ms / 2);
	else if (stage.chance == CHANCE_HIGHEST)
		ck_assert_uint_eq(d->last.retry_in_ms, ms);
	else
		ck_assert(d->last.retry_in_ms >= ms / 2 && d->last.retry_in_ms <= ms);
}

/* The next attempt begins when it was announced, and not earlier. */
static void wait_for_it(const struct device *d)
{
	size_t lines = line_count();
	stage_pass(d->last.retry_in_ms - 1);
	ck_assert_uint_eq(line_count(), lines);
	stage_pass(1);
	ck_assert_uint_eq(line_count(), lines + 1);
}

static void fail_and_look(struct device *d, const struct mqttwill_event *ev)
{
	const struct mqttwill_message illegal = {.topic = "#", .text = "x"};
	ck_assert_int_lt(mqttwill_publish(d->c, &illegal), 0);
	if (ev->type == MQTTWILL_DOWN)
		ck_assert_ptr_nonnull(strstr(ev->text, "0x8e"));
}

START_TEST(a_loss_keeps_its_sentence_whatever_callbacks_fail_at)
{
	const struct mqttwill_message told = {.topic = "t", .text = "a", .want_done = true};
	struct mqttwill_options       o = bare_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	forget(d);
	d->on_event = fail_and_look;
	device_token(d, mqttwill_publish(d->c, &told), true);
	peer_says("E0 02 8E 00");
	d->on_event = NULL;
	expect_text(d, "0x8e");
	stage_end();
}
END_TEST

static const uint32_t doubled[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

START_TEST(each_failure_doubles_the_wait_up_to_the_ceiling)
{
	for (int chance = CHANCE_DICE; chance <= CHANCE_HIGHEST; chance++) {
		struct mqttwill_options o = lamp_options();
		stage_begin(_i);
		stage.chance = chance;
		stage.next_open = LINE_REFUSES;
		struct device *d = device_start(&o);
		for (size_t i = 0; i < sizeof doubled / sizeof doubled[0]; i++) {
			expect_events(d, "RETRY:ECONNECT");
			ck_assert(!d->last.permanent);
			expect_wait(d, doubled[i]);
			wait_for_it(d);
		}
		stage_end();
	}
}
END_TEST

START_TEST(connack_alone_does_not_reset_the_wait)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	stage.chance = CHANCE_HIGHEST;
	struct device *d = device_start(&o);
	for (size_t i = 0; i < 4; i++) {
		peer_says(CONNACK5);
		stage_pass(29000);
		peer_closes();
		expect_events(d, "UP DOWN:ELOST");
		expect_wait(d, doubled[i]);
		wait_for_it(d);
	}
	peer_says(CONNACK5);
	stage_pass(30000);
	peer_closes();
	expect_events(d, "UP DOWN:ELOST");
	expect_wait(d, doubled[0]);
	stage_end();
}
END_TEST

START_TEST(who_was_taken_over_stays_away_longer)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	stage.chance = CHANCE_HIGHEST;
	struct device *d = lamp_online(&o);
	peer_says("E0 02 8E 00");
	expect_events(d, "DOWN:ETAKENOVER");
	ck_assert_uint_eq(d->last.reason_code, 0x8E);
	expect_wait(d, 60000);
	wait_for_it(d);
	stage_end();
}
END_TEST

static const struct {
	const char *connack;
	uint32_t    version;
	const char *event;
	bool        permanent;
} refusals[] = {
	{"20 03 00 86 00", MQTTWILL_V5, "RETRY:EAUTH", true},
	{"20 02 00 04", MQTTWILL_V311, "RETRY:EAUTH", true},
	{"20 02 00 05", MQTTWILL_V31, "RETRY:EAUTH", true},
	{"20 03 00 84 00", MQTTWILL_V5, "RETRY:EVERSION", true},
	{"20 02 00 01", MQTTWILL_V311, "RETRY:EVERSION", true},
	{"20 03 00 88 00", MQTTWILL_V5, "RETRY:EBUSY", false},
	{"20 02 00 03", MQTTWILL_V311, "RETRY:EBUSY", false},
	{"20 03 00 89 00", MQTTWILL_V5, "RETRY:EBUSY", false},
	{"20 03 00 9F 00", MQTTWILL_V5, "RETRY:EBUSY", false},
	{"20 03 00 8A 00", MQTTWILL_V5, "RETRY:EAUTH", true},
	{"20 03 00 9C 00", MQTTWILL_V5, "RETRY:EMOVED", true},
	{"20 03 00 80 00", MQTTWILL_V5, "RETRY:EREFUSED", true},
	{"20 03 00 90 00", MQTTWILL_V5, "RETRY:EWILLREFUSED", true},
	{"20 02 00 02", MQTTWILL_V311, "RETRY:EREFUSED", true},
};

START_TEST(a_refusal_that_will_not_mend_itself_is_retried_slowly)
{
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		struct mqttwill_options o = lamp_options();
		o.version = refusals[i].version;
		stage_begin(_i);
		stage.chance = CHANCE_HIGHEST;
		struct device *d = device_start(&o);
		peer_says(refusals[i].connack);
		expect_events(d, refusals[i].event);
		ck_assert_int_eq(d->last.permanent, refusals[i].permanent);
		expect_wait(d, refusals[i].permanent ? 60000 : 1000);
		expect_closed();
		wait_for_it(d);
		stage_end();
	}
}
END_TEST

/* What a refusal means for the will, in words. */
static const struct {
	const char *connack, *event, *says;
} about_wills[] = {
	{"20 03 00 87 00", "RETRY:EAUTH", "will's topic"},
	{"20 03 00 95 00", "RETRY:EWILLREFUSED", "shorten the will"},
	{"20 03 00 99 00", "RETRY:EWILLREFUSED", "will's payload"},
	{"20 03 00 9A 00", "RETRY:EWILLREFUSED", "may not be retained"},
	{"20 03 00 9B 00", "RETRY:EWILLREFUSED", "will's QoS"},
	{"20 03 00 90 00", "RETRY:EWILLREFUSED", "will's topic"},
	{"20 0A 00 9B 07 1F 0004 'nope'", "RETRY:EWILLREFUSED", "the broker says \"nope\""},
};

START_TEST(a_refusal_says_what_it_means_for_the_will)
{
	for (size_t i = 0; i < sizeof about_wills / sizeof about_wills[0]; i++) {
		struct mqttwill_options o = lamp_options();
		stage_begin(_i);
		struct device *d = device_start(&o);
		peer_says(about_wills[i].connack);
		expect_events(d, about_wills[i].event);
		expect_text(d, about_wills[i].says);
		stage_end();
	}
}
END_TEST

START_TEST(without_a_will_a_refusal_does_not_speak_of_one)
{
	for (size_t i = 0; i < sizeof about_wills / sizeof about_wills[0]; i++) {
		struct mqttwill_options o = bare_options();
		stage_begin(_i);
		struct device *d = device_start(&o);
		peer_says(about_wills[i].connack);
		expect_events(d, i == 0 ? "RETRY:EAUTH" : "RETRY:EREFUSED");
		ck_assert_ptr_null(strstr(d->text, "will"));
		stage_end();
	}
}
END_TEST

/* ---- Subscriptions ---- */

START_TEST(subscriptions_are_made_again_where_the_session_is_gone)
{
	struct mqttwill_options o = bare_options();
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_subscribe(d, "a", 1);
	device_subscribe(d, "b", 2);
	expect_bytes("82 07 0001 00 0001 'a' 01"
	             "82 07 0002 00 0001 'b' 02");
	peer_says("90 04 0001 00 01"
	          "90 04 0002 00 80");
	expect_events(d, "DONE(1) DONE(2):EDENIED");
	peer_resets();
	lamp_comes_back();
	device_publish(d, "t", "x", 0);
	peer_says(CONNACK5);
	expect_bytes("82 07 0003 00 0001 'a' 01" TELL5_QOS0("x"));
	peer_says("90 04 0003 00 01");
	peer_resets();
	lamp_comes_back();
	peer_says(CONNACK5_PRESENT);
	expect_bytes("");
	stage_end();
}
END_TEST

/* The broker had lost the session and begun a new one, but its CONNACK was lost: Session Present is no longer the whole truth. */
START_TEST(after_a_lost_connack_subscriptions_are_made_again_though_the_session_is_present)
{
	struct mqttwill_options o = bare_options();
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_subscribe(d, "a", 1);
	peer_says("90 04 0001 00 01");
	peer_resets();
	lamp_comes_back();
	peer_says("20 03 00");
	peer_resets();
	lamp_comes_back();
	peer_says(CONNACK5_PRESENT);
	expect_bytes("82 07 0002 00 0001 'a' 01");
	expect_events(d, "DONE(1) DOWN:ELOST RETRY:ELOST UP(resumed)");
	stage_end();
}
END_TEST

START_TEST(what_was_unsubscribed_is_not_made_again)
{
	const char *const       filters[] = {"a"};
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_subscribe(d, "a", 1);
	peer_says("90 04 0001 00 01");
	device_token(d, mqttwill_unsubscribe(d->c, filters, 1), true);
	forget(d);
	peer_says("B0 04 0002 00 00");
	expect_events(d, "DONE(2)");
	peer_resets();
	lamp_comes_back();
	peer_says(CONNACK5);
	expect_bytes("");
	stage_end();
}
END_TEST

START_TEST(a_request_that_was_not_answered_is_made_again)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_subscribe(d, "a", 1);
	expect_bytes("82 07 0001 00 0001 'a' 01");
	peer_resets();
	lamp_comes_back();
	peer_says(CONNACK5);
	expect_bytes("82 07 0002 00 0001 'a' 01");
	peer_says("90 04 0002 00 01");
	expect_events(d, "DOWN:ELOST UP DONE(1)");
	stage_end();
}
END_TEST

/* A broker that hangs up over a subscription must not be asked for it twice as often each time. */
START_TEST(a_renewal_that_is_not_answered_does_not_multiply)
{
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_subscribe(d, "a", 1);
	peer_says("90 04 0001 00 01");
	for (int i = 0; i < 5; i++) {
		size_t before = stage_line()->up_len;
		peer_resets();
		lamp_comes_back();
		before = stage_line()->up_len;
		peer_says(CONNACK5);
		ck_assert_uint_eq(stage_line()->up_len - before, 9);
	}
	forget(d);
	device_close(d, MQTTWILL_GOODBYE_SILENT);
	stage_pass(6000);
	expect_events(d, "CLOSED(clean)");
	stage_end();
}
END_TEST

/* ---- QoS 0 ---- */

START_TEST(at_qos_0_done_is_told_when_it_was_wished_for)
{
	struct mqttwill_message m = {.topic = "t", .text = "a", .want_done = true};
	struct mqttwill_options o = bare_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_publish(d, "t", "x", 0);
	device_token(d, mqttwill_publish(d->c, &m), true);
	expect_bytes(TELL5_QOS0("x") TELL5_QOS0("a"));
	expect_events(d, "DONE(2)");
	stage_line()->budget = 4;
	device_token(d, mqttwill_publish(d->c, &m), true);
	expect_events(d, "");
	peer_resets();
	expect_events(d, "DONE(3):ELOST DOWN:ELOST");
	stage_end();
}
END_TEST

/* Two devices with one client id: each take-over is a loss for the other, and they must not chase each other. */
START_TEST(two_devices_with_one_client_id_do_not_chase_each_other)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	stage_broker(NULL);
	device_start(&o);
	device_start(&o);
	stage_pass(300000);
	ck_assert_uint_le(line_count(), 14);
	stage_end();
}
END_TEST

static void add_losses(TCase *t)
{
	SCENE(t, a_loss_keeps_its_sentence_whatever_callbacks_fail_at);
	SCENE(t, subscriptions_are_made_again_where_the_session_is_gone);
	SCENE(t, after_a_lost_connack_subscriptions_are_made_again_though_the_session_is_present);
	SCENE(t, what_was_unsubscribed_is_not_made_again);
	SCENE(t, a_request_that_was_not_answered_is_made_again);
	SCENE(t, a_renewal_that_is_not_answered_does_not_multiply);
	SCENE(t, at_qos_0_done_is_told_when_it_was_wished_for);
	SCENE(t, two_devices_with_one_client_id_do_not_chase_each_other);
}

Suite *retry_suite(void)
{
	Suite *s = suite_create("retry");
	TCase *backoff = tcase_create("backoff"), *losses = tcase_create("losses");
	SCENE(backoff, each_failure_doubles_the_wait_up_to_the_ceiling);
	SCENE(backoff, connack_alone_does_not_reset_the_wait);
	SCENE(backoff, who_was_taken_over_stays_away_longer);
	SCENE(backoff, a_refusal_that_will_not_mend_itself_is_retried_slowly);
	SCENE(backoff, a_refusal_says_what_it_means_for_the_will);
	SCENE(backoff, without_a_will_a_refusal_does_not_speak_of_one);
	add_losses(losses);
	suite_add_tcase(s, backoff);
	suite_add_tcase(s, losses);
	return s;
}
