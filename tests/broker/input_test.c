/* SPDX-License-Identifier: MIT */
/*
 * Input of any shape: in pieces, cut short, with each byte changed. The broker must stay whole, end the connection
 * properly where it ends it, and still serve the next client.
 */
#include <check.h>

#include "broker/suites.h"
#include "broker/scene.h"

enum { PACKETS = 12, BYTES = 1024 };

static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};

/* A valid conversation with every packet that a client may send; returns its length. */
static size_t conversation(uint8_t level, uint8_t *out)
{
	static const struct mqttwill_user_property user = {.name = "name", .value = "value"};
	static struct filter filters[] = {{{(const uint8_t *)"a/+", 3}, 1}, {{(const uint8_t *)"#", 1}, 2}};
	struct packet        all[PACKETS] = {
                {.type = PACKET_CONNECT},
                {.type = PACKET_SUBSCRIBE, .id = 1, .filters = filters, .count = 2},
                {.type = PACKET_PUBLISH, .topic = {(const uint8_t *)"a/b", 3}, .payload = {(const uint8_t *)"xy", 2}},
                {.type = PACKET_PUBLISH, .id = 2, .qos = 1, .retain = true, .topic = {(const uint8_t *)"a", 1}},
                {.type = PACKET_PUBLISH, .id = 3, .qos = 2, .topic = {(const uint8_t *)"a/c", 3}},
                {.type = PACKET_PUBREL, .id = 3},
                {.type = PACKET_PUBACK, .id = 1},
                {.type = PACKET_PUBREC, .id = 2},
                {.type = PACKET_PUBCOMP, .id = 2},
                {.type = PACKET_UNSUBSCRIBE, .id = 4, .filters = filters, .count = 2},
                {.type = PACKET_PINGREQ},
                {.type = PACKET_DISCONNECT, .reason = level == LEVEL_5 ? REASON_WITH_WILL : 0},
        };
	all[0] = connect_packet("device", true);
	connect_will(&all[0], "will/device", "gone", 1, true);
	all[0].connect.keep_alive = 60;
	all[0].props.has = HAS(SESSION_EXPIRY) | HAS(RECEIVE_MAXIMUM);
	all[0].props.session_expiry = 30;
	all[0].props.receive_maximum = 10;
	all[0].connect.will.has = HAS(WILL_DELAY) | HAS(MESSAGE_EXPIRY);
	all[0].connect.will.will_delay = 10;
	all[0].connect.will.user = all[2].props.user = &user;
	all[0].connect.will.user_count = all[2].props.user_count = 1;
	all[1].props.has = HAS(SUBSCRIPTION_ID);
	all[1].props.subscription_id = 300;
	size_t n = 0;
	for (int i = 0; i < PACKETS; i++)
		n += packet_encode(&all[i], level, out + n);
	ck_assert_uint_le(n, BYTES);
	return n;
}

static void still_serves(struct scene *s)
{
	scene_pass(s, 100000);
	struct peer *p = peer_join(s, LEVEL_5, "next");
	peer_subscribe(p, "ok", 1, 1);
	peer_publish(p, "ok", "ok", 1, false);
	peer_expect(p, PACKET_PUBACK);
	peer_expect_message(p, "ok", "ok", 1, false);
}

static size_t count_type(const struct peer *p, enum packet_type type)
{
	size_t n = 0;
	for (size_t i = 0; i < p->count; i++)
		n += p->arrivals[i].pk.type == type;
	return n;
}

