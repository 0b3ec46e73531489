/* SPDX-License-Identifier: MIT */
/*
 * Every suite of the client's tests; main.c runs them all. SCENE() adds a test once for each way of cutting the bytes.
 */
#ifndef CLIENT_SUITES_H
#define CLIENT_SUITES_H

#include <check.h>

#include "client/stage.h"

#define SCENE(tcase, test) tcase_add_loop_test((tcase), (test), 0, LINE_MODES)

Suite *auth_suite(void);
Suite *reauth_suite(void);
Suite *scram_suite(void);
Suite *will_suite(void);
Suite *misbehave_suite(void);
Suite *order_suite(void);
Suite *goodbye_suite(void);
Suite *restart_suite(void);
Suite *watch_suite(void);
Suite *retry_suite(void);
Suite *queue_suite(void);
Suite *callback_suite(void);
Suite *timeout_suite(void);
Suite *option_suite(void);
Suite *rules_suite(void);
Suite *sync_suite(void);
Suite *switch_suite(void);
Suite *redirect_suite(void);
Suite *servers_suite(void);
Suite *server_session_suite(void);
Suite *transport_suite(void);
Suite *mix_suite(void);
Suite *unarmed_suite(void);
Suite *cut_suite(void);
Suite *last_words_suite(void);
Suite *peer_suite(void);
Suite *v3_suite(void);
Suite *memory_suite(void);
Suite *ack_suite(void);
Suite *request_suite(void);
Suite *reply_suite(void);
Suite *route_suite(void);
Suite *subscribe_limit_suite(void);
Suite *policy_suite(void);
Suite *expiry_suite(void);
Suite *version_suite(void);
Suite *adapt_suite(void);
Suite *recode_suite(void);
Suite *steady_suite(void);
Suite *words_suite(void);
Suite *store_suite(void);

#endif
