/* SPDX-License-Identifier: MIT */
/*
 * What a published will looks like to its readers, and which wills are refused with the CONNECT that brings them: rows
 * WC and WA of the truth table.
 */
#include <check.h>

#include "broker/suites.h"
#include "broker/scene.h"

static void say(const char *row)
{
	printf("ok - %s\n", row);
	fflush(stdout);
}

static struct packet will_packet(uint8_t qos, bool retain, const char *payload)
{
	struct packet pk = connect_packet("device", true);
	connect_will(&pk, "will/device", payload, qos, retain);
	pk.props.has = HAS(SESSION_EXPIRY);
	pk.props.session_expiry = 60;
	return pk;
}

static void die_with(struct scene *s, uint8_t level, const struct packet *pk)
{
	struct peer *device = peer_open(s, level);
	peer_connect(device, pk);
	peer_drop(device);
}

static void expect_user(const struct property_item *item, const char *name, const char *value)
{
	ck_assert(item->property == PROPERTY_USER && span_is(item->text, name) && span_is(item->value, value));
}

static void set_every_property(struct props *will)
{
	static const struct mqttwill_user_property users[] = {
		{.name = "b", .value = "1"},
		{.name = "a", .value = ""},
		{.name = "b", .value = "2"},
	};
	*will = (struct props){
		.has = HAS(PAYLOAD_FORMAT) | HAS(MESSAGE_EXPIRY) | HAS(CONTENT_TYPE) | HAS(RESPONSE_TOPIC) |
	               HAS(CORRELATION_DATA) | HAS(WILL_DELAY),
		.payload_format = 1,
		.message_expiry = 10,
		.content_type = span_text("text/plain", 0),
		.response_topic = span_text("why", 0),
		.correlation_data = span_of("\x00\xFF", 2),
		.will_delay = 5,
		.user = users,
		.user_count = 3,
	};
}

START_TEST(the_properties_are_sent_but_not_the_delay)
{
	struct scene  s;
	struct packet pk = will_packet(1, false, "gone");
	size_t        at = 0;
	scene_init(&s, NULL);
	struct peer *watcher = peer_join(&s, LEVEL_5, "watcher");
	peer_subscribe(watcher, "will/#", 1, 1);
	set_every_property(&pk.connect.will);
	die_with(&s, LEVEL_5, &pk);
	scene_pass(&s, 5000);
	const struct props  *props = &peer_expect_message(watcher, "will/device", "gone", 1, false)->pk.props;
	struct property_item item;
	ck_assert_uint_eq(props->has & ~HAS(USER), pk.connect.will.has & ~HAS(WILL_DELAY));
	ck_assert_uint_eq(props->payload_format, 1);
	ck_assert_uint_eq(props->message_expiry, 10);
	ck_assert(span_is(props->content_type, "text/plain") && span_is(props->response_topic, "why"));
	ck_assert(props->correlation_data.n == 2 && !memcmp(props->correlation_data.p, "\x00\xFF", 2));
	for (int i = 0; i < 5; i++)
		ck_assert(property_next(props->raw, &at, &item)); /* the five before the user properties */
	ck_assert(property_next(props->raw, &at, &item));
	expect_user(&item, "b", "1");
	ck_assert(property_next(props->raw, &at, &item));
	expect_user(&item, "a", "");
	ck_assert(property_next(props->raw, &at, &item));
	expect_user(&item, "b", "2");
	ck_assert(!property_next(props->raw, &at, &item));
	scene_fini(&s);
	say("WC-01 5.0 the properties as given, user properties in order, never 0x18");
}
END_TEST

static void expect_expiry(struct peer *p, uint32_t left_s)
{
	const struct arrival *a = peer_expect_message(p, "will/device", "gone", 1, true);
	ck_assert_uint_eq(a->pk.props.has, HAS(MESSAGE_EXPIRY));
	ck_assert_uint_eq(a->pk.props.message_expiry, left_s);
}

