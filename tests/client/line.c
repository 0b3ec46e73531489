/* SPDX-License-Identifier: MIT */
/*
 * Lines live in static memory: an allocation here would be mistaken for one of the client's by the failing allocator. For
 * the same reason there is no ck_assert, which allocates even where it holds.
 */
#include "client/line.h"

#include <check.h>
#include <string.h>

#include "client/stage.h"

static uint8_t     up[LINES][LINE_BYTES], down[LINES][LINE_BYTES];
static struct line lines[LINES];
static size_t      count;

struct line *line_new(void)
{
	if (count == LINES)
		ck_abort_msg("the client has connected more than %d times", LINES);
	struct line *l = &lines[count];
	*l = (struct line){.up = up[count], .down = down[count], .budget = SIZE_MAX};
	count++;
	return l;
}

void line_reset_all(void)
{
	count = 0;
}

struct line *line_at(size_t n)
{
	return n < count ? &lines[n] : NULL;
}

size_t line_count(void)
{
	return count;
}

/* How much of n bytes goes at once. */
static size_t cut(size_t n)
{
	size_t most = n;
	if (stage.mode == LINE_BYTEWISE)
		most = 1;
	else if (stage.mode == LINE_CHUNKS)
		most = 1 + dice_roll(&stage.dice, 12);
	return most < n ? most : n;
}

long line_write(struct line *l, const uint8_t *bytes, size_t n)
{
	if (l->broken)
		return -2;
	n = cut(n < l->budget ? n : l->budget);
	if (n == 0)
		return -1;
	if (l->up_len + n > LINE_BYTES)
		ck_abort_msg("the line is full");
	memcpy(l->up + l->up_len, bytes, n);
	l->up_len += n;
	if (l->budget != SIZE_MAX)
		l->budget -= n;
	return (long)n;
}

long line_read(struct line *l, uint8_t *bytes, size_t size)
{
	size_t have = l->down_len - l->down_read;
	if (have == 0 && l->broken)
		return -2; /* what came before the break can be read, as the kernel has it */
	if (have == 0)
		return l->peer_closed && !l->mute ? 0 : -1;
	size_t n = cut(have < size ? have : size);
	memcpy(bytes, l->down + l->down_read, n);
	l->down_read += n;
	return (long)n;
}

bool line_readable(const struct line *l)
{
	return l->broken || l->down_len > l->down_read || (l->peer_closed && !l->mute);
}

bool line_writable(const struct line *l)
{
	return l->broken || l->budget > 0;
}

void line_say(struct line *l, const void *bytes, size_t n)
{
	if (l->down_len + n > LINE_BYTES)
		ck_abort_msg("the line to the client is full");
	if (n)
		memcpy(l->down + l->down_len, bytes, n);
	l->down_len += n;
}
