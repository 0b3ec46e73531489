/* SPDX-License-Identifier: MIT */
/*
 * The calls that wait: a device's whole life by them, and their deadlines against brokers that accept nothing, or accept
 * and say nothing.
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdio.h>
#include <string.h>

#include "api/common.h"

static const struct mqttwill_presence status = {.topic = "waiting/status"};

static void lives(const char *url)
{
	struct seen seen = {0};
	mqttwill   *c = new_client(url, "waiting", &status, &seen);
	check_rc(c, mqttwill_run(c, 0), MQTTWILL_OK, "run does nothing before connect");
	check_rc(c, mqttwill_connect(c, 10000), MQTTWILL_OK, "connect returns when the birth is acknowledged");
	check(seen.count[MQTTWILL_UP] == 1 && seen.count[MQTTWILL_ONLINE] == 1, "after UP and ONLINE", "%u UP, %u ONLINE",
	      seen.count[MQTTWILL_UP], seen.count[MQTTWILL_ONLINE]);
	for (uint8_t qos = 0; qos < 3; qos++) {
		const struct mqttwill_message m = {.topic = "waiting/data", .text = "412", .qos = qos};
		int64_t token = mqttwill_publish(c, &m);
		check_rc(c, token < 0 ? token : mqttwill_wait(c, token, 5000), MQTTWILL_OK, "a published message is waited for");
		check_rc(c, mqttwill_wait(c, token, 0), MQTTWILL_OK, "a token that is done stays done");
	}
	check_rc(c, mqttwill_wait(c, 999, 0), MQTTWILL_EINVAL, "a token that never was is refused");
	check_rc(c, mqttwill_wait_room(c, 0), MQTTWILL_OK, "there is room");
	check_rc(c, mqttwill_connect(c, 0), MQTTWILL_OK, "connect returns at once while connected");
	uint64_t began = now_ms();
	check_rc(c, mqttwill_run(c, 300), MQTTWILL_OK, "run serves");
	check(now_ms() - began >= 290 && now_ms() - began < 3500, "for as long as it was told", "%d ms", (int)(now_ms() - began));
	check_rc(c, mqttwill_disconnect(c, 5000), MQTTWILL_OK, "disconnect says goodbye");
	check(seen.count[MQTTWILL_CLOSED] == 1 && seen.last_left == MQTTWILL_LEFT_CLEAN, "and tells CLOSED, once", "%u, left %u",
	      seen.count[MQTTWILL_CLOSED], seen.last_left);
	check_rc(c, mqttwill_disconnect(c, 5000), MQTTWILL_ESTATE, "a closed client cannot be disconnected");
	check_rc(c, mqttwill_connect(c, 10000), MQTTWILL_OK, "a closed client can be connected again");
	check_rc(c, mqttwill_disconnect(c, 5000), MQTTWILL_OK, "and disconnected again");
	mqttwill_free(c);
}

/* ---- Brokers that do not answer ---- */

static int listener(int backlog, char *url, size_t size)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t          len = sizeof a;
	int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, backlog) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return -1;
	snprintf(url, size, "mqtt://127.0.0.1:%d", ntohs(a.sin_port));
	return fd;
}

/* Fills the queue of a listener, so that the kernel drops what comes then. */
static void fill(const char *url, int *fds, int n)
{
	int                port = 0;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	sscanf(url, "mqtt://127.0.0.1:%d", &port);
	a.sin_port = htons((uint16_t)port);
	for (int i = 0; i < n; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(fds[i], (struct sockaddr *)&a, sizeof a) == 0)
			continue;
	}
}

static void times_out(const char *url, const char *sentence, const char *phase)
{
	mqttwill *c = new_client(url, "waiting", &status, NULL);
	uint64_t  began = now_ms();
	int       rc = mqttwill_connect(c, 700);
	int       took = (int)(now_ms() - began);
	check_rc(c, rc, MQTTWILL_ETIMEOUT, sentence);
	check(strstr(mqttwill_errmsg(c, rc), phase) != NULL, "and says how far it had come", "%s", mqttwill_errmsg(c, rc));
	check(took >= 690 && took < 3500, "in its own time", "%d ms", took);
	const struct mqttwill_message m = {.topic = "waiting/data", .text = "1", .qos = 1};
	int64_t token = mqttwill_publish(c, &m);
	check_rc(c, mqttwill_wait(c, token, 100), MQTTWILL_ETIMEOUT, "so does wait");
	began = now_ms();
	mqttwill_disconnect(c, 1000);
	check(now_ms() - began < 4000, "and disconnect", "%d ms", (int)(now_ms() - began));
	mqttwill_free(c);
}

static void full_queue(const char *url)
{
	struct seen seen = {0};
	const struct mqttwill_options opt = {
		.url = url, .client_id = "full", .queue_messages = 4, .event_fn = see, .user = &seen};
	const struct mqttwill_message m = {.topic = "waiting/data", .text = "1", .qos = 1};
	mqttwill *c;
	int64_t   token = 0;
	need(NULL, mqttwill_new(&c, &opt), "a client is made");
	for (int i = 0; i < 5; i++)
		token = mqttwill_publish(c, &m);
	check_rc(c, token, MQTTWILL_EFULL, "a full queue refuses");
	check_rc(c, mqttwill_wait_room(c, 100), MQTTWILL_ETIMEOUT, "room is waited for in vain without a connection");
	check_rc(c, mqttwill_connect(c, 10000), MQTTWILL_OK, "what waited is sent after connect");
	check_rc(c, mqttwill_wait_room(c, 5000), MQTTWILL_OK, "and makes room");
	check(serve_until(c, &seen.count[MQTTWILL_ROOM], 1, 5000), "ROOM is told, once", "%u", seen.count[MQTTWILL_ROOM]);
	check(serve_until(c, &seen.count[MQTTWILL_DONE], 4, 5000), "each message has one DONE", "%u", seen.count[MQTTWILL_DONE]);
	mqttwill_disconnect(c, 5000);
	mqttwill_free(c);
}

int main(int argc, char **argv)
{
	char url[64];
	int  fds[8], quiet;
	if (argc < 2)
		return 2;
	lives(argv[1]);
	full_queue(argv[1]);
	quiet = listener(8, url, sizeof url);
	times_out(url, "connect ends at its deadline where nobody answers CONNECT", "; connack: the broker did not answer CONNECT");
	close(quiet);
	quiet = listener(0, url, sizeof url);
	fill(url, fds, 4);
	times_out(url, "connect ends at its deadline where nobody answers SYN", "; connect: the broker's address did not answer");
	close(quiet);
	times_out("mqtt://nowhere.invalid", "connect ends at its deadline where there is no such host", "resolve");
	return report();
}
