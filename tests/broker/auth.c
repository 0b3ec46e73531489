/* SPDX-License-Identifier: MIT */
/*
 * A CONNECT with a method is kept as it came; when the client has proved itself, it is handled as if it had come then.
 */
#include "broker/auth.h"

#include <stdio.h>
#include <stdlib.h>

#include "broker/link.h"

static enum verdict test_round(struct exchange *x, struct span data)
{
	char expected[AUTH_TEXT_MAX];
	snprintf(expected, sizeof expected, "%s:%u", x->password, x->round);
	if (x->round && !span_equal(data, span_text(expected, 0)))
		return AUTH_BAD;
	if (x->round == 2) {
		snprintf(x->out, sizeof x->out, "welcome");
		return AUTH_GOOD;
	}
	snprintf(x->out, sizeof x->out, "%u", ++x->round);
	return AUTH_GOES_ON;
}

static const struct {
	const char *name;
	enum verdict (*round)(struct exchange *x, struct span data);
} methods[] = {
	{"TEST", test_round},
	{"SCRAM-SHA-256", scram_round},
};

static enum verdict play_round(struct broker_link *l, struct span data)
{
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (span_equal(l->auth->method, span_text(methods[i].name, 0)))
			return methods[i].round(&l->auth->exchange, data);
	return AUTH_BAD;
}

static void say(struct broker_link *l, uint8_t reason)
{
	struct packet pk = {.type = PACKET_AUTH, .reason = reason};
	auth_into_connack(l->auth, &pk.props); /* [MQTT-4.12.0-5] */
	link_send(l, &pk);
}

void auth_into_connack(const struct auth *a, struct props *p)
{
	p->has |= HAS(AUTH_METHOD) | HAS(AUTH_DATA);
	p->auth_method = a->method;
	p->auth_data = span_text(a->exchange.out, 0);
}

static void begin_exchange(struct broker_link *l)
{
	struct broker *b = l->broker;
	l->auth->exchange = (struct exchange){
		.user_name = b->options.user_name ? b->options.user_name : "",
		.password = b->options.password ? b->options.password : "",
		.nonce = ++b->nonces,
	};
	l->auth->running = true;
}

/* Handles the CONNECT that waited. */
static void admit(struct broker_link *l, uint64_t now_ms)
{
	struct packet pk;
	struct fault  fault;
	struct auth  *a = l->auth;
	int rc = packet_decode(&pk, l->level, FROM_CLIENT, a->bytes + a->method.n, a->connect_len, &fault);
	a->connect_len = 0;
	if (rc == 0)
		on_connect(l, &pk, now_ms);
}

static void end_exchange(struct broker_link *l, bool good, uint64_t now_ms)
{
	bool first = l->auth->connect_len > 0;
	l->auth->running = false;
	if (good && first)
		admit(l, now_ms);
	else if (first)
		connect_refuse(l, REASON_NOT_AUTHORIZED, "the authentication failed", now_ms); /* [MQTT-4.12.0-4] */
	else if (good)
		say(l, REASON_SUCCESS);
	else
		link_end(l, REASON_NOT_AUTHORIZED, "the re-authentication failed", now_ms); /* [MQTT-4.12.1-2] */
	if (!good || l->state != LINK_UP)
		return;
	const struct broker_event event = {
		.type = BROKER_AUTHENTICATED,
		.client_id = l->session->client_id,
		.text = first ? "for CONNECT" : "once more",
	};
	broker_say(l->broker, event, now_ms);
}

static void go_on(struct broker_link *l, struct span data, uint64_t now_ms)
{
	enum verdict v = play_round(l, data);
	if (v == AUTH_GOES_ON)
		say(l, REASON_CONTINUE_AUTH); /* [MQTT-4.12.0-2] */
	else
		end_exchange(l, v == AUTH_GOOD, now_ms);
}

static struct span data_of(const struct packet *pk)
{
	return pk->props.has & HAS(AUTH_DATA) ? pk->props.auth_data : span_of(NULL, 0);
}

void exchange_begin(struct broker_link *l, const struct packet *connect, uint64_t now_ms)
{
	struct span  method = connect->props.auth_method;
	struct auth *a = malloc(sizeof *a + method.n + l->packet.n);
	if (!a) {
		connect_refuse(l, REASON_QUOTA, "no memory", now_ms);
		return;
	}
	memcpy(a->bytes, method.p, method.n);
	memcpy(a->bytes + method.n, l->packet.p, l->packet.n);
	a->method = span_of(a->bytes, method.n);
	a->connect_len = l->packet.n;
	l->auth = a;
	l->state = LINK_AUTH;
	begin_exchange(l);
	go_on(l, data_of(connect), now_ms);
}

/* Does this AUTH fit what runs, or begin anew? */
static bool fits(const struct broker_link *l, const struct packet *pk)
{
	if (!l->auth || !span_equal(pk->props.auth_method, l->auth->method)) /* [MQTT-4.12.0-5], [MQTT-4.12.0-7] */
		return false;
	if (pk->reason == REASON_REAUTHENTICATE) /* [MQTT-4.12.1-1] */
		return l->state == LINK_UP && !l->auth->running;
	return l->auth->running;
}

void on_auth(struct broker_link *l, const struct packet *pk, uint64_t now_ms)
{
	if (!fits(l, pk)) {
		link_end(l, REASON_PROTOCOL_ERROR, "AUTH out of place, or of another method", now_ms);
		return;
	}
	if (pk->reason == REASON_REAUTHENTICATE)
		begin_exchange(l);
	go_on(l, data_of(pk), now_ms);
}
