/* SPDX-License-Identifier: MIT */
/*
 * A job is somebody's interest in a lookup, and a lookup is a task for a thread. Jobs that ask the same at the same time share
 * one. Everything here is guarded by the lock of threads.h but the lookup itself, which only its thread sees until it is done.
 */
#include "net/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/lookup.h"
#include "net/service.h"
#include "net/threads.h"

/* How many lookups of a name may run on with nobody left, before somebody who asks again has to wait with the last of them. */
enum { MOST_ABANDONED = 3 };

struct lookup {
	struct task          task;
	struct list          link; /* in `lookups`, until it is done */
	struct list          jobs; /* that wait for it */
	struct resolve_query query;
	struct answer        answer;
	unsigned             references; /* of jobs, and of its thread */
	bool                 done;
	char                 text[]; /* of the query */
};

struct resolve_job {
	struct list    link; /* in its lookup's jobs */
	struct lookup *lookup;
	int            fd; /* -1: a part of another lookup */
};

static struct list lookups = {&lookups, &lookups};

/* ---- Lookups ---- */

static char *put_text(char **at, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;
	char  *copy = size ? memcpy(*at, text, size) : NULL;
	*at += size;
	return copy;
}

static struct lookup *lookup_new(const struct resolve_query *query)
{
	const char    *service = query->srv_service ? query->srv_service : "";
	struct lookup *l = calloc(1, sizeof *l + strlen(query->host) + strlen(query->port) + strlen(service) + 3);
	if (!l)
		return NULL;
	char *at = l->text;
	list_init(&l->link);
	list_init(&l->jobs);
	l->query = *query;
	l->query.host = put_text(&at, query->host);
	l->query.port = put_text(&at, query->port);
	l->query.srv_service = put_text(&at, query->srv_service);
	return l;
}

static void lookup_release(struct lookup *l)
{
	if (--l->references)
		return;
	list_remove(&l->link);
	free(l->answer.list);
	free(l);
}

static struct lookup *lookup_of(struct task *t)
{
	return list_entry(t, struct lookup, task);
}

static void lookup_run(struct task *t)
{
	struct lookup *l = lookup_of(t);
	if (l->query.srv_service)
		service_lookup(&l->query, t, &l->answer);
	else
		lookup_name(&l->query, &l->answer);
}

static void lookup_finish(struct task *t)
{
	struct lookup *l = lookup_of(t);
	l->done = true;
	list_remove(&l->link);
	for (struct list *i = l->jobs.next; i != &l->jobs; i = i->next) {
		const struct resolve_job *job = list_entry(i, struct resolve_job, link);
		if (job->fd >= 0)
			eventfd_write(job->fd, 1); /* cannot fail on a new one; the owner's deadline stands in any case */
	}
	threads_notify();
	lookup_release(l);
}

/* ---- The same question ---- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_query(const struct resolve_query *a, const struct resolve_query *b)
{
	return a->family == b->family && a->ipv4_first == b->ipv4_first && a->fn == b->fn && a->user == b->user &&
	       same_text(a->host, b->host) && same_text(a->port, b->port) && same_text(a->srv_service, b->srv_service);
}

/*
 * A lookup that somebody waits for is joined. One that was given up is not: it may wait for a name server that is gone, and who asks
 * again shall have a fresh answer. But a name that hangs for ever must not take one thread after the other.
 */
static struct lookup *lookup_find(const struct resolve_query *query)
{
	struct lookup *last = NULL;
	int            abandoned = 0;
	for (struct list *i = lookups.next; i != &lookups; i = i->next) {
		struct lookup *l = list_entry(i, struct lookup, link);
		if (l->task.lost || !same_query(&l->query, query))
			continue;
		if (!list_empty(&l->jobs))
			return l;
		last = l;
		abandoned++;
	}
	return abandoned < MOST_ABANDONED ? NULL : last;
}

/* ---- Jobs ---- */

static void join(struct resolve_job *job, struct lookup *l)
{
	job->lookup = l;
	l->references++;
	list_push(&l->jobs, &job->link);
}

/* Called with the lock held. */
static int ask(struct resolve_job *job, const struct resolve_query *query)
{
	struct lookup *l = lookup_find(query);
	if (l) {
		join(job, l);
		threads_want(&l->task, true);
		return 0;
	}
	l = lookup_new(query);
	if (!l)
		return MQTTWILL_ENOMEM;
	l->task.run = lookup_run;
	l->task.finish = lookup_finish;
	l->references = 1;
	if (!threads_add(&l->task)) {
		lookup_release(l);
		return MQTTWILL_ESYSTEM;
	}
	list_push(&lookups, &l->link);
	join(job, l);
	return 0;
}

