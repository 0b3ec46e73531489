/* SPDX-License-Identifier: MIT */
/*
 * What an actor says. CONNECT is built by hand, because some of them must be wrong.
 */
#include <stdio.h>
#include <string.h>

#include "probe/internal.h"

void speak_bytes(struct probe_actor *a, const void *bytes, size_t n)
{
	if (a->open && !a->silent)
		a->play->world->send(a->play->owner, a, bytes, n);
}

void speak(struct probe_actor *a, const struct packet *pk)
{
	uint8_t bytes[512];
	size_t  n = packet_size(pk, a->level);
	if (n == 0 || n > sizeof bytes)
		play_give_up(a->play, "a %s of %zu bytes is too long for the prober", packet_name(pk->type), n);
	else
		speak_bytes(a, bytes, packet_encode(pk, a->level, bytes));
}

/* ---- CONNECT ---- */

enum { CONNECT_MAX = 1024 };

struct writer {
	uint8_t bytes[CONNECT_MAX];
	size_t  n;
	bool    full;
};

static void put(struct writer *w, const void *bytes, size_t n)
{
	w->full |= n > sizeof w->bytes - w->n;
	if (w->full)
		return;
	put_bytes(w->bytes + w->n, bytes, n);
	w->n += n;
}

static void put_byte(struct writer *w, unsigned byte)
{
	put(w, &(uint8_t){(uint8_t)byte}, 1);
}

static void put_number(struct writer *w, uint64_t value, unsigned size)
{
	while (size-- > 0)
		put_byte(w, value >> 8 * size & 0xFF);
}

static void put_field(struct writer *w, const void *bytes, size_t n)
{
	put_number(w, n, 2);
	put(w, bytes, n);
}

static void put_text(struct writer *w, const char *text)
{
	put_field(w, text, strlen(text));
}

static void put_property(struct writer *w, unsigned id, uint64_t value, unsigned size)
{
	put_byte(w, id);
	put_number(w, value, size);
}

static void put_length(struct writer *w, size_t n)
{
	for (; n > 127; n >>= 7)
		put_byte(w, (n & 127) | 128);
	put_byte(w, (unsigned)n);
}

static void put_section(struct writer *w, const struct writer *section)
{
	put_length(w, section->n);
	put(w, section->bytes, section->n);
	w->full |= section->full;
}

static void connect_properties(struct writer *w, const struct probe_connect *c)
{
	struct writer section = {.n = 0};
	if (c->expiry)
		put_property(&section, 0x11, c->expiry - 1, 4);
	if (c->receive_maximum)
		put_property(&section, 0x21, c->receive_maximum, 2);
	if (c->maximum_packet_size)
		put_property(&section, 0x27, c->maximum_packet_size, 4);
	if (c->flaw == FLAW_DELAY_OUTSIDE)
		put_property(&section, 0x18, 1, 4);
	put_section(w, &section);
}

/* The five other properties of a will; hear.c knows them again. */
/* The same pair twice, one name twice in a row, and another order than forwards, backwards or sorted. */
const char *const probe_users[PROBE_USERS][2] = {{"b", "1"}, {"a", "2"}, {"b", "1"}, {"b", "3"}};

static void content_properties(struct writer *w)
{
	put_byte(w, 0x03);
	put_text(w, "text/plain");
	put_byte(w, 0x08);
	put_text(w, "probe/answer");
	put_byte(w, 0x09);
	put_field(w, "\x01\x00\x02", 3);
	for (size_t i = 0; i < PROBE_USERS; i++) {
		put_byte(w, 0x26);
		put_text(w, probe_users[i][0]);
		put_text(w, probe_users[i][1]);
	}
}

static void will_properties(struct writer *w, const struct probe_connect *c)
{
	struct writer section = {.n = 0};
	if (c->delay)
		put_property(&section, 0x18, c->delay - 1, 4);
	if (c->flaw == FLAW_REPEATED_DELAY)
		put_property(&section, 0x18, 1, 4);
	if (c->text || c->properties)
		put_property(&section, 0x01, 1, 1);
	if (c->message_expiry)
		put_property(&section, 0x02, c->message_expiry - 1, 4);
	if (c->flaw == FLAW_FOREIGN_PROPERTY)
		put_property(&section, 0x11, 1, 4);
	if (c->flaw == FLAW_UNKNOWN_PROPERTY)
		put_property(&section, 0x7F, 1, 1);
	if (c->response_topic) {
		put_byte(&section, 0x08);
		put_text(&section, c->response_topic);
	}
	if (c->properties)
		content_properties(&section);
	put_section(w, &section);
}

