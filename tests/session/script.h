/* SPDX-License-Identifier: MIT */
/*
 * A session on a stage: scripted bytes go in, exact bytes and events must come out, time passes only when told. Each
 * test is run for every way of cutting the input, which is what its loop index says. A wrong expectation fails the test.
 *
 * Bytes are written as in support/bytes.h, and in two forms more: [ ] puts the Remaining Length before what it
 * encloses, and ~ stands for an empty property section, nothing before MQTT 5: "30 [0001 'a' ~ 'payload']".
 */
#ifndef SESSION_SCRIPT_H
#define SESSION_SCRIPT_H

#include "base/buf.h"
#include "session/session.h"
#include "support/bytes.h"
#include "support/dice.h"

enum {
	CUTS = 3,             /* whole, byte by byte, at random: the loop of a test at one level */
	EVERY_LEVEL = 3 * CUTS, /* the loop of a test at each level: script_level(_i) */
	ONLY_3X = 2 * CUTS,   /* the loop of a test at 3.1 and 3.1.1 */
	RECEIVE_MAXIMUM = 4,  /* the session's own, unless a test sets others */
	PACKET_MAXIMUM = 200,
	PING_AFTER_MS = 55000, /* of a keep-alive of 60 s */
	PING_TIMEOUT_MS = 10000
};

struct script {
	struct session_config config; /* script_open() uses what a test has put here after script_init() */
	struct session        session;
	struct flight         flight;
	struct session_event  event; /* the last one */
	uint64_t              now_ms;
	struct dice           dice;
	int                   cut;
	struct buf            input; /* not yet given to the session */
	struct bytes          chunk; /* given to it, and taken up to `at` */
	size_t                at;
	size_t                most_in; /* the most memory that the input buffer has had */
};

/* The level of a test's loop index. */
uint8_t script_level(int i);

void script_init(struct script *s, uint8_t level, int i);
void script_open(struct script *s);

/* CONNECT with these options, its bytes unchecked, and the CONNACK that answers it. */
void script_connect(struct script *s, uint16_t keep_alive, bool clean_start);
void script_greet(struct script *s, const char *connack);

/* All of that: the session is up, keep-alive 60 s, clean start. */
void script_up(struct script *s, uint8_t level, int i);

/* The connection is gone; what was in flight and the clock remain. The next is to be opened. */
void script_drop(struct script *s);

/* Ends the test: nothing may be left unsaid. */
void script_close(struct script *s);

/* Bytes from the broker, a printf format; they are fed when an event, or none, is expected. */
void script_in(struct script *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void script_in_bytes(struct script *s, const void *p, size_t n);

/* The next event, which must be of this type and error; input behind it waits. */
struct session_event *script_event(struct script *s, uint8_t type, int error);

/* All the input that is left gives no event. */
void script_quiet(struct script *s);

/* A PUBLISH must be next; it is accepted. */
void script_message(struct script *s, uint8_t qos, const char *payload);

/* The answer to `o` must be next; frees it. */
void script_done(struct script *s, struct outgoing *o, int error);

/* The session must fail over a fault of this reason, with DISCONNECT where the level has it, and be deaf from then. */
void script_fails(struct script *s, uint8_t reason);

/* The same, over any fault: its reason. */
uint8_t script_fails_somehow(struct script *s, const char *what);

/* The output is exactly this, and is taken; an empty format: there is none. */
void script_out(struct script *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes the output, whatever it is. */
void script_flush(struct script *s);

/* Time passes, and nothing becomes due in it. */
void script_pass(struct script *s, uint64_t ms);

/* Time passes up to the session's deadline, which must be then and not earlier; the tick must say `rc`. */
void script_due(struct script *s, uint64_t in_ms, int rc);

/* A message on topic "t", payload "m", or a request for filter "f" at QoS 1, that session_send() takes. */
struct outgoing *script_make(struct script *s, uint8_t type, uint8_t qos);
struct outgoing *script_send(struct script *s, uint8_t type, uint8_t qos);

#endif
