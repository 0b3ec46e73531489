/* SPDX-License-Identifier: MIT */
/*
 * What a name server says of a service. Checked: no bytes read beyond the end, every target has a host and a port, and the order of
 * them is one by priority and holds each of them once, whatever chance says (it takes the first byte for its word).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/srv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t chance;

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static uint32_t draw(uint32_t below)
{
	chance = chance * 1664525u + 1013904223u;
	return (chance >> 8) % below;
}

static uint64_t sum(const struct srv_target *targets, int n)
{
	uint64_t all = 0;
	for (int i = 0; i < n; i++)
		all += (uint64_t)targets[i].priority << 40 | (uint64_t)targets[i].weight << 20 | targets[i].port;
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct srv_target targets[SRV_RECORDS];
	if (size == 0)
		return 0;
	chance = data[0];
	int n = srv_parse(data + 1, size - 1, targets);
	expect(n >= SRV_MALFORMED && n <= SRV_RECORDS, "a count out of range");
	uint64_t before = sum(targets, n);
	for (int i = 0; i < n; i++)
		expect(targets[i].port && targets[i].host[0] && strlen(targets[i].host) < sizeof targets[i].host, "a target of no use");
	if (n > 0)
		srv_order(targets, (size_t)n, draw);
	for (int i = 1; i < n; i++)
		expect(targets[i - 1].priority <= targets[i].priority, "a lower priority later");
	expect(sum(targets, n) == before, "a target was lost");
	return 0;
}
