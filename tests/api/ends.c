/* SPDX-License-Identifier: MIT */
/*
 * mqttwill_free() at every moment: after each number of steps of a device's life, and inside each kind of event. Whatever
 * was open is closed; a sanitizer or valgrind sees what is lost or used too late.
 */
#include <poll.h>
#include <stdio.h>

#include "api/common.h"

static const struct mqttwill_presence status = {.topic = "ends/status", .self_watch = true};

struct play {
	struct seen seen;
	uint32_t    free_at; /* event type: free the client inside; 0: never */
	bool        freed;
};

static void on_event(mqttwill *c, const struct mqttwill_event *e, void *user)
{
	static const struct mqttwill_message m = {.topic = "ends/data", .text = "hello", .qos = 2};
	struct play *p = user;
	see(c, e, &p->seen);
	if (e->type == MQTTWILL_ONLINE)
		mqttwill_publish(c, &m);
	if (e->type == MQTTWILL_MESSAGE)
		mqttwill_close(c, NULL);
	if (e->type != p->free_at || p->freed)
		return;
	mqttwill_free(c);
	p->freed = true;
}

static mqttwill *device(const char *url, struct play *p)
{
	const struct mqttwill_subscription s = {.filter = "ends/data", .qos = 2};
	const struct mqttwill_options      opt = {
		.url = url, .client_id = "ends", .presence = &status, .event_fn = on_event, .user = p, .backoff_min_ms = 10,
		.backoff_max_ms = 20};
	mqttwill *c;
	need(NULL, mqttwill_new(&c, &opt), "a client is made");
	need(c, mqttwill_subscribe(c, &s, 1), "subscribe");
	need(c, mqttwill_start(c), "start");
	return c;
}

static void turn(mqttwill *c, struct play *p)
{
	struct pollfd fds = {.fd = mqttwill_fd(c), .events = POLLIN};
	poll(&fds, 1, 5000);
	if (mqttwill_step(c) == MQTTWILL_ECANCELED)
		p->freed = true;
}

/* After each count of steps the client is freed, until one is long enough for its whole life, or there were `most`. */
static void free_after_steps(const char *url, unsigned most, const char *sentence)
{
	unsigned steps = 0;
	for (bool closed = false; !closed && steps < most; steps++) {
		struct play p = {0};
		mqttwill   *c = device(url, &p);
		for (unsigned i = 0; i < steps && !p.seen.count[MQTTWILL_CLOSED]; i++)
			turn(c, &p);
		closed = p.seen.count[MQTTWILL_CLOSED];
		mqttwill_free(c);
	}
	check(steps > 3 && steps <= most, sentence, "%u steps", steps);
}

static void free_inside(const char *url, enum mqttwill_event_type type)
{
	char        sentence[64];
	struct play p = {.free_at = type};
	mqttwill   *c = device(url, &p);
	uint64_t    end = now_ms() + 10000;
	while (!p.freed && now_ms() < end)
		turn(c, &p);
	snprintf(sentence, sizeof sentence, "a client is freed inside %s", event_name(type));
	check(p.freed, sentence, "no such event came");
}

/* A waiting call whose callback frees the client says ECANCELED, and touches it no more. */
static void free_inside_a_wait(const char *url)
{
	struct play p = {.free_at = MQTTWILL_ONLINE};
	mqttwill   *c = device(url, &p);
	int         rc = mqttwill_run(c, 10000);
	check(rc == MQTTWILL_ECANCELED && p.freed, "a call that waits ends with ECANCELED when a callback frees the client", "%s",
	      mqttwill_errname(rc));
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	free_after_steps(argv[1], 200, "a client is freed after every number of steps of its life");
	free_after_steps("mqtt://127.0.0.1:1", 12, "so is one that finds no broker");
	free_after_steps("mqtt://nowhere.invalid", 4, "and one whose broker has no address");
	const enum mqttwill_event_type types[] = {MQTTWILL_UP, MQTTWILL_ONLINE, MQTTWILL_DONE, MQTTWILL_MESSAGE, MQTTWILL_CLOSED};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		free_inside(argv[1], types[i]);
	free_inside("mqtt://127.0.0.1:1", MQTTWILL_RETRY);
	free_inside_a_wait(argv[1]);
	return report();
}
