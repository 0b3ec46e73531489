/* SPDX-License-Identifier: MIT */
/*
 * An allocator that fails on demand. A program that uses it is linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup, and may be built with sanitizers.
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

#endif