START_TEST(pieces_of_any_size_mean_the_same)
{
	uint8_t      bytes[BYTES];
	size_t       n = conversation(levels[_i % 3], bytes), piece = (size_t)_i / 3 + 1;
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = peer_open(&s, levels[_i % 3]);
	p->no_ack = true;
	for (size_t at = 0; at < n; at += piece)
		peer_bytes(p, bytes + at, at + piece < n ? piece : n - at);
	ck_assert(!p->link);
	ck_assert_uint_eq(count_type(p, PACKET_PUBACK), 1);
	ck_assert_uint_eq(count_type(p, PACKET_PUBREC), 1);
	ck_assert_uint_eq(count_type(p, PACKET_PUBCOMP), 1);
	ck_assert_uint_eq(count_type(p, PACKET_PUBLISH), 3);
	ck_assert_uint_eq(count_type(p, PACKET_UNSUBACK), 1);
	ck_assert_uint_eq(count_type(p, PACKET_PINGRESP), 1);
	still_serves(&s);
	scene_fini(&s);
}
END_TEST

START_TEST(a_connection_may_be_lost_after_any_byte)
{
	uint8_t bytes[BYTES];
	size_t  n = conversation(levels[_i], bytes);
	for (size_t cut = 0; cut <= n; cut++) {
		struct scene s;
		scene_init(&s, NULL);
		struct peer *p = peer_open(&s, levels[_i]);
		peer_bytes(p, bytes, cut);
		peer_drop(p);
		still_serves(&s);
		ck_assert_uint_le(s.events[BROKER_WILL_PUBLISHED], 1);
		ck_assert_uint_eq(s.events[BROKER_WILL_PUBLISHED] + s.events[BROKER_WILL_DELETED],
		                  s.events[BROKER_WILL_STORED]);
		scene_fini(&s);
	}
}
END_TEST

static void play_changed(uint8_t level, const uint8_t *bytes, size_t n)
{
	struct scene s;
	scene_init(&s, NULL);
	struct broker_link *l = broker_accept(s.broker, s.now_ms);
	(void)level; /* a changed CONNECT may speak another version: what comes back is not decoded */
	broker_receive(l, bytes, n, s.now_ms);
	scene_pass(&s, 3000);
	broker_closed(l, s.now_ms);
	still_serves(&s);
	broker_shutdown(s.broker, s.now_ms); /* a changed delay may be long */
	ck_assert_uint_eq(s.events[BROKER_WILL_PUBLISHED] + s.events[BROKER_WILL_DELETED], s.events[BROKER_WILL_STORED]);
	scene_fini(&s);
}

START_TEST(any_byte_may_be_changed)
{
	static const uint8_t masks[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF};
	uint8_t              bytes[BYTES];
	size_t               n = conversation(levels[_i], bytes);
	for (size_t at = 0; at < n; at++)
		for (size_t m = 0; m < sizeof masks; m++) {
			bytes[at] ^= masks[m];
			play_changed(levels[_i], bytes, n);
			bytes[at] ^= masks[m];
		}
}
END_TEST

/* With links of every state, sessions that wait for their end, and wills that wait for their time. */
START_TEST(a_broker_may_be_freed_at_any_time)
{
	uint8_t      bytes[BYTES];
	size_t       n = conversation(LEVEL_5, bytes);
	struct scene s;
	scene_init(&s, NULL);
	for (size_t cut = 0; cut <= n; cut += 3) {
		struct peer *p = peer_open(&s, LEVEL_5);
		p->no_ack = true;
		bytes[40] = (uint8_t)('a' + cut % 20);
		peer_bytes(p, bytes, cut);
		if (cut % 2)
			peer_drop(p);
	}
	scene_fini(&s);
}
END_TEST

