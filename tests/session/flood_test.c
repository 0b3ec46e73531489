/* SPDX-License-Identifier: MIT */
/*
 * A peer that never stops: a million small packets, with and without taking our answers, and one packet of 256 MB. The
 * test reads as a driver does: 16 KiB at a time, and not while too much output waits. What it all costs is counted.
 */
#include <stdlib.h>
#include <string.h>

#include "session/script.h"
#include "session/suites.h"
#include "support/alloc.h"

enum { CHUNK = 16 * 1024, MILLION = 1000000, SOME_KIB = 64 * 1024 };

/* Packets of these bytes; at id_at an identifier, which goes round or is always the same. */
struct flood {
	const char *what;
	uint8_t     levels; /* bit per level */
	bool        new_ids;
	uint8_t     n, id_at; /* 0: it has none */
	uint8_t     bytes[9];
	size_t      table;   /* bytes that the identifiers may take */
	bool        ends_5;  /* in MQTT 5 it breaks our Receive Maximum */
};

enum { E3X = 1 << LEVEL_31 | 1 << LEVEL_311, E5 = 1 << LEVEL_5, EVERY = E3X | E5, TABLE_MOST = 2 * 131072 * sizeof(struct id_slot) };

static const struct flood floods[] = {
	{"PINGRESP", EVERY, false, 2, 0, {0xD0, 0}, 0, false},
	{"PUBLISH at QoS 0", E3X, false, 5, 0, {0x30, 3, 0, 1, 't'}, 0, false},
	{"PUBLISH at QoS 0", E5, false, 6, 0, {0x30, 4, 0, 1, 't', 0}, 0, false},
	{"PUBLISH at QoS 1", E3X, true, 7, 5, {0x32, 5, 0, 1, 't'}, 0, false},
	{"PUBLISH at QoS 1", E5, true, 8, 5, {0x32, 6, 0, 1, 't'}, 0, false},
	{"PUBLISH at QoS 2, never released", E3X, true, 7, 5, {0x34, 5, 0, 1, 't'}, TABLE_MOST, false},
	{"PUBLISH at QoS 2, never released", E5, true, 8, 5, {0x34, 6, 0, 1, 't'}, 0, true},
	{"the same PUBLISH at QoS 2", E3X, false, 7, 5, {0x34, 5, 0, 1, 't', 0, 9}, 256, false},
	{"the same PUBLISH at QoS 2", E5, false, 8, 5, {0x34, 6, 0, 1, 't', 0, 9}, 256, false},
	{"PUBREL of what was never sent", EVERY, true, 4, 2, {0x62, 2}, 0, false},
	{"PUBREC of what was never sent", EVERY, true, 4, 2, {0x50, 2}, 0, false},
	{"PUBACK of what was never sent", EVERY, true, 4, 2, {0x40, 2}, 0, false},
	{"PUBCOMP of what was never sent", EVERY, true, 4, 2, {0x70, 2}, 0, false},
};
enum { FLOODS = sizeof floods / sizeof floods[0] };

/* As many whole packets as a chunk has room for. */
static size_t fill(uint8_t *chunk, const struct flood *f, uint16_t *id)
{
	size_t n = 0;
	for (; n + f->n <= CHUNK; n += f->n) {
		memcpy(chunk + n, f->bytes, f->n);
		if (!f->new_ids)
			continue;
		*id = (uint16_t)(*id == UINT16_MAX ? 1 : *id + 1);
		put_u16(chunk + n + f->id_at, *id);
	}
	return n;
}

/* False: the session is over. */
static bool feed_chunk(struct script *s, uint8_t *chunk, size_t n)
{
	for (size_t at = 0; at < n;) {
		at += session_feed(&s->session, chunk + at, n - at, s->now_ms, &s->event);
		if (s->event.type == SESSION_FAILED)
			return false;
		if (s->event.type == SESSION_MESSAGE && session_accept(&s->session, &s->event) != 0)
			ck_abort_msg("a message is not accepted");
	}
	return true;
}

static void check_memory(const char *what, size_t most)
{
	if (alloc_most() > (long)most)
		ck_abort_msg("%s: %ld bytes, and %zu are allowed", what, alloc_most(), most);
}

static void check_end(struct script *s, const struct flood *f, bool alive)
{
	ck_assert_msg(alive == !(f->ends_5 && s->config.level == LEVEL_5), "%s", f->what);
	if (!alive)
		ck_assert_uint_eq(s->event.fault.reason, REASON_RECEIVE_MAXIMUM);
	script_drop(s);
	flight_fini(&s->flight);
}

/* Our answers are taken: it goes on for ever, and costs nothing. */
static void endure(const struct flood *f, uint8_t level)
{
	uint8_t       chunk[CHUNK];
	uint16_t      id = 0;
	bool          alive = true;
	struct script s;
	script_up(&s, level, 0);
	alloc_watch();
	size_t most = getenv("MQTTWILL_SLOW") ? MILLION / 50 : MILLION; /* valgrind has no time for more */
	for (size_t packets = 0; alive && packets < most; packets += (size_t)CHUNK / f->n) {
		alive = feed_chunk(&s, chunk, fill(chunk, f, &id));
		script_flush(&s);
	}
	check_memory(f->what, SOME_KIB + f->table);
	check_end(&s, f, alive);
}

