/* SPDX-License-Identifier: MIT */
/*
 * The sentence about a broken pipe.
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
