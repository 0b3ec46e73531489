/* SPDX-License-Identifier: MIT */
/*
 * SCRAM-SHA-256, the client's side: the exchange of RFC 7677, others with the broker stub's server, and whatever a broker may
 * say instead. How often a password is hashed is counted, since that is what a broker could make dear.
 */
#include <openssl/evp.h>
#include <stdlib.h>

#include "api/scram.h"
#include "broker/auth.h"
#include "support/alloc.h"
#include "support/bytes.h"
#include "support/dice.h"
#include "unit/suites.h"

/* RFC 7677, section 3. */
#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define NONCES NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define CHALLENGE "r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define FINAL "c=biws,r=" NONCES ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define VERDICT "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static int hashed; /* how often */

int __real_PKCS5_PBKDF2_HMAC(const char *pass, int passlen, const unsigned char *salt, int saltlen, int iter,
                             const EVP_MD *digest, int keylen, unsigned char *out);
int __wrap_PKCS5_PBKDF2_HMAC(const char *pass, int passlen, const unsigned char *salt, int saltlen, int iter,
                             const EVP_MD *digest, int keylen, unsigned char *out);

int __wrap_PKCS5_PBKDF2_HMAC(const char *pass, int passlen, const unsigned char *salt, int saltlen, int iter,
                             const EVP_MD *digest, int keylen, unsigned char *out)
{
	hashed++;
	return __real_PKCS5_PBKDF2_HMAC(pass, passlen, salt, saltlen, iter, digest, keylen, out);
}

/* One step with data in a block of their own size; NULL: none. */
static int take(struct scram *s, uint32_t phase, const void *data, size_t n, struct mqttwill_auth *step)
{
	const char  *why = NULL;
	struct bytes b = bytes_copy(data ? data : "", data ? n : 0);
	*step = (struct mqttwill_auth){.phase = phase, .method = SCRAM_METHOD, .data = data ? b.p : NULL, .data_len = n};
	int rc = scram_step(s, step, &why);
	ck_assert_msg(rc == 0 || rc == MQTTWILL_EAUTH, "rc %d", rc);
	ck_assert_msg((rc < 0) == (why != NULL), "a failure has a reason, a success has none");
	bytes_free(&b);
	return rc;
}

static int take_text(struct scram *s, uint32_t phase, const char *text, struct mqttwill_auth *step)
{
	return take(s, phase, text, text ? strlen(text) : 0, step);
}

static void expect_reply(const struct mqttwill_auth *step, const char *text)
{
	ck_assert_uint_eq(step->reply_len, strlen(text));
	ck_assert_mem_eq(step->reply, text, strlen(text));
}

static struct scram *new_scram(const char *user, const char *password)
{
	struct scram *s = scram_new(span_text(user, 0), span_text(password, 0));
	ck_assert_ptr_nonnull(s);
	return s;
}

/* The client of RFC 7677 that has said its first word. */
static struct scram *begun(void)
{
	struct mqttwill_auth step;
	struct scram        *s = new_scram("user", "pencil");
	scram_fix_nonce(s, NONCE);
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_FIRST, NULL, &step), 0);
	expect_reply(&step, "n,,n=user,r=" NONCE);
	return s;
}

static struct scram *answered(void)
{
	struct mqttwill_auth step;
	struct scram        *s = begun();
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_CONTINUE, CHALLENGE, &step), 0);
	expect_reply(&step, FINAL);
	return s;
}

START_TEST(the_exchange_of_rfc_7677_is_played_to_the_byte)
{
	struct mqttwill_auth step;
	struct scram        *s = answered();
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_SUCCESS, VERDICT, &step), 0);
	ck_assert_ptr_null(step.reply);
	scram_free(s);
}
END_TEST

START_TEST(an_extension_behind_the_verdict_is_let_pass)
{
	struct mqttwill_auth step;
	struct scram        *s = answered();
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_SUCCESS, VERDICT ",x=y", &step), 0);
	scram_free(s);
}
END_TEST

static const char *const bad_challenges[] = {
	"",
	"r=" NONCES,
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==",
	"s=W22ZaJ0SNY7soEsUEjb6gQ==,r=" NONCES ",i=4096",
	"R=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	"m=x," CHALLENGE,
	"e=unknown-user",
	/* the nonce */
	"r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	"r=rOprNGfwEbeRWgbNEkqP%hvYD,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	"r=rOprNGfw,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	"r=,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	"r=" NONCES " x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	"r=" NONCES "\x7F,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	"r=" NONCES "\xC3\xA4,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	/* the salt */
	"r=" NONCES ",s=,i=4096",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ=,i=4096",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ,i=4096",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gR==,i=4096",
	"r=" NONCES ",s=W22=aJ0SNY7soEsUEjb6gQ==,i=4096",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6===,i=4096",
	"r=" NONCES ",s=====,i=4096",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==\n,i=4096",
	"r=" NONCES ",s= W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	"r=" NONCES ",s=W22_aJ0SNY7soEsUEjb6gQ==,i=4096",
	/* the iterations */
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-4096",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=+4096",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=04096",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096 ",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001",
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4294971392", /* 4,096 in 32 bits */
	"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=18446744073709555712",
};

