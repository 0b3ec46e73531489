/* SPDX-License-Identifier: MIT */
/*
 * The watcher subscribes with Retain As Published, so that it sees the will's own RETAIN. QoS and retain differ from
 * row to row.
 */
#include "broker/will_row.h"

#include <check.h>
#include <stdio.h>

struct play {
	const struct row *row;
	struct scene      scene;
	struct peer      *watcher;
	struct peer      *device; /* the latest connection of the client */
	uint8_t           level, qos;
	bool              clean, retain;
	unsigned          variant; /* of the malformed packets */
	uint64_t          t_ms; /* the first step */
};

static const char topic[] = "will/device", id[] = "device", words[] = "gone";

void drop(struct play *p, const struct step *step)
{
	(void)step;
	peer_drop(p->device);
}

void silent(struct play *p, const struct step *step)
{
	(void)p;
	(void)step;
}

void disconnect(struct play *p, const struct step *step)
{
	struct packet pk = {.type = PACKET_DISCONNECT, .reason = step->code};
	if (step->expiry_s != NOT_GIVEN) {
		pk.props.has = HAS(SESSION_EXPIRY);
		pk.props.session_expiry = (uint32_t)step->expiry_s;
	}
	peer_send(p->device, &pk);
	ck_assert_msg(!p->device->link, "the broker keeps the connection");
}

void empty_disconnect(struct play *p, const struct step *step)
{
	(void)step;
	peer_bytes(p->device, "\xE0\x00", 2);
	peer_expect_end(p->device, 0);
}

void half_disconnect(struct play *p, const struct step *step)
{
	(void)step;
	peer_bytes(p->device, "\xE0", 1);
	ck_assert(p->device->link != NULL);
	peer_drop(p->device);
}

void bad_disconnect(struct play *p, const struct step *step)
{
	(void)step;
	peer_bytes(p->device, "\xE1\x00", 2);
	ck_assert_msg(!p->device->link, "the broker keeps the connection");
}

void bad_property(struct play *p, const struct step *step)
{
	(void)step;
	peer_bytes(p->device, "\xE0\x04\x00\x02\x01\x00", 6);
	peer_expect_end(p->device, REASON_MALFORMED);
}

void second_connect(struct play *p, const struct step *step)
{
	struct packet pk = connect_packet(id, false);
	(void)step;
	peer_send(p->device, &pk);
	peer_expect_end(p->device, REASON_PROTOCOL_ERROR);
}

/* A reserved type, QoS 3, wrong flags, a lone surrogate in a topic, a length of five bytes. */
static const struct {
	const char *bytes;
	size_t      n;
} wrong[] = {
	{"\x00\x00", 2},
	{"\x36\x06\x00\x01t\x00\x01x", 8},
	{"\x80\x06\x00\x01\x00\x01t\x00", 8},
	{"\x30\x06\x00\x03\xED\xA0\x80\x00", 8},
	{"\x30\xFF\xFF\xFF\xFF\x01", 6},
};

enum { WRONG = sizeof wrong / sizeof wrong[0] };

void malformed(struct play *p, const struct step *step)
{
	(void)step;
	peer_bytes(p->device, wrong[p->variant].bytes, wrong[p->variant].n);
	peer_expect_end(p->device, REASON_MALFORMED);
}

void denied(struct play *p, const struct step *step)
{
	(void)step;
	peer_publish(p->device, "forbidden", "x", 1, false);
	peer_expect_end(p->device, REASON_NOT_AUTHORIZED);
}

void kick(struct play *p, const struct step *step)
{
	ck_assert(broker_kick(p->scene.broker, id, step->code, p->scene.now_ms));
	scene_pass(&p->scene, 0);
	peer_expect_end(p->device, step->code);
}

void remove_session(struct play *p, const struct step *step)
{
	(void)step;
	ck_assert(broker_remove(p->scene.broker, id, p->scene.now_ms));
	scene_pass(&p->scene, 0);
}

void shut_down(struct play *p, const struct step *step)
{
	(void)step;
	broker_shutdown(p->scene.broker, p->scene.now_ms);
	scene_pass(&p->scene, 0);
}

