/* SPDX-License-Identifier: MIT */
/*
 * Every scenario of the probe against the conformance stub, under virtual time: a broker that keeps the truth table passes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/bugs.h"
#include "probe/profile.h"
#include "probe/virtual.h"

enum { SCENARIOS_MAX = 400 };

static const struct broker_options with_rules = {
	.acl = "deny publish forbidden disconnect\n",
	.user_name = "somebody",
	.password = "secret",
};

/* Rows that the stub answers with a choice of its own: it withholds a will that may not be published. */
static uint8_t expected(const struct probe_scenario *s)
{
	return s->if_accepted == FATE_POLICY ? PROBE_POLICY : PROBE_PASS;
}

START_TEST(the_stub_keeps_every_promise)
{
	struct probe_result          r;
	const struct probe_scenario *s = probe_scenario((size_t)_i);
	if (!s)
		return;
	virtual_play(s, &with_rules, &r);
	bool cannot =
		s->needs & (NEEDS_TLS | NEEDS_LOW_QOS | NEEDS_NO_RETAIN | NEEDS_RESTART | NEEDS_LOAD);
	ck_assert_msg(r.verdict == (cannot ? PROBE_UNSUPPORTED : expected(s)), "%s: %s: %s", s->id,
	              probe_verdict_name(r.verdict), r.text);
}
END_TEST

/* What the clean stub cannot be asked, and a broker with this bug must be: one that refuses retained wills, and QoS 2. */
static struct broker_options options_with(enum broker_bug which)
{
	struct broker_options o = with_rules;
	o.bugs = 1u << which;
	if (which != BROKER_B18)
		return o;
	o.announce.has = HAS(RETAIN_AVAILABLE) | HAS(MAXIMUM_QOS);
	o.announce.maximum_qos = 1;
	return o;
}

START_TEST(each_bug_fails_the_scenarios_that_name_it_and_no_others)
{
	enum broker_bug       which = (enum broker_bug)_i;
	struct broker_options o = options_with(which);
	struct probe_result   r;
	unsigned              failed = 0;
	for (size_t i = 0; probe_scenario(i); i++) {
		const struct probe_scenario *s = probe_scenario(i);
		virtual_play_with_leave(s, &o, false, &r);
		bool named = probe_scenario_is(s, broker_bug_name(which)), fails = r.verdict == PROBE_FAIL;
		ck_assert_msg(fails == named || r.verdict == PROBE_UNSUPPORTED, "%s, %s: %s: %s",
		              broker_bug_name(which), s->id, probe_verdict_name(r.verdict), r.text);
		ck_assert_msg(r.verdict != PROBE_INCONCLUSIVE, "%s, %s: %s", broker_bug_name(which), s->id, r.text);
		failed += fails;
	}
	ck_assert_msg(failed > 0, "%s: nothing failed", broker_bug_name(which));
}
END_TEST

START_TEST(a_broker_without_retained_messages_refuses_a_retained_will)
{
	struct broker_options o = {.announce = {.has = HAS(RETAIN_AVAILABLE) | HAS(MAXIMUM_QOS), .maximum_qos = 1}};
	struct probe_result   r;
	for (size_t i = 0; probe_scenario(i); i++) {
		if (!probe_scenario_is(probe_scenario(i), "B18"))
			continue;
		virtual_play(probe_scenario(i), &o, &r);
		ck_assert_msg(r.verdict == PROBE_PASS, "%s: %s", probe_scenario(i)->id, r.text);
	}
}
END_TEST

/* The verdict that all scenarios of this name get, as the last of them says why. */
static struct probe_result with_leave(const char *name, const struct broker_options *o, bool forgets,
                                      enum probe_verdict verdict)
{
	struct probe_result r = {0};
	unsigned            played = 0;
	for (size_t i = 0; probe_scenario(i); i++) {
		if (!probe_scenario_is(probe_scenario(i), name))
			continue;
		virtual_play_with_leave(probe_scenario(i), o, forgets, &r);
		ck_assert_msg(r.verdict == verdict, "%s: %s: %s", probe_scenario(i)->id, probe_verdict_name(r.verdict),
		              r.text);
		played++;
	}
	ck_assert_uint_gt(played, 0);
	return r;
}

START_TEST(a_restart_that_forgets_wills_fails_where_the_sessions_are_kept)
{
	struct broker_options keeps = {0}, loses = {.bugs = 1u << BROKER_B20};
	with_leave("B20", &keeps, false, PROBE_PASS);
	with_leave("B20", &loses, false, PROBE_FAIL);
	with_leave("B20", &keeps, true, PROBE_POLICY);
}
END_TEST

START_TEST(of_many_devices_each_has_its_will_once)
{
	struct broker_options keeps = {0}, loses_one = {.acl = "deny publish mqttwill-probe/test/B23/load/7\n"};
	with_leave("B23", &keeps, false, PROBE_PASS);
	struct probe_result r = with_leave("B23", &loses_one, false, PROBE_FAIL);
	ck_assert_ptr_nonnull(strstr(r.text, "of 100 devices"));
	ck_assert_ptr_nonnull(strstr(r.text, "the wills of 1 did not come, those of 0 came"));
}
END_TEST

START_TEST(a_profile_knows_what_is_recorded_and_nothing_else)
{
	const struct probe_profile *p = probe_profile_find("mosquitto-2.0.11");
	const struct probe_scenario fails = {.id = "WT-05"}, scatters = {.id = "WD-17a"}, passes = {.id = "W3-01"};
	char                        words[40];
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_null(probe_profile_find("mosquitto"));
	ck_assert(probe_profile_knows(p, &fails, PROBE_FAIL) && !probe_profile_knows(p, &fails, PROBE_PASS));
	ck_assert(probe_profile_knows(p, &scatters, PROBE_FAIL) && probe_profile_knows(p, &scatters, PROBE_PASS));
	ck_assert(probe_profile_knows(p, &passes, PROBE_PASS) && !probe_profile_knows(p, &passes, PROBE_FAIL));
	ck_assert(probe_profile_knows(p, &fails, PROBE_UNSUPPORTED) &&
	          !probe_profile_knows(p, &fails, PROBE_INCONCLUSIVE));
	ck_assert_str_eq(probe_profile_words(p, &scatters, words, sizeof words), "PASS or FAIL");
}
END_TEST

START_TEST(the_loop_above_reaches_every_scenario)
{
	ck_assert_ptr_nonnull(probe_scenario(100));
	ck_assert_ptr_null(probe_scenario(SCENARIOS_MAX));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe");
	TCase *stub = tcase_create("stub");
	tcase_add_loop_test(stub, the_stub_keeps_every_promise, 0, SCENARIOS_MAX);
	tcase_add_loop_test(stub, each_bug_fails_the_scenarios_that_name_it_and_no_others, 0, BROKER_BUGS);
	tcase_add_test(stub, a_broker_without_retained_messages_refuses_a_retained_will);
	tcase_add_test(stub, a_restart_that_forgets_wills_fails_where_the_sessions_are_kept);
	tcase_add_test(stub, of_many_devices_each_has_its_will_once);
	tcase_add_test(stub, a_profile_knows_what_is_recorded_and_nothing_else);
	tcase_add_test(stub, the_loop_above_reaches_every_scenario);
	suite_add_tcase(suite, stub);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