/* A number is its own answer: then there is a lookup that is done. */
static int ask_number(struct resolve_job *job, const struct resolve_query *query, bool *number)
{
	struct answer answer = {.code = 0};
	*number = lookup_number(query, &answer);
	if (!*number)
		return 0;
	struct lookup *l = lookup_new(query);
	if (!l) {
		free(answer.list);
		return MQTTWILL_ENOMEM;
	}
	l->answer = answer;
	l->done = true;
	join(job, l);
	if (job->fd >= 0)
		eventfd_write(job->fd, 1);
	return 0;
}

static int start(struct resolve_job **out, const struct resolve_query *query, int fd)
{
	bool                number = false;
	struct resolve_job *job = *out = calloc(1, sizeof *job);
	if (!job)
		return MQTTWILL_ENOMEM;
	job->fd = fd;
	int rc = ask_number(job, query, &number);
	if (rc == 0 && !number) {
		threads_lock();
		rc = ask(job, query);
		threads_unlock();
	}
	if (rc == 0)
		return 0;
	free(job);
	*out = NULL;
	return rc;
}

int resolve_start(struct resolve_job **out, const struct resolve_query *query)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*out = NULL;
	if (fd < 0)
		return MQTTWILL_ESYSTEM;
	int rc = start(out, query, fd);
	if (rc < 0)
		close(fd);
	return rc;
}

int resolve_start_part(struct resolve_job **out, const struct resolve_query *query)
{
	return start(out, query, -1);
}

int resolve_fd(const struct resolve_job *job)
{
	return job->fd;
}

bool resolve_done(struct resolve_job *job, int *error, struct addrinfo **list)
{
	threads_lock();
	bool done = job->lookup->done;
	threads_unlock();
	*error = done ? job->lookup->answer.code : 0;
	*list = done ? job->lookup->answer.list : NULL;
	return done;
}

void resolve_why(const struct resolve_job *job, const struct resolve_job *other, struct answer *answer)
{
	const struct answer *a = &job->lookup->answer, *b = other ? &other->lookup->answer : a;
	if (b->reason < a->reason) {
		const struct answer *less = b;
		b = a;
		a = less;
	}
	answer->list = NULL;
	answer->code = b->code;
	answer->reason = b->reason;
	if (a != b && a->reason == REASON_NO_ADDRESS && b->reason == REASON_NO_ADDRESS)
		snprintf(answer->why, sizeof answer->why, "the name has no address");
	else if (a->reason == REASON_NO_FAMILY && b->reason == REASON_NO_ADDRESS)
		snprintf(answer->why, sizeof answer->why, "%.70s, and %.70s", b->why, a->why);
	else
		snprintf(answer->why, sizeof answer->why, "%s", b->why);
}

int resolve_explain(const struct resolve_job *job, const struct resolve_job *other, struct pipe_error *error)
{
	struct answer answer;
	resolve_why(job, other, &answer);
	return pipe_fail(error, answer.code, "resolve %s: %s", job->lookup->query.host, answer.why);
}

/* Called with the lock held, when a job has gone. */
static void lose_interest(struct lookup *l)
{
	if (list_empty(&l->jobs) && !l->done) {
		if (l->task.lost || threads_withdraw(&l->task))
			l->references--; /* the thread's */
		else
			threads_want(&l->task, false);
		threads_notify(); /* it may wait for its parts */
	}
	lookup_release(l);
}

void resolve_drop(struct resolve_job *job)
{
	if (!job)
		return;
	threads_lock();
	list_remove(&job->link);
	lose_interest(job->lookup);
	threads_unlock();
	if (job->fd >= 0)
		close(job->fd);
	free(job);
}

/* ---- Parts of a lookup ---- */

static bool all_done(struct resolve_job *const *jobs, size_t n, bool *any)
{
	bool all = true;
	for (size_t i = 0; i < n; i++) {
		const struct lookup *l = jobs[i] ? jobs[i]->lookup : NULL;
		all &= !l || l->done;
		*any |= l && l->done && l->answer.list;
	}
	return all;
}

bool resolve_wait_parts(struct task *whole, struct resolve_job *const *jobs, size_t n, uint64_t grace_ms)
{
	uint64_t until = UINT64_MAX;
	bool     any = false, wanted;
	threads_lock();
	while ((wanted = !list_empty(&lookup_of(whole)->jobs)) && !all_done(jobs, n, &any)) {
		uint64_t now = threads_now();
		if (any && until == UINT64_MAX)
			until = now + grace_ms;
		if (now >= until)
			break;
		threads_rest(whole, any ? until : now + 60000);
	}
	threads_unlock();
	return wanted;
}
