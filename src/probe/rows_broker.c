/* SPDX-License-Identifier: MIT */
/*
 * What happens to the broker: it is restarted, or has much to do. Both want the caller's leave.
 */
#include "probe/rows.h"

#define RULES_5 "MQTT-3.1.2-8 MQTT5:3.1.2.5"
#define RULES_3 "311:3.1.2-8 311:3.1.2.5"
#define STUCK "publish a heartbeat, and let consumers distrust a status that is older than a few of them"

/* The watcher hears it at the shutdown, or as a retained message, or when the broker remembers; then the session is asked for. */
#define RESTARTS                                                                                                       \
	{.act = ACT_RESTART, .who = WATCHER}, {.act = ACT_SUBSCRIBE, .who = WATCHER, .mark = true},                    \
		{.act = ACT_CONNECT, .who = TAKER, .after_ms = 5000, .connect = {.resume = true, .keep_alive = 60}}
#define ONCE_OR_RETAINED                                                                                               \
	{{.payload = "gone", .qos = 1, .retain = true, .maybe = true}, {.payload = "gone", .qos = 1, .retain = true, .maybe = true}}

static const struct probe_scenario rows[] = {
	{"W3-14", "B20 B16", "3.1.1: the broker restarts under a connected device: its will, at the shutdown or after", RULES_3, STUCK,
	 LEVEL_311, .needs = NEEDS_RESTART | NEEDS_RETAIN, .alone = true, .any = true, .until_ms = 5500,
	 .steps = {COMES(.resume = true, .retain = true), RESTARTS}, .sights = ONCE_OR_RETAINED},
	{"W5-18a", "B20 B16", "the broker restarts under a connected device: its will, at the shutdown or after", RULES_5, STUCK, LEVEL_5,
	 .needs = NEEDS_RESTART | NEEDS_RETAIN, .alone = true, .any = true, .until_ms = 5500,
	 .steps = {COMES(.expiry = S(300), .retain = true), RESTARTS}, .sights = ONCE_OR_RETAINED},
	{"W5-18b", "B20", "the broker restarts while a will waits for its delay: the will, at the shutdown or after", RULES_5, STUCK,
	 LEVEL_5, .needs = NEEDS_RESTART | NEEDS_RETAIN, .alone = true, .any = true, .until_ms = 5500,
	 .steps = {COMES(.delay = S(2), .expiry = S(300), .retain = true), {.act = ACT_RST, .who = DEVICE}, RESTARTS},
	 .sights = ONCE_OR_RETAINED},
	{"B23", "B23", "many devices come and are lost, many at a time: the will of each, once", "MQTT-3.1.2-8 MQTT-3.1.2-10",
	 "let consumers distrust a status without a heartbeat", LEVEL_5, .needs = NEEDS_LOAD, .alone = true, .until_ms = 6000,
	 .steps = {{.act = ACT_LOAD, .who = OTHER}, {.act = ACT_PAUSE, .who = DEVICE, .mark = true}}},
};

const struct probe_table probe_rows_broker = TABLE(rows);
