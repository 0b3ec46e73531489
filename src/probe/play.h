/* SPDX-License-Identifier: MIT */
/*
 * Plays one scenario, sans-I/O: whoever has sockets, or a broker in the same process, is the world around it. Each play has
 * its own watcher, client ids and topics, ends with a control arm (the same watcher must see the will of a connection that
 * was reset, or nothing that it did not see counts), and cleans up after itself.
 */
#ifndef PROBE_PLAY_H
#define PROBE_PLAY_H

#include <mqttwill.h>

#include "base/buf.h"
#include "probe/scenario.h"
#include "wire/packet.h"

enum probe_verdict {
	PROBE_PASS,
	PROBE_FAIL,
	PROBE_POLICY,       /* brokers legitimately differ, and this one does */
	PROBE_INCONCLUSIVE, /* the control arm failed, or the broker did not let the scenario happen */
	PROBE_UNSUPPORTED,  /* it said so in CONNACK, or the caller gave no leave */
	PROBE_VERDICTS
};

/* What the broker is, as its CONNACKs have told; zero: nothing is known against it. */
struct probe_broker {
	uint8_t level;       /* the highest that it speaks */
	uint8_t maximum_qos; /* 2 unless it said less */
	bool    no_retain;
	bool    no_31, no_311; /* it does not speak them */
};

struct probe_settings {
	const char *prefix; /* of topics: "mqttwill-probe/7f3a21" */
	const char *name;   /* of client ids, at most PROBE_NAME_MAX bytes: "mw7f3a21" */
	struct span user_name, password;
	const char *denied_topic; /* NULL: not known */
	uint32_t    tolerance_ms; /* how late a broker may be */
	uint32_t    answer_ms;    /* how long an answer may take */
	uint32_t    grace_ms;     /* how much longer to watch behind the last that is due */
	unsigned    load;         /* how many devices ACT_LOAD plays */
	struct probe_broker broker;
};

/* What was seen, in the order in which it came. */
struct probe_seen {
	uint64_t at_ms; /* since the play began */
	uint64_t message_expiry; /* S(n) */
	uint8_t  who;
	uint8_t  qos;
	bool     retain, dup, properties, other_properties;
	char     payload[24]; /* cut where it is longer; a message that is no will of this play ends in "?" */
};

enum { PROBE_SEEN = 24, PROBE_TEXT = 320 };

struct probe_result {
	const struct probe_scenario *scenario;
	uint8_t           verdict; /* enum probe_verdict */
	uint64_t          mark_ms, end_ms; /* since the play began */
	uint64_t          due_ms[PROBE_SIGHTS]; /* of each sight, after the mark, as CONNACK has it */
	size_t            seen_count;
	struct probe_seen seen[PROBE_SEEN];
	char              text[PROBE_TEXT]; /* one sentence: what was seen against what was due */
	int               error; /* MQTTWILL_E... where the watcher could not come in; 0 */
};

struct probe_actor {
	void       *connection; /* the world's */
	struct play *play;
	struct buf  in;
	uint16_t    last_id;
	unsigned    number;        /* of a churner's device */
	uint16_t    held_id;       /* of the last PUBLISH that is not acknowledged */
	bool        holds;         /* acknowledges nothing */
	uint8_t     who, level;
	bool        opening, open; /* a network connection is there, or on its way */
	bool        was_open;      /* it was there at some time */
	bool        closed;        /* the broker has ended it */
	bool        answered;      /* CONNACK came, or SUBACK, or PUBACK: what a step waits for */
	bool        silent;
	bool        session_present;
	uint8_t     code;          /* of CONNACK or DISCONNECT */
};

/* The world. `open` is answered by play_opened(), or by play_closed() where nothing came of it. */
struct probe_world {
	void (*open)(void *world, struct probe_actor *a);
	void (*send)(void *world, struct probe_actor *a, const void *bytes, size_t n);
	void (*close)(void *world, struct probe_actor *a, bool reset);
	/* Begins a restart of the broker; play_restarted() tells how it ended. May be NULL. */
	void (*restart)(void *world, struct play *p);
};

enum play_phase { PLAY_BEGIN, PLAY_SUBSCRIBE, PLAY_STEPS, PLAY_WATCH, PLAY_CONTROL, PLAY_CLEAN, PLAY_OVER };

enum { PROBE_CONTROL = PROBE_ACTORS, PROBE_CLEANER, PROBE_CHURNER, PROBE_PLAYERS };

struct play {
	const struct probe_scenario *scenario;
	const struct probe_settings *settings;
	const struct probe_world    *world;
	void                        *owner; /* of the world */
	struct probe_result          result;
	struct probe_actor           actors[PROBE_PLAYERS];
	uint64_t began_ms, now_ms;
	uint64_t due_ms;    /* of the phase, or of the step: when it is given up, or begins */
	uint64_t last_ms;   /* PLAY_WATCH: the end */
	uint64_t retry_ms;  /* ACT_RESTART: when to try again at the earliest */
	uint64_t due_correction_ms; /* what CONNACK changed */
	bool     has_correction;
	size_t   step;
	uint8_t  phase;
	bool     acted;     /* the step has been taken, and waits for its answer */
	bool     control;   /* the watcher saw the control arm's will */
	bool     refused;   /* ACT_TRY was */
	bool     restarting; /* the broker is being restarted */
	struct load *load;  /* ACT_LOAD's; or NULL */
	bool     judged;
	char     topic[128]; /* PREFIX/ID; the will's is below it */
	char     fault[120]; /* a rule that the broker broke towards us */
	char     trouble[120]; /* why the last network connection failed; the world's words */
	int      trouble_error; /* and its MQTTWILL_E... */
	struct probe_broker told; /* what the watcher's CONNACK said */
};

/* UNSUPPORTED with its reason in *result, without a play; or true: it can be played. */
bool play_possible(const struct probe_scenario *s, const struct probe_settings *settings, uint32_t offers, struct probe_result *result);

void play_begin(struct play *p, const struct probe_scenario *s, const struct probe_settings *settings,
                const struct probe_world *world, void *owner, uint64_t now_ms);
void play_fini(struct play *p);

void play_opened(struct probe_actor *a, uint64_t now_ms);
void play_bytes(struct probe_actor *a, const uint8_t *bytes, size_t n, uint64_t now_ms);
void play_closed(struct probe_actor *a, uint64_t now_ms);
void play_restarted(struct play *p, bool well, uint64_t now_ms);
void play_tick(struct play *p, uint64_t now_ms);

/* When to tick next at the latest; UINT64_MAX: the play is over. */
uint64_t play_deadline(const struct play *p);

static inline bool play_is_over(const struct play *p)
{
	return p->phase == PLAY_OVER;
}

/* "PASS" */
const char *probe_verdict_name(uint8_t verdict);

#endif
