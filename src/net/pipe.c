/* SPDX-License-Identifier: MIT */
/*
 * The sentence about a broken pipe, and the facts about an open one.
 */
#include "net/pipe.h"

#include <stdarg.h>
#include <stdio.h>

int pipe_fail(struct pipe_error *error, int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	error->code = code;
	return code;
}

void pipe_describe(const struct pipe *top, struct pipe_facts *facts)
{
	*facts = (struct pipe_facts){.address = ""};
	for (const struct pipe *p = top; p; p = p->below)
		if (p->ops->describe)
			p->ops->describe(p, facts);
}
