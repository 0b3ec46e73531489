/* SPDX-License-Identifier: MIT */
/*
 * One row of the truth table of will publication, as a test plays it: a client connects with a will, then the steps
 * happen at their times, and the watcher must see what the row says, at that millisecond, once, and nothing else ever.
 */
#ifndef BROKER_WILL_ROW_H
#define BROKER_WILL_ROW_H

#include "broker/scene.h"

enum { V31 = 1, V311 = 2, V5 = 4, V3X = V31 | V311, ANY = 7 };

enum { STEPS = 5, SAID = 2, NOT_GIVEN = -1, NEVER = 0xFFFFFFFF };

struct play;
struct step;
typedef void step_fn(struct play *p, const struct step *step);

struct step {
	uint64_t at_ms; /* after the first step */
	step_fn *act;
	uint8_t  code; /* reason code */
	int64_t  expiry_s; /* of DISCONNECT; NOT_GIVEN */
	bool     clean; /* CONNECT: Clean Start */
	bool     present; /* CONNECT: the Session Present that must come */
	uint8_t  level; /* CONNECT: 0: as the first one */
	uint32_t delay_s; /* CONNECT: of the new will */
	const char *payload; /* CONNECT: a new will that says this */
};

struct said {
	uint64_t    at_ms; /* after the first step */
	const char *payload; /* NULL: nothing, and no more of it */
};

struct row {
	const char *id, *sentence;
	int         levels; /* V31 | V311 | V5 */
	int64_t     delay_s; /* 0x18 of the will; NOT_GIVEN */
	int64_t     expiry_s; /* 0x11 of CONNECT; NOT_GIVEN. In 3.x: 0 Clean Session 1, above 0, NOT_GIVEN both */
	uint16_t    keep_alive_s;
	int64_t     server_expiry_s; /* 0x11 of CONNACK, if above 0 */
	struct step steps[STEPS];
	struct said said[SAID];
};

/* The actions. */
step_fn any_ending;     /* each ending but DISCONNECT 0x00, in a play of its own */
step_fn drop;           /* the network connection goes: FIN, RST, cable; the broker only learns that it is gone */
step_fn silent;         /* nothing is sent any more */
step_fn disconnect;     /* DISCONNECT with code and expiry_s */
step_fn empty_disconnect; /* E0 00 */
step_fn half_disconnect; /* E0, then the network connection goes */
step_fn bad_disconnect; /* DISCONNECT 0x00 with wrong flags */
step_fn bad_property;   /* DISCONNECT 0x00 with a property that it cannot have */
step_fn second_connect;
step_fn malformed;      /* each of several malformed packets, in a play of its own */
step_fn denied;         /* PUBLISH to a topic for which the ACL says "disconnect" */
step_fn kick;           /* the broker ends it, with code */
step_fn remove_session; /* the operator removes the session */
step_fn shut_down;
step_fn come;           /* CONNECT with the same client id, accepted */
step_fn rejected;       /* CONNECT with the same client id, refused */
step_fn knock;          /* a network connection without a CONNECT */
step_fn stranger;       /* another client id connects */

/* Plays the row with each of its versions, and says "ok - ID version sentence" for each. */
void row_play(const struct row *row, int number);

#endif
