/* SPDX-License-Identifier: MIT */
/*
 * Handlers, acknowledgement by hand, requests and replies, against a real broker.
 */
#include <stdio.h>
#include <string.h>

#include "api/common.h"

/* What a client was told, and what each of its handlers heard. */
struct ear {
	struct seen seen;
	unsigned    heard[4], by_event;
	int64_t     acks[100];
	unsigned    ack_count;
	int64_t     reply_token;
	int         reply_error;
	char        reply[40];
	uint32_t    ids[8];
	size_t      id_count;
};

static void on_event(mqttwill *c, const struct mqttwill_event *e, void *user)
{
	struct ear *ear = user;
	see(c, e, &ear->seen);
	if (e->type == MQTTWILL_MESSAGE) {
		ear->by_event++;
		if (ear->ack_count < sizeof ear->acks / sizeof ear->acks[0])
			ear->acks[ear->ack_count++] = e->message->ack;
	}
	if (e->type != MQTTWILL_REPLY)
		return;
	ear->reply_token = e->token;
	ear->reply_error = e->error;
	if (e->message)
		snprintf(ear->reply, sizeof ear->reply, "%.*s", (int)e->message->payload_len, (const char *)e->message->payload);
}

static mqttwill *open_client(const char *url, const char *id, uint32_t flags, uint32_t receive_maximum, struct ear *ear)
{
	const struct mqttwill_options opt = {
		.url = url, .client_id = id, .event_fn = on_event, .user = ear, .flags = flags, .receive_maximum = receive_maximum};
	mqttwill *c;
	need(NULL, mqttwill_new(&c, &opt), "a client is made");
	need(c, mqttwill_connect(c, 10000), "connect");
	return c;
}

static void close_client(mqttwill *c)
{
	mqttwill_disconnect(c, 5000);
	mqttwill_free(c);
}

static void subscribe(mqttwill *c, struct mqttwill_subscription s)
{
	int64_t token = mqttwill_subscribe(c, &s, 1);
	need(c, token < 0 ? token : mqttwill_wait(c, token, 5000), "subscribe");
}

static void publish(mqttwill *c, const char *topic, uint8_t qos)
{
	int64_t token = mqttwill_publish(c, &(struct mqttwill_message){.topic = topic, .text = "x", .qos = qos});
	need(c, token < 0 ? token : mqttwill_wait(c, token, 5000), "publish");
}

static void count(mqttwill *c, const struct mqttwill_message *m, void *user)
{
	unsigned *heard = user;
	(void)c;
	(void)m;
	++*heard;
}

static void keep_ids(mqttwill *c, const struct mqttwill_message *m, void *user)
{
	struct ear *ear = user;
	(void)c;
	for (size_t i = 0; i < m->subscription_id_count && ear->id_count < 8; i++)
		ear->ids[ear->id_count++] = m->subscription_ids[i];
}

static bool has_id(const struct ear *ear, uint32_t id)
{
	for (size_t i = 0; i < ear->id_count; i++)
		if (ear->ids[i] == id)
			return true;
	return false;
}

/* However the broker sends overlapping subscriptions, in one copy or in several, each handler hears the message once. */
static void overlapping(const char *url)
{
	struct ear ear = {0};
	mqttwill  *c = open_client(url, "overlapping", 0, 0, &ear);
	subscribe(c, (struct mqttwill_subscription){.filter = "o/#", .qos = 1, .handler = count, .user = &ear.heard[0]});
	subscribe(c, (struct mqttwill_subscription){.filter = "o/1", .qos = 2, .handler = count, .user = &ear.heard[1]});
	subscribe(c, (struct mqttwill_subscription){.filter = "o/2", .qos = 1, .handler = count, .user = &ear.heard[2]});
	subscribe(c, (struct mqttwill_subscription){.filter = "+/+", .handler = keep_ids, .user = &ear, .subscription_id = 70000});
	publish(c, "o/1", 1);
	publish(c, "o/2", 2);
	subscribe(c, (struct mqttwill_subscription){.filter = "end", .qos = 1});
	publish(c, "end", 1);
	serve_until(c, &ear.by_event, 1, 5000);
	check(ear.heard[0] == 2 && ear.heard[1] == 1 && ear.heard[2] == 1, "each handler hears what is for it, once", "%u %u %u", ear.heard[0],
	      ear.heard[1], ear.heard[2]);
	check(has_id(&ear, 70000), "messages carry their subscription identifiers", "%zu ids", ear.id_count);
	check(ear.by_event == 1, "and what no handler wants is an event", "%u", ear.by_event);
	close_client(c);
}

