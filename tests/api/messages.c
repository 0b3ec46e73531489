/* SPDX-License-Identifier: MIT */
/*
 * What a message carries in MQTT 5, there and back; subscriptions with their options; unsubscribing.
 */
#include <stdio.h>
#include <string.h>

#include "api/common.h"

static const struct mqttwill_user_property user[] = {
	{.name = "b", .value = "2"}, {.name = "a", .value = "1"}, {.name = "b", .value = "3"},
	{.name = "", .value = ""},   {.name = "café", .value = "€"},
};

static const struct mqttwill_message full = {
	.topic = "messages/full", .payload = "caf\xc3\xa9", .payload_len = 5, .content_type = "text/plain",
	.response_topic = "messages/answer", .correlation_data = "\0\1\2", .correlation_data_len = 3, .user_properties = user,
	.user_property_count = 5, .has = MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT, .message_expiry_s = 100,
	.payload_format = 1, .qos = 2,
};

/* What came last, as one line; and how many came. */
struct ear {
	struct seen seen;
	unsigned    count;
	char        last[400];
	uint8_t     codes[8];
	size_t      code_count;
};

static void on_event(mqttwill *c, const struct mqttwill_event *e, void *user_pointer)
{
	struct ear *ear = user_pointer;
	see(c, e, &ear->seen);
	if (e->type == MQTTWILL_DONE && e->code_count && e->code_count <= sizeof ear->codes)
		memcpy(ear->codes, e->codes, ear->code_count = e->code_count);
	if (e->type != MQTTWILL_MESSAGE)
		return;
	const struct mqttwill_message *m = e->message;
	int n = snprintf(ear->last, sizeof ear->last, "%s|%.*s|q%d r%d|%s|%s|%zu:%d|has%u f%u", m->topic, (int)m->payload_len,
	                 (const char *)m->payload, m->qos, m->retain, m->content_type ? m->content_type : "-",
	                 m->response_topic ? m->response_topic : "-", m->correlation_data_len,
	                 m->correlation_data ? ((const unsigned char *)m->correlation_data)[2] : -1, m->has, m->payload_format);
	for (size_t i = 0; i < m->user_property_count && n > 0 && (size_t)n < sizeof ear->last; i++)
		n += snprintf(ear->last + n, sizeof ear->last - (size_t)n, "|%s=%s", m->user_properties[i].name, m->user_properties[i].value);
	ear->count++;
}

static mqttwill *open_client(const char *url, const char *id, struct ear *ear)
{
	const struct mqttwill_options opt = {.url = url, .client_id = id, .event_fn = on_event, .user = ear};
	mqttwill *c;
	need(NULL, mqttwill_new(&c, &opt), "a client is made");
	need(c, mqttwill_connect(c, 10000), "connect");
	return c;
}

static int subscribe(mqttwill *c, struct mqttwill_subscription s)
{
	int64_t token = mqttwill_subscribe(c, &s, 1);
	return token < 0 ? (int)token : mqttwill_wait(c, token, 5000);
}

static void unsubscribe(mqttwill *c, const char *filter)
{
	int64_t token = mqttwill_unsubscribe(c, &filter, 1);
	need(c, token < 0 ? token : mqttwill_wait(c, token, 5000), "unsubscribe");
}

static void publish(mqttwill *c, struct mqttwill_message m)
{
	int64_t token = mqttwill_publish(c, &m);
	need(c, token < 0 ? token : mqttwill_wait(c, token, 5000), "publish");
}

/* A message to a topic of our own, and its coming back, say that all before it has come. */
static void barrier(mqttwill *c, struct ear *ear)
{
	unsigned before = ear->count;
	need(c, subscribe(c, (struct mqttwill_subscription){.filter = "messages/barrier", .qos = 1}), "subscribe");
	publish(c, (struct mqttwill_message){.topic = "messages/barrier", .qos = 1});
	serve_until(c, &ear->count, before + 1, 5000);
}

static void round_trip(const char *url)
{
	struct ear  ear = {0};
	mqttwill   *c = open_client(url, "messages", &ear);
	const char *wanted = "messages/full|caf\xc3\xa9|q2 r0|text/plain|messages/answer|3:2|has3 f1|b=2|a=1|b=3|=|café=€";
	check_rc(c, subscribe(c, (struct mqttwill_subscription){.filter = "messages/full", .qos = 2}), MQTTWILL_OK, "subscribe is acknowledged");
	publish(c, full);
	serve_until(c, &ear.count, 1, 5000);
	check(!strcmp(ear.last, wanted), "every property makes the round trip, user properties in their order", "%s", ear.last);
	publish(c, (struct mqttwill_message){.topic = "messages/full"});
	serve_until(c, &ear.count, 2, 5000);
	check(!strcmp(ear.last, "messages/full||q0 r0|-|-|0:-1|has0 f0"), "what is absent stays absent", "%s", ear.last);
	publish(c, (struct mqttwill_message){.topic = "messages/full", .correlation_data = "", .content_type = ""});
	serve_until(c, &ear.count, 3, 5000);
	check(!strncmp(ear.last, "messages/full||q0 r0||-|0:", 26), "what is empty stays empty", "%s", ear.last);
	const char *const filters[] = {"messages/full", "messages/none"};
	int64_t token = mqttwill_unsubscribe(c, filters, 2);
	check_rc(c, token < 0 ? token : mqttwill_wait(c, token, 5000), MQTTWILL_OK, "unsubscribe is acknowledged");
	check(ear.code_count == 2 && ear.codes[0] == 0 && ear.codes[1] == 0x11, "with a code for each filter", "%zu codes, %#x %#x",
	      ear.code_count, ear.codes[0], ear.codes[1]);
	publish(c, full);
	unsigned before = ear.count;
	barrier(c, &ear);
	check(ear.count == before + 1, "and nothing comes any more", "%u came", ear.count - before);
	mqttwill_disconnect(c, 5000);
	mqttwill_free(c);
}

