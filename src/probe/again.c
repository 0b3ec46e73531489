/* SPDX-License-Identifier: MIT */
/*
 * What failed over a timer is played once more: a broker that keeps its delayed wills in a wrong order lets the others disturb it,
 * and that is told by one scenario, not by all of them. First together, by delay, each delay begun when all shorter ones run
 * out already: so no order is wrong that is kept by arrival, by delay or by time. What fails even so is played beside nothing
 * but scenarios with the same delay.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/internal.h"
#include "probe/world.h"

/* Such a scenario is there to disturb, itself and others. */
static bool has_two_delays(const struct probe_scenario *s)
{
	for (size_t i = 1; i < PROBE_STEPS; i++)
		if (s->steps[i].who == OTHER && s->steps[i].connect.delay > S(0) &&
		    s->steps[i].connect.delay != scenario_delay(s))
			return true;
	return false;
}

/* A message that was due later than at once, and was late, early or missing. */
static bool may_have_been_disturbed(const struct probe_result *r)
{
	return r->verdict == PROBE_FAIL && !has_two_delays(r->scenario) && scenario_delay(r->scenario) > S(0) &&
	       r->scenario->sights[0].due_ms > 0;
}

struct selection {
	const struct probe_scenario **scenarios;
	struct probe_result          *results;
	size_t                       *from; /* their places in the whole run */
	size_t                        count;
};

static bool selection_init(struct selection *s, size_t most)
{
	s->scenarios = calloc(most, sizeof *s->scenarios);
	s->results = calloc(most, sizeof *s->results);
	s->from = calloc(most, sizeof *s->from);
	s->count = 0;
	return s->scenarios && s->results && s->from;
}

static void selection_fini(struct selection *s)
{
	free(s->scenarios);
	free(s->results);
	free(s->from);
}

static void add(struct selection *s, const struct probe_run *run, size_t i)
{
	s->scenarios[s->count] = run->scenarios[i];
	s->from[s->count++] = i;
}

static void select_delay(struct selection *s, const struct probe_run *run, const bool *wanted, uint64_t delay)
{
	for (size_t i = 0; i < run->count; i++)
		if (wanted[i] && scenario_delay(run->scenarios[i]) == delay)
			add(s, run, i);
}

/* The next longer delay of those that are wanted; 0: there is none. */
static uint64_t next_delay(const struct probe_run *run, const bool *wanted, uint64_t last)
{
	uint64_t next = 0;
	for (size_t i = 0; i < run->count; i++) {
		uint64_t delay = scenario_delay(run->scenarios[i]);
		if (wanted[i] && delay > last && (next == 0 || delay < next))
			next = delay;
	}
	return next;
}

/* What passes is wanted no more, and nothing is once it was played beside its like alone. */
static void take_back(struct probe_run *run, bool *wanted, const struct selection *s, bool for_good)
{
	for (size_t k = 0; k < s->count; k++) {
		struct probe_result *r = &s->results[k];
		size_t               n = strlen(r->text);
		snprintf(r->text + n, sizeof r->text - n, "%s",
		         r->verdict == PROBE_FAIL ? "" : " (beside other scenarios it was not: see WD-16)");
		run->results[s->from[k]] = *r;
		wanted[s->from[k]] = r->verdict == PROBE_FAIL && !for_good;
	}
}

static int play_selection(struct probe_run *run, bool *wanted, const struct selection *s, bool staggered)
{
	struct probe_run again = *run;
	again.scenarios = s->scenarios;
	again.results = s->results;
	again.count = s->count;
	again.staggered = staggered;
	int rc = s->count ? probe_play(&again) : 0;
	if (rc == 0 && !again.stopped)
		take_back(run, wanted, s, !staggered);
	run->stopped |= again.stopped;
	return rc;
}

static int play_staggered(struct probe_run *run, bool *wanted, struct selection *s)
{
	uint64_t first = next_delay(run, wanted, 0), delay = first;
	if (!first || !next_delay(run, wanted, first))
		return 0; /* there is one delay at the most, and the next round does the same */
	for (s->count = 0; delay; delay = next_delay(run, wanted, delay))
		select_delay(s, run, wanted, delay);
	return play_selection(run, wanted, s, true);
}

static int play_delay(struct probe_run *run, bool *wanted, struct selection *s, uint64_t delay)
{
	s->count = 0;
	select_delay(s, run, wanted, delay);
	return play_selection(run, wanted, s, false);
}

int probe_play_again(struct probe_run *run)
{
	bool            *wanted = calloc(run->count + 1, sizeof *wanted);
	struct selection s;
	int              rc = selection_init(&s, run->count + 1) && wanted ? 0 : MQTTWILL_ENOMEM;
	for (size_t i = 0; rc == 0 && i < run->count; i++)
		wanted[i] = may_have_been_disturbed(&run->results[i]);
	if (rc == 0)
		rc = play_staggered(run, wanted, &s);
	for (size_t i = 0; rc == 0 && !run->stopped && i < run->count; i++)
		if (wanted[i])
			rc = play_delay(run, wanted, &s, scenario_delay(run->scenarios[i]));
	selection_fini(&s);
	free(wanted);
	return rc;
}
