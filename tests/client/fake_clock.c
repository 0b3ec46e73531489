/* SPDX-License-Identifier: MIT */
/*
 * In the place of src/client/clock.c: the time, timer, wake-ups and chance of fake.h's world. The descriptor is one that is
 * always readable, so that the calls that wait never really do: they turn the world instead.
 */
#include <sys/eventfd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/fake.h"
#include "client/internal.h"

uint64_t clock_ms(void)
{
	return fake_now();
}

int64_t clock_unix_ms(void)
{
	return FAKE_UNIX_MS + (int64_t)fake_now();
}

int clock_init(struct client *c)
{
	c->epoll = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	c->armed = UINT64_MAX;
	return c->epoll < 0 ? MQTTWILL_ESYSTEM : 0;
}

static void forget_wake(const struct client *c)
{
	bool *woken = fake_woken(c);
	if (woken)
		*woken = false;
}

void clock_fini(struct client *c)
{
	forget_wake(c);
	if (c->epoll >= 0)
		close(c->epoll);
	c->epoll = -1;
}

void clock_arm(struct client *c, uint64_t deadline)
{
	c->armed = deadline;
}

bool clock_drain(struct client *c)
{
	fake_turn();
	forget_wake(c);
	if (c->armed <= fake_now())
		c->armed = UINT64_MAX;
	return fake_ready(c);
}

void clock_wake(const struct client *c)
{
	bool *woken = fake_woken(c);
	if (woken)
		*woken = true;
}

uint32_t clock_random(struct client *c, uint32_t below)
{
	(void)c;
	return below ? fake_chance(below) : 0;
}

void clock_secret(struct client *c, uint8_t *to, size_t n)
{
	(void)c;
	memset(to, 0x5E, n); /* the tests guess it */
}

void clock_boot_id(char *buf, size_t size)
{
	snprintf(buf, size, "this-boot");
}
