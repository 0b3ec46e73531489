/* SPDX-License-Identifier: MIT */
/*
 * SCRAM-SHA-256 in a client's life: to the byte with the numbers of RFC 7677, with the broker stub, and with every allocation
 * failing in turn.
 */
#include "config.h"

#include "client/scenes.h"
#include "client/suites.h"
#include "support/bytes.h"

static struct mqttwill_options scram_options(const char *password)
{
	struct mqttwill_options o = lamp_options();
	o.auth_method = "SCRAM-SHA-256";
	o.user_name = "user";
	o.password = password;
	return o;
}

static int refused_with(const struct mqttwill_options *o, const char *part)
{
	struct mqttwill_options given = *o;
	mqttwill               *c;
	given.url = given.url ? given.url : "mqtt://broker.test";
	int rc = mqttwill_new(&c, &given);
	ck_assert_ptr_null(c);
	ck_assert_msg(strstr(mqttwill_errmsg(NULL, rc), part), "\"%s\" does not say \"%s\"", mqttwill_errmsg(NULL, rc), part);
	return rc;
}

#ifdef HAVE_OPENSSL

#include "api/scram.h"

#define METHOD "15 000D 'SCRAM-SHA-256' "
#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define NONCES NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define CHALLENGE "r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define FINAL "c=biws,r=" NONCES ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define VERDICT "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

#define ASKS "F0 6B 18 69 " METHOD "16 0056 '" CHALLENGE "' "
#define ANSWERS "F0 7F 18 7D " METHOD "16 006A '" FINAL "' "
#define ACCEPTS "20 44 00 00 41 " METHOD "16 002E '" VERDICT "' "
#define LIES "20 44 00 00 41 " METHOD "16 002E 'v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=' "

static struct device *begin_as_in_rfc(int mode, bool presence)
{
	struct mqttwill_options o = scram_options("pencil");
	stage_begin(mode);
	if (!presence)
		o.presence = NULL;
	struct device *d = device_new(&o);
	scram_fix_nonce(d->c->scram[0], NONCE);
	ck_assert_int_eq(mqttwill_start(d->c), 0);
	stage_settle();
	return d;
}

/* Do these bytes stand in what the client wrote on its line? */
static bool wrote(const char *hex)
{
	const struct line *l = stage_line();
	struct bytes       b = bytes_hex(hex);
	void              *at = memmem(l->up, l->up_len, b.p, b.n);
	bytes_free(&b);
	return at;
}

START_TEST(scram_is_played_as_rfc_7677_has_it)
{
	struct device *d = begin_as_in_rfc(_i, false);
	ck_assert(wrote("0004 'MQTT' 05 00 003C")); /* neither user name nor password */
	ck_assert(wrote(METHOD "16 0020 'n,,n=user,r=" NONCE "'"));
	ck_assert(!wrote("'pencil'"));
	stage_line()->up_read = stage_line()->up_len;
	peer_says(ASKS);
	expect_bytes(ANSWERS);
	peer_says(ACCEPTS);
	expect_events(d, "UP");
	stage_end();
}
END_TEST

START_TEST(a_broker_without_the_password_gets_no_birth_and_brings_no_message)
{
	static const char *const liars[] = {(LIES TELL5_QOS0("x")), ("20 13 00 00 10 " METHOD), "20 03 00 00 00"};
	for (size_t i = 0; i < sizeof liars / sizeof liars[0]; i++) {
		struct device *d = begin_as_in_rfc(_i, true);
		peer_says(ASKS);
		stage_line()->up_read = stage_line()->up_len;
		peer_says(liars[i]);
		expect_events(d, i < 2 ? "RETRY:EAUTH" : "RETRY:EPROTOCOL");
		expect_bytes(i < 2 ? "E0 01 80" : "");
		expect_text(d, i == 0 ? "does not know the password" : i == 1 ? "without its own signature" : "Authentication Method");
		expect_closed();
		stage_end();
	}
}
END_TEST

/* ---- With the stub ---- */

static void begin_with_stub(int mode)
{
	const struct broker_options options = {.auth_method = "SCRAM-SHA-256", .user_name = "user", .password = "pencil"};
	stage_begin(mode);
	stage_broker(&options);
}

START_TEST(the_right_password_goes_online_and_again)
{
	struct mqttwill_options o = scram_options("pencil");
	begin_with_stub(_i);
	struct device *d = device_start(&o);
	expect_events(d, "UP ONLINE");
	ck_assert(broker_saw("lamp: authenticated: for CONNECT"));
	for (int i = 0; i < 3; i++) {
		device_token(d, mqttwill_reauthenticate(d->c), true);
		stage_settle();
	}
	expect_events(d, "DONE(2) DONE(3) DONE(4)");
	ck_assert_uint_eq(broker_saw_times("authenticated: once more"), 3);
	cut_line();
	stage_pass(2000);
	expect_events(d, "DOWN:ELOST UP ONLINE");
	ck_assert_uint_eq(broker_saw_times("authenticated: for CONNECT"), 2);
	stage_end();
}
END_TEST

START_TEST(a_wrong_password_is_told_and_ends_a_connect_at_once)
{
	struct mqttwill_options o = scram_options("pen");
	begin_with_stub(_i);
	struct device *d = device_start(&o);
	expect_events(d, "RETRY:EAUTH");
	expect_text(d, "connack: Not authorized (0x87)");
	ck_assert_uint_eq(d->last.reason_code, 0x87);
	ck_assert(d->last.permanent);
	ck_assert_int_eq(mqttwill_connect(d->c, 1000), MQTTWILL_EAUTH);
	stage_end();
}
END_TEST

