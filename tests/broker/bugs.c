/* SPDX-License-Identifier: MIT */
/*
 * What each bug does. All of it happens around will.c, which stays the rule.
 */
#include "broker/bugs.h"

#include <string.h>

#include "broker/core.h"
#include "broker/will.h"
#include "wire/packet_type.h"
#include "wire/reason.h"

enum { LATE_MS = 50, BURST_MS = 1000, MANY = 50, ONE_IN = 10 };

static const struct {
	const char *name, *text;
} table[] = {
#define BROKER_BUG_ROW(name, text) {#name, text},
	BROKER_BUG_MAP(BROKER_BUG_ROW)
#undef BROKER_BUG_ROW
};

uint32_t broker_bug(const char *name)
{
	for (unsigned i = 0; i < BROKER_BUGS; i++)
		if (!strcmp(table[i].name, name))
			return 1u << i;
	return 0;
}

const char *broker_bug_name(enum broker_bug which)
{
	return table[which].name;
}

const char *broker_bug_text(enum broker_bug which)
{
	return table[which].text;
}

bool bug(const struct broker *b, enum broker_bug which)
{
	return b->options.bugs & 1u << which;
}

/* A will that takes this long after the end of its connection, in a session that goes on for that long. */
static bool is_like(const struct session *s, bool delayed, bool outlives)
{
	return s->will.message && (s->will.delay_s > 0) == delayed && (s->expiry_s > 0) == outlives;
}

void bugs_at_takeover(struct session *old, bool clean_start, uint64_t now_ms)
{
	const struct broker *b = old->broker;
	bool                 v5 = old->link->level == LEVEL_5, resumes = v5 && !clean_start;
	bool                 lost = (resumes && bug(b, BROKER_B1) && is_like(old, false, true)) ||
	            (resumes && bug(b, BROKER_B2) && is_like(old, true, false)) || (!v5 && bug(b, BROKER_B5));
	if (lost)
		will_delete(old, now_ms);
	else if (resumes && bug(b, BROKER_B3) && is_like(old, true, true))
		will_session_ended(old, now_ms);
	else if (bug(b, BROKER_B27) && is_like(old, false, old->expiry_s > 0))
		will_leave_late(old, now_ms + LATE_MS);
	if (clean_start)
		bugs_at_clean_start(old, now_ms);
}

void bugs_at_clean_start(struct session *old, uint64_t now_ms)
{
	if (bug(old->broker, BROKER_B4) && is_like(old, true, true))
		will_delete(old, now_ms);
}

bool bugs_at_return(struct session *s, uint64_t now_ms)
{
	if (!bug(s->broker, BROKER_B6) || !s->will.message)
		return false;
	will_session_ended(s, now_ms);
	return true;
}

void bugs_at_new_will(struct session *s, bool taken_over, uint64_t now_ms)
{
	s->deaf = taken_over && bug(s->broker, BROKER_B24);
	if (taken_over && bug(s->broker, BROKER_B22) && is_like(s, false, s->expiry_s > 0))
		will_session_ended(s, now_ms);
}

void bugs_at_restart(struct session *s, uint64_t now_ms)
{
	if (bug(s->broker, BROKER_B20))
		will_delete(s, now_ms);
}

/* Connections that end in one burst; every so many of them are too many. */
static bool is_one_of_many(struct broker *b, uint64_t now_ms)
{
	if (now_ms - b->burst_ms >= BURST_MS) {
		b->burst_ms = now_ms;
		b->burst = 0;
	}
	return ++b->burst > MANY && b->burst % ONE_IN == 0;
}

void bugs_at_end(struct broker_link *l, uint8_t reason, uint64_t now_ms)
{
	struct session *s = l->session;
	if (bug(l->broker, BROKER_B23) && reason == 0 && is_one_of_many(l->broker, now_ms))
		will_delete(s, now_ms);
	if (bug(l->broker, BROKER_B15) && reason == 0 && l->said_close)
		will_delete(s, now_ms);
	if (bug(l->broker, BROKER_B8) && reason == 0 && is_like(s, true, false))
		s->expiry_s = s->will.delay_s;
}

void bugs_at_fault(struct broker_link *l, uint8_t type, uint64_t now_ms)
{
	bool one = bug(l->broker, BROKER_B11) && type == PACKET_DISCONNECT && l->level == LEVEL_5;
	bool other = bug(l->broker, BROKER_B21) && type != PACKET_DISCONNECT;
	if (l->session && (one || other))
		will_delete(l->session, now_ms);
}
