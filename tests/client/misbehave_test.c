/* SPDX-License-Identifier: MIT */
/*
 * A client whose broker misbehaves and then comes to its senses: whatever was withheld, late or cut off, at whatever byte,
 * each message arrives as its QoS says and each token ends.
 */
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"

static struct device *begin(int mode, struct misbehaviour m)
{
	struct mqttwill_options     o = lamp_options();
	const struct broker_options b = {.misbehaviour = m};
	o.session_expiry_s = 600;
	o.keepalive_s = 60;
	stage_begin(mode);
	stage_broker(&b);
	return device_start(&o);
}

static void expect_delivered(struct device *d)
{
	ck_assert_uint_eq(device_count(d, "DONE"), 2);
	ck_assert_uint_ge(broker_saw_times("published t = one"), 1);
	ck_assert_uint_eq(broker_saw_times("published t = two"), 1);
	unsigned gone = broker_saw_times("will published") + broker_saw_times("will cancelled") +
	                broker_saw_times("will deleted");
	ck_assert_uint_eq(broker_saw_times("will stored"), gone + 1); /* it is online */
}

/* False: the connection did not end, because the client has fewer bytes to say. */
static bool breaks_at(int mode, uint32_t byte)
{
	struct device *d = begin(mode, (struct misbehaviour){.close_at = byte});
	device_publish(d, "t", "one", 1);
	device_publish(d, "t", "two", 2);
	stage_settle();
	bool broke = line_count() > 1 || stage_line()->closed;
	ck_assert(broker_misbehave(stage.broker, NULL));
	stage_pass(120000);
	expect_delivered(d);
	stage_end();
	return broke;
}

START_TEST(the_connection_may_end_at_every_byte_of_the_client)
{
	uint32_t byte = 1;
	while (breaks_at(_i, byte))
		byte++;
	ck_assert_uint_gt(byte, 100);
}
END_TEST

START_TEST(an_acknowledgement_that_never_comes_is_made_up_for_by_the_next_connection)
{
	static const char *const names[] = {"puback", "pubrec", "pubcomp"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct device *d = begin(_i, (struct misbehaviour){0});
		expect_events(d, "UP ONLINE");
		struct misbehaviour m = {.withhold = misbehave_bit(names[i], strlen(names[i]))};
		ck_assert(broker_misbehave(stage.broker, &m));
		device_publish(d, "t", "one", 1);
		device_publish(d, "t", "two", 2);
		stage_pass(600000); /* no PUBLISH is sent again on the same connection [MQTT-4.4.0-1] */
		expect_events(d, i == 0 ? "DONE(3)" : "DONE(2)");
		ck_assert_uint_eq(broker_saw_times("published t"), 2);
		ck_assert(broker_misbehave(stage.broker, NULL) &&
		          broker_kick(stage.broker, "lamp", 0x98, stage.now_ms));
		stage_pass(60000);
		ck_assert_uint_eq(device_count(d, "DONE"), 1);
		ck_assert_uint_eq(broker_saw_times("published t = two"), 1);
		stage_end();
	}
}
END_TEST

START_TEST(late_answers_are_waited_for)
{
	struct device *d = begin(_i, (struct misbehaviour){.delay_ms = 9000});
	device_publish(d, "t", "one", 1);
	device_publish(d, "t", "two", 2);
	stage_pass(8999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "UP");
	stage_pass(9000);
	expect_events(d, "ONLINE DONE(1)");
	stage_pass(8999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "DONE(2)");
	stage_pass(600000); /* PINGRESP comes, too */
	expect_events(d, "");
	ck_assert_uint_eq(line_count(), 1);
	stage_end();
}
END_TEST

START_TEST(a_pingresp_that_never_comes_ends_the_connection)
{
	struct device *d = begin(_i, (struct misbehaviour){.withhold = misbehave_bit("PINGRESP", 8)});
	expect_events(d, "UP ONLINE");
	stage_pass(64999);
	expect_events(d, "");
	stage_pass(1);
	expect_events(d, "DOWN:ESILENT");
	stage_end();
}
END_TEST

START_TEST(a_cable_that_is_pulled_behind_connack_is_found_by_both_sides)
{
	struct device *d = begin(_i, (struct misbehaviour){.silence = SILENT_AFTER_CONNACK});
	expect_events(d, "UP");
	stage_pass(64999);
	expect_events(d, "");
	ck_assert(broker_misbehave(stage.broker, NULL));
	stage_pass(1);
	expect_events(d, "DOWN:ESILENT");
	stage_pass(60000);
	expect_events(d, "UP(resumed) ONLINE");
	ck_assert_uint_eq(broker_saw_times("will published"), 1);
	stage_end();
}
END_TEST

Suite *misbehave_suite(void)
{
	Suite *suite = suite_create("a broker that misbehaves");
	TCase *t = tcase_create("misbehaviour");
	tcase_set_timeout(t, 60);
	SCENE(t, the_connection_may_end_at_every_byte_of_the_client);
	SCENE(t, an_acknowledgement_that_never_comes_is_made_up_for_by_the_next_connection);
	SCENE(t, late_answers_are_waited_for);
	SCENE(t, a_pingresp_that_never_comes_ends_the_connection);
	SCENE(t, a_cable_that_is_pulled_behind_connack_is_found_by_both_sides);
	suite_add_tcase(suite, t);
	return suite;
}
