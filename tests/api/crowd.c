/* SPDX-License-Identifier: MIT */
/*
 * A gateway: a thousand clients in one process, each with its own will, four descriptors each; what one of them costs
 * while it idles. Over TLS, with a file of authorities as the second argument, there are two hundred, which share what is trusted.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/common.h"

enum { CLIENTS = 1000, OVER_TLS = 200, MOST = 4096, MOST_OVER_TLS = 96 * 1024 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static unsigned    count = CLIENTS;
static const char *ca_file;
static mqttwill   *clients[CLIENTS];
static unsigned    births[CLIENTS]; /* heard by the client itself */
static struct seen all;

static void on_event(mqttwill *c, const struct mqttwill_event *e, void *user)
{
	unsigned *heard = user;
	see(c, e, &all);
	if (e->type == MQTTWILL_MESSAGE && e->message->payload_len == 6)
		++*heard;
}

static unsigned descriptors(void)
{
	unsigned n = 0;
	DIR     *d = opendir("/proc/self/fd");
	while (d && readdir(d))
		n++;
	closedir(d);
	return n - 3; /* ., .. and the directory's own */
}

static long rss_kb(void)
{
	char  line[128];
	long  kb = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, "VmRSS:", 6))
			kb = atol(line + 6);
	fclose(f);
	return kb;
}

static void make(const char *url, unsigned i, int loop)
{
	char id[32], topic[48];
	snprintf(id, sizeof id, "crowd-%u", i);
	snprintf(topic, sizeof topic, "crowd/%u/status", i);
	const struct mqttwill_presence     status = {.topic = topic};
	const struct mqttwill_subscription s = {.filter = topic, .qos = 1};
	const struct mqttwill_options      opt = {
		.url = url, .client_id = id, .presence = &status, .event_fn = on_event, .user = &births[i], .ca_file = ca_file};
	need(NULL, mqttwill_new(&clients[i], &opt), "a client is made");
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = clients[i]};
	epoll_ctl(loop, EPOLL_CTL_ADD, mqttwill_fd(clients[i]), &ev);
	need(clients[i], mqttwill_subscribe(clients[i], &s, 1), "subscribe");
	need(clients[i], mqttwill_start(clients[i]), "start");
}

/* Serves all until so many events of that type have come. */
static bool serve(int loop, enum mqttwill_event_type type, unsigned wanted)
{
	struct epoll_event ev[64];
	uint64_t           end = now_ms() + 60000;
	while (all.count[type] < wanted && now_ms() < end) {
		int n = epoll_wait(loop, ev, 64, 1000);
		for (int i = 0; i < n; i++)
			mqttwill_step(ev[i].data.ptr);
	}
	return all.count[type] >= wanted;
}

static void weigh(unsigned fds_before, long kb_before)
{
	const char *sentence = ca_file ? "an idle client over TLS takes less than 96 KiB, OpenSSL's part included"
	                               : "an idle client takes less than 4 KiB";
	unsigned    fds = descriptors() - fds_before;
	long        bytes = (rss_kb() - kb_before) * 1024 / count;
	check(fds == 4 * count, "each has four descriptors", "%u for all", fds);
	if (SANITIZED)
		skip(sentence, "a sanitizer changes what memory is taken");
	else
		check(bytes < (ca_file ? MOST_OVER_TLS : MOST), sentence, "%ld bytes", bytes);
	if (!SANITIZED)
		printf("  an idle client: %ld bytes of memory, %u descriptors\n", bytes, fds / count);
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	unsigned      missing = 0;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (argc < 2)
		return 2;
	ca_file = argv[2];
	count = ca_file ? OVER_TLS : CLIENTS;
	if (limit.rlim_cur < 4 * count + 100) {
		skip("a thousand clients in one process", "no more descriptors may be had");
		return 0;
	}
	int      loop = epoll_create1(EPOLL_CLOEXEC);
	unsigned fds = descriptors();
	long     kb = rss_kb();
	for (unsigned i = 0; i < count; i++)
		make(argv[1], i, loop);
	check(serve(loop, MQTTWILL_ONLINE, count), "all clients in one process come online", "%u did", all.count[MQTTWILL_ONLINE]);
	serve(loop, MQTTWILL_MESSAGE, count);
	for (unsigned i = 0; i < count; i++)
		missing += births[i] == 0;
	check(missing == 0, "each hears its own birth", "%u did not", missing);
	check(all.count[MQTTWILL_DOWN] == 0, "none is lost", "%u were", all.count[MQTTWILL_DOWN]);
	weigh(fds, kb);
	for (unsigned i = 0; i < count; i++)
		need(clients[i], mqttwill_close(clients[i], NULL), "close");
	check(serve(loop, MQTTWILL_CLOSED, count), "all leave", "%u did", all.count[MQTTWILL_CLOSED]);
	for (unsigned i = 0; i < count; i++)
		mqttwill_free(clients[i]);
	check(descriptors() == fds, "and leave no descriptor behind", "%u", descriptors() - fds);
	close(loop);
	return report();
}
