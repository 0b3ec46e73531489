/* SPDX-License-Identifier: MIT */
/*
 * What the files of the prober share.
 */
#ifndef PROBE_INTERNAL_H
#define PROBE_INTERNAL_H

#include "probe/play.h"

/* The will delay of its device: S(n). */
static inline uint64_t scenario_delay(const struct probe_scenario *s)
{
	return s->steps[0].connect.delay;
}

/* ---- speak.c: what an actor says ---- */

/* The user properties of a will that has properties. */
enum { PROBE_USERS = 4 };
extern const char *const probe_users[PROBE_USERS][2];

void speak(struct probe_actor *a, const struct packet *pk);
void speak_bytes(struct probe_actor *a, const void *bytes, size_t n);

/* CONNECT as described, wrong where a flaw says so. */
void speak_connect(struct probe_actor *a, const struct probe_connect *c);
void speak_subscribe(struct probe_actor *a, const char *filter, bool no_local);
void speak_publish(struct probe_actor *a, const char *topic, const char *payload, uint8_t qos, bool retain);

/* Answers a PUBLISH or PUBREL. */
void speak_ack(struct probe_actor *a, const struct packet *pk);

/* ---- hear.c: what an actor is told ---- */

/* One whole packet. */
void hear(struct probe_actor *a, const uint8_t *bytes, size_t n);

/* ---- judge.c ---- */

/* Fills in the verdict and its sentence. */
void judge(struct play *p);

/* Has all that is due been seen, early or late? */
bool judge_has_all(const struct play *p);

/* When a sight is due, after the mark, as CONNACK has it. */
uint64_t judge_due_ms(const struct play *p, const struct probe_sight *sight);

/* ---- steps.c ---- */

bool steps_are_over(const struct play *p);

/* True: something has happened; call it again. */
bool steps_go_on(struct play *p);

/* ---- load.c: many devices ---- */

/* settings.load devices; NULL: no memory. load_free() hangs up. */
struct load *load_new(struct play *p);
void         load_free(struct load *l);

/* True: all have come and are lost. */
bool load_go_on(struct load *l);

/* The will of this device was seen. */
void load_saw(struct load *l, unsigned number);

/* The verdict, and its sentence. */
uint8_t load_judge(const struct load *l, char *text, size_t size);

/* ---- play.c ---- */

/* The same, and the world forgets the actor. */
void play_leave(struct probe_actor *a);

/* A new network connection, and CONNECT once it is open; or the end of one. */
void play_dial(struct probe_actor *a, uint8_t level);
void play_hang_up(struct probe_actor *a, bool reset);

/* Nothing more can come of it: INCONCLUSIVE, with a sentence. */
void play_give_up(struct play *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The broker has said that it does not do what the scenario needs: UNSUPPORTED, with a sentence. */
void play_unsupported(struct play *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