START_TEST(message_expiry_counts_from_publication)
{
	struct scene  s;
	struct packet pk = will_packet(1, true, "gone");
	scene_init(&s, NULL);
	struct peer *watcher = peer_join(&s, LEVEL_5, "watcher"), *late = peer_join(&s, LEVEL_5, "late");
	peer_subscribe(watcher, "will/#", 1 | OPTION_RETAIN_AS_PUBLISHED, 1);
	pk.connect.will.has = HAS(MESSAGE_EXPIRY) | HAS(WILL_DELAY);
	pk.connect.will.message_expiry = 4;
	pk.connect.will.will_delay = 20;
	die_with(&s, LEVEL_5, &pk);
	scene_pass(&s, 20000);
	expect_expiry(watcher, 4);
	scene_pass(&s, 1999);
	peer_subscribe(late, "will/device", 1, 1);
	expect_expiry(late, 3);
	scene_pass(&s, 2000);
	peer_subscribe(late, "will/device", 1, 1);
	expect_expiry(late, 1);
	scene_pass(&s, 1);
	peer_subscribe(late, "will/device", 1, 1);
	peer_subscribe(late, "will/device", 0, 0);
	peer_expect_nothing(late);
	scene_fini(&s);
	say("WC-02 5.0 message expiry 4, delay 20: sent with 4, later less what it waited since publication");
	say("WC-03 5.0 message expiry shorter than the delay: still published, with all of it");
}
END_TEST

START_TEST(message_expiry_0_reaches_those_who_are_there)
{
	struct scene  s;
	struct packet join = connect_packet("away", false), pk = will_packet(1, true, "gone");
	scene_init(&s, NULL);
	struct peer *watcher = peer_join(&s, LEVEL_5, "watcher"), *late = peer_join(&s, LEVEL_5, "late");
	struct peer *away = peer_open(&s, LEVEL_311);
	peer_connect(away, &join);
	peer_subscribe(away, "will/#", 1, 1);
	peer_drop(away);
	peer_subscribe(watcher, "will/#", 1 | OPTION_RETAIN_AS_PUBLISHED, 1);
	pk.connect.will.has = HAS(MESSAGE_EXPIRY);
	die_with(&s, LEVEL_5, &pk);
	expect_expiry(watcher, 0);
	scene_pass(&s, 1);
	peer_subscribe(late, "will/device", 1, 1);
	peer_expect_nothing(late);
	away = peer_open(&s, LEVEL_311);
	peer_connect(away, &join);
	peer_expect_nothing(away);
	scene_fini(&s);
	say("WC-04 5.0 message expiry 0, a reading: reaches connected subscribers with 0, and is kept for nobody");
}
END_TEST

static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};

START_TEST(a_retained_will_is_stored)
{
	struct scene  s;
	struct packet pk = will_packet(1, true, "gone");
	scene_init(&s, NULL);
	struct peer *plain = peer_join(&s, LEVEL_5, "plain"), *as_published = peer_join(&s, LEVEL_5, "as published");
	struct peer *old = peer_join(&s, LEVEL_311, "old"), *late = peer_join(&s, levels[_i], "late");
	peer_subscribe(plain, "will/#", 1, 1);
	peer_subscribe(as_published, "will/#", 1 | OPTION_RETAIN_AS_PUBLISHED, 1);
	peer_subscribe(old, "will/#", 1, 1);
	die_with(&s, levels[_i], &pk);
	peer_expect_message(plain, "will/device", "gone", 1, false);
	peer_expect_message(as_published, "will/device", "gone", 1, true);
	peer_expect_message(old, "will/device", "gone", 1, false);
	peer_subscribe(late, "will/#", 1, 1);
	peer_expect_message(late, "will/device", "gone", 1, true);
	scene_fini(&s);
	say("WC-05 all Will Retain 1: stored; RETAIN 0 to those who are there, 1 to those who come later");
}
END_TEST

