/* SPDX-License-Identifier: MIT */
/*
 * A host's addresses for a race: the two families are looked up side by side, and each runs as soon as it is known
 * [RFC 8305, 3].
 */
#ifndef NET_HOST_H
#define NET_HOST_H

#include "net/race.h"
#include "net/tcp.h"

struct resolve_job;

enum { HOST_DELAY_MS = 50 }; /* how long the family that goes first is waited for when the other one is there */

struct host_lookup {
	struct resolve_job *job; /* NULL: there was none */
	int                 family;
	bool                over, failed, late;
};

struct host {
	const struct tcp_config *config;
	struct host_lookup       of[2]; /* that of the family which goes first is first; or there is one */
	int                      count;
	uint64_t                 end;      /* of waiting for names */
	uint64_t                 patience; /* until when the first family is waited for; UINT64_MAX: as long as it takes */
};

/* How a network wants its races run. */
struct race_rules host_rules(const struct mqttwill_network *network, const char *srv_service);

/* `config`, whose network is not NULL, must outlive it. 0, or MQTTWILL_ENOMEM, _ESYSTEM. */
int host_start(struct host *h, const struct tcp_config *config, struct race *race, uint64_t end_ms);

/* Hands new addresses to the race. 0, or MQTTWILL_ENOMEM. */
int host_turn(struct host *h, struct race *race, uint64_t now_ms);

/* Is all known? */
bool host_is_over(const struct host *h);

/* May the race begin with what it has? */
bool host_is_enough(const struct host *h, uint64_t now_ms);

uint64_t host_deadline(const struct host *h, bool begun);

/* Why there is no address: sets the error, returns its code. */
int host_fail(const struct host *h, struct pipe_error *error);

/* Adds to the error of a race that a family's addresses were not there in time. */
void host_tell(const struct host *h, struct pipe_error *error);

/* Gives up what is under way. */
void host_fini(struct host *h, struct race *race);

#endif
