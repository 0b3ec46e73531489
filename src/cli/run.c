/* SPDX-License-Identifier: MIT */
/*
 * mqttwill run: holds a device's presence. It stays until a signal comes and reconnects for ever; only a refusal that
 * cannot mend itself at the first connection ends it.
 */
#include "cli/command.h"
#include "cli/device.h"
#include "cli/link.h"

static enum exit_code hold(struct device *d)
{
	struct link l = {.has_birth = true, .timeout_ms = d->connection.timeout.value};
	enum exit_code code = link_new(&l, &d->options);
	if (code == EXIT_OK)
		code = link_start(&l);
	if (code != EXIT_OK) {
		mqttwill_free(l.client);
		return code;
	}
	while (!l.ended && !link_stopped())
		link_wait(&l, INT64_MAX, -1);
	if (link_stopped())
		say("stopping");
	const struct mqttwill_closing how = {
		.goodbye = d->own.goodbye.value,
		.timeout_ms = d->own.goodbye_timeout.value,
	};
	return link_leave(&l, &how);
}

int command_run(int argc, char **argv)
{
	static struct device             d;
	static const struct option_group groups[] = {DEVICE_GROUPS(&d)};
	const struct command_line        line = {
		.name = "run",
		.summary = "Holds a device's presence until SIGTERM or SIGINT, then says goodbye.",
		.groups = groups,
		.group_count = sizeof groups / sizeof groups[0],
		.arena = &d.arena,
	};
	enum exit_code code;
	arena_init(&d.arena);
	if (options_parse(&line, argc, argv, &code)) {
		code = device_fill(&d, "run");
		code = code == EXIT_OK ? hold(&d) : code;
	}
	arena_fini(&d.arena);
	return (int)code;
}
