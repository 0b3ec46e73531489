/* SPDX-License-Identifier: MIT */
/*
 * libmqttwill: an MQTT client (3.1, 3.1.1, 5.0) that keeps a device's Last Will true.
 *
 * Zero means default everywhere. What you pass in is copied before the call returns; what an event points to lives until
 * the callback returns; the only thing you free is a client, and NULL is fine; on failure *out is NULL; no ownership
 * depends on a return value. Calls return 0 (or a token) on success and a negative MQTTWILL_E... on failure.
 * A client is used by one thread at a time. Only mqttwill_wake() may be called from a signal handler or another thread.
 * mqttwill(3) is the manual of this header; mqttwill_errors(3) explains each error.
 */
#ifndef MQTTWILL_H
#define MQTTWILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqttwill_error.h"   /* MQTTWILL_EINVAL, ... */
#include "mqttwill_network.h" /* struct mqttwill_tls, struct mqttwill_network, ... */

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MQTTWILL_API __attribute__((visibility("default")))
#else
#define MQTTWILL_API
#endif

#define MQTTWILL_VERSION "0.1.0" /* of this header; mqttwill_version_string() tells the library's */

/* ---- Messages and wills --------------------------------------------------------------------------------------------- */

/* AUTO begins with 5.0 and falls back to 3.1.1 and 3.1 where the broker does not speak it; UP says which it is. */
enum mqttwill_version { MQTTWILL_V5 = 0, MQTTWILL_AUTO = 1, MQTTWILL_V31 = 3, MQTTWILL_V311 = 4 };

/*
 * Strings are UTF-8. A length of 0 beside a string means: up to its NUL. A length that is given counts, so that a U+0000
 * inside is found and refused. At most 65,535 bytes each [MQTT-1.5.4].
 */
struct mqttwill_user_property {
	const char *name;
	const char *value;
	size_t      name_len;
	size_t      value_len;
};

/* Bits of `has`: MQTT tells absent from zero, and so do these. A property of pointer type is absent where it is NULL. */
enum {
	MQTTWILL_HAS_MESSAGE_EXPIRY = 1u << 0, /* 0x02 Message Expiry Interval */
	MQTTWILL_HAS_PAYLOAD_FORMAT = 1u << 1, /* 0x01 Payload Format Indicator */
	MQTTWILL_HAS_DELAY = 1u << 2,          /* 0x18 Will Delay Interval; a delay above 0 implies it */
	MQTTWILL_HAS_SESSION_EXPIRY = 1u << 3  /* 0x11 Session Expiry Interval in DISCONNECT */
};

/* The Last Will: what the broker says when the connection ends without a clean DISCONNECT [MQTT 5, 3.1.2.5; 3.1.3.2]. */
struct mqttwill_will {
	const char *topic;       /* where; a topic name: no wildcards */
	size_t      topic_len;
	const void *payload;     /* what: 0 to 65,535 bytes ... */
	size_t      payload_len; /* 0: it is empty, whatever payload points to */
	const char *text;        /* ... or as a C string, instead of payload */
	const char *content_type;   /* MQTT 5 from here on */
	size_t      content_type_len;
	const char *response_topic; /* no wildcards */
	size_t      response_topic_len;
	const void *correlation_data; /* not NULL: present, even with length 0 */
	size_t      correlation_data_len;
	const struct mqttwill_user_property *user_properties; /* order is kept */
	size_t   user_property_count;
	uint32_t has;              /* MQTTWILL_HAS_... */
	uint32_t delay_s;          /* seconds between the loss and the will; cut short where the session expires first */
	uint32_t message_expiry_s; /* counted by the broker from publication */
	uint8_t  payload_format;   /* 0 bytes, 1 UTF-8 text */
	uint8_t  qos;              /* 0, 1 or 2 */
	bool     retain;
	uint8_t  reserved;
};

