/* SPDX-License-Identifier: MIT */
/*
 * Names and addresses at once: the race begins while names may still be coming in. What only opening needs is freed when it is
 * over.
 */
#include "net/tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mqttwill.h>

#include "net/host.h"
#include "net/stream.h"
#include "net/tune.h"

struct opening {
	struct tcp_config config;
	struct host   host;
	struct race   race;
	uint64_t      end;      /* of all the time there is */
	uint64_t      race_end; /* of that for addresses */
	bool          begun;
};

struct tcp {
	struct stream   stream;
	struct failed  *failed;
	struct opening *opening; /* NULL: it is open, or has failed */
	union address   address; /* once open */
	uint64_t        now_ms;  /* of the last open() */
	uint32_t        silent_ms;
	bool            fast_open;
	bool            answered; /* something was read: the address is in order */
	char           *peer; /* its text; NULL: none yet, or no memory for it */
};

static const struct mqttwill_network no_network;

static struct tcp *tcp_of(struct pipe *p)
{
	return (struct tcp *)(void *)p;
}

/* ---- Opening ---- */

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A phase of its own length, 0: none, in what is left. */
static uint64_t phase_end(uint64_t now_ms, uint32_t own_ms, uint64_t end)
{
	return own_ms ? sooner(now_ms + own_ms, end) : end;
}

static int begin(struct tcp *t, uint64_t now_ms)
{
	struct opening *o = t->opening;
	const struct mqttwill_network *n = o->config.network;
	o->begun = true;
	o->end = now_ms + o->config.timeout_ms;
	o->race_end = UINT64_MAX;
	if (race_init(&o->race, n, t->failed, host_rules(n, o->config.srv_service)) < 0)
		return pipe_fail(t->stream.pipe.error, MQTTWILL_ESYSTEM, "resolve %s: epoll: %s", o->config.host, strerror(errno));
	t->stream.pipe.fd = o->race.epoll;
	t->stream.pipe.wants = PIPE_READ;
	int rc = host_start(&o->host, &o->config, &o->race, phase_end(now_ms, n->resolve_timeout_ms, o->end));
	return rc < 0 ? pipe_fail(t->stream.pipe.error, rc, "resolve %s: no thread or memory for it", o->config.host) : 0;
}

static void end_opening(struct tcp *t)
{
	if (!t->opening)
		return;
	if (t->opening->begun) {
		host_fini(&t->opening->host, &t->opening->race);
		race_fini(&t->opening->race);
	}
	free(t->opening);
	t->opening = NULL;
	t->stream.pipe.fd = -1;
}

static int opened(struct tcp *t)
{
	char text[ADDRESS_TEXT];
	int  fd = race_take(&t->opening->race, &t->address);
	end_opening(t);
	address_text(&t->address, text, sizeof text);
	t->peer = strdup(text);
	t->stream.peer = t->peer ? t->peer : "";
	tune_open(fd, t->silent_ms);
	stream_opened(&t->stream, fd);
	return 0;
}

static int lost(struct tcp *t)
{
	struct pipe_error *error = t->stream.pipe.error;
	struct opening    *o = t->opening;
	if (o->race.count) {
		race_fail(&o->race, error);
		host_tell(&o->host, error);
	} else {
		host_fail(&o->host, error);
	}
	end_opening(t);
	return error->code;
}

static int go_on(struct tcp *t, uint64_t now_ms)
{
	struct opening *o = t->opening;
	struct pipe    *p = &t->stream.pipe;
	int             rc = host_turn(&o->host, &o->race, now_ms);
	if (rc < 0)
		return pipe_fail(p->error, rc, "resolve %s: no memory for its addresses", o->config.host);
	if (race_turn(&o->race, host_is_enough(&o->host, now_ms), now_ms))
		return opened(t);
	bool begun = o->race.begun > 0;
	if (begun && o->race_end == UINT64_MAX)
		o->race_end = phase_end(now_ms, o->config.network->address_timeout_ms, o->end);
	if (now_ms >= o->race_end)
		race_stop(&o->race, now_ms);
	if (now_ms >= o->race_end || (host_is_over(&o->host) && race_is_over(&o->race)))
		return lost(t);
	p->phase = begun ? MQTTWILL_PHASE_CONNECT : MQTTWILL_PHASE_RESOLVE;
	p->deadline = sooner(host_deadline(&o->host, begun), begun ? sooner(race_deadline(&o->race), o->race_end) : UINT64_MAX);
	return PIPE_WAIT;
}

