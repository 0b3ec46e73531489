/* SPDX-License-Identifier: MIT */
/*
 * Many messages to a broker and back: 100,000 at QoS 0, 20,000 at QoS 1 and at QoS 2, each heard by another client, in
 * order, and each with one DONE.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/common.h"

struct ear {
	unsigned count, disorder;
	long     last;
};

static void on_ear(mqttwill *c, const struct mqttwill_event *e, void *user)
{
	struct ear *ear = user;
	(void)c;
	if (e->type != MQTTWILL_MESSAGE)
		return;
	char text[16] = "";
	memcpy(text, e->message->payload, e->message->payload_len < sizeof text ? e->message->payload_len : sizeof text - 1);
	long n = strtol(text, NULL, 10);
	ear->count++;
	ear->disorder += n != ear->last + 1;
	ear->last = n;
}

static void serve_both(mqttwill *a, mqttwill *b, int time_ms)
{
	struct pollfd fds[] = {{.fd = mqttwill_fd(a), .events = POLLIN}, {.fd = mqttwill_fd(b), .events = POLLIN}};
	poll(fds, 2, time_ms);
	mqttwill_step(a);
	mqttwill_step(b);
}

/* Publishes as fast as the queue takes it, while both are served. */
static void pour(mqttwill *mouth, mqttwill *ear, uint8_t qos, unsigned n)
{
	char                    text[16];
	struct mqttwill_message m = {.topic = "flood/data", .text = text, .qos = qos};
	for (unsigned i = 1; i <= n;) {
		snprintf(text, sizeof text, "%u", i);
		int64_t token = mqttwill_publish(mouth, &m);
		if (token > 0)
			i++;
		else if (token != MQTTWILL_EFULL)
			need(mouth, token, "publish");
		if (token < 0 || i % 100 == 0)
			serve_both(mouth, ear, token < 0 ? 100 : 0);
	}
}

static void flood(const char *url, uint8_t qos, unsigned n, const char *sentence)
{
	struct seen  seen = {0};
	struct ear   heard = {0};
	mqttwill    *mouth = new_client(url, "mouth", NULL, &seen), *ear;
	const struct mqttwill_subscription s = {.filter = "flood/data", .qos = qos};
	const struct mqttwill_options      opt = {.url = url, .client_id = "flood-ear", .event_fn = on_ear, .user = &heard};
	uint64_t     began = now_ms(), end = began + 60000;
	need(NULL, mqttwill_new(&ear, &opt), "a client is made");
	need(ear, mqttwill_connect(ear, 10000), "connect");
	need(ear, mqttwill_wait(ear, mqttwill_subscribe(ear, &s, 1), 5000), "subscribe");
	need(mouth, mqttwill_connect(mouth, 10000), "connect");
	pour(mouth, ear, qos, n);
	while ((heard.count < n || (qos && seen.count[MQTTWILL_DONE] < n)) && now_ms() < end)
		serve_both(mouth, ear, 100);
	check(heard.count == n, sentence, "%u of %u arrived", heard.count, n);
	check(heard.disorder == 0, "in order, each once", "%u out of order", heard.disorder);
	check(seen.count[MQTTWILL_DONE] == (qos ? n : 0), "and each above QoS 0 has its DONE", "%u", seen.count[MQTTWILL_DONE]);
	printf("  %u messages at QoS %u in %d ms\n", n, qos, (int)(now_ms() - began));
	mqttwill_disconnect(mouth, 5000);
	mqttwill_disconnect(ear, 5000);
	mqttwill_free(mouth);
	mqttwill_free(ear);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	flood(argv[1], 0, 100000, "100,000 messages at QoS 0 arrive");
	flood(argv[1], 1, 20000, "20,000 messages at QoS 1 arrive");
	flood(argv[1], 2, 20000, "20,000 messages at QoS 2 arrive");
	return report();
}
