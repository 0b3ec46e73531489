/* SPDX-License-Identifier: MIT */
/*
 * One descriptor for any loop: poll, an epoll that has other work too, and a descriptor above 1024, where select ends.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <stdio.h>

#include "api/common.h"

static const struct mqttwill_presence status = {.topic = "loops/status", .self_watch = true};

/* What a device does in each loop: comes online, hears its own message, leaves. */
struct play {
	struct seen seen;
	unsigned    heard;
	bool        asked;
};

static void on_event(mqttwill *c, const struct mqttwill_event *e, void *user)
{
	static const struct mqttwill_message m = {.topic = "loops/data", .text = "hello", .qos = 2};
	struct play *p = user;
	see(c, e, &p->seen);
	if (e->type == MQTTWILL_ONLINE)
		need(c, mqttwill_publish(c, &m), "publish is allowed in a callback");
	if (e->type == MQTTWILL_ONLINE)
		check_rc(c, mqttwill_run(c, 0), MQTTWILL_ESTATE, "a call that waits is refused in a callback");
	if (e->type == MQTTWILL_MESSAGE && ++p->heard == 1)
		need(c, mqttwill_close(c, NULL), "close is allowed in a callback");
}

static mqttwill *device(const char *url, struct play *p)
{
	const struct mqttwill_subscription s = {.filter = "loops/data", .qos = 2};
	const struct mqttwill_options      opt = {
		.url = url, .client_id = "loops", .presence = &status, .event_fn = on_event, .user = p};
	mqttwill *c;
	*p = (struct play){0};
	need(NULL, mqttwill_new(&c, &opt), "a client is made");
	need(c, mqttwill_subscribe(c, &s, 1), "subscribe is allowed before start");
	return c;
}

static void finished(mqttwill *c, const struct play *p, const char *sentence)
{
	const unsigned *n = p->seen.count;
	check(n[MQTTWILL_UP] == 1 && n[MQTTWILL_ONLINE] == 1 && n[MQTTWILL_DONE] == 2 && p->heard == 1 &&
	              n[MQTTWILL_CLOSED] == 1 && p->seen.last_left == MQTTWILL_LEFT_CLEAN,
	      sentence, "%u UP, %u ONLINE, %u DONE, %u MESSAGE, %u CLOSED", n[MQTTWILL_UP], n[MQTTWILL_ONLINE], n[MQTTWILL_DONE],
	      p->heard, n[MQTTWILL_CLOSED]);
	mqttwill_free(c);
}

static void in_poll(const char *url, const char *sentence)
{
	struct play p;
	mqttwill   *c = device(url, &p);
	int         fd = mqttwill_fd(c);
	bool        same = true;
	uint64_t    end = now_ms() + 10000;
	unsigned    turns = 0;
	need(c, mqttwill_start(c), "start");
	for (; !p.seen.count[MQTTWILL_CLOSED] && now_ms() < end; turns++) {
		struct pollfd fds = {.fd = fd, .events = POLLIN};
		poll(&fds, 1, 10000);
		mqttwill_step(c);
		same &= mqttwill_fd(c) == fd;
	}
	check(same, "the descriptor never changes", "it did");
	check(turns < 200, "it does not spin", "%u turns", turns);
	finished(c, &p, sentence);
}

static void in_epoll(const char *url)
{
	struct play        p;
	mqttwill          *c = device(url, &p);
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = mqttwill_fd(c)};
	int                loop = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct itimerspec  often = {{0, 5000000}, {0, 5000000}};
	unsigned           ticks = 0;
	uint64_t           end = now_ms() + 10000;
	need(c, epoll_ctl(loop, EPOLL_CTL_ADD, mqttwill_fd(c), &ev), "an epoll takes the descriptor");
	ev.data.fd = timer;
	epoll_ctl(loop, EPOLL_CTL_ADD, timer, &ev);
	timerfd_settime(timer, 0, &often, NULL);
	need(c, mqttwill_start(c), "start");
	while ((!p.seen.count[MQTTWILL_CLOSED] || ticks < 3) && now_ms() < end) {
		uint64_t count;
		int      n = epoll_wait(loop, &ev, 1, 10000);
		if (n == 1 && ev.data.fd == mqttwill_fd(c))
			mqttwill_step(c);
		else if (n == 1 && read(timer, &count, sizeof count) > 0)
			ticks++;
	}
	close(timer);
	close(loop);
	check(ticks > 0, "the loop's other work goes on", "%u ticks", ticks);
	finished(c, &p, "a device lives in an epoll");
}

/* An idle client wakes its loop for nothing but its keep-alive. */
static void idles(const char *url)
{
	struct seen seen = {0};
	mqttwill   *c = new_client(url, "idle", &status, &seen);
	need(c, mqttwill_connect(c, 10000), "connect");
	mqttwill_run(c, 300); /* the self-watch is set up */
	struct pollfd fds = {.fd = mqttwill_fd(c), .events = POLLIN};
	check(poll(&fds, 1, 1000) == 0, "an idle client's descriptor is quiet", "it was readable");
	mqttwill_disconnect(c, 5000);
	mqttwill_free(c);
}

static void high_descriptor(const char *url)
{
	static int    fds[1100];
	struct rlimit limit = {4096, 4096};
	const char   *sentence = "a device lives with descriptors above 1024";
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
		skip(sentence, "no more descriptors may be had");
		return;
	}
	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	in_poll(url, sentence);
	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
		close(fds[i]);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	in_poll(argv[1], "a device lives in a poll loop");
	in_epoll(argv[1]);
	idles(argv[1]);
	high_descriptor(argv[1]);
	return report();
}
