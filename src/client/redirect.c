/* SPDX-License-Identifier: MIT */
/*
 * Where the next attempt goes when a broker has named another server [MQTT 5, 4.11]: 0x9C sends away for one connection, 0x9D
 * for the client's life. Both lists are kept as they came; references are tried in their order.
 */
#include "client/redirect.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/internal.h"
#include "client/target.h"

const struct url *redirect_server(const struct client *c)
{
	const struct url *named = server_now(c)->redirect.url;
	return named ? named : target_server(c->config.net, c->servers.now);
}

static void forget_route(struct route *r)
{
	free(r->list);
	*r = (struct route){0};
}

static void forget_url(struct redirect *d)
{
	target_free_url(d->url);
	d->url = NULL;
}

void redirect_fini(struct redirect *d)
{
	forget_route(&d->away);
	forget_route(&d->moved);
	forget_url(d);
}

/* Uses the next reference that can be used. False: there is none; *problem says why, where it was one. */
static bool take_next(struct client *c, struct route *r, const char **problem)
{
	while (r->list && r->list[r->at]) {
		const char *from = r->list + r->at;
		size_t      n = strcspn(from, " ");
		struct url *url;
		r->at += n + (from[n] == ' ');
		if (n == 0 || target_reference(redirect_server(c), from, n, &url, problem) < 0)
			continue;
		forget_url(&server_now(c)->redirect);
		server_now(c)->redirect.url = url;
		version_forget(c);
		return true;
	}
	return false;
}

void redirect_home(struct client *c)
{
	struct redirect *d = &server_now(c)->redirect;
	const char      *problem;
	forget_route(&d->away);
	d->moved.at = 0;
	if (d->url)
		version_forget(c);
	if (!take_next(c, &d->moved, &problem))
		forget_url(d);
}

/* ---- A broker has named a server ---- */

static enum redirection add(struct client *c, enum redirection what, const char *reference, const char *format, const char *more)
{
	struct client_error said = *client_why(c);
	client_fail(c, said.code, format, said.text, reference, more);
	return what;
}

static bool copy_list(struct route *r, const char *reference)
{
	size_t n = strlen(reference) + 1;
	r->list = malloc(n);
	if (r->list)
		memcpy(r->list, reference, n);
	return r->list;
}

static enum redirection follow(struct client *c, const char *reference)
{
	struct redirect *d = &server_now(c)->redirect;
	struct route     fresh = {0};
	const char      *problem = "it is empty";
	if (!copy_list(&fresh, reference))
		problem = "there is no memory for it";
	if (!fresh.list || !take_next(c, &fresh, &problem)) {
		free(fresh.list);
		redirect_home(c);
		return add(c, REDIRECT_NO, reference, "%.150s; it names \"%.80s\", which cannot be followed: %s", problem);
	}
	forget_route(&d->away);
	if (c->reason_code == REASON_SERVER_MOVED)
		forget_route(&d->moved);
	*(c->reason_code == REASON_SERVER_MOVED ? &d->moved : &d->away) = fresh;
	d->hops++;
	return add(c, d->hops == 1 ? REDIRECT_AT_ONCE : REDIRECT_LATER, reference,
	           "%.150s; it names \"%.80s\", which is followed%s", d->hops == 1 ? "" : ", not at once, since it is not the first in a row");
}

static enum redirection named(struct client *c, const char *reference)
{
	struct redirect *d = &server_now(c)->redirect;
	if (c->config.redirect_maximum == 0)
		return add(c, REDIRECT_NO, reference, "%.150s; it names \"%.80s\", which is not followed%s", ": redirect_maximum is 0");
	if (d->hops < c->config.redirect_maximum)
		return follow(c, reference);
	redirect_fini(d);
	d->hops = 0;
	return add(c, REDIRECT_NO, reference, "%.150s; it names \"%.80s\", which is not followed%s",
	           ": there were redirect_maximum such in a row");
}

enum redirection redirect_lost(struct client *c, int error, bool was_up, const char *reference)
{
	struct redirect *d = &server_now(c)->redirect;
	const char      *problem;
	if (was_up && c->now_ms - c->up_at >= c->config.stable_ms)
		d->hops = 0;
	if (error == MQTTWILL_EMOVED && reference)
		return named(c, reference);
	struct route *r = d->away.list ? &d->away : &d->moved;
	if (!r->list || (was_up && r == &d->moved))
		return REDIRECT_NO;
	if (!was_up && take_next(c, r, &problem))
		return REDIRECT_NEXT;
	redirect_home(c);
	return REDIRECT_NO;
}
