/* SPDX-License-Identifier: MIT */
/*
 * A TCP proxy that does to a connection what bad networks do: proxy PORT [PATH]. It listens on a free port of loopback, and on a
 * Unix socket if it has a path, prints "listening on 127.0.0.1:PORT", and obeys lines on stdin, answering each with "ok LINE":
 *     pass      forward, the state it begins in      hole    read everything and forward nothing
 *     hole up   the same towards the broker only     hole down   the same towards the client only
 *     delay MS  forward each piece MS later          show    print what is forwarded: "up HEX", "down HEX"
 *     renew     cut and pass in one                  cut     reset every connection
 * It tells of each connection: "accepted" and "gone". The end of stdin ends it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LINKS = 256, PIECE_SIZE = 16384, MAX_PIECES = 64, BACKLOG = 128 };

struct piece {
	struct piece *next;
	long long     due_ms;
	size_t        len, sent;
	char          bytes[PIECE_SIZE];
};

/* One direction of a connection. */
struct lane {
	struct piece *first, *last;
	int           from, to;
	int           pieces;
	bool          ended, finished; /* the end was read; the end was passed on */
	bool          down;
};

struct link {
	struct lane lane[2]; /* up, to the broker, and down */
	bool        used;
};

static struct link     links[MAX_LINKS];
static struct sockaddr_in target;
static long long       delay_ms;
static bool            hole[2], show; /* hole: up, down */

static long long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void fatal(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- Connections ---- */

static void drop_pieces(struct lane *l)
{
	for (struct piece *p; (p = l->first);) {
		l->first = p->next;
		free(p);
	}
}

static void link_end(struct link *l, bool reset)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	int           ends[] = {l->lane[0].from, l->lane[0].to};
	for (int i = 0; i < 2; i++) {
		if (reset)
			setsockopt(ends[i], SOL_SOCKET, SO_LINGER, &now, sizeof now);
		close(ends[i]);
		drop_pieces(&l->lane[i]);
	}
	*l = (struct link){0};
	puts("gone");
}

static void link_begin(int listener)
{
	int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int i = 0;
	while (i < MAX_LINKS && links[i].used)
		i++;
	if (client < 0 || server < 0)
		fatal("accept");
	if (i == MAX_LINKS || connect(server, (struct sockaddr *)&target, sizeof target) < 0) {
		close(client);
		close(server);
		puts("refused");
		return;
	}
	links[i] = (struct link){.used = true};
	links[i].lane[0] = (struct lane){.from = client, .to = server};
	links[i].lane[1] = (struct lane){.from = server, .to = client, .down = true};
	puts("accepted");
}

/* ---- Bytes ---- */

static void print_piece(bool down, const struct piece *p)
{
	printf(down ? "down " : "up ");
	for (size_t i = 0; i < p->len; i++)
		printf("%02x", (unsigned char)p->bytes[i]);
	putchar('\n');
}

static void append(struct lane *l, struct piece *p)
{
	p->due_ms = now_ms() + delay_ms;
	if (l->last && l->first)
		l->last->next = p;
	else
		l->first = p;
	l->last = p;
	l->pieces++;
}

/* False: the connection is broken. */
static bool lane_read(struct lane *l)
{
	struct piece *p = calloc(1, sizeof *p);
	ssize_t       n = p ? recv(l->from, p->bytes, sizeof p->bytes, MSG_DONTWAIT) : -1;
	l->ended |= n == 0;
	if (n <= 0 || hole[l->down]) {
		free(p);
		return n >= 0 || errno == EAGAIN || errno == EINTR;
	}
	p->len = (size_t)n;
	if (show)
		print_piece(l->down, p);
	append(l, p);
	return true;
}

static bool lane_write(struct lane *l)
{
	for (struct piece *p; !hole[l->down] && (p = l->first) && p->due_ms <= now_ms();) {
		ssize_t n = send(l->to, p->bytes + p->sent, p->len - p->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		p->sent += (size_t)n;
		if (p->sent < p->len)
			return true;
		l->first = p->next;
		l->pieces--;
		free(p);
	}
	if (l->ended && !l->first && !l->finished && !hole[l->down]) {
		l->finished = true;
		shutdown(l->to, SHUT_WR);
	}
	return true;
}

static void link_tend(struct link *l, const struct pollfd *fds)
{
	bool alive = true;
	for (int i = 0; i < 2 && alive; i++) {
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR) && !l->lane[i].ended)
			alive = lane_read(&l->lane[i]);
		alive = alive && lane_write(&l->lane[i]);
	}
	if (!alive || (l->lane[0].finished && l->lane[1].finished))
		link_end(l, !alive);
}

