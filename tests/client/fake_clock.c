/* SPDX-License-Identifier: MIT */
/*
 * In the place of src/client/clock.c: the stage's time, timer, wake-ups and chance. The descriptor is one that is always
 * readable, so that the calls that wait never really do: they turn the stage instead.
 */
#include <sys/eventfd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/internal.h"
#include "client/stage.h"

uint64_t clock_ms(void)
{
	return stage.now_ms;
}

int64_t clock_unix_ms(void)
{
	return STAGE_UNIX_MS + (int64_t)stage.now_ms;
}

int clock_init(struct client *c)
{
	c->epoll = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	c->armed = UINT64_MAX;
	return c->epoll < 0 ? MQTTWILL_ESYSTEM : 0;
}

void clock_fini(struct client *c)
{
	struct device *d = stage_device(c);
	if (d)
		d->woken = false;
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
	struct device *d = stage_device(c);
	if (stage.synchronous)
		stage_turn();
	if (d)
		d->woken = false;
	if (c->armed <= stage.now_ms)
		c->armed = UINT64_MAX;
	return fake_ready(c);
}

void clock_wake(const struct client *c)
{
	struct device *d = stage_device(c);
	if (d)
		d->woken = true;
}

uint32_t clock_random(struct client *c, uint32_t below)
{
	(void)c;
	if (below == 0 || stage.chance == CHANCE_LOWEST)
		return 0;
	return stage.chance == CHANCE_HIGHEST ? below - 1 : dice_roll(&stage.dice, below);
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
