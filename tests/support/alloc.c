/* SPDX-License-Identifier: MIT */
/*
 * The linker sends every call here. The counters are the thread's own, so that a helper thread does not take the blow.
 */
#include "support/alloc.h"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* The names are the linker's. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void  __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void  __wrap_free(void *p);
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
	bool refused = state.refused;
	state.armed = state.refused = false; /* the next test may ask without having armed */
	return refused;
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

/* ---- Bytes ---- */

static _Thread_local struct alloc_bytes mine, *account;

static struct alloc_bytes *bytes(void)
{
	return account ? account : &mine;
}

static void *taken(void *p)
{
	struct alloc_bytes *b = bytes();
	b->now += (long)malloc_usable_size(p);
	b->most = b->most > b->now ? b->most : b->now;
	return p;
}

static void given_back(void *p)
{
	bytes()->now -= (long)malloc_usable_size(p);
}

void alloc_account(struct alloc_bytes *to)
{
	account = to;
}

void alloc_watch(void)
{
	*bytes() = (struct alloc_bytes){0};
}

long alloc_most(void)
{
	return bytes()->most;
}

/* ---- The calls ---- */

void *__wrap_malloc(size_t n)
{
	return refuse() ? NULL : taken(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : taken(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n)
{
	if (refuse())
		return NULL;
	long before = bytes()->now;
	given_back(p);
	void *again = __real_realloc(p, n);
	if (!again && n) /* p is as it was */
		bytes()->now = before;
	return taken(again);
}

static void (*look)(const void *p);

void alloc_look(void (*at)(const void *p))
{
	look = at;
}

void __wrap_free(void *p)
{
	if (look)
		look(p);
	given_back(p);
	__real_free(p);
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
