/* SPDX-License-Identifier: MIT */
/*
 * Whom the tests of names ask: a desk, which is the application's own lookup, counts what it is asked, and answers when it is let go;
 * and names that end in .made-up, of which the system says what the test wants.
 */
#ifndef NET_DESK_H
#define NET_DESK_H

#include <check.h>
#include <netdb.h>
#include <semaphore.h>
#include <signal.h>

#include "net/resolve.h"

enum { PATIENCE_MS = 20000 };

/* ---- Jobs ---- */

struct resolve_job *ask(const struct resolve_query *query);

/* Waits until it is done. */
struct addrinfo *finish(struct resolve_job *job, int *error);
bool             is_done(struct resolve_job *job);

/* "ADDRESS ADDRESS..." of a list. */
const char *texts(const struct addrinfo *list);

/* Waits for the job, which gets this list, and drops it. */
void is_answered(struct resolve_job *job, const char *list);

/* How many threads this process has; and waits until there are no more. */
int  threads(void);
void await_threads(int most);

/* ---- The application's own lookup ---- */

struct desk {
	sem_t       begun, go, gone;
	_Atomic int calls;
	int         result;  /* what is returned; 0: the number of texts */
	bool        waits;   /* until it is let go; but not about hosts called good... */
	bool        starved; /* the memory ends when it has answered */
	sigset_t    blocked;
	const char *texts[70];
};

void                 desk_open(struct desk *d, bool waits, const char *text);
void                 desk_await(struct desk *d, int calls); /* until so many more have begun */
void                 desk_let_go(struct desk *d, int n);
void                 desk_close(struct desk *d); /* waits until nobody is at it */
struct resolve_query at_desk(struct desk *d, const char *host);
struct resolve_job  *ask_desk(struct desk *d, const char *host);

/* ---- The system ---- */

/*
 * What getaddrinfo() says of a name; errno where that is EAI_SYSTEM; and of two names more: six.made-up has an IPv6 address only, about
 * the IPv6 address of silent.made-up nobody answers, and it has no other.
 */
struct system_answer {
	const char *host;
	int         error, system_error, code;
	const char *sentence;
};
extern const struct system_answer system_answers[];
extern const int                  system_answer_count;

/* Has this machine addresses of IPv4 alone? */
extern _Atomic bool only_ipv4;

/* The monotonic clock stands still at this; 0: it runs. */
extern _Atomic uint64_t frozen_ms;

#endif
