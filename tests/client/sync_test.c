/* SPDX-License-Identifier: MIT */
/*
 * The calls that wait, against the broker stub: they end with the answer, with the deadline, or at once where waiting will
 * not help.
 */
#include "client/scenes.h"
#include "client/suites.h"

static const struct mqttwill_message a_message = {.topic = "t", .text = "a", .qos = 1};

static struct device *begin(int mode, const struct mqttwill_options *o, const struct broker_options *b)
{
	stage_begin(mode);
	stage_broker(b);
	stage.synchronous = true;
	return device_new(o);
}

START_TEST(connect_returns_when_the_birth_is_acknowledged)
{
	struct mqttwill_options o = lamp_options();
	struct device          *d = begin(_i, &o, NULL);
	ck_assert_int_eq(mqttwill_connect(d->c, 1000), 0);
	ck_assert(broker_saw("published lamp/status = online (QoS 1, retained)"));
	ck_assert_int_eq(mqttwill_connect(d->c, 1000), 0);
	expect_events(d, "UP ONLINE");
	int64_t token = device_token(d, mqttwill_publish(d->c, &a_message), true);
	ck_assert_int_eq(mqttwill_wait(d->c, token, 1000), 0);
	ck_assert(broker_saw("published t = a"));
	ck_assert_int_eq(mqttwill_disconnect(d->c, 1000), 0);
	ck_assert(broker_saw("published lamp/status = offline (QoS 1, retained)"));
	ck_assert(!broker_saw("will published"));
	expect_events(d, "DONE(2) CLOSED(clean)");
	stage_end();
}
END_TEST

START_TEST(connect_returns_at_once_what_will_not_mend_itself)
{
	static const struct {
		uint8_t reason;
		int     error;
	} rows[] = {{0x86, MQTTWILL_EAUTH},
	            {0x84, MQTTWILL_EVERSION},
	            {0x9A, MQTTWILL_EWILLREFUSED},
	            {0x9D, MQTTWILL_EMOVED}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct mqttwill_options o = lamp_options();
		struct device          *d = begin(_i, &o, NULL);
		uint64_t                start = stage.now_ms;
		broker_refuse_next(stage.broker, rows[i].reason);
		ck_assert_int_eq(mqttwill_connect(d->c, 100000), rows[i].error);
		ck_assert_uint_le(stage.now_ms - start, 100);
		ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, rows[i].error), "connack"));
		stage_end();
	}
}
END_TEST

START_TEST(connect_goes_on_trying_what_may_mend_itself)
{
	struct mqttwill_options o = lamp_options();
	struct device          *d = begin(_i, &o, NULL);
	broker_refuse_next(stage.broker, 0x88);
	ck_assert_int_eq(mqttwill_connect(d->c, 5000), 0);
	expect_events(d, "RETRY:EBUSY UP ONLINE");
	stage_end();
}
END_TEST

START_TEST(connect_says_when_the_broker_refuses_the_birth)
{
	const struct broker_options b = {.acl = "deny publish lamp/status\n"};
	struct mqttwill_options     o = lamp_options();
	struct device              *d = begin(_i, &o, &b);
	int                         rc = mqttwill_connect(d->c, 5000);
	ck_assert_msg(rc == MQTTWILL_EBIRTH || rc == MQTTWILL_EAUTH, "%d", rc); /* a broker may refuse the will first */
	stage_end();
}
END_TEST

START_TEST(connect_ends_with_its_deadline_and_the_last_reason)
{
	struct mqttwill_options o = lamp_options();
	struct device          *d = begin(_i, &o, NULL);
	uint64_t                start = stage.now_ms;
	stage.next_open = LINE_REFUSES;
	ck_assert_int_eq(mqttwill_connect(d->c, 3000), MQTTWILL_ETIMEOUT);
	ck_assert_uint_ge(stage.now_ms - start, 3000);
	ck_assert_uint_le(stage.now_ms - start, 3100);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_ETIMEOUT), "refused"));
	stage_end();
}
END_TEST

