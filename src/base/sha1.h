/* SPDX-License-Identifier: MIT */
/*
 * SHA-1 [RFC 3174] of a short text. The WebSocket handshake asks for it, where it protects nothing; use it nowhere else.
 */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_SIZE = 20 };

void sha1(uint8_t digest[SHA1_SIZE], const void *bytes, size_t n);

#endif
