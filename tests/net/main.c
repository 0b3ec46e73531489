/* SPDX-License-Identifier: MIT */
/*
 * Runs every suite over src/net, on loopback. CK_RUN_SUITE=name runs one of them, CK_FORK=no suits a debugger.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "net/suites.h"

#ifdef HAVE_OPENSSL
#include "net/tls_scene.h"
#endif

static Suite *(*const suites[])(void) = {
	url_suite,
	http_head_suite,
	proxies_suite,
	proxy_suite,
	resolve_suite,
	share_suite,
#ifdef HAVE_RESOLV
	srv_suite,
#endif
	tcp_suite,
	tls_suite,
	race_suite,
	race_end_suite,
	failed_suite,
	unix_suite,
	adopt_suite,
	bind_suite,
	tls_resume_suite,
	tls_split_suite,
	tls_memory_suite,
	tls_trust_suite,
#ifdef HAVE_WSLAY
	websocket_open_suite,
	websocket_memory_suite,
	websocket_suite,
#endif
	tls_identity_suite,
	tls_settings_suite,
	tls_reload_suite,
	tls_psk_suite,
	tls_revoked_suite,
};

int main(void)
{
#ifdef HAVE_OPENSSL
	tls_scene_count_memory();
#endif
	SRunner *runner = srunner_create(suites[0]());
	for (size_t i = 1; i < sizeof suites / sizeof suites[0]; i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
