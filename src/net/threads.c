/* SPDX-License-Identifier: MIT */
/*
 * While tasks wait, one thread attends to them: it takes the first one as soon as it may be begun, and a new thread attends to the
 * rest. So there are never more threads than tasks that block, and one.
 */
#include "net/threads.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

enum { STACK_BYTES = 1 << 20 }; /* where all memory is locked the usual 8 MiB would be used up */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t  changed;  /* wakes the thread that attends */
	pthread_cond_t  notified; /* wakes the tasks that rest */
	struct list     waiting, running;
	int             threads;
	int             busy;     /* tasks that run, are wanted and do not rest */
	bool            attended;
	bool            ready;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- The lock, and forks ---- */

static void init_condition(pthread_cond_t *c)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
}

static void pool_begin(void)
{
	init_condition(&pool.changed);
	init_condition(&pool.notified);
	pool.threads = pool.busy = 0;
	pool.attended = false;
}

static void lose(struct list *tasks)
{
	for (struct list *l; (l = list_first(tasks));) {
		list_remove(l);
		list_entry(l, struct task, link)->lost = true;
	}
}

static void forget_in_child(void)
{
	pthread_mutex_init(&pool.lock, NULL);
	lose(&pool.waiting);
	lose(&pool.running);
	pool_begin();
}

static void lock_before_fork(void)
{
	pthread_mutex_lock(&pool.lock);
}

void threads_lock(void)
{
	pthread_mutex_lock(&pool.lock);
	if (pool.ready)
		return;
	list_init(&pool.waiting);
	list_init(&pool.running);
	pool_begin();
	pthread_atfork(lock_before_fork, threads_unlock, forget_in_child);
	pool.ready = true;
}

void threads_unlock(void)
{
	pthread_mutex_unlock(&pool.lock);
}

/* ---- Time ---- */

uint64_t threads_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wait_until(pthread_cond_t *c, uint64_t ms)
{
	const struct timespec at = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
	pthread_cond_timedwait(c, &pool.lock, &at);
}

/* ---- Threads ---- */

static void attend(void);

static void count(struct task *t)
{
	bool counts = t->running && t->wanted && !t->resting;
	pool.busy += counts - t->counts;
	t->counts = counts;
}

static struct task *first_waiting(void)
{
	struct list *l = list_first(&pool.waiting);
	return l ? list_entry(l, struct task, link) : NULL;
}

static bool may_begin(const struct task *t)
{
	return pool.busy < THREADS_EAGER || threads_now() >= t->since_ms + THREADS_PATIENCE_MS;
}

/* The task that this thread is to do, now or when it may be begun; NULL: none, or another thread attends to them. */
static struct task *next_task(bool attending)
{
	struct task *t;
	while ((t = first_waiting()) && !may_begin(t)) {
		if (pool.attended && !attending)
			return NULL;
		pool.attended = attending = true;
		wait_until(&pool.changed, t->since_ms + THREADS_PATIENCE_MS);
	}
	if (attending)
		pool.attended = false;
	if (t) {
		list_remove(&t->link);
		list_push(&pool.running, &t->link);
		t->running = true;
		count(t);
	}
	attend();
	return t;
}

static void *work(void *unused)
{
	struct task *t;
	(void)unused;
	threads_lock();
	for (bool new = true; (t = next_task(new)); new = false) {
		threads_unlock();
		t->run(t);
		threads_lock();
		t->running = false;
		count(t);
		list_remove(&t->link);
		t->finish(t);
	}
	pool.threads--;
	threads_unlock();
	return NULL;
}

/* The application's signals are not the thread's. */
static bool start_thread(void)
{
	pthread_t      thread;
	pthread_attr_t attr;
	sigset_t       all, old;
	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int failed = pthread_create(&thread, &attr, work, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return !failed;
}

/* Sees to it that a thread comes to the first task that waits. Without a new one the next that has done its task does. */
static void attend(void)
{
	if (!first_waiting())
		return;
	if (pool.attended) {
		if (may_begin(first_waiting()))
			pthread_cond_signal(&pool.changed);
	} else if (pool.threads < THREADS_MOST && start_thread()) {
		pool.attended = true;
		pool.threads++;
	}
}

/* ---- Tasks ---- */

bool threads_add(struct task *t)
{
	t->since_ms = threads_now();
	t->wanted = true;
	t->running = t->resting = t->counts = t->lost = false;
	list_push(&pool.waiting, &t->link);
	attend();
	if (pool.threads)
		return true;
	list_remove(&t->link);
	return false;
}

bool threads_withdraw(struct task *t)
{
	if (t->running || t->lost)
		return false;
	list_remove(&t->link);
	return true;
}

void threads_want(struct task *t, bool wanted)
{
	t->wanted = wanted;
	if (t->lost)
		return;
	count(t);
	attend();
}

void threads_rest(struct task *t, uint64_t until_ms)
{
	t->resting = true;
	count(t);
	attend();
	wait_until(&pool.notified, until_ms);
	t->resting = false;
	count(t);
}

void threads_notify(void)
{
	pthread_cond_broadcast(&pool.notified);
}
