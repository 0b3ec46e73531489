/* SPDX-License-Identifier: MIT */
/*
 * Every scenario of the probe against the conformance stub, under virtual time: a broker that keeps the truth table passes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/bugs.h"
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
	bool cannot = s->needs & (NEEDS_TLS | NEEDS_WEBSOCKET | NEEDS_LOW_QOS | NEEDS_NO_RETAIN | NEEDS_RESTART | NEEDS_LOAD);
	ck_assert_msg(r.verdict == (cannot ? PROBE_UNSUPPORTED : expected(s)), "%s: %s: %s", s->id, probe_verdict_name(r.verdict),
	              r.text);
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
		virtual_play(s, &o, &r);
		bool named = probe_scenario_is(s, broker_bug_name(which)), fails = r.verdict == PROBE_FAIL;
		ck_assert_msg(fails == named || r.verdict == PROBE_UNSUPPORTED, "%s, %s: %s: %s", broker_bug_name(which), s->id,
		              probe_verdict_name(r.verdict), r.text);
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
	tcase_add_test(stub, the_loop_above_reaches_every_scenario);
	suite_add_tcase(suite, stub);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
