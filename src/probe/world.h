/* SPDX-License-Identifier: MIT */
/*
 * The real world of plays: sockets to one broker, and the clock. Whole runs of scenarios, side by side.
 */
#ifndef PROBE_WORLD_H
#define PROBE_WORLD_H

#include "probe/play.h"

struct net;

struct probe_run {
	struct net           *net; /* with the broker as its only server */
	struct probe_settings settings; /* `broker` is filled in by probe_meet() */
	uint32_t              offers;   /* enum probe_needs: likewise, beside what the caller allows */
	unsigned              parallel; /* plays at the same time */
	bool                  staggered; /* the scenarios stand by their delay; a longer one begins when all shorter ones run out */
	const char           *restart_command; /* for the shell; or NULL */
	const struct probe_scenario **scenarios;
	struct probe_result          *results; /* one for each scenario */
	size_t                        count;
	size_t                        done; /* so far */
	bool                          stopped; /* by `progress` */
	/* Called now and then, and once at the end; may be NULL. True: stop, and clean up. */
	bool (*progress)(void *user, const struct probe_run *run);
	void  *user;
	struct probe_broker *told; /* probe_meet()'s own */
};

/* Learns what the broker is. 0, or an MQTTWILL_E... with its sentence: nothing can be probed. */
int probe_meet(struct probe_run *run, char *why, size_t size);

/* Plays all scenarios. 0, or MQTTWILL_ENOMEM. */
int probe_play(struct probe_run *run);

/* Plays once more, by itself, what others may have disturbed. The same errors. */
int probe_play_again(struct probe_run *run);

#endif
