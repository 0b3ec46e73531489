/* SPDX-License-Identifier: MIT */
/*
 * Who is next is chosen anew each time, because names may still be coming in: first those that have not failed lately, among
 * these the family that had no turn last.
 */
#include "net/race.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <mqttwill.h>

#include "net/stream.h"
#include "net/tune.h"

enum { DEFAULT_NEXT_MS = 250 };

enum state { WAITING, UNDER_WAY, OVER };

int race_init(struct race *r, const struct mqttwill_network *network, struct failed *failed, struct race_rules rules)
{
	*r = (struct race){.network = network, .failed = failed, .rules = rules, .won = -1, .owner = getpid()};
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	return r->epoll < 0 ? -1 : 0;
}

int race_add(struct race *r, const union address *a)
{
	if (r->count == RACE_MOST)
		return 0;
	if ((r->count & (r->count - 1)) == 0) { /* full: it grows by powers of two */
		struct runner *more = realloc(r->runners, (r->count ? 2 * (size_t)r->count : 1) * sizeof *more);
		if (!more)
			return MQTTWILL_ENOMEM;
		r->runners = more;
	}
	r->runners[r->count++] = (struct runner){.address = *a, .fd = -1};
	return 0;
}

/* ---- Descriptors ---- */

static bool is_ours(const struct race *r)
{
	return r->owner == getpid();
}

static void watch(struct race *r, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events};
	epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev);
}

void race_watch(struct race *r, int fd)
{
	watch(r, fd, EPOLLIN);
}

/* What is about to be closed must leave first: a copy of it in a forked child would keep it there. */
void race_unwatch(struct race *r, int fd)
{
	struct epoll_event unused = {0};
	if (is_ours(r))
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, &unused);
}

/* An attempt in good order ends with a reset, so that no copy in a forked child goes on with it. */
static void close_runner(struct race *r, struct runner *one)
{
	if (one->fd < 0)
		return;
	race_unwatch(r, one->fd);
	stream_close(one->fd, is_ours(r), true);
	one->fd = -1;
}

/* ---- One attempt ---- */

static void fail(struct race *r, struct runner *one, int error, uint64_t now_ms)
{
	close_runner(r, one);
	one->state = OVER;
	one->error = error;
	r->under_way--;
	r->over++;
	if (r->failed && one->step == TUNE_CONNECT)
		failed_note(r->failed, &one->address, now_ms);
}

static void win(struct race *r, struct runner *one, uint64_t now_ms)
{
	race_unwatch(r, one->fd);
	r->won = (int)(one - r->runners);
	for (int i = 0; i < r->count; i++) /* who began earlier and has no answer yet was too slow */
		if (r->runners[i].state == UNDER_WAY && r->runners[i].turn < one->turn)
			fail(r, &r->runners[i], RACE_NO_ANSWER, now_ms);
}

static void begin(struct race *r, struct runner *one, uint64_t now_ms)
{
	enum tune_step step;
	one->state = UNDER_WAY;
	one->turn = ++r->begun;
	r->under_way++;
	r->last_family = address_family(&one->address);
	one->fd = tune_socket(r->last_family, r->network, &step);
	one->step = (uint8_t)step;
	if (one->fd < 0) {
		fail(r, one, errno, now_ms);
		return;
	}
	if (connect(one->fd, &one->address.any, address_len(&one->address)) == 0)
		win(r, one, now_ms);
	else if (errno == EINPROGRESS || errno == EINTR)
		watch(r, one->fd, EPOLLOUT);
	else
		fail(r, one, errno, now_ms);
}

/* True when it is connected. */
static bool look(struct race *r, struct runner *one, uint64_t now_ms)
{
	struct pollfd p = {.fd = one->fd, .events = POLLOUT};
	int           error = 0;
	socklen_t     len = sizeof error;
	if (poll(&p, 1, 0) != 1)
		return false;
	getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error)
		fail(r, one, error, now_ms);
	return error == 0;
}

/* Of several that are connected by now the one that began first wins. */
static void look_at_all(struct race *r, uint64_t now_ms)
{
	struct runner *first = NULL;
	for (int i = 0; i < r->count && r->won < 0; i++) {
		struct runner *one = &r->runners[i];
		if (one->state == UNDER_WAY && look(r, one, now_ms) && (!first || one->turn < first->turn))
			first = one;
	}
	if (first)
		win(r, first, now_ms);
}

/* ---- Who is next ---- */

static bool is_before(const struct race *r, const struct runner *a, const struct runner *b, uint64_t now_ms)
{
	uint64_t held_a = r->failed ? failed_until(r->failed, &a->address, now_ms) : 0;
	uint64_t held_b = r->failed ? failed_until(r->failed, &b->address, now_ms) : 0;
	if (held_a != held_b)
		return held_a < held_b;
	int first = r->rules.first_family ? r->rules.first_family : address_family(&r->runners[0].address);
	int wanted = r->last_family != first ? first : first == AF_INET ? AF_INET6 : AF_INET;
	return !r->rules.in_order && address_family(&a->address) == wanted && address_family(&b->address) != wanted;
}

static struct runner *next(const struct race *r, uint64_t now_ms)
{
	struct runner *best = NULL;
	for (int i = 0; i < r->count; i++)
		if (r->runners[i].state == WAITING && (!best || is_before(r, &r->runners[i], best, now_ms)))
			best = &r->runners[i];
	return best;
}

static struct runner *oldest(const struct race *r)
{
	struct runner *first = NULL;
	for (int i = 0; i < r->count; i++)
		if (r->runners[i].state == UNDER_WAY && (!first || r->runners[i].turn < first->turn))
			first = &r->runners[i];
	return first;
}

static bool is_due(const struct race *r, uint64_t now_ms)
{
	return r->won < 0 && (r->under_way == 0 || now_ms >= r->next_at);
}

/* ---- The race ---- */

bool race_turn(struct race *r, bool may_begin, uint64_t now_ms)
{
	uint32_t pause = r->network->next_address_ms ? r->network->next_address_ms : DEFAULT_NEXT_MS;
	int      over = r->over;
	look_at_all(r, now_ms);
	if (r->over != over)
		r->next_at = now_ms;
	for (struct runner *one; may_begin && is_due(r, now_ms) && (one = next(r, now_ms));) {
		if (r->under_way == RACE_AT_ONCE)
			fail(r, oldest(r), RACE_NO_ANSWER, now_ms);
		r->next_at = now_ms + pause;
		over = r->over;
		begin(r, one, now_ms);
		look_at_all(r, now_ms); /* on loopback it may be over already */
		if (r->over != over)
			r->next_at = now_ms;
	}
	return r->won >= 0;
}

bool race_is_over(const struct race *r)
{
	return r->over == r->count;
}

uint64_t race_deadline(const struct race *r)
{
	return r->begun < r->count ? r->next_at : UINT64_MAX;
}

void race_stop(struct race *r, uint64_t now_ms)
{
	r->stopped = true;
	for (int i = 0; i < r->count; i++)
		if (r->runners[i].state == UNDER_WAY)
			fail(r, &r->runners[i], RACE_NO_ANSWER, now_ms);
}

int race_take(struct race *r, union address *winner)
{
	struct runner *one = &r->runners[r->won];
	int            fd = one->fd;
	*winner = one->address;
	one->fd = -1;
	return fd;
}

void race_fini(struct race *r)
{
	for (int i = 0; i < r->count; i++)
		close_runner(r, &r->runners[i]);
	free(r->runners);
	if (r->epoll >= 0)
		close(r->epoll);
	*r = (struct race){.epoll = -1, .won = -1};
}
