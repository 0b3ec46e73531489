/* SPDX-License-Identifier: MIT */
/*
 * Bytes as Base64 [RFC 4648, 4].
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>

/* What base64_encode() writes for n bytes, its NUL included. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* Writes a C string; returns its length. */
size_t base64_encode(char *to, const void *bytes, size_t n);

#endif
