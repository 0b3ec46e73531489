/* SPDX-License-Identifier: MIT */
/*
 * W3: DISCONNECT 0x00 leaves only behind an acknowledged goodbye; otherwise the client leaves so that the broker speaks. The
 * bytes of each goodbye in each version, and what CLOSED says of the way that was taken.
 */
#include "client/scenes.h"
#include "client/suites.h"

/* ---- By name and version ---- */

static const struct way {
	uint32_t    version, goodbye;
	const char *message, *ack, *farewell, *closed;
} ways[] = {
	{MQTTWILL_V5, MQTTWILL_GOODBYE_OFFLINE, OFFLINE5("0002"), PUBACK("0002"), GOODBYE, "CLOSED(clean)"},
	{MQTTWILL_V311, MQTTWILL_GOODBYE_OFFLINE, OFFLINE3("0002"), PUBACK("0002"), GOODBYE, "CLOSED(clean)"},
	{MQTTWILL_V31, MQTTWILL_GOODBYE_OFFLINE, OFFLINE3("0002"), PUBACK("0002"), GOODBYE, "CLOSED(clean)"},
	{MQTTWILL_V5, MQTTWILL_GOODBYE_WITH_WILL, "", "", GOODBYE_WITH_WILL, "CLOSED(with-will due 0)"},
	{MQTTWILL_V311, MQTTWILL_GOODBYE_WITH_WILL, "", "", "", "CLOSED(cut due 0)"},
	{MQTTWILL_V31, MQTTWILL_GOODBYE_WITH_WILL, "", "", "", "CLOSED(cut due 0)"},
	{MQTTWILL_V5, MQTTWILL_GOODBYE_SILENT, "", "", GOODBYE, "CLOSED(clean)"},
	{MQTTWILL_V311, MQTTWILL_GOODBYE_SILENT, "", "", GOODBYE, "CLOSED(clean)"},
	{MQTTWILL_V31, MQTTWILL_GOODBYE_SILENT, "", "", GOODBYE, "CLOSED(clean)"},
	{MQTTWILL_V5, MQTTWILL_GOODBYE_ABORT, "", "", "", "CLOSED(cut due 0)"},
	{MQTTWILL_V311, MQTTWILL_GOODBYE_ABORT, "", "", "", "CLOSED(cut due 0)"},
	{MQTTWILL_V31, MQTTWILL_GOODBYE_ABORT, "", "", "", "CLOSED(cut due 0)"},
};

static void leave(const struct way *w, int mode)
{
	struct mqttwill_options o = lamp_options();
	o.version = w->version;
	stage_begin(mode);
	struct device *d = lamp_online(&o);
	device_close(d, w->goodbye);
	if (*w->message) {
		expect_bytes(w->message);
		peer_says(w->ack);
	}
	expect_bytes(w->farewell);
	ck_assert_int_eq(stage_line()->reset, w->goodbye == MQTTWILL_GOODBYE_ABORT);
	ck_assert_int_eq(stage_line()->finished, *w->farewell != 0);
	if (*w->farewell)
		peer_closes();
	expect_closed();
	expect_events(d, w->closed);
	stage_end();
}

START_TEST(each_goodbye_has_its_bytes_in_each_version)
{
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		leave(&ways[i], _i);
}
END_TEST

/* ---- With a session expiry ---- */

static const struct {
	uint32_t    goodbye, expiry;
	const char *farewell, *closed;
} expiries[] = {
	{MQTTWILL_GOODBYE_SILENT, 0, "E0 07 00 05 11 00000000", "CLOSED(clean)"},
	{MQTTWILL_GOODBYE_SILENT, 9, "E0 07 00 05 11 00000009", "CLOSED(clean)"},
	{MQTTWILL_GOODBYE_WITH_WILL, 0, "E0 07 04 05 11 00000000", "CLOSED(with-will due 0)"},
	{MQTTWILL_GOODBYE_WITH_WILL, 3, "E0 07 04 05 11 00000003", "CLOSED(with-will due 3)"},
	{MQTTWILL_GOODBYE_WITH_WILL, 90, "E0 07 04 05 11 0000005A", "CLOSED(with-will due 5)"},
	{MQTTWILL_GOODBYE_ABORT, 3, "", "CLOSED(cut due 5)"}, /* nobody told the broker of 3 */
};