/* A message to publish, or one received. In a received one every string ends in NUL and its length is set. */
struct mqttwill_message {
	const char *topic;
	size_t      topic_len;
	const void *payload; /* at most 268,435,455 bytes with all that goes with it */
	size_t      payload_len;
	const char *text;    /* the payload as a C string, instead of payload; NULL in a received message */
	const char *content_type;
	size_t      content_type_len;
	const char *response_topic;
	size_t      response_topic_len;
	const void *correlation_data;
	size_t      correlation_data_len;
	const struct mqttwill_user_property *user_properties;
	size_t   user_property_count;
	uint32_t has;
	uint32_t message_expiry_s;
	uint8_t  payload_format;
	uint8_t  qos;
	bool     retain;
	bool     want_done; /* QoS 0 only: send a DONE event when the kernel has taken the message */
	bool     dup;       /* received only, from here on */
	uint8_t  reserved[3];
	const uint32_t *subscription_ids; /* of the subscriptions that it comes for */
	size_t          subscription_id_count;
	int64_t         ack; /* with MQTTWILL_MANUAL_ACK: for mqttwill_ack(); 0 where there is nothing to acknowledge */
};

typedef struct mqttwill mqttwill;
typedef void mqttwill_message_fn(mqttwill *c, const struct mqttwill_message *message, void *user);

/* A topic filter and how to hear of it. no_local to subscription_id are MQTT 5's [MQTT 5, 3.8.3.1; 3.8.2.1.2]. */
struct mqttwill_subscription {
	const char *filter;
	size_t      filter_len;
	uint8_t     qos; /* the highest QoS to receive */
	bool        no_local;
	bool        retain_as_published;
	uint8_t     retain_handling; /* 0 send retained messages, 1 only if the subscription is new, 2 never */
	uint32_t    subscription_id; /* up to 268,435,455, one for a whole call; 0: one is chosen where there is a handler */
	mqttwill_message_fn *handler; /* gets what comes for this subscription, instead of a MESSAGE event; any version */
	void       *user;            /* passed to it */
};

/* ---- Presence: a will is three messages ------------------------------------------------------------------------------ */

enum { MQTTWILL_QOS0 = 0x40 }; /* for fields whose zero means the default, which is QoS 1 */

/*
 * The device's status: will and goodbye say `offline`, the birth after every CONNACK says `online`, all on one topic with
 * one QoS and one retain flag. A client with presence never connects without its will.
 */
struct mqttwill_presence {
	const char *topic;
	const void *online;      /* default "online"; a C string where its length is 0 */
	size_t      online_len;
	const void *offline;     /* default "offline" */
	size_t      offline_len;
	uint32_t    delay_s;     /* Will Delay Interval, MQTT 5 */
	uint8_t     qos;         /* default 1; MQTTWILL_QOS0, 1, 2 */
	bool        no_retain;   /* default: retained, so that who comes late reads the truth */
	bool        self_watch;  /* watch the status topic, and state the truth again when it turns to something else */
	bool        empty_offline; /* the offline payload has no bytes at all */
};

/* How to leave. */
enum mqttwill_goodbye {
	MQTTWILL_GOODBYE_OFFLINE = 0,   /* publish `offline`, wait for its acknowledgement, DISCONNECT 0x00 */
	MQTTWILL_GOODBYE_WITH_WILL = 1, /* DISCONNECT 0x04: the broker speaks; on 3.x a close without DISCONNECT */
	MQTTWILL_GOODBYE_SILENT = 2,    /* DISCONNECT 0x00 and no message: the status stays as it is */
	MQTTWILL_GOODBYE_ABORT = 3      /* reset the connection at once, as a crash would */
};

/* Options of mqttwill_close(). */
struct mqttwill_closing {
	uint32_t goodbye;          /* enum mqttwill_goodbye */
	uint32_t timeout_ms;       /* default 5,000: after it the client leaves so that the broker speaks for it */
	uint32_t has;              /* MQTTWILL_HAS_SESSION_EXPIRY */
	uint32_t session_expiry_s; /* MQTT 5; may not turn 0 into more [MQTT 5, 3.14.2.2.2] */
};