/* What a will does to the retained message "before", and what a late subscriber finds. */
static const struct {
	const char *row, *payload, *found;
	bool        retain;
} retaining[] = {
	{"WC-06 all Will Retain 0: the retained message is untouched", "gone", "before", false},
	{"WC-07 all Will Retain 1, empty payload: forwarded, and the retained message is removed", "", NULL, true},
	{"WC-08 all Will Retain 0, empty payload: forwarded, and the retained message stays", "", "before", false},
};

START_TEST(a_will_and_the_retained_message_before_it)
{
	struct scene  s;
	struct packet pk = will_packet(0, retaining[_i].retain, retaining[_i].payload);
	scene_init(&s, NULL);
	struct peer *watcher = peer_join(&s, LEVEL_311, "watcher"), *late = peer_join(&s, LEVEL_5, "late");
	peer_subscribe(watcher, "will/#", 0, 0);
	peer_publish(watcher, "will/device", "before", 0, true);
	peer_expect_message(watcher, "will/device", "before", 0, false);
	die_with(&s, LEVEL_5, &pk);
	peer_expect_message(watcher, "will/device", retaining[_i].payload, 0, false);
	peer_subscribe(late, "will/device", 0, 0);
	if (retaining[_i].found)
		peer_expect_message(late, "will/device", retaining[_i].found, 0, true);
	peer_expect_nothing(late);
	scene_fini(&s);
	say(retaining[_i].row);
}
END_TEST

START_TEST(the_qos_is_the_lower_of_will_and_grant)
{
	uint8_t       will = (uint8_t)(_i / 3), granted = (uint8_t)(_i % 3), qos = will < granted ? will : granted;
	struct scene  s;
	struct packet pk = will_packet(will, false, "gone");
	scene_init(&s, NULL);
	struct peer *watcher = peer_join(&s, LEVEL_5, "watcher");
	peer_subscribe(watcher, "will/device", granted, granted);
	die_with(&s, levels[_i % 3], &pk);
	const struct arrival *a = peer_expect_message(watcher, "will/device", "gone", qos, false);
	ck_assert(!a->pk.dup && (qos == 0 || a->pk.id == 1));
	if (qos == 2)
		ck_assert_uint_eq(peer_expect(watcher, PACKET_PUBREL)->pk.id, 1);
	peer_expect_nothing(watcher);
	scene_fini(&s);
	if (_i == 8)
		say("WC-09 all QoS is min(Will QoS, granted QoS), DUP 0, a fresh packet identifier");
}
END_TEST

START_TEST(a_will_waits_for_a_subscriber_with_a_session)
{
	struct scene  s;
	struct packet join = connect_packet("reader", false), pk = will_packet(1, false, "gone");
	scene_init(&s, NULL);
	struct peer *reader = peer_open(&s, LEVEL_311);
	peer_connect(reader, &join);
	peer_subscribe(reader, "will/#", 2, 2);
	peer_drop(reader);
	die_with(&s, LEVEL_5, &pk);
	pk.connect.will_qos = 0;
	die_with(&s, LEVEL_5, &pk);
	pk.connect.will.has = HAS(MESSAGE_EXPIRY);
	pk.connect.will.message_expiry = 5;
	pk.connect.will_qos = 2;
	die_with(&s, LEVEL_5, &pk);
	scene_pass(&s, 5000);
	reader = peer_open(&s, LEVEL_311);
	peer_connect(reader, &join);
	peer_expect_message(reader, "will/device", "gone", 1, false);
	peer_expect_nothing(reader);
	scene_fini(&s);
	say("WC-10 all a subscriber with a session gets it later, unless it has expired; QoS 0 is not kept");
}
END_TEST

