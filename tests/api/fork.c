/* SPDX-License-Identifier: MIT */
/*
 * Processes around a client: a forked child may not touch its parent's connection, an executed one inherits nothing, and
 * a connection that breaks raises no SIGPIPE.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/common.h"

static const struct mqttwill_presence status = {.topic = "fork/status", .self_watch = true};
static const struct mqttwill_message  message = {.topic = "fork/data", .text = "1", .qos = 1};
static volatile sig_atomic_t          piped;

static void on_pipe(int number)
{
	(void)number;
	piped = 1;
}

/* ---- Fork ---- */

/* Which of the calls went through in the child, as bits. */
static int try_all(mqttwill *c)
{
	const struct mqttwill_subscription s = {.filter = "fork/#"};
	const char *const filters[] = {"fork/#"};
	const int64_t     results[] = {
                mqttwill_publish(c, &message),     mqttwill_subscribe(c, &s, 1), mqttwill_unsubscribe(c, filters, 1),
                mqttwill_step(c),                  mqttwill_run(c, 10),          mqttwill_connect(c, 10),
                mqttwill_wait(c, 1, 10),           mqttwill_wait_room(c, 10),    mqttwill_disconnect(c, 10),
                mqttwill_close(c, NULL),           mqttwill_start(c),            mqttwill_set_will(c, NULL),
	};
	int through = 0;
	for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
		if (results[i] != MQTTWILL_ESTATE)
			through |= 1 << i;
	return through;
}

static void in_child(mqttwill *c, const char *url, int result)
{
	int through = try_all(c);
	mqttwill_free(c); /* or it is a leak; it may not disturb the parent */
	mqttwill *own = new_client(url, "child", &status, NULL);
	int       rc = mqttwill_connect(own, 10000);
	if (rc == 0)
		rc = mqttwill_disconnect(own, 5000);
	mqttwill_free(own);
	int answer[] = {through, rc};
	_exit(write(result, answer, sizeof answer) == sizeof answer ? 0 : 1);
}

static void forks(const char *url)
{
	struct seen seen = {0};
	int         result[2], answer[2] = {-1, -1}, code = -1;
	mqttwill   *c = new_client(url, "parent", &status, &seen);
	need(c, mqttwill_connect(c, 10000), "connect");
	mqttwill_publish(c, &message); /* on its way while the process forks */
	if (pipe(result) < 0)
		return;
	pid_t pid = fork();
	if (pid == 0)
		in_child(c, url, result[1]);
	close(result[1]);
	check(read(result[0], answer, sizeof answer) == sizeof answer, "the child comes to its end", "it died");
	close(result[0]);
	waitpid(pid, &code, 0);
	check(code == 0, "and frees its copy without harm", "status %d", code);
	check(answer[0] == 0, "in a forked child every call returns ESTATE", "bits %#x went through", (unsigned)answer[0]);
	check_rc(NULL, answer[1], MQTTWILL_OK, "a client that the child makes for itself works");
	int64_t token = mqttwill_publish(c, &message);
	check_rc(c, mqttwill_wait(c, token, 5000), MQTTWILL_OK, "the parent's connection goes on");
	mqttwill_run(c, 300);
	check(seen.count[MQTTWILL_DOWN] == 0 && seen.count[MQTTWILL_DONE] == 2, "and was never disturbed", "%u DOWN, %u DONE",
	      seen.count[MQTTWILL_DOWN], seen.count[MQTTWILL_DONE]);
	check_rc(c, mqttwill_disconnect(c, 5000), MQTTWILL_OK, "the parent says goodbye");
	mqttwill_free(c);
}

/* A child that only exists would keep the socket, and the will unspoken: the parent's close must reach the broker. */
static void child_lingers(const char *url, bool abort, const char *sentence)
{
	struct seen seen = {0};
	int         hold[2];
	mqttwill   *c = new_client(url, "parent", NULL, NULL), *ear = new_client(url, "ear", NULL, &seen);
	const struct mqttwill_subscription s = {.filter = "fork/will", .qos = 1};
	const struct mqttwill_will         will = {.topic = "fork/will", .text = "gone"};
	need(c, mqttwill_set_will(c, &will), "set_will");
	need(c, mqttwill_connect(c, 10000), "connect");
	need(ear, mqttwill_connect(ear, 10000), "connect");
	need(ear, mqttwill_wait(ear, mqttwill_subscribe(ear, &s, 1), 5000), "subscribe");
	const struct mqttwill_closing how = {.goodbye = MQTTWILL_GOODBYE_ABORT};
	if (pipe(hold) < 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		char byte;
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) < 0);
	}
	if (abort)
		mqttwill_close(c, &how);
	if (abort)
		mqttwill_run(c, 100);
	mqttwill_free(c);
	bool heard = serve_until(ear, &seen.count[MQTTWILL_MESSAGE], 1, 1000);
	close(hold[0]);
	close(hold[1]);
	waitpid(pid, NULL, 0);
	check(heard, sentence, "no will came");
	mqttwill_disconnect(ear, 5000);
	mqttwill_free(ear);
}

