/* SPDX-License-Identifier: MIT */
/*
 * Messages above our limit. Before MQTT 5 the broker does not know the limit: they are skipped, acknowledged and told
 * once, for no more memory than the limit. In MQTT 5 they are a breach.
 */
#include "session/script.h"
#include "session/suites.h"

#include <string.h>

/* A PUBLISH of `size` bytes in all, 200 to 16,000; its payload is made of 'p'. */
static void script_in_publish(struct script *s, uint8_t first, uint16_t id, size_t size)
{
	uint8_t packet[16000], *p = packet;
	*p++ = first;
	*p++ = (uint8_t)((size - 3) | 0x80);
	*p++ = (uint8_t)((size - 3) >> 7);
	p = put_bytes(p, "\0\1t", 3);
	if (first & 6)
		p = put_u16(p, id);
	if (s->config.level == LEVEL_5)
		*p++ = 0;
	memset(p, 'p', size - (size_t)(p - packet));
	script_in_bytes(s, packet, size);
}

static void check_told(struct script *s, uint8_t qos, const char *ack)
{
	struct session_event *ev = script_event(s, SESSION_OVERSIZE, 0);
	ck_assert_uint_eq(ev->packet.qos, qos);
	script_out(s, "%s", ack);
}

START_TEST(the_limit_itself_is_not_above_it)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in_publish(&s, 0x32, 7, PACKET_MAXIMUM);
	struct session_event *ev = script_event(&s, SESSION_MESSAGE, 0);
	ck_assert_uint_eq(ev->packet.payload.n, PACKET_MAXIMUM - 8u - (s.config.level == LEVEL_5));
	script_close(&s);
}
END_TEST

START_TEST(an_oversize_message_is_skipped_and_acknowledged_by_its_qos)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	for (size_t size = PACKET_MAXIMUM + 1; size < 16000; size = size * 3 / 2) {
		script_in_publish(&s, 0x30, 0, size);
		script_in_publish(&s, 0x32, 7, size);
		script_in_publish(&s, 0x34, 8, size);
		script_in(&s, "30 [0001 't' ~ 'next'] 62 02 0008");
		check_told(&s, 0, "");
		check_told(&s, 1, "40 02 0007");
		check_told(&s, 2, "50 02 0008");
		script_message(&s, 0, "next");
		script_quiet(&s);
		script_out(&s, "70 02 0008");
	}
	ck_assert_uint_eq(s.flight.in.count, 0);
	script_close(&s);
}
END_TEST

START_TEST(an_oversize_message_at_qos_2_is_told_once_until_it_is_released)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in_publish(&s, 0x34, 8, 300);
	script_in_publish(&s, 0x3C, 8, 300);
	check_told(&s, 2, "50 02 0008");
	script_quiet(&s);
	script_out(&s, "50 02 0008");
	script_close(&s);
}
END_TEST

START_TEST(a_topic_alone_may_be_above_the_limit)
{
	struct script s;
	uint8_t       packet[400] = {0x30, 0x80 | (300 & 0x7F), 300 >> 7, 298 >> 8, 298 & 0xFF};
	script_up(&s, script_level(_i), _i);
	memset(packet + 5, 't', 298);
	script_in_bytes(&s, packet, 303);
	script_in(&s, "30 [0001 't' ~ 'next']");
	check_told(&s, 0, "");
	script_message(&s, 0, "next");
	script_close(&s);
}
END_TEST

/* The fixed header of a packet of 16,388 to 2,097,155 bytes. */
static void put_head(uint8_t *p, uint8_t first, size_t size)
{
	p[0] = first;
	p[1] = (uint8_t)((size - 4) | 0x80);
	p[2] = (uint8_t)((size - 4) >> 7 | 0x80);
	p[3] = (uint8_t)((size - 4) >> 14);
}

START_TEST(the_longest_topic_is_skipped_too)
{
	static uint8_t packet[4 + 2 + 65535 + 2 + 100];
	struct script  s;
	size_t         size = sizeof packet;
	script_up(&s, script_level(_i), _i);
	memset(packet, 't', size);
	put_head(packet, 0x34, size);
	put_u16(packet + 4, 65535);
	put_u16(packet + 6 + 65535, 9);
	script_in_bytes(&s, packet, size);
	script_in(&s, "30 [0001 't' ~ 'next']");
	check_told(&s, 2, "50 02 0009");
	script_message(&s, 0, "next");
	ck_assert_uint_le(s.most_in, HEADER_MAX + 2 + FIELD_MAX + 2);
	script_close(&s);
}
END_TEST

START_TEST(an_oversize_packet_that_is_no_message_ends_the_connection)
{
	static const char *const packets[] = {"90 8002 0001", "40 8002 0001", "D0 8002", "B0 FFFFFF7F"};
	for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
		struct script s;
		script_up(&s, script_level(_i), _i);
		script_in(&s, "%s", packets[i]);
		script_fails(&s, REASON_TOO_LARGE);
		script_close(&s);
	}
}
END_TEST

START_TEST(an_oversize_message_that_is_malformed_ends_the_connection)
{
	static const struct {
		uint8_t     reason;
		const char *bytes;
	} rows[] = {
		{REASON_MALFORMED, "36 8002 0001 't' 0001"},     /* QoS 3 */
		{REASON_MALFORMED, "38 8002 0001 't'"},          /* DUP at QoS 0 */
		{REASON_PROTOCOL_ERROR, "32 8002 0001 't' 0000"}, /* identifier 0 */
		{REASON_MALFORMED, "30 8002 0200"},              /* the topic is longer than the packet */
		{REASON_MALFORMED, "32 8002 00FF"},              /* no room for the identifier */
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct script s;
		script_up(&s, script_level(_i), _i);
		script_in(&s, "%s", rows[i].bytes);
		script_fails(&s, rows[i].reason);
		script_close(&s);
	}
}
END_TEST

