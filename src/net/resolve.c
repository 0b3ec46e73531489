/* SPDX-License-Identifier: MIT */
/*
 * A worker takes jobs until there are none and ends. The pool's state is global and guarded by one lock; a forked child
 * begins with an empty one.
 */
#include "net/resolve.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/list.h"
#include "net/lookup.h"

enum { MAX_WORKERS = 4 };

struct resolve_job {
	struct list      link;
	struct resolve_query query;
	struct answer    answer;
	int              fd;
	int              references; /* the owner's and the worker's */
	bool             done;
	char             host[]; /* and the port behind it */
};

static struct {
	pthread_mutex_t lock;
	struct list     waiting;
	int             workers;
	bool            ready;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void pool_forget(void)
{
	pthread_mutex_init(&pool.lock, NULL);
	list_init(&pool.waiting);
	pool.workers = 0;
}

static void pool_prepare(void)
{
	pthread_mutex_lock(&pool.lock);
}

static void pool_release(void)
{
	pthread_mutex_unlock(&pool.lock);
}

/* Called with the lock held. */
static void pool_init(void)
{
	if (pool.ready)
		return;
	list_init(&pool.waiting);
	pthread_atfork(pool_prepare, pool_release, pool_forget);
	pool.ready = true;
}

/* Gives one reference back; called with the lock held, so that the last one is the last. */
static void job_release(struct resolve_job *job)
{
	if (--job->references)
		return;
	free(job->answer.list);
	close(job->fd);
	free(job);
}

static void job_finish(struct resolve_job *job)
{
	job->done = true;
	eventfd_write(job->fd, 1); /* cannot fail on a new one; the owner's deadline stands in any case */
	job_release(job);
}

static void *worker(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&pool.lock);
	for (struct list *l; (l = list_first(&pool.waiting));) {
		struct resolve_job *job = list_entry(l, struct resolve_job, link);
		list_remove(l);
		pthread_mutex_unlock(&pool.lock);
		lookup_name(&job->query, &job->answer);
		pthread_mutex_lock(&pool.lock);
		job_finish(job);
	}
	pool.workers--;
	pthread_mutex_unlock(&pool.lock);
	return NULL;
}

/* The application's signals are not the worker's. */
static int start_worker(void)
{
	pthread_t      thread;
	pthread_attr_t attr;
	sigset_t       all, old;
	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int failed = pthread_create(&thread, &attr, worker, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return failed;
}

/* Hands the job to the pool; false where there is no thread to be had. Called with the lock held. */
static bool enqueue(struct resolve_job *job)
{
	pool_init();
	job->references++;
	list_push(&pool.waiting, &job->link);
	if (pool.workers >= MAX_WORKERS)
		return true;
	if (start_worker() == 0) {
		pool.workers++;
		return true;
	}
	if (pool.workers)
		return true; /* one that runs will come to it */
	list_remove(&job->link);
	job->references--;
	return false;
}

static struct resolve_job *job_new(const struct resolve_query *query)
{
	size_t              host_size = strlen(query->host) + 1, port_size = strlen(query->port) + 1;
	struct resolve_job *job = calloc(1, sizeof *job + host_size + port_size);
	if (!job)
		return NULL;
	list_init(&job->link);
	job->references = 1;
	job->query = *query;
	job->query.host = memcpy(job->host, query->host, host_size);
	job->query.port = memcpy(job->host + host_size, query->port, port_size);
	job->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return job;
}

int resolve_start(struct resolve_job **out, const struct resolve_query *query)
{
	struct resolve_job *job = *out = job_new(query);
	if (!job)
		return MQTTWILL_ENOMEM;
	bool started = job->fd >= 0;
	bool number = started && lookup_number(&job->query, &job->answer);
	pthread_mutex_lock(&pool.lock);
	if (started && !number)
		started = enqueue(job);
	else
		job->done = true;
	pthread_mutex_unlock(&pool.lock);
	if (started)
		return 0;
	resolve_drop(job);
	*out = NULL;
	return MQTTWILL_ESYSTEM;
}

int resolve_fd(const struct resolve_job *job)
{
	return job->fd;
}

bool resolve_done(struct resolve_job *job, int *error, struct addrinfo **list)
{
	pthread_mutex_lock(&pool.lock);
	bool done = job->done;
	pthread_mutex_unlock(&pool.lock);
	*error = done ? job->answer.code : 0;
	*list = done ? job->answer.list : NULL;
	return done;
}

int resolve_explain(const struct resolve_job *job, const struct resolve_job *other, struct pipe_error *error)
{
	const struct answer *a = other && other->answer.reason > job->answer.reason ? &other->answer : &job->answer;
	if (other && job->answer.reason == REASON_NO_ADDRESS && other->answer.reason == REASON_NO_ADDRESS)
		return pipe_fail(error, a->code, "resolve %s: the name has no address", job->query.host);
	return pipe_fail(error, a->code, "resolve %s: %s", job->query.host, a->why);
}

void resolve_drop(struct resolve_job *job)
{
	if (!job)
		return;
	pthread_mutex_lock(&pool.lock);
	if (job->references == 2 && !list_empty(&job->link)) { /* no worker has begun it */
		list_remove(&job->link);
		job->references--;
	}
	job_release(job);
	pthread_mutex_unlock(&pool.lock);
}
