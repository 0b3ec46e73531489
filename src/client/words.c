/* SPDX-License-Identifier: MIT */
/*
 * What the broker says beside its reason codes: in the packet's own bytes while the packet is at hand, as a copy where an
 * event comes later. Without memory words are left out; what they are about is told all the same.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "client/internal.h"

bool users_take(struct user_list *list, struct props *p)
{
	list->p = list->few;
	list->count = p->has & HAS(USER) ? p->user_count : 0;
	if (list->count > FEW_USERS)
		list->p = calloc(list->count, sizeof *list->p);
	if (list->p && list->count)
		props_take_users(p, list->p);
	return list->p;
}

void users_free(struct user_list *list)
{
	if (list->p != list->few)
		free(list->p);
}

void words_take(struct user_list *users, struct props *p, struct mqttwill_event *ev)
{
	if (users_take(users, p) && users->count) {
		ev->user_properties = users->p;
		ev->user_property_count = users->count;
	}
	if (p->has & HAS(REASON_STRING))
		ev->reason_string = span_terminate(&p->reason_string);
	if (p->has & HAS(SERVER_REFERENCE))
		ev->server_reference = span_terminate(&p->server_reference);
}

/* ---- Copies ---- */

struct words {
	struct arena arena;
	const char  *reason_string, *server_reference;
	struct mqttwill_user_property *users;
	size_t       user_count;
};

static void copy_users(struct words *w, const struct props *p)
{
	struct span                    raw = span_of(arena_copy(&w->arena, p->raw.p, p->raw.n), p->raw.n);
	struct mqttwill_user_property *users = arena_alloc(&w->arena, p->user_count * sizeof *users);
	struct props                   copy = {.raw = raw};
	if (w->arena.failed)
		return;
	props_take_users(&copy, users);
	w->users = users;
	w->user_count = p->user_count;
}

struct words *words_keep(const struct props *p)
{
	struct words *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	if (p->has & HAS(REASON_STRING))
		w->reason_string = arena_copy(&w->arena, p->reason_string.p, p->reason_string.n);
	if (p->has & HAS(SERVER_REFERENCE))
		w->server_reference = arena_copy(&w->arena, p->server_reference.p, p->server_reference.n);
	if (p->user_count)
		copy_users(w, p);
	return w;
}

void words_free(struct words *w)
{
	if (w)
		arena_fini(&w->arena);
	free(w);
}

void words_tell(const struct words *w, struct mqttwill_event *ev)
{
	if (!w)
		return;
	ev->reason_string = w->reason_string;
	ev->server_reference = w->server_reference;
	ev->user_properties = w->users;
	ev->user_property_count = w->user_count;
}

const char *words_reason(const struct words *w)
{
	return w ? w->reason_string : NULL;
}

const char *words_server(const struct words *w)
{
	return w ? w->server_reference : NULL;
}

/* ---- NOTE ---- */

void words_note(struct client *c, struct packet *pk, int64_t token)
{
	struct mqttwill_event ev = {
		.type = MQTTWILL_NOTE,
		.packet_type = pk->type,
		.reason_code = pk->reason,
		.token = token,
	};
	struct user_list users;
	words_take(&users, &pk->props, &ev);
	client_emit(c, &ev);
	users_free(&users);
}