START_TEST(a_will_too_large_for_one_reaches_the_others)
{
	struct scene  s;
	struct packet join = connect_packet("small", true), pk = will_packet(1, false, "a payload of some length");
	scene_init(&s, NULL);
	struct peer *small = peer_open(&s, LEVEL_5), *watcher = peer_join(&s, LEVEL_5, "watcher");
	join.props.has = HAS(MAXIMUM_PACKET_SIZE);
	join.props.maximum_packet_size = 30;
	peer_connect(small, &join);
	peer_subscribe(small, "will/#", 1, 1);
	peer_subscribe(watcher, "will/#", 1, 1);
	die_with(&s, LEVEL_5, &pk);
	pk.connect.will_payload = span_text("short", 0);
	die_with(&s, LEVEL_5, &pk);
	peer_expect_message(watcher, "will/device", "a payload of some length", 1, false);
	peer_expect_message(watcher, "will/device", "short", 1, false);
	peer_expect_message(small, "will/device", "short", 1, false);
	peer_expect_nothing(small);
	ck_assert_uint_eq(s.events[BROKER_DROPPED], 1);
	scene_fini(&s);
	say("WC-11 5.0 larger than one subscriber's Maximum Packet Size: dropped for it alone");
}
END_TEST

START_TEST(a_will_waits_for_room_in_the_receive_maximum)
{
	struct scene  s;
	struct packet join = connect_packet("slow", true), pk = will_packet(1, false, "gone");
	scene_init(&s, NULL);
	struct peer *slow = peer_open(&s, LEVEL_5), *other = peer_join(&s, LEVEL_5, "other");
	join.props.has = HAS(RECEIVE_MAXIMUM);
	join.props.receive_maximum = 2;
	slow->no_ack = true;
	peer_connect(slow, &join);
	peer_subscribe(slow, "#", 1, 1);
	peer_publish(other, "a", "1", 1, false);
	peer_publish(other, "a", "2", 1, false);
	peer_publish(other, "a", "3", 1, false);
	die_with(&s, LEVEL_5, &pk);
	uint16_t first = peer_expect_message(slow, "a", "1", 1, false)->pk.id;
	uint16_t second = peer_expect_message(slow, "a", "2", 1, false)->pk.id;
	peer_expect_nothing(slow);
	peer_send(slow, &(struct packet){.type = PACKET_PUBACK, .id = first});
	peer_expect_message(slow, "a", "3", 1, false);
	peer_expect_nothing(slow);
	peer_send(slow, &(struct packet){.type = PACKET_PUBACK, .id = second});
	peer_expect_message(slow, "will/device", "gone", 1, false);
	scene_fini(&s);
	say("WC-12 5.0 the subscriber's Receive Maximum is full: it waits, in its order");
	say("WC-16 all what the broker took over before goes first");
}
END_TEST

START_TEST(a_will_on_a_dollar_topic_matches_no_leading_wildcard)
{
	struct scene  s;
	struct packet pk = will_packet(0, false, "gone");
	scene_init(&s, NULL);
	struct peer *all = peer_join(&s, LEVEL_5, "all"), *one = peer_join(&s, LEVEL_311, "one");
	struct peer *exact = peer_join(&s, LEVEL_5, "exact");
	peer_subscribe(all, "#", 0, 0);
	peer_subscribe(one, "+/x", 0, 0);
	peer_subscribe(exact, "$dollar/#", 0, 0);
	pk.connect.will_topic = span_text("$dollar/x", 0);
	die_with(&s, LEVEL_5, &pk);
	peer_expect_message(exact, "$dollar/x", "gone", 0, false);
	peer_expect_nothing(all);
	peer_expect_nothing(one);
	scene_fini(&s);
	say("WC-14 all # and +/x do not match a Will Topic that begins with $");
}
END_TEST

/* ---- Refused with the CONNECT ---- */

#define LIMIT_QOS {.has = HAS(MAXIMUM_QOS), .maximum_qos = 1}
#define LIMIT_RETAIN {.has = HAS(RETAIN_AVAILABLE), .retain_available = 0}
#define LIMIT_SIZE {.has = HAS(MAXIMUM_PACKET_SIZE), .maximum_packet_size = 40}

