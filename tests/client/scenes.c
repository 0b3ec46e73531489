/* SPDX-License-Identifier: MIT */
/*
 * What many scenes begin with.
 */
#include "client/scenes.h"

#include <check.h>
#include <stdio.h>

void forget(struct device *d)
{
	stage_settle();
	d->log_len = 0;
	d->log[0] = 0;
	stage_line()->up_read = stage_line()->up_len;
}

void lamp_welcome(struct device *d, const char *connack, const char *birth_id)
{
	char puback[32];
	snprintf(puback, sizeof puback, "40 02 %s", birth_id);
	peer_says(connack);
	peer_says(puback);
	ck_assert(d->c->presence.online);
	forget(d);
}

struct device *lamp_online(const struct mqttwill_options *opt)
{
	struct device *d = device_start(opt);
	forget(d);
	if (opt->presence) {
		lamp_welcome(d, opt->version == MQTTWILL_V5 ? CONNACK5 : CONNACK3, "0001");
	} else {
		peer_says(opt->version == MQTTWILL_V5 ? CONNACK5 : CONNACK3);
		forget(d);
	}
	return d;
}

void lamp_comes_back(void)
{
	size_t lines = line_count();
	for (int i = 0; i < 10000 && line_count() == lines; i++)
		stage_pass(100);
	ck_assert_uint_eq(line_count(), lines + 1);
	stage_line()->up_read = stage_line()->up_len;
}
