/* SPDX-License-Identifier: MIT */
/*
 * The linker sends every call here. The counters are the thread's own, so that a helper thread does not take the blow.
 */
#include "support/alloc.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The names are the linker's. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static _Thread_local struct {
	bool armed, refused;
	long count, first, last;
} state;

static void arm(long first, long last)
{
	state.armed = true;
	state.refused = false;
	state.count = 0;
	state.first = first;
	state.last = last;
}

void alloc_fail(long nth)
{
	arm(nth, nth);
}

void alloc_fail_from(long nth)
{
	arm(nth, LONG_MAX);
}

long alloc_count(void)
{
	return state.count;
}

bool alloc_stop(void)
{
	state.armed = false;
	return state.refused;
}

static bool refuse(void)
{
	if (!state.armed)
		return false;
	state.count++;
	bool now = state.count >= state.first && state.count <= state.last;
	state.refused |= now;
	return now;
}

void *__wrap_malloc(size_t n)
{
	return refuse() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return refuse() ? NULL : __real_realloc(p, n);
}

char *__wrap_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char  *copy = __wrap_malloc(len + 1);
	if (!copy)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = 0;
	return copy;
}

char *__wrap_strdup(const char *s)
{
	return __wrap_strndup(s, strlen(s));
}
