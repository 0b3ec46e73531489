/* SPDX-License-Identifier: MIT */
/*
 * How connections of 5.0 end, without a will delay: rows W5 of the truth table.
 */
#include "probe/rows.h"

#define ALWAYS "a device on this broker cannot rely on its will: publish a heartbeat, too"
#define FAREWELL "stop with a message of your own and DISCONNECT 0x00, not by leaving it to the broker"
#define LEGAL "send legal packets; a library does"

#define BAD_FLAGS "\x80\x07\x00\x01\x00\x00\x01t\x00"
#define CONNECT_5 "\x10\x1B\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x0Emqttwill-probe"

static const struct probe_scenario rows[] = {
	{"W5-01", NULL, "closed without DISCONNECT: the will, at once", "MQTT-3.1.2-8", ALWAYS, LEVEL_5,
	 .steps = {COMES(.expiry = S(60)), CLOSES}, .sights = DUE(0)},
	{"W5-02", NULL, "reset: the will, at once", "MQTT-3.1.2-8", ALWAYS, LEVEL_5, .steps = {COMES(), RESETS}, .sights = DUE(0)},
	{"W5-03", "B14", "the client falls silent: the will after 1.5 times the keep-alive in force",
	 "MQTT-3.1.2-22 MQTT-3.2.2-21 MQTT-3.1.2-8", "choose a shorter keep-alive than the detection time asks for", LEVEL_5,
	 .due_from = DUE_KEEP_ALIVE,
	 .steps = {{.act = ACT_CONNECT, .who = DEVICE, .connect = {.will = "gone", .qos = 1, .keep_alive = 3}}, SILENT},
	 .sights = {{.payload = "gone", .qos = 1, .due_ms = 4500, .slack_ms = 6000}}},
	{"W5-03b", "B14 B9", "a message after 2 s, then silence, delay 2: 1.5 times the keep-alive after the message, and the delay",
	 "MQTT-3.1.2-22 MQTT-3.1.2-8", "choose a shorter keep-alive than the detection time asks for", LEVEL_5,
	 .due_from = DUE_KEEP_ALIVE,
	 .steps = {{.act = ACT_CONNECT, .who = DEVICE,
	            .connect = {.will = "gone", .qos = 1, .keep_alive = 3, .delay = S(2), .expiry = S(60)}},
	           {.act = ACT_PUBLISH, .who = DEVICE, .after_ms = 2000, .name = "alive", .bytes = "alive"}, SILENT},
	 .sights = {{.payload = "alive", .qos = 1, .before = true},
	            {.payload = "gone", .qos = 1, .due_ms = 6500, .slack_ms = 6000}}},
	{"W5-04", NULL, "keep-alive 0, the client falls silent: no will", "MQTT-3.1.2-22", "a keep-alive of 0 is not kept; set one",
	 LEVEL_5, .until_ms = 4500, .due_from = DUE_KEEP_ALIVE,
	 .steps = {{.act = ACT_CONNECT, .who = DEVICE, .connect = {.will = "gone", .qos = 1}}, SILENT}},
	{"W5-05a", "B21", "a SUBSCRIBE with wrong flags: the broker closes, the will at once", "MQTT-4.13.1-1 MQTT-3.1.2-8", ALWAYS,
	 LEVEL_5, .steps = {COMES(), SENDS(BAD_FLAGS)}, .sights = DUE(0)},
	{"W5-05b", "B21", "a second CONNECT: the broker closes, the will at once", "MQTT-3.1.0-2 MQTT-3.1.2-8", LEGAL, LEVEL_5,
	 .steps = {COMES(), SENDS(CONNECT_5)}, .sights = DUE(0)},
	{"W5-06", "B21", "a message that may not be published, then a reset: the will, whoever closed", "MQTT-3.1.2-8 MQTT-4.13.2-1",
	 "check the access control list: the broker forgets the will when it closes over a denial", LEVEL_5,
	 .needs = NEEDS_DENIED,
	 .steps = {COMES(), {.act = ACT_DENIED, .who = DEVICE, .mark = true, .bytes = "probe"}, {.act = ACT_RST, .who = DEVICE}},
	 .sights = {{.payload = "gone", .qos = 1, .slack_ms = 1000}}},
	{"W5-07a", "B12", "DISCONNECT without a reason code: no will, not after the delay either", "MQTT-3.14.4-3 MQTT-3.1.2-10",
	 "expect `offline` after every clean stop, too", LEVEL_5, .until_ms = 3500,
	 .steps = {COMES(.delay = S(1), .expiry = S(2)), SENDS("\xE0\x00"), {.act = ACT_CLOSED, .who = DEVICE}}},
	{"W5-07b", "B12", "DISCONNECT 0x00: no will, not after the delay either", "MQTT-3.14.4-3 MQTT-3.1.2-10",
	 "expect `offline` after every clean stop, too", LEVEL_5, .until_ms = 3500,
	 .steps = {COMES(.delay = S(1), .expiry = S(2)), SENDS("\xE0\x01\x00"), {.act = ACT_CLOSED, .who = DEVICE}}},
	{"W5-07c", "B12", "DISCONNECT 0x00, and closed in the same moment: no will", "MQTT-3.14.4-3 MQTT-3.1.2-10",
	 "wait until the broker has closed before you close", LEVEL_5, .until_ms = 2000,
	 .steps = {COMES(), SENDS("\xE0\x01\x00"), {.act = ACT_FIN, .who = DEVICE}}},
	{"W5-08", "B10", "DISCONNECT 0x04: the will, at once", "MQTT-3.1.2-8 MQTT-3.14.4-3", FAREWELL, LEVEL_5,
	 .steps = {COMES(.expiry = S(60)), LEAVES(REASON_WITH_WILL)}, .sights = DUE(0)},
	{"W5-09a", "B10", "DISCONNECT 0x80: the will, at once", "MQTT-3.1.2-8 MQTT-3.14.4-3", FAREWELL, LEVEL_5,
	 .steps = {COMES(), LEAVES(REASON_UNSPECIFIED)}, .sights = DUE(0)},
	{"W5-09b", "B10", "DISCONNECT 0x93: the will, at once", "MQTT-3.1.2-8 MQTT-3.14.4-3", FAREWELL, LEVEL_5,
	 .steps = {COMES(), LEAVES(REASON_RECEIVE_MAXIMUM)}, .sights = DUE(0)},
	{"W5-10a", "B11", "DISCONNECT with a code that does not exist, 0xFF, is none: the will, at once (3.14.2-1 against 3.14.4-3)",
	 "MQTT-3.14.2-1 MQTT-4.13.1-1 MQTT-3.1.2-8", LEGAL, LEVEL_5, .steps = {COMES(), SENDS("\xE0\x01\xFF")}, .sights = DUE(0)},
	{"W5-10b", "B11", "DISCONNECT with a code of the server's, 0x8E, is none: the will, at once (3.14.2-1 against 3.14.4-3)",
	 "MQTT-3.14.2-1 MQTT-4.13.1-1 MQTT-3.1.2-8", LEGAL, LEVEL_5, .steps = {COMES(), SENDS("\xE0\x01\x8E")}, .sights = DUE(0)},
	{"W5-11a", "B11", "DISCONNECT 0x00 with wrong flags is none: the will, at once (3.14.1-1 against 3.14.4-3)",
	 "MQTT-3.14.1-1 MQTT-4.13.1-1", LEGAL, LEVEL_5, .steps = {COMES(), SENDS("\xE1\x01\x00")}, .sights = DUE(0)},
	{"W5-11b", "B11", "DISCONNECT 0x00 with a property that it cannot have is none: the will, at once (4.13.1-1 against 3.14.4-3)",
	 "MQTT-4.13.1-1", LEGAL, LEVEL_5, .steps = {COMES(), SENDS("\xE0\x04\x00\x02\x01\x00")}, .sights = DUE(0)},
	{"W5-12a", "B12", "DISCONNECT 0x00 with a longer session expiry: no will", "MQTT-3.14.4-3", "do not change the session expiry",
	 LEVEL_5, .until_ms = 3000, .steps = {COMES(.delay = S(1), .expiry = S(10)), LEAVES_N(0, S(20))}},
	{"W5-12b", "B12", "DISCONNECT 0x00 with session expiry 0: no will", "MQTT-3.14.4-3", "do not change the session expiry",
	 LEVEL_5, .until_ms = 3000, .steps = {COMES(.delay = S(1), .expiry = S(10)), LEAVES_N(0, S(0))}},
	{"W5-13", "B13", "DISCONNECT 0x00 that turns session expiry 0 into more is none: the will, at once",
	 "MQTT5:3.14.2.2.2 MQTT-3.1.2-8", LEGAL, LEVEL_5, .steps = {COMES(), LEAVES_N(0, S(30))}, .sights = DUE(0)},
	{"W5-14", "B13", "DISCONNECT 0x04 that turns session expiry 0 into more: the will, at once",
	 "MQTT5:3.14.2.2.2 MQTT-3.1.2-8", LEGAL, LEVEL_5,
	 .steps = {COMES(.delay = S(3)), LEAVES_N(REASON_WITH_WILL, S(30))}, .sights = DUE(0)},
	{"W5-15", NULL, "a CONNECT that is refused leaves no will", "MQTT-3.1.4-2 MQTT-3.1.4-6", ALWAYS, LEVEL_5,
	 .needs = NEEDS_PASSWORD, .until_ms = 2000, .steps = {REFUSED(.will = "gone", .qos = 1, .flaw = FLAW_BAD_CREDENTIALS)}},
};

const struct probe_table probe_rows_5 = TABLE(rows);
