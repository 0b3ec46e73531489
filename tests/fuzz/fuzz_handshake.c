/* SPDX-License-Identifier: MIT */
/*
 * What a server may say to the TLS filter, from the first byte on. The input's first byte says in which pieces it comes, and
 * whether the connection ends behind it; the rest are the server's bytes. Checked: every call comes back, a failure has a code of TLS or of
 * a lost connection and a sentence, and while there is something to read it is read.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <mqttwill.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/tls_fixed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef HAVE_OPENSSL

struct tape {
	struct pipe    pipe;
	const uint8_t *at, *end;
	size_t         grain;
	bool           ends;
};

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static struct tape *tape_of(struct pipe *p)
{
	return (struct tape *)(void *)p;
}

static int tape_open(struct pipe *p, uint64_t now_ms)
{
	(void)p;
	(void)now_ms;
	return 0;
}

static ssize_t tape_read(struct pipe *p, void *buf, size_t size)
{
	struct tape *t = tape_of(p);
	size_t       n = (size_t)(t->end - t->at);
	n = n < size ? n : size;
	n = n < t->grain ? n : t->grain;
	if (n == 0) {
		p->wants |= PIPE_READ;
		return t->ends ? 0 : -1;
	}
	memcpy(buf, t->at, n);
	t->at += n;
	return (ssize_t)n;
}

static ssize_t tape_write(struct pipe *p, const void *bytes, size_t n)
{
	(void)p;
	(void)bytes;
	return (ssize_t)n;
}

static void tape_finish(struct pipe *p)
{
	(void)p;
}

static void tape_close(struct pipe *p, bool reset)
{
	(void)p;
	(void)reset;
}

static const struct pipe_ops tape_ops = {tape_open, tape_read, tape_write, tape_finish, tape_close, NULL, NULL};

static void failed(const struct pipe_error *error, ssize_t rc)
{
	expect(error->code == rc && error->text[0], "a failure without a sentence");
	expect(rc == MQTTWILL_ETLS || rc == MQTTWILL_ECERT || rc == MQTTWILL_ELOST, "a failure of another kind");
}

/* What the open connection says; ends when there is no more. */
static void listen(struct pipe *p, const struct tape *t, const struct pipe_error *error)
{
	char    buf[100];
	ssize_t n;
	expect(p->ops->write(p, "c", 1) == 1, "an open connection that takes nothing");
	while ((n = p->ops->read(p, buf, sizeof buf)) > 0)
		;
	if (n < -1)
		failed(error, n);
	expect(n != -1 || t->at == t->end, "something stands unread");
	p->ops->finish(p);
}

static void connect(struct tape *t, struct pipe_error *error)
{
	struct tls_context *context = tls_fixed_context();
	tls_fixed_client();
	struct pipe *p = tls_new(context, &t->pipe, &tls_fixed_peer);
	expect(p, "no filter");
	int rc = p->ops->open(p, 0);
	if (rc < 0)
		failed(error, rc);
	expect(rc != PIPE_WAIT || t->at == t->end, "it waits for what is there");
	if (rc == 0)
		listen(p, t, error);
	if (getenv("FUZZ_HANDSHAKE_TELL"))
		printf("%d %s\n", rc, error->text);
	p->ops->close(p, false);
	tls_context_free(context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pipe_error error = {0};
	if (size == 0)
		return 0;
	struct tape t = {
		.pipe = {.ops = &tape_ops, .error = &error, .fd = -1, .deadline = UINT64_MAX},
		.at = data + 1,
		.end = data + size,
		.grain = data[0] & 2 ? 1u + data[0] / 4 : SIZE_MAX,
		.ends = data[0] & 1,
	};
	connect(&t, &error);
	return 0;
}

#else

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}

#endif
