/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL over a small BIO of ours that reads and writes through the pipe below. What OpenSSL waits for is what that pipe
 * said it waits for when it was called last.
 */
#include "net/tls_internal.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct tls *tls_of(struct pipe *p)
{
	return (struct tls *)(void *)p;
}

/* ---- The BIO ---- */

enum { HEAD = 5 }; /* of a record: type, version, length */

/* Whether a record has come in part only: see release(). */
static void follow_records(struct tls *t, const uint8_t *p, size_t n)
{
	while (n > 0) {
		size_t step = t->head < HEAD ? 1 : n < t->body ? n : t->body;
		if (t->head < HEAD) {
			t->body = t->head++ < 3 ? 0 : (uint16_t)(t->body << 8 | *p);
		} else {
			t->body = (uint16_t)(t->body - step);
		}
		if (t->head == HEAD && t->body == 0)
			t->head = 0;
		p += step;
		n -= step;
	}
}

static int bio_read(BIO *bio, char *buf, int size)
{
	struct tls  *t = BIO_get_data(bio);
	struct pipe *below = t->pipe.below;
	BIO_clear_retry_flags(bio);
	ssize_t n = size > 0 ? below->ops->read(below, buf, (size_t)size) : 0;
	if (n == -1)
		BIO_set_retry_read(bio);
	if (n == 0 && size > 0)
		t->ended = true;
	for (ssize_t i = 0; i < n && t->seen < sizeof t->first; i++)
		t->first[t->seen++] = (uint8_t)buf[i];
	if (n > 0)
		follow_records(t, (const uint8_t *)buf, (size_t)n);
	return n < 0 ? -1 : (int)n;
}

static int bio_write(BIO *bio, const char *bytes, int n)
{
	struct pipe *below = ((struct tls *)BIO_get_data(bio))->pipe.below;
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

static BIO_METHOD *make_method(void)
{
	static int  index; /* OpenSSL has few of them, and takes none back */
	BIO_METHOD *m;
	index = index ? index : BIO_get_new_index();
	m = BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "mqttwill pipe");
	if (!m)
		return NULL;
	BIO_meth_set_read(m, bio_read);
	BIO_meth_set_write(m, bio_write);
	BIO_meth_set_ctrl(m, bio_control);
	return m;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static BIO_METHOD     *method; /* one for the process, for as long as it lives */
static int             ex_index = -1;

static bool once(void)
{
	pthread_mutex_lock(&lock);
	if (!method)
		method = make_method();
	if (ex_index < 0)
		ex_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	pthread_mutex_unlock(&lock);
	return method && ex_index >= 0;
}

struct tls *tls_of_ssl(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, ex_index);
}

/* ---- What went wrong ---- */

/* What some say who were not asked to speak TLS. */
static const struct {
	const char *begins, *is;
} strangers[] = {
	{"HTTP/", ": it is an HTTP server"},
	{"SSH-", ": it is an SSH server"},
	{"\x20", ": it is an MQTT broker that wants no TLS"},
	{"\xe0", ": it is an MQTT broker that wants no TLS"},
	{"220", ": it is a mail or FTP server"},
};

static int stranger(struct tls *t)
{
	const char *is = "", *begin = (const char *)t->first;
	for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
		if (strlen(strangers[i].begins) <= t->seen && strncmp(begin, strangers[i].begins, strlen(strangers[i].begins)) == 0)
			is = strangers[i].is;
	return pipe_fail(t->pipe.error, MQTTWILL_ETLS, "tls: handshake with %.120s: what it answers is not TLS%s", t->host, is);
}

/* A record begins with its type and a version that has been 3.x ever since. */
static bool speaks_tls(const struct tls *t)
{
	return t->seen == 0 || (t->first[0] >= 20 && t->first[0] <= 23 && (t->seen == 1 || t->first[1] == 3));
}

static const char *hint(const struct tls *t)
{
	return t->seen ? "" : "; does it speak TLS on this port?";
}

/* A connection that breaks in the handshake most often ends at a server that expects something else than TLS. */
static int broken_below(struct tls *t)
{
	const struct pipe_error why = *t->pipe.error;
	if (t->open)
		return why.code;
	return pipe_fail(t->pipe.error, MQTTWILL_ETLS, "tls: handshake with %.80s: %.100s%s", t->host, why.text, hint(t));
}