/* ---- Checking a will without a client --------------------------------------------------------------------------------- */

/* What a broker said of itself in CONNACK. Zero means not known. */
struct mqttwill_limits {
	uint32_t maximum_packet_size;
	bool     maximum_qos_known;
	uint8_t  maximum_qos;
	bool     no_retain;
	uint8_t  reserved;
};

enum mqttwill_severity { MQTTWILL_REFUSED = 1, MQTTWILL_WARNED = 2 };

struct mqttwill_finding {
	uint32_t    severity; /* enum mqttwill_severity */
	uint32_t    index;    /* which user property, where the field is one; otherwise UINT32_MAX */
	size_t      offset;   /* of the first bad byte in the field; 0 where it is a number */
	const char *field;    /* "topic", "user_properties.value", ... */
	const char *rule;     /* "MQTT-3.1.3-11", or a section of the specification */
	const char *problem;  /* what is wrong */
	const char *advice;   /* what to do instead */
};

enum { MQTTWILL_MAX_FINDINGS = 16 };

struct mqttwill_report {
	size_t                  count; /* findings, the refusals first */
	size_t                  connect_size; /* bytes of the whole CONNECT; 0 where it cannot be built */
	struct mqttwill_finding finding[MQTTWILL_MAX_FINDINGS];
};

/* ---- When the broker speaks -------------------------------------------------------------------------------------------- */

/* How a connection ends. */
enum mqttwill_ending {
	MQTTWILL_ENDING_CRASH = 0,     /* the process dies; its kernel closes the connection */
	MQTTWILL_ENDING_CUT = 1,       /* power or network is gone: nothing more is sent, nothing is closed */
	MQTTWILL_ENDING_WITH_WILL = 2, /* DISCONNECT 0x04; on 3.x a close without DISCONNECT */
	MQTTWILL_ENDING_CLEAN = 3,     /* DISCONNECT 0x00 */
	MQTTWILL_ENDING_RESUMED = 4,   /* the client id connects again with Clean Start 0 before the old connection ends */
	MQTTWILL_ENDING_REPLACED = 5   /* the same with Clean Start 1 */
};

/* What is in force: CONNECT's values, or CONNACK's where it has others. */
struct mqttwill_terms {
	uint32_t version;          /* enum mqttwill_version */
	uint32_t keepalive_s;      /* 0: off */
	uint32_t session_expiry_s; /* 0xFFFFFFFF: never */
	uint32_t delay_s;
};

/* Counted from that moment, of the crash, of the cut. UINT64_MAX: never. */
struct mqttwill_timing {
	uint64_t earliest_ms;
	uint64_t latest_ms; /* of a broker that keeps time; `mqttwill probe` tells whether yours does */
};

/* ---- The client ------------------------------------------------------------------------------------------------------- */

struct mqttwill_event;

enum { MQTTWILL_KEEPALIVE_OFF = 0x10000 };

enum mqttwill_rejoin {
	MQTTWILL_REJOIN_SAFE = 0,  /* resume what this process began; end what an earlier one left behind */
	MQTTWILL_REJOIN_CLEAN = 1, /* a new session at every connection */
	MQTTWILL_REJOIN_ALWAYS = 2 /* take whatever session the broker has; an earlier process may have left QoS 2 halfway there */
};

/* Told to the function that makes a will. */
struct mqttwill_attempt {
	uint64_t number;        /* 1 for the client's first CONNECT */
	int64_t  unix_ms;       /* the time of this attempt, ms since 1970 */
	const char *boot_id;    /* the kernel's boot id, or "" */
	const char *client_id;
};

/*
 * Makes the will for one CONNECT. *will is zeroed, or holds presence's own will. Return 0, or an error: the attempt
 * ends and no CONNECT leaves. What it points to must stay until the function is called again or the client is freed.
 */
typedef int mqttwill_will_fn(void *user, const struct mqttwill_attempt *attempt, struct mqttwill_will *will);
typedef void mqttwill_event_fn(mqttwill *c, const struct mqttwill_event *event, void *user);

