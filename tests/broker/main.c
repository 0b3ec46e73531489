/* SPDX-License-Identifier: MIT */
/*
 * Runs the broker's tests. Each row of the truth table of will publication prints a line of its own.
 */
#include <stdlib.h>

#include "broker/suites.h"

int main(void)
{
	static Suite *(*const suites[])(void) = {
		will_end_suite, will_delay_suite, will_return_suite, will_content_suite, will_edge_suite,
		connect_suite, session_suite, share_suite, subscribe_suite, qos_suite, acl_suite, input_suite, timers_suite,
		limits_suite, rules_suite, misbehave_suite, auth_suite,
	};
	SRunner *runner = srunner_create(NULL);
	for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