START_TEST(a_broker_with_another_method_says_0x8c)
{
	const struct broker_options options = {.auth_method = "TEST", .user_name = "user", .password = "pencil"};
	struct mqttwill_options     o = scram_options("pencil");
	stage_begin(_i);
	stage_broker(&options);
	struct device *d = device_start(&o);
	expect_events(d, "RETRY:EAUTH");
	ck_assert_uint_eq(d->last.reason_code, 0x8C);
	stage_end();
}
END_TEST

START_TEST(a_re_authentication_that_fails_leaves_the_will_due)
{
	struct mqttwill_options o = scram_options("pencil");
	begin_with_stub(_i);
	struct device *d = device_start(&o);
	forget(d);
	scram_fix_nonce(d->c->scram[0], "this,is no nonce"); /* what the client says then fits nothing */
	device_token(d, mqttwill_reauthenticate(d->c), true);
	expect_events(d, "DONE(2):EAUTH DOWN:EAUTH");
	ck_assert(broker_saw("will published lamp/status = offline"));
	stage_end();
}
END_TEST

START_TEST(credentials_of_the_url_are_taken_too_and_none_is_refused)
{
	struct mqttwill_options o = scram_options(NULL);
	ck_assert_int_eq(refused_with(&o, "option password: SCRAM-SHA-256 needs one"), MQTTWILL_EOPTION);
	o.password = "x";
	o.user_name = NULL;
	ck_assert_int_eq(refused_with(&o, "option user_name: SCRAM-SHA-256 needs one"), MQTTWILL_EOPTION);
	o.user_name = "a\tb";
	ck_assert_int_eq(refused_with(&o, "control characters"), MQTTWILL_EOPTION);
	o.user_name = o.password = NULL;
	o.url = "mqtt://user:pencil@broker.test";
	begin_with_stub(_i);
	struct device *d = device_start(&o);
	expect_events(d, "UP ONLINE");
	stage_end();
}
END_TEST

START_TEST(the_size_of_connect_is_known_beforehand)
{
	struct mqttwill_report report;
	struct mqttwill_options o = scram_options("pencil");
	const struct mqttwill_will will = {.topic = "t", .text = "w"};
	o.presence = NULL;
	o.will = &will;
	o.user_name = "a,b";
	ck_assert_int_eq(mqttwill_will_check(&will, &o, NULL, &report), 0);
	stage_begin(_i);
	device_start(&o);
	ck_assert_uint_eq(report.connect_size, stage_line()->up_len);
	stage_end();
}
END_TEST

/* ---- Without memory ---- */

static int64_t prove_again(struct device *d)
{
	stage_enter();
	int64_t token = mqttwill_reauthenticate(d->c);
	stage_leave();
	if (token > 0)
		return device_token(d, token, true);
	ck_assert(token == MQTTWILL_ENOMEM || token == MQTTWILL_ESTATE);
	return token;
}

/* True where an allocation was refused. */
static bool survive(int mode, long nth)
{
	struct mqttwill_options o = scram_options("pencil");
	begin_with_stub(mode);
	stage.fail_at = nth;
	struct device *d = device_new(&o);
	if (d->c) {
		ck_assert_int_eq(mqttwill_start(d->c), 0);
		stage_pass(200000);
		prove_again(d);
		stage_pass(200000);
		stage.fail_at = 0;
		ck_assert(d->c->presence.online);
		device_close(d, MQTTWILL_GOODBYE_OFFLINE);
		stage_pass(10000);
	}
	bool refused = stage.refused;
	stage.fail_at = 0;
	stage_end();
	return refused;
}

START_TEST(it_survives_each_allocation_that_fails)
{
	long n = 1;
	while (survive(_i, n))
		n++;
	ck_assert_int_gt(n, 10);
}
END_TEST

static void add_tests(TCase *t)
{
	SCENE(t, scram_is_played_as_rfc_7677_has_it);
	SCENE(t, a_broker_without_the_password_gets_no_birth_and_brings_no_message);
	SCENE(t, the_right_password_goes_online_and_again);
	SCENE(t, a_wrong_password_is_told_and_ends_a_connect_at_once);
	SCENE(t, a_broker_with_another_method_says_0x8c);
	SCENE(t, a_re_authentication_that_fails_leaves_the_will_due);
	SCENE(t, credentials_of_the_url_are_taken_too_and_none_is_refused);
	SCENE(t, the_size_of_connect_is_known_beforehand);
	SCENE(t, it_survives_each_allocation_that_fails);
}

#else

START_TEST(without_openssl_there_is_no_scram)
{
	struct mqttwill_options o = scram_options("pencil");
	ck_assert_int_eq(refused_with(&o, "built without OpenSSL"), MQTTWILL_EUNSUPPORTED);
}
END_TEST

static void add_tests(TCase *t)
{
	tcase_add_test(t, without_openssl_there_is_no_scram);
}

#endif

Suite *scram_suite(void)
{
	Suite *s = suite_create("scram");
	TCase *t = tcase_create("scram");
	tcase_set_timeout(t, 120);
	add_tests(t);
	suite_add_tcase(s, t);
	return s;
}
