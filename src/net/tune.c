/* SPDX-License-Identifier: MIT */
/*
 * A tuning that a system lacks is no error; a binding that cannot be had is one.
 */
#include "net/tune.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mqttwill.h>

#include "net/address.h"

enum { PROBES = 3, MOST_S = 32767 };

static void set_number(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof value);
}

static bool bind_to(int fd, const char *text)
{
	union address a;
	if (!address_parse(&a, text)) {
		errno = EADDRNOTAVAIL; /* its zone, an interface, is gone: the rest was checked */
		return false;
	}
	set_number(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1); /* or the ports would be shared by all destinations */
	return bind(fd, &a.any, address_len(&a)) == 0;
}

static bool prepare(int fd, const struct mqttwill_network *n, enum tune_step *step)
{
	*step = TUNE_INTERFACE;
	if (n->bind_interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, n->bind_interface, (socklen_t)strlen(n->bind_interface)) < 0)
		return false;
	*step = TUNE_ADDRESS;
	if (n->bind_address && !bind_to(fd, n->bind_address))
		return false;
	*step = TUNE_CONNECT;
	if (n->flags & MQTTWILL_NET_FAST_OPEN)
		set_number(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	return true;
}

int tune_socket(int family, const struct mqttwill_network *network, enum tune_step *step)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP); /* [MQTT-4.2.0-1] */
	*step = TUNE_SOCKET;
	if (fd < 0 || prepare(fd, network, step))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

void tune_tell(char *buf, size_t size, const struct mqttwill_network *network, enum tune_step step, int error)
{
	const char *name = network->bind_interface;
	if (step == TUNE_INTERFACE && error == ENODEV)
		snprintf(buf, size, "option network.bind_interface: there is no interface %s", name);
	else if (step == TUNE_INTERFACE)
		snprintf(buf, size, "option network.bind_interface: %s: %s", name, strerror(error));
	else if (step == TUNE_ADDRESS)
		snprintf(buf, size, "option network.bind_address: %s: %s", network->bind_address, strerror(error));
	else
		snprintf(buf, size, "%s%s", step == TUNE_SOCKET ? "socket: " : "", strerror(error));
}

static int at_least_1(uint32_t seconds)
{
	return seconds < 1 ? 1 : seconds > MOST_S ? MOST_S : (int)seconds;
}

/*
 * The probes fill the last eighth of the time: pings of the protocol above, which come sooner, leave nothing for them to do. With
 * TCP_USER_TIMEOUT an unanswered one ends the connection when that has passed.
 */
void tune_open(int fd, uint32_t silent_ms)
{
	int       protocol = 0;
	socklen_t len = sizeof protocol;
	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) < 0 || protocol != IPPROTO_TCP)
		return;
	set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (!silent_ms)
		return;
	set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, silent_ms > INT32_MAX ? INT32_MAX : (int)silent_ms);
	set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, at_least_1(silent_ms / 1000 * 7 / 8));
	set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, at_least_1(silent_ms / (8000 * PROBES)));
	set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
	set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}
