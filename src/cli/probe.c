/* SPDX-License-Identifier: MIT */
/*
 * mqttwill probe: plays will scenarios against a broker and says whether it keeps its promises.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/reach.h"
#include "cli/report.h"
#include "net/net.h"

enum { TOLERANCE_MS = 2000, ANSWER_MS = 10000, GRACE_MS = 1500, PARALLEL = 200 };

struct probe_options {
	const char   *only, *denied_topic, *html, *profile, *restart_command;
	struct number tolerance, parallel, load;
	bool          json, junit, tap, list;
};

struct probe {
	struct arena                arena;
	struct probe_options        own;
	struct reach_options        reach;
	struct mqttwill_options     options; /* how it is reached, and the credentials */
	struct probe_run            run;
	const struct probe_profile *profile;
	char                        prefix[32], name[PROBE_NAME_MAX + 1], server[320];
};

#define AT(member) offsetof(struct probe_options, member)
static const struct option probe_rows[] = {
	{.name = "only",
         .value = "ID,...",
         .help = "only these scenarios: WD-05, W5-09 or B6",
         .type = OPTION_TEXT,
         .offset = AT(only)},
	{.name = "list", .help = "list the scenarios and connect nowhere", .type = OPTION_FLAG, .offset = AT(list)},
	{.name = "tolerance",
         .value = "MS",
         .help = "how late a will may come; default 2000",
         .type = OPTION_NUMBER,
         .offset = AT(tolerance),
         .least = 100,
         .max = 60000},
	{.name = "parallel",
         .value = "N",
         .help = "scenarios at the same time, three connections each; default 200",
         .type = OPTION_NUMBER,
         .offset = AT(parallel),
         .least = 1,
         .max = 1000},
	{.name = "json", .help = "the report as JSON", .type = OPTION_FLAG, .offset = AT(json)},
	{.name = "junit", .help = "as JUnit's XML", .type = OPTION_FLAG, .offset = AT(junit)},
	{.name = "tap", .help = "as TAP", .type = OPTION_FLAG, .offset = AT(tap)},
	{.name = "html",
         .value = "FILE",
         .help = "a page with a picture of each scenario, beside the report",
         .type = OPTION_TEXT,
         .offset = AT(html)},
	{.name = "profile",
         .value = "NAME",
         .help = "a broker that is known: what is as recorded of it is no news; or \"list\"",
         .type = OPTION_TEXT,
         .offset = AT(profile)},
	{.name = "denied-topic",
         .value = "TOPIC",
         .help = "a topic that these credentials may not publish to",
         .type = OPTION_TEXT,
         .offset = AT(denied_topic)},
	{.name = "restart-command",
         .value = "CMD",
         .help = "restarts the broker; without it no scenario does",
         .type = OPTION_TEXT,
         .offset = AT(restart_command)},
	{.name = "load",
         .value = "N",
         .implied = "3000",
         .help = "leave to make so many connections, 30 at a time; default 3000",
         .type = OPTION_NUMBER,
         .offset = AT(load),
         .least = 1,
         .max = 1000000},
	{.name = NULL},
};
#undef AT

/* ---- Which scenarios ---- */

/* Does the list name it? `n` bytes of a comma-separated list; NULL names all. */
static bool listed(const struct probe_scenario *s, const char *list)
{
	char name[32];
	while (list && *list) {
		size_t n = strcspn(list, ",");
		if (n < sizeof name) {
			memcpy(name, list, n);
			name[n] = 0;
			if (probe_scenario_is(s, name))
				return true;
		}
		list += n + (list[n] == ',');
	}
	return !list;
}

static size_t select_scenarios(const struct probe *p, const struct probe_scenario **into)
{
	size_t n = 0;
	for (size_t i = 0; probe_scenario(i); i++) {
		if (!listed(probe_scenario(i), p->own.only))
			continue;
		if (into)
			into[n] = probe_scenario(i);
		n++;
	}
	return n;
}

static enum exit_code list_profiles(struct probe *p)
{
	(void)p;
	for (size_t i = 0; probe_profile(i); i++)
		printf("%-20s %s\n", probe_profile(i)->name, probe_profile(i)->title);
	return EXIT_OK;
}

static enum exit_code find_profile(struct probe *p)
{
	if (p->own.profile)
		p->profile = probe_profile_find(p->own.profile);
	if (p->own.profile && !p->profile)
		return refuse(EXIT_USAGE, "--profile: %s is not known; mqttwill probe --profile list lists them",
		              p->own.profile);
	return EXIT_OK;
}

