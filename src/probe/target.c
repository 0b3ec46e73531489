/* SPDX-License-Identifier: MIT */
/*
 * A URL as the prober needs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls.h"
#include "net/url.h"
#include "probe/world.h"

static int make_tls(struct probe_target *t, const char *ca_file, char *why, size_t size)
{
	struct pipe_error error = {0};
	int               rc = tls_context_new(&t->tls, ca_file, &error);
	if (rc < 0)
		snprintf(why, size, "%s", error.text);
	return rc;
}

int probe_target_init(struct probe_target *t, const char *text, const char *ca_file, char *why, size_t size)
{
	struct url  url;
	size_t      offset;
	const char *problem;
	*t = (struct probe_target){0};
	int rc = url_parse(&url, text, &offset, &problem);
	if (rc < 0) {
		snprintf(why, size, "url: %s (byte %zu)", rc == MQTTWILL_ENOMEM ? "no memory" : problem, offset);
		return rc;
	}
	*t = (struct probe_target){.host = url.host, .user = url.user, .password = url.password, .password_len = url.password_len};
	memcpy(t->port, url.port, sizeof t->port);
	rc = url.tls ? make_tls(t, ca_file, why, size) : 0;
	if (rc < 0)
		probe_target_fini(t);
	return rc;
}

void probe_target_fini(struct probe_target *t)
{
	tls_context_free(t->tls);
	free(t->host);
	free(t->user);
	free(t->password);
	*t = (struct probe_target){0};
}
