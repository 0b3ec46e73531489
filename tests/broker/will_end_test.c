/* SPDX-License-Identifier: MIT */
/*
 * Which endings of a connection publish the will: rows W3 (3.1 and 3.1.1) and W5 (5.0) of the truth table.
 */
#include <check.h>

#include "broker/suites.h"
#include "broker/will_row.h"

#define GONE(ms) {{ms, "gone"}}
#define DISC(reason) {{.act = disconnect, .code = reason, .expiry_s = NOT_GIVEN}}
#define DISC_N(reason, n) {{.act = disconnect, .code = reason, .expiry_s = n}}

static const struct row rows[] = {
	{"W3-01", "TCP FIN without DISCONNECT: will at T0", V3X, NOT_GIVEN, NOT_GIVEN, .steps = {{.act = drop}},
	 .said = GONE(0)},
	{"W3-02", "TCP RST: will at T0", V3X, NOT_GIVEN, NOT_GIVEN, .steps = {{.act = drop}}, .said = GONE(0)},
	{"W3-03", "keep-alive 2, silent client: will 3 s after its last packet, not before", V3X, NOT_GIVEN, NOT_GIVEN, 2,
	 .steps = {{.act = silent}}, .said = GONE(3000)},
	{"W3-04", "keep-alive 0, silent client: no will until TCP itself fails", V3X, NOT_GIVEN, NOT_GIVEN, 0,
	 .steps = {{.act = silent}, {1000000000, .act = drop}}, .said = GONE(1000000000)},
	{"W3-05", "second CONNECT: will at T0", V3X, NOT_GIVEN, NOT_GIVEN, .steps = {{.act = second_connect}},
	 .said = GONE(0)},
	{"W3-06", "malformed packet: will at T0", V311, NOT_GIVEN, NOT_GIVEN, .steps = {{.act = malformed}},
	 .said = GONE(0)},
	{"W3-07", "the server closes on an unauthorised PUBLISH: will at T0", V3X, NOT_GIVEN, NOT_GIVEN,
	 .steps = {{.act = denied}}, .said = GONE(0)},
	{"W3-08", "DISCONNECT: never", V3X, NOT_GIVEN, NOT_GIVEN, .steps = {{.act = empty_disconnect}}},
	{"W3-09", "DISCONNECT with flags: no valid one, a reading: will at T0", V311, NOT_GIVEN, NOT_GIVEN,
	 .steps = {{.act = bad_disconnect}}, .said = GONE(0)},
	{"W3-09", "DISCONNECT with flags, which 3.1 does not use: never", V31, NOT_GIVEN, NOT_GIVEN,
	 .steps = {{.act = bad_disconnect}}},
	{"W3-10", "DISCONNECT cut short, then FIN: will at T0", V3X, NOT_GIVEN, NOT_GIVEN,
	 .steps = {{.act = half_disconnect}}, .said = GONE(0)},
	{"W3-11", "take-over, Clean Session old 1, new 0: will at T0, once", V3X, NOT_GIVEN, 0,
	 .steps = {{.act = come, .clean = false}}, .said = GONE(0)},
	{"W3-11", "take-over, Clean Session old 1, new 1: will at T0, once", V3X, NOT_GIVEN, 0,
	 .steps = {{.act = come, .clean = true}}, .said = GONE(0)},
	{"W3-12", "take-over, Clean Session old 0, new 1: will at T0, once", V3X, NOT_GIVEN, 1,
	 .steps = {{.act = come, .clean = true}}, .said = GONE(0)},
	{"W3-13", "take-over, Clean Session old 0, new 0: will at T0, once", V3X, NOT_GIVEN, 1,
	 .steps = {{.act = come, .clean = false}}, .said = GONE(0)},
	{"W3-14", "server shutdown: will at T0", V3X, NOT_GIVEN, NOT_GIVEN, .steps = {{.act = shut_down}},
	 .said = GONE(0)},
	{"W3-16", "drop, reconnect without a will, drop again: the first will only", V3X, NOT_GIVEN, 1,
	 .steps = {{.act = drop}, {1000, .act = come, .clean = false}, {2000, .act = drop}}, .said = GONE(0)},
	{"W3-17", "the transport ends in order, which is no DISCONNECT: will at T0", V3X, NOT_GIVEN, NOT_GIVEN,
	 .steps = {{.act = drop}}, .said = GONE(0)},

	{"W5-01", "TCP FIN, delay 0, session expiry 60: will at T0", V5, 0, 60, .steps = {{.act = drop}},
	 .said = GONE(0)},
	{"W5-02", "TCP RST, delay 0, session expiry absent: will at T0", V5, 0, NOT_GIVEN, .steps = {{.act = drop}},
	 .said = GONE(0)},
	{"W5-03", "keep-alive 3, silent client: will 4.5 s after its last packet, not before", V5, 0, 60, 3,
	 .steps = {{.act = silent}}, .said = GONE(4500)},
	{"W5-04", "keep-alive 0, silent client: no will until TCP itself fails", V5, 0, 60, 0,
	 .steps = {{.act = silent}, {1000000000, .act = drop}}, .said = GONE(1000000000)},
	{"W5-05", "malformed packet (0x81): will at T0", V5, 0, 60, .steps = {{.act = malformed}}, .said = GONE(0)},
	{"W5-05", "protocol error (0x82), a second CONNECT: will at T0", V5, 0, 60, .steps = {{.act = second_connect}},
	 .said = GONE(0)},
	{"W5-06", "server DISCONNECT 0x87 after an ACL denial: will at T0", V5, 0, 60, .steps = {{.act = denied}},
	 .said = GONE(0)},
	{"W5-06", "server DISCONNECT 0x93: will at T0", V5, 0, 60, .steps = {{.act = kick, .code = 0x93}},
	 .said = GONE(0)},
	{"W5-06", "server DISCONNECT 0x98: will at T0", V5, 0, 60, .steps = {{.act = kick, .code = 0x98}},
	 .said = GONE(0)},
	{"W5-06", "server DISCONNECT 0x9C: will at T0", V5, 0, 60, .steps = {{.act = kick, .code = 0x9C}},
	 .said = GONE(0)},
	{"W5-06", "server DISCONNECT 0xA0: will at T0", V5, 0, 60, .steps = {{.act = kick, .code = 0xA0}},
	 .said = GONE(0)},
	{"W5-07", "DISCONNECT 0x00: never", V5, 0, 60, .steps = DISC(0)},
	{"W5-07", "DISCONNECT 0x00 with a delay and no session expiry: never", V5, 5, NOT_GIVEN, .steps = DISC(0)},
	{"W5-07", "DISCONNECT without a reason code: never", V5, 5, 60, .steps = {{.act = empty_disconnect}}},
	{"W5-08", "DISCONNECT 0x04: will at T0", V5, 0, 60, .steps = DISC(0x04), .said = GONE(0)},
	{"W5-09", "DISCONNECT 0x80: will at T0", V5, 0, 60, .steps = DISC(0x80), .said = GONE(0)},
	{"W5-09", "DISCONNECT 0x81: will at T0", V5, 0, 60, .steps = DISC(0x81), .said = GONE(0)},
	{"W5-09", "DISCONNECT 0x90: will at T0", V5, 0, 60, .steps = DISC(0x90), .said = GONE(0)},
	{"W5-09", "DISCONNECT 0x99: will at T0", V5, 0, 60, .steps = DISC(0x99), .said = GONE(0)},
	{"W5-10", "DISCONNECT with the unlisted code 0x05, a reading: will at T0", V5, 0, 60, .steps = DISC(0x05),
	 .said = GONE(0)},
	{"W5-10", "DISCONNECT with the server's code 0x8E, a reading: will at T0", V5, 0, 60, .steps = DISC(0x8E),
	 .said = GONE(0)},
	{"W5-11", "DISCONNECT 0x00 with wrong flags, a reading: will at T0", V5, 0, 60, .steps = {{.act = bad_disconnect}},
	 .said = GONE(0)},
	{"W5-11", "DISCONNECT 0x00 with a foreign property, a reading: will at T0", V5, 0, 60, .steps = {{.act = bad_property}},
	 .said = GONE(0)},
	{"W5-12", "DISCONNECT 0x00, session expiry 60 to 5: never", V5, 10, 60, .steps = DISC_N(0, 5)},
	{"W5-12", "DISCONNECT 0x00, session expiry 60 to 0: never", V5, 0, 60, .steps = DISC_N(0, 0)},
	{"W5-13", "DISCONNECT 0x00, session expiry 0 to 60, which is illegal: will at T0 whatever the delay", V5, 10, 0,
	 .steps = DISC_N(0, 60), .said = GONE(0)},
	{"W5-14", "DISCONNECT 0x04, session expiry 0 to 60, which is illegal: will at T0", V5, 10, 0, .steps = DISC_N(4, 60),
	 .said = GONE(0)},
	{"W5-18", "server shutdown, a reading: will at T0, delayed ones too", V5, 10, 60, .steps = {{.act = shut_down}},
	 .said = GONE(0)},
	{"W5-19", "the operator removes the session of a connected client, a reading: will at T0", V5, 10, 60,
	 .steps = {{.act = remove_session}}, .said = GONE(0)},
};

