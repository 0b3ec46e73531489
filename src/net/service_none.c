/* SPDX-License-Identifier: MIT */
/*
 * Stands in for SRV records in a build without libresolv: net_new() refuses them.
 */
#include "net/service.h"

bool service_supported(void)
{
	return false;
}

void service_lookup(const struct resolve_query *query, struct task *self, struct answer *answer)
{
	(void)self;
	lookup_name(query, answer);
}
