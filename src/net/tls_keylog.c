/* SPDX-License-Identifier: MIT */
/*
 * The secrets of each connection, for a packet analyser. Whoever has them reads all: it is not in a build that was not asked for it.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/tls_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef ENABLE_KEYLOG

static int keylog_open(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
}

/* A line at a time and in one call: several clients, and several processes, may write to the same file. */
static void log_key(const SSL *ssl, const char *line)
{
	int    fd = keylog_open(tls_of_ssl(ssl)->context->settings.keylog_file);
	size_t n = strlen(line);
	char  *text = malloc(n + 1);
	if (fd >= 0 && text) {
		memcpy(text, line, n);
		text[n] = '\n';
		while (write(fd, text, n + 1) < 0 && errno == EINTR)
			;
		OPENSSL_cleanse(text, n + 1);
	}
	free(text);
	if (fd >= 0)
		close(fd);
}

int tls_step_keylog(SSL_CTX *ssl, const struct mqttwill_tls *s, struct pipe_error *error)
{
	if (!s->keylog_file)
		return 0;
	int fd = keylog_open(s->keylog_file);
	if (fd < 0)
		return pipe_fail(error, MQTTWILL_EOPTION, "option tls.keylog_file: %s: %s", s->keylog_file, strerror(errno));
	close(fd);
	SSL_CTX_set_keylog_callback(ssl, log_key);
	return 0;
}

#else

int tls_step_keylog(SSL_CTX *ssl, const struct mqttwill_tls *s, struct pipe_error *error)
{
	(void)ssl;
	if (!s->keylog_file)
		return 0;
	return pipe_fail(error, MQTTWILL_EOPTION, "option tls.keylog_file: it is not built in (./configure --enable-keylog)");
}

#endif
