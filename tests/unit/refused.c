/* SPDX-License-Identifier: MIT */
/*
 * Every row breaks one rule and no other. Rules of property values stand in property_test.c, those of reason codes in
 * reason_test.c.
 */
#include "unit/refused.h"

#define ALL (IN_3X | IN_5)
#define C FROM_CLIENT
#define S FROM_SERVER
#define MALFORMED REASON_MALFORMED
#define PROTOCOL REASON_PROTOCOL_ERROR
#define HEADER "MQTT-2.1.3-1 MQTT-2.2.2-2"
#define ID_0 "U-2.2.1-a MQTT 5, 2.2.1"
#define SIDE "MQTT 5, 2.1.2"
#define REST "MQTT 5, 2.1.4"
#define SHORT "MQTT 5, 1.5"
#define UTF8 "MQTT-1.5.4-1 MQTT-1.5.4-2 MQTT-1.5.3-1"
#define SECTION "MQTT 5, 2.2.2.1"
#define BAD_CODE "MQTT 5, 2.4"

const struct refused refused[] = {
	/* The fixed header */
	{"MQTT 5, 2.1", "packet type 0", ALL, S, MALFORMED, "00 00"},
	{"MQTT-2.1.3-1 MQTT-3.1.4-1", "flags in CONNECT", IN_311 | IN_5, C, MALFORMED, "11 0D 0004'MQTT' 04 02 0000 0001'c'"},
	{HEADER, "flags in CONNACK", IN_311, S, MALFORMED, "21 02 00 00"},
	{HEADER, "flags in PUBACK", IN_311 | IN_5, S, MALFORMED, "42 02 0001"},
	{HEADER, "flags in PUBREC", IN_311 | IN_5, S, MALFORMED, "58 02 0001"},
	{HEADER " MQTT-3.6.1-1", "PUBREL without its flag", IN_311 | IN_5, C, MALFORMED, "60 02 0001"},
	{HEADER " MQTT-3.6.1-1", "PUBREL with a DUP flag", IN_311 | IN_5, C, MALFORMED, "6A 02 0001"},
	{HEADER, "flags in PUBCOMP", IN_311 | IN_5, S, MALFORMED, "71 02 0001"},
	{HEADER " MQTT-3.8.1-1", "SUBSCRIBE without its flag", IN_311, C, MALFORMED, "80 06 0001 0001'a' 00"},
	{HEADER " MQTT-3.8.1-1", "SUBSCRIBE with another flag", IN_311, C, MALFORMED, "83 06 0001 0001'a' 00"},
	{HEADER, "flags in SUBACK", IN_311, S, MALFORMED, "92 03 0001 00"},
	{HEADER " MQTT-3.10.1-1", "UNSUBSCRIBE without its flag", IN_311, C, MALFORMED, "A0 05 0001 0001'a'"},
	{HEADER, "flags in UNSUBACK", IN_311, S, MALFORMED, "B2 02 0001"},
	{HEADER, "flags in PINGREQ", IN_311 | IN_5, C, MALFORMED, "C1 00"},
	{HEADER, "flags in PINGRESP", IN_311 | IN_5, S, MALFORMED, "D8 00"},
	{HEADER " MQTT-3.14.1-1", "flags in DISCONNECT", IN_311 | IN_5, C, MALFORMED, "E1 00"},
	{HEADER " MQTT-3.15.1-1", "flags in AUTH", IN_5, C, MALFORMED, "F1 06 19 04 15 0001'm'"},
	{SIDE, "CONNECT from a server", ALL, S, PROTOCOL, "10 0D 0004'MQTT' 04 02 0000 0001'c'"},
	{SIDE, "CONNACK from a client", IN_3X, C, PROTOCOL, "20 02 00 00"},
	{SIDE, "SUBSCRIBE from a server", IN_3X, S, PROTOCOL, "82 06 0001 0001'a' 00"},
	{SIDE, "SUBACK from a client", IN_3X, C, PROTOCOL, "90 03 0001 00"},
	{SIDE, "UNSUBSCRIBE from a server", IN_3X, S, PROTOCOL, "A2 05 0001 0001'a'"},
	{SIDE, "UNSUBACK from a client", IN_3X, C, PROTOCOL, "B0 02 0001"},
	{SIDE, "PINGREQ from a server", ALL, S, PROTOCOL, "C0 00"},
	{SIDE, "PINGRESP from a client", ALL, C, PROTOCOL, "D0 00"},
	{SIDE, "DISCONNECT from a server before MQTT 5", IN_3X, S, PROTOCOL, "E0 00"},
	{SIDE, "AUTH before MQTT 5, from a client", IN_3X, C, PROTOCOL, "F0 00"},
	{SIDE, "AUTH before MQTT 5, from a server", IN_3X, S, PROTOCOL, "F0 00"},

	/* CONNECT */
	{"MQTT-3.1.2-1", "the name MQTt", ALL, C, REASON_BAD_VERSION, "10 0D 0004'MQTt' 04 02 0000 0001'c'"},
	{"MQTT-3.1.2-1", "the name MQIsdp at level 4", ALL, C, REASON_BAD_VERSION, "10 0F 0006'MQIsdp' 04 02 0000 0001'c'"},
	{"MQTT-3.1.2-1", "the name MQTT at level 3", ALL, C, REASON_BAD_VERSION, "10 0D 0004'MQTT' 03 02 0000 0001'c'"},
	{"MQTT-3.1.2-2 MQTT-3.1.2-1", "level 6", ALL, C, REASON_BAD_VERSION, "10 0D 0004'MQTT' 06 02 0000 0001'c'"},
	{"MQTT-3.1.2-2 MQTT-3.1.2-1", "level 132, a bridge's", ALL, C, REASON_BAD_VERSION, "10 0D 0004'MQTT' 84 02 0000 0001'c'"},
	{"MQTT-3.1.2-1", "an empty name", ALL, C, REASON_BAD_VERSION, "10 09 0000 04 02 0000 0001'c'"},
	{"MQTT-3.1.2-3", "bit 0 of the flags", ALL, C, MALFORMED, "10 0D 0004'MQTT' 04 03 0000 0001'c'"},
	{"MQTT-3.1.2-3", "bit 0 of the flags in 5", ALL, C, MALFORMED, "10 0E 0004'MQTT' 05 03 0000 00 0001'c'"},
	{"MQTT-3.1.2-12 MQTT-3.1.2-14", "Will QoS 3", ALL, C, MALFORMED, "10 12 0004'MQTT' 04 1E 0000 0001'c' 0001'w' 0000"},
	{"MQTT-3.1.2-12", "Will QoS 3 in 5", ALL, C, MALFORMED, "10 14 0004'MQTT' 05 1E 0000 00 0001'c' 00 0001'w' 0000"},
	{"MQTT-3.1.2-12", "Will QoS 3 in 3.1", ALL, C, MALFORMED, "10 14 0006'MQIsdp' 03 1E 0000 0001'c' 0001'w' 0000"},
	{"MQTT-3.1.2-11 MQTT-3.1.2-13", "Will QoS 1 without a will", ALL, C, MALFORMED, "10 0D 0004'MQTT' 04 0A 0000 0001'c'"},
	{"MQTT-3.1.2-11", "Will QoS 2 without a will in 5", ALL, C, MALFORMED, "10 0E 0004'MQTT' 05 12 0000 00 0001'c'"},
	{"MQTT-3.1.2-11 MQTT-3.1.2-15", "Will Retain without a will", ALL, C, MALFORMED, "10 0D 0004'MQTT' 04 22 0000 0001'c'"},
	{"MQTT-3.1.2-13 MQTT-3.1.2-11", "Will Retain without a will in 5", ALL, C, MALFORMED, "10 0E 0004'MQTT' 05 22 0000 00 0001'c'"},
	{"MQTT-3.1.2-22", "a password without a user name in 3.1.1", ALL, C, MALFORMED, "10 10 0004'MQTT' 04 42 0000 0001'c' 0001'p'"},
	{"MQTT-3.1.2-22", "a password without a user name in 3.1", ALL, C, MALFORMED, "10 12 0006'MQIsdp' 03 42 0000 0001'c' 0001'p'"},
	{"MQTT-3.1.3-3 " SHORT, "no client id", ALL, C, MALFORMED, "10 0A 0004'MQTT' 04 02 0000"},
	{"MQTT-3.1.2-9 " SHORT, "a will flag and no will", ALL, C, MALFORMED, "10 0D 0004'MQTT' 04 06 0000 0001'c'"},
	{"MQTT-3.1.2-9 " SHORT, "a will flag and no payload", ALL, C, MALFORMED, "10 10 0004'MQTT' 04 06 0000 0001'c' 0001'w'"},
	{"MQTT-3.1.2-9 " SHORT, "a will flag and no will in 5", ALL, C, MALFORMED, "10 0E 0004'MQTT' 05 06 0000 00 0001'c'"},
	{"MQTT-3.1.2-17 MQTT-3.1.2-19 " SHORT, "a user name flag and none", ALL, C, MALFORMED, "10 0D 0004'MQTT' 04 82 0000 0001'c'"},
	{"MQTT-3.1.2-19 MQTT-3.1.2-21 " SHORT, "a password flag and none", ALL, C, MALFORMED, "10 0F 0004'MQTT' 04 C2 0000 0001'c' 0000"},
	{"MQTT-3.1.2-19 " SHORT, "a password flag and none in 5", ALL, C, MALFORMED, "10 0E 0004'MQTT' 05 42 0000 00 0001'c'"},
	{"MQTT-3.1.2-16 " REST, "a user name and no flag", ALL, C, MALFORMED, "10 10 0004'MQTT' 04 02 0000 0001'c' 0001'u'"},
	{"MQTT-3.1.3-4 " UTF8, "an ill-formed client id", ALL, C, MALFORMED, "10 0D 0004'MQTT' 04 02 0000 0001 FF"},
	{"MQTT-1.5.4-2 " UTF8, "U+0000 in the client id", ALL, C, MALFORMED, "10 0D 0004'MQTT' 04 02 0000 0001 00"},
	{"MQTT-3.1.3-11 MQTT-3.1.3-10 " UTF8, "an ill-formed Will Topic", ALL, C, MALFORMED, "10 13 0004'MQTT' 04 06 0000 0001'c' 0002 C3C3 0000"},
	{"MQTT-3.1.3-11 " UTF8, "a surrogate in the Will Topic in 5", ALL, C, MALFORMED, "10 16 0004'MQTT' 05 06 0000 00 0001'c' 00 0003 EDA080 0000"},
	{"MQTT-3.1.3-12 MQTT-3.1.3-11 " UTF8, "an ill-formed user name", ALL, C, MALFORMED, "10 10 0004'MQTT' 04 82 0000 0001'c' 0001 80"},
	{"MQTT-4.7.3-1", "an empty Will Topic", ALL, C, REASON_BAD_TOPIC, "10 11 0004'MQTT' 04 06 0000 0001'c' 0000 0000"},
	{"MQTT-4.7.3-1", "an empty Will Topic in 5", ALL, C, REASON_BAD_TOPIC, "10 13 0004'MQTT' 05 06 0000 00 0001'c' 00 0000 0000"},
	{"MQTT-4.7.0-1 MQTT-3.3.2-2", "a wildcard in the Will Topic", ALL, C, REASON_BAD_TOPIC, "10 12 0004'MQTT' 04 06 0000 0001'c' 0001'#' 0000"},
	{"MQTT-4.7.0-1 MQTT-3.3.2-2", "a wildcard in the Will Topic in 5", ALL, C, REASON_BAD_TOPIC, "10 14 0004'MQTT' 05 06 0000 00 0001'c' 00 0001'+' 0000"},
	{REST, "a byte too many", ALL, C, MALFORMED, "10 0E 0004'MQTT' 04 02 0000 0001'c' 00"},
	{REST, "properties in 3.1.1", ALL, C, MALFORMED, "10 0E 0004'MQTT' 04 02 0000 00 0001'c'"},
	{SECTION, "a Property Length past the packet", ALL, C, MALFORMED, "10 0E 0004'MQTT' 05 02 0000 7F 0001'c'"},
	{"MQTT-1.5.5-1", "a Property Length of two bytes for 0", ALL, C, MALFORMED, "10 0F 0004'MQTT' 05 02 0000 8000 0001'c'"},
	{"MQTT 5, 1.5.5", "a Property Length of five bytes", ALL, C, MALFORMED, "10 12 0004'MQTT' 05 02 0000 80808080 00 0001'c'"},
	{"MQTT 5, 2.2.2.2", "a Will Delay Interval among CONNECT's", ALL, C, MALFORMED, "10 13 0004'MQTT' 05 02 0000 05 18 00000005 0001'c'"},

	/* CONNACK */
	{"MQTT-3.2.2-1", "reserved bits", IN_311, S, MALFORMED, "20 02 02 00"},
	{"MQTT-3.2.2-1", "reserved bits in 5", IN_5, S, MALFORMED, "20 03 80 00 00"},
	{"MQTT-3.2.2-6 MQTT-3.2.2-4", "a session beside a refusal", IN_311, S, PROTOCOL, "20 02 01 05"},
	{"MQTT-3.2.2-6", "a session beside a refusal in 5", IN_5, S, PROTOCOL, "20 03 01 87 00"},
	{"MQTT 3.1.1, 3.2.2.3", "return code 6", IN_3X, S, PROTOCOL, "20 02 00 06"},
	{"MQTT-3.2.2-8 " BAD_CODE, "return code 1 in 5", IN_5, S, PROTOCOL, "20 03 00 01 00"},
	{SHORT, "one byte", ALL, S, MALFORMED, "20 01 00"},
	{SHORT, "no Property Length in 5", IN_5, S, MALFORMED, "20 02 00 00"},
	{REST, "three bytes before MQTT 5", IN_3X, S, MALFORMED, "20 03 00 00 00"},
	{REST, "a byte behind the properties", IN_5, S, MALFORMED, "20 04 00 00 00 00"},

	/* PUBLISH */
	{"MQTT-3.3.1-4", "QoS 3", ALL, S, MALFORMED, "36 06 0001't' 0001 00"},
	{"MQTT-3.3.1-2", "DUP at QoS 0", ALL, S, MALFORMED, "38 04 0001't' 00"},
	{ID_0 " MQTT-2.3.1-1", "packet identifier 0", ALL, S, PROTOCOL, "32 06 0001't' 0000 00"},
	{"MQTT-3.3.2-2", "+ in the topic", ALL, S, REASON_BAD_TOPIC, "30 06 0003'a/+' 00"},
	{"MQTT-3.3.2-2", "# in the topic", ALL, C, REASON_BAD_TOPIC, "30 04 0001'#' 00"},
	{"U-3.3.2.1-a MQTT 5, 3.3.2.1", "an empty topic", ALL, S, PROTOCOL, "30 03 0000 00"},
	{"MQTT-3.3.2-8", "alias 0", IN_5, S, REASON_BAD_TOPIC_ALIAS, "30 07 0001't' 03 23 0000"},
	{"MQTT-3.3.2-1 " UTF8, "an ill-formed topic", IN_311 | IN_5, S, MALFORMED, "30 05 0002 C328 00"},
	{"MQTT-1.5.4-2 " UTF8, "U+0000 in the topic", IN_311 | IN_5, S, MALFORMED, "30 06 0003'a' 00'b' 00"},
	{SHORT, "nothing", ALL, S, MALFORMED, "30 00"},
	{SHORT, "a topic past the end", ALL, S, MALFORMED, "30 03 0002't'"},
	{SHORT, "no packet identifier", ALL, S, MALFORMED, "32 03 0001't'"},
	{SHORT, "half a packet identifier", ALL, S, MALFORMED, "32 04 0001't' 01"},
	{SHORT, "no Property Length", IN_5, S, MALFORMED, "30 03 0001't'"},
	{SECTION, "a Property Length past the end", IN_5, S, MALFORMED, "30 05 0001't' 02 01"},
	{"MQTT-3.3.4-6 MQTT 5, 2.2.2.2", "a Subscription Identifier from a client", IN_5, C, PROTOCOL, "30 06 0001't' 02 0B 01"},

	/* The four acknowledgements */
	{ID_0, "PUBACK of 0", ALL, S, PROTOCOL, "40 02 0000"},
	{ID_0, "PUBREC of 0", ALL, S, PROTOCOL, "50 02 0000"},
	{ID_0, "PUBREL of 0", ALL, C, PROTOCOL, "62 02 0000"},
	{ID_0, "PUBCOMP of 0", ALL, C, PROTOCOL, "70 02 0000"},
	{SHORT, "PUBACK of nothing", ALL, S, MALFORMED, "40 00"},
	{SHORT, "PUBREL of half an identifier", ALL, S, MALFORMED, "62 01 01"},
	{REST, "a reason code before MQTT 5", IN_3X, S, MALFORMED, "40 03 0001 00"},
	{REST, "a byte behind the properties", IN_5, S, MALFORMED, "40 05 0001 00 00 00"},
	{SECTION, "a Property Length past the end", IN_5, S, MALFORMED, "50 04 0001 00 01"},
	{"MQTT-3.6.2-1 " BAD_CODE, "0x87 in PUBREL", IN_5, S, PROTOCOL, "62 03 0001 87"},

	/* SUBSCRIBE and UNSUBSCRIBE */
	{ID_0 " MQTT-2.3.1-1", "SUBSCRIBE 0", IN_3X, C, PROTOCOL, "82 06 0000 0001'a' 00"},
	{ID_0 " MQTT-2.3.1-1", "UNSUBSCRIBE 0 in 5", IN_5, C, PROTOCOL, "A2 06 0000 00 0001'a'"},
	{"MQTT-3.8.3-2 MQTT-3.8.3-3", "SUBSCRIBE to nothing", IN_3X, C, PROTOCOL, "82 02 0001"},
	{"MQTT-3.8.3-2", "SUBSCRIBE to nothing in 5", IN_5, C, PROTOCOL, "82 03 0001 00"},
	{"MQTT-3.10.3-2", "UNSUBSCRIBE from nothing", IN_3X, C, PROTOCOL, "A2 02 0001"},
	{"MQTT-3.10.3-2", "UNSUBSCRIBE from nothing in 5", IN_5, C, PROTOCOL, "A2 03 0001 00"},
	{"MQTT-3.8.3-5 MQTT-3.8.3-4", "reserved bits in 3.1.1", IN_311, C, MALFORMED, "82 06 0001 0001'a' 04"},
	{"MQTT-3.8.3-5", "reserved bits in 5", IN_5, C, MALFORMED, "82 07 0001 00 0001'a' 40"},
	{"U-3.8.3-a MQTT 5, 3.8.3.1", "QoS 3", IN_3X, C, PROTOCOL, "82 06 0001 0001'a' 03"},
	{"U-3.8.3-a MQTT 5, 3.8.3.1", "QoS 3 in 5", IN_5, C, PROTOCOL, "82 07 0001 00 0001'a' 03"},
	{"U-3.8.3-a MQTT 5, 3.8.3.1", "Retain Handling 3", IN_5, C, PROTOCOL, "82 07 0001 00 0001'a' 30"},
	{"MQTT-3.8.3-4", "No Local on a shared subscription", IN_5, C, PROTOCOL, "82 10 0001 00 000A'$share/g/t' 04"},
	{SHORT, "no options behind the filter", IN_3X, C, MALFORMED, "82 05 0001 0001'a'"},
	{SHORT, "a second filter cut short", IN_3X, C, MALFORMED, "82 09 0001 0001'a' 00 0005'a'"},
	{"MQTT-4.7.3-1", "an empty filter", IN_3X, C, REASON_BAD_FILTER, "82 05 0001 0000 00"},
	{"MQTT-4.7.3-1", "an empty filter to leave", IN_3X, C, REASON_BAD_FILTER, "A2 04 0001 0000"},
	{"MQTT-4.7.1-1 MQTT-4.7.1-2", "# inside", IN_3X, C, REASON_BAD_FILTER, "82 08 0001 0003'#/a' 00"},
	{"MQTT-4.7.1-2 MQTT-4.7.1-3", "+ beside a letter", IN_3X, C, REASON_BAD_FILTER, "82 07 0001 0002'a+' 00"},
	{"MQTT-4.8.2-1", "a share without a filter", IN_5, C, REASON_BAD_FILTER, "82 0E 0001 00 0008'$share/g' 00"},
	{"MQTT-3.8.3-1 " UTF8, "an ill-formed filter", IN_311, C, MALFORMED, "82 06 0001 0001 FF 00"},
	{"MQTT-3.10.3-1 " UTF8, "an ill-formed filter to leave", IN_311, C, MALFORMED, "A2 05 0001 0001 FF"},

	/* SUBACK and UNSUBACK */
	{ID_0, "SUBACK of 0", IN_3X, S, PROTOCOL, "90 03 0000 00"},
	{"MQTT-3.9.3-2", "the code 3", IN_3X, S, PROTOCOL, "90 03 0001 03"},
	{"MQTT-3.9.3-2", "the code 0x80 in 3.1", IN_31, S, PROTOCOL, "90 03 0001 80"},
	{"MQTT-3.9.3-2", "the code 0x87 in 3.1.1", IN_311, S, PROTOCOL, "90 03 0001 87"},
	{"MQTT-3.9.3-2", "the code 3 in 5, behind a good one", IN_5, S, PROTOCOL, "90 05 0001 00 00 03"},
	{ID_0, "UNSUBACK of 0", IN_3X, S, PROTOCOL, "B0 02 0000"},
	{REST, "a code in UNSUBACK before MQTT 5", IN_3X, S, MALFORMED, "B0 03 0001 00"},
	{"MQTT-3.11.3-2 MQTT-3.9.3-2", "the code 1 in UNSUBACK", IN_5, S, PROTOCOL, "B0 04 0001 00 01"},
	{SHORT, "UNSUBACK of nothing", ALL, S, MALFORMED, "B0 00"},

	/* The rest */
	{REST, "PINGREQ with a byte", ALL, C, MALFORMED, "C0 01 00"},
	{REST, "PINGRESP with a byte", ALL, S, MALFORMED, "D0 01 00"},
	{REST, "DISCONNECT with a reason before MQTT 5", IN_3X, C, MALFORMED, "E0 01 00"},
	{"MQTT-3.14.2-1 " BAD_CODE, "DISCONNECT 0x04 from a server", IN_5, S, PROTOCOL, "E0 01 04"},
	{"MQTT-3.14.2-1 " BAD_CODE, "DISCONNECT 0x8E from a client", IN_5, C, PROTOCOL, "E0 01 8E"},
	{"MQTT-3.14.2-2 MQTT 5, 2.2.2.2", "a Session Expiry Interval from a server", IN_5, S, PROTOCOL, "E0 07 00 05 11 00000000"},
	{"3.14.2.2.5 MQTT 5, 2.2.2.2", "a Server Reference from a client", IN_5, C, PROTOCOL, "E0 06 00 04 1C 0001's'"},
	{REST, "DISCONNECT with a byte behind the properties", IN_5, C, MALFORMED, "E0 03 00 00 00"},
	{"U-3.15.2.2.2-a MQTT 5, 3.15.2.2.2", "AUTH of nothing", IN_5, S, PROTOCOL, "F0 00"},
	{"U-3.15.2.2.2-a MQTT 5, 3.15.2.2.2", "AUTH without a method", IN_5, C, PROTOCOL, "F0 02 18 00"},
	{"MQTT 5, 3.15.2 " SHORT, "AUTH with a reason and no Property Length", IN_5, C, MALFORMED, "F0 01 18"},
	{"MQTT-3.15.2-1 " BAD_CODE, "AUTH 0x19 from a server", IN_5, S, PROTOCOL, "F0 06 19 04 15 0001'm'"},
};

const size_t refused_count = sizeof refused / sizeof refused[0];
