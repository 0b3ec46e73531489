/* SPDX-License-Identifier: MIT */
/*
 * Making and freeing a client, and the hooks by which it, presence and the application meet.
 */
#include "api/handle.h"

#include <pthread.h>
#include <stdlib.h>

#include "wire/will.h"

/* ---- Forks: the child must not write to its parent's connection ---- */

static unsigned       forks;
static pthread_once_t forks_once = PTHREAD_ONCE_INIT;

static void count_fork(void)
{
	forks++;
}

static void register_fork(void)
{
	pthread_atfork(NULL, NULL, count_fork);
}

int handle_check(const mqttwill *c)
{
	if (!c)
		return api_fail(api_thread_error(), MQTTWILL_EINVAL, "the client is NULL");
	return c->forks == forks ? 0 : MQTTWILL_ESTATE;
}

int handle_check_sync(mqttwill *c)
{
	int rc = handle_check(c);
	if (rc == 0 && c->client.in_step)
		return client_fail(&c->client, MQTTWILL_ESTATE, "a call that waits is not allowed inside a callback");
	return rc;
}

/* ---- Hooks ---- */

static int hook_will(void *owner, const struct mqttwill_attempt *attempt, struct mqttwill_will *will)
{
	mqttwill *c = owner;
	if (c->will)
		*will = *c->will;
	else if (c->has_presence)
		will_from_presence(c->presence.spec, will);
	if (!c->will_fn)
		return c->will || c->has_presence;
	int rc = c->will_fn(c->user, attempt, will);
	if (rc == 0 && !will->topic && c->has_presence)
		rc = MQTTWILL_EWILL; /* [W1] presence without a will would be a lie */
	return rc < 0 ? rc : will->topic != NULL;
}

static void hook_connacked(void *owner, size_t stale)
{
	mqttwill *c = owner;
	if (c->has_presence)
		presence_connacked(&c->presence, stale);
}

static void hook_presence_done(void *owner, const struct outgoing *o, int error)
{
	mqttwill *c = owner;
	if (c->has_presence)
		presence_done(&c->presence, o, error);
}

static bool hook_message(void *owner, const struct mqttwill_message *message)
{
	mqttwill *c = owner;
	return c->has_presence && presence_message(&c->presence, message);
}

static int hook_draining(void *owner)
{
	mqttwill *c = owner;
	return c->has_presence ? presence_draining(&c->presence) : 0;
}

static int hook_lost(void *owner, int error)
{
	mqttwill *c = owner;
	if (c->has_presence)
		return presence_lost(&c->presence, error);
	return error;
}

static void hook_will_settled(void *owner, bool dropped)
{
	will_settled(owner, dropped);
}

static void hook_tick(void *owner, uint64_t now_ms)
{
	mqttwill *c = owner;
	if (c->has_presence)
		presence_tick(&c->presence, now_ms);
}

static uint64_t hook_deadline(void *owner)
{
	const mqttwill *c = owner;
	return c->has_presence ? presence_deadline(&c->presence) : UINT64_MAX;
}

static void hook_event(void *owner, const struct mqttwill_event *event)
{
	mqttwill *c = owner;
	bool      hopeless = (event->type == MQTTWILL_RETRY || event->type == MQTTWILL_DOWN) && event->permanent;
	if (hopeless || (event->type == MQTTWILL_WILL && event->error == MQTTWILL_EBIRTH))
		c->connect_error = event->error;
	else if (event->type == MQTTWILL_UP)
		c->connect_error = 0;
	if (c->event_fn)
		c->event_fn(c, event, c->user);
}

const struct client_hooks api_hooks = {
	.will = hook_will,
	.auth = hook_auth,
	.connacked = hook_connacked,
	.presence_done = hook_presence_done,
	.message = hook_message,
	.draining = hook_draining,
	.lost = hook_lost,
	.will_settled = hook_will_settled,
	.tick = hook_tick,
	.deadline = hook_deadline,
	.event = hook_event,
};

/* ---- New and free ---- */

