/* SPDX-License-Identifier: MIT */
/*
 * Who the broker is: each version is tried with a scenario in which nothing happens, which is the control arm alone.
 */
#include <stdio.h>
#include <string.h>

#include "net/net.h"
#include "probe/internal.h"
#include "probe/world.h"

enum { VERSIONS = 3, MEETINGS = VERSIONS + 1 };

static const struct probe_scenario meetings[MEETINGS] = {
	{.id = "v5", .level = LEVEL_5},
	{.id = "v311", .level = LEVEL_311},
	{.id = "v31", .level = LEVEL_31},
	{.id = "password",
         .steps = {{.act = ACT_REJECTED, .who = DEVICE, .connect = {.keep_alive = 60, .flaw = FLAW_BAD_CREDENTIALS}}}},
};

/* Plays one meeting, with its own version for the watcher. */
static int meet(struct probe_run *run, const struct probe_scenario *s, struct probe_result *result,
                struct probe_broker *told)
{
	struct probe_run one = *run;
	one.scenarios = &s;
	one.results = result;
	one.count = 1;
	one.parallel = 1;
	one.progress = NULL;
	one.settings.broker = (struct probe_broker){.level = s->level, .maximum_qos = 2};
	one.settings.grace_ms = 0;
	one.told = told;
	return probe_play(&one);
}

static uint32_t offers_of(const struct probe_broker *b, const struct url *url)
{
	uint32_t offers = b->no_retain ? NEEDS_NO_RETAIN : NEEDS_RETAIN;
	offers |= b->maximum_qos < 2 ? NEEDS_LOW_QOS : NEEDS_QOS_2;
	return offers | (url_has_tls(url) ? NEEDS_TLS : 0u) | (url_has_websocket(url) ? NEEDS_WEBSOCKET : 0u);
}

/* Another version changes nothing about a broker that is not there, or mute. */
static bool is_hopeless(int error)
{
	return error < 0 && error != MQTTWILL_EREFUSED && error != MQTTWILL_ELOST;
}

/* Which versions it speaks, and what it says in the CONNACK of the highest. */
static int ask_versions(struct probe_run *run, struct probe_broker *best, char *why, size_t size)
{
	struct probe_result result;
	bool                speaks[VERSIONS] = {false};
	int                 first = 0;
	for (size_t i = 0; i < VERSIONS && !is_hopeless(first); i++) {
		struct probe_broker told = {0};
		if (meet(run, &meetings[i], &result, &told) < 0)
			return MQTTWILL_ENOMEM;
		speaks[i] = told.level == meetings[i].level;
		if (speaks[i] && !best->level)
			*best = told;
		if (i > 0 || speaks[i])
			continue;
		first = result.error;
		snprintf(why, size, "%s", result.text);
	}
	best->no_311 = !speaks[1];
	best->no_31 = !speaks[2];
	return best->level ? 0 : first < 0 ? first : MQTTWILL_ECONNECT;
}

int probe_meet(struct probe_run *run, char *why, size_t size)
{
	struct probe_broker   best = {0}, told = {0};
	struct probe_result   result;
	struct probe_scenario password = meetings[VERSIONS];
	int                   rc = ask_versions(run, &best, why, size);
	if (rc < 0)
		return rc;
	run->settings.broker = best;
	run->offers |= offers_of(&best, net_server(run->net, 0));
	password.level = best.level;
	if (meet(run, &password, &result, &told) < 0)
		return MQTTWILL_ENOMEM;
	if (result.verdict == PROBE_PASS)
		run->offers |= NEEDS_PASSWORD;
	return 0;
}
