/* SPDX-License-Identifier: MIT */
/*
 * The part of making a client that needs to know of URLs and TLS.
 */
#include <stdio.h>
#include <stdlib.h>

#include "client/target.h"
#include "net/pipe.h"
#include "net/tls.h"
#include "net/url.h"

static int url_error(struct client_error *error, int rc, size_t offset, const char *problem)
{
	error->code = rc;
	snprintf(error->text, sizeof error->text, "url: %s (byte %zu)", problem, offset);
	return rc;
}

static int make_tls(struct target *t, const char *ca_file, struct client_error *error)
{
	struct pipe_error why = {0};
	int               rc = tls_context_new(&t->tls, ca_file, &why);
	error->code = rc;
	if (rc < 0)
		snprintf(error->text, sizeof error->text, "%s", why.text);
	return rc;
}

int target_init(struct target *t, const char *text, const char *ca_file, struct client_error *error)
{
	struct url  url;
	size_t      offset;
	const char *problem;
	*t = (struct target){0};
	int rc = url_parse(&url, text, &offset, &problem);
	if (rc < 0)
		return url_error(error, rc, offset, rc == MQTTWILL_ENOMEM ? "no memory" : problem);
	*t = (struct target){.host = url.host, .user = url.user, .password = url.password, .password_len = url.password_len};
	memcpy(t->port, url.port, sizeof t->port);
	rc = url.tls ? make_tls(t, ca_file, error) : 0;
	if (rc < 0)
		target_fini(t);
	return rc;
}

int target_reference(const char *text, size_t n, bool tls, char **host, char port[6], const char **problem)
{
	struct url url;
	int        rc = url_parse_reference(&url, text, n, tls, problem);
	if (rc < 0) {
		*problem = rc == MQTTWILL_ENOMEM ? "there is no memory for it" : *problem;
		return rc;
	}
	*host = url.host;
	memcpy(port, url.port, sizeof url.port);
	return 0;
}

void target_fini(struct target *t)
{
	tls_context_free(t->tls);
	free(t->host);
	free(t->user);
	free(t->password);
	*t = (struct target){0};
}
