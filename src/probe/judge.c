/* SPDX-License-Identifier: MIT */
/*
 * The verdict of a play: what was seen against what was due, neither early nor late, once, as it was given, and nothing
 * else.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/internal.h"

enum { GRAIN_MS = 1000 }; /* a clock of whole seconds: only the strict scenario holds that against a broker */

uint64_t judge_due_ms(const struct play *p, const struct probe_sight *sight)
{
	bool first = sight == p->scenario->sights + p->scenario->sights[0].before;
	return first && p->has_correction ? p->due_correction_ms : sight->due_ms;
}

static void say(struct play *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct play *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(p->result.text, sizeof p->result.text, format, args);
	va_end(args);
}

/* ---- One sight ---- */

struct look {
	struct play              *play;
	const struct probe_sight *due;
	const struct probe_seen  *seen;
	int64_t                   at_ms; /* after the mark */
	int64_t                   due_ms;
};

static bool is_early(const struct look *l)
{
	int64_t grain = l->play->scenario->strict || l->due_ms == 0 ? 0 : GRAIN_MS;
	return !l->due->before && !l->due->maybe && l->at_ms < l->due_ms - grain;
}

static bool is_late(const struct look *l)
{
	return !l->due->maybe && l->at_ms > l->due_ms + (int64_t)l->play->settings->tolerance_ms + l->due->slack_ms;
}

/* A watcher of 3.x cannot ask for Retain As Published. */
static bool has_wrong_retain(const struct look *l)
{
	bool hidden = l->due->who == WATCHER && l->play->actors[WATCHER].level != LEVEL_5;
	return !l->play->scenario->any && l->seen->retain != (l->due->retain && !hidden);
}

static bool has_wrong_qos(const struct look *l)
{
	uint8_t most = l->play->settings->broker.maximum_qos;
	return l->seen->qos != (l->due->qos < most ? l->due->qos : most);
}

static bool is_dup(const struct look *l)
{
	return l->seen->dup;
}

static bool has_wrong_properties(const struct look *l)
{
	if (l->play->actors[l->due->who].level != LEVEL_5)
		return false;
	return l->due->properties ? !l->seen->properties : l->seen->other_properties;
}

static bool has_wrong_expiry(const struct look *l)
{
	if (l->play->actors[l->due->who].level != LEVEL_5)
		return false;
	return l->seen->message_expiry != l->due->message_expiry;
}

static const struct {
	bool (*wrong)(const struct look *l);
	const char *words;
} checks[] = {
	{is_early, "it came too early"},
	{is_late, "it came too late"},
	{has_wrong_qos, "its QoS is another"},
	{has_wrong_retain, "its RETAIN is another"},
	{is_dup, "its DUP is set"},
	{has_wrong_properties, "its properties are not those of the will"},
	{has_wrong_expiry, "its Message Expiry Interval is another"},
};

static const char *words_of(const char *payload)
{
	return *payload ? payload : "(empty)";
}

/* The sentence and true where something is wrong with it. */
static bool is_wrong(const struct look *l)
{
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		if (!checks[i].wrong(l))
			continue;
		say(l->play, "\"%s\": %s: seen after %.2f s at QoS %u%s, due after %.2f s at QoS %u%s",
		    words_of(l->due->payload), checks[i].words, (double)l->at_ms / 1000, l->seen->qos,
		    l->seen->retain ? " retained" : "", (double)l->due_ms / 1000, l->due->qos,
		    l->due->retain ? " retained" : "");
		return true;
	}
	return false;
}

/* ---- All of them ---- */

static bool matches(const struct probe_seen *seen, const struct probe_sight *due)
{
	return seen->who == due->who && strcmp(seen->payload, due->payload) == 0;
}

static size_t count_due(const struct play *p)
{
	size_t n = 0;
	while (n < PROBE_SIGHTS && p->scenario->sights[n].payload)
		n++;
	return p->refused ? 0 : n;
}

