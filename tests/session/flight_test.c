/* SPDX-License-Identifier: MIT */
/*
 * Packet identifiers: fresh, never 0, never one that is in use, all 65,535 of them; and the table that keeps them.
 */
#include "session/script.h"
#include "session/suites.h"

#include <stdlib.h>

START_TEST(identifiers_begin_at_1_and_go_up)
{
	static const uint8_t types[] = {PACKET_PUBLISH, PACKET_SUBSCRIBE, PACKET_PUBLISH, PACKET_UNSUBSCRIBE,
	                                PACKET_PUBLISH};
	struct outgoing     *o[5];
	struct script        s;
	script_up(&s, script_level(_i), _i);
	for (unsigned i = 0; i < 5; i++) {
		o[i] = script_send(&s, types[i], types[i] == PACKET_PUBLISH ? 2 : 0);
		ck_assert_uint_eq(o[i]->id, i + 1);
	}
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(a_freed_identifier_is_not_taken_at_once)
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	for (unsigned id = 1; id <= 20; id++) {
		struct outgoing *o = script_send(&s, PACKET_PUBLISH, 1);
		script_out(&s, "32 [0001 't' %04X ~ 'm']", id);
		script_in(&s, "40 02 %04X", id);
		script_done(&s, o, 0);
	}
	script_close(&s);
}
END_TEST

START_TEST(at_the_end_identifiers_begin_anew_and_step_over_those_in_use) /* [MQTT-2.2.1-3] */
{
	struct script s;
	script_up(&s, script_level(_i), _i);
	struct outgoing *first = script_send(&s, PACKET_PUBLISH, 2);
	struct outgoing *second = script_send(&s, PACKET_SUBSCRIBE, 0);
	s.flight.last_id = 65533;
	static const uint16_t expected[] = {65534, 65535, 3, 4};
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(script_send(&s, PACKET_PUBLISH, 1)->id, expected[i]);
	script_flush(&s);
	script_in(&s, "90 [0002 ~ 00] 50 02 0001");
	script_done(&s, second, 0);
	script_quiet(&s);
	s.flight.last_id = 65535; /* a released message still holds its identifier */
	ck_assert_uint_eq(script_send(&s, PACKET_PUBLISH, 1)->id, 2);
	script_in(&s, "70 02 0001");
	script_done(&s, first, 0);
	s.flight.last_id = 0;
	ck_assert_uint_eq(script_send(&s, PACKET_PUBLISH, 1)->id, 1);
	script_flush(&s);
	script_close(&s);
}
END_TEST

START_TEST(a_long_life_never_gives_out_an_identifier_that_is_in_use)
{
	enum { TURNS = 200000, HELD = 7 };
	struct packet    pk = {.type = PACKET_PUBLISH, .qos = 1, .topic = span_text("t", 0)};
	struct outgoing *held[HELD], *o;
	struct flight    f;
	uint16_t         before = 0;
	flight_init(&f);
	for (int i = 0; i < HELD; i++) {
		f.last_id = (uint16_t)(i * 9000);
		ck_assert_int_eq(outgoing_new(&held[i], &pk, LEVEL_311), 0);
		ck_assert_int_eq(flight_enter(&f, held[i]), 0);
	}
	ck_assert_int_eq(outgoing_new(&o, &pk, LEVEL_311), 0);
	for (int i = 0; i < TURNS; i++) {
		bool fresh = flight_enter(&f, o) == 0 && o->id != 0 && o->id != before;
		fresh &= get_u16(o->bytes + o->id_at) == o->id;
		for (int h = 0; h < HELD; h++)
			fresh &= o->id != held[h]->id;
		if (!fresh)
			ck_abort_msg("identifier %d at turn %d", o->id, i);
		before = o->id;
		flight_leave(&f, o);
	}
	free(o);
	flight_fini(&f);
}
END_TEST

START_TEST(all_identifiers_can_be_in_use_and_one_more_is_refused)
{
	struct packet    pk = {.type = PACKET_PUBLISH, .qos = 1, .topic = span_text("t", 0)};
	struct outgoing *o, *one = NULL;
	struct flight    f;
	flight_init(&f);
	for (unsigned n = 1; n <= UINT16_MAX; n++) {
		if (outgoing_new(&o, &pk, LEVEL_311) < 0 || flight_enter(&f, o) < 0 || o->id != n)
			ck_abort_msg("identifier %u", n);
		one = n == 4711 ? o : one;
	}
	ck_assert_uint_eq(f.open, UINT16_MAX);
	ck_assert_int_eq(outgoing_new(&o, &pk, LEVEL_311), 0);
	ck_assert_int_eq(flight_enter(&f, o), MQTTWILL_EFULL);
	ck_assert_uint_eq(o->state, OUTGOING_QUEUED);
	flight_leave(&f, one);
	ck_assert_int_eq(flight_enter(&f, o), 0);
	ck_assert_uint_eq(o->id, 4711);
	free(one);
	flight_fini(&f);
}
END_TEST