START_TEST(a_million_small_packets_cost_no_memory)
{
	for (size_t i = 0; i < FLOODS; i++)
		if (floods[i].levels & 1u << (LEVEL_31 + _i))
			endure(&floods[i], (uint8_t)(LEVEL_31 + _i));
}
END_TEST

static size_t waiting(struct script *s)
{
	const uint8_t *out;
	return session_output(&s->session, &out);
}

/* Our answers are not taken: a driver stops reading, and the session gives up when the peer has taken nothing for too long. */
static void be_stuck(const struct flood *f, uint8_t level)
{
	uint8_t       chunk[CHUNK];
	uint16_t      id = 0;
	bool          alive = true;
	struct script s;
	script_up(&s, level, 0);
	alloc_watch();
	for (int turn = 0; alive && turn < 1000 && waiting(&s) < SESSION_OUTPUT_HIGH; turn++)
		alive = feed_chunk(&s, chunk, fill(chunk, f, &id));
	ck_assert_uint_le(waiting(&s), SESSION_OUTPUT_HIGH + 2 * CHUNK);
	check_memory(f->what, 2 * SESSION_OUTPUT_HIGH + f->table);
	if (alive && waiting(&s)) {
		ck_assert_int_eq(session_tick(&s.session, s.now_ms), 0);
		s.now_ms += PING_AFTER_MS + PING_TIMEOUT_MS;
		ck_assert_int_eq(session_tick(&s.session, s.now_ms), MQTTWILL_ESILENT);
	}
	check_end(&s, f, alive);
}

START_TEST(a_peer_that_takes_no_answers_costs_no_more_than_the_ceiling_of_the_output)
{
	for (size_t i = 0; i < FLOODS; i++)
		if (floods[i].levels & 1u << (LEVEL_31 + _i))
			be_stuck(&floods[i], (uint8_t)(LEVEL_31 + _i));
}
END_TEST

/* A driver that feeds nothing more cannot know that PINGRESP has not come. */
START_TEST(a_pingresp_that_may_stand_unread_is_not_missed)
{
	static const struct flood pubrel = {"PUBREL", EVERY, true, 4, 2, {0x62, 2}, 0, false};
	uint8_t                   chunk[CHUNK];
	uint16_t                  id = 0;
	struct script             s;
	script_up(&s, (uint8_t)(LEVEL_31 + _i), 0);
	ck_assert_int_eq(session_ping(&s.session), 0);
	script_flush(&s);
	while (waiting(&s) < SESSION_OUTPUT_HIGH)
		ck_assert(feed_chunk(&s, chunk, fill(chunk, &pubrel, &id)));
	ck_assert_int_eq(session_tick(&s.session, s.now_ms), 0);
	s.now_ms += 2 * PING_TIMEOUT_MS;
	ck_assert_int_eq(session_tick(&s.session, s.now_ms), 0);
	s.now_ms += PING_AFTER_MS; /* but nothing was taken, either */
	ck_assert_int_eq(session_tick(&s.session, s.now_ms), MQTTWILL_ESILENT);
	script_drop(&s);
	flight_fini(&s.flight);
}
END_TEST

/* ---- 256 MB, byte by byte ---- */

enum { BYTEWISE = 500000 };

START_TEST(a_packet_of_256_mb_that_comes_byte_by_byte_costs_no_more_than_the_limit)
{
	static uint8_t bytes[1 << 20];
	size_t         left = REMAINING_MAX - 5;
	struct script  s;
	script_up(&s, (uint8_t)(LEVEL_31 + _i), 1);
	alloc_watch();
	script_in(&s, "32 FFFFFF7F 0001 't' 0007");
	if (s.config.level == LEVEL_5) { /* the announcement is enough */
		script_fails(&s, REASON_TOO_LARGE);
		script_close(&s);
		return;
	}
	script_quiet(&s);
	for (; left > REMAINING_MAX - 5 - BYTEWISE; left--)
		session_feed(&s.session, bytes, 1, s.now_ms, &s.event);
	for (size_t n; left; left -= n)
		n = session_feed(&s.session, bytes, left < sizeof bytes ? left : sizeof bytes, s.now_ms, &s.event);
	ck_assert_uint_eq(s.event.type, SESSION_OVERSIZE);
	check_memory("256 MB", 4096);
	script_out(&s, "40 02 0007");
	script_close(&s);
}
END_TEST

Suite *flood_suite(void)
{
	Suite *suite = suite_create("flood");
	TCase *tc = tcase_create("flood");
	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, a_million_small_packets_cost_no_memory, 0, 3);
	tcase_add_loop_test(tc, a_peer_that_takes_no_answers_costs_no_more_than_the_ceiling_of_the_output, 0, 3);
	tcase_add_loop_test(tc, a_pingresp_that_may_stand_unread_is_not_missed, 0, 3);
	tcase_add_loop_test(tc, a_packet_of_256_mb_that_comes_byte_by_byte_costs_no_more_than_the_limit, 0, 3);
	suite_add_tcase(suite, tc);
	return suite;
}
