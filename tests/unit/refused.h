/* SPDX-License-Identifier: MIT */
/*
 * The forms that decode must refuse, as a table.
 */
#ifndef UNIT_REFUSED_H
#define UNIT_REFUSED_H

#include "support/golden.h"

struct refused {
	const char *requirement; /* its id, or ids; decode's own name for the rule is among them */
	const char *what;
	unsigned    levels; /* IN_... */
	enum side   from;
	uint8_t     reason;
	const char *hex;
};

extern const struct refused refused[];
extern const size_t         refused_count;

#endif
