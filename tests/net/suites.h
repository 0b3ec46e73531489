/* SPDX-License-Identifier: MIT */
/*
 * Every suite over src/net; main.c runs them all.
 */
#ifndef NET_SUITES_H
#define NET_SUITES_H

#include <check.h>

Suite *http_head_suite(void);
Suite *proxies_suite(void);
Suite *proxy_suite(void);
Suite *adopt_suite(void);
Suite *bind_suite(void);
Suite *failed_suite(void);
Suite *race_suite(void);
Suite *race_end_suite(void);
Suite *resolve_suite(void);
Suite *share_suite(void);
Suite *srv_suite(void);
Suite *tcp_suite(void);
Suite *tls_memory_suite(void);
Suite *tls_psk_suite(void);
Suite *tls_resume_suite(void);
Suite *tls_revoked_suite(void);
Suite *tls_split_suite(void);
Suite *tls_suite(void);
Suite *unix_suite(void);
Suite *tls_identity_suite(void);
Suite *tls_reload_suite(void);
Suite *tls_settings_suite(void);
Suite *tls_trust_suite(void);
Suite *url_suite(void);
Suite *websocket_memory_suite(void);
Suite *websocket_open_suite(void);
Suite *websocket_suite(void);

#endif
