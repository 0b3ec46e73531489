/* SPDX-License-Identifier: MIT */
/*
 * A serial line with a broker at its end: opens a pseudo-terminal, prints "line PATH", and passes bytes on between it and a
 * port on loopback. A connection begins with the first byte on the line and ends when the line is closed, or the port's
 * side closes; the end of the latter is not told on the line, as a real one would not. The end of stdin ends it.
 *     bridge PORT
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { PIECE = 4096, REST_MS = 10 };

static int line, port = -1;
static struct sockaddr_in target;

static void fatal(const char *what)
{
	perror(what);
	exit(1);
}

static void hang_up(void)
{
	if (port >= 0)
		close(port);
	port = -1;
}

static void dial(void)
{
	port = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (port < 0)
		fatal("socket");
	if (connect(port, (struct sockaddr *)&target, sizeof target) < 0)
		hang_up();
}

static bool pass(int to, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = to == port ? send(to, bytes, n, MSG_NOSIGNAL) : write(to, bytes, n);
		if (done < 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

/* False: nobody has the line open. */
static bool up(void)
{
	char    bytes[PIECE];
	ssize_t n = read(line, bytes, sizeof bytes);
	if (n <= 0)
		return false;
	if (port < 0)
		dial();
	if (port >= 0 && !pass(port, bytes, (size_t)n))
		hang_up();
	return true;
}

static void down(void)
{
	char    bytes[PIECE];
	ssize_t n = recv(port, bytes, sizeof bytes, 0);
	if (n <= 0 || !pass(line, bytes, (size_t)n))
		hang_up();
}

static void serve(void)
{
	for (;;) {
		struct pollfd fds[] = {{line, POLLIN, 0}, {port, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
		poll(fds, 3, -1);
		if (fds[2].revents && getchar() == EOF)
			return;
		if (port >= 0 && fds[1].revents)
			down();
		if (fds[0].revents && !up()) {
			hang_up();
			poll(NULL, 0, REST_MS); /* it is readable as long as it is closed */
		}
	}
}

/* Raw from the beginning, whoever opens it: an echo would go back to the broker. */
static const char *make_line(void)
{
	struct termios t;
	line = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (line < 0 || grantpt(line) < 0 || unlockpt(line) < 0 || tcgetattr(line, &t) < 0)
		fatal("posix_openpt");
	cfmakeraw(&t);
	tcsetattr(line, TCSANOW, &t);
	return ptsname(line);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: bridge PORT\n", stderr);
		return 2;
	}
	target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("line %s\n", make_line());
	serve();
	return 0;
}
