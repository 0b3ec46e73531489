/* SPDX-License-Identifier: MIT */
/*
 * Joins a session and a pipe: bytes go from the one to the other, and the client's descriptor watches what they wait for.
 * It is the only file of the client that knows pipes.
 */
#include <stdlib.h>
#include <sys/epoll.h>

#include "client/internal.h"
#include "client/target.h"
#include "net/net.h"

enum { READ_SIZE = 16 * 1024, READ_TURNS = 8, DRAIN_TURNS = 1024, LAST_BYTES = 4 << 20, GATHER = 32 * 1024 };

struct link {
	struct pipe      *pipe;
	struct pipe_error error;
	struct session    session;
	int               watched_fd; /* what epoll knows */
	uint32_t          watched;
	int               broken; /* a write failed outside a step */
	bool              blocked; /* the pipe took less than there was */
	bool              unread;  /* there may be more that no descriptor tells of */
	bool              woken;   /* a stream of the caller's: a wake-up may be about it */
};

/* ---- The descriptor ---- */

static void watch(struct client *c, int fd, uint32_t events)
{
	struct link       *l = c->link;
	struct epoll_event ev = {.events = events, .data.fd = fd};
	bool              same = fd == l->watched_fd;
	if (same && events == l->watched)
		return;
	if (l->watched_fd >= 0 && !same)
		epoll_ctl(c->epoll, EPOLL_CTL_DEL, l->watched_fd, &ev);
	if (fd >= 0)
		epoll_ctl(c->epoll, same ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
	l->watched_fd = fd;
	l->watched = events;
}

static bool may_read(const struct client *c)
{
	return c->state >= CLIENT_GREETING && buf_len(&c->session->out) < SESSION_OUTPUT_HIGH;
}

void driver_watch(struct client *c)
{
	struct link *l = c->link;
	if (!l)
		return;
	if (l->unread && may_read(c))
		clock_wake(c);
	uint8_t wants = l->pipe->wants;
	if (c->state != CLIENT_OPENING) {
		/* a blocked write may wait for reading: TLS has its own mind */
		bool waiting = l->pipe->owes || (buf_len(&c->session->out) > 0 && (!l->blocked || wants & PIPE_WRITE));
		wants = (uint8_t)((may_read(c) ? PIPE_READ : 0) | (waiting ? PIPE_WRITE : 0));
	}
	uint32_t events = (wants & PIPE_READ ? EPOLLIN : 0u) | (wants & PIPE_WRITE ? EPOLLOUT : 0u);
	watch(c, wants || c->state != CLIENT_OPENING ? l->pipe->fd : -1, events); /* an open one that waits its turn is let be */
}

/* A descriptor that is about to be closed must leave epoll first: a copy of it in a forked child would keep it there. */
static void unwatch(struct client *c)
{
	watch(c, -1, 0);
}

uint64_t driver_deadline(const struct client *c)
{
	uint64_t pipe = c->link && c->state == CLIENT_OPENING ? c->link->pipe->deadline : UINT64_MAX;
	uint64_t session = c->session && c->state == CLIENT_UP ? session_deadline(c->session) : UINT64_MAX;
	uint64_t attempt = c->state >= CLIENT_OPENING && c->state != CLIENT_UP ? c->attempt_end : UINT64_MAX;
	uint64_t first = pipe < session ? pipe : session;
	return first < attempt ? first : attempt;
}

/* ---- Opening and closing ---- */

int driver_open(struct client *c)
{
	const struct client_config *g = &c->config;
	struct session_config       config = {
		      .level = c->trying,
		      .reserve = g->presence != NULL,
		      .manual_ack = g->flags & MQTTWILL_MANUAL_ACK,
		      .receive_maximum = g->receive_maximum,
		      .topic_alias_maximum = g->topic_alias_maximum,
		      .no_problem_info = g->flags & MQTTWILL_NO_PROBLEM_INFO,
		      .send_maximum = version_send_maximum(c),
		      .maximum_packet_size = g->maximum_packet_size,
		      .ping_timeout_ms = g->ping_timeout_ms,
        };
	struct link *l = calloc(1, sizeof *l);
	if (l)
		l->pipe = net_pipe(g->net, redirect_server(c), &l->error);
	if (!l || !l->pipe) {
		int rc = l ? client_fail(c, l->error.code, "%s", l->error.text)
		           : client_fail(c, MQTTWILL_ENOMEM, "connect: no memory for a connection");
		free(l);
		return rc;
	}
	session_init(&l->session, &config, &c->flight, c->now_ms);
	l->watched_fd = -1;
	l->woken = net_has_transport(g->net);
	c->link = l;
	c->session = &l->session;
	c->state = CLIENT_OPENING;
	c->attempt_end = c->now_ms + g->connect_timeout_ms;
	return 0;
}

void driver_close(struct client *c, bool reset)
{
	struct link *l = c->link;
	if (!l)
		return;
	unwatch(c);
	session_fini(&l->session);
	pipe_close(l->pipe, reset);
	free(l);
	c->link = NULL;
	c->session = NULL;
}

void driver_forget(struct client *c)
{
	if (c->link)
		c->link->watched_fd = -1;
}

void driver_finish(struct client *c)
{
	struct link *l = c->link;
	l->pipe->ops->finish(l->pipe);
}

/* ---- Bytes ---- */

static int pipe_broke(struct client *c, ssize_t rc)
{
	const char *phase = c->state == CLIENT_GREETING ? "connack: " : "";
	return client_fail(c, (int)rc, "%s%s", phase, c->link->error.text);
}

int driver_flush(struct client *c)
{
	struct link   *l = c->link;
	const uint8_t *bytes;
	int            rc = durable_commit(c);
	if (rc < 0)
		return rc;
	l->blocked = false;
	l->pipe->wants = 0;
	for (size_t n; (n = session_output(c->session, &bytes)) > 0;) {
		ssize_t written = l->pipe->ops->write(l->pipe, bytes, n);
		if (written < -1)
			return pipe_broke(c, written);
		l->blocked = written <= 0;
		if (l->blocked)
			break;
		session_sent(c->session, (size_t)written, c->now_ms);
	}
	ssize_t rest = l->pipe->owes ? l->pipe->ops->write(l->pipe, "", 0) : 0;
	return rest < -1 ? pipe_broke(c, rest) : 0;
}

void driver_kick(struct client *c)
{
	struct link *l = c->link;
	if (!l || c->in_step || c->state != CLIENT_UP || l->broken)
		return;
	bool due = !c->flushed || buf_len(&c->session->out) >= GATHER;
	if (due && !l->blocked) {
		c->flushed = true;
		c->now_ms = clock_ms();
		l->broken = driver_flush(c);
	}
	if (l->broken || queue_is_due(c))
		clock_wake(c); /* the step will tell */
	else
		driver_watch(c);
}

/* What a closed stream means depends on when it closes [MQTT311-3.2.2-6]. */
static int stream_ended(struct client *c)
{
	c->ended = true;
	if (c->link->error.code == MQTTWILL_ELOST) /* it has said why */
		return pipe_broke(c, MQTTWILL_ELOST);
	if (c->state == CLIENT_GREETING)
		return client_fail(c, MQTTWILL_ELOST, "connack: the broker closed the connection without an answer");
	return client_fail(c, MQTTWILL_ELOST, "the broker closed the connection");
}

static int feed(struct client *c, uint8_t *in, size_t n)
{
	struct session_event ev;
	size_t               at = 0;
	int                  rc = 0;
	while (at < n && rc == 0 && c->session && !c->doomed) {
		at += session_feed(c->session, in + at, n - at, c->now_ms, &ev);
		if (ev.type != SESSION_NOTHING)
			rc = connection_event(c, &ev);
	}
	return rc;
}

/* TLS and WebSocket may hold what epoll does not see. */
static bool holds_more(const struct client *c)
{
	const struct pipe *p = c->link->pipe;
	return p->ops->pending && p->ops->pending(c->link->pipe) > 0;
}

static int read_turns(struct client *c, int turns)
{
	uint8_t in[READ_SIZE];
	int     rc = 0;
	for (int turn = 0; turn < turns && rc == 0 && c->link && !c->doomed; turn++) {
		c->link->unread = true;
		if (!may_read(c))
			break;
		ssize_t n = c->link->pipe->ops->read(c->link->pipe, in, sizeof in);
		if (n == 0)
			return stream_ended(c);
		if (n < -1)
			return pipe_broke(c, n);
		bool more = n == READ_SIZE || holds_more(c);
		c->link->unread = more; /* at the last turn: others have theirs first */
		if (n == -1)
			break;
		rc = feed(c, in, (size_t)n);
		if (!more && turns == READ_TURNS)
			break;
	}
	return rc;
}

static int go_on_opening(struct client *c)
{
	struct link *l = c->link;
	unwatch(c); /* a pipe that opens may close its descriptor, and its number be another's afterwards */
	int rc = l->pipe->ops->open(l->pipe, c->now_ms);
	if (rc < 0)
		return pipe_broke(c, rc);
	if (rc == PIPE_WAIT)
		return 0;
	bool greet = switch_may_greet(c);
	if (!greet)
		l->pipe->wants = 0;
	return greet ? connection_greet(c) : 0;
}

uint8_t driver_phase(const struct client *c)
{
	if (!c->link)
		return MQTTWILL_PHASE_NONE;
	if (c->state == CLIENT_OPENING)
		return c->link->pipe->phase;
	return c->state == CLIENT_UP ? MQTTWILL_PHASE_UP : MQTTWILL_PHASE_CONNACK;
}

void driver_reached(const struct client *c, struct mqttwill_reached *reached, char server[SERVER_LONG])
{
	struct pipe_facts facts;
	target_name(redirect_server(c), server, SERVER_LONG);
	pipe_describe(c->link->pipe, &facts);
	*reached = (struct mqttwill_reached){
		.server = server,
		.address = facts.address,
		.tls_version = facts.tls_version,
		.cipher = facts.cipher,
		.alpn = facts.alpn,
		.insecure = facts.tls_version ? net_insecure(c->config.net) : 0,
		.resumed = facts.resumed,
		.by_proxy = facts.by_proxy,
	};
}

const char *client_awaits(const struct client *c)
{
	static const char *const opening[] = {
		[MQTTWILL_PHASE_NONE] = "connect: nothing was begun",
		[MQTTWILL_PHASE_RESOLVE] = "resolve: the name was not resolved",
		[MQTTWILL_PHASE_CONNECT] = "connect: the broker's address did not answer",
		[MQTTWILL_PHASE_PROXY] = "proxy: it did not let the connection through",
		[MQTTWILL_PHASE_TLS] = "tls: the broker did not finish the handshake",
		[MQTTWILL_PHASE_WEBSOCKET] = "websocket: the broker did not answer the handshake",
	};
	if (c->state == CLIENT_OPENING)
		return opening[driver_phase(c)];
	if (c->state == CLIENT_GREETING)
		return "connack: the broker did not answer CONNECT";
	return c->state == CLIENT_FINISHING ? "disconnect: the broker did not close the connection" : NULL;
}

static int attempt_timed_out(struct client *c)
{
	return client_fail(c, MQTTWILL_ETIMEOUT, "%s in time", client_awaits(c));
}

/* Does the pipe know more than that it broke: a refusal by TLS, which TLS 1.3 may have behind the handshake, or a WebSocket's Close? */
static bool says_why(const struct link *l, ssize_t end)
{
	return end == 0 ? l->error.code == MQTTWILL_ELOST : end < -1 && l->error.code != MQTTWILL_ELOST;
}

/*
 * What the broker said before the connection broke may stand unread: where a write found the break, or where so much output waited
 * that nothing was read any more. A DISCONNECT says why it ended, and so may a filter; the break does not. Nothing can be answered any more.
 */
int driver_last_words(struct client *c, int lost)
{
	struct client_error why = *client_why(c);
	uint8_t             in[READ_SIZE];
	int                 rc = 0;
	bool                told = false;
	c->link->error.code = 0;
	for (size_t taken = 0; taken < LAST_BYTES && rc == 0 && c->session && !c->doomed;) {
		session_drop_output(c->session);
		ssize_t n = c->link->pipe->ops->read(c->link->pipe, in, sizeof in);
		if (n <= 0) {
			told = says_why(c->link, n);
			rc = told ? pipe_broke(c, c->link->error.code) : 0;
			break;
		}
		taken += (size_t)n;
		rc = feed(c, in, (size_t)n);
	}
	if (!c->session || c->doomed)
		return rc;
	told = told || (rc < 0 && c->session->state == SESSION_OVER);
	session_abandon(c->session);
	if (told)
		return rc;
	*client_why(c) = why;
	return lost;
}

void driver_drain(struct client *c)
{
	read_turns(c, DRAIN_TURNS);
}

int driver_run(struct client *c, bool ready)
{
	int rc = c->link->broken;
	if (rc < 0)
		return driver_last_words(c, rc);
	if (c->state == CLIENT_OPENING)
		rc = go_on_opening(c); /* which knows best what it waits for in vain */
	/* U-3.2-a: for CONNACK, too */
	if (rc == 0 && c->state != CLIENT_UP && c->now_ms >= c->attempt_end)
		return attempt_timed_out(c);
	if (rc == 0 && c->state >= CLIENT_GREETING && (ready || c->link->unread || c->link->woken || holds_more(c)))
		rc = read_turns(c, READ_TURNS);
	return rc;
}
