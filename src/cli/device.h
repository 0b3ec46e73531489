/* SPDX-License-Identifier: MIT */
/*
 * The options of a device with presence, which run holds and explain tells of, and the library's structures made of them.
 */
#ifndef CLI_DEVICE_H
#define CLI_DEVICE_H

#include "cli/groups.h"

struct device_options {
	const char    *topic;
	struct payload online, offline;
	struct number  qos, delay, goodbye, goodbye_timeout;
	bool           no_retain, no_self_watch;
};

struct device {
	struct arena              arena;
	struct device_options     own;
	struct connection_options connection;
	struct property_options   properties; /* of the will */

	/* filled by device_fill() */
	struct mqttwill_presence presence;
	struct mqttwill_will     will; /* as CONNECT carries it, presence's own too */
	struct mqttwill_options  options;
};

extern const struct option device_rows[];

/* What a command lists as its groups, before and after groups of its own. */
#define DEVICE_GROUPS(d) \
	{"The device's status", "", device_rows, &(d)->own}, \
	{"Properties of the will, MQTT 5", "", property_rows, &(d)->properties}, \
	CONNECTION_GROUPS(&(d)->connection)

/* EXIT_OK, or what is wrong was said in the name of the command. */
enum exit_code device_fill(struct device *d, const char *command);

#endif
