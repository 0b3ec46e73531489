/* SPDX-License-Identifier: MIT */
/*
 * A take-over with messages on their way in every state, against the broker stub; at each of its turns one of the two
 * connections breaks. Nothing may be lost above QoS 0, nothing doubled at QoS 2, no will may be published, and in the end
 * the broker must have the will that the client says it has. Line 0 is the reader's, 1 and 2 are the lamp's.
 */
#include "client/switch.h"

struct outcome {
	unsigned cut_at; /* counted from the update on; 0: never */
	unsigned turns;  /* that the whole take-over took */
	bool     new_will;
};

static struct device *begin(int mode, struct device **reader)
{
	struct mqttwill_options o = lasting(), r = bare_options();
	r.client_id = "reader";
	stage_begin(mode);
	stage_broker(NULL);
	*reader = device_start(&r);
	device_subscribe(*reader, "t/#", 2);
	stage_settle();
	struct device *lamp = device_start(&o);
	device_subscribe(lamp, "in", 2);
	forget(lamp);
	forget(*reader);
	return lamp;
}

/* Every QoS in both directions; nothing is served yet, so all of it is halfway when the update begins. */
static void load(struct device *lamp, struct device *reader)
{
	device_publish(lamp, "t", "a1", 1);
	device_publish(lamp, "t", "b2", 2);
	device_publish(reader, "in", "x2", 2);
	device_publish(reader, "in", "y1", 1);
	ck_assert_int_eq(mqttwill_update_will(lamp->c, &new_will, 0), MQTTWILL_PENDING);
	device_publish(lamp, "t", "c2", 2);
	device_publish(lamp, "t", "d1", 1);
}

static void check_once(struct device *d, const char *word, const struct outcome *o)
{
	ck_assert_msg(device_count(d, word) == 1, "cut at %u: %s came %u times: %s\n%s", o->cut_at, word, device_count(d, word),
	              d->log, stage.broker_log);
}

static void check_messages(struct device *lamp, struct device *reader, const struct outcome *o)
{
	check_once(reader, "MESSAGE(t=b2)", o);
	check_once(reader, "MESSAGE(t=c2)", o);
	check_once(lamp, "MESSAGE(in=x2)", o);
	ck_assert_msg(device_count(reader, "MESSAGE(t=a1)") >= 1, "cut at %u: a1 is lost", o->cut_at);
	ck_assert_msg(device_count(reader, "MESSAGE(t=d1)") >= 1, "cut at %u: d1 is lost", o->cut_at);
	ck_assert_msg(device_count(lamp, "MESSAGE(in=y1)") >= 1, "cut at %u: y1 is lost", o->cut_at);
	ck_assert_msg(device_count(lamp, "DONE") == 4, "cut at %u: %s", o->cut_at, lamp->log);
	ck_assert_msg(device_count(lamp, "WILL") == 1, "cut at %u: %s", o->cut_at, lamp->log);
}

/* The lamp dies; what the broker says then is the will that was in force. */
static void check_will(struct device *lamp, const struct outcome *o)
{
	ck_assert_msg(!broker_saw("will published"), "cut at %u: a will came", o->cut_at);
	ck_assert(lamp->c->presence.online);
	device_free(lamp);
	stage_pass(6000);
	ck_assert_msg(broker_saw(o->new_will ? "will published lamp/status = gone" : "will published lamp/status = offline"),
	              "cut at %u:\n%s", o->cut_at, stage.broker_log);
	ck_assert_uint_eq(broker_saw_times("will published"), 1);
}

static void play(int mode, size_t line, struct outcome *o)
{
	struct device *reader, *lamp = begin(mode, &reader);
	unsigned       before = stage.turns;
	stage.cut = line;
	stage.cut_at = o->cut_at ? before + o->cut_at : 0;
	load(lamp, reader);
	stage_settle();
	o->turns = stage.turns - before;
	stage_pass(4000);
	check_messages(lamp, reader, o);
	o->new_will = device_count(lamp, "WILL:") == 0;
	check_will(lamp, o);
	stage_end();
}

static void cut_everywhere(int mode, size_t line)
{
	struct outcome o = {.cut_at = 0};
	play(mode, line, &o);
	ck_assert(o.new_will);
	unsigned last = o.turns, stride = last / 60 + 1;
	for (unsigned at = 1; at <= last; at += stride) {
		o.cut_at = at;
		play(mode, line, &o);
	}
}

START_TEST(the_first_connection_may_break_at_any_turn)
{
	cut_everywhere(_i, 1);
}
END_TEST

START_TEST(the_second_connection_may_break_at_any_turn)
{
	cut_everywhere(_i, 2);
}
END_TEST

Suite *cut_suite(void)
{
	Suite *s = suite_create("a take-over that is cut");
	TCase *t = tcase_create("a take-over that is cut");
	tcase_set_timeout(t, 30);
	SCENE(t, the_first_connection_may_break_at_any_turn);
	SCENE(t, the_second_connection_may_break_at_any_turn);
	suite_add_tcase(s, t);
	return s;
}
