/* SPDX-License-Identifier: MIT */
/*
 * A client in an event loop of one's own, here poll(2): it switches a lamp when it is told to, and quits at the end of
 * standard input.
 *     cc async.c $(pkg-config --cflags --libs mqttwill) && ./a.out mqtt://localhost
 */
#include <mqttwill.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static void on_event(mqttwill *c, const struct mqttwill_event *event, void *user)
{
	(void)c;
	if (event->type == MQTTWILL_MESSAGE)
		printf("%s: %.*s\n", event->message->topic, (int)event->message->payload_len,
		       (const char *)event->message->payload);
	else
		printf("%s\n", event->text);
	if (event->type == MQTTWILL_CLOSED)
		*(bool *)user = true;
}

int main(int argc, char **argv)
{
	bool                               closed = false;
	const struct mqttwill_presence     status = {.topic = "lamp-7/status"};
	const struct mqttwill_subscription command = {.filter = "lamp-7/set", .qos = 1};
	const struct mqttwill_options      opt = {
		.url = argc > 1 ? argv[1] : "mqtt://localhost",
		.client_id = "lamp-7",
		.presence = &status,
		.event_fn = on_event,
		.user = &closed,
	};
	mqttwill *lamp;
	int       rc = mqttwill_new(&lamp, &opt);
	if (rc < 0) {
		fprintf(stderr, "lamp-7: %s\n", mqttwill_errmsg(NULL, rc));
		return 1;
	}
	mqttwill_subscribe(lamp, &command, 1);
	mqttwill_start(lamp);
	struct pollfd fds[] = {{.fd = mqttwill_fd(lamp), .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	while (!closed) {
		char line[80];
		poll(fds, 2, -1);
		mqttwill_step(lamp);
		if (fds[1].revents && read(STDIN_FILENO, line, sizeof line) <= 0) {
			fds[1].fd = -1;
			mqttwill_close(lamp, NULL); /* "offline" is stored, then CLOSED */
		}
	}
	mqttwill_free(lamp);
	return 0;
}
