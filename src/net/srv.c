/* SPDX-License-Identifier: MIT */
/*
 * The resolver's library takes the message apart and checks its borders; what is in the records is checked here.
 */
#include "net/srv.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdbool.h>
#include <string.h>

enum { FIXED = 6 }; /* priority, weight, port */

static int read_target(const ns_msg *message, const ns_rr *rr, struct srv_target *target)
{
	const uint8_t *data = ns_rr_rdata(*rr);
	char           host[NS_MAXDNAME];
	if (ns_rr_rdlen(*rr) <= FIXED)
		return SRV_MALFORMED;
	int used = ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), data + FIXED, host, sizeof host);
	if (used < 0 || used > ns_rr_rdlen(*rr) - FIXED)
		return SRV_MALFORMED;
	*target = (struct srv_target){(uint16_t)ns_get16(data), (uint16_t)ns_get16(data + 2), (uint16_t)ns_get16(data + 4), ""};
	if (strlen(host) < sizeof target->host)
		strcpy(target->host, host);
	return 0;
}

static bool is_nobody(const struct srv_target *target)
{
	return !*target->host || !strcmp(target->host, ".");
}

int srv_parse(const uint8_t *message, size_t size, struct srv_target *targets)
{
	ns_msg msg;
	ns_rr  rr;
	int    count = 0, nobody = 0;
	if (size > NS_MAXMSG || ns_initparse(message, (int)size, &msg) < 0)
		return SRV_MALFORMED;
	for (int i = 0; i < ns_msg_count(msg, ns_s_an) && count < SRV_RECORDS; i++) {
		struct srv_target *t = &targets[count];
		if (ns_parserr(&msg, ns_s_an, i, &rr) < 0)
			return SRV_MALFORMED;
		if (ns_rr_type(rr) != ns_t_srv || ns_rr_class(rr) != ns_c_in)
			continue; /* an alias on the way to them */
		if (read_target(&msg, &rr, t) < 0)
			return SRV_MALFORMED;
		nobody += is_nobody(t);
		count += !is_nobody(t) && t->port;
	}
	return count == 0 && nobody ? SRV_NO_SERVICE : count;
}

/* Those without weight first, as the drawing below wants them. */
static bool before(const struct srv_target *a, const struct srv_target *b)
{
	return a->priority != b->priority ? a->priority < b->priority : !a->weight && b->weight;
}

static void move_to(struct srv_target *targets, size_t to, size_t from)
{
	struct srv_target moved = targets[from];
	memmove(&targets[to + 1], &targets[to], (from - to) * sizeof *targets);
	targets[to] = moved;
}

static void sort(struct srv_target *targets, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		size_t to = i;
		while (to > 0 && before(&targets[i], &targets[to - 1]))
			to--;
		move_to(targets, to, i);
	}
}

/* Which of the first ones, all of one priority, is next. */
static size_t draw(const struct srv_target *targets, size_t count, uint32_t (*random_below)(uint32_t below))
{
	uint32_t sum = 0, running = 0;
	size_t   i = 0;
	for (; i < count && targets[i].priority == targets[0].priority; i++)
		sum += targets[i].weight;
	uint32_t drawn = random_below(sum + 1);
	for (i = 0; (running += targets[i].weight) < drawn;)
		i++;
	return i;
}

void srv_order(struct srv_target *targets, size_t count, uint32_t (*random_below)(uint32_t below))
{
	sort(targets, count);
	for (size_t i = 0; i < count; i++)
		move_to(targets, i, i + draw(targets + i, count - i, random_below));
}
