/* SPDX-License-Identifier: MIT */
/*
 * Every suite of the session tests; main.c runs them all.
 */
#ifndef SESSION_SUITES_H
#define SESSION_SUITES_H

#include <check.h>

Suite *ack_suite(void);
Suite *alias_suite(void);
Suite *alias_table_suite(void);
Suite *bad_peer_suite(void);
Suite *auth_suite(void);
Suite *connect_suite(void);
Suite *disconnect_suite(void);
Suite *flight_suite(void);
Suite *flood_suite(void);
Suite *inbound_suite(void);
Suite *keepalive_suite(void);
Suite *malformed_suite(void);
Suite *memory_suite(void);
Suite *outbound_suite(void);
Suite *oversize_suite(void);
Suite *quota_suite(void);
Suite *resume_suite(void);
Suite *rules_suite(void);
Suite *silence_suite(void);
Suite *state_table_suite(void);
Suite *subscribe_suite(void);

#endif
