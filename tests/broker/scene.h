/* SPDX-License-Identifier: MIT */
/*
 * A stage for tests of the broker: the broker, its clients, and a clock that moves only when told. Clients are made of
 * wire alone; what they receive is kept, decoded, with the time of its arrival. A wrong expectation fails the test.
 */
#ifndef BROKER_SCENE_H
#define BROKER_SCENE_H

#include "base/buf.h"
#include "base/list.h"
#include "broker/broker.h"
#include "wire/packet.h"

struct scene {
	struct broker *broker;
	uint64_t       now_ms;
	struct list    peers;
	unsigned       events[BROKER_EVENTS]; /* how many of each the broker told */
	uint64_t       due_ms; /* of the latest WILL_DUE; 0: none */
	char           lines[4096]; /* the first of them, as text */
	size_t         lines_len;
};

/* A packet that a client received. */
struct arrival {
	struct packet pk; /* points into bytes */
	uint64_t      at_ms;
	size_t        size;
	uint8_t      *bytes;
};

struct peer {
	struct list         node;
	struct scene       *scene;
	struct broker_link *link; /* NULL: the connection has ended */
	uint8_t             level;
	bool                no_ack; /* leave what comes unacknowledged */
	struct buf          in;
	struct arrival     *arrivals;
	size_t              count, cap, seen;
	uint16_t            last_id;
};

/* Options may be NULL; their observer is the scene's. */
void scene_init(struct scene *s, const struct broker_options *options);
void scene_fini(struct scene *s);

/* Moves the clock, tick by tick, as the broker's deadlines say. */
void scene_until(struct scene *s, uint64_t at_ms);
void scene_pass(struct scene *s, uint64_t ms);

/* A new network connection. It lives as long as the scene. */
struct peer *peer_open(struct scene *s, uint8_t level);
void         peer_bytes(struct peer *p, const void *bytes, size_t n);
void         peer_send(struct peer *p, const struct packet *pk);

/* The network connection is lost. */
void peer_drop(struct peer *p);

/* The next packet that was not looked at yet, valid until the next one arrives; NULL: there is none. */
const struct arrival *peer_next(struct peer *p);

/* The same, which must be of this type. */
const struct arrival *peer_expect(struct peer *p, enum packet_type type);
void                  peer_expect_nothing(struct peer *p);

/* Frees what has arrived. */
void peer_forget(struct peer *p);

/* The broker has ended the connection, in MQTT 5 with a DISCONNECT of this reason; 0: without one. */
void peer_expect_end(struct peer *p, uint8_t reason);

/* CONNECT as the client `id` with a clean start, or as `pk` says; the CONNACK, which must be 0x00. */
struct peer          *peer_join(struct scene *s, uint8_t level, const char *id);
const struct arrival *peer_connect(struct peer *p, const struct packet *pk);

/* A CONNECT to begin with. */
struct packet connect_packet(const char *id, bool clean_start);
void          connect_will(struct packet *pk, const char *topic, const char *payload, uint8_t qos, bool retain);

/* Subscribes and expects this code. */
void peer_subscribe(struct peer *p, const char *filter, uint8_t options, uint8_t code);

/* Publishes, with the next packet identifier above QoS 0; expects nothing. */
void peer_publish(struct peer *p, const char *topic, const char *payload, uint8_t qos, bool retain);

/* A PUBLISH of this content must be next. */
const struct arrival *peer_expect_message(struct peer *p, const char *topic, const char *payload, uint8_t qos,
                                          bool retain);

bool span_is(struct span s, const char *text);

#endif