static const struct mqttwill_presence late_status = {.topic = "lamp/status", .delay_s = 5};

START_TEST(a_new_session_expiry_goes_with_the_disconnect)
{
	for (size_t i = 0; i < sizeof expiries / sizeof expiries[0]; i++) {
		const struct mqttwill_closing how = {expiries[i].goodbye, 0, MQTTWILL_HAS_SESSION_EXPIRY,
		                                     expiries[i].expiry};
		struct mqttwill_options       o = lamp_options();
		o.presence = &late_status;
		o.session_expiry_s = 60;
		stage_begin(_i);
		struct device *d = lamp_online(&o);
		ck_assert_int_eq(mqttwill_close(d->c, &how), 0);
		expect_bytes(expiries[i].farewell);
		if (*expiries[i].farewell)
			peer_closes();
		expect_events(d, expiries[i].closed);
		stage_end();
	}
}
END_TEST

START_TEST(the_goodbye_carries_a_session_expiry_too)
{
	const struct mqttwill_closing how = {.has = MQTTWILL_HAS_SESSION_EXPIRY};
	struct mqttwill_options       o = lamp_options();
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	ck_assert_int_eq(mqttwill_close(d->c, &how), 0);
	expect_bytes(OFFLINE5("0002"));
	peer_says(PUBACK("0002"));
	expect_bytes("E0 07 00 05 11 00000000");
	peer_closes();
	expect_events(d, "CLOSED(clean)");
	stage_end();
}
END_TEST

/* ---- What counts as acknowledged ---- */

START_TEST(at_qos_2_the_goodbye_is_acknowledged_by_pubcomp)
{
	const struct mqttwill_presence twice = {.topic = "lamp/status", .qos = 2};
	struct mqttwill_options        o = lamp_options();
	o.presence = &twice;
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says(CONNACK5 PUBREC("0001"));
	expect_events(d, "UP");
	peer_says(PUBCOMP("0001"));
	expect_events(d, "ONLINE");
	forget(d);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes("35 17 000B 'lamp/status' 0002 00 'offline'");
	peer_says(PUBREC("0002"));
	expect_bytes(PUBREL("0002"));
	peer_says(PUBCOMP("0002"));
	expect_bytes(GOODBYE);
	peer_closes();
	expect_events(d, "CLOSED(clean)");
	stage_end();
}
END_TEST

START_TEST(at_qos_0_a_pingresp_stands_for_the_acknowledgement)
{
	const struct mqttwill_presence bold = {.topic = "lamp/status", .qos = MQTTWILL_QOS0};
	struct mqttwill_options        o = lamp_options();
	o.presence = &bold;
	stage_begin(_i);
	struct device *d = device_start(&o);
	expect_bytes("10 33 0004 'MQTT' 05 24 003C 0B " LIMITS "0004 'lamp' 00 " LAMP_WILL);
	peer_says(CONNACK5);
	expect_bytes("31 14 000B 'lamp/status' 00 'online'" PINGREQ);
	expect_events(d, "UP");
	peer_says(PINGRESP);
	expect_events(d, "ONLINE");
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes("31 15 000B 'lamp/status' 00 'offline'" PINGREQ);
	peer_says(PINGRESP);
	expect_bytes(GOODBYE);
	peer_closes();
	expect_events(d, "CLOSED(clean)");
	stage_end();
}
END_TEST

START_TEST(at_qos_0_an_older_pingresp_does_not_count_for_the_goodbye)
{
	const struct mqttwill_presence bold = {.topic = "lamp/status", .qos = MQTTWILL_QOS0};
	struct mqttwill_options        o = lamp_options();
	o.presence = &bold;
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	forget(d);
	peer_says(PINGRESP); /* the birth's */
	expect_bytes("");
	peer_says(PINGRESP);
	expect_bytes(GOODBYE);
	stage_end();
}
END_TEST

START_TEST(the_births_acknowledgement_does_not_count_for_the_goodbye)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	forget(d);
	peer_says(CONNACK5);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes(ONLINE5("0001") OFFLINE5("0002"));
	peer_says(PUBACK("0001"));
	expect_bytes("");
	peer_says(PUBACK("0002"));
	expect_bytes(GOODBYE);
	stage_end();
}
END_TEST

