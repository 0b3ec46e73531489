/* SPDX-License-Identifier: MIT */
/*
 * What a broker may say in an exchange of SCRAM-SHA-256: the input up to its first 0 is the challenge, the rest the verdict.
 * Where the first byte is '+', our nonce is put in its place, so that more is reached. Checked: a reply is one only where the
 * step went well, it continues our nonce, and no verdict is accepted but the one that is right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/scram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define START "c=biws,r=" NONCE

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static int take(struct scram *s, uint32_t phase, const void *data, size_t n, struct mqttwill_auth *step)
{
	const char *why = NULL;
	*step = (struct mqttwill_auth){.phase = phase, .data = data, .data_len = n};
	int rc = scram_step(s, step, &why);
	expect(rc == 0 || (rc < 0 && why && *why), "a refusal without a reason");
	expect(rc == 0 || !step->reply, "a reply beside a refusal");
	return rc;
}

/* The challenge in a block of its own size. */
static uint8_t *challenge(const uint8_t *data, size_t n, size_t *len)
{
	static const char head[] = "r=" NONCE;
	size_t            skip = n && data[0] == '+' ? 1 : 0, put = skip ? sizeof head - 1 : 0;
	uint8_t          *p = malloc(put + n - skip + (put + n == skip));
	expect(p, "no memory");
	memcpy(p, head, put);
	if (n > skip)
		memcpy(p + put, data + skip, n - skip);
	*len = put + n - skip;
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mqttwill_auth step;
	const uint8_t       *zero = size ? memchr(data, 0, size) : NULL;
	size_t               n = zero ? (size_t)(zero - data) : size, len;
	struct scram        *s = scram_new(span_text("us,er", 0), span_text("pencil", 0));
	if (!s)
		return 0; /* this build has none */
	scram_fix_nonce(s, NONCE);
	expect(take(s, MQTTWILL_AUTH_FIRST, NULL, 0, &step) == 0, "the first step");
	uint8_t *p = challenge(data, n, &len);
	if (take(s, MQTTWILL_AUTH_CONTINUE, p, len, &step) == 0)
		expect(step.reply_len > strlen(START) && !memcmp(step.reply, START, strlen(START)), "the reply");
	free(p);
	if (zero)
		expect(take(s, MQTTWILL_AUTH_SUCCESS, zero + 1, size - n - 1, &step) < 0, "a verdict is believed");
	scram_free(s);
	return 0;
}