static int ended(struct tls *t)
{
	if (t->open)
		return pipe_fail(t->pipe.error, MQTTWILL_ELOST, "tls: %.120s closed the connection without a close_notify: it was cut", t->host);
	return pipe_fail(t->pipe.error, MQTTWILL_ETLS, "tls: %.120s closed the connection in the handshake%s", t->host, hint(t));
}

/* OpenSSL has an error for each alert that comes. */
static bool is_alert(unsigned long e)
{
	return ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) >= SSL_AD_REASON_OFFSET && ERR_GET_REASON(e) < SSL_AD_REASON_OFFSET + 256;
}

/* Why an SSL call failed; errors of the pipe below have their text already. */
static int tls_error(struct tls *t, const char *what)
{
	t->broken = t->pipe.error->code || t->ended;
	t->alert = is_alert(ERR_peek_error());
	if (t->verdict)
		return pipe_fail(t->pipe.error, MQTTWILL_ECERT, "%s", t->verdict);
	if (!t->open && !speaks_tls(t))
		return stranger(t);
	if (t->pipe.error->code)
		return broken_below(t);
	if (t->ended)
		return ended(t);
	if (!t->open && t->context->settings.psk)
		return tls_psk_error(t, tls_reason());
	int known = tls_known_error(t);
	if (known)
		return known;
	return pipe_fail(t->pipe.error, t->open ? MQTTWILL_ELOST : MQTTWILL_ETLS, "tls: %s with %s: %s", what, t->host, tls_reason());
}

static bool must_wait(int ssl_error)
{
	return ssl_error == SSL_ERROR_WANT_READ || ssl_error == SSL_ERROR_WANT_WRITE;
}

/* ---- The handshake ---- */

static int (*const ends[])(struct tls *t) = {
	tls_end_pins,
	tls_end_alpn,
	tls_end_psk,
	tls_end_session,
};

static int finished(struct tls *t)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof ends / sizeof ends[0]; i++)
		rc = ends[i](t);
	if (rc < 0)
		return rc;
	t->open = true;
	t->pipe.deadline = UINT64_MAX;
	return 0;
}

static int shake(struct tls *t, uint64_t now_ms)
{
	int rc = SSL_connect(t->ssl);
	int ssl_error = SSL_get_error(t->ssl, rc);
	pipe_follow(&t->pipe);
	t->pipe.phase = MQTTWILL_PHASE_TLS;
	t->pipe.deadline = t->end;
	if (rc == 1)
		return finished(t);
	if (!must_wait(ssl_error))
		return tls_error(t, "handshake");
	if (now_ms < t->end)
		return PIPE_WAIT;
	return pipe_fail(t->pipe.error, MQTTWILL_ETIMEOUT, "tls: %s did not finish the handshake in time", t->host);
}

static int tls_open(struct pipe *p, uint64_t now_ms)
{
	struct tls *t = tls_of(p);
	if (t->open)
		return 0;
	int rc = p->below->ops->open(p->below, now_ms);
	pipe_follow(p);
	if (rc)
		return rc;
	ERR_clear_error();
	p->error->code = 0;
	p->below->wants = 0;
	if (t->end == 0) {
		t->end = now_ms + t->timeout_ms;
		tls_session_offer(t);
	}
	rc = shake(t, now_ms);
	if (rc < 0)
		tls_session_failed(t);
	return rc;
}

/* ---- Bytes ---- */

/* A close_notify that finds no room is said later, before the pipe below finishes. */
static void say_goodbye(struct tls *t)
{
	struct pipe *below = t->pipe.below;
	below->wants = 0;
	int rc = SSL_shutdown(t->ssl);
	t->pipe.owes = rc < 0 && must_wait(SSL_get_error(t->ssl, rc));
	if (t->pipe.owes) {
		t->pipe.wants |= below->wants;
		return;
	}
	t->finished = true;
	t->pipe.wants &= (uint8_t)~PIPE_WRITE;
	below->ops->finish(below);
}

/*
 * A ticket that comes leaves a buffer for writing behind. Not while a record is half read or half used: OpenSSL before 3.0.14 gives the
 * buffer back that it still needs then (CVE-2024-4741).
 */
