/* SPDX-License-Identifier: MIT */
/*
 * What a proxy answers. The first byte says which protocol is spoken, with a user or without; the rest comes from the proxy and, behind
 * its answer, from the server. Checked: at once or byte by byte it ends alike; a refusal is a sentence; of SOCKS no byte is read that is
 * not the proxy's; what is the server's comes out as it went in.
 */
#include <mqttwill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct peer {
	struct pipe    pipe;
	const uint8_t *data;
	size_t         at, size, grain;
};

struct run {
	struct pipe_error error;
	struct peer       peer;
	struct pipe      *pipe;
	int               rc;
	size_t            behind; /* bytes that came out for the server's */
};

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static int peer_open(struct pipe *p, uint64_t now_ms)
{
	(void)p;
	(void)now_ms;
	return 0;
}

static ssize_t peer_read(struct pipe *pipe, void *buf, size_t size)
{
	struct peer *p = (struct peer *)(void *)pipe;
	size_t       n = p->size - p->at < size ? p->size - p->at : size;
	n = n < p->grain ? n : p->grain;
	if (n)
		memcpy(buf, p->data + p->at, n);
	p->at += n;
	return (ssize_t)n;
}

static ssize_t peer_write(struct pipe *pipe, const void *bytes, size_t n)
{
	(void)pipe;
	(void)bytes;
	return (ssize_t)n;
}

static void peer_close(struct pipe *pipe, bool reset)
{
	(void)pipe;
	(void)reset;
}

static const struct pipe_ops peer_ops = {.open = peer_open, .read = peer_read, .write = peer_write, .close = peer_close};

/* Opens it, and reads what is behind the answer to its end. */
static void play(struct run *r, const struct url *by, const struct url *to, const uint8_t *data, size_t size, size_t grain)
{
	*r = (struct run){.peer = {.data = data, .size = size, .grain = grain}};
	r->peer.pipe = (struct pipe){.ops = &peer_ops, .error = &r->error, .fd = -1};
	r->pipe = proxy_new(&r->peer.pipe, by, to, 1000);
	r->rc = r->pipe->ops->open(r->pipe, 1);
	expect(r->rc == 0 || r->rc == MQTTWILL_EPROXY, "it waits where nothing is to come, or fails otherwise");
	expect(r->rc == 0 || (r->error.code == r->rc && strncmp(r->error.text, "proxy p:1080: ", 14) == 0), "no sentence");
	if (r->rc == 0 && by->scheme == URL_SOCKS_PROXY)
		expect(r->pipe->ops->pending(r->pipe) == 0, "it has read too far");
	size_t  first = r->peer.at - (r->rc == 0 ? r->pipe->ops->pending(r->pipe) : 0);
	uint8_t byte;
	for (; r->rc == 0 && r->pipe->ops->read(r->pipe, &byte, 1) == 1; r->behind++)
		expect(first + r->behind < size && byte == data[first + r->behind], "another byte than the server's");
	expect(r->rc < 0 || first + r->behind == size, "bytes of the server's are lost");
	pipe_close(r->pipe, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const proxies[] = {"http://p", "http://me:word@p", "socks5://p", "socks5://me:word@p"};
	struct url               by, to;
	struct run               once, slow;
	size_t                   offset = 0;
	const char              *problem = "";
	if (size == 0)
		return 0;
	expect(url_parse_proxy(&by, proxies[data[0] % 4], &offset, &problem) == 0, problem);
	expect(url_parse(&to, data[0] & 4 ? "mqtt://[2001:db8::1]" : "mqtt://broker", &offset, &problem) == 0, problem);
	play(&once, &by, &to, data + 1, size - 1, SIZE_MAX);
	play(&slow, &by, &to, data + 1, size - 1, 1);
	expect(once.rc == slow.rc && once.behind == slow.behind, "it matters in what pieces it comes");
	expect(strcmp(once.error.text, slow.error.text) == 0, "another sentence in pieces");
	url_fini(&by);
	url_fini(&to);
	return 0;
}
