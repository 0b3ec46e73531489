/* SPDX-License-Identifier: MIT */
/*
 * Messages of the sizes where MQTT's lengths grow by a byte, both ways, in each version; and what happens to one that is
 * larger than the receiver wants.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/common.h"

struct ear {
	struct seen seen;
	size_t      len;
	bool        whole;
};

static unsigned char *bytes;

static void on_event(mqttwill *c, const struct mqttwill_event *e, void *user)
{
	struct ear *ear = user;
	see(c, e, &ear->seen);
	if (e->type != MQTTWILL_MESSAGE)
		return;
	ear->len = e->message->payload_len;
	ear->whole = ear->len == 0 || !memcmp(e->message->payload, bytes, ear->len);
	ear->whole = ear->whole && e->message->topic_len == strlen(e->message->topic);
}

static void send_size(mqttwill *c, struct ear *ear, size_t n, uint8_t qos)
{
	const struct mqttwill_message m = {.topic = "sizes/data", .payload = bytes, .payload_len = n, .qos = qos};
	unsigned before = ear->seen.count[MQTTWILL_MESSAGE];
	char     sentence[80];
	snprintf(sentence, sizeof sentence, "a message of %zu bytes comes back whole, QoS %u", n, qos);
	ear->whole = false;
	int64_t token = mqttwill_publish(c, &m);
	need(c, token, sentence);
	bool came = serve_until(c, &ear->seen.count[MQTTWILL_MESSAGE], before + 1, 20000);
	check(came && ear->whole && ear->len == n, sentence, "%s, %zu bytes", came ? "it came" : "it did not come", ear->len);
}

static mqttwill *open_client(const char *url, uint32_t version, struct ear *ear, uint32_t maximum)
{
	const struct mqttwill_subscription s = {.filter = "sizes/data", .qos = 2};
	const struct mqttwill_options      opt = {
		.url = url, .client_id = "sizes", .version = version, .event_fn = on_event, .user = ear,
		.maximum_packet_size = maximum, .queue_bytes = 256u << 20};
	mqttwill *c;
	need(NULL, mqttwill_new(&c, &opt), "a client is made");
	need(c, mqttwill_connect(c, 10000), "connect");
	need(c, mqttwill_wait(c, mqttwill_subscribe(c, &s, 1), 5000), "subscribe");
	return c;
}

static void all_sizes(const char *url, uint32_t version)
{
	/* the topic, its length, and in MQTT 5 the property length come on top: around 127, 16,383, and above 2,097,151 */
	static const size_t sizes[] = {0,     1,     110,   111,     112,     113,     114,     115,    116,   127,
	                               128,   16366, 16367, 16368,   16369,   16370,   16371,   16372,  16383, 16384,
	                               65535, 65536, 99999, 2097137, 2097138, 2097139, 2097140, 2097151, 2097152, 5000000};
	struct ear ear = {0};
	mqttwill  *c = open_client(url, version, &ear, 16u << 20);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		send_size(c, &ear, sizes[i], (uint8_t)(i % 3));
	mqttwill_disconnect(c, 5000);
	mqttwill_free(c);
}

/* In 3.x a message cannot be refused: it is skipped and told. In 5.0 the broker is told beforehand, and drops it. */
static void too_large(const char *url, uint32_t version)
{
	struct ear ear = {0};
	mqttwill  *c = open_client(url, version, &ear, 1000);
	const struct mqttwill_message m = {.topic = "sizes/data", .payload = bytes, .payload_len = 100000, .qos = 1};
	need(c, mqttwill_wait(c, mqttwill_publish(c, &m), 10000), "publish");
	if (version == MQTTWILL_V5)
		mqttwill_run(c, 300);
	else
		check(serve_until(c, &ear.seen.count[MQTTWILL_OVERSIZE], 1, 5000), "a message above the limit is skipped and told (3.1.1)",
		      "no OVERSIZE");
	send_size(c, &ear, 500, 1);
	check(ear.seen.count[MQTTWILL_DOWN] == 0 && ear.seen.count[MQTTWILL_MESSAGE] == 1, "the connection goes on, without it",
	      "%u DOWN, %u MESSAGE", ear.seen.count[MQTTWILL_DOWN], ear.seen.count[MQTTWILL_MESSAGE]);
	mqttwill_disconnect(c, 5000);
	mqttwill_free(c);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	bytes = malloc(5000000);
	for (size_t i = 0; bytes && i < 5000000; i++)
		bytes[i] = (unsigned char)(i * 2654435761u >> 24);
	all_sizes(argv[1], MQTTWILL_V5);
	all_sizes(argv[1], MQTTWILL_V311);
	too_large(argv[1], MQTTWILL_V5);
	too_large(argv[1], MQTTWILL_V311);
	free(bytes);
	return report();
}
