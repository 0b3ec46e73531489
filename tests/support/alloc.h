/* SPDX-License-Identifier: MIT */
/*
 * An allocator that fails on demand, and counts bytes. A program that uses it is linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free,--wrap=strdup,--wrap=strndup, and may be built with sanitizers.
 *
 *         for (long n = 1; alloc_fail(n), run(), alloc_stop(); n++)
 *                 ;                            every allocation of run() has failed once, and at last none
 */
#ifndef SUPPORT_ALLOC_H
#define SUPPORT_ALLOC_H

#include <stdbool.h>

/* From now on allocations are counted, and the nth of this thread, from 1, fails; 0: none does. */
void alloc_fail(long nth);

/* From the nth on every one fails. */
void alloc_fail_from(long nth);

/* Allocations since then. */
long alloc_count(void);

/* Back to normal. Was any allocation refused? */
bool alloc_stop(void);

/* From now on the bytes that this thread allocates and has not freed are counted, beginning at 0. */
void alloc_watch(void);

/* The most there have been since then. */
long alloc_most(void);

/* From now on this thread's bytes are counted there; NULL: as before. */
struct alloc_bytes {
	long now, most;
};
void alloc_account(struct alloc_bytes *to);

/* Shown each block that is about to be freed; NULL: none is. */
void alloc_look(void (*at)(const void *p));

#endif
