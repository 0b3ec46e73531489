/* SPDX-License-Identifier: MIT */
/*
 * A host name that stands for a service: the addresses and ports of those that offer it.
 */
#ifndef NET_SERVICE_H
#define NET_SERVICE_H

#include "net/lookup.h"
#include "net/threads.h"

/* False: this build cannot ask for SRV records. */
bool service_supported(void);

/*
 * The query's srv_service at its host: the addresses of all targets, in order, or of the host itself where there are no such records.
 * Blocks; `self` is the task that calls. The targets are looked up by other tasks, side by side.
 */
void service_lookup(const struct resolve_query *query, struct task *self, struct answer *answer);

#endif