/* Enhanced authentication [MQTT 5, 4.12], one step of it. */
enum mqttwill_auth_phase {
	MQTTWILL_AUTH_FIRST = 1,    /* for CONNECT, or for the AUTH that begins again: no data yet */
	MQTTWILL_AUTH_CONTINUE = 2, /* AUTH 0x18 came with data: reply */
	MQTTWILL_AUTH_SUCCESS = 3   /* CONNACK or AUTH 0x00 came: check its data, there is no reply */
};

struct mqttwill_auth {
	uint32_t    phase;    /* enum mqttwill_auth_phase */
	bool        again;    /* by mqttwill_reauthenticate() */
	const char *method;
	const void *data;     /* the broker's Authentication Data; NULL where there is none */
	size_t      data_len;
	const void *reply;    /* yours; must stay until the function is called again or the client is freed */
	size_t      reply_len;
};

/* Return 0, or an error: the attempt, or the connection, ends with MQTTWILL_EAUTH. */
typedef int mqttwill_auth_fn(void *user, struct mqttwill_auth *step);

/* What becomes of a message when the queue is full. What is dropped ends with MQTTWILL_EDROPPED. */
enum mqttwill_queue_policy {
	MQTTWILL_QUEUE_REFUSE = 0,      /* it is not taken: MQTTWILL_EFULL, and ROOM later */
	MQTTWILL_QUEUE_DROP_OLDEST = 1, /* the one that has waited longest goes */
	MQTTWILL_QUEUE_DROP_NEWEST = 2, /* it is taken, and goes */
	MQTTWILL_QUEUE_KEEP_LAST = 3    /* only the last one of each topic waits, full or not; then as REFUSE */
};

/* Bits of mqttwill_options.flags. */
enum {
	MQTTWILL_MANUAL_ACK = 1u << 0,     /* messages are acknowledged by mqttwill_ack(), not by the callback's return */
	MQTTWILL_ADAPT = 1u << 1,          /* what the broker, or the version AUTO fell back to, cannot carry is left out and told */
	MQTTWILL_NO_TOPIC_ALIAS = 1u << 2, /* in neither direction */
	MQTTWILL_WANT_RESPONSE_INFO = 1u << 3, /* Request Response Information [MQTT 5, 3.1.2.11.6] */
	MQTTWILL_NO_PROBLEM_INFO = 1u << 4     /* no reason strings and user properties but where they must be [3.1.2.11.7] */
};