static void release(struct tls *t)
{
	if (t->head == 0 && SSL_pending(t->ssl) == 0)
		SSL_free_buffers(t->ssl);
}

static ssize_t tls_read(struct pipe *p, void *buf, size_t size)
{
	struct tls *t = tls_of(p);
	ERR_clear_error();
	p->error->code = 0;
	p->below->wants = 0;
	if (t->goodbye && !t->finished)
		say_goodbye(t);
	int n = SSL_read(t->ssl, buf, size < INT32_MAX ? (int)size : INT32_MAX);
	int ssl_error = SSL_get_error(t->ssl, n);
	p->wants |= p->below->wants;
	t->heard |= n > 0;
	release(t);
	if (n > 0)
		return n;
	if (ssl_error == SSL_ERROR_ZERO_RETURN || (t->ended && t->finished)) /* who was told that this is the end need not say it */
		return 0;
	return must_wait(ssl_error) ? -1 : tls_error(t, "read");
}

static ssize_t tls_write(struct pipe *p, const void *bytes, size_t n)
{
	struct tls *t = tls_of(p);
	ERR_clear_error();
	p->error->code = 0;
	p->below->wants = 0;
	if (t->goodbye && !t->finished)
		say_goodbye(t);
	if (n == 0)
		return 0;
	int written = SSL_write(t->ssl, bytes, n < INT32_MAX ? (int)n : INT32_MAX);
	int ssl_error = SSL_get_error(t->ssl, written);
	p->wants |= p->below->wants;
	if (written > 0)
		return written;
	return must_wait(ssl_error) ? -1 : tls_error(t, "write");
}

static void tls_finish(struct pipe *p)
{
	struct tls *t = tls_of(p);
	ERR_clear_error();
	t->goodbye = true;
	if (!t->finished)
		say_goodbye(t);
	ERR_clear_error();
}

static void tls_close(struct pipe *p, bool reset)
{
	struct tls *t = tls_of(p);
	SSL_free(t->ssl);
	ERR_clear_error();
	pipe_close(p->below, reset);
	free(t->verdict);
	free(t);
}

static size_t tls_pending(struct pipe *p)
{
	struct pipe *below = p->below;
	return (size_t)SSL_pending(tls_of(p)->ssl) + (below->ops->pending ? below->ops->pending(below) : 0);
}

static void tls_describe(const struct pipe *p, struct pipe_facts *facts)
{
	const struct tls *t = (const struct tls *)(const void *)p;
	facts->tls_version = SSL_get_version(t->ssl);
	facts->cipher = SSL_get_cipher_name(t->ssl);
	facts->alpn = tls_alpn(t);
	facts->resumed = t->resumed;
}

static const struct pipe_ops tls_ops = {tls_open, tls_read, tls_write, tls_finish, tls_close, tls_pending, tls_describe};

/* ---- A new one ---- */

static int (*const beginnings[])(struct tls *t) = {
	tls_begin_name,
	tls_begin_alpn,
};

static int begin(struct tls *t)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof beginnings / sizeof beginnings[0]; i++)
		rc = beginnings[i](t);
	return rc;
}

static bool put_bio(struct tls *t)
{
	BIO *bio = BIO_new(method);
	if (!bio)
		return false;
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return true;
}

struct pipe *tls_new(struct tls_context *context, struct pipe *below, const struct tls_peer *peer)
{
	struct tls *t = once() ? calloc(1, sizeof *t) : NULL;
	if (!t)
		return NULL;
	t->pipe = (struct pipe){.ops = &tls_ops, .below = below, .error = below->error, .deadline = UINT64_MAX, .fd = -1};
	t->context = context;
	t->timeout_ms = peer->timeout_ms;
	t->websocket = peer->websocket;
	t->host = peer->host;
	t->port = peer->port;
	if (tls_context_refresh(context, below->error) == 0)
		t->ssl = SSL_new(context->ssl);
	if (t->ssl && SSL_set_ex_data(t->ssl, ex_index, t) && put_bio(t) && begin(t) == 0)
		return &t->pipe;
	SSL_free(t->ssl);
	free(t);
	ERR_clear_error();
	return NULL;
}
