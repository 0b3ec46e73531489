/* SPDX-License-Identifier: MIT */
/*
 * Packets that come again and again, in support/bytes.h's notation, and the device that most tests play with: "lamp", whose
 * status stands at lamp/status, retained at QoS 1.
 */
#ifndef CLIENT_SCENES_H
#define CLIENT_SCENES_H

#include "client/stage.h"

#define CONNACK5 "20 03 00 00 00 "
#define CONNACK5_PRESENT "20 03 01 00 00 "
#define CONNACK3 "20 02 00 00 "
#define CONNACK3_PRESENT "20 02 01 00 "

/* PUBLISH of the status; id as in "0001". */
#define ONLINE5(id) "33 16 000B 'lamp/status' " id " 00 'online' "
#define OFFLINE5(id) "33 17 000B 'lamp/status' " id " 00 'offline' "
#define ONLINE5_DUP(id) "3B 16 000B 'lamp/status' " id " 00 'online' "
#define ONLINE3(id) "33 15 000B 'lamp/status' " id " 'online' "
#define OFFLINE3(id) "33 16 000B 'lamp/status' " id " 'offline' "

/* PUBLISH to topic "t" with a payload of one letter. */
#define TELL5_QOS0(x) "30 05 0001 't' 00 '" x "' "
#define TELL5(id, x) "32 07 0001 't' " id " 00 '" x "' "
#define TELL5_DUP(id, x) "3A 07 0001 't' " id " 00 '" x "' "
#define TELL5_QOS2(id, x) "34 07 0001 't' " id " 00 '" x "' "
#define TELL5_QOS2_DUP(id, x) "3C 07 0001 't' " id " 00 '" x "' "

#define PUBACK(id) "40 02 " id " "
#define PUBREC(id) "50 02 " id " "
#define PUBREL(id) "62 02 " id " "
#define PUBCOMP(id) "70 02 " id " "
#define PUBACK_DENIED(id) "40 03 " id " 87 "
#define PINGREQ "C0 00 "
#define PINGRESP "D0 00 "
#define GOODBYE "E0 00 "
#define GOODBYE_WITH_WILL "E0 01 04 "

/* CONNECT of the lamp: 5.0 with Clean Start 0 and 1, the same with a session that lasts 60 s, 3.1.1, 3.1. */
#define LAMP_WILL "000B 'lamp/status' 0007 'offline' "
#define LIMITS "21 0064 22 0010 27 00100000 "
#define CONNECT5 "10 33 0004 'MQTT' 05 2C 003C 0B " LIMITS "0004 'lamp' 00 " LAMP_WILL
#define CONNECT5_CLEAN "10 33 0004 'MQTT' 05 2E 003C 0B " LIMITS "0004 'lamp' 00 " LAMP_WILL
#define CONNECT5_60S "10 38 0004 'MQTT' 05 2C 003C 10 11 0000003C " LIMITS "0004 'lamp' 00 " LAMP_WILL
#define CONNECT5_60S_CLEAN "10 38 0004 'MQTT' 05 2E 003C 10 11 0000003C " LIMITS "0004 'lamp' 00 " LAMP_WILL
#define CONNECT311 "10 26 0004 'MQTT' 04 2E 003C 0004 'lamp' " LAMP_WILL
#define CONNECT31 "10 28 0006 'MQIsdp' 03 2E 003C 0004 'lamp' " LAMP_WILL

static const struct mqttwill_presence lamp_status = {.topic = "lamp/status"};

/* The plain lamp; tests change what they are about. */
static inline struct mqttwill_options lamp_options(void)
{
	return (struct mqttwill_options){.client_id = "lamp", .presence = &lamp_status};
}

/* The same without presence, hence without a will. */
static inline struct mqttwill_options bare_options(void)
{
	return (struct mqttwill_options){.client_id = "lamp"};
}

/* Starts it and plays the broker until the birth is acknowledged; what was sent and told is forgotten. */
struct device *lamp_online(const struct mqttwill_options *opt);

/* A client with version AUTO and ADAPT, started; what it notes is kept. CONNECT is on the line and forgotten. */
struct device *lamp_adapting(const struct mqttwill_options *opt);

/* The NOTE and WILL events of lamp_adapting()'s device since then, or since forget_notes(), say this; or there are none. */
void expect_note(const char *part);
void expect_no_note(void);
void forget_notes(void);

/* On a line that CONNECT has just been written to: CONNACK and the birth's PUBACK, under this id as in "0001". */
void lamp_welcome(struct device *d, const char *connack, const char *birth_id);

/* Lets the back-off pass until there is a new line, and forgets its CONNECT. */
void lamp_comes_back(void);

/* What was sent and told so far is of no interest. */
void forget(struct device *d);

#endif