static void destroy(mqttwill *c)
{
	client_fini(&c->client);
	auth_free(c);
	target_free(c->net);
	arena_fini(&c->arena);
	arena_fini(&c->will_arena);
	will_forget_former(c);
	free(c);
}

static int keep_warnings(mqttwill *c, const struct mqttwill_report *report, struct client_error *error)
{
	if (report->count == 0)
		return 0;
	c->warnings = arena_copy(&c->arena, report, sizeof *report);
	return c->warnings ? 0 : api_fail(error, MQTTWILL_ENOMEM, "new: no memory for the warnings");
}

static int check_will(mqttwill *c, const struct mqttwill_options *opt, struct client_error *error)
{
	struct mqttwill_will   will = {0};
	struct mqttwill_report report;
	if (opt->will_fn || !will_of_options(opt, &will))
		return 0; /* a function's will is checked at each attempt */
	int rc = will_check_options(&will, opt, NULL, &report, error);
	if (rc < 0)
		return rc;
	c->will = opt->will ? will_keep(&c->will_arena, opt->will) : NULL;
	if (opt->will && !c->will)
		return api_fail(error, MQTTWILL_ENOMEM, "new: no memory for the will");
	return keep_warnings(c, &report, error);
}

static int build(mqttwill *c, const struct mqttwill_options *opt, struct client_error *error)
{
	int rc = options_check(opt, error);
	if (rc == 0)
		rc = check_will(c, opt, error);
	if (rc == 0)
		rc = options_apply(c, opt, error);
	if (rc < 0)
		return rc;
	c->will_fn = opt->will_fn;
	c->event_fn = opt->event_fn;
	c->user = opt->user;
	c->forks = forks;
	c->has_presence = opt->presence != NULL;
	if (c->has_presence)
		presence_init(&c->presence, c->client.config.presence, &c->client);
	return 0;
}

int mqttwill_new_sized(mqttwill **out, const struct mqttwill_options *opt, size_t size)
{
	struct client_error    *error = api_thread_error();
	struct mqttwill_options o;
	if (!out)
		return api_fail(error, MQTTWILL_EINVAL, "new: out is NULL");
	*out = NULL;
	if (!opt)
		return api_fail(error, MQTTWILL_EINVAL, "new: the options are NULL");
	int rc = options_read(&o, opt, size, error);
	if (rc < 0)
		return rc;
	pthread_once(&forks_once, register_fork);
	mqttwill *c = calloc(1, sizeof *c);
	if (!c)
		return api_fail(error, MQTTWILL_ENOMEM, "new: no memory for a client");
	client_prepare(&c->client);
	rc = build(c, &o, error);
	if (rc < 0)
		destroy(c);
	else
		*out = c;
	return rc;
}

void mqttwill_free(mqttwill *c)
{
	if (!c)
		return;
	if (c->forks != forks)
		client_forget(&c->client);
	else if (c->client.in_step) {
		c->client.doomed = true; /* mqttwill_step() frees it */
		return;
	}
	destroy(c);
}

int mqttwill_step(mqttwill *c)
{
	int rc = handle_check(c);
	if (rc < 0)
		return rc;
	rc = client_step(&c->client);
	if (rc == MQTTWILL_ECANCELED)
		destroy(c);
	return rc;
}

int mqttwill_start(mqttwill *c)
{
	int rc = handle_check(c);
	return rc < 0 ? rc : client_start(&c->client);
}

int mqttwill_close(mqttwill *c, const struct mqttwill_closing *how)
{
	int rc = handle_check(c);
	return rc < 0 ? rc : client_close(&c->client, how);
}

int mqttwill_fd(const mqttwill *c)
{
	return c ? c->client.epoll : MQTTWILL_EINVAL;
}

void mqttwill_wake(mqttwill *c)
{
	if (!c || c->forks != forks) /* the descriptor of a forked child is its parent's */
		return;
	atomic_store(&c->woken, true);
	client_wake(&c->client);
}

const struct mqttwill_report *mqttwill_warnings(const mqttwill *c)
{
	static const struct mqttwill_report none;
	return c && c->warnings ? c->warnings : &none;
}
