/* SPDX-License-Identifier: MIT */
/*
 * The protocol above TLS [RFC 7301]. A server that does not answer is taken as it is: most brokers know nothing of ALPN.
 */
#include "net/tls_internal.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 255, LIST_MOST = 2048 };

/* What is offered; the last is NULL where there is none. */
static const char *offer(const struct tls *t, size_t index)
{
	const struct mqttwill_tls *s = &t->context->settings;
	if (s->alpn_count)
		return index < s->alpn_count ? s->alpn[index] : NULL;
	return index || s->no_alpn ? NULL : t->websocket ? "http/1.1" : "mqtt";
}

int tls_step_alpn(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	size_t all = 0;
	(void)ssl;
	for (size_t i = 0; i < settings->alpn_count; i++) {
		size_t n = strlen(settings->alpn[i]);
		all += 1 + n;
		if (n < 1 || n > NAME_MOST)
			return pipe_fail(error, MQTTWILL_EOPTION, "option tls.alpn[%zu]: a protocol's name has 1 to 255 bytes, not %zu", i, n);
		if (all > LIST_MOST)
			return pipe_fail(error, MQTTWILL_EOPTION, "option tls.alpn: the list is longer than %d bytes", LIST_MOST);
	}
	return 0;
}

int tls_begin_alpn(struct tls *t)
{
	unsigned char list[LIST_MOST];
	size_t        at = 0;
	for (size_t i = 0; offer(t, i); i++) {
		size_t n = strlen(offer(t, i));
		list[at] = (unsigned char)n;
		memcpy(list + at + 1, offer(t, i), n);
		at += 1 + n;
	}
	if (at == 0 || SSL_set_alpn_protos(t->ssl, list, (unsigned)at) == 0)
		return 0;
	return pipe_fail(t->pipe.error, MQTTWILL_ENOMEM, "tls: no memory for the protocols to offer");
}

const char *tls_alpn(const struct tls *t)
{
	const unsigned char *name;
	unsigned             n;
	SSL_get0_alpn_selected(t->ssl, &name, &n);
	for (size_t i = 0; n && offer(t, i); i++)
		if (strlen(offer(t, i)) == n && memcmp(offer(t, i), name, n) == 0)
			return offer(t, i);
	return NULL;
}

int tls_end_alpn(struct tls *t)
{
	const unsigned char *name;
	unsigned             n;
	SSL_get0_alpn_selected(t->ssl, &name, &n);
	if (n == 0 || tls_alpn(t))
		return 0;
	return pipe_fail(t->pipe.error, MQTTWILL_ETLS, "tls: %s chose a protocol by ALPN that was not offered", t->host);
}
