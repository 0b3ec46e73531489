/* SPDX-License-Identifier: MIT */
/*
 * SRV records: what an answer says, and in which order its targets are tried [RFC 2782].
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/srv.h"
#include "net/suites.h"
#include "support/dns.h"

static struct dns_message m;
static struct srv_target  targets[SRV_RECORDS];

static void begin(void)
{
	dns_begin(&m, 7, DNS_OK, "_mqtt._tcp.home.test", DNS_SRV);
}

static int parse(void)
{
	return srv_parse(m.bytes, m.size, targets);
}

START_TEST(each_record_has_its_numbers_and_its_host)
{
	begin();
	dns_srv(&m, "_mqtt._tcp.home.test", 10, 65535, 1884, "a.home.test");
	dns_srv(&m, "_mqtt._tcp.home.test", 20, 0, 65535, "b");
	ck_assert_int_eq(parse(), 2);
	ck_assert_uint_eq(targets[0].priority, 10);
	ck_assert_uint_eq(targets[0].weight, 65535);
	ck_assert_uint_eq(targets[0].port, 1884);
	ck_assert_str_eq(targets[0].host, "a.home.test");
	ck_assert_uint_eq(targets[1].port, 65535);
	ck_assert_str_eq(targets[1].host, "b");
}
END_TEST

START_TEST(an_alias_leads_to_the_records_and_other_records_do_not_count)
{
	begin();
	ck_assert_int_eq(parse(), 0);
	dns_cname(&m, "_mqtt._tcp.home.test", "_mqtt._tcp.far.test");
	dns_record(&m, "_mqtt._tcp.far.test", DNS_A, "\300\0\2\1", 4);
	ck_assert_int_eq(parse(), 0);
	dns_srv(&m, "_mqtt._tcp.far.test", 0, 0, 1883, "far.test");
	ck_assert_int_eq(parse(), 1);
	ck_assert_str_eq(targets[0].host, "far.test");
}
END_TEST

START_TEST(a_dot_alone_means_that_there_is_no_service)
{
	begin();
	dns_srv(&m, "_mqtt._tcp.home.test", 0, 0, 0, ".");
	ck_assert_int_eq(parse(), SRV_NO_SERVICE);
	dns_srv(&m, "_mqtt._tcp.home.test", 0, 0, 1883, "a.test");
	ck_assert_int_eq(parse(), 1);
	ck_assert_str_eq(targets[0].host, "a.test");
}
END_TEST

START_TEST(a_record_without_a_port_cannot_be_used)
{
	begin();
	dns_srv(&m, "_mqtt._tcp.home.test", 0, 0, 0, "a.test");
	ck_assert_int_eq(parse(), 0);
}
END_TEST

START_TEST(what_is_malformed_is_refused)
{
	begin();
	dns_record(&m, "_mqtt._tcp.home.test", DNS_SRV, "\0\0\0\0\7", 5); /* shorter than its numbers */
	ck_assert_int_eq(parse(), SRV_MALFORMED);
	begin();
	dns_record(&m, "_mqtt._tcp.home.test", DNS_SRV, "\0\0\0\0\7\133", 6); /* no target */
	ck_assert_int_eq(parse(), SRV_MALFORMED);
	begin();
	dns_record(&m, "_mqtt._tcp.home.test", DNS_SRV, "\0\0\0\0\7\133\1a", 8); /* a target without an end, */
	dns_srv(&m, "_mqtt._tcp.home.test", 0, 0, 1883, "a.test");               /* which may not go on in the next record */
	ck_assert_int_eq(parse(), SRV_MALFORMED);
	begin();
	dns_record(&m, "_mqtt._tcp.home.test", DNS_SRV, "\0\0\0\0\7\133\300\377", 8); /* one that points out of the message, or to itself */
	ck_assert_int_eq(parse(), SRV_MALFORMED);
	m.bytes[m.size - 1] = (uint8_t)(m.size - 2);
	ck_assert_int_eq(parse(), SRV_MALFORMED);
}
END_TEST

