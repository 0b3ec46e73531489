/* SPDX-License-Identifier: MIT */
/*
 * Enhanced authentication, the server's side [MQTT 5, 4.12]. The broker knows one method, its option auth_method:
 *
 * TEST: the broker says "1" and then "2"; each is answered with the password, a colon and what was said. What CONNECT brings
 * does not matter; the last word is "welcome".
 * SCRAM-SHA-256: RFC 7677, with a nonce that counts and 4,096 iterations. Not without OpenSSL.
 */
#ifndef BROKER_AUTH_H
#define BROKER_AUTH_H

#include "broker/core.h"

enum verdict { AUTH_BAD, AUTH_GOES_ON, AUTH_GOOD };

enum { AUTH_TEXT_MAX = 2048 };

/* One exchange: what was said so far, and what the broker says next. */
struct exchange {
	unsigned    round; /* 0: the client's first data */
	const char *user_name, *password;
	unsigned    nonce;
	char        out[AUTH_TEXT_MAX]; /* a C string: the data of AUTH or CONNACK */
	char        first[AUTH_TEXT_MAX]; /* client-first-message-bare and server-first-message */
};

struct auth {
	struct exchange exchange;
	bool            running;
	struct span     method;
	size_t          connect_len; /* 0: CONNACK was sent */
	uint8_t         bytes[]; /* method, then CONNECT */
};

/* A CONNECT that names the broker's method waits in l->packet: asks the client, or refuses it. */
void exchange_begin(struct broker_link *l, const struct packet *connect, uint64_t now_ms);

/* The method and the last data, for CONNACK. */
void auth_into_connack(const struct auth *a, struct props *p);

void on_auth(struct broker_link *l, const struct packet *pk, uint64_t now_ms);

/* scram.c: a round of SCRAM-SHA-256. */
enum verdict scram_round(struct exchange *x, struct span data);

#endif
