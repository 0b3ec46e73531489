/* SPDX-License-Identifier: MIT */
/*
 * stub-broker: the broker as a program. Its first line on stdout says where it listens; all else goes to stderr.
 */
#include "broker/bugs.h"
#include "broker/front.h"
#include "wire/packet.h"

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
	"  --websocket N        serve WebSocket, too, at this port, or 0; prints \"listening for WebSocket on ADDRESS:PORT\"\n"
	"  --bind ADDR          IPv4 or IPv6 address (default 127.0.0.1)\n"
	"  --acl FILE           lines of: allow|deny publish|subscribe FILTER; after a deny: disconnect\n"
	"  --user NAME          demand this user name ...\n"
	"  --password PW        ... and this password\n"
	"  --auth METHOD        enhanced authentication of that user: SCRAM-SHA-256, or TEST, as tests/broker/auth.h has it\n"
	"  --scram USER:PW      the same as --auth SCRAM-SHA-256 --user USER --password PW\n"
	"  --levels LIST        speak these of 3.1,3.1.1,5 only ...\n"
	"  --refuse-level HOW   ... and refuse others in-kind (default), as-311, as-5 or by close\n"
	"  --bug NAME           imitate a bug; may be repeated; --bug list lists them\n"
	"  --verbose            tell on stderr what happens, with the seconds since the start\n"
	"  --help               this text\n"
	"\n"
	"What CONNACK announces, and what is enforced:\n"
	"  --maximum-qos N             0 or 1\n"
	"  --no-retain                 Retain Available 0\n"
	"  --receive-maximum N\n"
	"  --maximum-packet-size N     bytes\n"
	"  --topic-alias-maximum N     aliases to accept, and to use towards clients that accept them\n"
	"  --server-keep-alive S\n"
	"  --session-expiry S          instead of the client's\n"
	"  --no-wildcard               Wildcard Subscription Available 0\n"
	"  --no-subscription-ids       Subscription Identifier Available 0\n"
	"  --no-shared                 Shared Subscription Available 0\n"
	"  --response-information TEXT for those who ask for it\n"
	"\n"
	"Misbehaviour, which tests/broker/misbehave.h explains:\n"
	"  --withhold LIST             never send these packets, as puback,pubrec,pubcomp,suback,connack,pingresp\n"
	"  --delay-acks MS             send acknowledgements, CONNACK and PINGRESP so much later\n"
	"  --send HEX                  bytes for who was accepted ...\n"
	"  --send-after MS             ... so long after CONNACK\n"
	"  --silent-after N|connack    after so many bytes as if the cable were pulled\n"
	"  --close-at N                end the connection at the N-th byte of the client\n"
	"  --misbehave-to ID           towards this client alone\n"
	"\n"
	"  --refuse CODE               refuse every CONNECT with this reason code, as 0x9C\n"
	"  --server-reference TEXT     where else to go, with the reason codes 0x9C and 0x9D\n";

struct settings {
	struct broker_options options;
	const char           *bind, *acl;
	uint16_t              port, websocket_port;
	bool                  websocket;
	char                  user[256]; /* of --scram */
	uint8_t               sent[1024]; /* of --send */
	bool                  verbose, help, list_bugs;
};

static bool number(const char *text, uint32_t least, uint32_t most, uint32_t *out)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, strncmp(text, "0x", 2) ? 10 : 16);
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

