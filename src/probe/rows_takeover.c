/* SPDX-License-Identifier: MIT */
/*
 * The client id connects again while its old connection is open: rows WT of the truth table, and what users suffer there.
 */
#include "probe/rows.h"

#define RULES "MQTT-3.1.4-3 MQTT-3.1.2-8"
#define RESTATE "publish the birth again a second after connecting, and watch your own status topic"
#define OLD(...) COMES(__VA_ARGS__)

static const struct probe_scenario rows[] = {
	{"WT-01", NULL, "delay 0, session expiry 0, taken over with Clean Start 0: the will, at once", RULES, RESTATE, LEVEL_5,
	 .steps = {OLD(), TAKES(.resume = true, .absent = true)}, .sights = DUE(0)},
	{"WT-02", NULL, "delay 0, session expiry 0, taken over with Clean Start 1: the will, at once", RULES, RESTATE, LEVEL_5,
	 .steps = {OLD(), TAKES(.absent = true)}, .sights = DUE(0)},
	{"WT-03", "B2",
	 "delay 3, session expiry 0, taken over with Clean Start 0: the will, at once (3.1.4 and 3.1.2-8 say so; a comment in "
	 "3.1.3.2.2 says not)",
	 RULES, "keep a session expiry above 0 beside a will delay", LEVEL_5, .until_ms = 5000,
	 .steps = {OLD(.delay = S(3)), TAKES(.resume = true, .absent = true)}, .sights = DUE(0)},
	{"WT-04", NULL, "delay 3, session expiry 0, taken over with Clean Start 1: the will, at once", RULES,
	 "keep a session expiry above 0 beside a will delay", LEVEL_5, .until_ms = 5000,
	 .steps = {OLD(.delay = S(3)), TAKES(.absent = true)}, .sights = DUE(0)},
	{"WT-05", "B1", "delay 0, session expiry 60, taken over with Clean Start 0: the will, once, at once", RULES,
	 "do not wait for an `offline` between two connections of one device", LEVEL_5,
	 .steps = {OLD(.delay = S(0), .expiry = S(60)), TAKES(.resume = true, .present = true)}, .sights = DUE(0)},
	{"WT-06", NULL, "delay 0, session expiry 60, taken over with Clean Start 1: the will, at once", RULES, RESTATE, LEVEL_5,
	 .steps = {OLD(.delay = S(0), .expiry = S(60)), TAKES(.absent = true)}, .sights = DUE(0)},
	{"WT-07", "B3 B9", "delay 2, session expiry 60, taken over with Clean Start 0: no will; the new one stays armed",
	 "MQTT-3.1.3-9 MQTT-3.1.2-8", RESTATE, LEVEL_5,
	 .steps = {OLD(.delay = S(2), .expiry = S(60)),
	           TAKES(.resume = true, .present = true, .will = "new", .qos = 1, .delay = S(1), .expiry = S(60)),
	           {.act = ACT_RST, .who = TAKER, .mark = true, .after_ms = 4000}},
	 .sights = {{.payload = "new", .qos = 1, .due_ms = 1000}}},
	{"WT-08", "B4", "delay 3, session expiry 60, taken over with Clean Start 1: the will, at once",
	 "MQTT-3.1.2-4 MQTT-3.1.2-8", "come with Clean Start 0, which cancels the will on every broker", LEVEL_5, .until_ms = 5000,
	 .steps = {OLD(.delay = S(3), .expiry = S(60)), TAKES(.absent = true)}, .sights = DUE(0)},
	{"WT-09", NULL, "a CONNECT without the right to it takes nothing over, and the will stays", "MQTT-3.1.4-2", RESTATE, LEVEL_5,
	 .needs = NEEDS_PASSWORD,
	 .steps = {OLD(), {.act = ACT_REJECTED, .who = TAKER, .connect = {.keep_alive = 60, .flaw = FLAW_BAD_CREDENTIALS}},
	           {.act = ACT_RST, .who = DEVICE, .mark = true, .after_ms = 1000}},
	 .sights = DUE(0)},
	{"WT-11", NULL, "taken over by a connection that subscribes to the will's topic with No Local: it does not see the will",
	 "MQTT-3.8.3-3 MQTT-4.5.0-1", "subscribe to your own status topic without No Local, or ignore what is yours", LEVEL_5,
	 .steps = {OLD(.delay = S(0), .expiry = S(60)), {.act = ACT_SUBSCRIBE, .who = DEVICE, .no_local = true},
	           TAKES(.resume = true, .present = true)},
	 .sights = {{.payload = "gone", .qos = 1, .maybe = true}}},
	{"B22", "B22", "the old connection hangs, the client comes again with another will: the old will once, never the new one",
	 RULES, RESTATE, LEVEL_5, .until_ms = 3000,
	 .steps = {OLD(), {.act = ACT_SILENT, .who = DEVICE}, TAKES(.will = "new", .qos = 1)}, .sights = DUE(0)},
	{"B24", "B24", "taken over twice with Clean Start 1, then normal traffic: the new connection receives",
	 "MQTT-3.1.4-3 MQTT-3.1.2-4", "subscribe again after every connection", LEVEL_5, .until_ms = 3000,
	 .steps = {OLD(.delay = S(1), .expiry = S(60)), TAKES(.will = "new", .qos = 1, .delay = S(1), .expiry = S(60)),
	           {.act = ACT_CONNECT, .who = THIRD, .after_ms = 300, .connect = {.keep_alive = 60}},
	           {.act = ACT_SUBSCRIBE, .who = THIRD, .after_ms = 300},
	           {.act = ACT_CONNECT, .who = OTHER, .connect = {.keep_alive = 60}},
	           {.act = ACT_PUBLISH, .who = OTHER, .name = "will", .bytes = "hello"}},
	 .sights = {{.payload = "gone", .qos = 1, .maybe = true}, {.payload = "new", .qos = 1, .maybe = true},
	            {.payload = "hello", .qos = 1, .due_ms = 600}, {.payload = "hello", .qos = 1, .due_ms = 600, .who = THIRD}}},
	{"B27", "B27", "taken over, and the birth follows the CONNACK at once: the old will comes first, the status ends online",
	 "MQTT-3.1.4-3", RESTATE, LEVEL_5, .needs = NEEDS_RETAIN,
	 .steps = {OLD(.retain = true), TAKES(.resume = true),
	           {.act = ACT_PUBLISH, .who = TAKER, .name = "will", .bytes = "online", .retain = true},
	           {.act = ACT_CONNECT, .who = LATE, .after_ms = 500, .connect = {.keep_alive = 60}},
	           {.act = ACT_SUBSCRIBE, .who = LATE}},
	 .sights = {{.payload = "gone", .qos = 1, .retain = true}, {.payload = "online", .qos = 1, .retain = true},
	            {.payload = "online", .qos = 1, .due_ms = 500, .retain = true, .who = LATE}}},
};

const struct probe_table probe_rows_takeover = TABLE(rows);
