/* SPDX-License-Identifier: MIT */
/*
 * One parser for all options: find the row, hand the value to its type's function. A value that is no number is a usage
 * error; a number that the field cannot hold is MQTT's refusal and names the rule.
 */
#define _POSIX_C_SOURCE 200809L

#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct parse {
	const struct command_line *line;
	int                        argc;
	char                     **argv;
	int                        at;
	const char                *value;    /* of the option at hand, from --name=value */
	char                       name[64]; /* of the option at hand, as it was written */
};

typedef enum exit_code set_fn(struct parse *p, const struct option *o, void *member);

static enum exit_code set_flag(struct parse *p, const struct option *o, void *member)
{
	(void)p;
	(void)o;
	*(bool *)member = true;
	return EXIT_OK;
}

static enum exit_code set_text(struct parse *p, const struct option *o, void *member)
{
	(void)o;
	*(const char **)member = p->value;
	return EXIT_OK;
}

/* Digits only: no sign, no blanks. False: not a number. What does not fit becomes UINT64_MAX. */
static bool read_digits(const char **text, uint64_t *value)
{
	const char *s = *text;
	*value = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		*value = *value > UINT64_MAX / 10 - 1 ? UINT64_MAX : *value * 10 + (uint64_t)(*s - '0');
	bool any = s != *text;
	*text = s;
	return any;
}

static enum exit_code set_number(struct parse *p, const struct option *o, void *member)
{
	const char *end = p->value;
	uint64_t    value, max = o->max ? o->max : UINT32_MAX;
	if (!read_digits(&end, &value) || *end)
		return refuse(EXIT_USAGE, "%s: \"%s\" is not a number", p->name, p->value);
	if (value < o->least)
		return refuse(EXIT_USAGE, "%s: %s is below %u", p->name, p->value, (unsigned)o->least);
	if (value > max && !o->rule) /* the library's own check says what is wrong with any number this large */
		value = max;
	if (value > max)
		return refuse(EXIT_RULE, "%s: %s is above %llu, the most that the field holds (%s)", p->name, p->value,
		              (unsigned long long)max, o->rule);
	*(struct number *)member = (struct number){.value = (uint32_t)value, .set = true};
	return EXIT_OK;
}

static enum exit_code set_duration(struct parse *p, const struct option *o, void *member)
{
	(void)o;
	const char *end = p->value;
	uint64_t    seconds, ms = 0;
	bool        good = read_digits(&end, &seconds);
	if (*end == '.')
		for (uint64_t unit = 100; *++end >= '0' && *end <= '9'; unit /= 10, good = true)
			ms += unit * (uint64_t)(*end - '0');
	if (!good || *end)
		return refuse(EXIT_USAGE, "%s: \"%s\" is not a number of seconds", p->name, p->value);
	if (seconds > UINT32_MAX / 1000 - 1)
		return refuse(EXIT_USAGE, "%s: %s s is longer than the 49 days that can be waited", p->name, p->value);
	if (seconds * 1000 + ms == 0)
		return refuse(EXIT_USAGE, "%s: %s is no time at all", p->name, p->value);
	*(struct number *)member = (struct number){.value = (uint32_t)(seconds * 1000 + ms), .set = true};
	return EXIT_OK;
}

static enum exit_code set_payload(struct parse *p, const struct option *o, void *member)
{
	(void)o;
	return payload_parse(member, p->value, p->line->arena);
}

static enum exit_code not_among(const struct parse *p, const struct choice *choices)
{
	char   names[128] = "";
	size_t n = 0;
	for (const struct choice *c = choices; c->name && n < sizeof names; c++)
		n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", c == choices ? "" : ", ", c->name);
	return refuse(EXIT_USAGE, "%s: \"%s\" is none of %s", p->name, p->value, names);
}

static enum exit_code set_choice(struct parse *p, const struct option *o, void *member)
{
	for (const struct choice *c = o->choices; c->name; c++) {
		if (!strcmp(c->name, p->value)) {
			*(struct number *)member = (struct number){.value = c->value, .set = true};
			return EXIT_OK;
		}
	}
	return not_among(p, o->choices);
}

static enum exit_code out_of_memory(void)
{
	return refuse(EXIT_NETWORK, "out of memory");
}

