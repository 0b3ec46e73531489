/* SPDX-License-Identifier: MIT */
/*
 * The rules of UTF-8 and of topic matching once more, written for the reader and not for speed: what the fast code is
 * compared with.
 */
#ifndef SUPPORT_SLOW_H
#define SUPPORT_SLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes before the first bad one (RFC 3629). */
size_t slow_utf8_good(const uint8_t *p, size_t n, bool nul_allowed);

/* Does a well-formed filter match a name? Both are C strings [MQTT 5, 4.7]. */
bool slow_topic_match(const char *filter, const char *topic);

#endif