START_TEST(in_mqtt_5_the_broker_knew_our_limit) /* [MQTT-3.1.2-24] */
{
	struct script s;
	script_up(&s, LEVEL_5, _i);
	script_in(&s, "30 [0001 't' 00 'good']");
	script_in_publish(&s, 0x32, 7, PACKET_MAXIMUM + 1);
	script_message(&s, 0, "good");
	script_fails(&s, REASON_TOO_LARGE);
	script_close(&s);

	script_up(&s, LEVEL_5, _i);
	script_in(&s, "32 FFFFFF7F"); /* the announcement is enough */
	script_fails(&s, REASON_TOO_LARGE);
	script_close(&s);
}
END_TEST

/* ---- 256 MB ---- */

enum { HUGE_LEFT = REMAINING_MAX - 5, BYTEWISE = 300000 };

/* Feeds n bytes of payload in pieces; the event must come with the last of them. */
static void feed_payload(struct script *s, size_t n, size_t piece)
{
	static uint8_t bytes[1 << 20];
	while (n) {
		size_t some = piece < n ? piece : n;
		if (s->event.type || session_feed(&s->session, bytes, some, s->now_ms, &s->event) != some)
			ck_abort_msg("the payload is not skipped: %zu bytes are left", n);
		if (s->session.in.cap > HEADER_MAX + 2 + FIELD_MAX + 2)
			ck_abort_msg("the input buffer has %zu bytes", s->session.in.cap);
		n -= some;
	}
}

START_TEST(a_message_of_256_mb_costs_no_more_memory_than_the_limit)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	script_in(&s, "32 FFFFFF7F 0001 't' 0007");
	script_quiet(&s);
	feed_payload(&s, BYTEWISE, 1);
	feed_payload(&s, HUGE_LEFT - BYTEWISE, 1 << 20);
	ck_assert_uint_eq(s.event.type, SESSION_OVERSIZE);
	ck_assert_uint_le(s.session.in.cap, 256); /* from the announcement that came in pieces */
	script_out(&s, "40 02 0007");
	script_in(&s, "30 [0001 't' ~ 'next']");
	script_message(&s, 0, "next");
	script_close(&s);
}
END_TEST

START_TEST(what_is_announced_takes_memory_only_as_it_comes)
{
	struct script s;
	script_init(&s, script_level(_i), _i);
	s.config.maximum_packet_size = REMAINING_MAX + HEADER_MAX;
	script_open(&s);
	script_connect(&s, 60, true);
	script_greet(&s, "20 [0000 ~]");
	script_in(&s, "32 FFFFFF7F 0001 't' 0007");
	script_quiet(&s);
	ck_assert_uint_le(s.most_in, 256);
	for (size_t i = 1; i <= 20000; i++) {
		uint8_t payload = 0;
		session_feed(&s.session, &payload, 1, s.now_ms, &s.event);
		if (s.session.in.cap > 256 + i * 3 / 2)
			ck_abort_msg("after %zu bytes the input buffer has %zu", i, s.session.in.cap);
	}
	script_drop(&s);
	flight_fini(&s.flight);
}
END_TEST

START_TEST(a_message_of_just_the_limit_takes_just_the_limit)
{
	static uint8_t packet[100000];
	struct script  s;
	script_init(&s, script_level(_i), _i);
	s.config.maximum_packet_size = sizeof packet;
	script_open(&s);
	script_connect(&s, 60, true);
	script_greet(&s, "20 [0000 ~]");
	put_head(packet, 0x30, sizeof packet);
	memcpy(packet + 4, "\0\1t", 3);
	script_in_bytes(&s, packet, sizeof packet);
	script_event(&s, SESSION_MESSAGE, 0);
	ck_assert_uint_le(s.most_in, sizeof packet);
	script_close(&s);
}
END_TEST

Suite *oversize_suite(void)
{
	Suite *suite = suite_create("oversize");
	TCase *tc = tcase_create("oversize");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, the_limit_itself_is_not_above_it, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, an_oversize_message_is_skipped_and_acknowledged_by_its_qos, 0, ONLY_3X);
	tcase_add_loop_test(tc, an_oversize_message_at_qos_2_is_told_once_until_it_is_released, 0, ONLY_3X);
	tcase_add_loop_test(tc, a_topic_alone_may_be_above_the_limit, 0, ONLY_3X);
	tcase_add_loop_test(tc, the_longest_topic_is_skipped_too, 0, ONLY_3X);
	tcase_add_loop_test(tc, an_oversize_packet_that_is_no_message_ends_the_connection, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, an_oversize_message_that_is_malformed_ends_the_connection, 0, ONLY_3X);
	tcase_add_loop_test(tc, in_mqtt_5_the_broker_knew_our_limit, 0, CUTS);
	tcase_add_loop_test(tc, a_message_of_256_mb_costs_no_more_memory_than_the_limit, 0, ONLY_3X);
	tcase_add_loop_test(tc, what_is_announced_takes_memory_only_as_it_comes, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_message_of_just_the_limit_takes_just_the_limit, 0, EVERY_LEVEL);
	suite_add_tcase(suite, tc);
	return suite;
}