/* Lists have room for every argument there is, so that they need not grow. */
static enum exit_code set_list(struct parse *p, const struct option *o, void *member)
{
	(void)o;
	struct texts *list = member;
	if (!list->items)
		list->items = arena_alloc(p->line->arena, (size_t)p->argc * sizeof *list->items);
	if (!list->items)
		return out_of_memory();
	list->items[list->count++] = p->value;
	return EXIT_OK;
}

static enum exit_code set_property(struct parse *p, const struct option *o, void *member)
{
	(void)o;
	struct properties *list = member;
	const char        *equals = strchr(p->value, '=');
	if (!equals)
		return refuse(EXIT_USAGE, "%s: \"%s\" is not NAME=VALUE", p->name, p->value);
	if (!list->items)
		list->items = arena_alloc(p->line->arena, (size_t)p->argc * sizeof *list->items);
	char *name = arena_copy(p->line->arena, p->value, (size_t)(equals - p->value));
	if (!list->items || !name)
		return out_of_memory();
	list->items[list->count++] = (struct mqttwill_user_property){.name = name, .value = equals + 1};
	return EXIT_OK;
}

/* It is not opened: one that can be read only once, as of <(...), is left for the library. */
static enum exit_code set_file(struct parse *p, const struct option *o, void *member)
{
	struct stat st;
	bool        wants_directory = o->type == OPTION_DIRECTORY;
	if (stat(p->value, &st) != 0 || access(p->value, R_OK) != 0)
		return refuse(EXIT_USAGE, "%s: %s: %s", p->name, p->value, strerror(errno));
	if (S_ISDIR(st.st_mode) != wants_directory)
		return refuse(EXIT_USAGE, "%s: %s: %s", p->name, p->value, strerror(wants_directory ? ENOTDIR : EISDIR));
	return set_text(p, o, member);
}

static set_fn *const setters[] = {
	[OPTION_FLAG] = set_flag,         [OPTION_TEXT] = set_text,       [OPTION_NUMBER] = set_number,
	[OPTION_DURATION] = set_duration, [OPTION_PAYLOAD] = set_payload, [OPTION_CHOICE] = set_choice,
	[OPTION_PROPERTY] = set_property, [OPTION_LIST] = set_list,       [OPTION_FILE] = set_file,
	[OPTION_DIRECTORY] = set_file,
};

/* ---- What was given ------------------------------------------------------------------------------------------------- */

static bool is_given(const struct option *o, const void *member)
{
	switch (o->type) {
	case OPTION_FLAG:
		return *(const bool *)member;
	case OPTION_TEXT:
	case OPTION_FILE:
	case OPTION_DIRECTORY:
		return *(const char *const *)member != NULL;
	case OPTION_NUMBER:
	case OPTION_DURATION:
	case OPTION_CHOICE:
		return ((const struct number *)member)->set;
	case OPTION_PAYLOAD:
		return ((const struct payload *)member)->set;
	case OPTION_PROPERTY:
		return ((const struct properties *)member)->count > 0;
	case OPTION_LIST:
		return ((const struct texts *)member)->count > 0;
	}
	return false;
}

const struct option *options_given(const struct option *rows, const void *target)
{
	for (; rows->name; rows++)
		if (is_given(rows, (const char *)target + rows->offset))
			return rows;
	return NULL;
}

/* ---- Finding the row ------------------------------------------------------------------------------------------------ */

static bool is_word(const char *word, const char *text, size_t len)
{
	return word && strlen(word) == len && !strncmp(word, text, len);
}

static bool is_named(const struct option_group *g, const struct option *o, const char *name, size_t len)
{
	size_t prefix = strlen(g->prefix);
	return len > prefix && !strncmp(name, g->prefix, prefix) &&
	       (is_word(o->name, name + prefix, len - prefix) || is_word(o->alias, name + prefix, len - prefix));
}

static const struct option *find(const struct command_line *line, const char *name, size_t len, char letter,
                                 void **member)
{
	for (size_t i = 0; i < line->group_count; i++) {
		const struct option_group *g = &line->groups[i];
		for (const struct option *o = g->options; o->name; o++) {
			if (letter ? o->letter != letter : !is_named(g, o, name, len))
				continue;
			*member = (char *)g->target + o->offset;
			return o;
		}
	}
	return NULL;
}

