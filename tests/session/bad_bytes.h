/* SPDX-License-Identifier: MIT */
/*
 * Packets that a broker may not send, made mechanically from those that it may: thousands of rows, each told to whoever asks.
 */
#ifndef SESSION_BAD_BYTES_H
#define SESSION_BAD_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* The reason codes that fit: where a packet breaks several rules, any of theirs does. */
enum {
	FIT_MALFORMED = 1,  /* 0x81 */
	FIT_PROTOCOL = 2,   /* 0x82 */
	FIT_BAD_TOPIC = 4,  /* 0x90 */
	FIT_BAD_ALIAS = 8   /* 0x94 */
};

struct bad_bytes {
	const char    *what;
	uint8_t        level;
	unsigned       fits;
	const uint8_t *p;
	size_t         n;
};

typedef void bad_bytes_fn(void *user, const struct bad_bytes *bad);

/* Every packet of a server's with wrong flags, cut short, with bytes behind it, identifier 0, a wrong length. */
size_t bad_frames(uint8_t level, bad_bytes_fn *tell, void *user);

/* Topics, return and reason codes, Acknowledge Flags, and packets of the other side. */
size_t bad_fields(uint8_t level, bad_bytes_fn *tell, void *user);

/* MQTT 5: every property in every packet: not allowed there, twice, of a bad value, cut short. */
size_t bad_properties(bad_bytes_fn *tell, void *user);

/* Ill-formed UTF-8, each broken in one way; as the notation of support/bytes.h. NULL behind the last. */
extern const char *const bad_utf8[];

#endif
