/* SPDX-License-Identifier: MIT */
/*
 * How connections of 3.1 and 3.1.1 end: rows W3 of the truth table.
 */
#include "probe/rows.h"

#define ALWAYS "a device on this broker cannot rely on its will: publish a heartbeat, too"
#define TAKEOVER_3 "publish the birth again a second after connecting, so that a late will does not stand"
#define SLOW_KEEP_ALIVE "choose a shorter keep-alive than the detection time asks for"

/* SUBSCRIBE with flags 0, a Remaining Length of five bytes, CONNECT again. */
#define BAD_FLAGS "\x80\x06\x00\x01\x00\x01t\x00"
#define BAD_LENGTH "\x30\xFF\xFF\xFF\xFF\x01"
#define CONNECT_311 "\x10\x1A\x00\x04MQTT\x04\x02\x00\x3C\x00\x0Emqttwill-probe"

static const struct probe_scenario rows[] = {
	{"W3-01", NULL, "3.1.1: the connection is closed without DISCONNECT: the will, at once", "311:3.1.2-8", ALWAYS, LEVEL_311,
	 .steps = {COMES(), CLOSES}, .sights = DUE(0)},
	{"W3-01m", NULL, "3.1: the connection is closed without DISCONNECT: the will, at once", "311:3.1.2-8", ALWAYS, LEVEL_31,
	 .steps = {COMES(), CLOSES}, .sights = DUE(0)},
	{"W3-02", NULL, "3.1.1: the connection is reset: the will, at once", "311:3.1.2-8", ALWAYS, LEVEL_311,
	 .steps = {COMES(), RESETS}, .sights = DUE(0)},
	{"W3-02m", NULL, "3.1: the connection is reset: the will, at once", "311:3.1.2-8", ALWAYS, LEVEL_31,
	 .steps = {COMES(), RESETS}, .sights = DUE(0)},
	{"W3-03", "B14", "3.1.1: the client falls silent: the will after 1.5 times the keep-alive", "311:3.1.2-24 311:3.1.2-8",
	 SLOW_KEEP_ALIVE, LEVEL_311,
	 .steps = {{.act = ACT_CONNECT, .who = DEVICE, .connect = {.will = "gone", .qos = 1, .keep_alive = 3}}, SILENT},
	 .sights = {{.payload = "gone", .qos = 1, .due_ms = 4500, .slack_ms = 6000}}},
	{"W3-04", NULL, "3.1.1: keep-alive 0, the client falls silent: no will", "311:3.1.2-24",
	 "a keep-alive of 0 is not kept; set one", LEVEL_311, .until_ms = 4500,
	 .steps = {{.act = ACT_CONNECT, .who = DEVICE, .connect = {.will = "gone", .qos = 1}}, SILENT}},
	{"W3-05", "B21", "3.1.1: a second CONNECT: the broker closes, the will at once", "311:3.1.0-2 311:4.8.0-1 311:3.1.2-8",
	 "never send a second CONNECT; a library does not", LEVEL_311, .steps = {COMES(), SENDS(CONNECT_311)}, .sights = DUE(0)},
	{"W3-06a", "B21", "3.1.1: a SUBSCRIBE with wrong flags: the broker closes, the will at once",
	 "311:4.8.0-1 311:2.2.2-2", ALWAYS, LEVEL_311, .steps = {COMES(), SENDS(BAD_FLAGS)}, .sights = DUE(0)},
	{"W3-06b", "B21", "3.1.1: a Remaining Length of five bytes: the broker closes, the will at once",
	 "311:4.8.0-1", ALWAYS, LEVEL_311, .steps = {COMES(), SENDS(BAD_LENGTH)}, .sights = DUE(0)},
	{"W3-07", "B21", "3.1.1: a message that may not be published, then a reset: the will, whoever closed",
	 "311:3.3.5-2 311:3.1.2-8", "check the access control list: the broker forgets the will when it closes over a denial",
	 LEVEL_311, .needs = NEEDS_DENIED,
	 .steps = {COMES(), {.act = ACT_DENIED, .who = DEVICE, .mark = true, .bytes = "probe"}, {.act = ACT_RST, .who = DEVICE}},
	 .sights = {{.payload = "gone", .qos = 1, .slack_ms = 1000}}},
	{"W3-08", "B12", "3.1.1: DISCONNECT: no will", "311:3.14.4-3 311:3.1.2-10",
	 "expect `offline` after every clean stop, too", LEVEL_311, .until_ms = 2000, .steps = {COMES(), LEAVES(0)}},
	{"W3-08m", "B12", "3.1: DISCONNECT: no will", "311:3.14.4-3 311:3.1.2-10",
	 "expect `offline` after every clean stop, too", LEVEL_31, .until_ms = 2000, .steps = {COMES(), LEAVES(0)}},
	{"W3-09", NULL, "3.1.1: DISCONNECT with flags that are not 0 is none: the will, at once", "311:3.14.1-1 311:2.2.2-2",
	 "send legal packets; brokers differ in what they make of others", LEVEL_311, .differs = DIFFERS_POLICY,
	 .steps = {COMES(), SENDS("\xE1\x00")}, .sights = DUE(0)},
	{"W3-10", NULL, "3.1.1: half a DISCONNECT, then the end: the will, at once", "311:3.1.2-8", ALWAYS, LEVEL_311,
	 .steps = {COMES(), SENDS("\xE0"), {.act = ACT_FIN, .who = DEVICE, .after_ms = 100}},
	 .sights = {{.payload = "gone", .qos = 1, .due_ms = 100}}},
	{"W3-11a", "B5", "3.1.1: the client id connects again, clean session 1 then 0: the will, once, at once",
	 "311:3.1.4-2 311:3.1.2-8", TAKEOVER_3, LEVEL_311, .steps = {COMES(), TAKES(.resume = true)}, .sights = DUE(0)},
	{"W3-11b", "B5", "3.1.1: the client id connects again, clean session 1 then 1: the will, once, at once",
	 "311:3.1.4-2 311:3.1.2-8", TAKEOVER_3, LEVEL_311, .steps = {COMES(), TAKES(.resume = false)}, .sights = DUE(0)},
	{"W3-12", "B5", "3.1.1: the client id connects again, clean session 0 then 1: the will, once, at once",
	 "311:3.1.4-2 311:3.1.2-8", TAKEOVER_3, LEVEL_311, .steps = {COMES(.resume = true), TAKES(.resume = false)},
	 .sights = DUE(0)},
	{"W3-13", "B5", "3.1.1: the client id connects again, clean session 0 then 0: the will, once, at once",
	 "311:3.1.4-2 311:3.1.2-8", TAKEOVER_3, LEVEL_311, .steps = {COMES(.resume = true), TAKES(.resume = true)},
	 .sights = DUE(0)},
	{"W3-15", NULL, "3.1.1: a CONNECT that is refused leaves no will", "311:3.1.2-8 311:3.1.4-5", ALWAYS, LEVEL_311,
	 .needs = NEEDS_PASSWORD, .until_ms = 2000, .steps = {REFUSED(.will = "gone", .qos = 1, .flaw = FLAW_BAD_CREDENTIALS)}},
	{"W3-16", NULL, "3.1.1: dropped, back without a will, dropped again: one will, the first", "311:3.1.2-10 311:3.1.2-12",
	 "give every CONNECT its will, also after a reconnect", LEVEL_311, .until_ms = 3000,
	 .steps = {COMES(.resume = true), RESETS, RETURNS(1000, .resume = true), {.act = ACT_RST, .who = TAKER}}, .sights = DUE(0)},
	{"W3-17", "B15", "3.1.1: TLS closed in order, without DISCONNECT: the will, at once", "311:3.1.2-8", ALWAYS, LEVEL_311,
	 .needs = NEEDS_TLS, .steps = {COMES(), CLOSES}, .sights = DUE(0)},
	{"W3-17w", "B15", "3.1.1: WebSocket closed without DISCONNECT: the will, at once", "311:3.1.2-8", ALWAYS, LEVEL_311,
	 .needs = NEEDS_WEBSOCKET, .steps = {COMES(), CLOSES}, .sights = DUE(0)},
};

const struct probe_table probe_rows_3 = TABLE(rows);