/* An old birth is still under way when the client closes: nothing may say "online" behind the goodbye. */
START_TEST(nothing_is_stated_behind_the_goodbye)
{
	struct mqttwill_options o = lamp_options();
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says(CONNACK5);
	peer_resets();
	lamp_comes_back();
	peer_says(CONNACK5_PRESENT);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes(ONLINE5("0002") ONLINE5_DUP("0001") OFFLINE5("0003"));
	peer_says(PUBACK("0001") PUBACK("0002"));
	expect_bytes("");
	peer_says(PUBACK("0003"));
	expect_bytes(GOODBYE);
	stage_end();
}
END_TEST

START_TEST(before_there_is_a_connection_a_close_is_short)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	stage.next_open = LINE_HANGS;
	struct device *d = device_start(&o);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_closed();
	expect_events(d, "CLOSED(already)");
	stage_end();
}
END_TEST

START_TEST(a_broker_that_leaves_during_the_goodbye_is_reported)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	peer_says("E0 02 8B 00");
	expect_events(d, "CLOSED(cut due 0):EKICKED");
	expect_text(d, "0x8b");
	stage_end();
}
END_TEST

/* ---- When it goes wrong ---- */

START_TEST(a_goodbye_without_an_answer_ends_with_disconnect_0x04)
{
	struct mqttwill_options o = lamp_options();
	o.presence = &late_status;
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	forget(d);
	stage_pass(4700);
	expect_bytes("");
	stage_pass(300);
	expect_bytes(GOODBYE_WITH_WILL);
	peer_closes();
	expect_events(d, "CLOSED(with-will due 5):ETIMEOUT");
	stage_end();
}
END_TEST

START_TEST(on_3x_a_goodbye_without_an_answer_ends_without_disconnect)
{
	struct mqttwill_options o = lamp_options();
	o.version = MQTTWILL_V311;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	forget(d);
	stage_pass(5000);
	expect_bytes("");
	expect_closed();
	expect_events(d, "CLOSED(cut due 0):ETIMEOUT");
	stage_end();
}
END_TEST

START_TEST(where_nothing_can_be_written_the_client_leaves_without_disconnect)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	stage_line()->budget = 7;
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_bytes("33 17 000B 'lam'"); /* a part, and never the rest */
	stage_pass(5000);
	expect_bytes("");
	expect_closed();
	expect_events(d, "CLOSED(cut due 0):ETIMEOUT");
	stage_end();
}
END_TEST

START_TEST(a_disconnect_that_does_not_leave_whole_is_none)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	stage_line()->budget = 1;
	device_close(d, MQTTWILL_GOODBYE_SILENT);
	expect_bytes("E0");
	stage_pass(5000);
	expect_closed();
	expect_events(d, "CLOSED(cut due 0):ETIMEOUT");
	stage_end();
}
END_TEST

START_TEST(a_goodbye_that_the_broker_refuses_ends_with_disconnect_0x04)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	forget(d);
	peer_says(PUBACK_DENIED("0002"));
	expect_bytes(GOODBYE_WITH_WILL);
	peer_closes();
	expect_events(d, "CLOSED(with-will due 0):EDENIED");
	stage_end();
}
END_TEST

START_TEST(a_connection_lost_before_the_acknowledgement_is_reported)
{
	struct mqttwill_options o = lamp_options();
	o.presence = &late_status;
	o.session_expiry_s = 60;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	peer_resets();
	expect_events(d, "CLOSED(cut due 5):ELOST");
	stage_end();
}
END_TEST

START_TEST(between_connections_closed_counts_what_is_left_of_the_delay)
{
	struct mqttwill_options o = lamp_options();
	o.presence = &late_status;
	o.session_expiry_s = 60;
	o.backoff_min_ms = o.backoff_max_ms = 100000;
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	peer_resets();
	forget(d);
	stage_pass(2000);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_events(d, "CLOSED(already due 3):ELOST");
	stage_end();
}
END_TEST

START_TEST(a_client_that_never_had_a_connection_has_no_will_that_is_due)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = device_start(&o);
	peer_says("20 03 00 97 00");
	forget(d);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_events(d, "CLOSED(already)");
	stage_end();
}
END_TEST

