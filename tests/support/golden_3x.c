/* SPDX-License-Identifier: MIT */
/*
 * The packets of MQTT 3.1 and 3.1.1. Where both write the same bytes, one row stands for both.
 */
#include "support/golden.h"

#define T(text) {(const uint8_t *)(text), sizeof(text) - 1}
#define EITHER (FROM_CLIENT | FROM_SERVER)

static const struct filter two_filters[] = {{T("a/+/c"), 1}, {T("#"), 0}};
static const struct filter one_filter[] = {{T("a/b"), 2}};
static const struct filter unsubscribed[] = {{T("a/+/c"), 0}, {T("#"), 0}};

const struct golden golden_3x[] = {
	{"CONNECT of 3.1, the shortest", IN_31, FROM_CLIENT,
	 "10 12"
	 "0006'MQIsdp' 03" /* protocol name and level */
	 "02 003C"         /* Clean Session; keep-alive 60 s */
	 "0004'lamp'",
	 {.type = PACKET_CONNECT, .connect = {.clean_start = true, .keep_alive = 60, .client_id = T("lamp")}}},
	{"CONNECT of 3.1 with a will, user and password", IN_31, FROM_CLIENT,
	 "10 29"
	 "0006'MQIsdp' 03"
	 "E4 000A" /* user, password, Will Retain, Will QoS 0, will */
	 "0004'lamp'"
	 "0006'status' 0003'off'"
	 "0002'me' 0004'secr'",
	 {.type = PACKET_CONNECT,
	  .connect = {.keep_alive = 10, .client_id = T("lamp"), .has_will = true, .will_retain = true,
	              .will_topic = T("status"), .will_payload = T("off"), .user_name = T("me"),
	              .password = T("secr")}}},
	{"CONNECT of 3.1.1 without a client id", IN_311, FROM_CLIENT,
	 "10 0C"
	 "0004'MQTT' 04"
	 "02 0000"
	 "0000",
	 {.type = PACKET_CONNECT, .connect = {.clean_start = true, .client_id = T("")}}},
	{"CONNECT of 3.1.1 with a will of QoS 2, retained", IN_311, FROM_CLIENT,
	 "10 23"
	 "0004'MQTT' 04"
	 "36 FFFF" /* Will Retain, Will QoS 2, will, Clean Session */
	 "0004'lamp'"
	 "0008'a/status' 0007'offline'",
	 {.type = PACKET_CONNECT,
	  .connect = {.clean_start = true, .keep_alive = 65535, .client_id = T("lamp"), .has_will = true, .will_qos = 2,
	              .will_retain = true, .will_topic = T("a/status"), .will_payload = T("offline")}}},
	{"CONNECT of 3.1.1 with a will of no bytes", IN_311, FROM_CLIENT,
	 "10 12"
	 "0004'MQTT' 04"
	 "0C 0005" /* Will QoS 1, will */
	 "0001'c'"
	 "0001'w' 0000",
	 {.type = PACKET_CONNECT,
	  .connect = {.keep_alive = 5, .client_id = T("c"), .has_will = true, .will_qos = 1, .will_topic = T("w"),
	              .will_payload = T("")}}},
	{"CONNECT of 3.1.1 with an empty user name and an empty password", IN_311, FROM_CLIENT,
	 "10 11"
	 "0004'MQTT' 04"
	 "C2 0005"
	 "0001'c'"
	 "0000 0000",
	 {.type = PACKET_CONNECT,
	  .connect = {.clean_start = true, .keep_alive = 5, .client_id = T("c"), .user_name = T(""),
	              .password = T("")}}},
	{"CONNACK accepted", IN_3X, FROM_SERVER, "20 02 00 00", {.type = PACKET_CONNACK}},
	{"CONNACK accepted with a session", IN_311, FROM_SERVER, "20 02 01 00",
	 {.type = PACKET_CONNACK, .session_present = true}},
	{"CONNACK: not authorised", IN_3X, FROM_SERVER, "20 02 00 05", {.type = PACKET_CONNACK, .reason = 5}},
	{"PUBLISH at QoS 0", IN_3X, EITHER, "30 07 0003'a/b' 'hi'",
	 {.type = PACKET_PUBLISH, .topic = T("a/b"), .payload = T("hi")}},
	{"PUBLISH at QoS 0, retained, without payload", IN_3X, EITHER, "31 05 0003'a/b'",
	 {.type = PACKET_PUBLISH, .retain = true, .topic = T("a/b")}},
	{"PUBLISH at QoS 1", IN_3X, EITHER, "32 09 0003'a/b' 000A 'hi'",
	 {.type = PACKET_PUBLISH, .qos = 1, .id = 10, .topic = T("a/b"), .payload = T("hi")}},
	{"PUBLISH at QoS 2, again, retained", IN_3X, EITHER, "3D 09 0003'a/b' FFFF 'hi'",
	 {.type = PACKET_PUBLISH, .qos = 2, .dup = true, .retain = true, .id = 65535, .topic = T("a/b"),
	  .payload = T("hi")}},
	{"PUBACK", IN_3X, EITHER, "40 02 000A", {.type = PACKET_PUBACK, .id = 10}},
	{"PUBREC", IN_3X, EITHER, "50 02 0102", {.type = PACKET_PUBREC, .id = 0x102}},
	{"PUBREL", IN_3X, EITHER, "62 02 0102", {.type = PACKET_PUBREL, .id = 0x102}},
	{"PUBCOMP", IN_3X, EITHER, "70 02 0102", {.type = PACKET_PUBCOMP, .id = 0x102}},
	{"SUBSCRIBE to two filters", IN_3X, FROM_CLIENT, "82 0E 0001 0005'a/+/c' 01 0001'#' 00",
	 {.type = PACKET_SUBSCRIBE, .id = 1, .filters = two_filters, .count = 2}},
	{"SUBSCRIBE to one filter", IN_3X, FROM_CLIENT, "82 08 FFFF 0003'a/b' 02",
	 {.type = PACKET_SUBSCRIBE, .id = 65535, .filters = one_filter, .count = 1}},
	{"SUBACK", IN_3X, FROM_SERVER,
	 "90 05 0001 00 01 02", {.type = PACKET_SUBACK, .id = 1, .list = T("\x00\x01\x02")}},
	{"SUBACK with a failure", IN_311, FROM_SERVER, "90 04 0001 80 01",
	 {.type = PACKET_SUBACK, .id = 1, .list = T("\x80\x01")}},
	{"UNSUBSCRIBE", IN_3X, FROM_CLIENT, "A2 0C 0002 0005'a/+/c' 0001'#'",
	 {.type = PACKET_UNSUBSCRIBE, .id = 2, .filters = unsubscribed, .count = 2}},
	{"UNSUBACK", IN_3X, FROM_SERVER, "B0 02 0002", {.type = PACKET_UNSUBACK, .id = 2}},
	{"PINGREQ", IN_3X | IN_5, FROM_CLIENT, "C0 00", {.type = PACKET_PINGREQ}},
	{"PINGRESP", IN_3X | IN_5, FROM_SERVER, "D0 00", {.type = PACKET_PINGRESP}},
	{"DISCONNECT", IN_3X, FROM_CLIENT, "E0 00", {.type = PACKET_DISCONNECT}},
};

const size_t golden_3x_count = sizeof golden_3x / sizeof golden_3x[0];
