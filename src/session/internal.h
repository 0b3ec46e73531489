/* SPDX-License-Identifier: MIT */
/*
 * What the halves of a session share.
 */
#ifndef SESSION_INTERNAL_H
#define SESSION_INTERNAL_H

#include "session/session.h"

/*
 * Encodes a packet into the output. MQTTWILL_ENOMEM, _EMESSAGE where it is longer than MQTT allows, _ETOOBIG where it is than
 * the broker's Maximum Packet Size, _ESTATE before CONNECT and at the end.
 */
int session_write(struct session *s, const struct packet *pk);

/* PUBACK, PUBREC, PUBREL or PUBCOMP. */
int session_ack(struct session *s, uint8_t type, uint16_t id, uint8_t reason);

/* Sends the acknowledgements that found no memory when it was their turn. */
void session_release(struct session *s);

/* A message of the peer's was open [MQTT 5, 4.9] and has got its last acknowledgement. */
void session_settled(struct session *s);

/* Stands for this connection in flight->in. */
void *session_here(const struct session *s);

/* May a packet of this type come now? NULL: it may. */
const struct fault *session_unexpected(const struct session *s, uint8_t type);

/* Handles one packet that was decoded and may come; fills *ev where there is something to tell. */
void session_receive(struct session *s, struct session_event *ev);

/* It need not be sent again any more. */
void session_resent(struct session *s, struct outgoing *o);

/* Goes on with what session_resend() began, as far as there is room. */
int session_resend_more(struct session *s);

/* What is wrong with the Authentication Method of an AUTH or CONNACK; NULL: nothing. */
const struct fault *session_auth_fault(const struct session *s, const struct packet *pk);

/* Handles an AUTH. */
void session_on_auth(struct session *s, struct session_event *ev);

/* Ends the session over a fault of the peer's: DISCONNECT with its reason where there is one to send, and *ev. */
void session_fail(struct session *s, struct session_event *ev, const struct fault *fault);

#endif
