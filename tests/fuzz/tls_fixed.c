/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL's random numbers, replaced by a simple sequence.
 */
#include "fuzz/tls_fixed.h"

#include <mqttwill.h>
#include <openssl/rand.h>
#include <stdlib.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* there is no other way that OpenSSL 1.1.1 has, too */

const struct tls_peer tls_fixed_peer = {"localhost", "8883", 1000, false};

static uint64_t  client, server;
static uint64_t *dice = &client;

static int throw_dice(unsigned char *to, int n)
{
	for (int i = 0; i < n; i++) {
		*dice = *dice * 6364136223846793005u + 1442695040888963407u;
		to[i] = (unsigned char)(*dice >> 56);
	}
	return 1;
}

static int ready(void)
{
	return 1;
}

void tls_fixed_client(void)
{
	client = 1;
	dice = &client;
}

void tls_fixed_server(void)
{
	dice = &server;
}

void tls_fixed_client_again(void)
{
	dice = &client;
}

static struct tls_context *make(void)
{
	static const struct mqttwill_tls settings = {.insecure_any_certificate = true};
	struct tls_context              *context = NULL;
	struct pipe_error                error = {0};
	if (tls_context_new(&context, &settings, &error) < 0)
		abort();
	return context;
}

/* One is kept for good: the others share what it has loaded. */
struct tls_context *tls_fixed_context(void)
{
	static const RAND_METHOD   method = {NULL, throw_dice, NULL, NULL, throw_dice, ready};
	static struct tls_context *kept;
	if (!kept && !RAND_set_rand_method(&method))
		abort();
	kept = kept ? kept : make();
	return make();
}
