/* SPDX-License-Identifier: MIT */
/*
 * Reads payloads; how long one may be is for the library to say, but for the ceiling of MQTT itself.
 */
#include "cli/payload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { REMAINING_LENGTH_MAX = 268435455 }; /* [MQTT 5, 1.5.5] */

static void payload_set(struct payload *p, const void *bytes, size_t n)
{
	*p = (struct payload){.bytes = bytes, .len = n, .set = true};
}

static enum exit_code out_of_memory(void)
{
	return refuse(EXIT_NETWORK, "out of memory");
}

/* The file's bytes at the end of b. False: too long, or no memory. */
static bool slurp(FILE *file, struct buf *b)
{
	for (;;) {
		const size_t chunk = 65536;
		uint8_t     *room = buf_reserve(b, chunk);
		if (!room)
			return false;
		size_t n = fread(room, 1, chunk, file);
		buf_commit(b, n);
		if (n == 0)
			return true;
	}
}

static enum exit_code keep(struct payload *p, const char *path, FILE *file, struct arena *arena)
{
	struct buf b;
	buf_init(&b, REMAINING_LENGTH_MAX);
	enum exit_code code = EXIT_OK;
	if (!slurp(file, &b))
		code = refuse(EXIT_RULE, "%s: does not fit into a packet of 268,435,455 bytes (MQTT 5, 1.5.5)", path);
	else if (ferror(file))
		code = refuse(EXIT_USAGE, "%s: %s", path, strerror(errno));
	else
		payload_set(p, buf_len(&b) ? arena_copy(arena, buf_front(&b), buf_len(&b)) : "", buf_len(&b));
	buf_fini(&b);
	return code == EXIT_OK && !p->bytes ? out_of_memory() : code;
}

enum exit_code payload_read(struct payload *p, const char *path, struct arena *arena)
{
	if (!strcmp(path, "-"))
		return keep(p, "standard input", stdin, arena);
	FILE *file = fopen(path, "rb");
	if (!file)
		return refuse(EXIT_USAGE, "%s: %s", path, strerror(errno));
	enum exit_code code = keep(p, path, file, arena);
	fclose(file);
	return code;
}

enum exit_code payload_first_line(struct payload *p, const char *path, struct arena *arena)
{
	enum exit_code code = payload_read(p, path, arena);
	const char    *bytes = p->bytes;
	const char    *end = code == EXIT_OK ? memchr(bytes, '\n', p->len) : NULL;
	if (end)
		p->len = (size_t)(end - bytes);
	if (code == EXIT_OK && p->len && bytes[p->len - 1] == '\r')
		p->len--;
	return code;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char       *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) % 16 : -1;
}

enum exit_code payload_hex(struct payload *p, const char *what, const char *hex, size_t len, struct arena *arena)
{
	size_t n = len / 2;
	char  *bytes = arena_alloc(arena, n + 1);
	if (!bytes)
		return out_of_memory();
	for (size_t i = 0; i < n; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return refuse(EXIT_USAGE, "%s: not hexadecimal at digit %zu", what, 2 * i + 1);
		bytes[i] = (char)(high << 4 | low);
	}
	if (len % 2)
		return refuse(EXIT_USAGE, "%s: an odd number of digits", what);
	payload_set(p, bytes, n);
	return EXIT_OK;
}

enum exit_code payload_parse(struct payload *p, const char *argument, struct arena *arena)
{
	if (argument[0] == '@')
		return payload_read(p, argument + 1, arena);
	if (!strncmp(argument, "hex:", 4))
		return payload_hex(p, argument, argument + 4, strlen(argument + 4), arena);
	if (!strncmp(argument, "text:", 5))
		argument += 5;
	payload_set(p, argument, strlen(argument));
	return EXIT_OK;
}
