/* SPDX-License-Identifier: MIT */
/*
 * A world of devices and one broker over a bad network, in virtual time, from one seed: real clients (src/client, presence,
 * api) with the fake pipe and clock of tests/client, and the broker stub. What must be true is checked where it happens,
 * and a breach ends the program with the seed that shows it again.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <mqttwill.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/handle.h"
#include "broker/broker.h"
#include "client/fake.h"
#include "client/line.h"
#include "support/alloc.h"
#include "support/dice.h"
#include "wire/packet.h"

enum {
	CREW = 4,        /* devices of a world */
	PROCS = 2,       /* processes of a device: itself, and at times a twin with the same client id */
	CABLES = 48,
	WORLD_DAYS = 5,
	PIPE = 16 * 1024, /* bytes that a network connection holds in each direction */
	SEGMENTS = 32,
	PACKET_LARGEST = 4096,
	LETTERS = 256,  /* of a process, remembered at a time */
	IN_FLIGHT = 64,
	ALIASES = 8, /* the broker announces less */
	KEEP_ALIVE_S = 60,
	CLOSE_MS = 5000,
	BACK_OFF_MS = 60000
};

#define NEVER UINT64_MAX
#define MINUTE UINT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* ---- The network (cable.c) ------------------------------------------------------------------------------------------ */

/* Packets in a stream of bytes. */
struct stream {
	uint8_t part[PACKET_LARGEST];
	size_t  len;
	uint8_t level;
	bool    over; /* what follows is nobody's concern */
};

enum end { END_NONE, END_CLOSE, END_RESET };

/* One way. */
struct way {
	uint8_t  bytes[PIPE];
	size_t   head, len;
	struct {
		uint64_t at;
		size_t   n;
	} segments[SEGMENTS];
	size_t   first, count;
	uint64_t written, taken;
	uint64_t cut_at;      /* the connection breaks when so many bytes were taken; NEVER: it does not */
	uint64_t stall_until; /* nothing arrives before; NEVER: it is dead */
	uint64_t last_at;
	uint64_t end_at;
	uint32_t window; /* bytes it holds now */
	uint8_t  end;    /* enum end, behind the last byte */
	struct stream in, out; /* as they are written, and as they arrive */
};

struct cable {
	struct line line; /* what the client knows of it; its buffers are not used */
	bool        taken;
	struct way  up, down;
	struct proc *proc; /* NULL: the process is gone */
	struct dev  *dev;
	struct broker_link *link; /* NULL: not yet, or not any more */
	size_t   out_seen; /* bytes of the broker's output that the model has read */
	uint64_t break_at; /* the client sees it broken; NEVER */
	uint32_t latency_ms, jitter_ms;
	bool     accepted, shut; /* by the broker */
	bool     lost;    /* ... which is to be told that it has gone */
	bool     touchy;  /* gone for the broker: bytes of the client's are answered by a reset */
	bool     chunky;
	int      cut_kind; /* the fault that cut_at is */
	/* watch.c */
	bool clean;
	struct {
		bool     clean, has_will;
		uint32_t delay_s, expiry_s, keep_alive_s;
	} asked; /* model.c: CONNECT, as it arrived */
	struct {
		bool     greeted, accepted, resumed, v5, said_birth, said_goodbye, goodbye_heard, disconnected;
		uint8_t  level, goodbye_qos;
		uint16_t goodbye_id;
		uint32_t pings_out, pings_in, goodbye_pings; /* PINGREQs when the goodbye was written */
		size_t   stale;           /* the status's own in flight, at CONNACK, as far as they were seen */
		size_t   again;           /* of them, and of those that had not left: sent again */
		uint16_t early;           /* sent again before the birth, which takes two that are stale; 0: none */
		bool     truth_due;       /* an old status was sent again: the truth has to follow */
		uint64_t births[8];       /* the last ones, by the process's clock */
		size_t   birth_count;
		bool     piled; /* the connection took nothing: the next statement is as old as it likes */
		bool     alias_is_status[ALIASES];
	} watch;
};

void   cable_tick(void);          /* moves what is due; sets sim.moved */
uint64_t cable_next(void);
void   cable_hang_up(struct cable *l, bool seen_by_client); /* the broker's end goes now */
void   cable_break(struct cable *l, bool at_client, bool at_broker);
bool   cable_is_sound(const struct cable *l);
void   stream_feed(struct stream *s, const uint8_t *bytes, size_t n, void (*fn)(struct cable *l, const struct packet *pk),
                   struct cable *l, enum side from);

/* ---- Devices (proc.c) ----------------------------------------------------------------------------------------------- */

struct letter {
	int64_t  token;
	uint32_t seq;
	uint32_t arrived;  /* how often the broker published it */
	uint32_t session;  /* the broker's session in which it did first */
	uint32_t twins;    /* dev->twins when it was written */
	uint8_t  qos;
	bool     done;
	bool     alone; /* dev_is_alone() when it was written */
};

