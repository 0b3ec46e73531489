/* SPDX-License-Identifier: MIT */
/*
 * Lines on stderr are made whole first and written by one call, so that two programs can share a log.
 */
#define _POSIX_C_SOURCE 200809L

#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mqttwill.h>

#include "cli/print.h"

enum { LINE_SIZE = 1024 };

/* The caller's group is exit code 2 but for these. */
static const struct {
	int            error;
	enum exit_code code;
} exceptions[] = {
	{MQTTWILL_ETIMEOUT, EXIT_TIMEOUT}, {MQTTWILL_ECANCELED, EXIT_TIMEOUT}, {MQTTWILL_ENOMEM, EXIT_NETWORK},
	{MQTTWILL_ESYSTEM, EXIT_NETWORK},  {MQTTWILL_ETLS, EXIT_TLS},          {MQTTWILL_ECERT, EXIT_TLS},
};

enum exit_code exit_code(int error)
{
	if (error >= 0)
		return EXIT_OK;
	for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
		if (exceptions[i].error == error)
			return exceptions[i].code;
	if (error <= MQTTWILL_EREFUSED)
		return EXIT_BROKER;
	return error <= MQTTWILL_ERESOLVE ? EXIT_NETWORK : EXIT_RULE;
}

static int64_t clock_ms(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int64_t steady_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

void time_text(char text[TIME_TEXT_SIZE], int64_t unix_ms)
{
	time_t    seconds = (time_t)(unix_ms / 1000);
	struct tm local;
	localtime_r(&seconds, &local);
	size_t n = strftime(text, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &local);
	snprintf(text + n, TIME_TEXT_SIZE - n, ".%03d", (int)(unix_ms % 1000));
}

__attribute__((format(printf, 2, 0))) static void put_line(const char *prefix, const char *format, va_list arguments)
{
	char text[LINE_SIZE];
	vsnprintf(text, sizeof text, format, arguments);
	flockfile(stderr);
	fprintf(stderr, "%s ", prefix);
	print_text(stderr, text);
	fputc('\n', stderr);
	fflush(stderr);
	funlockfile(stderr);
}

void say(const char *format, ...)
{
	char    time[TIME_TEXT_SIZE];
	va_list arguments;
	time_text(time, wall_ms());
	va_start(arguments, format);
	put_line(time, format, arguments);
	va_end(arguments);
}

enum exit_code refuse(enum exit_code code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	put_line("mqttwill:", format, arguments);
	va_end(arguments);
	return code;
}