static enum exit_code list_all(struct probe *p)
{
	for (size_t i = 0; probe_scenario(i); i++)
		if (listed(probe_scenario(i), p->own.only))
			printf("%-7s %-4s %s\n", probe_scenario(i)->id,
			       probe_scenario(i)->bugs ? probe_scenario(i)->bugs : "", probe_scenario(i)->title);
	return EXIT_OK;
}

/* ---- The run ---- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static bool show_progress(void *user, const struct probe_run *run)
{
	const bool *terminal = user;
	if (*terminal)
		fprintf(stderr, "\r%zu of %zu scenarios%s", run->done, run->count,
		        run->done == run->count ? "\r\033[K" : "");
	return interrupted;
}

/* Names of its own, so that nothing else on the broker is touched. */
static bool choose_names(struct probe *p)
{
	uint8_t random[3];
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return false;
	snprintf(p->name, sizeof p->name, "mw%02x%02x%02x", random[0], random[1], random[2]);
	snprintf(p->prefix, sizeof p->prefix, "mqttwill-probe/%s", p->name);
	return true;
}

/* As many files as may be open, and no more plays at a time than they are enough for. */
static unsigned affordable(unsigned plays)
{
	enum { OURS = 32, OF_A_PLAY = 8, ENOUGH = 65536 };
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return plays;
	files.rlim_cur = files.rlim_max < ENOUGH ? files.rlim_max : ENOUGH;
	setrlimit(RLIMIT_NOFILE, &files);
	rlim_t most = files.rlim_cur > OURS + OF_A_PLAY ? (files.rlim_cur - OURS) / OF_A_PLAY : 1;
	return plays < most ? plays : (unsigned)most;
}

static void fill_settings(struct probe *p)
{
	const struct url *url = net_server(p->run.net, 0);
	const char       *user = p->options.user_name ? p->options.user_name : url->user;
	struct span       password = span_text(p->options.password, p->options.password_len);
	if (!password.p)
		password = span_of(url->password, url->password_len);
	p->run.parallel = affordable(p->own.parallel.set ? p->own.parallel.value : PARALLEL);
	p->run.offers = (p->own.denied_topic ? (uint32_t)NEEDS_DENIED : 0) |
	                (p->own.load.set ? (uint32_t)NEEDS_LOAD : 0) |
	                (p->own.restart_command ? (uint32_t)NEEDS_RESTART : 0);
	p->run.restart_command = p->own.restart_command;
	p->run.settings = (struct probe_settings){
		.prefix = p->prefix,
		.name = p->name,
		.user_name = span_text(user, 0),
		.password = password,
		.denied_topic = p->own.denied_topic,
		.tolerance_ms = p->own.tolerance.set ? p->own.tolerance.value : TOLERANCE_MS,
		.answer_ms = ANSWER_MS,
		.grace_ms = GRACE_MS,
		.load = p->own.load.value,
	};
}

/* Where nothing could be concluded, nothing is well. */
static enum exit_code verdict(const struct report *r)
{
	bool conclusive = r->counts[PROBE_PASS] + r->counts[PROBE_FAIL] + r->counts[PROBE_POLICY] > 0;
	if (r->news)
		return EXIT_NEWS;
	return !conclusive && r->counts[PROBE_INCONCLUSIVE] ? EXIT_NETWORK : EXIT_OK;
}

static enum exit_code write_reports(const struct probe *p, const struct report *r)
{
	FILE *page = p->own.html ? fopen(p->own.html, "w") : NULL;
	if (p->own.html && !page)
		return refuse(EXIT_NETWORK, "--html: %s: %s", p->own.html, strerror(errno));
	if (page)
		report_html(page, r);
	bool written = !page || !ferror(page);
	if (page && fclose(page))
		written = false;
	(p->own.json ? report_json : p->own.junit ? report_junit : p->own.tap ? report_tap : report_text)(stdout, r);
	if (!written || fflush(stdout))
		return refuse(EXIT_NETWORK, "the report could not be written: %s", strerror(errno));
	return verdict(r);
}

