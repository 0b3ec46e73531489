/* SPDX-License-Identifier: MIT */
/*
 * mqttwill_wake() from a signal handler and from another thread, while a call waits and before it does.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/common.h"

static const struct mqttwill_presence status = {.topic = "wake/status"};
static mqttwill                      *client;

static void on_signal(int number)
{
	(void)number;
	mqttwill_wake(client);
}

/* Does the main thread sleep? It has nothing to sleep in but the wait. */
static bool main_sleeps(void)
{
	char  path[64], state = 0;
	FILE *file;
	snprintf(path, sizeof path, "/proc/self/task/%ld/stat", (long)getpid());
	file = fopen(path, "r");
	if (!file)
		return true;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	return state == 'S';
}

static void *later(void *signal_it)
{
	while (!main_sleeps())
		sched_yield();
	if (signal_it)
		kill(getpid(), SIGUSR1);
	else
		mqttwill_wake(client);
	return NULL;
}

static void woken(const char *sentence, void *signal_it)
{
	pthread_t thread;
	uint64_t  began = now_ms();
	pthread_create(&thread, NULL, later, signal_it);
	int rc = mqttwill_run(client, 10000);
	int took = (int)(now_ms() - began);
	pthread_join(thread, NULL);
	check_rc(client, rc, MQTTWILL_OK, sentence);
	check(took < 5000, "at once", "%d ms", took);
}

static void woken_before(void)
{
	uint64_t began = now_ms();
	mqttwill_wake(client);
	mqttwill_wake(client);
	mqttwill_run(client, 5000);
	check(now_ms() - began < 4000, "a wake before the wait is not lost", "%d ms", (int)(now_ms() - began));
	began = now_ms();
	mqttwill_run(client, 200);
	check(now_ms() - began >= 190, "and counts once", "%d ms", (int)(now_ms() - began));
}

int main(int argc, char **argv)
{
	struct sigaction action;
	if (argc < 2)
		return 2;
	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigaction(SIGUSR1, &action, NULL);
	client = new_client(argv[1], "wake", &status, NULL);
	need(client, mqttwill_connect(client, 10000), "connect");
	woken("run is woken by a signal handler", &action);
	woken("run is woken by another thread", NULL);
	woken_before();
	mqttwill_wake(client);
	check_rc(client, mqttwill_disconnect(client, 5000), MQTTWILL_OK, "a wake does not spoil the goodbye");
	mqttwill_wake(client);
	check_rc(client, mqttwill_connect(client, 5000), MQTTWILL_ECANCELED, "connect that is woken is cancelled");
	mqttwill_wake(NULL);
	mqttwill_free(client);
	return report();
}