START_TEST(a_challenge_that_is_none_is_refused_before_anything_is_hashed)
{
	for (size_t i = 0; i < sizeof bad_challenges / sizeof bad_challenges[0]; i++) {
		struct mqttwill_auth step;
		struct scram        *s = begun();
		hashed = 0;
		int rc = take_text(s, MQTTWILL_AUTH_CONTINUE, bad_challenges[i], &step);
		ck_assert_msg(rc == MQTTWILL_EAUTH && !step.reply && hashed == 0, "%s: %d", bad_challenges[i], rc);
		ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_CONTINUE, CHALLENGE, &step), MQTTWILL_EAUTH); /* it is over */
		ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_SUCCESS, VERDICT, &step), MQTTWILL_EAUTH);
		scram_free(s);
	}
}
END_TEST

START_TEST(an_extension_that_is_demanded_is_told_as_such)
{
	const char          *why;
	struct mqttwill_auth step = {.phase = MQTTWILL_AUTH_CONTINUE, .data = "m=x," CHALLENGE, .data_len = 4 + strlen(CHALLENGE)};
	struct scram        *s = begun();
	ck_assert_int_eq(scram_step(s, &step, &why), MQTTWILL_EAUTH);
	ck_assert_str_eq(why, "the broker demands an extension of SCRAM that is not known here");
	scram_free(s);
}
END_TEST

START_TEST(a_challenge_is_missing_too_long_or_has_a_nul)
{
	static char          data[SCRAM_MESSAGE_MAX + 1];
	struct mqttwill_auth step;
	struct scram        *s = begun();
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_CONTINUE, NULL, &step), MQTTWILL_EAUTH);
	scram_free(s);
	memset(data, 'x', sizeof data);
	memcpy(data, CHALLENGE ",", sizeof CHALLENGE);
	for (int over = 0; over < 2; over++) {
		s = begun();
		int rc = take(s, MQTTWILL_AUTH_CONTINUE, data, SCRAM_MESSAGE_MAX + (size_t)over, &step);
		ck_assert_int_eq(rc, over ? MQTTWILL_EAUTH : 0); /* an extension may be long */
		scram_free(s);
	}
	s = begun();
	ck_assert_int_eq(take(s, MQTTWILL_AUTH_CONTINUE, CHALLENGE, sizeof CHALLENGE, &step), MQTTWILL_EAUTH);
	scram_free(s);
}
END_TEST

START_TEST(a_nonce_may_be_long_but_not_for_ever)
{
	for (size_t n = 1023; n <= 1025; n++) {
		char                 text[1200], nonce[1100];
		struct mqttwill_auth step;
		struct scram        *s = begun();
		memset(nonce, 'z', n);
		memcpy(nonce, NONCE, strlen(NONCE));
		snprintf(text, sizeof text, "r=%.*s,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", (int)n, nonce);
		int rc = take_text(s, MQTTWILL_AUTH_CONTINUE, text, &step);
		ck_assert_int_eq(rc, n <= 1024 ? 0 : MQTTWILL_EAUTH);
		if (rc == 0)
			ck_assert_uint_eq(step.reply_len, 9 + n + 3 + 44);
		scram_free(s);
	}
}
END_TEST

static const char *const bad_verdicts[] = {
	NULL,
	"",
	"v=",
	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=",
	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=",
	"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl9",
	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4",
	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=AAAA",
	"v =6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	" " VERDICT,
	"x=y," VERDICT,
	"e=invalid-proof",
	"e=",
	CHALLENGE,
};

START_TEST(a_broker_that_does_not_prove_itself_is_refused)
{
	for (size_t i = 0; i < sizeof bad_verdicts / sizeof bad_verdicts[0]; i++) {
		struct mqttwill_auth step;
		struct scram        *s = answered();
		int                  rc = take_text(s, MQTTWILL_AUTH_SUCCESS, bad_verdicts[i], &step);
		ck_assert_msg(rc == MQTTWILL_EAUTH, "%s", bad_verdicts[i] ? bad_verdicts[i] : "none");
		ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_SUCCESS, VERDICT, &step), MQTTWILL_EAUTH); /* one try */
		scram_free(s);
	}
}
END_TEST

