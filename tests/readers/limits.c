/* SPDX-License-Identifier: MIT */
/*
 * The table of limits is at the end; seen in mqtt-packet 9.0.2.
 */
#include "readers/limits.h"

typedef struct mqttwill_user_property user;

/* ---- CONNECT ---- */

static bool lacks_user_name(const struct packet *made, uint8_t level)
{
	(void)level;
	return made->type == PACKET_CONNECT && made->connect.password.p && !made->connect.user_name.p;
}

static void give_user_name(struct packet *made, struct arena *a)
{
	(void)a;
	made->connect.user_name = span_of("", 0);
}

static bool resumes_unnamed(const struct packet *made, uint8_t level)
{
	return made->type == PACKET_CONNECT && level != LEVEL_31 && made->connect.client_id.n == 0 &&
	       !made->connect.clean_start;
}

static void start_clean(struct packet *made, struct arena *a)
{
	(void)a;
	made->connect.clean_start = true;
}

static bool unnamed_in_31(const struct packet *made, uint8_t level)
{
	return made->type == PACKET_CONNECT && level == LEVEL_31 && made->connect.client_id.n == 0;
}

static void give_client_id(struct packet *made, struct arena *a)
{
	(void)a;
	made->connect.client_id = span_of("-", 1);
}

/* ---- DISCONNECT ---- */

static bool bad_method(const struct packet *made, uint8_t level)
{
	(void)level;
	return made->type == PACKET_DISCONNECT && made->reason == REASON_BAD_AUTH_METHOD;
}

static void be_unspecified(struct packet *made, struct arena *a)
{
	(void)a;
	made->reason = REASON_UNSPECIFIED;
}

/* ---- User properties ---- */

static int by_name(const user *a, const user *b)
{
	size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
	int    order = n ? memcmp(a->name, b->name, n) : 0;
	return order ? order : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

/* By insertion, which keeps the order of equal names. */
static void sort(user *users, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		user   u = users[i];
		size_t at = i;
		for (; at > 0 && by_name(&users[at - 1], &u) > 0; at--)
			users[at] = users[at - 1];
		users[at] = u;
	}
}

/* Of equal names that follow each other, leading empty values are overwritten by the next value. */
static size_t overwrite(user *users, size_t n)
{
	size_t kept = 0;
	bool   filled = false; /* the name at hand has a value that is not empty */
	for (size_t i = 0; i < n; i++) {
		bool same = kept && by_name(&users[kept - 1], &users[i]) == 0;
		if (same && !filled)
			kept--;
		filled = (same && filled) || users[i].value_len;
		users[kept++] = users[i];
	}
	return kept;
}

static void arrange(struct props *props, struct arena *a, bool lossy)
{
	size_t n = props->user ? props->user_count : 0;
	user  *users = arena_alloc(a, n * sizeof *users);
	if (n == 0 || !users)
		return;
	memcpy(users, props->user, n * sizeof *users);
	sort(users, n);
	props->user = users;
	props->user_count = lossy ? overwrite(users, n) : n;
}

static void arrange_all(struct packet *pk, struct arena *a, bool lossy)
{
	arrange(&pk->props, a, lossy);
	if (pk->type == PACKET_CONNECT && pk->connect.has_will)
		arrange(&pk->connect.will, a, lossy);
}

void users_sort(struct packet *pk, struct arena *a)
{
	arrange_all(pk, a, false);
}

static void keep_in_object(struct packet *made, struct arena *a)
{
	arrange_all(made, a, true);
}

static bool has_users(const struct packet *made, uint8_t level)
{
	return level == LEVEL_5 && ((made->props.user && made->props.user_count > 1) ||
	                            (made->type == PACKET_CONNECT && made->connect.will.user_count > 1));
}

/* ---- The table ---- */

const struct limit limits[LIMITS] = {
	{"Username is required to use password",
	 "it writes no password without a user name, which MQTT 5 allows (3.1.2.9): an empty user name is added",
	 lacks_user_name, give_user_name},
	{"clientId must be given if cleanSession set to 0",
	 "it resumes no session without a client id, which a server may allow: Clean Start is set", resumes_unnamed,
	 start_clean},
	{"clientId must be supplied before 3.1.1",
	 "it writes no empty client id in 3.1, which servers may take: the id \"-\" is given", unnamed_in_31, give_client_id},
	{"Invalid disconnect reason code",
	 "it does not know 0x8C in DISCONNECT, which 2.4 of MQTT 5 has and 3.14.2.1 has not: 0x80 is put in its place", bad_method,
	 be_unspecified},
};

const struct limit user_limit = {
	NULL,
	"it keeps user properties in an object: equal names come together, and an empty value is lost to the next of its name",
	has_users, keep_in_object,
};

const struct limit *limit_find(const char *said, const struct packet *made, uint8_t level)
{
	for (size_t i = 0; i < LIMITS; i++)
		if (!strcmp(limits[i].said, said) && limits[i].applies(made, level))
			return &limits[i];
	return NULL;
}
