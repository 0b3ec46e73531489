/* SPDX-License-Identifier: MIT */
/*
 * Every suite of the unit tests; main.c runs them all.
 */
#ifndef UNIT_SUITES_H
#define UNIT_SUITES_H

#include <check.h>

Suite *base_suite(void);
Suite *buf_suite(void);
Suite *codec_suite(void);
Suite *decode_suite(void);
Suite *encode_suite(void);
Suite *property_suite(void);
Suite *reason_suite(void);
Suite *recode_suite(void);
Suite *round_trip_suite(void);
Suite *scram_suite(void);
Suite *splice_suite(void);
Suite *topic_suite(void);
Suite *utf8_suite(void);
Suite *walk_suite(void);
Suite *will_adapt_suite(void);
Suite *will_check_suite(void);
Suite *will_context_suite(void);
Suite *will_timing_suite(void);

#endif
