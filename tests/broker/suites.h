/* SPDX-License-Identifier: MIT */
/*
 * The suites of the broker's tests: a new one is a new line here and in main.c.
 */
#ifndef BROKER_SUITES_H
#define BROKER_SUITES_H

#include <check.h>
#include <stdio.h>

Suite *will_end_suite(void);
Suite *will_delay_suite(void);
Suite *will_return_suite(void);
Suite *will_content_suite(void);
Suite *will_edge_suite(void);
Suite *connect_suite(void);
Suite *session_suite(void);
Suite *share_suite(void);
Suite *subscribe_suite(void);
Suite *qos_suite(void);
Suite *acl_suite(void);
Suite *auth_suite(void);
Suite *input_suite(void);
Suite *timers_suite(void);
Suite *limits_suite(void);
Suite *misbehave_suite(void);
Suite *rules_suite(void);

#endif
