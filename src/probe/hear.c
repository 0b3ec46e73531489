/* SPDX-License-Identifier: MIT */
/*
 * What an actor is told: answers that a step waits for, and messages, which are noted down.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "probe/internal.h"

static bool is(struct span s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

/* The user properties of speak.c, in their order. */
static bool same_users(const struct props *p)
{
	struct property_item item;
	size_t               at = 0, n = 0;
	bool                 same = true;
	while (property_next(p->raw, &at, &item)) {
		if (item.property != PROPERTY_USER)
			continue;
		same = same && n < PROBE_USERS && is(item.text, probe_users[n][0]) && is(item.value, probe_users[n][1]);
		n++;
	}
	return same && n == PROBE_USERS;
}

static bool all_properties(const struct props *p)
{
	const uint32_t want =
		HAS(PAYLOAD_FORMAT) | HAS(CONTENT_TYPE) | HAS(RESPONSE_TOPIC) | HAS(CORRELATION_DATA) | HAS(USER);
	return (p->has & want) == want && p->payload_format == 1 && is(p->content_type, "text/plain") &&
	       is(p->response_topic, "probe/answer") && p->correlation_data.n == 3 &&
	       memcmp(p->correlation_data.p, "\x01\x00\x02", 3) == 0 && same_users(p);
}

static const char *name_in_play(const struct play *p, struct span topic)
{
	size_t n = strlen(p->topic);
	bool   ours = topic.n > n && memcmp(topic.p, p->topic, n) == 0 && topic.p[n] == '/';
	return ours ? (const char *)topic.p + n + 1 : NULL;
}

static void note(struct probe_actor *a, const struct packet *pk)
{
	struct play         *p = a->play;
	struct probe_result *r = &p->result;
	if (r->seen_count == PROBE_SEEN)
		return;
	struct probe_seen *seen = &r->seen[r->seen_count++];
	uint32_t other = ~(HAS(MESSAGE_EXPIRY) | HAS(SUBSCRIPTION_ID) | HAS(TOPIC_ALIAS) | HAS(PAYLOAD_FORMAT));
	*seen = (struct probe_seen){
		.at_ms = p->now_ms - p->began_ms,
		.message_expiry = pk->props.has & HAS(MESSAGE_EXPIRY) ? S(pk->props.message_expiry) : 0,
		.who = a->who,
		.qos = pk->qos,
		.retain = pk->retain,
		.dup = pk->dup,
		.properties = all_properties(&pk->props),
		.other_properties = pk->props.has & other,
	};
	size_t n = pk->payload.n < sizeof seen->payload - 1 ? pk->payload.n : sizeof seen->payload - 1;
	put_bytes((uint8_t *)seen->payload, pk->payload.p, n);
}

/* UINT_MAX: it is none. */
static unsigned number_of(struct span digits)
{
	unsigned n = 0;
	for (size_t i = 0; i < digits.n; i++) {
		unsigned digit = (unsigned)((const uint8_t *)digits.p)[i] - '0';
		if (digit > 9 || n > 1000000)
			return UINT_MAX;
		n = 10 * n + digit;
	}
	return n;
}

static void on_publish(struct probe_actor *a, const struct packet *pk)
{
	struct play *p = a->play;
	const char  *name = name_in_play(p, pk->topic);
	size_t       n = name ? pk->topic.n - strlen(p->topic) - 1 : 0;
	if (p->load && name && n > 5 && memcmp(name, "load/", 5) == 0) {
		load_saw(p->load, number_of((struct span){pk->topic.p + (pk->topic.n - n + 5), n - 5}));
		speak_ack(a, pk);
		return;
	}
	if (name && n == 7 && memcmp(name, "control", n) == 0)
		p->control |= p->phase == PLAY_CONTROL && a->who == WATCHER;
	else if (p->phase < PLAY_CLEAN)
		note(a, pk);
	speak_ack(a, pk);
}

static void on_pubrel(struct probe_actor *a, const struct packet *pk)
{
	speak_ack(a, pk);
}

