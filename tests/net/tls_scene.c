/* SPDX-License-Identifier: MIT */
/*
 * Both ends of a TLS connection in one thread.
 */
#include "net/tls_scene.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- Time: the linker sends the library's time() here ---- */

time_t __real_time(time_t *at);
time_t __wrap_time(time_t *at);

static long shift;

time_t __wrap_time(time_t *at)
{
	(void)at;
	return __real_time(NULL) + shift;
}

void tls_scene_later(long seconds)
{
	shift = seconds;
}

/* ---- Memory ---- */

void *__real_malloc(size_t n);
void *__real_realloc(void *p, size_t n);
void  __real_free(void *p);

static _Thread_local bool client;

static void *count_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return client ? malloc(n) : __real_malloc(n);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return client ? realloc(p, n) : __real_realloc(p, n);
}

static void count_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (client)
		free(p);
	else
		__real_free(p);
}

void tls_scene_count_memory(void)
{
	if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
		abort();
}

void tls_scene_client(bool turn)
{
	client = turn;
}

/* ---- The pipe ---- */

static struct peer *peer_of(struct pipe *p)
{
	return (struct peer *)(void *)p;
}

static int peer_open(struct pipe *p, uint64_t now_ms)
{
	(void)p;
	(void)now_ms;
	return 0;
}

/* How many bytes may pass, of n; 0: none, for this reason. */
static size_t may_pass(struct stretch *s, size_t n, size_t grain, enum fault *fault)
{
	*fault = NO_FAULT;
	if (s->fault != NO_FAULT && s->done == s->most) {
		*fault = s->fault;
		if (s->fault == PAUSE)
			s->fault = NO_FAULT;
		return 0;
	}
	if (s->fault != NO_FAULT && n > s->most - s->done)
		n = s->most - s->done;
	return grain && n > grain ? grain : n;
}

static ssize_t babbled(struct peer *s, void *buf, size_t size)
{
	size_t n = size < s->babble_len ? size : s->babble_len;
	memcpy(buf, s->babble, n);
	s->babble += n;
	s->babble_len -= n;
	return (ssize_t)n;
}

static ssize_t peer_read(struct pipe *p, void *buf, size_t size)
{
	struct peer *s = peer_of(p);
	enum fault   fault;
	if (s->babble)
		return babbled(s, buf, size);
	size_t n = may_pass(&s->down, size, s->grain, &fault);
	if (fault == END)
		return 0;
	if (fault == RESET)
		return pipe_fail(p->error, MQTTWILL_ELOST, "read: reset");
	bool turn = client;
	client = false;
	int got = n ? BIO_read(s->out, buf, (int)n) : 0;
	client = turn;
	if (got > 0) {
		s->down.done += (size_t)got;
		return got;
	}
	p->wants |= PIPE_READ;
	return -1;
}

static ssize_t peer_write(struct pipe *p, const void *bytes, size_t n)
{
	struct peer *s = peer_of(p);
	enum fault   fault;
	if (s->finished)
		abort();
	n = s->full ? 0 : may_pass(&s->up, n, s->grain, &fault);
	if (!s->full && (fault == RESET || fault == END))
		return pipe_fail(p->error, MQTTWILL_ELOST, "write: reset");
	if (n == 0) {
		p->wants |= PIPE_WRITE;
		return -1;
	}
	s->up.done += n;
	bool turn = client;
	client = false;
	int written = BIO_write(s->in, bytes, (int)n);
	client = turn;
	return written;
}

static void peer_finish(struct pipe *p)
{
	peer_of(p)->finished = true;
}

static void peer_close(struct pipe *p, bool reset)
{
	(void)reset;
	peer_of(p)->closed = true;
}

static const struct pipe_ops peer_ops = {peer_open, peer_read, peer_write, peer_finish, peer_close, NULL, NULL};

/* ---- Certificates ---- */

EVP_PKEY *make_key(void)
{
	EVP_PKEY     *key = NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
	ck_assert(EVP_PKEY_keygen_init(c) == 1 && EVP_PKEY_keygen(c, &key) == 1);
	EVP_PKEY_CTX_free(c);
	return key;
}

static void extend(X509 *x, int nid, const char *value)
{
	if (!value)
		return;
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	ck_assert(e && X509_add_ext(x, e, -1));
	X509_EXTENSION_free(e);
}

X509 *make_certificate(const struct certificate *what, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *x = X509_new();
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), what->serial);
	X509_gmtime_adj(X509_getm_notBefore(x), what->from_s);
	X509_gmtime_adj(X509_getm_notAfter(x), what->until_s);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)what->name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	extend(x, NID_subject_alt_name, what->san);
	extend(x, NID_basic_constraints, what->constraints);
	extend(x, NID_ext_key_usage, what->usage);
	ck_assert_int_gt(X509_sign(x, issuer_key, NULL), 0);
	return x;
}

void tls_scene_trust(struct tls_scene *sc)
{
	if (!*sc->ca_file) {
		strcpy(sc->ca_file, "/tmp/tls_scene.XXXXXX");
		close(mkstemp(sc->ca_file));
	}
	FILE *f = fopen(sc->ca_file, "w");
	ck_assert(f && PEM_write_X509(f, sc->ca));
	fclose(f);
}

