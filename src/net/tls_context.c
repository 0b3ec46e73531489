/* SPDX-License-Identifier: MIT */
/*
 * What a client's TLS connections have in common: an SSL_CTX, made from the settings step by step.
 */
#include "net/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *tls_reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char   *text = e ? ERR_reason_error_string(e) : NULL;
	ERR_clear_error();
	return text ? text : "unknown error";
}

/* ---- Steps ---- */

int tls_step_versions(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	(void)settings;
	if (!SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION))
		return pipe_fail(error, MQTTWILL_ESYSTEM, "tls: %s", tls_reason());
	return 0;
}

int tls_step_trust(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	const char *ca_file = settings->ca_file;
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	if (ca_file && access(ca_file, R_OK) < 0)
		return pipe_fail(error, MQTTWILL_EOPTION, "option ca_file: %s: %s", ca_file, strerror(errno));
	if (ca_file ? SSL_CTX_load_verify_locations(ssl, ca_file, NULL) : SSL_CTX_set_default_verify_paths(ssl))
		return 0;
	return pipe_fail(error, MQTTWILL_EOPTION, "option ca_file: %s: %s", ca_file ? ca_file : "(system)", tls_reason());
}

static int (*const steps[])(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error) = {
	tls_step_versions,
	tls_step_trust,
	tls_step_crl,
	tls_step_ocsp,
	tls_step_store,
	tls_step_psk,
	tls_step_sessions,
};

/* ---- The context ---- */

static SSL_CTX *make(const struct mqttwill_tls *settings, struct pipe_error *error)
{
	ERR_clear_error();
	SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
	int      rc = ssl ? 0 : pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for the context");
	for (size_t i = 0; rc == 0 && i < sizeof steps / sizeof steps[0]; i++)
		rc = steps[i](ssl, settings, error);
	if (rc < 0) {
		SSL_CTX_free(ssl);
		return NULL;
	}
	/* a buffer may move between two tries of a write, and an idle connection keeps none */
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION); /* reading never waits for writing, nor the reverse */
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	return ssl;
}

int tls_context_new(struct tls_context **out, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	struct tls_context *c = *out = calloc(1, sizeof *c);
	if (!c)
		return pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for the context");
	if (settings)
		c->settings = *settings;
	c->ssl = make(&c->settings, error);
	if (c->ssl)
		return 0;
	free(c);
	*out = NULL;
	return error->code;
}

int tls_context_refresh(struct tls_context *c, struct pipe_error *error)
{
	(void)c;
	(void)error;
	return 0;
}

void tls_context_free(struct tls_context *c)
{
	if (!c)
		return;
	tls_sessions_clear(&c->sessions);
	SSL_CTX_free(c->ssl);
	free(c);
}
