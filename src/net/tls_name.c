/* SPDX-License-Identifier: MIT */
/*
 * Whom the server's certificate must be for, and what the server is asked for (SNI) [RFC 6066, RFC 9525].
 */
#include "net/tls_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { HOST_MOST = 253 };

const char *tls_name(const struct tls *t)
{
	const char *own = t->context->settings.server_name;
	return own ? own : t->host;
}

/* As the resolver does, 127.1 and 0x7f000001 are taken for addresses. */
static size_t address_of(const char *name, unsigned char bytes[16])
{
	struct in_addr four;
	if (inet_pton(AF_INET6, name, bytes) == 1)
		return 16;
	if (strspn(name, "0123456789abcdefABCDEFxX.") != strlen(name) || inet_aton(name, &four) != 1)
		return 0;
	memcpy(bytes, &four, sizeof four);
	return sizeof four;
}

/* Without the dot at the end [RFC 6066, 3], and without the zone of an address [RFC 4007, 11.2]. */
static bool plain_name(const char *name, char plain[HOST_MOST + 1])
{
	size_t n = strchr(name, ':') ? strcspn(name, "%") : strlen(name);
	if (n > 1 && name[n - 1] == '.')
		n--;
	/* OpenSSL takes an empty name for none to check, and one that begins with a dot for a whole domain */
	if (n < 1 || n > HOST_MOST || name[0] == '.')
		return false;
	memcpy(plain, name, n);
	plain[n] = 0;
	return true;
}

static bool set(SSL *ssl, const char *name, bool verify)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	unsigned char      address[16];
	size_t             n = address_of(name, address);
	if (n)
		return !verify || X509_VERIFY_PARAM_set1_ip(param, address, n);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set_tlsext_host_name(ssl, name) && (!verify || X509_VERIFY_PARAM_set1_host(param, name, 0));
}

int tls_step_name(SSL_CTX *ssl, const struct mqttwill_tls *settings, struct pipe_error *error)
{
	char plain[HOST_MOST + 1];
	(void)ssl;
	if (!settings->server_name || plain_name(settings->server_name, plain))
		return 0;
	return pipe_fail(error, MQTTWILL_EOPTION, "option tls.server_name: it is no host name: it is empty, too long, or begins with a dot");
}

int tls_begin_name(struct tls *t)
{
	const struct mqttwill_tls *s = &t->context->settings;
	char                       plain[HOST_MOST + 1];
	if (!plain_name(tls_name(t), plain))
		return pipe_fail(t->pipe.error, MQTTWILL_ECERT, "tls: %.80s is no name that a certificate can be for", tls_name(t));
	if (set(t->ssl, plain, !s->insecure_any_host && !s->insecure_any_certificate))
		return 0;
	return pipe_fail(t->pipe.error, MQTTWILL_ENOMEM, "tls: no memory for the server's name");
}