static int tcp_open(struct pipe *p, uint64_t now_ms)
{
	struct tcp *t = tcp_of(p);
	if (t->stream.open)
		return 0;
	t->now_ms = now_ms;
	int rc = t->opening->begun ? 0 : begin(t, now_ms);
	if (rc == 0)
		rc = go_on(t, now_ms);
	return rc;
}

/* ---- Open ---- */

static void note(struct tcp *t, bool works)
{
	if (!t->failed)
		return;
	if (works)
		failed_forget(t->failed, &t->address);
	else
		failed_note(t->failed, &t->address, t->now_ms);
}

/* With TCP Fast Open the connection is made by the first write, and what goes wrong then is told as what it is. */
static ssize_t told(struct tcp *t, ssize_t n)
{
	struct pipe_error *error = t->stream.pipe.error;
	if (n >= -1 || t->answered || !t->fast_open)
		return n;
	return pipe_fail(error, MQTTWILL_ECONNECT, "connect to %s, or its first bytes: %s", t->stream.peer, strerror(errno));
}

static ssize_t tcp_read(struct pipe *p, void *buf, size_t size)
{
	struct tcp *t = tcp_of(p);
	ssize_t     n = stream_read(p, buf, size);
	if (n > 0 && !t->answered) {
		t->answered = true;
		note(t, true);
	}
	return told(t, n);
}

static ssize_t tcp_write(struct pipe *p, const void *bytes, size_t n)
{
	return told(tcp_of(p), stream_write(p, bytes, n));
}

/* An address where somebody takes connections and never says a word is as good as one that fails. */
static void tcp_close(struct pipe *p, bool reset)
{
	struct tcp *t = tcp_of(p);
	if (t->stream.open && !t->answered)
		note(t, false);
	end_opening(t);
	stream_end(&t->stream, reset);
	free(t->peer);
	free(t);
}

static const struct pipe_ops tcp_ops = {
	.open = tcp_open,
	.read = tcp_read,
	.write = tcp_write,
	.finish = stream_finish,
	.close = tcp_close,
	.describe = stream_describe,
};

struct pipe *tcp_new(const struct tcp_config *config, struct pipe_error *error)
{
	struct tcp     *t = calloc(1, sizeof *t);
	struct opening *o = t ? calloc(1, sizeof *o) : NULL;
	if (!o) {
		free(t);
		return NULL;
	}
	stream_init(&t->stream, &tcp_ops, error, MQTTWILL_PHASE_RESOLVE);
	o->config = *config;
	if (!config->network)
		o->config.network = &no_network;
	t->opening = o;
	t->failed = config->failed;
	t->silent_ms = config->silent_ms;
	t->fast_open = o->config.network->flags & MQTTWILL_NET_FAST_OPEN;
	return &t->stream.pipe;
}

/* ---- Settings ---- */

static int check_address(const struct mqttwill_network *n, struct pipe_error *error)
{
	union address a;
	if (!address_is_numeric(n->bind_address))
		return pipe_fail(error, MQTTWILL_EOPTION, "option network.bind_address: \"%s\" is not an IPv4 or IPv6 address", n->bind_address);
	if (!address_parse(&a, n->bind_address))
		return pipe_fail(error, MQTTWILL_EOPTION, "option network.bind_address: \"%s\" has a zone that is no interface here",
		                 n->bind_address);
	bool six = address_family(&a) == AF_INET6;
	if (n->family == (six ? MQTTWILL_ONLY_IPV4 : MQTTWILL_ONLY_IPV6))
		return pipe_fail(error, MQTTWILL_EOPTION, "option network.bind_address: %s is IPv%d, and network.family allows IPv%d only",
		                 n->bind_address, six ? 6 : 4, six ? 4 : 6);
	return 0;
}

int tcp_check(const struct mqttwill_network *n, struct pipe_error *error)
{
	size_t length = n->bind_interface ? strlen(n->bind_interface) : 1;
	if (length < 1 || length > 15)
		return pipe_fail(error, MQTTWILL_EOPTION, "option network.bind_interface: a name has 1 to 15 bytes, this one has %zu", length);
	return n->bind_address ? check_address(n, error) : 0;
}
