/* SPDX-License-Identifier: MIT */
/*
 * A lamp whose session lasts, and whose will has a delay: the broker lets a second connection take it over without a word. Line 0 is
 * the first connection, line 1 the second.
 */
#ifndef CLIENT_SWITCH_H
#define CLIENT_SWITCH_H

#include <stdio.h>
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"
#include "support/bytes.h"

static const struct mqttwill_presence delayed = {.topic = "lamp/status", .delay_s = 5};
static const struct mqttwill_will     new_will = {.topic = "lamp/status", .text = "gone", .qos = 1, .retain = true, .delay_s = 5};

#define CONNECT_OLD "10 3D 0004 'MQTT' 05 2C 003C 10 11 0000003C " LIMITS "0004 'lamp' 05 18 00000005 " LAMP_WILL
#define CONNECT_NEW \
	"10 3A 0004 'MQTT' 05 2C 003C 10 11 0000003C " LIMITS "0004 'lamp' 05 18 00000005 000B 'lamp/status' 0004 'gone' "
#define TAKEN_OVER "E0 02 8E 00 "

static inline struct mqttwill_options lasting(void)
{
	struct mqttwill_options o = lamp_options();
	o.presence = &delayed;
	o.session_expiry_s = 60;
	return o;
}

static inline struct device *online(int mode)
{
	struct mqttwill_options o = lasting();
	stage_begin(mode);
	return lamp_online(&o);
}

static inline void update(struct device *d, const struct mqttwill_will *will, uint32_t flags, int expected)
{
	int rc = mqttwill_update_will(d->c, will, flags);
	ck_assert_msg(rc == expected, "update_will says %d: %s", rc, mqttwill_errmsg(d->c, rc));
	stage_settle();
}

/* As far as the second CONNECT. */
static inline struct device *greeting(int mode)
{
	struct device *d = online(mode);
	update(d, &new_will, 0, MQTTWILL_PENDING);
	expect_bytes_on(0, PINGREQ);
	expect_bytes_on(1, "");
	peer_says_on(0, PINGRESP);
	expect_bytes_on(1, CONNECT_NEW);
	return d;
}

#endif