/* ---- Scenes ---- */

void tls_scene_init(struct tls_scene *sc, int version)
{
	*sc = (struct tls_scene){.to = {.host = "localhost", .port = "8883", .timeout_ms = 1000}};
	tls_scene_later(0);
	sc->ca_key = make_key();
	sc->key = make_key();
	sc->ca = make_certificate(&(struct certificate){"home", NULL, "critical,CA:TRUE", NULL, -3600, 86400, 1}, sc->ca_key, NULL, sc->ca_key);
	sc->leaf = make_certificate(&(struct certificate){"server", "DNS:localhost", NULL, NULL, -3600, 3600, 2}, sc->key, sc->ca, sc->ca_key);
	sc->server = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_min_proto_version(sc->server, version);
	SSL_CTX_set_max_proto_version(sc->server, version);
	SSL_CTX_set_session_id_context(sc->server, (const unsigned char *)"test", 4);
	ck_assert(SSL_CTX_use_certificate(sc->server, sc->leaf) == 1 && SSL_CTX_use_PrivateKey(sc->server, sc->key) == 1);
	tls_scene_trust(sc);
	sc->settings = (struct mqttwill_tls){.ca_file = sc->ca_file};
}

void tls_scene_context(struct tls_scene *sc)
{
	tls_context_free(sc->context);
	ck_assert_msg(tls_context_new(&sc->context, &sc->settings, &sc->error) == 0, "%s", sc->error.text);
}

void tls_scene_prepare(struct tls_scene *sc)
{
	struct peer *s = &sc->below;
	if (!sc->context)
		tls_scene_context(sc);
	*s = (struct peer){.pipe = {.ops = &peer_ops, .fd = 7, .deadline = UINT64_MAX, .error = &sc->error}};
	s->server = SSL_new(sc->server);
	s->in = BIO_new(BIO_s_mem());
	s->out = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(s->in, -1);
	BIO_set_mem_eof_return(s->out, -1);
	SSL_set_bio(s->server, s->in, s->out);
	SSL_set_accept_state(s->server);
}

void tls_scene_connect(struct tls_scene *sc)
{
	tls_scene_prepare(sc);
	client = true;
	sc->tls = tls_new(sc->context, &sc->below.pipe, &sc->to);
	client = false;
	ck_assert_msg(sc->tls != NULL, "%s", sc->error.text);
}

int tls_scene_open(struct tls_scene *sc)
{
	int rc = PIPE_WAIT;
	for (int turn = 0, quiet = 0; turn < 100000 && quiet < 3 && rc == PIPE_WAIT; turn++) {
		size_t before = sc->below.up.done + sc->below.down.done;
		client = true;
		rc = sc->tls->ops->open(sc->tls, 0);
		client = false;
		if (rc == PIPE_WAIT)
			ck_assert_int_ne(sc->tls->wants, 0);
		SSL_do_handshake(sc->below.server);
		ERR_clear_error();
		quiet = sc->below.up.done + sc->below.down.done == before ? quiet + 1 : 0;
	}
	return rc;
}

bool tls_scene_visit(struct tls_scene *sc)
{
	struct pipe_facts facts;
	char              byte = 'x';
	tls_scene_connect(sc);
	ck_assert_msg(tls_scene_open(sc) == 0, "%s", sc->error.text);
	ck_assert_int_eq(sc->tls->ops->write(sc->tls, "c", 1), 1);
	ck_assert_int_eq(SSL_read(sc->below.server, &byte, 1), 1);
	ck_assert_int_eq(SSL_write(sc->below.server, "s", 1), 1);
	ck_assert_int_eq(sc->tls->ops->read(sc->tls, &byte, 1), 1);
	ck_assert_int_eq(byte, 's');
	pipe_describe(sc->tls, &facts);
	ck_assert_int_eq(facts.resumed, SSL_session_reused(sc->below.server));
	sc->tls->ops->finish(sc->tls);
	SSL_read(sc->below.server, &byte, 1);
	SSL_shutdown(sc->below.server);
	tls_scene_close(sc);
	return facts.resumed;
}

void tls_scene_close(struct tls_scene *sc)
{
	client = true;
	pipe_close(sc->tls, false);
	ERR_clear_error();
	client = false;
	sc->tls = NULL;
	SSL_free(sc->below.server);
	sc->below.server = NULL;
	ERR_clear_error();
}

void tls_scene_fini(struct tls_scene *sc)
{
	tls_scene_close(sc);
	tls_context_free(sc->context);
	SSL_CTX_free(sc->server);
	X509_free(sc->ca);
	X509_free(sc->leaf);
	EVP_PKEY_free(sc->ca_key);
	EVP_PKEY_free(sc->key);
	unlink(sc->ca_file);
	tls_scene_later(0);
}

void tls_scene_fails(struct tls_scene *sc, int code, const char *text)
{
	int rc = tls_scene_open(sc);
	ck_assert_msg(rc == code, "%d, not %d: %s", rc, code, sc->error.text);
	ck_assert_int_eq(sc->error.code, code);
	ck_assert_msg(strstr(sc->error.text, text), "%s", sc->error.text);
}