/* A fixed sequence of pseudo-random numbers: a failure repeats. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

START_TEST(many_bytes_may_be_changed)
{
	uint32_t seed = (uint32_t)_i;
	uint8_t  bytes[BYTES];
	for (int round = 0; round < 500; round++) {
		size_t n = conversation(levels[_i % 3], bytes);
		for (int i = 0; i < 5; i++)
			bytes[next_random(&seed) % n] = (uint8_t)next_random(&seed);
		play_changed(levels[_i % 3], bytes, n);
	}
}
END_TEST

START_TEST(malformed_packets_are_answered_by_their_reason)
{
	static const struct {
		const char *bytes;
		size_t      n;
		uint8_t     reason;
	} wrong[] = {
		{"\xF0\0", 2, REASON_PROTOCOL_ERROR},           /* AUTH without a method */
		{"\x20\2\0\0", 4, REASON_PROTOCOL_ERROR},       /* a server's packet */
		{"\xD0\0", 2, REASON_PROTOCOL_ERROR},
		{"\x32\6\0\1t\0\0\0", 8, REASON_PROTOCOL_ERROR}, /* packet identifier 0 */
		{"\x38\4\0\1t\0", 6, REASON_MALFORMED},         /* DUP at QoS 0 */
		{"\x36\6\0\1t\0\1\0", 8, REASON_MALFORMED},     /* QoS 3 */
		{"\x30\3\0\0\0", 5, REASON_PROTOCOL_ERROR},     /* no topic */
		{"\x30\4\0\1#\0", 6, REASON_BAD_TOPIC},
		{"\x82\x03\0\1\0", 5, REASON_PROTOCOL_ERROR},   /* no filter */
		{"\x82\7\0\1\0\0\1#\3", 9, REASON_PROTOCOL_ERROR}, /* QoS 3 */
		{"\x82\7\0\1\0\0\1#\x40", 9, REASON_MALFORMED}, /* reserved bits */
		{"\x82\x08\0\1\0\0\2##\0", 10, REASON_BAD_FILTER},
		{"\x30\x80\0", 3, REASON_MALFORMED},            /* a length longer than it need be */
	};
	struct scene s;
	scene_init(&s, NULL);
	ck_assert_int_lt(_i, (int)(sizeof wrong / sizeof wrong[0]));
	struct peer *p = peer_join(&s, LEVEL_5, "c"), *old = peer_join(&s, LEVEL_311, "old");
	peer_bytes(p, wrong[_i].bytes, wrong[_i].n);
	peer_expect_end(p, wrong[_i].reason);
	peer_bytes(old, "\x36\5\0\1t\0\1", 7);
	peer_expect_end(old, 0);
	scene_fini(&s);
}
END_TEST

START_TEST(nothing_is_kept_of_what_is_announced)
{
	struct scene s;
	scene_init(&s, NULL);
	struct peer *p = peer_join(&s, LEVEL_5, "c"), *fresh = peer_open(&s, LEVEL_5);
	peer_bytes(p, "\x30\xF0\xFF\xFF\x07", 5); /* 16 MiB less a few bytes are still to come */
	ck_assert(p->link != NULL);
	peer_drop(p);
	peer_bytes(fresh, "\x10\xFF\xFF\xFF\x7F", 5);
	ck_assert(fresh->link != NULL); /* its version is not known yet */
	peer_bytes(fresh, "\0\4MQTT\5\2\0\0\0\0\1c", 14);
	ck_assert_uint_eq(peer_expect(fresh, PACKET_CONNACK)->pk.reason, REASON_TOO_LARGE);
	peer_expect_end(fresh, 0);
	scene_fini(&s);
}
END_TEST

Suite *input_suite(void)
{
	Suite *suite = suite_create("input");
	TCase *tc = tcase_create("input");
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, pieces_of_any_size_mean_the_same, 0, 3 * 40);
	tcase_add_loop_test(tc, a_connection_may_be_lost_after_any_byte, 0, 3);
	tcase_add_loop_test(tc, any_byte_may_be_changed, 0, 3);
	tcase_add_test(tc, a_broker_may_be_freed_at_any_time);
	tcase_add_loop_test(tc, many_bytes_may_be_changed, 0, 6);
	tcase_add_loop_test(tc, malformed_packets_are_answered_by_their_reason, 0, 13);
	tcase_add_test(tc, nothing_is_kept_of_what_is_announced);
	suite_add_tcase(suite, tc);
	return suite;
}
