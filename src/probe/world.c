/* SPDX-License-Identifier: MIT */
/*
 * Connections in a poll(2) loop. A closed one lingers until the broker has closed, too, so that a FIN stays a FIN: a socket
 * that is closed with bytes unread resets the connection.
 */
#include "probe/world.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "net/net.h"
#include "probe/internal.h"

extern char **environ;

enum { READ_SIZE = 4096, LINGER_MS = 3000, TURN_MS = 250, OUTPUT_MAX = 1 << 20 };

struct wire {
	struct pipe        *pipe;
	struct pipe_error   error;
	struct buf          out;
	struct probe_actor *actor; /* NULL: it lingers */
	struct wire        *next;
	uint64_t            end_ms; /* of lingering */
	bool                begun; /* open() was called: its deadline counts */
	bool                open;
	bool                dead;
	bool                blocked; /* what is to be written waits for the socket ... */
	uint8_t             wants;   /* ... until it can be written or, as TLS may want, read */
};

struct stage {
	struct probe_run *run;
	struct play     **plays; /* NULL where none is */
	size_t           *index; /* which scenario each of them is */
	struct wire      *wires;
	size_t            wire_count;
	size_t            next;     /* scenario */
	struct play      *restarts; /* waits for `command` */
	pid_t             command;
	size_t            running;
	bool              alone; /* what runs runs alone */
	bool              stopping;
	bool              no_memory;
};

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- What plays ask for ---- */

static void world_open(void *owner, struct probe_actor *a)
{
	struct stage *stage = owner;
	struct wire  *w = calloc(1, sizeof *w);
	if (w)
		w->pipe = net_pipe(stage->run->net, net_server(stage->run->net, 0), &w->error);
	if (!w || !w->pipe) {
		free(w);
		stage->no_memory = true; /* the play waits in vain, and says so */
		return;
	}
	buf_init(&w->out, OUTPUT_MAX);
	w->actor = a;
	w->next = stage->wires;
	stage->wires = w;
	stage->wire_count++;
	a->connection = w;
}

static bool flush(struct wire *w)
{
	w->blocked = false;
	while (buf_len(&w->out) > 0) {
		w->pipe->wants = 0;
		ssize_t n = w->pipe->ops->write(w->pipe, buf_front(&w->out), buf_len(&w->out));
		w->blocked = n == -1;
		w->wants = w->pipe->wants;
		if (n <= 0)
			return n == -1;
		buf_take(&w->out, (size_t)n);
	}
	return true;
}

static void world_send(void *owner, struct probe_actor *a, const void *bytes, size_t n)
{
	struct wire *w = a->connection;
	(void)owner;
	if (buf_append(&w->out, bytes, n))
		flush(w); /* a failure shows when it is read from next */
}

static void world_close(void *owner, struct probe_actor *a, bool reset)
{
	struct wire *w = a->connection;
	(void)owner;
	a->connection = NULL;
	w->actor = NULL;
	w->end_ms = now() + LINGER_MS;
	if (!reset && w->open && flush(w) && !w->blocked) {
		w->pipe->ops->finish(w->pipe);
		return;
	}
	pipe_close(w->pipe, reset);
	w->pipe = NULL;
	w->dead = true;
}

/* Its output does not mix with the report. */
static void world_restart(void *owner, struct play *p)
{
	struct stage              *stage = owner;
	char                       shell[] = "sh", option[] = "-c";
	char                      *arguments[] = {shell, option, (char *)(uintptr_t)stage->run->restart_command, NULL};
	posix_spawn_file_actions_t files;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	if (posix_spawn(&stage->command, "/bin/sh", &files, NULL, arguments, environ) != 0)
		stage->command = 0;
	posix_spawn_file_actions_destroy(&files);
	stage->restarts = p;
}

/* Has the command ended? Then its play is told. */
static void look_after_command(struct stage *stage)
{
	int          status = -1;
	struct play *p = stage->restarts;
	if (!p || (stage->command && waitpid(stage->command, &status, WNOHANG) == 0))
		return;
	stage->restarts = NULL;
	play_restarted(p, status == 0, now());
}

static const struct probe_world real_world = {world_open, world_send, world_close, world_restart};

/* ---- Connections ---- */

static void lose(struct wire *w, const char *why)
{
	struct probe_actor *a = w->actor;
	pipe_close(w->pipe, false);
	w->pipe = NULL;
	w->dead = true;
	w->actor = NULL;
	if (!a)
		return;
	a->connection = NULL;
	snprintf(a->play->trouble, sizeof a->play->trouble, "%.100s", why);
	a->play->trouble_error = *why ? w->error.code : 0;
	play_closed(a, now());
}

static void go_on_opening(struct wire *w)
{
	int rc = w->pipe->ops->open(w->pipe, now());
	w->begun = true;
	if (rc == PIPE_WAIT)
		return;
	if (rc < 0) {
		lose(w, w->error.text);
		return;
	}
	w->open = true;
	play_opened(w->actor, now());
}

static void read_all(struct wire *w)
{
	uint8_t in[READ_SIZE];
	while (!w->dead) {
		ssize_t n = w->pipe->ops->read(w->pipe, in, sizeof in);
		if (n == -1)
			return;
		if (n <= 0)
			lose(w, n == 0 ? "" : w->error.text);
		else if (w->actor)
			play_bytes(w->actor, in, (size_t)n, now());
	}
}

static void serve(struct wire *w)
{
	if (!w->open && w->actor)
		go_on_opening(w);
	if (w->open && !w->dead)
		read_all(w);
	if (w->open && !w->dead && w->blocked)
		flush(w);
	if (!w->dead && !w->actor && now() >= w->end_ms)
		lose(w, "");
}

