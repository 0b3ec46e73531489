/* SPDX-License-Identifier: MIT */
/*
 * One connection's protocol, sans-I/O: bytes and the time go in, bytes and events come out. Time is in ms and must not
 * decrease. A session begins with session_init() and session_connect(), and is over after an event whose `error` is set or
 * once session_disconnect()'s bytes are out; what the output then holds is sent all the same, and the pipe closed.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <mqttwill.h>

#include "base/buf.h"
#include "session/alias.h"
#include "session/flight.h"
#include "session/inbound.h"
#include "wire/packet.h"

enum {
	SESSION_OUTPUT_SOFT = 64 * 1024,  /* above it the application's messages wait */
	SESSION_OUTPUT_HIGH = 256 * 1024  /* above it nothing more should be fed */
};

struct session_config {
	uint8_t  level;               /* enum level */
	bool     reserve;             /* keep one slot of the broker's Receive Maximum for presence */
	bool     manual_ack;          /* messages wait for session_settle() */
	uint16_t receive_maximum;     /* ours */
	bool     no_problem_info;     /* CONNECT asked for no reason strings and user properties */
	uint16_t topic_alias_maximum; /* ours, in each direction; 0: none */
	uint16_t send_maximum;        /* our own limit of messages in flight; 0: the broker's alone */
	uint32_t maximum_packet_size; /* ours */
	uint32_t ping_timeout_ms;     /* 0: half the keep-alive, 10 s at the most */
};

enum session_state { SESSION_NEW, SESSION_CONNECTING, SESSION_UP, SESSION_OVER };

struct session {
	struct session_config config;
	struct flight *flight;
	struct inbound inbound; /* with manual_ack: what waits for session_settle() */
	struct buf out;
	struct buf in; /* an incomplete packet */
	uint64_t committed, sent; /* bytes of output since the beginning */
	uint64_t last_in_ms, last_out_ms;
	uint64_t ping_end;        /* where the last PINGREQ ends in the output */
	uint64_t ping_out_ms;     /* when an unanswered one was written; UINT64_MAX: not yet */
	uint64_t stuck_ms;        /* since when the peer has taken nothing of what there is to send; UINT64_MAX: it has */
	uint32_t skim;            /* bytes of an oversize message still to be skipped */
	uint32_t maximum_out;     /* the broker's Maximum Packet Size */
	uint32_t keep_alive_ms;   /* in force; 0: off */
	uint32_t waiting;         /* what is in flight and still to be sent again */
	uint32_t waiting_open;    /* the messages among it */
	uint32_t open_in;         /* QoS 1 and 2 messages that came on this connection and are not yet settled */
	uint32_t allowed_in;      /* how many may be: our Receive Maximum, and more after acknowledgements (receive.c) */
	uint64_t settled_end;     /* where the last of these acknowledgements ends in the output */
	uintptr_t connection;     /* its number among those of the flight */
	struct alias_in  aliases_in;
	struct alias_out aliases_out;
	uint16_t skim_id;
	uint16_t quota;           /* messages that may be in flight: the broker's Receive Maximum, or our own limit */
	uint8_t  skim_qos;
	uint8_t  state; /* enum session_state */
	uint8_t  maximum_qos;
	uint8_t  pings; /* PINGREQs without a PINGRESP; counted up to 255 */
	struct span auth_method;  /* of CONNECT, whose bytes it is; p is NULL: none */
	bool     reauthenticating; /* AUTH 0x19 is out, and not yet answered with 0x00 */
	bool     clean_start, retain_available, in_done; /* in_done: `in` holds a packet that was handled */
};

enum session_event_type {
	SESSION_NOTHING = 0,
	SESSION_CONNACK,  /* packet; error where it refuses */
	SESSION_MESSAGE,  /* packet: a PUBLISH, to be settled with session_accept() once it is delivered */
	SESSION_DONE,     /* outgoing is acknowledged and the caller's; packet says how, at QoS 2 outgoing->reason too */
	SESSION_PONG,     /* every PINGREQ so far is answered */
	SESSION_NOTE,     /* packet: an acknowledgement with words that no SESSION_DONE will carry; outgoing is still in flight, or NULL */
	SESSION_OVERSIZE, /* a message above our limit was skipped (3.x) */
	SESSION_AUTH,     /* packet: AUTH 0x18, to be answered with session_auth(), or 0x00: the re-authentication is over */
	SESSION_BROKER_LEFT, /* packet: a DISCONNECT; error */
	SESSION_FAILED    /* error: the peer broke the protocol (fault), or there is no memory */
};

/* Pointers lead into the input and live until the next call of session_feed() or session_tick(). */
struct session_event {
	uint8_t          type; /* enum session_event_type */
	int              error;
	struct outgoing *outgoing;
	struct packet    packet;
	struct fault     fault;
	bool             text_topic; /* MESSAGE: packet.topic is a C string already, and not in the input */
};