static enum exit_code play(struct probe *p)
{
	char          why[PROBE_TEXT];
	bool          terminal = isatty(STDERR_FILENO);
	int64_t       began = steady_ms(), wall = wall_ms();
	struct report report;
	int           rc = probe_meet(&p->run, why, sizeof why);
	if (rc < 0)
		return refuse(rc == MQTTWILL_ENOMEM ? EXIT_NETWORK : exit_code(rc), "nothing can be probed: %s",
		              rc == MQTTWILL_ENOMEM ? "no memory" : why);
	p->run.progress = show_progress;
	p->run.user = &terminal;
	rc = probe_play(&p->run);
	if (rc == 0 && !p->run.stopped)
		rc = probe_play_again(&p->run);
	if (rc < 0)
		return refuse(EXIT_NETWORK,
		              "no memory for so many scenarios at the same time; try a smaller --parallel");
	report_init(&report, &p->run, p->profile);
	url_text(net_server(p->run.net, 0), p->server, sizeof p->server);
	report.url = p->server;
	report.began_ms = wall;
	report.took_ms = (uint32_t)(steady_ms() - began);
	enum exit_code code = write_reports(p, &report);
	return p->run.stopped ? EXIT_TIMEOUT : code;
}

static enum exit_code play_selected(struct probe *p)
{
	p->run.count = select_scenarios(p, NULL);
	if (p->run.count == 0)
		return refuse(EXIT_USAGE, "--only names no scenario; mqttwill probe --list lists them");
	p->run.scenarios = arena_alloc(&p->arena, p->run.count * sizeof *p->run.scenarios);
	p->run.results = arena_alloc(&p->arena, p->run.count * sizeof *p->run.results);
	if (!p->run.scenarios || !p->run.results || !choose_names(p))
		return refuse(EXIT_NETWORK, "no memory");
	select_scenarios(p, p->run.scenarios);
	fill_settings(p);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	return play(p);
}

/* The library's own checks, which open no socket. */
static enum exit_code check_options(const struct probe *p)
{
	char                    text[512];
	mqttwill               *client;
	struct mqttwill_options options = p->options;
	int                     rc = mqttwill_new(&client, &options);
	mqttwill_free(client);
	option_words(text, sizeof text, mqttwill_errmsg(NULL, rc));
	if (rc < 0)
		return refuse(exit_code(rc), "%s", text);
	if (p->options.url_count)
		return refuse(EXIT_USAGE, "--url: one broker is probed at a time");
	return EXIT_OK;
}

static enum exit_code prepare(struct probe *p)
{
	enum exit_code code = reach_fill(&p->reach, &p->options, &p->arena);
	if (code == EXIT_OK)
		code = find_profile(p);
	if (code == EXIT_OK && p->own.json + p->own.junit + p->own.tap > 1)
		code = refuse(EXIT_USAGE, "one of --json, --junit and --tap; --html may stand beside it");
	return code == EXIT_OK ? check_options(p) : code;
}

static enum exit_code prepare_and_play(struct probe *p)
{
	enum exit_code code = prepare(p);
	if (code != EXIT_OK)
		return code;
	struct net_settings settings = {
		.url = p->options.url,
		.tls = p->options.tls,
		.network = p->options.network,
		.timeout_ms = p->options.connect_timeout_ms ? p->options.connect_timeout_ms : ANSWER_MS,
	};
	struct pipe_error why = {0};
	int               rc = net_new(&p->run.net, &settings, &why);
	if (rc < 0)
		return refuse(exit_code(rc), "%s", why.text);
	code = play_selected(p);
	net_free(p->run.net);
	return code;
}

/* What the options ask for. */
static enum exit_code (*chosen(const struct probe *p))(struct probe *p)
{
	if (p->own.profile && strcmp(p->own.profile, "list") == 0)
		return list_profiles;
	return p->own.list ? list_all : prepare_and_play;
}

int command_probe(int argc, char **argv)
{
	static struct probe              p;
	static const struct option_group groups[] = {
		{"The probe", "", probe_rows, &p.own},
		REACH_GROUPS(&p.reach),
	};
	const struct command_line line = {
		.name = "probe",
		.summary = "Plays will scenarios against a broker, and says which promises about wills it keeps.",
		.groups = groups,
		.group_count = sizeof groups / sizeof groups[0],
		.arena = &p.arena,
	};
	enum exit_code code;
	arena_init(&p.arena);
	if (options_parse(&line, argc, argv, &code))
		code = chosen(&p)(&p);
	arena_fini(&p.arena);
	return (int)code;
}
