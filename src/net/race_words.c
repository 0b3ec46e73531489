/* SPDX-License-Identifier: MIT */
/*
 * "connect to [2001:db8::1]:1883: Network is unreachable; to 192.0.2.1:1883: no answer in time; and 2 more addresses: Connection
 * refused".
 */
#include <stdio.h>
#include <string.h>

#include <mqttwill.h>

#include "net/race.h"
#include "net/tune.h"

enum { TOLD_IN_FULL = 2 };

struct words {
	char   text[240];
	size_t len;
};

static void say(struct words *w, const char *lead, const char *text)
{
	int n = snprintf(w->text + w->len, sizeof w->text - w->len, "%s%s", lead, text);
	w->len += n > 0 ? (size_t)n : 0;
	w->len = w->len < sizeof w->text ? w->len : sizeof w->text - 1;
}

static void reason(char *buf, size_t size, const struct race *r, const struct runner *one)
{
	if (one->error == RACE_NO_ANSWER)
		snprintf(buf, size, "no answer in time");
	else
		tune_tell(buf, size, r->network, one->step, one->error);
}

static const struct runner *at_turn(const struct race *r, int turn)
{
	for (int i = 0; i < r->count; i++)
		if (r->runners[i].turn == turn)
			return &r->runners[i];
	return NULL;
}

static void say_one(struct words *w, const struct race *r, const struct runner *one)
{
	char address[ADDRESS_TEXT], why[120];
	address_text(&one->address, address, sizeof address);
	say(w, w->len ? "; to " : "connect to ", address);
	if (r->network->bind_address && one->step == TUNE_CONNECT)
		say(w, " from ", r->network->bind_address);
	reason(why, sizeof why, r, one);
	say(w, ": ", why);
}

static void say_rest(struct words *w, const struct race *r)
{
	char why[120];
	int  rest = r->count - TOLD_IN_FULL;
	snprintf(why, sizeof why, "; and %d more address%s", rest, rest == 1 ? "" : "es");
	say(w, why, "");
	const char *lead = ": ";
	for (int turn = TOLD_IN_FULL + 1; turn <= r->begun; turn++) {
		reason(why, sizeof why, r, at_turn(r, turn));
		if (strstr(w->text, why)) /* it was told */
			continue;
		say(w, lead, why);
		lead = ", ";
	}
	if (r->begun < r->count)
		say(w, lead, "not tried");
}

int race_fail(const struct race *r, struct pipe_error *error)
{
	struct words w = {.len = 0};
	for (int turn = 1; turn <= r->begun && turn <= TOLD_IN_FULL; turn++)
		say_one(&w, r, at_turn(r, turn));
	if (r->count > TOLD_IN_FULL)
		say_rest(&w, r);
	return pipe_fail(error, r->stopped ? MQTTWILL_ETIMEOUT : MQTTWILL_ECONNECT, "%s", w.text);
}