/* ---- Exec ---- */

static void executes(const char *url)
{
	char      sockets[4096] = "";
	mqttwill *c = new_client(url, "exec", &status, NULL);
	need(c, mqttwill_connect(c, 10000), "connect");
	FILE  *p = popen("for f in /proc/$$/fd/*; do readlink $f; done; true", "r");
	size_t n = p ? fread(sockets, 1, sizeof sockets - 1, p) : 0;
	sockets[n] = 0;
	check(p && pclose(p) == 0 && n > 0, "a program is executed while connected", "popen failed");
	check(!strstr(sockets, "socket:") && !strstr(sockets, "anon_inode"), "it inherits neither socket nor epoll nor timer", "%s",
	      sockets);
	mqttwill_disconnect(c, 5000);
	mqttwill_free(c);
}

/* ---- While it connects ---- */

/* A listener whose queue is full answers nobody: sets url, and crowd to who is in it. */
static int busy_listener(char *url, size_t size, int *crowd, int n)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t          len = sizeof a;
	int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 0) < 0 || getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return -1;
	snprintf(url, size, "mqtt://127.0.0.1:%d", ntohs(a.sin_port));
	for (int i = 0; i < n; i++) {
		crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(crowd[i], (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS)
			return -1;
	}
	return fd;
}

/* The descriptor of the connection that says CONNECT; those before it say nothing. */
static bool greeted(mqttwill *c, int listener)
{
	char byte = 0;
	for (uint64_t until = now_ms() + 15000; byte != 0x10 && now_ms() < until;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		mqttwill_run(c, 50);
		if (fd < 0)
			continue;
		if (recv(fd, &byte, 1, 0) < 0)
			byte = 0;
		close(fd);
	}
	return byte == 0x10;
}

static void forks_while_connecting(void)
{
	char        url[64];
	int         crowd[4], listener = busy_listener(url, sizeof url, crowd, 4);
	struct seen seen = {0};
	if (listener < 0 || fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
		return;
	mqttwill *c = new_client(url, "connecting", &status, &seen);
	need(c, mqttwill_start(c), "start");
	mqttwill_run(c, 50);
	pid_t pid = fork();
	if (pid == 0) {
		mqttwill_free(c);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 4; i++)
		close(crowd[i]);
	bool alone = greeted(c, listener) && seen.count[MQTTWILL_RETRY] == 0;
	check(alone, "a forked child that frees its copy leaves the parent to go on connecting",
	      "no CONNECT came, or %u attempts failed", seen.count[MQTTWILL_RETRY]);
	mqttwill_free(c);
	close(listener);
}

/* ---- SIGPIPE ---- */

/* A broker that accepts, answers CONNECT and vanishes. */
static void vanishes(int listener)
{
	static const char connack[] = {0x20, 3, 0, 0, 0};
	char              buf[4096];
	struct linger     now = {.l_onoff = 1, .l_linger = 0};
	int               fd = accept(listener, NULL, NULL);
	if (read(fd, buf, sizeof buf) > 0 && write(fd, connack, sizeof connack) > 0 && read(fd, buf, sizeof buf) > 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

static void breaks(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t          len = sizeof a;
	char               url[64];
	struct seen        seen = {0};
	int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 4) < 0 || getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return;
	snprintf(url, sizeof url, "mqtt://127.0.0.1:%d", ntohs(a.sin_port));
	pid_t pid = fork();
	if (pid == 0) {
		vanishes(fd);
		_exit(0);
	}
	close(fd);
	mqttwill *c = new_client(url, "pipe", NULL, &seen);
	need(c, mqttwill_connect(c, 5000), "connect to a broker that will vanish");
	const struct mqttwill_message m = {.topic = "a", .text = "b"};
	mqttwill_publish(c, &m);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 100; i++)
		mqttwill_publish(c, &m); /* into a connection that is no more */
	serve_until(c, &seen.count[MQTTWILL_DOWN], 1, 2000);
	check(seen.count[MQTTWILL_DOWN] == 1 && seen.last_error[MQTTWILL_DOWN] == MQTTWILL_ELOST, "a connection that breaks is DOWN",
	      "%u times, %s", seen.count[MQTTWILL_DOWN], mqttwill_errname(seen.last_error[MQTTWILL_DOWN]));
	mqttwill_free(c);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	signal(SIGPIPE, on_pipe);
	forks(argv[1]);
	child_lingers(argv[1], true, "an abort reaches the broker though a forked child holds the socket");
	child_lingers(argv[1], false, "so does free");
	executes(argv[1]);
	forks_while_connecting();
	breaks();
	check(!piped, "SIGPIPE was never raised", "it was");
	return report();
}
