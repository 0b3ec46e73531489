/* SPDX-License-Identifier: MIT */
/*
 * A stage for clients: the public calls run over lines in memory and a clock that moves only when told. On the other side
 * is the broker stub, or the test itself, which expects bytes and sends bytes. After every scene the stage asserts that no
 * wake-up was lost, and at the end that every token had its one DONE.
 */
#ifndef CLIENT_STAGE_H
#define CLIENT_STAGE_H

#include <mqttwill.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/handle.h"
#include "broker/broker.h"
#include "client/fake.h"
#include "client/line.h"
#include "support/dice.h"

enum { DEVICES = 3, TOKENS = 2048, LOG_SIZE = 16 * 1024 };

enum chance { CHANCE_DICE, CHANCE_LOWEST, CHANCE_HIGHEST };

/* An application with its client. */
struct device {
	mqttwill               *c;             /* NULL: freed */
	char                    log[LOG_SIZE]; /* its events, in short words */
	size_t                  log_len;
	char                    text[400]; /* of the last event with an error */
	struct mqttwill_event   last;      /* the last event but DONE; its pointers are dead */
	struct mqttwill_connack connack;   /* of the last UP; its pointers are dead */
	int64_t                 tokens[TOKENS];
	uint8_t                 done[TOKENS];   /* how often each was told */
	bool                    wanted[TOKENS]; /* is to be told */
	size_t                  token_count;
	void (*on_event)(struct device *d, const struct mqttwill_event *ev); /* the test's own, after the log */
	bool taken, woken;
	bool was_closed;
};

struct stage {
	uint64_t       now_ms;
	int            mode;        /* enum line_mode */
	int            chance;      /* enum chance */
	uint8_t        next_open;   /* enum line_open */
	const char    *dead_hosts;  /* which refuse every connection, with spaces between them; NULL: none does */
	unsigned       turns;       /* of settling, since the beginning */
	unsigned       cut_at;      /* at this turn the line `cut` breaks on both ends; 0: never */
	size_t         cut;
	bool           synchronous; /* a call that waits is being tested: it turns the stage */
	struct dice    dice;
	struct broker *broker; /* NULL: the test is the peer */
	char           broker_log[LOG_SIZE];
	size_t         broker_log_len;
	struct device  devices[DEVICES];
	long           fail_at;     /* which allocation of the library's fails; 0: none */
	long           allocations; /* so far */
	bool           refused;     /* has one been? */
	bool           counts;      /* the library's allocations are counted, and none fails */
};

extern struct stage stage;

/* ---- The play ---- */

/* Begins with an empty stage; the mode is a loop test's _i. */
void stage_begin(int mode);

/* From now on the broker stub answers; options may be NULL, their observer is the stage's. */
void stage_broker(const struct broker_options *options);

/* Frees what is left and asserts what must hold at the end. */
void stage_end(void);

/* Serves everybody until nobody has anything to do, and asserts that nobody sleeps over something. */
void stage_settle(void);

/* Moves the clock, deadline by deadline. */
void stage_pass(uint64_t ms);

/* For a call that waits: bytes are exchanged, and where nothing is due the clock moves a little. */
void stage_turn(void);

/* Around every call of the library's: only its own allocations are counted, and may fail. */
void stage_enter(void);
void stage_leave(void);

/* ---- The application ---- */

/* Makes a client whose events are logged. The options' event_fn and user are the stage's. */
struct device *device_new(const struct mqttwill_options *opt);

/* The same, started and settled. */
struct device *device_start(const struct mqttwill_options *opt);
void           device_free(struct device *d);

/* Publishes at this QoS, or fails the test; the token's one DONE is checked at the end. */
int64_t device_publish(struct device *d, const char *topic, const char *text, uint8_t qos);
int64_t device_subscribe(struct device *d, const char *filter, uint8_t qos);

/* A token whose one DONE is to be checked. */
int64_t device_token(struct device *d, int64_t token, bool wanted);
void    device_close(struct device *d, uint32_t goodbye);

/* The events since the last look are these words: "UP ONLINE DONE(1) DOWN:ELOST". Settles first. */
#define expect_events(d, words) expect_words(__LINE__, (d), (words))
void expect_words(int line, struct device *d, const char *words);

/* The last event with an error said this. */
void expect_text(struct device *d, const char *part);

/* How often a word stands in the log since the last look. */
unsigned device_count(struct device *d, const char *word);

/* ---- The peer, where the test plays it ---- */

/* What the client wrote on its latest line since the last look is exactly this, in support/bytes.h's notation. */
#define expect_bytes(hex) expect_hex(__LINE__, (hex))
void expect_hex(int line, const char *hex);

/* The same on the nth line. */
#define expect_bytes_on(n, hex) expect_hex_on(__LINE__, (n), (hex))
void expect_hex_on(int line, size_t n, const char *hex);

/* To the client, which is then served. */
void peer_says(const char *hex);
void peer_says_on(size_t n, const char *hex);
void peer_closes(void);
void peer_resets(void);

/* The client has closed its latest line. */
#define expect_closed() ck_assert_msg((stage_settle(), stage_line()->closed), "the client has not closed the line")

/* The latest line. */
struct line *stage_line(void);

/* ---- What the broker stub saw ---- */

/* Does its log hold such a line? It is searched for as a part of a line. */
bool     broker_saw(const char *part);
unsigned broker_saw_times(const char *part);
void     broker_log_clear(void);

/* The latest line, or this one, breaks on both ends. */
void cut_line(void);
void line_cut(struct line *l);

#endif
