/* SPDX-License-Identifier: MIT */
/*
 * Long options from tables: each says its name, its type and where its value goes. Groups of options are shared between
 * the subcommands; a group's prefix stands before the names in its table ("will-" before "topic").
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mqttwill.h>

#include "base/arena.h"
#include "cli/payload.h"

/* The type of the value, and of the member at `offset`. */
enum option_type {
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char * */
	OPTION_NUMBER,   /* struct number */
	OPTION_DURATION, /* struct number, in ms; seconds on the command line, with decimals */
	OPTION_PAYLOAD,  /* struct payload */
	OPTION_CHOICE,   /* struct number */
	OPTION_PROPERTY, /* struct properties; may be repeated */
	OPTION_LIST,     /* struct texts; may be repeated */
	OPTION_FILE,     /* const char *: of a file that can be read ... */
	OPTION_DIRECTORY /* ... or of a directory */
};

struct number {
	uint32_t value;
	bool     set;
};

struct properties {
	struct mqttwill_user_property *items;
	size_t                         count;
};

struct texts {
	const char **items;
	size_t       count;
};

struct choice {
	const char *name;
	uint32_t    value;
};

struct option {
	const char          *name; /* without dashes; NULL ends a table */
	const char          *alias; /* what another command calls it; or NULL */
	const char          *value; /* what --help calls the value; NULL for a flag */
	const char          *implied; /* the value where none follows, or what follows begins with a dash; NULL: there must be one */
	const char          *help;
	size_t               offset;
	enum option_type     type;
	char                 letter;  /* a short form, or 0 */
	uint32_t             least;   /* NUMBER: below it is a usage error */
	uint32_t             max;     /* NUMBER: what the field can hold, 0 for all of uint32_t ... */
	const char          *rule;    /* ... and where that is written */
	const struct choice *choices; /* CHOICE: ends with a name NULL */
};

struct option_group {
	const char          *title;
	const char          *prefix;
	const struct option *options;
	void                *target;
};

struct command_line {
	const char                *name;    /* the subcommand */
	const char                *summary; /* one sentence for --help */
	const struct option_group *groups;
	size_t                     group_count;
	struct arena              *arena; /* holds what is made of the arguments */
};

/*
 * Reads argv[1] and on into the groups' targets. True: go on. False: *code is the exit code, and --help was answered or
 * what is wrong was said.
 */
bool options_parse(const struct command_line *line, int argc, char **argv, enum exit_code *code);

/* The first row of the table that was given; NULL: none. */
const struct option *options_given(const struct option *rows, const void *target);

#endif
