/* SPDX-License-Identifier: MIT */
/*
 * Runs every suite over src/net, on loopback. CK_RUN_SUITE=name runs one of them, CK_FORK=no suits a debugger.
 */
#include <stdlib.h>

#include "net/suites.h"

static Suite *(*const suites[])(void) = {
	url_suite, http_head_suite, proxies_suite, proxy_suite, resolve_suite, tcp_suite, tls_suite,
	race_suite, race_end_suite, failed_suite, unix_suite, adopt_suite, bind_suite,
	tls_resume_suite,
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
