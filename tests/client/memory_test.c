/* SPDX-License-Identifier: MIT */
/*
 * A whole life with every allocation failing in turn: no crash, no
 * leak, no message that is neither delivered nor reported, no subscription that is silently gone, and in the end the truth.
 */
#include "client/scenes.h"
#include "client/suites.h"

static const struct mqttwill_presence      watched = {.topic = "lamp/status", .self_watch = true, .delay_s = 5};
static const struct mqttwill_user_property notes[] = {{.name = "n", .value = "v"}};

static long nth_failed; /* for the message of a test that fails */

static int64_t tell(struct device *d, uint8_t qos)
{
	const struct mqttwill_message m = {
		.topic = "t",
		.text = "a",
		.qos = qos,
		.want_done = qos == 0,
		.user_properties = notes,
		.user_property_count = 1,
	};
	stage_enter();
	int64_t token = mqttwill_publish(d->c, &m);
	stage_leave();
	if (token > 0)
		device_token(d, token, true);
	else
		ck_assert_int_eq((int)token, MQTTWILL_ENOMEM);
	return token;
}

static int64_t listen(struct device *d)
{
	const struct mqttwill_subscription s = {.filter = "t", .qos = 2};
	stage_enter();
	int64_t token = mqttwill_subscribe(d->c, &s, 1);
	stage_leave();
	if (token > 0)
		device_token(d, token, true);
	return token;
}

/* Is the broker still sending the device what it subscribed to? */
static void assert_subscribed(struct device *d)
{
	forget(d);
	tell(d, 1);
	stage_pass(100);
	ck_assert_msg(device_count(d, "MESSAGE(t=a)") == 1, "the subscription is gone (allocation %ld): %s\n%s",
	              nth_failed, d->log, stage.broker_log);
}

static const char *const second[] = {"mqtt://u:p@second.test"};

static struct mqttwill_options lasting_lamp(void)
{
	struct mqttwill_options o = lamp_options();
	o.urls = second;
	o.url_count = 1;
	o.presence = &watched;
	o.session_expiry_s = 60;
	return o;
}

/* A new will, by a take-over, with a message on its way. */
static void replace_will(struct device *d)
{
	const struct mqttwill_will will = {.topic = "lamp/status", .text = "gone", .qos = 1, .retain = true, .delay_s = 5};
	forget(d);
	tell(d, 2);
	stage_enter();
	int rc = mqttwill_update_will(d->c, &will, 0);
	stage_leave();
	ck_assert(rc == MQTTWILL_PENDING || rc == MQTTWILL_ENOMEM);
	stage_pass(40000);
	ck_assert_msg(rc < 0 || device_count(d, "WILL") - device_count(d, "WILL:EWATCH") == 1, "allocation %ld: %s", nth_failed, d->log);
}

/* Publishes, loses the line, comes back to a session that is there, and then to one that is not. */
static void live(struct device *d)
{
	int64_t heard = listen(d);
	for (uint8_t qos = 0; qos < 3; qos++)
		tell(d, qos);
	stage_enter();
	int rc = mqttwill_start(d->c);
	stage_leave();
	ck_assert_int_eq(rc, 0);
	stage_pass(40000);
	replace_will(d);
	tell(d, 2);
	cut_line();
	tell(d, 1);
	stage_pass(40000);
	tell(d, 2);
	cut_line();
	broker_remove(stage.broker, "lamp", stage.now_ms);
	stage_pass(100000);
	long fail_at = stage.fail_at;
	stage.fail_at = 0; /* for the look at what has become of it */
	ck_assert(d->c->presence.online);
	if (heard > 0 && device_count(d, "DONE(1):ENOMEM") == 0) /* it is told where it cannot be kept */
		assert_subscribed(d);
	stage.fail_at = fail_at;
}

static void leave(struct device *d)
{
	stage_enter();
	int rc = mqttwill_close(d->c, NULL);
	stage_leave();
	ck_assert_int_eq(rc, 0);
	stage_pass(10000);
	ck_assert(d->was_closed);
	if (d->last.left == MQTTWILL_LEFT_CLEAN)
		ck_assert(broker_saw("published lamp/status = offline"));
	else
		ck_assert_int_lt(d->last.error, 0);
}

/* True where an allocation was refused. */
static bool survive(int mode, long nth)
{
	struct mqttwill_options o = lasting_lamp();
	stage_begin(mode);
	stage_broker(NULL);
	stage.fail_at = nth_failed = nth;
	struct device *d = device_new(&o);
	if (d->c) {
		live(d);
		leave(d);
	}
	bool refused = stage.refused;
	stage.fail_at = 0;
	stage_end();
	return refused;
}

START_TEST(a_life_survives_each_allocation_that_fails)
{
	long n = 1;
	while (survive(_i, n))
		n++;
	ck_assert_int_gt(n, 20);
}
END_TEST

Suite *memory_suite(void)
{
	Suite *s = suite_create("memory");
	TCase *t = tcase_create("memory");
	tcase_set_timeout(t, 120);
	SCENE(t, a_life_survives_each_allocation_that_fails);
	suite_add_tcase(s, t);
	return s;
}
