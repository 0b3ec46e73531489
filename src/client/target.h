/* SPDX-License-Identifier: MIT */
/*
 * Where to connect to, and how. Only driver files look inside a net and a URL.
 */
#ifndef CLIENT_TARGET_H
#define CLIENT_TARGET_H

#include "base/bytes.h"
#include "client/client.h"

struct net;
struct url;

struct target {
	const char        *url;  /* the first server, and more: */
	const char *const *urls;
	size_t             url_count;
	const struct mqttwill_tls     *tls;     /* it and what it points to must outlive the net */
	const struct mqttwill_network *network; /* the same */
	uint32_t timeout_ms; /* for an attempt */
	uint32_t silent_ms;  /* how long a peer may be gone unnoticed */
};

/* 0, or an error with its sentence. On success target_free() frees it; NULL is fine. */
int  target_new(struct net **out, const struct target *target, struct client_error *error);
void target_free(struct net *net);

/* A server by its number, and user and password in its URL, absent where p is NULL. They live as long as the net. */
size_t            target_count(const struct net *net);
const struct url *target_server(const struct net *net, size_t server);
struct span       target_user(const struct net *net, size_t server);
struct span       target_password(const struct net *net, size_t server);

/* "mqtt://host:port", for people; always NUL-terminated. */
void target_name(const struct url *url, char *buf, size_t size);

/* The URL of a server by its number, from options: 0, and *url is the caller's, for target_free_url(); or an error with its sentence. */
int target_parse(const struct mqttwill_options *opt, size_t server, struct url **url, struct client_error *error);

/* User and password in it, absent where p is NULL; url may be NULL. */
struct span target_url_user(const struct url *url);
struct span target_url_password(const struct url *url);

/*
 * One Server Reference of n bytes, host[:port], from a broker at `from`: 0, and *url is the caller's, for target_free_url(); or an
 * error and what is wrong.
 */
int  target_reference(const struct url *from, const char *text, size_t n, struct url **url, const char **problem);
void target_free_url(struct url *url);

#endif
