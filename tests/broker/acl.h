/* SPDX-License-Identifier: MIT */
/*
 * An access control list: one rule a line, the first that matches counts, and what no rule matches is allowed.
 *
 *     # a comment
 *     deny publish test disconnect
 *     allow subscribe status/#
 *     deny subscribe #
 *
 * `disconnect`, after a deny, ends the connection of who tries. A subscribe rule is held against the filter that is
 * asked for, as if that were a topic, and again against the topic of each message on its way to subscribers.
 */
#ifndef BROKER_ACL_H
#define BROKER_ACL_H

#include "base/bytes.h"
#include "base/list.h"

enum acl_verdict { ACL_ALLOW, ACL_DENY, ACL_DISCONNECT };
enum acl_action { ACL_PUBLISH, ACL_SUBSCRIBE };

struct acl {
	struct list rules;
};

void acl_init(struct acl *acl);
void acl_fini(struct acl *acl);

/* Reads a list; text may be NULL. Returns NULL, or in static words what is wrong; the list is then of no use. */
const char *acl_read(struct acl *acl, const char *text);

enum acl_verdict acl_check(const struct acl *acl, enum acl_action action, struct span topic);

#endif
