/* SPDX-License-Identifier: MIT */
/*
 * A name server that does what a test wants: slow, silent, refusing, lying. It listens on port 53 of the address that is its argument,
 * tells each question ("asked AAAA broker.test"), and obeys lines on stdin, which it repeats behind "ok":
 *     address NAME ADDRESS       srv NAME PRIORITY WEIGHT PORT TARGET      alias NAME TARGET
 *     forget NAME                all records of it
 *     how A|AAAA|SRV|ALL WHAT    to questions of that kind: answer, drop, servfail, refuse, garbage, or as many ms late
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/dns.h"

enum { MOST = 128 };

struct record {
	char     name[256], target[256];
	uint16_t type; /* 0: unused */
	unsigned number[3];
	uint8_t  address[16];
};

/* What is to leave later. */
struct letter {
	struct dns_message      message;
	struct sockaddr_storage to;
	socklen_t               to_len;
	long long               due_ms;
	bool                    used;
};

static struct record records[MOST];
static struct letter letters[MOST];
static char          how[3][16] = {"answer", "answer", "answer"};

static const struct kind {
	const char *name;
	uint16_t    type;
} kinds[] = {{"A", DNS_A}, {"AAAA", DNS_AAAA}, {"SRV", DNS_SRV}};

static long long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void fatal(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- Answers ---- */

static void send_later(const struct dns_message *m, const struct letter *to, int delay_ms)
{
	for (int i = 0; i < MOST; i++) {
		if (letters[i].used)
			continue;
		letters[i] = (struct letter){.message = *m, .to = to->to, .to_len = to->to_len, .due_ms = now_ms() + delay_ms, .used = true};
		return;
	}
}

static void add_record(struct dns_message *m, const struct record *r)
{
	if (r->type == DNS_SRV)
		dns_srv(m, r->name, r->number[0], r->number[1], r->number[2], r->target);
	else if (r->type == DNS_CNAME)
		dns_cname(m, r->name, r->target);
	else
		dns_record(m, r->name, r->type, r->address, r->type == DNS_A ? 4 : 16);
}

static void compose(struct dns_message *m, uint16_t id, const char *name, uint16_t type)
{
	char at[256];
	bool known = false;
	for (int i = 0; i < MOST; i++)
		known |= records[i].type && !strcmp(records[i].name, name);
	dns_begin(m, id, known ? DNS_OK : DNS_NXDOMAIN, name, type);
	snprintf(at, sizeof at, "%s", name);
	for (int i = 0; i < MOST; i++) { /* an alias stands before its target's records */
		const struct record *r = &records[i];
		if (strcmp(r->name, at) != 0 || (r->type != type && r->type != DNS_CNAME))
			continue;
		add_record(m, r);
		if (r->type == DNS_CNAME)
			snprintf(at, sizeof at, "%s", r->target);
	}
}

/* Bytes that are no message, an answer to another query, and one to another question; all of them before the right one. */
static void send_garbage(const struct letter *to, uint16_t id, const char *name, uint16_t type)
{
	struct dns_message m = {.size = 40};
	memset(m.bytes, 0xff, m.size);
	send_later(&m, to, 0);
	const uint8_t wrong[16] = {198, 51, 100, 66};
	dns_begin(&m, (uint16_t)(id + 1), DNS_OK, name, type);
	dns_record(&m, name, type, wrong, type == DNS_A ? 4 : 16);
	send_later(&m, to, 0);
	dns_begin(&m, id, DNS_OK, "another.test", type);
	dns_record(&m, "another.test", type, wrong, type == DNS_A ? 4 : 16);
	send_later(&m, to, 0);
	compose(&m, id, name, type);
	send_later(&m, to, 100);
}

static void answer(const struct letter *to, const uint8_t *query, const char *name, const struct kind *kind)
{
	const char        *what = how[kind - kinds];
	uint16_t           id = (uint16_t)(query[0] << 8 | query[1]);
	struct dns_message m;
	if (!strcmp(what, "drop"))
		return;
	if (!strcmp(what, "garbage")) {
		send_garbage(to, id, name, kind->type);
		return;
	}
	if (!strcmp(what, "servfail") || !strcmp(what, "refuse"))
		dns_begin(&m, id, *what == 's' ? DNS_SERVFAIL : DNS_REFUSED, name, kind->type);
	else
		compose(&m, id, name, kind->type);
	send_later(&m, to, atoi(what));
}

static void take_query(int fd)
{
	uint8_t       query[1500];
	char          name[256];
	struct letter from = {.to_len = sizeof from.to};
	ssize_t       n = recvfrom(fd, query, sizeof query, 0, (struct sockaddr *)&from.to, &from.to_len);
	uint16_t      type = n > 0 ? dns_question(query, (size_t)n, name) : 0;
	for (size_t i = 0; type && i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].type == type) {
			printf("asked %s %s\n", kinds[i].name, name);
			answer(&from, query, name, &kinds[i]);
		}
}

/* Sends what is due; the ms until the next, -1: none. */
static int deliver(int fd)
{
	long long next = -1;
	for (int i = 0; i < MOST; i++) {
		struct letter *l = &letters[i];
		long long      left = l->due_ms - now_ms();
		if (l->used && left <= 0) {
			sendto(fd, l->message.bytes, l->message.size, 0, (struct sockaddr *)&l->to, l->to_len);
			l->used = false;
		} else if (l->used && (next < 0 || left < next)) {
			next = left;
		}
	}
	return (int)next;
}

/* ---- Orders ---- */

static void remember(const struct record *r)
{
	for (int i = 0; i < MOST; i++)
		if (!records[i].type) {
			records[i] = *r;
			return;
		}
}

static void set_how(const char *kind, const char *what)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (!strcasecmp(kind, kinds[i].name) || !strcasecmp(kind, "ALL"))
			snprintf(how[i], sizeof how[i], "%s", what);
}

static bool obey(const char *line)
{
	struct record r = {.type = 0};
	char          address[64], kind[8], what[16];
	unsigned     *n = r.number;
	if (sscanf(line, "address %255s %63s", r.name, address) == 2) {
		r.type = strchr(address, ':') ? DNS_AAAA : DNS_A;
		inet_pton(r.type == DNS_A ? AF_INET : AF_INET6, address, r.address);
	} else if (sscanf(line, "srv %255s %u %u %u %255s", r.name, &n[0], &n[1], &n[2], r.target) == 5) {
		r.type = DNS_SRV;
	} else if (sscanf(line, "alias %255s %255s", r.name, r.target) == 2) {
		r.type = DNS_CNAME;
	}
	if (r.type)
		remember(&r);
	else if (sscanf(line, "how %7s %15s", kind, what) == 2)
		set_how(kind, what);
	else if (sscanf(line, "forget %255s", r.name) == 1)
		for (int i = 0; i < MOST; i++)
			records[i].type = strcmp(records[i].name, r.name) ? records[i].type : 0;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(53)};
	char               line[800];
	int                fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (argc != 2 || inet_pton(AF_INET, argv[1], &own.sin_addr) != 1) {
		fputs("usage: nameserver ADDRESS\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0)
		fatal("bind");
	puts("listening");
	for (;;) {
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
		poll(fds, 2, deliver(fd));
		if (fds[0].revents)
			take_query(fd);
		if (fds[1].revents && !fgets(line, sizeof line, stdin))
			return 0;
		if (fds[1].revents)
			printf("%s %s", obey(line) ? "ok" : "what?", line);
	}
}
