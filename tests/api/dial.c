/* SPDX-License-Identifier: MIT */
/*
 * Sockets that the application connects: one for each attempt, and what is told of one that cannot be used.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/common.h"

static const struct mqttwill_presence status = {.topic = "dial/status"};

static struct {
	int      calls;
	bool     broken; /* give something that is no connection */
	int      last;
	char     host[64], port[8], address[64];
	uint32_t retries;
	uint8_t  phase;
	int      error;
} seen;

static int dial(void *user, const char *host, const char *port)
{
	const char        *broker = user;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	a.sin_port = htons((uint16_t)atoi(strrchr(broker, ':') + 1));
	seen.calls++;
	snprintf(seen.host, sizeof seen.host, "%s", host);
	snprintf(seen.port, sizeof seen.port, "%s", port);
	seen.last = socket(AF_INET, seen.broken ? SOCK_DGRAM : SOCK_STREAM, 0);
	if (connect(seen.last, (struct sockaddr *)&a, sizeof a) == 0)
		return seen.last;
	close(seen.last);
	return -1;
}

static void on_event(mqttwill *c, const struct mqttwill_event *e, void *user)
{
	(void)c;
	(void)user;
	if (e->type == MQTTWILL_UP)
		snprintf(seen.address, sizeof seen.address, "%s", e->reached->address);
	if (e->type == MQTTWILL_RETRY) {
		seen.retries++;
		seen.phase = e->phase;
		seen.error = e->error;
	}
}

static void reconnects(mqttwill *c)
{
	seen.address[0] = 0;
	shutdown(seen.last, SHUT_RDWR); /* the application's view of it, too, breaks it */
	for (uint64_t until = now_ms() + 10000; now_ms() < until && !seen.address[0];)
		mqttwill_run(c, 50);
	check(seen.calls == 2 && seen.address[0], "each attempt asks for a socket of its own", "%d calls", seen.calls);
}

static void is_told_what_is_wrong(mqttwill *c)
{
	seen.broken = true;
	shutdown(seen.last, SHUT_RDWR);
	for (uint64_t until = now_ms() + 10000; now_ms() < until && !seen.retries;)
		mqttwill_run(c, 50);
	check(seen.phase == MQTTWILL_PHASE_CONNECT && seen.error == MQTTWILL_ECONNECT, "what is no stream socket fails the attempt",
	      "phase %d, error %d", seen.phase, seen.error);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	char                          expected[64];
	const struct mqttwill_network network = {.dial_fn = dial, .user = argv[1]};
	const struct mqttwill_options options = {
		.url = "mqtt://broker.invalid:1234",
		.client_id = "dial",
		.presence = &status,
		.network = &network,
		.backoff_min_ms = 50,
		.backoff_max_ms = 50,
		.event_fn = on_event,
	};
	mqttwill *c;
	need(NULL, mqttwill_new(&c, &options), "new");
	check_rc(c, mqttwill_connect(c, 10000), MQTTWILL_OK, "a socket of the application's is used instead of name and address");
	check(!strcmp(seen.host, "broker.invalid") && !strcmp(seen.port, "1234"), "it is asked for by the URL's host and port", "%s %s",
	      seen.host, seen.port);
	snprintf(expected, sizeof expected, "127.0.0.1:%s", strrchr(argv[1], ':') + 1);
	check(!strcmp(seen.address, expected), "UP tells where it leads", "%s", seen.address);
	reconnects(c);
	is_told_what_is_wrong(c);
	seen.broken = false;
	check_rc(c, mqttwill_connect(c, 10000), MQTTWILL_OK, "and the next one is as good as new");
	check_rc(c, mqttwill_disconnect(c, 5000), MQTTWILL_OK, "the goodbye is said over it");
	mqttwill_free(c);
	return report();
}
