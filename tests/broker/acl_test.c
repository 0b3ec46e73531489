/* SPDX-License-Identifier: MIT */
/*
 * The access control list: reading it, and what the versions are told of a refusal.
 */
#include <check.h>

#include "broker/acl.h"
#include "broker/suites.h"
#include "broker/scene.h"

static const char list[] =
	"# who may do what\n"
	"\n"
	"  allow publish test/allowed\r\n"
	"deny\tpublish test/#\n"
	"deny publish trap disconnect\n"
	"deny subscribe secret/#\n"
	"deny subscribe trap/# disconnect\n"
	"allow subscribe #";

static const struct {
	enum acl_action  action;
	const char      *topic;
	enum acl_verdict verdict;
} checks[] = {
	{ACL_PUBLISH, "test/allowed", ACL_ALLOW}, {ACL_PUBLISH, "test/x", ACL_DENY},     {ACL_PUBLISH, "test", ACL_DENY},
	{ACL_PUBLISH, "trap", ACL_DISCONNECT},    {ACL_PUBLISH, "secret/x", ACL_ALLOW},  {ACL_SUBSCRIBE, "test/x", ACL_ALLOW},
	{ACL_SUBSCRIBE, "secret/x", ACL_DENY},    {ACL_SUBSCRIBE, "secret/#", ACL_DENY},
	{ACL_SUBSCRIBE, "trap/+", ACL_DISCONNECT}, {ACL_SUBSCRIBE, "#", ACL_ALLOW},
};

START_TEST(the_first_rule_that_matches_counts)
{
	struct acl acl;
	acl_init(&acl);
	ck_assert_ptr_null(acl_read(&acl, list));
	ck_assert_int_eq(acl_check(&acl, checks[_i].action, span_text(checks[_i].topic, 0)), checks[_i].verdict);
	acl_fini(&acl);
}
END_TEST

START_TEST(a_list_with_a_mistake_is_refused)
{
	static const char *const wrong[] = {
		"permit publish x",        "deny",         "deny read x",       "deny publish",  "deny publish a#",
		"deny publish x hangup",   "deny publish", "allow publish x disconnect", "deny publish x disconnect now",
		"allow publish ok\ndeny x",
	};
	const char *error = NULL;
	ck_assert_ptr_null(broker_new(&(struct broker_options){.acl = wrong[_i]}, &error));
	ck_assert_ptr_nonnull(error);
}
END_TEST

static const uint8_t levels[] = {LEVEL_31, LEVEL_311, LEVEL_5};

static void init(struct scene *s, struct peer **watcher)
{
	struct broker_options options = {.acl = list};
	scene_init(s, &options);
	*watcher = peer_join(s, LEVEL_5, "watcher");
	peer_subscribe(*watcher, "#", 0, 0);
}

START_TEST(a_denied_publish_is_answered_and_goes_nowhere)
{
	struct scene s;
	struct peer *watcher;
	init(&s, &watcher);
	struct peer *p = peer_join(&s, levels[_i], "c");
	uint8_t      code = levels[_i] == LEVEL_5 ? REASON_NOT_AUTHORIZED : 0;
	peer_publish(p, "test/x", "0", 0, true);
	peer_publish(p, "test/x", "1", 1, true);
	ck_assert_uint_eq(peer_expect(p, PACKET_PUBACK)->pk.reason, code);
	peer_publish(p, "test/x", "2", 2, true);
	ck_assert_uint_eq(peer_expect(p, PACKET_PUBREC)->pk.reason, code);
	if (levels[_i] != LEVEL_5)
		peer_expect(p, PACKET_PUBCOMP); /* 3.x cannot refuse: the exchange runs to its end */
	peer_publish(p, "test/allowed", "3", 0, false);
	peer_expect_nothing(p);
	peer_expect_message(watcher, "test/allowed", "3", 0, false);
	peer_expect_nothing(watcher);
	scene_fini(&s);
}
END_TEST

START_TEST(a_denied_publish_may_end_the_connection)
{
	struct scene s;
	struct peer *watcher;
	init(&s, &watcher);
	struct peer *p = peer_join(&s, levels[_i / 3], "c");
	peer_publish(p, "trap", "x", (uint8_t)(_i % 3), false);
	peer_expect_end(p, REASON_NOT_AUTHORIZED);
	peer_expect_nothing(watcher);
	scene_fini(&s);
}
END_TEST

START_TEST(a_denied_subscription_is_refused_in_the_versions_words)
{
	static const uint8_t codes[] = {1, REASON_FAILURE, REASON_NOT_AUTHORIZED};
	struct scene         s;
	struct peer         *watcher;
	init(&s, &watcher);
	struct peer *p = peer_join(&s, levels[_i], "c");
	peer_subscribe(p, "secret/x", 1, codes[_i]);
	peer_publish(watcher, "secret/x", "x", 0, true);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

START_TEST(a_denied_subscription_may_end_the_connection)
{
	struct scene  s;
	struct peer  *watcher;
	struct filter f = {span_text("trap/x", 0), 0};
	init(&s, &watcher);
	struct peer *p = peer_join(&s, levels[_i], "c");
	peer_send(p, &(struct packet){.type = PACKET_SUBSCRIBE, .id = 1, .filters = &f, .count = 1});
	peer_expect_end(p, REASON_NOT_AUTHORIZED);
	scene_fini(&s);
}
END_TEST

/* "#" may be subscribed to, but what may not be read does not come through it. */
START_TEST(a_wide_filter_lets_no_secret_through)
{
	struct scene s;
	struct peer *watcher;
	init(&s, &watcher);
	struct peer *p = peer_join(&s, LEVEL_5, "c");
	peer_publish(p, "secret/x", "x", 0, true);
	peer_publish(p, "open", "y", 0, true);
	peer_expect_message(watcher, "open", "y", 0, false);
	peer_expect_nothing(watcher);
	peer_subscribe(p, "#", 0, 0);
	peer_expect_message(p, "open", "y", 0, true);
	peer_expect_nothing(p);
	scene_fini(&s);
}
END_TEST

Suite *acl_suite(void)
{
	Suite *suite = suite_create("acl");
	TCase *tc = tcase_create("acl");
	tcase_add_loop_test(tc, the_first_rule_that_matches_counts, 0, sizeof checks / sizeof checks[0]);
	tcase_add_loop_test(tc, a_list_with_a_mistake_is_refused, 0, 10);
	tcase_add_loop_test(tc, a_denied_publish_is_answered_and_goes_nowhere, 0, 3);
	tcase_add_loop_test(tc, a_denied_publish_may_end_the_connection, 0, 9);
	tcase_add_loop_test(tc, a_denied_subscription_is_refused_in_the_versions_words, 0, 3);
	tcase_add_loop_test(tc, a_denied_subscription_may_end_the_connection, 0, 3);
	tcase_add_test(tc, a_wide_filter_lets_no_secret_through);
	suite_add_tcase(suite, tc);
	return suite;
}
