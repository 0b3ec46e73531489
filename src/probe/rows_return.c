/* SPDX-License-Identifier: MIT */
/*
 * The client comes back before or after the will's moment: rows WR of the truth table.
 */
#include "probe/rows.h"

#define CANCEL "MQTT-3.1.3-9 MQTT-3.1.2-8"
#define RESTATE "publish the birth again when the will delay has passed, and watch your own status topic"
#define NO_DELAY "set no will delay on this broker, and bear that a short loss is told as a death"

static const struct probe_scenario rows[] = {
	{"WR-01a", "B6 B9", "delay 3, back after 1 s with Clean Start 0: no will", CANCEL, RESTATE, LEVEL_5, .until_ms = 6000,
	 .steps = {COMES(.delay = S(3), .expiry = S(60)), RESETS, RETURNS(1000, .resume = true, .present = true)}},
	{"WR-01b", "B6 B9", "the same twice, each time with its will: the first timer does not speak in the second absence", CANCEL,
	 RESTATE, LEVEL_5, .until_ms = 7000,
	 .steps = {COMES(.delay = S(3), .expiry = S(60)), RESETS,
	           RETURNS(1500, .will = "gone", .qos = 1, .resume = true, .delay = S(3), .expiry = S(60), .present = true),
	           {.act = ACT_RST, .who = TAKER},
	           {.act = ACT_CONNECT, .who = THIRD, .after_ms = 2000, .connect = {.resume = true, .present = true, .keep_alive = 60}}}},
	{"WR-02", NULL, "delay 4, back after 1 s with Clean Start 1: the will, at once, for the session has ended",
	 "MQTT-3.1.2-4 MQTT5:3.1.3.2.2", "come back with Clean Start 0, which cancels the will on every broker", LEVEL_5,
	 .differs = DIFFERS_POLICY, .until_ms = 5000,
	 .steps = {COMES(.delay = S(4), .expiry = S(60)), RESETS,
	           {.act = ACT_CONNECT, .who = TAKER, .mark = true, .after_ms = 1000, .connect = {.keep_alive = 60, .absent = true}}},
	 .sights = DUE(0)},
	{"WR-03", "B9", "delay 2, back after 4 s: the will after 2 s, and nothing more", "MQTT-3.1.2-8 MQTT-3.1.2-10", NO_DELAY, LEVEL_5,
	 .until_ms = 6000,
	 .steps = {COMES(.delay = S(2), .expiry = S(60)), RESETS, RETURNS(4000, .resume = true, .present = true)},
	 .sights = DUE(2000)},
	{"WR-04", "B25", "delay 1, session expiry 2, back after 5 s: the will after 1 s, and Session Present 0",
	 "MQTT-3.1.2-8 MQTT-4.1.0-2", "subscribe again after every connection", LEVEL_5, .until_ms = 6500,
	 .steps = {COMES(.delay = S(1), .expiry = S(2)), RESETS, RETURNS(5000, .resume = true, .absent = true)},
	 .sights = DUE(1000)},
	{"WR-05", "B9", "delay 2, a CONNECT without the right to it in between: the will after 2 s", CANCEL, NO_DELAY, LEVEL_5,
	 .needs = NEEDS_PASSWORD,
	 .steps = {COMES(.delay = S(2), .expiry = S(60)), RESETS,
	           {.act = ACT_REJECTED, .who = TAKER, .after_ms = 500,
	            .connect = {.resume = true, .keep_alive = 60, .flaw = FLAW_BAD_CREDENTIALS}}},
	 .sights = DUE(2000)},
	{"WR-05b", "B9", "delay 2, the same CONNECT with Clean Start 1: the will after 2 s", CANCEL, NO_DELAY, LEVEL_5,
	 .needs = NEEDS_PASSWORD,
	 .steps = {COMES(.delay = S(2), .expiry = S(60)), RESETS,
	           {.act = ACT_REJECTED, .who = TAKER, .after_ms = 500,
	            .connect = {.keep_alive = 60, .flaw = FLAW_BAD_CREDENTIALS}}},
	 .sights = DUE(2000)},
	{"WR-06", "B9", "delay 2, a network connection without a CONNECT in between: the will after 2 s", CANCEL, NO_DELAY, LEVEL_5,
	 .steps = {COMES(.delay = S(2), .expiry = S(60)), RESETS, {.act = ACT_KNOCK, .who = TAKER, .after_ms = 500}},
	 .sights = DUE(2000)},
	{"WR-07", "B6 B9", "delay 3, back after 1 s with another will, dropped again: the other will alone, by its own delay",
	 "MQTT-3.1.3-9 MQTT-3.1.2-7", RESTATE, LEVEL_5, .until_ms = 4000,
	 .steps = {COMES(.delay = S(3), .expiry = S(60)), RESETS,
	           RETURNS(1000, .resume = true, .will = "new", .qos = 1, .delay = S(1), .expiry = S(60)),
	           {.act = ACT_RST, .who = TAKER, .mark = true}},
	 .sights = {{.payload = "new", .qos = 1, .due_ms = 1000}}},
	{"WR-08", "B6 B9", "delay 3, back after 1 s without a will, dropped again: no will", "MQTT-3.1.3-9 MQTT-3.1.2-10", RESTATE, LEVEL_5,
	 .until_ms = 6000,
	 .steps = {COMES(.delay = S(3), .expiry = S(60)), RESETS, RETURNS(1000, .resume = true, .expiry = S(60)),
	           {.act = ACT_RST, .who = TAKER}}},
	{"WR-09", "B6 B9", "delay 3, back after 1 s, then DISCONNECT 0x00: no will", "MQTT-3.1.3-9 MQTT-3.14.4-3", RESTATE, LEVEL_5,
	 .until_ms = 6000,
	 .steps = {COMES(.delay = S(3), .expiry = S(60)), RESETS, RETURNS(1000, .resume = true, .expiry = S(60)),
	           {.act = ACT_DISCONNECT, .who = TAKER}}},
	{"WR-10", "B9", "delay 2, another client id connects: the will after 2 s", "MQTT-3.1.3-2", NO_DELAY, LEVEL_5,
	 .steps = {COMES(.delay = S(2), .expiry = S(60)), RESETS,
	           {.act = ACT_CONNECT, .who = OTHER, .after_ms = 500, .connect = {.keep_alive = 60}}},
	 .sights = DUE(2000)},
	{"WR-11", NULL, "delay 3, back after 1 s with 3.1.1 and Clean Session 0: no will", "MQTT-3.1.3-9",
	 "do not change the version of MQTT between two connections", LEVEL_5, .until_ms = 6000, .differs = DIFFERS_POLICY,
	 .steps = {COMES(.delay = S(3), .expiry = S(60)), RESETS, RETURNS(1000, .resume = true, .level = LEVEL_311)}},
	{"WR-13", NULL, "delay 0, back after 1 s: the will at once, before", "MQTT-3.1.2-8", NO_DELAY, LEVEL_5,
	 .steps = {COMES(.delay = S(0), .expiry = S(60)), RESETS, RETURNS(1000, .resume = true, .present = true)}, .sights = DUE(0)},
};

const struct probe_table probe_rows_return = TABLE(rows);
