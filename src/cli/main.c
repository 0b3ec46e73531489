/* SPDX-License-Identifier: MIT */
/*
 * The `mqttwill` command: finds the subcommand in a table and gives it the rest of the line.
 */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <mqttwill.h>

#include "cli/command.h"
#include "cli/say.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"run", command_run, "hold a device's presence until SIGTERM, then say goodbye"},
	{"pub", command_pub, "publish a message, or a line each of standard input"},
	{"sub", command_sub, "print the messages of topics"},
	{"explain", command_explain, "tell what the broker will say, however the device ends"},
	{"probe", command_probe, "find out whether a broker keeps its promises about wills"},
};

static const char *const meanings[] = {
	"done",
	"usage: no such option, not a number",
	"refused by our own checks, before a byte left",
	"the network, or the operating system: name, address, proxy, WebSocket",
	"TLS: the handshake, or the certificate",
	"refused or disconnected by the broker",
	"timed out",
	"bad news: the broker breaks a promise",
};

static int help(void)
{
	puts("Usage: mqttwill COMMAND [OPTION]...\n"
	     "An MQTT client (3.1, 3.1.1 and 5) that keeps a device's Last Will true.\n\nCommands:");
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		printf("  %-7s %s\n", commands[i].name, commands[i].summary);
	puts("\n  mqttwill COMMAND --help lists a command's options; mqttwill --version tells the version.\n\n"
	     "Exit codes:");
	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
		printf("  %zu  %s\n", i, meanings[i]);
	puts("\nThe manual is mqttwill(1).");
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	signal(SIGPIPE, SIG_IGN); /* who reads our words may go; the goodbye must be said all the same */
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
		return help();
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		printf("mqttwill %s\n", mqttwill_version_string());
		return EXIT_OK;
	}
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].main(argc - 1, argv + 1);
	if (argc > 1)
		return (int)refuse(EXIT_USAGE, "%s is no command; mqttwill --help lists them", name);
	return (int)refuse(EXIT_USAGE, "which command? mqttwill --help lists them");
}
