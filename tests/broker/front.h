/* SPDX-License-Identifier: MIT */
/*
 * The broker on TCP, and in WebSockets: one thread, one poll loop, non-blocking sockets. It knows no MQTT.
 */
#ifndef BROKER_FRONT_H
#define BROKER_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/broker.h"

struct front;

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t front_now_ms(void);

/* Listens; port 0 lets the system choose. NULL, with errno, where that fails. */
struct front *front_new(struct broker *b, const char *address, uint16_t port);
void          front_free(struct front *f);

/* "127.0.0.1:1883", with brackets around IPv6; lives as long as the front. */
const char *front_address(const struct front *f);

/* The same for clients that come by WebSocket, beside the others. False, with errno, where that fails. */
bool        front_listen_websocket(struct front *f, const char *address, uint16_t port);
const char *front_websocket_address(const struct front *f);

/* Serves until stop_fd is readable; then shuts the broker down and flushes what can be flushed. False on an error. */
bool front_run(struct front *f, int stop_fd);

#endif