START_TEST(an_answer_that_ends_anywhere_is_no_answer)
{
	begin();
	dns_srv(&m, "_mqtt._tcp.home.test", 10, 1, 1884, "a.home.test");
	dns_srv(&m, "_mqtt._tcp.home.test", 20, 0, 1883, "b.home.test");
	for (size_t n = 0; n < m.size; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		memcpy(exact, m.bytes, n);
		ck_assert_int_eq(srv_parse(exact, n, targets), SRV_MALFORMED);
		free(exact);
	}
}
END_TEST

START_TEST(what_is_more_than_the_ceiling_is_left_out)
{
	begin();
	for (int i = 0; i < SRV_RECORDS + 10; i++)
		dns_srv(&m, "_mqtt._tcp.home.test", (unsigned)i, 0, 1883, "a.test");
	ck_assert_int_eq(parse(), SRV_RECORDS);
	ck_assert_uint_eq(targets[SRV_RECORDS - 1].priority, SRV_RECORDS - 1);
}
END_TEST

/* ---- The order ---- */

static const uint32_t *drawn; /* what chance will say */

static uint32_t draw(uint32_t below)
{
	ck_assert_uint_lt(*drawn, below);
	return *drawn++;
}

static void set(size_t i, uint16_t priority, uint16_t weight, const char *host)
{
	targets[i] = (struct srv_target){.priority = priority, .weight = weight, .port = 1883};
	strcpy(targets[i].host, host);
}

static void ordered(size_t n, const uint32_t *chance, const char *wanted)
{
	char got[32] = "";
	drawn = chance;
	srv_order(targets, n, draw);
	for (size_t i = 0; i < n; i++)
		strcat(got, targets[i].host);
	ck_assert_str_eq(got, wanted);
}

START_TEST(lower_priorities_come_first)
{
	set(0, 30, 9, "c");
	set(1, 10, 0, "a");
	set(2, 20, 9, "b");
	ordered(3, (const uint32_t[]){0, 9, 9}, "abc");
}
END_TEST

START_TEST(among_equals_chance_decides_by_weight)
{
	static const struct {
		uint32_t    chance[3];
		const char *order;
	} rows[] = {{{0, 0, 0}, "zab"}, {{1, 0, 0}, "azb"}, {{3, 0, 0}, "azb"}, {{4, 0, 0}, "bza"}, {{10, 1, 0}, "baz"}};
	set(0, 1, 3, "a");
	set(1, 1, 0, "z");
	set(2, 1, 7, "b");
	ordered(3, rows[_i].chance, rows[_i].order);
}
END_TEST

static uint32_t seed = 1;

static uint32_t roll(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

START_TEST(in_the_long_run_a_target_is_first_as_often_as_its_weight_says)
{
	int first = 0;
	for (int i = 0; i < 10000; i++) {
		set(0, 1, 25, "a");
		set(1, 1, 75, "b");
		srv_order(targets, 2, roll);
		first += targets[0].host[0] == 'a';
	}
	ck_assert_int_ge(first, 2350);
	ck_assert_int_le(first, 2750);
}
END_TEST

Suite *srv_suite(void)
{
	Suite *s = suite_create("srv");
	TCase *t = tcase_create("srv");
	tcase_add_test(t, each_record_has_its_numbers_and_its_host);
	tcase_add_test(t, an_alias_leads_to_the_records_and_other_records_do_not_count);
	tcase_add_test(t, a_dot_alone_means_that_there_is_no_service);
	tcase_add_test(t, a_record_without_a_port_cannot_be_used);
	tcase_add_test(t, what_is_malformed_is_refused);
	tcase_add_test(t, an_answer_that_ends_anywhere_is_no_answer);
	tcase_add_test(t, what_is_more_than_the_ceiling_is_left_out);
	tcase_add_test(t, lower_priorities_come_first);
	tcase_add_loop_test(t, among_equals_chance_decides_by_weight, 0, 5);
	tcase_add_test(t, in_the_long_run_a_target_is_first_as_often_as_its_weight_says);
	suite_add_tcase(s, t);
	return s;
}
