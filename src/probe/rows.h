/* SPDX-License-Identifier: MIT */
/*
 * Shorthand of the tables of scenarios. "gone" is the will of the device, at QoS 1.
 */
#ifndef PROBE_ROWS_H
#define PROBE_ROWS_H

#include "probe/scenario.h"
#include "wire/packet_type.h"
#include "wire/reason.h"

#define GONE .will = "gone", .qos = 1, .keep_alive = 60

/* The device comes with its will, and how its connection ends. */
#define COMES(...) {.act = ACT_CONNECT, .who = DEVICE, .connect = {GONE, __VA_ARGS__}}
#define CLOSES {.act = ACT_FIN, .who = DEVICE, .mark = true}
#define RESETS {.act = ACT_RST, .who = DEVICE, .mark = true}
#define SILENT {.act = ACT_SILENT, .who = DEVICE, .mark = true}
#define LEAVES(reason) {.act = ACT_DISCONNECT, .who = DEVICE, .mark = true, .code = (reason)}
#define LEAVES_N(reason, seconds) \
	{.act = ACT_DISCONNECT, .who = DEVICE, .mark = true, .code = (reason), .expiry = (seconds)}
#define SENDS(text) {.act = ACT_BYTES, .who = DEVICE, .mark = true, .bytes = (text), .n = sizeof(text) - 1}

/* The same client id again: while the old connection is open, or `ms` later. */
#define TAKES(...) {.act = ACT_CONNECT, .who = TAKER, .mark = true, .connect = {.keep_alive = 60, __VA_ARGS__}}
#define RETURNS(ms, ...) {.act = ACT_CONNECT, .who = TAKER, .after_ms = (ms), .connect = {.keep_alive = 60, __VA_ARGS__}}

/* A CONNECT that must be refused. */
#define REFUSED(...) {.act = ACT_REJECTED, .who = DEVICE, .mark = true, .connect = {.keep_alive = 60, __VA_ARGS__}}

#define DUE(ms) {{.payload = "gone", .qos = 1, .due_ms = (ms)}}

struct probe_table {
	const struct probe_scenario *rows;
	size_t                       count;
};

extern const struct probe_table probe_rows_3, probe_rows_5, probe_rows_delay, probe_rows_return, probe_rows_takeover,
	probe_rows_content, probe_rows_refused, probe_rows_broker;

#define TABLE(rows) {rows, sizeof(rows) / sizeof(rows)[0]}

#endif