static void sweep(struct stage *stage)
{
	for (struct wire **at = &stage->wires, *w; (w = *at);) {
		if (!w->dead) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		stage->wire_count--;
		buf_fini(&w->out);
		free(w);
	}
}

static int timeout_ms(const struct stage *stage)
{
	uint64_t t = now(), due = t + TURN_MS;
	for (size_t i = 0; i < stage->run->parallel; i++)
		if (stage->plays[i] && play_deadline(stage->plays[i]) < due)
			due = play_deadline(stage->plays[i]);
	for (const struct wire *w = stage->wires; w; w = w->next)
		if (!w->dead && !w->open && (!w->begun || w->pipe->deadline < due))
			due = w->begun ? w->pipe->deadline : t;
	return due > t ? (int)(due - t) : 0;
}

static void wait_and_serve(struct stage *stage)
{
	sweep(stage); /* what plays have closed since */
	size_t         n = 0;
	struct pollfd *fds = calloc(stage->wire_count + 1, sizeof *fds);
	for (const struct wire *w = stage->wires; fds && w; w = w->next, n++) {
		bool write = w->open ? w->blocked && w->wants & PIPE_WRITE : w->pipe->wants & PIPE_WRITE;
		bool read = w->open || w->pipe->wants & PIPE_READ;
		fds[n] = (struct pollfd){w->pipe->fd, (short)((read ? POLLIN : 0) | (write ? POLLOUT : 0)), 0};
	}
	poll(fds, (nfds_t)n, timeout_ms(stage));
	free(fds);
	for (struct wire *w = stage->wires; w; w = w->next)
		if (!w->dead)
			serve(w);
}

/* ---- Plays ---- */

static bool begin(struct stage *stage, size_t slot, size_t i)
{
	struct probe_run *run = stage->run;
	if (!play_possible(run->scenarios[i], &run->settings, run->offers, &run->results[i])) {
		run->done++;
		return false;
	}
	struct play *p = malloc(sizeof *p);
	if (!p) {
		stage->no_memory = true;
		return false;
	}
	stage->plays[slot] = p;
	stage->index[slot] = i;
	stage->running++;
	stage->alone = run->scenarios[i]->alone;
	play_begin(p, run->scenarios[i], &run->settings, &real_world, stage, now());
	return true;
}

/* In a staggered run: is a shorter delay still to be begun, so that its end would stand before ours? */
static bool waits_for_shorter(const struct stage *stage)
{
	const struct probe_run *run = stage->run;
	uint64_t                delay = scenario_delay(run->scenarios[stage->next]);
	for (size_t slot = 0; run->staggered && slot < run->parallel; slot++) {
		const struct play *p = stage->plays[slot];
		if (p && p->phase < PLAY_WATCH && scenario_delay(p->scenario) < delay)
			return true;
	}
	return false;
}

/* Scenarios that want to be alone wait until nothing else runs, and nothing begins beside them. */
static bool may_begin(const struct stage *stage)
{
	const struct probe_run *run = stage->run;
	if (stage->stopping || stage->no_memory || stage->next == run->count || waits_for_shorter(stage))
		return false;
	return stage->running == 0 || (!stage->alone && !run->scenarios[stage->next]->alone);
}

static void fill(struct stage *stage)
{
	for (size_t slot = 0; slot < stage->run->parallel; slot++)
		while (!stage->plays[slot] && may_begin(stage))
			begin(stage, slot, stage->next++);
}

static void end(struct stage *stage, size_t slot)
{
	struct probe_run *run = stage->run;
	struct play      *p = stage->plays[slot];
	stage->restarts = stage->restarts == p ? NULL : stage->restarts;
	run->results[stage->index[slot]] = p->result;
	if (run->told)
		*run->told = p->told;
	play_fini(p);
	free(p);
	stage->plays[slot] = NULL;
	stage->running--;
	run->done++;
}

static void tick(struct stage *stage)
{
	look_after_command(stage);
	for (size_t slot = 0; slot < stage->run->parallel; slot++) {
		if (!stage->plays[slot])
			continue;
		if (stage->stopping)
			play_give_up(stage->plays[slot], "interrupted");
		play_tick(stage->plays[slot], now());
		if (play_is_over(stage->plays[slot]))
			end(stage, slot);
	}
}

static void fini(struct stage *stage)
{
	for (size_t slot = 0; stage->plays && slot < stage->run->parallel; slot++) {
		if (stage->plays[slot])
			play_fini(stage->plays[slot]);
		free(stage->plays[slot]);
	}
	for (struct wire *w = stage->wires; w; w = w->next)
		if (!w->dead)
			lose(w, "");
	sweep(stage);
	free(stage->plays);
	free(stage->index);
}

int probe_play(struct probe_run *run)
{
	struct stage stage = {.run = run};
	run->done = 0;
	stage.plays = calloc(run->parallel, sizeof *stage.plays);
	stage.index = calloc(run->parallel, sizeof *stage.index);
	stage.no_memory = !stage.plays || !stage.index;
	if (!stage.no_memory)
		fill(&stage);
	while (stage.running > 0) {
		wait_and_serve(&stage);
		tick(&stage);
		fill(&stage);
		if (run->progress && run->progress(run->user, run))
			stage.stopping = run->stopped = true;
	}
	for (sweep(&stage); stage.wires && !stage.no_memory; sweep(&stage)) /* a DISCONNECT may still be on its way */
		wait_and_serve(&stage);
	fini(&stage);
	return stage.no_memory ? MQTTWILL_ENOMEM : 0;
}