static void shared(const char *url)
{
	enum { MESSAGES = 20 };
	struct ear a = {0}, b = {0};
	mqttwill  *one = open_client(url, "share-1", 0, 0, &a), *two = open_client(url, "share-2", 0, 0, &b);
	const struct mqttwill_subscription end = {.filter = "end", .qos = 1};
	subscribe(one, (struct mqttwill_subscription){.filter = "$share/g/s/+", .qos = 1, .handler = count, .user = &a.heard[0]});
	subscribe(two, (struct mqttwill_subscription){.filter = "$share/g/s/+", .qos = 1, .handler = count, .user = &b.heard[0]});
	subscribe(one, end);
	subscribe(two, end);
	for (int i = 0; i < MESSAGES; i++)
		publish(one, "s/1", 1);
	publish(one, "end", 1);
	serve_until(two, &b.by_event, 1, 5000);
	serve_until(one, &a.by_event, 1, 5000);
	check(a.heard[0] + b.heard[0] == MESSAGES, "a shared subscription's messages are shared out", "%u + %u", a.heard[0], b.heard[0]);
	check(a.heard[0] && b.heard[0], "among all of its clients", "%u + %u", a.heard[0], b.heard[0]);
	close_client(one);
	close_client(two);
}

/* The broker stops at our Receive Maximum; what is answered backwards goes on all the same. */
static void by_hand(const char *url, uint32_t receive_maximum)
{
	enum { MESSAGES = 12 };
	struct ear ear = {0}, other = {0};
	char       sentence[80];
	mqttwill  *c = open_client(url, "by-hand", MQTTWILL_MANUAL_ACK, receive_maximum, &ear);
	mqttwill  *p = open_client(url, "publisher", 0, 0, &other);
	subscribe(c, (struct mqttwill_subscription){.filter = "m", .qos = 2});
	for (int i = 0; i < MESSAGES; i++)
		publish(p, "m", i % 3 == 2 ? 2 : 1);
	serve_until(c, &ear.by_event, receive_maximum, 5000);
	mqttwill_run(c, 200);
	snprintf(sentence, sizeof sentence, "with Receive Maximum %u the broker waits for acknowledgements", (unsigned)receive_maximum);
	check(ear.by_event == receive_maximum, sentence, "%u came", ear.by_event);
	for (unsigned n = 0; n < MESSAGES;) {
		unsigned known = ear.ack_count;
		for (unsigned i = known; i-- > n;)
			need(c, mqttwill_ack(c, ear.acks[i], 0), "ack");
		n = known;
		if (n < MESSAGES && !serve_until(c, &ear.by_event, n + 1, 5000))
			break;
	}
	mqttwill_run(c, 200);
	check(ear.by_event == MESSAGES && ear.seen.count[MQTTWILL_DOWN] == 0, "and all of them come, once", "%u came, %u DOWN", ear.by_event,
	      ear.seen.count[MQTTWILL_DOWN]);
	close_client(c);
	close_client(p);
}

static void answer(mqttwill *c, const struct mqttwill_message *m, void *user)
{
	unsigned *heard = user;
	++*heard;
	mqttwill_reply(c, m, &(struct mqttwill_message){.text = "42", .qos = m->qos});
}

static void conversation(const char *url)
{
	struct ear asker = {0}, oracle = {0};
	mqttwill  *a = open_client(url, "as+ker", 0, 0, &asker), *o = open_client(url, "oracle", 0, 0, &oracle);
	subscribe(o, (struct mqttwill_subscription){.filter = "question", .qos = 2, .handler = answer, .user = &oracle.heard[0]});
	for (uint8_t qos = 0; qos < 3; qos++) {
		const struct mqttwill_message m = {.topic = "question", .text = "?", .qos = qos, .response_topic = qos == 1 ? "mine" : NULL};
		unsigned before = oracle.heard[0];
		int64_t  token = mqttwill_request(a, &m, 10000);
		need(a, token, "request");
		for (int i = 0; i < 100 && oracle.heard[0] == before; i++) {
			mqttwill_run(a, 20);
			mqttwill_run(o, 20);
		}
		mqttwill_run(o, 100);
		check_rc(a, mqttwill_wait(a, token, 5000), MQTTWILL_OK, "a request has its reply");
		check(asker.reply_token == token && !strcmp(asker.reply, "42"), "which is the right one", "%s", asker.reply);
		asker.reply[0] = 0;
	}
	int64_t token = mqttwill_request(a, &(struct mqttwill_message){.topic = "nobody", .qos = 1}, 200);
	check_rc(a, mqttwill_wait(a, token, 5000), MQTTWILL_ETIMEOUT, "a request that nobody answers ends in time");
	check(asker.by_event == 0 && asker.seen.count[MQTTWILL_REPLY] == 4, "and of all this there are only REPLY events", "%u, %u",
	      asker.by_event, asker.seen.count[MQTTWILL_REPLY]);
	close_client(a);
	close_client(o);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	overlapping(argv[1]);
	shared(argv[1]);
	by_hand(argv[1], 1);
	by_hand(argv[1], 5);
	conversation(argv[1]);
	return report();
}