/* ---- Commands ---- */

static void cut(void)
{
	for (int i = 0; i < MAX_LINKS; i++)
		if (links[i].used)
			link_end(&links[i], true);
}

static void obey(char *line)
{
	line[strcspn(line, "\n")] = 0;
	bool renew = !strcmp(line, "renew");
	if (renew || !strcmp(line, "cut"))
		cut();
	if (renew || !strcmp(line, "pass"))
		hole[0] = hole[1] = false, delay_ms = 0;
	else if (!strcmp(line, "hole") || !strcmp(line, "hole up") || !strcmp(line, "hole down"))
		hole[0] = !strstr(line, "down"), hole[1] = !strstr(line, "up");
	else if (!strncmp(line, "delay ", 6))
		delay_ms = atoll(line + 6);
	else if (!strcmp(line, "show"))
		show = true;
	else if (strcmp(line, "cut") != 0)
		puts("what?");
	printf("ok %s\n", line);
}

/* ---- The loop ---- */

/* What a lane waits for; *timeout_ms shrinks to when its next piece is due. */
static void lane_wait(const struct lane *l, struct pollfd *from, struct pollfd *to, int *timeout_ms)
{
	if (!l->ended && l->pieces < MAX_PIECES)
		from->events |= POLLIN;
	if (!l->first || hole[l->down])
		return;
	long long left = l->first->due_ms - now_ms();
	if (left <= 0)
		to->events |= POLLOUT;
	else if (*timeout_ms < 0 || left < *timeout_ms)
		*timeout_ms = (int)left;
}

static void turn(const int listeners[2])
{
	static struct pollfd fds[3 + 2 * MAX_LINKS];
	int                  timeout_ms = -1;
	char                 line[80];
	fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	for (int i = 0; i < 2; i++)
		fds[1 + i] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
	for (int i = 0; i < MAX_LINKS; i++) {
		struct link   *l = &links[i];
		struct pollfd *p = &fds[3 + 2 * i];
		p[0] = (struct pollfd){.fd = l->used ? l->lane[0].from : -1};
		p[1] = (struct pollfd){.fd = l->used ? l->lane[1].from : -1};
		if (l->used) {
			lane_wait(&l->lane[0], &p[0], &p[1], &timeout_ms);
			lane_wait(&l->lane[1], &p[1], &p[0], &timeout_ms);
		}
		for (int k = 0; k < 2; k++) /* poll tells of a hang-up unasked, for ever */
			if (p[k].events == 0)
				p[k].fd = -1;
	}
	poll(fds, 3 + 2 * MAX_LINKS, timeout_ms);
	for (int i = 0; i < MAX_LINKS; i++)
		if (links[i].used)
			link_tend(&links[i], &fds[3 + 2 * i]);
	for (int i = 0; i < 2; i++)
		if (fds[1 + i].revents)
			link_begin(listeners[i]);
	if (fds[0].revents && !fgets(line, sizeof line, stdin))
		exit(0);
	if (fds[0].revents)
		obey(line);
}

static int listen_on(struct sockaddr *own, socklen_t *len)
{
	int fd = socket(own->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, own, *len) < 0 || listen(fd, BACKLOG) < 0 || getsockname(fd, own, len) < 0)
		fatal("listen");
	return fd;
}

static int listen_on_path(const char *path)
{
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	socklen_t          len = sizeof own;
	if (strlen(path) >= sizeof own.sun_path)
		fatal("the path is too long");
	strcpy(own.sun_path, path);
	return listen_on((struct sockaddr *)&own, &len);
}

int main(int argc, char **argv)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t          len = sizeof own;
	int                listeners[2] = {-1, -1};
	if (argc < 2 || argc > 3 || atoi(argv[1]) <= 0) {
		fputs("usage: proxy PORT [PATH], the port on loopback to forward to\n", stderr);
		return 2;
	}
	target = own;
	target.sin_port = htons((uint16_t)atoi(argv[1]));
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	listeners[0] = listen_on((struct sockaddr *)&own, &len);
	if (argc == 3)
		listeners[1] = listen_on_path(argv[2]);
	printf("listening on 127.0.0.1:%d\n", ntohs(own.sin_port));
	for (;;)
		turn(listeners);
}
