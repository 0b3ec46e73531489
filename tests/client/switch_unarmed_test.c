/* SPDX-License-Identifier: MIT */
/*
 * A new will while connected, by leaving and coming back; what the call itself says; and closing in the middle.
 */
#include "client/switch.h"

/* ---- With a moment without a will ---- */

START_TEST(where_no_take_over_can_do_it_a_flag_must_allow_the_unarmed_moment)
{
	static const struct {
		uint32_t    version, expiry, delay, rejoin;
		const char *text;
	} rows[] = {
		{MQTTWILL_V311, 0, 0, MQTTWILL_REJOIN_ALWAYS, "before MQTT 5"},
		{MQTTWILL_V5, 0, 5, 0, "the session expiry interval in force is 0"},
		{MQTTWILL_V5, 60, 0, 0, "has no delay"},
		{MQTTWILL_V5, 60, 5, MQTTWILL_REJOIN_CLEAN, "rejoin is MQTTWILL_REJOIN_CLEAN"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct mqttwill_presence p = {.topic = "lamp/status", .delay_s = rows[i].delay};
		struct mqttwill_options  o = lamp_options();
		struct mqttwill_will     w = new_will;
		w.delay_s = 0;
		o.presence = &p;
		o.version = rows[i].version;
		o.session_expiry_s = rows[i].expiry;
		o.rejoin = rows[i].rejoin;
		stage_begin(_i);
		struct device *d = lamp_online(&o);
		ck_assert_int_eq(mqttwill_update_will(d->c, &w, 0), MQTTWILL_ESTATE);
		ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_ESTATE), rows[i].text));
		ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_ESTATE), "MQTTWILL_ALLOW_UNARMED"));
		expect_bytes_on(0, "");
		expect_events(d, "");
		update(d, &w, MQTTWILL_ALLOW_UNARMED, MQTTWILL_PENDING);
		expect_bytes_on(0, GOODBYE);
		stage_end();
	}
}
END_TEST

static char unarmed_text[200];

static void keep_will_text(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (ev->type == MQTTWILL_WILL)
		snprintf(unarmed_text, sizeof unarmed_text, "%s", ev->text);
}

START_TEST(with_the_flag_it_leaves_without_a_goodbye_and_comes_back_at_once)
{
	struct mqttwill_options o = lamp_options();
	struct mqttwill_will    w = new_will;
	w.delay_s = 0;
	o.version = MQTTWILL_V311;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	d->on_event = keep_will_text;
	update(d, &w, MQTTWILL_ALLOW_UNARMED, MQTTWILL_PENDING);
	expect_bytes_on(0, GOODBYE);
	ck_assert(line_at(0)->finished);
	peer_closes();
	expect_bytes_on(1, "10 23 0004 'MQTT' 04 2E 003C 0004 'lamp' 000B 'lamp/status' 0004 'gone'");
	expect_events(d, "");
	stage_pass(250);
	peer_says_on(1, CONNACK3);
	expect_bytes_on(1, ONLINE3("0002"));
	peer_says_on(1, PUBACK("0002"));
	expect_events(d, "WILL UP ONLINE");
	ck_assert_str_eq(unarmed_text, "will: the new will is in force; for 250 ms there was none");
	stage_end();
}
END_TEST

START_TEST(a_session_that_ends_there_is_first_rid_of_what_is_halfway)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_publish(d, "t", "a", 2);
	expect_bytes_on(0, TELL5_QOS2("0002", "a"));
	peer_says_on(0, TELL5_QOS2("0007", "x"));
	expect_bytes_on(0, PUBREC("0007"));
	update(d, NULL, MQTTWILL_ALLOW_UNARMED, MQTTWILL_PENDING);
	device_publish(d, "t", "b", 0);
	expect_bytes_on(0, "");
	peer_says_on(0, PUBREC("0002"));
	expect_bytes_on(0, PUBREL("0002"));
	peer_says_on(0, PUBCOMP("0002"));
	expect_bytes_on(0, "");
	peer_says_on(0, PUBREL("0007"));
	expect_bytes_on(0, PUBCOMP("0007") GOODBYE);
	peer_closes();
	expect_bytes_on(1, CONNECT5);
	peer_says_on(1, CONNACK5);
	expect_bytes_on(1, ONLINE5("0003") TELL5_QOS0("b"));
	expect_events(d, "MESSAGE(t=x) DONE(2) WILL UP");
	stage_end();
}
END_TEST

START_TEST(what_stays_halfway_does_not_hold_it_up_for_ever)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_publish(d, "t", "a", 1);
	expect_bytes_on(0, TELL5("0002", "a"));
	update(d, NULL, MQTTWILL_ALLOW_UNARMED, MQTTWILL_PENDING);
	stage_pass(4999);
	expect_bytes_on(0, "");
	stage_pass(1);
	expect_bytes_on(0, GOODBYE);
	stage_end();
}
END_TEST

