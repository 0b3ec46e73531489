/* SPDX-License-Identifier: MIT */
/*
 * The array of poll() is built anew at each turn: connections come and go, and a test broker has few of them. A
 * connection that the broker ends is half-closed first and read to its end: closing it with unread input would reset
 * it, and the client might never see the DISCONNECT that tells it why.
 */
#include "broker/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "broker/websocket.h"

enum {
	READ_BYTES = 64 * 1024,
	FLUSH_MS = 1000,
	HALF_CLOSED_MS = 1000,
	LISTENERS = 2, /* plain, and for WebSocket */
	SPECIAL = LISTENERS + 1 /* polled besides the connections: the listeners and the stop descriptor */
};

struct connection {
	struct list         node;
	struct broker_link *link; /* NULL: half-closed */
	struct websocket   *web;  /* NULL: plain TCP */
	uint64_t            close_ms; /* half-closed: until then it is read */
	int                 fd;
	bool                dead;
};

struct front {
	struct broker *broker;
	struct list    connections;
	size_t         count;
	struct listener {
		int  fd; /* -1: none */
		char address[INET6_ADDRSTRLEN + 10];
	} listeners[LISTENERS];
	struct pollfd *polled;
	uint8_t        bytes[READ_BYTES];
};

uint64_t front_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void set_flags(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
}

union address {
	struct sockaddr     any;
	struct sockaddr_in  v4;
	struct sockaddr_in6 v6;
};

static socklen_t parse(union address *a, const char *text, uint16_t port)
{
	memset(a, 0, sizeof *a);
	if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(port);
		return sizeof a->v4;
	}
	if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(port);
		return sizeof a->v6;
	}
	errno = EINVAL;
	return 0;
}

static void tell_address(struct listener *l)
{
	union address a;
	socklen_t     len = sizeof a;
	char          text[INET6_ADDRSTRLEN] = "?";
	getsockname(l->fd, &a.any, &len);
	bool v6 = a.any.sa_family == AF_INET6;
	inet_ntop(a.any.sa_family, v6 ? (void *)&a.v6.sin6_addr : (void *)&a.v4.sin_addr, text, sizeof text);
	unsigned port = ntohs(v6 ? a.v6.sin6_port : a.v4.sin_port);
	snprintf(l->address, sizeof l->address, v6 ? "[%s]:%u" : "%s:%u", text, port);
}

static bool start_listening(struct listener *l, const char *address, uint16_t port)
{
	union address a;
	int           one = 1;
	socklen_t     len = parse(&a, address, port);
	l->fd = len ? socket(a.any.sa_family, SOCK_STREAM, 0) : -1;
	if (l->fd < 0)
		return false;
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	set_flags(l->fd);
	if (bind(l->fd, &a.any, len) < 0 || listen(l->fd, SOMAXCONN) < 0)
		return false;
	tell_address(l);
	return true;
}

struct front *front_new(struct broker *b, const char *address, uint16_t port)
{
	struct front *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->broker = b;
	for (int i = 0; i < LISTENERS; i++)
		f->listeners[i].fd = -1;
	list_init(&f->connections);
	if (start_listening(&f->listeners[0], address, port))
		return f;
	int error = errno;
	front_free(f);
	errno = error;
	return NULL;
}

bool front_listen_websocket(struct front *f, const char *address, uint16_t port)
{
	return start_listening(&f->listeners[1], address, port);
}

static void free_websocket(struct websocket *w)
{
	if (w)
		websocket_fini(w);
	free(w);
}

static void drop(struct front *f, struct connection *c, uint64_t now_ms)
{
	if (c->link)
		broker_closed(c->link, now_ms);
	close(c->fd);
	list_remove(&c->node);
	f->count--;
	free_websocket(c->web);
	free(c);
}

void front_free(struct front *f)
{
	if (!f)
		return;
	for (struct list *n; (n = list_first(&f->connections));)
		drop(f, list_entry(n, struct connection, node), front_now_ms());
	for (int i = 0; i < LISTENERS; i++)
		if (f->listeners[i].fd >= 0)
			close(f->listeners[i].fd);
	free(f->polled);
	free(f);
}

const char *front_address(const struct front *f)
{
	return f->listeners[0].address;
}

const char *front_websocket_address(const struct front *f)
{
	return f->listeners[1].address;
}

static struct websocket *new_websocket(void)
{
	struct websocket *w = malloc(sizeof *w);
	if (w)
		websocket_init(w);
	return w;
}

static void accept_one(struct front *f, int listener)
{
	int                one = 1, fd = accept(f->listeners[listener].fd, NULL, NULL);
	struct connection *c = fd >= 0 ? calloc(1, sizeof *c) : NULL;
	bool               web = listener == 1;
	if (c && web)
		c->web = new_websocket();
	if (c && (!web || c->web))
		c->link = broker_accept(f->broker, front_now_ms());
	if (!c || !c->link) {
		if (c)
			free_websocket(c->web);
		free(c);
		if (fd >= 0)
			close(fd);
		return;
	}
	set_flags(fd);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->fd = fd;
	list_push(&f->connections, &c->node);
	f->count++;
}

static bool is_fatal(ssize_t n)
{
	return n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
}

/* What the frames hold goes to the broker, then that there will be no more. */
static void read_websocket(struct connection *c, const uint8_t *bytes, size_t n)
{
	struct websocket *w = c->web;
	websocket_receive(w, bytes, n);
	if (buf_len(&w->payload))
		broker_receive(c->link, buf_front(&w->payload), buf_len(&w->payload), front_now_ms());
	buf_take(&w->payload, buf_len(&w->payload));
	buf_relax(&w->payload);
	if (w->closed)
		broker_said_close(c->link);
}

