/* SPDX-License-Identifier: MIT */
/*
 * Will delay against session expiry: rows WD of the truth table.
 */
#include "probe/rows.h"

#define RULES "MQTT-3.1.2-8"
#define NO_DELAY "set no will delay on this broker, and bear that a short loss is told as a death"
#define NO_EXPIRY "keep the session expiry above the will delay, or use no delay"
#define NO_CHANGE "do not change the session expiry in DISCONNECT"

static const struct probe_scenario rows[] = {
	{"WD-01", NULL, "delay absent, session expiry 60: at once", RULES, NO_DELAY, LEVEL_5,
	 .steps = {COMES(.expiry = S(60)), RESETS}, .sights = DUE(0)},
	{"WD-02", NULL, "delay 0, session expiry 0: at once", RULES, NO_DELAY, LEVEL_5,
	 .steps = {COMES(.delay = S(0), .expiry = S(0)), RESETS}, .sights = DUE(0)},
	{"WD-03a", NULL, "delay 0, session expiry 60: at once", RULES, NO_DELAY, LEVEL_5,
	 .steps = {COMES(.delay = S(0), .expiry = S(60)), RESETS}, .sights = DUE(0)},
	{"WD-03b", NULL, "delay 0, the session never expires: at once", RULES, NO_DELAY, LEVEL_5,
	 .steps = {COMES(.delay = S(0), .expiry = S_NEVER), RESETS}, .sights = DUE(0)},
	{"WD-04a", "B8", "delay 3, session expiry 0: at once, the session has ended", RULES, NO_EXPIRY, LEVEL_5, .until_ms = 5000,
	 .steps = {COMES(.delay = S(3), .expiry = S(0)), RESETS}, .sights = DUE(0)},
	{"WD-04b", "B8", "delay 3, session expiry absent: at once, the session has ended", RULES, NO_EXPIRY, LEVEL_5,
	 .until_ms = 5000, .steps = {COMES(.delay = S(3)), RESETS}, .sights = DUE(0)},
	{"WD-05", "B9", "delay 3, session expiry 60: after 3 s", RULES, NO_DELAY, LEVEL_5,
	 .steps = {COMES(.delay = S(3), .expiry = S(60)), RESETS}, .sights = DUE(3000)},
	{"WD-05b", "B9", "delay 3, session expiry 536870912, whose low bits are 0, also in ms: after 3 s", RULES,
	 NO_EXPIRY, LEVEL_5, .steps = {COMES(.delay = S(3), .expiry = S(1 << 29)), RESETS}, .sights = DUE(3000)},
	{"WD-06", "B9", "delay 3, session expiry 3: after 3 s, once", RULES, NO_DELAY, LEVEL_5, .until_ms = 6000,
	 .steps = {COMES(.delay = S(3), .expiry = S(3)), RESETS}, .sights = DUE(3000)},
	{"WD-07", "B7 B9", "delay 6, session expiry 2: after 2 s, when the session ends", RULES, NO_EXPIRY, LEVEL_5, .until_ms = 8000,
	 .steps = {COMES(.delay = S(6), .expiry = S(2)), RESETS}, .sights = DUE(2000)},
	{"WD-07b", "B7 B9", "delay 536870912, whose low bits are 0, also in ms, session expiry 3: after 3 s", RULES,
	 NO_EXPIRY, LEVEL_5, .steps = {COMES(.delay = S(1 << 29), .expiry = S(3)), RESETS}, .sights = DUE(3000)},
	{"WD-08", "B9", "delay 3, the session never expires: after 3 s", RULES, NO_DELAY, LEVEL_5,
	 .steps = {COMES(.delay = S(3), .expiry = S_NEVER), RESETS}, .sights = DUE(3000)},
	{"WD-09", "B7 B9", "delay 4294967295, session expiry 2: after 2 s", RULES, NO_EXPIRY, LEVEL_5,
	 .steps = {COMES(.delay = S_NEVER, .expiry = S(2)), RESETS}, .sights = DUE(2000)},
	{"WD-10", "B9", "delay 4294967295, the session never expires: not yet", RULES, NO_EXPIRY, LEVEL_5, .until_ms = 4000,
	 .steps = {COMES(.delay = S_NEVER, .expiry = S_NEVER), RESETS}},
	{"WD-11", "B7 B9", "delay 6, session expiry 3, or what CONNACK made of it: that counts", "MQTT-3.1.2-8 MQTT5:3.2.2.3.2", NO_EXPIRY,
	 LEVEL_5, .due_from = DUE_CONNACK, .steps = {COMES(.delay = S(6), .expiry = S(3)), RESETS}, .sights = DUE(3000)},
	{"WD-12", "B13 B7 B9 B10", "DISCONNECT 0x04 shortens the session to 2 s, delay 6: after 2 s", "MQTT5:3.14.2.2.2 MQTT-3.1.2-8", NO_CHANGE,
	 LEVEL_5, .steps = {COMES(.delay = S(6), .expiry = S(60)), LEAVES_N(REASON_WITH_WILL, S(2))}, .sights = DUE(2000)},
	{"WD-13", "B13 B9 B10", "DISCONNECT 0x04 lengthens the session from 2 to 60 s, delay 4: after 4 s", "MQTT5:3.14.2.2.2 MQTT-3.1.2-8",
	 NO_CHANGE, LEVEL_5, .steps = {COMES(.delay = S(4), .expiry = S(2)), LEAVES_N(REASON_WITH_WILL, S(60))},
	 .sights = DUE(4000)},
	{"WD-14", "B13 B10", "DISCONNECT 0x04 ends the session, delay 3: at once", "MQTT5:3.14.2.2.2 MQTT-3.1.2-8", NO_CHANGE, LEVEL_5,
	 .until_ms = 5000, .steps = {COMES(.delay = S(3), .expiry = S(60)), LEAVES_N(REASON_WITH_WILL, S(0))}, .sights = DUE(0)},
	{"WD-15", "B13 B9 B10", "DISCONNECT 0x04 makes the session last for ever, delay 4, session expiry 2: after 4 s",
	 "MQTT5:3.14.2.2.2 MQTT-3.1.2-8", NO_CHANGE, LEVEL_5,
	 .steps = {COMES(.delay = S(4), .expiry = S(2)), LEAVES_N(REASON_WITH_WILL, S_NEVER)}, .sights = DUE(4000)},
	{"WD-16", "B9", "two clients, the later loss has the shorter delay: each at its own time", RULES,
	 "use one will delay for all devices of this broker", LEVEL_5,
	 .steps = {COMES(.delay = S(4), .expiry = S(10)),
	           {.act = ACT_CONNECT, .who = OTHER,
	            .connect = {.will = "other", .qos = 1, .keep_alive = 60, .delay = S(3), .expiry = S(10)}},
	           RESETS, {.act = ACT_RST, .who = OTHER, .after_ms = 3500}},
	 .sights = {{.payload = "gone", .qos = 1, .due_ms = 4000}, {.payload = "other", .qos = 1, .due_ms = 6500}}},
	{"WD-17a", "B9", "delay 2: not a millisecond before 2 s", RULES, "add a second to the will delay", LEVEL_5, .strict = true,
	 .steps = {COMES(.delay = S(2), .expiry = S(60)), {.act = ACT_RST, .who = DEVICE, .mark = true, .after_ms = 100}},
	 .sights = DUE(2000)},
	{"WD-17b", "B9", "delay 2, begun elsewhere in the second: not a millisecond before 2 s", RULES,
	 "add a second to the will delay", LEVEL_5, .strict = true,
	 .steps = {COMES(.delay = S(2), .expiry = S(60)), {.act = ACT_RST, .who = DEVICE, .mark = true, .after_ms = 430}},
	 .sights = DUE(2000)},
	{"WD-17c", "B9", "delay 2, begun elsewhere again: not a millisecond before 2 s", RULES, "add a second to the will delay",
	 LEVEL_5, .strict = true,
	 .steps = {COMES(.delay = S(2), .expiry = S(60)), {.act = ACT_RST, .who = DEVICE, .mark = true, .after_ms = 760}},
	 .sights = DUE(2000)},
};

const struct probe_table probe_rows_delay = TABLE(rows);