/*
 * Which of the sights that are due this is: the first of its kind that has not been met. Nobody sees a later one before an
 * earlier one. `n`: it is none of them.
 */
static size_t which(const struct play *p, const struct probe_seen *seen, const bool *met, size_t n)
{
	const struct probe_sight *due = p->scenario->sights;
	size_t                    i = 0;
	while (i < n && (met[i] || due[i].who != seen->who || (due[i].maybe && !matches(seen, &due[i]))))
		i++;
	return i < n && matches(seen, &due[i]) ? i : n;
}

static bool was_due(const struct play *p, const struct probe_seen *seen, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (matches(seen, &p->scenario->sights[i]))
			return true;
	return false;
}

static int64_t after_mark(const struct play *p, const struct probe_seen *seen)
{
	return (int64_t)seen->at_ms - (int64_t)p->result.mark_ms;
}

static void say_unexpected(struct play *p, const struct probe_seen *seen, size_t n)
{
	double at = (double)after_mark(p, seen) / 1000;
	if (was_due(p, seen, n))
		say(p, "\"%s\" came once more, or out of order: after %.2f s", words_of(seen->payload), at);
	else
		say(p, "\"%s\" came after %.2f s, and must not", words_of(seen->payload), at);
}

static void say_missing(struct play *p, const struct probe_sight *due)
{
	say(p, "\"%s\" did not come within %.2f s, due after %.2f s", words_of(due->payload),
	    (double)(p->result.end_ms - p->result.mark_ms) / 1000, (double)judge_due_ms(p, due) / 1000);
}

/* True where all is as it is due; otherwise the sentence says what is not. */
static bool as_due(struct play *p)
{
	size_t n = count_due(p);
	bool   met[PROBE_SIGHTS] = {false};
	for (size_t i = 0; i < p->result.seen_count; i++) {
		const struct probe_seen *seen = &p->result.seen[i];
		size_t                   at = which(p, seen, met, n);
		if (at == n) {
			say_unexpected(p, seen, n);
			return false;
		}
		const struct probe_sight *due = &p->scenario->sights[at];
		struct look               l = {p, due, seen, after_mark(p, seen), (int64_t)judge_due_ms(p, due)};
		met[at] = true;
		if (is_wrong(&l))
			return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (met[i] || p->scenario->sights[i].maybe)
			continue;
		say_missing(p, &p->scenario->sights[i]);
		return false;
	}
	return true;
}

bool judge_has_all(const struct play *p)
{
	size_t n = count_due(p), seen = 0;
	for (size_t i = 0; i < n; i++) {
		const struct probe_sight *due = &p->scenario->sights[i];
		bool                      there = due->maybe;
		for (size_t k = 0; k < p->result.seen_count; k++)
			there |= matches(&p->result.seen[k], due);
		seen += there;
	}
	return seen == n;
}

static uint8_t of_fate(uint8_t fate)
{
	static const uint8_t verdicts[] = {PROBE_PASS, PROBE_POLICY, PROBE_FAIL};
	return verdicts[fate];
}

static bool tries(const struct probe_scenario *s)
{
	for (size_t i = 0; i < PROBE_STEPS; i++)
		if (s->steps[i].act == ACT_TRY)
			return true;
	return false;
}

static void say_pass(struct play *p)
{
	const struct probe_result *r = &p->result;
	size_t                     n = count_due(p);
	const char                *tried = p->refused           ? "the CONNECT was refused; "
	                                   : tries(p->scenario) ? "the CONNECT was accepted; "
	                                                        : "";
	if (n == 0)
		say(p, "%snothing was seen, as is due", tried);
	else
		say(p, "%s\"%s\" seen after %.2f s, due after %.2f s", tried, words_of(r->seen[0].payload),
		    (double)after_mark(p, &r->seen[0]) / 1000, (double)judge_due_ms(p, &p->scenario->sights[0]) / 1000);
}

