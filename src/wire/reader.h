/* SPDX-License-Identifier: MIT */
/*
 * A cursor over one packet's bytes. The first fault stays; reads after it give zeroes, so that decoders need not check
 * each step.
 */
#ifndef WIRE_READER_H
#define WIRE_READER_H

#include "wire/packet.h"

struct reader {
	const uint8_t *p, *end;
	uint8_t        level;
	struct fault  *fault; /* fault->reason is 0 while all is well */
};

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->p);
}

static inline bool reader_ok(const struct reader *r)
{
	return r->fault->reason == 0;
}

/* Records a fault unless there is one. */
void reader_fail(struct reader *r, uint8_t reason, const char *rule, const char *text);

uint32_t    read_number(struct reader *r, unsigned width);
struct span read_binary(struct reader *r);
struct span read_text(struct reader *r); /* MQTT's UTF-8 rules hold, but for 3.1 */

/* A topic name; empty is allowed here. */
struct span read_topic(struct reader *r);

/* A property section of `place`, a packet type or PACKET_WILL. */
void read_properties(struct reader *r, enum packet_type place, enum side from, struct props *props);

#endif
