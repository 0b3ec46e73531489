/* SPDX-License-Identifier: MIT */
/*
 * What many scenes begin with.
 */
#include "client/scenes.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

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

static char notes[4000];

static void keep_notes(struct device *d, const struct mqttwill_event *ev)
{
	(void)d;
	if (ev->type != MQTTWILL_NOTE && ev->type != MQTTWILL_WILL)
		return;
	size_t n = strlen(notes);
	snprintf(notes + n, sizeof notes - n, "%s|", ev->text);
}

struct device *lamp_adapting(const struct mqttwill_options *opt)
{
	struct mqttwill_options o = *opt;
	o.version = MQTTWILL_AUTO;
	o.flags |= MQTTWILL_ADAPT;
	forget_notes();
	struct device *d = device_new(&o);
	d->on_event = keep_notes;
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	forget(d);
	return d;
}

void expect_note(const char *part)
{
	ck_assert_msg(strstr(notes, part), "\"%s\" does not say \"%s\"", notes, part);
}

void expect_no_note(void)
{
	ck_assert_str_eq(notes, "");
}

void forget_notes(void)
{
	notes[0] = 0;
}
