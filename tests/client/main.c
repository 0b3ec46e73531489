/* SPDX-License-Identifier: MIT */
/*
 * Runs every suite over the client, presence and the public calls. CK_RUN_SUITE=name runs one of them, CK_FORK=no suits a
 * debugger, MQTTWILL_SEED sets the dice.
 */
#include <stdlib.h>

#include "client/suites.h"

static Suite *(*const suites[])(void) = {
	auth_suite, reauth_suite, scram_suite, will_suite,  misbehave_suite, order_suite, goodbye_suite, restart_suite, watch_suite, retry_suite,
	queue_suite, callback_suite, timeout_suite, option_suite,  sync_suite,  memory_suite,
	policy_suite, expiry_suite,
	switch_suite, unarmed_suite, mix_suite, cut_suite, redirect_suite, servers_suite, server_session_suite, transport_suite,
	version_suite, adapt_suite, recode_suite,
	last_words_suite,
	ack_suite, request_suite, reply_suite, route_suite, subscribe_limit_suite,
	steady_suite, store_suite,
	rules_suite,
	peer_suite,
	v3_suite,
	words_suite,
};

int main(void)
{
	SRunner *runner = srunner_create(suites[0]());
	for (size_t i = 1; i < sizeof suites / sizeof suites[0]; i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
