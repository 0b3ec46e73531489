/* SPDX-License-Identifier: MIT */
/*
 * stub-broker: the broker as a program. Its first line on stdout says where it listens; all else goes to stderr.
 */
#include "broker/front.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: stub-broker [OPTION]...\n"
	"A small MQTT broker (3.1, 3.1.1, 5.0) for tests. Prints \"listening on ADDRESS:PORT\" and serves until SIGTERM.\n"
	"\n"
	"  --port N             TCP port; 0, the default, lets the system choose\n"
	"  --bind ADDR          IPv4 or IPv6 address (default 127.0.0.1)\n"
	"  --acl FILE           lines of: allow|deny publish|subscribe FILTER; after a deny: disconnect\n"
	"  --user NAME          demand this user name ...\n"
	"  --password PW        ... and this password\n"
	"  --verbose            tell on stderr what happens, with the seconds since the start\n"
	"  --help               this text\n"
	"\n"
	"What CONNACK announces, and what is enforced:\n"
	"  --max-qos N          Maximum QoS, 0 or 1\n"
	"  --no-retain          Retain Available 0\n"
	"  --receive-max N      Receive Maximum\n"
	"  --max-packet-size N  Maximum Packet Size, in bytes\n"
	"  --keep-alive S       Server Keep Alive\n"
	"  --session-expiry S   Session Expiry Interval, instead of the client's\n";

struct settings {
	struct broker_options options;
	const char           *bind, *acl;
	uint16_t              port;
	bool                  verbose, help;
};

static bool number(const char *text, uint32_t least, uint32_t most, uint32_t *out)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || n < least || n > most)
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool set_port(struct settings *s, const char *arg)
{
	uint32_t n = 0;
	bool     good = number(arg, 0, 65535, &n);
	s->port = (uint16_t)n;
	return good;
}

static bool set_bind(struct settings *s, const char *arg)
{
	s->bind = arg;
	return true;
}

static bool set_acl(struct settings *s, const char *arg)
{
	s->acl = arg;
	return true;
}

static bool set_user(struct settings *s, const char *arg)
{
	s->options.user_name = arg;
	return true;
}

static bool set_password(struct settings *s, const char *arg)
{
	s->options.password = arg;
	return true;
}

static bool set_verbose(struct settings *s, const char *arg)
{
	(void)arg;
	s->verbose = true;
	return true;
}

static bool set_help(struct settings *s, const char *arg)
{
	(void)arg;
	s->help = true;
	return true;
}

static bool set_max_qos(struct settings *s, const char *arg)
{
	uint32_t n = 0;
	bool     good = number(arg, 0, 1, &n);
	s->options.announce.has |= HAS(MAXIMUM_QOS);
	s->options.announce.maximum_qos = (uint8_t)n;
	return good;
}

static bool set_no_retain(struct settings *s, const char *arg)
{
	(void)arg;
	s->options.announce.has |= HAS(RETAIN_AVAILABLE);
	s->options.announce.retain_available = 0;
	return true;
}

static bool set_receive_max(struct settings *s, const char *arg)
{
	uint32_t n = 0;
	bool     good = number(arg, 1, 65535, &n);
	s->options.announce.has |= HAS(RECEIVE_MAXIMUM);
	s->options.announce.receive_maximum = (uint16_t)n;
	return good;
}

static bool set_max_packet_size(struct settings *s, const char *arg)
{
	s->options.announce.has |= HAS(MAXIMUM_PACKET_SIZE);
	return number(arg, 1, 268435460, &s->options.announce.maximum_packet_size);
}

static bool set_keep_alive(struct settings *s, const char *arg)
{
	uint32_t n = 0;
	bool     good = number(arg, 0, 65535, &n);
	s->options.announce.has |= HAS(SERVER_KEEP_ALIVE);
	s->options.announce.server_keep_alive = (uint16_t)n;
	return good;
}

static bool set_session_expiry(struct settings *s, const char *arg)
{
	s->options.announce.has |= HAS(SESSION_EXPIRY);
	return number(arg, 0, UINT32_MAX, &s->options.announce.session_expiry);
}