START_TEST(wait_tells_what_became_of_the_token)
{
	const struct broker_options b = {.acl = "deny publish t\n"};
	struct mqttwill_options     o = lamp_options();
	struct device              *d = begin(_i, &o, &b);
	ck_assert_int_eq(mqttwill_connect(d->c, 1000), 0);
	int64_t token = device_token(d, mqttwill_publish(d->c, &a_message), true);
	ck_assert_int_eq(mqttwill_wait(d->c, token, 1000), MQTTWILL_EDENIED);
	ck_assert_int_eq(mqttwill_wait(d->c, token, 1000), MQTTWILL_EDENIED);
	ck_assert_int_eq(mqttwill_wait(d->c, token + 1, 1000), MQTTWILL_EINVAL);
	ck_assert_int_eq(mqttwill_wait(d->c, 0, 1000), MQTTWILL_EINVAL);
	stage_line()->mute = true;
	token = device_token(d, mqttwill_publish(d->c, &a_message), true);
	ck_assert_int_eq(mqttwill_wait(d->c, token, 500), MQTTWILL_ETIMEOUT);
	stage_end();
}
END_TEST

START_TEST(wait_says_that_a_message_was_dropped_or_has_expired)
{
	struct mqttwill_options o = lamp_options();
	o.queue_policy = MQTTWILL_QUEUE_DROP_OLDEST;
	o.queue_messages = 1;
	o.queue_age_s = 2;
	struct device *d = begin(_i, &o, NULL);
	int64_t        first = device_token(d, mqttwill_publish(d->c, &a_message), true);
	int64_t        second = device_token(d, mqttwill_publish(d->c, &a_message), true);
	ck_assert_int_eq(mqttwill_wait(d->c, first, 1000), MQTTWILL_EDROPPED);
	stage.next_open = LINE_REFUSES;
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	ck_assert_int_eq(mqttwill_wait(d->c, second, 1000), MQTTWILL_ETIMEOUT);
	ck_assert_int_eq(mqttwill_wait(d->c, second, 2000), MQTTWILL_EEXPIRED);
	ck_assert_int_eq(mqttwill_wait(d->c, first, 0), MQTTWILL_EDROPPED);
	stage_end();
}
END_TEST

START_TEST(wait_remembers_every_refusal_of_a_full_queue)
{
	enum { MANY = 40 };
	const struct broker_options b = {.acl = "deny publish t\n"};
	struct mqttwill_options     o = lamp_options();
	int64_t                     tokens[MANY], first;
	o.queue_messages = MANY;
	struct device *d = begin(_i, &o, &b);
	ck_assert_int_eq(mqttwill_connect(d->c, 1000), 0);
	first = device_token(d, mqttwill_publish(d->c, &a_message), true);
	ck_assert_int_eq(mqttwill_wait(d->c, first, 1000), MQTTWILL_EDENIED);
	for (int i = 0; i < MANY; i++)
		tokens[i] = device_token(d, mqttwill_publish(d->c, &a_message), true);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(mqttwill_wait(d->c, tokens[i], 5000), MQTTWILL_EDENIED);
	ck_assert_int_eq(mqttwill_wait(d->c, first, 1000), MQTTWILL_EINVAL);
	ck_assert_ptr_nonnull(strstr(mqttwill_errmsg(d->c, MQTTWILL_EINVAL), "no longer known"));
	stage_end();
}
END_TEST

START_TEST(wait_knows_what_became_of_a_token_after_the_close)
{
	struct mqttwill_options o = lamp_options();
	struct device          *d = begin(_i, &o, NULL);
	int64_t                 token = device_token(d, mqttwill_publish(d->c, &a_message), true);
	ck_assert_int_eq(mqttwill_wait(d->c, token, 1000), MQTTWILL_ESTATE);
	ck_assert_int_eq(mqttwill_connect(d->c, 1000), 0);
	ck_assert_int_eq(mqttwill_wait(d->c, token, 1000), 0);
	stage_line()->mute = true;
	int64_t lost = device_token(d, mqttwill_publish(d->c, &a_message), true);
	ck_assert_int_eq(mqttwill_disconnect(d->c, 1000), MQTTWILL_ETIMEOUT);
	ck_assert_int_eq(mqttwill_wait(d->c, token, 1000), 0);
	ck_assert_int_eq(mqttwill_wait(d->c, lost, 1000), MQTTWILL_ECANCELED);
	stage_end();
}
END_TEST