/* mqttwill_options(3) has the table of defaults and ceilings. */
struct mqttwill_options {
	const char *url;       /* mqtt, mqtts, ws, wss://[user[:password]@]host[:port][/path]; unix:///path; mqttwill_options(3) */
	const char *client_id; /* NULL or "": the broker chooses one; not with presence */
	const char *user_name; /* overrides the URL's */
	const void *password;
	size_t      password_len; /* 0: a C string */
	const char *ca_file;   /* the same as tls->ca_file, for those who need no more */
	const struct mqttwill_presence *presence;
	const struct mqttwill_will *will; /* without presence, or instead of the will that presence makes */
	mqttwill_will_fn  *will_fn;       /* called for every CONNECT; instead of `will` */
	mqttwill_event_fn *event_fn;      /* NULL: events are dropped */
	void    *user;                    /* passed to both functions */
	uint32_t version;                 /* enum mqttwill_version */
	uint32_t keepalive_s;             /* default 60; up to 65,535, or MQTTWILL_KEEPALIVE_OFF */
	uint32_t session_expiry_s;        /* MQTT 5; 0xFFFFFFFF never expires */
	uint32_t rejoin;                  /* enum mqttwill_rejoin */
	uint32_t connect_timeout_ms;      /* for name, address, TLS and CONNACK together; default 15,000 */
	uint32_t ping_timeout_ms;         /* for any byte after PINGREQ; default 10,000 or half the keep-alive */
	uint32_t backoff_min_ms;          /* default 1,000; doubled at each failure, with jitter */
	uint32_t backoff_max_ms;          /* default 60,000 */
	uint32_t stable_ms;               /* a connection this old resets the back-off; default 30,000 */
	uint32_t takeover_backoff_ms;     /* after DISCONNECT 0x8E; default 60,000 */
	uint32_t receive_maximum;         /* QoS 1 and 2 messages the broker may have open; default 100 */
	uint32_t maximum_packet_size;     /* largest packet to receive; default 1 MiB */
	uint32_t queue_messages;          /* ceiling of what waits to be sent; default 1,000 */
	uint32_t queue_bytes;             /* default 8 MiB */
	uint32_t send_maximum;            /* QoS 1 and 2 messages of ours in flight; default 20 on 3.x, the broker's limit on 5 */
	uint32_t queue_policy;            /* enum mqttwill_queue_policy */
	uint32_t queue_age_s;             /* what has waited longer ends with MQTTWILL_EEXPIRED; default: never */
	uint32_t topic_alias_maximum;     /* MQTT 5: topic aliases in each direction; default 16 */
	uint32_t redirect_maximum;        /* how many Server References to follow in a row; default 0, none */
	uint32_t flags;                   /* MQTTWILL_MANUAL_ACK, ... */
	const char       *auth_method;    /* MQTT 5: "SCRAM-SHA-256" is built in and takes user_name and password ... */
	mqttwill_auth_fn *auth_fn;        /* ... any other method is yours; it gets `user` */
	const struct mqttwill_user_property *user_properties; /* of CONNECT */
	size_t            user_property_count;
	const char *const *urls;    /* more servers, which are tried when the one before has failed */
	size_t            url_count;
	const struct mqttwill_tls     *tls;
	const struct mqttwill_network *network;
};

/* ---- Events ----------------------------------------------------------------------------------------------------------- */

enum mqttwill_event_type {
	MQTTWILL_RETRY = 1,    /* an attempt failed: error, retry_in_ms */
	MQTTWILL_UP = 2,       /* CONNACK came: connack */
	MQTTWILL_ONLINE = 3,   /* the birth is acknowledged */
	MQTTWILL_DOWN = 4,     /* an UP connection is gone: error, retry_in_ms */
	MQTTWILL_MESSAGE = 5,  /* message */
	MQTTWILL_DONE = 6,     /* token: once for each publish above QoS 0, subscribe and unsubscribe */
	MQTTWILL_ROOM = 7,     /* after MQTTWILL_EFULL: the queue is half empty */
	MQTTWILL_OVERSIZE = 8, /* a message above maximum_packet_size was skipped and acknowledged (3.x) */
	MQTTWILL_WILL = 9,     /* something about the will or the status: error says what */
	MQTTWILL_CLOSED = 10,  /* once, last, after mqttwill_close() */
	MQTTWILL_NOTE = 11,    /* the broker's words that no other event tells: packet_type, reason_code, token; or what ADAPT left out */
	MQTTWILL_REPLY = 12    /* to mqttwill_request(): token, and message or error */
};

/* What CONNACK said [MQTT 5, 3.2.2]. */
struct mqttwill_connack {
	const char *client_id; /* the one in use, assigned ones included */
	const char *response_information;
	const char *server_reference;
	uint32_t session_expiry_s; /* in force */
	uint32_t maximum_packet_size;
	uint16_t receive_maximum;
	uint16_t topic_alias_maximum;
	uint16_t keepalive_s; /* in force */
	uint8_t  maximum_qos;
	bool     retain_available;
	bool     session_present;
	bool     wildcard_available;
	bool     shared_available;
	bool     subscription_id_available;
	uint8_t  version; /* enum mqttwill_version, in force */
};

enum mqttwill_left {
	MQTTWILL_LEFT_CLEAN = 0,     /* DISCONNECT 0x00: the will is gone */
	MQTTWILL_LEFT_WITH_WILL = 1, /* DISCONNECT 0x04: the broker speaks when the will is due */
	MQTTWILL_LEFT_CUT = 2,       /* closed without DISCONNECT: the broker speaks when the will is due */
	MQTTWILL_LEFT_ALREADY = 3    /* there was no connection: the broker has spoken, or will when it is due */
};

