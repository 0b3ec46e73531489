/* SPDX-License-Identifier: MIT */
/*
 * A client with a store dies at every point of its life: before each commit, and between the commit and the bytes that follow
 * from it. Another process takes up what was kept, and in both directions QoS 1 arrives at least once and QoS 2 exactly once.
 */
#include <string.h>

#include "client/disk.h"
#include "client/internal.h"
#include "client/scenes.h"
#include "client/suites.h"

static struct disk    disk;
static struct device *watcher, *lamp;
static uint8_t        seen[DISK_LETTERS]; /* by the watcher, by payload: capitals at QoS 2 */

static bool is_qos2(int letter)
{
	return letter >= 'A' && letter <= 'Z';
}

/* ---- The two applications ---- */

static void watcher_hears(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (ev->type == MQTTWILL_MESSAGE)
		seen[*(const char *)ev->message->payload & 0x7F]++;
}

static void lamp_hears(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (disk.dead || ev->type != MQTTWILL_MESSAGE)
		return;
	int letter = *(const char *)ev->message->payload & 0x7F;
	disk.now.heard[letter]++; /* QoS 2: in the store's transaction */
	if (!is_qos2(letter))
		disk.kept.heard[letter]++; /* QoS 1: durable before it is acknowledged */
}

static void say(struct device *d, const char *topic, char letter)
{
	const struct mqttwill_message m = {
		.topic = topic, .payload = &letter, .payload_len = 1, .qos = is_qos2(letter) ? 2 : 1};
	bool dead = disk.dead && d == lamp;
	if (!dead && mqttwill_publish(d->c, &m) > 0 && d == lamp && !disk.dead)
		disk.now.accepted[(int)letter] = true;
}

static void settle(void)
{
	stage_settle();
	broker_log_clear();
}

static struct device *new_lamp(uint8_t presence_qos)
{
	static struct mqttwill_presence status;
	status = (struct mqttwill_presence){.topic = "lamp/status", .qos = presence_qos};
	const struct mqttwill_options o = {.client_id = "lamp", .presence = &status, .session_expiry_s = 100000};
	struct device *d = device_new(&o);
	d->on_event = lamp_hears;
	ck_assert_int_eq(client_keep(&d->c->client, &disk.store), 0);
	return d;
}

static void listen(struct device *d, const char *filter)
{
	const struct mqttwill_subscription s = {.filter = filter, .qos = 2};
	ck_assert_int_gt(mqttwill_subscribe(d->c, &s, 1), 0);
	settle();
}

/* ---- A life ---- */

/* Does the lamp listen, so that the broker keeps what comes for it? */
static bool listens;

static void live(void)
{
	say(lamp, "out", 'a');
	say(lamp, "out", 'B');
	settle();
	mqttwill_start(lamp->c);
	settle();
	if (!disk.dead)
		listen(lamp, "in");
	listens = !disk.dead;
	for (int i = 0; i < 2 && listens; i++) {
		say(watcher, "in", (char)('m' + i));
		say(watcher, "in", (char)('M' + i));
		say(lamp, "out", (char)('c' + i));
		say(lamp, "out", (char)('C' + i));
		settle();
	}
	if (disk.dead)
		return;
	say(lamp, "out", 'E');
	stage_line()->budget = 5; /* half of it leaves, and the line breaks */
	settle();
	cut_line();
	say(lamp, "out", 'F');
	say(watcher, "in", 'O');
	for (int i = 0; i < 100 && !disk.dead; i++) {
		stage_pass(1000);
		settle();
	}
}

static void assert_end(void)
{
	for (int l = 'A'; l <= 'z'; l++) {
		bool sent = disk.kept.accepted[l];
		ck_assert_msg(!sent || seen[l] >= 1, "commit %ld: '%c' was accepted and is lost", disk.commits, l);
		ck_assert_msg(!is_qos2(l) || seen[l] <= 1, "commit %ld: '%c' arrived %d times", disk.commits, l, seen[l]);
		ck_assert_msg(!is_qos2(l) || disk.kept.heard[l] <= 1, "'%c' was delivered %d times", l, disk.kept.heard[l]);
	}
	for (const char *in = "mnMN"; *in && listens; in++)
		ck_assert_msg(disk.kept.heard[(int)*in] >= 1, "'%c' was not delivered", *in);
	ck_assert_uint_eq(disk_count(&disk), 0);
	for (size_t i = 0; i < DISK_IDS; i++)
		ck_assert_uint_eq(disk.kept.ids[i], 0);
}

