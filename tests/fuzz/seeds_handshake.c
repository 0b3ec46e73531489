/* SPDX-License-Identifier: MIT */
/*
 * Records what OpenSSL's server says to the client of fuzz_handshake, as its seed corpus: seeds_handshake DIRECTORY CERTIFICATE KEY. To be run
 * again when what the client says first has changed: the old records are then no answers any more.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/tls_fixed.h"

struct wire {
	struct pipe pipe;
	SSL        *server;
	BIO        *in, *out;
	FILE       *record;
};

static struct wire *wire_of(struct pipe *p)
{
	return (struct wire *)(void *)p;
}

static int wire_open(struct pipe *p, uint64_t now_ms)
{
	(void)p;
	(void)now_ms;
	return 0;
}

static ssize_t wire_read(struct pipe *p, void *buf, size_t size)
{
	int n = BIO_read(wire_of(p)->out, buf, (int)size);
	p->wants |= PIPE_READ;
	if (n <= 0)
		return -1;
	fwrite(buf, 1, (size_t)n, wire_of(p)->record);
	return n;
}

static ssize_t wire_write(struct pipe *p, const void *bytes, size_t n)
{
	return BIO_write(wire_of(p)->in, bytes, (int)n);
}

static void wire_finish(struct pipe *p)
{
	(void)p;
}

static void wire_close(struct pipe *p, bool reset)
{
	(void)reset;
	SSL_free(wire_of(p)->server);
}

static const struct pipe_ops wire_ops = {wire_open, wire_read, wire_write, wire_finish, wire_close, NULL, NULL};

static const struct {
	const char *name, *groups;
	int         version;
	size_t      tickets;
} seeds[] = {
	{"tls12", "X25519", TLS1_2_VERSION, 1},
	{"tls13", "X25519", TLS1_3_VERSION, 2},
	{"tls13-again", "P-384", TLS1_3_VERSION, 1}, /* HelloRetryRequest */
	{"tls13-no-ticket", "X25519", TLS1_3_VERSION, 0},
};

static SSL *make_server(struct wire *w, size_t i, char **files)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_min_proto_version(c, seeds[i].version);
	SSL_CTX_set_max_proto_version(c, seeds[i].version);
	SSL_CTX_set_num_tickets(c, seeds[i].tickets);
	SSL_CTX_set1_groups_list(c, seeds[i].groups);
	if (!SSL_CTX_use_certificate_file(c, files[0], SSL_FILETYPE_PEM) || !SSL_CTX_use_PrivateKey_file(c, files[1], SSL_FILETYPE_PEM))
		exit(EXIT_FAILURE);
	SSL *s = SSL_new(c);
	SSL_CTX_free(c);
	w->in = BIO_new(BIO_s_mem());
	w->out = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(w->in, -1);
	BIO_set_mem_eof_return(w->out, -1);
	SSL_set_bio(s, w->in, w->out);
	SSL_set_accept_state(s);
	return s;
}

static void record(size_t i, const char *directory, char **files)
{
	struct pipe_error error = {0};
	struct wire       w = {.pipe = {.ops = &wire_ops, .error = &error, .fd = -1, .deadline = UINT64_MAX}};
	char              path[4096], buf[100];
	snprintf(path, sizeof path, "%s/%s", directory, seeds[i].name);
	w.record = fopen(path, "wb");
	if (!w.record)
		exit(EXIT_FAILURE);
	fputc(1, w.record);
	struct tls_context *context = tls_fixed_context();
	tls_fixed_server();
	w.server = make_server(&w, i, files);
	tls_fixed_client();
	struct pipe *p = tls_new(context, &w.pipe, &tls_fixed_peer);
	for (int turn = 0; turn < 10 && p->ops->open(p, 0) == PIPE_WAIT; turn++) {
		tls_fixed_server();
		SSL_do_handshake(w.server);
		tls_fixed_client_again();
	}
	p->ops->write(p, "c", 1);
	tls_fixed_server();
	SSL_read(w.server, buf, sizeof buf);
	SSL_write(w.server, "some bytes", 10);
	SSL_shutdown(w.server);
	tls_fixed_client_again();
	while (p->ops->read(p, buf, sizeof buf) > 0)
		;
	printf("%s: %ld bytes, %s\n", seeds[i].name, ftell(w.record), error.code ? error.text : "to its end");
	fclose(w.record);
	p->ops->close(p, false);
	tls_context_free(context);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: %s DIRECTORY CERTIFICATE KEY\n", argv[0]);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
		record(i, argv[1], argv + 2);
	return EXIT_SUCCESS;
}