START_TEST(steps_out_of_order_are_refused)
{
	struct mqttwill_auth step;
	struct scram        *s = new_scram("user", "pencil");
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_CONTINUE, CHALLENGE, &step), MQTTWILL_EAUTH);
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_SUCCESS, VERDICT, &step), MQTTWILL_EAUTH);
	scram_free(s);
	s = begun(); /* accepted at once: anybody could */
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_SUCCESS, VERDICT, &step), MQTTWILL_EAUTH);
	scram_free(s);
	s = answered();
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_CONTINUE, CHALLENGE, &step), MQTTWILL_EAUTH);
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_SUCCESS, VERDICT, &step), MQTTWILL_EAUTH);
	scram_free(s);
}
END_TEST

START_TEST(the_broker_s_own_error_is_quoted_without_what_cannot_be_printed)
{
	const char          *why;
	struct mqttwill_auth step = {.phase = MQTTWILL_AUTH_SUCCESS, .data = "e=other\x1B[2J\xFF,x=y", .data_len = 17};
	struct scram        *s = answered();
	ck_assert_int_eq(scram_step(s, &step, &why), MQTTWILL_EAUTH);
	ck_assert_str_eq(why, "the broker says e=other?[2J?");
	char long_one[500];
	memset(long_one, 'e', sizeof long_one);
	long_one[1] = '=';
	step.data = long_one;
	step.data_len = sizeof long_one;
	ck_assert_int_eq(scram_step(s, &step, &why), MQTTWILL_EAUTH);
	ck_assert_uint_eq(strlen(why), 159);
	scram_free(s);
}
END_TEST

/* ---- With the stub's server ---- */

static bool agree(struct scram *s, const char *user, const char *password)
{
	static unsigned      nonce;
	struct exchange      x = {.user_name = user, .password = password, .nonce = ++nonce};
	struct mqttwill_auth step;
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_FIRST, NULL, &step), 0);
	if (scram_round(&x, span_of(step.reply, step.reply_len)) != AUTH_GOES_ON)
		return false;
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_CONTINUE, x.out, &step), 0);
	if (scram_round(&x, span_of(step.reply, step.reply_len)) != AUTH_GOOD)
		return false;
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_SUCCESS, x.out, &step), 0);
	return true;
}

static const char *const names[][2] = {
	{"user", "pencil"}, {"a,b=c", "p,=,"}, {"=2C", "=3D"}, {"\xC3\xA4\xE2\x82\xAC", "\xF0\x9F\x94\x91 key"}, {",", ""},
};

START_TEST(any_name_and_password_are_understood_by_a_server)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct scram *s = new_scram(names[i][0], names[i][1]);
		ck_assert_msg(agree(s, names[i][0], names[i][1]), "%s", names[i][0]);
		ck_assert(!agree(s, names[i][0], "another"));
		ck_assert(!agree(s, "another", names[i][1]));
		scram_free(s);
	}
}
END_TEST

START_TEST(the_first_message_is_as_long_as_was_said)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct mqttwill_auth step;
		struct scram        *s = new_scram(names[i][0], names[i][1]);
		ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_FIRST, NULL, &step), 0);
		ck_assert_uint_eq(step.reply_len, scram_first_size(span_text(names[i][0], 0)));
		scram_free(s);
	}
}
END_TEST

START_TEST(every_exchange_has_a_nonce_of_its_own)
{
	char                 before[100];
	struct mqttwill_auth step;
	struct scram        *s = new_scram("user", "pencil");
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_FIRST, NULL, &step), 0);
	snprintf(before, sizeof before, "%.*s", (int)step.reply_len, (const char *)step.reply);
	ck_assert_uint_eq(strcspn(before + strlen("n,,n=user,r="), ","), 32);
	ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_FIRST, NULL, &step), 0);
	ck_assert_uint_eq(step.reply_len, strlen(before));
	ck_assert_int_ne(memcmp(before, step.reply, step.reply_len), 0);
	scram_free(s);
}
END_TEST

START_TEST(the_password_is_hashed_once_for_each_salt_and_count)
{
	struct mqttwill_auth step;
	struct scram        *s = begun();
	static const struct {
		const char *challenge;
		int         times;
	} rows[] = {
		{CHALLENGE, 1},
		{CHALLENGE, 1},
		{"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4097", 2},
		{"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gg==,i=4097", 3},
		{"r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6,i=4097", 4},
		{CHALLENGE, 5},
	};
	hashed = 0;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_FIRST, NULL, &step), 0);
		ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_CONTINUE, rows[i].challenge, &step), 0);
		ck_assert_int_eq(hashed, rows[i].times);
		bool same = !strcmp(rows[i].challenge, CHALLENGE);
		ck_assert_int_eq(same, step.reply_len == strlen(FINAL) && !memcmp(step.reply, FINAL, strlen(FINAL)));
	}
	scram_free(s);
}
END_TEST

/* ---- Noise ---- */

