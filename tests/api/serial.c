/* SPDX-License-Identifier: MIT */
/*
 * One stream at a time: what is a line for the one is busy for the other.
 */
#include "api/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int serial_open(void *user, const char *host, const char *port, void **stream, char *why)
{
	struct serial *s = user;
	struct termios t;
	(void)host;
	(void)port;
	errno = EBUSY;
	int fd = s->fd < 0 ? open(s->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd < 0 || tcgetattr(fd, &t) < 0) {
		snprintf(why, 200, "%s: %s", s->path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return MQTTWILL_ECONNECT;
	}
	cfmakeraw(&t);
	tcsetattr(fd, TCSANOW, &t);
	tcflush(fd, TCIOFLUSH);
	s->fd = fd;
	*stream = s;
	return 0;
}

static int64_t result(ssize_t n, int not_now, char *why)
{
	if (n > 0 || (n == 0 && not_now == MQTTWILL_WANT_READ))
		return n;
	if (errno == EAGAIN || errno == EINTR)
		return not_now;
	snprintf(why, 200, "%s", strerror(errno));
	return MQTTWILL_ELOST;
}

static int64_t serial_read(void *stream, void *buf, size_t size, char *why)
{
	return result(read(((struct serial *)stream)->fd, buf, size), MQTTWILL_WANT_READ, why);
}

static int64_t serial_write(void *stream, const void *bytes, size_t n, char *why)
{
	return result(write(((struct serial *)stream)->fd, bytes, n), MQTTWILL_WANT_WRITE, why);
}

static int serial_fd(void *stream)
{
	return ((struct serial *)stream)->fd;
}

static void serial_close(void *stream, bool reset)
{
	struct serial *s = stream;
	if (reset)
		tcflush(s->fd, TCOFLUSH);
	close(s->fd);
	s->fd = -1;
}

const struct mqttwill_transport serial_transport = {
	.open = serial_open, .read = serial_read, .write = serial_write, .fd = serial_fd, .close = serial_close};

const struct mqttwill_transport serial_without_fd = {
	.open = serial_open, .read = serial_read, .write = serial_write, .close = serial_close};
