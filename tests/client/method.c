/* SPDX-License-Identifier: MIT */
/*
 * The application's half of an exchange, and what most of its tests begin with.
 */
#include "client/method.h"

#include <stdio.h>

struct play play;

int method_step(void *user, struct mqttwill_auth *step)
{
	static const char *const names[] = {"?", "FIRST", "CONTINUE", "SUCCESS"};
	static char              reply[FIELD_MAX + 1];
	size_t                   n = strlen(play.log);
	ck_assert(user >= (void *)stage.devices && user < (void *)(stage.devices + DEVICES));
	ck_assert_str_eq(step->method, "m");
	snprintf(play.log + n, sizeof play.log - n, "%s%s%s", n ? " " : "", names[step->phase], step->again ? "-again" : "");
	n = strlen(play.log);
	if (step->data)
		snprintf(play.log + n, sizeof play.log - n, "(%.*s)", (int)step->data_len, (const char *)step->data);
	play.round = step->phase == MQTTWILL_AUTH_FIRST ? 0 : play.round + 1;
	snprintf(reply, sizeof reply, "r%d", play.round);
	step->reply = play.silent ? NULL : reply;
	step->reply_len = play.reply_len ? play.reply_len : play.silent ? 0 : strlen(reply);
	return step->phase == play.fail_in ? MQTTWILL_EINVAL : 0;
}

struct mqttwill_options method_options(void)
{
	struct mqttwill_options o = lamp_options();
	o.auth_method = "m";
	o.auth_fn = method_step;
	memset(&play, 0, sizeof play);
	return o;
}

struct device *method_online(const struct mqttwill_options *o)
{
	struct device *d = device_start(o);
	peer_says(ACCEPTS PUBACK("0001"));
	ck_assert(d->c->presence.online);
	forget(d);
	play.log[0] = 0;
	return d;
}

int64_t method_again(struct device *d)
{
	return device_token(d, mqttwill_reauthenticate(d->c), true);
}
