/* SPDX-License-Identifier: MIT */
/*
 * After whatever happens, all output is carried to its clients and their acknowledgements back, until there is silence.
 */
#include "broker/scene.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static void observe(void *user, const struct broker_event *event)
{
	struct scene *s = user;
	char          line[256];
	s->events[event->type]++;
	if (event->type == BROKER_WILL_DUE)
		s->due_ms = event->due_ms;
	broker_event_line(event, 0, line, sizeof line);
	if (s->lines_len + strlen(line) + 2 < sizeof s->lines)
		s->lines_len += (size_t)sprintf(s->lines + s->lines_len, "%s\n", line);
}

void scene_init(struct scene *s, const struct broker_options *options)
{
	struct broker_options mine = options ? *options : (struct broker_options){0};
	const char           *error;
	*s = (struct scene){.now_ms = 1234};
	mine.observe = observe;
	mine.user = s;
	list_init(&s->peers);
	s->broker = broker_new(&mine, &error);
	ck_assert_msg(s->broker != NULL, "%s", error);
}

void peer_forget(struct peer *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->arrivals[i].bytes);
	p->count = p->seen = 0;
}

static void free_peer(struct peer *p)
{
	peer_forget(p);
	free(p->arrivals);
	buf_fini(&p->in);
	list_remove(&p->node);
	free(p);
}

void scene_fini(struct scene *s)
{
	broker_free(s->broker);
	for (struct list *n; (n = list_first(&s->peers));)
		free_peer(list_entry(n, struct peer, node));
}

static void deliver(struct peer *p, const void *bytes, size_t n)
{
	if (p->link)
		broker_receive(p->link, bytes, n, p->scene->now_ms);
}

static void encode(struct peer *p, const struct packet *pk)
{
	size_t   size = packet_size(pk, p->level);
	uint8_t *bytes = malloc(size);
	ck_assert(size && bytes);
	packet_encode(pk, p->level, bytes);
	deliver(p, bytes, size);
	free(bytes);
}

static void acknowledge(struct peer *p, const struct packet *pk)
{
	static const uint8_t answers[PACKET_TYPES] = {
		[PACKET_PUBREC] = PACKET_PUBREL,
		[PACKET_PUBREL] = PACKET_PUBCOMP,
	};
	uint8_t type = answers[pk->type];
	if (pk->type == PACKET_PUBLISH && pk->qos)
		type = pk->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC;
	if (type && pk->reason < REASON_FAILURE)
		encode(p, &(struct packet){.type = type, .id = pk->id});
}

static void arrive(struct peer *p, const uint8_t *bytes, size_t size)
{
	struct fault fault;
	if (p->count == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 8;
		p->arrivals = realloc(p->arrivals, p->cap * sizeof *p->arrivals);
		ck_assert(p->arrivals != NULL);
	}
	struct arrival *a = &p->arrivals[p->count++];
	*a = (struct arrival){.at_ms = p->scene->now_ms, .size = size, .bytes = malloc(size)};
	memcpy(a->bytes, bytes, size);
	int rc = packet_decode(&a->pk, p->level, FROM_SERVER, a->bytes, size, &fault);
	ck_assert_msg(rc == 0, "the broker broke %s: %s", fault.rule, fault.text);
}

static void take_packets(struct peer *p)
{
	struct frame f;
	while (buf_len(&p->in) && frame_read(&f, p->level, buf_front(&p->in), buf_len(&p->in)) == 1) {
		if (buf_len(&p->in) < f.size)
			break;
		arrive(p, buf_front(&p->in), f.size);
		buf_take(&p->in, f.size);
		if (!p->no_ack)
			acknowledge(p, &p->arrivals[p->count - 1].pk);
	}
}

static bool carry(struct peer *p)
{
	const uint8_t *bytes;
	size_t         n = p->link ? broker_output(p->link, &bytes) : 0;
	if (n) {
		ck_assert(buf_append(&p->in, bytes, n));
		broker_sent(p->link, n, p->scene->now_ms);
		take_packets(p);
	}
	if (p->link && broker_wants_close(p->link)) {
		broker_closed(p->link, p->scene->now_ms);
		p->link = NULL;
		return true;
	}
	return n != 0;
}

static void settle(struct scene *s)
{
	for (bool busy = true; busy;) {
		busy = false;
		broker_tick(s->broker, s->now_ms);
		for (struct list *n = s->peers.next; n != &s->peers; n = n->next)
			busy |= carry(list_entry(n, struct peer, node));
	}
}

void scene_until(struct scene *s, uint64_t at_ms)
{
	settle(s);
	while (broker_deadline(s->broker) <= at_ms) {
		ck_assert_uint_ge(broker_deadline(s->broker), s->now_ms);
		s->now_ms = broker_deadline(s->broker);
		settle(s);
	}
	s->now_ms = at_ms;
	settle(s);
}