START_TEST(an_attempt_without_connect_does_not_hide_the_will_that_is_pending)
{
	struct mqttwill_options o = lamp_options();
	o.presence = &late_status;
	o.session_expiry_s = 60;
	stage_begin(_i);
	stage.chance = CHANCE_HIGHEST;
	struct device *d = device_start(&o);
	peer_says("20 08 00 00 05 27 00000020"); /* the next CONNECT will be too long */
	peer_resets();
	stage_pass(1500);
	ck_assert_uint_eq(line_count(), 2);
	forget(d);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	expect_events(d, "CLOSED(already due 4):ELOST");
	stage_end();
}
END_TEST

START_TEST(closed_tells_its_own_reason)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	device_publish(d, "t", "a", 1);
	device_close(d, MQTTWILL_GOODBYE_OFFLINE);
	peer_says("E0 02 98 00");
	expect_events(d, "DONE(2):ECANCELED CLOSED(cut due 0 lost 1):EKICKED");
	expect_text(d, "0x98");
	ck_assert_uint_eq(d->last.reason_code, 0x98);
	stage.next_open = LINE_REFUSES;
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	expect_events(d, "RETRY:ECONNECT");
	ck_assert_uint_eq(d->last.reason_code, 0);
	stage_end();
}
END_TEST

START_TEST(a_close_beside_an_attempt_that_fails_cuts_nothing)
{
	struct mqttwill_options o = lamp_options();
	stage_begin(_i);
	stage.next_open = LINE_HANGS;
	struct device *d = device_start(&o);
	ck_assert_int_eq(mqttwill_close(d->c, NULL), 0);
	stage_line()->open = LINE_REFUSES;
	expect_events(d, "CLOSED(already)");
	stage_end();
}
END_TEST

START_TEST(a_close_can_be_hurried)
{
	const struct mqttwill_closing how = {.timeout_ms = 60000};
	struct mqttwill_options       o = lamp_options();
	stage_begin(_i);
	struct device *d = lamp_online(&o);
	ck_assert_int_eq(mqttwill_close(d->c, &how), 0);
	stage_settle();
	forget(d);
	client_hurry(&d->c->client, 300);
	stage_pass(300);
	expect_bytes(GOODBYE_WITH_WILL);
	peer_closes();
	expect_events(d, "CLOSED(with-will due 0):ETIMEOUT");
	stage_end();
}
END_TEST

Suite *goodbye_suite(void)
{
	Suite *s = suite_create("goodbye");
	TCase *t = tcase_create("W3");
	SCENE(t, each_goodbye_has_its_bytes_in_each_version);
	SCENE(t, a_new_session_expiry_goes_with_the_disconnect);
	SCENE(t, the_goodbye_carries_a_session_expiry_too);
	SCENE(t, at_qos_2_the_goodbye_is_acknowledged_by_pubcomp);
	SCENE(t, at_qos_0_a_pingresp_stands_for_the_acknowledgement);
	SCENE(t, at_qos_0_an_older_pingresp_does_not_count_for_the_goodbye);
	SCENE(t, the_births_acknowledgement_does_not_count_for_the_goodbye);
	SCENE(t, nothing_is_stated_behind_the_goodbye);
	SCENE(t, before_there_is_a_connection_a_close_is_short);
	SCENE(t, a_broker_that_leaves_during_the_goodbye_is_reported);
	SCENE(t, a_goodbye_without_an_answer_ends_with_disconnect_0x04);
	SCENE(t, on_3x_a_goodbye_without_an_answer_ends_without_disconnect);
	SCENE(t, where_nothing_can_be_written_the_client_leaves_without_disconnect);
	SCENE(t, a_disconnect_that_does_not_leave_whole_is_none);
	SCENE(t, a_goodbye_that_the_broker_refuses_ends_with_disconnect_0x04);
	SCENE(t, a_connection_lost_before_the_acknowledgement_is_reported);
	SCENE(t, between_connections_closed_counts_what_is_left_of_the_delay);
	SCENE(t, a_client_that_never_had_a_connection_has_no_will_that_is_due);
	SCENE(t, an_attempt_without_connect_does_not_hide_the_will_that_is_pending);
	SCENE(t, closed_tells_its_own_reason);
	SCENE(t, a_close_beside_an_attempt_that_fails_cuts_nothing);
	SCENE(t, a_close_can_be_hurried);
	suite_add_tcase(s, t);
	return s;
}
