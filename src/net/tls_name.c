/* SPDX-License-Identifier: MIT */
/*
 * Whom the server's certificate must be for, and what the server is asked for (SNI).
 */
#include "net/tls_internal.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

static bool is_address(const char *host)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

int tls_begin_name(struct tls *t)
{
	bool set;
	if (is_address(t->host)) {
		set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), t->host);
	} else {
		SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		set = SSL_set1_host(t->ssl, t->host) && SSL_set_tlsext_host_name(t->ssl, t->host);
	}
	return set ? 0 : pipe_fail(t->pipe.error, MQTTWILL_ENOMEM, "tls: no memory for the server's name");
}
