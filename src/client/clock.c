/* SPDX-License-Identifier: MIT */
/*
 * The only place that reads a clock. CLOCK_BOOTTIME goes on while the machine is suspended, as brokers do.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "client/clock.h"

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t clock_ms(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

int64_t clock_unix_ms(void)
{
	return (int64_t)read_clock(CLOCK_REALTIME);
}

static int watch(struct client *c, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &ev);
}

int clock_init(struct client *c)
{
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->armed = UINT64_MAX;
	if (c->epoll >= 0 && c->timer >= 0 && c->wake >= 0 && watch(c, c->timer) == 0 && watch(c, c->wake) == 0)
		return 0;
	clock_fini(c);
	return MQTTWILL_ESYSTEM;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void clock_fini(struct client *c)
{
	close_fd(&c->wake);
	close_fd(&c->timer);
	close_fd(&c->epoll);
}

void clock_arm(struct client *c, uint64_t deadline)
{
	if (deadline == c->armed)
		return;
	struct itimerspec t = {0};
	if (deadline != UINT64_MAX) {
		t.it_value.tv_sec = (time_t)(deadline / 1000);
		t.it_value.tv_nsec = (long)(deadline % 1000) * 1000000 + 1; /* 0 would disarm it */
	}
	if (timerfd_settime(c->timer, TFD_TIMER_ABSTIME, &t, NULL) == 0)
		c->armed = deadline;
}

bool clock_drain(struct client *c)
{
	struct epoll_event ev[4];
	uint64_t           count;
	bool               socket = false;
	int                n = epoll_wait(c->epoll, ev, 4, 0);
	for (int i = 0; i < n; i++) {
		int fd = ev[i].data.fd;
		if (fd != c->timer && fd != c->wake) {
			socket = true;
		} else if (read(fd, &count, sizeof count) > 0 && fd == c->timer) {
			c->armed = UINT64_MAX;
		}
	}
	return socket;
}

void clock_wake(const struct client *c)
{
	uint64_t one = 1;
	int      saved = errno; /* this may be a signal handler */
	ssize_t  n = write(c->wake, &one, sizeof one);
	(void)n; /* where the count is full the descriptor is readable already */
	errno = saved;
}

uint32_t clock_random(struct client *c, uint32_t below)
{
	while (c->random == 0)
		if (getrandom(&c->random, sizeof c->random, GRND_NONBLOCK) < 0)
			c->random = clock_ms() * 2654435761u + (uintptr_t)c + (uint64_t)getpid();
	c->random ^= c->random << 13; /* xorshift64 */
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return below ? (uint32_t)((c->random >> 32) % below) : 0;
}

void clock_secret(struct client *c, uint8_t *to, size_t n)
{
	if (getrandom(to, n, GRND_NONBLOCK) == (ssize_t)n)
		return;
	for (size_t i = 0; i < n; i++) /* the kernel has none yet: as good as can be had */
		to[i] = (uint8_t)clock_random(c, 256);
}

void clock_boot_id(char *buf, size_t size)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	buf[0] = 0;
	if (!f)
		return;
	if (!fgets(buf, (int)size, f))
		buf[0] = 0;
	fclose(f);
	for (char *p = buf; *p; p++)
		if (*p == '\n')
			*p = 0;
}