START_TEST(wait_room_returns_when_there_is_room)
{
	struct mqttwill_options o = lamp_options();
	o.queue_messages = 2;
	struct device *d = begin(_i, &o, NULL);
	ck_assert_int_eq(mqttwill_wait_room(d->c, 0), 0);
	ck_assert_int_eq(mqttwill_connect(d->c, 1000), 0);
	for (int i = 0; i < 2; i++)
		device_token(d, mqttwill_publish(d->c, &a_message), true);
	ck_assert_int_eq((int)mqttwill_publish(d->c, &a_message), MQTTWILL_EFULL);
	ck_assert_int_eq(mqttwill_wait_room(d->c, 1000), 0);
	device_token(d, mqttwill_publish(d->c, &a_message), true);
	stage_end();
}
END_TEST

START_TEST(run_serves_for_its_time_and_ends_when_woken)
{
	struct mqttwill_options o = lamp_options();
	o.keepalive_s = 10;
	struct device *d = begin(_i, &o, NULL);
	ck_assert_int_eq(mqttwill_connect(d->c, 1000), 0);
	uint64_t start = stage.now_ms;
	ck_assert_int_eq(mqttwill_run(d->c, 60000), 0);
	ck_assert_uint_ge(stage.now_ms - start, 60000);
	ck_assert_uint_le(stage.now_ms - start, 60100);
	expect_events(d, "UP ONLINE");
	mqttwill_wake(d->c);
	start = stage.now_ms;
	ck_assert_int_eq(mqttwill_run(d->c, 60000), 0);
	ck_assert_uint_le(stage.now_ms - start, 100);
	stage_end();
}
END_TEST

START_TEST(disconnect_without_an_answer_says_so_in_time)
{
	struct mqttwill_options o = lamp_options();
	struct device          *d = begin(_i, &o, NULL);
	ck_assert_int_eq(mqttwill_connect(d->c, 1000), 0);
	stage_line()->mute = true;
	uint64_t start = stage.now_ms;
	ck_assert_int_eq(mqttwill_disconnect(d->c, 2000), MQTTWILL_ETIMEOUT);
	ck_assert_uint_le(stage.now_ms - start, 2200);
	expect_events(d, "UP ONLINE CLOSED(with-will due 0):ETIMEOUT");
	ck_assert_int_eq(mqttwill_disconnect(d->c, 2000), MQTTWILL_ESTATE);
	stage_end();
}
END_TEST

static void free_in_online(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_ONLINE)
		mqttwill_free(d->c);
}

START_TEST(a_client_freed_by_its_event_cancels_the_call)
{
	struct mqttwill_options o = lamp_options();
	struct device          *d = begin(_i, &o, NULL);
	d->on_event = free_in_online;
	ck_assert_int_eq(mqttwill_connect(d->c, 1000), MQTTWILL_ECANCELED);
	d->c = NULL;
	stage_end();
}
END_TEST

Suite *sync_suite(void)
{
	Suite *s = suite_create("sync");
	TCase *t = tcase_create("sync");
	SCENE(t, connect_returns_when_the_birth_is_acknowledged);
	SCENE(t, connect_returns_at_once_what_will_not_mend_itself);
	SCENE(t, connect_goes_on_trying_what_may_mend_itself);
	SCENE(t, connect_says_when_the_broker_refuses_the_birth);
	SCENE(t, connect_ends_with_its_deadline_and_the_last_reason);
	SCENE(t, wait_tells_what_became_of_the_token);
	SCENE(t, wait_says_that_a_message_was_dropped_or_has_expired);
	SCENE(t, wait_remembers_every_refusal_of_a_full_queue);
	SCENE(t, wait_knows_what_became_of_a_token_after_the_close);
	SCENE(t, wait_room_returns_when_there_is_room);
	SCENE(t, run_serves_for_its_time_and_ends_when_woken);
	SCENE(t, disconnect_without_an_answer_says_so_in_time);
	SCENE(t, a_client_freed_by_its_event_cancels_the_call);
	suite_add_tcase(s, t);
	return s;
}