static bool set_websocket(struct settings *s, const char *arg)
{
	uint32_t n = 0;
	s->websocket = true;
	bool good = number(arg, 0, 65535, &n);
	s->websocket_port = (uint16_t)n;
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

static bool set_auth(struct settings *s, const char *arg)
{
	s->options.auth_method = arg;
	return true;
}

static bool set_scram(struct settings *s, const char *arg)
{
	const char *colon = strchr(arg, ':');
	if (!colon)
		return false;
	snprintf(s->user, sizeof s->user, "%.*s", (int)(colon - arg), arg);
	s->options.auth_method = "SCRAM-SHA-256";
	s->options.user_name = s->user;
	s->options.password = colon + 1;
	return true;
}

/* The index of a word of `n` bytes in a list that ends with NULL, or -1. */
static int word_index(const char *const *words, const char *word, size_t n)
{
	for (int i = 0; words[i]; i++)
		if (strlen(words[i]) == n && !memcmp(words[i], word, n))
			return i;
	return -1;
}

static bool set_levels(struct settings *s, const char *arg)
{
	static const char *const names[] = {"3.1", "3.1.1", "5", NULL};
	for (;; arg++) {
		size_t n = strcspn(arg, ",");
		int    i = word_index(names, arg, n);
		if (i < 0)
			return false;
		s->options.levels |= (uint8_t)(1u << (LEVEL_31 + i));
		arg += n;
		if (!*arg)
			return true;
	}
}

static bool set_refuse_level(struct settings *s, const char *arg)
{
	static const char *const names[] = {"in-kind", "as-311", "as-5", "close", NULL};
	int i = word_index(names, arg, strlen(arg));
	s->options.version_refusal = (uint8_t)i;
	return i >= 0;
}

static bool set_bug(struct settings *s, const char *arg)
{
	s->options.bugs |= broker_bug(arg);
	s->list_bugs |= !strcmp(arg, "list");
	return broker_bug(arg) || s->list_bugs;
}

static int list_bugs(void)
{
	for (enum broker_bug i = 0; i < BROKER_BUGS; i++)
		printf("%-4s %s\n", broker_bug_name(i), broker_bug_text(i));
	return 0;
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

static bool set_refuse(struct settings *s, const char *arg)
{
	uint32_t n = 0;
	bool     good = number(arg, REASON_FAILURE, 255, &n) && reason_legal(PACKET_CONNACK, FROM_SERVER, (uint8_t)n);
	s->options.refuse = (uint8_t)n;
	return good;
}

/* ---- Misbehaviour ---- */

static bool set_withhold(struct settings *s, const char *arg)
{
	for (;; arg++) {
		size_t   n = strcspn(arg, ",");
		uint32_t bit = misbehave_bit(arg, n);
		s->options.misbehaviour.withhold |= bit;
		arg += n;
		if (!bit || !*arg)
			return bit;
	}
}

static bool set_delay(struct settings *s, const char *arg)
{
	return number(arg, 1, UINT32_MAX, &s->options.misbehaviour.delay_ms);
}

static bool set_send(struct settings *s, const char *arg)
{
	size_t n = 0;
	for (int used = 0; n < sizeof s->sent && sscanf(arg, "%2hhx%n", &s->sent[n], &used) == 1 && used == 2; n++)
		arg += 2;
	s->options.misbehaviour.send = span_of(s->sent, n);
	return n > 0 && !*arg;
}

static bool set_send_after(struct settings *s, const char *arg)
{
	return number(arg, 0, UINT32_MAX, &s->options.misbehaviour.send_after_ms);
}

static bool set_silent_after(struct settings *s, const char *arg)
{
	bool connack = !strcmp(arg, "connack");
	s->options.misbehaviour.silence = connack ? SILENT_AFTER_CONNACK : SILENT_AFTER_BYTES;
	return connack || number(arg, 0, UINT32_MAX, &s->options.misbehaviour.silent_after);
}

static bool set_close_at(struct settings *s, const char *arg)
{
	return number(arg, 1, UINT32_MAX, &s->options.misbehaviour.close_at);
}

static bool set_misbehave_to(struct settings *s, const char *arg)
{
	s->options.misbehaviour.only = arg;
	return true;
}

/* ---- What CONNACK announces: a table, by the option's place in it ---- */

static const struct limit {
	const char *option;
	uint8_t     property; /* enum property */
	uint32_t    least, most; /* equal: the option takes no argument, and this is the value */
} limits[] = {
	{"maximum-qos", PROPERTY_MAXIMUM_QOS, 0, 1},
	{"no-retain", PROPERTY_RETAIN_AVAILABLE, 0, 0},
	{"receive-maximum", PROPERTY_RECEIVE_MAXIMUM, 1, 65535},
	{"maximum-packet-size", PROPERTY_MAXIMUM_PACKET_SIZE, 1, REMAINING_MAX + HEADER_MAX},
	{"topic-alias-maximum", PROPERTY_TOPIC_ALIAS_MAXIMUM, 0, 65535},
	{"server-keep-alive", PROPERTY_SERVER_KEEP_ALIVE, 0, 65535},
	{"session-expiry", PROPERTY_SESSION_EXPIRY, 0, UINT32_MAX},
	{"no-wildcard", PROPERTY_WILDCARD_AVAILABLE, 0, 0},
	{"no-subscription-ids", PROPERTY_SUBSCRIPTION_ID_AVAILABLE, 0, 0},
	{"no-shared", PROPERTY_SHARED_AVAILABLE, 0, 0},
	{"response-information", PROPERTY_RESPONSE_INFORMATION, 0, 1},
	{"server-reference", PROPERTY_SERVER_REFERENCE, 0, 1},
};

enum { LIMITS = sizeof limits / sizeof limits[0] };

static bool announce(struct settings *s, const struct limit *limit, const char *arg)
{
	const struct property_row *row = &property_table[limit->property];
	void                      *member = (char *)&s->options.announce + row->member;
	uint32_t                   n = limit->least;
	s->options.announce.has |= 1u << limit->property;
	if (row->type == TYPE_TEXT) {
		*(struct span *)member = span_text(arg, 0);
		return true;
	}
	if (arg && !number(arg, limit->least, limit->most, &n))
		return false;
	if (row->type == TYPE_FLAG)
		*(uint8_t *)member = (uint8_t)n;
	else if (row->type == TYPE_U16 || row->type == TYPE_U16_NONZERO)
		*(uint16_t *)member = (uint16_t)n;
	else
		*(uint32_t *)member = n;
	return true;
}

/* ---- The command line ---- */

static const struct setting {
	const char *option;
	bool      (*set)(struct settings *s, const char *arg);
	bool        argument;
} settings[] = {
	{"port", set_port, true}, {"websocket", set_websocket, true}, {"bind", set_bind, true},         {"acl", set_acl, true},    {"user", set_user, true},
	{"password", set_password, true}, {"verbose", set_verbose, false}, {"help", set_help, false}, {"refuse", set_refuse, true},
	{"auth", set_auth, true}, {"scram", set_scram, true}, {"bug", set_bug, true},
	{"levels", set_levels, true}, {"refuse-level", set_refuse_level, true},
	{"withhold", set_withhold, true}, {"delay-acks", set_delay, true}, {"send", set_send, true},
	{"send-after", set_send_after, true}, {"silent-after", set_silent_after, true}, {"close-at", set_close_at, true},
	{"misbehave-to", set_misbehave_to, true},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static void list_options(struct option *out)
{
	for (size_t i = 0; i < SETTINGS; i++)
		out[i] = (struct option){settings[i].option, settings[i].argument, NULL, 0};
	for (size_t i = 0; i < LIMITS; i++)
		out[SETTINGS + i] = (struct option){limits[i].option, limits[i].least != limits[i].most, NULL, 0};
}

static bool parse(struct settings *s, int argc, char **argv)
{
	struct option options[SETTINGS + LIMITS + 1] = {0};
	int           i = 0, rc;
	list_options(options);
	while ((rc = getopt_long(argc, argv, "", options, &i)) == 0) {
		bool good = i < SETTINGS ? settings[i].set(s, optarg) : announce(s, &limits[i - SETTINGS], optarg);
		if (good)
			continue;
		fprintf(stderr, "stub-broker: --%s cannot be %s\n", options[i].name, optarg);
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
	bool          listens = f && (!s->websocket || front_listen_websocket(f, s->bind, s->websocket_port));
	if (!listens || !catch_signals()) {
		fprintf(stderr, "stub-broker: %s, port %u: %s\n", s->bind, s->port, strerror(errno));
		front_free(f);
		return 3;
	}
	printf("listening on %s\n", front_address(f));
	if (s->websocket)
		printf("listening for WebSocket on %s\n", front_websocket_address(f));
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
	if (s.list_bugs)
		return list_bugs();
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
