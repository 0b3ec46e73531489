/* SPDX-License-Identifier: MIT */
/*
 * A world for plays: the conformance stub in the same process, and a clock that moves only when nothing else is to be done.
 */
#ifndef PROBE_VIRTUAL_H
#define PROBE_VIRTUAL_H

#include "broker/broker.h"
#include "probe/play.h"

/* What this stub offers, for play_possible(). */
uint32_t virtual_offers(const struct broker_options *options);

/* Plays the scenario to its end against a new stub. */
void virtual_play(const struct probe_scenario *s, const struct broker_options *options, struct probe_result *result);

/* The same, with leave to restart the stub, which keeps its memory or `forgets` it, and to make many connections. */
void virtual_play_with_leave(const struct probe_scenario *s, const struct broker_options *options, bool forgets,
                             struct probe_result *result);

#endif
