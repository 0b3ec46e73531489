/* SPDX-License-Identifier: MIT */
/*
 * MQTT over a serial line: a transport of one's own, for a device whose way to the broker is a modem or a gateway that
 * passes on the bytes as they are.
 *     cc transport.c $(pkg-config --cflags --libs mqttwill) && ./a.out /dev/ttyUSB0
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <mqttwill.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct line {
	int fd;
};

static struct line only = {-1}; /* there is one: no second connection has a place on it */

/* Every byte as it is, and nothing of what is left of an earlier connection. */
static int make_raw(int fd)
{
	struct termios t;
	if (tcgetattr(fd, &t) < 0)
		return -1;
	cfmakeraw(&t);
	cfsetspeed(&t, B115200);
	tcflush(fd, TCIOFLUSH);
	return tcsetattr(fd, TCSANOW, &t);
}

static int line_open(void *user, const char *host, const char *port, void **stream, char *why)
{
	const char *path = user;
	(void)host;
	(void)port;
	errno = EBUSY;
	int fd = only.fd < 0 ? open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd < 0 || make_raw(fd) < 0) {
		snprintf(why, 200, "%.100s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return MQTTWILL_ECONNECT;
	}
	only.fd = fd;
	*stream = &only;
	return 0;
}

/* Not now, or never again? */
static int64_t stopped(int not_now, char *why)
{
	if (errno == EAGAIN || errno == EINTR)
		return not_now;
	snprintf(why, 200, "%s", strerror(errno));
	return MQTTWILL_ELOST;
}

static int64_t line_read(void *stream, void *buf, size_t size, char *why)
{
	struct line *l = stream;
	ssize_t      n = read(l->fd, buf, size);
	return n >= 0 ? n : stopped(MQTTWILL_WANT_READ, why);
}

static int64_t line_write(void *stream, const void *bytes, size_t n, char *why)
{
	struct line *l = stream;
	ssize_t      written = write(l->fd, bytes, n);
	return written > 0 ? written : stopped(MQTTWILL_WANT_WRITE, why);
}

static int line_fd(void *stream)
{
	return ((struct line *)stream)->fd;
}

static void line_close(void *stream, bool reset)
{
	struct line *l = stream;
	if (reset)
		tcflush(l->fd, TCOFLUSH);
	close(l->fd);
	l->fd = -1;
}

static const struct mqttwill_transport serial = {
	.open = line_open, .read = line_read, .write = line_write, .fd = line_fd, .close = line_close};

int main(int argc, char **argv)
{
	static char                    usual[] = "/dev/ttyUSB0";
	const struct mqttwill_presence status = {.topic = "lamp-7/status"};
	const struct mqttwill_message  lux = {.topic = "lamp-7/lux", .text = "451", .qos = 1};
	const struct mqttwill_network  network = {.transport = &serial, .user = argc > 1 ? argv[1] : usual};
	const struct mqttwill_options  opt = {
		.url = "mqtt://gateway", /* its name goes to line_open(), where a modem could dial it */
		.client_id = "lamp-7",
		.keepalive_s = 20,
		.presence = &status,
		.network = &network,
	};
	mqttwill *lamp;
	int       rc = mqttwill_new(&lamp, &opt);
	if (rc == 0)
		rc = mqttwill_connect(lamp, 10000);
	if (rc == 0)
		rc = mqttwill_wait(lamp, mqttwill_publish(lamp, &lux), 5000);
	if (rc < 0)
		fprintf(stderr, "lamp-7: %s\n", mqttwill_errmsg(lamp, rc));
	else
		rc = mqttwill_disconnect(lamp, 5000);
	mqttwill_free(lamp);
	return rc < 0;
}
