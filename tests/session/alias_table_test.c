/* SPDX-License-Identifier: MIT */
/*
 * The tables of Topic Aliases against a model that is a plain list.
 */
#include "session/suites.h"

#include <stdio.h>
#include <string.h>

#include "session/alias.h"
#include "support/alloc.h"
#include "support/dice.h"

enum { TOPICS = 60, LONGEST = 400 };

/* What the broker would know: the topic of each alias, and when it was used last. */
struct model {
	int      topic[64]; /* by alias; -1: none */
	unsigned used[64];
	uint16_t maximum;
};

static struct span topic_of(int t, char buf[LONGEST])
{
	int n = snprintf(buf, LONGEST, "building/7/floor/%d/", t / 10);
	n += snprintf(buf + n, (size_t)(LONGEST - n), "%0*d", 1 + t * 5, t);
	return span_of(buf, (size_t)n);
}

static uint16_t model_find(const struct model *m, int t)
{
	for (uint16_t a = 1; a <= m->maximum; a++)
		if (m->topic[a] == t)
			return a;
	return 0;
}

/* The first free one, then the one that was not used for longest. */
static uint16_t model_next(const struct model *m)
{
	uint16_t best = 1;
	for (uint16_t a = 1; a <= m->maximum; a++) {
		if (m->topic[a] < 0)
			return a;
		best = m->used[a] < m->used[best] ? a : best;
	}
	return best;
}

static void play(uint16_t maximum, uint64_t seed)
{
	struct alias_out a;
	struct model     m = {.maximum = maximum};
	struct dice      dice;
	char             buf[LONGEST];
	dice_init(&dice, seed);
	alias_out_init(&a, maximum);
	memset(m.topic, 0xFF, sizeof m.topic);
	for (unsigned now = 1; now < 3000; now++) {
		int         t = (int)dice_roll(&dice, now % 500 < 250 ? TOPICS : 5);
		struct span topic = topic_of(t, buf);
		uint16_t    alias = alias_out_find(&a, topic);
		ck_assert_uint_eq(alias, model_find(&m, t));
		if (!alias) {
			uint16_t want = model_next(&m);
			alias = alias_out_give(&a, topic);
			ck_assert_uint_eq(alias, want);
		}
		m.topic[alias] = t;
		m.used[alias] = now;
	}
	alias_out_fini(&a);
}

START_TEST(aliases_are_found_and_given_like_in_a_plain_list)
{
	static const uint16_t maxima[] = {1, 2, 3, 8, 9, 16, 33, 63};
	play(maxima[_i], (uint64_t)_i);
}
END_TEST

START_TEST(a_withdrawn_alias_is_given_next_and_stands_for_nothing)
{
	struct alias_out a;
	alias_out_init(&a, 3);
	ck_assert_uint_eq(alias_out_give(&a, span_text("one", 0)), 1);
	ck_assert_uint_eq(alias_out_give(&a, span_text("two", 0)), 2);
	alias_out_withdraw(&a, 2);
	ck_assert_uint_eq(alias_out_find(&a, span_text("two", 0)), 0);
	ck_assert_uint_eq(alias_out_find(&a, span_text("one", 0)), 1);
	ck_assert_uint_eq(alias_out_give(&a, span_text("three", 0)), 2);
	ck_assert_uint_eq(alias_out_find(&a, span_text("three", 0)), 2);
	alias_out_withdraw(&a, 2);
	alias_out_withdraw(&a, 1);
	ck_assert_uint_eq(alias_out_find(&a, span_text("one", 0)), 0);
	alias_out_fini(&a);
}
END_TEST

/* Sixteen topics, each twice. */
static unsigned use_topics(struct alias_out *a)
{
	char     buf[LONGEST];
	unsigned known = 0;
	for (int t = 15; t >= 0; t--) {
		struct span topic = topic_of(t, buf);
		known += alias_out_find(a, topic) > 0 || !alias_out_give(a, topic);
		known += alias_out_find(a, topic) > 0;
	}
	return known;
}

START_TEST(the_same_topics_again_need_no_memory)
{
	struct alias_out a;
	alias_out_init(&a, 16);
	ck_assert_uint_eq(use_topics(&a), 16);
	alloc_fail_from(1);
	unsigned known = use_topics(&a);
	bool     refused = alloc_stop();
	ck_assert_uint_eq(known, 32);
	ck_assert(!refused);
	alias_out_fini(&a);
}
END_TEST

START_TEST(without_memory_a_topic_gets_no_alias_and_nothing_breaks)
{
	bool refused = true;
	for (long nth = 1; refused; nth++) {
		struct alias_out a;
		char             buf[LONGEST];
		uint16_t         given[20], found[20];
		alias_out_init(&a, 20);
		alloc_fail(nth);
		for (int t = 0; t < 20; t++)
			given[t] = alias_out_give(&a, topic_of(t, buf));
		refused = alloc_stop();
		for (int t = 19; t >= 0; t--)
			found[t] = alias_out_find(&a, topic_of(t, buf));
		for (int t = 0; t < 20; t++) {
			ck_assert(found[t] == 0 || found[t] == given[t]);
			ck_assert(refused || found[t] == t + 1);
		}
		alias_out_fini(&a);
	}
}
END_TEST

START_TEST(an_alias_of_the_peers_keeps_its_topic_where_there_is_no_memory)
{
	struct alias_in a;
	alias_in_init(&a, 5);
	ck_assert(alias_in_set(&a, 5, span_text("one", 0)));
	alloc_fail_from(1);
	bool set = alias_in_set(&a, 5, span_text("two", 0)), fresh = alias_in_set(&a, 1, span_text("new", 0));
	bool same = alias_in_set(&a, 5, span_text("one", 0));
	alloc_stop();
	ck_assert(!set && !fresh && same);
	ck_assert_str_eq((const char *)alias_in_get(&a, 5).p, "one");
	ck_assert_ptr_null(alias_in_get(&a, 1).p);
	alias_in_fini(&a);
}
END_TEST

Suite *alias_table_suite(void)
{
	Suite *suite = suite_create("alias table");
	TCase *tc = tcase_create("alias table");
	tcase_add_loop_test(tc, aliases_are_found_and_given_like_in_a_plain_list, 0, 8);
	tcase_add_test(tc, a_withdrawn_alias_is_given_next_and_stands_for_nothing);
	tcase_add_test(tc, the_same_topics_again_need_no_memory);
	tcase_add_test(tc, without_memory_a_topic_gets_no_alias_and_nothing_breaks);
	tcase_add_test(tc, an_alias_of_the_peers_keeps_its_topic_where_there_is_no_memory);
	suite_add_tcase(suite, tc);
	return suite;
}
