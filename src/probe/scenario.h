/* SPDX-License-Identifier: MIT */
/*
 * Will scenarios as data: who does what, and what the watcher must see, and when. One table, played against any broker in
 * real time by `mqttwill probe` and against the conformance stub under virtual time by the tests.
 *
 * Times are in ms. Those of what must be seen count from the mark, the moment that the truth table calls T0: when the
 * device's connection ended, as far as the prober can know.
 */
#ifndef PROBE_SCENARIO_H
#define PROBE_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The connections of a scenario. DEVICE, TAKER and THIRD have one client id, the device's. */
enum probe_who { WATCHER, DEVICE, TAKER, THIRD, OTHER, LATE, PROBE_ACTORS };

enum probe_act {
	ACT_END,         /* no more steps */
	ACT_KNOCK,       /* a network connection, and nothing sent on it */
	ACT_CONNECT,     /* goes on at the CONNACK, which must accept it */
	ACT_REJECTED,    /* a CONNECT that the broker must refuse, by CONNACK or by closing */
	ACT_TRY,         /* a CONNECT that it may refuse: what follows from that is the scenario's `refused` */
	ACT_FIN,         /* the network connection is closed in order, without DISCONNECT */
	ACT_RST,         /* it is reset */
	ACT_SILENT,      /* nothing is sent any more, nothing is closed; the mark is the last packet */
	ACT_DISCONNECT,  /* with code and session expiry; the broker may close, or we do a second later */
	ACT_BYTES,       /* these bytes, whatever they are */
	ACT_CLOSED,      /* waits until the broker has closed the connection */
	ACT_PUBLISH,     /* to topic/`name` at QoS 1; goes on when it is acknowledged */
	ACT_DENIED,      /* PUBLISH to the topic that these credentials may not publish to */
	ACT_SUBSCRIBE,   /* to the scenario's will; `no_local`, `resume` */
	ACT_ANSWER,      /* acknowledges what was held back, and holds nothing back any more */
	ACT_RESTART,     /* the caller's command restarts the broker; goes on when the watcher is connected again */
	ACT_LOAD,        /* many devices come and are lost: load.c */
	ACT_PAUSE        /* nothing */
};

/* Whole seconds of a property; 0 stands for absent. */
#define S(seconds) ((seconds) + 1ull)
#define S_NEVER S(0xFFFFFFFFull)

/* What is wrong with a CONNECT, for those that must be refused. */
enum probe_flaw {
	FLAW_NONE,
	FLAW_QOS_3,             /* Will QoS 3 */
	FLAW_QOS_WITHOUT_WILL,  /* Will Flag 0, Will QoS 1 */
	FLAW_RETAIN_WITHOUT_WILL,
	FLAW_REPEATED_DELAY,    /* 0x18 twice */
	FLAW_FOREIGN_PROPERTY,  /* 0x11 among the Will Properties */
	FLAW_UNKNOWN_PROPERTY,  /* 0x7F */
	FLAW_DELAY_OUTSIDE,     /* 0x18 among CONNECT's own properties */
	FLAW_NO_WILL_PROPERTIES, /* their length is missing */
	FLAW_NO_PAYLOAD,        /* Will Flag 1, and CONNECT ends behind the topic */
	FLAW_BAD_CREDENTIALS    /* legal, but nobody's */
};

struct probe_connect {
	bool        resume; /* Clean Start 0; in 3.x Clean Session 0 */
	uint64_t    delay, expiry; /* S(n) */
	uint16_t    keep_alive;
	const char *will;  /* its payload; NULL: no will. "" is one without bytes */
	const char *topic; /* instead of the scenario's: as it is, `topic_n` bytes where that is not 0 */
	size_t      topic_n;
	const char *response_topic; /* a Will Property */
	uint64_t    message_expiry; /* a Will Property: S(n) */
	uint8_t     qos;
	uint8_t     level; /* 0: the scenario's */
	uint8_t     flaw;  /* enum probe_flaw */
	bool        retain;
	bool        properties; /* the other five Will Properties, user properties twice under one name */
	bool        text;       /* Payload Format Indicator 1 */
	bool        denied;     /* the will's topic is the one that these credentials may not publish to */
	bool        holds;      /* acknowledges no message until ACT_ANSWER */
	uint16_t    receive_maximum;     /* 0: absent */
	uint32_t    maximum_packet_size; /* 0: absent */
	bool        present;    /* CONNACK must say Session Present 1 ... */
	bool        absent;     /* ... or 0 */
};

