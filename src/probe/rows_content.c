/* SPDX-License-Identifier: MIT */
/*
 * What is published: rows WC of the truth table.
 */
#include "probe/rows.h"

#define STATUS "publish what consumers need in the status messages themselves"
#define NOT_STORED "consumers that come late cannot rely on the retained status of this broker"
#define LONG_SEEN "a-will-that-is-too-long" /* as much as is noted */
#define LONG_WILL LONG_SEEN "-for-a-subscriber-of-64-bytes-and-for-its-topic"
#define SUBSCRIBES_LATE(ms) \
	{.act = ACT_CONNECT, .who = LATE, .after_ms = (ms), .connect = {.keep_alive = 60}}, {.act = ACT_SUBSCRIBE, .who = LATE}
#define PUBLISHES(text) {.act = ACT_PUBLISH, .who = DEVICE, .name = "will", .bytes = (text), .retain = true}
#define LATER(text) {.payload = (text), .qos = 1, .retain = true, .who = LATE, .due_ms = 500, .slack_ms = 1000}

static const struct probe_scenario rows[] = {
	{"WC-01", "B17", "the Will Properties are those of the message, user properties in order, the delay is not among them",
	 "MQTT-3.1.3-10 MQTT-3.3.2-4 MQTT-3.3.2-15 MQTT-3.3.2-20", STATUS, LEVEL_5,
	 .steps = {COMES(.properties = true, .delay = S(1), .expiry = S(60)), RESETS},
	 .sights = {{.payload = "gone", .qos = 1, .due_ms = 1000, .properties = true}}},
	{"WC-02", "B17 B9", "message expiry 10, delay 2: the message carries 10", "MQTT5:3.1.3.2.4 MQTT-3.3.2-6",
	 "add the will delay to the message expiry", LEVEL_5,
	 .steps = {COMES(.message_expiry = S(10), .delay = S(2), .expiry = S(60)), RESETS},
	 .sights = {{.payload = "gone", .qos = 1, .due_ms = 2000, .message_expiry = S(10)}}},
	{"WC-03", "B17 B9", "message expiry 1, delay 3: published all the same", "MQTT5:3.1.3.2.4",
	 "add the will delay to the message expiry", LEVEL_5,
	 .steps = {COMES(.message_expiry = S(1), .delay = S(3), .expiry = S(60)), RESETS},
	 .sights = {{.payload = "gone", .qos = 1, .due_ms = 3000, .message_expiry = S(1)}}},
	{"WC-04", NULL, "message expiry 0: to connected subscribers, with 0", "MQTT-3.3.2-5",
	 "leave the message expiry out rather than set it to 0", LEVEL_5, .differs = DIFFERS_POLICY,
	 .steps = {COMES(.message_expiry = S(0)), RESETS}, .sights = {{.payload = "gone", .qos = 1, .message_expiry = S(0)}}},
	{"WC-05", "B16", "a retained will is stored: who subscribes later gets it", "MQTT-3.1.2-15 MQTT-3.3.1-5 MQTT-3.3.1-12", NOT_STORED,
	 LEVEL_5, .needs = NEEDS_RETAIN, .steps = {COMES(.retain = true), RESETS, SUBSCRIBES_LATE(500)},
	 .sights = {{.payload = "gone", .qos = 1, .retain = true}, LATER("gone")}},
	{"WC-06", NULL, "a will that is not retained leaves the retained message of its topic alone", "MQTT-3.1.2-14 MQTT-3.3.1-8",
	 NOT_STORED, LEVEL_5, .needs = NEEDS_RETAIN, .steps = {COMES(), PUBLISHES("before"), RESETS, SUBSCRIBES_LATE(500)},
	 .sights = {{.payload = "before", .qos = 1, .retain = true, .before = true}, {.payload = "gone", .qos = 1}, LATER("before")}},
	{"WC-07", "B16", "a retained will without payload is published, and removes the retained message", "MQTT-3.3.1-6 MQTT-3.3.1-7",
	 "give the will a payload", LEVEL_5, .needs = NEEDS_RETAIN, .if_refused = FATE_FAIL,
	 .steps = {{.act = ACT_TRY, .who = DEVICE, .connect = {.will = "", .qos = 1, .retain = true, .keep_alive = 60}},
	           PUBLISHES("before"), RESETS, SUBSCRIBES_LATE(500)},
	 .sights = {{.payload = "before", .qos = 1, .retain = true, .before = true}, {.payload = "", .qos = 1, .retain = true}}},
	{"WC-08", NULL, "a will without payload that is not retained is published, and the retained message stays", "MQTT-3.3.1-8",
	 "give the will a payload", LEVEL_5, .needs = NEEDS_RETAIN, .if_refused = FATE_FAIL,
	 .steps = {{.act = ACT_TRY, .who = DEVICE, .connect = {.will = "", .qos = 1, .keep_alive = 60}}, PUBLISHES("before"), RESETS,
	           SUBSCRIBES_LATE(500)},
	 .sights = {{.payload = "before", .qos = 1, .retain = true, .before = true}, {.payload = "", .qos = 1}, LATER("before")}},
	{"WC-09a", NULL, "a will at QoS 0 comes at QoS 0", "MQTT-3.8.4-8", STATUS, LEVEL_5,
	 .steps = {{.act = ACT_CONNECT, .who = DEVICE, .connect = {.will = "gone", .keep_alive = 60}}, RESETS},
	 .sights = {{.payload = "gone"}}},
	{"WC-09b", NULL, "a will at QoS 2 comes at QoS 2", "MQTT-3.8.4-8 MQTT-2.2.1-4", STATUS, LEVEL_5, .needs = NEEDS_QOS_2,
	 .steps = {{.act = ACT_CONNECT, .who = DEVICE, .connect = {.will = "gone", .qos = 2, .keep_alive = 60}}, RESETS},
	 .sights = {{.payload = "gone", .qos = 2}}},
	{"WC-10", NULL, "a subscriber that is away with a session gets the will when it returns", "MQTT-4.5.0-1", STATUS, LEVEL_5,
	 .steps = {{.act = ACT_CONNECT, .who = LATE, .connect = {.keep_alive = 60, .expiry = S(10)}},
	           {.act = ACT_SUBSCRIBE, .who = LATE}, {.act = ACT_FIN, .who = LATE}, COMES(), RESETS,
	           {.act = ACT_CONNECT, .who = LATE, .after_ms = 500, .connect = {.keep_alive = 60, .resume = true, .present = true}}},
	 .sights = {{.payload = "gone", .qos = 1}, {.payload = "gone", .qos = 1, .who = LATE, .due_ms = 500, .slack_ms = 1000}}},
	{"WC-11", NULL, "a will above a subscriber's Maximum Packet Size: not to that one, but to the others", "MQTT-3.1.2-24 MQTT-3.1.2-25",
	 "keep the will short", LEVEL_5,
	 .steps = {{.act = ACT_CONNECT, .who = LATE, .connect = {.keep_alive = 60, .maximum_packet_size = 64}},
	           {.act = ACT_SUBSCRIBE, .who = LATE},
	           {.act = ACT_CONNECT, .who = DEVICE, .connect = {.will = LONG_WILL, .qos = 1, .keep_alive = 60}}, RESETS,
	           {.act = ACT_CONNECT, .who = OTHER, .after_ms = 300, .connect = {.keep_alive = 60}},
	           {.act = ACT_PUBLISH, .who = OTHER, .name = "will", .bytes = "ok"}},
	 .sights = {{.payload = LONG_SEEN, .qos = 1}, {.payload = "ok", .qos = 1, .due_ms = 300},
	            {.payload = "ok", .qos = 1, .due_ms = 300, .who = LATE}}},
	{"WC-12", NULL, "a subscriber with Receive Maximum 1 and a message unacknowledged: the will waits, and is not lost",
	 "MQTT-3.3.4-9 MQTT-4.9.0-2", "acknowledge at once", LEVEL_5, .strict = true,
	 .steps = {{.act = ACT_CONNECT, .who = LATE, .connect = {.keep_alive = 60, .receive_maximum = 1, .holds = true}},
	           {.act = ACT_SUBSCRIBE, .who = LATE}, {.act = ACT_CONNECT, .who = OTHER, .connect = {.keep_alive = 60}},
	           {.act = ACT_PUBLISH, .who = OTHER, .name = "will", .bytes = "first"},
	           {.act = ACT_CONNECT, .who = DEVICE, .after_ms = 300, .connect = {GONE}}, RESETS,
	           {.act = ACT_ANSWER, .who = LATE, .after_ms = 1500}},
	 .sights = {{.payload = "first", .qos = 1, .before = true}, {.payload = "gone", .qos = 1},
	            {.payload = "first", .qos = 1, .before = true, .who = LATE},
	            {.payload = "gone", .qos = 1, .due_ms = 1500, .who = LATE}}},
	{"WC-13", NULL, "a client that subscribes to its own will with No Local does not get it when it returns", "MQTT-3.8.3-3",
	 "ignore your own status when it comes back to you", LEVEL_5,
	 .steps = {COMES(.expiry = S(60)), {.act = ACT_SUBSCRIBE, .who = DEVICE, .no_local = true}, RESETS,
	           RETURNS(500, .resume = true, .present = true)},
	 .sights = DUE(0)},
	{"WC-15", NULL, "a client that comes and is lost three times: its will each time, once", "MQTT-3.1.2-10",
	 "publish a heartbeat, too", LEVEL_5,
	 .steps = {COMES(), {.act = ACT_RST, .who = DEVICE}, {.act = ACT_CONNECT, .who = TAKER, .after_ms = 700, .connect = {GONE}},
	           {.act = ACT_RST, .who = TAKER}, {.act = ACT_CONNECT, .who = THIRD, .after_ms = 700, .connect = {GONE}},
	           {.act = ACT_RST, .who = THIRD, .mark = true}},
	 .sights = {{.payload = "gone", .qos = 1, .before = true}, {.payload = "gone", .qos = 1, .before = true},
	            {.payload = "gone", .qos = 1}}},
	{"WC-16", NULL, "the client's last message goes before its will", "MQTT-4.6.0-5",
	 "put a number or a time into messages whose order matters", LEVEL_5, .differs = DIFFERS_POLICY,
	 .steps = {COMES(), {.act = ACT_PUBLISH, .who = DEVICE, .mark = true, .name = "status", .bytes = "last"},
	           {.act = ACT_RST, .who = DEVICE}},
	 .sights = {{.payload = "last", .qos = 1}, {.payload = "gone", .qos = 1}}},
};

const struct probe_table probe_rows_content = TABLE(rows);