static void live_again(uint8_t presence_qos)
{
	device_free(lamp);
	settle();
	disk_restart(&disk);
	lamp = new_lamp(presence_qos);
	mqttwill_start(lamp->c);
	settle();
	listen(lamp, "in");
	say(lamp, "out", 'Z');
	say(watcher, "in", 'Y');
	for (int i = 0; i < 100; i++) {
		stage_pass(1000);
		settle();
	}
	ck_assert_uint_eq(seen['Z'], 1);
	ck_assert_uint_eq(disk.kept.heard['Y'], 1);
	assert_end();
}

/* True where the process has died. */
static bool die_at(long commit, bool behind, uint8_t presence_qos, int mode)
{
	const struct mqttwill_options o = {.client_id = "watcher"};
	stage_begin(mode);
	stage_broker(NULL);
	disk_init(&disk);
	memset(seen, 0, sizeof seen);
	listens = false;
	disk.dies_at = commit;
	disk.dies_behind = behind;
	watcher = device_start(&o);
	watcher->on_event = watcher_hears;
	listen(watcher, "out");
	lamp = new_lamp(presence_qos);
	live();
	bool died = disk.dead;
	if (died)
		live_again(presence_qos);
	else
		assert_end();
	stage_end();
	return died;
}

START_TEST(a_process_may_die_at_every_commit_and_nothing_is_lost_or_doubled)
{
	long n = 1;
	while (die_at(n, _i % 2, _i / 2 % 2 ? 2 : 1, _i / 4 ? LINE_BYTEWISE : LINE_WHOLE))
		n++;
	ck_assert_int_gt(n, 15);
}
END_TEST

/* ---- Single rules ---- */

static struct mqttwill_options lasting(void)
{
	struct mqttwill_options o = bare_options();
	o.session_expiry_s = 1000;
	return o;
}

static struct device *kept_device(const struct mqttwill_options *o)
{
	struct device *d = device_new(o);
	ck_assert_int_eq(client_keep(&d->c->client, &disk.store), 0);
	return d;
}

START_TEST(a_commit_that_fails_ends_the_connection_and_no_byte_leaves)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	disk_init(&disk);
	struct device *d = kept_device(&o);
	mqttwill_start(d->c);
	stage_settle();
	peer_says(CONNACK5);
	forget(d);
	disk.fails = 1;
	device_publish(d, "t", "a", 1);
	expect_bytes("");
	expect_events(d, "DOWN:ESYSTEM");
	expect_text(d, "store: what has to be kept could not be written");
	lamp_comes_back();
	peer_says(CONNACK5_PRESENT);
	expect_bytes(TELL5_DUP("0001", "a"));
	peer_says(PUBACK("0001"));
	expect_events(d, "UP(resumed) DONE(1)");
	ck_assert_uint_eq(disk_count(&disk), 0);
	stage_end();
}
END_TEST

START_TEST(what_the_store_does_not_take_is_not_accepted)
{
	struct mqttwill_options o = lasting();
	o.queue_messages = 1;
	o.queue_policy = MQTTWILL_QUEUE_DROP_OLDEST;
	stage_begin(_i);
	disk_init(&disk);
	struct device *d = kept_device(&o);
	device_publish(d, "t", "a", 1);
	disk.refuses = MQTTWILL_EFULL;
	const struct mqttwill_message m = {.topic = "t", .text = "b", .qos = 1};
	ck_assert_int_eq(mqttwill_publish(d->c, &m), MQTTWILL_EFULL);
	ck_assert_int_eq(d->c->client.last_token, 1);
	ck_assert_uint_eq(d->c->client.waiting_messages, 1);
	expect_events(d, "");
	ck_assert_uint_eq(disk_count(&disk), 1);
	stage_end();
}
END_TEST

START_TEST(what_was_accepted_offline_is_kept_by_the_next_step)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	disk_init(&disk);
	struct device *d = kept_device(&o);
	device_publish(d, "t", "a", 1);
	ck_assert_int_eq(disk.commits, 0);
	stage_settle();
	ck_assert_int_eq(disk.commits, 1);
	device_free(d);
	disk_restart(&disk);
	d = kept_device(&o);
	device_publish(d, "t", "b", 1);
	ck_assert_int_eq(d->tokens[0], 2); /* no token is used twice */
	mqttwill_start(d->c);
	stage_settle();
	forget(d);
	peer_says(CONNACK5);
	expect_bytes(TELL5("0001", "a") TELL5("0002", "b"));
	stage_end();
}
END_TEST

