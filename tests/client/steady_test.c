/* SPDX-License-Identifier: MIT */
/*
 * Messages that come and go need no memory once the first ones have; and a client that has become idle gives back what it
 * kept for them.
 */
#include "client/scenes.h"
#include "client/suites.h"

enum { WARM_UP = 200, MESSAGES = 10000, TOGETHER = 5 };

static struct device *steady;

static void publish_some(uint8_t qos, bool want_done)
{
	const struct mqttwill_message m = {.topic = "t", .text = "a", .qos = qos, .want_done = want_done};
	for (int i = 0; i < TOGETHER; i++) {
		stage_enter();
		int64_t token = mqttwill_publish(steady->c, &m);
		stage_leave();
		ck_assert_int_gt(token, 0);
	}
	stage_settle();
	steady->log_len = 0;
	steady->log[0] = 0;
	broker_log_clear();
}

/* There is room for so many bytes on a line only. */
static void rewind_line(void)
{
	struct line *l = stage_line();
	ck_assert(l->up_read == l->up_len && l->down_read == l->down_len);
	l->up_read = l->up_len = l->down_read = l->down_len = 0;
}

static void begin(int mode, const struct mqttwill_options *o)
{
	stage_begin(mode);
	stage_broker(NULL);
	steady = device_start(o);
	device_subscribe(steady, "t", 2);
	stage_settle();
}

static void flow(uint8_t qos, bool want_done)
{
	for (int i = 0; i < WARM_UP / TOGETHER; i++)
		publish_some(qos, want_done);
	stage.counts = true;
	stage.allocations = 0;
	for (int i = 0; i < MESSAGES / TOGETHER; i++) {
		publish_some(qos, want_done);
		rewind_line();
	}
	stage.counts = false;
	ck_assert_msg(stage.allocations == 0, "%ld allocations at QoS %d", stage.allocations, qos);
}

START_TEST(ten_thousand_messages_to_and_fro_need_no_memory)
{
	struct mqttwill_options o = bare_options();
	o.queue_policy = (uint32_t)_i % 4;
	begin(_i / 4 ? LINE_CHUNKS : LINE_WHOLE, &o);
	flow(0, false);
	flow(0, true);
	flow(1, false);
	flow(2, false);
	stage_end();
}
END_TEST

START_TEST(an_idle_client_gives_back_what_it_kept)
{
	struct mqttwill_options o = bare_options();
	begin(_i, &o);
	for (uint8_t qos = 0; qos < 3; qos++)
		publish_some(qos, false);
	struct client *c = &steady->c->client;
	ck_assert_uint_gt(c->flight.pool.kept_bytes, 0);
	stage_pass(60000);
	ck_assert_uint_eq(c->flight.pool.kept_bytes, 0);
	ck_assert_ptr_null(c->flight.out.slots);
	ck_assert_ptr_null(c->flight.in.slots);
	ck_assert_ptr_null(c->unsent.data);
	ck_assert_uint_le(c->session->in.cap, 256); /* for PINGRESP, where it came in pieces */
	ck_assert_uint_le(c->session->out.cap, 256); /* for PINGREQ */
	stage_end();
}
END_TEST

START_TEST(what_is_kept_has_a_ceiling)
{
	static const char             kilo[1000];
	const struct mqttwill_message m = {.topic = "u", .payload = kilo, .payload_len = sizeof kilo};
	struct mqttwill_options       o = bare_options();
	stage_begin(_i);
	struct device *d = device_new(&o);
	for (int i = 0; i < 100; i++)
		ck_assert_int_gt(mqttwill_publish(d->c, &m), 0);
	mqttwill_start(d->c);
	stage_settle();
	peer_says(CONNACK5);
	ck_assert_uint_eq(d->c->client.held_messages, 0);
	ck_assert_uint_gt(d->c->client.flight.pool.kept_bytes, POOL_KEPT_MAX / 2);
	ck_assert_uint_le(d->c->client.flight.pool.kept_bytes, POOL_KEPT_MAX);
	peer_resets();
	ck_assert_uint_eq(d->c->client.flight.pool.kept_bytes, 0);
	stage_end();
}
END_TEST

Suite *steady_suite(void)
{
	Suite *s = suite_create("steady");
	TCase *t = tcase_create("steady");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, ten_thousand_messages_to_and_fro_need_no_memory, 0, 5);
	SCENE(t, an_idle_client_gives_back_what_it_kept);
	SCENE(t, what_is_kept_has_a_ceiling);
	suite_add_tcase(s, t);
	return s;
}