static struct packet connect_again(const struct play *p, const struct step *step)
{
	struct packet pk = connect_packet(id, step->clean);
	pk.props.has = HAS(SESSION_EXPIRY);
	pk.props.session_expiry = (uint32_t)(p->row->expiry_s == NOT_GIVEN ? 0 : p->row->expiry_s);
	if (!step->payload)
		return pk;
	connect_will(&pk, topic, step->payload, p->qos, p->retain);
	pk.connect.will.has = HAS(WILL_DELAY);
	pk.connect.will.will_delay = step->delay_s;
	return pk;
}

void come(struct play *p, const struct step *step)
{
	struct packet pk = connect_again(p, step);
	struct peer  *old = p->device;
	p->device = peer_open(&p->scene, step->level ? step->level : p->level);
	const struct arrival *connack = peer_connect(p->device, &pk);
	if (p->device->level != LEVEL_31 && p->row->levels == V5)
		ck_assert_uint_eq(connack->pk.session_present, step->present);
	ck_assert_msg(!old->link, "the old connection was not closed");
	if (old->level == LEVEL_5 && old->count > old->seen)
		peer_expect_end(old, REASON_TAKEN_OVER);
}

void rejected(struct play *p, const struct step *step)
{
	struct packet pk = connect_again(p, step);
	struct peer  *other = peer_open(&p->scene, p->level);
	broker_refuse_next(p->scene.broker, REASON_NOT_AUTHORIZED);
	peer_send(other, &pk);
	ck_assert_uint_eq(peer_expect(other, PACKET_CONNACK)->pk.reason, p->level == LEVEL_5 ? REASON_NOT_AUTHORIZED : 5);
	peer_expect_end(other, 0);
}

void knock(struct play *p, const struct step *step)
{
	(void)step;
	peer_open(&p->scene, p->level);
}

void stranger(struct play *p, const struct step *step)
{
	(void)step;
	peer_join(&p->scene, p->level, "stranger");
}

static const struct step endings[] = {
	{.act = drop},
	{.act = disconnect, .code = REASON_WITH_WILL, .expiry_s = NOT_GIVEN},
	{.act = kick, .code = REASON_ADMINISTRATIVE},
	{.act = malformed},
	{.act = second_connect},
	{.act = denied},
};

enum { ENDINGS = sizeof endings / sizeof endings[0] };

void any_ending(struct play *p, const struct step *step)
{
	(void)step;
	endings[p->variant].act(p, &endings[p->variant]);
}

/* ---- Playing a row ---- */

static void connect_device(struct play *p)
{
	const struct row *row = p->row;
	struct packet     pk = connect_packet(id, p->clean);
	connect_will(&pk, topic, words, p->qos, p->retain);
	pk.connect.keep_alive = row->keep_alive_s;
	if (row->delay_s != NOT_GIVEN) {
		pk.connect.will.has = HAS(WILL_DELAY);
		pk.connect.will.will_delay = (uint32_t)row->delay_s;
	}
	if (row->expiry_s != NOT_GIVEN) {
		pk.props.has = HAS(SESSION_EXPIRY);
		pk.props.session_expiry = (uint32_t)row->expiry_s;
	}
	p->device = peer_open(&p->scene, p->level);
	peer_connect(p->device, &pk);
}

static void expect_words(struct play *p, const struct said *said)
{
	const struct arrival *a = peer_next(p->watcher);
	ck_assert_msg(a != NULL, "%s: no will came\n%s", p->row->id, p->scene.lines);
	if (a->pk.type == PACKET_PUBREL) /* of the will before */
		a = peer_next(p->watcher);
	ck_assert_uint_eq(a->pk.type, PACKET_PUBLISH);
	ck_assert_uint_eq(a->at_ms - p->t_ms, said->at_ms);
	ck_assert(span_is(a->pk.topic, topic) && span_is(a->pk.payload, said->payload));
	ck_assert_uint_eq(a->pk.qos, p->qos);
	ck_assert_uint_eq(a->pk.retain, p->retain);
	ck_assert_uint_eq(a->pk.dup, 0);
	ck_assert_uint_eq(a->pk.props.has, 0);
}

