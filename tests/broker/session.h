/* SPDX-License-Identifier: MIT */
/*
 * Sessions: what the broker knows of a client beyond one network connection [MQTT 5, 4.1]. A session ends at one place,
 * session_end(), which publishes the will that is still there.
 */
#ifndef BROKER_SESSION_H
#define BROKER_SESSION_H

#include "broker/core.h"

struct session *session_find(const struct broker *b, struct span client_id);

/* A new, empty session; NULL where there is no memory or no room. */
struct session *session_new(struct broker *b, struct span client_id);

/* A link has the session now; the session will not end while that holds. */
void session_attach(struct session *s, struct broker_link *l);

/* The link's network connection has ended, at T0. The will becomes due, and the session may have ended on return. */
void session_detach(struct session *s, uint64_t t0_ms);

/* When the session ends if its connection ends at t0_ms; UINT64_MAX: never. */
uint64_t session_end_ms(const struct session *s, uint64_t t0_ms);

/* The session ends now. It must not have a link. Frees it. */
void session_end(struct session *s, uint64_t now_ms);

/* Frees the session without a word, will included: the broker itself goes. */
void session_free(struct session *s);

#endif