START_TEST(a_reconnect_that_fails_is_told_and_the_will_event_comes_when_it_is_armed)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	update(d, NULL, MQTTWILL_ALLOW_UNARMED, MQTTWILL_PENDING);
	stage.next_open = LINE_REFUSES;
	peer_closes();
	expect_events(d, "DOWN:ECONNECT");
	lamp_comes_back();
	expect_events(d, "RETRY:ECONNECT");
	stage.next_open = LINE_OPENS;
	lamp_comes_back();
	peer_says(CONNACK5);
	ck_assert_uint_ge(device_count(d, "RETRY"), 0);
	ck_assert_uint_eq(device_count(d, "WILL UP"), 1);
	stage_end();
}
END_TEST

START_TEST(a_disconnect_that_does_not_get_through_is_a_loss)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	line_at(0)->budget = 0;
	update(d, NULL, MQTTWILL_ALLOW_UNARMED, MQTTWILL_PENDING);
	line_at(0)->broken = true;
	expect_events(d, "DOWN:ELOST");
	lamp_comes_back();
	d->on_event = keep_will_text;
	peer_says(CONNACK5);
	expect_events(d, "WILL UP");
	ck_assert_str_eq(unarmed_text, "will: the new will is in force"); /* whether there was a moment without is not known */
	stage_end();
}
END_TEST

START_TEST(a_close_in_the_unarmed_moment_awaits_no_will)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	update(d, NULL, MQTTWILL_ALLOW_UNARMED, MQTTWILL_PENDING);
	stage.next_open = LINE_REFUSES;
	peer_closes();
	device_close(d, MQTTWILL_GOODBYE_SILENT);
	expect_events(d, "DOWN:ECONNECT CLOSED(already)");
	d->was_closed = false;
	stage.next_open = LINE_OPENS;
	ck_assert_int_eq(mqttwill_start(d->c), 0); /* of the next life the last one's update is no part */
	stage_settle();
	peer_says(CONNACK5);
	expect_events(d, "UP");
	stage_end();
}
END_TEST

START_TEST(an_update_while_a_foreign_session_is_ended_is_in_the_next_connect)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5_PRESENT);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	peer_closes();
	peer_says_on(1, CONNACK5);
	expect_events(d, "WILL UP");
	ck_assert_uint_eq(line_count(), 2);
	stage_end();
}
END_TEST

START_TEST(a_will_refused_on_the_way_back_gives_way_to_the_former_one)
{
	struct mqttwill_options o = lamp_options();
	struct mqttwill_will    w = new_will;
	w.delay_s = 0;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	update(d, &w, MQTTWILL_ALLOW_UNARMED, MQTTWILL_PENDING);
	peer_closes();
	forget(d);
	peer_says("20 03 00 87 00");
	ck_assert(!d->last.permanent);
	expect_events(d, "DOWN:EAUTH WILL:EAUTH");
	lamp_comes_back();
	stage_line()->up_read = 0;
	expect_bytes(CONNECT5);
	stage_end();
}
END_TEST

/* ---- The call ---- */

START_TEST(without_a_connection_the_next_connect_carries_it)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	struct device *d = device_new(&o);
	ck_assert_int_eq(mqttwill_update_will(d->c, &new_will, 0), 0);
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	expect_bytes(CONNECT_NEW);
	peer_says(CONNACK5);
	expect_events(d, "UP");
	stage_end();
}
END_TEST

START_TEST(while_connack_is_awaited_it_begins_afterwards)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes(CONNECT_OLD);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	expect_bytes("");
	peer_says(CONNACK5);
	expect_events(d, "UP");
	peer_says_on(0, PINGRESP);
	expect_bytes_on(1, CONNECT_NEW);
	stage_end();
}
END_TEST

START_TEST(a_bad_will_is_refused_and_nothing_changes)
{
	struct device       *d = online(_i);
	struct mqttwill_will bad = {.topic = "lamp/#", .text = "x"};
	ck_assert_int_eq(mqttwill_update_will(d->c, &bad, 0), MQTTWILL_EWILL);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_EWILL), "topic"));
	ck_assert_int_eq(mqttwill_update_will(d->c, &new_will, 2), MQTTWILL_EINVAL);
	expect_bytes("");
	ck_assert_uint_eq(line_count(), 1);
	line_at(0)->broken = true;
	lamp_comes_back();
	stage_line()->up_read = 0;
	expect_bytes(CONNECT_OLD);
	stage_end();
}
END_TEST

START_TEST(a_second_update_during_one_is_refused_and_the_first_goes_on)
{
	struct device              *d = greeting(_i);
	const struct mqttwill_will  third = {.topic = "lamp/status", .text = "third", .delay_s = 5};
	ck_assert_int_eq(mqttwill_update_will(d->c, &third, 0), MQTTWILL_ESTATE);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_ESTATE), "another one is under way"));
	peer_says_on(1, CONNACK5_PRESENT);
	expect_events(d, "WILL UP(resumed)");
	line_at(1)->broken = true;
	lamp_comes_back();
	stage_line()->up_read = 0;
	expect_bytes(CONNECT_NEW);
	stage_end();
}
END_TEST

static void update_once_more(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type != MQTTWILL_WILL)
		return;
	d->on_event = NULL;
	if (mqttwill_update_will(d->c, NULL, 0) != MQTTWILL_PENDING)
		ck_abort_msg("the next update must be possible from the event about the last one");
}