struct mqttwill_event {
	uint32_t    type;  /* enum mqttwill_event_type */
	int         error; /* 0 where all is well */
	const char *text;  /* one sentence; never NULL */
	int64_t     token;
	const struct mqttwill_message *message;
	const struct mqttwill_connack *connack;
	const struct mqttwill_reached *reached; /* UP: by which way */
	const uint8_t *codes; /* DONE of subscribe and unsubscribe: a reason code for each filter */
	size_t         code_count;
	const char    *reason_string; /* the broker's own words, or NULL */
	const char    *server_reference; /* RETRY, DOWN: where else to go, or NULL */
	const struct mqttwill_user_property *user_properties;
	size_t   user_property_count;
	uint32_t retry_in_ms;
	uint32_t will_due_s;  /* CLOSED: seconds until the broker speaks, UINT32_MAX where it will not */
	uint32_t undelivered; /* CLOSED: messages that were accepted and not delivered */
	uint8_t  reason_code; /* the packet's, where one came */
	uint8_t  left;        /* CLOSED: enum mqttwill_left */
	bool     permanent;   /* RETRY: will not mend itself; the client goes on trying, slowly */
	uint8_t  packet_type; /* NOTE: as in MQTT, 1 to 15 */
	uint8_t  phase;       /* RETRY, DOWN: enum mqttwill_phase, how far it had come */
};

/* ---- Calls ------------------------------------------------------------------------------------------------------------ */

MQTTWILL_API int mqttwill_new_sized(mqttwill **out, const struct mqttwill_options *opt, size_t size);
MQTTWILL_API int mqttwill_will_check_sized(const struct mqttwill_will *will, const struct mqttwill_options *opt, size_t size,
                                           const struct mqttwill_limits *limits, struct mqttwill_report *report);

/* Makes a client; checks every option and the will; opens no connection. The error is told by mqttwill_errmsg(NULL, rc). */
static inline int mqttwill_new(mqttwill **out, const struct mqttwill_options *opt)
{
	return mqttwill_new_sized(out, opt, sizeof *opt);
}

/*
 * Checks a will without a client or a socket: 0, or MQTTWILL_EWILL with the reason in *report, where warnings stand too.
 * `opt` gives the CONNECT around it: version, session expiry, presence, client id, user and password, its own or the URLs', properties,
 * method; `limits` the broker's. Each may be NULL.
 */
static inline int mqttwill_will_check(const struct mqttwill_will *will, const struct mqttwill_options *opt,
                                      const struct mqttwill_limits *limits, struct mqttwill_report *report)
{
	return mqttwill_will_check_sized(will, opt, opt ? sizeof *opt : 0, limits, report);
}

/* One sentence about a finding into buf, always NUL-terminated; returns its full length. */
MQTTWILL_API size_t mqttwill_finding_text(const struct mqttwill_finding *finding, char *buf, size_t size);

/* When the will is due. 0, or MQTTWILL_EINVAL for no enum mqttwill_ending or mqttwill_version. */
MQTTWILL_API int mqttwill_timing(const struct mqttwill_terms *terms, uint32_t ending, struct mqttwill_timing *timing);

/* What the options' own check found for the client: warnings only. Lives with it. */
MQTTWILL_API const struct mqttwill_report *mqttwill_warnings(const mqttwill *c);

/* Frees at once, without a goodbye: close first. Inside a callback it is deferred until the callback has returned. */
MQTTWILL_API void mqttwill_free(mqttwill *c);