/* ---- Help ----------------------------------------------------------------------------------------------------------- */

static void help_row(const struct option_group *g, const struct option *o)
{
	char left[80];
	char letter[] = {'-', o->letter, ',', ' ', 0};
	char value[48] = "";
	if (o->value)
		snprintf(value, sizeof value, o->implied ? " [%s]" : " %s", o->value);
	snprintf(left, sizeof left, "%s--%s%s%s", o->letter ? letter : "", g->prefix, o->name, value);
	printf("  %-36s %s", left, o->help);
	if (o->alias)
		printf("; also --%s%s", g->prefix, o->alias);
	putchar('\n');
}

static void help(const struct command_line *line)
{
	printf("Usage: mqttwill %s [OPTION VALUE | OPTION=VALUE]...\n%s\n", line->name, line->summary);
	for (size_t i = 0; i < line->group_count; i++) {
		printf("\n%s:\n", line->groups[i].title);
		for (const struct option *o = line->groups[i].options; o->name; o++)
			help_row(&line->groups[i], o);
	}
	printf("\nA PAYLOAD is text, @FILE (@- for standard input), hex:00ff, or text:... as it is.\n"
	       "The manual is mqttwill-%s(1).\n",
	       line->name);
}

/* ---- The walk ------------------------------------------------------------------------------------------------------- */

static enum exit_code bad_usage(struct parse *p, const char *what)
{
	return refuse(EXIT_USAGE, "%s %s; mqttwill %s --help lists the options", p->name, what, p->line->name);
}

/* The next word, or what its absence means; NULL: there must be one. */
static const char *next_value(struct parse *p, const struct option *o)
{
	bool more = p->at + 1 < p->argc;
	if (o->implied && (!more || p->argv[p->at + 1][0] == '-'))
		return o->implied;
	return more ? p->argv[++p->at] : NULL;
}

/* The option at p->at with its value, if it takes one: "--name value", "--name=value" or "-n". */
static enum exit_code parse_one(struct parse *p)
{
	const char *argument = p->argv[p->at];
	const char *equals = NULL;
	size_t      len = 0;
	char        letter = 0;
	snprintf(p->name, sizeof p->name, "%s", argument);
	if (!strncmp(argument, "--", 2) && argument[2]) {
		equals = strchr(argument, '=');
		len = (equals ? (size_t)(equals - argument) : strlen(argument)) - 2;
		snprintf(p->name, sizeof p->name, "%.*s", (int)len + 2, argument);
	} else if (argument[0] == '-' && argument[1] && !argument[2]) {
		letter = argument[1];
	} else {
		return bad_usage(p, "is not an option");
	}
	void                *member = NULL;
	const struct option *o = find(p->line, argument + 2, len, letter, &member);
	if (!o)
		return bad_usage(p, "is no option of this command");
	if (o->type == OPTION_FLAG && equals)
		return bad_usage(p, "takes no value");
	p->value = equals ? equals + 1 : o->type == OPTION_FLAG ? "" : next_value(p, o);
	return p->value ? setters[o->type](p, o, member) : bad_usage(p, "needs a value");
}

/* -h with a word behind it is the host, as mosquitto_pub has it. */
static bool asks_for_help(const struct parse *p)
{
	bool last = p->at + 1 == p->argc || p->argv[p->at + 1][0] == '-';
	return !strcmp(p->argv[p->at], "--help") || (!strcmp(p->argv[p->at], "-h") && last);
}

bool options_parse(const struct command_line *line, int argc, char **argv, enum exit_code *code)
{
	struct parse p = {.line = line, .argc = argc, .argv = argv, .at = 1};
	for (*code = EXIT_OK; p.at < argc && *code == EXIT_OK; p.at++) {
		if (asks_for_help(&p)) {
			help(line);
			return false;
		}
		if (!strcmp(argv[p.at], "--") && p.at + 1 == argc)
			break; /* the end of the options, and nothing stands behind them */
		*code = parse_one(&p);
	}
	return *code == EXIT_OK;
}