START_TEST(the_next_update_may_begin_in_the_event_about_the_last)
{
	struct device *d = greeting(_i);
	d->on_event = update_once_more;
	peer_says_on(1, CONNACK5_PRESENT);
	expect_bytes_on(1, ONLINE5("0002") PINGREQ);
	peer_says_on(1, PINGRESP);
	expect_bytes_on(2, CONNECT_OLD);
	peer_says_on(2, CONNACK5_PRESENT);
	expect_events(d, "WILL UP(resumed) WILL UP(resumed)");
	stage_end();
}
END_TEST

/* ---- Closing in the middle ---- */

START_TEST(a_close_before_connect_is_out_ends_the_take_over)
{
	struct device *d = online(_i);
	stage.next_open = LINE_HANGS;
	update(d, &new_will, 0, MQTTWILL_PENDING);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	ck_assert(line_at(1)->closed);
	expect_bytes_on(0, OFFLINE5("0002"));
	peer_says_on(0, PUBACK("0002"));
	expect_bytes_on(0, GOODBYE);
	line_at(0)->peer_closed = true;
	expect_events(d, "CLOSED(clean)");
	stage_end();
}
END_TEST

START_TEST(a_close_waits_for_the_answer_to_a_connect_that_is_out)
{
	struct device *d = greeting(_i);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes_on(0, "");
	peer_says_on(1, CONNACK5_PRESENT);
	expect_bytes_on(1, ONLINE5("0002") OFFLINE5("0003"));
	peer_says_on(1, PUBACK("0002") PUBACK("0003"));
	expect_bytes_on(1, GOODBYE);
	peer_closes();
	expect_events(d, "WILL UP(resumed) ONLINE CLOSED(clean)");
	stage_end();
}
END_TEST

START_TEST(a_close_does_not_wait_for_ever_for_that_answer)
{
	struct device *d = greeting(_i);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	stage_pass(2500);
	ck_assert(line_at(1)->closed);
	expect_bytes_on(0, OFFLINE5("0002"));
	peer_says_on(0, PUBACK("0002"));
	line_at(0)->peer_closed = true;
	expect_events(d, "CLOSED(clean)");
	stage_end();
}
END_TEST

START_TEST(a_client_freed_in_the_middle_closes_both)
{
	struct device *d = greeting(_i);
	device_free(d);
	ck_assert(line_at(0)->closed && line_at(1)->closed);
	stage_end();
}
END_TEST

static void free_it(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_WILL || ev->type == MQTTWILL_MESSAGE)
		mqttwill_free(d->c);
}

START_TEST(a_client_freed_by_a_callback_of_the_take_over_closes_both)
{
	for (int late = 0; late < 2; late++) {
		struct device *d = greeting(_i);
		d->on_event = free_it;
		struct bytes last = bytes_hex(late ? "" : TELL5_QOS0("x"));
		line_say(line_at(0), last.p, last.n);
		bytes_free(&last);
		peer_says_on(1, CONNACK5_PRESENT);
		ck_assert_ptr_null(d->c);
		ck_assert(line_at(0)->closed && line_at(1)->closed);
		stage_end();
	}
}
END_TEST

static void add_tests(TCase *t)
{
	SCENE(t, where_no_take_over_can_do_it_a_flag_must_allow_the_unarmed_moment);
	SCENE(t, with_the_flag_it_leaves_without_a_goodbye_and_comes_back_at_once);
	SCENE(t, a_session_that_ends_there_is_first_rid_of_what_is_halfway);
	SCENE(t, what_stays_halfway_does_not_hold_it_up_for_ever);
	SCENE(t, a_reconnect_that_fails_is_told_and_the_will_event_comes_when_it_is_armed);
	SCENE(t, a_disconnect_that_does_not_get_through_is_a_loss);
	SCENE(t, a_close_in_the_unarmed_moment_awaits_no_will);
	SCENE(t, an_update_while_a_foreign_session_is_ended_is_in_the_next_connect);
	SCENE(t, a_will_refused_on_the_way_back_gives_way_to_the_former_one);
	SCENE(t, without_a_connection_the_next_connect_carries_it);
	SCENE(t, while_connack_is_awaited_it_begins_afterwards);
	SCENE(t, a_bad_will_is_refused_and_nothing_changes);
	SCENE(t, a_second_update_during_one_is_refused_and_the_first_goes_on);
	SCENE(t, the_next_update_may_begin_in_the_event_about_the_last);
	SCENE(t, a_close_before_connect_is_out_ends_the_take_over);
	SCENE(t, a_close_waits_for_the_answer_to_a_connect_that_is_out);
	SCENE(t, a_close_does_not_wait_for_ever_for_that_answer);
	SCENE(t, a_client_freed_in_the_middle_closes_both);
	SCENE(t, a_client_freed_by_a_callback_of_the_take_over_closes_both);
}

Suite *unarmed_suite(void)
{
	Suite *s = suite_create("a new will without a take-over");
	TCase *t = tcase_create("a new will without a take-over");
	add_tests(t);
	suite_add_tcase(s, t);
	return s;
}