static void options(const char *url)
{
	struct ear ear = {0};
	mqttwill  *c = open_client(url, "options", &ear);
	publish(c, (struct mqttwill_message){.topic = "messages/kept", .text = "kept", .retain = true, .qos = 1});
	subscribe(c, (struct mqttwill_subscription){.filter = "messages/kept", .qos = 1});
	serve_until(c, &ear.count, 1, 5000);
	check(!strncmp(ear.last, "messages/kept|kept|q1 r1", 24), "a retained message comes with the subscription", "%s", ear.last);
	subscribe(c, (struct mqttwill_subscription){.filter = "messages/kept", .qos = 1, .retain_handling = 1});
	barrier(c, &ear);
	check(ear.count == 2, "retain handling 1: not with one that is there already", "%u came", ear.count);
	publish(c, (struct mqttwill_message){.topic = "messages/kept", .text = "new", .retain = true, .qos = 1});
	serve_until(c, &ear.count, 3, 5000);
	check(!strncmp(ear.last, "messages/kept|new|q1 r0", 23), "what is published now is not marked as retained", "%s", ear.last);
	unsubscribe(c, "messages/kept"); /* Mosquitto 2.0.11 does not change the options of a subscription that is there */
	subscribe(c, (struct mqttwill_subscription){.filter = "messages/kept", .retain_handling = 2, .retain_as_published = true});
	publish(c, (struct mqttwill_message){.topic = "messages/kept", .text = "newer", .retain = true, .qos = 1});
	serve_until(c, &ear.count, 4, 5000);
	check(!strncmp(ear.last, "messages/kept|newer|q0 r1", 25), "unless it is asked for; the subscription's QoS is the ceiling", "%s",
	      ear.last);
	unsubscribe(c, "messages/kept");
	subscribe(c, (struct mqttwill_subscription){.filter = "messages/kept", .retain_handling = 2, .no_local = true});
	unsigned before = ear.count;
	publish(c, (struct mqttwill_message){.topic = "messages/kept", .retain = true, .qos = 1}); /* clears it, too */
	barrier(c, &ear);
	check(ear.count == before + 1, "no local: one's own messages do not come", "%u came", ear.count - before);
	mqttwill_disconnect(c, 5000);
	mqttwill_free(c);
}

static void many_filters(const char *url)
{
	static char names[100][32];
	struct mqttwill_subscription s[100] = {{0}};
	struct ear  ear = {0};
	mqttwill   *c = open_client(url, "filters", &ear);
	for (int i = 0; i < 100; i++) {
		snprintf(names[i], sizeof names[i], "messages/many/%d", i);
		s[i] = (struct mqttwill_subscription){.filter = names[i], .qos = (uint8_t)(i % 3)};
	}
	int64_t token = mqttwill_subscribe(c, s, 100);
	check_rc(c, mqttwill_wait(c, token, 5000), MQTTWILL_OK, "a hundred filters in one SUBSCRIBE");
	for (int i = 0; i < 100; i++)
		publish(c, (struct mqttwill_message){.topic = names[i], .text = "x", .qos = 1});
	check(serve_until(c, &ear.count, 100, 5000), "each is heard", "%u", ear.count);
	mqttwill_disconnect(c, 5000);
	mqttwill_free(c);
}

/* Nothing that is refused here reaches the broker, and the connection goes on. */
static void refusals(const char *url)
{
	struct ear ear = {0};
	mqttwill  *c = open_client(url, "refusals", &ear);
	check_rc(c, mqttwill_publish(c, &(struct mqttwill_message){.topic = "a/+"}), MQTTWILL_ETOPIC, "a wildcard in a topic is refused");
	check_rc(c, mqttwill_publish(c, &(struct mqttwill_message){.topic = ""}), MQTTWILL_ETOPIC, "an empty topic is refused");
	check_rc(c, mqttwill_publish(c, &(struct mqttwill_message){.topic = "a\xff"}), MQTTWILL_ETOPIC, "ill-formed UTF-8 is refused");
	check_rc(c, mqttwill_publish(c, &(struct mqttwill_message){.topic = "a\0b", .topic_len = 3}), MQTTWILL_ETOPIC, "U+0000 is refused");
	check_rc(c, mqttwill_publish(c, &(struct mqttwill_message){.topic = "a", .qos = 3}), MQTTWILL_EMESSAGE, "QoS 3 is refused");
	check_rc(c, subscribe(c, (struct mqttwill_subscription){.filter = "a/#/b"}), MQTTWILL_ETOPIC, "a # in the middle is refused");
	check_rc(c, subscribe(c, (struct mqttwill_subscription){.filter = "a", .qos = 3}), MQTTWILL_EINVAL, "a subscription at QoS 3 is refused");
	check_rc(c, subscribe(c, (struct mqttwill_subscription){.filter = "$share/g/a", .no_local = true}), MQTTWILL_EINVAL,
	         "no local in a shared subscription is refused");
	barrier(c, &ear);
	check(ear.count == 1 && ear.seen.count[MQTTWILL_DOWN] == 0, "and none of this disturbs the connection", "%u DOWN",
	      ear.seen.count[MQTTWILL_DOWN]);
	mqttwill_disconnect(c, 5000);
	mqttwill_free(c);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	round_trip(argv[1]);
	options(argv[1]);
	many_filters(argv[1]);
	refusals(argv[1]);
	return report();
}
