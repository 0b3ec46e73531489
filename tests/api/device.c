/* SPDX-License-Identifier: MIT */
/*
 * A device for the system tests, with every option that the command does not have. Its arguments are NAME=VALUE, with the
 * names of the options and of presence; it tells each event on stdout, and obeys lines on stdin:
 * Beside them, serial=PATH goes over a serial line, and with no_fd=1 the library does not know its descriptor; proxy=URL over a proxy;
 * second=URL is another server.
 *     pub QOS TOPIC TEXT    sub QOS FILTER    close GOODBYE    free    will TEXT    update FLAGS TEXT    reauth
 */
#include <mqttwill.h>

#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/common.h"
#include "api/serial.h"

static struct mqttwill_presence presence;
static struct mqttwill_options  options;
static struct mqttwill_network  network;
static struct serial            serial = {NULL, -1};
static const char              *second;
static uint32_t                 no_fd;
static bool                     closed;

/* ---- Options ---- */

struct field {
	const char *name;
	void       *text; /* const char *, or ... */
	uint32_t   *number;
};

static void set(const char *argument)
{
#define TEXT(name) {#name, &options.name, NULL}
#define NUMBER(name) {#name, NULL, &options.name}
	static const struct field fields[] = {
		TEXT(url), TEXT(auth_method), TEXT(user_name), TEXT(password), TEXT(ca_file), {"id", &options.client_id, NULL},
		{"topic", &presence.topic, NULL}, {"online", &presence.online, NULL}, {"offline", &presence.offline, NULL},
		{"delay_s", NULL, &presence.delay_s}, NUMBER(version), NUMBER(keepalive_s), NUMBER(session_expiry_s), NUMBER(rejoin),
		NUMBER(connect_timeout_ms), NUMBER(ping_timeout_ms), NUMBER(backoff_min_ms), NUMBER(backoff_max_ms),
		NUMBER(stable_ms), NUMBER(takeover_backoff_ms), NUMBER(receive_maximum), NUMBER(maximum_packet_size),
		NUMBER(queue_messages), NUMBER(queue_bytes), NUMBER(redirect_maximum), {"serial", &serial.path, NULL},
		{"no_fd", NULL, &no_fd}, {"proxy", &network.proxy, NULL}, {"second", &second, NULL},
	};
#undef TEXT
#undef NUMBER
	const char *value = strchr(argument, '=');
	for (size_t i = 0; value && i < sizeof fields / sizeof fields[0]; i++) {
		const struct field *f = &fields[i];
		if (strlen(f->name) != (size_t)(value - argument) || strncmp(f->name, argument, strlen(f->name)) != 0)
			continue;
		if (f->number)
			*f->number = (uint32_t)strtoul(value + 1, NULL, 0);
		else
			*(const char **)f->text = value + 1;
		return;
	}
	if (!strcmp(argument, "self_watch=1")) {
		presence.self_watch = true;
		return;
	}
	fprintf(stderr, "device: %s is no option\n", argument);
	exit(2);
}

/* ---- Events ---- */

static void on_event(mqttwill *c, const struct mqttwill_event *e, void *user)
{
	(void)c;
	(void)user;
	if (e->type == MQTTWILL_MESSAGE)
		printf("MESSAGE %s %.*s q%d r%d\n", e->message->topic, (int)(e->message->payload_len < 99 ? e->message->payload_len : 99),
		       (const char *)e->message->payload, e->message->qos, e->message->retain);
	else
		printf("%s %lld %s%s%u %s\n", event_name(e->type), (long long)e->token, e->error ? mqttwill_errname(e->error) : "OK",
		       e->permanent ? " permanent " : " ", e->retry_in_ms, e->text);
	closed |= e->type == MQTTWILL_CLOSED;
}

/* ---- Orders ---- */

static uint32_t goodbye_of(const char *name)
{
	static const char *const names[] = {"offline", "with-will", "silent", "abort"};
	uint32_t i = 0;
	while (i < 3 && strcmp(names[i], name) != 0)
		i++;
	return i;
}

static void tell_token(const mqttwill *c, const char *what, int64_t token)
{
	printf("%s %lld %s\n", what, (long long)token, token < 0 ? mqttwill_errmsg(c, (int)token) : "");
}

static void obey(mqttwill *c, char *line)
{
	char *verb = strtok(line, " \n"), *a = strtok(NULL, " \n"), *b = strtok(NULL, " \n"), *rest = strtok(NULL, "\n");
	if (!verb)
		return;
	if (!strcmp(verb, "pub") && b) {
		const struct mqttwill_message m = {.topic = b, .text = rest ? rest : "", .qos = (uint8_t)atoi(a)};
		tell_token(c, "published", mqttwill_publish(c, &m));
	} else if (!strcmp(verb, "sub") && b) {
		const struct mqttwill_subscription s = {.filter = b, .qos = (uint8_t)atoi(a)};
		tell_token(c, "subscribed", mqttwill_subscribe(c, &s, 1));
	} else if (!strcmp(verb, "close")) {
		const struct mqttwill_closing how = {.goodbye = goodbye_of(a ? a : "")};
		tell_token(c, "closing", mqttwill_close(c, &how));
	} else if (!strcmp(verb, "will") && a) {
		const struct mqttwill_will will = {.topic = presence.topic, .text = a, .qos = 1, .retain = true};
		tell_token(c, "will", mqttwill_set_will(c, &will));
	} else if (!strcmp(verb, "update") && b) {
		const struct mqttwill_will will = {
			.topic = presence.topic, .text = b, .qos = 1, .retain = true, .delay_s = presence.delay_s};
		tell_token(c, "update", mqttwill_update_will(c, &will, (uint32_t)atoi(a)));
	} else if (!strcmp(verb, "reauth")) {
		tell_token(c, "proving", mqttwill_reauthenticate(c));
	} else if (!strcmp(verb, "free")) {
		closed = true;
	} else {
		puts("what?");
	}
}

/* ---- The loop ---- */

static void serve(mqttwill *c)
{
	char          line[512];
	struct pollfd fds[] = {{.fd = mqttwill_fd(c), .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = -1}};
	while (!closed) {
		fds[2] = (struct pollfd){.fd = no_fd ? serial.fd : -1, .events = POLLIN};
		poll(fds, 3, -1);
		if (fds[2].revents)
			mqttwill_wake(c);
		uint64_t began = now_ms();
		mqttwill_step(c);
		if (now_ms() - began > 1000) /* of a busy machine; a name server that is silent takes five */
			printf("SLOW a step took %llu ms\n", (unsigned long long)(now_ms() - began));
		if (fds[1].revents && !fgets(line, sizeof line, stdin))
			fds[1].fd = -1;
		else if (fds[1].revents)
			obey(c, line);
	}
}

int main(int argc, char **argv)
{
	mqttwill *c;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	for (int i = 1; i < argc; i++)
		set(argv[i]);
	options.presence = presence.topic ? &presence : NULL;
	options.event_fn = on_event;
	options.network = &network;
	options.urls = &second;
	options.url_count = second != NULL;
	network.transport = !serial.path ? NULL : no_fd ? &serial_without_fd : &serial_transport;
	network.user = &serial;
	int rc = mqttwill_new(&c, &options);
	if (rc == 0)
		rc = mqttwill_start(c);
	if (rc < 0) {
		fprintf(stderr, "device: %s\n", mqttwill_errmsg(c, rc));
		return 1;
	}
	serve(c);
	mqttwill_free(c);
	return 0;
}
