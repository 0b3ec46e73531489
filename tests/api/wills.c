/* SPDX-License-Identifier: MIT */
/*
 * Wills as a program gives them: as a struct, as a function for each CONNECT, changed while connected, refused.
 */
#include <stdio.h>
#include <string.h>

#include "api/common.h"

struct ear {
	unsigned count;
	char     last[128];
};

static void on_ear(mqttwill *c, const struct mqttwill_event *e, void *user)
{
	struct ear *ear = user;
	(void)c;
	if (e->type != MQTTWILL_MESSAGE)
		return;
	ear->count++;
	snprintf(ear->last, sizeof ear->last, "%s %.*s", e->message->topic, (int)e->message->payload_len,
	         (const char *)e->message->payload);
}

static mqttwill *listen_to(const char *url, struct ear *ear)
{
	const struct mqttwill_subscription s = {.filter = "wills/#", .qos = 2};
	const struct mqttwill_options      opt = {.url = url, .client_id = "wills-ear", .event_fn = on_ear, .user = ear};
	mqttwill *c;
	need(NULL, mqttwill_new(&c, &opt), "a client is made");
	need(c, mqttwill_connect(c, 10000), "connect");
	need(c, mqttwill_wait(c, mqttwill_subscribe(c, &s, 1), 5000), "subscribe");
	return c;
}

static void dies(mqttwill *c)
{
	const struct mqttwill_closing how = {.goodbye = MQTTWILL_GOODBYE_ABORT};
	mqttwill_close(c, &how);
	mqttwill_run(c, 0);
}

static void hear(mqttwill *listener, struct ear *ear, const char *wanted, const char *sentence)
{
	unsigned before = ear->count;
	serve_until(listener, &ear->count, before + 1, 5000);
	check(!strcmp(ear->last, wanted), sentence, "%s", ear->last);
}

static int last_words(void *user, const struct mqttwill_attempt *attempt, struct mqttwill_will *will)
{
	static char text[64];
	snprintf(text, sizeof text, "attempt %llu of %s%s%s", (unsigned long long)attempt->number, attempt->client_id,
	         attempt->unix_ms > 1500000000000 ? ", dated" : "", *attempt->boot_id ? ", booted" : "");
	will->topic = "wills/made";
	will->text = text;
	++*(int *)user;
	return 0;
}

static void made_for_each(const char *url, mqttwill *listener, struct ear *ear)
{
	int calls = 0;
	const struct mqttwill_options opt = {.url = url, .client_id = "maker", .will_fn = last_words, .user = &calls};
	mqttwill *c;
	need(NULL, mqttwill_new(&c, &opt), "a client is made");
	need(c, mqttwill_connect(c, 10000), "connect");
	dies(c);
	hear(listener, ear, "wills/made attempt 1 of maker, dated, booted", "a function makes the will of a CONNECT");
	need(c, mqttwill_connect(c, 10000), "connect");
	dies(c);
	hear(listener, ear, "wills/made attempt 2 of maker, dated, booted", "and of the next one");
	check(calls == 2, "once for each", "%d times", calls);
	mqttwill_free(c);
}

static int no_will(void *user, const struct mqttwill_attempt *attempt, struct mqttwill_will *will)
{
	(void)user;
	(void)attempt;
	will->topic = "wills/+"; /* which may not leave */
	return 0;
}

static int failing(void *user, const struct mqttwill_attempt *attempt, struct mqttwill_will *will)
{
	(void)user;
	(void)attempt;
	(void)will;
	return MQTTWILL_ENOMEM;
}

static void made_badly(const char *url)
{
	const struct mqttwill_options bad = {.url = url, .client_id = "maker", .will_fn = no_will},
				      worse = {.url = url, .client_id = "maker", .will_fn = failing};
	mqttwill *c;
	need(NULL, mqttwill_new(&c, &bad), "a client is made");
	check_rc(c, mqttwill_connect(c, 3000), MQTTWILL_EWILL, "a will that breaks a rule ends the attempt at once [W1]");
	mqttwill_free(c);
	need(NULL, mqttwill_new(&c, &worse), "a client is made");
	int rc = mqttwill_connect(c, 500);
	check(rc < 0, "so does a function that fails", "%d", rc);
	mqttwill_free(c);
}

static void changed(const char *url, mqttwill *listener, struct ear *ear)
{
	const struct mqttwill_will    first = {.topic = "wills/changed", .text = "first"}, second = {.topic = "wills/changed", .text = "second"},
				   bad = {.topic = "wills/#"};
	const struct mqttwill_options opt = {.url = url, .client_id = "changer", .will = &first};
	mqttwill *c;
	need(NULL, mqttwill_new(&c, &opt), "a client is made");
	need(c, mqttwill_connect(c, 10000), "connect");
	check_rc(c, mqttwill_set_will(c, &bad), MQTTWILL_EWILL, "a bad will is refused");
	check_rc(c, mqttwill_set_will(c, &second), MQTTWILL_PENDING, "a will that is set while connected is for the next CONNECT");
	dies(c);
	hear(listener, ear, "wills/changed first", "until then the old one holds");
	need(c, mqttwill_connect(c, 10000), "connect");
	dies(c);
	hear(listener, ear, "wills/changed second", "and then the new one");
	check_rc(c, mqttwill_set_will(c, NULL), MQTTWILL_OK, "a will is taken away while there is no connection");
	need(c, mqttwill_connect(c, 10000), "connect");
	unsigned before = ear->count;
	dies(c);
	mqttwill_run(listener, 300);
	check(ear->count == before, "and nothing is said then", "%s", ear->last);
	mqttwill_free(c);
}

int main(int argc, char **argv)
{
	struct ear ear = {0};
	if (argc < 2)
		return 2;
	mqttwill *listener = listen_to(argv[1], &ear);
	made_for_each(argv[1], listener, &ear);
	made_badly(argv[1]);
	changed(argv[1], listener, &ear);
	mqttwill_disconnect(listener, 5000);
	mqttwill_free(listener);
	return report();
}
