/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 as MQTT wants it: well-formed by RFC 3629, no surrogates, no U+0000 [MQTT-1.5.4-1, MQTT-1.5.4-2].
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length of the longest good prefix: n where all of it is good, otherwise the offset of the first bad byte. */
size_t utf8_good(const uint8_t *p, size_t n);

/* The same, but U+0000 is allowed: a payload of text is UTF-8, yet no MQTT string. */
size_t utf8_good_text(const uint8_t *p, size_t n);

#endif
