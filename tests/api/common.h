/* SPDX-License-Identifier: MIT */
/*
 * What the programs against the public API share. They know <mqttwill.h> and nothing else of the library. Each says
 * "ok - sentence" or "not ok - sentence", and exits with report().
 */
#ifndef API_COMMON_H
#define API_COMMON_H

#include <mqttwill.h>

/* One verdict: the sentence, and where it does not hold what was seen. Returns `holds`. */
bool check(bool holds, const char *sentence, const char *seen, ...) __attribute__((format(printf, 3, 4)));

/* The same about a return value. */
bool check_rc(const mqttwill *c, int64_t rc, int64_t wanted, const char *sentence);

void skip(const char *sentence, const char *reason);

/* The exit code: 0 where every check held. */
int report(void);

/* Ends the program where it cannot go on. */
void need(const mqttwill *c, int64_t rc, const char *what);

uint64_t now_ms(void);

/* "ONLINE", "DOWN", ... */
const char *event_name(uint32_t type);

/* What a client was told; `user` of the options. Message payloads are compared, not kept. */
struct seen {
	unsigned count[16]; /* by event type */
	int      last_error[16];
	int64_t  last_token;
	uint32_t last_left, last_will_due_s, last_retry_ms;
};

void see(mqttwill *c, const struct mqttwill_event *event, void *user);

/* A client that tells `seen`, with a name of its own for this process: "NAME-PID". */
mqttwill *new_client(const char *url, const char *name, const struct mqttwill_presence *presence, struct seen *seen);

/* Serves until *what is at least `wanted`; false when the time is over. */
bool serve_until(mqttwill *c, const unsigned *what, unsigned wanted, uint32_t time_ms);

#endif