static void correct_due(struct play *p, uint64_t due_ms)
{
	p->has_correction = true;
	p->due_correction_ms = due_ms;
}

/* The broker may set another session expiry than was asked for; then the scenario is another one, too. */
static void learn_expiry(struct play *p, const struct props *props)
{
	const struct probe_connect *c = &p->scenario->steps[p->step].connect;
	uint64_t                    asked = c->expiry ? c->expiry - 1 : 0, delay = c->delay ? c->delay - 1 : 0;
	if (p->scenario->due_from == DUE_CONNACK)
		correct_due(p, 1000 * (props->session_expiry < delay ? props->session_expiry : delay));
	else if (props->session_expiry != asked)
		play_unsupported(p, "CONNACK makes a session expiry of %llu s one of %u s", (unsigned long long)asked,
		                 (unsigned)props->session_expiry);
}

static void learn_keep_alive(struct play *p, const struct props *props)
{
	if (p->scenario->due_from != DUE_KEEP_ALIVE)
		return;
	const struct probe_connect *c = &p->scenario->steps[p->step].connect;
	uint64_t                    delay = c->delay ? c->delay - 1 : 0;
	bool                        waits = p->scenario->sights[0].payload;
	if (waits && props->server_keep_alive <= 4)
		correct_due(p, props->server_keep_alive * 1500u + 1000 * delay);
	else if (waits || props->server_keep_alive * 1500u <= p->scenario->until_ms)
		play_unsupported(p, "CONNACK sets a Server Keep Alive of %u s", (unsigned)props->server_keep_alive);
}

static void learn_due(struct play *p, const struct probe_actor *a, const struct props *props)
{
	if (a->who != DEVICE || p->phase != PLAY_STEPS)
		return;
	if (props->has & HAS(SESSION_EXPIRY))
		learn_expiry(p, props);
	if (props->has & HAS(SERVER_KEEP_ALIVE))
		learn_keep_alive(p, props);
}

static void learn_broker(struct probe_broker *told, uint8_t level, const struct props *p)
{
	told->level = level;
	told->maximum_qos = p->has & HAS(MAXIMUM_QOS) ? p->maximum_qos : 2;
	told->no_retain = p->has & HAS(RETAIN_AVAILABLE) && !p->retain_available;
}

static void on_connack(struct probe_actor *a, const struct packet *pk)
{
	if (a->who == WATCHER && pk->reason == 0)
		learn_broker(&a->play->told, a->level, &pk->props);
	a->answered = true;
	a->code = a->level == LEVEL_5 ? pk->reason : pk->reason ? reason_from_return_code(pk->reason) : 0;
	a->session_present = pk->session_present;
	learn_due(a->play, a, &pk->props);
}

/* SUBACK's only code; a refusal is no answer to build on. */
static void on_suback(struct probe_actor *a, const struct packet *pk)
{
	a->answered = true;
	a->code = pk->count && pk->list.p[0] >= REASON_FAILURE ? pk->list.p[0] : 0;
}

static void on_puback(struct probe_actor *a, const struct packet *pk)
{
	(void)pk;
	a->answered = true;
	a->code = 0; /* whether the message was wanted is not what is tested */
}

static void on_disconnect(struct probe_actor *a, const struct packet *pk)
{
	a->code = pk->reason;
}

static void (*const table[PACKET_TYPES])(struct probe_actor *a, const struct packet *pk) = {
	[PACKET_CONNACK] = on_connack, [PACKET_PUBLISH] = on_publish, [PACKET_PUBREL] = on_pubrel,
	[PACKET_PUBACK] = on_puback,   [PACKET_SUBACK] = on_suback,   [PACKET_DISCONNECT] = on_disconnect,
};

void hear(struct probe_actor *a, const uint8_t *bytes, size_t n)
{
	struct packet pk;
	struct fault  fault;
	if (packet_decode(&pk, a->level, FROM_SERVER, bytes, n, &fault) < 0)
		snprintf(a->play->fault, sizeof a->play->fault, "%s (%s)", fault.text, fault.rule);
	else if (table[pk.type])
		table[pk.type](a, &pk);
}
