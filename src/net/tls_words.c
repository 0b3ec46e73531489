/* SPDX-License-Identifier: MIT */
/*
 * What went wrong in a handshake, in words.
 */
#include "net/tls_internal.h"

#include <openssl/x509v3.h>

int tls_certificate_error(struct tls *t, long verdict)
{
	if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
		return pipe_fail(t->pipe.error, MQTTWILL_ECERT, "tls: the certificate is not for %s", t->host);
	return pipe_fail(t->pipe.error, MQTTWILL_ECERT, "tls: certificate of %s: %s", t->host, X509_verify_cert_error_string(verdict));
}
