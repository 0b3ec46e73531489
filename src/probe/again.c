/* SPDX-License-Identifier: MIT */
/*
 * What failed over a timer is played once more, beside nothing but scenarios with the same will delay: a broker that keeps
 * its delayed wills in a wrong order lets the others disturb it, and that is told by one scenario, not by all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/internal.h"
#include "probe/world.h"

static uint64_t delay_of(const struct probe_scenario *s)
{
	return s->steps[0].connect.delay;
}

/* Such a scenario is there to disturb, itself and others. */
static bool has_two_delays(const struct probe_scenario *s)
{
	for (size_t i = 1; i < PROBE_STEPS; i++)
		if (s->steps[i].who == OTHER && s->steps[i].connect.delay > S(0) &&
		    s->steps[i].connect.delay != delay_of(s))
			return true;
	return false;
}

/* A message that was due later than at once, and was late, early or missing. */
static bool may_have_been_disturbed(const struct probe_result *r)
{
	return r->verdict == PROBE_FAIL && !has_two_delays(r->scenario) && delay_of(r->scenario) > S(0) &&
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

static void select_delay(struct selection *s, const struct probe_run *run, const bool *wanted, uint64_t delay)
{
	s->count = 0;
	for (size_t i = 0; i < run->count; i++) {
		if (!wanted[i] || delay_of(run->scenarios[i]) != delay)
			continue;
		s->scenarios[s->count] = run->scenarios[i];
		s->from[s->count++] = i;
	}
}

static void take_back(struct probe_run *run, bool *wanted, const struct selection *s)
{
	for (size_t k = 0; k < s->count; k++) {
		struct probe_result *r = &s->results[k];
		size_t               n = strlen(r->text);
		snprintf(r->text + n, sizeof r->text - n, "%s",
		         r->verdict == PROBE_FAIL ? "" : " (beside other scenarios it was not: see WD-16)");
		run->results[s->from[k]] = *r;
		wanted[s->from[k]] = false;
	}
}

static int play_delay(struct probe_run *run, bool *wanted, struct selection *s, uint64_t delay)
{
	struct probe_run again = *run;
	select_delay(s, run, wanted, delay);
	again.scenarios = s->scenarios;
	again.results = s->results;
	again.count = s->count;
	int rc = probe_play(&again);
	if (rc == 0 && !again.stopped)
		take_back(run, wanted, s);
	run->stopped |= again.stopped;
	return rc;
}

int probe_play_again(struct probe_run *run)
{
	bool            *wanted = calloc(run->count + 1, sizeof *wanted);
	struct selection s;
	int              rc = selection_init(&s, run->count + 1) && wanted ? 0 : MQTTWILL_ENOMEM;
	for (size_t i = 0; rc == 0 && i < run->count; i++)
		wanted[i] = may_have_been_disturbed(&run->results[i]);
	for (size_t i = 0; rc == 0 && !run->stopped && i < run->count; i++)
		if (wanted[i])
			rc = play_delay(run, wanted, &s, delay_of(run->scenarios[i]));
	selection_fini(&s);
	free(wanted);
	return rc;
}
