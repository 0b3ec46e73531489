/* SPDX-License-Identifier: MIT */
/*
 * The packets of MQTT 5. Properties stand in the order in which encode writes them: by identifier, and behind those the
 * two that may repeat, subscription identifiers and user properties.
 */
#include "support/golden.h"

#define T(text) {(const uint8_t *)(text), sizeof(text) - 1}
#define EITHER (FROM_CLIENT | FROM_SERVER)

static const struct mqttwill_user_property users[] = {{.name = "a", .value = "b"}, {.name = "a", .value = "c"}};
static const struct mqttwill_user_property empty_user[] = {{.name = "", .value = ""}};
static const uint32_t                      more_ids[] = {128, 268435455};
static const struct filter                 two_filters[] = {{T("a/+/c"), 0x2E}, {T("$share/g/#"), 0x11}};
static const struct filter                 unsubscribed[] = {{T("a/+/c"), 0}, {T("$share/g/#"), 0}};

const struct golden golden_5[] = {
	{"CONNECT, the shortest", IN_5, FROM_CLIENT,
	 "10 0D"
	 "0004'MQTT' 05"
	 "00 0000"
	 "00" /* no properties [MQTT-2.2.2-1] */
	 "0000",
	 {.type = PACKET_CONNECT, .connect = {.client_id = T("")}}},
	{"CONNECT with a will that has no properties", IN_5, FROM_CLIENT,
	 "10 23"
	 "0004'MQTT' 05"
	 "2E 003C" /* Will Retain, Will QoS 1, will, Clean Start */
	 "00"
	 "0004'lamp'"
	 "00 0006'status' 0007'offline'", /* [MQTT-3.1.2-9] */
	 {.type = PACKET_CONNECT,
	  .connect = {.clean_start = true, .keep_alive = 60, .client_id = T("lamp"), .has_will = true, .will_qos = 1,
	              .will_retain = true, .will_topic = T("status"), .will_payload = T("offline")}}},
	{"CONNECT with all seven will properties", IN_5, FROM_CLIENT,
	 "10 56"
	 "0004'MQTT' 05"
	 "14 000A" /* Will QoS 2, will */
	 "05 11 0000000A"
	 "0004'lamp'"
	 "35 01 01"              /* Payload Format Indicator */
	 "   02 0000003C"        /* Message Expiry Interval */
	 "   03 000A'text/plain'" /* Content Type */
	 "   08 0005'reply'"     /* Response Topic */
	 "   09 0003 FF0001"     /* Correlation Data */
	 "   18 00000005"        /* Will Delay Interval */
	 "   26 0001'a' 0001'b'" /* User Property, twice, in order [MQTT-3.1.3-10] */
	 "   26 0001'a' 0001'c'"
	 "0003'w/t' 0003'off'",
	 {.type = PACKET_CONNECT,
	  .props = {.has = HAS(SESSION_EXPIRY), .session_expiry = 10},
	  .connect = {.keep_alive = 10, .client_id = T("lamp"), .has_will = true, .will_qos = 2, .will_topic = T("w/t"),
	              .will_payload = T("off"),
	              .will = {.has = HAS(PAYLOAD_FORMAT) | HAS(MESSAGE_EXPIRY) | HAS(CONTENT_TYPE) |
	                       HAS(RESPONSE_TOPIC) |
	                              HAS(CORRELATION_DATA) | HAS(WILL_DELAY),
	                       .payload_format = 1, .message_expiry = 60, .content_type = T("text/plain"),
	                       .response_topic = T("reply"), .correlation_data = T("\xFF\x00\x01"), .will_delay = 5,
	                       .user = users, .user_count = 2}}}},
	{"CONNECT with will properties that are present and zero", IN_5, FROM_CLIENT,
	 "10 2A"
	 "0004'MQTT' 05"
	 "04 0000"
	 "00"
	 "0000"
	 "17 01 00  02 00000000  03 0000  09 0000  18 00000000  26 0000 0000"
	 "0001'w' 0000",
	 {.type = PACKET_CONNECT,
	  .connect = {.client_id = T(""), .has_will = true, .will_topic = T("w"), .will_payload = T(""),
	              .will = {.has = HAS(PAYLOAD_FORMAT) | HAS(MESSAGE_EXPIRY) | HAS(CONTENT_TYPE) |
	                       HAS(CORRELATION_DATA) |
	                              HAS(WILL_DELAY),
	                       .content_type = T(""), .correlation_data = T(""), .user = empty_user,
	                       .user_count = 1}}}},
	{"CONNECT with every property, and a password without a user name", IN_5, FROM_CLIENT,
	 "10 3E"
	 "0004'MQTT' 05"
	 "42 001E" /* password, Clean Start */
	 "2C 11 FFFFFFFF"
	 "   15 0003'SCR' 16 0001 00"
	 "   17 00 19 01"
	 "   21 0014 22 000A"
	 "   27 00010000"
	 "   26 0001'a' 0001'b' 26 0001'a' 0001'c'"
	 "0001'c'"
	 "0002 FFFE",
	 {.type = PACKET_CONNECT,
	  .props = {.has = HAS(SESSION_EXPIRY) | HAS(AUTH_METHOD) | HAS(AUTH_DATA) | HAS(REQUEST_PROBLEM) |
	                   HAS(REQUEST_RESPONSE) | HAS(RECEIVE_MAXIMUM) | HAS(TOPIC_ALIAS_MAXIMUM) |
	                   HAS(MAXIMUM_PACKET_SIZE),
	            .session_expiry = UINT32_MAX, .auth_method = T("SCR"), .auth_data = T("\0"), .request_response = 1,
	            .receive_maximum = 20, .topic_alias_maximum = 10, .maximum_packet_size = 65536, .user = users,
	            .user_count = 2},
	  .connect = {.clean_start = true, .keep_alive = 30, .client_id = T("c"), .password = T("\xFF\xFE")}}},
	{"CONNACK accepted", IN_5, FROM_SERVER, "20 03 00 00 00", {.type = PACKET_CONNACK}},
	{"CONNACK accepted with a session", IN_5, FROM_SERVER, "20 03 01 00 00",
	 {.type = PACKET_CONNACK, .session_present = true}},
	{"CONNACK: Retain not supported", IN_5, FROM_SERVER,
	 "20 03 00 9A 00", {.type = PACKET_CONNACK, .reason = 0x9A}},
	{"CONNACK with every property", IN_5, FROM_SERVER,
	 "20 48 00 00"
	 "45 11 00000005"
	 "   12 0002'id'"
	 "   13 000F"
	 "   15 0001'm' 16 0001'd'"
	 "   1A 0001'r'"
	 "   1C 0001's'"
	 "   1F 0002'ok'"
	 "   21 0001 22 FFFF"
	 "   24 01 25 00"
	 "   27 FFFFFFFF"
	 "   28 00 29 01 2A 00"
	 "   26 0001'a' 0001'b' 26 0001'a' 0001'c'",
	 {.type = PACKET_CONNACK,
	  .props = {.has = HAS(SESSION_EXPIRY) | HAS(ASSIGNED_CLIENT_ID) | HAS(SERVER_KEEP_ALIVE) | HAS(AUTH_METHOD) |
	                   HAS(AUTH_DATA) | HAS(RESPONSE_INFORMATION) | HAS(SERVER_REFERENCE) | HAS(REASON_STRING) |
	                   HAS(RECEIVE_MAXIMUM) | HAS(TOPIC_ALIAS_MAXIMUM) | HAS(MAXIMUM_QOS) | HAS(RETAIN_AVAILABLE) |
	                   HAS(MAXIMUM_PACKET_SIZE) | HAS(WILDCARD_AVAILABLE) | HAS(SUBSCRIPTION_ID_AVAILABLE) |
	                   HAS(SHARED_AVAILABLE),
	            .session_expiry = 5, .assigned_client_id = T("id"), .server_keep_alive = 15, .auth_method = T("m"),
	            .auth_data = T("d"), .response_information = T("r"), .server_reference = T("s"),
	            .reason_string = T("ok"),
	            .receive_maximum = 1, .topic_alias_maximum = 65535, .maximum_qos = 1, .retain_available = 0,
	            .maximum_packet_size = UINT32_MAX, .subscription_id_available = 1, .user = users,
	            .user_count = 2}}},
	{"PUBLISH at QoS 0", IN_5, EITHER, "30 08 0003'a/b' 00 'hi'",
	 {.type = PACKET_PUBLISH, .topic = T("a/b"), .payload = T("hi")}},
	{"PUBLISH at QoS 1, again", IN_5, EITHER, "3A 0A 0003'a/b' 0102 00 'hi'",
	 {.type = PACKET_PUBLISH, .qos = 1, .dup = true, .id = 0x102, .topic = T("a/b"), .payload = T("hi")}},
	{"PUBLISH by an alias", IN_5, EITHER, "35 08 0000 FFFF 03 23 0001",
	 {.type = PACKET_PUBLISH, .qos = 2, .retain = true, .id = 65535, .topic = T(""),
	  .props = {.has = HAS(TOPIC_ALIAS), .topic_alias = 1}}},
	{"PUBLISH with every property", IN_5, FROM_SERVER,
	 "30 39 0003'a/b'"
	 "32 01 00"
	 "   02 FFFFFFFF"
	 "   03 0004'json'"
	 "   08 0003'r/t'"
	 "   09 0000"
	 "   23 FFFF"
	 "   0B 01 0B 8001 0B FFFFFF7F"
	 "   26 0001'a' 0001'b' 26 0001'a' 0001'c'"
	 "'x'",
	 {.type = PACKET_PUBLISH, .topic = T("a/b"), .payload = T("x"),
	  .props = {.has = HAS(PAYLOAD_FORMAT) | HAS(MESSAGE_EXPIRY) | HAS(CONTENT_TYPE) | HAS(RESPONSE_TOPIC) |
	                   HAS(CORRELATION_DATA) | HAS(TOPIC_ALIAS) | HAS(SUBSCRIPTION_ID),
	            .message_expiry = UINT32_MAX, .content_type = T("json"), .response_topic = T("r/t"),
	            .correlation_data = T(""), .topic_alias = 65535, .subscription_id = 1, .subscription_ids = more_ids,
	            .subscription_id_count = 2, .user = users, .user_count = 2}}},
	{"PUBACK, short", IN_5, EITHER, "40 02 000A", {.type = PACKET_PUBACK, .id = 10}},
	{"PUBACK with a reason and no properties", IN_5, EITHER, "40 03 000A 87",
	 {.type = PACKET_PUBACK, .id = 10, .reason = 0x87}},
	{"PUBACK with properties", IN_5, EITHER, "40 0F 000A 00 0B 1F 0001'r' 26 0001'a' 0001'b'",
	 {.type = PACKET_PUBACK, .id = 10,
	  .props = {.has = HAS(REASON_STRING), .reason_string = T("r"), .user = users, .user_count = 1}}},
	{"PUBREC, short", IN_5, EITHER, "50 02 000A", {.type = PACKET_PUBREC, .id = 10}},
	{"PUBREC with a reason", IN_5, EITHER, "50 03 000A 97", {.type = PACKET_PUBREC, .id = 10, .reason = 0x97}},
	{"PUBREL, short", IN_5, EITHER, "62 02 000A", {.type = PACKET_PUBREL, .id = 10}},
	{"PUBREL with a reason", IN_5, EITHER, "62 03 000A 92", {.type = PACKET_PUBREL, .id = 10, .reason = 0x92}},
	{"PUBCOMP, short", IN_5, EITHER, "70 02 000A", {.type = PACKET_PUBCOMP, .id = 10}},
	{"PUBCOMP with a reason and a property", IN_5, EITHER, "70 08 000A 92 04 1F 0001'r'",
	 {.type = PACKET_PUBCOMP, .id = 10, .reason = 0x92, .props = {.has = HAS(REASON_STRING),
	                                                              .reason_string = T("r")}}},
	{"SUBSCRIBE with options and an identifier", IN_5, FROM_CLIENT,
	 "82 1B 0001"
	 "03 0B 8001"
	 "0005'a/+/c' 2E"       /* Retain Handling 2, Retain As Published, No Local, QoS 2 */
	 "000A'$share/g/#' 11", /* Retain Handling 1, QoS 1 */
	 {.type = PACKET_SUBSCRIBE, .id = 1, .filters = two_filters, .count = 2,
	  .props = {.has = HAS(SUBSCRIPTION_ID), .subscription_id = 128}}},
	{"SUBACK", IN_5, FROM_SERVER, "90 07 0001 00 00 01 02 8F",
	 {.type = PACKET_SUBACK, .id = 1, .list = T("\x00\x01\x02\x8F")}},
	{"SUBACK with properties", IN_5, FROM_SERVER, "90 08 0001 04 1F 0001'r' 87",
	 {.type = PACKET_SUBACK, .id = 1, .list = T("\x87"), .props = {.has = HAS(REASON_STRING),
	                                                               .reason_string = T("r")}}},
	{"UNSUBSCRIBE", IN_5, FROM_CLIENT, "A2 1D 0002 07 26 0001'a' 0001'b' 0005'a/+/c' 000A'$share/g/#'",
	 {.type = PACKET_UNSUBSCRIBE, .id = 2, .filters = unsubscribed, .count = 2,
	  .props = {.user = users, .user_count = 1}}},
	{"UNSUBACK", IN_5, FROM_SERVER,
	 "B0 05 0002 00 00 11", {.type = PACKET_UNSUBACK, .id = 2, .list = T("\x00\x11")}},
	{"DISCONNECT, short", IN_5, EITHER, "E0 00", {.type = PACKET_DISCONNECT}},
	{"DISCONNECT with the will", IN_5, FROM_CLIENT, "E0 01 04", {.type = PACKET_DISCONNECT, .reason = 0x04}},
	{"DISCONNECT that ends the session", IN_5, FROM_CLIENT, "E0 07 00 05 11 00000000",
	 {.type = PACKET_DISCONNECT, .props = {.has = HAS(SESSION_EXPIRY)}}},
	{"DISCONNECT: taken over", IN_5, FROM_SERVER, "E0 01 8E", {.type = PACKET_DISCONNECT, .reason = 0x8E}},
	{"DISCONNECT: use another server", IN_5, FROM_SERVER, "E0 13 9C 11 1C 0004'b:18' 1F 0007'go away'",
	 {.type = PACKET_DISCONNECT, .reason = 0x9C,
	  .props = {.has = HAS(SERVER_REFERENCE) | HAS(REASON_STRING), .server_reference = T("b:18"),
	            .reason_string = T("go away")}}},
	{"AUTH: continue", IN_5, EITHER, "F0 0A 18 08 15 0001'm' 16 0001 00",
	 {.type = PACKET_AUTH, .reason = 0x18,
	  .props = {.has = HAS(AUTH_METHOD) | HAS(AUTH_DATA), .auth_method = T("m"), .auth_data = T("\0")}}},
	{"AUTH: again", IN_5, FROM_CLIENT, "F0 06 19 04 15 0001'm'",
	 {.type = PACKET_AUTH, .reason = 0x19, .props = {.has = HAS(AUTH_METHOD), .auth_method = T("m")}}},
	{"AUTH: success", IN_5, FROM_SERVER, "F0 06 00 04 15 0001'm'",
	 {.type = PACKET_AUTH, .props = {.has = HAS(AUTH_METHOD), .auth_method = T("m")}}},
};

const size_t golden_5_count = sizeof golden_5 / sizeof golden_5[0];

size_t golden_count(void)
{
	return golden_3x_count + golden_5_count;
}

const struct golden *golden_at(size_t i)
{
	if (i < golden_3x_count)
		return &golden_3x[i];
	return i < golden_count() ? &golden_5[i - golden_3x_count] : NULL;
}
