/* SPDX-License-Identifier: MIT */
/*
 * The descriptor is ours as soon as we have it, so whatever is wrong with it, it is closed.
 */
#include "net/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <mqttwill.h>

#include "base/error.h"
#include "net/address.h"
#include "net/stream.h"
#include "net/tune.h"

struct adopted {
	struct stream stream;
	const struct mqttwill_network *network;
	const char   *host, *port;
	uint32_t      silent_ms;
	char          peer[sizeof((struct sockaddr_un *)0)->sun_path + 1];
};

static struct adopted *adopted_of(struct pipe *p)
{
	return (struct adopted *)(void *)p;
}

static int failed(struct adopted *a, const char *problem)
{
	return pipe_fail(a->stream.pipe.error, MQTTWILL_ECONNECT, "connect to %s%s%s: dial_fn: %s", a->host, *a->port ? ":" : "", a->port,
	                 problem);
}

/* It may not have a name. */
static void name_peer(struct adopted *a, const struct sockaddr *peer, socklen_t len)
{
	union address address;
	if (address_from(&address, peer, len))
		address_text(&address, a->peer, sizeof a->peer);
	else if (peer->sa_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path))
		strncpy(a->peer, ((const struct sockaddr_un *)(const void *)peer)->sun_path, sizeof a->peer - 1);
}

static const char *problem_of(struct adopted *a, int fd)
{
	struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
	socklen_t               len = sizeof peer;
	int                     type = 0, flags = fcntl(fd, F_GETFL);
	socklen_t               type_len = sizeof type;
	if (flags < 0)
		return "what it gave is not an open descriptor";
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0)
		return "what it gave is not a socket";
	if (type != SOCK_STREAM)
		return "what it gave is not a stream socket";
	if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
		return "the socket that it gave is not connected";
	name_peer(a, (struct sockaddr *)&peer, len);
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return strerror(errno);
	return NULL;
}

/* -1 is how the system's own calls fail; only what can be an error of a connection is passed on. */
static int refused(struct adopted *a, int code)
{
	static const int known[] = {MQTTWILL_ETIMEOUT, MQTTWILL_ENOMEM, MQTTWILL_ESYSTEM, MQTTWILL_ERESOLVE, MQTTWILL_EPROXY, MQTTWILL_ETLS};
	char             text[120];
	snprintf(text, sizeof text, code == -1 ? "it gave -1" : "it gave %s (%d): %s", error_name(code), code, error_text(code));
	failed(a, text);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i] == code)
			a->stream.pipe.error->code = code;
	return a->stream.pipe.error->code;
}

static int adopted_open(struct pipe *p, uint64_t now_ms)
{
	struct adopted *a = adopted_of(p);
	(void)now_ms;
	if (a->stream.open)
		return 0;
	int fd = a->network->dial_fn(a->network->user, a->host, a->port);
	if (fd < 0)
		return refused(a, fd);
	const char *problem = problem_of(a, fd);
	if (problem) {
		close(fd);
		return failed(a, problem);
	}
	tune_open(fd, a->silent_ms);
	stream_opened(&a->stream, fd);
	return 0;
}

static void adopted_close(struct pipe *p, bool reset)
{
	stream_end(stream_of(p), reset);
	free(adopted_of(p));
}

static const struct pipe_ops adopted_ops = {
	.open = adopted_open,
	.read = stream_read,
	.write = stream_write,
	.finish = stream_finish,
	.close = adopted_close,
	.describe = stream_describe,
};

struct pipe *adopt_new(const char *host, const char *port, const struct mqttwill_network *network, uint32_t silent_ms,
                       struct pipe_error *error)
{
	struct adopted *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	stream_init(&a->stream, &adopted_ops, error, MQTTWILL_PHASE_CONNECT);
	a->stream.peer = a->peer;
	a->network = network;
	a->host = host;
	a->port = port;
	a->silent_ms = silent_ms;
	return &a->stream.pipe;
}
