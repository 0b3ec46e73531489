/* SPDX-License-Identifier: MIT */
/*
 * sim [--seed N] [--days N] [--jobs N] [--verbose] [--mistake NAME | --bug NAME | --mistakes]
 * Plays worlds of 20 device-days each, with the seeds N, N + 1, ...; without a seed, with one from the system. The first
 * breach ends it, with status 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/bugs.h"
#include "sim/sim.h"

enum { JOBS_MOST = 64, FAULTS_PER_DAY = 24 };

static struct {
	uint64_t seed, days;
	unsigned jobs;
} asked = {.days = 100, .jobs = 1};

static int usage(void)
{
	fprintf(stderr, "usage: sim [--seed N] [--days N] [--jobs N] [--verbose] [--mistake NAME | --bug NAME | --mistakes]\n");
	return 2;
}

static bool option(const char *name, const char *value)
{
	if (strcmp(name, "--seed") == 0)
		asked.seed = strtoull(value, NULL, 10);
	else if (strcmp(name, "--days") == 0)
		asked.days = strtoull(value, NULL, 10);
	else if (strcmp(name, "--jobs") == 0)
		asked.jobs = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "--mistake") == 0)
		return (sim.mistake = mistake_find(value)) != 0;
	else if (strcmp(name, "--bug") == 0)
		return (sim.bugs = broker_bug(value)) != 0;
	else
		return false;
	return true;
}

static bool read_options(int argc, char **argv)
{
	if (getrandom(&asked.seed, sizeof asked.seed, 0) < 0)
		asked.seed = (uint64_t)getpid();
	asked.seed %= 1000000000;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--verbose") == 0)
			sim.verbose = true;
		else if (i + 1 < argc && option(argv[i], argv[i + 1]))
			i++;
		else
			return false;
	}
	return asked.jobs >= 1 && asked.jobs <= JOBS_MOST && asked.days >= 1;
}

/* ---- Jobs ---- */

static void play(unsigned job)
{
	uint64_t worlds = (asked.days + CREW * WORLD_DAYS - 1) / (CREW * WORLD_DAYS);
	for (uint64_t i = job; i < worlds; i += asked.jobs)
		sim_play(asked.seed + i);
}

static void add(const struct totals *t)
{
	struct totals *all = &sim.totals;
	const uint64_t *from = (const uint64_t *)t;
	uint64_t       *to = (uint64_t *)all;
	uint64_t        bytes = all->most_bytes, lie = all->longest_lie_ms;
	for (size_t i = 0; i < sizeof *t / sizeof *from; i++)
		to[i] += from[i];
	all->most_bytes = bytes > t->most_bytes ? bytes : t->most_bytes;
	all->longest_lie_ms = lie > t->longest_lie_ms ? lie : t->longest_lie_ms;
}

/* Each job is a process, which hands its totals back through a pipe. */
static bool play_all(void)
{
	int  ends[2], status;
	bool good = true;
	if (asked.jobs == 1) {
		play(0);
		return true;
	}
	if (pipe(ends) < 0)
		return false;
	fflush(stdout);
	for (unsigned i = 0; i < asked.jobs; i++) {
		if (fork() == 0) {
			play(i);
			_exit(write(ends[1], &sim.totals, sizeof sim.totals) != sizeof sim.totals);
		}
	}
	close(ends[1]);
	for (struct totals t; read(ends[0], &t, sizeof t) == sizeof t;)
		add(&t);
	while (wait(&status) > 0)
		good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return good;
}

/* ---- The report ---- */

static bool report(void)
{
	const struct totals *t = &sim.totals;
	uint64_t             faults = 0;
	bool                 each = true;
	double               days = (double)t->dev_ms / (double)DAY;
	for (int i = 0; i < FAULTS; i++) {
		printf("%9llu  %s\n", (unsigned long long)t->faults[i], fault_text(i));
		faults += t->faults[i];
		each = each && t->faults[i];
	}
	printf("%9llu  faults, %.1f in each device-day\n", (unsigned long long)faults, (double)faults / days);
	printf("%.0f device-days, %llu connections, %llu wills, %llu births (%llu restated), %llu clean goodbyes, %llu messages "
	       "(%llu confirmed), %llu received, %llu steps\n",
	       days, (unsigned long long)t->connects, (unsigned long long)t->wills, (unsigned long long)t->births,
	       (unsigned long long)t->restated, (unsigned long long)t->goodbyes, (unsigned long long)t->letters,
	       (unsigned long long)t->letters_done, (unsigned long long)t->mail, (unsigned long long)t->steps);
	printf("longest lie %.1f s, most memory of a client %llu bytes, %llu restarts passed a moment without a will\n",
	       (double)t->longest_lie_ms / 1000, (unsigned long long)t->most_bytes, (unsigned long long)t->unarmed);
	printf("digest %llu\n", (unsigned long long)t->digest);
	if (asked.days >= 100 && (!each || (double)faults / days < FAULTS_PER_DAY)) {
		printf("faults: too few\n");
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--mistakes") == 0) {
		mistake_list();
		return 0;
	}
	if (!read_options(argc, argv))
		return usage();
	printf("seed %llu\n", (unsigned long long)asked.seed);
	return play_all() && report() ? 0 : 1;
}