/* Will properties as bytes follow a fixed CONNECT; see connect_bytes(). */
static const struct {
	const char  *row;
	struct props announce;
	uint8_t      flags, code; /* Connect Flags; what CONNACK says */
	const char  *props; /* the Will Properties with their length */
	size_t       props_len;
	const char  *topic;
	size_t       topic_len;
	const char  *payload;
} refused[] = {
	{"WA-01 5.0 Will QoS 3: CONNACK 0x81", {0}, 0x1E, 0x81, "\0", 1, "t", 1, "x"},
	{"WA-02 5.0 Will Flag 0 with Will QoS 1: CONNACK 0x81", {0}, 0x0A, 0x81, "\0", 1, "t", 1, "x"},
	{"WA-02 5.0 Will Flag 0 with Will Retain 1: CONNACK 0x81", {0}, 0x22, 0x81, "\0", 1, "t", 1, "x"},
	{"WA-03 5.0 Will QoS above Maximum QoS: CONNACK 0x9B", LIMIT_QOS, 0x16, 0x9B, "\0", 1, "t", 1, "x"},
	{"WA-04 5.0 Will Retain 1 without retained messages: CONNACK 0x9A", LIMIT_RETAIN, 0x26, 0x9A, "\0", 1, "t", 1, "x"},
	{"WA-05 5.0 Payload Format Indicator 1, payload not UTF-8: CONNACK 0x99", {0}, 0x06, 0x99, "\2\1\1", 3, "t", 1,
	 "\xFF"},
	{"WA-06 5.0 CONNECT larger than the server takes: CONNACK 0x95", LIMIT_SIZE, 0x06, 0x95, "\0", 1, "t", 1,
	 "a payload of a good many bytes, more than fit"},
	{"WA-07 5.0 Will Topic empty: CONNACK 0x90", {0}, 0x06, 0x90, "\0", 1, "", 0, "x"},
	{"WA-08 5.0 Will Topic with #: CONNACK 0x90", {0}, 0x06, 0x90, "\0", 1, "t/#", 3, "x"},
	{"WA-09 5.0 Will Topic with U+0000: CONNACK 0x81", {0}, 0x06, 0x81, "\0", 1, "a\0b", 3, "x"},
	{"WA-09 5.0 Will Topic ill-formed: CONNACK 0x81", {0}, 0x06, 0x81, "\0", 1, "\xC0\x80", 2, "x"},
	{"WA-14 5.0 Will Delay twice: CONNACK 0x82", {0}, 0x06, 0x82, "\12\x18\0\0\0\1\x18\0\0\0\1", 11, "t", 1, "x"},
	{"WA-15 5.0 a foreign Will Property: CONNACK 0x81", {0}, 0x06, 0x81, "\5\x11\0\0\0\1", 6, "t", 1, "x"},
	{"WA-15 5.0 an unknown Will Property: CONNACK 0x81", {0}, 0x06, 0x81, "\2\x7F\0", 3, "t", 1, "x"},
	{"WA-17 5.0 Will Flag 1 without Will Properties: CONNACK 0x81", {0}, 0x06, 0x81, "", 0, "t", 1, "x"},
	{"WA-19 5.0 Response Topic with #: CONNACK 0x90", {0}, 0x06, 0x90, "\4\x08\0\1#", 5, "t", 1, "x"},
};

static size_t connect_bytes(uint8_t *out, int row)
{
	uint8_t *p = put_bytes(out + 2, "\0\4MQTT\5", 7);
	*p++ = refused[row].flags;
	p = put_bytes(p, "\0\0\0\0\1d", 6); /* keep-alive, no properties, client id */
	p = put_bytes(p, refused[row].props, refused[row].props_len);
	p = put_u16(p, (uint32_t)refused[row].topic_len);
	p = put_bytes(p, refused[row].topic, refused[row].topic_len);
	p = put_u16(p, (uint32_t)strlen(refused[row].payload));
	p = put_bytes(p, refused[row].payload, strlen(refused[row].payload));
	out[0] = 0x10;
	out[1] = (uint8_t)(p - out - 2);
	return (size_t)(p - out);
}

