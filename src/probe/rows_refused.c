/* SPDX-License-Identifier: MIT */
/*
 * What is refused at CONNECT, and what the client may not say: rows WA of the truth table.
 */
#include "probe/rows.h"

#define MALFORMED "nothing: a library does not send such a CONNECT"
#define BAD_TOPIC "nothing: mqttwill_will_check() refuses such a topic before a byte leaves"

static const struct probe_scenario rows[] = {
	{"WA-01a", "B26", "Will QoS 3", "MQTT-3.1.2-12 MQTT-3.1.4-1", MALFORMED, LEVEL_5, .steps = {REFUSED(.will = "gone", .flaw = FLAW_QOS_3)}},
	{"WA-01b", "B26", "3.1.1: Will QoS 3", "311:3.1.2-14", MALFORMED, LEVEL_311,
	 .steps = {REFUSED(.will = "gone", .flaw = FLAW_QOS_3)}},
	{"WA-02a", "B26", "Will Flag 0 with a Will QoS", "MQTT-3.1.2-11", MALFORMED, LEVEL_5,
	 .steps = {REFUSED(.flaw = FLAW_QOS_WITHOUT_WILL)}},
	{"WA-02b", "B26", "Will Flag 0 with Will Retain", "MQTT-3.1.2-13", MALFORMED, LEVEL_5,
	 .steps = {REFUSED(.flaw = FLAW_RETAIN_WITHOUT_WILL)}},
	{"WA-02c", "B26", "3.1.1: Will Flag 0 with Will Retain", "311:3.1.2-15", MALFORMED, LEVEL_311,
	 .steps = {REFUSED(.flaw = FLAW_RETAIN_WITHOUT_WILL)}},
	{"WA-03", "B18", "a will above the broker's Maximum QoS", "MQTT-3.2.2-12", "lower the will's QoS", LEVEL_5,
	 .needs = NEEDS_LOW_QOS, .steps = {REFUSED(.will = "gone", .qos = 2)}},
	{"WA-04", "B18", "a retained will where nothing is retained", "MQTT-3.2.2-13", "do not retain the status on this broker", LEVEL_5,
	 .needs = NEEDS_NO_RETAIN, .steps = {REFUSED(.will = "gone", .qos = 0, .retain = true)}},
	{"WA-05", NULL, "Payload Format Indicator 1 and a payload that is not UTF-8: refused, or published as it is",
	 "MQTT5:3.1.3.2.3", "nothing: mqttwill_will_check() refuses it", LEVEL_5,
	 .steps = {{.act = ACT_TRY, .who = DEVICE, .connect = {.will = "\xFF", .qos = 1, .text = true, .keep_alive = 60}}, RESETS},
	 .sights = {{.payload = "\xFF", .qos = 1, .properties = false}}},
	{"WA-07a", "B26", "an empty will topic", "MQTT-4.7.3-1", BAD_TOPIC, LEVEL_5, .steps = {REFUSED(.will = "gone", .topic = "")}},
	{"WA-07b", "B26", "3.1.1: an empty will topic", "311:4.7.3-1", BAD_TOPIC, LEVEL_311,
	 .steps = {REFUSED(.will = "gone", .topic = "")}},
	{"WA-08a", "B26", "a will topic with a wildcard", "MQTT-4.7.0-1", BAD_TOPIC, LEVEL_5,
	 .steps = {REFUSED(.will = "gone", .topic = "mqttwill-probe/#")}},
	{"WA-08b", "B26", "3.1.1: a will topic with a wildcard", "311:4.7.1-1", BAD_TOPIC, LEVEL_311,
	 .steps = {REFUSED(.will = "gone", .topic = "mqttwill-probe/+")}},
	{"WA-09a", "B26", "a will topic with U+0000", "MQTT-1.5.4-2", BAD_TOPIC, LEVEL_5,
	 .steps = {REFUSED(.will = "gone", .topic = "mqttwill-probe/\0", .topic_n = 16)}},
	{"WA-09b", "B26", "a will topic that is not UTF-8", "MQTT-1.5.4-1 MQTT-3.1.3-11", BAD_TOPIC, LEVEL_5,
	 .steps = {REFUSED(.will = "gone", .topic = "mqttwill-probe/\xED\xA0\x80")}},
	{"WA-10", NULL, "a will topic that begins with $: refused, or taken", "MQTT5:4.7.2", "keep away from $ topics", LEVEL_5,
	 .steps = {{.act = ACT_TRY, .who = DEVICE, .mark = true,
	            .connect = {.will = "gone", .topic = "$mqttwill-probe/will", .keep_alive = 60}},
	           {.act = ACT_DISCONNECT, .who = DEVICE}}},
	{"WA-11", "B19", "a will whose topic these credentials may not publish to: refused at CONNECT, or withheld; not published",
	 "MQTT-3.1.4-2", "try the will once with a reset when you set the device up: this broker does not say that it withholds it",
	 LEVEL_5, .needs = NEEDS_DENIED, .if_accepted = FATE_POLICY,
	 .steps = {{.act = ACT_SUBSCRIBE, .who = WATCHER, .connect = {.denied = true}},
	           {.act = ACT_TRY, .who = DEVICE, .connect = {.will = "gone", .denied = true, .keep_alive = 60}}, RESETS}},
	{"WA-12", "B19", "3.1.1: a will whose topic these credentials may not publish to: refused, or withheld; not published",
	 "311:3.1.4-1 311:3.2.2-5", "try the will once with a reset when you set the device up", LEVEL_311, .needs = NEEDS_DENIED,
	 .if_accepted = FATE_POLICY,
	 .steps = {{.act = ACT_SUBSCRIBE, .who = WATCHER, .connect = {.denied = true}},
	           {.act = ACT_TRY, .who = DEVICE, .connect = {.will = "gone", .denied = true, .keep_alive = 60}}, RESETS}},
	{"WA-14", "B26", "the Will Delay Interval twice", "MQTT5:3.1.3.2.2", MALFORMED, LEVEL_5,
	 .steps = {REFUSED(.will = "gone", .delay = S(1), .flaw = FLAW_REPEATED_DELAY)}},
	{"WA-15a", "B26", "a property among the Will Properties that does not belong there", "MQTT5:2.2.2.2", MALFORMED, LEVEL_5,
	 .steps = {REFUSED(.will = "gone", .flaw = FLAW_FOREIGN_PROPERTY)}},
	{"WA-15b", "B26", "an unknown property among the Will Properties", "MQTT5:2.2.2.2", MALFORMED, LEVEL_5,
	 .steps = {REFUSED(.will = "gone", .flaw = FLAW_UNKNOWN_PROPERTY)}},
	{"WA-16", "B26", "the Will Delay Interval among CONNECT's own properties", "MQTT5:2.2.2.2", MALFORMED, LEVEL_5,
	 .steps = {REFUSED(.will = "gone", .flaw = FLAW_DELAY_OUTSIDE)}},
	{"WA-17", "B26", "a will without the length of its properties", "MQTT-3.1.2-9 MQTT-2.2.2-1", MALFORMED, LEVEL_5,
	 .steps = {REFUSED(.will = "gone", .flaw = FLAW_NO_WILL_PROPERTIES)}},
	{"WA-19", "B26", "a Response Topic with a wildcard among the Will Properties", "MQTT-3.3.2-14", BAD_TOPIC, LEVEL_5,
	 .steps = {REFUSED(.will = "gone", .response_topic = "probe/#")}},
	{"B26", "B26", "Will Flag 1, and CONNECT ends behind the topic", "MQTT-3.1.2-9", MALFORMED, LEVEL_5,
	 .steps = {REFUSED(.will = "gone", .flaw = FLAW_NO_PAYLOAD)}},
};

const struct probe_table probe_rows_refused = TABLE(rows);
