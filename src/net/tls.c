/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL over a small BIO of ours that reads and writes through the pipe below. What OpenSSL waits for is what that pipe
 * said it waits for when it was called last.
 */
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mqttwill.h>

struct tls_context {
	SSL_CTX    *ssl;
	BIO_METHOD *bio;
};

struct tls {
	struct pipe pipe;
	SSL        *ssl;
	uint64_t    end; /* of the time for the handshake; 0: it has not begun */
	uint32_t    timeout_ms;
	char        host[256];
	bool        open;
};

static struct tls *tls_of(struct pipe *p)
{
	return (struct tls *)(void *)p;
}

/* ---- The BIO ---- */

static int bio_read(BIO *bio, char *buf, int size)
{
	struct pipe *below = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	ssize_t n = size > 0 ? below->ops->read(below, buf, (size_t)size) : 0;
	if (n == -1)
		BIO_set_retry_read(bio);
	return n < 0 ? -1 : (int)n;
}

static int bio_write(BIO *bio, const char *bytes, int n)
{
	struct pipe *below = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	ssize_t written = n > 0 ? below->ops->write(below, bytes, (size_t)n) : 0;
	if (written == -1)
		BIO_set_retry_write(bio);
	return written < 0 ? -1 : (int)written;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH; /* nothing is kept back here */
}

static BIO_METHOD *bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mqttwill pipe");
	if (!m)
		return NULL;
	BIO_meth_set_read(m, bio_read);
	BIO_meth_set_write(m, bio_write);
	BIO_meth_set_ctrl(m, bio_control);
	return m;
}

/* ---- The context ---- */

static const char *openssl_reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char   *text = e ? ERR_reason_error_string(e) : NULL;
	ERR_clear_error();
	return text ? text : "unknown error";
}

static int set_trust(SSL_CTX *ssl, const char *ca_file, struct pipe_error *error)
{
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	if (ca_file && access(ca_file, R_OK) < 0)
		return pipe_fail(error, MQTTWILL_EOPTION, "option ca_file: %s: %s", ca_file, strerror(errno));
	if (ca_file ? SSL_CTX_load_verify_locations(ssl, ca_file, NULL) : SSL_CTX_set_default_verify_paths(ssl))
		return 0;
	return pipe_fail(error, MQTTWILL_EOPTION, "option ca_file: %s: %s", ca_file ? ca_file : "(system)", openssl_reason());
}

int tls_context_new(struct tls_context **out, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	const char         *ca_file = settings ? settings->ca_file : NULL;
	struct tls_context *c = *out = calloc(1, sizeof *c);
	ERR_clear_error();
	if (c)
		c->ssl = SSL_CTX_new(TLS_client_method());
	if (c)
		c->bio = bio_method();
	int rc = 0;
	if (!c || !c->ssl || !c->bio)
		rc = pipe_fail(error, MQTTWILL_ENOMEM, "tls: no memory for the context");
	if (rc == 0 && !SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION))
		rc = pipe_fail(error, MQTTWILL_ESYSTEM, "tls: %s", openssl_reason());
	if (rc == 0)
		rc = set_trust(c->ssl, ca_file, error);
	if (rc == 0) {
		/* a buffer may move between two tries of a write, and an idle connection keeps none */
		SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION); /* reading never waits for writing, nor the reverse */
		SSL_CTX_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
		return 0;
	}
	tls_context_free(c);
	*out = NULL;
	return rc;
}

void tls_context_free(struct tls_context *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ssl);
	BIO_meth_free(c->bio);
	free(c);
}

/* ---- The filter ---- */

static int certificate_error(struct tls *t, long verdict)
{
	if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
		return pipe_fail(t->pipe.error, MQTTWILL_ECERT, "tls: the certificate is not for %s", t->host);
	return pipe_fail(t->pipe.error, MQTTWILL_ECERT, "tls: certificate of %s: %s", t->host, X509_verify_cert_error_string(verdict));
}

/* A connection that breaks in the handshake most often ends at a server that expects something else than TLS. */
static int broken_below(struct tls *t)
{
	const struct pipe_error why = *t->pipe.error;
	if (t->open)
		return why.code;
	return pipe_fail(t->pipe.error, MQTTWILL_ETLS, "tls: handshake with %.80s: %s", t->host, why.text);
}

/* Why an SSL call failed; errors of the pipe below have their text already. */
static int tls_error(struct tls *t, int ssl_error, const char *what)
{
	long verdict = SSL_get_verify_result(t->ssl);
	if (t->pipe.error->code)
		return broken_below(t);
	if (!t->open && verdict != X509_V_OK)
		return certificate_error(t, verdict);
	if (ssl_error == SSL_ERROR_SYSCALL || ssl_error == SSL_ERROR_ZERO_RETURN)
		return pipe_fail(t->pipe.error, t->open ? MQTTWILL_ELOST : MQTTWILL_ETLS, "tls: %s closed the connection in the %s", t->host, what);
	return pipe_fail(t->pipe.error, t->open ? MQTTWILL_ELOST : MQTTWILL_ETLS, "tls: %s with %s: %s", what, t->host, openssl_reason());
}