static void expect_silence(struct play *p)
{
	const struct arrival *a = peer_next(p->watcher);
	if (a && a->pk.type == PACKET_PUBREL)
		a = peer_next(p->watcher);
	if (a && a->pk.type == PACKET_DISCONNECT && p->row->steps[0].act == shut_down)
		a = peer_next(p->watcher);
	ck_assert_msg(!a, "%s: a %s came\n%s", p->row->id, a ? packet_name(a->pk.type) : "", p->scene.lines);
}

/* Takes the steps that come before at_ms, or at it; time is after the first step. */
static void go(struct play *p, size_t *step, uint64_t at_ms)
{
	for (; *step < STEPS && p->row->steps[*step].act && p->row->steps[*step].at_ms <= at_ms; ++*step) {
		scene_until(&p->scene, p->t_ms + p->row->steps[*step].at_ms);
		p->row->steps[*step].act(p, &p->row->steps[*step]);
	}
	scene_until(&p->scene, p->t_ms + at_ms);
}

/* Not a millisecond before, once at its time, and never again: the watch goes on for longer than any interval. */
static void watch(struct play *p)
{
	const uint64_t for_ever_ms = 3 * 0xFFFFFFFFull * 1000;
	size_t         step = 0;
	unsigned       count = 0;
	for (; count < SAID && p->row->said[count].payload; count++) {
		const struct said *said = &p->row->said[count];
		if (said->at_ms)
			go(p, &step, said->at_ms - 1);
		if (said->at_ms)
			expect_silence(p);
		go(p, &step, said->at_ms);
		expect_words(p, said);
	}
	go(p, &step, for_ever_ms);
	expect_silence(p);
	ck_assert_uint_eq(p->scene.events[BROKER_WILL_PUBLISHED], count);
	bool foretold = p->scene.due_ms && count && p->row->steps[0].act != come && !p->row->steps[1].act;
	if (foretold) /* by the broker's event, and nothing came between */
		ck_assert_uint_eq(p->scene.due_ms, p->t_ms + p->row->said[count - 1].at_ms);
}

static void play(struct play *p)
{
	struct broker_options options = {.acl = "deny publish forbidden disconnect"};
	if (p->row->server_expiry_s) {
		options.announce.has = HAS(SESSION_EXPIRY);
		options.announce.session_expiry = (uint32_t)p->row->server_expiry_s;
	}
	scene_init(&p->scene, &options);
	p->watcher = peer_join(&p->scene, LEVEL_5, "watcher");
	peer_subscribe(p->watcher, "will/#", 2 | OPTION_RETAIN_AS_PUBLISHED, 2);
	connect_device(p);
	scene_pass(&p->scene, p->row->keep_alive_s ? 0 : 777);
	p->t_ms = p->scene.now_ms;
	watch(p);
	scene_fini(&p->scene);
}

static void play_variants(const struct row *row, int number, uint8_t level)
{
	step_fn *ending = row->steps[0].act;
	unsigned variants = ending == malformed ? WRONG : ending == any_ending ? ENDINGS : 1;
	bool     clean_only = level == LEVEL_5 || row->expiry_s == 0, clean_never = level != LEVEL_5 && row->expiry_s > 0;
	for (unsigned v = 0; v < variants; v++)
		for (int clean = clean_only; clean < 2 - clean_never; clean++)
			play(&(struct play){
				.row = row,
				.level = level,
				.qos = (uint8_t)(number % 3),
				.retain = number / 3 % 2,
				.clean = clean,
				.variant = v,
			});
}

void row_play(const struct row *row, int number)
{
	static const struct {
		uint8_t     level;
		int         bit;
		const char *name;
	} versions[] = {{LEVEL_31, V31, "3.1"}, {LEVEL_311, V311, "3.1.1"}, {LEVEL_5, V5, "5.0"}};
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		if (!(row->levels & versions[i].bit))
			continue;
		play_variants(row, number, versions[i].level);
		printf("ok - %s %s %s\n", row->id, versions[i].name, row->sentence);
		fflush(stdout);
	}
}