START_TEST(a_message_grows_old_while_there_is_no_process)
{
	struct mqttwill_options       o = lasting();
	const struct mqttwill_message m = {
		.topic = "t", .text = "a", .qos = 1, .has = MQTTWILL_HAS_MESSAGE_EXPIRY, .message_expiry_s = 100};
	stage_begin(_i);
	disk_init(&disk);
	struct device *d = kept_device(&o);
	device_token(d, mqttwill_publish(d->c, &m), true);
	stage_pass(1000);
	device_free(d);
	disk_restart(&disk);
	stage.now_ms += 39000;
	d = kept_device(&o);
	d->c->client.flight.store = NULL; /* not what this is about */
	mqttwill_start(d->c);
	stage_settle();
	forget(d);
	peer_says(CONNACK5);
	expect_bytes("32 0C 0001 't' 0001 05 02 0000003C 'a'");
	stage_end();
}
END_TEST

START_TEST(a_clock_that_began_anew_makes_no_message_young)
{
	struct mqttwill_options o = lasting();
	o.queue_age_s = 200;
	stage_begin(_i);
	stage.now_ms = 5; /* less than what the message has waited */
	struct device       *d = device_new(&o);
	struct client       *c = &d->c->client;
	struct outgoing     *out;
	static const uint8_t bytes[] = {0x32, 12, 0, 1, 't', 0, 1, 5, 2, 0, 0, 0, 100, 'a'};
	struct store_message m = {.bytes = bytes, .size = sizeof bytes, .token = 1, .waited_ms = 40000, .expiry_s = 100, .level = LEVEL_5};
	ck_assert_int_eq(flight_restore(&c->flight, &out, &m, 5), 0);
	ck_assert_uint_eq(outgoing_left_s(out, 5), 60);
	ck_assert_int_eq(queue_restore(c, out), 0);
	ck_assert_uint_eq(c->expire_at, 5 + 60000);
	stage_end();
}
END_TEST

START_TEST(a_client_id_that_the_broker_chose_is_kept)
{
	struct mqttwill_options o = lasting();
	o.client_id = NULL;
	stage_begin(_i);
	disk_init(&disk);
	struct device *d = kept_device(&o);
	mqttwill_start(d->c);
	stage_settle();
	peer_says("20 0A 00 00 07 12 0004 'mine'");
	device_free(d);
	disk_restart(&disk);
	d = kept_device(&o);
	ck_assert_str_eq(d->c->client.assigned_id, "mine");
	ck_assert(d->c->client.resumable);
	stage_end();
}
END_TEST

START_TEST(a_client_that_was_closed_leaves_nothing_behind)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	disk_init(&disk);
	struct device *d = kept_device(&o);
	mqttwill_start(d->c);
	stage_settle();
	peer_says(CONNACK5);
	device_publish(d, "t", "a", 2);
	device_close(d, MQTTWILL_GOODBYE_ABORT);
	ck_assert(d->was_closed);
	ck_assert_uint_eq(disk_count(&disk), 0);
	ck_assert(!disk.kept.facts.resumable);
	stage_end();
}
END_TEST

START_TEST(a_store_that_cannot_be_loaded_leaves_the_client_as_it_was)
{
	struct mqttwill_options o = lasting();
	stage_begin(_i);
	disk_init(&disk);
	struct device *d = kept_device(&o);
	device_publish(d, "t", "a", 1);
	device_publish(d, "t", "b", 1);
	stage_settle();
	device_free(d);
	disk_restart(&disk);
	disk.broken = MQTTWILL_ENOMEM;
	d = device_new(&o);
	ck_assert_int_eq(client_keep(&d->c->client, &disk.store), MQTTWILL_ENOMEM);
	ck_assert_uint_eq(d->c->client.held_messages, 0);
	ck_assert_int_eq(d->c->client.last_token, 0);
	disk.broken = 0;
	ck_assert_int_eq(client_keep(&d->c->client, &disk.store), 0);
	ck_assert_uint_eq(d->c->client.held_messages, 2);
	ck_assert_int_eq(client_keep(&d->c->client, &disk.store), MQTTWILL_ESTATE);
	stage_end();
}
END_TEST

Suite *store_suite(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("store");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_process_may_die_at_every_commit_and_nothing_is_lost_or_doubled, 0, 8);
	SCENE(t, a_commit_that_fails_ends_the_connection_and_no_byte_leaves);
	SCENE(t, what_the_store_does_not_take_is_not_accepted);
	SCENE(t, what_was_accepted_offline_is_kept_by_the_next_step);
	SCENE(t, a_message_grows_old_while_there_is_no_process);
	SCENE(t, a_clock_that_began_anew_makes_no_message_young);
	SCENE(t, a_client_id_that_the_broker_chose_is_kept);
	SCENE(t, a_client_that_was_closed_leaves_nothing_behind);
	SCENE(t, a_store_that_cannot_be_loaded_leaves_the_client_as_it_was);
	suite_add_tcase(s, t);
	return s;
}