/* A broker may forget a will with its session, and may not where it kept that. */
static uint8_t saw_none(struct play *p)
{
	bool kept = p->actors[TAKER].session_present;
	say(p, "\"%s\" was not seen, neither at the restart nor after it, and the session was %s",
	    words_of(p->scenario->sights[0].payload), kept ? "kept" : "not kept either");
	return kept ? PROBE_FAIL : PROBE_POLICY;
}

static uint8_t verdict(struct play *p)
{
	const struct probe_scenario *s = p->scenario;
	uint8_t                      otherwise = s->differs == DIFFERS_POLICY ? PROBE_POLICY : PROBE_FAIL;
	if (*p->fault) {
		say(p, "the broker broke a rule: %s", p->fault);
		return otherwise;
	}
	if (p->load)
		return load_judge(p->load, p->result.text, sizeof p->result.text);
	if (s->any && p->result.seen_count == 0)
		return saw_none(p);
	if (!as_due(p))
		return otherwise;
	say_pass(p);
	return tries(s) ? of_fate(p->refused ? s->if_refused : s->if_accepted) : PROBE_PASS;
}

void judge(struct play *p)
{
	for (size_t i = 0; i < PROBE_SIGHTS; i++)
		p->result.due_ms[i] = judge_due_ms(p, &p->scenario->sights[i]);
	p->result.verdict = verdict(p);
	if (p->control)
		return;
	p->result.verdict = PROBE_INCONCLUSIVE;
	say(p, "the watcher did not see the will of the control arm, a connection that was reset: what it saw proves "
	       "nothing");
}

/* ---- Names, and what cannot be played ---- */

const char *probe_verdict_name(uint8_t verdict)
{
	static const char *const names[PROBE_VERDICTS] = {
		[PROBE_PASS] = "PASS",
		[PROBE_FAIL] = "FAIL",
		[PROBE_POLICY] = "POLICY",
		[PROBE_INCONCLUSIVE] = "INCONCLUSIVE",
		[PROBE_UNSUPPORTED] = "UNSUPPORTED",
	};
	return verdict < PROBE_VERDICTS ? names[verdict] : "?";
}

static const struct {
	uint32_t    need;
	const char *words;
} needs[] = {
	{NEEDS_RETAIN, "the broker retains no messages (CONNACK: Retain Available 0)"},
	{NEEDS_QOS_2, "CONNACK's Maximum QoS is below 2"},
	{NEEDS_DENIED, "no topic is known that these credentials may not publish to (--denied-topic)"},
	{NEEDS_RESTART, "no command restarts the broker (--restart-command)"},
	{NEEDS_LOAD, "it makes many connections, and no leave was given (--load)"},
	{NEEDS_NO_RETAIN, "the broker retains messages, so there is nothing to refuse"},
	{NEEDS_LOW_QOS, "the broker takes every QoS, so there is nothing to refuse"},
	{NEEDS_PASSWORD, "the broker lets anybody in, so no CONNECT is refused for its credentials"},
	{NEEDS_WEBSOCKET, "the broker is not reached over WebSocket"},
	{NEEDS_TLS, "the broker is not reached over TLS"},
};

static const char *level_missing(const struct probe_scenario *s, const struct probe_broker *b)
{
	if (s->level == LEVEL_5 && b->level < LEVEL_5)
		return "the broker does not speak MQTT 5";
	if ((s->level == LEVEL_311 && b->no_311) || (s->level == LEVEL_31 && b->no_31))
		return "the broker does not speak this version of MQTT";
	return NULL;
}

bool play_possible(const struct probe_scenario *s, const struct probe_settings *settings, uint32_t offers,
                   struct probe_result *result)
{
	const char *why = level_missing(s, &settings->broker);
	for (size_t i = 0; !why && i < sizeof needs / sizeof needs[0]; i++)
		if (s->needs & needs[i].need & ~offers)
			why = needs[i].words;
	if (!why)
		return true;
	*result = (struct probe_result){.scenario = s, .verdict = PROBE_UNSUPPORTED};
	snprintf(result->text, sizeof result->text, "%s", why);
	return false;
}