static bool (*const setters[])(struct settings *s, const char *arg) = {
	set_port,    set_bind,      set_acl,         set_user,            set_password,   set_verbose,        set_help,
	set_max_qos, set_no_retain, set_receive_max, set_max_packet_size, set_keep_alive, set_session_expiry,
};

/* In the order of the setters. */
static const struct option table[] = {
	{"port", 1, NULL, 0},           {"bind", 1, NULL, 0},            {"acl", 1, NULL, 0},
	{"user", 1, NULL, 0},           {"password", 1, NULL, 0},        {"verbose", 0, NULL, 0},
	{"help", 0, NULL, 0},           {"max-qos", 1, NULL, 0},         {"no-retain", 0, NULL, 0},
	{"receive-max", 1, NULL, 0},    {"max-packet-size", 1, NULL, 0}, {"keep-alive", 1, NULL, 0},
	{"session-expiry", 1, NULL, 0}, {NULL, 0, NULL, 0},
};

static bool parse(struct settings *s, int argc, char **argv)
{
	int index = 0, rc;
	while ((rc = getopt_long(argc, argv, "", table, &index)) == 0) {
		if (setters[index](s, optarg))
			continue;
		fprintf(stderr, "stub-broker: --%s cannot be %s\n", table[index].name, optarg);
		return false;
	}
	if (rc == -1 && optind < argc)
		fprintf(stderr, "stub-broker: no argument is expected, but there is %s\n", argv[optind]);
	return rc == -1 && optind == argc;
}

static char *read_file(const char *path)
{
	enum { MOST = 1 << 20 };
	FILE *file = fopen(path, "r");
	char *text = file ? calloc(1, MOST) : NULL;
	if (text && fread(text, 1, MOST - 1, file) == 0 && ferror(file)) {
		free(text);
		text = NULL;
	}
	if (file)
		fclose(file);
	return text;
}

static void tell(void *user, const struct broker_event *event)
{
	char line[512];
	broker_event_line(event, *(const uint64_t *)user, line, sizeof line);
	fprintf(stderr, "%s\n", line);
}

static int stop_pipe[2];

static void on_signal(int signal)
{
	int error = errno;
	(void)signal;
	if (write(stop_pipe[1], "", 1) < 0) {
		/* the pipe is full: the broker has been told already */
	}
	errno = error;
}

static bool catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigemptyset(&action.sa_mask);
	return pipe(stop_pipe) == 0 && sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGINT, &action, NULL) == 0;
}

static int serve(struct broker *b, const struct settings *s)
{
	struct front *f = front_new(b, s->bind, s->port);
	if (!f || !catch_signals()) {
		fprintf(stderr, "stub-broker: %s, port %u: %s\n", s->bind, s->port, strerror(errno));
		front_free(f);
		return 3;
	}
	printf("listening on %s\n", front_address(f));
	fflush(stdout);
	bool good = front_run(f, stop_pipe[0]);
	front_free(f);
	return good ? 0 : 3;
}

int main(int argc, char **argv)
{
	struct settings s = {.bind = "127.0.0.1"};
	uint64_t        origin_ms = front_now_ms();
	const char     *error = NULL;
	char           *acl = NULL;
	if (!parse(&s, argc, argv) || s.help) {
		fputs(usage, s.help ? stdout : stderr);
		return s.help ? 0 : 1;
	}
	if (s.acl && !(acl = read_file(s.acl))) {
		fprintf(stderr, "stub-broker: %s: %s\n", s.acl, strerror(errno));
		return 1;
	}
	s.options.acl = acl;
	s.options.observe = s.verbose ? tell : NULL;
	s.options.user = &origin_ms;
	struct broker *b = broker_new(&s.options, &error);
	free(acl);
	if (!b) {
		fprintf(stderr, "stub-broker: %s\n", error);
		return 1;
	}
	int rc = serve(b, &s);
	broker_free(b);
	return rc;
}
