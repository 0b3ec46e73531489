/* SPDX-License-Identifier: MIT */
/*
 * When the broker speaks for a client, as the truth table of will publication says: at the end of the connection, after the
 * will delay or at the end of the session, whichever comes first [MQTT-3.1.2-8].
 */
#include "wire/will.h"

static uint64_t ms_of(uint32_t seconds)
{
	return seconds * 1000ull;
}

static bool is_5(const struct mqttwill_terms *t)
{
	return t->version == MQTTWILL_V5 || t->version == MQTTWILL_AUTO;
}

/* From the end of the connection: 3.x knows neither delay nor session expiry. */
static uint64_t wait_ms(const struct mqttwill_terms *t)
{
	if (!is_5(t))
		return 0;
	bool expires = t->session_expiry_s != UINT32_MAX && t->session_expiry_s < t->delay_s;
	return ms_of(expires ? t->session_expiry_s : t->delay_s);
}

static void at(struct mqttwill_timing *out, uint64_t earliest_ms, uint64_t latest_ms)
{
	*out = (struct mqttwill_timing){earliest_ms, latest_ms};
}

static void after_wait(const struct mqttwill_terms *t, struct mqttwill_timing *out)
{
	at(out, wait_ms(t), wait_ms(t));
}

/*
 * The broker notices one and a half keep-alives after the last packet [MQTT-3.1.2-22], which is at most one keep-alive old.
 * Without a keep-alive it may never.
 */
static void after_silence(const struct mqttwill_terms *t, struct mqttwill_timing *out)
{
	if (t->keepalive_s == 0)
		at(out, UINT64_MAX, UINT64_MAX);
	else
		at(out, t->keepalive_s * 500ull + wait_ms(t), t->keepalive_s * 1500ull + wait_ms(t));
}

static void never(const struct mqttwill_terms *t, struct mqttwill_timing *out)
{
	(void)t;
	at(out, UINT64_MAX, UINT64_MAX);
}

/* A session that goes on takes a delayed will with it [MQTT-3.1.3-9]; one that ends with the connection does not. */
static void resumed(const struct mqttwill_terms *t, struct mqttwill_timing *out)
{
	if (wait_ms(t) > 0)
		never(t, out);
	else
		at(out, 0, 0);
}

static void at_once(const struct mqttwill_terms *t, struct mqttwill_timing *out)
{
	(void)t;
	at(out, 0, 0);
}

static void (*const endings[])(const struct mqttwill_terms *t, struct mqttwill_timing *out) = {
	[MQTTWILL_ENDING_CRASH] = after_wait, [MQTTWILL_ENDING_CUT] = after_silence, [MQTTWILL_ENDING_WITH_WILL] = after_wait,
	[MQTTWILL_ENDING_CLEAN] = never,      [MQTTWILL_ENDING_RESUMED] = resumed,   [MQTTWILL_ENDING_REPLACED] = at_once,
};

int will_timing(const struct mqttwill_terms *terms, uint32_t ending, struct mqttwill_timing *timing)
{
	bool known = is_5(terms) || terms->version == MQTTWILL_V311 || terms->version == MQTTWILL_V31;
	if (!known || ending >= sizeof endings / sizeof endings[0])
		return MQTTWILL_EINVAL;
	endings[ending](terms, timing);
	return 0;
}
