/* SPDX-License-Identifier: MIT */
/*
 * The client that applications hold: a client, presence if it was asked for, and the copies of what they passed in.
 */
#ifndef API_HANDLE_H
#define API_HANDLE_H

#include <mqttwill.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "client/client.h"
#include "client/target.h"
#include "presence/presence.h"
#include "wire/topic.h"

struct mqttwill {
	struct client   client;
	struct presence presence;
	struct net     *net;
	struct arena    arena;      /* of the options */
	struct arena    will_arena; /* of the will, which may be replaced */
	const struct mqttwill_will *will; /* the application's, in will_arena; NULL: it has given none */
	struct mqttwill_report *warnings; /* in the arena; NULL where there are none */
	mqttwill_will_fn  *will_fn;
	mqttwill_event_fn *event_fn;
	mqttwill_auth_fn  *auth_fn;
	struct scram     **scram; /* the method that is built in, for each server; NULL: auth_fn's, or none */
	void              *user;
	unsigned           forks;        /* how often the process had forked when the client was made */
	int                connect_error; /* for mqttwill_connect(): what will not mend itself */
	atomic_bool        woken;
	bool               has_presence;
	struct former_will *former; /* while an update is under way: to go back to where the broker refuses the new one */
};

struct former_will {
	struct arena                arena;
	const struct mqttwill_will *will; /* in the arena; NULL: there was none */
};

/* Everything is as in the options but checked, copied, and with its defaults. 0, or an error with its sentence. */
int options_check(const struct mqttwill_options *opt, struct client_error *error);
int options_apply(mqttwill *c, const struct mqttwill_options *opt, struct client_error *error);

/* Options of another size are read as far as both know them. MQTTWILL_EOPTION: they set what this library does not know. */
int options_read(struct mqttwill_options *out, const struct mqttwill_options *opt, size_t size, struct client_error *error);

/* options_network.c: TLS and the network. NULL for none, and where there is no memory. */
int network_check(const struct mqttwill_options *opt, struct client_error *error);
int network_check_urls(const struct mqttwill_options *opt, struct client_error *error);
const struct mqttwill_tls     *network_copy_tls(struct arena *a, const struct mqttwill_options *opt);
const struct mqttwill_network *network_copy(struct arena *a, const struct mqttwill_network *from);

/* Version 5, or AUTO, which begins with it. */
bool options_may_be_5(const struct mqttwill_options *opt);

/* The level to begin with. */
uint8_t options_level(const struct mqttwill_options *opt);

/* Formats an error; returns its code. */
int api_fail(struct client_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The sentence of a failed call that has no client, for this thread. */
struct client_error *api_thread_error(void);

/* The will of these options, from presence or as given; false where there is none. */
bool will_of_options(const struct mqttwill_options *opt, struct mqttwill_will *will);

/* Checks a will as mqttwill_new() does: 0, MQTTWILL_EWILL, or what is wrong with a URL, with its sentence. */
int will_check_options(const struct mqttwill_will *will, const struct mqttwill_options *opt,
                       const struct mqttwill_limits *limits, struct mqttwill_report *report, struct client_error *error);

/* The part of a client's configuration that is no copy: numbers, and pointers into the options. */
void options_config(const struct mqttwill_options *opt, struct client_config *g);

/* A deep copy in the arena; NULL where there is no memory. */
const struct mqttwill_will *will_keep(struct arena *a, const struct mqttwill_will *will);

/* The same for enhanced authentication. With SCRAM user and password do not go into CONNECT. */
int  auth_check(const struct mqttwill_options *opt, struct client_error *error);
int  auth_apply(mqttwill *c, const struct mqttwill_options *opt, struct client_config *g, struct client_error *error);
void auth_free(mqttwill *c);

/* User and password for a server: the options', or its URL's; absent where p is NULL. */
void options_credentials(const struct mqttwill_options *opt, const struct net *net, size_t server, struct span *user,
                         struct span *password);

/* The method and what is known of its data, for a CONNECT that is made for its size. */
void auth_outline(const struct mqttwill_options *opt, struct span user, struct client_config *g);

/* client_hooks.auth */
int hook_auth(void *owner, struct mqttwill_auth *step, const char **why);

/* The former will is not needed any more. */
void will_forget_former(mqttwill *c);

/* An update of the will is over; `dropped`: the former will is the client's again. */
void will_settled(mqttwill *c, bool dropped);

/* A deep copy; NULL for none, and where there is no memory. */
const struct mqttwill_user_property *api_copy_users(struct arena *a, const struct mqttwill_user_property *from, size_t count);

extern const struct client_hooks api_hooks;

/* MQTTWILL_ETOPIC with a sentence: what is wrong with a topic or a filter that `what` was given. */
int api_bad_topic(mqttwill *c, const char *what, const struct topic_fault *fault);

/* Is it a message that MQTT and this client's version allow? 0, or an error with its sentence. */
int api_check_message(mqttwill *c, const struct mqttwill_message *m);

/* 0, or MQTTWILL_EINVAL for NULL and MQTTWILL_ESTATE in a forked child. */
int handle_check(const mqttwill *c);

/* The same for calls that may wait, which callbacks may not. */
int handle_check_sync(mqttwill *c);

#endif
