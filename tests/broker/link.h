/* SPDX-License-Identifier: MIT */
/*
 * One network connection: bytes in and out, which packet is legal when, and its three ways to end: the client's
 * DISCONNECT, the broker's decision, the network. Each ends in session_detach(), which is the will's T0.
 */
#ifndef BROKER_LINK_H
#define BROKER_LINK_H

#include "broker/core.h"

/* False: it was not sent, because the client takes no packet of that size, or reads so slowly that it is cut off. */
bool link_send(struct broker_link *l, const struct packet *pk);

/* The same for an answer that is no more than type, packet identifier and reason code. */
void link_answer(struct broker_link *l, enum packet_type type, uint16_t id, uint8_t reason);

/* The broker ends the connection: DISCONNECT with the reason in MQTT 5, then close. Text becomes its Reason String. */
void link_end(struct broker_link *l, uint8_t reason, const char *text, uint64_t now_ms);

/* Ends it without a DISCONNECT. Reason and text are for the observer. */
void link_close(struct broker_link *l, uint8_t reason, const char *text, uint64_t now_ms);

/* Frees the link and says nothing to anybody. */
void link_free(struct broker_link *l);

/* The keep-alive begins anew: a packet came. */
void link_touch(struct broker_link *l, uint64_t now_ms);

/* What the packets do, one function each; the link is in the state that the table in link.c demands. */
void on_connect(struct broker_link *l, const struct packet *pk, uint64_t now_ms);
void on_publish(struct broker_link *l, const struct packet *pk, uint64_t now_ms);
void on_acknowledgement(struct broker_link *l, const struct packet *pk, uint64_t now_ms);
void on_pubrel(struct broker_link *l, const struct packet *pk, uint64_t now_ms);
void on_subscribe(struct broker_link *l, const struct packet *pk, uint64_t now_ms);
void on_unsubscribe(struct broker_link *l, const struct packet *pk, uint64_t now_ms);

/*
 * A CONNECT that cannot be read; `bytes` is what there is of it. Answers with CONNACK where that is lawful, and closes.
 */
void connect_failed(struct broker_link *l, struct span bytes, const struct fault *fault, uint64_t now_ms);

/* Refuses the CONNECT with CONNACK and closes. */
void connect_refuse(struct broker_link *l, uint8_t reason, const char *text, uint64_t now_ms);

/* The protocol level in the first bytes of a CONNECT; 0: not yet known. */
uint8_t connect_level(struct span bytes);

#endif
