/* SPDX-License-Identifier: MIT */
/*
 * Runs every suite over src/base and src/wire, and SCRAM. CK_RUN_SUITE=name runs one of them, CK_FORK=no suits a debugger.
 */
#include "config.h"

#include <stdlib.h>

#include "unit/suites.h"

static Suite *(*const suites[])(void) = {
	base_suite,   buf_suite,   utf8_suite, property_suite,   reason_suite,       codec_suite, decode_suite,
	encode_suite, topic_suite, walk_suite, will_check_suite, will_context_suite, round_trip_suite, splice_suite,
	will_timing_suite,
	recode_suite, will_adapt_suite,
#ifdef HAVE_OPENSSL
	scram_suite,
#endif
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