struct proc {
	mqttwill   *c; /* NULL: there is none */
	struct dev *dev;
	uint32_t    serial; /* in the world, from 1 */
	uint32_t    heritage; /* up to this session of the broker's an earlier process may have left QoS 2 halfway there */
	bool        woken, closing, closed, up, online;
	uint8_t     goodbye;
	int64_t     lag_ms;       /* its clock stands back so much */
	uint64_t    frozen_until; /* 0: it runs */
	bool        clock_stands; /* ... and so does its clock */
	uint64_t    frozen_at;
	uint64_t    ends_at;      /* a twin's end */
	uint32_t    next_seq;
	struct letter letters[LETTERS];
	uint32_t    last_seq[3];  /* of the letters that came first, by QoS */
	/* watch.c: what is in flight, in the order of first sending */
	struct shot {
		uint32_t seq; /* 0: status */
		uint16_t id;
		bool     released, status;
		bool     old;  /* of an earlier connection */
		bool     seen; /* it was sent on this one */
	} flight[IN_FLIGHT];
	size_t   flight_count;
	uint64_t mail[16]; /* bits of QoS 2 messages that came, by number modulo */
	struct alloc_bytes memory;
};

/* One message to a device, at QoS 1 or 2, that the broker owes it. */
struct mail {
	uint32_t number;
	uint64_t since;
};

struct dev {
	char     id[16], status[32], data[32], mail_topic[32];
	struct mqttwill_presence presence;
	struct mqttwill_options  options;
	struct proc procs[PROCS];
	uint64_t next_fault, next_say, next_mail, restart_at, hang_until;
	uint32_t mail_number;
	uint32_t twins;        /* how often one came or went */
	uint32_t twin_session; /* the broker's last one in which there was a twin */
	struct mail owed[64];
	size_t   owed_count;
	/* model.c */
	struct {
		struct cable *on; /* the connection; NULL */
		bool     session, has_will, waits, subscribed;
		uint32_t delay_s, expiry_s, number, keep_alive_s;
		uint64_t silent_at, due, end;
		bool     presumed; /* it began anew, and MQTT 3.1 has no Session Present to say so: the client goes on with an older one */
	} model;
	/* truth.c */
	struct mqttwill_terms terms; /* of the last connection */
	uint8_t  shown;              /* enum shown */
	uint64_t gone_since, live_since, shown_since;
	uint32_t lies;           /* so often the next statements will be answered with a lie */
	uint64_t heard_at; /* when the last packet came */
	bool     unarmed; /* a restarted process has ended its forerunner's session, and has none of its own yet */
	bool     silent;  /* it left without a word, as it was told to */
};

enum shown { SHOWN_NOTHING, SHOWN_ONLINE, SHOWN_OFFLINE };

void  dev_roll(struct dev *d, size_t nth);
struct proc *proc_start(struct dev *d);
void  proc_free(struct proc *p); /* as a crash does */
void  proc_close(struct proc *p, uint32_t goodbye);
void  proc_tick(void);
uint64_t proc_next(void);
void  proc_published(struct dev *d, const struct broker_event *ev);
uint64_t proc_clock(const struct proc *p);

/* No twin is there, and none was in the broker's session: two clients in one session are promised nothing about messages. */
bool dev_is_alone(const struct dev *d);

/* ---- Checks --------------------------------------------------------------------------------------------------------- */

/* watch.c: the client's bytes [W1] [W2] [W3] [W4] */
void watch_wrote(struct cable *l, const struct packet *pk);
void watch_read(struct cable *l, const struct packet *pk);

/* model.c: when the will is published, from what the network brought to the broker */
enum will_act { ACT_DUE, ACT_PUBLISHED, ACT_CANCELLED, ACT_DELETED };
void model_read(struct cable *l, const struct packet *pk);
void model_said(struct cable *l, const struct packet *pk);
void model_tick(void);
void model_gone(struct cable *l); /* the broker's end has gone */
void model_forget(void);          /* the broker has lost its memory */
void model_remove(struct dev *d);
void model_shut_down(void);
void model_saw(struct dev *d, enum will_act act, uint64_t due_ms);
void model_compare(void);

/* truth.c: what a reader of every status sees */
void truth_begin(void);
void truth_tick(void);
void truth_subscribed(struct dev *d, const struct packet *pk);
void truth_accepted(struct dev *d);
void truth_heard(struct dev *d);
void truth_mail(struct dev *d);
void truth_late(void);
void truth_check(void);
void truth_publish(const char *topic, const char *payload, uint8_t qos, bool retain);
void truth_end_of_broker(bool memory_lost);

/* ---- Faults (fault.c) ----------------------------------------------------------------------------------------------- */