static bool must_wait(int ssl_error)
{
	return ssl_error == SSL_ERROR_WANT_READ || ssl_error == SSL_ERROR_WANT_WRITE;
}

static int tls_open(struct pipe *p, uint64_t now_ms)
{
	struct tls *t = tls_of(p);
	int         rc = p->below->ops->open(p->below, now_ms);
	pipe_follow(p);
	if (rc)
		return rc;
	if (t->end == 0)
		t->end = now_ms + t->timeout_ms;
	ERR_clear_error();
	p->error->code = 0;
	p->below->wants = 0;
	rc = SSL_connect(t->ssl);
	int ssl_error = SSL_get_error(t->ssl, rc);
	pipe_follow(p);
	p->phase = MQTTWILL_PHASE_TLS;
	p->deadline = t->end;
	if (rc == 1) {
		t->open = true;
		p->deadline = UINT64_MAX;
		return 0;
	}
	if (!must_wait(ssl_error))
		return tls_error(t, ssl_error, "handshake");
	if (now_ms < t->end)
		return PIPE_WAIT;
	return pipe_fail(p->error, MQTTWILL_ETIMEOUT, "tls: %s did not finish the handshake in time", t->host);
}

static ssize_t tls_read(struct pipe *p, void *buf, size_t size)
{
	struct tls *t = tls_of(p);
	ERR_clear_error();
	p->error->code = 0;
	p->below->wants = 0;
	int n = SSL_read(t->ssl, buf, size < INT32_MAX ? (int)size : INT32_MAX);
	int ssl_error = SSL_get_error(t->ssl, n);
	p->wants |= p->below->wants;
	if (n > 0)
		return n;
	if (ssl_error == SSL_ERROR_ZERO_RETURN)
		return 0;
	return must_wait(ssl_error) ? -1 : tls_error(t, ssl_error, "read");
}

static ssize_t tls_write(struct pipe *p, const void *bytes, size_t n)
{
	struct tls *t = tls_of(p);
	ERR_clear_error();
	p->error->code = 0;
	p->below->wants = 0;
	int written = SSL_write(t->ssl, bytes, n < INT32_MAX ? (int)n : INT32_MAX);
	int ssl_error = SSL_get_error(t->ssl, written);
	p->wants |= p->below->wants;
	if (written > 0)
		return written;
	return must_wait(ssl_error) ? -1 : tls_error(t, ssl_error, "write");
}

static void tls_finish(struct pipe *p)
{
	ERR_clear_error();
	SSL_shutdown(tls_of(p)->ssl); /* close_notify, if it can be written now; the broker goes by DISCONNECT */
	p->below->ops->finish(p->below);
}

static void tls_close(struct pipe *p, bool reset)
{
	struct tls *t = tls_of(p);
	SSL_free(t->ssl);
	ERR_clear_error();
	pipe_close(p->below, reset);
	free(t);
}

static size_t tls_pending(struct pipe *p)
{
	return (size_t)SSL_pending(tls_of(p)->ssl);
}

static void tls_describe(const struct pipe *p, struct pipe_facts *facts)
{
	SSL *ssl = ((const struct tls *)(const void *)p)->ssl;
	facts->tls_version = SSL_get_version(ssl);
	facts->cipher = SSL_get_cipher_name(ssl);
	facts->resumed = SSL_session_reused(ssl);
}

static const struct pipe_ops tls_ops = {tls_open, tls_read, tls_write, tls_finish, tls_close, tls_pending, tls_describe};

static bool is_address(const char *host)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool set_name(SSL *ssl, const char *host)
{
	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host);
}

struct pipe *tls_new(struct tls_context *context, struct pipe *below, const struct tls_peer *peer)
{
	const char *host = peer->host;
	struct tls *t = calloc(1, sizeof *t);
	SSL        *ssl = t ? SSL_new(context->ssl) : NULL;
	BIO        *bio = ssl ? BIO_new(context->bio) : NULL;
	if (!bio || !set_name(ssl, host)) {
		BIO_free(bio);
		SSL_free(ssl);
		free(t);
		return NULL;
	}
	BIO_set_data(bio, below);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	t->ssl = ssl;
	t->timeout_ms = peer->timeout_ms;
	t->pipe = (struct pipe){.ops = &tls_ops, .below = below, .error = below->error, .deadline = UINT64_MAX, .fd = -1};
	for (size_t i = 0; i + 1 < sizeof t->host && host[i]; i++)
		t->host[i] = host[i];
	return &t->pipe;
}
