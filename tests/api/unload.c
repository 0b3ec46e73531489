/* SPDX-License-Identifier: MIT */
/*
 * unload LIBRARY: a program that lets go of the library (dlclose) while a thread of it still looks a name up. The thread must find its
 * code where it was.
 */
#include <mqttwill.h>

#include <dirent.h>
#include <dlfcn.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sem_t begun, go;

static int resolve(void *user, const char *host, struct mqttwill_address *addresses, int most)
{
	(void)user;
	(void)host;
	(void)most;
	sem_post(&begun);
	sem_wait(&go);
	strcpy(addresses[0].text, "192.0.2.1");
	return 1;
}

static int threads(void)
{
	int  n = 0;
	DIR *d = opendir("/proc/self/task");
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void *need(void *library, const char *name)
{
	void *symbol = dlsym(library, name);
	if (symbol)
		return symbol;
	fprintf(stderr, "unload: %s\n", dlerror());
	exit(1);
}

/* A client begins to look its broker up, and is freed. */
static void begin(void *library)
{
	const struct mqttwill_network network = {.resolve_fn = resolve};
	const struct mqttwill_options options = {.url = "mqtt://broker.test", .network = &network};
	mqttwill *c = NULL;
	int (*new_sized)(mqttwill **, const struct mqttwill_options *, size_t);
	int (*start)(mqttwill *);
	int (*step)(mqttwill *);
	void (*release)(mqttwill *);
	*(void **)&new_sized = need(library, "mqttwill_new_sized");
	*(void **)&start = need(library, "mqttwill_start");
	*(void **)&step = need(library, "mqttwill_step");
	*(void **)&release = need(library, "mqttwill_free");
	if (new_sized(&c, &options, sizeof options) < 0 || start(c) < 0 || step(c) < 0)
		exit(1);
	sem_wait(&begun);
	release(c);
}

int main(int argc, char **argv)
{
	void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
	if (!library) {
		fprintf(stderr, "unload: %s\n", argc == 2 ? dlerror() : "which library?");
		return 1;
	}
	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	begin(library);
	dlclose(library);
	sem_post(&go);
	while (threads() > 1)
		poll(NULL, 0, 1);
	puts("unloaded");
	return 0;
}