#define FAULT_MAP(X)                                                                                                   \
	X(CUT_UP, "the connection breaks at a byte on its way up")                                                     \
	X(CUT_DOWN, "the connection breaks at a byte on its way down")                                                 \
	X(HALF_CLIENT, "half open: only the client believes in it")                                                    \
	X(HALF_BROKER, "half open: only the broker believes in it")                                                    \
	X(BLACK_HOLE, "nothing arrives any more, and both believe")                                                    \
	X(DELAY, "delay of some seconds")                                                                              \
	X(PIECES, "partial reads and writes")                                                                          \
	X(SLOW_UP, "the broker takes nothing for a while")                                                             \
	X(SLOW_DOWN, "the client's connection brings nothing for a while")                                             \
	X(UNREACHABLE, "connections do not open")                                                                      \
	X(BROKER_KEPT, "the broker restarts and has kept its state")                                                   \
	X(BROKER_LOST, "the broker restarts and has lost its state")                                                   \
	X(BROKER_DOWN, "the broker shuts down in order")                                                               \
	X(KICKED, "the broker ends the connection")                                                                    \
	X(REMOVED, "the broker removes the session")                                                                   \
	X(REFUSED, "a CONNECT is refused")                                                                             \
	X(TWIN, "a second device with the same client id")                                                             \
	X(SUSPENDED, "process and clock stand still")                                                                  \
	X(CLOCK_JUMP, "the process stands still, the clock jumps")                                                     \
	X(KEEP_ALIVE, "the process stands still for longer than one and a half keep-alives")                           \
	X(CRASH, "the process dies, and starts anew")                                                                  \
	X(STOP, "a clean stop, and a start")                                                                           \
	X(WITH_WILL, "left to the will, and a start")                                                                  \
	X(LIE, "somebody else says the device is offline")                                                             \
	X(LATE_READER, "the reader comes anew")

enum fault_kind {
#define FAULT_ENUM(name, text) FAULT_##name,
	FAULT_MAP(FAULT_ENUM)
#undef FAULT_ENUM
	FAULTS
};

void        fault_tick(struct dev *d);
void        fault_invite(struct dev *d); /* something has begun: now is a good moment */
const char *fault_text(int fault);
void        fault_count(int fault);

/* ---- Mistakes to be found (mistake.c) ------------------------------------------------------------------------------- */

#define MISTAKE_MAP(X)                                                                                                 \
	X(NO_WILL, "no-will", "W1", "a CONNECT leaves without its will")                                               \
	X(NO_BIRTH, "no-birth", "W2", "the birth is not said after CONNACK")                                           \
	X(ORDER, "order", "W2 or order", "what is in flight is sent again in another order")                                    \
	X(NO_GOODBYE, "no-goodbye", "W3", "DISCONNECT 0x00 leaves without a goodbye")                                  \
	X(NO_WATCH, "no-watch", "truth", "the self-watch sees nothing")                                                \
	X(DUEL, "duel", "W4", "the truth is stated again without a pause")                                             \
	X(LOSE, "lose", "at least once", "a message in flight is called delivered, and is not")                        \
	X(DOUBLE, "double", "exactly once", "the client forgets what it has received")                                 \
	X(RENUMBER, "renumber", "W2", "what is sent again gets another identifier")                                    \
	X(FORGET, "forget", "exactly once", "the broker forgets the identifiers of QoS 2")                             \
	X(OVERTAKE, "overtake", "order", "what waits is sent in another order")                                        \
	X(TWICE, "twice", "tokens", "a token has two ends")                                                            \
	X(DEAF, "deaf", "truth", "the broker keeps no keep-alive, and the model of wills does not look")               \
	X(LEAK, "leak", "memory", "memory is not given back")                                                          \
	X(SLEEP, "sleep", "wake-up", "a deadline is forgotten")

enum mistake {
	MISTAKE_NONE,
#define MISTAKE_ENUM(name, word, rule, text) MISTAKE_##name,
	MISTAKE_MAP(MISTAKE_ENUM)
#undef MISTAKE_ENUM
	MISTAKES
};

int  mistake_find(const char *word);
void mistake_list(void);
void mistake_at_start(struct proc *p);
void mistake_at_step(struct proc *p); /* behind every step */
void mistake_of_broker(void);         /* before it is made */

/* ---- The world (world.c) -------------------------------------------------------------------------------------------- */

struct totals {
	uint64_t faults[FAULTS];
	uint64_t connects, wills, births, letters, letters_done, mail, goodbyes, steps, restated, unarmed;
	uint64_t most_bytes, longest_lie_ms, worlds, digest;
	uint64_t dev_ms;
};

struct sim {
	uint64_t      seed, now;
	struct dice   dice;
	bool          verbose, moved, ending;
	int           mistake;
	uint32_t      bugs; /* of the broker's */
	struct broker *broker;
	struct broker_options broker_options;
	uint64_t      broker_since, broker_back_at; /* NEVER: it is up */
	bool          broker_keeps;
	struct cable  cables[CABLES];
	struct dev    devs[CREW];
	struct proc  *current; /* whose code runs */
	uint32_t      last_serial;
	void         *leaked;
	struct totals totals;
};

extern struct sim sim;

void sim_play(uint64_t seed);
void sim_fail(const char *rule, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint32_t sim_roll(uint32_t sides);
uint64_t sim_span(uint64_t mean_ms); /* 1 to twice the mean */
struct dev *sim_dev(struct span client_id);

void broker_go(bool kept, bool in_order); /* it is down from now on */

#endif
