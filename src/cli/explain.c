/* SPDX-License-Identifier: MIT */
/*
 * mqttwill explain: tells what the broker will do for a device with these options, however it ends. It connects nowhere.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>

#include "cli/command.h"
#include "cli/story.h"
#include "probe/world.h"

struct explain_options {
	const char *svg;
	bool        json;
};

#define AT(member) offsetof(struct explain_options, member)
static const struct option explain_rows[] = {
	{.name = "svg", .value = "FILE", .help = "draw it, too", .type = OPTION_TEXT, .offset = AT(svg)},
	{.name = "json", .help = "as one JSON object", .type = OPTION_FLAG, .offset = AT(json)},
	{.name = NULL},
};
#undef AT

/* What the library refuses to make a client of. */
static enum exit_code check(const struct mqttwill_options *opt)
{
	char      text[512];
	mqttwill *client;
	int       rc = mqttwill_new(&client, opt);
	option_words(text, sizeof text, mqttwill_errmsg(NULL, rc));
	mqttwill_free(client);
	return rc < 0 ? refuse(exit_code(rc), "%s", text) : EXIT_OK;
}

static enum exit_code check_will(const struct device *d, struct mqttwill_report *report)
{
	int rc = mqttwill_will_check(&d->will, &d->options, NULL, report);
	return rc < 0 ? refuse(exit_code(rc), "%s", mqttwill_errmsg(NULL, rc)) : EXIT_OK;
}

static enum exit_code draw(const char *path, const struct story *s)
{
	FILE *file = fopen(path, "w");
	if (!file)
		return refuse(EXIT_USAGE, "--svg: %s: %s", path, strerror(errno));
	story_svg(file, s);
	bool bad = ferror(file);
	if (fclose(file) || bad)
		return refuse(EXIT_NETWORK, "--svg: %s could not be written", path);
	return EXIT_OK;
}

static enum exit_code tell(const struct explain_options *own, struct device *d)
{
	struct mqttwill_report report;
	static struct story    story;
	enum exit_code         code = check(&d->options);
	if (code == EXIT_OK)
		code = check_will(d, &report);
	if (code != EXIT_OK)
		return code;
	story_tell(&story, d, &report);
	if (own->svg)
		code = draw(own->svg, &story);
	if (code != EXIT_OK)
		return code;
	(own->json ? story_json : story_text)(stdout, &story);
	return fflush(stdout) ? refuse(EXIT_NETWORK, "standard output: %s", strerror(errno)) : EXIT_OK;
}

int command_explain(int argc, char **argv)
{
	static struct device             d;
	static struct explain_options    own;
	static const struct option_group groups[] = {{"The explanation", "", explain_rows, &own}, DEVICE_GROUPS(&d)};
	const struct command_line        line = {
		       .name = "explain",
		       .summary =
			       "Tells what the broker will say of a device with the options of mqttwill run, however it ends.",
		       .groups = groups,
		       .group_count = sizeof groups / sizeof groups[0],
		       .arena = &d.arena,
        };
	enum exit_code code;
	arena_init(&d.arena);
	if (options_parse(&line, argc, argv, &code)) {
		code = device_fill(&d, "explain");
		code = code == EXIT_OK ? tell(&own, &d) : code;
	}
	arena_fini(&d.arena);
	return (int)code;
}