struct probe_step {
	uint8_t  act, who;
	bool     mark;     /* times count from here: the last such step */
	uint32_t after_ms; /* waits so long before it */
	struct probe_connect connect;
	const char *bytes; /* ACT_BYTES; ACT_PUBLISH: the payload */
	size_t      n;
	const char *name;  /* ACT_PUBLISH: the last level of the topic */
	uint64_t    expiry; /* ACT_DISCONNECT: S(n) */
	uint8_t     code;
	bool        retain, no_local;
};

/* What somebody must see, once. In the order of the table where they are due together. */
struct probe_sight {
	const char *payload; /* NULL ends the list */
	uint32_t    due_ms;
	uint32_t    slack_ms; /* how much later than the tolerance it may come */
	uint8_t     who;      /* WATCHER, or who has subscribed */
	uint8_t     qos;
	bool        retain;   /* the watcher asks for Retain As Published */
	bool        properties; /* those of probe_connect */
	bool        before;     /* seen before the mark, when ever */
	bool        maybe;      /* it need not be seen at all, and when ever it is */
	uint64_t    message_expiry; /* S(n) */
};

enum { PROBE_STEPS = 10, PROBE_SIGHTS = 4, PROBE_NAME_MAX = 8 };

/* What the broker must offer, or the caller give. */
enum probe_needs {
	NEEDS_RETAIN = 1u << 0,
	NEEDS_QOS_2 = 1u << 1,
	NEEDS_DENIED = 1u << 2,      /* a topic that the credentials may not publish to */
	NEEDS_RESTART = 1u << 3,     /* a command that restarts the broker */
	NEEDS_LOAD = 1u << 4,        /* leave to make many connections */
	NEEDS_NO_RETAIN = 1u << 5,   /* a broker that retains nothing */
	NEEDS_LOW_QOS = 1u << 6,     /* one whose Maximum QoS is below 2 */
	NEEDS_PASSWORD = 1u << 7,    /* one that refuses wrong credentials */
	NEEDS_WEBSOCKET = 1u << 8,
	NEEDS_TLS = 1u << 9
};

/* What it means when the broker does not do as expected. */
enum probe_differs { DIFFERS_FAIL, DIFFERS_POLICY };

/* What the fate of ACT_TRY means; where it is refused, nothing is due. */
enum probe_fate { FATE_FINE, FATE_POLICY, FATE_FAIL };

struct probe_scenario {
	const char *id;     /* of the truth table, with a letter where a row has several */
	const char *bugs;   /* "B6", blank-separated; NULL: none */
	const char *title;
	const char *rules;  /* requirement ids */
	const char *advice; /* what a device agent should do where the broker differs */
	uint8_t     level;  /* 5, 4, 3 */
	uint8_t     differs;  /* enum probe_differs */
	uint8_t     if_refused, if_accepted; /* enum probe_fate */
	uint32_t    needs;
	bool        strict; /* not a millisecond early; otherwise a broker may count in whole seconds */
	bool        alone;  /* nothing runs beside it */
	bool        any;    /* one of the sights is enough; none is a failure only of a broker that kept the session */
	uint32_t    until_ms; /* nothing else may be seen up to then; at least the grace time behind what is due last */
	uint8_t     due_from; /* how due_ms of the first sight that is not `before` is corrected: enum probe_due */
	struct probe_step  steps[PROBE_STEPS];
	struct probe_sight sights[PROBE_SIGHTS];
};

/* The end of a keep-alive or a session may be the broker's to set. */
enum probe_due { DUE_AS_WRITTEN, DUE_KEEP_ALIVE, DUE_CONNACK };

/* The i-th of all scenarios; NULL behind the last. */
const struct probe_scenario *probe_scenario(size_t i);

/* Does the scenario answer to this name: its id or one of its bugs? Case does not count. */
bool probe_scenario_is(const struct probe_scenario *s, const char *name);

#endif