void session_init(struct session *s, const struct session_config *config, struct flight *flight, uint64_t now_ms);
void session_fini(struct session *s);

/*
 * Puts the CONNECT into the output. MQTTWILL_ENOMEM, or _EMESSAGE where it is longer than MQTT allows. The bytes of its
 * Authentication Method must stay as long as the session.
 */
int session_connect(struct session *s, const struct packet *connect);

/*
 * Puts AUTH into the output, with CONNECT's method: 0x18 answers a SESSION_AUTH, 0x19 begins a re-authentication. `data` NULL:
 * without Authentication Data. MQTTWILL_ENOMEM, _EMESSAGE or _ETOOBIG where it is too long, _ESTATE where it may not be sent.
 */
int session_auth(struct session *s, uint8_t reason, const struct span *data);

/*
 * Takes bytes from the peer up to the first event, and returns how many; call it again with the rest. `in` is overwritten
 * where that helps. A little memory stays for the next packet that comes in pieces; called with no bytes, and when a ping is
 * due, it is given back.
 */
size_t session_feed(struct session *s, uint8_t *in, size_t len, uint64_t now_ms, struct session_event *ev);

/* Acknowledges a delivered message by its QoS. MQTTWILL_ENOMEM: it is not, the connection should end. */
int session_accept(struct session *s, const struct session_event *ev);

/*
 * With manual_ack: an event's message waits for session_settle() under this handle, which is > 0 and never given again for
 * this flight; 0 at QoS 0; MQTTWILL_ENOMEM. Until it is settled it does not come again, and counts towards our Receive Maximum.
 */
int64_t session_hold(struct session *s, const struct session_event *ev);

/*
 * Answers a held message with a reason code of PUBACK and PUBREC, 0 on 3.x. The packet leaves when all that came before it at
 * its QoS are answered. MQTTWILL_EINVAL: nothing waits under this handle; _ESTATE: it is an earlier connection's; _ENOMEM.
 */
int session_settle(struct session *s, int64_t handle, uint8_t reason);

/* The committed bytes: never reordered or withdrawn. Valid until the next call. */
size_t session_output(struct session *s, const uint8_t **bytes);
void   session_sent(struct session *s, size_t n, uint64_t now_ms);

/* The connection is broken: the output goes, and none of it counts as sent. What can still be read may be fed. */
void session_drop_output(struct session *s);

/* The same, and the session is over. */
void session_abandon(struct session *s);

/* Due work: pings. 0, or MQTTWILL_ESILENT where the peer has not answered in time. */
int session_tick(struct session *s, uint64_t now_ms);

/* When session_tick() has something to do; UINT64_MAX: never. */
uint64_t session_deadline(const struct session *s);

/* Is there room for one more message at this QoS? Presence may use what is reserved for it. */
bool session_has_room(const struct session *s, uint8_t qos, bool presence);

/* 0; MQTTWILL_ETOOBIG or _EMESSAGE where CONNACK said that the broker does not take such a PUBLISH. */
int session_takes(const struct session *s, size_t size, uint8_t qos, bool retain);

/*
 * Sends it. Above QoS 0 it goes in flight and comes back with SESSION_DONE; at QoS 0 it is written and stays the
 * caller's. 0, MQTTWILL_EFULL, _ENOMEM, _ESTATE where the session is over, or what session_takes() says.
 */
int session_send(struct session *s, struct outgoing *o);

/* The same, as an outgoing's: what session_resend() would send now. */
int session_still_takes(const struct session *s, const struct outgoing *o);

/* QoS 0 without a detour: encodes straight into the output. The same errors. */
int session_publish(struct session *s, const struct packet *pk);

/*
 * Sends again what a resumed session has in flight, in the original order [MQTT-4.4.0-1], up to `last`: the link of the
 * last one to be sent again, or the list itself for none. What was sent on this connection stands behind it. It goes as far
 * as the broker's Receive Maximum and the output allow, and on by itself as acknowledgements come and bytes leave; until
 * then nothing of the application's has room [MQTT-4.6.0-1].
 */
int session_resend(struct session *s, const struct list *last);

/* Says beforehand what session_resend() will send, so that it does not take the room of what goes before it: the birth. */
void session_mark_resend(struct session *s, const struct list *last);

/* Puts PINGREQ into the output. 0, MQTTWILL_ENOMEM, or _ESTATE where the session is over. */
int session_ping(struct session *s);

/*
 * Puts DISCONNECT into the output; nothing is sent after it [MQTT-3.14.4-1]. MQTTWILL_EUNSUPPORTED: 3.x has no reasons, and
 * its DISCONNECT would mean 0x00.
 */
int session_disconnect(struct session *s, uint8_t reason, const uint32_t *session_expiry);

static inline bool session_is_up(const struct session *s)
{
	return s->state == SESSION_UP;
}

#endif