static void read_some(struct front *f, struct connection *c)
{
	ssize_t n = recv(c->fd, f->bytes, sizeof f->bytes, 0);
	if (n > 0 && c->link && c->web)
		read_websocket(c, f->bytes, (size_t)n);
	else if (n > 0 && c->link)
		broker_receive(c->link, f->bytes, (size_t)n, front_now_ms());
	c->dead |= n == 0 || is_fatal(n);
}

static size_t write_bytes(struct connection *c, const uint8_t *bytes, size_t len)
{
	ssize_t n = len ? send(c->fd, bytes, len, MSG_NOSIGNAL) : 0;
	c->dead |= is_fatal(n);
	return n > 0 ? (size_t)n : 0;
}

/* The next frames are made when the last have left. */
static void write_websocket(struct connection *c)
{
	struct websocket *w = c->web;
	const uint8_t    *bytes;
	size_t            len = broker_output(c->link, &bytes);
	if (!buf_len(&w->out) && len && !w->broken) {
		c->dead |= !websocket_send(w, bytes, len);
		broker_sent(c->link, len, front_now_ms());
	}
	if (!buf_len(&w->out) && broker_wants_close(c->link))
		websocket_leave(w);
	if (buf_len(&w->out))
		buf_take(&w->out, write_bytes(c, buf_front(&w->out), buf_len(&w->out)));
	buf_relax(&w->out);
}

static void write_some(struct connection *c)
{
	const uint8_t *bytes;
	if (c->web) {
		write_websocket(c);
		return;
	}
	size_t len = broker_output(c->link, &bytes), n = write_bytes(c, bytes, len);
	if (n)
		broker_sent(c->link, n, front_now_ms());
}

/* Has all been said that there is to say? */
static bool may_close(const struct connection *c)
{
	if (c->web)
		return c->web->broken && buf_len(&c->web->out) == 0;
	return broker_wants_close(c->link);
}

static void half_close(struct connection *c, uint64_t now_ms)
{
	broker_closed(c->link, now_ms);
	c->link = NULL;
	c->close_ms = now_ms + HALF_CLOSED_MS;
	c->dead |= shutdown(c->fd, SHUT_WR) < 0;
}

/* The end of one connection may publish a will to others, so that this comes after all reading. */
static void settle(struct front *f)
{
	struct list *next;
	uint64_t     now_ms = front_now_ms();
	for (struct list *n = f->connections.next; n != &f->connections; n = next) {
		struct connection *c = list_entry(n, struct connection, node);
		next = n->next;
		if (c->link && !c->dead)
			write_some(c);
		if (c->link && !c->dead && may_close(c))
			half_close(c, front_now_ms());
		if (c->dead || (!c->link && c->close_ms <= now_ms))
			drop(f, c, front_now_ms());
	}
}

static size_t output(const struct connection *c)
{
	const uint8_t *bytes;
	size_t         framed = c->link && c->web ? buf_len(&c->web->out) : 0;
	return c->link ? framed + broker_output(c->link, &bytes) : 0;
}

static int timeout_ms(const struct front *f)
{
	uint64_t due = broker_deadline(f->broker), now = front_now_ms(), longest = now + 60000;
	for (struct list *n = f->connections.next; n != &f->connections; n = n->next) {
		const struct connection *c = list_entry(n, struct connection, node);
		if (!c->link && c->close_ms < due)
			due = c->close_ms;
	}
	due = due < longest ? due : longest;
	return due > now ? (int)(due - now) : 0;
}

/* How many descriptors; 0: no memory. */
static nfds_t fill(struct front *f, int stop_fd)
{
	struct pollfd *p = realloc(f->polled, (f->count + SPECIAL) * sizeof *p);
	if (!p)
		return 0;
	f->polled = p;
	for (int i = 0; i < LISTENERS; i++)
		*p++ = (struct pollfd){.fd = f->listeners[i].fd, .events = POLLIN};
	*p++ = (struct pollfd){.fd = stop_fd, .events = POLLIN};
	for (struct list *n = f->connections.next; n != &f->connections; n = n->next) {
		struct connection *c = list_entry(n, struct connection, node);
		short              out = output(c) ? POLLOUT : 0;
		*p++ = (struct pollfd){.fd = c->fd, .events = (short)(POLLIN | out)};
	}
	return f->count + SPECIAL;
}

/* One turn. False on an error. */
static bool serve(struct front *f, int stop_fd)
{
	nfds_t count = fill(f, stop_fd);
	if (!count || (poll(f->polled, count, timeout_ms(f)) < 0 && errno != EINTR))
		return false;
	const struct pollfd *p = f->polled + SPECIAL;
	for (struct list *n = f->connections.next; n != &f->connections; n = n->next, p++)
		if (p->revents & (POLLIN | POLLHUP | POLLERR))
			read_some(f, list_entry(n, struct connection, node));
	for (int i = 0; i < LISTENERS; i++)
		if (f->polled[i].revents)
			accept_one(f, i);
	broker_tick(f->broker, front_now_ms());
	settle(f);
	return true;
}

static bool flushing(const struct front *f)
{
	for (struct list *n = f->connections.next; n != &f->connections; n = n->next)
		if (output(list_entry(n, struct connection, node)))
			return true;
	return false;
}

bool front_run(struct front *f, int stop_fd)
{
	bool good = true;
	while (good && !(f->polled && f->polled[LISTENERS].revents))
		good = serve(f, stop_fd);
	uint64_t until = front_now_ms() + FLUSH_MS;
	broker_shutdown(f->broker, front_now_ms());
	for (settle(f); flushing(f) && front_now_ms() < until; settle(f))
		poll(NULL, 0, 1);
	return good;
}
