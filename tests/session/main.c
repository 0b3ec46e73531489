/* SPDX-License-Identifier: MIT */
/*
 * Runs every suite over src/session. CK_RUN_SUITE=name runs one of them, CK_FORK=no suits a debugger,
 * MQTTWILL_SEED=number cuts the input elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>

#include "session/suites.h"
#include "support/dice.h"

static Suite *(*const suites[])(void) = {
	connect_suite, auth_suite, outbound_suite,  inbound_suite,   state_table_suite, flight_suite,
	quota_suite,   resume_suite,    subscribe_suite, keepalive_suite,   silence_suite,
	disconnect_suite, malformed_suite, oversize_suite, memory_suite, bad_peer_suite, flood_suite,
	ack_suite, alias_suite, alias_table_suite,
	rules_suite,
};

int main(void)
{
	SRunner    *runner = srunner_create(suites[0]());
	struct dice dice;
	for (size_t i = 1; i < sizeof suites / sizeof suites[0]; i++)
		srunner_add_suite(runner, suites[i]());
	dice_init(&dice, 0);
	printf("session tests: seed %llu\n", (unsigned long long)dice.seed);
	fflush(stdout);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
