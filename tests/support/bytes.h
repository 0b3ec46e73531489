/* SPDX-License-Identifier: MIT */
/*
 * Bytes as tests write them: "10 02 'MQTT' 0005". Pairs of hex digits and 'text', with spaces wherever they help.
 */
#ifndef SUPPORT_BYTES_H
#define SUPPORT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A heap block of exactly n bytes: with AddressSanitizer nobody reads past its end unnoticed. */
struct bytes {
	uint8_t *p;
	size_t   n;
};

struct bytes bytes_copy(const void *p, size_t n);
struct bytes bytes_hex(const char *hex);
void         bytes_free(struct bytes *b);

/* Are the n bytes at p what `hex` says? */
bool bytes_are(const void *p, size_t n, const char *hex);

/* As hex, for a message; cut after 400 bytes. The text lives until the next call. */
const char *bytes_show(const void *p, size_t n);

#endif
