/* SPDX-License-Identifier: MIT */
/*
 * Bugs about wills that brokers in the field have, or had, each to be imitated by name. A bug is one question, asked at the
 * one place where it would be made, so that the rest of the broker stays as it is when none is asked for.
 */
#ifndef BROKER_BUGS_H
#define BROKER_BUGS_H

#include <stdbool.h>
#include <stdint.h>

struct broker;
struct broker_link;
struct session;

#define BROKER_BUG_MAP(X)                                                                                              \
	X(B1, "a take-over with Clean Start 0 loses a will without delay, if the session outlives it")                 \
	X(B2, "a take-over with Clean Start 0 loses a delayed will, if the session ends with the connection")          \
	X(B3, "a take-over with Clean Start 0 publishes the delayed will that it should cancel")                       \
	X(B4, "Clean Start 1 loses the delayed will of the session that it ends")                                      \
	X(B5, "a take-over in 3.x loses the will")                                                                     \
	X(B6, "a return in time does not cancel the delayed will")                                                     \
	X(B7, "a will whose delay is longer than the session is never published")                                      \
	X(B8, "the delay is waited for though the session has ended with the connection")                              \
	X(B9, "the delay is ignored")                                                                                  \
	X(B10, "a DISCONNECT with any reason code deletes the will")                                                   \
	X(B11, "a DISCONNECT that breaks a rule deletes the will")                                                     \
	X(B12, "a DISCONNECT 0x00 does not delete the will")                                                           \
	X(B13, "the session expiry of a DISCONNECT is not checked, and not heeded")                                    \
	X(B14, "the keep-alive is not kept")                                                                           \
	X(B15, "a WebSocket that is closed in order, without DISCONNECT, deletes the will")                            \
	X(B16, "a retained will is not retained")                                                                      \
	X(B17, "a will is published without its properties")                                                           \
	X(B18, "a will above the limits that CONNACK announces is taken")                                              \
	X(B19, "a will is published where its client may not publish")                                                 \
	X(B20, "a restart that keeps the sessions loses their wills")                                                  \
	X(B21, "a client that breaks a rule, or tries what it may not, loses its will")                                \
	X(B22, "a take-over publishes the new connection's will, too")                                                 \
	X(B23, "of many clients that go at once some lose their wills")                                                                \
	X(B24, "after a take-over with Clean Start 1 the new connection receives nothing")                             \
	X(B25, "a session does not expire")                                                                            \
	X(B26, "a CONNECT with a malformed will is accepted")                                                          \
	X(B27, "at a take-over the old will is published late, behind what the new connection says")

enum broker_bug {
#define BROKER_BUG_ENUM(name, text) BROKER_##name,
	BROKER_BUG_MAP(BROKER_BUG_ENUM)
#undef BROKER_BUG_ENUM
	BROKER_BUGS
};

/* The bit of a bug's name in broker_options.bugs; 0: there is no such bug. */
uint32_t broker_bug(const char *name);

/* The name and the sentence of a bug. */
const char *broker_bug_name(enum broker_bug bug);
const char *broker_bug_text(enum broker_bug bug);

bool bug(const struct broker *b, enum broker_bug which);

/* The old connection of this session is about to be taken over. */
void bugs_at_takeover(struct session *old, bool clean_start, uint64_t now_ms);

/* The session is about to be ended by a CONNECT with Clean Start 1. */
void bugs_at_clean_start(struct session *old, uint64_t now_ms);

/* The will of a session that is resumed is about to be cancelled. True: it has been published instead. */
bool bugs_at_return(struct session *s, uint64_t now_ms);

/* The new connection has its will; `taken_over`: an old one had to go for it. */
void bugs_at_new_will(struct session *s, bool taken_over, uint64_t now_ms);

/* The broker has come back from a restart; this session is one that it knows. */
void bugs_at_restart(struct session *s, uint64_t now_ms);

/* The network connection ends, for this reason. */
void bugs_at_end(struct broker_link *l, uint8_t reason, uint64_t now_ms);

/* The client has broken a rule with a packet of this type. */
void bugs_at_fault(struct broker_link *l, uint8_t type, uint64_t now_ms);

#endif