START_TEST(an_ending_publishes_the_will_or_not)
{
	row_play(&rows[_i], _i);
}
END_TEST

/* W3-15 and W5-15 have no session to begin with. */
START_TEST(a_refused_connect_leaves_no_will)
{
	static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};
	struct scene         s;
	scene_init(&s, NULL);
	struct peer  *watcher = peer_join(&s, LEVEL_5, "watcher"), *device = peer_open(&s, levels[_i]);
	struct packet pk = connect_packet("device", true);
	peer_subscribe(watcher, "#", 2, 2);
	connect_will(&pk, "will/device", "gone", 1, false);
	broker_refuse_next(s.broker, REASON_BUSY);
	peer_send(device, &pk);
	ck_assert_uint_eq(peer_expect(device, PACKET_CONNACK)->pk.reason, levels[_i] == LEVEL_5 ? REASON_BUSY : 3);
	peer_expect_end(device, 0);
	scene_pass(&s, 1000000);
	peer_expect_nothing(watcher);
	ck_assert_uint_eq(s.events[BROKER_WILL_STORED], 0);
	scene_fini(&s);
	printf("ok - %s a refused CONNECT: never\n", levels[_i] == LEVEL_5 ? "W5-15 5.0" : "W3-15 3.x");
}
END_TEST