/* Asynchronous: none of these waits. A token is > 0 and never used again. */
MQTTWILL_API int     mqttwill_start(mqttwill *c);
MQTTWILL_API int64_t mqttwill_publish(mqttwill *c, const struct mqttwill_message *message);
MQTTWILL_API int64_t mqttwill_subscribe(mqttwill *c, const struct mqttwill_subscription *subscriptions, size_t count);
MQTTWILL_API int64_t mqttwill_unsubscribe(mqttwill *c, const char *const *filters, size_t count);
MQTTWILL_API int     mqttwill_close(mqttwill *c, const struct mqttwill_closing *how); /* how may be NULL */

/*
 * Authenticates once more on the connection as it is [MQTT 5, 4.12.1], while messages go on: a token, whose DONE says how it
 * ended; a failure ends the connection. MQTTWILL_ESTATE: not connected, no auth_method, or one is running.
 */
MQTTWILL_API int64_t mqttwill_reauthenticate(mqttwill *c);

/* With MQTTWILL_MANUAL_ACK: message->ack is done with: 0, or from 0x80 on why not (MQTT 5). Packets keep the messages' order. */
MQTTWILL_API int mqttwill_ack(mqttwill *c, int64_t ack, uint8_t reason_code);

/* MQTT 5: one REPLY for each token, within timeout_ms (0: 30,000). A reply goes where the request says; its own topic is NULL. */
MQTTWILL_API int64_t mqttwill_request(mqttwill *c, const struct mqttwill_message *message, uint32_t timeout_ms);
MQTTWILL_API int64_t mqttwill_reply(mqttwill *c, const struct mqttwill_message *request, const struct mqttwill_message *reply);

/* The will of the connections to come: 0, or MQTTWILL_PENDING while connected. NULL: none, or presence's own again. */
MQTTWILL_API int mqttwill_set_will(mqttwill *c, const struct mqttwill_will *will);

enum { MQTTWILL_ALLOW_UNARMED = 1 }; /* flags of mqttwill_update_will() */

/*
 * The same, and in force as soon as can be. 0 where nothing is connected; MQTTWILL_PENDING: the client connects anew, and one
 * event WILL tells the outcome. In MQTT 5, where both the delay of the will in force and the session expiry are above 0, a
 * second connection takes the session over, and no moment is without a will. Otherwise there is one, between DISCONNECT
 * and the next CONNACK, which MQTTWILL_ALLOW_UNARMED must allow; else MQTTWILL_ESTATE. One at a time.
 */
MQTTWILL_API int mqttwill_update_will(mqttwill *c, const struct mqttwill_will *will, uint32_t flags);

/* One descriptor for any event loop, the same from new to free: when it is readable, step. Step never blocks. */
MQTTWILL_API int mqttwill_fd(const mqttwill *c);
MQTTWILL_API int mqttwill_step(mqttwill *c);
MQTTWILL_API void mqttwill_wake(mqttwill *c); /* makes a waiting call return; async-signal-safe */

/* Synchronous: loops of poll and step. Inside a callback they return MQTTWILL_ESTATE. Times are in ms; 0 does not wait. */
MQTTWILL_API int mqttwill_connect(mqttwill *c, uint32_t timeout_ms); /* until the birth is acknowledged */
MQTTWILL_API int mqttwill_wait(mqttwill *c, int64_t token, uint32_t timeout_ms);
MQTTWILL_API int mqttwill_wait_room(mqttwill *c, uint32_t timeout_ms);
MQTTWILL_API int mqttwill_run(mqttwill *c, uint32_t time_ms); /* serve for so long; 0 when woken, too */
MQTTWILL_API int mqttwill_disconnect(mqttwill *c, uint32_t timeout_ms);

/* Texts. errmsg is one sentence with phase and detail, valid until the next call on c; c may be NULL after a failed new. */
MQTTWILL_API const char *mqttwill_errmsg(const mqttwill *c, int error);
MQTTWILL_API const char *mqttwill_strerror(int error);
MQTTWILL_API const char *mqttwill_errname(int error);
MQTTWILL_API const char *mqttwill_reason_name(uint8_t packet_type, uint8_t reason_code);
MQTTWILL_API const char *mqttwill_version_string(void);

#ifdef __cplusplus
}
#endif
#endif