static struct outgoing *make_request(void)
{
	const struct filter filter = {span_text("f", 0), 1};
	struct packet       pk = {.type = PACKET_SUBSCRIBE, .filters = &filter, .count = 1};
	struct outgoing    *o;
	if (outgoing_new(&o, &pk, LEVEL_311) < 0)
		ck_abort_msg("no memory for a request");
	return o;
}

START_TEST(the_last_identifier_is_kept_for_presence)
{
	struct script s;
	script_up(&s, LEVEL_311, _i);
	for (unsigned n = 1; n < UINT16_MAX; n++)
		if (flight_enter(&s.flight, make_request()) < 0)
			ck_abort_msg("identifier %u", n);
	ck_assert(!session_has_room(&s.session, 1, false));
	ck_assert(session_has_room(&s.session, 1, true));
	ck_assert(session_has_room(&s.session, 0, false));
	script_send(&s, PACKET_PUBLISH, 1);
	ck_assert(!session_has_room(&s.session, 1, true));
	struct outgoing *o = script_make(&s, PACKET_PUBLISH, 1);
	ck_assert_int_eq(session_send(&s.session, o), MQTTWILL_EFULL);
	free(o);
	script_out(&s, "32 [0001 't' FFFF 'm']");
	script_close(&s);
}
END_TEST

/* ---- The table of identifiers ---- */

START_TEST(an_empty_table_owns_no_memory_and_knows_nobody)
{
	struct idtable t = {0};
	ck_assert_ptr_null(idtable_get(&t, 0));
	ck_assert_ptr_null(idtable_get(&t, 65535));
	ck_assert_ptr_null(idtable_take(&t, 1));
	ck_assert_ptr_null(t.slots);
	idtable_fini(&t);
}
END_TEST

/* Against an array with a place for each identifier. */
START_TEST(the_table_knows_what_an_array_knows)
{
	enum { TURNS = 300000 };
	static bool    there[65536];
	static char    values[65536];
	struct idtable t = {0};
	struct dice    dice;
	uint32_t       count = 0;
	dice_init(&dice, 0);
	for (int i = 0; i < TURNS; i++) {
		uint32_t range = i % 3000 < 1500 ? 65536 : 64; /* scattered, then crowded */
		uint16_t id = (uint16_t)dice_roll(&dice, range);
		bool     good = idtable_get(&t, id) == (there[id] ? &values[id] : NULL);
		if (there[id])
			good &= idtable_take(&t, id) == &values[id];
		else
			good &= idtable_put(&t, id, &values[id]);
		there[id] = !there[id];
		count = there[id] ? count + 1 : count - 1;
		if (!good || t.count != count)
			ck_abort_msg("identifier %u at turn %d", id, i);
	}
	for (unsigned id = 0; id < 65536; id++)
		if (idtable_take(&t, (uint16_t)id) != (there[id] ? &values[id] : NULL))
			ck_abort_msg("identifier %u at the end", id);
	ck_assert_uint_eq(t.count, 0);
	idtable_fini(&t);
}
END_TEST

START_TEST(a_table_that_was_large_gives_its_memory_back_when_idle)
{
	struct flight f;
	flight_init(&f);
	for (unsigned id = 1; id <= 60000; id++)
		if (!idtable_put(&f.in, (uint16_t)id, &f))
			ck_abort_msg("identifier %u", id);
	flight_relax(&f);
	for (unsigned id = 60000; id >= 1; id--)
		if (idtable_take(&f.in, (uint16_t)id) != &f)
			ck_abort_msg("identifier %u", id);
	flight_relax(&f);
	ck_assert_ptr_null(f.in.slots);
}
END_TEST

Suite *flight_suite(void)
{
	Suite *suite = suite_create("flight");
	TCase *tc = tcase_create("flight");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, identifiers_begin_at_1_and_go_up, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, a_freed_identifier_is_not_taken_at_once, 0, EVERY_LEVEL);
	tcase_add_loop_test(tc, at_the_end_identifiers_begin_anew_and_step_over_those_in_use, 0, EVERY_LEVEL);
	tcase_add_test(tc, a_long_life_never_gives_out_an_identifier_that_is_in_use);
	tcase_add_test(tc, all_identifiers_can_be_in_use_and_one_more_is_refused);
	tcase_add_loop_test(tc, the_last_identifier_is_kept_for_presence, 0, CUTS);
	tcase_add_test(tc, an_empty_table_owns_no_memory_and_knows_nobody);
	tcase_add_test(tc, the_table_knows_what_an_array_knows);
	tcase_add_test(tc, a_table_that_was_large_gives_its_memory_back_when_idle);
	suite_add_tcase(suite, tc);
	return suite;
}
