/* SPDX-License-Identifier: MIT */
/*
 * Words of a line, read by hand: the format has no quoting, so a filter with a space in it cannot be named.
 */
#include "broker/acl.h"

#include <stdlib.h>

#include "wire/topic.h"

struct rule {
	struct list      node;
	enum acl_action  action;
	enum acl_verdict verdict;
	struct span      filter;
	uint8_t          bytes[];
};

enum { WORDS = 5 };

void acl_init(struct acl *acl)
{
	list_init(&acl->rules);
}

void acl_fini(struct acl *acl)
{
	for (struct list *n; (n = list_first(&acl->rules));) {
		list_remove(n);
		free(list_entry(n, struct rule, node));
	}
}

static bool is(struct span word, const char *text)
{
	return word.n == strlen(text) && !memcmp(word.p, text, word.n);
}

/* The words of one line, at most WORDS of them; *text moves to the next line. */
static size_t split(const char **text, struct span words[WORDS])
{
	const char *end = *text + strcspn(*text, "\n");
	size_t      count = 0;
	for (const char *p = *text; count < WORDS; p += words[count++].n) {
		p += strspn(p, " \t\r");
		if (p >= end)
			break;
		words[count] = span_of(p, strcspn(p, " \t\r\n"));
	}
	*text = *end ? end + 1 : end;
	return count;
}

static const char *read_rule(struct acl *acl, const struct span *words, size_t count)
{
	struct topic_fault fault;
	bool               deny = is(words[0], "deny");
	bool               publish = count > 1 && is(words[1], "publish");
	if (!deny && !is(words[0], "allow"))
		return "an ACL rule begins with deny or allow";
	if (!publish && !(count > 1 && is(words[1], "subscribe")))
		return "the second word of an ACL rule is publish or subscribe";
	if (count < 3 || !topic_filter_check(words[2], false, &fault))
		return "the third word of an ACL rule is a topic filter";
	if (count > 4 || (count == 4 && !(deny && is(words[3], "disconnect"))))
		return "after its filter a deny rule has the word disconnect or nothing";
	struct rule *rule = malloc(sizeof *rule + words[2].n);
	if (!rule)
		return "no memory for an ACL rule";
	rule->action = publish ? ACL_PUBLISH : ACL_SUBSCRIBE;
	rule->verdict = count == 4 ? ACL_DISCONNECT : deny ? ACL_DENY : ACL_ALLOW;
	memcpy(rule->bytes, words[2].p, words[2].n);
	rule->filter = span_of(rule->bytes, words[2].n);
	list_push(&acl->rules, &rule->node);
	return NULL;
}

const char *acl_read(struct acl *acl, const char *text)
{
	const char *error = NULL;
	while (!error && text && *text) {
		struct span words[WORDS];
		size_t      count = split(&text, words);
		if (count && words[0].p[0] != '#')
			error = read_rule(acl, words, count);
	}
	return error;
}

enum acl_verdict acl_check(const struct acl *acl, enum acl_action action, struct span topic)
{
	for (const struct list *n = acl->rules.next; n != &acl->rules; n = n->next) {
		const struct rule *rule = list_entry(n, const struct rule, node);
		if (rule->action == action && topic_match(rule->filter, topic))
			return rule->verdict;
	}
	return ACL_ALLOW;
}
