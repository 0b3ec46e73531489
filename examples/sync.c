/* SPDX-License-Identifier: MIT */
/*
 * A lamp that says it is online and publishes its light every ten seconds, with the calls that wait.
 *     cc sync.c $(pkg-config --cflags --libs mqttwill) && ./a.out mqtt://localhost
 */
#define _POSIX_C_SOURCE 200809L

#include <mqttwill.h>
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t stop;
static mqttwill             *lamp;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
	mqttwill_wake(lamp);
}

int main(int argc, char **argv)
{
	const struct mqttwill_presence status = {.topic = "lamp-7/status", .delay_s = 5};
	const struct mqttwill_options  opt = {
		.url = argc > 1 ? argv[1] : "mqtt://localhost",
		.client_id = "lamp-7",
		.session_expiry_s = 60,
		.presence = &status,
	};
	int rc = mqttwill_new(&lamp, &opt);
	if (rc == 0) {
		sigaction(SIGINT, &(struct sigaction){.sa_handler = on_signal}, NULL);
		sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_signal}, NULL);
		rc = mqttwill_connect(lamp, 10000); /* "online" is stored */
	}
	while (rc >= 0 && !stop) {
		const struct mqttwill_message lux = {.topic = "lamp-7/lux", .text = "412"};
		mqttwill_publish(lamp, &lux);   /* a token; never blocks */
		rc = mqttwill_run(lamp, 10000); /* serves for 10 s; reconnects itself */
	}
	if (rc < 0 && !stop)
		fprintf(stderr, "lamp-7: %s\n", mqttwill_errmsg(lamp, rc));
	mqttwill_disconnect(lamp, 5000); /* "offline" is stored */
	signal(SIGINT, SIG_DFL);         /* a late signal must not find a client that is gone */
	signal(SIGTERM, SIG_DFL);
	mqttwill_free(lamp);
	return rc < 0 && !stop;
}