void scene_pass(struct scene *s, uint64_t ms)
{
	scene_until(s, s->now_ms + ms);
}

struct peer *peer_open(struct scene *s, uint8_t level)
{
	struct peer *p = calloc(1, sizeof *p);
	ck_assert(p != NULL);
	p->scene = s;
	p->level = level;
	buf_init(&p->in, BROKER_OUTPUT_MAX);
	list_push(&s->peers, &p->node);
	p->link = broker_accept(s->broker, s->now_ms);
	ck_assert(p->link != NULL);
	return p;
}

void peer_bytes(struct peer *p, const void *bytes, size_t n)
{
	deliver(p, bytes, n);
	settle(p->scene);
}

void peer_send(struct peer *p, const struct packet *pk)
{
	encode(p, pk);
	settle(p->scene);
}

void peer_drop(struct peer *p)
{
	if (p->link)
		broker_closed(p->link, p->scene->now_ms);
	p->link = NULL;
	settle(p->scene);
}

const struct arrival *peer_next(struct peer *p)
{
	return p->seen < p->count ? &p->arrivals[p->seen++] : NULL;
}

const struct arrival *peer_expect(struct peer *p, enum packet_type type)
{
	const struct arrival *a = peer_next(p);
	ck_assert_msg(a != NULL, "no %s came\n%s", packet_name((uint8_t)type), p->scene->lines);
	ck_assert_str_eq(packet_name(a->pk.type), packet_name((uint8_t)type));
	return a;
}

void peer_expect_nothing(struct peer *p)
{
	const struct arrival *a = peer_next(p);
	ck_assert_msg(!a, "%s came unexpectedly\n%s", a ? packet_name(a->pk.type) : "", p->scene->lines);
}

void peer_expect_end(struct peer *p, uint8_t reason)
{
	if (reason && p->level == LEVEL_5)
		ck_assert_uint_eq(peer_expect(p, PACKET_DISCONNECT)->pk.reason, reason);
	peer_expect_nothing(p);
	ck_assert_msg(!p->link, "the broker keeps the connection\n%s", p->scene->lines);
}

struct packet connect_packet(const char *id, bool clean_start)
{
	return (struct packet){
		.type = PACKET_CONNECT,
		.connect = {.client_id = span_text(id, 0), .clean_start = clean_start},
	};
}

void connect_will(struct packet *pk, const char *topic, const char *payload, uint8_t qos, bool retain)
{
	pk->connect.has_will = true;
	pk->connect.will_topic = span_text(topic, 0);
	pk->connect.will_payload = span_text(payload, 0);
	pk->connect.will_qos = qos;
	pk->connect.will_retain = retain;
}

const struct arrival *peer_connect(struct peer *p, const struct packet *pk)
{
	peer_send(p, pk);
	const struct arrival *a = peer_expect(p, PACKET_CONNACK);
	ck_assert_uint_eq(a->pk.reason, 0);
	return a;
}

struct peer *peer_join(struct scene *s, uint8_t level, const char *id)
{
	struct peer  *p = peer_open(s, level);
	struct packet pk = connect_packet(id, true);
	peer_connect(p, &pk);
	return p;
}

static uint16_t new_id(struct peer *p)
{
	return ++p->last_id;
}

void peer_subscribe(struct peer *p, const char *filter, uint8_t options, uint8_t code)
{
	struct filter f = {span_text(filter, 0), options};
	peer_send(p, &(struct packet){.type = PACKET_SUBSCRIBE, .id = new_id(p), .filters = &f, .count = 1});
	const struct arrival *a = peer_expect(p, PACKET_SUBACK);
	ck_assert_uint_eq(a->pk.count, 1);
	ck_assert_uint_eq(a->pk.list.p[0], code);
}

void peer_publish(struct peer *p, const char *topic, const char *payload, uint8_t qos, bool retain)
{
	peer_send(p, &(struct packet){
			     .type = PACKET_PUBLISH,
			     .id = qos ? new_id(p) : 0,
			     .qos = qos,
			     .retain = retain,
			     .topic = span_text(topic, 0),
			     .payload = span_text(payload, 0),
		     });
}

bool span_is(struct span s, const char *text)
{
	return s.n == strlen(text) && (s.n == 0 || !memcmp(s.p, text, s.n));
}

const struct arrival *peer_expect_message(struct peer *p, const char *topic, const char *payload, uint8_t qos,
                                          bool retain)
{
	const struct arrival *a = peer_expect(p, PACKET_PUBLISH);
	ck_assert_msg(span_is(a->pk.topic, topic), "the topic is %.*s", (int)a->pk.topic.n, (const char *)a->pk.topic.p);
	ck_assert_msg(span_is(a->pk.payload, payload), "the payload is %.*s", (int)a->pk.payload.n,
	              (const char *)a->pk.payload.p);
	ck_assert_uint_eq(a->pk.qos, qos);
	ck_assert_uint_eq(a->pk.retain, retain);
	return a;
}