START_TEST(any_packet_holds_the_keep_alive_off)
{
	struct scene  s;
	struct packet pk = connect_packet("device", true), ping = {.type = PACKET_PINGREQ};
	scene_init(&s, NULL);
	struct peer *watcher = peer_join(&s, LEVEL_311, "watcher"), *device = peer_open(&s, LEVEL_5);
	peer_subscribe(watcher, "#", 0, 0);
	connect_will(&pk, "will/device", "gone", 0, false);
	pk.connect.keep_alive = 2;
	peer_connect(device, &pk);
	for (int i = 0; i < 10; i++) {
		scene_pass(&s, 2999);
		peer_send(device, &ping);
		peer_expect(device, PACKET_PINGRESP);
	}
	peer_bytes(device, "\xC0", 1); /* half a packet is no packet */
	scene_pass(&s, 2999);
	peer_expect_nothing(watcher);
	scene_pass(&s, 1);
	peer_expect_message(watcher, "will/device", "gone", 0, false);
	peer_expect_end(device, REASON_KEEP_ALIVE_TIMEOUT);
	scene_fini(&s);
}
END_TEST

START_TEST(the_servers_keep_alive_counts)
{
	struct scene          s;
	struct broker_options options = {.announce = {.has = HAS(SERVER_KEEP_ALIVE), .server_keep_alive = 4}};
	struct packet         pk = connect_packet("device", true);
	scene_init(&s, &options);
	struct peer *device = peer_open(&s, LEVEL_5);
	pk.connect.keep_alive = 60;
	const struct arrival *connack = peer_connect(device, &pk);
	ck_assert(connack->pk.props.has & HAS(SERVER_KEEP_ALIVE));
	ck_assert_uint_eq(connack->pk.props.server_keep_alive, 4);
	scene_pass(&s, 5999);
	ck_assert(device->link != NULL);
	scene_pass(&s, 1);
	peer_expect_end(device, REASON_KEEP_ALIVE_TIMEOUT);
	scene_fini(&s);
}
END_TEST

Suite *will_end_suite(void)
{
	Suite *suite = suite_create("will: endings");
	TCase *tc = tcase_create("endings");
	tcase_add_loop_test(tc, an_ending_publishes_the_will_or_not, 0, sizeof rows / sizeof rows[0]);
	tcase_add_loop_test(tc, a_refused_connect_leaves_no_will, 0, 3);
	tcase_add_test(tc, any_packet_holds_the_keep_alive_off);
	tcase_add_test(tc, the_servers_keep_alive_counts);
	suite_add_tcase(suite, tc);
	return suite;
}