static void will_fields(struct writer *w, const struct probe_actor *a, const struct probe_connect *c)
{
	const struct probe_settings *g = a->play->settings;
	char                         topic[sizeof a->play->topic + 24];
	snprintf(topic, sizeof topic, "%s/%s", a->play->topic, a->who == PROBE_CONTROL ? "control" : "will");
	if (a->who == PROBE_CHURNER)
		snprintf(topic, sizeof topic, "%s/load/%u", a->play->topic, a->number);
	if (a->level == LEVEL_5 && c->flaw != FLAW_NO_WILL_PROPERTIES)
		will_properties(w, c);
	if (c->denied)
		put_text(w, g->denied_topic);
	else if (c->topic)
		put_field(w, c->topic, c->topic_n ? c->topic_n : strlen(c->topic));
	else
		put_text(w, topic);
	if (c->flaw != FLAW_NO_PAYLOAD)
		put_text(w, c->will);
}

static unsigned connect_flags(const struct probe_connect *c, bool user, bool password)
{
	unsigned will = c->will ? 0x04u | (unsigned)c->qos << 3 | (c->retain ? 0x20u : 0u) : 0u;
	if (c->flaw == FLAW_QOS_3)
		will |= 0x18;
	if (c->flaw == FLAW_QOS_WITHOUT_WILL)
		will = 0x08;
	if (c->flaw == FLAW_RETAIN_WITHOUT_WILL)
		will = 0x20;
	return (c->resume ? 0u : 0x02u) | will | (user ? 0x80u : 0u) | (password ? 0x40u : 0u);
}

/* Of the device's id there is one; a watcher and a stranger have their own. */
static void put_client_id(struct writer *w, const struct probe_actor *a)
{
	static const char *const tails[PROBE_PLAYERS] = {
		[WATCHER] = "w",
		[OTHER] = "o",
		[LATE] = "l",
		[PROBE_CONTROL] = "c",
	};
	char        id[24];
	const char *tail = tails[a->who] ? tails[a->who] : "d";
	snprintf(id, sizeof id, "%.*s-%s-%s", PROBE_NAME_MAX, a->play->settings->name, a->play->scenario->id, tail);
	if (a->who == PROBE_CHURNER)
		snprintf(id, sizeof id, "%.*s-%u", PROBE_NAME_MAX, a->play->settings->name, a->number);
	put_text(w, id);
}

static void put_credentials(struct writer *w, const struct probe_settings *g, bool bad)
{
	static const char wrong[] = "mqttwill-probe-wrong";
	if (bad)
		put_text(w, wrong);
	else if (g->user_name.p)
		put_field(w, g->user_name.p, g->user_name.n);
	if (bad)
		put_text(w, wrong);
	else if (g->password.p)
		put_field(w, g->password.p, g->password.n);
}

void speak_connect(struct probe_actor *a, const struct probe_connect *c)
{
	const struct probe_settings *g = a->play->settings;
	struct writer                body = {.n = 0}, all = {.n = 0};
	bool                         bad = c->flaw == FLAW_BAD_CREDENTIALS;
	put_text(&body, a->level == LEVEL_31 ? "MQIsdp" : "MQTT");
	put_byte(&body, a->level);
	put_byte(&body, connect_flags(c, bad || g->user_name.p, bad || g->password.p));
	put_number(&body, c->keep_alive, 2);
	if (a->level == LEVEL_5)
		connect_properties(&body, c);
	put_client_id(&body, a);
	if (c->will)
		will_fields(&body, a, c);
	put_credentials(&body, g, bad);
	put_byte(&all, PACKET_CONNECT << 4);
	put_section(&all, &body);
	if (all.full)
		play_give_up(a->play, "CONNECT is too long for the prober");
	else
		speak_bytes(a, all.bytes, all.n);
}

/* ---- The rest ---- */

static uint16_t next_id(struct probe_actor *a)
{
	return ++a->last_id;
}

void speak_subscribe(struct probe_actor *a, const char *filter, bool no_local)
{
	uint8_t       v5 = a->level == LEVEL_5 ? OPTION_RETAIN_AS_PUBLISHED | (no_local ? OPTION_NO_LOCAL : 0) : 0;
	struct filter f = {span_text(filter, 0), 2 | v5};
	speak(a, &(struct packet){.type = PACKET_SUBSCRIBE, .id = next_id(a), .filters = &f, .count = 1});
}

void speak_publish(struct probe_actor *a, const char *topic, const char *payload, uint8_t qos, bool retain)
{
	struct packet pk = {.type = PACKET_PUBLISH, .qos = qos, .retain = retain};
	pk.id = qos ? next_id(a) : 0;
	pk.topic = span_text(topic, 0);
	pk.payload = span_text(payload, 0);
	speak(a, &pk);
}

void speak_ack(struct probe_actor *a, const struct packet *pk)
{
	static const uint8_t answers[][2] = {{PACKET_PUBLISH, 0}, {PACKET_PUBACK, 0}, {PACKET_PUBREC, 0}};
	uint8_t              type = pk->type == PACKET_PUBREL ? PACKET_PUBCOMP : answers[pk->qos][0];
	if (a->holds) {
		a->held_id = pk->id;
		return;
	}
	if (type != PACKET_PUBLISH)
		speak(a, &(struct packet){.type = type, .id = pk->id});
}