START_TEST(a_will_that_breaks_a_rule_is_refused)
{
	struct broker_options options = {.announce = refused[_i].announce};
	struct scene          s;
	uint8_t               bytes[128];
	scene_init(&s, &options);
	struct peer *device = peer_open(&s, LEVEL_5);
	peer_bytes(device, bytes, connect_bytes(bytes, _i));
	ck_assert_uint_eq(peer_expect(device, PACKET_CONNACK)->pk.reason, refused[_i].code);
	peer_expect_end(device, 0);
	ck_assert_uint_eq(s.events[BROKER_WILL_STORED], 0);
	scene_fini(&s);
	say(refused[_i].row);
}
END_TEST

START_TEST(a_will_that_311_cannot_refuse_by_code_is_refused_by_closing)
{
	struct broker_options options = {.announce = LIMIT_QOS};
	struct scene          s;
	struct packet         pk = will_packet(2, false, "gone");
	scene_init(&s, &options);
	struct peer *device = peer_open(&s, LEVEL_311);
	peer_send(device, &pk);
	peer_expect_end(device, 0);
	scene_fini(&s);
	say("WA-03 3.1.1 Will QoS above what the server takes: close without CONNACK");
}
END_TEST

START_TEST(an_unauthorised_will_is_withheld)
{
	struct broker_options options = {.acl = _i ? "deny publish will/# disconnect" : "deny publish will/#"};
	struct scene          s;
	struct packet         pk = will_packet(1, true, "gone");
	scene_init(&s, &options);
	struct peer *watcher = peer_join(&s, LEVEL_5, "watcher");
	peer_subscribe(watcher, "#", 1, 1);
	die_with(&s, LEVEL_5, &pk);
	die_with(&s, LEVEL_311, &pk);
	scene_pass(&s, 1000000);
	peer_expect_nothing(watcher);
	ck_assert_uint_eq(s.events[BROKER_WILL_WITHHELD], 2);
	scene_fini(&s);
	if (_i == 0) {
		say("WA-11 5.0 Will Topic not authorised: accepted, and withheld at publication");
		say("WA-12 3.1.1 Will Topic not authorised: accepted, and withheld at publication");
	}
}
END_TEST

static void add_content(TCase *tc)
{
	tcase_add_test(tc, the_properties_are_sent_but_not_the_delay);
	tcase_add_test(tc, message_expiry_counts_from_publication);
	tcase_add_test(tc, message_expiry_0_reaches_those_who_are_there);
	tcase_add_loop_test(tc, a_retained_will_is_stored, 0, 3);
	tcase_add_loop_test(tc, a_will_and_the_retained_message_before_it, 0, sizeof retaining / sizeof retaining[0]);
	tcase_add_loop_test(tc, the_qos_is_the_lower_of_will_and_grant, 0, 9);
	tcase_add_test(tc, a_will_waits_for_a_subscriber_with_a_session);
	tcase_add_test(tc, a_will_too_large_for_one_reaches_the_others);
	tcase_add_test(tc, a_will_waits_for_room_in_the_receive_maximum);
	tcase_add_test(tc, a_will_on_a_dollar_topic_matches_no_leading_wildcard);
}

Suite *will_content_suite(void)
{
	Suite *suite = suite_create("will: content and refusal");
	TCase *tc = tcase_create("content");
	add_content(tc);
	tcase_add_loop_test(tc, a_will_that_breaks_a_rule_is_refused, 0, sizeof refused / sizeof refused[0]);
	tcase_add_test(tc, a_will_that_311_cannot_refuse_by_code_is_refused_by_closing);
	tcase_add_loop_test(tc, an_unauthorised_will_is_withheld, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