START_TEST(changed_bytes_are_refused_or_answered_and_never_accepted)
{
	struct dice dice;
	dice_init(&dice, 0);
	for (int i = 0; i < 1000; i++) {
		char                 text[] = CHALLENGE;
		size_t               n = dice_roll(&dice, 4) ? strlen(text) : dice_roll(&dice, sizeof text);
		struct mqttwill_auth step;
		struct scram        *s = begun();
		for (uint32_t k = dice_roll(&dice, 4); k; k--)
			text[strlen(NONCES) + 2 + dice_roll(&dice, (uint32_t)(strlen(text) - strlen(NONCES) - 2))] =
				(char)dice_roll(&dice, 256);
		bool same = n == strlen(text) && !strcmp(text, CHALLENGE);
		if (take(s, MQTTWILL_AUTH_CONTINUE, text, n, &step) == 0)
			ck_assert_int_eq(take_text(s, MQTTWILL_AUTH_SUCCESS, VERDICT, &step), same ? 0 : MQTTWILL_EAUTH);
		scram_free(s);
	}
}
END_TEST

START_TEST(a_verdict_that_is_cut_or_changed_is_refused)
{
	for (size_t n = 0; n < strlen(VERDICT); n++)
		for (int change = 0; change < 2; change++) {
			char                 text[] = VERDICT;
			struct mqttwill_auth step;
			struct scram        *s = answered();
			text[n] ^= 1;
			size_t len = change ? strlen(VERDICT) : n;
			ck_assert_int_eq(take(s, MQTTWILL_AUTH_SUCCESS, change ? text : VERDICT, len, &step), MQTTWILL_EAUTH);
			scram_free(s);
		}
}
END_TEST

/* ---- Credentials ---- */

START_TEST(what_scram_cannot_carry_is_refused_beforehand)
{
	static char       long_name[1025];
	const struct span good = span_text("x", 0), none = span_of(NULL, 0), empty = span_of("", 0);
	memset(long_name, 'n', sizeof long_name);
	ck_assert_ptr_null(scram_check(good, good));
	ck_assert_ptr_null(scram_check(good, empty));
	ck_assert_ptr_null(scram_check(span_of(long_name, 1024), good));
	ck_assert_ptr_nonnull(scram_check(span_of(long_name, 1025), good));
	ck_assert_ptr_nonnull(scram_check(none, good));
	ck_assert_ptr_nonnull(scram_check(empty, good));
	ck_assert_ptr_nonnull(scram_check(good, none));
	ck_assert_ptr_nonnull(scram_check(span_text("a\tb", 0), good));
	ck_assert_ptr_nonnull(scram_check(good, span_text("a\nb", 0)));
	ck_assert_ptr_nonnull(scram_check(good, span_text("a\x7F", 0)));
	ck_assert_ptr_nonnull(scram_check(good, span_of("a\0b", 3)));
	ck_assert_ptr_nonnull(scram_check(good, span_text("\xFF", 0)));
}
END_TEST

START_TEST(without_memory_there_is_none)
{
	alloc_fail(1);
	struct scram *s = scram_new(span_text("u", 0), span_text("p", 0));
	ck_assert(alloc_stop());
	ck_assert_ptr_null(s);
	scram_free(NULL);
}
END_TEST

Suite *scram_suite(void)
{
	Suite *suite = suite_create("scram");
	TCase *tc = tcase_create("scram");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, the_exchange_of_rfc_7677_is_played_to_the_byte);
	tcase_add_test(tc, an_extension_behind_the_verdict_is_let_pass);
	tcase_add_test(tc, a_challenge_that_is_none_is_refused_before_anything_is_hashed);
	tcase_add_test(tc, an_extension_that_is_demanded_is_told_as_such);
	tcase_add_test(tc, a_challenge_is_missing_too_long_or_has_a_nul);
	tcase_add_test(tc, a_nonce_may_be_long_but_not_for_ever);
	tcase_add_test(tc, a_broker_that_does_not_prove_itself_is_refused);
	tcase_add_test(tc, steps_out_of_order_are_refused);
	tcase_add_test(tc, the_broker_s_own_error_is_quoted_without_what_cannot_be_printed);
	tcase_add_test(tc, any_name_and_password_are_understood_by_a_server);
	tcase_add_test(tc, the_first_message_is_as_long_as_was_said);
	tcase_add_test(tc, every_exchange_has_a_nonce_of_its_own);
	tcase_add_test(tc, the_password_is_hashed_once_for_each_salt_and_count);
	tcase_add_test(tc, changed_bytes_are_refused_or_answered_and_never_accepted);
	tcase_add_test(tc, a_verdict_that_is_cut_or_changed_is_refused);
	tcase_add_test(tc, what_scram_cannot_carry_is_refused_beforehand);
	tcase_add_test(tc, without_memory_there_is_none);
	suite_add_tcase(suite, tc);
	return suite;
}
